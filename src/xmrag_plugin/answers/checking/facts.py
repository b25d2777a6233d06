"""Read off a sentence what can be looked up, and compare it."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from ...text.quantities import dates as full_dates
from ...text.terms import fold, normalised
from .dates_times import partial_dates, times
from .fact import Fact
from .names import names_in
from .numbers import fractions, numbers, ordinals

__all__ = ["facts_of", "holds_fact", "same_amount"]

MAX_ROUNDING = Fraction(1, 2)
"""A converted amount may differ by half a unit of the last digit written, of either side."""


_QUOTED = re.compile(r"“([^”]{4,})”|\"([^\"]{4,})\"|«([^»]{4,})»|「([^」]{2,})」|„([^“”]{4,})[“”]")


_REFERENCE = re.compile(
    r"\b(?:fig(?:ure)?s?|tab(?:le)?s?|pages?|pp?|sec(?:tion)?s?|chapters?|steps?|eq|abb(?:ildung)?|tabelle|seite|kapitel"
    r"|figura|tabla|página|tableau|chapitre|sources?)\.?\s*\d+(?:[.-]\d+)*|[图表第]\s*\d+\s*[页章节]?(?=[:：,，所中的])"
    r"|^\s*\d{1,2}[.)]\s",
    re.IGNORECASE | re.MULTILINE,
)


def facts_of(text: str, *, names: bool = True) -> list[Fact]:
    """Find the facts of a sentence, in order.

    Args:
        text: A sentence, a row or a line.
        names: Whether names are wanted too.
    """
    found: list[Fact] = []
    masked = _width_kept(text)

    def take(fact: Fact) -> None:
        nonlocal masked
        found.append(fact)
        masked = masked[: fact.start] + "\x00" * (fact.end - fact.start) + masked[fact.end :]

    for match in _QUOTED.finditer(text):
        words = next(group for group in match.groups() if group)
        take(Fact("quote", words, match.start(), match.end(), frozenset({normalised(words)})))
    for match in _REFERENCE.finditer(masked):
        masked = masked[: match.start()] + "\x00" * len(match.group()) + masked[match.end() :]
    for readings, written, start in full_dates(masked):
        days = frozenset(tuple(int(part) for part in day.split("-")) for day in readings)
        take(Fact("date", written, start, start + len(written), days))
    for fact in [*partial_dates(masked)]:
        take(fact)
    for fact in [*times(masked)]:
        take(fact)
    for fact in [*fractions(masked)]:
        take(fact)
    for fact in [*ordinals(masked)]:
        take(fact)
    named = names_in(masked)
    for fact in named:
        if any(char.isdigit() for char in fact.text):
            masked = masked[: fact.start] + "\x00" * len(fact.text) + masked[fact.end :]
    found += numbers(masked)
    if names:
        found += named
    return sorted(found, key=lambda fact: fact.start)


def _width_kept(text: str) -> str:
    """Make full-width digits and punctuation plain without moving an offset."""
    if text.isascii():
        return text
    return "".join(
        plain if len(plain := unicodedata.normalize("NFKC", char)) == 1 and plain.isascii() else char
        for char in text
    )


def same_amount(claimed: Fact, held: Fact) -> bool:
    """Whether two numbers are the same amount, converted where their units measure the same."""
    if claimed.unit and held.unit and claimed.unit.dimension != held.unit.dimension:
        return False
    if not (claimed.unit and held.unit) or claimed.unit == held.unit:
        return bool(claimed.values & held.values)
    for one in claimed.values:
        for other in held.values:
            a = Fraction(one) * claimed.unit.factor + claimed.unit.offset
            b = Fraction(other) * held.unit.factor + held.unit.offset
            slack = max(
                _last_digit(claimed.text) * claimed.unit.factor, _last_digit(held.text) * held.unit.factor
            )
            if abs(a - b) <= min(MAX_ROUNDING * slack, abs(b) / 20) or a == b:
                return True
    return False


def _last_digit(written: str) -> Fraction:
    """Return the worth of the last digit of a number as written: 0.1 for "9.5", 1 for "38"."""
    decimals = re.search(r"\d[.,](\d{1,2})(?!\d)", written)
    return Fraction(1, 10 ** len(decimals[1])) if decimals else Fraction(1)


def holds_fact(claimed: Fact, held: Fact) -> bool:
    """Whether a fact of the source says what a fact of the claim says, nouns aside."""
    if claimed.kind != held.kind:
        return False
    if claimed.kind == "number":
        return same_amount(claimed, held)
    if claimed.kind == "date":
        return any(_same_day(one, other) for one in claimed.values for other in held.values)
    if claimed.kind == "time" and held.worded and not claimed.worded:
        # "At 7:45" of "7:45 pm"; a timetable's 19:45 is no 7:45.
        half_days = {minutes % 720 for minutes in held.values}
        return bool(claimed.values & held.values) or any(
            minutes < 780 and minutes % 720 in half_days for minutes in claimed.values
        )
    if claimed.kind == "name":
        return fold(claimed.text) == fold(held.text) or bool(claimed.values & held.values)
    return bool(claimed.values & held.values)


def _same_day(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    """Whether two dates agree in all that both say, and say enough."""
    if one[1] != other[1]:
        return False
    return all(a == b or not a or not b for a, b in zip(one, other, strict=True))
