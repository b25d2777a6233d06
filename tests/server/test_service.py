"""No more than so many answers are at work at once, whatever becomes of those who asked."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")

from xmrag_plugin.server import Limits
from xmrag_plugin.server.service import Busy, Service, TooSlow

ANSWERS = 2


class Work:
    """Calls that last until they are let go, and how many of them were at work at once."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.at_work = self.most = self.done = 0
        self._guard = threading.Lock()

    def _count(self, change: int) -> None:
        with self._guard:
            self.at_work += change
            self.most = max(self.most, self.at_work)
            self.done += change < 0

    def __call__(self) -> str:
        self._count(1)
        try:
            assert self.go_on.wait(120)
        finally:
            self._count(-1)
        return "done"

    def pieces(self) -> Iterator[str]:
        try:
            yield "first"
            yield self()
        finally:
            self.done += 10  # it was closed


def service(work: Work, **limits: Any) -> Service:
    index: Any = None  # nothing is asked of it here
    return Service(index, Limits(answers=ANSWERS, **limits))


async def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < ends
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("ends", ["too slow", "gone away"])
async def test_a_question_that_is_given_up_keeps_its_place_until_its_thread_ends(ends: str) -> None:
    work = Work()
    asked = service(work, answer_s=0.2 if ends == "too slow" else 60)
    first = [asyncio.create_task(asked.work("ask", work)) for _ in range(ANSWERS)]
    await until(lambda: work.at_work == ANSWERS)
    if ends == "gone away":
        for task in first:
            task.cancel()
    given_up = await asyncio.gather(*first, return_exceptions=True)
    assert {type(one) for one in given_up} == {TooSlow if ends == "too slow" else asyncio.CancelledError}
    further = asyncio.create_task(asked.work("ask", lambda: "answered"))
    await asyncio.sleep(0.3)
    assert not further.done()  # both places are taken by threads that nobody waits for
    work.go_on.set()
    assert await further == "answered"
    assert work.most == ANSWERS
    assert await asyncio.gather(*(asked.work("ask", work) for _ in range(3))) == ["done"] * 3


async def test_a_stream_that_is_given_up_keeps_its_place_and_is_closed() -> None:
    work = Work()
    asked = service(work, answer_s=0.3)

    async def listen() -> list[str]:
        return [piece async for piece in asked.pieces(work.pieces)]

    slow = [asyncio.create_task(listen()) for _ in range(ANSWERS)]
    assert [type(one) for one in await asyncio.gather(*slow, return_exceptions=True)] == [TooSlow] * ANSWERS
    further = asyncio.create_task(asked.work("ask", lambda: "answered"))
    await asyncio.sleep(0.2)
    assert not further.done()
    assert work.done == 0
    work.go_on.set()
    assert await further == "answered"
    await until(lambda: work.done >= 11 * ANSWERS)
    assert await listen() == ["first", "done"]
    assert work.most == ANSWERS


async def test_an_error_of_the_call_is_raised_and_frees_its_place() -> None:
    work = Work()
    asked = service(work, waiting=0)

    def fail() -> str:
        raise asyncio.TimeoutError("the generator's own")

    with pytest.raises(Busy):
        await asked.work("ask", work)
    asked = service(work, answer_s=5)
    for _ in range(2 * ANSWERS):
        with pytest.raises(asyncio.TimeoutError, match="own"):
            await asked.work("ask", fail)
    assert asked.counts == {"ask_error": 2 * ANSWERS}
    with suppress(StopAsyncIteration):
        assert await anext(asked.pieces(lambda: iter(()))) is None
