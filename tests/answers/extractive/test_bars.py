"""Answers off charts: the bar that a question names, the tallest, the shortest; receipts are no charts."""

from __future__ import annotations

import pytest

from xmrag_plugin.answers.context import Evidence
from xmrag_plugin.answers.extractive.answerer import ExtractiveAnswerer
from xmrag_plugin.answers.extractive.bars import asked_bars
from xmrag_plugin.answers.extractive.question_type import read_question
from xmrag_plugin.types import Key, Modality

TURBINES = [
    "Energy (Energie) of each turbine",
    "1130 1210 880 930",
    "Q3 Q4",
    "Alba Bree",
    "Q3, Alba: 1130",
    "Q3, Bree: 1210",
    "Q4, Alba: 880",
    "Q4, Bree: 930",
]
SEALS = [
    "Seals (Robben) counted",
    "231",
    "258",
    "1,040",
    "2029 2030 2031",
    "2029: 231",
    "2030: 1,040",
    "2031: 258",
]


def answer(question: str, lines: list[str]) -> str:
    ocr = "\n".join(lines)
    chart = Evidence(1, "a", "chart.png", ocr, Modality.IMAGE, 0.8, metadata={Key.OCR: ocr})
    return ExtractiveAnswerer().answer(question, [chart]).citations[0].quote


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How much energy did Bree deliver in the third quarter?", "Q3, Bree: 1210"),
        ("Wie viel Energie lieferte Alba im vierten Quartal?", "Q4, Alba: 880"),
        ("In which quarter did Alba deliver the most energy?", "Q3, Alba: 1130"),
        ("Which turbine delivered the least energy in Q4?", "Q4, Alba: 880"),
    ],
)
def test_a_bar_is_named_by_its_category_and_series(question: str, expected: str) -> None:
    assert answer(question, TURBINES) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many seals were there in 2031?", "2031: 258"),
        ("Which year had the most seals?", "2030: 1,040"),
        ("Wann wurden die wenigsten Robben gezählt?", "2029: 231"),
    ],
)
def test_of_one_series_the_category_is_enough(question: str, expected: str) -> None:
    assert answer(question, SEALS) == expected


def test_nothing_is_told_where_the_question_names_no_bar() -> None:
    for question in ("How many seals were there in 2026?", "Which is the most common seal in the harbour?"):
        for chart in (TURBINES, SEALS):
            assert asked_bars(question, read_question(question), chart) == []


def test_the_lines_of_a_receipt_are_no_bars() -> None:
    receipt = [
        "Corner Bakery",
        "Two loaves 17.00",
        "TOTAL 17.00",
        "CASH 20.00",
        "TOTAL: 17.00",
        "CASH: 20.00",
        "Table: 4",
    ]
    assert (
        asked_bars("What total was paid in cash?", read_question("What total was paid in cash?"), receipt)
        == []
    )
