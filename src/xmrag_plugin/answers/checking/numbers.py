"""Find numbers with what they count, parts of a whole, and ordinals."""

from __future__ import annotations

import re
from fractions import Fraction

from ...text.quantities import CURRENCY_SIGN, currency_of, quantities
from ...text.scripts import SPACELESS
from ...text.terms import is_function_word, terms
from ...text.units import Unit, unit_at
from .fact import Fact
from .languages import NUMBER_WORDS, ORDINALS, QUARTER, han_number, is_german

__all__ = ["fractions", "numbers", "ordinals"]

_HAN_NUMBER = re.compile(
    r"(?<![第星十一二三四五六七八九])[一二三四五六七八九十百千两零〇]+(?=\s?[个只台片层米厘毫公千小分秒天年月岁次倍人条张本页吨升度元块座名位种家])"
)


_DIGITS_END = re.compile(
    r"(?:\d{1,3}(?:[,.'’\u00a0\u202f ]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?|[.,]\d+)(?:\s?[×x]\s?10\^?[-−]?\d+)?"
)


_ONE = re.compile(
    r"\b(?:lasts?|lasted|takes?|took|for|in|within|about|around|nearly|almost|after|every|half)\s(?P<one>an?)\s(?=\w)"
    r"|\b(?P<eine>eine[nrm]?|une|una)\s(?=\w)",
    re.IGNORECASE,
)


_TIMES = re.compile(
    r"\b(?:(?P<twice>twice|zweimal)|thrice|dreimal)\b(?!\sas\b|\sso\b)",
    re.IGNORECASE,
)


_TIMES_NOUN = frozenset({"time", "mal", "foi", "vece"})


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


_DENOMINATORS = {
    name: place
    for place, name in enumerate(
        ["third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"], 3
    )
}


_DENOMINATORS |= {"half": 2, "halve": 2, "quarter": 4}


_FRACTION = re.compile(
    rf"\b(?:(?P<n>an?|one|two|three|four|five|six|seven)[\s-])?(?P<d>{'|'.join(_DENOMINATORS)})s?\s(?=of\b|the\b|as\b)",
    re.IGNORECASE,
)


def fractions(text: str) -> list[Fact]:
    """Return the parts of a whole in words: "two thirds of", "half the"."""
    found = []
    for match in _FRACTION.finditer(text):
        parts, whole = (match["n"] or "").lower(), _DENOMINATORS[match["d"].lower()]
        if not parts and whole != 2:
            continue
        value = Fraction(1 if parts in ("", "a", "an", "one") else NUMBER_WORDS[parts], whole)
        unit = Unit("share", Fraction(1))
        found.append(
            Fact(
                "number",
                match.group().strip(),
                match.start(),
                match.end() - 1,
                frozenset({value}),
                unit,
                worded=True,
            )
        )
    return found


def ordinals(text: str) -> list[Fact]:
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
            behind = re.match(r"[\s-]*([^\W\d_]*)", text[match.end() :])
            last = behind is None or not behind[1] or is_function_word(behind[1])
            if re.search(r"(?:\bper|\d)[\s-]$", before):
                continue  # "3.6 metres per second three hours later", "a 30-second break"
            if last and re.search(r"\b(?:an?|each|every|one|at)[\s-]$", before):
                continue  # "a second", "at first"
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


def numbers(text: str) -> list[Fact]:
    found: dict[int, Fact] = {}
    # A number stands by itself behind a character of a script without spaces, too.
    apart = re.sub(rf"[{SPACELESS}](?=\d)", " ", text.replace("\x00", " "))
    for quantity in quantities(apart):
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
        start, end = match.span()
        number = _worded(match.group().casefold())
        if number is None and "-" in match.group():  # "two-step", "three-year"
            end = start + match.group().index("-")
            number = _worded(text[start:end].casefold())
        if number is None or number == 1 or any(held.start <= start < held.end for held in found.values()):
            continue
        if (scale := _SCALE_WORD.match(text, end)) is not None:
            name = scale.group().strip(" -").lower().removesuffix("s")
            number *= 10 ** {"hundred": 2, "thousand": 3, "million": 6, "billion": 9}.get(name, 0)
            end = scale.end()
        unit, end = _unit_of(text, start, end)
        nouns = _nouns_after(text, end)
        found[start] = Fact(
            "number", text[start:end], start, end, frozenset({Fraction(number)}), unit, nouns, worded=True
        )
    for match in _TIMES.finditer(text):
        start, end = match.span()
        times = Fraction(2 if match["twice"] else 3)
        found[start] = Fact(
            "number", match.group(), start, end, frozenset({times}), nouns=_TIMES_NOUN, worded=True
        )
    for match in _ONE.finditer(text):  # "lasts an hour"
        if (unit_found := unit_at(text, match.end())) is not None and unit_found[0].dimension in (
            "time",
            "months",
        ):
            value = Fraction(1, 2) if match.group().lower().startswith("half") else Fraction(1)
            start = match.end() - len((match["one"] or match["eine"]) + " ")
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
    """Return the 年 behind a year, which is no unit there."""
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


_MONEY_BEFORE = re.compile(rf"({CURRENCY_SIGN}|\b[A-Z]{{2,3}})\s?$")
_MONEY_BEHIND = re.compile(rf"\s?({CURRENCY_SIGN}|[A-Z]{{3}}|zł|Kč)(?!\w)")


def _unit_of(text: str, start: int, end: int) -> tuple[Unit | None, int]:
    """Return the unit behind a number, or the currency before it, and where the number ends with it."""
    if (found := unit_at(text, end)) is not None:
        return found
    before, behind = _MONEY_BEFORE.search(text[:start]), _MONEY_BEHIND.match(text, end)
    if behind is not None and (code := currency_of(behind[1])):
        return Unit(code, Fraction(1)), behind.end()
    if before is not None and (code := currency_of(before[1])):
        return Unit(code, Fraction(1)), end
    return None, end


def _nouns_after(text: str, position: int) -> frozenset[str]:
    """Return the stems of up to two words that a number counts: what follows it up to a stop, "of" let through."""
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
