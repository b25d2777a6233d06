"""Answer a question from numbered context: by a model, or by quoting where none answers.

:meth:`Answering.course` does no I/O: it is a generator that yields the calls to a model that are due, and is sent their
replies. :meth:`Answering.pieces` and :meth:`Answering.apieces` make the calls: in this thread or on an event loop, whole
or as a stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..errors import CapabilityMissing, GenerationError, NoGeneratorAnswered
from ..images.token_cost import image_cost_of
from .context import Evidence
from .extractive.answerer import ExtractiveAnswerer, below_threshold
from .extractive.question_type import asks_nothing
from .injection import Budget
from .llm_calls import areply_to, astream_reply, reply_to, scorer_of, stream_reply
from .postprocess import Answered, Checking, check_sound, finish_answer, late_text, quoted_answer
from .prompt import AnswerPrompt
from .response_modes import Call, Mode, Outcome, Reply, Task, steps_of
from .streamed_text import StreamedText
from .tracing import traced_course
from .weak_models import reworded, worth_rewriting

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage
    from llama_index.core.bridge.pydantic import BaseModel

    from ..generators.fallback.candidate import Candidate
    from ..generators.fallback.llm import FallbackLLM

__all__ = ["Answering", "Asked", "Course"]

Course = Generator[list[Call], list[Reply], Answered]
"""The course of an answer: a generator that yields the calls that are due, is sent their replies, returns the answer."""


@dataclass(slots=True)
class Asked:
    """One question on its way to its answer.

    Attributes:
        question: Its words.
        evidence: The context, in order and numbered.
        task: The request to a model; None where there is none.
        has_pictures: Whether it came with pictures.
    """

    question: str
    evidence: list[Evidence]
    task: Task | None = None
    has_pictures: bool = False


@dataclass(slots=True)
class Answering:
    """How questions are answered; see :class:`~xmrag_plugin.CrossModalSynthesizer` for the parts.

    ``needs_evidence`` is False where a model may speak of a picture of the question by itself; ``weak_model`` says
    whether the model is one that is given quotations only, by what is known of it when not given
    (:class:`~xmrag_plugin.generators.capability.Capability`).
    """

    llm: FallbackLLM | None = None
    mode: Mode = "compact"
    budget: Budget | None = None
    takes_pictures: bool | None = None
    abstention_threshold: float | Callable[[], float] = 0.0
    extractive: ExtractiveAnswerer = field(default_factory=ExtractiveAnswerer)
    prompt: AnswerPrompt = field(default_factory=AnswerPrompt)
    checking: Checking = field(default_factory=Checking)
    output_cls: type[BaseModel] | None = None
    extractive_fallback: bool = True
    needs_evidence: bool = True
    weak_model: bool | None = None

    @property
    def threshold(self) -> float:
        """p(the evidence answers the question) below which the sources do not hold it."""
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
        """Prepare a question.

        Args:
            question: Its words.
            evidence: The context, in order and numbered.
            dropped: ``(node id, reason)`` of what was left out before.
            pictures: Pictures of the question, encoded.
            history: Earlier turns.
        """
        asked = Asked(question, evidence, has_pictures=bool(pictures))
        if (llm := self.llm) is not None:
            metadata = llm.metadata
            asked.task = Task(
                question=question,
                evidence=evidence,
                dropped=dropped,
                budget=self.budget or _budget(llm, history),
                # Where only trying tells, the chain takes the pictures out for a model that refuses them.
                takes_pictures=llm.takes_pictures is not False
                if self.takes_pictures is None
                else self.takes_pictures,
                cost=image_cost_of(llm),
                prompt=self.prompt,
                pictures=tuple(pictures),
                history=tuple(history),
                scores=scorer_of(llm) is not None,
                name=metadata.model_name,
                system_role=metadata.system_role,
                output_cls=self.output_cls,
            )
        return asked

    def answer(self, asked: Asked) -> Answered:
        """Wait for the answer.

        Raises:
            GenerationError: If a model failed for a reason that is to be shown.
        """
        found: list[Answered] = []
        for _ in self.pieces(asked, found.append, streaming=False):
            pass
        return found[0]

    async def aanswer(self, asked: Asked) -> Answered:
        """Wait for the answer on an event loop; see :meth:`answer`."""
        found: list[Answered] = []
        async for _ in self.apieces(asked, found.append, streaming=False):
            pass
        return found[0]

    def pieces(
        self, asked: Asked, done: Callable[[Answered], None], *, streaming: bool = True
    ) -> Generator[str, None, None]:
        """Yield the answer as it comes, and hand the checked one to ``done`` at the end.

        Args:
            asked: The question.
            done: Called once, with the checked answer.
            streaming: Whether the last call of a mode is streamed; else the answer is one piece.
        """
        course = traced_course(self.course(asked))
        step = _advance(course, None)
        text = StreamedText(self.prompt.instructions, asked.question)
        while not isinstance(step, Answered):
            try:
                if streaming and _may_stream(step):
                    raw: Any = None
                    for raw in stream_reply(self._model, step[0]):
                        if piece := text.take(raw.delta):
                            yield piece
                        if text.unsound:
                            break
                    if piece := text.end():
                        yield piece
                    replies = [Reply(text.text, raw=raw)]
                else:
                    replies = [reply_to(self._model, call) for call in step]
            except GenerationError as error:
                if text.shown:
                    raise
                step = _advance(course, error)
            else:
                step = _advance(course, replies)
        if late := late_text(text.shown, step):
            yield late
        done(step)

    async def apieces(
        self, asked: Asked, done: Callable[[Answered], None], *, streaming: bool = True
    ) -> AsyncGenerator[str, None]:
        """Yield the answer on an event loop; pictures and quotations are worked on in a thread."""
        course = traced_course(self.course(asked))
        step = await asyncio.to_thread(_advance, course, None)
        text = StreamedText(self.prompt.instructions, asked.question)
        while not isinstance(step, Answered):
            try:
                if streaming and _may_stream(step):
                    raw: Any = None
                    async for raw in astream_reply(self._model, step[0]):
                        if piece := text.take(raw.delta):
                            yield piece
                        if text.unsound:
                            break
                    if piece := text.end():
                        yield piece
                    replies = [Reply(text.text, raw=raw)]
                else:
                    replies = list(await asyncio.gather(*(areply_to(self._model, call) for call in step)))
            except GenerationError as error:
                if text.shown:
                    raise
                step = await asyncio.to_thread(_advance, course, error)
            else:
                step = await asyncio.to_thread(_advance, course, replies)
        if late := late_text(text.shown, step):
            yield late
        done(step)

    def course(self, asked: Asked) -> Course:
        """Yield the calls that a question takes, batch by batch, and return its checked answer.

        A GenerationError of a call is thrown in where it was yielded.

        Raises:
            GenerationError: If a model failed for a reason that is to be shown.
        """
        if (ready := self._without_model(asked)) is not None:
            return ready
        while True:
            try:
                assert asked.task is not None
                if self._rewords(asked.task, self._model.first):
                    return (yield from self._reworded(asked, asked.task))
                outcome = yield from steps_of(self.mode if self.output_cls is None else "structured")(
                    asked.task
                )
                who = self._who(outcome)
                if (answered := self._model.named(who["name"])) and self._rewords(asked.task, answered):
                    # Those before it did not answer, and it got a prompt that is not for it.
                    return (yield from self._reworded(asked, asked.task))
                if self.output_cls is None:
                    check_sound(outcome, asked.task)
                return (
                    yield from finish_answer(
                        outcome,
                        asked.question,
                        asked.evidence,
                        who,
                        must_cite=self.needs_evidence,
                        checking=self.checking,
                    )
                )
            except GenerationError as error:
                if not self._narrowed(asked, error):
                    return self._stand_in(asked, error)

    def is_weak(self, candidate: Candidate | None = None) -> bool:
        """Whether a model, or the one that is asked first now, is not to be trusted with more than quotations."""
        if self.weak_model is not None or self.llm is None:
            return bool(self.weak_model)
        return (candidate or self.llm.first).is_weak

    def _rewords(self, task: Task, candidate: Candidate) -> bool:
        """Whether the model is weak, and is to put quotations into a sentence only."""
        if self.mode != "compact" or self.output_cls is not None or task.pictures:
            return False
        return self.is_weak(candidate)

    def _reworded(self, asked: Asked, task: Task) -> Course:
        quoted = self._quoted(asked)
        if quoted.metadata["abstained"] or not quoted.quotations or not worth_rewriting(asked.question):
            return quoted
        outcome = yield from reworded(
            asked.question, quoted.quotations, asked.evidence, name=task.name, system_role=task.system_role
        )
        answered = yield from finish_answer(outcome, asked.question, asked.evidence, self._who(outcome))
        answered.metadata["quotations"] = [{"n": n, "quote": quote} for n, quote in quoted.quotations]
        return answered

    @property
    def _model(self) -> FallbackLLM:
        assert self.llm is not None
        return self.llm

    def _quoted(self, asked: Asked, skipped: Sequence[dict[str, str]] = ()) -> Answered:
        question = asked.question
        if asked.has_pictures and asks_nothing(question) and _is_near(asked.evidence):
            question = ""  # "What is this?" asks for the picture that it comes with: the nearest tells of it
        return quoted_answer(
            self.extractive, question, asked.evidence, threshold=self.threshold, skipped=skipped
        )

    def _without_model(self, asked: Asked) -> Answered | None:
        """Return the answer when no model is asked: there is none, or there is nothing to ask it."""
        if (
            asked.task is not None
            and (asked.evidence or not self.needs_evidence)
            and not below_threshold(asked.question, asked.evidence, self.threshold)
        ):
            return None
        if self.output_cls is not None:
            missing = asked.task is None
            raise CapabilityMissing(
                f"{self.output_cls.__name__} cannot be filled in: "
                + ("there is no model." if missing else "the sources do not hold it."),
                hint="Give an llm, or ask without output_cls." if missing else "Ask without output_cls.",
            )
        return self._quoted(asked)

    def _stand_in(self, asked: Asked, error: GenerationError) -> Answered:
        """Return the extractive answer where no model answered; other errors are raised."""
        if not error.retryable or not self.extractive_fallback or self.output_cls is not None:
            raise error
        if self.mode == "marginal" and isinstance(error, CapabilityMissing):
            raise error
        skipped = error.skipped if isinstance(error, NoGeneratorAnswered) else []
        skipped = skipped or [{"name": asked.task.name if asked.task else "", "reason": error.message}]
        return self._quoted(asked, skipped)

    def _narrowed(self, asked: Asked, error: GenerationError) -> bool:
        """Whether to ask once more with less: the model that is left may have a smaller window."""
        if self.budget is not None or asked.task is None or not isinstance(error, NoGeneratorAnswered):
            return False
        budget = _budget(self._model, asked.task.history)
        before = asked.task.budget
        if budget.text_tokens + budget.image_tokens >= 0.9 * (before.text_tokens + before.image_tokens):
            return False
        asked.task = replace(asked.task, budget=budget)
        return True

    def _who(self, outcome: Outcome) -> dict[str, Any]:
        """Return who answered, as the chain says it."""
        said = getattr(outcome.raw, "additional_kwargs", {}).get("generator")
        if said:
            return dict(said)
        return {
            "name": self._model.candidates[0].name,
            "model": self._model.metadata.model_name,
            "skipped": [],
        }


def _is_near(evidence: Sequence[Evidence]) -> bool:
    """Return whether the best of the evidence is rather relevant than not, as far as the retriever says."""
    return bool(evidence) and (evidence[0].probability is None or evidence[0].probability >= 0.5)


def _budget(llm: FallbackLLM, history: Sequence[ChatMessage]) -> Budget:
    """Return the budget for a model; a third of the room belongs to what was said before, where anything was."""
    return Budget.for_llm(llm, share=0.66 if history else 1.0)


def _advance(course: Course, sent: list[Reply] | GenerationError | None) -> list[Call] | Answered:
    """Send replies or an error into a course; its next calls, or its answer."""
    try:
        if isinstance(sent, GenerationError):
            return course.throw(sent)
        return next(course) if sent is None else course.send(sent)
    except StopIteration as stop:
        answered: Answered = stop.value
        return answered


def _may_stream(calls: Sequence[Call]) -> bool:
    return len(calls) == 1 and calls[0].final
