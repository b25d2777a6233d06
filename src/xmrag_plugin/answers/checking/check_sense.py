"""Find out whether a passage denies a claim, or says the opposite word."""

from __future__ import annotations

import re

from ...text.terms import fold, terms
from .facts import holds_fact
from .languages import EXCEPTION, EXCLUSIVE, EXCLUSIVE_HAN, OPPOSITES, OPPOSITES_HAN
from .passages import Passage
from .reading import Reading, clause_spans, negations

__all__ = ["check_sense"]


def check_sense(claim: Reading, passage: Passage, conflicts: list[str]) -> None:
    """Add a conflict where one of the two denies what the other says, or says the opposite word."""
    near = _aligned(claim, passage)
    same_count = passage.parts == 1 and negations(claim.text) == negations(passage.text)
    # Lettering is no sentence: "NO 290" and "not returnable" deny nothing.
    sentence = passage.kind != "line" or claim.negated
    if sentence and bool(negations(near)) != claim.negated and not same_count:
        conflicts.append("the source denies it" if not claim.negated else "the source does not deny it")
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
