"""The work behind every interface: questions in threads, a bounded number at once, with counts for monitoring."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from ..errors import UsageError, XmragError
from ..index import CrossModalIndex
from .limits import Limits

__all__ = ["DATA_URI", "Busy", "Service", "TooSlow", "picture_of_data_uri", "safe_name", "source_link"]

T = TypeVar("T")

DATA_URI = re.compile(r"^data:image/[\w.+-]+;base64,", re.IGNORECASE)
_UNSAFE = re.compile(r"[\x00-\x1f\x7f<>:\"/\\|?*]+")
MAX_NAME = 120


class Busy(XmragError):
    """More questions are waiting than the server keeps."""


class TooSlow(XmragError):
    """A question took longer than the server allows."""


class Service:
    """One index, asked by many clients at once.

    Args:
        index: The index.
        limits: What one client may ask.
    """

    def __init__(self, index: CrossModalIndex, limits: Limits | None = None) -> None:
        self.index = index
        self.limits = limits or Limits()
        self.counts: dict[str, int] = {}
        self.seconds: dict[str, float] = {}
        self._guard = threading.Lock()
        self._slots: dict[bool, asyncio.Semaphore] = {}
        self._waiting = 0
        self._ending: set[asyncio.Future[None]] = set()

    @property
    def uploads(self) -> Path:
        """Return the folder in which uploaded files are kept, so that their pages can be shown later."""
        return self.index.kb.path / "uploads"

    def remove(self, source: str) -> list[str]:
        """Remove a source, and the file where it was uploaded; return the names of what was removed.

        Raises:
            UsageError: If there is no such source.
        """
        files = [Path(row.path) for row in self.index.kb.catalog.source_named(source)]
        removed = self.index.remove(source)
        for file in files:
            if file.parent.absolute() == self.uploads.absolute():
                file.unlink(missing_ok=True)
        return removed

    def count(self, what: str, seconds: float | None = None) -> None:
        """Count an event, and the time it took."""
        with self._guard:
            self.counts[what] = self.counts.get(what, 0) + 1
            if seconds is not None:
                self.seconds[what] = self.seconds.get(what, 0.0) + seconds

    def metrics(self) -> str:
        """Return the counts in Prometheus' text format."""
        with self._guard:
            lines = ["# TYPE xmrag_requests_total counter"]
            lines += [f'xmrag_requests_total{{what="{name}"}} {n}' for name, n in sorted(self.counts.items())]
            lines.append("# TYPE xmrag_seconds_total counter")
            lines += [
                f'xmrag_seconds_total{{what="{name}"}} {spent:.3f}'
                for name, spent in sorted(self.seconds.items())
            ]
            lines += ["# TYPE xmrag_waiting gauge", f"xmrag_waiting {self._waiting}"]
        return "\n".join(lines) + "\n"

    async def _take_slot(self, writing: bool = False) -> asyncio.Semaphore:
        """Wait for a place among the answers in the making, and return what gives it back.

        Args:
            writing: Wait for the one place of those that change the collection: they would wait for each other in
                any case, and must not keep the places of those who ask.

        Raises:
            Busy: If too many wait already.
        """
        places = 1 if writing else self.limits.answers
        slots = self._slots.setdefault(writing, asyncio.Semaphore(places))
        if self._waiting >= self.limits.waiting:
            raise Busy("Too many questions are waiting.", hint="Ask again in a moment.")
        self._waiting += 1
        try:
            await slots.acquire()
        finally:
            self._waiting -= 1
        return slots

    def _give_back(
        self, slots: asyncio.Semaphore, running: asyncio.Future[Any], made: asyncio.Future[Any] | None = None
    ) -> None:
        """Free a place when the thread that runs has ended, and the generator that was made in it is closed."""

        async def end() -> None:
            try:
                await asyncio.wait([running])
                if not running.cancelled():
                    running.exception()  # whoever waited has it
                if made is not None and not made.cancelled() and made.exception() is None:
                    await asyncio.to_thread(getattr(made.result(), "close", lambda: None))
            finally:
                slots.release()

        ending = asyncio.ensure_future(end())
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _within(self, running: asyncio.Future[T], begun: float) -> T:
        """Wait for a thread within the limit of time; the thread goes on where the wait ends.

        Raises:
            TooSlow: If the question has taken longer than the limit.
        """
        left = self.limits.answer_s - (time.perf_counter() - begun)
        try:
            return await asyncio.wait_for(asyncio.shield(running), max(left, 0.0))
        except asyncio.TimeoutError as error:
            if running.done():  # the call's own
                raise
            raise TooSlow(
                f"It took longer than {self.limits.answer_s:.0f} s.", hint="Ask for less, or later."
            ) from error

    async def work(self, what: str, call: Callable[[], T], *, writing: bool = False) -> T:
        """Run a blocking call in a thread, counted and timed; its place is free when the thread has ended.

        Args:
            what: Under which name it is counted.
            call: The work.
            writing: Whether it changes the collection.

        Raises:
            Busy: If too many wait already.
            TooSlow: If it takes longer than the limit.
        """
        begun = time.perf_counter()
        slots = await self._take_slot(writing)
        running = asyncio.ensure_future(asyncio.to_thread(call))
        self._give_back(slots, running)
        try:
            result = await self._within(running, time.perf_counter())
        except TooSlow as error:
            self.count(f"{what}_timeout")
            if writing:
                error.hint = "It goes on: /api/sources says when it is ready."
            raise
        except Exception:
            self.count(f"{what}_error")
            raise
        self.count(what, time.perf_counter() - begun)
        return result

    async def pieces(self, make: Callable[[], Iterator[T]]) -> AsyncGenerator[T, None]:
        """Iterate over a blocking generator in a thread; when the client goes away it is closed after its last step.

        Raises:
            Busy: If too many wait already.
            TooSlow: If all pieces together take longer than the limit.
        """
        slots = await self._take_slot()
        begun, done = time.perf_counter(), object()
        running: asyncio.Future[Any] = asyncio.ensure_future(asyncio.to_thread(make))
        made = running
        try:
            iterator = await self._within(running, begun)
            while True:
                running = asyncio.ensure_future(asyncio.to_thread(next, iterator, done))
                if (piece := await self._within(running, begun)) is done:
                    return
                yield piece
        finally:
            self._give_back(slots, running, made)

    async def run_with_progress(
        self, what: str, call: Callable[[Callable[[str, int, int], None]], T], *, writing: bool = False
    ) -> AsyncIterator[tuple[str, int, int] | T]:
        """Run a long call in a thread: yield its progress as ``(stage, done, total)``, and last its result.

        It has no limit of time, since its client sees how far it is; when the client goes away it runs to its end.

        Raises:
            Busy: If too many wait already.
        """
        begun = time.perf_counter()
        slots = await self._take_slot(writing)
        progress: asyncio.Queue[tuple[str, int, int] | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def report(stage: str, done: int, total: int) -> None:
            loop.call_soon_threadsafe(progress.put_nowait, (stage, done, total))

        running = asyncio.ensure_future(asyncio.to_thread(call, report))
        running.add_done_callback(lambda _: progress.put_nowait(None))
        self._give_back(slots, running)
        while (step := await progress.get()) is not None:
            yield step
        if running.exception() is not None:
            self.count(f"{what}_error")
        else:
            self.count(what, time.perf_counter() - begun)
        yield running.result()


def picture_of_data_uri(uri: str) -> bytes:
    """Return the bytes of a picture given as a data URI; nothing is ever fetched.

    Raises:
        UsageError: If it is another kind of address, or no base64.
    """
    match = DATA_URI.match(uri)
    if match is None:
        raise UsageError(
            "Pictures are taken as data URIs only.", hint="Send data:image/png;base64,… instead of a link."
        )
    try:
        return base64.b64decode(uri[match.end() :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise UsageError("The picture is no valid base64.", hint="Encode it again.") from error


def safe_name(name: str) -> str:
    """Return the name under which an uploaded file is kept: no folders, no control characters, not too long.

    Raises:
        UsageError: If nothing is left of it.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    cleaned = _UNSAFE.sub("_", last).strip(" .")
    stem, dot, suffix = cleaned.rpartition(".")
    if not cleaned.strip("_"):
        raise UsageError(f"{name!r} is no name of a file.", hint="Give the file a name.")
    if dot and len(suffix) <= 12:
        return f"{stem[: MAX_NAME - len(suffix) - 1]}.{suffix}"
    return cleaned[:MAX_NAME]


def source_link(base: str, citation: dict[str, Any]) -> str:
    """Return the address of the page that shows a citation's source."""
    query = []
    if citation.get("page") is not None:
        query.append(f"page={citation['page']}")
    if citation.get("node_id"):
        query.append(f"node={quote(str(citation['node_id']), safe='')}")
    region = citation.get("region") or citation.get("bbox")
    if region:
        query.append("box=" + ",".join(f"{value:g}" for value in region))
    return f"{base}/source/{quote(citation['source'])}" + (f"?{'&'.join(query)}" if query else "")
