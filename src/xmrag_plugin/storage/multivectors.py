"""A file of multivectors: many vectors an item, memory-mapped, beside Chroma.

The vectors of all items lie in one file of half-precision rows, appended; an SQLite file says which
rows are whose. Rows are written and synced before they are entered, so that a kill leaves unused rows
and nothing else. Readers map the file and see what was entered when they asked.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import KnowledgeBaseDamaged, ModelMismatch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Multivectors"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS items (key TEXT PRIMARY KEY, start INTEGER NOT NULL, rows INTEGER NOT NULL);
"""
_CHUNK = 500  # keys a query


class Multivectors:
    """Multivectors by key, on disk.

    Args:
        folder: Made when missing.
        dimension: Length of every vector.
        fingerprint: Of the model that makes them.

    Raises:
        ModelMismatch: If the folder was made with another model.
    """

    def __init__(self, folder: Path, *, dimension: int, fingerprint: str) -> None:
        self.folder = folder
        self.dimension = dimension
        self._lock = threading.RLock()
        self._mapped: tuple[str, int, Any] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        with self._table() as table:
            table.executescript(_SCHEMA)
            first = {"fingerprint": fingerprint, "dimension": str(dimension), "file": "vectors-0.f16"}
            table.executemany("INSERT OR IGNORE INTO about VALUES (?, ?)", first.items())
            about = dict(table.execute("SELECT name, value FROM about"))
        if about["fingerprint"] != fingerprint or about["dimension"] != str(dimension):
            raise ModelMismatch(
                f"The multivectors in {folder} were made with another model.",
                hint="Name that model again, or remove the folder to make them anew.",
            )

    def __len__(self) -> int:
        with self._table() as table:
            return int(table.execute("SELECT count(*) FROM items").fetchone()[0])

    def missing(self, keys: Iterable[str]) -> list[str]:
        """The keys that have no multivector, each once, in order."""
        wanted = list(dict.fromkeys(keys))
        known = self._places(wanted)
        return [key for key in wanted if key not in known]

    def put(self, multivectors: Mapping[str, NDArray[Any]]) -> None:
        """Keep multivectors, each of shape ``(rows, dimension)``; a key that is there keeps its own."""
        import numpy as np

        with self._lock, self._table(writing=True) as table:
            known = self._places(list(multivectors), table)
            path = self._path(table)
            row_bytes = 2 * self.dimension
            entered: list[tuple[str, int, int]] = []
            with path.open("ab") as file:
                start, torn = divmod(file.tell(), row_bytes)
                if torn:  # a writer was killed within a row
                    file.truncate(start * row_bytes)
                    file.seek(0, os.SEEK_END)
                for key, rows in multivectors.items():
                    if key in known:
                        continue
                    block = np.ascontiguousarray(rows, dtype="<f2").reshape(-1, self.dimension)
                    file.write(block.tobytes())
                    entered.append((key, start, len(block)))
                    start += len(block)
                file.flush()
                os.fsync(file.fileno())
            table.executemany("INSERT OR IGNORE INTO items VALUES (?, ?, ?)", entered)

    def get(self, keys: Sequence[str]) -> dict[str, NDArray[np.float16]]:
        """Views into the mapped file, by key; keys without a multivector are left out.

        Raises:
            KnowledgeBaseDamaged: If the file is shorter than it should be.
        """
        with self._lock, self._table() as table:
            places = self._places(list(keys), table)
            if not places:
                return {}
            rows = self._map(self._path(table), max(start + count for start, count in places.values()))
            return {key: rows[start : start + count] for key, (start, count) in places.items()}

    def keep_only(self, keys: Iterable[str]) -> int:
        """Drop all others and give back their room; returns how many were dropped."""
        live = set(keys)
        with self._lock, self._table(writing=True) as table:
            stale = [key for (key,) in table.execute("SELECT key FROM items") if key not in live]
            if stale:
                table.executemany("DELETE FROM items WHERE key = ?", [(key,) for key in stale])
                self._compact(table)
        return len(stale)

    def _compact(self, table: sqlite3.Connection) -> None:
        """Copy the rows in use into a new file; readers of the old one keep what they have mapped."""
        import numpy as np

        old = self._path(table)
        number = int(old.stem.rpartition("-")[2]) + 1
        new = old.with_name(f"vectors-{number}.f16")
        items = list(table.execute("SELECT key, start, rows FROM items ORDER BY start"))
        end = max((start + count for _, start, count in items), default=0)
        rows = self._map(old, end) if end else np.empty((0, self.dimension), dtype="<f2")
        moved: list[tuple[int, str]] = []
        place = 0
        with new.open("wb") as file:
            for key, start, count in items:
                file.write(np.ascontiguousarray(rows[start : start + count]).tobytes())
                moved.append((place, key))
                place += count
            file.flush()
            os.fsync(file.fileno())
        table.executemany("UPDATE items SET start = ? WHERE key = ?", moved)
        table.execute("UPDATE about SET value = ? WHERE name = 'file'", (new.name,))
        table.commit()
        self._mapped = None
        del rows
        for stale in self.folder.glob("vectors-*.f16"):
            if stale != new:
                try:
                    stale.unlink()
                except PermissionError:  # mapped by a reader, where the system forbids it: next time
                    continue

    def _places(
        self, keys: Sequence[str], table: sqlite3.Connection | None = None
    ) -> dict[str, tuple[int, int]]:
        if table is None:
            with self._table() as opened:
                return self._places(keys, opened)
        found: dict[str, tuple[int, int]] = {}
        for first in range(0, len(keys), _CHUNK):
            some = keys[first : first + _CHUNK]
            marks = ",".join("?" * len(some))
            query = f"SELECT key, start, rows FROM items WHERE key IN ({marks})"
            found.update({key: (start, rows) for key, start, rows in table.execute(query, some)})
        return found

    def _path(self, table: sqlite3.Connection) -> Path:
        [(name,)] = table.execute("SELECT value FROM about WHERE name = 'file'").fetchall()
        return self.folder / str(name)

    def _map(self, path: Path, rows: int) -> NDArray[np.float16]:
        """The file as rows, mapped again when it is another or has grown."""
        import numpy as np

        if self._mapped is None or self._mapped[0] != path.name or self._mapped[1] < rows:
            size = path.stat().st_size // (2 * self.dimension) if path.is_file() else 0
            if size < rows:
                raise KnowledgeBaseDamaged(
                    f"{path} holds {size} of {rows} rows.", hint=f"Remove {self.folder} to make it anew."
                )
            mapped = np.memmap(path, dtype="<f2", mode="r", shape=(size, self.dimension))
            self._mapped = (path.name, size, mapped)
        view: NDArray[np.float16] = self._mapped[2]
        return view

    @contextmanager
    def _table(self, *, writing: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection of one's own; a writer waits for the one before it."""
        table = sqlite3.connect(self.folder / "multivectors.sqlite", timeout=60, isolation_level=None)
        try:
            table.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
            yield table
            if table.in_transaction:
                table.commit()
        except BaseException:
            if table.in_transaction:
                table.rollback()
            raise
        finally:
            table.close()
