"""The catalog: which sources there are, what became of them, their nodes, and the lexical index.

One SQLite file. Readers are free (write-ahead log); writing is guarded by the knowledge base's
lock. A source is ``pending`` from before its first vector is written until its nodes stand here,
in one transaction; ids that may have reached Chroma for nothing wait in ``intents`` and are
removed by the next run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..types import NodeRecord
from .catalog_upkeep import CatalogUpkeep
from .database import Database
from .latest_words import LEXICAL_SCHEMA, lexical_functions
from .postings import POSTINGS_SCHEMA
from .sql import Connection

__all__ = ["ADOPTED", "MAKING", "SCHEMA", "Catalog", "Dependency", "SourceRow", "is_adopted"]

ADOPTED = "adopted/"
"""Begins the recipe of sources that came from another program's collection, not from a file."""

MAKING = "make "
"""Begins the note that a space is being made."""

_TASK = "task:"  # begins what stands in intents for a task instead of a node's id
_PATHS_ASKED = 500  # in one statement: SQLite takes 999 values in its oldest builds

SCHEMA = """
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
CREATE INDEX IF NOT EXISTS sources_state ON sources(state);
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
CREATE INDEX IF NOT EXISTS nodes_modality ON nodes(modality, media_hash); -- counted without reading the nodes
CREATE TABLE IF NOT EXISTS tallies (modality TEXT PRIMARY KEY, nodes INTEGER NOT NULL) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS node_comes AFTER INSERT ON nodes BEGIN
    INSERT INTO tallies VALUES (new.modality, 1) ON CONFLICT (modality) DO UPDATE SET nodes = nodes + 1;
END;
CREATE TRIGGER IF NOT EXISTS node_goes AFTER DELETE ON nodes BEGIN
    UPDATE tallies SET nodes = nodes - 1 WHERE modality = old.modality;
END;
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS intents (node_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS media_words (
    media_hash TEXT NOT NULL, describer TEXT NOT NULL, words TEXT NOT NULL,
    PRIMARY KEY (media_hash, describer)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hubness (
    space TEXT NOT NULL, node_id TEXT NOT NULL, value REAL NOT NULL, PRIMARY KEY (space, node_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS hubness_node ON hubness(node_id);
"""


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


def is_adopted(row: SourceRow) -> bool:
    """Whether a source came from another program's collection, so that no file need be there."""
    return row.recipe.startswith(ADOPTED) or row.path.startswith("chroma:")


@dataclass(slots=True)
class Dependency:
    """Another file that a source uses: a linked picture, a subtitle."""

    path: str
    sha256: str
    size: int
    mtime_ns: int


