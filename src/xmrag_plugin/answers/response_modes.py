"""The response modes: which calls to the model a question takes, one batch after another.

A mode is a generator function that yields lists of :class:`Call` and is sent the :class:`Reply` of
each; :mod:`xmrag_plugin.answers.answering` runs them in this thread, on an event loop or as a stream.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from llama_index.core.base.llms.types import ChatMessage, MessageRole

from ..errors import CapabilityMissing
from ..generators.constrained import CitedForm
from ..images.token_cost import ImageCost
from .context import Evidence
from .context_order import evidence_weight
from .injection import Budget, Injection, count_tokens, inject
from .prompt import AnswerPrompt, is_abstention
from .rag_sequence import Candidate, marginalise, prior

if TYPE_CHECKING:
    from llama_index.core.bridge.pydantic import BaseModel

__all__ = ["Call", "Mode", "Outcome", "Reply", "Steps", "Task", "combined_report", "steps_of"]

Mode = Literal["compact", "refine", "marginal", "summary", "structured"]
MAX_MARGINAL = 5
"""Pieces of context that the mode ``marginal`` asks about, each by itself."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the model.

    Attributes:
        messages: The conversation.
        final: Whether its reply is the answer, which may then be streamed.
        logprobs: Whether log-probabilities are wanted.
        scored: Score this answer instead of writing one.
        output_cls: Fill in this class instead of writing a text.
        form: What the reply is held to.
    """

    messages: list[ChatMessage]
    final: bool = False
    logprobs: bool = False
    scored: str | None = None
    output_cls: type[BaseModel] | None = None
    form: CitedForm | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    Attributes:
        text: The answer.
        log_probability: Sum over its tokens (natural logarithm), when asked for and given.
        raw: The response as LlamaIndex has it.
    """

    text: str
    log_probability: float | None = None
    raw: Any = None


