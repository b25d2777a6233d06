"""Ingestion: files to elements to linked nodes to vectors, in an order that survives a kill.

For each window of files: the source is marked ``pending`` with the ids that are about to be
written; pictures go to the media store; vectors go to Chroma; the nodes and ``ready`` go to the
catalog in one transaction; ids that are gone leave Chroma. Ids are functions of content, so a
step that is done twice is harmless, and a run after a kill completes what was begun.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .._tracing import traced
from ..chunking.figure_links import NODES_VERSION
from ..errors import ReadError, XmragError
from ..readers import Reader, find_reader
from ..storage.catalog import SourceRow, is_adopted
from ..storage.knowledge_base import KnowledgeBase
from ..types import FileFailure, IngestionReport
from .advice import pages_advice
from .calibrate import calibrate
from .near_duplicates import DESCRIBER as HASHED
from .nodes import metadata_of, records_of
from .picture_words import PictureWords
from .progress import Progress, attributes_of_run
from .read import REMEMBERED, Reading, Vectors
from .recover import FOR_OTHERS_S, clear_leftovers, end_all, task, told_as_lost
from .scan import Found, fingerprint_file, path_of, scan
from .sources import Source, SourceReader
from .write import NodeWriter

if TYPE_CHECKING:
    from ..describers.ocr import OcrDescriber
    from ..encoders import Encoder
    from ..llamaindex.node_parser import CrossModalNodeParser

__all__ = ["Engine", "Ingestion"]

Engine = Literal["local", "ray"]

_WINDOW_FILES = 64
_WINDOW_PICTURES = 256
_WORTH_EMBEDDING = 64  # elements that are embedded rather than kept waiting while a file is read
_RACY_NS = 2_000_000_000


class Ingestion:
    """One ``add`` on a knowledge base.

    Args:
        kb: The knowledge base; its writer's lock must be held.
        describer: Reads words off pictures; None leaves them unread.
        progress: Told how far each stage is.
        options: Further plain fields of :class:`~xmrag_plugin.readers.ReadContext`.
        metadata: Flat values for every node of these files; None leaves each file those that it has.
        workers: Files read at once; one a core by default.
        engine: What reads, recognises and embeds: this machine's processes, or Ray.
    """

    def __init__(
        self,
        kb: KnowledgeBase,
        *,
        describer: OcrDescriber | None,
        progress: Progress | None = None,
        options: dict[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        workers: int | None = None,
        engine: Engine = "local",
    ) -> None:
        self.kb = kb
        self.describer = describer
        self.progress = progress or (lambda stage, done, total: None)
        self.options = options or {}
        self.metadata = metadata
        self.report = IngestionReport()
        self.writer = NodeWriter(kb, self.progress)
        self._refit = False
        self._fresh: list[str] = []  # ids of the nodes that were written
        self._done = self._total = 0  # files of the whole run
        reader = SourceReader
        if engine == "ray":
            from .ray.engine import RayReader as reader
        self._reader = reader(kb, describer, self.options, self.progress, workers, metadata)
        self._pictures = PictureWords(kb, describer, self.report, self.progress)

    # the run -----------------------------------------------------------------------------

    @traced("xmrag.add", attributes_of_run)
    def run(self, paths: Sequence[Path | Found], *, prune: bool = False) -> IngestionReport:
        """Add or update files and folders; return what became of every file.

        Pictures come last: those that documents use are no sources of their own.
        """
        try:
            return self._run(paths, prune=prune)
        finally:
            self._reader.close()

    def _run(self, paths: Sequence[Path | Found], *, prune: bool) -> IngestionReport:
        started = time.perf_counter()
        with self.report.timed("recover"):
            recovers = self.kb.patiently(self._recover)
        with self.report.timed("scan"):
            found = self._scan(paths)
        documents, pictures = self._by_kind(found)
        changed = self._changed(documents)
        self._total = len(changed) + len(pictures)
        with task(self.kb, "add", ends=False):
            self._ingest(changed)
            if prune:
                self.kb.patiently(lambda: self._prune(paths, {item.key for item in found}))
            depended = self.kb.catalog.depended_paths()
            absorbed = [item for item, _ in pictures if item.key in depended]
            self.kb.patiently(partial(self._absorb, absorbed))
            changed = self._changed([entry for entry in pictures if entry[0].key not in depended])
            self._total = self._done + len(changed)
            self._ingest(changed)
            self._reinstate()
            self.kb.patiently(lambda: self._finish(refit=self._refit or (recovers and not self.kb.is_shared)))
        self.report.nodes = self.kb.catalog.counts()
        self.report.languages = self.kb.catalog.languages()
        self.report.pictures_stored = self.kb.catalog.picture_count()
        self.report.seconds["total"] = time.perf_counter() - started
        return self.report

    def _recover(self) -> bool:
        with self.kb.alone() as alone:
            return alone and clear_leftovers(self.kb, self.writer)

    def _finish(self, *, refit: bool) -> None:
        """Take out what nothing refers to, fit the calibration, and note that all is done: alone, or the last one does."""
        with self.kb.alone(FOR_OTHERS_S) as alone:
            if not alone:
                return
            self.writer.remove_stale(stale := self.kb.catalog.unfinished())  # other writers' too
            changed = bool(stale or self.report.updated or self.report.removed)
            if changed or self._reader.dropped_media:
                self.kb.media.collect(self.kb.catalog.media_hashes())
            if changed:
                self.kb.catalog.forget_removed()
            calibrate(self.kb, self.report, refit=refit, fresh=None if self.kb.is_shared else self._fresh)
            if self._fresh and self.options.get("pages") and (warning := pages_advice(self.kb)) is not None:
                self.report.warnings.append(warning)
            self.kb.take_stock()
            end_all(self.kb)

    def _scan(self, paths: Sequence[Path | Found]) -> list[Found]:
        scanned: list[Found] = []
        for item in scan(
            paths,
            knowledge_base=self.kb.path,
            ignored=self.report.ignored,
            follow_links=bool(self.options.get("follow_links", self.kb.settings.follow_links)),
        ):
            if isinstance(item, FileFailure):
                self.report.failed.append(item)
            else:
                scanned.append(item)
        rows = self.kb.catalog.sources_at([item.key for item in scanned])
        return [_settle_root(item, rows.get(item.key)) for item in scanned]

    def _by_kind(
        self, found: Iterable[Found]
    ) -> tuple[list[tuple[Found, Reader]], list[tuple[Found, Reader]]]:
        documents: list[tuple[Found, Reader]] = []
        pictures: list[tuple[Found, Reader]] = []
        with self.report.timed("scan"):
            for item in found:
                try:
                    reader = find_reader(item.path)
                except XmragError as error:
                    self._fail(item, error)
                    continue
                except OSError as error:
                    self._fail(
                        item,
                        ReadError(
                            f"{item.path} cannot be opened: {error.strerror}.", hint="Check its permissions."
                        ),
                    )
                    continue
                (pictures if reader.name == "image" else documents).append((item, reader))
        return documents, pictures

    def _fail(self, found: Found, error: XmragError) -> None:
        self.report.failed.append(FileFailure(found.source, error.message, error.hint))

    # changes -----------------------------------------------------------------------------

    def _recipe(self, reader: Reader, known: SourceRow | None) -> str:
        """Return what the nodes of a source depend on besides its bytes; a password is no part of it.

        Whether pages are pictured and hidden parts read stays as it is for a source until the user says otherwise.
        """
        parts = [f"{reader.name}/{reader.version}", f"nodes/{NODES_VERSION}/{self.kb.settings.chunk_words}"]
        if self.describer is not None:
            parts.append(self.describer.name)
        if self._pictures.captioner is not None:
            parts.append(self._pictures.captioner.name)
        if reader.name in ("audio", "video"):
            parts.append(self._reader.files.transcriber_name)
            parts += [] if self.kb.settings.keep_sound else ["keep_sound=False"]
        if reader.name == "pdf" and self.kb.settings.pdf_parser != "pdfium":
            parts.append(self.kb.settings.pdf_parser)
        options = {name: value for name, value in self.options.items() if name != "password"}
        for name in REMEMBERED:
            if options.get(name) is None and known is not None and f"{name}=True" in known.recipe.split(" "):
                options[name] = True
        parts += [f"{name}={value}" for name, value in sorted(options.items()) if value]
        if metadata := metadata_of(known, self.metadata):
            written = json.dumps(metadata, sort_keys=True).encode()
            parts.append(f"metadata/{hashlib.sha256(written).hexdigest()[:16]}")
        return " ".join(parts)

    def _is_unchanged(self, known: SourceRow | None, found: Found, recipe: str) -> bool:
        if known is None or known.state == "pending" or known.recipe != recipe:
            return False
        if not self._same_file(found.path, known.sha256, known.size, known.mtime_ns, known.read_ns):
            return False
        if known.state == "failed" and self.options.get("password"):
            return False
        if known.state == "failed":
            self.report.failed.append(FileFailure(found.source, known.error, known.hint))
            return True
        for dependency in self.kb.catalog.dependencies(known.source_id):
            path = path_of(dependency.path)
            if not path.is_file():
                if dependency.sha256:
                    return False
            elif not self._same_file(
                path, dependency.sha256, dependency.size, dependency.mtime_ns, known.read_ns
            ):
                return False
        self.report.unchanged.append(found.source)
        return True

    def _same_file(self, path: Path, sha256: str, size: int, mtime_ns: int, read_ns: int) -> bool:
        """Return whether a file still has the bytes that it had; a recent mtime proves nothing."""
        try:
            state = path.stat()
        except OSError:
            return False
        if state.st_size != size:
            return False
        if state.st_mtime_ns == mtime_ns and mtime_ns < read_ns - _RACY_NS:
            return True
        try:
            digest, _ = fingerprint_file(path)
        except ReadError:
            return False
        return digest == sha256

    @cached_property
    def parser(self) -> CrossModalNodeParser:
        """Return the node parser, made when the first changed file is there: LlamaIndex takes a while to import."""
        from ..llamaindex.node_parser import CrossModalNodeParser

        return CrossModalNodeParser(chunk_words=self.kb.settings.chunk_words)

    # the windows -------------------------------------------------------------------------

    def _changed(self, entries: Sequence[tuple[Found, Reader]]) -> list[Source]:
        """Return what is new or has changed, with its row and its recipe."""
        changed: list[Source] = []
        with self.report.timed("scan"):
            rows = self.kb.catalog.sources_at([found.key for found, _ in entries])
            for found, reader in entries:
                known = rows.get(found.key)
                recipe = self._recipe(reader, known)
                if not self._is_unchanged(known, found, recipe):
                    changed.append((found, reader, known, recipe))
        return changed

    def _ingest(self, changed: Sequence[Source]) -> None:
        """Read sources and write them, some at a time."""
        if changed:
            self.progress("files", self._done, self._total)
        window: list[Reading] = []
        elements = pictures = 0
        before, last = self._reader.files.seconds, self._done + len(changed)
        self._reader.changing = {found.key for found, *_ in changed}
        with closing(self._reader.read_all(changed)) as readings:
            for number, (reading, is_next_there) in enumerate(readings, start=self._done + 1):
                window.append(reading)
                elements += len(reading.elements)
                pictures += len(reading.pictures)
                self.progress("read", number, self._total)
                full = len(window) >= _WINDOW_FILES or pictures >= _WINDOW_PICTURES
                idle = not is_next_there and elements >= _WORTH_EMBEDDING
                if full or idle or number == last:
                    self.kb.patiently(partial(self._ingest_window, window))
                    self._done = number
                    self.progress("files", number, self._total)
                    window, elements, pictures = [], 0, 0
        read = self._reader.files.seconds - before
        self.report.seconds["read"] = self.report.seconds.get("read", 0.0) + read

    def _ingest_window(self, window: Sequence[Reading]) -> None:
        good = []
        window = [reading for reading in window if not reading.is_written and self._has_pictures(reading)]
        for reading in window:
            reading.row.source_id = self.kb.catalog.begin_source(
                reading.row.path, reading.row.root, reading.row.source
            )
        for reading in window:
            row = reading.row
            if reading.twin:
                twin = self.kb.catalog.source_at(reading.twin)
                row.alias_of = twin.source_id if twin is not None else None
            if reading.failure is not None:
                failure = reading.failure
                self.kb.catalog.fail_source(row, failure.message, failure.hint)
                self._fail(reading.found, failure)
                reading.is_written = True
            else:
                good.append(reading)
        for reading in good:
            self.kb.catalog.keep_media_words(HASHED, reading.hashes)
            if self.describer is not None:
                self.kb.catalog.keep_media_words(self.describer.name, reading.lettering)
        self._pictures.describe(good)
        with self.report.timed("parse"):
            for reading in good:
                reading.records = reading.records or records_of(reading, self.parser, self.metadata)
                reading.elements.clear()
        with self.report.timed("embed"):
            known: Vectors = {}
            for reading in good:
                for space, vectors in reading.vectors.items():
                    known.setdefault(space, {}).update(vectors)
            records = [record for reading in good for record in reading.records]
            self.writer.write(records, self.report.seconds, known=known)
        with self.report.timed("commit"):
            for reading in good:
                reading.row.report = json.dumps(
                    {
                        "skipped": reading.skipped,
                        "warnings": [[w.error, w.hint] for w in reading.warnings],
                        "metadata": dict(metadata_of(reading.row, self.metadata)),
                    },
                    ensure_ascii=False,
                )
                self.kb.catalog.finish_source(reading.row, reading.records, reading.dependencies)
                reading.is_written = True
                (self.report.updated if reading.known else self.report.added).append(reading.row.source)
                self.report.warnings += reading.warnings
                for stage, spent in reading.spent.items():
                    self.report.seconds[stage] = self.report.seconds.get(stage, 0.0) + spent
                for reason, count in reading.skipped.items():
                    skipped = self.report.pictures_skipped
                    skipped[reason] = skipped.get(reason, 0) + count
                if reading.row.alias_of is not None:
                    self.report.ignored["duplicate"] = self.report.ignored.get("duplicate", 0) + 1
                self._fresh += [record.node_id for record in reading.records]
                reading.let_go()
            self.kb.catalog.settle()

    def _has_pictures(self, reading: Reading) -> bool:
        """Return whether what was read off a file is still stored: another writer may have found it without a lock.

        A source that is not is read again at the end.
        """
        if not self.kb.interruptions or all(map(self.kb.media.keeps, reading.media)):
            return True
        self.kb.catalog.begin_source(reading.row.path, reading.row.root, reading.row.source)
        return False

    # spaces and calibration --------------------------------------------------------------

    def embed_stored(self, space: str, encoder: Encoder) -> None:
        """Make a space from the nodes and pictures that are stored; no source is read again."""
        self.writer.write_stored(space, encoder, self.report.seconds)
        self._refit = True

    # pictures of documents, removed files, copies ----------------------------------------

    def _absorb(self, absorbed: Sequence[Found]) -> None:
        """Take out picture files that documents use: they are no sources of their own."""
        if absorbed:
            self.report.ignored["part of a document"] = len(absorbed)
        for found in absorbed:
            known = self.kb.catalog.source_at(found.key)
            if known is not None:
                self.kb.catalog.remove_source(known.source_id)

    def _prune(self, paths: Sequence[Path | Found], present: set[str]) -> None:
        """Remove what is gone from the folders that were added; of one that is not there (a disk that is not), nothing."""
        named = [Path(os.path.abspath(path.expanduser())) for path in paths if isinstance(path, Path)]
        roots = [root for root in named if root.exists()]
        for row in self.kb.catalog.sources():
            path = path_of(row.path)
            below = any(root == path or root in path.parents for root in roots)
            if below and row.path not in present and not path.is_file():  # a folder may have its name now
                self.kb.catalog.remove_source(row.source_id)
                self.report.removed.append(row.source)

    def _pending(self) -> list[SourceRow]:
        with self.kb.alone() as alone:  # else some may be what other writers are amid
            return self.kb.catalog.sources("pending") if alone else []

    def _reinstate(self) -> None:
        """Read what was begun and not ended, and copies whose original is gone or has changed: they have nothing else."""
        self.kb.patiently(self.kb.catalog.part_copies)
        rows = self.kb.patiently(self._pending)
        there = [row for row in rows if path_of(row.path).is_file()]
        self.report.warnings += [told_as_lost(row) for row in rows if row not in there]
        documents, pictures = self._by_kind([Found(path_of(row.path), path_of(row.root)) for row in there])
        changed = self._changed([*documents, *pictures])
        self._total = self._done + len(changed)
        self._ingest(changed)
        self.report.updated = list(dict.fromkeys(self.report.updated))  # some were updated before


def _settle_root(found: Found, known: SourceRow | None) -> Found:
    """Return the name of a file; one that is known keeps the name that it was first added under."""
    kept = known is not None and known.state != "failed" and not is_adopted(known)
    return Found(found.path, path_of(known.root)) if known and kept else found
