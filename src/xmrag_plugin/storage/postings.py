"""Settled postings: where the words of nodes stand that are no longer the latest, as arrays.

FTS5 is quick to write and slow to read whole: it gives a row for each place of a word. So it holds the latest
nodes alone. Once there are enough of them their postings are moved here in one transaction: one row for each word
and each range of 32,768 nodes, with 3 bytes a node, which a search reads at the speed of memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .sql import Connection

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["COUNT_UNIT", "POSTINGS_SCHEMA", "RANGE_BITS", "Posting", "Postings"]

RANGE_BITS = 15
"""A range of nodes is 2 to the power of this many row numbers: what a removal or a settling writes anew."""

COUNT_UNIT = 0.2
"""Weighted counts are kept in whole numbers of this: all three columns' weights are multiples of it."""

_TERMS_ASKED = 500  # in one statement: SQLite takes 999 values in its oldest builds

POSTINGS_SCHEMA = """
CREATE TABLE IF NOT EXISTS postings (
    posting INTEGER PRIMARY KEY,
    term TEXT NOT NULL,
    span INTEGER NOT NULL,  -- row numbers from span * 32768 on
    places BLOB NOT NULL,   -- of the nodes in the span, ascending, 2 bytes each
    counts BLOB NOT NULL,   -- weighted, in fifths, 1 byte each
    UNIQUE (term, span)
);
CREATE TABLE IF NOT EXISTS settled (
    span INTEGER PRIMARY KEY,
    places BLOB NOT NULL,   -- of all nodes whose words stand in postings
    terms BLOB NOT NULL     -- how many terms each holds, 2 bytes each
);
CREATE TABLE IF NOT EXISTS gone (node INTEGER PRIMARY KEY);  -- row numbers that are to be taken out of postings
CREATE TABLE IF NOT EXISTS gone_terms (term TEXT PRIMARY KEY) WITHOUT ROWID;  -- of these terms
"""

_PLACE, _COUNT, _LENGTH = "<u2", "u1", "<u2"


@dataclass(frozen=True, slots=True)
class Posting:
    """Where a term stands, span by span; of all words that begin so, one after the other.

    Attributes:
        spans: Numbers of the spans.
        sizes: How many places lie in each.
        places: In their span, of all spans.
        counts: At these places, in ``COUNT_UNIT``.
    """

    spans: NDArray[np.int64]
    sizes: NDArray[np.int64]
    places: NDArray[np.uint16]
    counts: NDArray[np.uint8]


def _by_span(rowids: NDArray[np.int64]) -> Iterator[tuple[int, slice]]:
    """Yield the spans of ascending row numbers, and which of them lie in each."""
    import numpy as np

    if len(rowids) and (span := int(rowids[0]) >> RANGE_BITS) == int(rowids[-1]) >> RANGE_BITS:
        yield span, slice(0, len(rowids))  # as of nearly every term
        return
    spans, starts = np.unique(rowids >> RANGE_BITS, return_index=True)
    for span, start, end in zip(
        spans.tolist(), starts.tolist(), [*starts[1:].tolist(), len(rowids)], strict=False
    ):
        yield span, slice(start, end)


