"""The catalog's upkeep: its faults and their repair, its index, its migration, and what was removed from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

from ..errors import KnowledgeBaseDamaged
from .catalog_nodes import NodeCatalog, without_text
from .latest_words import FullText
from .lexical_index import index_version
from .postings import Postings
from .sql import read_json

__all__ = ["CatalogUpkeep"]

_ORPHANS = {
    "nodes": "source_id NOT IN (SELECT source_id FROM sources)",
    "dependencies": "source_id NOT IN (SELECT source_id FROM sources)",
    "hubness": "node_id NOT IN (SELECT node_id FROM nodes)",
    "languages": "node NOT IN (SELECT rowid FROM nodes)",
}
"""Rows that belong to nothing, by table."""

_REACHED = " up to node "


def _is_readable(row: Sequence[str]) -> bool:
    """Return whether all columns of a row hold the JSON that was written."""
    try:
        for text in row:
            read_json(text)
    except (KnowledgeBaseDamaged, TypeError):
        return False
    return True


class CatalogUpkeep(NodeCatalog):
    """Keeps the file whole; :class:`~xmrag_plugin.storage.catalog.Catalog` opens it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def close(self) -> None:
        """Close the file."""
        raise NotImplementedError

    # faults of the file ------------------------------------------------------------------

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with the file: its kind (``file``, ``rows`` or ``text index``), and what it is."""
        for complaint in self._file_faults():
            yield "file", complaint
        rows = self._db.execute("SELECT metadata, relationships FROM nodes")
        if unread := sum(not _is_readable(row) for row in rows):
            yield "file", f"{unread:,} rows of nodes cannot be read"
        for table, where in _ORPHANS.items():
            count = self._db.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0]
            if count:
                yield "rows", f"{count:,} rows of {table} belong to nothing"
        try:
            complaints = list(self._index_faults())
            if not complaints:
                self._check_latest()
        except sqlite3.DatabaseError as error:
            complaints = [str(error)]
        for complaint in complaints:
            yield "text index", complaint

    def _file_faults(self) -> Iterator[str]:
        """Yield what is wrong with the file itself."""
        for (complaint,) in self._db.execute("PRAGMA integrity_check(3)"):
            if complaint != "ok":
                yield complaint

    def _check_latest(self) -> None:
        """Fail where the latest words are damaged."""
        # What has settled is not in FTS5, so that only an index without it can be held against the nodes.
        FullText(self._file).check(next(Postings(self._db).lengths(), None) is None)
        self._file.rollback()

    @property
    def _file(self) -> sqlite3.Connection:
        """The connection, where it is to one file."""
        assert isinstance(self._db, sqlite3.Connection)
        return self._db

    def _index_faults(self) -> Iterator[str]:
        """Yield what the text index lacks, has too much or twice, and what of it is cut."""
        import numpy as np

        postings = Postings(self._db)
        wordless = "modality = 'audio' AND media_hash IS NOT NULL"
        nodes = {row[0] for row in self._db.execute(f"SELECT rowid FROM nodes WHERE NOT ({wordless})")}
        every = {row[0] for row in self._db.execute("SELECT rowid FROM nodes")}
        latest = set(self._latest.lengths()[0].tolist())
        settled = set(
            np.concatenate([np.empty(0, np.int64), *(part[0] for part in postings.lengths())]).tolist()
        )
        lacking, stray = len(nodes - latest - settled), len((latest | settled) - every)
        if lacking or stray:
            yield f"{lacking:,} nodes are not in it, and {stray:,} that are in it are gone"
        if twice := latest & settled:
            yield f"{len(twice):,} nodes are in it twice"
        yield from postings.faults()

    def remove_orphans(self) -> None:
        """Remove rows that belong to no source or node."""
        with self._db:
            for table, where in _ORPHANS.items():
                self._db.execute(f"DELETE FROM {table} WHERE {where}")

    def salvage_into(self, path: Path) -> dict[str, int]:
        """Copy all rows that can be read into a new catalog; return how many of each table."""
        copied: dict[str, int] = {}
        with closing(type(self)(path)) as other:
            with other._db:
                for table in ("sources", "dependencies", "nodes", "media_words", "intents"):
                    copied[table] = 0
                    with suppress(sqlite3.DatabaseError):  # the rest of this table is gone
                        rows = self._db.execute(f"SELECT * FROM {table}")
                        names = [column[0] for column in rows.description]
                        json = [names.index(name) for name in ("metadata", "relationships") if name in names]
                        marks = ", ".join("?" * len(names))
                        for row in rows:
                            if table != "nodes" or _is_readable([row[place] for place in json]):
                                other._db.execute(
                                    f"INSERT INTO {table} VALUES ({marks}) ON CONFLICT DO NOTHING", row
                                )
                                copied[table] += 1
            other.remove_orphans()
            other.rebuild_text_index()
        return copied

    def read_again(self, source_ids: Iterable[int]) -> None:
        """Have sources read again by the next run, in the way in which they were."""
        with self._db:
            self._db.executemany(
                "UPDATE sources SET sha256 = '', recipe = CASE WHEN recipe LIKE '%pages=True%' "
                "THEN 'pages=True' ELSE '' END WHERE source_id = ?",
                ((source_id,) for source_id in source_ids),
            )

    # upkeep ------------------------------------------------------------------------------

    def count_anew(self) -> None:
        """Set the tallies of nodes to what there is, where they are not."""
        rows = dict(self._db.execute("SELECT modality, count(*) FROM nodes GROUP BY modality"))
        with self._db:
            self._db.execute("DELETE FROM tallies")
            self._db.executemany("INSERT INTO tallies VALUES (?, ?)", rows.items())

    def renew_index(self) -> None:
        """Index all words anew where they were indexed in another way than this xmrag does; go on where a kill broke off."""
        version, _, reached = self._indexed().partition(_REACHED)
        if version != index_version():
            self.rebuild_text_index()
        elif reached:
            self._index_from(int(reached))

    def is_index_current(self) -> bool:
        """Return whether all words are indexed, and in the way in which this xmrag does it."""
        return self._indexed() == index_version()

    def _indexed(self) -> str:
        """Return how the words are indexed, and up to which node."""
        held = self._db.execute("SELECT value FROM about WHERE name = 'index'").fetchone()
        return held[0] if held is not None else ""

    def store_once(self) -> None:
        """Migrate from format 1, whose index and embedded texts repeated every node's text."""
        made = self._db.execute("SELECT sql FROM sqlite_master WHERE name = 'words'").fetchone()
        if made is not None and "node_words" not in made[0]:
            self._file.create_function("without_text", 2, without_text, deterministic=True)
            with self._db:
                self._db.execute("BEGIN")
                self._db.execute("UPDATE nodes SET embed_text = without_text(embed_text, text)")
                self._empty_index()
            self._index_from(0)
        self.vacuum()

    def rebuild_text_index(self) -> None:
        """Index the words of all nodes anew, a part in a transaction; after a kill the next writer goes on."""
        with self._db:
            self._db.execute("BEGIN")  # what SQLite does not by itself before it changes a table
            self._empty_index()
        self._index_from(0)

    def _empty_index(self) -> None:
        self._latest.make_anew()
        Postings(self._db).clear()
        self._note_index(0)

    def _index_from(self, reached: int | None) -> None:
        while reached is not None:
            with self._db:
                self._db.execute("BEGIN")
                reached = self.index_after(reached)
                self._note_index(reached)

    def _note_index(self, reached: int | None) -> None:
        """Note how the words are indexed, and up to which node, where that is not the last."""
        noted = index_version() + ("" if reached is None else f"{_REACHED}{reached}")
        self._db.execute(
            "INSERT INTO about VALUES ('index', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (noted,),
        )

    def forget_removed(self) -> None:
        """Let nothing that was removed stand in the file: words of pictures, of the index, of the log."""
        with self._db:
            self._db.execute(
                "DELETE FROM media_words WHERE media_hash NOT IN "
                "(SELECT media_hash FROM nodes WHERE media_hash IS NOT NULL)"
            )
            Postings(self._db).sweep()
            self._latest.optimize()
        self.checkpoint()

    def checkpoint(self) -> None:
        """Bring the write-ahead log into the file and empty it, as far as readers allow."""
        with suppress(sqlite3.ProgrammingError):  # a repair has closed it
            self._db.execute(
                "PRAGMA busy_timeout = 1000"
            )  # a reader in the middle of something may take long
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._db.execute("PRAGMA busy_timeout = 60000")

    def vacuum(self) -> None:
        """Write the file anew without what is free in it."""
        self._file.commit()
        self._db.execute("VACUUM")
        self.checkpoint()
