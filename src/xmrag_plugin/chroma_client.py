"""One Chroma client a folder and process, which notices what other processes write.

Chroma's PersistentClient loads its vector index once: when another process writes, an open client
goes on answering from the old index, and looking up a new id fails with "Error finding id"
(chromadb 1.5.9; chroma issues 3792 and 7040). So the log position of the folder is looked at before
each read (a stat, and one row of SQLite when that changed), and the client is reopened when it moved.
A read that meets the writer in the middle of persisting its index is tried again.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from .errors import KnowledgeBaseDamaged, KnowledgeBaseMissing, ModelMismatch, StoreError, UsageError

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

__all__ = ["ChromaClient"]

_T = TypeVar("_T")

_DATABASE = "chroma.sqlite3"
_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.05


class ChromaClient:
    """A Chroma client for a folder (shared in the process, reopened when stale) or one that is given.

    Args:
        where: A local folder, or a chromadb client (``HttpClient``, ``EphemeralClient`` …), which is
            used as it is and never closed.
        must_exist: Whether a folder without a database is an error instead of being made.

    Raises:
        KnowledgeBaseMissing: If the folder must exist and does not hold a database.
        KnowledgeBaseDamaged: If the folder cannot be read as a Chroma database.
    """

    def __init__(self, where: str | Path | ClientAPI, *, must_exist: bool = False) -> None:
        self._closed = False
        if not isinstance(where, str | Path):
            self._source: _Folder | _Given = _Given(where)
            return
        folder = Path(where).expanduser().resolve()
        if must_exist and not (folder / _DATABASE).is_file():
            raise KnowledgeBaseMissing(
                f"{folder} holds no Chroma database.", hint="Add something first, or name another folder."
            )
        self._source = _Folder.acquire(folder)

    @property
    def folder(self) -> Path | None:
        """The folder, when the client was opened from one."""
        return self._source.folder if isinstance(self._source, _Folder) else None

    @property
    def client(self) -> ClientAPI:
        """The chromadb client as it stands now; a later read may replace it."""
        return self._source.client()

    def max_batch(self) -> int:
        """The most records that one write may hold."""
        with self.using(writes=False) as client:
            return max(1, int(client.get_max_batch_size()))

    @contextlib.contextmanager
    def using(self, *, writes: bool) -> Iterator[ClientAPI]:
        """The client for the time of one operation, fresh, and not closed meanwhile.

        Errors of Chroma come out as errors of xmrag.
        """
        if self._closed:
            raise UsageError("This Chroma client is closed.", hint="Open the knowledge base again.")
        with _translated(self._source.name), self._source.using(writes=writes) as client:
            yield client

    def read(self, action: Callable[[ClientAPI], _T]) -> _T:
        """Run a read; when it meets an index that another process is just replacing, try it again."""
        pause = _FIRST_PAUSE_S
        for attempt in range(_ATTEMPTS):
            try:
                with self.using(writes=False) as client:
                    return action(client)
            except _Transient as error:
                if attempt == _ATTEMPTS - 1:
                    raise KnowledgeBaseDamaged(
                        f"The vectors in {self._source.name} cannot be read: {error.message}",
                        hint="If no other process is writing there, restore the folder or build it again.",
                    ) from error
                time.sleep(pause)
                pause *= 2
                self._source.expire()
        raise AssertionError("unreachable")

    def refresh(self) -> None:
        """Look at the folder anew on the next read, whatever its state seems to be."""
        self._source.expire()

    def close(self) -> None:
        """Give the client back; the last one to do so closes the folder."""
        if not self._closed:
            self._closed = True
            self._source.release()


class _Transient(StoreError):
    """Chroma failed in a way that another process's writing explains."""


class _Given:
    """A client that someone else made and keeps."""

    def __init__(self, client: Any) -> None:
        if not hasattr(client, "get_or_create_collection"):
            raise UsageError(
                f"A {type(client).__name__} is neither a folder nor a chromadb client.",
                hint="Give a path, or chromadb.HttpClient(…).",
            )
        self._client: ClientAPI = client
        self.name = f"the given {type(client).__name__}"

    def client(self) -> ClientAPI:
        return self._client

    @contextlib.contextmanager
    def using(self, *, writes: bool) -> Iterator[ClientAPI]:
        yield self._client

    def expire(self) -> None:
        """Nothing to reopen."""

    def release(self) -> None:
        """Not ours to close."""


