"""Reading sources: in worker processes, in order, their pictures into the media store as they come."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ReadError, SourceChanged, StoreError, XmragError
from ..readers import Reader, read_file
from ..readers.context import ReadContext
from ..readers.pdf.docling import check_pdf_parser
from ..storage.catalog import Dependency, SourceRow
from ..storage.knowledge_base import KnowledgeBase
from ..types import Element, FileFailure, NodeRecord, Picture
from .near_duplicates import NearDuplicates
from .scan import Found, fingerprint_file, text_of
from .worker import Job, Limits, OutputBudget, hash_of
from .workers import importable, shared_workers

if TYPE_CHECKING:
    from ..describers.ocr import OcrDescriber
    from ..readers.media.speech import Transcriber
    from ..readers.transcripts import Cue

__all__ = ["REMEMBERED", "Reading", "SourceReader"]

REMEMBERED = ("pages", "hidden")
"""Options that stay as they are for a source, in its recipe, until the user says otherwise."""

_AHEAD = 64  # files that are read before they are asked for
_TRUSTED_BYTES = 64_000
_TRUSTED_READERS = frozenset({"plain_text"})
"""Short plain text is read in this process: nothing in it is parsed, and no process need be started."""


@dataclass(slots=True)
class Reading:
    """A source on its way."""

    row: SourceRow
    found: Found
    reader: Reader
    elements: list[Element] = field(default_factory=list)
    dependencies: list[Dependency] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    warnings: list[FileFailure] = field(default_factory=list)
    records: list[NodeRecord] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)  # of pictures newly known, by media hash
    embedded: list[tuple[Element, int]] = field(default_factory=list)  # pictures inside, with their hashes
    failure: XmragError | None = None
    known: bool = False
    twin: str = ""  # path of a file with the same bytes, whose nodes serve for this one too

    @property
    def pictures(self) -> list[Picture]:
        """Return its pictures, in order."""
        return [element.picture for element in self.elements if element.picture is not None]

    def skip(self, reason: str) -> None:
        """Count a picture that was left out."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1

    def warn(self, message: str, hint: str = "") -> None:
        """Keep a warning."""
        self.warnings.append(FileFailure(self.found.source, _storable(message), _storable(hint)))

    def begin(self) -> None:
        """Forget what a first attempt has brought."""
        for held in (self.elements, self.dependencies, self.skipped, self.warnings, self.embedded):
            held.clear()


