"""Follow-ups by rules."""

from __future__ import annotations

import pytest

from xmrag_plugin.llamaindex.chat.follow_up import read_follow_up, stand_alone

BEFORE = "How is green tea brewed?"


@pytest.mark.parametrize(
    ("message", "follows", "picture"),
    [
        ("And black tea?", True, False),
        ("What about oolong?", True, False),
        ("Where does it come from?", True, False),
        ("and the one to its left?", True, True),
        ("show me that chart again", True, True),
        ("What colour is its legend?", True, True),
        ("那张图呢？", True, True),
        ("Which region of Norway exports the most aluminium by ship?", False, False),
        ("What is photosynthesis and why does it matter to life on Earth?", False, False),
        ("hi", False, False),
        ("OK!", False, False),
        ("Why?", True, False),
        ("Who founded the first school of psychology in Leipzig?", False, False),
    ],
)
def test_what_hangs_on_earlier_turns(message: str, follows: bool, picture: bool) -> None:
    found = read_follow_up(message)
    assert (found.follows, found.picture) == (follows, picture)


@pytest.mark.parametrize(
    ("message", "alone"),
    [
        ("And black tea?", "How is black tea brewed?"),
        ("What about black tea?", "How is black tea brewed?"),
        ("And coffee?", "How is green tea brewed (coffee)?"),
        ("Where does it come from?", "Where does it come from? (green tea brewed)"),
        (
            "Which soil does a vineyard in Burgundy usually have?",
            "Which soil does a vineyard in Burgundy usually have?",
        ),
    ],
)
def test_stand_alone(message: str, alone: str) -> None:
    assert stand_alone(message, BEFORE) == alone


def test_pictures_are_named_by_their_captions() -> None:
    alone = stand_alone("show me that chart again", BEFORE, captions="Figure 3: Harvest by month")
    assert "Harvest" in alone


def test_the_first_message_stays_as_it_is() -> None:
    assert stand_alone("And black tea?", "") == "And black tea?"
