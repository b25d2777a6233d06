"""What only a whole column of a table tells."""

from __future__ import annotations

from fractions import Fraction

import pytest

from xmrag_plugin.answers.table_columns import column_numbers, highest, without_totals


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1,021 t", "950 t"], [1021, 950]),
        (["1.021", "950", "2.300"], [1021, 950, 2300]),
        (["1.021", "0.95"], ["1.021", "0.95"]),
        (["1.234,50", "2,5"], ["1234.5", "2.5"]),
        (["-1,021.5", "-2,000"], ["-1021.5", -2000]),
        (["-5 °C", "−9 °C", "3 °C"], [-5, -9, 3]),
        (["(500)", "$ 20", "(in 2019) 7"], [-500, 20, 2019]),
        (["3.2 million", "900,000"], [3_200_000, 900_000]),
        (["n/a", "4"], [0, 4]),
    ],
)
def test_the_numbers_of_a_column(cells: list[str], numbers: list[int | str]) -> None:
    found = column_numbers(dict(enumerate(cells)))
    assert list(found.values()) == [Fraction(number) for number in numbers]


@pytest.mark.parametrize(
    ("labels", "numbers", "left"),
    [
        (["Jan", "Feb", "Total"], [3, 4, 8], ["Jan", "Feb"]),  # rounded, or of more rows than these
        (["Jan", "Feb", "Mar", "Durchschnitt"], [3, 4, 5, 4], ["Jan", "Feb", "Mar"]),
        (["Jan", "Feb", "Both months"], [3, 4, 7], ["Jan", "Feb"]),
        (["Both months", "Jan", "Feb"], [7, 3, 4], ["Jan", "Feb"]),
        (["Nest A", "Nest B", "Nest C"], [2, 5, 3], ["Nest A", "Nest B", "Nest C"]),  # a sum by chance
        (["All", "Town", "Country"], [62, 81, 41], ["Town", "Country"]),
        (["All Saints", "Trinity"], [5, 4], ["All Saints", "Trinity"]),
    ],
)
def test_totals_and_averages_are_left_out(labels: list[str], numbers: list[int], left: list[str]) -> None:
    kept = without_totals(
        {place: Fraction(number) for place, number in enumerate(numbers)}, dict(enumerate(labels))
    )
    assert [labels[place] for place in kept] == left


def test_equal_numbers_are_all_the_highest() -> None:
    numbers = {1: Fraction(4), 2: Fraction(4), 5: Fraction(2)}
    assert highest(numbers, 1) == [1, 2]
    assert highest(numbers, -1) == [5]
    assert highest({}, 1) == []
