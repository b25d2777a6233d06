"""One writer at a time: those of this process queue, those of other processes are waited for on request."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import KnowledgeBaseLocked, StoreError
from .forks import renew_after_fork

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["in_turn", "writer_of"]


class _Queue:
    """The writers of one folder in this process."""

    def __init__(self) -> None:
        self._after_fork()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self.turn = threading.RLock()
        self.depth = 0


_queues: dict[str, _Queue] = {}


@contextmanager
def in_turn(place: str) -> Iterator[bool]:
    """Queue with the other writers of a place in this process; yields whether this thread was not writing already."""
    queue = _queues.setdefault(place, _Queue())  # one call, so that threads agree
    with queue.turn:
        queue.depth += 1
        try:
            yield queue.depth == 1
        finally:
            queue.depth -= 1


@contextmanager
def writer_of(folder: Path, wait_s: float) -> Iterator[bool]:
    """Hold the writer's lock of a folder; see :meth:`~xmrag_plugin.storage.knowledge_base.KnowledgeBase.writing`.

    Yields whether it was taken, and not held by this thread already.
    """
    with in_turn(str(folder.resolve())) as first:
        lock = _locked(folder, wait_s) if first else None
        try:
            yield first
        finally:
            if lock is not None:
                lock.release()


def _locked(folder: Path, wait_s: float) -> BaseFileLock:
    from filelock import FileLock, Timeout

    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=-1 if wait_s < 0 else wait_s)
    except Timeout as error:
        raise KnowledgeBaseLocked(
            f"Another process is writing to {folder}.",
            hint="Wait until it has finished, or let the call wait: wait=60. Reading goes on meanwhile.",
        ) from error
    except OSError as error:
        raise StoreError(
            f"The knowledge base {folder} cannot be written: {error}.",
            hint="Check its rights and the free space.",
        ) from error
    return lock
