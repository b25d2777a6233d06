"""Read files in worker processes: one that takes too long or too much memory, or crashes, costs only its own file.

Worker processes (:mod:`~xmrag_plugin.ingestion.worker`) are started when the first file is to be read and kept
for the next ones; one that has grown, or was idle for a minute, is ended. They are started from the command
line of Python itself, not by :mod:`multiprocessing`, so that a script needs no ``if __name__ == "__main__"``.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from ..errors import SourceDamaged, SourceTooLarge, XmragError
from ..readers import Reader
from ..types import Element
from .worker import Job

__all__ = ["ReadWorkers", "Receiver", "importable", "shared_workers"]

_WATCH_S = 0.2
_IDLE_S = 60.0
_MAX_FILES = 500
_START = "from xmrag_plugin.ingestion.worker import main; main()"


class Receiver(Protocol):
    """Who takes what a worker sends."""

    def element(self, element: Element, difference_hash: int | None) -> None: ...
    def skip(self, reason: str) -> None: ...
    def warn(self, message: str, hint: str) -> None: ...
    def depends(self, path: str) -> None: ...
    def progress(self, done: int, total: int) -> None: ...
    def ocr(self, picture: bytes) -> Any: ...
    def transcribe(self, blocks: Iterator[Any], language: str) -> Iterator[Any]: ...


def importable(reader: Reader) -> tuple[str, str] | None:
    """Return the module and the name under which another process can import a reader's class, if it can."""
    kind = type(reader)
    module = sys.modules.get(kind.__module__)
    if kind.__module__ == "__main__" or getattr(module, kind.__qualname__, None) is not kind:
        return None
    return kind.__module__, kind.__qualname__


class _Process:
    """One worker process."""

    def __init__(self, memory_mb: int) -> None:
        paths = [path or os.getcwd() for path in sys.path]
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self.memory_mb = memory_mb
        self.files = 0
        self.peak_mb = 0
        self.heard: float | None = None  # when its last message came; None while it waits for us
        self.silence_s = 0.0
        self.ended_for = ""
        self.owner: object = None
        self.idle_since = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _START, str(memory_mb)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **threads, "PYTHONPATH": os.pathsep.join(paths)},
            start_new_session=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._in, self._out = self.process.stdin, self.process.stdout

    def send(self, message: Any) -> None:
        self._in.write(pickle.dumps(message, protocol=5))
        self._in.flush()
        self.heard = time.monotonic()

    def receive(self) -> Any:
        message = pickle.load(self._out)
        self.heard = None
        return message

    def end(self, reason: str = "") -> None:
        """Kill it with all that it has started."""
        self.ended_for = self.ended_for or reason
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()

    def close(self) -> None:
        """Have it end by itself, or kill it, and free its pipes."""
        for pipe in (self._in, self._out):
            with contextlib.suppress(OSError):
                pipe.close()
        try:
            self.process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self.end()
            self.process.wait()

    @property
    def is_worn(self) -> bool:
        """Return whether a fresh process should take its place."""
        return self.files >= _MAX_FILES or self.peak_mb > self.memory_mb // 2

    def fault(self, job: Job) -> XmragError:
        """Say why it ended in the midst of a file."""
        name, limits = Path(job.path).name, job.limits
        code = self.process.wait()
        if self.ended_for == "silence" or code == -getattr(signal, "SIGXCPU", 0):
            return SourceTooLarge(
                f"{name} takes longer than {limits.seconds} s to be read.",
                hint="It is damaged, or made to take long; if it is sound, raise the setting read_seconds.",
            )
        if self.ended_for:
            return SourceDamaged(f"{name} was not read: {self.ended_for}.", hint="Add it again.")
        if code == -getattr(signal, "SIGKILL", 0):
            return SourceTooLarge(
                f"{name} could not be read: the system ended the process, for want of memory as a rule.",
                hint="Split the file, or free memory.",
            )
        if code == -signal.SIGABRT:  # what C++ libraries do when they are given no more memory
            return SourceDamaged(
                f"{name} made the library that reads it give up: it is damaged, or takes more than "
                f"{limits.memory_mb:,} MB to be read.",
                hint="Save it again with the program it comes from; if it is sound, raise the setting read_memory_mb.",
            )
        crash = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return SourceDamaged(
            f"{name} crashed the library that reads it ({crash}).",
            hint="Open and save it with the program it comes from, then add it again.",
        )


