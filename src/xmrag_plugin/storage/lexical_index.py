"""The lexical index: BM25 over the postings in the catalog's own file.

FTS5 keeps the stems of the latest nodes, each by the stemmer of its language; what has settled lies in arrays beside
it (:mod:`~xmrag_plugin.storage.postings`). FTS5's own ``bm25()`` reads a row for each node that shares
a word with the question, and cannot score the candidates of other channels without doing all of it
again; here the postings of a word are read once, kept, and scored as arrays.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson

from ..text.languages import languages_of_passages
from ..text.stop_words import DEFAULT_LANGUAGE
from ..text.terms import QueryTerm, index_words, query_terms
from ..types import Key
from .allowed import Allowed
from .lexicon import TOKENIZER, Lexicon, Nodes, by_parts, catalog_state
from .postings import Postings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "LEXICAL_SCHEMA",
    "POSTINGS_SCHEMA",
    "LexicalIndex",
    "LexicalMatches",
    "index_version",
    "lexical_functions",
    "read_json",
]

LEXICAL_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS languages (node INTEGER PRIMARY KEY, language TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS languages_language ON languages(language);
CREATE VIEW IF NOT EXISTS node_words AS
    SELECT n.rowid AS node, heading_words(n.metadata, l.language) AS heading,
           index_words(n.text, l.language) AS body, context_words(n.metadata, s.source, l.language) AS context
    FROM nodes n JOIN sources s USING (source_id) LEFT JOIN languages l ON l.node = n.rowid
    WHERE NOT (n.modality = 'audio' AND n.media_hash IS NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
    heading, body, context, content = 'node_words', content_rowid = 'node', tokenize = '{TOKENIZER}'
);
"""
"""The index keeps no words of its own: it reads them from the nodes when they are written or removed.

A window of sound has no words; its recording is found by its name without it.
"""

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
"""What :mod:`~xmrag_plugin.storage.postings` writes and reads."""


def lexical_functions() -> dict[str, Callable[..., str]]:
    """Return the SQL functions that make a node's words as they are indexed, for every connection."""

    def body_words(text: str, language: str | None) -> str:
        return index_words(text, language or DEFAULT_LANGUAGE)

    def heading_words(metadata: str, language: str | None) -> str:
        return body_words(str(read_json(metadata).get(Key.HEADING_PATH) or ""), language)

    def context_words(metadata: str, source: str, language: str | None) -> str:
        held = read_json(metadata)
        # A file's own name is a clue to what it holds.
        name = " ".join(str(part) for part in (source, held.get(Key.MEDIA)) if part)
        return body_words(f"{held.get(Key.CITED_BY) or ''} {name}", language)

    return {"heading_words": heading_words, "context_words": context_words, "index_words": body_words}


def index_version() -> str:
    """Return what changes when words are indexed in another way, so that the index is to be made anew."""
    said = " ".join(index_words(text, language) for language, text in _PROBES.items()) + LEXICAL_SCHEMA
    return hashlib.sha256(said.encode()).hexdigest()[:16]


_PROBES = {
    "en": "Naïve rivers of 25/12/2018, RJ-45; D.I.Y. in Figures 3, relational 发电站的叶片 タービン 발전소 Größe ﬁne",
    "de": "Flüsse der größeren Häuser",
    "fr": "nationalité continuellement",
    "es": "rápidamente bibliotecas",
    "ru": "библиотеками возвращённых",
    "ar": "والمكتبات الكبيرة",
    "he": "ובספריות",
    "th": "ห้องสมุด",
    "hi": "पुस्तकें",
}
"""By language, words whose stems change with the stemmers."""


