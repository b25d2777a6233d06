"""What the catalog asks of a database: SQLite's own connection, or Postgres behind the same few methods.

Statements are written for both: ``?`` marks a value, conflicts are told by ``ON CONFLICT``. ``with`` makes a
transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import orjson

from ..errors import KnowledgeBaseDamaged

__all__ = ["Connection", "State", "by_parts", "catalog_state", "read_json", "steadily", "streamed"]

_T = TypeVar("_T")
_Row = tuple[Any, ...]
State = tuple[int, int]


class Connection(Protocol):
    """A connection whose statements stand alone, or within ``with`` in one transaction."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Any:
        """Run a statement; what comes back has ``fetchone``, ``fetchall``, and yields its rows."""

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Any:
        """Run a statement for each row of values."""

    def __enter__(self) -> Any:
        """Begin a transaction."""

    def __exit__(self, *error: Any) -> Any:
        """Commit it, or undo it after an error."""


class _Server(Connection, Protocol):
    def state(self) -> State:
        """Return what changes with every write."""

    def stream(self, sql: str, parameters: Any = ...) -> Iterator[_Row]:
        """Yield rows without holding all of them."""

    def steadily(self, read: Callable[[], _T]) -> _T:
        """Read in one snapshot."""


def catalog_state(db: Connection) -> State:
    """Return what changes when another process, or this one, writes."""
    if isinstance(db, sqlite3.Connection):
        return int(db.execute("PRAGMA data_version").fetchone()[0]), db.total_changes
    server: _Server = db  # type: ignore[assignment]
    return server.state()


def streamed(db: Connection, sql: str, parameters: Sequence[Any] = ()) -> Iterator[_Row]:
    """Yield the rows of a statement that finds many."""
    if isinstance(db, sqlite3.Connection):
        return db.execute(sql, parameters)
    server: _Server = db  # type: ignore[assignment]
    return server.stream(sql, parameters)


def steadily(db: Connection, read: Callable[[], _T]) -> _T:
    """Return what several statements read, all of them before or all of them after another process's write."""
    if not isinstance(db, sqlite3.Connection):
        server: _Server = db  # type: ignore[assignment]
        return server.steadily(read)
    return read()


def by_parts(
    db: Connection,
    columns: str,
    key: str,
    values: Sequence[int] | Sequence[str],
    table: str = "nodes",
) -> Iterable[_Row]:
    """Yield columns of the rows whose ``key`` is among values, asked in parts that SQLite takes."""
    for start in range(0, len(values), 500):
        part = values[start : start + 500]
        marks = ",".join("?" * len(part))
        yield from db.execute(f"SELECT {columns} FROM {table} WHERE {key} IN ({marks})", part)


def read_json(text: str) -> dict[str, Any]:
    """Return JSON that the catalog wrote; the quick parser knows no NaN, which metadata may hold.

    Raises:
        KnowledgeBaseDamaged: If it is none.
    """
    try:
        found: dict[str, Any] = orjson.loads(text)
    except ValueError:
        try:
            found = json.loads(text)
        except ValueError as error:
            raise _unreadable() from error
    if not isinstance(found, dict):
        raise _unreadable()
    return found


def _unreadable() -> KnowledgeBaseDamaged:
    return KnowledgeBaseDamaged(
        "A row of the catalog cannot be read.",
        hint="`xmrag doctor --fix` keeps all that can be read, and reads the source of the others again.",
    )
