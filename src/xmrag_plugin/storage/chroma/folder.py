"""A local Chroma folder, safe and fresh beside other processes that write, and readable where none may.

Chroma's PersistentClient is made for one process. What chromadb 1.5.9 does with two, as measured:

- An index is loaded when a collection is first used. From then on other processes' writes are not
  seen: a query answers from the old index, and looking up a new id fails with "Error finding id".
- Loading while another process persists its index fails, or ends the reader with a segmentation fault.
- A second opener does not hang, but it may persist an index itself while replaying the log.

So every write, and every first use of a collection since the folder was opened, goes through a gate that
one process at a time can pass (OS locks, which a killed process loses). And before each operation the
position of Chroma's log is looked at (a stat, and a row of SQLite when that changed); when another process
moved it, the client is reopened. Answering from loaded indexes needs no lock.

Chroma opens no folder that it may not write to: of one on a read-only file system, or of another user, a
copy in the temporary folder is opened, and made anew when the original has changed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ...errors import (
    KnowledgeBaseLocked,
    KnowledgeBaseMissing,
    StoreError,
    UsageError,
    VectorsDamaged,
)
from ..forks import abandon, renew_after_fork
from .core import renew_core
from .errors import Transient, translated
from .index_files import index_fault

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

__all__ = ["DATABASE", "Folder", "Tenancy", "is_writable"]

DATABASE = "chroma.sqlite3"
_GATE_TIMEOUT_S = 120.0
_GATE_POLL_S = 0.01


@dataclass(frozen=True)
class Tenancy:
    """Which database of which tenant is meant, and Chroma's settings that differ from its defaults."""

    tenant: str = "default_tenant"
    database: str = "default_database"
    settings: Mapping[str, Any] = field(default_factory=dict)

    def open(self, make: Callable[..., ClientAPI], **place: Any) -> ClientAPI:
        """Make a chromadb client of this tenancy."""
        from chromadb.config import Settings

        return make(**place, settings=Settings(**self.settings), tenant=self.tenant, database=self.database)


class Folder:
    """The one opening of a folder in this process, with a client for each tenant and database in use."""

    _open: ClassVar[dict[Path, Folder]] = {}
    _registry: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = str(folder)
        self.read_only = folder.exists() and not is_writable(folder)
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        self._holders = 0
        self._clients: dict[tuple[str, str], ClientAPI] = {}
        self._renew()
        renew_after_fork(self)

    def _renew(self) -> None:
        self._state = threading.Condition()
        self._in_use = 0
        self._writing = 0
        self._loaded: set[tuple[str, str, str]] = set()
        self._stat: tuple[int, int] | None = None
        self._position: int | None = None

    def _after_fork(self) -> None:
        """Forget the parent's clients; the next operation opens the folder anew."""
        Folder._registry = threading.Lock()
        abandon(dict(self._clients), self._copy)
        self._clients.clear()
        self._copy = None
        self._renew()

    @classmethod
    def acquire(cls, folder: Path, tenancy: Tenancy) -> Folder:
        """Return the folder's opening, with a client of the tenancy; :meth:`release` it when done."""
        with cls._registry:
            held = cls._open.get(folder)
            if held is None:
                held = cls(folder)
                if not held.read_only:
                    _make_folder(folder)
                elif not (folder / DATABASE).is_file():
                    raise KnowledgeBaseMissing(
                        f"{folder} holds no Chroma database, and none can be made there: it is read-only.",
                        hint="Name a folder that you may write to.",
                    )
                with translated(held.name), held._gate():  # a new database is made by one process
                    held._reopen()
                    held.client(tenancy)
                cls._open[folder] = held
            else:
                with translated(held.name):
                    held.client(tenancy)
            held._holders += 1
            return held

    def release(self) -> None:
        """Give the opening back; the last one to do so closes it."""
        with self._registry:
            self._holders -= 1
            if self._holders > 0:
                return
            self._open.pop(self.folder, None)
        with self._state:
            self._state.wait_for(lambda: self._in_use == 0)
            self._close()

    def client(self, tenancy: Tenancy) -> ClientAPI:
        """Return the client of a tenant's database, opened if need be."""
        key = (tenancy.tenant, tenancy.database)
        with self._state:
            if key not in self._clients:
                self._clients[key] = _open_folder(self._place, tenancy)
            return self._clients[key]

    def expire(self) -> None:
        """Open the folder anew on the next operation."""
        with self._state:
            self._position = None

    @contextlib.contextmanager
    def using(self, name: str | None, tenancy: Tenancy, *, writes: bool) -> Iterator[ClientAPI]:
        """Yield the client for one operation on a collection, which the gate admits where it must.

        Raises:
            StoreError: For a write to a folder that is read-only.
        """
        if writes and self.read_only:
            raise StoreError(
                f"{self.folder} cannot be written: it is read-only for this user.",
                hint="Allow writing there, or copy the knowledge base to a place where you may.",
            )
        key = (tenancy.tenant, tenancy.database, name or "")
        with contextlib.ExitStack() as gate:
            if not self._enter(key, writes, gated=False):
                gate.enter_context(self._gate())
                self._enter(key, writes, gated=True)
            try:
                if name is not None and key not in self._loaded:
                    if fault := self.index_fault(name):
                        raise Transient(fault)
                    self._loaded.add(key)
                yield self.client(tenancy)
            finally:
                with self._state:
                    self._in_use -= 1
                    self._writing -= writes
                    if writes and not self._writing:
                        self._remember()
                    self._state.notify_all()

    def index_fault(self, name: str, *, thorough: bool = False) -> str:
        """Say what is wrong with the files of a collection's index; ``""`` where nothing is."""
        return index_fault(self._place / DATABASE, name, thorough=thorough)

    def _enter(self, key: tuple[str, str, str], writes: bool, *, gated: bool) -> bool:
        """Count an operation in; False when it has to pass the gate first."""
        with self._state:
            # A write of this process moves the log too; then nothing is stale.
            stale = not self._writing and self._moved()
            if not gated and (writes or stale or (key[2] and key not in self._loaded)):
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
            state = (self.folder / DATABASE).stat()
        except OSError:
            return None
        return state.st_mtime_ns, state.st_size

    @property
    def _place(self) -> Path:
        """Where the clients are opened: the folder, or the copy of one that is read-only."""
        return Path(self._copy.name) if self._copy is not None else self.folder

    def _reopen(self) -> None:
        """Close all clients, the position first: a write in between is noticed by the next operation."""
        self._close()
        self._remember()
        if self.read_only:
            self._copy = tempfile.TemporaryDirectory(prefix="xmrag-chroma-", ignore_cleanup_errors=True)
            _copy_folder(self.folder, Path(self._copy.name))

    def _close(self) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        self._loaded.clear()
        if self._copy is not None:
            self._copy.cleanup()
            self._copy = None

    @contextlib.contextmanager
    def _gate(self) -> Iterator[None]:
        """Let one process or thread at a time load or change an index; a copy is nobody else's.

        There are two locks, taken one after the other, so that who waits at the second is next: a writer
        that comes back at once queues behind a waiting reader.
        """
        from filelock import FileLock, Timeout

        if self.read_only:
            yield
            return
        turn, index = (
            FileLock(self.folder / name, timeout=_GATE_TIMEOUT_S, thread_local=False)
            for name in (".turn.lock", ".index.lock")
        )
        try:
            turn.acquire(poll_interval=_GATE_POLL_S)
            try:
                index.acquire(poll_interval=_GATE_POLL_S)
            finally:
                turn.release()
        except Timeout as error:
            raise KnowledgeBaseLocked(
                f"Another process has kept {self.folder} busy for {_GATE_TIMEOUT_S:.0f} s.",
                hint="Wait until it is done, or end it.",
            ) from error
        except OSError as error:
            raise StoreError(
                f"{self.folder} cannot be written: {error}.", hint="Check its rights and the free space."
            ) from error
        try:
            yield
        finally:
            index.release()


