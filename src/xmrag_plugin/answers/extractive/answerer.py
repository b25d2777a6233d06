"""The last rung of the ladder: an answer without a model, quoted from the evidence.

The sentences, lettering and figures that answer best are picked by the question's words (weighted
by how rare they are in the evidence), by nearness of meaning when an encoder is given, by
p(relevant) and by the type of answer that is asked for, and quoted verbatim with ``[n]``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from ...text.quantities import dates, holds_date
from ...text.sentences import sentences
from ...text.terms import content_terms, normalised, terms
from ...types import Citation
from ..context import Evidence
from .candidate_spans import Quotable, quotables
from .question_type import AnswerCue, answer_cue, holds_answer_type
from .short_answer import fill_blank

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ABSTENTION", "ExtractiveAnswer", "ExtractiveAnswerer", "TextEncoder", "below_threshold"]

ABSTENTION = "The sources do not hold it."
"""What is answered when nothing in the evidence is near."""


class TextEncoder(Protocol):
    """The part of :class:`~xmrag_plugin.encoders.Encoder` that is needed here."""

    def encode_texts(
        self, texts: Sequence[str], *, role: Literal["query", "document"] = "document"
    ) -> NDArray[np.float32]: ...


@dataclass(slots=True)
class ExtractiveAnswer:
    """An answer made of quotations.

    Attributes:
        text: The quotations, each with its ``[n]``; :data:`ABSTENTION` when there are none.
        citations: One for each ``[n]``, in the order of the text; the quote is verbatim.
        abstained: Whether the sources do not hold it.
        confidence: Score of the best quotation, 0–1; how near the evidence came.
        short: For a question with a blank: what may fill it; a guess.
    """

    text: str
    citations: list[Citation] = field(default_factory=list)
    abstained: bool = False
    confidence: float = 0.0
    short: str = ""


@dataclass(frozen=True, slots=True)
class ExtractiveAnswerer:
    """Answers from evidence by quoting it.

    Attributes:
        encoder: Text encoder for nearness of meaning; None for words alone.
        max_quotes: Sentences or lines of lettering at most.
        max_encoded: Candidates at most that are embedded for a question.

    Example:
        >>> from xmrag_plugin.answers.context import Evidence
        >>> node = Evidence(1, "a", "tea.md", "Tea is a drink. Green tea is brewed at 80 °C.")
        >>> ExtractiveAnswerer().answer("How hot is green tea brewed?", [node]).text
        '“Green tea is brewed at 80 °C.” [1]'
    """

    encoder: TextEncoder | None = None
    max_quotes: int = 3
    max_encoded: int = 32

    def answer(
        self, question: str, evidence: Sequence[Evidence], *, abstention_threshold: float = 0.0
    ) -> ExtractiveAnswer:
        """Quote what answers ``question`` best.

        Args:
            question: The words of the question; empty for a picture alone.
            evidence: Numbered evidence, best first.
            abstention_threshold: Below this top p(relevant) the answer is that the sources do not
                hold it, unless every telling word of the question stands in one piece of evidence.
        """
        if not evidence or below_threshold(question, evidence, abstention_threshold):
            return ExtractiveAnswer(ABSTENTION, abstained=True)
        if evidence[0].is_sound:
            return _compose([], [], _heard(evidence)[: self.max_quotes])
        cue = answer_cue(question)
        wanted = content_terms(question)
        units = quotables(evidence, cue)
        if not wanted or not units:
            return self._nearest(evidence)
        weights = _idf(units, wanted)
        own = _own_coverage(evidence, question, wanted)
        self._score(question, units, weights, own, cue)
        best = max(units, key=lambda unit: unit.score)
        if _nothing_near(evidence, units, own, abstention_threshold):
            return ExtractiveAnswer(ABSTENTION, abstained=True, confidence=min(max(best.score, 0.0), 1.0))
        chosen = self._choose(units, weights, own)
        answer = _compose(chosen, _figures(chosen, evidence, cue, own))
        if cue.blank and self.encoder is not None:
            answer.short = fill_blank(question, [unit.quote for unit in chosen], self.encoder)
        return answer

    def _nearest(self, evidence: Sequence[Evidence]) -> ExtractiveAnswer:
        """For a question without words: what the nearest evidence says."""
        top = evidence[0]
        quotes = sentences(top.caption or top.text)[: self.max_quotes]
        unit = Quotable(top, 0, " ".join(quotes), Counter(), set(), figure=top.is_figure)
        return _compose([] if top.is_figure else [unit], [top] if top.is_figure else [])

    def _score(
        self,
        question: str,
        units: list[Quotable],
        weights: dict[str, float],
        own: dict[int, float],
        cue: AnswerCue,
    ) -> None:
        whole = sum(weights.values())
        for unit in units:
            gained = sum(weight for term, weight in weights.items() if term in unit.terms)
            beside = sum(
                weight for term, weight in weights.items() if term not in unit.terms and term in unit.context
            )
            unit.lexical = (gained + 0.35 * beside) / whole
        best = max(
            [unit.evidence.probability for unit in units if unit.evidence.probability is not None],
            default=None,
        )
        if self.encoder is not None:
            self._embed(question, units)
        fullest = max(own.values()) or 1.0
        for unit in units:
            probability = unit.evidence.probability
            prior = probability if probability is not None else 1.0 / (1.0 + 0.15 * (unit.evidence.n - 1))
            if best and probability is not None:
                prior = 0.5 * prior + 0.5 * prior / best
            near = unit.lexical if self.encoder is None else 0.5 * unit.lexical + 0.5 * unit.semantic
            typed = 0.08 if cue.kind and holds_answer_type(cue.kind, unit.quote) else 0.0
            length = len(unit.quote.split())
            unit.score = near + 0.15 * prior + 0.15 * own[unit.evidence.n] + typed
            unit.score -= 0.004 * max(length - 45, 0) + (0.06 if length < 4 and not unit.lettering else 0.0)
            if unit.field_score:
                # Of forms that look alike, the one with the name and the date that are asked for.
                fit = own[unit.evidence.n] / fullest
                unit.score += 0.35 * min(unit.field_score, 2.0) * (0.3 + 0.7 * fit) if fit >= 0.6 else -0.3
            elif unit.lettering:
                unit.score -= 0.05

    def _embed(self, question: str, units: list[Quotable]) -> None:
        assert self.encoder is not None
        prose = [unit for unit in units if not unit.lettering]
        prose.sort(key=lambda unit: -(unit.lexical + 0.3 / unit.evidence.n))
        prose = prose[: self.max_encoded]
        if not prose:
            return
        asked = self.encoder.encode_texts([question], role="query")[0]
        held = self.encoder.encode_texts([unit.quote for unit in prose], role="document")
        for unit, similarity in zip(prose, held @ asked, strict=True):
            unit.semantic = max(float(similarity), 0.0)

    def _choose(
        self, units: list[Quotable], weights: dict[str, float], own: dict[int, float]
    ) -> list[Quotable]:
        """The best units that each add something, as they are to be read."""
        ranked = sorted(units, key=lambda unit: (-unit.score, unit.evidence.n, unit.order))
        chosen: list[Quotable] = []
        met: set[str] = set()
        told: list[set[str]] = []
        for unit in ranked:
            if len(chosen) >= self.max_quotes or (chosen and unit.score < 0.72 * chosen[0].score):
                break
            words = set(unit.terms)
            if any(
                len(words & other) >= 0.7 * min(len(words), len(other)) for other in told if other and words
            ) and not (
                unit.lettering and normalised(unit.quote) not in {normalised(held.quote) for held in chosen}
            ):
                continue
            fresh = sum(weight for term, weight in weights.items() if term in words and term not in met)
            idle = fresh < 0.1 * sum(weights.values()) and not unit.field_score
            if chosen and idle and unit.score < 0.8 * chosen[0].score:
                continue
            if chosen and chosen[0].field_score and not _same_field(unit, chosen, own):
                continue
            chosen.append(unit)
            met |= words
            told.append(words)
        first = {unit.evidence.n: place for place, unit in reversed(list(enumerate(chosen)))}
        return sorted(chosen, key=lambda unit: (first[unit.evidence.n], unit.order))


def _same_field(unit: Quotable, chosen: Sequence[Quotable], own: dict[int, float]) -> bool:
    """Whether a field belongs beside the chosen one: of the same form, or of another that fits as well."""
    first = chosen[0]
    if not unit.field_score:
        return False
    if unit.evidence.n == first.evidence.n:
        return True
    return unit.evidence.n not in {held.evidence.n for held in chosen} and own[unit.evidence.n] >= max(
        own[first.evidence.n] - 0.01, 0.3
    )


def _idf(units: Sequence[Quotable], wanted: Sequence[str]) -> dict[str, float]:
    count = len(units) + 8  # smoothed, so that a handful of sentences does not make every word common
    weights = {}
    for term in wanted:
        held = sum(1 for unit in units if term in unit.terms)
        weights[term] = math.log(1.0 + (count - held + 0.5) / (held + 0.5))
    return weights


def _own_coverage(evidence: Sequence[Evidence], question: str, wanted: Sequence[str]) -> dict[int, float]:
    """How much of the question each piece of evidence holds as a whole; dates in any writing.

    What all of the evidence holds tells its pieces apart no more, and counts for less.
    """
    asked = dates(question)
    spoken = {term for _, text, _ in asked for term in terms(text)}
    holding = {item.n: set(terms(item.words)) | set(terms(item.source)) for item in evidence}
    weights = {}
    for term in wanted:
        count = sum(term in held for held in holding.values())
        weights[term] = math.log(1.0 + (len(evidence) + 2 - count + 0.5) / (count + 0.5))
    whole = sum(weights.values())
    found = {}
    for item in evidence:
        held = holding[item.n]
        gained = sum(weight for term, weight in weights.items() if term in held and term not in spoken)
        if asked:
            there = dates(item.words)
            match = sum(holds_date(days, there) for days, _, _ in asked) / len(asked)
            gained += match * sum(weight for term, weight in weights.items() if term in spoken)
        found[item.n] = gained / whole
    return found


def below_threshold(question: str, evidence: Sequence[Evidence], threshold: float) -> bool:
    """Whether p(the collection holds it), or else the top p(relevant), says that the sources do not hold it.

    A question whose names, numbers and dates stand together in one piece of evidence is let through
    all the same: that is surer than any fitted threshold.

    Args:
        question: Its words.
        evidence: Numbered evidence.
        threshold: As :attr:`CrossModalIndex.abstention_threshold` gives it; 0 for none.
    """
    known = [p for item in evidence if (p := item.answerable) is not None]
    if not known or threshold <= 0 or max(known) >= threshold:
        return False
    return not _met_exactly(question, evidence)


def _met_exactly(question: str, evidence: Sequence[Evidence]) -> bool:
    """Whether one piece of evidence has the question's date or long number, and its names with it."""
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


