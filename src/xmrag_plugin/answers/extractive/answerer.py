"""The answer without a model: quotations chosen from the evidence.

Sentences, rows of tables, fields of forms and figures that answer best are chosen by the scoring terms of
:mod:`.scoring` and quoted with ``[n]``; where none is near, the answer is that the sources do not hold it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ...text.sentences import sentences
from ...text.terms import content_terms, normalised, numbered_words, stem
from ...types import Citation, Key, split_ids
from ..context import Evidence
from .candidate_spans import Candidate, candidates, is_loose
from .question_type import (
    WRITTEN_KINDS,
    AskedFor,
    asks_nothing,
    puts_no_question,
    read_question,
    without_quantity,
)
from .scoring import TextEncoder, Weights, evidence_coverage, named_places, score, term_weights
from .sufficiency import Sufficiency, below_threshold, lacks_thing

__all__ = [
    "ABSTENTION",
    "REMARK_ANSWER",
    "ExtractiveAnswer",
    "ExtractiveAnswerer",
    "TextEncoder",
    "below_threshold",
]

ABSTENTION = "The sources do not hold it."
"""What is answered when nothing in the evidence is near."""
REMARK_ANSWER = (
    "I answer questions about these sources by quoting them. Your message names nothing that they hold."
)
"""What is answered instead to a message that puts no question, such as thanks."""

_MIN_OF_BEST = 0.72  # share of the best score that a further quotation needs …
_MIN_OF_BEST_NEW = 0.45  # … and one that brings this share of the question's terms, not quoted so far:
_NEW_TERMS = 0.25
_MUCH_LESS = 0.5  # of p(relevant)
_SAME_WORDS = 0.7  # share of the shorter's terms from which two spans say the same
_MAX_STEPS = 8
_UNSURE = 0.5  # confidence where there are no words to go by
_MIN_COVERAGE, _MIN_MEANING = 0.2, 0.35  # below both, nothing is near


@dataclass(slots=True)
class ExtractiveAnswer:
    """An answer made of quotations.

    Attributes:
        text: The quotations, each with its ``[n]``; :data:`ABSTENTION` or :data:`REMARK_ANSWER` when there are none.
        citations: One for each source, in the order of first mention; the quote is verbatim, further ones
            from the same source on lines of their own.
        abstained: Whether the sources do not hold it.
        confidence: p(the evidence answers the question), 0–1 (see :class:`~.sufficiency.Sufficiency`).
        quotations: ``(number, words as shown)`` of each: a row with the head of each column before its cell.
    """

    text: str
    citations: list[Citation] = field(default_factory=list)
    abstained: bool = False
    confidence: float = 0.0
    quotations: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ExtractiveAnswerer:
    """Answers from evidence by quoting it.

    Attributes:
        encoder: Text encoder for nearness of meaning; None for words alone.
        max_quotes: Quotations at most; steps aside, which are quoted whole.
        max_encoded: Spans at most that are embedded for a question.
        weights: Of the scoring terms.
        min_confidence: Below this confidence the answer is that the sources do not hold it; 0 to go by
            ``abstention_threshold`` alone. The published curves say what each level costs.

    Example:
        >>> from xmrag_plugin.answers.context import Evidence
        >>> node = Evidence(1, "a", "tea.md", "Tea is a drink. Green tea is brewed at 80 °C.")
        >>> ExtractiveAnswerer().answer("How hot is green tea brewed?", [node]).text
        '“Green tea is brewed at 80 °C.” [1]'
    """

    encoder: TextEncoder | None = None
    max_quotes: int = 3
    max_encoded: int = 32
    weights: Weights = field(default_factory=Weights)
    min_confidence: float = 0.0

    def answer(
        self, question: str, evidence: Sequence[Evidence], *, abstention_threshold: float = 0.0
    ) -> ExtractiveAnswer:
        """Quote what answers a question best.

        Args:
            question: Its words; empty for a picture alone.
            evidence: Numbered evidence, best first.
            abstention_threshold: Below this p(the evidence answers the question) the answer is that the sources
                do not hold it; see :func:`~.sufficiency.below_threshold`.
        """
        if not evidence or below_threshold(question, evidence, abstention_threshold):
            return _abstention(question)
        if evidence[0].is_sound:
            return _compose([], sounds=_best_sounds(evidence)[: self.max_quotes])
        if not question.strip():
            return self._nearest(evidence)
        if asks_nothing(question):
            return _abstention(question)
        asked = read_question(question)
        spans = candidates(question, asked, evidence)
        terms = content_terms(question, asked.language)
        # "Category 3" tells its row from others; the "support 256" of "support 256 colours" stands nowhere.
        terms += [
            both
            for both in numbered_words(question, asked.language)
            if any(both in span.terms for span in spans)
        ]
        said = content_terms(without_quantity(question), asked.language)
        coverage = evidence_coverage(question, said, evidence, asked)
        wanted = term_weights(terms, [span.terms for span in spans])
        score(
            question, asked, spans, evidence, wanted=wanted, coverage=coverage, encoder=self.encoder,
            max_encoded=self.max_encoded, weights=self.weights,
        )  # fmt: skip
        confidence = Sufficiency().probability(question, evidence, max(coverage.values(), default=0.0))
        chosen = self._choose(spans, wanted, coverage)
        places = named_places(question, evidence)
        refused = confidence < self.min_confidence or _nothing_near(asked, spans, coverage, places)
        if refused or not chosen or lacks_thing(asked, evidence, self.encoder):
            # What a page shows that the question names, its words need not say.
            shown = [item for item in evidence if item.is_figure and item.n in places][:1]
            answer = _compose([], figures=shown) if shown else _abstention(question)
            answer.confidence = confidence
            return answer
        if asked.kind == "steps" or _asks_for_list(asked, chosen[0]):
            chosen = _with_steps(chosen, spans)
        if nearer := _nearer_figure(chosen[0], evidence, coverage):
            answer = _compose(chosen, figures=[nearer], figures_first=True)
        else:
            answer = _compose(chosen, figures=_figures(chosen, evidence, asked, coverage))
        answer.confidence = confidence
        return answer

    def _nearest(self, evidence: Sequence[Evidence]) -> ExtractiveAnswer:
        """Return what the nearest evidence says, for a question without words."""
        top = evidence[0]
        if top.is_figure:
            return _compose([], figures=[top])
        spans = candidates("", AskedFor("en"), [top])[: self.max_quotes]
        return _compose(spans) if spans else ExtractiveAnswer(ABSTENTION, abstained=True)

    def _choose(
        self, spans: Sequence[Candidate], wanted: dict[str, float], coverage: dict[int, float]
    ) -> list[Candidate]:
        """Return the best spans that each add something, best first."""
        # Lettering that shares no word with the question may be near in meaning, but says nothing by itself.
        spans = [span for span in spans if not span.lettering or span.scores["words"] > 0 or span.field_match]
        ranked = sorted(spans, key=lambda span: (-span.score, span.evidence.n, span.order))
        chosen: list[Candidate] = []
        met: set[str] = set()
        whole = sum(wanted.values()) or 1.0
        for span in ranked:
            if len(chosen) >= self.max_quotes or (chosen and span.score < _MIN_OF_BEST_NEW * chosen[0].score):
                break
            fresh = sum(weight for term, weight in wanted.items() if term in span.terms - met) / whole
            if chosen and (
                span.says_nothing
                or _of_another(span, chosen[0], wanted)
                or not _adds(span, chosen, fresh, coverage)
            ):
                continue
            chosen.append(span)
            met |= span.terms
        return chosen


def _abstention(question: str) -> ExtractiveAnswer:
    """Return what is said when nothing is quoted; who put no question is told what to ask."""
    remark = bool(question.strip()) and puts_no_question(question)
    return ExtractiveAnswer(REMARK_ANSWER if remark else ABSTENTION, abstained=True)


def _adds(span: Candidate, chosen: Sequence[Candidate], fresh: float, coverage: dict[int, float]) -> bool:
    """Return whether a span says more than those chosen: another part of the question, or as good an answer."""
    first = chosen[0]
    if first.field_match:
        return _is_same_field(span, chosen, coverage)
    if any(_says_same(span, other) for other in chosen):
        return False
    share = span.score / first.score if first.score > 0 else 0.0
    return share >= (_MIN_OF_BEST if fresh < _NEW_TERMS else _MIN_OF_BEST_NEW) and (
        fresh >= 0.1 or share >= 0.8
    )


def _of_another(span: Candidate, first: Candidate, wanted: dict[str, float]) -> bool:
    """Return whether a span beside the best one has another number than the question names: the row of another year."""
    named = {term for term in wanted if term[0].isdigit()} & first.terms
    numbers = {term for term in span.terms if term[0].isdigit()}
    return span.evidence.n == first.evidence.n and bool(named and numbers) and not named & numbers


def _says_same(span: Candidate, other: Candidate) -> bool:
    shorter = min(len(span.terms), len(other.terms))
    return shorter > 0 and len(span.terms & other.terms) >= _SAME_WORDS * shorter


def _is_same_field(span: Candidate, chosen: Sequence[Candidate], coverage: dict[int, float]) -> bool:
    """Return whether a field belongs beside the chosen one: of the same form, or of one that fits as well."""
    first = chosen[0]
    if not span.field_match or normalised(span.quote) in {normalised(held.quote) for held in chosen}:
        return False
    if span.evidence.n == first.evidence.n:
        return not span.amount or span.amount not in {held.amount for held in chosen}
    fits = coverage[span.evidence.n] >= max(coverage[first.evidence.n] - 0.01, 0.3)
    return fits and span.evidence.n not in {held.evidence.n for held in chosen}


def _asks_for_list(asked: AskedFor, best: Candidate) -> bool:
    """Return whether a list is asked for: by the words before it, which name what is asked for and its items do not."""
    named = {stem(word, asked.language) for word in asked.phrases[0]} if asked.phrases else set()
    return best.says_nothing or (best.list_item and bool(named) and named <= best.context - best.terms)


def _with_steps(chosen: Sequence[Candidate], spans: Sequence[Candidate]) -> list[Candidate]:
    """Return the list that the best span opens or stands in, in order, where there is one."""
    best = chosen[0]
    own = [
        span
        for span in spans
        if span.evidence.n == best.evidence.n and not span.lettering and not span.field_match
    ]
    place = own.index(best) if best in own else -1
    if place < 0:
        return list(chosen)
    first = place
    while best.list_item and first > 0 and own[first - 1].list_item:
        first -= 1
    last = place + 1
    while last < len(own) and own[last].list_item:
        last += 1
    steps = own[first:last]
    if len(steps) < 2:
        return list(chosen)
    return steps[max(0, place - first - _MAX_STEPS + 1) :][:_MAX_STEPS]


def _nothing_near(
    asked: AskedFor, spans: Sequence[Candidate], coverage: dict[int, float], places: set[int]
) -> bool:
    """Return whether hardly a word is shared, and no span is near in meaning, or of the type that a named page is asked for.

    An address is told by the way it is written: beside a word of the question it is near.
    """
    if not spans:
        return True
    of_type = [span for span in spans if span.scores["answer_type"] > 0]
    if any(span.evidence.n in places for span in of_type):
        return False
    if asked.kind in WRITTEN_KINDS and any(span.scores["words"] > 0 for span in of_type):
        return False
    meaning = max(span.scores.get("meaning", 0.0) for span in spans)
    return max(coverage.values()) < _MIN_COVERAGE and meaning < _MIN_MEANING


def _figures(
    chosen: Sequence[Candidate], evidence: Sequence[Evidence], asked: AskedFor, coverage: dict[int, float]
) -> list[Evidence]:
    """Return the figure to point to: one that is asked for, or that belongs to what is quoted."""
    quoted = {span.evidence.n for span in chosen}
    pictures = [item for item in evidence if item.is_figure]
    if not pictures or any(item.n in quoted for item in pictures):
        return []
    best = max(pictures, key=lambda item: (item.probability or 0.0) + coverage[item.n])
    if asked.kind == "figure":
        return [best]
    linked = {identity for span in chosen for identity in split_ids(span.evidence.metadata.get("figures"))}
    fullest = max(coverage.values())
    for item in pictures:
        if item.node_id in linked and coverage[item.n] >= 0.5 * fullest:
            return [item]
    top = max((item.probability or 0.0) for item in evidence)
    near = coverage[best.n] >= 0.6 * fullest and (best.probability or 0.0) >= 0.8 * top
    return [best] if near and best.n <= 3 else []


def _nearer_figure(
    best: Candidate, evidence: Sequence[Evidence], coverage: dict[int, float]
) -> Evidence | None:
    """Return the figure that is nearer to the question than what can be quoted: more probable, and with more of its words,
    where the quotation is not of the type that is asked for.

    A table that was drawn has labels and no numbers to quote: it is pointed to before a sentence of another page.
    """
    top = max(evidence, key=lambda item: item.probability or 0.0)
    quoted = best.evidence
    same_page = (quoted.source, quoted.page) == (top.source, top.page)
    beside = same_page or top.node_id in split_ids(quoted.metadata.get(Key.FIGURES))
    nearer = (quoted.probability or 0.0) < _MUCH_LESS * (top.probability or 0.0)
    more = coverage[top.n] > coverage[quoted.n] and best.scores["answer_type"] < 1.0
    return top if top.is_figure and nearer and more and not beside else None


def _named(figure: Evidence) -> str:
    """Return what a figure is called: by its label, or by its kind."""
    return figure.label or ("Table" if figure.metadata.get(Key.KIND) == "table" else "Figure")


def _told(figure: Evidence) -> str:
    """Return what is said of a figure: its description or alt text, or sentences in it; no loose lettering."""
    known = figure.metadata.get(Key.DESCRIPTION) or figure.metadata.get(Key.ALT)
    return str(known or "\n".join(line for line in figure.text.splitlines() if not is_loose(line, figure)))


def _best_sounds(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Return the sounds that answer about as well as the first one: there is nothing to quote of them."""
    top = evidence[0].probability or 0.0
    return [item for item in evidence if item.is_sound and (item.probability or 0.0) >= 0.7 * top]


