"""What can be quoted: sentences of texts, lines of lettering, fields with their labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...text.sentences import sentences
from ...text.terms import normalised, terms
from ..context import Evidence
from .question_type import AnswerCue, Field, find_fields
from .totals import find_totals

__all__ = ["Quotable", "quotables"]


@dataclass(slots=True)
class Quotable:
    """A sentence, a line of lettering with its value, or a figure as a whole."""

    evidence: Evidence
    order: int
    quote: str
    terms: Counter[str]
    context: set[str]
    lettering: bool = False
    figure: bool = False
    field_score: float = 0.0
    lexical: float = 0.0
    semantic: float = 0.0
    score: float = 0.0


def quotables(evidence: Sequence[Evidence], cue: AnswerCue) -> list[Quotable]:
    """All that can be quoted, each text once; lettering of different pictures is kept apart."""
    found: list[Quotable] = []
    seen: set[tuple[str, str]] = set()
    for item in evidence:
        lines = [line.strip() for line in item.ocr.splitlines() if line.strip()]
        shown = set(lines)
        prose = [sentence for sentence in sentences(_without(item.text, item.ocr)) if sentence not in shown]
        heading = set(terms(item.heading)) | set(terms(item.caption))
        for order, sentence in enumerate(prose):
            around = set(heading)
            if order:
                around |= set(terms(prose[order - 1]))
            _add(found, seen, Quotable(item, order, sentence, Counter(terms(sentence)), around))
        if lines:
            _add_lettering(found, seen, item, lines, len(prose), cue)
    return found


def _add(found: list[Quotable], seen: set[tuple[str, str]], unit: Quotable) -> None:
    # Lettering is kept for each picture: two receipts may both say "TOTAL 9.00".
    key = (unit.evidence.node_id if unit.lettering else "", normalised(unit.quote))
    if key[1] and key not in seen:
        seen.add(key)
        found.append(unit)


def _without(text: str, lettering: str) -> str:
    return text.replace(lettering, "\n\n") if lettering else text


def _add_lettering(
    found: list[Quotable],
    seen: set[tuple[str, str]],
    item: Evidence,
    lines: list[str],
    start: int,
    cue: AnswerCue,
) -> None:
    all_terms = set(terms(item.words))
    fields: list[Field] = []
    if cue.kind == "total":
        fields = find_totals(lines)
        top = fields[0].score if fields else 0.0
        fields = [
            replace(total, score=2.0 * total.score / top)
            for total in fields[:3]
            if top > 0 and total.score >= 0.55 * top
        ]
    if not fields:
        fields = find_fields(lines, cue)[:3]
    for rank, held in enumerate(fields):
        quote = "\n".join(lines[index] for index in held.lines)
        unit = Quotable(item, start + held.lines[0], quote, Counter(terms(quote)), all_terms, lettering=True)
        unit.field_score = held.score - 0.01 * rank
        _add(found, seen, unit)
    for index, line in enumerate(lines):
        unit = Quotable(item, start + index, line, Counter(terms(line)), all_terms, lettering=True)
        _add(found, seen, unit)
