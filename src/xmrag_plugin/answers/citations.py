"""Check the citations ``[n]`` of an answer against the context, and mark those that do not hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..types import Citation
from .checking.check import Claim, ClaimChecker, Verdict, claims_in
from .checking.regions import region_of
from .citation_marks import has_marks, plain_marks, without_marks
from .context import Evidence

__all__ = ["CheckedAnswer", "attributed", "check_citations", "has_marks", "marked_answer", "without_marks"]


@dataclass(frozen=True, slots=True)
class CheckedAnswer:
    """An answer after the check.

    Attributes:
        text: The answer with plain ``[n]``; ``[n?]`` where the context lacks or denies what is claimed,
            ``[?]`` where there is no such source.
        citations: One for each number cited, in order of first mention.
        uncited: Sentences that state numbers, dates or quotations and cite nothing.
        verdicts: What the context says of each cited claim, in order.
    """

    text: str
    citations: list[Citation]
    uncited: list[str]
    verdicts: list[Verdict] = field(default_factory=list)

    def claims_json(self) -> list[dict[str, Any]]:
        """Return the rows of ``response.metadata["claims"]``."""
        return [verdict.as_json() for verdict in self.verdicts]


def check_citations(answer: str, evidence: Sequence[Evidence]) -> CheckedAnswer:
    """Check each cited claim of an answer by rules; see :class:`~.checking.check.ClaimChecker`.

    A claim that its own sources do not bear out and another one does is cited to that one.

    Args:
        answer: Text with citations in any form that models write.
        evidence: Numbered context.
    """
    text = plain_marks(answer)
    checker = ClaimChecker(evidence)
    claims = claims_in(text)
    verdicts = [checker.check(claim) for claim in claims if claim.numbers]
    return marked_answer(text, claims, verdicts, {item.n: item for item in evidence})


def marked_answer(
    text: str, claims: Sequence[Claim], verdicts: Sequence[Verdict], by_number: Mapping[int, Evidence]
) -> CheckedAnswer:
    """Write the verdicts into an answer as ``[n]``, ``[n?]`` and ``[?]``, and list its citations.

    Args:
        text: The answer with plain citations.
        claims: Its claims, in order.
        verdicts: Of the claims that cite something, in order.
        by_number: The context.
    """
    pieces: list[str] = []
    cited: dict[int, list[tuple[bool, Verdict]]] = {}
    end = 0
    for verdict in verdicts:
        marks = []
        holds = verdict.kind == "supported"
        for number in verdict.numbers if verdict.moved_from else verdict.claim.numbers:
            if number not in by_number:
                marks.append("[?]")
                continue
            good = holds and number in verdict.numbers
            marks.append(f"[{number}]" if good else f"[{number}?]")
            cited.setdefault(number, []).append((good, verdict))
        trailing = text[verdict.claim.start : verdict.claim.end]
        space = trailing[len(trailing.rstrip()) :]
        pieces += [text[end : verdict.claim.start], "".join(dict.fromkeys(marks)) + space]
        end = verdict.claim.end
    pieces.append(text[end:])
    citations = [_citation(by_number[number], rows) for number, rows in cited.items()]
    uncited = [claim.text.strip() for claim in claims if not claim.numbers and claim.checkable]
    return CheckedAnswer("".join(pieces), citations, uncited, list(verdicts))


def attributed(text: str, evidence: Sequence[Evidence]) -> str:
    """Cite a source behind each sentence of an answer without citations that one bears out without doubt.

    Small models often answer rightly and forget the numbers.
    """
    checker = ClaimChecker(evidence)
    pieces: list[str] = []
    end = 0
    for claim in claims_in(text):
        found = checker.find(claim)
        if found is not None and not claim.numbers:
            pieces += [text[end : claim.end], f" [{found}]"]
            end = claim.end
    return "".join([*pieces, text[end:]])


def _citation(item: Evidence, rows: Sequence[tuple[bool, Verdict]]) -> Citation:
    """Return the citation of a source that claims cite; the first that holds gives its quotation and region."""
    good, verdict = next((row for row in rows if row[0]), rows[0])
    passage = verdict.passages.get(item.n)
    if passage is None and verdict.passage is not None and verdict.passage.source.item.n == item.n:
        passage = verdict.passage
    citation = item.citation(passage.text if passage else item.caption, supported=all(row[0] for row in rows))
    if passage is not None and good:
        citation.page, citation.bbox = region_of(item, passage.span)
    failed = next((row[1] for row in rows if not row[0]), None)
    citation.verdict = (
        "supported" if failed is None else failed.kind if failed.kind != "supported" else "not found"
    )
    if failed is not None and failed.kind == "contradicted" and failed.passage is not None:
        citation.source_says = " ".join(failed.passage.text.split())
    return citation
