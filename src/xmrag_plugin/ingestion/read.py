"""Read one source in a worker process; its pictures go into the media store as they come."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ReadError, SourceChanged, StoreError, XmragError
from ..readers import Reader, read_file
from ..readers.context import ReadContext
from ..readers.pdf.docling import check_pdf_parser
from ..settings import Settings
from ..storage.catalog import Dependency, SourceRow
from ..storage.media_store import MediaStore
from ..text.untrusted import encodable
from ..types import Element, FileFailure, NodeRecord, Picture
from .scan import Found, fingerprint_file, text_of
from .worker import Job, Limits, OutputBudget, hash_of
from .workers import importable, shared_workers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..describers.ocr import OcrDescriber
    from ..readers.media.speech import Transcriber
    from ..readers.transcripts import Cue

__all__ = ["REMEMBERED", "FileReader", "Reading", "Vectors"]

REMEMBERED = ("pages", "hidden")
"""Options that stay as they are for a source, in its recipe, until the user says otherwise."""

_TRUSTED_BYTES = 64_000
_TRUSTED_READERS = frozenset({"plain_text"})
"""Short plain text is read in this process: nothing in it is parsed, and no process need be started."""


Vectors = dict[str, "dict[str, NDArray[np.float32]]"]
"""Unit vectors by space, and within it by content key, or by media hash for pictures and sounds."""


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
    _told: set[tuple[str, str]] = field(default_factory=set)
    records: list[NodeRecord] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)  # of pictures newly known, by media hash
    embedded: list[tuple[Element, int]] = field(default_factory=list)  # pictures inside, with their hashes
    lettering: dict[str, str] = field(default_factory=dict)  # read off pictures already, by media hash
    vectors: Vectors = field(default_factory=dict)  # made already
    spent: dict[str, float] = field(default_factory=dict)  # seconds, by stage, elsewhere than here
    failure: XmragError | None = None
    known: bool = False
    twin: str = ""  # path of a file with the same bytes, whose nodes serve for this one too
    is_written: bool = False

    @property
    def pictures(self) -> list[Picture]:
        """Return its pictures, in order."""
        return [element.picture for element in self.elements if element.picture is not None]

    @property
    def media(self) -> set[str]:
        """Hashes of the pictures and clips that it has brought into the media store."""
        made = [record.media_hash for record in self.records]
        found = [picture.media_hash for picture in self.pictures]
        return {key for key in (*made, *found) if key}

    def skip(self, reason: str) -> None:
        """Count a picture that was left out."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1

    def warn(self, message: str, hint: str = "") -> None:
        """Keep a warning, once, without the file's name before it, which stands beside it."""
        message = message.removeprefix(f"{Path(self.found.source).name}: ")
        if (message, hint) not in self._told:
            self._told.add((message, hint))
            self.warnings.append(FileFailure(self.found.source, encodable(message), encodable(hint)))

    def begin(self) -> None:
        """Forget what a first attempt has brought."""
        for held in (
            self.elements,
            self.dependencies,
            self.skipped,
            self.warnings,
            self._told,
            self.embedded,
        ):
            held.clear()
        self.let_go()

    def let_go(self) -> None:
        """Let go of what is stored by now: a run remembers every source, in case that another has the same bytes."""
        for held in (self.records, self.hashes, self.lettering, self.vectors):
            held.clear()


class FileReader:
    """Read one file at a time, within its limits. Safe to use from several threads.

    Args:
        settings: What bounds a reader, and what it is told.
        media: Where pictures and clips go as they come.
        describer: Reads scanned pages; None leaves them unread.
        options: Further plain fields of :class:`~xmrag_plugin.readers.ReadContext`.
        progress: Told how far a long file is read.
    """

    def __init__(
        self,
        settings: Settings,
        media: MediaStore,
        describer: OcrDescriber | None,
        options: dict[str, Any],
        progress: Callable[[str, int, int], None],
    ) -> None:
        self.settings = settings
        self.media = media
        self.describer = describer
        self.options = options
        self.progress = progress
        self.seconds = 0.0  # of all threads together
        check_pdf_parser(settings.pdf_parser)
        self._transcriber: Transcriber | None = None
        self._loading = threading.Lock()

    @cached_property
    def transcriber_name(self) -> str:
        """Return the name of the speech recogniser; ``""`` for none."""
        from ..describers.transcript import transcriber_name

        return transcriber_name(self.settings)

    def transcribe(self, blocks: Iterable[Any], language: str = "") -> Iterator[Cue]:
        """Recognise speech, with a model that is loaded for the first recording."""
        from ..describers.transcript import load_transcriber

        with self._loading:
            if self._transcriber is None:
                self._transcriber = load_transcriber(self.settings)
        assert self._transcriber is not None
        return self._transcriber.transcribe(blocks, language=language)

    def read(self, reading: Reading) -> None:
        """Read a file whose fingerprint its row has; what goes wrong with it is kept as its ``failure``.

        Raises:
            StoreError: If its pictures cannot be stored: no other file will do better.
        """
        started = time.perf_counter()
        row, path = reading.row, reading.found.path
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
        except StoreError:
            raise
        except XmragError as error:
            error.message, error.hint = encodable(error.message), encodable(error.hint)
            reading.failure = error
            reading.begin()
        self.seconds += time.perf_counter() - started

    def _read_once(self, reading: Reading) -> None:
        reading.begin()
        settings, path, reader = self.settings, reading.found.path, reading.reader
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


class _Receiver:
    """Take the elements, pictures and warnings that a reader gives of one source."""

    def __init__(self, owner: FileReader, reading: Reading) -> None:
        self.owner = owner
        self.reading = reading
        self.media = owner.media
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
        element.text = encodable(element.text)
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
        picture.alt, picture.caption = encodable(picture.alt), encodable(picture.caption)
        picture.words = encodable(picture.words)
        if picture.path is not None:
            own, root = Path(os.path.abspath(picture.path)), self.reading.found.root
            try:
                picture.media = text_of(own.relative_to(root).as_posix())
            except ValueError:  # beside the added folder
                picture.media = text_of(Path(os.path.relpath(own, root)).as_posix())
