"""From a generator's words, or none, to a checked answer with its metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..types import Citation
from .attribution import attribute
from .citations import check_citations, has_marks
from .context import Evidence
from .extractive.answerer import ABSTENTION, ExtractiveAnswerer
from .prompt import is_abstention
from .response_modes import Outcome, combined_report

__all__ = ["Answered", "finish_answer", "finish_structured", "late_marks", "quoted_answer"]


@dataclass(slots=True)
class Answered:
    """An answer that is ready to be handed on.

    Attributes:
        text: With its citations.
        metadata: For ``response.metadata``.
        filled: The instance, for a structured answer.
    """

    text: str
    metadata: dict[str, Any]
    filled: Any = None


def quoted_answer(
    answerer: ExtractiveAnswerer,
    question: str,
    evidence: Sequence[Evidence],
    *,
    threshold: float,
    skipped: Sequence[dict[str, str]] = (),
) -> Answered:
    """The extractive answer; ``skipped`` names the generators above it and why they were left."""
    answer = answerer.answer(question, evidence, abstention_threshold=threshold)
    metadata = _metadata(
        answer.citations,
        {"name": "extractive", "model": None, "skipped": list(skipped)},
        abstained=answer.abstained,
    )
    metadata["confidence"] = round(answer.confidence, 4)
    if answer.short:
        metadata["short_answer"] = answer.short
    return Answered(answer.text, metadata)


def finish_answer(
    outcome: Outcome,
    question: str,
    evidence: Sequence[Evidence],
    generator: dict[str, Any],
    *,
    must_cite: bool = True,
) -> Answered:
    """Check what a generator wrote.

    An answer without any citation is given them where sentences of the evidence bear it out; where
    none does, the nearest evidence is named and marked as not holding it.
    """
    text = outcome.text.strip()
    if is_abstention(text):
        return Answered(text or ABSTENTION, _extra(_metadata([], generator, abstained=True), outcome))
    if not has_marks(text):
        text = attribute(text, evidence, question=question)
    checked = check_citations(text, evidence)
    if not checked.citations and evidence and must_cite:
        nearest = evidence[0]
        text = f"{checked.text} [{nearest.n}?]"
        citations = [nearest.citation("", supported=False)]
    else:
        text, citations = checked.text, checked.citations
    metadata = _extra(_metadata(citations, generator), outcome)
    metadata["uncited"] = checked.uncited
    return Answered(text, metadata)


def finish_structured(
    filled: Any, outcome: Outcome, evidence: Sequence[Evidence], generator: dict[str, Any]
) -> dict[str, Any]:
    """Metadata of a structured answer: the citations in its texts, checked."""
    citations: dict[int, Citation] = {}
    for text in _texts(filled.model_dump()):
        for citation in check_citations(text, evidence).citations:
            held = citations.setdefault(citation.n, citation)
            held.supported = held.supported and citation.supported
    return _extra(_metadata(list(citations.values()), generator), outcome)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, (list, tuple, set)):
        for part in value:
            yield from _texts(part)


def _metadata(
    citations: Sequence[Citation], generator: dict[str, Any], *, abstained: bool = False
) -> dict[str, Any]:
    return {
        "citations": [citation.as_json() for citation in citations],
        "abstained": abstained,
        "generator": generator,
    }


def _extra(metadata: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    metadata["injection"] = combined_report(outcome.injections)
    if outcome.marginal is not None:
        metadata["marginal"] = outcome.marginal
    return metadata


def late_marks(streamed: str, checked: str) -> str:
    """Citations that came with the check, to be sent behind a stream that had none."""
    if has_marks(streamed):
        return ""
    marks = re.findall(r"\[\d{1,3}\??\]", checked)
    return " " + "".join(dict.fromkeys(marks)) if marks else ""
