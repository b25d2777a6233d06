"""The words of the latest nodes in Postgres: a row a node, which a search reads once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import orjson

from ...text.stop_words import DEFAULT_LANGUAGE
from ...text.terms import index_words
from ..latest_words import Places, context_words, heading_words
from ..sql import Connection, by_parts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["WORDS_SCHEMA", "WordRows"]

WORDS_SCHEMA = """
CREATE TABLE IF NOT EXISTS languages (node INTEGER PRIMARY KEY, language TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS languages_language ON languages(language);
CREATE TABLE IF NOT EXISTS latest (
    node INTEGER PRIMARY KEY,
    terms INTEGER NOT NULL,  -- how many it holds
    words TEXT NOT NULL      -- each term with its weighted count, in fifths
);
"""

_TOKEN = re.compile(r"[0-9A-Za-z\x80-\U0010ffff]+")
"""A term, as FTS5's tokenizer ``ascii`` takes it."""

_HEADING, _BODY, _CONTEXT = 10, 5, 3  # fifths
_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


class WordRows:
    """The latest words of one catalog; what was read once is kept, since row numbers are given once."""

    def __init__(self, db: Connection) -> None:
        self.db = db
        self._kept: dict[int, tuple[int, dict[str, int]]] = {}

    def count(self) -> int:
        """Return how many nodes stand here."""
        return int(self.db.execute("SELECT count(*) FROM latest").fetchone()[0])

    def lengths(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return their row numbers, ascending, and how many terms each holds."""
        import numpy as np

        rowids = [row[0] for row in self.db.execute("SELECT node FROM latest ORDER BY node")]
        unknown = [rowid for rowid in rowids if rowid not in self._kept]
        kept = {rowid: self._kept[rowid] for rowid in rowids if rowid in self._kept}
        for node, terms, words in by_parts(self.db, "node, terms, words", "node", unknown, "latest"):
            kept[node] = (terms, orjson.loads(words))
        self._kept = kept
        there = [rowid for rowid in rowids if rowid in kept]
        lengths = np.array([kept[rowid][0] for rowid in there], dtype=np.float32)
        return np.array(there, dtype=np.int64), lengths

    def add(self, first: int, last: int) -> None:
        """Take in the words of nodes, a range of row numbers, both ends in."""
        rows = self._words("n.rowid BETWEEN ? AND ?", (first, last))
        self.db.executemany(
            "INSERT INTO latest VALUES (?, ?, ?)",
            ((node, terms, orjson.dumps(words).decode()) for node, terms, words in rows),
        )

    def _words(self, clause: str, values: Sequence[int]) -> Iterable[tuple[int, int, Counter[str]]]:
        """Yield nodes with the number of terms in each, and its terms with their weighted counts."""
        rows = self.db.execute(
            "SELECT n.rowid, n.text, n.metadata, s.source, l.language FROM nodes n JOIN sources s USING (source_id) "
            f"LEFT JOIN languages l ON l.node = n.rowid WHERE {clause} "
            "AND NOT (n.modality = 'audio' AND n.media_hash IS NOT NULL) ORDER BY n.rowid",
            values,
        )
        for node, text, metadata, source, language in rows:
            counts: Counter[str] = Counter()
            terms = 0
            for words, weight in (
                (heading_words(metadata, language), _HEADING),
                (index_words(text, language or DEFAULT_LANGUAGE), _BODY),
                (context_words(metadata, source, language), _CONTEXT),
            ):
                found = _TOKEN.findall(words.translate(_LOWER))
                terms += len(found)
                for term in found:
                    counts[term] += weight
            yield node, terms, counts

    def remove(self, rowids: Sequence[int]) -> None:
        """Take the words of nodes out, before the nodes."""
        self.db.executemany("DELETE FROM latest WHERE node = ?", ([rowid] for rowid in rowids))

    def terms_of(self, rowids: Sequence[int]) -> Iterable[str]:
        """Return all terms that stand in any of these nodes, wherever their words stand."""
        found: dict[str, None] = {}
        for start in range(0, len(rowids), 500):
            part = rowids[start : start + 500]
            for _node, _terms, words in self._words(f"n.rowid IN ({','.join('?' * len(part))})", part):
                found |= dict.fromkeys(words)
        return found

    def read(self, term: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return where a term stands, as :meth:`lengths` has found it: row numbers and weights."""
        import numpy as np

        start = term.removesuffix("*")
        found: list[tuple[int, int]] = []
        for node, (_terms, words) in self._kept.items():
            if start == term:
                if (count := words.get(term)) is not None:
                    found.append((node, count))
            else:
                found += [(node, count) for word, count in words.items() if word.startswith(start)]
        nodes = np.array([node for node, _ in found], dtype=np.int64)
        return nodes, (np.array([count for _, count in found], dtype=np.float64) / 5).astype(np.float32)

    def postings(self) -> Places:
        """Return where all terms stand: one place in each node that holds it."""
        import numpy as np

        rows = [(term, node, n) for node, (_, words) in self._kept.items() for term, n in words.items()]
        number = {term: n for n, term in enumerate(dict.fromkeys(term for term, _, _ in rows))}
        return Places(
            list(number),
            np.array([number[term] for term, _, _ in rows], dtype=np.int64),
            np.array([node for _, node, _ in rows], dtype=np.int64),
            np.array([count for _, _, count in rows], dtype=np.float64) / 5,
        )

    def clear(self) -> None:
        """Take everything out."""
        self._kept = {}  # the same nodes may be indexed in another way next
        self.db.execute("DELETE FROM latest")

    def make_anew(self) -> None:
        """Take everything out: there is nothing else to be made."""
        self.clear()

    def optimize(self) -> None:
        """Do nothing: rows that were deleted are the server's to overwrite."""

    def has_earlier_stems(self) -> bool:
        """Return False: no earlier xmrag wrote such tables."""
        return False
