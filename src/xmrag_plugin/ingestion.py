"""Ingestion: files → elements → linked nodes → vectors, in an order that survives a kill.

For each window of files: the source is marked ``pending`` with the ids that are about to be
written; pictures go to the media store; vectors go to Chroma; the nodes and ``ready`` go to the
catalog in one transaction; ids that are gone leave Chroma. Ids are functions of content, so a
step that is done twice is harmless, and a run after a kill completes what was begun.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .catalog import Dependency, SourceRow
from .errors import GenerationError, ReadError, SourceChanged, SourceDamaged, XmragError
from .knowledge_base import KnowledgeBase
from .linking import NODES_VERSION
from .readers import Reader, ReadOptions, find_reader
from .scanning import Found, fingerprint_file, scan
from .schema import Element, FileFailure, IngestionReport, NodeRecord, Picture
from .writing import NodeWriter

if TYPE_CHECKING:
    from .describers.caption import CaptionDescriber
    from .describers.ocr import OcrDescriber
    from .encoders import Encoder
    from .node_parser import CrossModalNodeParser

__all__ = ["Ingestion"]

_WINDOW_FILES = 64
_WINDOW_PICTURES = 256
_RACY_NS = 2_000_000_000
_STORED_BATCH = 2048
_KEEP_EVERY = 8

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""


@dataclass(slots=True)
class _Reading:
    """A source on its way."""

    row: SourceRow
    found: Found
    elements: list[Element] = field(default_factory=list)
    dependencies: list[Dependency] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    warnings: list[FileFailure] = field(default_factory=list)
    records: list[NodeRecord] = field(default_factory=list)
    failure: XmragError | None = None
    known: bool = False
    twin: str = ""  # path of a file with the same bytes, whose nodes serve for this one too

    @property
    def pictures(self) -> list[Picture]:
        return [element.picture for element in self.elements if element.picture is not None]


class Ingestion:
    """One ``add`` on a knowledge base.

    Args:
        kb: The knowledge base; its writer's lock must be held.
        describer: Reads words off pictures; None leaves them unread.
        captioner: Describes pictures by a generator.
        progress: Told how far each stage is.
    """

    def __init__(
        self,
        kb: KnowledgeBase,
        *,
        describer: OcrDescriber | None,
        captioner: CaptionDescriber | None = None,
        progress: Progress | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        self.kb = kb
        self.describer = describer
        self.captioner = captioner
        self.progress = progress or (lambda stage, done, total: None)
        self.options = options or {}
        self.report = IngestionReport()
        self.writer = NodeWriter(kb)
        self._refit = False
        self._read_whole: dict[tuple[str, str], str] = {}

    # the run -----------------------------------------------------------------------------

    def run(self, paths: Sequence[Path], *, prune: bool = False) -> IngestionReport:
        """Add or update files and folders; returns what became of every file."""
        started = time.perf_counter()
        with self._timed("recover"):
            self.writer.remove_stale(self.kb.catalog.unfinished())
        with self._timed("scan"):
            found: list[Found] = []
            for item in scan(paths, knowledge_base=self.kb.path, ignored=self.report.ignored):
                if isinstance(item, FileFailure):
                    self.report.failed.append(item)
                else:
                    found.append(self._settle_root(item))
        documents, pictures = self._by_kind(found)
        self._ingest(documents)
        depended = self.kb.catalog.depended_paths()
        alone = [entry for entry in pictures if str(entry[0].path) not in depended]
        self._absorb([entry for entry in pictures if str(entry[0].path) in depended])
        self._ingest(alone)
        if prune:
            self._prune(paths, {str(item.path) for item in found})
        self._reinstate()
        self._calibrate()
        self.report.nodes = self.kb.catalog.counts()
        self.report.pictures_stored = len(self.kb.catalog.media_hashes())
        self.report.seconds["total"] = time.perf_counter() - started
        return self.report

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - started
            self.report.seconds[stage] = self.report.seconds.get(stage, 0.0) + spent

    def _settle_root(self, found: Found) -> Found:
        """A file that is known keeps the name that it was first added under."""
        known = self.kb.catalog.source_at(str(found.path))
        return Found(found.path, Path(known.root)) if known and known.state != "failed" else found

    def _by_kind(
        self, found: Iterable[Found]
    ) -> tuple[list[tuple[Found, Reader]], list[tuple[Found, Reader]]]:
        documents: list[tuple[Found, Reader]] = []
        pictures: list[tuple[Found, Reader]] = []
        with self._timed("scan"):
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

    def _recipe(self, reader: Reader) -> str:
        parts = [f"{reader.name}/{reader.version}", f"nodes/{NODES_VERSION}/{self.kb.settings.chunk_words}"]
        if self.describer is not None:
            parts.append(self.describer.name)
        if self.captioner is not None:
            parts.append(self.captioner.name)
        parts += [f"{name}={value}" for name, value in sorted(self.options.items()) if value]
        return " ".join(parts)

    def _is_unchanged(self, known: SourceRow | None, found: Found, recipe: str) -> bool:
        if known is None or known.state == "pending" or known.recipe != recipe:
            return False
        if not self._same_file(found.path, known.sha256, known.size, known.mtime_ns, known.read_ns):
            return False
        if known.state == "failed":
            self.report.failed.append(FileFailure(found.source, known.error, known.hint))
            return True
        for dependency in self.kb.catalog.dependencies(known.source_id):
            path = Path(dependency.path)
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
        """Whether a file still has the bytes that it had; a recent mtime proves nothing."""
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
        """Made when the first changed file is there, since LlamaIndex takes a while to import."""
        from .node_parser import CrossModalNodeParser

        return CrossModalNodeParser(chunk_words=self.kb.settings.chunk_words)

    # the windows -------------------------------------------------------------------------

    def _ingest(self, entries: Sequence[tuple[Found, Reader]]) -> None:
        with self._timed("scan"):
            changed = []
            for found, reader in entries:
                known = self.kb.catalog.source_at(str(found.path))
                if not self._is_unchanged(known, found, self._recipe(reader)):
                    changed.append((found, reader, known))
        done = 0
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="xmrag-read") as ahead:
            pending: Future[list[_Reading]] | None = None
            position = 0
            while position < len(changed) or pending is not None:
                window = pending.result() if pending is not None else []
                pending = None
                if position < len(changed):
                    batch = changed[position : position + _WINDOW_FILES]
                    position += len(batch)
                    pending = ahead.submit(self._read_all, batch)
                if window:
                    self._ingest_window(window)
                    done += len(window)
                    self.progress("files", done, len(changed))

    def _read_all(self, batch: Sequence[tuple[Found, Reader, SourceRow | None]]) -> list[_Reading]:
        started = time.perf_counter()
        readings = [self._read(found, reader, known) for found, reader, known in batch]
        spent = time.perf_counter() - started
        self.report.seconds["read"] = self.report.seconds.get("read", 0.0) + spent
        return readings

    def _read(self, found: Found, reader: Reader, known: SourceRow | None) -> _Reading:
        row = known or SourceRow(0, str(found.path), str(found.root), found.source)
        row.root, row.source = str(found.root), found.source
        reading = _Reading(row=row, found=found, known=known is not None and known.sha256 != "")
        try:
            for _attempt in (1, 2):
                self._read_once(reading, reader)
                digest, state = fingerprint_file(found.path)
                if digest == row.sha256:
                    row.size, row.mtime_ns = state.st_size, state.st_mtime_ns
                    return reading
            reading.failure = SourceChanged(
                f"{found.path} changed while it was read.", hint="Add it again when it is at rest."
            )
        except XmragError as error:
            reading.failure = error
        except MemoryError as error:
            reading.failure = SourceDamaged(
                f"{found.path} needs more memory than there is.", hint="Split the file."
            )
            reading.failure.__cause__ = error
        except Exception as error:  # a library's surprise costs this file only, and is named
            reading.failure = SourceDamaged(
                f"{found.path} could not be read: {type(error).__name__}: {error}.",
                hint="Open and save it with the program it comes from, then add it again.",
            )
            reading.failure.__cause__ = error
        reading.elements.clear()
        return reading

    def _read_once(self, reading: _Reading, reader: Reader) -> None:
        reading.elements.clear()
        reading.dependencies.clear()
        reading.skipped.clear()
        reading.warnings.clear()
        row, path = reading.row, reading.found.path
        row.read_ns = time.time_ns()
        row.sha256, state = fingerprint_file(path)
        row.size, row.mtime_ns = state.st_size, state.st_mtime_ns
        row.recipe = self._recipe(reader)
        row.alias_of, reading.twin = None, self._twin(row, path)
        if reading.twin:
            return

        def depends(other: Path) -> None:
            other = Path(os.path.abspath(other))
            if other != path and all(d.path != str(other) for d in reading.dependencies):
                try:
                    digest, other_state = fingerprint_file(other)
                    dependency = Dependency(str(other), digest, other_state.st_size, other_state.st_mtime_ns)
                except ReadError:
                    dependency = Dependency(str(other), "", -1, -1)
                reading.dependencies.append(dependency)

        def skip(reason: str) -> None:
            reading.skipped[reason] = reading.skipped.get(reason, 0) + 1

        def warn(message: str, hint: str = "") -> None:
            reading.warnings.append(FileFailure(reading.found.source, message, hint))

        settings = self.kb.settings
        options = ReadOptions(
            min_picture_px=settings.min_picture_px,
            max_picture_px=settings.max_picture_px,
            allow_fetch=settings.allow_fetch,
            ocr=self.describer.read if self.describer is not None else None,
            skip=skip,
            warn=warn,
            depends=depends,
            **self.options,
        )
        for element in reader.read(path, options):
            if element.picture is not None:
                self._store_picture(element.picture, reading, skip, warn)
                if element.picture.media_hash == "" and element.kind == "picture":
                    continue
                if element.picture.media_hash == "":
                    element.picture = None
            reading.elements.append(element)
        if not reading.dependencies:
            self._read_whole.setdefault((row.sha256, row.recipe), str(path))

    def _twin(self, row: SourceRow, path: Path) -> str:
        """Path of another file with these bytes that was read before, in this run or an earlier one."""
        other = self._read_whole.get((row.sha256, row.recipe), "")
        if not other:
            stored = self.kb.catalog.twin(row.sha256, row.recipe, exclude=str(path))
            other = stored.path if stored is not None else ""
        return other if other != str(path) else ""

    def _store_picture(
        self,
        picture: Picture,
        reading: _Reading,
        skip: Callable[[str], None],
        warn: Callable[[str, str], None],
    ) -> None:
        """Bytes to the media store as they come, so that they do not pile up in memory."""
        try:
            data = picture.data if picture.data is not None else Path(picture.path or "")
            picture.media_hash = self.kb.media.put(data, picture.mime)
        except OSError as error:
            skip("missing")
            warn(f"The picture {picture.reference!r} cannot be read: {error.strerror}.", "Mend the link.")
            return
        picture.data = None
        if picture.path is not None:
            own = Path(os.path.abspath(picture.path))
            try:
                picture.media = own.relative_to(reading.found.root).as_posix()
            except ValueError:  # beside the added folder
                picture.media = Path(os.path.relpath(own, reading.found.root)).as_posix()

    def _ingest_window(self, window: Sequence[_Reading]) -> None:
        good = []
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
            else:
                good.append(reading)
        self._describe(good)
        with self._timed("parse"):
            for reading in good:
                if reading.elements:
                    nodes = self.parser.nodes_from_elements(
                        reading.elements,
                        source=reading.row.source,
                        file_path=str(reading.found.path),
                        document_id=f"{reading.row.root}\n{reading.row.source}",
                    )
                    reading.records = [self.writer.record(node) for node in nodes]
                    self.writer.hold(nodes)
                reading.elements.clear()
        with self._timed("embed"):
            self.writer.write([record for reading in good for record in reading.records], self.report.seconds)
        with self._timed("commit"):
            stale: list[str] = []
            for reading in good:
                reading.row.report = json.dumps(
                    {
                        "skipped": reading.skipped,
                        "warnings": [[w.error, w.hint] for w in reading.warnings],
                    },
                    ensure_ascii=False,
                )
                stale += self.kb.catalog.finish_source(reading.row, reading.records, reading.dependencies)
                (self.report.updated if reading.known else self.report.added).append(reading.row.source)
                self.report.warnings += reading.warnings
                for reason, count in reading.skipped.items():
                    skipped = self.report.pictures_skipped
                    skipped[reason] = skipped.get(reason, 0) + count
                if reading.row.alias_of is not None:
                    self.report.ignored["duplicate"] = self.report.ignored.get("duplicate", 0) + 1
            self.writer.remove_stale(stale)

    def _describe(self, window: Sequence[_Reading]) -> None:
        """Words for the pictures: those read off them, and a model's, each picture once."""
        by_hash: dict[str, list[Picture]] = {}
        for reading in window:
            for picture in reading.pictures:
                by_hash.setdefault(picture.media_hash, []).append(picture)
        if self.describer is not None:
            with self._timed("ocr"):
                words = self._words("ocr", self.describer, list(by_hash))
            for media_hash, pictures in by_hash.items():
                for picture in pictures:
                    picture.ocr = words.get(media_hash, "")
        if self.captioner is not None:
            with self._timed("describe"):
                words = self._captions(self.captioner, list(by_hash), window)
            for media_hash, pictures in by_hash.items():
                for picture in pictures:
                    picture.description = words.get(media_hash, "")

    def _captions(
        self, captioner: CaptionDescriber, hashes: Sequence[str], window: Sequence[_Reading]
    ) -> dict[str, str]:
        """Descriptions; where the generator gives out, the rest is left for the next run."""
        try:
            words = self._words("describe", captioner, hashes)
        except GenerationError as error:
            self.captioner = None
            self.report.warnings.append(
                FileFailure(
                    window[0].row.source,
                    f"Pictures are not described any further: {error.message}",
                    error.hint or "Add the folder again; what was described is kept.",
                )
            )
            for reading in window:  # without the captioner's name they are taken up again
                reading.row.recipe = reading.row.recipe.replace(captioner.name, "").strip()
            words = self._known_words(captioner.name, hashes)
        spent = captioner.spent
        self.report.described = {
            "pictures": spent.pictures,
            "failed": spent.failed,
            "prompt_tokens": spent.prompt_tokens,
            "completion_tokens": spent.completion_tokens,
        }
        return words

    def _known_words(self, name: str, hashes: Sequence[str]) -> dict[str, str]:
        return {
            media_hash: words
            for media_hash in hashes
            if (words := self.kb.catalog.media_words(media_hash, name)) is not None
        }

    def _words(
        self, stage: str, describer: OcrDescriber | CaptionDescriber, hashes: Sequence[str]
    ) -> dict[str, str]:
        """Words by media hash; a picture that was read before is not read again."""
        known = self._known_words(describer.name, hashes)
        unread = [media_hash for media_hash in hashes if media_hash not in known]
        results = describer.read_many([self.kb.media.path(h) for h in unread])
        fresh: dict[str, str] = {}
        for done, (media_hash, result) in enumerate(zip(unread, results, strict=True), start=1):
            fresh[media_hash] = "" if isinstance(result, XmragError) else result.text
            if len(fresh) == _KEEP_EVERY or done == len(unread):
                self.kb.catalog.keep_media_words(describer.name, fresh)
                known.update(fresh)
                fresh = {}
                self.progress(stage, done, len(unread))
        return known

    # spaces and calibration --------------------------------------------------------------

    def embed_stored(self, space: str, encoder: Encoder) -> None:
        """Make a space from the nodes and pictures that are stored; no source is read again."""
        self.kb.record_space(space, encoder, getattr(self.kb.settings, space))
        total, done = self.kb.catalog.node_count, 0
        batch: list[NodeRecord] = []
        for record in self.kb.catalog.iter_nodes():
            batch.append(record)
            if len(batch) == _STORED_BATCH:
                done += self._embed_batch(space, encoder, batch)
                self.progress(f"embed {space}", done, total)
                batch = []
        self._embed_batch(space, encoder, batch)
        self._refit = True

    def _embed_batch(self, space: str, encoder: Encoder, records: Sequence[NodeRecord]) -> int:
        write = self.writer.write_vision if space == "vision" else self.writer.write_text
        write(encoder, records, self.report.seconds)
        return len(records)

    def _calibrate(self) -> None:
        """Fit anew when the collection has changed by a tenth, else place the new nodes only."""
        report = self.report
        changed = len(report.added) + len(report.updated) + len(report.removed)
        fitted = int(self.kb.manifest.calibration.get("fitted_nodes", 0))
        now = self.kb.catalog.node_count
        if not now or not (changed or fitted == 0 or self._refit):
            return
        with self._timed("calibrate"):
            from .calibration import Calibration

            much = changed > 0.1 * len(self.kb.catalog.sources()) or abs(now - fitted) > 0.1 * fitted
            if self._refit or much:
                Calibration.fit(self.kb)
            else:
                Calibration.load(self.kb).place_new(self.kb)

    # pictures of documents, removed files, copies ----------------------------------------

    def _absorb(self, entries: Sequence[tuple[Found, Reader]]) -> None:
        """Picture files that documents use are no sources of their own."""
        if entries:
            self.report.ignored["part of a document"] = len(entries)
        for found, _ in entries:
            known = self.kb.catalog.source_at(str(found.path))
            if known is not None:
                self.writer.remove_stale(self.kb.catalog.remove_source(known.source_id))

    def _prune(self, paths: Sequence[Path], present: set[str]) -> None:
        """Remove what is gone from the folders that were added."""
        roots = [Path(os.path.abspath(path.expanduser())) for path in paths]
        for row in self.kb.catalog.sources():
            path = Path(row.path)
            below = any(root == path or root in path.parents for root in roots)
            if below and row.path not in present and not path.exists():
                self.writer.remove_stale(self.kb.catalog.remove_source(row.source_id))
                self.report.removed.append(row.source)

    def _reinstate(self) -> None:
        """Read copies whose original is gone: they were pending on it."""
        waiting = []
        for row in self.kb.catalog.sources():
            if row.state == "pending" and Path(row.path).is_file():
                found = Found(Path(row.path), Path(row.root))
                try:
                    waiting.append((found, find_reader(found.path)))
                except XmragError as error:
                    self._fail(found, error)
        if waiting:
            self._ingest(waiting)
