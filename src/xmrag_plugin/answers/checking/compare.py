"""Compare a claim with a passage: whether it says so, says otherwise, or says nothing of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ...text.terms import terms
from .change import turned_change
from .check_facts import MIN_COVERAGE, check_fact, comparable
from .check_names import check_names
from .check_rows import check_row, label_share
from .check_sense import check_sense
from .clause_pairs import aside_name, crossed_pair, mixed_clauses
from .conditions import lost_condition, turned_condition
from .facts import holds_fact
from .parsed_claim import ParsedClaim, akin, clause_spans
from .passages import Passage
from .quantifiers import added_only, kept_out, other_quantity
from .roles import turned_roles

__all__ = ["Comparison", "VerdictKind", "compare", "share_beside", "word_weights"]

VerdictKind = Literal["supported", "contradicted", "not found"]


MIN_COVERAGE_BARE = 0.6
"""The same for a claim without a number, date or name that could be looked up."""


MIN_CLAUSE_COVERAGE = 0.3
"""Share of a clause's words that a passage must hold: a clause below it was added to what the source says."""


MIN_OWN_COVERAGE = 0.3
"""Share of a claim's words that stand in the passage itself: what stands around it bears nothing out."""


MIN_CLAUSE_WORDS = 3
"""A clause of fewer words is too short to be called an addition."""


SHORT_CLAIM_WORDS = 3
"""In a claim of so few words beside its facts, all weigh the same: "revenue reached" for "revenue rose"."""


MAX_NEW_RUN = 4
"""So many words in a row that the source does not have are an addition, not other words for the same."""


AROUND_WEIGHT = 0.7
"""A word that stands beside the passage (heading, sentence before) counts for so much."""


DATE_STEMS = frozenset({"date", "datum", "fecha", "日期"})
"""What a date is called: a passage with a date need not say the word."""


@dataclass(slots=True)
class Comparison:
    """What a passage says of a claim.

    Attributes:
        verdict: Whether it says so, says otherwise, or does not say.
        passage: The passage.
        score: How near the two are; to choose between passages.
        coverage: Share of the claim's words that the passage has.
        reason: What differs or is missing, for people.
        foreign: Whether the two are in different languages, so that only facts were compared.
        differs: Whether a fact or name of the claim is missing or another.
        narrower: Whether the passage says it under a condition only.
    """

    verdict: VerdictKind
    passage: Passage
    score: float
    coverage: float = 0.0
    reason: str = ""
    foreign: bool = False
    differs: bool = False
    narrower: bool = False


def compare(claim: ParsedClaim, passage: Passage, weights: Mapping[str, float]) -> Comparison:
    """Compare a claim with a passage.

    Args:
        claim: The claim.
        passage: A sentence, row or line of the source.
        weights: Weight of each stem, by how rare it is in the context (:func:`word_weights`).
    """
    lost = lost_condition(claim, passage.text) if passage.row is None else ""
    if claim.folded and claim.folded in passage.folded and (claim.facts or claim.stems) and not lost:
        return Comparison("supported", passage, 2.0 - 0.04 * passage.parts, 1.0)
    matches = {stem: _match(stem, passage) for stem in claim.stems}
    coverage = _share(matches, claim.stems, weights)
    if 0 < len(claim.stems) <= SHORT_CLAIM_WORDS and any(fact.kind != "ordinal" for fact in claim.facts):
        coverage = max(coverage, sum(matches.values()) / len(claim.stems))
    if passage.row is not None and claim.facts:
        coverage = max(coverage, label_share(claim, passage.row))
        if any(matches.values()) and set(terms(passage.row.label)) <= set(terms(claim.text)):
            coverage = max(coverage, MIN_COVERAGE)  # a year or a month names its row as a word does
    missing: list[str] = []
    conflicts: list[str] = []
    for fact in claim.facts:
        check_fact(claim, fact, passage, missing, conflicts)
    held = len(claim.facts) - len({*missing, *conflicts} & {fact.text for fact in claim.facts})
    check_names(claim, passage, missing, conflicts)
    if turned := turned_change(claim.text, claim.facts):
        conflicts.append(f"{turned}: that goes the other way")
    if passage.row is not None:
        check_row(claim, passage, conflicts)
    if coverage >= MIN_COVERAGE:
        check_sense(claim, passage, conflicts)
        if passage.row is None:
            _check_build(claim, passage, missing, conflicts)
            if said := kept_out(
                claim.text, passage.text, [one for one in matches if matches[one]], claim.stems
            ):
                conflicts.append(f"the source says “{said}”")
    if lost and not conflicts:
        missing.append(f"the source says so only for “{lost}”")
    share = held / len(claim.facts) if claim.facts else 0.0
    score = coverage + 0.5 * share - 0.04 * (passage.parts - 1) - 0.1 * len(missing) - 0.15 * len(conflicts)
    foreign = _foreign(claim, passage)
    verdict: VerdictKind = "not found"
    reason = "; ".join([*conflicts, *missing])
    if conflicts:
        verdict = "contradicted" if coverage >= MIN_COVERAGE or foreign else "not found"
    elif not missing:
        if foreign and (
            claim.facts or any(matches.values()) or (claim.stems and not _same_script(claim, passage))
        ):
            reason = ""
        else:
            reason = _too_little(claim, matches, coverage, weights, passage.parts)
        verdict = "not found" if reason else "supported"
    return Comparison(
        verdict, passage, score, coverage, reason, foreign, bool(conflicts or missing), bool(lost)
    )