class Catalog(CatalogUpkeep):
    """The catalog of one knowledge base.

    Args:
        path: The SQLite file; made when missing unless ``read_only``.
        read_only: Refuse writes and make nothing; also where the file system allows none.

    Raises:
        KnowledgeBaseDamaged: If the file is no catalog.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        super().__init__(path)
        self._open(read_only=read_only)

    def _open(self, *, read_only: bool) -> None:
        self._database = Database(
            self.path,
            SCHEMA + LEXICAL_SCHEMA + POSTINGS_SCHEMA,
            functions=lexical_functions(),
            read_only=read_only,
        )

    @property
    def _db(self) -> Connection:
        return self._database.connection

    def close(self) -> None:
        """Close the file."""
        self._database.close()

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

    def sources(self, state: str | None = None) -> list[SourceRow]:
        """Return all sources, or those in one state, in order of path."""
        where, values = ("WHERE state = ?", (state,)) if state else ("", ())
        rows = self._db.execute(f"SELECT {self._SOURCE} FROM sources {where} ORDER BY path", values)
        return [SourceRow(*row) for row in rows]

    @property
    def source_count(self) -> int:
        """How many sources there are."""
        return sum(self.sources_by_state().values())

    def sources_by_state(self) -> dict[str, int]:
        """Count the sources by state."""
        return dict(self._db.execute("SELECT state, count(*) FROM sources GROUP BY state"))

    def count_pending(self) -> int:
        """Count the sources that an ``add`` has begun and not ended."""
        return int(self._db.execute("SELECT count(*) FROM sources WHERE state = 'pending'").fetchone()[0])

    def source_at(self, path: str) -> SourceRow | None:
        """Return the source of an absolute path."""
        row = self._db.execute(f"SELECT {self._SOURCE} FROM sources WHERE path = ?", (path,)).fetchone()
        return SourceRow(*row) if row else None

    def sources_at(self, paths: Sequence[str]) -> dict[str, SourceRow]:
        """Return the sources of those absolute paths that are known, by path."""
        found: dict[str, SourceRow] = {}
        for start in range(0, len(paths), _PATHS_ASKED):
            part = paths[start : start + _PATHS_ASKED]
            marks = ", ".join("?" * len(part))
            for row in self._db.execute(f"SELECT {self._SOURCE} FROM sources WHERE path IN ({marks})", part):
                source = SourceRow(*row)
                found[source.path] = source
        return found

    def source_named(self, source: str) -> list[SourceRow]:
        """Return sources of a relative path (one a root)."""
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
                "INSERT INTO intents VALUES (?) ON CONFLICT DO NOTHING", ((node_id,) for node_id in node_ids)
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
            self.delete_nodes(self.node_ids(row.source_id))
            self._db.execute("DELETE FROM dependencies WHERE source_id = ?", (row.source_id,))
            self._db.executemany(
                "INSERT INTO dependencies VALUES (?, ?, ?, ?, ?) ON CONFLICT (source_id, path) DO UPDATE SET "
                "sha256 = excluded.sha256, size = excluded.size, mtime_ns = excluded.mtime_ns",
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
            self.insert_nodes(row.source_id, records)
            self._db.executemany("DELETE FROM intents WHERE node_id = ?", ((i,) for i in new))
            self._db.executemany(
                "INSERT INTO intents VALUES (?) ON CONFLICT DO NOTHING", ((i,) for i in stale)
            )
        return stale

    def remove_source(self, source_id: int) -> list[str]:
        """Remove a source and its nodes; returns the node ids to remove from Chroma."""
        with self._db:
            gone = self.node_ids(source_id)
            self.delete_nodes(gone)
            self._db.executemany(
                "INSERT INTO intents VALUES (?) ON CONFLICT DO NOTHING", ((i,) for i in gone)
            )
            self._db.execute("DELETE FROM dependencies WHERE source_id = ?", (source_id,))
            self._db.execute("DELETE FROM sources WHERE source_id = ?", (source_id,))
            self._db.execute(
                "UPDATE sources SET state = 'pending', alias_of = NULL WHERE alias_of = ?", (source_id,)
            )
        return gone

    def begin_task(self, name: str) -> None:
        """Note that work on the knowledge base is under way, until :meth:`end_task`; a kill leaves the note."""
        self.intend([_TASK + name])

    def end_task(self, name: str) -> None:
        """Note that a task is done."""
        self.forget([_TASK + name])

    def tasks(self) -> list[str]:
        """Return the tasks that were begun and not ended."""
        rows = self._db.execute("SELECT node_id FROM intents WHERE node_id LIKE ?", (_TASK + "%",))
        return [row[0].removeprefix(_TASK) for row in rows]

    def is_unfinished(self) -> bool:
        """Return whether a change is under way or was broken off: a task is noted, or ids are to be removed.

        A source may be pending all the same, for good if its file is gone: a later change has put the rest right.
        """
        return bool(self._db.execute("SELECT EXISTS (SELECT 1 FROM intents)").fetchone()[0])

    def unfinished(self) -> list[str]:
        """Return ids that Chroma may hold although no node stands here."""
        rows = self._db.execute(
            "SELECT node_id FROM intents WHERE node_id NOT IN (SELECT node_id FROM nodes) AND node_id NOT LIKE ?",
            (_TASK + "%",),
        )
        return [row[0] for row in rows]

    def forget(self, node_ids: Iterable[str]) -> None:
        """Return the intended or stale ids that Chroma no longer holds."""
        with self._db:
            self._db.executemany("DELETE FROM intents WHERE node_id = ?", ((i,) for i in node_ids))

    def dependencies(self, source_id: int) -> list[Dependency]:
        """Return the other files that a source uses."""
        rows = self._db.execute(
            "SELECT path, sha256, size, mtime_ns FROM dependencies WHERE source_id = ?", (source_id,)
        )
        return [Dependency(*row) for row in rows]

    def depended_paths(self) -> set[str]:
        """Return the files that some ready document uses, and that are therefore no sources of their own."""
        rows = self._db.execute(
            "SELECT DISTINCT d.path FROM dependencies d JOIN sources s USING (source_id) "
            "WHERE s.state = 'ready' AND s.path != d.path"
        )
        return {row[0] for row in rows}

    def copies(self, sources: Sequence[str]) -> dict[str, list[str]]:
        """Return, by source, the names of files with the same bytes, whose nodes are shared."""
        marks = ",".join("?" * len(sources))
        rows = self._db.execute(
            "SELECT s.source, a.source FROM sources a JOIN sources s ON a.alias_of = s.source_id "
            f"WHERE s.source IN ({marks}) ORDER BY a.path",
            list(sources),
        )
        found: dict[str, list[str]] = {}
        for source, copy in rows:
            found.setdefault(source, []).append(copy)
        return found

    def part_copies(self) -> None:
        """Have copies read again whose original has other bytes now, or has become a copy itself."""
        with self._db:
            self._db.execute(
                "UPDATE sources SET state = 'pending', alias_of = NULL WHERE alias_of IS NOT NULL AND NOT EXISTS "
                "(SELECT 1 FROM sources o WHERE o.source_id = sources.alias_of AND o.alias_of IS NULL "
                "AND o.sha256 = sources.sha256)"
            )

    def twin(self, sha256: str, recipe: str, exclude: str) -> SourceRow | None:
        """Return a ready source with the same bytes and no files of its own beside it."""
        row = self._db.execute(
            f"SELECT {self._SOURCE} FROM sources s WHERE sha256 = ? AND recipe = ? AND state = 'ready' "
            "AND alias_of IS NULL AND path != ? "
            "AND NOT EXISTS (SELECT 1 FROM dependencies d WHERE d.source_id = s.source_id) LIMIT 1",
            (sha256, recipe, exclude),
        ).fetchone()
        return SourceRow(*row) if row else None
