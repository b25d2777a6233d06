"""Whether the evidence can hold an answer at all: asked before anything is quoted or generated."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ...text.quantities import dates, holds_date
from ...text.stop_words import stop_words
from ...text.terms import content_terms, stem, terms, tokens
from ..context import Evidence
from .question_type import WRITTEN_KINDS, AskedFor, holds_answer_type, read_question, without_quantity
from .scoring import evidence_coverage, named_places

if TYPE_CHECKING:
    from .scoring import TextEncoder

__all__ = ["ABSTENTION_THRESHOLD", "Sufficiency", "below_threshold", "lacks_thing", "sufficiency_numbers"]

_NEAR_WORD = 0.45  # cosine from which two words may name the same thing: price and cost, height and metres
_MAX_WORDS = 96  # of the evidence that are compared
_HALF = 0.5  # of a question's terms
_FULL_NAME = re.compile(r"(?<![\w.])[A-ZÀ-Þ][\w’'-]*[a-zß-ÿ][\w’'-]*(?:[ ,]+[A-ZÀ-Þ][\w’'-]*)+")
_CERTAIN = 0.95  # p(the collection holds it) from which it is not asked what the question names
_BY_WORDS = 0.2  # of a question's terms; a picture that was found by its words holds more


ABSTENTION_THRESHOLD = 0.1
"""Default p(the evidence answers the question) below which the sources are said not to hold it.

Of psychology, astronomy, receipts and PDF reports at most 4 % of the own questions are refused by it, with weights
fitted on the others; each set's figures, and those of other levels, are in ``benchmarks/refusal``.
"""


@dataclass(frozen=True, slots=True)
class Sufficiency:
    """p(the evidence answers the question), before anything is embedded.

    It is p(the collection holds it), which tells questions about other things, times a logistic regression on three
    numbers, which tells questions that are near: about what the collection speaks of, but a fact that it lacks. The
    regression was fitted by ``benchmarks/refusal/run.py`` on the questions of three collections and the same with the
    source that holds the answer taken away, as if two in three could be answered. What it is worth on a collection that
    took no part is in ``benchmarks/refusal/README.md``: the order carries over, the level less so.

    Attributes:
        coverage: Weight of the square of the share of the question's terms that one piece of evidence holds.
        agreement: Weight of the square of the share of p(relevant) that one source has: what answers stands together,
            what is near stands here and there.
        lead: Weight of the standard scores by which the best node stands above what chance gives to the best.
        intercept: What is added.
    """

    coverage: float = 2.535
    agreement: float = 3.169
    lead: float = 0.277
    intercept: float = -1.307

    def probability(self, question: str, evidence: Sequence[Evidence], coverage: float) -> float:
        """Return p, 0–1; the coverage itself for evidence of a retriever that gives no probabilities.

        Args:
            question: Its words.
            evidence: Numbered evidence.
            coverage: The best of :func:`~.scoring.evidence_coverage`.
        """
        numbers = sufficiency_numbers(evidence, coverage)
        if numbers is None:
            return min(max(coverage, 0.0), 1.0)
        held = max(p for item in evidence if (p := item.answerable) is not None)
        if held < _CERTAIN and _is_named(question, evidence):
            held = 1.0
        if _is_shown(evidence, coverage):
            return held
        weights = (self.coverage, self.agreement, self.lead)
        total = sum(weight * number for weight, number in zip(weights, numbers, strict=True))
        return held / (1.0 + math.exp(-(total + self.intercept)))


def sufficiency_numbers(evidence: Sequence[Evidence], coverage: float) -> tuple[float, float, float] | None:
    """Return what :class:`Sufficiency` weighs, in its order; None for a retriever that gives no probabilities."""
    relevant: dict[str, float] = {}
    for item in evidence:
        if item.probability is not None:
            relevant[item.source] = relevant.get(item.source, 0.0) + item.probability
    if not relevant:
        return None
    agreement = max(relevant.values()) / (sum(relevant.values()) or 1.0)
    return coverage**2, agreement**2, _lead(evidence) or 0.0


def _lead(evidence: Sequence[Evidence]) -> float | None:
    return max((lead for item in evidence if (lead := item.lead) is not None), default=None)


def _is_shown(evidence: Sequence[Evidence], coverage: float) -> bool:
    """Return whether the most probable piece of evidence was found by what it shows or sounds like, not by words."""
    best = max(evidence, key=lambda item: item.probability or 0.0)
    return not best.words.strip() or (best.lead is None and coverage < _BY_WORDS)


def below_threshold(question: str, evidence: Sequence[Evidence], threshold: float) -> bool:
    """Return whether p(the evidence answers the question) says that the sources do not hold it.

    Evidence that does not tell how far it stands above chance (a picture was asked with, or another retriever found it)
    is judged by p(the collection holds it), or else by the top p(relevant), unless it is named by the question:
    names, numbers and dates stand together in one piece of it, it speaks of somebody who is named in full, or it is the
    page or figure that is named.

    Args:
        question: Its words.
        evidence: Numbered evidence.
        threshold: As :attr:`CrossModalIndex.abstention_threshold` gives it; 0 for none.
    """
    known = [p for item in evidence if (p := item.answerable) is not None]
    if not known or threshold <= 0:
        return False
    if _lead(evidence) is None:
        return max(known) < threshold and not _is_named(question, evidence)
    asked = read_question(question)
    wanted = content_terms(without_quantity(question), asked.language)
    coverage = max(evidence_coverage(question, wanted, evidence, asked).values())
    return Sufficiency().probability(question, evidence, coverage) < threshold


def _is_named(question: str, evidence: Sequence[Evidence]) -> bool:
    """Return whether a question names what is there: that is surer than any fitted probability."""
    return bool(
        _met_exactly(question, evidence)
        or named_places(question, evidence)
        or _named_in_full(question, evidence)
    )


def _named_in_full(question: str, evidence: Sequence[Evidence]) -> bool:
    """Return whether two words of a question stand side by side as a name where half of the question is spoken of.

    Written in small letters in the question, a name is one all the same.
    """
    asked = read_question(question)
    words = tokens(question)
    stops = stop_words(asked.language)
    pairs = {pair for pair in pairwise(words) if not stops & set(pair) and min(map(len, pair)) > 1}
    named = [
        item
        for item in evidence
        if any(pairs & set(pairwise(tokens(name))) for name in _FULL_NAME.findall(item.words))
    ]
    if not named:
        return False
    wanted = content_terms(without_quantity(question), asked.language)
    coverage = evidence_coverage(question, wanted, evidence, asked)
    return any(coverage[item.n] >= _HALF for item in named)


def _met_exactly(question: str, evidence: Sequence[Evidence]) -> bool:
    """Return whether one piece of evidence has the question's date or long number, and its names with it."""
    asked = dates(question)
    named = {
        term
        for word in re.findall(r"(?<!^)(?<![.!?] )\b[A-Z0-9][\w.&'-]+", question)
        for term in content_terms(word)
    }
    named -= {term for _, text, _ in asked for term in terms(text)}
    numbers = {term for term in named if sum(char.isdigit() for char in term) >= 3}
    if not (asked or numbers) or len(named) + len(asked) < 2:
        return False
    for item in evidence:
        there = dates(item.words)
        held = set(terms(item.words))
        met = len(named & held) + sum(holds_date(days, there) for days, _, _ in asked)
        if met >= 0.8 * (len(named) + len(asked)) and numbers <= held:
            return True
    return False


