"""Find out whether a passage denies a claim, or says the opposite word."""

from __future__ import annotations

import re

from ...text.scripts import HAN
from ...text.terms import content_terms, fold, terms
from .bounds import without_bounds
from .change import direction_of
from .facts import holds_fact
from .languages import EXCEPTION, EXCEPTION_HAN, EXCLUSIVE, EXCLUSIVE_HAN, OPPOSITES, OPPOSITES_HAN
from .parsed_claim import ParsedClaim, clause_spans, clauses_of, content_stems, negations
from .passages import Passage

__all__ = ["check_sense"]

_MIN_STEMS = 2  # of a clause that can be told from others
_NOT_BUT = re.compile(
    r"(?<![^\W_])(?:not|nicht|pas|no|不是|并非)\s?(?P<denied>[^.;。；]{2,60}?)\s?(?:,\s?)?(?=(?<![^\W_])(?:but|sondern|mais|sino)(?![^\W_])|而是)",
    re.IGNORECASE,
)  # fmt: skip
_SAME_CLAUSE = 0.8  # share of a clause's stems from which one of the source's is its counterpart


def check_sense(claim: ParsedClaim, passage: Passage, conflicts: list[str]) -> None:
    """Add a conflict where one of the two denies what the other says, or says the opposite word."""
    near = _chosen(_aligned(claim, passage), claim)
    opposites = _opposites_met(claim, passage, near)
    same_count = passage.parts == 1 and negations(claim.text) == negations(passage.text)
    # Lettering is no sentence: "NO 290" and "not returnable" deny nothing.
    sentence = passage.kind != "line" or claim.negated
    if sentence and bool(negations(near)) != claim.negated and not same_count:
        if len(opposites) == 1 and _is_denied(next(iter(opposites.values())), near):
            return  # "closed" is "not open"
        conflicts.append("the source denies it" if not claim.negated else "the source does not deny it")
    elif sentence and passage.row is None and (part := _turned_clause(claim, passage)):
        conflicts.append(f"{part}: the source {'does not deny' if negations(part) else 'denies'} it")
    conflicts += [f"{word}: the source says {other}" for word, other in opposites.items()]
    if not EXCEPTION.search(claim.text):
        for match in EXCEPTION.finditer(passage.text):
            excepted = next(
                (word for word in re.findall(r"[^\W_]+", fold(match[1])) if word in claim.words), ""
            )
            if excepted and excepted not in fold(passage.text[: match.start()]):
                conflicts.append(f"{excepted}: the source excepts it")
    if claim.language == "zh":
        _check_han(claim, passage, near, conflicts)


def _check_han(claim: ParsedClaim, passage: Passage, near: str, conflicts: list[str]) -> None:
    for characters in EXCLUSIVE_HAN:
        for thing in {match[1] for match in re.finditer(rf"[{characters}]([{HAN}])", claim.text)}:
            said, held = (set(re.findall(rf"([{characters}]){thing}", text)) for text in (claim.text, near))
            if said and held and not said & held:
                conflicts.append(f"{min(said)}{thing}: the source says {min(held)}{thing}")
    for match in EXCEPTION_HAN.finditer(passage.text):
        if (
            match[1] in claim.text
            and not EXCEPTION_HAN.search(claim.text)
            and match[1] not in passage.text[: match.start()]
        ):
            conflicts.append(f"{match[1]}: the source excepts it")
    for one, other in OPPOSITES_HAN:
        if one in claim.text and one not in passage.text and other in near and other not in claim.text:
            conflicts.append(f"{one}: the source says {other}")


def _opposites_met(claim: ParsedClaim, passage: Passage, near: str) -> dict[str, str]:
    """Return the words of a claim whose opposite the source has in their place, with that.

    What makes a number a bound is compared with the number (bounds.py). A word and its opposite may stand in one
    sentence; then the clause counts that says most of the claim.
    """
    said = _words(without_bounds(claim.text))
    here, everywhere = _words(without_bounds(near)), _words(without_bounds(passage.text))
    closest = _closest(claim, passage)
    tight = _words(without_bounds(closest)) if closest else set()
    found: dict[str, str] = {}
    for word in sorted(said):
        opposite = OPPOSITES.get(word, frozenset())
        for place, elsewhere in ((here, everywhere), (tight, tight)):
            met = opposite & place
            if (
                met
                and word not in elsewhere
                and not met & said
                and not set(terms(word)) & set(terms(" ".join(elsewhere)))
            ):
                found[word] = min(met)
    for members in EXCLUSIVE:
        mine = members & said
        for place, elsewhere in ((here, everywhere), (tight, tight)):
            theirs = members & place
            if mine and theirs and not mine & elsewhere and not theirs & said:
                found[min(mine)] = min(theirs)
    up = direction_of(claim.text)
    if not found and up and passage.row is None and direction_of(closest or near) == -up:
        found["it"] = "the opposite"
    return found


def _closest(claim: ParsedClaim, passage: Passage) -> str:
    """Return the one clause of a sentence that shares most with a claim; empty where two share as much."""
    if passage.row is not None:
        return ""
    known = set(claim.stems)
    facts = [held.start for held in passage.facts if any(holds_fact(fact, held) for fact in claim.facts)]
    shares = sorted(
        (
            len(known & set(terms(passage.text[start:end]))) + sum(start <= place < end for place in facts),
            passage.text[start:end],
        )
        for start, end in clause_spans(passage.text)
    )
    if len(shares) < 2 or shares[-1][0] < _MIN_STEMS or shares[-1][0] == shares[-2][0]:
        return ""
    return shares[-1][1]


def _is_denied(word: str, text: str) -> bool:
    """Whether a clause that has a word denies something."""
    return any(word in _words(part) and negations(part) for part in clauses_of(text))


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", fold(text)))


def _chosen(text: str, claim: ParsedClaim) -> str:
    """Return a text without "not X" of "not X but Y", where the claim does not speak of X."""

    def kept(match: re.Match[str]) -> str:
        denied = content_stems(match["denied"])
        return match.group() if denied & set(terms(claim.text)) else " "

    return _NOT_BUT.sub(kept, text)


def _turned_clause(claim: ParsedClaim, passage: Passage) -> str:
    """Return the clause of a claim whose counterpart in the passage is denied where it is not, or the other way round.

    A clause that two of the passage resemble alike is left alone where one of them agrees.
    """
    if not negations(claim.text) and not negations(passage.text):
        return ""
    theirs = [
        (set(content_terms(part)), bool(negations(part)))
        for part in (passage.text[start:end] for start, end in clause_spans(passage.text))
    ]
    for part in clauses_of(claim.text):
        own = content_stems(part)
        if len(own) < _MIN_STEMS:
            continue
        shares = [(len(own & held) / len(own), denied) for held, denied in theirs]
        best = max((share for share, _ in shares), default=0.0)
        if best >= _SAME_CLAUSE and all(
            denied != bool(negations(part)) for share, denied in shares if share == best
        ):
            return part.strip()
    return ""


def _aligned(claim: ParsedClaim, passage: Passage) -> str:
    """Return the clauses of a passage that share words or facts with the claim."""
    known = set(claim.stems)
    facts = [held.start for held in passage.facts if any(holds_fact(fact, held) for fact in claim.facts)]
    found = []
    for start, end in clause_spans(passage.text):
        part = passage.text[start:end]
        shared = known & set(terms(part))
        near = passage.row is None and any(start <= place < end for place in facts)
        if near or len(shared) >= 2 or (shared and len(shared) >= 0.3 * len(known)):
            found.append(part)
    return " ".join(found) or passage.text
