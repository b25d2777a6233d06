"""The lexical index: BM25 over the postings that SQLite's FTS5 keeps in the catalog's own file.

FTS5 stores, stems and looks up the words. Its own ``bm25()`` reads a row for each node that shares
a word with the question, and cannot score the candidates of other channels without doing all of it
again; here the postings of a word are read once, kept, and scored as arrays.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from ..text.terms import index_words, query_terms
from ..types import Key
from .allowed import Allowed
from .forks import renew_after_fork

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "LEXICAL_SCHEMA",
    "LexicalIndex",
    "LexicalMatches",
    "by_parts",
    "catalog_state",
    "index_version",
    "lexical_functions",
    "read_json",
]

_TOKENIZER = "porter unicode61 remove_diacritics 2"

LEXICAL_SCHEMA = f"""
CREATE VIEW IF NOT EXISTS node_words AS
    SELECT n.rowid AS node, heading_words(n.metadata) AS heading, index_words(n.text) AS body,
           context_words(n.metadata, s.source) AS context
    FROM nodes n JOIN sources s USING (source_id)
    WHERE NOT (n.modality = 'audio' AND n.media_hash IS NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
    heading, body, context, content = 'node_words', content_rowid = 'node', tokenize = '{_TOKENIZER}'
);
"""
"""The index keeps no words of its own: it reads them from the nodes when they are written or removed.

A window of sound has no words; its recording is found by its name without it.
"""


def lexical_functions() -> dict[str, Callable[..., str]]:
    """Return the SQL functions that make a node's words as they are indexed, for every connection."""

    def heading_words(metadata: str) -> str:
        return index_words(str(read_json(metadata).get(Key.HEADING_PATH) or ""))

    def context_words(metadata: str, source: str) -> str:
        held = read_json(metadata)
        # A file's own name is a clue to what it holds.
        name = " ".join(str(part) for part in (source, held.get(Key.MEDIA)) if part)
        return index_words(f"{held.get(Key.CITED_BY) or ''} {name}")

    return {"heading_words": heading_words, "context_words": context_words, "index_words": index_words}


def index_version() -> str:
    """Return what changes when words are indexed in another way, so that the index is to be made anew."""
    said = index_words(_PROBE) + LEXICAL_SCHEMA
    return hashlib.sha256(said.encode()).hexdigest()[:16]


_PROBE = "Naïve Flüsse of 25/12/2018, RJ-45; D.I.Y. 发电站的叶片 タービン 발전소 Größe ﬁne"


