"""The row that has the most or the least, where a question asks for it."""

from __future__ import annotations

import pytest

from xmrag_plugin.answers.context import Evidence
from xmrag_plugin.answers.extractive.answerer import ExtractiveAnswerer
from xmrag_plugin.answers.extractive.extremes import extreme_row

COUNTRIES = [
    ["Country", "Population (millions)", "Area (km²)", "Length of coast"],
    ["Norway", "5.5", "385,207", "25,148 km"],
    ["Sweden", "10.5", "450,295", "3,218 km"],
    ["Denmark", "5.9", "42,933", "7,314 km"],
    ["Finland", "5.6", "338,455", "1,250 km"],
    ["Together", "27.5", "1,216,890", "36,930 km"],
]


@pytest.mark.parametrize(
    ("question", "language", "row"),
    [
        ("Which country has the largest population?", "en", "Sweden"),
        ("Which country has the smallest area?", "en", "Denmark"),
        ("Which country has the longest coast?", "en", "Norway"),
        ("¿Qué país tiene la menor population?", "es", "Norway"),
        ("How large is the area of Denmark?", "en", None),
        ("What is the area at least?", "en", None),
        ("Which has the largest population, Norway or Finland?", "en", "Finland"),
        ("Which country has the most lakes?", "en", None),
        ("Which country has the largest population and area?", "en", None),
    ],
)
def test_the_column_is_the_one_that_the_question_names(question: str, language: str, row: str | None) -> None:
    found = extreme_row(question, language, COUNTRIES)
    assert (COUNTRIES[found][0] if found is not None else None) == row


def test_small_tables_and_equal_values_tell_nothing() -> None:
    assert extreme_row("Which has the most eggs?", "en", [["Nest", "Eggs"], ["A", "3"], ["B", "4"]]) is None
    even = [["Nest", "Eggs"], ["A", "4"], ["B", "4"], ["C", "2"]]
    assert extreme_row("Which nest has the most eggs?", "en", even) is None
    assert extreme_row("Which nest has the fewest eggs?", "en", even) == 3


def test_a_rank_is_not_the_first() -> None:
    assert extreme_row("Which country has the second largest area?", "en", COUNTRIES) is None
    assert extreme_row("Which is one of the largest countries by area?", "en", COUNTRIES) is None


def test_the_row_is_quoted_alone() -> None:
    table = "\n".join("| " + " | ".join(row) + " |" for row in [COUNTRIES[0], ["---"] * 4, *COUNTRIES[1:]])
    answer = ExtractiveAnswerer().answer(
        "Which country has the largest population?", [Evidence(1, "a", "north.md", table, probability=0.9)]
    )
    assert answer.citations[0].quote == "| Sweden | 10.5 | 450,295 | 3,218 km |"