class ReadWorkers:
    """The worker processes of this process, shared by all knowledge bases. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._busy: set[_Process] = set()
        self._watching: threading.Thread | None = None

    def read(self, job: Job, receiver: Receiver, *, owner: object = None) -> None:
        """Read a file in a worker process and hand over what it sends.

        Args:
            job: The file and how it is read.
            receiver: Called for each message, in this thread.
            owner: Whoever may end it with :meth:`end_of`.

        Raises:
            ReadError: If the file cannot be read, takes too much, or crashes its process.
            XmragError: What else the reader raises.
        """
        worker = self._take(job, owner)
        try:
            worker.send(job)
            error = self._converse(worker, receiver)
        except (EOFError, OSError, pickle.UnpicklingError) as broken:
            worker.end()
            raise worker.fault(job) from broken
        except BaseException:
            worker.end("another error ended the run")
            raise
        finally:
            self._give_back(worker)
        if error is not None:
            raise error

    def _converse(self, worker: _Process, receiver: Receiver) -> XmragError | None:
        error, worker.peak_mb = self._await(worker, receiver, "end")
        return error if isinstance(error, XmragError) else None

    def _await(self, worker: _Process, receiver: Receiver, wanted: str) -> list[Any]:
        """Handle messages until the wanted one comes; return what it holds."""
        while True:
            values: list[Any]
            what, *values = worker.receive()
            if what == wanted:
                return values
            if what == "ocr":
                worker.send(_outcome(receiver.ocr, values[0]))
            elif what == "transcribe":
                self._transcribe(worker, receiver, values[0])
            else:
                getattr(receiver, what)(*values)
                worker.heard = time.monotonic()

    def _transcribe(self, worker: _Process, receiver: Receiver, language: str) -> None:
        def blocks() -> Iterator[Any]:
            while True:
                worker.send(("block", None))
                block = self._await(worker, receiver, "block")[0]
                if block is None:
                    return
                yield block

        try:
            for cue in receiver.transcribe(blocks(), language):
                worker.send(("cue", cue))
        except XmragError as error:
            worker.send(error)
        else:
            worker.send(("end", None))

    # the processes -----------------------------------------------------------------------

    def _take(self, job: Job, owner: object) -> _Process:
        with self._lock:
            fitting = [worker for worker in self._idle if worker.memory_mb == job.limits.memory_mb]
            worker = fitting[-1] if fitting else None
            if worker is not None:
                self._idle.remove(worker)
        if worker is None:
            worker = _Process(job.limits.memory_mb)
        worker.owner = owner
        worker.silence_s = job.limits.seconds
        worker.files += 1
        with self._lock:
            self._busy.add(worker)
            if self._watching is None:
                self._watching = threading.Thread(target=self._watch, name="xmrag-watch", daemon=True)
                self._watching.start()
        return worker

    def _give_back(self, worker: _Process) -> None:
        worker.heard = None
        reusable = worker.process.poll() is None and not worker.ended_for and not worker.is_worn
        with self._lock:
            self._busy.discard(worker)
            if reusable:
                worker.idle_since = time.monotonic()
                self._idle.append(worker)
        if not reusable:
            worker.close()

    def _watch(self) -> None:
        """End what is silent for too long; let go of what is idle."""
        while True:
            time.sleep(_WATCH_S)
            now = time.monotonic()
            with self._lock:
                busy = list(self._busy)
                stale = [worker for worker in self._idle if now - worker.idle_since > _IDLE_S]
                self._idle = [worker for worker in self._idle if worker not in stale]
                is_over = not busy and not self._idle
                if is_over:
                    self._watching = None
            for worker in busy:
                heard = worker.heard
                if heard is not None and now - heard > worker.silence_s:
                    worker.end("silence")
            for worker in stale:
                worker.close()
            if is_over:
                return

    def end_of(self, owner: object) -> None:
        """End the workers that read for ``owner``, whose run is broken off."""
        with self._lock:
            busy = [worker for worker in self._busy if worker.owner is owner]
        for worker in busy:
            worker.end("the run was broken off")

    def close(self) -> None:
        """End all workers."""
        with self._lock:
            idle, busy, self._idle = self._idle, [*self._busy], []
        for worker in (*idle, *busy):
            worker.end("the program ended")
            worker.process.wait()
        for worker in idle:  # the pipes of the others are those of who reads them
            worker.close()

    def forget(self) -> None:
        """Start anew in a process that was forked: the workers are its parent's."""
        self._lock = threading.Lock()
        self._idle, self._busy, self._watching = [], set(), None


def _outcome(call: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a call gives, or the error that it raises."""
    try:
        return call(*arguments)
    except XmragError as error:
        return error


shared_workers = ReadWorkers()
"""The workers of this process."""

atexit.register(shared_workers.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=shared_workers.forget)
