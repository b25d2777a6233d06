"""Follow-ups of forty dialogues are understood by rules."""

from __future__ import annotations

import pytest

from xmrag_plugin.llamaindex.chat.follow_up import stand_alone
from xmrag_plugin.text.terms import normalised

from .dialogues import DIALOGUES


@pytest.mark.parametrize(
    ("cited", "turns"), DIALOGUES, ids=lambda value: value[-1][0] if isinstance(value, list) else ""
)
def test_follow_ups_stand_alone(cited, turns) -> None:
    before = turns[0][0]
    for said, needed, unwanted, _ in turns[1:]:
        before = stand_alone(said, before, cited=[cited] if cited else ())
        words = normalised(before)
        assert all(normalised(word) in words for word in needed.split())
        assert not any(f" {normalised(word)} " in f" {words} " for word in unwanted.split())


def test_the_set_has_forty_dialogues_of_two_and_three_turns() -> None:
    assert len(DIALOGUES) == 40
    assert {len(turns) for _, turns in DIALOGUES} == {2, 3}
