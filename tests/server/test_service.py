"""No more than so many answers are at work at once, whatever becomes of those who asked."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")

from xmrag_plugin.server import Limits
from xmrag_plugin.server.service import Busy, Service, TooSlow
from xmrag_plugin.server.turns import keep_upload

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


async def test_those_who_add_wait_for_each_other_and_keep_no_place_of_those_who_ask() -> None:
    work = Work()
    asked = service(work, answer_s=0.2)

    async def add() -> list[object]:
        return [step async for step in asked.run_with_progress("add", lambda _: work(), writing=True)]

    adding = [asyncio.create_task(add()) for _ in range(2 * ANSWERS)]
    await until(lambda: work.at_work == 1)
    assert await asked.work("search", lambda: "found") == "found"
    work.go_on.set()
    assert await asyncio.gather(*adding) == [["done"]] * (2 * ANSWERS)
    assert work.most == 1
    work.go_on.clear()
    with pytest.raises(TooSlow) as caught:
        await asked.work("add", work, writing=True)
    assert "goes on" in caught.value.hint
    work.go_on.set()


def test_two_who_send_files_of_one_name_at_once_do_not_mix_them(tmp_path: Path) -> None:
    both = threading.Barrier(2, timeout=120)

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                both.wait()  # each has written its first part
                return super().read()
            return super().read(4)

    sent = [letter * 4 + letter * 9 for letter in (b"a", b"b")]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda data: keep_upload(tmp_path / "uploads", "notes.md", Slow(data)), sent))
    (kept,) = (tmp_path / "uploads").iterdir()
    assert kept.read_bytes() in sent


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("the line broke")

    with pytest.raises(OSError, match="line broke"):
        keep_upload(tmp_path / "uploads", "notes.md", Broken())
    assert list((tmp_path / "uploads").iterdir()) == []
