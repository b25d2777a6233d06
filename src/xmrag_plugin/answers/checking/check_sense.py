"""Find out whether a passage denies a claim, or says the opposite word."""

from __future__ import annotations

import re

from ...text.terms import content_terms, fold, is_function_word, terms
from .facts import holds_fact
from .languages import EXCEPTION, EXCLUSIVE, EXCLUSIVE_HAN, OPPOSITES, OPPOSITES_HAN
from .passages import Passage
from .reading import Reading, clause_spans, clauses_of, negations

__all__ = ["check_sense"]

_MIN_STEMS = 2  # of a clause that can be told from others
_SAME_CLAUSE = 0.8  # share of a clause's stems from which one of the source's is its counterpart


def check_sense(claim: Reading, passage: Passage, conflicts: list[str]) -> None:
    """Add a conflict where one of the two denies what the other says, or says the opposite word."""
    near = _aligned(claim, passage)
    same_count = passage.parts == 1 and negations(claim.text) == negations(passage.text)
    # Lettering is no sentence: "NO 290" and "not returnable" deny nothing.
    sentence = passage.kind != "line" or claim.negated
    if sentence and bool(negations(near)) != claim.negated and not same_count:
        conflicts.append("the source denies it" if not claim.negated else "the source does not deny it")
    elif sentence and passage.row is None and (part := _turned_clause(claim, passage)):
        conflicts.append(f"{part}: the source {'does not deny' if negations(part) else 'denies'} it")
    here = set(re.findall(r"[^\W_]+", fold(near)))
    everywhere = set(re.findall(r"[^\W_]+", fold(passage.text)))
    for word in claim.words:
        opposite = OPPOSITES.get(word, frozenset())
        if word not in everywhere and (met := opposite & here) and not met & claim.words:
            stems = set(terms(" ".join(everywhere)))
            if set(terms(word)) & stems:
                continue
            conflicts.append(f"{word}: the source says {sorted(met)[0]}")
    if not EXCEPTION.search(claim.text):
        for match in EXCEPTION.finditer(passage.text):
            excepted = next(
                (word for word in re.findall(r"[^\W_]+", fold(match[1])) if word in claim.words), ""
            )
            if excepted and excepted not in fold(passage.text[: match.start()]):
                conflicts.append(f"{excepted}: the source excepts it")
    for members in EXCLUSIVE:
        mine, theirs = members & claim.words, members & here
        if mine and theirs and not mine & everywhere and not theirs & claim.words:
            conflicts.append(f"{sorted(mine)[0]}: the source says {sorted(theirs)[0]}")
    if claim.language == "zh":
        for characters in EXCLUSIVE_HAN:
            said = [char for char in characters if f"{char}天" in claim.text or f"{char}色" in claim.text]
            held = [char for char in characters if f"{char}天" in near or f"{char}色" in near]
            if said and held and not set(said) & set(held):
                conflicts.append(f"{said[0]}: the source says {held[0]}")
        for one, other in OPPOSITES_HAN:
            if one in claim.text and one not in passage.text and other in near and other not in claim.text:
                conflicts.append(f"{one}: the source says {other}")


def _turned_clause(claim: Reading, passage: Passage) -> str:
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
        own = {stem for stem in content_terms(part) if not is_function_word(stem)}
        if len(own) < _MIN_STEMS:
            continue
        shares = [(len(own & held) / len(own), denied) for held, denied in theirs]
        best = max((share for share, _ in shares), default=0.0)
        if best >= _SAME_CLAUSE and all(
            denied != bool(negations(part)) for share, denied in shares if share == best
        ):
            return part.strip()
    return ""


def _aligned(claim: Reading, passage: Passage) -> str:
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
