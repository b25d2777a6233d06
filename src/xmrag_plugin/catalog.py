"""The catalog: which sources there are, what became of them, their nodes, and the lexical index.

One SQLite file. Readers are free (write-ahead log); writing is guarded by the knowledge base's
lock. A source is ``pending`` from before its first vector is written until its nodes stand here,
in one transaction; ids that may have reached Chroma for nothing wait in ``intents`` and are
removed by the next run.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import KnowledgeBaseDamaged
from .lexical import index_words, query_terms
from .schema import Key, NodeRecord

__all__ = ["Catalog", "Dependency", "SourceRow"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (
    source_id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,          -- absolute
    root TEXT NOT NULL,                 -- folder that was added, absolute
    source TEXT NOT NULL,               -- path relative to root, POSIX
    sha256 TEXT NOT NULL DEFAULT '',
    size INTEGER NOT NULL DEFAULT -1,
    mtime_ns INTEGER NOT NULL DEFAULT -1,
    read_ns INTEGER NOT NULL DEFAULT 0, -- when it was read, to distrust a recent mtime
    recipe TEXT NOT NULL DEFAULT '',    -- reader, parser and describers that made the nodes
    state TEXT NOT NULL,                -- pending | ready | failed
    alias_of INTEGER,                   -- same bytes as this source, whose nodes serve for both
    error TEXT NOT NULL DEFAULT '',
    hint TEXT NOT NULL DEFAULT '',
    report TEXT NOT NULL DEFAULT '{}'   -- pictures skipped, warnings
);
CREATE INDEX IF NOT EXISTS sources_sha ON sources(sha256);
CREATE INDEX IF NOT EXISTS sources_source ON sources(source);
CREATE TABLE IF NOT EXISTS dependencies (
    source_id INTEGER NOT NULL, path TEXT NOT NULL, sha256 TEXT NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    PRIMARY KEY (source_id, path)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dependencies_path ON dependencies(path);
CREATE TABLE IF NOT EXISTS nodes (
    rowid INTEGER PRIMARY KEY,
    node_id TEXT NOT NULL UNIQUE,
    source_id INTEGER NOT NULL,
    ord INTEGER NOT NULL,
    modality TEXT NOT NULL,
    page INTEGER,
    media_hash TEXT,
    content_key TEXT NOT NULL,
    text TEXT NOT NULL,
    embed_text TEXT NOT NULL,
    metadata TEXT NOT NULL,
    relationships TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS nodes_source ON nodes(source_id, ord);
CREATE INDEX IF NOT EXISTS nodes_key ON nodes(content_key);
CREATE INDEX IF NOT EXISTS nodes_media ON nodes(media_hash);
CREATE TABLE IF NOT EXISTS intents (node_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS media_words (
    media_hash TEXT NOT NULL, describer TEXT NOT NULL, words TEXT NOT NULL,
    PRIMARY KEY (media_hash, describer)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hubness (
    space TEXT NOT NULL, node_id TEXT NOT NULL, value REAL NOT NULL, PRIMARY KEY (space, node_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS hubness_node ON hubness(node_id);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
    heading, body, context, tokenize = 'porter unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab(words, 'row');
"""

_WEIGHTS = "2.0, 1.0, 0.6"  # heading, body, context
_COMMON = 0.25  # a term in more than this share of the nodes is evidence too weak to look up


@dataclass(slots=True)
class SourceRow:
    """One file that the knowledge base knows."""

    source_id: int
    path: str
    root: str
    source: str
    sha256: str = ""
    size: int = -1
    mtime_ns: int = -1
    read_ns: int = 0
    recipe: str = ""
    state: str = "pending"
    alias_of: int | None = None
    error: str = ""
    hint: str = ""
    report: str = "{}"


@dataclass(slots=True)
class Dependency:
    """Another file that a source uses: a linked picture, a subtitle."""

    path: str
    sha256: str
    size: int
    mtime_ns: int


