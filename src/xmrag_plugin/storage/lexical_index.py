"""The lexical index: BM25 over the postings in the catalog's own file.

The stems of the latest nodes, each by the stemmer of its language, stand in FTS5
(:mod:`~xmrag_plugin.storage.latest_words`); what has settled lies in arrays beside it
(:mod:`~xmrag_plugin.storage.postings`). FTS5's own ``bm25()`` reads a row for each node that shares
a word with the question, and cannot score the candidates of other channels without doing all of it
again; here the postings of a word are read once, kept, and scored as arrays.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ..text.languages import languages_of_passages
from ..text.stop_words import DEFAULT_LANGUAGE
from ..text.terms import QueryTerm, fold, index_words, query_terms
from .allowed import Allowed
from .latest_words import LEXICAL_SCHEMA, FullText, LatestWords
from .lexicon import Lexicon, Nodes
from .postings import Postings
from .sql import Connection, State, by_parts, catalog_state, steadily

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LexicalIndex", "LexicalMatches", "index_version"]


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


_SETTLED_AT_ONCE = 2048
"""So many nodes stand in FTS5 before they settle: a settling takes a second, a search among them some milliseconds."""

_SAMPLE = 16_384  # about so many nodes tell from what score on one may be among the best


@dataclass(slots=True)
class LexicalMatches:
    """The BM25 of all nodes for one question; those that share no word have 0."""

    _db: Connection
    _nodes: Nodes
    _scores: NDArray[np.float32]
    _standing: Mapping[str, NDArray[np.int64]]
    _holders: NDArray[np.int64]
    _places: dict[str, int] = field(default_factory=dict)

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
            some, least = self._scores[:: max(1, len(self._scores) // _SAMPLE)], np.float32(0)
            if len(some) > limit:  # the best of some are no better than the best of all
                least = np.partition(some, len(some) - limit)[len(some) - limit]
            matched = np.flatnonzero(self._scores >= least if least > 0 else self._scores)
        else:
            places, known = self._nodes.places(np.array(allowed.rowids, dtype=np.int64))
            matched = places[known]
            matched = matched[self._scores[matched] != 0]
        if len(matched) > limit:
            bar = np.partition(self._scores[matched], len(matched) - limit)[len(matched) - limit]
            matched = matched[self._scores[matched] >= bar]
        ranked = matched[np.argsort(-self._scores[matched], kind="stable")][:limit]
        rowids = self._nodes.rowids(ranked).tolist()
        names: dict[int, str] = dict(by_parts(self._db, "rowid, node_id", "rowid", rowids))
        self._places |= {
            names[i]: place for i, place in zip(rowids, ranked.tolist(), strict=True) if i in names
        }
        scores = self._scores[ranked].tolist()
        return {names[i]: score for i, score in zip(rowids, scores, strict=True) if i in names}

    def of(self, node_ids: Sequence[str]) -> dict[str, float]:
        """Return the scores of given nodes; 0 for one that is not there."""
        import numpy as np

        scores = dict.fromkeys(node_ids, 0.0)
        rows = list(by_parts(self._db, "node_id, rowid", "node_id", list(scores)))
        places, known = self._nodes.places(np.array([row[1] for row in rows], dtype=np.int64))
        for (node_id, _), place, there in zip(rows, places.tolist(), known.tolist(), strict=True):
            if there:
                scores[node_id] = float(self._scores[place])
                self._places[node_id] = place
        return scores

    def holding(self) -> dict[str, frozenset[str]]:
        """Return by word of the question which of the nodes that were scored so far hold it, by any of its stems.

        Words in so many nodes that they do not count are left out.
        """
        import numpy as np

        ids = list(self._places)
        places = np.fromiter(self._places.values(), dtype=np.int64, count=len(ids))
        found: dict[str, frozenset[str]] = {}
        for word, standing in self._standing.items():
            at = np.minimum(standing.searchsorted(places), len(standing) - 1)
            held = np.flatnonzero(standing[at] == places) if len(standing) else ()
            found[word] = frozenset(ids[i] for i in held)
        return found


class LexicalIndex:
    """Finds nodes by their words; the catalog keeps the tables ``nodes`` and ``words`` in step."""

    def __init__(self) -> None:
        self._languages: tuple[State, dict[str, int]] | None = None
        self._lexicon = Lexicon()

    @property
    def _db(self) -> Connection:
        """The open file."""
        raise NotImplementedError

    @property
    def _latest(self) -> LatestWords:
        """The words of the latest nodes."""
        assert isinstance(self._db, sqlite3.Connection)
        return FullText(self._db)

    @property
    def state(self) -> State:
        """Changes when this or another process has written."""
        return catalog_state(self._db)

    @property
    def indexed_count(self) -> int:
        """How many nodes the text index holds."""
        return self._latest.count() + sum(len(rowids) for rowids, _lengths in Postings(self._db).lengths())

    def lexical_matches(self, text: str) -> LexicalMatches:
        """Return all nodes scored by the words that they share with ``text``.

        Okapi BM25 (Robertson and Zaragoza, *The Probabilistic Relevance Framework*, 2009) with
        FTS5's constants; words of headings count double, those of the context less.
        """
        terms = self._terms(text)
        literally = any(map(str.isdigit, fold(text)))  # only a number or a code is looked for so
        words = self._terms(text, compounds=False) if literally else ()
        return LexicalMatches(
            self._db, *steadily(self._db, lambda: self._lexicon.match(self._latest, terms, words))
        )

    def _terms(self, text: str, *, compounds: bool = True) -> tuple[QueryTerm, ...]:
        """Return what to look up for a question: its words by their stems in each language of the collection."""
        spoken = dict.fromkeys((DEFAULT_LANGUAGE, *filter(None, self.languages())))
        return query_terms(text, tuple(spoken), compounds=compounds)

    def languages(self) -> dict[str, int]:
        """Return how many nodes are in each language, the most frequent first; ``""`` counts those that do not tell."""
        state = catalog_state(self._db)
        if self._languages is None or self._languages[0] != state:
            query = "SELECT language, count(*) FROM languages GROUP BY language ORDER BY 2 DESC, 1"
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
        self._latest.add(first, last)

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
        self._latest.remove(ascending[~settled].tolist())
        if settled.any():
            postings.remove(ascending[settled], self._latest.terms_of(ascending[settled].tolist()))
        self._db.executemany("DELETE FROM languages WHERE node = ?", ([i] for i in ascending.tolist()))

    def settle(self, least: int = _SETTLED_AT_ONCE) -> None:
        """Move the latest nodes' words to where they are read whole, once there are so many."""
        try:
            fresh = self._latest.count()
        except sqlite3.ProgrammingError:
            return  # a repair has closed it
        with self._db:
            Postings(self._db).sweep()
            if fresh >= least:
                self._lexicon.settle(self._latest)

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
        self._lexicon.settle(self._latest)
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
                return steadily(self._db, partial(self._lexicon.mean_terms, self._latest, rowids))
        return 0.0

    def shared_terms(self, text: str, node_id: str) -> tuple[int, int]:
        """Return how many of a question's terms (function words aside) a node holds, and how many there are."""
        terms = self._terms(text)
        row = self._db.execute("SELECT rowid FROM nodes WHERE node_id = ?", (node_id,)).fetchone()
        if row is None or not terms:
            return 0, len(terms)
        count_in = partial(self._lexicon.count_in, self._latest, terms, row[0])
        return steadily(self._db, count_in), len(terms)
