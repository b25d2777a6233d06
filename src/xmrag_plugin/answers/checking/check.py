"""Check the claims of an answer against the context that they cite, and against the rest of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...text.sentences import sentence_spans
from ...text.terms import terms
from ..citation_marks import Mark, code_spans, find_marks
from ..context import Evidence
from .check_tables import worked_out
from .compare import Comparison, VerdictKind, compare, share_beside, word_weights
from .conditions import without_denial
from .facts import facts_of
from .parsed_claim import ParsedClaim
from .passages import Passage, Source

__all__ = ["Claim", "ClaimChecker", "Verdict", "claims_in"]

MAX_PARTS = 5
"""A claim that no passage bears out whole is split into so many clauses at most."""

MIN_SURE = 0.8  # coverage from which one passage is not asked against others
MIN_NEARER = 0.2  # coverage by which a passage that says otherwise is nearer than one that bears a claim out
MIN_BESIDE = 0.3  # the same, of the claim's words that stand in the clause of its number
MAX_WINDOW_GAIN = 0.15
"""Sentences joined must hold more of a claim than this, to outweigh one of them that says otherwise."""

MIN_MOVE_COVERAGE = 0.7
"""A source that has so many of a claim's words speaks of it: one that is not cited takes it over, one that says
otherwise is not outvoted by clauses that hold one by one."""

MIN_TOUCH = 0.25
"""A source cited beside one that bears the claim out must hold so much of its words."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer, or a part of one, with its citations.

    Attributes:
        text: Its words, without citations.
        start: Offset of the citations in the answer; where they would stand, for a claim without any.
        end: Offset behind them.
        numbers: What it cites.
    """

    text: str
    start: int
    end: int
    numbers: tuple[int, ...]

    @property
    def checkable(self) -> bool:
        """Whether it states what can be looked up: numbers with what they count, dates, times, quotations."""
        return any(
            fact.kind in ("date", "time", "quote") or (fact.kind == "number" and not fact.worded)
            for fact in facts_of(self.text, names=False)
        )


@dataclass(slots=True)
class Verdict:
    """What the context says of a claim.

    Attributes:
        claim: The claim.
        kind: ``supported``, ``contradicted`` or ``not found``.
        numbers: The sources that bear it out; where none does, those that it cites.
        passage: What says it, or says otherwise.
        reason: What differs or is missing.
        moved_from: The sources cited, where another one bears the claim out.
        by: Who found so: ``rules`` or ``model``.
        words_only: Whether a claim that was not found lacks only words: no number, date or name differs.
        passages: What each of the sources says to it.
    """

    claim: Claim
    kind: VerdictKind
    numbers: tuple[int, ...]
    passage: Passage | None = None
    reason: str = ""
    moved_from: tuple[int, ...] = ()
    by: str = "rules"
    words_only: bool = False
    passages: dict[int, Passage] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the row of ``response.metadata["claims"]``."""
        found: dict[str, Any] = {
            "claim": self.claim.text.strip(),
            "cited": list(self.claim.numbers),
            "verdict": self.kind,
            "sources": list(self.numbers),
            "by": self.by,
        }
        if self.kind == "contradicted" and self.passage is not None:
            found["source_says"] = " ".join(self.passage.text.split())
        if self.reason:
            found["reason"] = self.reason
        if self.moved_from:
            found["moved_from"] = list(self.moved_from)
        return found


