"""The words of the latest nodes, those that have not settled in arrays: in FTS5, where one file holds everything."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..text.stop_words import DEFAULT_LANGUAGE
from ..text.terms import index_words
from ..types import Key
from .sql import Connection, by_parts, read_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "LEXICAL_SCHEMA",
    "FullText",
    "LatestWords",
    "Places",
    "context_words",
    "heading_words",
    "lexical_functions",
]

_TOKENIZER = "ascii"
"""What is indexed are stems with spaces between them (:func:`~xmrag_plugin.text.terms.index_words`)."""

_EARLIER = (
    "porter unicode61 remove_diacritics 2"  # until format 2 FTS5 stemmed, everything as if it were English
)

_WEIGHT = "CASE col WHEN 'heading' THEN 2.0 WHEN 'body' THEN 1.0 ELSE 0.6 END"

LEXICAL_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS languages (node INTEGER PRIMARY KEY, language TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS languages_language ON languages(language);
CREATE VIEW IF NOT EXISTS node_words AS
    SELECT n.rowid AS node, heading_words(n.metadata, l.language) AS heading,
           index_words(n.text, l.language) AS body, context_words(n.metadata, s.source, l.language) AS context
    FROM nodes n JOIN sources s USING (source_id) LEFT JOIN languages l ON l.node = n.rowid
    WHERE NOT (n.modality = 'audio' AND n.media_hash IS NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
    heading, body, context, content = 'node_words', content_rowid = 'node', tokenize = '{_TOKENIZER}'
);
"""
"""The index keeps no words of its own: it reads them from the nodes when they are written or removed.

A window of sound has no words; its recording is found by its name without it.
"""


@dataclass(frozen=True, slots=True)
class Places:
    """Where terms stand, place by place.

    Attributes:
        terms: Each once.
        numbers: Which of them stands at a place, shape ``(n,)``.
        rowids: In which node.
        weights: What it counts there.
    """

    terms: list[str]
    numbers: NDArray[np.int64]
    rowids: NDArray[np.int64]
    weights: NDArray[np.float64]


