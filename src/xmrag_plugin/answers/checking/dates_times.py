"""Find dates without a year, day or both, and times of day."""

from __future__ import annotations

import re

from ...text.quantities import MONTHS
from .fact import Fact

__all__ = ["partial_dates", "times"]

_CLOCK = re.compile(
    r"(?<!\d)(?P<hh>2[0-4]|[01]?\d)\s?[点點时]\s?(?:(?P<mm>[0-5]?\d)分?)?"
    r"|(?<![\d.,:/])(?P<h>2[0-4]|[01]?\d)(?:\s?[:h]\s?(?P<m>[0-5]\d)(?::[0-5]\d)?(?![\d:])|(?P<dot>[.](?P<m3>[0-5]\d)"
    r"(?=\s?(?:uhr|[ap]\.?m))))?\s?(?P<half>a\.?m\b\.?|p\.?m\b\.?)?(?P<uhr>\s?uhr\b)?",
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


def partial_dates(text: str) -> list[Fact]:
    """Return dates without a year, a day, or both: "March 2029", "3 May", "2029年3月"."""
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


_HALVES = [
    (
        "am",
        r"(?:in\sthe|this|that)\smorning|morgens|vormittags|du\smatin|de\sla\s(?:mañana|madrugada)",
        "上午|早上|凌晨|早晨",
    ),
    (
        "pm",
        r"(?:in\sthe|this|that)\s(?:afternoon|evening)|nachmittags|abends|du\ssoir|de\sl['’]après-midi|de\sla\s(?:tarde|noche)",
        "下午|晚上|傍晚",
    ),
]


def _half_of_day(text: str, match: re.Match[str]) -> str:
    """Return ``am`` or ``pm`` where words beside a time say which; else empty."""
    for half, behind, before in _HALVES:
        if re.match(rf"\s?(?:{behind})\b", text[match.end() :], re.IGNORECASE) or re.search(
            rf"(?:{before})$", text[: match.start()].rstrip()
        ):
            return half
    return ""


def times(text: str) -> list[Fact]:
    found = []
    for match in _CLOCK.finditer(text):
        parts = match.groupdict()
        minutes = parts["m"] or parts["m3"] or parts["mm"]
        if not (minutes or parts["half"] or parts["uhr"] or parts["hh"]):
            continue
        hour = int(parts["h"] or parts["hh"])
        half = (parts["half"] or "").replace(".", "").lower()
        if not half and hour <= 12:
            half = _half_of_day(text, match)
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
                worded=bool(half),
            )
        )
    return found
