"""The lexical index: BM25 over SQLite's FTS5, in the catalog's own file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from .lexical import query_terms

__all__ = ["LexicalIndex"]

_WEIGHTS = "2.0, 1.0, 0.6"  # heading, body, context
_COMMON = 0.25  # a term in more than this share of the nodes is evidence too weak to look up


class LexicalIndex:
    """Finds nodes by their words; the catalog keeps the tables ``nodes`` and ``words`` in step."""

    _db: sqlite3.Connection
    _node_count: int | None = None

    @property
    def node_count(self) -> int:
        if self._node_count is None:
            self._node_count = int(self._db.execute("SELECT COUNT(*) FROM nodes").fetchone()[0])
        return self._node_count

    def _match(self, text: str) -> str:
        terms = query_terms(text)
        if len(terms) > 1:
            limit = max(self.node_count * _COMMON, 50)
            rare = [term for term in terms if self._frequency(term) <= limit]
            terms = rare or terms
        return " OR ".join(terms[:64])

    def _frequency(self, term: str) -> int:
        if term.endswith("*"):
            return 0
        # The vocabulary holds stems; an unstemmed look-up that fails only means "not pruned".
        row = self._db.execute("SELECT doc FROM vocabulary WHERE term = ?", (term.strip('"'),)).fetchone()
        return int(row[0]) if row else 0

    def lexical_search(self, text: str, limit: int) -> list[tuple[str, float]]:
        """The nodes that share words with ``text``, best first, with BM25 scores (higher is better).

        Okapi BM25 (Robertson and Zaragoza 2009) as FTS5 computes it, headings counted double.
        """
        match = self._match(text)
        if not match:
            return []
        rows = self._db.execute(
            f"SELECT n.node_id, -w.score FROM (SELECT rowid, bm25(words, {_WEIGHTS}) AS score FROM words "
            "WHERE words MATCH ? ORDER BY score LIMIT ?) w JOIN nodes n ON n.rowid = w.rowid ORDER BY w.score",
            (match, limit),
        )
        return [(row[0], float(row[1])) for row in rows]

    def lexical_scores(self, text: str, node_ids: Sequence[str]) -> dict[str, float]:
        """BM25 of given nodes; a node that shares no word is 0."""
        match = self._match(text)
        scores = dict.fromkeys(node_ids, 0.0)
        if match and node_ids:
            rows = self._db.execute(
                f"SELECT n.node_id, -bm25(words, {_WEIGHTS}) FROM nodes n JOIN words ON words.rowid = n.rowid "
                f"WHERE words MATCH ? AND n.node_id IN ({','.join('?' * len(node_ids))})",
                (match, *node_ids),
            )
            scores.update((row[0], float(row[1])) for row in rows)
        return scores

    def shared_terms(self, text: str, node_id: str) -> tuple[int, int]:
        """How many of a question's terms (function words aside) a node holds, and how many there are."""
        terms = query_terms(text)
        row = self._db.execute("SELECT rowid FROM nodes WHERE node_id = ?", (node_id,)).fetchone()
        if row is None or not terms:
            return 0, len(terms)
        found = sum(
            self._db.execute(
                "SELECT 1 FROM words WHERE words MATCH ? AND rowid = ?", (term, row[0])
            ).fetchone()
            is not None
            for term in terms
        )
        return found, len(terms)
