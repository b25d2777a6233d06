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


@pytest.mark.parametrize(
    ("before", "below", "above"),
    [
        ("How much did Bree supply?", ["and the one below it?", "and the next one?"], ["the one above?"]),
        (
            "Wie viel lieferte Bree?",
            ["und die darunter?", "was steht darunter?", "und die untere?", "und die Zeile drunter?"],
            ["und die darüber?", "und das davor?"],
        ),
        (
            "Combien Bree a-t-elle fourni ?",
            ["et celle d'en dessous ?", "et la ligne plus bas ?", "et la suivante ?"],
            ["et au-dessus ?", "et celui d'avant ?"],
        ),
        ("¿Cuánto suministró Bree?", ["¿y la de abajo?", "¿y debajo?"], ["¿Y la de arriba?"]),
        ("Bree供应了多少?", ["那下面那个呢?", "下一个呢?"], ["上面的呢?"]),
    ],
)
def test_the_row_beside_the_quoted_one_is_asked_for_in_five_languages(
    before: str, below: list[str], above: list[str]
) -> None:
    cited = [
        ("| Bree | 520 |", "| Ort | Menge |\n| --- | --- |\n| Alba | 410 |\n| Bree | 520 |\n| Corrie | 640 |")
    ]
    for message in below:
        assert stand_alone(message, before, cited=cited) == before.replace("Bree", "Corrie")
    for message in above:
        assert stand_alone(message, before, cited=cited) == before.replace("Bree", "Alba")


@pytest.mark.parametrize(
    ("before", "message"),
    [
        ("How much came in 2029?", "and in the year 2030?"),
        ("Wie viel lieferte die Station 2029?", "und im Jahr 2030?"),
        ("Combien a-t-elle livré en 2029 ?", "et l'année 2030 ?"),
        ("¿Cuánto entregó en 2029?", "¿Y en el año 2030?"),
        ("2029年电站供应了多少?", "2030年呢?"),
    ],
)
def test_another_year_takes_the_place_of_the_year(before: str, message: str) -> None:
    assert stand_alone(message, before) == before.replace("2029", "2030")