def _check_build(claim: ParsedClaim, passage: Passage, missing: list[str], conflicts: list[str]) -> None:
    """Add what differs in how a sentence is put together: who does what, of how many, under which condition."""
    if said := other_quantity(claim.text, passage.text):
        conflicts.append(f"the source says “{said}”")
    if word := turned_roles(claim.text, passage.text):
        conflicts.append(f"{word}: the source says it the other way round")
    if other := mixed_clauses(claim, passage.text, passage.facts):
        conflicts.append(f"the source says {other}")
    if other := crossed_pair(claim, passage.text):
        conflicts.append(f"the source says so of {other}")
    if other := aside_name(claim, passage.text):
        conflicts.append(f"the source says so of {other}")
    if turned_condition(claim, passage.text):
        conflicts.append("the source says so of the opposite case")
    if added_only(claim.text, passage.text):
        missing.append("only")


def share_beside(claim: ParsedClaim, passage: Passage, weights: Mapping[str, float]) -> float:
    """Return the share of a claim's words that stand in the passage's clauses with its numbers, or others of their kind.

    1 for a claim without numbers, and for rows of tables, whose label and head say what a number is of.

    Args:
        claim: The claim.
        passage: A passage.
        weights: Weight of each stem.
    """
    facts = [fact for fact in claim.facts if fact.kind == "number"]
    if not facts or not claim.stems or passage.row is not None:
        return 1.0
    numbers = [held for held in passage.facts if held.kind == "number"]
    beside = {
        held.start
        for fact in facts
        for held in [one for one in numbers if holds_fact(fact, one)] or numbers
        if holds_fact(fact, held) or comparable(fact, held)
    }
    said = set()
    for start, end in clause_spans(passage.text):
        if any(start <= place < end for place in beside):
            said |= set(terms(passage.text[start:end]))
    return _share(
        {stem: float(stem in said or akin(stem, said)) for stem in claim.stems}, claim.stems, weights
    )


def _same_script(claim: ParsedClaim, passage: Passage) -> bool:
    return "zh" not in {claim.language, passage.source.language}


def word_weights(passages: Iterable[Passage]) -> Mapping[str, float]:
    """Weigh stems by how rare they are among the passages (smoothed inverse document frequency)."""
    counts: Counter[str] = Counter()
    total = 0
    for passage in passages:
        if passage.parts == 1:
            counts.update(passage.stems)
            total += 1
    return _Weights({stem: math.log(1 + (total + 8) / (count + 1)) for stem, count in counts.items()}, total)


class _Weights(dict[str, float]):
    def __init__(self, known: dict[str, float], total: int) -> None:
        super().__init__(known)
        self._unknown = math.log(1 + (total + 8) / 1)

    def __missing__(self, stem: str) -> float:
        return self._unknown


def _match(stem: str, passage: Passage) -> float:
    if stem in DATE_STEMS and any(fact.kind == "date" for fact in passage.facts):
        return 1.0
    if stem in passage.stems or akin(stem, passage.stems):
        return 1.0
    if stem in passage.around_stems:
        return AROUND_WEIGHT
    return 0.0


def _share(matches: Mapping[str, float], stems: Sequence[str], weights: Mapping[str, float]) -> float:
    whole = sum(weights[stem] for stem in stems)
    return sum(weights[stem] * matches[stem] for stem in stems) / whole if whole else 0.0


def _too_little(
    claim: ParsedClaim,
    matches: Mapping[str, float],
    coverage: float,
    weights: Mapping[str, float],
    parts: int,
) -> str:
    """Return why the words of a claim are not those of the passage; empty when they are."""
    if not claim.stems:
        return "" if claim.facts else "it says nothing that could be looked up"
    wanted = MIN_COVERAGE if (claim.facts or claim.names) and parts == 1 else MIN_COVERAGE_BARE
    if coverage < wanted:
        return "the source does not say this"
    if (
        parts == 1
        and not claim.facts
        and _share({stem: float(match == 1.0) for stem, match in matches.items()}, claim.stems, weights)
        < MIN_OWN_COVERAGE
    ):
        return "the source says this elsewhere, if at all"
    for clause in claim.clauses:
        if len(clause) >= MIN_CLAUSE_WORDS and _share(matches, clause, weights) < MIN_CLAUSE_COVERAGE:
            return f"the source does not say “{' '.join(clause)}”"
    run = 0
    for stem in terms(claim.text):
        if stem in matches:
            run = run + 1 if not matches[stem] else 0
            if run >= MAX_NEW_RUN:
                return "the source does not say part of this"
    return ""


def _foreign(claim: ParsedClaim, passage: Passage) -> bool:
    """Whether the two are in different languages, so that only facts can be compared."""
    there = passage.source.language
    return bool(claim.language and there and claim.language != there)