def lacks_thing(asked: AskedFor, evidence: Sequence[Evidence], encoder: TextEncoder | None) -> bool:
    """Return whether nothing of the evidence names the thing that is asked for, in these words or near ones.

    "What is the population of Port Luan?" is not answered by what is said of Port Luan where no population
    is spoken of; and an address or a number to reach somebody is told only where one is written.

    Args:
        asked: What the question asks for.
        evidence: Numbered evidence, best first; where a picture that was not put into words is among the
            first, it may show the thing.
        encoder: For near words; None for the same words alone.
    """
    if any(item.is_figure and not item.text.strip() for item in evidence[:3]):
        return False
    if asked.kind in WRITTEN_KINDS:
        return not any(holds_answer_type(asked, item.words) for item in evidence)
    if not asked.thing:
        return False
    names = {stem(word, asked.language) for word in asked.thing}
    if any(names & set(terms(item.words, asked.language)) for item in evidence):
        return False
    if encoder is None:
        return True
    words = dict.fromkeys(
        word for item in evidence for word in tokens(item.words) if word.isalpha() and len(word) > 2
    )
    told = [word for word in words if content_terms(word)][:_MAX_WORDS]
    if not told:
        return True
    thing = encoder.encode_texts([" ".join(asked.thing)], role="document")[0]
    return float((encoder.encode_texts(told, role="document") @ thing).max()) < _NEAR_WORD
