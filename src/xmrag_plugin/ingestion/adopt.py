"""Adoption: a collection of texts that another program keeps in Chroma becomes sources, not embedded again.

The collection is read twice: once for whose each row is and whether it has changed (kept in a temporary
file, not in memory), once for the vectors of what has. A sample is embedded again first: vectors of
another model than the knowledge base's would make every search a lottery. Each source is written as
:mod:`~xmrag_plugin.ingestion.run` writes it, so that a kill does no harm, and a second run finds nothing
to do. The collection itself is read only.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ModelMismatch, UsageError
from ..storage.catalog import ADOPTED, SourceRow, is_adopted
from ..storage.chroma.table import ChromaTable, FoundRow
from ..storage.knowledge_base import KnowledgeBase
from ..types import IngestionReport, NodeRecord
from .adopted_rows import adopt_row, digest_of, embedded_texts, source_of_row
from .calibrate import calibrate
from .nodes import record_of
from .progress import Progress
from .recover import clear_leftovers, task
from .write import NodeWriter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..encoders import Encoder

__all__ = ["Adoption", "table_of"]

_VERSION = 1
_ROWS = 1000  # of one read, and of one write
_SAMPLE = 64
_SHORTEST = 32  # of the sample, since models cut long texts at different places
_SAME = 0.98  # cosine of a text's vectors by one model in two runtimes; of two models it is near 0
_AGREEING = 0.9


@dataclass(slots=True)
class _Planned:
    """A source that is to be written."""

    row: SourceRow
    row_ids: list[str]
    digest: str
    known: bool
    records: list[NodeRecord] = field(default_factory=list)


class Adoption:
    """One ``adopt`` of a Chroma collection.

    Args:
        kb: The knowledge base; its writer's lock must be held.
        table: The collection.
        progress: Told how far each stage is.
    """

    def __init__(self, kb: KnowledgeBase, table: ChromaTable, progress: Progress | None = None) -> None:
        self.kb = kb
        self.table = table
        self.progress = progress or (lambda stage, done, total: None)
        self.report = IngestionReport()
        self.writer = NodeWriter(kb)
        self._place = f"chroma:{table.identity}"
        self._recipe = f"{ADOPTED}{_VERSION} {table.identity}"
        self._words_alone = False

    def run(self) -> IngestionReport:
        """Adopt what is new or changed; return what became of every source.

        Raises:
            ModelMismatch: If the vectors are not those of the knowledge base's text encoder.
            UsageError: If it is one of the knowledge base's own collections.
        """
        started = time.perf_counter()
        self._refuse_own()
        with self.report.timed("recover"):
            recovers = clear_leftovers(self.kb, self.writer)
        with closing(sqlite3.connect("")) as notes:  # "" is a temporary file of SQLite's own
            with self.report.timed("scan"):
                total = self._note(notes)
                self._choose(notes)
            with self.report.timed("check"):
                self._check_model(notes)
            with task(self.kb, "adopt"):
                self._adopt(notes, total)
                calibrate(self.kb, self.report, refit=recovers)
                self.kb.take_stock()
        self.report.nodes = self.kb.catalog.counts()
        self.report.pictures_stored = self.kb.catalog.picture_count()
        self.report.seconds["total"] = time.perf_counter() - started
        return self.report

    def _refuse_own(self) -> None:
        if self.kb.is_shared:
            raise UsageError(
                f"{self.kb.place} is on servers: collections are taken over into a folder.",
                hint="Add the files themselves, or adopt the collection into a knowledge base in a folder.",
            )
        folder = self.table.folder
        if folder is not None and folder.resolve() == (self.kb.path / self.kb.manifest.vectors).resolve():
            raise UsageError(
                f"The collection {self.table.name!r} is the knowledge base's own.",
                hint="Name a collection of another program.",
            )

    # what there is -----------------------------------------------------------------------

    def _note(self, notes: sqlite3.Connection) -> int:
        """Note every row: its source, its digest, whether it has words; returns how many there are."""
        notes.execute(
            "CREATE TABLE rows (seq INTEGER PRIMARY KEY, id TEXT, path TEXT, pictured INTEGER, digest BLOB)"
        )
        notes.execute("CREATE TABLE chosen (path TEXT PRIMARY KEY, digest TEXT, known INTEGER)")
        wordless = 0
        for row in self.table.scan(_ROWS):
            if not (row.document or "").strip() and "_node_content" not in row.metadata:
                wordless += 1
                continue
            name, is_path = source_of_row(row)
            path = name if is_path else f"{self._place}/{name}"
            pictured = "Image" in str(row.metadata.get("_node_type", ""))
            notes.execute(
                "INSERT INTO rows (id, path, pictured, digest) VALUES (?, ?, ?, ?)",
                (row.row_id, path, pictured, digest_of(row)),
            )
        notes.execute("CREATE INDEX rows_path ON rows (path, seq)")
        if wordless:
            self.report.ignored["without words"] = wordless
        return int(notes.execute("SELECT count(*) FROM rows").fetchone()[0])

    def _choose(self, notes: sqlite3.Connection) -> None:
        """Choose the sources that are new or changed."""
        paths = notes.execute("SELECT path FROM rows GROUP BY path ORDER BY min(seq)").fetchall()
        for (path,) in paths:
            digests = notes.execute("SELECT digest FROM rows WHERE path = ? ORDER BY seq", (path,))
            digest = hashlib.sha256(b"".join(row[0] for row in digests)).hexdigest()
            known = self.kb.catalog.source_at(path)
            if known is not None and (reason := self._kept_for(known)):
                self.report.ignored[reason] = self.report.ignored.get(reason, 0) + 1
            elif known is not None and (known.state, known.recipe, known.sha256) == (
                "ready",
                self._recipe,
                digest,
            ):
                self.report.unchanged.append(known.source)
            else:
                was = known is not None and known.sha256 != ""
                notes.execute("INSERT INTO chosen VALUES (?, ?, ?)", (path, digest, was))

    def _kept_for(self, known: SourceRow) -> str:
        """Return why a source that is there already is left alone; ``""`` where it is this collection's."""
        if known.state == "failed" or not known.recipe:
            return ""
        if not is_adopted(known):
            return "added from their files"
        own = known.recipe.rpartition(" ")[2] == self.table.identity
        return "" if own else "adopted from another collection"

    def _planned(self, notes: sqlite3.Connection) -> Iterator[_Planned]:
        """Yield the chosen sources, in the order of their first rows."""
        root = self._common_folder(notes)
        chosen = notes.execute(
            "SELECT path, chosen.digest, known FROM chosen JOIN rows USING (path) "
            "GROUP BY path ORDER BY min(seq)"
        )
        for path, digest, known in chosen.fetchall():
            found = notes.execute("SELECT id FROM rows WHERE path = ? ORDER BY seq", (path,))
            if path.startswith(self._place):
                row = SourceRow(0, path, self._place, path[len(self._place) + 1 :])
            else:
                folder = Path(root) if root else Path(path).parent
                row = SourceRow(0, path, str(folder), Path(path).relative_to(folder).as_posix())
            row.recipe, row.sha256, row.read_ns = self._recipe, digest, time.time_ns()
            yield _Planned(row, [row_id for (row_id,) in found], digest, bool(known))

    def _common_folder(self, notes: sqlite3.Connection) -> str:
        """Return the folder below which all files of the collection lie, as if it had been added."""
        common = ""
        for (path,) in notes.execute("SELECT DISTINCT path FROM rows"):
            if not path.startswith(self._place):
                folder = os.path.dirname(path)
                try:
                    common = os.path.commonpath([common, folder]) if common else folder
                except ValueError:  # on several drives
                    return ""
        return common

    # whose vectors they are --------------------------------------------------------------

    def _check_model(self, notes: sqlite3.Connection) -> None:
        """Embed a sample again and compare.

        Raises:
            ModelMismatch: If another model made the vectors.
        """
        rows = self._sample(notes)
        if not rows:
            return
        encoder = self.kb.encoder("text")
        if encoder is None:
            return
        dimension = len(rows[0][0])
        if dimension != encoder.dimension:
            raise self._mismatch(
                f"of {dimension} dimensions, and {encoder.name} makes {encoder.dimension}", dimension, encoder
            )
        vectors = np.stack([vector for vector, _ in rows])
        agreeing: list[float] = []
        for form in (0, 1):  # with metadata, and without
            again = encoder.encode_texts([texts[form] for _, texts in rows], role="document")
            cosines = np.einsum("ij,ij->i", vectors, again)
            agreeing.append(float((cosines >= _SAME).mean()))
            if agreeing[form] >= _AGREEING:
                self._words_alone = form == 1
                return
        raise self._mismatch(
            f"not those of {encoder.name}: of {len(rows)} texts that were embedded again, "
            f"{round(max(agreeing) * len(rows))} came out the same",
            dimension,
            encoder,
        )

    def _sample(self, notes: sqlite3.Connection) -> list[tuple[NDArray[np.float32], tuple[str, str]]]:
        """Return the rows of what was chosen, evenly over the collection, with what may have been embedded."""
        ids = [
            row_id
            for (row_id,) in notes.execute(
                "WITH these AS (SELECT id, row_number() OVER (ORDER BY seq) - 1 AS n, count(*) OVER () AS total "
                "FROM rows JOIN chosen USING (path) WHERE NOT pictured) SELECT id FROM these "
                "WHERE n * ? / total != (n - 1) * ? / total OR n = 0",
                (_SAMPLE, _SAMPLE),
            )
        ]
        found = []
        for row in self.table.rows(ids).values():
            vector, texts = _unit(row), embedded_texts(row)
            if vector is not None and texts is not None:
                found.append((vector, texts))
        return sorted(found, key=lambda one: len(one[1][0]))[:_SHORTEST]

    def _mismatch(self, what: str, dimension: int, encoder: Encoder) -> ModelMismatch:
        from ..encoders.presets import PRESETS

        fitting = [
            preset.name
            for preset in PRESETS.values()
            if preset.kind in ("text", "dual")
            and preset.dimension == dimension
            and preset.hub_id.rpartition("/")[2] != encoder.name
        ]
        known = f" (of {dimension} dimensions are {', '.join(fitting)})" if fitting else ""
        elsewhere = ", in a new knowledge base" if "text" in self.kb.manifest.spaces else ""
        return ModelMismatch(
            f"The vectors of the collection {self.table.name!r} are {what}.",
            hint=f"Name the model that made them with --text MODEL{elsewhere}{known}, "
            "or add the documents from their sources: xmrag add FOLDER.",
        )

    # writing -----------------------------------------------------------------------------

    def _adopt(self, notes: sqlite3.Connection, total: int) -> None:
        window: list[_Planned] = []
        done = 0
        for planned in self._planned(notes):
            window.append(planned)
            if sum(len(one.row_ids) for one in window) >= _ROWS:
                done += self._adopt_window(window)
                self.progress("rows", done, total)
                window = []
        self._adopt_window(window)

    def _adopt_window(self, window: Sequence[_Planned]) -> int:
        """Write some sources; their texts are held, their vectors by a thousand."""
        wanted: list[tuple[_Planned, int, str]] = []
        for planned in window:
            row = planned.row
            row.source_id = self.kb.catalog.begin_source(row.path, row.root, row.source)
            wanted += [(planned, order, row_id) for order, row_id in enumerate(planned.row_ids)]
        for start in range(0, len(wanted), _ROWS):
            self._write_rows(wanted[start : start + _ROWS])
        with self.report.timed("commit"):
            stale: list[str] = []
            for planned in window:
                stale += self.kb.catalog.finish_source(planned.row, planned.records)
                (self.report.updated if planned.known else self.report.added).append(planned.row.source)
            self.writer.remove_stale(stale)
        return len(wanted)

    def _write_rows(self, wanted: Sequence[tuple[_Planned, int, str]]) -> None:
        with self.report.timed("read"):
            rows = self.table.rows([row_id for _, _, row_id in wanted])
        records, known, nodes = [], {}, []
        with self.report.timed("parse"):
            owners = self.kb.catalog.owners(list(rows))
            for planned, order, row_id in wanted:
                row = rows.get(row_id)
                if row is None:  # it went while this ran; the next run sees that
                    continue
                node, embedded, skipped = adopt_row(
                    row,
                    source=planned.row.source,
                    order=order,
                    words_alone=self._words_alone,
                    media=self.kb.media,
                )
                if owners.get(row_id, planned.row.source_id) != planned.row.source_id:
                    node.id_ = f"{self.table.name}/{row_id}"  # the id is another source's already
                if skipped:
                    counts = self.report.pictures_skipped
                    counts[skipped] = counts.get(skipped, 0) + 1
                record = record_of(node)
                record.embed_text = embedded
                record.content_key = hashlib.sha256(embedded.encode()).hexdigest() if embedded else ""
                vector = _unit(row)
                if vector is not None and embedded_texts(row) is not None:
                    known[record.content_key] = vector
                nodes.append(node)
                records.append(record)
                planned.records.append(record)
        with self.report.timed("write"):
            self.writer.write(records, self.report.seconds, known={"text": known})


def table_of(collection: Any) -> ChromaTable:
    """Return a Chroma collection, or a LlamaIndex store over one, as a table.

    Raises:
        UsageError: If it is neither.
    """
    if isinstance(collection, ChromaTable):
        return collection
    held = getattr(collection, "client", None)  # of LlamaIndex's stores, whose collection it is
    return ChromaTable.of(held if hasattr(held, "upsert") else collection)


def _unit(row: FoundRow) -> NDArray[np.float32] | None:
    """Return the row's vector at length one; None where it has no direction."""
    if row.vector is None:
        return None
    length = float(np.linalg.norm(row.vector))
    return np.asarray(row.vector / length, np.float32) if 0 < length < np.inf else None
