"""Questions for the most or the least: which row of a table or bar of a chart has the largest or smallest value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from ...text.quantities import quantities
from ...text.stop_words import stop_words
from ...text.terms import stem, terms, tokens
from ..checking.languages import LEAST, LEAST_HAN, MOST, MOST_HAN

__all__ = ["amount", "extreme_row", "extremity"]

_MOST = re.compile(rf"(?<!\bat )\b(?:{MOST}|l[ea] plus|más|mayor)\b|{MOST_HAN}", re.IGNORECASE)
_LEAST = re.compile(
    rf"(?<!\bat )(?<!\bal )\b(?:{LEAST}|l[ea] moins|menos|menor)\b|{LEAST_HAN}", re.IGNORECASE
)
_WHICH = re.compile(
    r"\b(?:which|what|when|who|welche\w*|wann|wer|quel\w*|quand|qui|qué|cuál\w*|cuándo|quién\w*)\b|[哪谁]|什么时候",
    re.IGNORECASE,
)
_DECIMALS = re.compile(r"\d[.,]\d{1,2}(?!\d)")
_MIN_ROWS = 3
_ROUNDING = Decimal("0.001")  # of a sum, by which rounded parts may miss it


def extremity(question: str) -> int:
    """Return 1 for a question that asks which has the most, -1 for which has the least, else 0."""
    if not _WHICH.search(question):
        return 0
    return bool(_MOST.search(question)) - bool(_LEAST.search(question))


def extreme_row(question: str, language: str, rows: Sequence[Sequence[str]]) -> int | None:
    """Return the place of the row that has the most or the least of what a question asks for; None for other questions.

    The column is the only one whose head the question names; where it names two rows or more, it asks of these alone.
    A row that is the sum of all others is a total.

    Args:
        question: Its words.
        language: Of the question.
        rows: Cells of a table, the head first.
    """
    sign = extremity(question)
    if not sign or len(rows) <= _MIN_ROWS:
        return None
    given, stops = set(terms(question, language)), stop_words(language)
    named = [
        column
        for column, head in enumerate(rows[0])
        if column and {stem(word, language) for word in tokens(head) if word not in stops} & given
    ]
    if len(named) != 1:
        return None
    cells = {
        place: row[named[0]]
        for place, row in enumerate(rows)
        if place and named[0] < len(row) and re.search(r"\d", row[named[0]])
    }
    if len(cells) < max(_MIN_ROWS, (len(rows) - 1) / 2):
        return None
    decimals = any(_DECIMALS.search(cell) for cell in cells.values())
    values = {place: amount(cell, decimals=decimals) for place, cell in cells.items()}
    asked = [place for place in values if set(terms(rows[place][0], language)) <= given]
    if len(asked) > 1:  # "which is larger, A or B": of these
        values = {place: values[place] for place in asked}
    whole = sum(values.values())
    values = {place: value for place, value in values.items() if not _is_total(value, whole - value)}
    best = max(values, key=lambda place: sign * values[place], default=None)
    alone = best is not None and sum(value == values[best] for value in values.values()) == 1
    return best if alone else None


def amount(text: str, *, decimals: bool = False) -> Decimal:
    """Return the first number of a text; one that may be read in two ways ("1,021") is whole.

    Args:
        text: With a number.
        decimals: Whether such a number has a fraction instead.
    """
    found = next(iter(quantities(text)), None)
    if found is None:
        return Decimal(0)
    return min(found.values) if decimals else max(found.values)


def _is_total(value: Decimal, others: Decimal) -> bool:
    return value > 0 and abs(value - others) <= _ROUNDING * value