class SourceReader:
    """Reads the sources of one run.

    Args:
        kb: Where pictures go, and where copies are looked for.
        describer: Reads scanned pages; None leaves them unread.
        options: Further plain fields of :class:`~xmrag_plugin.readers.ReadContext`.
        progress: Told how far a long file is read.
        workers: Files read at once; one a core by default.
    """

    def __init__(
        self,
        kb: KnowledgeBase,
        describer: OcrDescriber | None,
        options: dict[str, Any],
        progress: Callable[[str, int, int], None],
        workers: int | None = None,
    ) -> None:
        self.kb = kb
        self.describer = describer
        self.options = options
        self.progress = progress
        self.workers = workers or kb.settings.workers
        self.seconds = 0.0  # of all workers together
        check_pdf_parser(kb.settings.pdf_parser)
        self._read_whole: dict[tuple[str, str], tuple[str, Future[Reading]]] = {}
        self._transcriber: Transcriber | None = None
        self._loading = threading.Lock()
        self._near_duplicates = NearDuplicates(kb)
        self.dropped_media = False

    @cached_property
    def transcriber_name(self) -> str:
        """Return the name of the speech recogniser; ``""`` for none."""
        from ..describers.transcript import transcriber_name

        return transcriber_name(self.kb.settings)

    def transcribe(self, blocks: Iterable[Any], language: str = "") -> Iterator[Cue]:
        """Recognise speech, with a model that is loaded for the first recording."""
        from ..describers.transcript import load_transcriber

        with self._loading:
            if self._transcriber is None:
                self._transcriber = load_transcriber(self.kb.settings)
        assert self._transcriber is not None
        return self._transcriber.transcribe(blocks, language=language)

    # many sources ------------------------------------------------------------------------

    def read_all(
        self, sources: Iterable[tuple[Found, Reader, SourceRow | None, str]]
    ) -> Iterator[tuple[Reading, bool]]:
        """Read sources, several at once, and yield them in their order.

        Args:
            sources: Each with its reader, its row if it is known, and its recipe.

        Yields:
            The reading, and whether the next one is there already; what went wrong is in its ``failure``.
        """
        ahead: deque[Future[Reading]] = deque()
        waiting = iter(sources)
        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="xmrag-read")
        try:
            while True:
                while len(ahead) < _AHEAD and (source := next(waiting, None)) is not None:
                    ahead.append(self._submit(pool, *source))
                if not ahead:
                    return
                reading = ahead.popleft().result()
                self._settle_pictures(reading)
                yield reading, bool(ahead) and ahead[0].done()
        finally:
            if ahead:  # broken off
                pool.shutdown(wait=False, cancel_futures=True)
                shared_workers.end_of(self)
            pool.shutdown()

    def _submit(
        self, pool: ThreadPoolExecutor, found: Found, reader: Reader, known: SourceRow | None, recipe: str
    ) -> Future[Reading]:
        """Have a source read, or wait for a file with the same bytes that is being read."""
        row = known or SourceRow(0, found.key, text_of(found.root), found.source)
        row.root, row.source, row.recipe = text_of(found.root), found.source, recipe
        reading = Reading(row, found, reader, known=known is not None and known.sha256 != "")
        row.read_ns = time.time_ns()
        try:
            row.sha256, state = fingerprint_file(found.path)
        except ReadError as error:
            reading.failure = error
            return pool.submit(lambda: reading)
        row.size, row.mtime_ns = state.st_size, state.st_mtime_ns
        row.alias_of = None
        stored = self.kb.catalog.twin(row.sha256, recipe, exclude=found.key)
        first = self._read_whole.get((row.sha256, recipe))
        if stored is not None:
            reading.twin = stored.path
            return pool.submit(lambda: reading)
        future = pool.submit(self._read, reading, first)
        self._read_whole.setdefault((row.sha256, recipe), (found.key, future))
        return future

    # one source --------------------------------------------------------------------------

    def _read(self, reading: Reading, first: tuple[str, Future[Reading]] | None) -> Reading:
        started = time.perf_counter()
        row, path = reading.row, reading.found.path
        if first is not None:
            other = first[1].result()
            if other.failure is None and not other.dependencies:
                reading.twin = first[0]
                return reading
        try:
            try:
                self._read_once(reading)
            except SourceChanged:  # once more: it may be at rest by now
                row.read_ns = time.time_ns()
                row.sha256, _ = fingerprint_file(path)
                self._read_once(reading)
            digest, state = fingerprint_file(path)
            if digest != row.sha256:
                raise SourceChanged(
                    f"{text_of(path)} changed while it was read.", hint="Add it when it is at rest."
                )
            row.size, row.mtime_ns = state.st_size, state.st_mtime_ns
        except StoreError:  # the disk is full, say: no other file will do better
            raise
        except XmragError as error:
            error.message, error.hint = _storable(error.message), _storable(error.hint)
            reading.failure = error
            reading.begin()
        self.seconds += time.perf_counter() - started
        return reading

    def _read_once(self, reading: Reading) -> None:
        reading.begin()
        settings, path, reader = self.kb.settings, reading.found.path, reading.reader
        options = {
            "root": reading.found.root,
            "follow_links": settings.follow_links,
            "min_picture_px": settings.min_picture_px,
            "max_picture_px": settings.max_picture_px,
            "allow_fetch": settings.allow_fetch,
            "pdf_parser": settings.pdf_parser,
            "keep_sound": settings.keep_sound,
            **self.options,
            **{name: f"{name}=True" in reading.row.recipe.split(" ") for name in REMEMBERED},
        }
        receiver = _Receiver(self, reading)
        transcribes = reader.name in ("audio", "video") and bool(self.transcriber_name)
        place = importable(reader)
        if (
            place is None
            or self._is_trusted(reading)
            or (reader.name, settings.pdf_parser) == ("pdf", "docling")
        ):
            receiver.read_here(options, transcribes=transcribes)
        else:
            limits = Limits(settings.read_seconds, settings.read_memory_mb)
            ocr = self.describer is not None
            shared_workers.read(
                Job(str(path), place, options, ocr, transcribes, limits), receiver, owner=self
            )
        if not reading.elements and not reading.warnings and reader.name != "image":
            left_out = ", ".join(f"{count} {reason}" for reason, count in sorted(reading.skipped.items()))
            reading.warn(
                f"{path.name} holds no words"
                + (f"; its pictures were left out ({left_out})." if left_out else " and no pictures."),
                "It can be found by nothing: export it again with its text, or remove it.",
            )

    @staticmethod
    def _is_trusted(reading: Reading) -> bool:
        return reading.reader.name in _TRUSTED_READERS and reading.row.size <= _TRUSTED_BYTES

    # pictures ----------------------------------------------------------------------------

    def _settle_pictures(self, reading: Reading) -> None:
        """Show a stored picture in the place of one inside a document that looks the same.

        Done in the order of the sources, so that the outcome does not depend on which is read first.
        """
        for element, value in reading.embedded:
            picture = element.picture
            if picture is None:
                continue
            other = self._near_duplicates.stored_like(picture.media_hash, value, reading.hashes)
            if other:
                picture.media_hash = other
                reading.skip("near-duplicate")
                self.dropped_media = True
        reading.embedded.clear()
        self.dropped_media |= reading.failure is not None


