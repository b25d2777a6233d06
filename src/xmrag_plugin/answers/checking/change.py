"""Tell where a change begins, where it ends and how large it is: "rose by 3 from 4 to 7"."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from ...text.quantities import CURRENCY_SIGN
from .fact import Fact

__all__ = ["Role", "derived_change", "in_points", "other_role", "turned_change"]

Role = Literal["", "from", "to", "by"]

_UP = (
    r"increas\w+|ris(?:e|es|en|ing)|rose|gr(?:ow|ows|ew|own|owing|owth)|gain\w*|climb\w*|rais(?:e|ed|es|ing)|went\sup|goes\sup|stieg\w*|steig\w*|erhöh\w*"
    r"|wuchs|wächst|gewachsen|zu(?:nahm|genommen)|zunahme|augment\w*|hausse|progress(?:é|e|ion)|aument\w*|sub(?:ió|en?|ieron|ida)"
    r"|crec\w+|增加|上升|增长|提高|升"
)
_DOWN = (
    r"decreas\w+|fall(?:s|en|ing)?|fell|declin\w+|drop\w*|sank|sink\w*|gesunken|shr[aiu]nk\w*|reduc\w+|lost|lower(?:ed|s|ing)|went\sdown|fiel(?:en)?"
    r"|fällt|gefallen|verringer\w*|rückgang|ab(?:nahm|genommen)|diminu\w+|baiss\w+|recul\w*|disminu\w+|baj(?:ó|an?|aron)|ca(?:yó|en?|yeron|ída)"
    r"|减少|下降|降低|降"
)
_CHANGE = re.compile(
    rf"(?<![^\W\d_])(?:(?P<up>{_UP})|(?P<down>{_DOWN}))(?![^\W\d_])|(?P<hanup>增加|上升|增长|提高)|(?P<handown>减少|下降|降低)",
    re.IGNORECASE,
)
_ANY_CHANGE = re.compile(rf"{_CHANGE.pattern}|(?<!\w)(?:chang|ander|veränder|vari|cambi)\w*", re.IGNORECASE)

_GAP = rf"(?:about|around|some|roughly|nearly|almost|only|a|the|an|rund|etwa|fast|nur|environ|près\sde|casi|unos|约|仅|(?-i:[A-Z]{{2,3}})|{CURRENCY_SIGN})?\s?"
_FROM = re.compile(rf"(?:(?<!\w)(?:from|von|ab|depuis|desde|aus)|从|由|自)\s?{_GAP}$", re.IGNORECASE)
_OF = re.compile(rf"(?<!\w)(?:de|d['’]|del)\s?{_GAP}$", re.IGNORECASE)
_TO = re.compile(
    rf"(?:(?<!\w)(?:to|auf|bis|until|till|à|au|hasta|a|al|into)|到|至|为)\s?{_GAP}$", re.IGNORECASE
)
_BY = re.compile(rf"(?:(?<!\w)(?:by|um|en\sun|un)|了)\s?{_GAP}$", re.IGNORECASE)
_GROWTH_OF = re.compile(
    rf"(?<!\w)(?:increase|rise|growth|gain|decrease|fall|decline|drop|reduction|zunahme|rückgang|anstieg|hausse|baisse|aumento|caída)s?\s(?:of|von|de)\s?{_GAP}$",
    re.IGNORECASE,
)
_TO_BEHIND = re.compile(r"\D{0,22}\s(?:à|a|al|au)\s\D{0,3}\d", re.IGNORECASE)
_BEGINS = re.compile(
    r"(?<!\w)(?:beg[aiu]n\w*|start\w*|open(?:s|ed)|launch\w*|begann\w*|beginnt|fing\w*|commenc\w+|début\w+|empez\w+|comenz\w+|inici\w+)|开始",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"(?<!\w)(?:end(?:s|ed)?|finish\w*|clos(?:e|es|ed)|conclud\w+|complet\w+|endet\w*|schloss\w*|finit|termin\w+|acab\w+|finaliz\w+)(?!\w)|结束",
    re.IGNORECASE,
)
_POINTS = re.compile(
    r"\s?(?:percentage[-\s]points?|pp(?!\w)|prozentpunkte?n?|points?\sde\spourcentage|puntos\s(?:porcentuales|de\sporcentaje)|个?百分点)",
    re.IGNORECASE,
)  # fmt: skip


def role_of(text: str, fact: Fact) -> Role:
    """Return whether a number is where a change begins, where it ends, or its size; empty for one that is none."""
    before, behind = text[max(fact.start - 30, 0) : fact.start], text[fact.end : fact.end + 30]
    if _GROWTH_OF.search(before):
        return "by"
    if _FROM.search(before):
        return "from"
    if _OF.search(before):
        if _TO_BEHIND.match(behind):
            return "from"
        return "by" if _CHANGE.search(before) else ""
    if _TO.search(before):
        return "to"
    if _BY.search(before):
        return "by" if _ANY_CHANGE.search(text) else ""
    change = list(_CHANGE.finditer(before))
    return "by" if change and re.fullmatch(rf"\s?{_GAP}", before[change[-1].end() :], re.IGNORECASE) else ""


def other_role(claim: str, fact: Fact, passage: str, holding: Sequence[Fact]) -> str:
    """Return what the source says where a number is the other end of a change, or its size; else empty.

    Args:
        claim: The claim.
        fact: A number or date of it.
        passage: The sentence of the source.
        holding: The source's facts that are the same number.
    """
    theirs = {role_of(passage, held) for held in holding}
    if "" in theirs:
        return ""
    mine = role_of(claim, fact)
    if fact.kind == "date" or (not mine and fact.unit is None and re.fullmatch(r"\d{4}", fact.text)):
        before = claim[: fact.start]
        begins, ends = bool(_BEGINS.search(before)), bool(_ENDS.search(before))
        if not mine and begins != ends:
            mine = "from" if begins else "to"
    if not mine or mine in theirs:
        return ""
    held = holding[0]
    return passage[max(held.start - 8, 0) : held.end].split(" ", 1)[-1].strip()


def direction_of(text: str) -> int:
    """Return 1 for a text that speaks of a rise alone, -1 of a fall alone, else 0."""
    ups = {bool(match["up"] or match["hanup"]) for match in _CHANGE.finditer(text)}
    return 0 if len(ups) != 1 else (1 if ups.pop() else -1)


def turned_change(text: str, facts: Sequence[Fact]) -> str:
    """Return the change of a claim that goes the other way than its own numbers; else empty: "rose from 620 to 580"."""
    direction = direction_of(text)
    if not direction or re.search(r"[-−]\s?\d", text):
        return ""
    for first, last in itertools.pairwise(facts):
        if (
            first.kind != "number"
            or last.kind != "number"
            or (first.unit and last.unit and first.unit != last.unit)
        ):
            continue
        if (role_of(text, first), role_of(text, last)) != ("from", "to"):
            continue
        scale = (last.unit or first.unit) if (last.unit and first.unit) else None
        a, b = max(first.values), max(last.values)
        if first.unit is None and last.unit is not None and _is_year(first):
            continue
        if scale is None and (_is_year(first) or _is_year(last)):
            continue
        if (b > a and direction < 0) or (b < a and direction > 0):
            return text[first.start : last.end]
    return ""


def _is_year(fact: Fact) -> bool:
    return bool(re.fullmatch(r"(?:1[0-9]|20|21)\d\d\s?年?", fact.text))


def derived_change(claim: str, fact: Fact, facts: Sequence[Fact], passage: str) -> bool:
    """Whether an amount is the difference of the two ends that the source gives, or their quotient in per cent.

    Args:
        claim: The claim.
        fact: A number that the source does not have.
        facts: The source's numbers.
        passage: The sentence of the source.
    """
    if fact.kind != "number" or role_of(claim, fact) != "by":
        return False
    ends = [held for held in facts if held.kind == "number" and role_of(passage, held) in ("from", "to")]
    for first, last in itertools.pairwise(ends):
        if (role_of(passage, first), role_of(passage, last)) != ("from", "to"):
            continue
        if first.unit and last.unit and first.unit.dimension != last.unit.dimension:
            continue
        a, b = max(first.values), max(last.values)
        if direction_of(claim) and (b > a) != (direction_of(claim) > 0):
            continue
        change = abs(Fraction(b) - Fraction(a))
        percent = bool(
            re.search(
                r"%|per\s?cent|prozent|pour\scent|por\sciento|百分",
                fact.text + claim[fact.end : fact.end + 10],
                re.IGNORECASE,
            )
        )
        held_percent = last.unit is not None and last.unit.dimension == "share"
        if percent and not in_points(claim, fact):
            share = 100 * change / Fraction(a) if a else Fraction(0)
            if any(abs(Fraction(value) - share) <= Fraction(1, 2) for value in fact.values):
                return True
        elif (in_points(claim, fact) == held_percent) and any(
            Fraction(value) == change for value in fact.values
        ):
            return True
    return False


_PART_OF = re.compile(
    r"(?P<part>\d[\d.,]*)\s(?:[^\W\d_]+\s){0,2}?(?:out\s)?(?:of|von|der|aus|sur|des|de)\s(?:the\s|den\s|los\s|las\s|insgesamt\s)?(?P<whole>\d[\d.,]*\d|\d)",
    re.IGNORECASE,
)


def derived_share(fact: Fact, passage: str) -> bool:
    """Whether a share is that of a part and a whole that the source gives: 8 % of "64 of 800"."""
    if fact.unit is None or fact.unit.dimension != "share":
        return False
    for match in _PART_OF.finditer(passage):
        part, whole = (int(re.sub(r"\D", "", match[name])) for name in ("part", "whole"))
        if 0 < part <= whole and any(
            abs(Fraction(value) * (100 if value < 1 else 1) - Fraction(100 * part, whole)) <= Fraction(1, 2)
            for value in fact.values
        ):
            return True
    return False


def in_points(text: str, fact: Fact) -> bool:
    """Whether a number counts percentage points."""
    return bool(_POINTS.match(text, fact.end) or _POINTS.search(text[fact.start : fact.end + 1]))
