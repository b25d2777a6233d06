"""The lexicon: postings of the asked words as arrays, from FTS5 and from what has settled, scored by BM25."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..text.terms import QueryTerm
from .forks import renew_after_fork
from .postings import COUNT_UNIT, RANGE_BITS, Postings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["TOKENIZER", "Lexicon", "Nodes", "by_parts", "catalog_state"]

TOKENIZER = "ascii"
"""What is indexed are stems with spaces between them (:func:`~xmrag_plugin.text.terms.index_words`)."""

_EARLIER = (
    "porter unicode61 remove_diacritics 2"  # until format 2 FTS5 stemmed, everything as if it were English
)

_WEIGHT = "CASE col WHEN 'heading' THEN 2.0 WHEN 'body' THEN 1.0 ELSE 0.6 END"
_K1, _B = 1.2, 0.75
_COMMON = 0.25  # a term in more than this share of the nodes is evidence too weak to count
_KEPT_POSTINGS = 4_000_000  # 12 bytes each
_MOST_TERMS = 64
_FEW = 3


@dataclass(slots=True)
class _Postings:
    """Where a term stands: places in the table of nodes, and its weighted counts there."""

    places: NDArray[np.int64]
    counts: NDArray[np.float32]


@dataclass(slots=True)
class Nodes:
    """All nodes in a table of places: the row numbers of a few ranges, one after the other.

    Attributes:
        spans: Numbers of the ranges, ascending.
        lengths: By place, how many terms a node holds, as a share of the mean; NaN where there is no node.
        count: How many nodes there are.
        mean_terms: How many terms one holds on the average.
        unsettled: Whether some stand in FTS5.
        settled: The postings of the others.
        gone: By place, which count no more where those postings name them; None where all count.
    """

    spans: NDArray[np.int64]
    lengths: NDArray[np.float32]
    count: int
    mean_terms: float
    unsettled: bool
    settled: Postings
    gone: NDArray[np.bool_] | None = None

    def start(self, span: int) -> int:
        """Return the first place of a range."""
        return int(self.spans.searchsorted(span)) << RANGE_BITS

    def places(self, rowids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the places of row numbers, and which of those are there at all."""
        import numpy as np

        if not len(self.spans):
            return np.zeros(len(rowids), dtype=np.int64), np.zeros(len(rowids), dtype=bool)
        which = np.minimum(self.spans.searchsorted(rowids >> RANGE_BITS), len(self.spans) - 1)
        places = (which << RANGE_BITS) + (rowids & ((1 << RANGE_BITS) - 1))
        return places, (self.spans[which] == rowids >> RANGE_BITS) & ~np.isnan(self.lengths[places])

    def rowids(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the row numbers of places."""
        spans: NDArray[np.int64] = self.spans[places >> RANGE_BITS]
        return (spans << RANGE_BITS) + (places & ((1 << RANGE_BITS) - 1))


def _nowhere() -> _Postings:
    import numpy as np

    return _Postings(np.empty(0, np.int64), np.empty(0, np.float32))


class Lexicon:
    """The postings in memory of the terms asked so far, for one state of the catalog; safe for threads."""

    def __init__(self) -> None:
        self._state: tuple[int, int] | None = None
        self._after_fork()
        renew_after_fork(self)
        self._nodes: Nodes | None = None
        self._postings: OrderedDict[str, _Postings] = OrderedDict()
        self._kept = 0

    def _after_fork(self) -> None:
        self._lock = threading.RLock()
        self._earlier: _EarlierStems | None = None
        self._state = None

    def match(
        self, db: sqlite3.Connection, terms: Sequence[QueryTerm], words: Sequence[QueryTerm] = ()
    ) -> tuple[Nodes, NDArray[np.float32], NDArray[np.int64]]:
        """Return the nodes, their scores for ``terms`` by place, and the places of those that hold all of ``words``."""
        import numpy as np

        with self._lock:
            nodes = self._read_nodes(db)
            scores = np.zeros(len(nodes.lengths), dtype=np.float32)
            found = self._telling(db, terms[:_MOST_TERMS], nodes)
            for posting in found:
                frequency = len(posting.places)
                idf = max(np.log((nodes.count - frequency + 0.5) / (frequency + 0.5)), 1e-6)
                counts, lengths = posting.counts, nodes.lengths[posting.places]
                part = counts * (_K1 + 1) / (counts + _K1 * (1 - _B + _B * lengths))
                scores[posting.places] += np.float32(idf) * part
            holders = self._holders(db, words, nodes)
        return nodes, scores, holders

    def _telling(self, db: sqlite3.Connection, terms: Sequence[QueryTerm], nodes: Nodes) -> list[_Postings]:
        """Return the postings of terms that not every other node holds; of all of them where there are no others."""
        if len(terms) > 1:
            limit = max(nodes.count * _COMMON, 50)
            stems = [stem for term in terms if not term.word.endswith("*") for stem in self._stems(term)]
            held = nodes.settled.counts(stems) if nodes.gone is None else {}  # these count what is gone too
            rare = (term for term in terms if all(held.get(stem, 0) <= limit for stem in self._stems(term)))
            found = [self._of(db, term, nodes) for term in rare]
            if found := [posting for posting in found if 0 < len(posting.places) <= limit]:
                return found
        return [self._of(db, term, nodes) for term in terms]

    def _holders(self, db: sqlite3.Connection, words: Sequence[QueryTerm], nodes: Nodes) -> NDArray[np.int64]:
        """Return the places of the nodes that hold all of the words, one with a digit among them, where they are few."""
        import numpy as np

        none = np.empty(0, dtype=np.int64)
        if not any(letter.isdigit() for term in words for letter in term.word):
            return none
        found: NDArray[np.int64] | None = None
        for term in words[:_MOST_TERMS]:
            places = self._of(db, term, nodes).places
            found = places if found is None else np.intersect1d(found, places)
            if not len(found):
                return none
        return found if found is not None and len(found) <= _FEW else none

    def count_in(self, db: sqlite3.Connection, terms: Sequence[QueryTerm], rowid: int) -> int:
        """Return how many of the terms stand in the node at ``rowid``."""
        import numpy as np

        with self._lock:
            nodes = self._read_nodes(db)
            (place,), (known,) = nodes.places(np.array([rowid], dtype=np.int64))
            if not known:
                return 0
            return sum(bool((self._of(db, term, nodes).places == place).any()) for term in terms)

    def mean_terms(self, db: sqlite3.Connection, rowids: Sequence[int]) -> float:
        """Return the terms that these nodes hold, on the average."""
        import numpy as np

        with self._lock:
            nodes = self._read_nodes(db)
            places, known = nodes.places(np.array(rowids, dtype=np.int64))
            lengths = nodes.lengths[places[known]]
        return nodes.mean_terms * float(lengths.mean()) if len(lengths) else 0.0

    def _read_nodes(self, db: sqlite3.Connection) -> Nodes:
        """Return the lengths of all nodes, read again when this or another process wrote since."""
        import numpy as np

        state = catalog_state(db)
        if self._nodes is None or state != self._state:
            rowids, lengths = self._unsettled(db)
            settled = Postings(db)
            parts = [*settled.lengths(), (rowids, lengths)]
            every, gone = np.concatenate([part[0] for part in parts]), settled.gone()
            terms = np.concatenate([part[1] for part in parts])
            spans = np.unique(np.concatenate([every, gone]) >> RANGE_BITS)
            table = np.full(len(spans) << RANGE_BITS, np.nan, dtype=np.float32)
            mean = float(terms.mean()) if len(terms) else 1.0
            self._nodes = Nodes(spans, table, len(terms), mean, bool(len(rowids)), settled)
            if len(spans):
                which = spans.searchsorted(every >> RANGE_BITS) << RANGE_BITS
                table[which + (every & ((1 << RANGE_BITS) - 1))] = terms / max(mean, 1e-9)
            if len(gone):
                self._nodes.gone = np.zeros(len(table), dtype=bool)
                which = spans.searchsorted(gone >> RANGE_BITS) << RANGE_BITS
                self._nodes.gone[which + (gone & ((1 << RANGE_BITS) - 1))] = True
            self._postings.clear()
            self._kept = 0
            made = db.execute("SELECT sql FROM sqlite_master WHERE name = 'words'").fetchone()
            if made is None or _EARLIER not in made[0]:
                self._earlier = None
            elif self._earlier is None:
                self._earlier = _EarlierStems()
            # Making the temporary table counts as no change; the state is what was read.
            self._state = state
        return self._nodes

    def _unsettled(self, db: sqlite3.Connection) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the nodes whose words stand in FTS5: row numbers, ascending, and how many terms each holds."""
        import numpy as np

        db.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.word_places USING fts5vocab(main, words, 'instance')"
        )
        rows = db.execute("SELECT id, sz FROM words_docsize ORDER BY id").fetchall()
        lengths = np.array([_terms_counted(row[1]) for row in rows], dtype=np.float32)
        return np.array([row[0] for row in rows], dtype=np.int64), lengths

    def settle(self, db: sqlite3.Connection) -> None:
        """Move what FTS5 holds to the postings; within the caller's transaction."""
        import numpy as np

        with self._lock:
            Postings(db).sweep()
            rowids, lengths = self._unsettled(db)
            rows = db.execute(f"SELECT term, doc, {_WEIGHT} FROM temp.word_places").fetchall()
            terms = list(dict.fromkeys(row[0] for row in rows))
            number = {term: n for n, term in enumerate(terms)}
            places = rowids.searchsorted(np.array([row[1] for row in rows], dtype=np.int64))
            keys = np.array([number[row[0]] for row in rows], dtype=np.int64) * max(len(rowids), 1) + places
            distinct, which = np.unique(keys, return_inverse=True)
            counts = np.bincount(which, weights=[row[2] for row in rows], minlength=len(distinct)).astype(
                np.float64
            )
            ends = np.searchsorted(distinct // max(len(rowids), 1), np.arange(len(terms) + 1))
            where: NDArray[np.int64] = rowids[distinct % max(len(rowids), 1)]
            Postings(db).add(
                rowids,
                lengths,
                ((term, where[i:j], counts[i:j]) for term, i, j in zip(terms, ends, ends[1:], strict=False)),
            )
            db.execute("INSERT INTO words (words) VALUES ('delete-all')")

    def _stems(self, term: QueryTerm) -> Sequence[str]:
        return term.stems if self._earlier is None else self._earlier.of(term.word)

    def _of(self, db: sqlite3.Connection, term: QueryTerm, nodes: Nodes) -> _Postings:
        """Return where a term stands, by any of its stems."""
        import numpy as np

        if term.word.endswith("*"):
            values = (term.word[:-1], term.word[:-1] + "\U0010ffff")
            return self._read(db, nodes, term.word, "term >= ? AND term < ?", values)
        parts = [self._read(db, nodes, stem, "term = ?", (stem,)) for stem in self._stems(term)]
        held = [posting for posting in parts if len(posting.places)]
        if len(held) < 2:
            return held[0] if held else _nowhere()
        places, which = np.unique(np.concatenate([part.places for part in held]), return_inverse=True)
        counts = np.bincount(which, weights=np.concatenate([part.counts for part in held]))
        return _Postings(places, counts.astype(np.float32))

    def _read(
        self, db: sqlite3.Connection, nodes: Nodes, key: str, clause: str, values: tuple[str, ...]
    ) -> _Postings:
        import numpy as np

        if key in self._postings:
            self._postings.move_to_end(key)
            return self._postings[key]
        places, counts = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
        for span, offsets, fifths in nodes.settled.read(clause, values):
            where, weights = offsets.astype(np.int64) + nodes.start(span), fifths * np.float32(COUNT_UNIT)
            if nodes.gone is not None:
                there = ~nodes.gone[where]
                where, weights = where[there], weights[there]
            places.append(where)
            counts.append(weights)
        if nodes.unsettled:
            # One row of two long strings crosses into Python ten times as fast as a row for each place.
            row = db.execute(
                f"SELECT group_concat(doc), group_concat({_WEIGHT}) FROM temp.word_places WHERE {clause}",
                values,
            ).fetchone()
            found, known = nodes.places(np.fromstring(row[0] or "", dtype=np.int64, sep=","))
            places.append(found[known])
            counts.append(np.fromstring(row[1] or "", dtype=np.float32, sep=",")[known])
        where, weights = np.concatenate(places), np.concatenate(counts)
        if nodes.unsettled or key.endswith("*"):
            where, which = np.unique(where, return_inverse=True)
            weights = np.bincount(which, weights=weights, minlength=len(where)).astype(np.float32)
        posting = _Postings(where, weights)
        self._postings[key] = posting
        self._kept += len(posting.places)
        while self._kept > _KEPT_POSTINGS and len(self._postings) > 1:
            self._kept -= len(self._postings.popitem(last=False)[1].places)
        return posting


class _EarlierStems:
    """What FTS5 makes of a word in files of format 2 and before, which are read as they are."""

    def __init__(self) -> None:
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        self._db.execute(f"CREATE VIRTUAL TABLE said USING fts5(term, tokenize = '{_EARLIER}')")
        self._db.execute("CREATE VIRTUAL TABLE stems USING fts5vocab(said, 'instance')")

    def of(self, word: str) -> list[str]:
        """Return the stems of a word, in order."""
        self._db.execute("DELETE FROM said")
        self._db.execute("INSERT INTO said VALUES (?)", (word,))
        return list(
            dict.fromkeys(row[0] for row in self._db.execute("SELECT term FROM stems ORDER BY offset"))
        )


def catalog_state(db: sqlite3.Connection) -> tuple[int, int]:
    """Return what changes when another process, or this one, writes."""
    return int(db.execute("PRAGMA data_version").fetchone()[0]), db.total_changes


def _terms_counted(sizes: bytes) -> int:
    """Return the sum of FTS5's variable-length numbers: how many terms each column of a row holds."""
    total = value = 0
    for byte in sizes:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            total += value
            value = 0
    return total


def by_parts(
    db: sqlite3.Connection,
    columns: str,
    key: str,
    values: Sequence[int] | Sequence[str],
    table: str = "nodes",
) -> Iterable[tuple[Any, ...]]:
    """Yield columns of the rows whose ``key`` is among values, asked in parts that SQLite takes."""
    for start in range(0, len(values), 500):
        part = values[start : start + 500]
        marks = ",".join("?" * len(part))
        yield from db.execute(f"SELECT {columns} FROM {table} WHERE {key} IN ({marks})", part)
