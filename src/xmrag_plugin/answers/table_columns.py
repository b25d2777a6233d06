"""What only a whole column of a table tells: its numbers, which rows are totals, which has the most."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from fractions import Fraction

from ..text.quantities import quantities

__all__ = ["column_numbers", "highest", "without_totals"]

_DECIMALS = re.compile(r"\d([.,])\d{1,2}(?!\d)")
_THOUSANDS_OR_DECIMALS = re.compile(r"\d([.,])\d{3}(?!\d)")
_ROUNDING = Fraction(1, 1000)  # of a total, by which rounded parts may miss it
_TOTAL = re.compile(
    r"(?<!\w)(?:total|sum|overall|together|gesamt|summe|insgesamt|zusammen|ensemble|suma|average|mean|durchschnitt|moyenne|promedio)(?!\w)"
    r"|^\W*all\W*$|合计|总计|平均",
    re.IGNORECASE,
)


def column_numbers(cells: Mapping[int, str]) -> dict[int, Fraction]:
    """Return the first number of each cell, 0 where there is none; numbers in brackets are negative, as in accounts.

    A number that may be read in two ways ("1,021") is whole, unless the same sign parts decimals in another cell.

    Args:
        cells: Of one column, by the place of their row.
    """
    points = {sign for cell in cells.values() for sign in _DECIMALS.findall(cell)}
    return {place: _number(cell, points) for place, cell in cells.items()}


def _number(cell: str, points: Set[str]) -> Fraction:
    found = next(iter(quantities(cell)), None)
    if found is None:
        return Fraction(0)
    parted = _THOUSANDS_OR_DECIMALS.search(found.text)
    choose = min if parted and parted[1] in points else max
    number = Fraction(choose(found.values, key=abs))
    return -number if re.match(r"\s*\(\W*\d[^()]*\)\W*$", cell) else number


def without_totals(numbers: Mapping[int, Fraction], labels: Mapping[int, str]) -> dict[int, Fraction]:
    """Leave out the rows that are called a total or an average; where none is, the last row or the first that is a sum.

    Args:
        numbers: Of one column, by the place of their row.
        labels: What the rows are called.
    """
    called = {place for place in numbers if _TOTAL.search(labels[place])}
    if not called and numbers:
        whole = sum(numbers.values())
        ends = {min(numbers), max(numbers)}
        called = {place for place in ends if _is_sum(numbers[place], whole - numbers[place])}
    return {place: number for place, number in numbers.items() if place not in called}


def _is_sum(number: Fraction, others: Fraction) -> bool:
    return number > 0 and abs(number - others) <= _ROUNDING * number


def highest(numbers: Mapping[int, Fraction], sign: int) -> list[int]:
    """Return the places of the largest number (sign 1) or of the smallest (-1): several where they are equal."""
    best = max((sign * number for number in numbers.values()), default=None)
    return [place for place, number in numbers.items() if sign * number == best]