class ClaimChecker:
    """Checks claims against numbered context, by rules.

    A claim is aligned with the sentences, rows and lines of what it cites; the nearest one that has its words, its
    numbers with what they count, its dates, times, ordinals and names, and neither denies it nor says the opposite,
    bears it out. Where none of the cited sources does, the others are looked through.

    Args:
        evidence: Numbered context.
        question: What was asked, where it is known: a claim need not repeat the condition that it gives.
    """

    def __init__(self, evidence: Sequence[Evidence], question: str = "") -> None:
        self.given = frozenset(terms(question))
        self.sources = {item.n: Source(item) for item in evidence}
        self.weights = word_weights(
            passage for source in self.sources.values() for passage in source.passages
        )

    def check(self, claim: Claim, *, elsewhere: bool = True) -> Verdict:
        """Find out what the context says of a claim.

        Args:
            claim: The claim.
            elsewhere: Whether to look through what it does not cite, too, where that does not bear it out.
        """
        if inner := without_denial(_bare(claim.text)):
            return self._denied(claim, self.check(replace(claim, text=inner), elsewhere=elsewhere))
        parsed = self._parse(claim)
        cited = [self.sources[n] for n in claim.numbers if n in self.sources]
        found = {source.item.n: self._best(parsed, source) for source in cited}
        if supporting := {n: one for n, one in found.items() if one.verdict == "supported"}:
            return self._supported(claim, supporting, found)
        denied = any(
            one.verdict == "contradicted" and one.coverage >= MIN_MOVE_COVERAGE for one in found.values()
        )
        if cited and not denied and (parts := self._by_parts(parsed, cited)):
            return Verdict(
                claim,
                "supported",
                tuple(n for n in claim.numbers if n in parts),
                next(iter(parts.values())),
                passages=parts,
            )
        if seen := [source for source in cited if _shown_only(parsed, source)]:
            numbers = tuple(source.item.n for source in seen)
            return Verdict(claim, "supported", numbers, reason="rests on what the picture shows")
        if elsewhere and (parsed.facts or parsed.names):
            others = [source for n, source in self.sources.items() if n not in found]
            better = [one for source in others if _sure(one := self._best(parsed, source))]
            if better:
                best = max(better, key=lambda one: one.score)
                n = best.passage.source.item.n
                return Verdict(
                    claim,
                    "supported",
                    (n,),
                    best.passage,
                    moved_from=claim.numbers,
                    passages={n: best.passage},
                )
        return self._unsupported(claim, list(found.values()))

    def find(self, claim: Claim) -> int | None:
        """Return the number of the source that bears a claim out without doubt; None where there is none."""
        if without_denial(_bare(claim.text)):
            return None
        parsed = self._parse(claim)
        found = [one for source in self.sources.values() if _sure(one := self._best(parsed, source))]
        if not found:
            return None
        return max(found, key=lambda one: (one.score, -one.passage.source.item.n)).passage.source.item.n

    def _parse(self, claim: Claim) -> ParsedClaim:
        return ParsedClaim(_bare(claim.text), self.given)

    def _denied(self, claim: Claim, inner: Verdict) -> Verdict:
        """Turn the verdict of what a claim says to be untrue into that of the claim."""
        turned: dict[VerdictKind, VerdictKind] = {"supported": "contradicted", "contradicted": "supported"}
        kind = turned.get(inner.kind, "not found")
        reason = (
            inner.reason if kind == "not found" else ("the source says so" if kind == "contradicted" else "")
        )
        numbers = claim.numbers if kind != "supported" else inner.numbers
        return Verdict(claim, kind, numbers, inner.passage, reason)

    def _best(self, parsed: ParsedClaim, source: Source) -> Comparison:
        """Compare with every passage of a source; the nearest that bears the claim out, else the nearest."""
        nearest: Comparison | None = None
        narrower: Comparison | None = None
        for passage in source.passages:
            if passage.parts > 1 and not parsed.facts and not parsed.stems:
                continue
            found = compare(parsed, passage, self.weights)
            if found.narrower and (narrower is None or found.coverage > narrower.coverage):
                narrower = found
            if nearest is None or (found.verdict == "supported", found.score) > (
                nearest.verdict == "supported",
                nearest.score,
            ):
                nearest = found
        if nearest is None:
            return Comparison("not found", Passage(source, "line", ""), 0.0, reason="the source has no words")
        if nearest.verdict != "supported" or nearest.passage.row is not None:
            # What no row says by itself, or says only by the way.
            worked = worked_out(parsed, source.passages)
            if worked is not None:
                kind: VerdictKind = "supported" if worked.holds else "contradicted"
                return Comparison(kind, worked.passage, 1.0, 1.0, worked.reason, differs=not worked.holds)
        if nearest.verdict == "supported":
            if narrower is not None and narrower.coverage > nearest.coverage:
                return narrower
            beside = share_beside(parsed, nearest.passage, self.weights)
            if nearest.passage.parts > 1 or nearest.coverage < MIN_SURE or beside < MIN_SURE:
                return self._not_denied(parsed, source, nearest, beside)
        return nearest

    def _not_denied(
        self, parsed: ParsedClaim, source: Source, found: Comparison, beside: float
    ) -> Comparison:
        """Prefer a single passage that says otherwise to several that bear a claim out only together, or one far off.

        Far off is also one that has the claim's number, but says it of something else: where another passage says the
        claim's words beside a number of the kind, that is theirs.
        """
        singles = [
            compare(parsed, passage, self.weights) for passage in source.passages if passage.parts == 1
        ]
        alone = found.passage.parts == 1
        least = found.coverage + MIN_NEARER if alone else found.coverage - MAX_WINDOW_GAIN

        def is_nearer(one: Comparison) -> bool:
            # A row says little by itself, and so does what shares less.
            says_little = alone and (one.passage.row or (parsed.facts and one.score < found.score))
            if one.coverage >= least and not says_little:
                return True
            said = share_beside(parsed, one.passage, self.weights) if beside < 1.0 - MIN_BESIDE else 0.0
            return said >= beside + MIN_BESIDE

        rivals = [one for one in singles if one.verdict == "contradicted" and is_nearer(one)]
        return max(rivals, key=lambda one: one.score, default=found)

    def _supported(
        self, claim: Claim, supporting: Mapping[int, Comparison], found: Mapping[int, Comparison]
    ) -> Verdict:
        best = max(supporting.values(), key=lambda one: one.score)
        numbers = tuple(
            n
            for n in claim.numbers
            if n in supporting
            or (n in found and found[n].score >= MIN_TOUCH and found[n].verdict != "contradicted")
        )
        passages = {n: found[n].passage for n in numbers}
        return Verdict(claim, "supported", numbers, best.passage, passages=passages)

    def _unsupported(self, claim: Claim, found: Sequence[Comparison]) -> Verdict:
        contradicting = [one for one in found if one.verdict == "contradicted"]
        nearest = max(contradicting or found, key=lambda one: one.score, default=None)
        kind: VerdictKind = "contradicted" if contradicting else "not found"
        if nearest is None:
            return Verdict(claim, kind, claim.numbers, reason="there is no such source")
        words_only = kind == "not found" and not nearest.differs
        return Verdict(claim, kind, claim.numbers, nearest.passage, nearest.reason, words_only=words_only)

    def _by_parts(self, parsed: ParsedClaim, cited: Sequence[Source]) -> dict[int, Passage]:
        """Return the passages that bear out a claim clause by clause; empty where one clause is not borne out."""
        parts = _parts(parsed, frozenset().union(*(source.name_stems for source in cited)))
        if not 2 <= len(parts) <= MAX_PARTS:
            return {}
        used: dict[int, Passage] = {}
        for part in parts:
            found = [
                one
                for source in cited
                if (one := self._best(ParsedClaim(part, self.given), source)).verdict == "supported"
            ]
            if not found:
                return {}
            best = max(found, key=lambda one: one.score)
            used.setdefault(best.passage.source.item.n, best.passage)
        return used


