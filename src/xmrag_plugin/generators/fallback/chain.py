"""One question's way down a ladder: who is asked next, who is left for what, and the four ways of asking."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import GenerationError, LadderExhausted
from ..served.errors import Diagnosis, check_reply, diagnose
from .candidate import Rung, Step, StreamWatch

if TYPE_CHECKING:
    from llama_index.core.llms import LLM, ChatMessage

__all__ = ["Descent", "arun", "astream", "run", "stream"]

_log = logging.getLogger("xmrag_plugin.generators.fallback.llm")
_LONGEST_PAUSE_S = 5.0
_LONGEST_REST_S = 900.0

Reply = TypeVar("Reply")


@dataclass(slots=True)
class Descent:
    """One question's way down a ladder.

    Attributes:
        rungs: From the top.
        messages: What is asked.
        cooldown_s: How long a rung that failed is left alone.
        retries: How often a rung is asked again after a passing failure.
        has_floor: Whether someone below the ladder answers, so that even its last rung may rest.
        tools: Whether tools are to be called.
        clock: Seconds that only grow.
        skipped: The rungs that were left, and why.
    """

    rungs: Sequence[Rung]
    messages: list[ChatMessage]
    cooldown_s: float
    retries: int
    has_floor: bool
    tools: bool = False
    clock: Callable[[], float] = time.monotonic
    skipped: list[dict[str, str]] = field(default_factory=list)
    _next: int = 0
    _again: Step | None = None
    _last: GenerationError | None = None

    def next(self) -> Step:
        """Who is to be asked now.

        Raises:
            LadderExhausted: If no rung is left.
        """
        if self._again is not None:
            step, self._again = self._again, None
            return step
        while self._next < len(self.rungs):
            rung = self.rungs[self._next]
            self._next += 1
            reason = rung.resting(self.clock())
            if not reason and self.tools and not rung.calls_tools:
                reason = "calls no tools"
            if not reason:
                return Step(rung, list(self.messages))
            self._skip(rung, reason)
        told = "; ".join(f"{row['name']}: {row['reason']}" for row in self.skipped) or "it has no rungs"
        raise LadderExhausted(
            f"No generator answered: {told}.",
            hint=self._last.hint if self._last else "Name a generator with --llm, or see `xmrag status`.",
            skipped=self.skipped,
        ) from self._last

    def left(self, step: Step, error: Exception) -> float:
        """Settle what a failure of a rung means.

        Returns:
            Seconds to wait before going on with :meth:`next`.

        Raises:
            XmragError: If the failure is not one to step down for, or an answer had begun.
            Exception: A programmer's error, as it was.
        """
        found = diagnose(error, step.who)
        if found is None:
            raise error
        if not found.error.retryable or not isinstance(found.error, GenerationError):
            raise found.error from _cause(error, found)
        if step.written:
            self._rest(step.rung, found)
            raise self._broken_off(step, found) from error
        if found.lacks == "pictures" and not step.as_words and step.drop_pictures():
            step.rung.sees = False
            self._again = step
            return 0.0
        pause = found.retry_after_s if found.retry_after_s is not None else 0.5 * 2**step.tries
        if found.transient and step.tries < self.retries and pause <= _LONGEST_PAUSE_S:
            step.tries += 1
            self._again = step
            return pause
        if not found.lacks:
            self._rest(step.rung, found)
        self._last = found.error
        self._skip(step.rung, found.error.message)
        return 0.0

    def mark(self, step: Step, reply: Reply) -> Reply:
        """Write into a reply who gave it and who was left for what."""
        report: dict[str, Any] = {
            "name": step.rung.name,
            "model": step.rung.model,
            "skipped": [dict(row) for row in self.skipped],
        }
        if step.as_words:
            report["pictures_as_words"] = step.as_words
        reply.additional_kwargs = {**reply.additional_kwargs, "generator": report}  # type: ignore[attr-defined]
        return reply

    def log(self, step: Step) -> None:
        """One line when an answer is there."""
        left = "; ".join(f"left {row['name']}: {row['reason']}" for row in self.skipped)
        words = f"; {step.as_words} pictures as words" if step.as_words else ""
        level = logging.WARNING if self.skipped else logging.INFO
        _log.log(level, "answered by %s%s%s", step.who, words, f"; {left}" if left else "")

    def _broken_off(self, step: Step, found: Diagnosis) -> GenerationError:
        kind = type(found.error)
        return kind(  # type: ignore[return-value]
            f"{step.who} broke off after {step.written:,} characters of its answer: {found.error.message}",
            hint="Ask again. Words of two generators are not joined into one answer.",
        )

    def _rest(self, rung: Rung, found: Diagnosis) -> None:
        if rung is self.rungs[-1] and not self.has_floor:
            return
        wanted = max(self.cooldown_s, found.retry_after_s or 0.0)
        rung.rest(self.clock() + min(wanted, max(_LONGEST_REST_S, self.cooldown_s)), found.error.message)

    def _skip(self, rung: Rung, reason: str) -> None:
        self.skipped.append({"name": rung.name, "reason": reason})


def run(descent: Descent, ask: Callable[[LLM, list[ChatMessage]], Any]) -> Any:
    """Ask rung after rung for one reply."""
    while True:
        step = descent.next()
        try:
            reply = ask(*step.open())
            check_reply(reply, step.who)
        except Exception as error:
            pause = descent.left(step, error)
        else:
            descent.log(step)
            return descent.mark(step, reply)
        time.sleep(pause)


async def arun(descent: Descent, ask: Callable[[LLM, list[ChatMessage]], Awaitable[Any]]) -> Any:
    """As :func:`run`, without blocking the loop, not even to load a model."""
    while True:
        step = descent.next()
        try:
            reply = await ask(*await step.aopen())
            check_reply(reply, step.who)
        except Exception as error:
            pause = descent.left(step, error)
        else:
            descent.log(step)
            return descent.mark(step, reply)
        await asyncio.sleep(pause)


def stream(
    descent: Descent, ask: Callable[[LLM, list[ChatMessage]], Iterator[Any]]
) -> Generator[Any, None, None]:
    """Ask rung after rung for a stream; after its first word there is no other."""
    while True:
        step = descent.next()
        pieces = _pieces(step, ask)
        try:
            while True:
                try:
                    piece = next(pieces)
                except StopIteration:
                    descent.log(step)
                    return
                except Exception as error:
                    pause = descent.left(step, error)
                    break
                yield descent.mark(step, piece)
        finally:
            pieces.close()
        time.sleep(pause)


async def astream(
    descent: Descent, ask: Callable[[LLM, list[ChatMessage]], Awaitable[Any]]
) -> AsyncGenerator[Any, None]:
    """As :func:`stream`, without blocking the loop."""
    while True:
        step = descent.next()
        pieces = _apieces(step, ask)
        try:
            while True:
                try:
                    piece = await pieces.__anext__()
                except StopAsyncIteration:
                    descent.log(step)
                    return
                except Exception as error:
                    pause = descent.left(step, error)
                    break
                yield descent.mark(step, piece)
        finally:
            await pieces.aclose()
        await asyncio.sleep(pause)


def _pieces(step: Step, ask: Callable[[LLM, list[ChatMessage]], Iterator[Any]]) -> Generator[Any, None, None]:
    watch = StreamWatch(step)
    source = ask(*step.open())
    try:
        for piece in source:
            if watch.take(piece):
                yield piece
    finally:
        if hasattr(source, "close"):
            source.close()
    if (held := watch.end()) is not None:
        yield held


async def _apieces(
    step: Step, ask: Callable[[LLM, list[ChatMessage]], Awaitable[Any]]
) -> AsyncGenerator[Any, None]:
    watch = StreamWatch(step)
    source = await ask(*await step.aopen())
    try:
        async for piece in source:
            if watch.take(piece):
                yield piece
    finally:
        if hasattr(source, "aclose"):
            await source.aclose()
    if (held := watch.end()) is not None:
        yield held


def _cause(error: Exception, found: Diagnosis) -> BaseException | None:
    return error.__cause__ if found.error is error else error
