"""How well a span answers a question: a weighted sum of eight named terms.

What each term is worth is shown by leaving it out: ``benchmarks/extractive/run.py`` prints the table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from ...search.page_references import asked_pages, printed_pages
from ...text.labels import find_labels, opening_label
from ...text.quantities import dates, holds_date
from ...text.terms import terms
from ...types import Key, split_ids
from ..context import Evidence
from .candidate_spans import Candidate
from .question_type import AskedFor, holds_answer_type, other_particles

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["TextEncoder", "Weights", "evidence_coverage", "named_places", "score", "term_weights"]

_SMOOTHING = (
    8  # candidates that hold no term, as if there were so many more: a handful tells little of rarity
)
_RANK_DISCOUNT = 0.15
_LONG, _SHORT = 45, 4  # words; longer ones bury the answer, shorter ones seldom hold it
_PER_WORD = 0.07
_ECHO = (
    2.0  # of the length term, for a span that says nothing but the question's own words: such as a heading
)
_POINTS_ON = 4.0  # of the length term, for a span that says nothing itself
_OTHER_FORM = 0.8  # of the best coverage; below, a field stands on another form than the one asked for


class TextEncoder(Protocol):
    """The part of :class:`~xmrag_plugin.encoders.Encoder` that is needed here."""

    def encode_texts(
        self, texts: Sequence[str], *, role: Literal["query", "document"] = "document"
    ) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class Weights:
    """What each scoring term is worth.

    Attributes:
        words: Share of the question's terms in the span, rare ones weighing more; a verb with another particle
            ("turn off" for "turn on") is another word.
        context: Share of those that stand only around it: heading, caption, sentence before, table head.
        meaning: Cosine of question and span, by the encoder; the weight goes to ``words`` without one.
        relevance: p(relevant) of the node, half of it against the best node's.
        coverage: Share of the question's terms in the node as a whole, dates in any writing.
        answer_type: Whether the span holds a date, a number, a name … where that is asked for; an item of a list
            where steps are.
        field: How well a field's label is what is asked for, on the form that is asked for.
        page: How much more of the question's terms stand on the node's page than in the node: the rest of a page speaks
            for it. Read off fifty questions about PDFs (``benchmarks/checking/boxes.py``), with those left out beside.
        place: Whether the question names the node's page or figure: "on page 3", "in Figure 2".
        length: Taken off for spans that are very long, very short, loose lines of lettering, the question over again,
            and most for those that point at what is said elsewhere: headings, questions, the words before a list.
    """

    words: float = 0.5
    context: float = 0.175
    meaning: float = 0.5
    relevance: float = 0.15
    coverage: float = 0.15
    answer_type: float = 0.15
    field: float = 0.6
    page: float = 0.3
    place: float = 0.4
    length: float = 0.06


def score(
    question: str,
    asked: AskedFor,
    spans: Sequence[Candidate],
    evidence: Sequence[Evidence],
    *,
    wanted: dict[str, float],
    coverage: dict[int, float],
    encoder: TextEncoder | None,
    max_encoded: int,
    weights: Weights,
) -> None:
    """Set the scores of spans, ``total`` among them.

    Args:
        question: Its words.
        asked: What it asks for.
        spans: What can be quoted.
        evidence: Where it stands, with what cannot be quoted.
        wanted: Its content terms with their weights, as :func:`term_weights` gives them.
        coverage: By number of evidence, as :func:`evidence_coverage` gives it.
        encoder: For ``meaning``; None for words alone.
        max_encoded: Spans at most that are embedded.
        weights: Of the scoring terms.
    """
    whole = sum(wanted.values()) or 1.0
    fullest = max(coverage.values(), default=0.0) or 1.0
    probable = _probabilities(evidence)
    best = max((probable[span.evidence.n] or 0.0 for span in spans), default=0.0)
    pages = _page_gain(evidence, wanted, asked)
    places = named_places(question, evidence)
    said = set(terms(question, asked.language))
    for span in spans:
        own, around = span.terms, span.context - span.terms
        fit = coverage[span.evidence.n] / fullest
        unlike = other_particles(asked, span.quote)
        span.scores = {
            "words": sum(w * (1.0 - unlike.get(term, 0.0)) for term, w in wanted.items() if term in own)
            / whole,
            "context": sum(weight for term, weight in wanted.items() if term in around) / whole,
            "meaning": 0.0,
            "relevance": _relevance(span.evidence, probable, best),
            "coverage": coverage[span.evidence.n],
            "answer_type": float(span.list_item)
            if asked.kind == "steps"
            else holds_answer_type(asked, span.quote),
            "field": _field(span.field_match, fit),
            "page": pages[span.evidence.n],
            "place": float(span.evidence.n in places),
            "length": -_misshapen(span) - _ECHO * float(span.terms <= said) - _POINTS_ON * span.says_nothing,
        }
    if encoder is not None and weights.meaning:
        _embed(question, spans, encoder, max_encoded)
    factors = asdict(weights)
    if encoder is None:
        factors["words"] += factors["meaning"]
        factors["context"] *= factors["words"] / weights.words if weights.words else 1.0
    for span in spans:
        span.scores["total"] = sum(factors[name] * value for name, value in span.scores.items())


def _probabilities(evidence: Sequence[Evidence]) -> dict[int, float | None]:
    """Return p(relevant) by number; a passage has at least that of the figures it refers to: it says what they show."""
    of_node = {item.node_id: item.probability for item in evidence}
    found: dict[int, float | None] = {}
    for item in evidence:
        shown = [] if item.is_figure else split_ids(item.metadata.get(Key.FIGURES))
        known = [p for node_id in (item.node_id, *shown) if (p := of_node.get(node_id)) is not None]
        found[item.n] = max(known, default=None)
    return found


def _relevance(item: Evidence, probable: dict[int, float | None], best: float) -> float:
    """Return a node's p(relevant), half of it against the best node's; by rank where none is known."""
    probability = probable[item.n]
    if probability is None:
        return 1.0 / (1.0 + _RANK_DISCOUNT * (item.n - 1))
    return 0.5 * probability + (0.5 * probability / best if best else 0.0)


def _page_gain(items: Sequence[Evidence], wanted: dict[str, float], asked: AskedFor) -> dict[int, float]:
    """Return how much more of the question each page holds than the piece of evidence itself, by its number."""
    whole = sum(wanted.values()) or 1.0
    held: dict[int, dict[str, float]] = {}
    pages: dict[tuple[str, int], dict[str, float]] = {}
    for item in items:
        unlike = other_particles(asked, item.words)
        own = {
            term: 1.0 - unlike.get(term, 0.0) for term in {*terms(item.words, asked.language)} & wanted.keys()
        }
        held[item.n] = own
        if item.page is not None:
            page = pages.setdefault((item.source, item.page), {})
            page.update({term: max(share, page.get(term, 0.0)) for term, share in own.items()})
    return {
        item.n: sum(
            wanted[term] * max(0.0, share - held[item.n].get(term, 0.0))
            for term, share in pages.get((item.source, item.page or -1), {}).items()
        )
        / whole
        for item in items
    }


def named_places(question: str, items: Sequence[Evidence]) -> set[int]:
    """Return the numbers of the evidence whose page or figure a question names; pages as counted or as printed."""
    pages = asked_pages(question)
    labels = {(kind, number) for kind, number, _ in find_labels(question)}
    last: dict[str, int] = {}
    if min(pages, default=0) < 0:
        # Search puts the pages that are counted from the end among the evidence: there is none behind them.
        for item in items:
            last[item.source] = max(last.get(item.source, 0), item.page or 0)
    found = set()
    for item in items:
        label = opening_label(item.label or item.caption)
        if (
            item.page in pages
            or not pages.isdisjoint(printed_pages(item.metadata))
            or (item.page is not None and item.page == last.get(item.source))
            or (label is not None and (label.kind, label.number) in labels)
        ):
            found.add(item.n)
    return found


def _field(match: float, fit: float) -> float:
    """Return what a field's label is worth: little on forms that fit the question less than the best one."""
    if not match:
        return 0.0
    return match * fit if fit >= _OTHER_FORM else -0.5