class Postings:
    """The settled postings of one catalog; writes are part of the caller's transaction."""

    def __init__(self, db: Connection) -> None:
        self.db = db
        self._there = True
        if isinstance(db, sqlite3.Connection):  # not in a file of an earlier format that is only read
            named = "SELECT count(*) FROM sqlite_master WHERE name IN ('postings', 'settled', 'gone')"
            self._there = db.execute(named).fetchone()[0] == 3

    def lengths(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Yield the settled nodes, span by span: row numbers, and how many terms each holds."""
        import numpy as np

        if self._there:
            for span, places, terms in self.db.execute(
                "SELECT span, places, terms FROM settled ORDER BY span"
            ):
                yield _rowids(span, places), np.frombuffer(terms, _LENGTH).astype(np.float32)

    def holds(self, rowids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of these nodes are settled; row numbers must ascend."""
        import numpy as np

        held = np.zeros(len(rowids), dtype=bool)
        for span, part in _by_span(rowids) if self._there else ():
            row = self.db.execute("SELECT places FROM settled WHERE span = ?", (span,)).fetchone()
            if row is not None:
                held[part] = np.isin(rowids[part], _rowids(span, row[0]), assume_unique=True)
        return held

    def counts(self, terms: Sequence[str]) -> dict[str, int]:
        """Return how many settled nodes hold each term, without reading where."""
        if not self._there:
            return {}
        marks = ",".join("?" * len(terms))
        query = f"SELECT term, sum(length(counts)) FROM postings WHERE term IN ({marks}) GROUP BY term"
        return dict(self.db.execute(query, terms))

    def read(self, keys: Sequence[str], only: int | None = None) -> dict[str, Posting]:
        """Return the postings of terms, or of all that begin as a key says that ends in ``*``; by key.

        Args:
            keys: The terms.
            only: The one span that is read; None for all.
        """
        found: dict[str, list[tuple[int, bytes, bytes]]] = {}
        exact = [key for key in keys if not key.endswith("*")]
        asked: list[tuple[str, str, list[str]]] = []
        for start in range(0, len(exact), _TERMS_ASKED):
            part = exact[start : start + _TERMS_ASKED]
            asked.append(("", f"term IN ({','.join('?' * len(part))})", part))
        for key in keys:
            if key.endswith("*"):
                asked.append((key, "term >= ? AND term < ?", [key[:-1], key[:-1] + "\U0010ffff"]))
        within, span_asked = ("", []) if only is None else (" AND span = ?", [only])
        for key, clause, values in asked if self._there else ():
            rows = self.db.execute(
                f"SELECT term, span, places, counts FROM postings WHERE {clause}{within} ORDER BY term, span",
                [*values, *span_asked],
            )
            for term, span, places, counts in rows:
                found.setdefault(key or term, []).append((span, places, counts))
        return {key: _joined(rows) for key, rows in found.items()}

    # writing -----------------------------------------------------------------------------

    def add(
        self,
        rowids: NDArray[np.int64],
        lengths: NDArray[np.float32],
        postings: Iterable[tuple[str, NDArray[np.int64], NDArray[np.float64]]],
    ) -> None:
        """Settle nodes.

        Args:
            rowids: Their row numbers, ascending.
            lengths: How many terms each holds.
            postings: Each term with the row numbers of those that hold it, ascending, and its weighted counts there.
        """
        import numpy as np

        for span, part in _by_span(rowids):
            places, sizes = _places(rowids[part]), np.minimum(lengths[part], 65535).astype(_LENGTH)
            held = self.db.execute("SELECT places, terms FROM settled WHERE span = ?", (span,)).fetchone()
            if held is not None:
                places, sizes = _merged(held, places, sizes)
            self.db.execute(
                "INSERT INTO settled VALUES (?, ?, ?) "
                "ON CONFLICT (span) DO UPDATE SET places = excluded.places, terms = excluded.terms",
                (span, places.tobytes(), sizes.tobytes()),
            )
        fresh: dict[int, list[tuple[str, NDArray[np.uint16], NDArray[np.uint8]]]] = {}
        for term, where, counts in postings:
            fifths = np.minimum(np.rint(counts / COUNT_UNIT), 255).astype(_COUNT)
            for span, part in _by_span(where):
                fresh.setdefault(span, []).append((term, _places(where[part]), fifths[part]))
        for span, rows in fresh.items():
            for start in range(0, len(rows), _TERMS_ASKED):
                self._write(span, rows[start : start + _TERMS_ASKED])

    def _write(self, span: int, rows: Sequence[tuple[str, NDArray[np.uint16], NDArray[np.uint8]]]) -> None:
        """Write terms of one span together with what is held of them."""
        terms = [row[0] for row in rows]
        asked = f"SELECT term, places, counts FROM postings WHERE span = ? AND term IN ({','.join('?' * len(terms))})"
        held = {term: (places, counts) for term, places, counts in self.db.execute(asked, (span, *terms))}
        new: list[tuple[str, int, bytes, bytes]] = []
        changed: list[tuple[bytes, bytes, str, int]] = []
        for term, places, counts in rows:
            if term in held:
                merged, weights = _merged(held[term], places, counts)
                changed.append((merged.tobytes(), weights.tobytes(), term, span))
            else:
                new.append((term, span, places.tobytes(), counts.tobytes()))
        self.db.executemany("INSERT INTO postings (term, span, places, counts) VALUES (?, ?, ?, ?)", new)
        self.db.executemany("UPDATE postings SET places = ?, counts = ? WHERE term = ? AND span = ?", changed)

    def remove(self, rowids: NDArray[np.int64], terms: Iterable[str]) -> None:
        """Take settled nodes out; row numbers must ascend.

        Their places stay in the postings until :meth:`sweep`, which cuts each row once for all that went, and are
        passed over meanwhile.

        Args:
            rowids: The nodes.
            terms: All terms that stand in any of them.
        """
        for span, part in _by_span(rowids):
            self._cut("settled", "terms", "span", (span,), _places(rowids[part]), _LENGTH)
        self.db.executemany(
            "INSERT INTO gone VALUES (?) ON CONFLICT DO NOTHING", ([rowid] for rowid in rowids.tolist())
        )
        self.db.executemany(
            "INSERT INTO gone_terms VALUES (?) ON CONFLICT DO NOTHING", ([term] for term in terms)
        )

    def gone(self) -> NDArray[np.int64]:
        """Return the row numbers, ascending, that count no more where postings name them."""
        import numpy as np

        if not self._there:
            return np.empty(0, dtype=np.int64)
        return np.array(
            [row[0] for row in self.db.execute("SELECT node FROM gone ORDER BY node")], dtype=np.int64
        )

    def sweep(self) -> None:
        """Cut what is gone out of the postings, and every term that no other node holds."""
        rowids = self.gone()
        if not len(rowids):
            return
        terms = [row[0] for row in self.db.execute("SELECT term FROM gone_terms")]
        for span, part in _by_span(rowids):
            places = _places(rowids[part])
            for term in terms:
                self._cut("postings", "counts", "term = ? AND span", (term, span), places, _COUNT)
        self.db.execute("DELETE FROM gone")
        self.db.execute("DELETE FROM gone_terms")

    def _cut(
        self,
        table: str,
        column: str,
        key: str,
        values: tuple[str | int, ...],
        gone: NDArray[np.uint16],
        kind: str,
    ) -> None:
        """Take places and what goes with them out of one row, and the row where nothing is left."""
        import numpy as np

        row = self.db.execute(f"SELECT places, {column} FROM {table} WHERE {key} = ?", values).fetchone()
        if row is None:
            return
        places, others = np.frombuffer(row[0], _PLACE), np.frombuffer(row[1], kind)
        left = ~np.isin(places, gone)
        if not left.any():
            self.db.execute(f"DELETE FROM {table} WHERE {key} = ?", values)
        elif not left.all():
            self.db.execute(
                f"UPDATE {table} SET places = ?, {column} = ? WHERE {key} = ?",
                (places[left].tobytes(), others[left].tobytes(), *values),
            )

    def clear(self) -> None:
        """Take everything out."""
        for table in ("postings", "settled", "gone", "gone_terms"):
            self.db.execute(f"DELETE FROM {table}")

    def faults(self) -> Iterator[str]:
        """Yield what does not fit together: arrays of unlike length, nodes that are not there or not settled."""
        import numpy as np

        if not self._there:
            return
        unlike = (
            "SELECT (SELECT count(*) FROM postings WHERE length(places) != 2 * length(counts) OR length(places) = 0) "
            "+ (SELECT count(*) FROM settled WHERE length(places) != length(terms))"
        )
        if count := self.db.execute(unlike).fetchone()[0]:
            yield f"{count:,} of its rows are cut"
            return
        held: dict[int, NDArray[np.bool_]] = {}
        for span, places in self.db.execute("SELECT span, places FROM settled"):
            held[span] = np.zeros(1 << RANGE_BITS, dtype=bool)
            held[span][np.frombuffer(places, _PLACE)] = True
        gone = self.gone()
        for span, part in _by_span(gone):
            held.setdefault(span, np.zeros(1 << RANGE_BITS, dtype=bool))[_places(gone[part])] = True
        strays = 0
        for span, places in self.db.execute("SELECT span, places FROM postings"):
            strays += span not in held or not held[span][np.frombuffer(places, _PLACE)].all()
        if strays:
            yield f"{strays:,} of its rows name nodes that are not in it"


def _joined(rows: Sequence[tuple[int, bytes, bytes]]) -> Posting:
    import numpy as np

    spans, places, counts = zip(*rows, strict=True)
    return Posting(
        np.array(spans, np.int64),
        np.array([len(part) for part in counts], np.int64),
        np.frombuffer(b"".join(places), _PLACE),
        np.frombuffer(b"".join(counts), _COUNT),
    )


def _places(rowids: NDArray[np.int64]) -> NDArray[np.uint16]:
    return (rowids & ((1 << RANGE_BITS) - 1)).astype(_PLACE)


def _rowids(span: int, places: bytes) -> NDArray[np.int64]:
    import numpy as np

    return np.frombuffer(places, _PLACE).astype(np.int64) + (span << RANGE_BITS)


def _merged(
    held: Sequence[bytes], places: NDArray[np.uint16], others: NDArray[np.unsignedinteger]
) -> tuple[NDArray[np.uint16], NDArray[np.unsignedinteger]]:
    """Return what is held and what comes to it, by place; both are as long as places."""
    import numpy as np

    places = np.concatenate([np.frombuffer(held[0], _PLACE), places])
    others = np.concatenate([np.frombuffer(held[1], others.dtype), others])
    order = np.argsort(places, kind="stable")
    return places[order], others[order]