def _sure(found: Comparison) -> bool:
    """Whether a source that is not cited says so without doubt."""
    return found.verdict == "supported" and not found.foreign and found.coverage >= MIN_MOVE_COVERAGE


def claims_in(answer: str) -> list[Claim]:
    """Split an answer into claims, in order; one without citations has no numbers.

    The claim of a group of citations is the text since the last group or the start of the sentence; citations
    behind the full stop belong to the sentence before.

    Args:
        answer: Text with citations as ``[n]`` (:func:`~xmrag_plugin.answers.citation_marks.plain_marks`).
    """
    found: list[Claim] = []
    spans = _sentences(answer)
    covered: list[tuple[int, int]] = []
    last = 0
    for group in _groups(answer):
        start, end = group[0].start, group[-1].end
        starts = [begin for begin, _ in spans if last <= begin < start]
        begin = starts[-1] if starts else last
        if not answer[begin:start].strip(" .!?\n\t*_"):
            begin = starts[-2] if len(starts) > 1 else last
        text = answer[begin:start] if answer[last:start].strip() else ""
        if not re.search(r"\w", text):
            # The citation opens its sentence: "[1] says that …", or follows another one's full stop.
            rest = next((answer[end:stop] for first, stop in spans if first <= start < stop), "")
            text = rest if re.search(r"\w", rest) else (found[-1].text if found else "")
        numbers = tuple(dict.fromkeys(number for mark in group for number in mark.numbers))
        found.append(Claim(text, start, end, numbers))
        covered.append((begin, end))
        last = end
    for first, stop in spans:
        if not any(begin < stop and first < close for begin, close in covered):
            found.append(Claim(answer[first:stop], stop, stop, ()))
    return sorted(found, key=lambda claim: (claim.start, claim.end))