def is_writable(folder: Path) -> bool:
    """Return whether this process may write to a Chroma folder and to the database in it."""
    database = folder / DATABASE
    return os.access(folder, os.W_OK) and (not database.exists() or os.access(database, os.W_OK))


def _copy_folder(folder: Path, to: Path) -> None:
    """Copy a folder's files with rights of this user's own."""
    try:
        for place, _, names in os.walk(folder):
            target = to / Path(place).relative_to(folder)
            target.mkdir(exist_ok=True)
            for name in names:
                if not name.endswith(".lock"):
                    shutil.copyfile(Path(place, name), target / name)
    except OSError as error:
        raise StoreError(
            f"{folder} is read-only, and no copy of it could be made in {to.parent}: {error}.",
            hint="Give room there, or name another temporary folder with TMPDIR.",
        ) from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be made: {error}.", hint="Check the path and its rights."
        ) from error


def _open_folder(folder: Path, tenancy: Tenancy) -> ClientAPI:
    """Open a folder with Chroma's own settings, so that the application can open it too.

    Raises:
        UsageError: If the folder is open already in this process with other settings.
    """
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient
    from chromadb.config import Settings

    renew_core()
    try:
        return tenancy.open(chromadb.PersistentClient, path=str(folder))
    except AttributeError as error:  # of Chroma's own tidying up, after its database could not be opened
        raise VectorsDamaged(
            f"{folder} is damaged and cannot be opened by Chroma: {error.__context__ or error}.",
            hint="`xmrag doctor --fix` makes it anew from what is stored.",
        ) from error
    except ValueError as error:
        opened = SharedSystemClient._identifier_to_system.get(str(folder))
        if "different settings" not in str(error) or opened is None:
            raise
        if tenancy.settings:
            raise UsageError(
                f"{folder} is open already in this process, with other settings of Chroma.",
                hint="Open it with the same settings.",
            ) from error
        # The application has it open with settings of its own: share its client.
        return chromadb.PersistentClient(
            str(folder),
            settings=Settings(**opened.settings.model_dump()),
            tenant=tenancy.tenant,
            database=tenancy.database,
        )


def _log_position(folder: Path) -> int:
    """Return the last position in Chroma's write-ahead log, which every write moves; -1 when unknown."""
    database = folder / DATABASE
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
