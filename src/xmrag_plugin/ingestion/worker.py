"""The process that reads files: one job after another from its standard input, messages back on standard output.

It is started by :mod:`~xmrag_plugin.ingestion.workers` and imports readers only. A message is a pickled tuple
whose first item names it; ``ocr`` and ``transcribe`` ask the parent, which owns the models, and wait for its
reply.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ..errors import PictureError, SourceDamaged, SourceTooLarge, XmragError
from ..readers import Reader, read_file
from ..readers.context import ReadContext
from ..types import Element, Key

if TYPE_CHECKING:
    from ..images.lettering import OcrResult
    from ..readers.transcripts import Cue

__all__ = ["Job", "Limits", "OutputBudget", "hash_of", "main"]

_FLUSH_S = 0.1
_ELEMENT_CHARACTERS = 16  # what an element costs beside its text
_MIN_CHARACTERS, _CHARACTERS_PER_BYTE = 3_000_000, 50
_MIN_PICTURES, _BYTES_PER_PICTURE = 1_000, 500
_FOLDED_WARNINGS = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take.

    Attributes:
        seconds: Processor time; also the longest silence, in wall time.
        memory_mb: Memory of the process, in megabytes.
    """

    seconds: int
    memory_mb: int


@dataclass(frozen=True, slots=True)
class Job:
    """One file to read.

    Attributes:
        path: The file.
        reader: Module and name of the reader's class.
        options: Plain fields of :class:`~xmrag_plugin.readers.ReadContext`.
        ocr: Whether the parent reads lettering.
        transcribe: Whether the parent recognises speech.
        limits: What it may take.
    """

    path: str
    reader: tuple[str, str]
    options: dict[str, Any]
    ocr: bool
    transcribe: bool
    limits: Limits