class _Receiver:
    """Takes what a reader yields and says of one source."""

    def __init__(self, owner: SourceReader, reading: Reading) -> None:
        self.owner = owner
        self.reading = reading
        self.media = owner.kb.media
        self.skip = reading.skip
        self.warn = reading.warn
        self.transcribe = owner.transcribe

    def read_here(self, options: dict[str, Any], *, transcribes: bool) -> None:
        """Read in this process."""
        path = self.reading.found.path
        context = ReadContext(
            **options,
            ocr=self.ocr if self.owner.describer is not None else None,
            transcribe=self.transcribe if transcribes else None,
            on_skip=self.skip,
            on_warning=self.warn,
            on_dependency=lambda other: self.depends(str(other)),
            on_progress=self.progress,
        )
        budget = OutputBudget(path)
        for element in read_file(path, context, reader=self.reading.reader):
            budget.take(element)
            self.element(element, hash_of(element))

    def ocr(self, picture: bytes) -> Any:
        assert self.owner.describer is not None
        return self.owner.describer.read(picture)

    def progress(self, done: int, total: int) -> None:
        self.owner.progress(f"read: {self.reading.found.path.name}", done, total)

    def depends(self, path: str) -> None:
        other = Path(os.path.abspath(path))
        key = text_of(other)
        if other != self.reading.found.path and all(d.path != key for d in self.reading.dependencies):
            try:
                digest, state = fingerprint_file(other)
                dependency = Dependency(key, digest, state.st_size, state.st_mtime_ns)
            except ReadError:
                dependency = Dependency(key, "", -1, -1)
            self.reading.dependencies.append(dependency)

    def element(self, element: Element, difference_hash: int | None) -> None:
        """Keep an element, its picture or clip in the media store."""
        element.text = _storable(element.text)
        if element.picture is not None:
            self._store(element.picture)
            if element.picture.media_hash == "":
                if element.kind == "picture":
                    return
                element.picture = None
            elif difference_hash is not None:
                self.reading.embedded.append((element, difference_hash))
        if element.clip is not None and element.clip.data is not None:
            element.clip.media_hash = self.media.put(element.clip.data, "audio/ogg")
            element.clip.data = None
        self.reading.elements.append(element)

    def _store(self, picture: Picture) -> None:
        """Put its bytes into the media store as they come, so that they do not pile up in memory."""
        try:
            data = picture.data if picture.data is not None else Path(picture.path or "")
            picture.media_hash = self.media.put(data, picture.mime)
        except OSError as error:
            self.skip("missing")
            self.warn(
                f"The picture {picture.reference!r} cannot be read: {error.strerror}.", "Correct the link."
            )
            return
        picture.data = None
        picture.alt, picture.caption = _storable(picture.alt), _storable(picture.caption)
        picture.words = _storable(picture.words)
        if picture.path is not None:
            own, root = Path(os.path.abspath(picture.path)), self.reading.found.root
            try:
                picture.media = text_of(own.relative_to(root).as_posix())
            except ValueError:  # beside the added folder
                picture.media = text_of(Path(os.path.relpath(own, root)).as_posix())


def _storable(text: str) -> str:
    r"""Return text that UTF-8 can hold: lone surrogates become ``\xNN`` where they stand for a byte, else ``?``."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        escaped = "".join(f"\\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else c for c in text)
        return escaped.encode("utf-8", "replace").decode()
    return text
