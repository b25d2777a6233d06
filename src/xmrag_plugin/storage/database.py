"""One SQLite file: opened for writing, or read where nothing may be written, and anew in a forked process."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from ..errors import KnowledgeBaseDamaged, KnowledgeBaseMissing
from .forks import abandon, renew_after_fork

__all__ = ["Database", "gone"]

_CACHE_KIB = 32768
_PAGE_BYTES = 8192
"""Rows of 2.5 kB (a passage with its metadata) waste 40 % of SQLite's usual pages of 4 kB."""

_Stamp = tuple[tuple[int, int] | None, ...]


class Database:
    """A connection to an SQLite file, shared by the threads of a process.

    A file on a read-only file system, or of another user, is opened as SQLite allows: beside a writer
    where its shared memory can be read; as immutable where there is no log; else as a copy, the log with
    it. The last two are opened anew when the file has changed.

    Args:
        path: The file; made when missing unless ``read_only``.
        schema: Statements that make what is missing.
        functions: SQL functions that the schema uses, by name.
        read_only: Refuse writes and make nothing.

    Raises:
        KnowledgeBaseDamaged: If the file cannot be opened or is no database.
        KnowledgeBaseMissing: If it is used after the file was removed, or another was put in its place.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        *,
        functions: Mapping[str, Callable[..., str]] | None = None,
        read_only: bool = False,
    ) -> None:
        self.path = path
        self.functions = dict(functions or {})
        self.schema = schema
        self.read_only = read_only
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        self._stamp: _Stamp | None = None
        self._lock = threading.Lock()
        self._open: sqlite3.Connection | None = None
        self._closed = False
        self._file: tuple[int, int] | None = None
        renew_after_fork(self)
        self._connect()

    def _after_fork(self) -> None:
        abandon(self._open, self._copy)  # SQLite forbids to use or to close it in a child
        self._open, self._copy, self._lock = None, None, threading.Lock()

    @property
    def connection(self) -> sqlite3.Connection:
        """The open connection."""
        if self._open is not None and (self._stamp is None or self._stamp == self._stamped()):
            self._check_place()
            return self._open
        with self._lock:
            if self._closed and self._open is not None:
                return self._open  # closed: SQLite says so
            if self._open is None or (self._stamp is not None and self._stamp != self._stamped()):
                abandon(self._open, self._copy)  # another thread may be reading
                self._connect()
            assert self._open is not None
            return self._open

    def _check_place(self) -> None:
        """Fail where the open file lies there no more: SQLite would go on with what nobody else sees."""
        if not self._closed and _identity(self.path) != self._file:
            raise gone(self.path.parent)

    def _connect(self) -> None:
        try:
            self._open = self._connected_to_read() if self.read_only else self._connected_to_write()
            self._file = _identity(self.path)
        except (sqlite3.Error, OSError) as error:
            raise KnowledgeBaseDamaged(
                f"The catalog {self.path} cannot be opened: {error}.",
                hint="`xmrag doctor --fix` keeps what can be read; else restore the folder from a backup.",
            ) from error

    def _connection(self, target: str) -> sqlite3.Connection:
        connection = sqlite3.connect(target, uri=True, timeout=60, check_same_thread=False)
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        for name, function in self.functions.items():
            connection.create_function(name, function.__code__.co_argcount, function, deterministic=True)
        return connection

    def _connected_to_write(self) -> sqlite3.Connection:
        connection = self._connection(f"{self.path.absolute().as_uri()}?mode=rwc")
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")  # of a new file
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA secure_delete = ON")  # what is removed is overwritten
        connection.executescript(self.schema)
        _check(connection)
        return connection

    def _connected_to_read(self) -> sqlite3.Connection:
        place = self.path.absolute().as_uri()
        log = self.path.with_name(self.path.name + "-wal")
        try:
            connection = self._connection(f"{place}?mode=ro")
            _check(connection)
        except sqlite3.OperationalError:
            self._stamp = self._stamped()
            if log.exists() and log.stat().st_size:
                self._copy = tempfile.TemporaryDirectory(prefix="xmrag-catalog-", ignore_cleanup_errors=True)
                copied = Path(self._copy.name, self.path.name)
                shutil.copyfile(self.path, copied)
                shutil.copyfile(log, copied.with_name(log.name))
                connection = self._connection(f"{copied.as_uri()}?mode=rw")
            else:
                connection = self._connection(f"{place}?mode=ro&immutable=1")
            _check(connection)
        return connection

    def _stamped(self) -> _Stamp:
        """Return times and sizes of the file and its log."""
        stamps: list[tuple[int, int] | None] = []
        for suffix in ("", "-wal"):
            try:
                state = os.stat(f"{self.path}{suffix}")
                stamps.append((state.st_mtime_ns, state.st_size))
            except FileNotFoundError:
                stamps.append(None)
        return tuple(stamps)

    def close(self) -> None:
        """Close it."""
        self._closed = True
        if self._open is not None:
            self._open.close()
        if self._copy is not None:
            with contextlib.suppress(OSError):
                self._copy.cleanup()


def gone(folder: Path) -> KnowledgeBaseMissing:
    """Return the error of a knowledge base that is open and lies there no more."""
    return KnowledgeBaseMissing(
        f"The knowledge base at {folder} was removed, moved or exchanged while it was open.",
        hint="Open it anew, where it is now; a server must be started again.",
    )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        state = os.stat(path)
    except FileNotFoundError:
        return None
    return state.st_dev, state.st_ino


def _check(connection: sqlite3.Connection) -> None:
    """Fail where the file is no catalog, or cannot be read."""
    connection.execute("SELECT 1 FROM sources LIMIT 1")