def read_json(text: str) -> dict[str, Any]:
    """Return JSON that the catalog wrote; the quick parser knows no NaN, which metadata may hold."""
    try:
        found: dict[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = json.loads(text)
    return found


_SETTLED_AT_ONCE = 2048
"""So many nodes stand in FTS5 before they settle: a settling takes a second, a search among them some milliseconds."""


@dataclass(slots=True)
class LexicalMatches:
    """The BM25 of all nodes for one question; those that share no word have 0."""

    _db: sqlite3.Connection
    _nodes: Nodes
    _scores: NDArray[np.float32]
    _holders: NDArray[np.int64]

    def literal(self) -> frozenset[str]:
        """Return the nodes that hold every term of a question with a number or code in it, where they are few.

        Who asks for an item's code, a file's name or "figure 12" means these.
        """
        held = self._nodes.rowids(self._holders).tolist()
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
        rowids = self._nodes.rowids(ranked).tolist()
        names = dict(by_parts(self._db, "rowid, node_id", "rowid", rowids))
        scores = self._scores[ranked].tolist()
        return {names[i]: score for i, score in zip(rowids, scores, strict=True) if i in names}

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
        self._languages: tuple[tuple[int, int], dict[str, int]] | None = None
        self._lexicon = Lexicon()

    @property
    def _db(self) -> sqlite3.Connection:
        """The open file."""
        raise NotImplementedError

    @property
    def state(self) -> tuple[int, int]:
        """Changes when this or another process has written."""
        return catalog_state(self._db)

    @property
    def indexed_count(self) -> int:
        """How many nodes the text index holds."""
        latest = self._db.execute("SELECT count(*) FROM words_docsize").fetchone()[0]
        return int(latest) + sum(len(rowids) for rowids, _lengths in Postings(self._db).lengths())

    def lexical_matches(self, text: str) -> LexicalMatches:
        """Return all nodes scored by the words that they share with ``text``.

        Okapi BM25 (Robertson and Zaragoza, *The Probabilistic Relevance Framework*, 2009) with
        FTS5's constants; words of headings count double, those of the context less.
        """
        words = self._terms(text, compounds=False)
        return LexicalMatches(self._db, *self._lexicon.match(self._db, self._terms(text), words))

    def _terms(self, text: str, *, compounds: bool = True) -> list[QueryTerm]:
        """Return what to look up for a question: its words by their stems in each language of the collection."""
        spoken = dict.fromkeys((DEFAULT_LANGUAGE, *filter(None, self.languages())))
        return query_terms(text, list(spoken), compounds=compounds)

    def languages(self) -> dict[str, int]:
        """Return how many nodes are in each language, the most frequent first; ``""`` counts those that do not tell."""
        state = catalog_state(self._db)
        if self._languages is None or self._languages[0] != state:
            query = "SELECT language, count(*) FROM languages GROUP BY language ORDER BY 2 DESC"
            try:
                rows = self._db.execute(query).fetchall()
            except sqlite3.OperationalError:  # a file of an earlier format that is only read
                rows = []
            self._languages = (state, dict(rows))
        return self._languages[1]

    def lexical_search(self, text: str, limit: int) -> list[tuple[str, float]]:
        """Return the nodes that share words with ``text``, best first, with BM25 scores (higher is better)."""
        return list(self.lexical_matches(text).best(limit).items())

    def index_nodes(self, first: int, last: int) -> None:
        """Index the words of the nodes of a source, a range of row numbers, both ends in; within a transaction."""
        self._tell_languages(first, last)
        self._db.execute(
            "INSERT INTO words (rowid, heading, body, context) "
            "SELECT node, heading, body, context FROM node_words WHERE node BETWEEN ? AND ?",
            (first, last),
        )

    def _tell_languages(self, first: int, last: int) -> None:
        """Note in what language each of a range of nodes is, source by source."""
        untold = (
            "rowid BETWEEN ? AND ? AND rowid NOT IN (SELECT node FROM languages WHERE node BETWEEN ? AND ?)"
        )
        rows = self._db.execute(
            f"SELECT source_id, rowid, text FROM nodes WHERE {untold} ORDER BY source_id, rowid",
            (first, last, first, last),
        ).fetchall()
        for _, own in groupby(rows, key=itemgetter(0)):
            _, numbers, texts = zip(*own, strict=True)
            told = zip(numbers, languages_of_passages(texts), strict=True)
            self._db.executemany("INSERT INTO languages VALUES (?, ?)", told)

    def unindex_nodes(self, rowids: Sequence[int]) -> None:
        """Take the words of nodes out, before the nodes; within the caller's transaction."""
        import numpy as np

        postings, ascending = Postings(self._db), np.array(sorted(rowids), dtype=np.int64)
        settled = postings.holds(ascending)
        self._db.executemany("DELETE FROM words WHERE rowid = ?", ([i] for i in ascending[~settled].tolist()))
        if settled.any():
            rows = by_parts(
                self._db, "node, heading, body, context", "node", ascending[settled].tolist(), "node_words"
            )
            terms = dict.fromkeys(word for row in rows for part in row[1:] for word in part.split())
            postings.remove(ascending[settled], list(terms))
        self._db.executemany("DELETE FROM languages WHERE node = ?", ([i] for i in ascending.tolist()))

    def settle(self, least: int = _SETTLED_AT_ONCE) -> None:
        """Move the latest nodes' words to where they are read whole, once there are so many."""
        try:
            fresh = self._db.execute("SELECT count(*) FROM words_docsize").fetchone()[0]
        except sqlite3.ProgrammingError:
            return  # a repair has closed it
        with self._db:
            Postings(self._db).sweep()
            if fresh >= least:
                self._lexicon.settle(self._db)

    def index_after(self, rowid: int) -> int | None:
        """Index the words of the next nodes behind a row number, within the caller's transaction.

        Returns:
            The last of them; None where they were the last of all.
        """
        query = "SELECT rowid FROM nodes WHERE rowid > ? ORDER BY rowid LIMIT ?"
        rows = self._db.execute(query, (rowid, _SETTLED_AT_ONCE)).fetchall()
        if rows:
            self.index_nodes(rows[0][0], rows[-1][0])
        if len(rows) < _SETTLED_AT_ONCE:
            return None
        self._lexicon.settle(self._db)
        return int(rows[-1][0])

    def mean_terms(self, among: Sequence[str] | None = None) -> float:
        """Return the terms that a passage holds, on the average; where there are none, a picture that has words.

        Args:
            among: Ids of nodes that stand for all.
        """
        texts, pictures = (
            "embed_text != '' AND modality != 'image'",
            "embed_text != '' AND modality = 'image'",
        )
        for condition in (texts, pictures):
            if among is None:
                rows: Iterable[tuple[Any, ...]] = self._db.execute(
                    f"SELECT rowid FROM nodes WHERE {condition}"
                )
                rowids = [row[0] for row in rows]
            else:
                rows = by_parts(self._db, f"rowid, {condition}", "node_id", among)
                rowids = [row[0] for row in rows if row[1]]
            if rowids:
                return self._lexicon.mean_terms(self._db, rowids)
        return 0.0

    def shared_terms(self, text: str, node_id: str) -> tuple[int, int]:
        """Return how many of a question's terms (function words aside) a node holds, and how many there are."""
        terms = self._terms(text)
        row = self._db.execute("SELECT rowid FROM nodes WHERE node_id = ?", (node_id,)).fetchone()
        if row is None or not terms:
            return 0, len(terms)
        return self._lexicon.count_in(self._db, terms, row[0]), len(terms)