def _misshapen(span: Candidate) -> float:
    words = len(span.quote.split())
    if span.field_match:
        return 0.0
    return _PER_WORD * max(words - _LONG, 0) + float(span.lettering or words < _SHORT)


def _embed(question: str, spans: Sequence[Candidate], encoder: TextEncoder, most: int) -> None:
    """Set ``meaning`` of the spans that promise most by their words and their evidence."""
    ranked = sorted(
        (span for span in spans if not span.lettering or span.field_match),
        key=lambda span: (
            -(span.scores["words"] + 0.35 * span.scores["context"] + span.field_match + 0.3 / span.evidence.n)
        ),
    )[:most]
    if not ranked:
        return
    asked = encoder.encode_texts([question], role="query")[0]
    held = encoder.encode_texts([span.shown for span in ranked], role="document")
    for span, similarity in zip(ranked, held @ asked, strict=True):
        span.scores["meaning"] = max(float(similarity), 0.0)


def term_weights(wanted: Sequence[str], holders: Sequence[set[str]]) -> dict[str, float]:
    """Return the weight of each term: its idf among texts, smoothed.

    Args:
        wanted: Terms.
        holders: The terms of each text.
    """
    count = len(holders) + _SMOOTHING
    weights = {}
    for term in wanted:
        held = sum(term in holder for holder in holders)
        weights[term] = math.log(1.0 + (count - held + 0.5) / (held + 0.5))
    return weights


def evidence_coverage(
    question: str, wanted: Sequence[str], evidence: Sequence[Evidence], asked_for: AskedFor
) -> dict[int, float]:
    """Return how much of the question each piece of evidence holds as a whole, by its number.

    A date is met in any writing. What all of the evidence holds tells its pieces apart no more, and counts
    for less.
    """
    language = asked_for.language
    asked = dates(question)
    spoken = {term for _, text, _ in asked for term in terms(text, language)}
    holding = {
        item.n: set(terms(item.words, language)) | set(terms(item.source, language)) for item in evidence
    }
    weights = term_weights(wanted, [*holding.values()])
    whole = sum(weights.values()) or 1.0
    found = {}
    for item in evidence:
        held = holding[item.n]
        unlike = other_particles(asked_for, item.words)
        gained = sum(
            weight * (1.0 - unlike.get(term, 0.0))
            for term, weight in weights.items()
            if term in held and term not in spoken
        )
        if asked:
            there = dates(item.words)
            match = sum(holds_date(days, there) for days, _, _ in asked) / len(asked)
            gained += match * sum(weight for term, weight in weights.items() if term in spoken)
        found[item.n] = gained / whole
    return found