class Catalog:
    """The catalog of one knowledge base.

    Args:
        path: The SQLite file; made when missing unless ``readonly``.
        readonly: Refuse writes and make nothing.

    Raises:
        KnowledgeBaseDamaged: If the file is no catalog.
    """

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        self.path = path
        try:
            target = f"{path.absolute().as_uri()}?mode={'ro' if readonly else 'rwc'}"
            self._db = sqlite3.connect(target, uri=True, timeout=60, check_same_thread=False)
            self._db.execute("PRAGMA cache_size = -32768")
            if not readonly:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = NORMAL")
                self._db.executescript(_SCHEMA)
            self._db.execute("SELECT 1 FROM sources LIMIT 1")
        except sqlite3.Error as error:
            raise KnowledgeBaseDamaged(
                f"The catalog {path} cannot be opened: {error}.",
                hint="Restore the folder from a copy, or make a new knowledge base.",
            ) from error
        self._node_count: int | None = None

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        with self._db:
            yield

    # sources -----------------------------------------------------------------------------

    _SOURCE = (
        "source_id, path, root, source, sha256, size, mtime_ns, read_ns, recipe, state, alias_of, "
        "error, hint, report"
    )

    def sources(self) -> list[SourceRow]:
        """All sources, in order of path."""
        rows = self._db.execute(f"SELECT {self._SOURCE} FROM sources ORDER BY path")
        return [SourceRow(*row) for row in rows]

    def source_at(self, path: str) -> SourceRow | None:
        """The source of an absolute path."""
        row = self._db.execute(f"SELECT {self._SOURCE} FROM sources WHERE path = ?", (path,)).fetchone()
        return SourceRow(*row) if row else None

    def source_named(self, source: str) -> list[SourceRow]:
        """Sources of a relative path (one a root)."""
        rows = self._db.execute(f"SELECT {self._SOURCE} FROM sources WHERE source = ?", (source,))
        return [SourceRow(*row) for row in rows]

    def begin_source(self, path: str, root: str, source: str) -> int:
        """Mark a source ``pending`` and return its id; nodes it already has stay until replaced."""
        with self._db:
            self._db.execute(
                "INSERT INTO sources (path, root, source, state) VALUES (?, ?, ?, 'pending') "
                "ON CONFLICT (path) DO UPDATE SET state = 'pending'",
                (path, root, source),
            )
        row = self._db.execute("SELECT source_id FROM sources WHERE path = ?", (path,)).fetchone()
        return int(row[0])

    def touch_source(self, source_id: int, *, size: int, mtime_ns: int, read_ns: int) -> None:
        """Note a file's new times where its content is the same."""
        with self._db:
            self._db.execute(
                "UPDATE sources SET size = ?, mtime_ns = ?, read_ns = ? WHERE source_id = ?",
                (size, mtime_ns, read_ns, source_id),
            )

    def fail_source(self, row: SourceRow, error: str, hint: str) -> None:
        """Keep the reason why a source could not be read; what it had before stays findable."""
        with self._db:
            self._db.execute(
                "UPDATE sources SET state = 'failed', error = ?, hint = ?, sha256 = ?, size = ?, "
                "mtime_ns = ?, read_ns = ?, recipe = ? WHERE source_id = ?",
                (error, hint, row.sha256, row.size, row.mtime_ns, row.read_ns, row.recipe, row.source_id),
            )

    def intend(self, node_ids: Iterable[str]) -> None:
        """Note ids that are about to be written to Chroma."""
        with self._db:
            self._db.executemany(
                "INSERT OR IGNORE INTO intents VALUES (?)", ((node_id,) for node_id in node_ids)
            )

    def finish_source(
        self,
        row: SourceRow,
        records: Sequence[NodeRecord],
        dependencies: Sequence[Dependency] = (),
    ) -> list[str]:
        """Replace a source's nodes and mark it ``ready``, in one transaction.

        Returns:
            Ids of nodes that are gone: to be removed from Chroma, then :meth:`forget` them.
        """
        new = {record.node_id for record in records}
        with self._db:
            stale = [node_id for node_id in self.node_ids(row.source_id) if node_id not in new]
            self._delete_nodes(self.node_ids(row.source_id))
            self._insert_nodes(row.source_id, records)
            self._db.execute("DELETE FROM dependencies WHERE source_id = ?", (row.source_id,))
            self._db.executemany(
                "INSERT OR REPLACE INTO dependencies VALUES (?, ?, ?, ?, ?)",
                ((row.source_id, d.path, d.sha256, d.size, d.mtime_ns) for d in dependencies),
            )
            self._db.execute(
                "UPDATE sources SET state = 'ready', error = '', hint = '', sha256 = ?, size = ?, "
                "mtime_ns = ?, read_ns = ?, recipe = ?, alias_of = ?, report = ?, source = ?, root = ? "
                "WHERE source_id = ?",
                (
                    row.sha256,
                    row.size,
                    row.mtime_ns,
                    row.read_ns,
                    row.recipe,
                    row.alias_of,
                    row.report,
                    row.source,
                    row.root,
                    row.source_id,
                ),
            )
            self._db.executemany("DELETE FROM intents WHERE node_id = ?", ((i,) for i in new))
            self._db.executemany("INSERT OR IGNORE INTO intents VALUES (?)", ((i,) for i in stale))
        self._node_count = None
        return stale

    def remove_source(self, source_id: int) -> list[str]:
        """Remove a source and its nodes; returns the node ids to remove from Chroma."""
        with self._db:
            gone = self.node_ids(source_id)
            self._delete_nodes(gone)
            self._db.executemany("INSERT OR IGNORE INTO intents VALUES (?)", ((i,) for i in gone))
            self._db.execute("DELETE FROM dependencies WHERE source_id = ?", (source_id,))
            self._db.execute("DELETE FROM sources WHERE source_id = ?", (source_id,))
            self._db.execute(
                "UPDATE sources SET state = 'pending', alias_of = NULL WHERE alias_of = ?", (source_id,)
            )
        self._node_count = None
        return gone

    def unfinished(self) -> list[str]:
        """Ids that Chroma may hold although no node stands here."""
        rows = self._db.execute(
            "SELECT node_id FROM intents WHERE node_id NOT IN (SELECT node_id FROM nodes)"
        )
        return [row[0] for row in rows]

    def forget(self, node_ids: Iterable[str]) -> None:
        """Intended or stale ids that Chroma no longer holds."""
        with self._db:
            self._db.executemany("DELETE FROM intents WHERE node_id = ?", ((i,) for i in node_ids))

    def dependencies(self, source_id: int) -> list[Dependency]:
        """The other files that a source uses."""
        rows = self._db.execute(
            "SELECT path, sha256, size, mtime_ns FROM dependencies WHERE source_id = ?", (source_id,)
        )
        return [Dependency(*row) for row in rows]

    def depended_paths(self) -> set[str]:
        """Files that some ready document uses, and that are therefore no sources of their own."""
        rows = self._db.execute(
            "SELECT DISTINCT d.path FROM dependencies d JOIN sources s USING (source_id) "
            "WHERE s.state = 'ready' AND s.path != d.path"
        )
        return {row[0] for row in rows}

    def twin(self, sha256: str, recipe: str, exclude: str) -> SourceRow | None:
        """A ready source with the same bytes and no files of its own beside it."""
        row = self._db.execute(
            f"SELECT {self._SOURCE} FROM sources s WHERE sha256 = ? AND recipe = ? AND state = 'ready' "
            "AND alias_of IS NULL AND path != ? "
            "AND NOT EXISTS (SELECT 1 FROM dependencies d WHERE d.source_id = s.source_id) LIMIT 1",
            (sha256, recipe, exclude),
        ).fetchone()
        return SourceRow(*row) if row else None

    # nodes -------------------------------------------------------------------------------

    def _insert_nodes(self, source_id: int, records: Sequence[NodeRecord]) -> None:
        for record in records:
            cursor = self._db.execute(
                "INSERT INTO nodes (node_id, source_id, ord, modality, page, media_hash, content_key, "
                "text, embed_text, metadata, relationships) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    record.node_id,
                    source_id,
                    record.order,
                    record.modality,
                    record.page,
                    record.media_hash,
                    record.content_key,
                    record.text,
                    record.embed_text,
                    json.dumps(record.metadata, ensure_ascii=False),
                    json.dumps(record.relationships),
                ),
            )
            name = " ".join(
                str(part) for part in (record.source, record.media) if part
            )  # a file's own name is a clue to what it holds
            self._db.execute(
                "INSERT INTO words (rowid, heading, body, context) VALUES (?, ?, ?, ?)",
                (
                    cursor.lastrowid,
                    index_words(f"{record.metadata.get(Key.HEADING_PATH) or ''}"),
                    index_words(record.text),
                    index_words(f"{record.metadata.get(Key.CITED_BY) or ''} {name}"),
                ),
            )

    def _delete_nodes(self, node_ids: Sequence[str]) -> None:
        for node_id in node_ids:
            row = self._db.execute("SELECT rowid FROM nodes WHERE node_id = ?", (node_id,)).fetchone()
            if row:
                self._db.execute("DELETE FROM words WHERE rowid = ?", row)
                self._db.execute("DELETE FROM nodes WHERE rowid = ?", row)
                self._db.execute("DELETE FROM hubness WHERE node_id = ?", (node_id,))

    def node_ids(self, source_id: int) -> list[str]:
        """Ids of a source's nodes, in order."""
        rows = self._db.execute("SELECT node_id FROM nodes WHERE source_id = ? ORDER BY ord", (source_id,))
        return [row[0] for row in rows]

    def nodes(self, node_ids: Iterable[str]) -> dict[str, NodeRecord]:
        """Node records by id; unknown ids are left out."""
        found: dict[str, NodeRecord] = {}
        wanted = list(dict.fromkeys(node_ids))
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ",".join("?" * len(part))
            for record in self._records(f"WHERE n.node_id IN ({marks})", part):
                found[record.node_id] = record
        return found

    def iter_nodes(self, *, source_id: int | None = None) -> Iterator[NodeRecord]:
        """All node records, or those of one source, in order."""
        if source_id is None:
            yield from self._records("ORDER BY n.source_id, n.ord", [])
        else:
            yield from self._records("WHERE n.source_id = ? ORDER BY n.ord", [source_id])

    def _records(self, clause: str, parameters: Sequence[Any]) -> Iterator[NodeRecord]:
        rows = self._db.execute(
            "SELECT n.node_id, s.source, n.ord, n.modality, n.text, n.embed_text, n.content_key, "
            f"n.metadata, n.relationships FROM nodes n JOIN sources s USING (source_id) {clause}",
            parameters,
        )
        for row in rows:
            node_id, source, order, modality, text, embed_text, content_key, metadata, relationships = row
            yield NodeRecord(
                node_id,
                source,
                order,
                modality,
                text,
                embed_text,
                content_key,
                json.loads(metadata),
                json.loads(relationships),
            )

    def nodes_with_media(self, media_hash: str) -> list[NodeRecord]:
        """The nodes that show a picture."""
        return list(self._records("WHERE n.media_hash = ?", [media_hash]))

    def holders(self, content_keys: Iterable[str]) -> dict[str, str]:
        """For each content key that some node has, one such node's id."""
        found: dict[str, str] = {}
        wanted = list(dict.fromkeys(content_keys))
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            rows = self._db.execute(
                f"SELECT content_key, node_id FROM nodes WHERE content_key IN ({','.join('?' * len(part))})",
                part,
            )
            found.update(rows)
        return found

    def media_holders(self, media_hashes: Iterable[str]) -> dict[str, str]:
        """For each picture that some node shows, one such node's id."""
        found: dict[str, str] = {}
        wanted = list(dict.fromkeys(media_hashes))
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            rows = self._db.execute(
                f"SELECT media_hash, node_id FROM nodes WHERE media_hash IN ({','.join('?' * len(part))})",
                part,
            )
            found.update(rows)
        return found

    def media_hashes(self) -> set[str]:
        """Pictures that some node shows."""
        rows = self._db.execute("SELECT DISTINCT media_hash FROM nodes WHERE media_hash IS NOT NULL")
        return {row[0] for row in rows}

    def counts(self) -> dict[str, int]:
        """Nodes by modality."""
        return dict(self._db.execute("SELECT modality, COUNT(*) FROM nodes GROUP BY modality"))

    @property
    def node_count(self) -> int:
        if self._node_count is None:
            self._node_count = int(self._db.execute("SELECT COUNT(*) FROM nodes").fetchone()[0])
        return self._node_count

    # words of pictures -------------------------------------------------------------------

    def media_words(self, media_hash: str, describer: str) -> str | None:
        """What a describer once read from a picture."""
        row = self._db.execute(
            "SELECT words FROM media_words WHERE media_hash = ? AND describer = ?", (media_hash, describer)
        ).fetchone()
        return row[0] if row else None

    def keep_media_words(self, describer: str, words: dict[str, str]) -> None:
        """Keep what a describer read, by media hash."""
        with self._db:
            self._db.executemany(
                "INSERT OR REPLACE INTO media_words VALUES (?, ?, ?)",
                ((media_hash, describer, text) for media_hash, text in words.items()),
            )

    # hubness -----------------------------------------------------------------------------

    def keep_hubness(self, space: str, values: dict[str, float]) -> None:
        """Keep how near each node is to questions at large; see :mod:`~xmrag_plugin.calibration`."""
        with self._db:
            self._db.executemany(
                "INSERT OR REPLACE INTO hubness VALUES (?, ?, ?)",
                ((space, node_id, value) for node_id, value in values.items()),
            )

    def hubness(self, space: str, node_ids: Sequence[str]) -> dict[str, float]:
        """Hubness by node id; unknown ids are left out."""
        found: dict[str, float] = {}
        for start in range(0, len(node_ids), 500):
            part = node_ids[start : start + 500]
            marks = ",".join("?" * len(part))
            found.update(
                self._db.execute(
                    f"SELECT node_id, value FROM hubness WHERE space = ? AND node_id IN ({marks})",
                    (space, *part),
                )
            )
        return found

    # lexical index -----------------------------------------------------------------------

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
