"""One Chroma client a folder and process, safe and fresh beside other processes that write.

Chroma's PersistentClient is made for one process. What chromadb 1.5.9 does with two, as measured:

- An index is loaded when a collection is first used. From then on other processes' writes are not
  seen: a query answers from the old index, and looking up a new id fails with "Error finding id".
- Loading while another process persists its index fails, or ends the reader with a segmentation fault.
- A second opener does not hang, but it may persist an index itself while replaying the log.

So here every write, and every first use of a collection since the folder was opened, goes through a
gate that one process at a time can pass (OS locks, which a killed process loses). And before each
operation the position of Chroma's log is looked at (a stat, and a row of SQLite when that changed);
when another process moved it, the client is reopened. Answering from loaded indexes needs no lock.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ...errors import KnowledgeBaseDamaged, KnowledgeBaseLocked, KnowledgeBaseMissing, StoreError, UsageError
from .errors import Transient, translated

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

__all__ = ["ChromaClient"]

_T = TypeVar("_T")

_DATABASE = "chroma.sqlite3"
_ATTEMPTS = 5
_FIRST_PAUSE_S = 0.05
_GATE_TIMEOUT_S = 120.0
_GATE_POLL_S = 0.01


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

    @classmethod
    def on_server(
        cls, host: str, port: int, *, ssl: bool = False, headers: Mapping[str, str] | None = None
    ) -> ChromaClient:
        """A client of a Chroma server (``chroma run``).

        Raises:
            StoreError: If it cannot be reached.
        """
        import chromadb

        with translated(f"The Chroma server at {host}:{port}"):
            return cls(chromadb.HttpClient(host=host, port=port, ssl=ssl, headers=dict(headers or {})))

    @property
    def folder(self) -> Path | None:
        """The folder, when the client was opened from one."""
        return self._source.folder if isinstance(self._source, _Folder) else None

    @property
    def client(self) -> ClientAPI:
        """The chromadb client as it stands now; a later operation may replace it."""
        return self._source.client()

    def max_batch(self) -> int:
        """The most records that one write may hold."""
        with translated(self._source.name):
            return max(1, int(self._source.client().get_max_batch_size()))

    def read(self, name: str, action: Callable[[Collection], _T], missing: _T) -> _T:
        """Run a read on a collection; ``missing`` when there is none of that name.

        Raises:
            KnowledgeBaseDamaged: If it goes on failing when tried again.
        """
        from chromadb.errors import NotFoundError

        pause = _FIRST_PAUSE_S
        for attempt in range(_ATTEMPTS):
            try:
                with self._using(name, writes=False) as client:
                    try:
                        return action(client.get_collection(name, embedding_function=None))
                    except NotFoundError:
                        return missing
            except Transient as error:
                if attempt == _ATTEMPTS - 1:
                    raise KnowledgeBaseDamaged(
                        f"The vectors in {self._source.name} cannot be read: {error.message}.",
                        hint="Restore the folder from a copy, or build it again from its sources.",
                    ) from error
                time.sleep(pause)
                pause *= 2
                self.refresh()
        raise StoreError(f"{self._source.name} was not read.")

    def write(
        self, name: str, action: Callable[[Collection], _T], make: Mapping[str, Any] | None = None
    ) -> _T | None:
        """Run a write on a collection.

        Args:
            name: The collection.
            action: What to do with it.
            make: Arguments of ``get_or_create_collection`` for one that does not exist; without them
                such a write does nothing and None is returned.
        """
        from chromadb.errors import NotFoundError

        with self._using(name, writes=True) as client:
            if make is not None:
                return action(client.get_or_create_collection(name, embedding_function=None, **make))
            try:
                return action(client.get_collection(name, embedding_function=None))
            except NotFoundError:
                return None

    def collections(self) -> list[tuple[str, dict[str, Any]]]:
        """Name and metadata of every collection."""
        with self._using(None, writes=False) as client:
            return [(found.name, dict(found.metadata or {})) for found in client.list_collections()]

    def drop(self, name: str) -> None:
        """Delete a collection, if it is there."""
        from chromadb.errors import NotFoundError

        with self._using(name, writes=True) as client, contextlib.suppress(NotFoundError):
            client.delete_collection(name)

    def refresh(self) -> None:
        """Open the folder anew on the next operation, whatever its state seems to be."""
        self._source.expire()

    def close(self) -> None:
        """Give the client back; the last one to do so closes the folder."""
        if not self._closed:
            self._closed = True
            self._source.release()

    @contextlib.contextmanager
    def _using(self, name: str | None, *, writes: bool) -> Iterator[ClientAPI]:
        if self._closed:
            raise UsageError("This Chroma client is closed.", hint="Open the knowledge base again.")
        with translated(self._source.name), self._source.using(name, writes=writes) as client:
            yield client


class _Given:
    """A client that someone else made and keeps."""

    def __init__(self, client: Any) -> None:
        if not hasattr(client, "get_or_create_collection"):
            raise UsageError(
                f"A {type(client).__name__} is neither a folder nor a chromadb client.",
                hint="Give a path, or chromadb.HttpClient(…).",
            )
        self._client: ClientAPI = client
        self.name = "the given Chroma client"

    def client(self) -> ClientAPI:
        return self._client

    @contextlib.contextmanager
    def using(self, name: str | None, *, writes: bool) -> Iterator[ClientAPI]:
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
        self._loaded: set[str] = set()
        self._stat: tuple[int, int] | None = None
        self._position: int | None = None
        self._client: ClientAPI | None = None

    @classmethod
    def acquire(cls, folder: Path) -> _Folder:
        with cls._registry:
            held = cls._open.get(folder)
            if held is None:
                held = cls(folder)
                _make_folder(folder)
                with translated(held.name), _gate(folder):  # a new database is made by one process
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
            self._position = None

    @contextlib.contextmanager
    def using(self, name: str | None, *, writes: bool) -> Iterator[ClientAPI]:
        """The client for one operation on a collection, which the gate admits where it must."""
        with contextlib.ExitStack() as gate:
            if not self._enter(name, writes, gated=False):
                gate.enter_context(_gate(self.folder))
                self._enter(name, writes, gated=True)
            try:
                yield self.client()
                if name is not None:
                    self._loaded.add(name)
            finally:
                with self._state:
                    self._in_use -= 1
                    self._writing -= writes
                    if writes and not self._writing:
                        self._remember()
                    self._state.notify_all()

    def _enter(self, name: str | None, writes: bool, *, gated: bool) -> bool:
        """Count an operation in; False when it has to pass the gate first."""
        with self._state:
            # A write of this process moves the log too; then nothing is stale.
            stale = not self._writing and self._moved()
            if not gated and (writes or stale or (name is not None and name not in self._loaded)):
                return False
            if stale:
                self._state.wait_for(lambda: self._in_use == 0)
                self._reopen()
            self._in_use += 1
            self._writing += writes
            return True

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
        """Close and open, the position first: a write in between is noticed by the next operation."""
        _close(self._client)
        self._client = None
        self._loaded.clear()
        self._remember()
        self._client = _open_folder(self.folder)
        if self._stat is None:
            self._remember()


@contextlib.contextmanager
def _gate(folder: Path) -> Iterator[None]:
    """Let one process or thread at a time load or change an index.

    There are two locks, taken one after the other, so that who waits at the second is next: a writer
    that comes back at once queues behind a waiting reader.
    """
    from filelock import FileLock, Timeout

    turn = FileLock(folder / ".turn.lock", timeout=_GATE_TIMEOUT_S, thread_local=False)
    index = FileLock(folder / ".index.lock", timeout=_GATE_TIMEOUT_S, thread_local=False)
    try:
        turn.acquire(poll_interval=_GATE_POLL_S)
        try:
            index.acquire(poll_interval=_GATE_POLL_S)
        finally:
            turn.release()
    except Timeout as error:
        raise KnowledgeBaseLocked(
            f"Another process has kept {folder} busy for {_GATE_TIMEOUT_S:.0f} s.",
            hint="Wait until it is done, or end it.",
        ) from error
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written: {error}. Chroma opens no folder that it may not write to.",
            hint="Allow writing there, or copy the knowledge base to a place where you may.",
        ) from error
    try:
        yield
    finally:
        index.release()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be made: {error}.", hint="Check the path and its rights."
        ) from error


def _open_folder(folder: Path) -> ClientAPI:
    import chromadb
    from chromadb.config import Settings

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
