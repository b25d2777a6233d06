"""Ask a knowledge base every question of a set for its hits and an answer, and measure both."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import XmragError
from ..search.questions import as_question
from ..text.quantities import holds_quantity, quantities
from ..text.terms import normalised
from ..types import BBox, Hit, Key, Modality, split_ids
from .dataset import EvalQuery, Relevant
from .metrics import CUTOFF, score, score_by_modality

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

    from ..index import CrossModalIndex

__all__ = ["FIGURES", "Outcome", "measure"]

FIGURES: Mapping[str, tuple[str, bool]] = {
    "recall@1": ("what answers is the first hit", True),
    "recall@5": ("what answers is among five hits", True),
    "recall@10": ("what answers is among ten hits", True),
    "ndcg@10": ("normalised discounted gain of ten hits", True),
    "mrr": ("one over the rank of the first hit that answers", True),
    "wrong_picture": ("of questions for a picture: the first picture found is another", False),
    "answer_right": ("of questions with a known number or words: the answer has them", True),
    "citation_precision": (
        "of an answer's citations: those of the place that the question was made of",
        True,
    ),
    "citation_supported": ("of an answer's citations: those that the checker found to hold", True),
    "box_overlap": ("intersection over union of the cited region and the known one", True),
    "refused": ("of questions that the collection answers: those refused", False),
    "refused_foreign": ("of questions of another collection: those refused", True),
    "search_ms": ("milliseconds until the hits are there", False),
    "answer_ms": ("milliseconds from the hits to the answer", False),
}
"""What is measured of a question: what it means, and whether more is better."""

_TRIED = 3  # questions that may fail before all are taken to fail


@dataclass(slots=True)
class Outcome:
    """What became of one question.

    Attributes:
        query: What was asked; ``relevant`` is empty for a question of another collection.
        hits: The ten best, best first.
        answer: The answer's words.
        abstained: Whether the collection was said not to hold the answer.
        citations: As in ``ask --json``.
        figures: What was measured, by the names of :data:`FIGURES`; those alone that the question allows.
        by_modality: Metrics of the hits over the relevant items of each modality.
        error: Why there is no answer.
    """

    query: EvalQuery
    hits: list[Hit] = field(default_factory=list)
    answer: str = ""
    abstained: bool = False
    citations: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    by_modality: dict[str, dict[str, float]] = field(default_factory=dict)
    error: str = ""

    @property
    def failures(self) -> list[str]:
        """What went wrong, in words; empty where nothing did."""
        figures = self.figures
        if self.error:
            return [self.error]
        if not self.query.relevant:
            return ["answered, though the collection does not hold it"] if not self.abstained else []
        found = []
        if figures["recall@10"] == 0:
            found.append("not among ten hits")
        if figures.get("wrong_picture"):
            found.append("another picture first")
        if self.abstained:
            found.append("refused, though the collection holds it")
        elif figures.get("answer_right") == 0:
            found.append(f"the answer has no {self.query.expects}")
        elif figures.get("citation_precision") == 0:
            found.append("cites another place")
        return found

    def as_json(self) -> dict[str, Any]:
        """Return the row of the contract of ``eval --json``."""
        return {
            **self.query.as_json(),
            "answer": self.answer,
            "abstained": self.abstained,
            "found": [hit.node_id for hit in self.hits],
            "figures": {name: round(value, 4) for name, value in self.figures.items()},
            "failures": self.failures,
        }


def measure(
    index: CrossModalIndex,
    queries: Sequence[EvalQuery],
    *,
    foreign: Sequence[EvalQuery] = (),
    llm: LLM | str | None = None,
    fusion: str = "calibrated",
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Outcome]:
    """Ask every question for its hits and an answer.

    Args:
        index: The knowledge base.
        queries: Questions with what answers them.
        foreign: Questions that it cannot answer.
        llm: What writes the answers; the index's own when not given.
        fusion: As for :meth:`~xmrag_plugin.CrossModalIndex.search`.
        progress: Called with ``(stage, done, total)``.

    Raises:
        XmragError: If the first questions all fail; later ones that fail are told of in their outcome.
    """
    asked = [*queries, *(EvalQuery(q.id, q.text, q.image, q.kind, ()) for q in foreign)]
    outcomes: list[Outcome] = []
    for query in asked:
        try:
            outcomes.append(_ask(index, query, llm, fusion))
        except XmragError as error:
            outcomes.append(Outcome(query, error=error.message, figures=_nothing(query)))
            if len(outcomes) >= min(_TRIED, len(asked)) and all(outcome.error for outcome in outcomes):
                raise
        if progress is not None:
            progress("questions", len(outcomes), len(asked))
    return outcomes


def _nothing(query: EvalQuery) -> dict[str, float]:
    """Return the figures of a question that could not be asked: nothing was found."""
    return score([], query.relevant) if query.relevant else {}


def _ask(index: CrossModalIndex, query: EvalQuery, llm: LLM | str | None, fusion: str) -> Outcome:
    images = (query.image,) if query.image else ()
    question = as_question(query.text, images=images, settings=index.settings)
    started = time.perf_counter()
    hits = index.find(question, k=CUTOFF, where=query.within, fusion=fusion).hits
    found = time.perf_counter()
    named = llm is not None or index.llm is not None or index.settings.llm not in ("auto", "none")
    response = index.answer_from(question, hits, llm, extractive_fallback=not named)
    ended = time.perf_counter()
    outcome = Outcome(query, hits, response.answer_words(), response.abstained, response.citations)
    figures = outcome.figures
    figures |= {"search_ms": 1000 * (found - started), "answer_ms": 1000 * (ended - found)}
    if not query.relevant:
        figures["refused_foreign"] = float(outcome.abstained)
        return outcome
    figures |= score(hits, query.relevant)
    outcome.by_modality = score_by_modality(hits, query.relevant)
    if (wrong := _wrong_picture(hits, query.relevant)) is not None:
        figures["wrong_picture"] = wrong
    figures["refused"] = float(outcome.abstained)
    if not outcome.abstained:
        figures |= _of_answer(index, outcome)
    elif query.expects:
        figures["answer_right"] = 0.0
    return outcome


def _wrong_picture(hits: Sequence[Hit], relevant: Sequence[Relevant]) -> float | None:
    """Return 1 where the first picture found is another than the one wanted; None where none is wanted or found."""
    wanted = [item for item in relevant if item.media_hash or item.modality == Modality.IMAGE]
    first = next((hit for hit in hits if hit.modality == Modality.IMAGE), None)
    if not wanted or first is None:
        return None
    return float(not any(item.matches(first) for item in wanted))


def _of_answer(index: CrossModalIndex, outcome: Outcome) -> dict[str, float]:
    """Return what is measured of an answer that was given: its words, its citations, their regions."""
    query, figures = outcome.query, dict[str, float]()
    if query.expects:
        figures["answer_right"] = float(_holds(outcome.answer, query.expects))
    if not outcome.citations:
        return figures
    records = index.kb.catalog.nodes(str(row.get("node_id") or "") for row in outcome.citations)
    cited = [(row, records.get(str(row.get("node_id") or ""))) for row in outcome.citations]
    cited_hits = [(row, Hit(0, 0.0, None, record)) for row, record in cited if record is not None]
    pictures = {
        node.node_id
        for item in query.relevant
        if item.media_hash
        for node in index.kb.catalog.nodes_with_media(item.media_hash)
    }
    right = [
        row
        for row, hit in cited_hits
        if any(item.matches(hit) for item in query.relevant)
        or pictures & set(split_ids(hit.metadata.get(Key.FIGURES)))
    ]
    count = len(outcome.citations)
    figures["citation_precision"] = len(right) / count
    figures["citation_supported"] = sum(bool(row["supported"]) for row in outcome.citations) / count
    overlaps = [
        _overlap(item.bbox, tuple(row["bbox"]))
        for row, hit in cited_hits
        for item in query.relevant
        if item.bbox and row.get("bbox") and row.get("page") == item.page and item.matches(hit)
    ]
    if overlaps:
        figures["box_overlap"] = max(overlaps)
    return figures


def _holds(answer: str, expected: str) -> bool:
    """Whether an answer has a number, with its unit where it names one, or words."""
    wanted = quantities(expected)
    if wanted and re.match(r"[^\w]*\d", expected):
        return holds_quantity(wanted[0], quantities(answer))
    return normalised(expected) in normalised(answer)


def _overlap(one: BBox, other: BBox) -> float:
    """Return the intersection over the union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(width, 0.0) * max(height, 0.0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return both / (areas - both) if areas > both else 0.0
