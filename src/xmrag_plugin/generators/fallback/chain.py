"""Put one question to the candidates of a fallback chain, in the four ways in which an LLM can be asked."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import GenerationError, GeneratorOverloaded, NoGeneratorAnswered
from ..keyless import redact, secrets_of
from ..served.errors import Diagnosis, diagnose
from ..served.replies import settled
from .candidate import Candidate, StreamWatch, Try

if TYPE_CHECKING:
    from llama_index.core.llms import LLM, ChatMessage

__all__ = ["ChainRun", "arun", "astream", "run", "stream"]

_log = logging.getLogger("xmrag_plugin.generators.fallback.llm")
MAX_PAUSE_S = 5.0
"""The longest wait before the same candidate is asked again."""

MAX_COOLDOWN_S = 900.0
MAX_WAIT_S = 15.0
"""How long one question waits for an overloaded candidate, all its tries together."""

MAX_FAILURES_IN_A_ROW = 2
"""Questions after which a candidate that answers none of them is left alone for a while.

One alone may be the question's fault, and must not put the candidate out of use for others.
"""

Reply = TypeVar("Reply")


@dataclass(slots=True)
class ChainRun:
    """One question to a chain.

    Attributes:
        candidates: The best first.
        messages: What is asked.
        cooldown_s: How long a candidate that is down is left alone.
        retries: How often a candidate is asked again after a passing failure.
        has_floor: Whether the caller answers in some other way when no candidate does, so that even the
            last one may be left alone.
        tools: Whether tools are to be called.
        may_be_empty: Whether a reply without text is one.
        clock: Seconds that only grow.
        skipped: The candidates that did not answer, and why.
    """

    candidates: Sequence[Candidate]
    messages: list[ChatMessage]
    cooldown_s: float
    retries: int
    has_floor: bool
    tools: bool = False
    may_be_empty: bool = False
    clock: Callable[[], float] = time.monotonic
    skipped: list[dict[str, str]] = field(default_factory=list)
    _next: int = 0
    _again: Try | None = None
    _last: GenerationError | None = None

    def next(self) -> Try:
        """Return who is to be asked now, and after what wait.

        Raises:
            NoGeneratorAnswered: If no candidate is left.
        """
        if self._again is not None:
            again, self._again = self._again, None
            return again
        while self._next < len(self.candidates):
            candidate = self.candidates[self._next]
            self._next += 1
            now = self.clock()
            wait_s = candidate.cooling_s(now)
            if self.tools and not candidate.calls_tools:
                self._skip(candidate, "calls no tools")
            elif wait_s > MAX_PAUSE_S or (wait_s and not self.retries):
                self._skip(candidate, candidate.cooling_reason(now))
            else:
                return Try(candidate, list(self.messages), began=now, wait_s=wait_s)
        told = "; ".join(f"{row['name']}: {row['reason'].rstrip('.')}" for row in self.skipped)
        raise NoGeneratorAnswered(
            f"No generator answered: {told or 'there is no candidate'}.",
            hint=self._last.hint if self._last else "Name a generator with --llm, or see `xmrag status`.",
            skipped=self.skipped,
        ) from self._last

    def failed(self, asked: Try, error: Exception) -> None:
        """Settle what a failure of a candidate means; :meth:`next` then says how to go on.

        Raises:
            XmragError: If the failure is not one to fall back after, or an answer had begun.
            Exception: A programming error, unchanged.
        """
        if asked.candidate.is_open:
            redact(error, secrets_of(asked.candidate.llm))
        found = diagnose(error, asked.who, asked.where)
        if found is None:
            raise error
        if asked.written:
            self._cool_down(asked.candidate, found)
            raise self._broken_off(asked, found) from error
        if asked.retry_without_pictures(found):
            asked.wait_s = 0.0
            self._again = asked
            return
        if asked.refused is not None and found.status == asked.refused.status:
            found = asked.refused  # the pictures were not the reason: the first refusal tells more
        if not found.error.retryable or not isinstance(found.error, GenerationError):
            raise found.error from _cause(error, found)
        if self._ask_again(asked, found):
            return
        if not found.lacks:
            self._cool_down(asked.candidate, found)
        self._last = found.error
        self._skip(asked.candidate, found.error.message)

    def answered(self, asked: Try) -> None:
        """Keep what the answer has shown of its candidate, and log who answered."""
        asked.candidate.succeeded()
        asked.remember()
        skipped = "; ".join(f"not {row['name']}: {row['reason']}" for row in self.skipped)
        words = f"; {asked.as_words} pictures as words" if asked.as_words else ""
        level = logging.WARNING if self.skipped else logging.INFO
        _log.log(level, "answered by %s%s%s", asked.who, words, f"; {skipped}" if skipped else "")

    def mark(self, asked: Try, reply: Reply) -> Reply:
        """Write into a reply who gave it and who was skipped for what."""
        report: dict[str, Any] = {
            "name": asked.candidate.name,
            "model": asked.candidate.model,
            "skipped": [dict(row) for row in self.skipped],
        }
        if asked.as_words:
            report["pictures_as_words"] = asked.as_words
        reply.additional_kwargs = {**reply.additional_kwargs, "generator": report}  # type: ignore[attr-defined]
        return reply

    def _ask_again(self, asked: Try, found: Diagnosis) -> bool:
        """Prepare another try of the same candidate after a passing failure; return whether there is one."""
        if not found.transient or not self.retries:
            return False
        busy = isinstance(found.error, GeneratorOverloaded) and found.retry_after_s is not None
        pause_s = found.retry_after_s if found.retry_after_s is not None else 0.5 * 2**asked.tries
        if pause_s > MAX_PAUSE_S:
            return False
        if busy:  # a server that says when to come back is waited for; spread, so that not all come at once
            pause_s *= 1 + random.random()
            if self.clock() + pause_s > asked.began + MAX_WAIT_S:
                return False
        elif asked.tries >= self.retries:
            return False
        asked.tries += 1
        asked.wait_s = pause_s
        self._again = asked
        return True

    def _broken_off(self, asked: Try, found: Diagnosis) -> GenerationError:
        kind = type(found.error) if isinstance(found.error, GenerationError) else GenerationError
        return kind(
            f"{asked.who} broke off after {asked.written:,} characters of its answer: {found.error.message}",
            hint="Ask again. Words of two generators are not joined into one answer.",
        )

    def _cool_down(self, candidate: Candidate, found: Diagnosis) -> None:
        """Leave a candidate alone that is down, asks for it, or failed several questions in a row."""
        if candidate is self.candidates[-1] and not self.has_floor:
            return
        if found.retry_after_s is not None:
            pause_s = min(found.retry_after_s, MAX_COOLDOWN_S)
        elif (
            found.down
            or isinstance(found.error, GeneratorOverloaded)
            or candidate.failed() >= MAX_FAILURES_IN_A_ROW
        ):
            pause_s = self.cooldown_s
        else:
            return
        candidate.cool_down(self.clock() + pause_s, found.error.message)

    def _skip(self, candidate: Candidate, reason: str) -> None:
        self.skipped.append({"name": candidate.name, "reason": reason})


def run(chain: ChainRun, ask: Callable[[LLM, list[ChatMessage]], Any]) -> Any:
    """Ask candidate after candidate for one reply.

    Raises:
        XmragError: As :meth:`ChainRun.next` and :meth:`ChainRun.failed`.
    """
    while True:
        asked = chain.next()
        time.sleep(asked.wait_s)
        try:
            reply = settled(ask(*asked.open()), asked.who, may_be_empty=chain.may_be_empty)
        except Exception as error:
            chain.failed(asked, error)
        else:
            chain.answered(asked)
            return chain.mark(asked, reply)


async def arun(chain: ChainRun, ask: Callable[[LLM, list[ChatMessage]], Awaitable[Any]]) -> Any:
    """Do as :func:`run`, without blocking the loop, not even to load a model."""
    while True:
        asked = chain.next()
        await asyncio.sleep(asked.wait_s)
        try:
            reply = settled(await ask(*await asked.aopen()), asked.who, may_be_empty=chain.may_be_empty)
        except Exception as error:
            chain.failed(asked, error)
        else:
            chain.answered(asked)
            return chain.mark(asked, reply)


def stream(
    chain: ChainRun, ask: Callable[[LLM, list[ChatMessage]], Iterator[Any]]
) -> Generator[Any, None, None]:
    """Ask candidate after candidate for a stream; after its first word there is no other."""
    while True:
        asked = chain.next()
        time.sleep(asked.wait_s)
        pieces = _pieces(asked, ask)
        try:
            while True:
                try:
                    piece = next(pieces)
                except StopIteration:
                    chain.answered(asked)
                    return
                except Exception as error:
                    chain.failed(asked, error)
                    break
                yield chain.mark(asked, piece)
        finally:
            pieces.close()


async def astream(
    chain: ChainRun, ask: Callable[[LLM, list[ChatMessage]], Awaitable[Any]]
) -> AsyncGenerator[Any, None]:
    """Do as :func:`stream`, without blocking the loop."""
    while True:
        asked = chain.next()
        await asyncio.sleep(asked.wait_s)
        pieces = _apieces(asked, ask)
        try:
            while True:
                try:
                    piece = await pieces.__anext__()
                except StopAsyncIteration:
                    chain.answered(asked)
                    return
                except Exception as error:
                    chain.failed(asked, error)
                    break
                yield chain.mark(asked, piece)
        finally:
            await pieces.aclose()


def _pieces(asked: Try, ask: Callable[[LLM, list[ChatMessage]], Iterator[Any]]) -> Generator[Any, None, None]:
    watch = StreamWatch(asked)
    source = ask(*asked.open())
    try:
        for piece in source:
            if (shown := watch.take(piece)) is not None:
                yield shown
    finally:
        if hasattr(source, "close"):
            source.close()
    if (rest := watch.end()) is not None:
        yield rest


async def _apieces(
    asked: Try, ask: Callable[[LLM, list[ChatMessage]], Awaitable[Any]]
) -> AsyncGenerator[Any, None]:
    watch = StreamWatch(asked)
    source = await ask(*await asked.aopen())
    try:
        async for piece in source:
            if (shown := watch.take(piece)) is not None:
                yield shown
    finally:
        if hasattr(source, "aclose"):
            await source.aclose()
    if (rest := watch.end()) is not None:
        yield rest


def _cause(error: Exception, found: Diagnosis) -> BaseException | None:
    return error.__cause__ if found.error is error else error