class LatestWords(Protocol):
    """The words of the latest nodes; writes are part of the caller's transaction."""

    @property
    def db(self) -> Connection:
        """Where they stand, and the nodes with them."""

    def count(self) -> int:
        """Return how many nodes stand here."""

    def lengths(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return their row numbers, ascending, and how many terms each holds."""

    def add(self, first: int, last: int) -> None:
        """Take in the words of nodes, a range of row numbers, both ends in."""

    def remove(self, rowids: Sequence[int]) -> None:
        """Take the words of nodes out, before the nodes."""

    def terms_of(self, rowids: Sequence[int]) -> Iterable[str]:
        """Return all terms that stand in any of these nodes, wherever their words stand."""

    def read(self, term: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return where a term stands: row numbers, in any order and as often as it stands there, and weights.

        A term that ends in ``*`` stands for all that begin so.
        """

    def postings(self) -> Places:
        """Return where all terms stand."""

    def clear(self) -> None:
        """Take everything out."""

    def make_anew(self) -> None:
        """Make the tables anew, as this xmrag describes them, with nothing in them."""

    def optimize(self) -> None:
        """Let nothing of what was taken out stand on disk."""

    def has_earlier_stems(self) -> bool:
        """Return whether an earlier xmrag stemmed the words."""


class FullText:
    """The latest words in FTS5, which is quick to write and slow to read whole."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    def count(self) -> int:
        """Return how many nodes stand here."""
        return int(self.db.execute("SELECT count(*) FROM words_docsize").fetchone()[0])

    def lengths(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return their row numbers, ascending, and how many terms each holds."""
        import numpy as np

        rows = self.db.execute("SELECT id, sz FROM words_docsize ORDER BY id").fetchall()
        lengths = np.array([_terms_counted(row[1]) for row in rows], dtype=np.float32)
        return np.array([row[0] for row in rows], dtype=np.int64), lengths

    def add(self, first: int, last: int) -> None:
        """Take in the words of nodes, a range of row numbers, both ends in."""
        self.db.execute(
            "INSERT INTO words (rowid, heading, body, context) "
            "SELECT node, heading, body, context FROM node_words WHERE node BETWEEN ? AND ?",
            (first, last),
        )

    def remove(self, rowids: Sequence[int]) -> None:
        """Take the words of nodes out, before the nodes."""
        self.db.executemany("DELETE FROM words WHERE rowid = ?", ([i] for i in rowids))

    def terms_of(self, rowids: Sequence[int]) -> Iterable[str]:
        """Return all terms that stand in any of these nodes, wherever their words stand."""
        rows = by_parts(self.db, "node, heading, body, context", "node", rowids, "node_words")
        return dict.fromkeys(word for row in rows for part in row[1:] for word in part.split())

    def read(self, term: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return where a term stands: row numbers and weights, of each place."""
        import numpy as np

        self._see_places()
        start = term.removesuffix("*")
        clause, values = ("term = ?", (term,)) if start == term else ("term >= ? AND term < ?", _range(start))
        # One row of two long strings crosses into Python ten times as fast as a row for each place.
        row = self.db.execute(
            f"SELECT group_concat(doc), group_concat({_WEIGHT}) FROM temp.word_places WHERE {clause}", values
        ).fetchone()
        return (
            np.fromstring(row[0] or "", dtype=np.int64, sep=","),
            np.fromstring(row[1] or "", dtype=np.float32, sep=","),
        )

    def postings(self) -> Places:
        """Return where all terms stand."""
        import numpy as np

        self._see_places()
        # As in read(): a row for each place would take a second and 300 MB for some thousand nodes.
        rows = self.db.execute(
            f"SELECT term, count(*), group_concat(doc), group_concat({_WEIGHT}) FROM temp.word_places GROUP BY term"
        ).fetchall()
        return Places(
            [row[0] for row in rows],
            np.repeat(np.arange(len(rows)), [row[1] for row in rows]),
            np.fromstring(",".join(row[2] for row in rows), dtype=np.int64, sep=","),
            np.fromstring(",".join(row[3] for row in rows), dtype=np.float64, sep=","),
        )

    def _see_places(self) -> None:
        """Make the table in which FTS5 shows its places; making it counts as no change."""
        self.db.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.word_places USING fts5vocab(main, words, 'instance')"
        )

    def clear(self) -> None:
        """Take everything out."""
        self.db.execute("INSERT INTO words (words) VALUES ('delete-all')")

    def make_anew(self) -> None:
        """Make the tables anew, as this xmrag describes them, with nothing in them."""
        self.db.execute("DROP TABLE IF EXISTS words")
        self.db.execute("DROP VIEW IF EXISTS node_words")
        for statement in LEXICAL_SCHEMA.split(";\n"):
            self.db.execute(statement)

    def optimize(self) -> None:
        """Let nothing of what was taken out stand on disk."""
        self.db.execute("INSERT INTO words (words) VALUES ('optimize')")

    def check(self, against_nodes: bool) -> None:
        """Fail where the index is damaged, or does not agree with the nodes."""
        self.db.execute(
            "INSERT INTO words (words, rank) VALUES ('integrity-check', ?)", (int(against_nodes),)
        )

    def has_earlier_stems(self) -> bool:
        """Return whether an earlier xmrag stemmed the words."""
        made = self.db.execute("SELECT sql FROM sqlite_master WHERE name = 'words'").fetchone()
        return made is not None and _EARLIER in made[0]


class EarlierStems:
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


def _range(start: str) -> tuple[str, str]:
    """Return between what all terms lie that begin so."""
    return start, start + "\U0010ffff"


def heading_words(metadata: str, language: str | None) -> str:
    """Return the stems of a node's headings."""
    return _body_words(str(read_json(metadata).get(Key.HEADING_PATH) or ""), language)


def context_words(metadata: str, source: str, language: str | None) -> str:
    """Return the stems of what stands around a node: a file's own name is a clue to what it holds."""
    held = read_json(metadata)
    name = " ".join(str(part) for part in (source, held.get(Key.MEDIA)) if part)
    return _body_words(f"{held.get(Key.CITED_BY) or ''} {name}", language)


def _body_words(text: str, language: str | None) -> str:
    return index_words(text, language or DEFAULT_LANGUAGE)


def lexical_functions() -> dict[str, Callable[..., str]]:
    """Return the SQL functions that make a node's words as they are indexed, for every connection."""
    return {"heading_words": heading_words, "context_words": context_words, "index_words": _body_words}


def _terms_counted(sizes: bytes) -> int:
    """Return the sum of FTS5's variable-length numbers: how many terms each column of a row holds."""
    total = value = 0
    for byte in sizes:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            total += value
            value = 0
    return total
