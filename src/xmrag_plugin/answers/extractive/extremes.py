"""Questions for the most or the least: which row of a table or bar of a chart has the largest or smallest value."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...text.stop_words import stop_words
from ...text.terms import stem, terms, tokens
from ..checking.languages import LEAST, LEAST_HAN, MOST, MOST_HAN, NO_SUPERLATIVE
from ..table_columns import column_numbers, highest, without_totals

__all__ = ["extreme_row", "extremity"]

_MOST = re.compile(rf"\b(?:{MOST}|l[ea] plus|más|mayor)\b|{MOST_HAN}", re.IGNORECASE)
_LEAST = re.compile(rf"\b(?:{LEAST}|l[ea] moins|menos|menor)\b|{LEAST_HAN}", re.IGNORECASE)
_WHICH = re.compile(
    r"\b(?:which|what|when|who|welche\w*|wann|wer|quel\w*|quand|qui|qué|cuál\w*|cuándo|quién\w*)\b|[哪谁]|什么时候",
    re.IGNORECASE,
)
_MIN_ROWS = 3


def extremity(question: str) -> int:
    """Return 1 for a question that asks which has the most, -1 for which has the least, else 0."""
    if not _WHICH.search(question):
        return 0
    asked = NO_SUPERLATIVE.sub(" ", question)
    return bool(_MOST.search(asked)) - bool(_LEAST.search(asked))


def extreme_row(question: str, language: str, rows: Sequence[Sequence[str]]) -> int | None:
    """Return the place of the row that has the most or the least of what a question asks for; None for other questions.

    The column is the only one whose head the question names; where it names two rows or more, it asks of these alone.
    Totals and averages are no answer.

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
    labels = {place: rows[place][0] for place in cells}
    asked = [place for place in cells if set(terms(labels[place], language)) <= given]
    numbers = column_numbers(cells)
    if len(asked) > 1:  # "which is larger, A or B": of these
        numbers = {place: numbers[place] for place in asked}
    best = highest(without_totals(numbers, labels), sign)
    return best[0] if len(best) == 1 else None