@dataclass(slots=True)
class OutputBudget:
    """Bounds of what may come out of a file of a given size.

    A text of 3 million characters is longer than most books; more than fifty characters, or a picture for less
    than 500 bytes, out of each stored byte is a decompression bomb.

    Attributes:
        path: The file.
    """

    path: Path
    characters: int = 0
    pictures: int = 0
    _max_characters: int = field(init=False)
    _max_pictures: int = field(init=False)

    def __post_init__(self) -> None:
        size = self.path.stat().st_size
        self._max_characters = max(_MIN_CHARACTERS, _CHARACTERS_PER_BYTE * size)
        self._max_pictures = max(_MIN_PICTURES, size // _BYTES_PER_PICTURE)

    def take(self, element: Element) -> None:
        """Count an element.

        Raises:
            SourceTooLarge: If it is beyond what a file of this size may hold.
        """
        self.characters += _ELEMENT_CHARACTERS + len(element.text)
        self.pictures += element.picture is not None
        if self.characters > self._max_characters:
            raise SourceTooLarge(
                f"{self.path.name} unfolds to more than {self._max_characters:,} characters.",
                hint="It looks like a decompression bomb; if it is not, save its parts as files of their own.",
            )
        if self.pictures > self._max_pictures:
            raise SourceTooLarge(
                f"{self.path.name} unfolds to more than {self._max_pictures:,} pictures.",
                hint="It looks like a decompression bomb; if it is not, save its parts as files of their own.",
            )


class _Worker:
    """Read jobs and send what comes of them."""

    def __init__(self, jobs: BinaryIO, out: BinaryIO) -> None:
        self._jobs = jobs
        self._out = out
        self._flushed = 0.0
        self._warnings: Counter[str] = Counter()
        self._told: set[tuple[str, str]] = set()

    def run(self) -> None:
        """Read one job after another until the parent closes the pipe."""
        while True:
            try:
                job = pickle.load(self._jobs)
            except EOFError:
                return
            self._read(job)

    def _read(self, job: Job) -> None:
        self._warnings.clear()
        self._told.clear()
        _limit_processor_time(job.limits.seconds)
        path = Path(job.path)
        try:
            module, name = job.reader
            reader: Reader = getattr(importlib.import_module(module), name)()
            budget = OutputBudget(path)
            for element in read_file(path, self._context(job), reader=reader):
                budget.take(element)
                self._send("element", element, hash_of(element))
        except XmragError as error:
            self._end(error)
        except MemoryError:
            self._end(
                SourceTooLarge(
                    f"{path.name} needs more than {job.limits.memory_mb:,} MB to be read.",
                    hint="Split the file, or raise the setting read_memory_mb.",
                )
            )
        except Exception as error:
            self._end(
                SourceDamaged(
                    f"{path.name} could not be read: {type(error).__name__}: {error}.",
                    hint="Open and save it with the program it comes from, then add it again.",
                )
            )
        else:
            self._end(None)

    def _end(self, error: XmragError | None) -> None:
        for hint, count in self._warnings.items():
            if count > _FOLDED_WARNINGS:
                self._send("warn", f"{count - _FOLDED_WARNINGS:,} more warnings of the same kind.", hint)
        self._send("end", error, _peak_mb())
        self._out.flush()

    def _context(self, job: Job) -> ReadContext:
        return ReadContext(
            **job.options,
            ocr=self._ocr if job.ocr else None,
            transcribe=self._transcribe if job.transcribe else None,
            on_skip=lambda reason: self._send("skip", reason),
            on_warning=self._warn,
            on_dependency=lambda other: self._send("depends", str(other)),
            on_progress=lambda done, every: self._send("progress", done, every),
        )

    def _send(self, *message: Any) -> None:
        self._out.write(pickle.dumps(message, protocol=5))
        if (now := time.monotonic()) - self._flushed > _FLUSH_S:
            self._out.flush()
            self._flushed = now

    def _ask(self, *message: Any) -> Any:
        self._out.write(pickle.dumps(message, protocol=5))
        self._out.flush()
        return self._reply()

    def _reply(self) -> Any:
        reply = pickle.load(self._jobs)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def _warn(self, message: str, hint: str = "") -> None:
        """Send a warning, once; from the 21st with the same hint on they are counted."""
        if (message, hint) in self._told:
            return
        self._told.add((message, hint))
        self._warnings[hint] += 1
        if self._warnings[hint] <= _FOLDED_WARNINGS:
            self._send("warn", message, hint)

    def _ocr(self, picture: bytes) -> OcrResult:
        result: OcrResult = self._ask("ocr", picture)
        return result

    def _transcribe(self, blocks: Iterable[Any], *, language: str = "") -> Iterator[Cue]:
        """Let the parent recognise what is said: it asks for blocks of sound and sends cues."""
        sound = iter(blocks)
        what, value = self._ask("transcribe", language)
        try:
            while what != "end":
                if what == "cue":
                    yield value
                    what, value = self._reply()
                else:
                    what, value = self._ask("block", next(sound, None))
        except XmragError:
            what = "end"
            raise
        finally:
            while what != "end":  # given up early: there is no more to be heard
                what, value = self._reply() if what == "cue" else self._ask("block", None)


def hash_of(element: Element) -> int | None:
    """Return the difference hash of a picture inside a document that another may be shown for.

    Pages, tables and the key pictures of a video are what they are, though they look alike.
    """
    picture = element.picture
    if picture is None or picture.data is None or picture.path is not None or element.kind != "picture":
        return None
    if element.start_s is not None or element.metadata.get(Key.WHOLE_PAGE):
        return None
    from ..images.similarity import difference_hash

    try:
        return difference_hash(picture.data)
    except PictureError:
        return None


def _limit_processor_time(seconds: int) -> None:
    """Have the system end this process when it has used so much more processor time."""
    # A system without such limits, or with a lower one already, reads all the same: the parent watches the time.
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, hard))


def _limit_memory(megabytes: int) -> None:
    """Bound the memory that this process may ask the system for; what asks for more fails, or ends it."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _peak_mb() -> int:
    """Return the most memory that this process has held, in megabytes; 0 where the system does not say."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        # Linux: ru_maxrss also holds what the parent had when it started this process.
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) >> 10
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak >> (20 if sys.platform == "darwin" else 10)


def _end_with_parent() -> None:
    """End this process when its parent has ended, so that a killed run leaves nothing running."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Run as a worker process; the first argument is the memory limit in megabytes."""
    jobs, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)  # what a library prints must not come between messages
    sys.stdout = sys.stderr
    _limit_memory(int(sys.argv[1]))
    if os.name == "posix":
        _end_with_parent()
    _Worker(jobs, out).run()
