"""Read the facts off a sentence that can be looked up: numbers with what they count, ordinals, dates, times,
names and quotations.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ...text.quantities import dates as full_dates
from ...text.quantities import quantities
from ...text.terms import fold, is_function_word, normalised, terms
from ...text.units import Unit, unit_at
from .languages import MONTHS, NUMBER_WORDS, ORDINALS, QUARTER, han_number, is_german

__all__ = ["Fact", "facts_of", "holds_fact", "names_in", "same_amount"]

MAX_ROUNDING = Fraction(1, 2)
"""A converted amount may differ by half a unit of the last digit written, of either side."""

_QUOTED = re.compile(r"“([^”]{4,})”|\"([^\"]{4,})\"|«([^»]{4,})»|「([^」]{2,})」|„([^“”]{4,})[“”]")
_REFERENCE = re.compile(
    r"\b(?:fig(?:ure)?s?|tab(?:le)?s?|pages?|pp?|sec(?:tion)?s?|chapters?|steps?|eq|abb(?:ildung)?|tabelle|seite|kapitel"
    r"|figura|tabla|página|tableau|chapitre|sources?)\.?\s*\d+(?:[.-]\d+)*|[图表第]\s*\d+\s*[页章节]?(?=[:：,，所中的])"
    r"|^\s*\d{1,2}[.)]\s",
    re.IGNORECASE | re.MULTILINE,
)
_CLOCK = re.compile(
    r"(?<![\d.,:/])(?P<h>[01]?\d|2[0-4])(?:\s?[:h]\s?(?P<m>[0-5]\d)(?::[0-5]\d)?(?![\d:])|(?P<dot>[.](?P<m3>[0-5]\d)"
    r"(?=\s?(?:uhr|[ap]\.?m))))?\s?(?P<half>a\.?m\b\.?|p\.?m\b\.?)?(?P<uhr>\s?uhr\b)?"
    r"|(?<!\d)(?P<hh>[01]?\d|2[0-4])\s?[点點时]\s?(?:(?P<mm>[0-5]?\d)分?)?",
    re.IGNORECASE,
)
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_PARTIAL = [
    re.compile(
        rf"(?<![\w])(?:(?P<d>[0-3]?\d)(?:st|nd|rd|th|er|\.)?\s?(?:of\s|de\s)?)?(?P<mon>{_MONTH})\b\.?"
        rf"(?:\s?(?:of|de|del|,)?\s?(?P<y>(?:1[0-9]|20|21)\d\d)(?!\d))?",
        re.IGNORECASE,
    ),
    re.compile(
        rf"(?<![\w])(?P<mon>{_MONTH})\b\.?\s(?P<d>[0-3]?\d)(?:st|nd|rd|th)?(?![\d:.])(?:,?\s(?P<y>(?:1[0-9]|20|21)\d\d))?",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?<!\d)(?P<y>\d{4})\s?年\s?(?:(?P<m>\d{1,2})\s?月\s?(?:(?P<d>\d{1,2})\s?[日号])?)?"
        r"|(?<!\d)(?P<m2>\d{1,2})\s?月(?!\s?份?内)\s?(?:(?P<d2>\d{1,2})\s?[日号])"
    ),
]
_HAN_NUMBER = re.compile(
    r"(?<![第星十一二三四五六七八九])[一二三四五六七八九十百千两零〇]+(?=\s?[个只台片层米厘毫公千小分秒天年月岁次倍人条张本页吨升度元块座名位种家])"
)
_DIGITS_END = re.compile(
    r"(?:\d{1,3}(?:[,.'’\u00a0\u202f ]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?|[.,]\d+)(?:\s?[×x]\s?10\^?[-−]?\d+)?"
)
_ONE = re.compile(
    r"\b(?:lasts?|lasted|takes?|took|for|in|within|about|around|nearly|almost|after|every|half)\s(?P<one>an?)\s(?=\w)",
    re.IGNORECASE,
)
_SCALE_WORD = re.compile(
    r"\s?-?(?:hundred|thousand|millions?|billions?|trillions?|bn|mn|k|万|萬|亿|億|millionen|milliarden|tausend"
    r"|mille|millones)(?!\w)",
    re.IGNORECASE,
)
_LARGE = {
    "millionen": 6,
    "million": 6,
    "milliarden": 9,
    "millones": 6,
    "milliards": 9,
    "tausend": 3,
    "mille": 3,
    "mil": 3,
}
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Fact:
    """Something in a sentence that the source must hold too.

    Attributes:
        kind: ``number``, ``ordinal``, ``date``, ``time``, ``name`` or ``quote``.
        text: As written.
        start: Offset in the sentence.
        end: Offset behind it.
        values: Readings: of a number in units of ``unit``; of a date ``(year, month, day)`` with 0 for
            what is not said; of a time its minutes; of an ordinal its place.
        unit: Of a number that has one.
        nouns: Stems of the words that a number counts or an ordinal orders.
        worded: Whether the number is spelled out.
    """

    kind: str
    text: str
    start: int
    end: int
    values: frozenset[Any] = frozenset()
    unit: Unit | None = None
    nouns: frozenset[str] = field(default=frozenset())
    worded: bool = False


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
    for fact in [*_partial_dates(masked)]:
        take(fact)
    for fact in [*_times(masked)]:
        take(fact)
    for fact in [*_ordinals(masked)]:
        take(fact)
    named = names_in(masked)
    for fact in named:
        if any(char.isdigit() for char in fact.text):
            masked = masked[: fact.start] + "\x00" * len(fact.text) + masked[fact.end :]
    found += _numbers(masked)
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


def _partial_dates(text: str) -> list[Fact]:
    """Dates without a year, a day, or both: "March 2029", "3 May", "2029年3月"."""
    found: dict[int, Fact] = {}
    for pattern in _PARTIAL[::-1]:
        for match in pattern.finditer(text):
            parts = match.groupdict()
            day = int(parts.get("d") or parts.get("d2") or 0)
            year = int(parts.get("y") or 0)
            if name := parts.get("mon"):
                month = MONTHS[name.lower()]
                sure = bool(day or year) or (
                    len(name) > 3 and name.lower() not in ("march", "mars", "mayo", "abril")
                )
                before = text[max(match.start() - 12, 0) : match.start()].lower()
                if not (name[0].isupper() or day or year) or not (
                    sure or re.search(r"\b(?:in|of|since|until|by|from|to|and|im|seit|bis|en|de)\s$", before)
                ):
                    continue
            else:
                month = int(parts.get("m") or parts.get("m2") or 0)
            if not month and not day:
                continue  # a year alone is a number
            if month > 12 or day > 31:
                continue
            if any(fact.start < match.end() and match.start() < fact.end for fact in found.values()):
                continue
            found[match.start()] = Fact(
                "date", match.group().strip(), match.start(), match.end(), frozenset({(year, month, day)})
            )
    return list(found.values())


def _times(text: str) -> list[Fact]:
    found = []
    for match in _CLOCK.finditer(text):
        parts = match.groupdict()
        minutes = parts["m"] or parts["m3"] or parts["mm"]
        if not (minutes or parts["half"] or parts["uhr"] or parts["hh"]):
            continue
        hour = int(parts["h"] or parts["hh"])
        half = (parts["half"] or "").replace(".", "").lower()
        if half == "pm" and hour < 12:
            hour += 12
        elif half == "am" and hour == 12:
            hour = 0
        found.append(
            Fact(
                "time",
                match.group().strip(),
                match.start(),
                match.end(),
                frozenset({hour * 60 + int(minutes or 0)}),
            )
        )
    return found


def _ordinals(text: str) -> list[Fact]:
    found: list[Fact] = []
    for match in QUARTER.finditer(text):
        value = next(group for group in match.groups() if group)
        number = int(value) if value.isdigit() else han_number(value) or 0
        found.append(
            Fact("ordinal", match.group(), match.start(), match.end(), frozenset({number}), nouns=_QUARTER)
        )
    for match in re.finditer(
        r"\b(\d{1,3})(?:st|nd|rd|th|ère|er|re|ème|e|ª|º)\b|\b(\d{1,2})\.(?=\s[A-ZÄÖÜ][a-zäöü])|第\s?([\d一二三四五六七八九十]+)",
        text,
    ):
        value = next(group for group in match.groups() if group)
        number = int(value) if value.isdigit() else han_number(value) or 0
        if not (match[2] and not is_german(text)):
            found.append(_ordinal(text, match, number))
    for pattern, value in ORDINALS:
        for match in pattern.finditer(text):
            before = text[max(match.start() - 6, 0) : match.start()].lower()
            if re.search(r"(?:\b(?:a|one|per|each|every|two|at|der)|\d)[\s-]$", before) and (
                match.group().lower() in ("second", "third", "fourth", "fifth", "tenth", "acht")
                or before.endswith("at ")
            ):
                continue  # "a second", "two thirds", "at first"
            if match.group().lower() == "acht":
                continue
            found.append(_ordinal(text, match, value))
    kept: list[Fact] = []
    for fact in sorted(found, key=lambda fact: (fact.start, -fact.end)):
        if not kept or fact.start >= kept[-1].end:
            kept.append(fact)
    return kept


_QUARTER = frozenset({"quarter"})
_QUARTERS = frozenset({"quarter", "quartal", "trimestr", "trimestre", "季度", "季"})


def _ordinal(text: str, match: re.Match[str], value: int) -> Fact:
    nouns = _nouns_after(text, match.end())
    if nouns & _QUARTERS:
        nouns = _QUARTER
    return Fact("ordinal", match.group(), match.start(), match.end(), frozenset({value}), nouns=nouns)


def _numbers(text: str) -> list[Fact]:
    found: dict[int, Fact] = {}
    for quantity in quantities(text.replace("\x00", " ")):
        if quantity.worded:
            continue
        place = _DIGITS_END.match(text, quantity.start)
        if place is None:
            continue
        end = place.end()
        power = 0
        if (scale := _SCALE_WORD.match(text, end)) is not None:
            end = scale.end()
            power = _LARGE.get(scale.group().strip().lower(), 0)
            if power and any(abs(value) >= 10**power for value in quantity.values):
                power = 0  # counted already
        values = frozenset(abs(Fraction(value)) * 10**power for value in quantity.values)
        written = text[quantity.start : end]
        if re.fullmatch(r"1[0-9]\d\d|20\d\d|21\d\d", written) and unit_at(text, end) in (
            None,
            _year(text, end),
        ):
            unit, nouns = None, frozenset[str]()
            if (behind := _year(text, end)) is not None:
                end = behind[1]
        else:
            unit, end = _unit_of(text, quantity.start, end)
            nouns = _nouns_after(text, end)
        found[quantity.start] = Fact(
            "number", text[quantity.start : end], quantity.start, end, values, unit, nouns
        )
    for match in re.finditer(r"[^\W\d_]+(?:-[^\W\d_]+)?", text):
        number = _worded(match.group().casefold())
        if number is None or number == 1 or match.start() in found:
            continue
        start, end = match.span()
        if (scale := _SCALE_WORD.match(text, end)) is not None:
            name = scale.group().strip(" -").lower().removesuffix("s")
            number *= 10 ** {"hundred": 2, "thousand": 3, "million": 6, "billion": 9}.get(name, 0)
            end = scale.end()
        unit, end = _unit_of(text, start, end)
        nouns = _nouns_after(text, end)
        found[start] = Fact(
            "number", text[start:end], start, end, frozenset({Fraction(number)}), unit, nouns, worded=True
        )
    for match in _ONE.finditer(text):  # "lasts an hour"
        if (unit_found := unit_at(text, match.end("one"))) is not None and unit_found[0].dimension in (
            "time",
            "months",
        ):
            value = Fraction(1, 2) if match.group().lower().startswith("half") else Fraction(1)
            start = match.start("one")
            found[start] = Fact(
                "number",
                text[start : unit_found[1]],
                start,
                unit_found[1],
                frozenset({value}),
                unit_found[0],
                worded=True,
            )
    for match in _HAN_NUMBER.finditer(text):
        number = han_number(match.group())
        if number is None or (number == 1 and len(match.group()) == 1):
            continue
        half = Fraction(1, 2) if re.match(r".{1,2}半", text[match.end() :]) else Fraction(0)
        unit, end = _unit_of(text, match.start(), match.end())
        found[match.start()] = Fact(
            "number", match.group(), match.start(), end, frozenset({number + half}), unit, worded=True
        )
    return [found[start] for start in sorted(found)]


def _year(text: str, end: int) -> tuple[Unit, int] | None:
    """The 年 behind a year, which is no unit there."""
    return unit_at(text, end) if re.match(r"\s?年", text[end:]) else None


def _worded(word: str) -> int | None:
    if word in NUMBER_WORDS:
        return NUMBER_WORDS[word]
    tens, _, ones = word.partition("-")
    if tens in NUMBER_WORDS and ones in NUMBER_WORDS and NUMBER_WORDS[tens] >= 20 and NUMBER_WORDS[ones] < 20:
        return NUMBER_WORDS[tens] + NUMBER_WORDS[ones]
    ones, _, tens = word.partition("und")  # einundzwanzig
    if tens in NUMBER_WORDS and (ones in NUMBER_WORDS or ones == "ein"):
        return NUMBER_WORDS[tens] + (1 if ones == "ein" else NUMBER_WORDS[ones])
    return None


def _unit_of(text: str, start: int, end: int) -> tuple[Unit | None, int]:
    """The unit behind a number, or the currency before it."""
    if (found := unit_at(text, end)) is not None:
        return found
    before = re.search(r"(US\$|S\$|[$€£¥₹]|\b(?:RM|USD|EUR|GBP|MYR|CNY|CHF|INR))\s?$", text[:start])
    if before is not None and (found := unit_at(before[1].lower(), 0)) is not None:
        return found[0], end
    return None, end


def _nouns_after(text: str, position: int) -> frozenset[str]:
    """Stems of up to two words that a number counts: what follows it up to a stop, "of" let through."""
    found: list[str] = []
    at = position
    while len(found) < 2:
        if (gap := re.match(r"[\s-]*", text[at:])) is not None:
            at += gap.end()
        word = _WORD.match(text, at)
        if word is None:
            break
        if is_function_word(word.group()) and word.group().casefold() not in (
            "of",
            "other",
            "more",
            "different",
        ):
            break
        if not is_function_word(word.group()):
            found += terms(word.group())[:1]
        at = word.end()
    return frozenset(found)


def names_in(text: str) -> list[Fact]:
    """Find the names of a sentence: capitalised words inside it, and words with digits or inner capitals.

    In German, where every noun is capitalised, only those that no article or adjective stands before.
    """
    german = is_german(text)
    found = []
    for match in re.finditer(r"[^\W_]+(?:[-'’.&][^\W_]+)*", text):
        word = match.group().removesuffix("'s").removesuffix("’s")
        if not any(char.isalpha() for char in word) or len(word) < 2 or is_function_word(word):
            continue
        if (unit := unit_at(word, 0)) is not None and unit[1] == len(word):
            continue
        coded = any(char.isdigit() for char in word) or (word[1:] != word[1:].lower() and not word.isupper())
        if not (word[0].isupper() or coded) or (word[0].isdigit() and not re.search(r"[A-Z]", word)):
            continue
        before = text[: match.start()].rstrip(" \"'“”‘’«»„(*_[\x00")
        opens = not before or before[-1] in ".!?:;•|\n–—-"
        if not coded and (opens or (german and _noun_place(before))):
            continue
        found.append(Fact("name", word, match.start(), match.start() + len(word), frozenset(terms(word))))
    return found


_BEFORE_NOUN = re.compile(
    r"\b(?:d(?:er|ie|as|en|em|es)|ein(?:e[mnrs]?)?|kein(?:e[mnrs]?)?|i[mn]s?|a[mn]s?|zu[mr]?|vo[mn]|beim?|mit|für|und|oder|je"
    r"|pro|\w+(?:e|en|er|es|em)|\d+)$",
    re.IGNORECASE,
)


def _noun_place(before: str) -> bool:
    return bool(_BEFORE_NOUN.search(before.rstrip()))


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
    """The worth of the last digit of a number as written: 0.1 for "9.5", 1 for "38"."""
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
    if claimed.kind == "name":
        return fold(claimed.text) == fold(held.text) or bool(claimed.values & held.values)
    return bool(claimed.values & held.values)


def _same_day(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    """Whether two dates agree in all that both say, and say enough."""
    if one[1] != other[1]:
        return False
    return all(a == b or not a or not b for a, b in zip(one, other, strict=True))