class _Folder:
    """The one client of a folder in this process."""

    _open: ClassVar[dict[Path, _Folder]] = {}
    _registry: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = str(folder)
        self._holders = 0
        self._state = threading.Condition()
        self._in_use = 0
        self._writing = 0
        self._stat: tuple[int, int] | None = None
        self._position: int | None = None
        self._client: ClientAPI | None = None

    @classmethod
    def acquire(cls, folder: Path) -> _Folder:
        with cls._registry:
            held = cls._open.get(folder)
            if held is None:
                held = cls(folder)
                with _translated(held.name):
                    held._reopen()
                cls._open[folder] = held
            held._holders += 1
            return held

    def release(self) -> None:
        with self._registry:
            self._holders -= 1
            if self._holders > 0:
                return
            self._open.pop(self.folder, None)
        with self._state:
            self._state.wait_for(lambda: self._in_use == 0)
            _close(self._client)
            self._client = None

    def client(self) -> ClientAPI:
        if self._client is None:
            raise UsageError(f"{self.folder} is closed.", hint="Open it again.")
        return self._client

    def expire(self) -> None:
        with self._state:
            self._stat, self._position = None, None

    @contextlib.contextmanager
    def using(self, *, writes: bool) -> Iterator[ClientAPI]:
        with self._state:
            # A write of this process moves the log too; then nothing is stale, and nobody is made to wait.
            if not self._writing and self._moved():
                self._state.wait_for(lambda: self._in_use == 0)
                if self._moved():
                    self._reopen()
            self._in_use += 1
            self._writing += writes
        try:
            yield self.client()
        finally:
            with self._state:
                self._in_use -= 1
                self._writing -= writes
                if writes and not self._writing:
                    self._remember()
                self._state.notify_all()

    def _moved(self) -> bool:
        """Whether another process has written since the client was opened."""
        if self._position is None:
            return True
        stat = self._stamp()
        if stat == self._stat:
            return False
        if _log_position(self.folder) != self._position:
            return True
        self._stat = stat
        return False

    def _remember(self) -> None:
        self._stat = self._stamp()
        self._position = _log_position(self.folder)

    def _stamp(self) -> tuple[int, int] | None:
        try:
            state = (self.folder / _DATABASE).stat()
        except OSError:
            return None
        return state.st_mtime_ns, state.st_size

    def _reopen(self) -> None:
        """Close and open, the position first: a write in between is noticed by the next read."""
        _close(self._client)
        self._client = None
        self._remember()
        self._client = _open_folder(self.folder)
        if self._stat is None:
            self._remember()


def _open_folder(folder: Path) -> ClientAPI:
    import chromadb
    from chromadb.config import Settings

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be made: {error}.", hint="Check the path and its rights."
        ) from error
    try:
        return chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
    except ValueError as error:
        if "different settings" not in str(error):
            raise
        # The application has the folder open already, with Chroma's own settings: share its client.
        return chromadb.PersistentClient(str(folder))


def _close(client: Any) -> None:
    if client is not None and hasattr(client, "close"):
        client.close()


def _log_position(folder: Path) -> int:
    """The last position in Chroma's write-ahead log, which every write moves; -1 when unknown."""
    database = folder / _DATABASE
    if not database.is_file():
        return -1
    try:
        with contextlib.closing(
            sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=5)
        ) as connection:
            row = connection.execute("SELECT max(seq_id) FROM embeddings_queue").fetchone()
            return int(row[0] or 0)
    except sqlite3.Error:
        return -1


_DIMENSION = ("expecting embedding with dimension", "does not match collection dimensionality")
_TRANSIENT = (
    "finding id",
    "hnsw segment",
    "backfill request",
    "database is locked",
    "disk i/o error",
    "error loading",
)


@contextlib.contextmanager
def _translated(name: str) -> Iterator[None]:
    """Chroma's errors as ours; NotFoundError passes, since a missing collection is no error here."""
    from chromadb.errors import ChromaError, InvalidArgumentError, NotFoundError

    try:
        yield
    except (StoreError, UsageError, ModelMismatch, NotFoundError):
        raise
    except InvalidArgumentError as error:
        if any(sign in str(error) for sign in _DIMENSION):
            raise ModelMismatch(
                f"The vectors do not fit those in {name}: {error}.",
                hint="Use the model that it was made with, or build it again.",
            ) from error
        raise UsageError(f"Chroma refused the call on {name}: {error}.", hint="Check the values.") from error
    except ChromaError as error:
        text = str(error)
        if any(sign in text.lower() for sign in _TRANSIENT):
            raise _Transient(text) from error
        raise _damaged(name, text) from error
    except (ConnectionError, OSError) as error:
        raise StoreError(
            f"{name} cannot be reached: {error}.", hint="Check the server or the disk."
        ) from error
    except ValueError as error:
        if "connect to" in str(error):
            raise StoreError(
                f"{name} cannot be reached: {error}",
                hint="Start it with `chroma run`, or check host and port.",
            ) from error
        raise UsageError(f"Chroma refused the call on {name}: {error}", hint="Check the values.") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # a panic of Chroma's Rust core
            raise
        raise _damaged(name, str(error)) from error


def _damaged(name: str, text: str) -> KnowledgeBaseDamaged:
    return KnowledgeBaseDamaged(
        f"{name} cannot be read by Chroma: {text}",
        hint="Restore it from a copy, or build it again from its sources.",
    )
