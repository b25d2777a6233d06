"""The catalog in Postgres: the same tables and statements as in a file, in a schema of a database."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from ...types import NodeRecord
from ..catalog import SCHEMA, Catalog, Dependency, SourceRow
from ..lexical_index import index_version
from ..postings import POSTINGS_SCHEMA
from ..sql import Connection
from .postgres import Postgres
from .words import WORDS_SCHEMA, WordRows

__all__ = ["ServedCatalog"]

_OWN_SCHEMA = """
CREATE TABLE IF NOT EXISTS changes (count BIGINT NOT NULL);
INSERT INTO changes SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM changes);
CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY, data BYTEA NOT NULL);
CREATE OR REPLACE FUNCTION tally() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO tallies SELECT modality, count(*) FROM came GROUP BY modality
    ON CONFLICT (modality) DO UPDATE SET nodes = tallies.nodes + excluded.nodes;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION untally() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE tallies SET nodes = tallies.nodes - gone.count
    FROM (SELECT modality, count(*) FROM went GROUP BY modality) gone WHERE tallies.modality = gone.modality;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER node_comes AFTER INSERT ON nodes REFERENCING NEW TABLE AS came
    FOR EACH STATEMENT EXECUTE FUNCTION tally();
CREATE OR REPLACE TRIGGER node_goes AFTER DELETE ON nodes REFERENCING OLD TABLE AS went
    FOR EACH STATEMENT EXECUTE FUNCTION untally();
"""


class ServedCatalog(Catalog):
    """The catalog of a knowledge base on servers.

    Args:
        database: The schema; what is missing in it is made by :meth:`make`.
    """

    def __init__(self, database: Postgres) -> None:
        self._postgres = database
        super().__init__(Path(database.schema))

    def _open(self, *, read_only: bool) -> None:
        """Do nothing: connections are made as they are needed."""

    @property
    def _db(self) -> Connection:
        return self._postgres

    @cached_property
    def _latest(self) -> WordRows:
        return WordRows(self._postgres)

    def close(self) -> None:
        """Close the connections."""
        self._postgres.close()

    def exists(self) -> bool:
        """Return whether the tables are there."""
        asked = "SELECT to_regclass(?) IS NOT NULL"
        return bool(self._db.execute(asked, (f"{self._postgres.schema}.changes",)).fetchone()[0])

    def make(self) -> None:
        """Make what is missing."""
        self._postgres.make_schema(_as_postgres(SCHEMA + WORDS_SCHEMA + POSTINGS_SCHEMA) + _OWN_SCHEMA)
        with self._db:
            self._db.execute(
                "INSERT INTO about VALUES ('index', ?) ON CONFLICT DO NOTHING", (index_version(),)
            )

    # files that lie beside the catalog elsewhere ---------------------------------------------

    def read_file(self, name: str) -> bytes | None:
        """Return what :meth:`write_file` has kept."""
        row = self._db.execute("SELECT data FROM files WHERE name = ?", (name,)).fetchone()
        return bytes(row[0]) if row else None

    def write_file(self, name: str, data: bytes | None) -> None:
        """Keep bytes under a name, or nothing any more."""
        with self._db:
            if data is None:
                self._db.execute("DELETE FROM files WHERE name = ?", (name,))
                return
            self._db.execute(
                "INSERT INTO files VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET data = excluded.data",
                (name, data),
            )

    def has_file(self, name: str) -> bool:
        """Return whether something is kept under a name."""
        return bool(self._db.execute("SELECT count(*) FROM files WHERE name = ?", (name,)).fetchone()[0])

    # sources -----------------------------------------------------------------------------

    def finish_source(
        self, row: SourceRow, records: Sequence[NodeRecord], dependencies: Sequence[Dependency] = ()
    ) -> list[str]:
        """Replace a source's nodes, whatever another writer has removed since it was begun.

        One that is a copy of what has been removed is to be read again.
        """
        with self._db:
            held = self._db.execute("SELECT 1 FROM sources WHERE source_id = ?", (row.source_id,))
            if held.fetchone() is None:
                row.source_id = self.begin_source(row.path, row.root, row.source)
            stale = super().finish_source(row, records, dependencies)
            self._db.execute(
                "UPDATE sources SET state = 'pending', alias_of = NULL WHERE source_id = ? AND alias_of IS NOT NULL "
                "AND alias_of NOT IN (SELECT source_id FROM sources WHERE state = 'ready' AND alias_of IS NULL)",
                (row.source_id,),
            )
        return stale

    # upkeep ------------------------------------------------------------------------------

    def _file_faults(self) -> Iterator[str]:
        """Yield nothing: the server looks after its files."""
        yield from ()

    def _check_latest(self) -> None:
        """Do nothing: the row numbers were compared."""

    def store_once(self) -> None:
        """Do nothing: such tables were never written."""

    def checkpoint(self) -> None:
        """Do nothing: the server does."""

    def vacuum(self) -> None:
        """Let the server take up the room of what was removed."""
        self._postgres.vacuum()

    def size_bytes(self) -> int:
        """Return what the tables take on the server's disk."""
        row = self._db.execute(
            "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? AND c.relkind = 'r'",
            (self._postgres.schema,),
        ).fetchone()
        return int(row[0])


def _as_postgres(schema: str) -> str:
    """Return tables written for SQLite in the words of Postgres; strings are compared byte by byte."""
    without = re.sub(r"CREATE TRIGGER.*?END;\n", "", schema, flags=re.DOTALL)
    for pattern, replacement in (
        (r"\browid INTEGER PRIMARY KEY", "rowid BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"),
        (
            r"\b(source_id|posting) INTEGER PRIMARY KEY",
            r"\1 BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
        ),
        (r"\bINTEGER\b", "BIGINT"),
        (r"\bBLOB\b", "BYTEA"),
        (r"\bREAL\b", "DOUBLE PRECISION"),
        (r"\bTEXT\b", 'TEXT COLLATE "C"'),
        (r"\bWITHOUT ROWID\b", ""),
    ):
        without = re.sub(pattern, replacement, without)
    return without
