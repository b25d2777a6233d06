"""One body for a method and its async twin.

A body is a coroutine that waits through a :class:`Waiting` and nothing else. Run with :func:`blocking` it never
suspends, so that no event loop is needed; awaited with :data:`ON_LOOP` it gives the loop its turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar

__all__ = ["IN_THREAD", "ON_LOOP", "Waiting", "blocking"]

T = TypeVar("T")


class Waiting(Protocol):
    """How a body waits for work that takes long."""

    async def run(self, work: Callable[..., T], *args: Any, **options: Any) -> T:
        """Run a function that keeps its thread busy."""

    async def call(
        self, plain: Callable[..., T], asynchronous: Callable[..., Awaitable[T]], *args: Any, **options: Any
    ) -> T:
        """Call a function of someone else's that has an async twin."""


class _InThread:
    async def run(self, work: Callable[..., T], *args: Any, **options: Any) -> T:
        return work(*args, **options)

    async def call(
        self, plain: Callable[..., T], asynchronous: Callable[..., Awaitable[T]], *args: Any, **options: Any
    ) -> T:
        return plain(*args, **options)


class _OnLoop:
    async def run(self, work: Callable[..., T], *args: Any, **options: Any) -> T:
        return await asyncio.to_thread(work, *args, **options)

    async def call(
        self, plain: Callable[..., T], asynchronous: Callable[..., Awaitable[T]], *args: Any, **options: Any
    ) -> T:
        return await asynchronous(*args, **options)


IN_THREAD: Waiting = _InThread()
ON_LOOP: Waiting = _OnLoop()


def blocking(body: Coroutine[Any, Any, T]) -> T:
    """Run a body that was given :data:`IN_THREAD` to its end, in this thread.

    Raises:
        RuntimeError: If the body waited for something else.
    """
    try:
        body.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    body.close()
    raise RuntimeError("A body that is run in a thread may wait through its Waiting only.")