def _sentences(answer: str) -> list[tuple[int, int]]:
    """Return the sentences of an answer outside code; each line of a list or table is one by itself."""
    code = code_spans(answer)
    spans = []
    for line in re.finditer(r"[^\n]+(?:\n(?![ \t]*(?:\n|[-*+•|#>]|\d{1,3}[.)]\s))[^\n]+)*", answer):
        if any(
            start < line.end() and line.start() < end and "\n" in answer[start:end] for start, end in code
        ):
            continue
        spans += [(line.start() + start, line.start() + end) for start, end in sentence_spans(line.group())]
    return spans


def _groups(answer: str) -> list[list[Mark]]:
    """Return the citations that stand together, with nothing but spaces and commas between."""
    groups: list[list[Mark]] = []
    for mark in find_marks(answer):
        if groups and re.fullmatch(r"[\s,;]*", answer[groups[-1][-1].end : mark.start]):
            groups[-1].append(mark)
        else:
            groups.append([mark])
    return groups


_SOURCE = (
    r"(?:the\s|this\s)?(?:sources?|texts?|documents?|figures?|tables?|pictures?|charts?|reports?|diagrams?|images?"
    r"|fig\.|tab\.)\s?(?:\d+(?:[.-]\d+)*)?"
)
_LEAD = re.compile(
    rf"^\W*(?:(?:according to|as per|in)\s{_SOURCE},?\s"
    rf"|(?:as\s)?{_SOURCE}\s?(?:also\s)?(?:shows?|says?|states?|indicates?|reports?|notes?|mentions?)(?:\sthat)?,?\s"
    rf"|(?:also\s)?(?:shows?|says?|states?|indicates?|reports?)\sthat\s"
    r"|laut\s(?:der\s)?(?:quellen?|abbildung|tabelle)\s?\d*,?\s|selon\s(?:la\s|les\s)?(?:sources?|figure|tableau)\s?\d*,?\s"
    r"|según\s(?:la\s|las\s)?(?:fuentes?|figura|tabla)\s?\d*,?\s)",
    re.IGNORECASE,
)
"""How a sentence refers to its source, which is no part of what it claims."""


def _bare(claim: str) -> str:
    """Return a claim without Markdown, list numbers and "according to the source"."""
    text = re.sub(r"^\s*(?:[-*+•>#]+|\d{1,2}[.)])\s+", "", claim.strip())
    text = re.sub(r"(\*\*|__|[*_`])(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    return _LEAD.sub("", text).strip()


def _parts(parsed: ParsedClaim, known: frozenset[str]) -> list[str]:
    """Return the clauses of a claim, each with the name that the claim begins with where it has none of its own.

    Args:
        parsed: The claim.
        known: Stems that the sources use as names.
    """
    pieces = re.split(
        r"[,;，；]\s*(?:(?:and|und|et|y|but|while)\s)?|\s(?:and|und|et|y|while)\s(?=[\w’']+\s)", parsed.text
    )
    pieces = [piece for piece in pieces if piece.strip()]
    if len(pieces) < 2:
        return []
    names = [name.text for name in ParsedClaim(pieces[0]).names]
    first = re.match(r"\W*([^\W_]+)", pieces[0])
    if not names and first and first[1][0].isupper() and set(terms(first[1])) <= known:
        names = [first[1]]
    found = []
    for place, piece in enumerate(pieces):
        own = ParsedClaim(piece)
        if place and names and not own.names and not own.opening:
            piece = f"{names[0]} {piece}"
            own = ParsedClaim(piece)
        if len(own.stems) + len(own.facts) < 2:
            return []
        found.append(piece)
    return found


def _shown_only(parsed: ParsedClaim, source: Source) -> bool:
    """Whether a claim may rest on what a picture shows: it has nothing to look up, and the words do not say otherwise."""
    if not source.item.has_picture or parsed.facts:
        return False
    return (
        not parsed.names
        or all(any(stem in source.stems for stem in name.values) for name in parsed.names)
        or not terms(source.item.words)
    )