def _compose(
    chosen: Sequence[Candidate],
    *,
    figures: Sequence[Evidence] = (),
    sounds: Sequence[Evidence] = (),
    figures_first: bool = False,
) -> ExtractiveAnswer:
    parts: list[str] = []
    shown_quotes: list[tuple[int, str]] = []
    quotes: dict[int, tuple[Evidence, list[str]]] = {}
    if figures_first:
        quotes = {figure.n: (figure, []) for figure in figures}
    for span in chosen:
        if span.is_run:
            parts.append(f"{_named(span.evidence)} [{span.evidence.n}]")
            quotes.setdefault(span.evidence.n, (span.evidence, []))
            continue
        # A document's own "[3]" must not pass for a citation.
        shown = re.sub(r"\[(\d[\d,\s–-]*)\]", r"(\1)", " ".join(span.shown.split()))
        parts.append(f"“{shown}” [{span.evidence.n}]")
        shown_quotes.append((span.evidence.n, shown))
        quotes.setdefault(span.evidence.n, (span.evidence, []))[1].append(span.quote)
    for figure in figures:
        words = figure.bare_caption or next(iter(sentences(_told(figure))), "")
        if normalised(words) in {normalised(figure.source), normalised(figure.media or "")}:
            words = ""  # the name of a file is no quotation
        pointed = f"{_named(figure)}: “{words}” [{figure.n}]" if words else f"{_named(figure)} [{figure.n}]"
        parts.insert(0 if figures_first else len(parts), pointed)
        quotes.setdefault(figure.n, (figure, []))[1].append(words)
    for sound in sounds:
        parts.append(f"Sound of {sound.place} [{sound.n}]")
        quotes.setdefault(sound.n, (sound, []))
    citations = [item.citation("\n".join(filter(None, said))) for item, said in quotes.values()]
    return ExtractiveAnswer(" ".join(parts), citations, confidence=_UNSURE, quotations=shown_quotes)
