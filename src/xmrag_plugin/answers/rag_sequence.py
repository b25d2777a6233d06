"""Choose one answer out of several, each from one piece of context: RAG-Sequence.

Lewis et al., *Retrieval-augmented generation for knowledge-intensive NLP tasks*, NeurIPS 2020:
``p(y | x) = Σ_r p(r | x) · p(y | x, r)``. With a generator that can score a given answer, every
candidate is scored under every piece of context ("thorough decoding"); with one that only gives the
log-probabilities of what it wrote, an answer counts for the piece that brought it ("fast decoding").
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..text.terms import normalised

__all__ = ["Candidate", "Marginal", "marginalise", "prior"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer that one piece of context brought.

    Attributes:
        n: Number of the piece.
        text: The answer.
        log_probability: Of the whole answer given question and context (natural logarithm).
        abstains: Whether it says that the piece does not hold the answer.
    """

    n: int
    text: str
    log_probability: float
    abstains: bool = False


@dataclass(slots=True)
class Marginal:
    """The outcome.

    Attributes:
        text: The answer with the highest ``p(y | x)``.
        numbers: The pieces that brought it, the weightiest first.
        report: For each distinct answer: text, numbers and ``log p(y | x)``, best first.
    """

    text: str
    numbers: list[int]
    report: list[dict[str, Any]] = field(default_factory=list)


def prior(weights: Mapping[int, float]) -> dict[int, float]:
    """Normalise p(relevant) of the pieces to ``p(r | x)``, which sums to one."""
    whole = sum(weights.values())
    if whole <= 0:
        return {n: 1.0 / len(weights) for n in weights}
    return {n: weight / whole for n, weight in weights.items()}


def marginalise(
    candidates: Sequence[Candidate],
    weights: Mapping[int, float],
    scores: Mapping[tuple[str, int], float] | None = None,
) -> Marginal:
    """Sum ``p(r | x) · p(y | x, r)`` over the pieces of context for each distinct answer.

    A piece that does not hold the answer speaks neither for nor against another's;
    abstaining wins only when all abstain.

    Args:
        candidates: One answer for each piece.
        weights: ``p(r | x)`` by number.
        scores: For thorough decoding: log-probability of ``(answer, number)``, for all pairs.
    """
    groups: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        groups.setdefault(_key(candidate), []).append(candidate)
    rows = []
    for members in groups.values():
        best = max(members, key=lambda member: weights[member.n] * math.exp(min(member.log_probability, 0.0)))
        if scores is not None:
            terms = [_log(weights[n]) + scores[(best.text, n)] for n in weights if (best.text, n) in scores]
        else:
            terms = [_log(weights[member.n]) + member.log_probability for member in members]
        numbers = sorted((member.n for member in members), key=lambda n: -weights[n])
        rows.append((members[0].abstains, _log_sum(terms), best.text, numbers))
    rows.sort(key=lambda row: (row[0], -row[1]))
    _, _, text, numbers = rows[0]
    report = [
        {"answer": answer, "evidence": held, "log_probability": round(value, 4), "abstains": abstains}
        for abstains, value, answer, held in rows
    ]
    return Marginal(text, numbers, report)


def _key(candidate: Candidate) -> str:
    if candidate.abstains:
        return ""
    from .citations import without_marks

    return normalised(without_marks(candidate.text))


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def _log_sum(terms: Sequence[float]) -> float:
    top = max(terms)
    if top == -math.inf:
        return top
    return top + math.log(sum(math.exp(term - top) for term in terms))
