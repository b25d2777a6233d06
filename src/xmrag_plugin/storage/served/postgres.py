"""Postgres behind the few methods that the catalog asks of a database.

Reads take a connection of a pool, and are made again on another one after a failure, within the time-out. A
writer's statements all go to one connection, which holds its lock; when that is lost, they fail with
:class:`~xmrag_plugin.errors.ServerUnreachable`, and whoever wrote makes the whole step again. One transaction writes
at a time, as in SQLite, so that row numbers follow each other and the text index has one author.

A statement waits no longer than the time-out: a connection whose other end has fallen silent is closed.
"""

from __future__ import annotations

import contextlib
import functools
import re
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import ServerUnreachable, require
from ..forks import abandon, renew_after_fork
from ..sql import State
from .connections import Pool, name_of, told_of

if TYPE_CHECKING:
    import psycopg

    from ...settings import Secret

__all__ = ["Postgres"]

_T = TypeVar("_T")
_Row = tuple[Any, ...]

_ROWS_A_FETCH = 2000
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0
_QUEUED_S = 1.0
"""How long one request for the writers' lock waits at the server before it is asked for anew."""

_TURN, _PRESENCE = 1, 2


class Postgres:
    """One schema of a database, for the threads of a process.

    Args:
        url: ``postgresql://user:password@host:port/database?…``; it is shown nowhere.
        schema: The schema that holds the tables.
        timeout_s: How long a statement may take, all attempts to make it included.
    """

    def __init__(self, url: Secret, schema: str, timeout_s: float) -> None:
        require("psycopg", "postgres", purpose="A knowledge base on servers")
        self._url = url
        self.schema = schema
        self.timeout_s = timeout_s
        self._key = zlib.crc32(schema.encode()) - 2**31
        self.name = name_of(url.get_secret_value())
        self._renew()
        renew_after_fork(self)

    def _renew(self) -> None:
        self._pool = Pool(self._url.get_secret_value(), self.schema, self.timeout_s)
        self._mine = threading.local()

    def _after_fork(self) -> None:
        abandon(self._pool, self._mine)
        self._renew()

    # statements --------------------------------------------------------------------------

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> _Rows:
        """Run a statement; its rows are fetched."""
        values = [_sent(value) for value in parameters]

        def run(connection: psycopg.Connection[Any]) -> _Rows:
            with connection.cursor(binary=True) as cursor:
                cursor.execute(_translated(sql), values)
                return _Rows(cursor.fetchall() if cursor.description else [])

        return self._on_connection(run)

    def executemany(self, sql: str, parameters: Iterable[Any]) -> None:
        """Run a statement for each row of values."""
        rows = [[_sent(value) for value in row] for row in parameters]

        def run(connection: psycopg.Connection[Any]) -> None:
            with connection.cursor() as cursor:
                cursor.executemany(_translated(sql), rows)

        if rows:
            self._on_connection(run)

    def stream(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[_Row]:
        """Yield the rows of a statement that finds many, some at a time, of one snapshot."""
        values = [_sent(value) for value in parameters]
        if getattr(self._mine, "depth", 0):  # in a transaction already
            yield from self.execute(sql, parameters)
            return
        with (
            told_of(self.name),
            self._pool.connection() as connection,
            connection.transaction(),
            connection.cursor("rows", binary=True) as cursor,
        ):
            cursor.itersize = _ROWS_A_FETCH
            cursor.execute(_translated(sql), values)
            while rows := cursor.fetchmany(_ROWS_A_FETCH):
                yield from map(_read_row, rows)

    def steadily(self, read: Callable[[], _T]) -> _T:
        """Return what several statements read in one snapshot."""
        if getattr(self._mine, "depth", 0):
            return read()

        def run(connection: psycopg.Connection[Any]) -> _T:
            with connection.transaction():
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                before = getattr(self._mine, "connection", None)
                self._mine.connection, self._mine.depth = connection, 1
                try:
                    return read()
                finally:
                    self._mine.connection, self._mine.depth = before, 0

        return self._on_connection(run)

    def state(self) -> State:
        """Return what changes with every transaction that writes."""
        row = self.execute("SELECT count, 0 FROM changes").fetchone()
        return (int(row[0]), 0) if row else (0, 0)

    # transactions ------------------------------------------------------------------------

    def __enter__(self) -> Postgres:
        """Begin a transaction that writes, alone; within another one it is a part of it."""
        depth = getattr(self._mine, "depth", 0)
        if not depth:
            self._mine.stack = contextlib.ExitStack()
            try:
                if getattr(self._mine, "connection", None) is None:
                    self._mine.stack.enter_context(self._borrowed())
                with told_of(self.name):
                    self._mine.stack.enter_context(self._mine.connection.transaction())
                    self._take_turn()
                    self._mine.connection.execute("UPDATE changes SET count = count + 1")
            except BaseException as error:
                self._mine.stack.__exit__(type(error), error, error.__traceback__)
                raise
        self._mine.depth = depth + 1
        return self

    def __exit__(self, *error: Any) -> None:
        """Commit the transaction, or undo it after an error."""
        self._mine.depth -= 1
        if not self._mine.depth:
            with told_of(self.name):
                self._mine.stack.__exit__(*error)

    def _take_turn(self) -> None:
        """Wait for the transactions of other writers."""
        deadline, pause = time.monotonic() + 10 * self.timeout_s, _FIRST_PAUSE_S / 10
        asked = "SELECT pg_try_advisory_xact_lock(%s, %s)"
        while not self._mine.connection.execute(asked, (self._key, _TURN)).fetchone()[0]:
            if time.monotonic() > deadline:
                raise ServerUnreachable(
                    f"Another writer has kept {self.name} busy for {10 * self.timeout_s:.0f} s.",
                    hint="Try again, or end the other process.",
                )
            time.sleep(pause)
            pause = min(2 * pause, 0.1)

    @contextlib.contextmanager
    def _borrowed(self) -> Iterator[None]:
        """Let this thread's statements go to one connection."""
        self._mine.connection = self._answering()
        try:
            yield
        finally:
            connection, self._mine.connection = self._mine.connection, None
            self._pool.give_back(connection)

    # the writers' lock -------------------------------------------------------------------

    def enter_writers(self, wait_s: float, *, alone: bool = False) -> bool:
        """Be counted among the writers, on a connection that this thread's statements go to from now on.

        Args:
            wait_s: How long to wait for others; negative for ever.
            alone: Whether to be the only one.

        Returns:
            Whether that is so; False when others were there for too long.
        """
        connection = self._answering()
        with told_of(self.name):
            kind = "" if alone else "_shared"
            try:
                entered = self._lock(connection, kind, wait_s)
            except BaseException:
                self._pool.give_back(connection)
                raise
        if not entered:
            self._pool.give_back(connection)
            return False
        self._mine.connection, self._mine.kind = connection, kind
        return True

    def leave_writers(self) -> None:
        """Be no writer any more; whatever has become of the connection."""
        connection, self._mine.connection = getattr(self._mine, "connection", None), None
        if connection is None:
            return
        with contextlib.suppress(Exception):  # the lock goes with the connection
            connection.execute(f"SELECT pg_advisory_unlock{self._mine.kind}(%s, %s)", (self._key, _PRESENCE))
        self._pool.give_back(connection)

    def _lock(self, connection: psycopg.Connection[Any], kind: str, wait_s: float) -> bool:
        from psycopg.errors import LockNotAvailable

        deadline = time.monotonic() + wait_s
        while True:
            left = _QUEUED_S if wait_s < 0 else min(_QUEUED_S, max(0.05, deadline - time.monotonic()))
            try:
                with connection.transaction():
                    connection.execute(f"SET LOCAL lock_timeout = {int(1000 * left)}")
                    connection.execute(f"SELECT pg_advisory_lock{kind}(%s, %s)", (self._key, _PRESENCE))
            except LockNotAvailable:
                if wait_s >= 0 and time.monotonic() >= deadline:
                    return False
            else:
                return True

    # connections -------------------------------------------------------------------------

    def _on_connection(self, run: Callable[[psycopg.Connection[Any]], _T]) -> _T:
        """Run something on the connection of this thread's transaction, or on one of the pool, again after a failure."""
        if getattr(self._mine, "depth", 0):
            with told_of(self.name):
                return run(self._mine.connection)

        def attempt() -> _T:
            with self._pool.connection() as connection:
                return run(connection)

        return self._again(attempt)

    def _answering(self) -> psycopg.Connection[Any]:
        """Return a connection of the pool that has just answered."""

        def attempt() -> psycopg.Connection[Any]:
            connection = self._pool.take()
            try:
                connection.execute("SELECT 1")
            except BaseException:
                self._pool.give_back(connection)
                raise
            return connection

        return self._again(attempt)

    def _again(self, attempt: Callable[[], _T]) -> _T:
        """Try until it succeeds or the time is over."""
        deadline, pause = time.monotonic() + self.timeout_s, _FIRST_PAUSE_S
        while True:
            try:
                with told_of(self.name):
                    return attempt()
            except ServerUnreachable:
                self._pool.close()
                if time.monotonic() + pause >= deadline:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def make_schema(self, statements: str) -> None:
        """Make the schema and what is missing in it; one process at a time."""

        def run(connection: psycopg.Connection[Any]) -> None:
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (self._key, _TURN))
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {self.schema}".encode())
                connection.execute(statements.encode())

        self._on_connection(run)

    def vacuum(self) -> None:
        """Give up the room of what was deleted."""

        def run(connection: psycopg.Connection[Any]) -> None:
            tables = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = %s"
            for (table,) in connection.execute(tables, (self.schema,)).fetchall():
                connection.execute(f"VACUUM {table}".encode())

        self._on_connection(run)

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Rows:
    """Rows that were fetched."""

    def __init__(self, rows: list[_Row]) -> None:
        self._rows = [_read_row(row) for row in rows]
        self._next = iter(self._rows)

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        return next(self._next, None)

    def fetchall(self) -> list[_Row]:
        """Return all rows that are left."""
        return list(self._next)

    def __iter__(self) -> Iterator[_Row]:
        return self._next


@functools.lru_cache(maxsize=512)
def _translated(sql: str) -> str:
    # Among no values nothing is: SQLite takes an empty list, Postgres does not.
    return sql.replace("%", "%%").replace("?", "%s").replace(" IN ()", " IN (NULL)")


_ESCAPED = re.compile("[\x00\x1a]")
_ESCAPES = re.compile("\x1a([01])")


def _sent(value: Any) -> Any:
    """Return a value as Postgres takes it: a string holds no NUL there."""
    if isinstance(value, str) and ("\x00" in value or "\x1a" in value):
        return _ESCAPED.sub(lambda found: "\x1a0" if found[0] == "\x00" else "\x1a1", value)
    return value


def _read_row(row: _Row) -> _Row:
    return tuple(_read(value) if isinstance(value, str) and "\x1a" in value else value for value in row)


def _read(value: str) -> str:
    return _ESCAPES.sub(lambda found: "\x00" if found[1] == "0" else "\x1a", value)
