"""Find what a number is a bound of: at least, at most, more than, fewer than, before, after, between."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

from ...text.quantities import CURRENCY_SIGN
from ...text.scripts import HAN
from .fact import Fact
from .facts import holds_fact

__all__ = ["Bound", "bound_of", "other_bound", "within_bound", "without_bounds"]

Bound = Literal["", "least", "most", "above", "below"]

_LEAST = (
    r"at\sleast|no(?:t)?\s(?:fewer|less|sooner|earlier)\sthan|a?\s?minimum\sof|mindestens|wenigstens|nicht\sweniger\sals"
    r"|au\smoins|pas\smoins\sde|(?:al|por\slo)\smenos|como\smínimo|no\smenos\sde|至少|最少|不少于|不低于|不小于"
)
_MOST = (
    r"at\s(?:the\s)?most|no(?:t)?\s(?:more|longer|later|higher|greater)\sthan|up\sto|a?\s?maximum\sof|not\sexceeding"
    r"|höchstens|maximal|bis\szu|nicht\smehr\sals|au\s(?:plus|maximum)|jusqu['’]à|pas\splus\sde|a\slo\ssumo|como\s(?:máximo|mucho)"
    r"|no\smás\sde|最多|至多|不超过|不多于|不高于"
)
_ABOVE = (
    r"(?:more|greater|longer|higher|larger|older|later)\sthan|exceed(?:s|ed|ing)?|above|over|mehr\sals|länger\sals|über|oberhalb\svon"
    r"|plus\sde|au-dessus\sde|más\sde|por\sencima\sde|超过|多于|大于|高于|超出"
)
_BELOW = (
    r"(?:fewer|less|shorter|lower|smaller|younger|earlier)\sthan|below|under|weniger\sals|kürzer\sals|unter(?:halb\svon)?"
    r"|moins\sde|au-dessous\sde|menos\sde|por\sdebajo\sde|少于|低于|小于|不到|不足"
)
_NEARLY = r"nearly|almost|just\sunder|fast|beinahe|presque|casi|将近|近"
_GAP = rf"(?:about|some|around|the|a|an|den|die|das|dem|le|la|les|l['’]|el|los|las|of|de|(?-i:[A-Z]{{2,3}})|{CURRENCY_SIGN}|[{HAN}]{{1,3}})?"
_WORDS: list[tuple[Bound, str]] = [("least", _LEAST), ("most", _MOST), ("above", _ABOVE), ("below", _BELOW)]
_BEFORE: list[tuple[Bound, re.Pattern[str]]] = [
    (kind, re.compile(rf"(?:(?<![\w-])|(?<=[{HAN}])|(?=[{HAN}]))(?:{words})\s?{_GAP}\s?$", re.IGNORECASE))
    for kind, words in _WORDS
]  # fmt: skip
_NEARLY_BEFORE = re.compile(rf"(?<!\w)(?:{_NEARLY})\s?$", re.IGNORECASE)
_BEHIND: list[tuple[Bound, re.Pattern[str]]] = [
    ("least", re.compile(r"\W?[^\W\d]{0,14}\W{0,2}(?:(?:or|and)\s(?:more|above|over|longer|older)|oder\s(?:mehr|länger)|ou\splus|o\smás|及?以上)\b", re.IGNORECASE)),
    ("most", re.compile(r"\W?[^\W\d]{0,14}\W{0,2}(?:(?:or|and)\s(?:less|fewer|below|under|shorter|younger)|oder\s(?:weniger|kürzer)|ou\smoins|o\smenos|及?以下)\b", re.IGNORECASE)),
]  # fmt: skip
_TIME_WORDS: list[tuple[Bound, str]] = [
    ("least", r"since|from|seit|ab|depuis|desde"),
    ("most", r"until|till|bis|jusqu['’]en|hasta"),
    ("below", r"before|prior\sto|earlier\sthan|vor|avant|antes\sde"),
    ("above", r"after|later\sthan|nach|après|después\sde"),
]
_TIMED: list[tuple[Bound, re.Pattern[str]]] = [
    (kind, re.compile(rf"(?<!\w)(?:{words})\s(?:the\s|dem\s|le\s|el\s)?$", re.IGNORECASE))
    for kind, words in _TIME_WORDS
]
"""Before a year or a date."""
_TIMED_HAN: list[tuple[Bound, re.Pattern[str]]] = [
    ("below", re.compile(r"年?\s?(?:之前|以前)")), ("above", re.compile(r"年?\s?(?:之后|以后)")),
]  # fmt: skip
_RANGE = re.compile(
    r"(?P<lead>between|from|zwischen|von|entre|de|desde)\s(?P<a>\D{0,3}[\d.,]+\D{0,14}?)\s(?:and|to|until|und|bis|et|à|y|a)\s\D{0,3}[\d.,]+"
    r"|(?P<b>[$€£]?\d[\d.,]*\s?\D{0,4}?)\s?(?:–|—|-|to|bis|à)\s?\D{0,3}\d[\d.,]*",
    re.IGNORECASE,
)
"""Two ends of a range; a number in its first part is its lower end, one behind it the upper."""

_CONFLICTS: dict[Bound, frozenset[Bound]] = {
    "": frozenset({"above", "below"}),
    "least": frozenset({"most", "below"}),
    "most": frozenset({"least", "above"}),
    "above": frozenset({"most", "below"}),
    "below": frozenset({"least", "above"}),
}
"""Bound in the source → bounds that a claim of the same number may not make of it."""


def bound_of(text: str, fact: Fact, *, timed: bool = False) -> Bound:
    """Return what bound a number or date of a sentence is; empty for a plain one.

    Args:
        text: The sentence.
        fact: A number or date of it.
        timed: Whether "before" and "after" are bounds of it: it is a year or a date.
    """
    before, behind = text[max(fact.start - 28, 0) : fact.start], text[fact.end : fact.end + 34]
    for kind, pattern in _BEHIND:
        if pattern.match(behind):
            return kind
    for kind, pattern in _BEFORE:
        match = pattern.search(before)
        if match is None:
            continue
        lasting = fact.unit is not None and fact.unit.dimension in ("time", "months")
        if lasting and re.match(r"over|über", match.group(), re.IGNORECASE):
            return ""  # "over three years" is how long it took
        return kind
    if timed:
        for kind, pattern in _TIMED:
            if pattern.search(before):
                return kind
        for kind, pattern in _TIMED_HAN:
            if pattern.match(behind):
                return kind
    return ""


def _held_bound(text: str, fact: Fact, timed: bool) -> Bound:
    """Return the bound of a number of the source, where the ends of a range are bounds too."""
    if found := bound_of(text, fact, timed=timed):
        return found
    if _NEARLY_BEFORE.search(text[max(fact.start - 14, 0) : fact.start]):
        return "below"
    for match in _RANGE.finditer(text):
        if match.start() <= fact.start < match.end():
            if (
                match["lead"]
                and not re.match(r"between|zwischen|entre", match["lead"], re.IGNORECASE)
                and not timed
            ):
                return ""  # "rose from 2 to 4" is no range
            first = match.span("a") if match["a"] else match.span("b")
            return "least" if first[0] <= fact.start < first[1] else "most"
    return ""


def other_bound(claim: str, fact: Fact, passage: str, holding: Sequence[Fact], *, timed: bool = False) -> str:
    """Return what the source says of a number where it is another bound than the claim makes of it; else empty.

    "At least 18" is not "at most 18", "more than 16" is none of "16"; "18" may stand for "at least 18".

    Args:
        claim: The claim.
        fact: A number or date of it.
        passage: The sentence of the source.
        holding: The source's facts that are the same number.
        timed: See :func:`bound_of`.
    """
    mine = bound_of(claim, fact, timed=timed)
    if not mine:
        return ""
    theirs = [_held_bound(passage, held, timed) for held in holding]
    if not theirs or not all(mine in _CONFLICTS[bound] for bound in theirs):
        return ""
    return passage[max(holding[0].start - 14, 0) : holding[0].end].strip()


def within_bound(claim: str, fact: Fact, passage: str, held: Fact) -> bool:
    """Whether an amount of the source lies on the claim's side of its bound: "more than 400 households" of 410."""
    bound = bound_of(claim, fact)
    if not bound or _held_bound(passage, held, False) or fact.values == held.values:
        return False  # "under 12 years" is not read off "under 12 months"
    if fact.kind != "number" or held.kind != "number" or holds_fact(fact, held):
        return False
    if (fact.unit is None) != (held.unit is None) or not (fact.unit or fact.nouns & held.nouns):
        return False
    if fact.unit and held.unit and fact.unit.dimension != held.unit.dimension:
        return False
    mine, theirs = _amount(fact), _amount(held)
    return theirs > mine if bound in ("least", "above") else theirs < mine


def _amount(fact: Fact) -> Fraction:
    value = Fraction(max(fact.values))
    return value * fact.unit.factor + fact.unit.offset if fact.unit else value


_ANY = re.compile(
    rf"(?<!\w)(?:{_LEAST}|{_MOST}|{_ABOVE}|{_BELOW})(?=\s?{_GAP}\s?\d)"
    r"|(?<=\d)(?P<gap>\W?[^\W\d]{0,14}\W{0,2})(?:(?:or|and)\s(?:more|less|fewer|above|below|over|under)|oder\s(?:mehr|weniger)"
    r"|ou\s(?:plus|moins)|o\s(?:más|menos))\b",
    re.IGNORECASE,
)


def without_bounds(text: str) -> str:
    """Return a sentence without the words that make a number a bound: they say nothing else the other way round."""
    return _ANY.sub(lambda match: match["gap"] or " ", text)