@dataclass(slots=True)
class Outcome:
    """The answer of a mode.

    Attributes:
        text: As the model wrote it.
        injections: What went into each prompt.
        raw: The model's last response.
        marginal: The answers weighed against each other, for the mode of that name.
        filled: The instance, for the mode ``structured``.
    """

    text: str
    injections: list[Injection]
    raw: Any = None
    marginal: list[dict[str, Any]] | None = None
    filled: BaseModel | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A question with its context, for a model.

    Attributes:
        question: Its words.
        evidence: The context, in order and numbered.
        dropped: ``(node id, reason)`` of what was left out before.
        budget: For each prompt.
        takes_pictures: Whether the model does.
        cost: How it counts them.
        prompt: The templates.
        pictures: Pictures of the question, encoded.
        history: Earlier turns.
        scores: Whether the model can score a given answer.
        name: What the model is called in errors.
        system_role: Its role of instructions.
        output_cls: For the mode ``structured``: the class to fill in.
    """

    question: str
    evidence: Sequence[Evidence]
    dropped: Sequence[tuple[str, str]]
    budget: Budget
    takes_pictures: bool
    cost: ImageCost
    prompt: AnswerPrompt
    pictures: Sequence[bytes] = ()
    history: Sequence[ChatMessage] = ()
    scores: bool = False
    name: str = ""
    system_role: MessageRole = MessageRole.SYSTEM
    output_cls: type[BaseModel] | None = None

    def injection(self, evidence: Sequence[Evidence], budget: Budget | None = None) -> Injection:
        """Make blocks of some of the context."""
        return inject(
            evidence,
            budget or self.budget,
            takes_pictures=self.takes_pictures,
            cost=self.cost,
            question_pictures=self.pictures,
            dropped=self.dropped,
        )

    def messages(self, injection: Injection, answer: str | None = None) -> list[ChatMessage]:
        """Write the conversation around some of the context."""
        return self.prompt.messages(
            self.question, injection, history=self.history, answer=answer, system_role=self.system_role
        )


Steps = Generator[list[Call], list[Reply], Outcome]


def steps_of(mode: Mode) -> Callable[[Task], Steps]:
    """Return the steps of a mode."""
    return {
        "compact": _compact,
        "refine": _refine,
        "marginal": _marginal,
        "summary": _summary,
        "structured": _structured,
    }[mode]


def _compact(task: Task) -> Steps:
    """Put all the context into one prompt, each piece cut to its share."""
    injection = task.injection(task.evidence)
    (reply,) = yield [Call(task.messages(injection), final=True)]
    return Outcome(reply.text, [injection], reply.raw)


def _structured(task: Task) -> Steps:
    """Put all the context into one prompt and have a class filled in."""
    injection = task.injection(task.evidence)
    (reply,) = yield [Call(task.messages(injection), output_cls=task.output_cls)]
    return Outcome("", [injection], reply.raw, filled=reply.raw.raw)


def _refine(task: Task) -> Steps:
    """Put the context in whole, in as many prompts as it takes; each improves the answer so far."""
    batches = _batches(task)
    injections: list[Injection] = []
    answer: str | None = None
    raw: Any = None
    for place, batch in enumerate(batches):
        injection = task.injection(batch)
        injections.append(injection)
        last = place == len(batches) - 1
        (reply,) = yield [Call(task.messages(injection, answer), final=last)]
        # A batch that does not hold it must not wipe out what an earlier one held.
        if answer is None or is_abstention(answer) or not is_abstention(reply.text):
            answer = reply.text
        raw = reply.raw
    return Outcome(answer or "", injections, raw)


def _batches(task: Task) -> list[list[Evidence]]:
    batches: list[list[Evidence]] = []
    room = pictures = 0
    for item in task.evidence:
        need = count_tokens(item.text) + count_tokens(item.cited_by) + 20
        shown = int(task.takes_pictures and item.has_picture)
        if not batches or need > room or pictures + shown > task.budget.max_images:
            batches.append([])
            room, pictures = task.budget.text_tokens, 0
        batches[-1].append(item)
        room -= need
        pictures += shown
    return batches


def _marginal(task: Task) -> Steps:
    """Answer from each piece of context alone, weigh the answers by p(r | x) and sum them."""
    evidence = list(task.evidence[:MAX_MARGINAL])
    weights = prior({item.n: evidence_weight(item) for item in evidence})
    injections = [task.injection([item]) for item in evidence]
    prompts = [task.messages(injection) for injection in injections]
    replies = yield [Call(messages, logprobs=True) for messages in prompts]
    candidates = []
    for item, reply in zip(evidence, replies, strict=True):
        if reply.log_probability is None:
            raise CapabilityMissing(
                f"The mode 'marginal' weighs answers by their log-probabilities, and {task.name} gives none.",
                hint="Use mode='compact' or 'refine', or a model that gives them (OpenAI, vLLM, a local "
                "transformers model).",
            )
        candidates.append(
            Candidate(item.n, reply.text.strip(), reply.log_probability, is_abstention(reply.text))
        )
    scores = None
    answers = list(dict.fromkeys(candidate.text for candidate in candidates if not candidate.abstains))
    if task.scores and len(answers) > 1:
        pairs = [
            (answer, item.n, messages)
            for answer in answers
            for item, messages in zip(evidence, prompts, strict=True)
        ]
        scored = yield [Call(messages, scored=answer) for answer, _, messages in pairs]
        scores = {
            (answer, n): reply.log_probability
            for (answer, n, _), reply in zip(pairs, scored, strict=True)
            if reply.log_probability is not None
        }
    outcome = marginalise(candidates, weights, scores)
    text = outcome.text
    if not is_abstention(text) and not any(f"[{n}]" in text for n in outcome.numbers):
        text = f"{text} [{outcome.numbers[0]}]"
    others = "".join(f"[{n}]" for n in outcome.numbers if f"[{n}]" not in text)
    if others and not is_abstention(text):
        text += others if text.endswith("]") else f" {others}"
    return Outcome(text, injections, replies[-1].raw, outcome.report)


def _summary(task: Task) -> Steps:
    """Sum up every batch by itself, then the parts as one (map and reduce)."""
    injections = [task.injection(batch) for batch in _batches(task)]
    if len(injections) == 1:
        (reply,) = yield [Call(task.messages(injections[0]), final=True)]
        return Outcome(reply.text, injections, reply.raw)
    replies = yield [Call(task.messages(injection)) for injection in injections]
    parts = "\n\n".join(reply.text.strip() for reply in replies if not is_abstention(reply.text))
    empty = Injection([], [], [])
    (reply,) = yield [Call(task.messages(empty, parts), final=True)]
    return Outcome(reply.text, injections, reply.raw)


def combined_report(injections: Sequence[Injection]) -> dict[str, Any]:
    """Join the reports of several prompts into one."""
    if len(injections) == 1:
        return injections[0].as_json()
    reports = [injection.as_json() for injection in injections]
    merged: dict[str, Any] = dict(reports[0]) if reports else {}
    for report in reports[1:]:
        for key in ("text_tokens", "image_tokens", "image_bytes", "images"):
            merged[key] += report[key]
        merged["evidence"] = [*merged["evidence"], *report["evidence"]]
    if reports:
        merged["prompts"] = len(reports)
    return merged
