"""Tell who does something to whom, and which of two is compared with the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...text.quantities import currency_of
from ...text.scripts import HAN
from ...text.terms import is_function_word, terms, tokens
from .languages import OPPOSITES
from .parsed_claim import clause_spans, content_stems

__all__ = ["turned_roles"]

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_BE = frozenset(
    re.findall(
        r"\w+",
        "is are was were be been being get gets got wurde wurden wird werden worden ist sind war waren est "
        "sont fut été était furent fue fueron es son ser sido era",
    )
)
_BY = frozenset(["by", "von", "durch", "par", "por"])
_THAN = frozenset(["than", "as", "als", "wie", "que", "como"])
_DETERMINERS = frozenset(
    re.findall(
        r"\w+",
        "the a an this that these those its their his her our your my of in on at for with from to no any "
        "some each every der die das den dem des ein eine einen le la les un une du des el los las una unos "
        "de",
    )
)
_RELATIVE = frozenset(
    ["that", "which", "who", "whom", "whose", "welche", "welcher", "welches", "qui", "que", "quien"]
)
_SYMMETRIC = frozenset(
    terms(
        "meet met marry married equal resemble border adjoin join joined match and or plus between with like near neighbour same"
    )
)
_REACH = 4  # words between a verb and "by"


@dataclass(slots=True)
class _Scene:
    """What stands before a word and what behind it, the one that acts first."""

    acting: set[str]
    acted: set[str]


def turned_roles(claim: str, passage: str) -> str:
    """Return the word of a claim that the source has between the same two the other way round; else empty.

    "Jones hired Smith" is not "Smith hired Jones", nor "men are faster than women" "women are faster than men";
    "Jones was hired by Smith" is the second.

    Args:
        claim: The claim.
        passage: The sentence of the source.
    """
    if _HAN.search(claim) and _HAN.search(passage):
        return _turned_han(claim, passage)
    theirs = [_WORD.findall(passage[start:end]) for start, end in clause_spans(passage)]
    for start, end in clause_spans(claim):
        words = _WORD.findall(claim[start:end])
        for place in range(1, len(words) - 1):
            mine = _scene(words, place)
            if mine is None:
                continue
            pivot = terms(words[place])[:1]
            for others in theirs:
                for at in range(1, len(others) - 1):
                    same = words[place].casefold() == others[at].casefold() or terms(others[at])[:1] == pivot
                    if not same or (said := _scene(others, at)) is None:
                        continue
                    if _crossed(mine, said) and _crossed(said, mine):
                        if words[place].casefold() in _THAN and _opposed(words, others):
                            continue
                        return str(words[place])
    return ""


_HAN = re.compile(rf"[{HAN}]{{2}}")
_HAN_PASSIVE = re.compile(r"[被由把将让给比和与跟同]")


def _turned_han(claim: str, passage: str) -> str:
    """Do the same for Chinese, by pairs of characters; sentences of "by", "than" and "with" are left alone."""
    if _HAN_PASSIVE.search(claim) or _HAN_PASSIVE.search(passage):
        return ""
    theirs = [tokens(passage[start:end]) for start, end in clause_spans(passage)]
    for start, end in clause_spans(claim):
        words = tokens(claim[start:end])
        for place, word in enumerate(words):
            if not _HAN.fullmatch(word):
                continue
            mine = _Scene(_han(words[: max(place - 1, 0)]), _han(words[place + 2 :]))
            for others in theirs:
                for at in (at for at, one in enumerate(others) if one == word):
                    said = _Scene(_han(others[: max(at - 1, 0)]), _han(others[at + 2 :]))
                    if _crossed(mine, said) and _crossed(said, mine):
                        return word
    return ""


def _han(words: Sequence[str]) -> set[str]:
    return {word for word in words if _HAN.fullmatch(word)}


def _crossed(one: _Scene, other: _Scene) -> bool:
    """Whether somebody acts in the one alone, and is acted on in the other alone."""
    return bool((one.acting - other.acting - one.acted) & other.acted)


def _scene(words: Sequence[str], place: int) -> _Scene | None:
    """Return who acts and who is acted on, seen from a word; None for one that can be no verb and no "than"."""
    word = words[place].casefold()
    before, behind = words[:place], words[place + 1 :]
    if word in _THAN:
        return _scene_of(before, behind)
    stems = terms(word)
    if (
        is_function_word(word)
        or not stems
        or stems[0] in _SYMMETRIC
        or not word.isalpha()
        or words[place][0].isupper()
    ):
        return None
    last, following = before[-1].casefold(), behind[0].casefold()
    if (
        last in _DETERMINERS
        or last.endswith(("'s", "’s"))
        or following in ("of", "de", "von", "des", "du", "del")
        or following in _BE
        or following in _RELATIVE
        or sum(one.casefold() == word for one in words) > 1  # "a tide mill is a water mill"
    ):
        return None  # a noun
    passive = any(one.casefold() in _BE for one in before[-3:])
    by = next((at for at, one in enumerate(behind[:_REACH]) if one.casefold() in _BY), None)
    if (
        by is not None
        and by + 1 < len(behind)
        and (behind[by + 1][0].isdigit() or currency_of(behind[by + 1]))
    ):
        return None  # "rose by 3", "rose by EUR 3"
    if by is not None and (passive or by == 0):
        return _scene_of(behind[by + 1 :], [*before, *behind[:by]])
    if passive:
        return None  # "was hired in 2019": nobody acts
    return _scene_of(before, behind)


def _scene_of(acting: Sequence[str], acted: Sequence[str]) -> _Scene | None:
    one, other = (
        {stem for stem in content_stems(" ".join(side)) if stem.isalpha()} if side else set()
        for side in (acting, acted)
    )
    return _Scene(one, other) if one and other else None


def _opposed(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two comparisons use opposite words: "A is faster than B" and "B is slower than A"."""
    there = {word.casefold() for word in others}
    return any(OPPOSITES.get(word.casefold(), frozenset()) & there for word in words)