def _nothing_near(
    evidence: Sequence[Evidence], units: Sequence[Quotable], own: dict[int, float], threshold: float
) -> bool:
    """Without a threshold on p(relevant): hardly a word in common, and no sentence near in meaning."""
    if threshold > 0 and any(item.probability is not None for item in evidence):
        return False
    return max(own.values()) < 0.2 and max((unit.semantic for unit in units), default=0.0) < 0.35


def _figures(
    chosen: Sequence[Quotable], evidence: Sequence[Evidence], cue: AnswerCue, own: dict[int, float]
) -> list[Evidence]:
    """The figure to point to: one that is asked for, or that belongs to what is quoted."""
    quoted = {unit.evidence.n for unit in chosen}
    pictures = [item for item in evidence if item.is_figure]
    if not pictures or any(item.n in quoted for item in pictures):
        return []
    best = max(pictures, key=lambda item: (item.probability or 0.0) + own[item.n])
    if cue.kind == "figure":
        return [best]
    linked = {
        identity
        for unit in chosen
        for identity in str(unit.evidence.metadata.get("figures") or "").split(",")
        if identity
    }
    for item in pictures:
        if item.node_id in linked and own[item.n] >= 0.5 * max(own.values()):
            return [item]
    top = max((item.probability or 0.0) for item in evidence)
    near = own[best.n] >= 0.6 * max(own.values()) and (best.probability or 0.0) >= 0.8 * top
    return [best] if near and best.n <= 3 else []


