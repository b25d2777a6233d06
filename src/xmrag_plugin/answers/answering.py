"""Answering: a ladder of generators and the extractive rung below it, in four ways of waiting.

Free of responses and retrievers: it takes numbered evidence and gives an :class:`Answered`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import CapabilityMissing, GenerationError, NoGeneratorAnswered, UsageError
from ..images.token_cost import image_cost_of
from .context import Evidence
from .extractive.answerer import ExtractiveAnswerer, below_threshold
from .injection import Budget
from .llm_calls import (
    areply_to,
    astream_reply,
    astructured_reply,
    reply_to,
    scorer_of,
    stream_reply,
    structured_reply,
)
from .postprocess import Answered, finish_answer, finish_structured, late_marks, quoted_answer
from .prompt import AnswerPrompt
from .response_modes import Call, Mode, Outcome, Reply, Steps, Task, steps_of

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage
    from llama_index.core.bridge.pydantic import BaseModel

    from ..generators.fallback.llm import FallbackLLM

__all__ = ["Answering", "Asked"]


@dataclass(slots=True)
class Asked:
    """One question on its way to its answer.

    Attributes:
        question: Its words.
        evidence: Arranged and numbered.
        task: For a generator; None where there is none.
    """

    question: str
    evidence: list[Evidence]
    task: Task | None = None


@dataclass(slots=True)
class Answering:
    """How questions are answered; see :class:`~xmrag_plugin.CrossModalSynthesizer` for the parts.

    ``needs_evidence`` is False where a generator may speak of a picture of the question by itself.
    """

    ladder: FallbackLLM | None = None
    mode: Mode = "compact"
    budget: Budget | None = None
    sees: bool | None = None
    abstention_threshold: float | Callable[[], float] = 0.0
    extractive: ExtractiveAnswerer = field(default_factory=ExtractiveAnswerer)
    prompt: AnswerPrompt = field(default_factory=AnswerPrompt)
    output_cls: type[BaseModel] | None = None
    extractive_fallback: bool = True
    needs_evidence: bool = True

    @property
    def threshold(self) -> float:
        """Top p(relevant) below which the sources do not hold it."""
        given = self.abstention_threshold
        return given() if callable(given) else given

    def ask(
        self,
        question: str,
        evidence: list[Evidence],
        *,
        dropped: Sequence[tuple[str, str]] = (),
        pictures: Sequence[bytes] = (),
        history: Sequence[ChatMessage] = (),
    ) -> Asked:
        """Put a question.

        Args:
            question: Its words.
            evidence: Arranged and numbered.
            dropped: What arranging left out.
            pictures: Pictures of the question, encoded.
            history: Earlier turns.
        """
        asked = Asked(question, evidence)
        if self.ladder is not None:
            ladder = self.ladder
            metadata = ladder.metadata
            asked.task = Task(
                question=question,
                evidence=evidence,
                dropped=dropped,
                budget=self.budget or _room(ladder, history),
                # Where only trying tells, the ladder takes the pictures out again for who does not see.
                sees=ladder.takes_pictures is not False if self.sees is None else self.sees,
                cost=image_cost_of(ladder),
                prompt=self.prompt,
                pictures=tuple(pictures),
                history=tuple(history),
                scores=scorer_of(ladder) is not None,
                name=metadata.model_name,
                system_role=metadata.system_role,
            )
        return asked

    def _quoted(self, asked: Asked, skipped: Sequence[dict[str, str]] = ()) -> Answered:
        return quoted_answer(
            self.extractive,
            asked.question,
            asked.evidence,
            threshold=self.threshold,
            skipped=skipped,
        )

    def _without_generator(self, asked: Asked) -> Answered | None:
        """The answer when no generator is asked: there is none, or nothing to ask it."""
        if (
            asked.task is not None
            and (asked.evidence or not self.needs_evidence)
            and not below_threshold(asked.question, asked.evidence, self.threshold)
        ):
            return None
        if self.output_cls is not None:
            raise CapabilityMissing(
                f"{self.output_cls.__name__} cannot be filled in: "
                + ("no generator is there." if asked.task is None else "the sources do not hold it."),
                hint="Give an llm, or ask without output_cls."
                if asked.task is None
                else "Ask without output_cls.",
            )
        return self._quoted(asked)

    def _stand_in(self, asked: Asked, error: GenerationError) -> Answered:
        """The extractive answer where every generator was left; other errors are shown."""
        if not error.retryable or not self.extractive_fallback or self.output_cls is not None:
            raise error
        if self.mode == "marginal" and isinstance(error, CapabilityMissing):
            raise error
        skipped = error.skipped if isinstance(error, NoGeneratorAnswered) else []
        skipped = skipped or [{"name": asked.task.name if asked.task else "", "reason": error.message}]
        return self._quoted(asked, skipped)

    def _narrowed(self, asked: Asked, error: GenerationError) -> bool:
        """Whether to try once more with less: the rung that is left may have a smaller window."""
        if self.budget is not None or asked.task is None or not isinstance(error, NoGeneratorAnswered):
            return False
        budget = _room(_there(self.ladder), asked.task.history)
        if budget.text_tokens + budget.image_tokens >= 0.9 * (
            asked.task.budget.text_tokens + asked.task.budget.image_tokens
        ):
            return False
        asked.task = replace(asked.task, budget=budget)
        return True

    def _finished(self, asked: Asked, outcome: Outcome, raw: Any) -> Answered:
        return finish_answer(
            outcome, asked.question, asked.evidence, self._told(raw), must_cite=self.needs_evidence
        )

    def _told(self, raw: Any) -> dict[str, Any]:
        """Who answered, as the ladder tells it."""
        told = getattr(raw, "additional_kwargs", {}).get("generator")
        if told:
            return dict(told)
        ladder = _there(self.ladder)
        return {"name": ladder.candidates[0].name, "model": ladder.metadata.model_name, "skipped": []}

    def answer(self, asked: Asked) -> Answered:
        """Wait for the answer.

        Raises:
            GenerationError: If a generator failed for a reason that is to be shown.
        """
        if (ready := self._without_generator(asked)) is not None:
            return ready
        ladder, task = _there(self.ladder), _there(asked.task)
        try:
            if self.output_cls is not None:
                injection = task.injection(task.evidence)
                filled = structured_reply(ladder, task.messages(injection), self.output_cls)
                return self._structured(asked, filled, Outcome("", [injection]))
            steps = steps_of(self.mode)(task)
            step = _send(steps, None)
            replies: list[Reply] = []
            while not isinstance(step, Outcome):
                replies = [reply_to(ladder, call) for call in step]
                step = _send(steps, replies)
            return self._finished(asked, step, replies[-1].raw)
        except GenerationError as error:
            if self._narrowed(asked, error):
                return self.answer(asked)
            return self._stand_in(asked, error)

    async def aanswer(self, asked: Asked) -> Answered:
        """:meth:`answer` on the event loop."""
        if (ready := await asyncio.to_thread(self._without_generator, asked)) is not None:
            return ready
        ladder, task = _there(self.ladder), _there(asked.task)
        try:
            if self.output_cls is not None:
                injection = await asyncio.to_thread(task.injection, task.evidence)
                filled = await astructured_reply(ladder, task.messages(injection), self.output_cls)
                return self._structured(asked, filled, Outcome("", [injection]))
            steps = steps_of(self.mode)(task)
            step = await asyncio.to_thread(_send, steps, None)
            replies: list[Reply] = []
            while not isinstance(step, Outcome):
                replies = list(await asyncio.gather(*(areply_to(ladder, call) for call in step)))
                step = await asyncio.to_thread(_send, steps, replies)
            return self._finished(asked, step, replies[-1].raw)
        except GenerationError as error:
            if self._narrowed(asked, error):
                return await self.aanswer(asked)
            return await asyncio.to_thread(self._stand_in, asked, error)

    def _structured(self, asked: Asked, filled: BaseModel, outcome: Outcome) -> Answered:
        metadata = finish_structured(filled, outcome, asked.evidence, self._told(None))
        return Answered("", metadata, filled)

    def pieces(self, asked: Asked, done: Callable[[Answered], None]) -> Generator[str, None, None]:
        """The answer as it comes; ``done`` is told the checked one at the end."""
        text = ""
        try:
            answered = self._without_generator(asked)
            if answered is None:
                ladder = _there(self.ladder)
                steps = steps_of(self.mode)(_there(asked.task))
                step = _send(steps, None)
                raw: Any = None
                while not isinstance(step, Outcome):
                    if _is_final(step):
                        for piece in stream_reply(ladder, step[0]):
                            raw = piece
                            text += piece.delta or ""
                            yield piece.delta or ""
                        step = _send(steps, [Reply(text)])
                    else:
                        replies = [reply_to(ladder, call) for call in step]
                        raw = replies[-1].raw
                        step = _send(steps, replies)
                answered = self._finished(asked, step, raw)
        except GenerationError as error:
            if text:
                raise
            if self._narrowed(asked, error):
                yield from self.pieces(asked, done)
                return
            answered = self._stand_in(asked, error)
        if not text:
            yield answered.text
        elif late := late_marks(text, answered.text):
            yield late
        done(answered)

    async def apieces(self, asked: Asked, done: Callable[[Answered], None]) -> AsyncGenerator[str, None]:
        """:meth:`pieces` on the event loop."""
        text = ""
        try:
            answered = await asyncio.to_thread(self._without_generator, asked)
            if answered is None:
                ladder = _there(self.ladder)
                steps = steps_of(self.mode)(_there(asked.task))
                step = await asyncio.to_thread(_send, steps, None)
                raw: Any = None
                while not isinstance(step, Outcome):
                    if _is_final(step):
                        async for piece in astream_reply(ladder, step[0]):
                            raw = piece
                            text += piece.delta or ""
                            yield piece.delta or ""
                        step = await asyncio.to_thread(_send, steps, [Reply(text)])
                    else:
                        replies = list(await asyncio.gather(*(areply_to(ladder, call) for call in step)))
                        raw = replies[-1].raw
                        step = await asyncio.to_thread(_send, steps, replies)
                answered = self._finished(asked, step, raw)
        except GenerationError as error:
            if text:
                raise
            if self._narrowed(asked, error):
                async for delta in self.apieces(asked, done):
                    yield delta
                return
            answered = await asyncio.to_thread(self._stand_in, asked, error)
        if not text:
            yield answered.text
        elif late := late_marks(text, answered.text):
            yield late
        done(answered)


def _room(ladder: FallbackLLM, history: Sequence[ChatMessage]) -> Budget:
    """The evidence's budget; a third of the room belongs to what was said before, where anything was."""
    return Budget.for_llm(ladder, share=0.66 if history else 1.0)


Found = TypeVar("Found")


def _there(value: Found | None) -> Found:
    if value is None:
        raise UsageError("There is no generator.", hint="Give an llm.")
    return value


def _send(steps: Steps, replies: list[Reply] | None) -> list[Call] | Outcome:
    """The next calls of a mode, or its outcome."""
    try:
        return next(steps) if replies is None else steps.send(replies)
    except StopIteration as stop:
        outcome: Outcome = stop.value
        return outcome


def _is_final(calls: Sequence[Call]) -> bool:
    return len(calls) == 1 and calls[0].final
