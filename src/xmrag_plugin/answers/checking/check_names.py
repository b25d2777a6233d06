"""Find names in a claim that a passage does not have, or has in another place."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...text.quantities import MONTHS
from ...text.terms import fold, terms
from .fact import Fact
from .facts import holds_fact
from .languages import WEEKDAYS
from .parsed_claim import ParsedClaim, akin, clause_spans, clauses_of
from .passages import Passage

__all__ = ["check_names", "said_of_another"]

NAME_WORD = re.compile(r"[^\W\d_][^\W_]*(?:[-'’.&][^\W_]+)*")


def said_of_another(
    claim: ParsedClaim, fact: Fact, bound: Sequence[Fact], same_kind: Sequence[Fact], passage: Passage
) -> str:
    """Return whose fact it is, where the passage says it of another ("Alba in March, Bree in May")."""
    spans = clause_spans(passage.text)
    asked = _names_of_clause(claim.text, clause_spans(claim.text), fact, known=_named(claim, passage))
    if not asked or len(spans) < 2:
        return ""
    beside = {
        fold(word)
        for start, end in clause_spans(claim.text)
        if start <= fact.start < end
        for word in NAME_WORD.findall(claim.text[start:end])
    }
    whose = ""
    known = {
        fold(word) for word in NAME_WORD.findall(passage.text) if set(terms(word)) & passage.source.name_stems
    }
    for held in bound:
        own = _names_of_clause(passage.text, spans, held, known=known | asked)
        if not own or own & asked or own <= beside:
            return ""
        # The claim's name must have a fact of that kind of its own, in a clause of its own.
        rivals = [other for other in same_kind if other is not held and not holds_fact(held, other)]
        if not any(
            _names_of_clause(passage.text, spans, other, known=known | asked) & asked for other in rivals
        ):
            return ""
        whose = ", ".join(sorted(own))
    return whose


def _named(claim: ParsedClaim, passage: Passage) -> set[str]:
    """Return the claim's names that the passage has, folded."""
    words = [fold(name.text) for name in claim.names]
    if claim.opening:
        words += [fold(re.match(r"\W*([^\W_]+)", claim.text)[1])]  # type: ignore[index]
    return {word for word in words if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", passage.folded)}


def _names_of_clause(text: str, spans: Sequence[tuple[int, int]], fact: Fact, *, known: set[str]) -> set[str]:
    """Return the names in the clause of a fact, or in the nearest clause before it that has any.

    Args:
        text: The sentence.
        spans: Its clauses.
        fact: A fact of it.
        known: The words that count as names, folded.
    """
    place = next((i for i, (start, end) in enumerate(spans) if start <= fact.start < end), 0)
    while place >= 0:
        start, end = spans[place]
        found = {fold(word) for word in NAME_WORD.findall(text[start:end])} & known
        if found:
            return found
        place -= 1
    return set()


def _is_month(word: str) -> bool:
    """Whether a word is a month or a day of the week, which are compared otherwise."""
    bare = word.casefold()
    return bare in MONTHS or any(bare.removesuffix("s") in days for days in WEEKDAYS)


def check_names(claim: ParsedClaim, passage: Passage, missing: list[str], conflicts: list[str]) -> None:
    others: list[str] | None = None
    everywhere = None
    near: list[str] | None = None
    said = set(terms(claim.text))
    for name in claim.names:
        if name.values and all(stem in passage.stems for stem in name.values):
            if passage.row is None and claim.language != "de":
                near = _names_near(claim, passage) if near is None else near
                here = {stem for word in near for stem in terms(word)}
                if near and not name.values & here:
                    strangers = [word for word in near if not set(terms(word)) & said]
                    if strangers and len(strangers) == len(near):
                        conflicts.append(f"{name.text}: the source says so of {strangers[0]}")
            continue
        if any(akin(str(stem), passage.stems) for stem in name.values):
            continue
        if _PRONOUN.match(passage.text) and all(stem in passage.around_stems for stem in name.values):
            continue  # "It was refitted", of what the sentence before names
        if others is None:
            others = _other_names(claim, passage)
        if everywhere is None:
            everywhere = passage.around_stems | passage.source.stems
        if not all(stem in everywhere for stem in name.values):
            if others and claim.language != "de":
                conflicts.append(f"{name.text}: the source says {others[0]}")
            else:
                missing.append(name.text)
        elif others:
            conflicts.append(f"{name.text}: the source says so of {others[0]}")
    if claim.opening and claim.opening not in passage.stems and not akin(claim.opening, passage.stems):
        # A sentence may begin with a name; the source says whether it is one.
        first = re.match(r"\W*([^\W_]+)", passage.text)
        subject = (terms(first[1]) or [""])[0] if first else ""
        known = claim.opening in passage.source.name_stems
        if (
            subject
            and subject not in claim.words
            and subject in passage.source.name_stems
            and (known or claim.opening not in passage.around_stems)
        ):
            conflicts.append(f"{claim.text.split()[0]}: the source says so of {first[1] if first else ''}")
        elif known and claim.opening not in passage.around_stems:
            missing.append(claim.text.split()[0])


_PRONOUN = re.compile(
    r"\W*(?:it|he|she|they|this|these|its|his|her|their|er|sie|es|ihre?|seine?|dieser?|dieses|diese|il|elle|ils|elles|ce|cette|son|sa"
    r"|él|ella|ellos|ellas|este|esta|su)(?!\w)",
    re.IGNORECASE,
)


def _names_near(claim: ParsedClaim, passage: Passage) -> list[str]:
    """Return the names, folded, in the one clause that shares most words with the claim."""
    known = set(claim.stems) - {stem for name in claim.names for stem in name.values}
    best = max(clauses_of(passage.text), key=lambda part: len(known & set(terms(part))), default="")
    if len(known & set(terms(best))) < 2:
        return []
    words = NAME_WORD.findall(best)
    stems = passage.source.name_stems
    return [
        fold(word) for word in words if word[0].isupper() and set(terms(word)) & stems and not _is_month(word)
    ]


def _other_names(claim: ParsedClaim, passage: Passage) -> list[str]:
    """Return the names in the passage that the claim does not have."""
    said = set(terms(claim.text))
    return [
        fact.text
        for fact in passage.facts
        if fact.kind == "name" and not any(stem in said or akin(str(stem), said) for stem in fact.values)
    ]