def read_json(text: str) -> dict[str, Any]:
    """Return JSON that the catalog wrote; the quick parser knows no NaN, which metadata may hold."""
    try:
        found: dict[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = json.loads(text)
    return found


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
class _Nodes:
    """All nodes: row numbers, ascending, and how many terms each holds, as a share of the mean."""

    rowids: NDArray[np.int64]
    lengths: NDArray[np.float32]
    mean_terms: float

    def places(self, rowids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the places of row numbers, and which of those are there at all."""
        import numpy as np

        places = np.minimum(np.searchsorted(self.rowids, rowids), max(len(self.rowids) - 1, 0))
        known = self.rowids[places] == rowids if len(self.rowids) else np.zeros(len(rowids), dtype=bool)
        return places, known


@dataclass(slots=True)
class LexicalMatches:
    """The BM25 of all nodes for one question; those that share no word have 0."""

    _db: sqlite3.Connection
    _nodes: _Nodes
    _scores: NDArray[np.float32]
    _holders: NDArray[np.int64]

    def literal(self) -> frozenset[str]:
        """Return the nodes that hold every term of a question with a number or code in it, where they are few.

        Who asks for an item's code, a file's name or "figure 12" means these.
        """
        held = [int(self._nodes.rowids[place]) for place in self._holders]
        return frozenset(name for _, name in by_parts(self._db, "rowid, node_id", "rowid", held))

    def best(self, limit: int, allowed: Allowed | None = None) -> dict[str, float]:
        """Return the best ``limit`` nodes with their scores, best first; ties in the order of reading.

        Args:
            limit: How many at most.
            allowed: Rank these nodes alone.
        """
        import numpy as np

        if allowed is None:
            matched = np.flatnonzero(self._scores)
        else:
            places, known = self._nodes.places(np.array(allowed.rowids, dtype=np.int64))
            matched = places[known]
            matched = matched[self._scores[matched] != 0]
        if len(matched) > limit:
            bar = np.partition(self._scores[matched], len(matched) - limit)[len(matched) - limit]
            matched = matched[self._scores[matched] >= bar]
        ranked = matched[np.argsort(-self._scores[matched], kind="stable")][:limit]
        names = dict(by_parts(self._db, "rowid, node_id", "rowid", self._nodes.rowids[ranked].tolist()))
        found = ((names.get(int(self._nodes.rowids[place])), float(self._scores[place])) for place in ranked)
        return {name: score for name, score in found if name is not None}

    def of(self, node_ids: Sequence[str]) -> dict[str, float]:
        """Return the scores of given nodes; 0 for one that is not there."""
        import numpy as np

        scores = dict.fromkeys(node_ids, 0.0)
        rows = list(by_parts(self._db, "node_id, rowid", "node_id", list(scores)))
        places, known = self._nodes.places(np.array([row[1] for row in rows], dtype=np.int64))
        for (node_id, _), place, there in zip(rows, places, known, strict=True):
            if there:
                scores[node_id] = float(self._scores[place])
        return scores


class LexicalIndex:
    """Finds nodes by their words; the catalog keeps the tables ``nodes`` and ``words`` in step."""

    def __init__(self) -> None:
        self._node_count: tuple[tuple[int, int], int] | None = None
        self._lexicon = _Lexicon()

    @property
    def _db(self) -> sqlite3.Connection:
        """The open file."""
        raise NotImplementedError

    @property
    def node_count(self) -> int:
        """How many nodes there are; counted again when this or another process wrote."""
        state = catalog_state(self._db)
        if self._node_count is None or self._node_count[0] != state:
            self._node_count = (state, int(self._db.execute("SELECT COUNT(*) FROM nodes").fetchone()[0]))
        return self._node_count[1]

    def lexical_matches(self, text: str) -> LexicalMatches:
        """All nodes scored by the words that they share with ``text``.

        Okapi BM25 (Robertson and Zaragoza, *The Probabilistic Relevance Framework*, 2009) with
        FTS5's constants; words of headings count double, those of the context less.
        """
        return self._lexicon.match(self._db, query_terms(text), query_terms(text, compounds=False))

    def lexical_search(self, text: str, limit: int) -> list[tuple[str, float]]:
        """Return the nodes that share words with ``text``, best first, with BM25 scores (higher is better)."""
        return list(self.lexical_matches(text).best(limit).items())

    def mean_terms(self) -> float:
        """Return the terms that a passage holds, on the average; where there are none, a picture that has words."""
        query = "SELECT rowid FROM nodes WHERE embed_text != '' AND modality {} 'image'"
        for sign in ("!=", "="):
            rowids = [row[0] for row in self._db.execute(query.format(sign))]
            if rowids:
                return self._lexicon.mean_terms(self._db, rowids)
        return 0.0

    def shared_terms(self, text: str, node_id: str) -> tuple[int, int]:
        """How many of a question's terms (function words aside) a node holds, and how many there are."""
        terms = query_terms(text)
        row = self._db.execute("SELECT rowid FROM nodes WHERE node_id = ?", (node_id,)).fetchone()
        if row is None or not terms:
            return 0, len(terms)
        return self._lexicon.count_in(self._db, terms, row[0]), len(terms)


class _Lexicon:
    """The postings in memory of the terms asked so far, for one state of the catalog; safe for threads."""

    def __init__(self) -> None:
        self._state: tuple[int, int] | None = None
        self._after_fork()
        renew_after_fork(self)
        self._nodes: _Nodes | None = None
        self._postings: OrderedDict[str, _Postings] = OrderedDict()
        self._kept = 0

    def _after_fork(self) -> None:
        self._lock = threading.RLock()
        self._stems = _Stems()
        self._state = None

    def match(
        self, db: sqlite3.Connection, terms: Sequence[str], words: Sequence[str] = ()
    ) -> LexicalMatches:
        """Return the scores for ``terms``, and who holds all of ``words``."""
        import numpy as np

        with self._lock:
            nodes = self._read_nodes(db)
            count = len(nodes.rowids)
            scores = np.zeros(count, dtype=np.float32)
            found = [posting for term in terms[:_MOST_TERMS] for posting in self._of(db, term, nodes)]
            if len(terms) > 1:
                limit = max(count * _COMMON, 50)
                found = [posting for posting in found if len(posting.places) <= limit] or found
            for posting in found:
                frequency = len(posting.places)
                idf = max(np.log((count - frequency + 0.5) / (frequency + 0.5)), 1e-6)
                counts, lengths = posting.counts, nodes.lengths[posting.places]
                part = counts * (_K1 + 1) / (counts + _K1 * (1 - _B + _B * lengths))
                scores[posting.places] += np.float32(idf) * part
            holders = self._holders(db, words, nodes)
        return LexicalMatches(db, nodes, scores, holders)

    def _holders(self, db: sqlite3.Connection, words: Sequence[str], nodes: _Nodes) -> NDArray[np.int64]:
        """Return the places of the nodes that hold all of the words, one with a digit among them, where they are few."""
        import numpy as np

        none = np.empty(0, dtype=np.int64)
        if not any(letter.isdigit() for word in words for letter in word):
            return none
        found: NDArray[np.int64] | None = None
        for word in words[:_MOST_TERMS]:
            parts = self._of(db, word, nodes)
            if not parts:
                return none
            for posting in parts:
                found = posting.places if found is None else np.intersect1d(found, posting.places)
                if not len(found):
                    return none
        return found if found is not None and len(found) <= _FEW else none

    def count_in(self, db: sqlite3.Connection, terms: Sequence[str], rowid: int) -> int:
        """How many of the terms stand in the node at ``rowid``."""
        import numpy as np

        with self._lock:
            nodes = self._read_nodes(db)
            (place,), (known,) = nodes.places(np.array([rowid], dtype=np.int64))
            if not known:
                return 0
            return sum(
                bool(parts) and all((posting.places == place).any() for posting in parts)
                for parts in (self._of(db, term, nodes) for term in terms)
            )

    def mean_terms(self, db: sqlite3.Connection, rowids: Sequence[int]) -> float:
        """Return the terms that these nodes hold, on the average."""
        import numpy as np

        with self._lock:
            nodes = self._read_nodes(db)
            places, known = nodes.places(np.array(rowids, dtype=np.int64))
            lengths = nodes.lengths[places[known]]
        return nodes.mean_terms * float(lengths.mean()) if len(lengths) else 0.0

    def _read_nodes(self, db: sqlite3.Connection) -> _Nodes:
        """Return the lengths of all nodes, read again when this or another process wrote since."""
        import numpy as np

        state = catalog_state(db)
        if self._nodes is None or state != self._state:
            db.execute(
                "CREATE VIRTUAL TABLE IF NOT EXISTS temp.word_places USING fts5vocab(main, words, 'instance')"
            )
            rows = db.execute("SELECT id, sz FROM words_docsize ORDER BY id").fetchall()
            lengths = np.array([_terms_counted(row[1]) for row in rows], dtype=np.float32)
            mean = float(lengths.mean()) if len(lengths) else 1.0
            self._nodes = _Nodes(
                np.array([row[0] for row in rows], dtype=np.int64), lengths / max(mean, 1e-9), mean
            )
            self._postings.clear()
            self._kept = 0
            # Making the temporary table counts as no change; the state is what was read.
            self._state = state
        return self._nodes

    def _of(self, db: sqlite3.Connection, term: str, nodes: _Nodes) -> list[_Postings]:
        """Return the postings of a term's stems: one for a word, more for what the tokenizer takes apart."""
        if term.endswith("*"):
            found = self._read(
                db, nodes, term, "term >= ? AND term < ?", (term[:-1], term[:-1] + "\U0010ffff")
            )
            return [found] if len(found.places) else []
        parts = [self._read(db, nodes, stem, "term = ?", (stem,)) for stem in self._stems.of(term)]
        return [posting for posting in parts if len(posting.places)]

    def _read(
        self, db: sqlite3.Connection, nodes: _Nodes, key: str, clause: str, values: tuple[str, ...]
    ) -> _Postings:
        import numpy as np

        if key in self._postings:
            self._postings.move_to_end(key)
            return self._postings[key]
        # One row of two long strings crosses into Python ten times as fast as a row for each place.
        row = db.execute(
            f"SELECT group_concat(doc), group_concat({_WEIGHT}) FROM temp.word_places WHERE {clause}", values
        ).fetchone()
        rowids = np.fromstring(row[0] or "", dtype=np.int64, sep=",")
        weights = np.fromstring(row[1] or "", dtype=np.float32, sep=",")
        distinct, which = np.unique(rowids, return_inverse=True)
        places, known = nodes.places(distinct)
        counts = np.bincount(which, weights=weights, minlength=len(distinct)).astype(np.float32)
        posting = _Postings(places[known], counts[known])
        self._postings[key] = posting
        self._kept += len(posting.places)
        while self._kept > _KEPT_POSTINGS and len(self._postings) > 1:
            self._kept -= len(self._postings.popitem(last=False)[1].places)
        return posting


class _Stems:
    """What the tokenizer makes of a word, asked of FTS5 itself in a table of its own."""

    def __init__(self) -> None:
        self._known: dict[str, list[str]] = {}
        self._db: sqlite3.Connection | None = None

    def of(self, term: str) -> list[str]:
        if term not in self._known:
            if self._db is None:
                self._db = sqlite3.connect(":memory:", check_same_thread=False)
                self._db.execute(f"CREATE VIRTUAL TABLE said USING fts5(term, tokenize = '{_TOKENIZER}')")
                self._db.execute("CREATE VIRTUAL TABLE stems USING fts5vocab(said, 'instance')")
            self._db.execute("DELETE FROM said")
            self._db.execute("INSERT INTO said VALUES (?)", (term,))
            stems = [row[0] for row in self._db.execute("SELECT term FROM stems ORDER BY offset")]
            if len(self._known) > 50_000:
                self._known.clear()
            self._known[term] = list(dict.fromkeys(stems))
        return self._known[term]


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
    db: sqlite3.Connection, columns: str, key: str, values: Sequence[int] | Sequence[str]
) -> Iterable[tuple[Any, Any]]:
    """Yield two columns of the nodes whose ``key`` is among values, asked in parts that SQLite takes."""
    for start in range(0, len(values), 500):
        part = values[start : start + 500]
        marks = ",".join("?" * len(part))
        yield from db.execute(f"SELECT {columns} FROM nodes WHERE {key} IN ({marks})", part)