def _heard(evidence: Sequence[Evidence]) -> list[Evidence]:
    """The sounds that answer about as well as the first one does: there is nothing to quote of them."""
    top = evidence[0].probability or 0.0
    return [item for item in evidence if item.is_sound and (item.probability or 0.0) >= 0.7 * top]


def _compose(
    chosen: Sequence[Quotable], figures: Sequence[Evidence], sounds: Sequence[Evidence] = ()
) -> ExtractiveAnswer:
    parts: list[str] = []
    citations: list[Citation] = []
    for unit in chosen:
        quote = (
            " · ".join(" ".join(line.split()) for line in unit.quote.splitlines())
            if unit.lettering
            else unit.quote
        )
        # A document's own "[3]" must not pass for a citation.
        quote = re.sub(r"\[(\d[\d,\s–-]*)\]", r"(\1)", " ".join(quote.split()))
        parts.append(f"“{quote}” [{unit.evidence.n}]")
        citations.append(unit.evidence.citation(unit.quote))
    for figure in figures:
        name = figure.label or "Figure"
        said = figure.bare_caption or next(iter(sentences(figure.text)), "") or figure.source
        parts.append(f"{name}: “{said}” [{figure.n}]")
        citations.append(figure.citation(said))
    for sound in sounds:
        parts.append(f"Sound of {sound.place} [{sound.n}]")
        citations.append(sound.citation())
    best = max((unit.score for unit in chosen), default=0.5)
    return ExtractiveAnswer(" ".join(parts), citations, confidence=min(max(best, 0.0), 1.0))
