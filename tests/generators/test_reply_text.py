"""What of a model's output is its answer."""

from __future__ import annotations

import pytest

from xmrag_plugin.generators.reply_text import ReplyText


def _through(text: str, stop: list[str], *, thinking: bool = False, size: int = 1) -> tuple[str, ReplyText]:
    answer = ReplyText(stop, thinking=thinking)
    shown = "".join(answer.feed(text[place : place + size]) for place in range(0, len(text), size))
    return shown + answer.end(), answer


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    ("text", "stop", "thinking", "shown", "thoughts"),
    [
        ("It grew.", [], False, "It grew.", ""),
        ("It grew. END more", ["END"], False, "It grew. ", ""),
        ("It grew. EN", ["END"], False, "It grew. EN", ""),
        ("ababac", ["abac"], False, "ab", ""),
        ("one two", ["two", "one"], False, "", ""),
        ("<think>hm, END</think>\n\nIt grew.", ["END"], False, "It grew.", "hm, END"),
        ("hm</think> It grew.", [], True, "It grew.", "hm"),
        ("never ends", [], True, "", "never ends"),
        ("1 < 2 and <b>", [], False, "1 < 2 and <b>", ""),
        ("  \n It grew.", [], False, "It grew.", ""),
        ("It <think>x</think>grew", [], False, "It grew", "x"),
    ],
)
def test_pieces_of_any_size_give_the_same_answer(
    text: str, stop: list[str], thinking: bool, shown: str, thoughts: str, size: int
) -> None:
    given, answer = _through(text, stop, thinking=thinking, size=size)
    assert given == shown
    assert answer.thoughts == thoughts


def test_nothing_is_held_longer_than_needed() -> None:
    answer = ReplyText(["STOP"])
    assert answer.feed("Say S") == "Say "
    assert answer.feed("omething") == "Something"
    assert answer.feed("STO") == ""
    assert answer.feed("P it") == ""
    assert answer.stopped
    assert answer.feed("more") == ""
    assert answer.end() == ""
