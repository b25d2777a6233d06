"""Make a checked answer with its metadata out of a model's words, or out of quotations."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, MessageRole

from ..errors import ReplyUnusable
from ..generators.reply_faults import reply_fault
from ..types import Citation
from .checking.check import ClaimChecker, Verdict, claims_in
from .checking.model_check import (
    SYSTEM,
    Check,
    EntailmentJudge,
    ask_about,
    premise_of,
    read_verdicts,
    settled,
)
from .checking.regions import region_of_quote
from .citation_marks import has_marks, plain_marks
from .citations import CheckedAnswer, attributed, check_citations, marked_answer
from .context import Evidence
from .extractive.answerer import ABSTENTION, ExtractiveAnswerer
from .prompt import is_abstention
from .response_modes import Call, Outcome, Reply, Task, combined_report

__all__ = ["Answered", "Checking", "check_sound", "finish_answer", "late_text", "quoted_answer"]

Finishing = Generator[list[Call], list[Reply], "Answered"]
"""Yields the calls that the check of an answer takes, and returns the answer."""


@dataclass(frozen=True, slots=True)
class Checking:
    """How the claims of a model are checked.

    Attributes:
        check: By rules, by a model too, or by both; see :data:`~.checking.model_check.Check`.
        judge: The model for it; None for the one that answers.
    """

    check: Check = "rules"
    judge: EntailmentJudge | None = None


@dataclass(slots=True)
class Answered:
    """An answer that is ready to be handed on.

    Attributes:
        text: With its citations.
        metadata: For ``response.metadata``.
        filled: The instance, for a structured answer.
        quotations: ``(number, words as shown)``, where it quotes.
    """

    text: str
    metadata: dict[str, Any]
    filled: Any = None
    quotations: list[tuple[int, str]] = field(default_factory=list)


def quoted_answer(
    answerer: ExtractiveAnswerer,
    question: str,
    evidence: Sequence[Evidence],
    *,
    threshold: float,
    skipped: Sequence[dict[str, str]] = (),
) -> Answered:
    """Answer by quoting; ``skipped`` names the models before it and why they did not answer."""
    answer = answerer.answer(question, evidence, abstention_threshold=threshold)
    by_number = {item.n: item for item in evidence}
    for citation in answer.citations:
        citation.page, citation.bbox = region_of_quote(by_number[citation.n], citation.quote)
    metadata = _metadata(
        answer.citations,
        {"name": "extractive", "model": None, "skipped": list(skipped)},
        abstained=answer.abstained,
    )
    metadata["confidence"] = round(answer.confidence, 4)
    return Answered(answer.text, metadata, quotations=answer.quotations)


def check_sound(outcome: Outcome, task: Task) -> None:
    """Refuse a reply that is no answer.

    Raises:
        ReplyUnusable: If it is empty, repeats itself or the prompt, or holds nothing but control tokens or citations.
    """
    if fault := reply_fault(outcome.text, task.prompt.instructions, task.question):
        raise ReplyUnusable(
            f"{task.name or 'The model'} gave no answer: {fault}.", hint="Ask again, or use another model."
        )


def finish_answer(
    outcome: Outcome,
    question: str,
    evidence: Sequence[Evidence],
    generator: dict[str, Any],
    *,
    must_cite: bool = True,
    checking: Checking | None = None,
) -> Finishing:
    """Check what a model wrote.

    An answer without any citation is given them where the context bears its sentences out; where it bears
    none out, the nearest source is named and marked as not holding it.
    """
    if outcome.filled is not None:
        return Answered("", _structured_metadata(outcome, evidence, generator), outcome.filled)
    text = outcome.text.strip()
    if is_abstention(text):
        return Answered(text or ABSTENTION, _extra(_metadata([], generator, abstained=True), outcome))
    text = plain_marks(text)
    if not has_marks(text):
        text = attributed(text, evidence)
    checked = yield from _checked(text, question, evidence, checking or Checking())
    if not checked.citations and evidence and must_cite:
        nearest = evidence[0]
        text = f"{checked.text} [{nearest.n}?]"
        citations = [nearest.citation("", supported=False)]
        citations[0].verdict = "not found"
    else:
        text, citations = checked.text, checked.citations
    metadata = _extra(_metadata(citations, generator), outcome)
    metadata["uncited"] = checked.uncited
    metadata["claims"] = checked.claims_json()
    return Answered(text, metadata)


def _checked(
    text: str, question: str, evidence: Sequence[Evidence], checking: Checking
) -> Generator[list[Call], list[Reply], CheckedAnswer]:
    """Check by rules, and by a model where one is to be asked."""
    by_number = {item.n: item for item in evidence}
    checker = ClaimChecker(evidence, question)
    claims = claims_in(text)
    verdicts = [checker.check(claim) for claim in claims if claim.numbers]
    if checking.check != "rules":
        open_ones = [
            verdict
            for verdict in verdicts
            if verdict.words_only or (checking.check == "both" and verdict.kind == "supported")
        ]
        if open_ones and checking.judge is not None:
            pairs = [(premise_of(one, by_number), one.claim.text) for one in open_ones]
            said: Sequence[Any] = checking.judge.judge(pairs)
        elif open_ones:
            messages = [
                ChatMessage(role=MessageRole.SYSTEM, content=SYSTEM),
                ChatMessage(role=MessageRole.USER, content=ask_about(open_ones, by_number)),
            ]
            (reply,) = yield [Call(messages)]
            said = read_verdicts(reply.text, len(open_ones))
        else:
            said = []
        joined: dict[int, Verdict] = {
            id(one): settled(one, word, checking.check) for one, word in zip(open_ones, said, strict=True)
        }
        verdicts = [joined.get(id(verdict), verdict) for verdict in verdicts]
    return marked_answer(text, claims, verdicts, by_number)


def _structured_metadata(
    outcome: Outcome, evidence: Sequence[Evidence], generator: dict[str, Any]
) -> dict[str, Any]:
    """Return the metadata of a structured answer: the citations in its texts, checked."""
    citations: dict[int, Citation] = {}
    assert outcome.filled is not None
    for text in _texts(outcome.filled.model_dump()):
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
    left_out = [
        {"n": row["n"], "source": row["source"], "reason": row["picture_left_out"]}
        for row in metadata["injection"].get("evidence", [])
        if row["picture_left_out"]
    ]
    if left_out:
        metadata["pictures_left_out"] = left_out
    if outcome.marginal is not None:
        metadata["marginal"] = outcome.marginal
    return metadata


def late_text(streamed: str, answered: Answered) -> str:
    """Return what is to be sent behind a stream: the citations that it had none of, or what stands in for it."""
    if not streamed.strip():
        return answered.text
    if answered.metadata["generator"]["name"] == "extractive" or "quotations" in answered.metadata:
        return f"\n\n{answered.text}"
    if has_marks(streamed):
        return ""
    marks = re.findall(r"\[\d{1,3}\??\]", answered.text)
    return " " + "".join(dict.fromkeys(marks)) if marks else ""
