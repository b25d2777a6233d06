"""Reading one source: its elements, its pictures into the media store, what it depends on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ReadError, SourceChanged, SourceDamaged, XmragError
from ..readers import Reader, ReadOptions
from ..readers.pdf.docling import check_pdf_parser
from ..storage.catalog import Dependency, SourceRow
from ..storage.knowledge_base import KnowledgeBase
from ..types import Element, FileFailure, Key, NodeRecord, Picture
from .near_duplicates import NearDuplicates
from .scan import Found, fingerprint_file

if TYPE_CHECKING:
    from ..describers.ocr import OcrDescriber
    from ..readers.media.speech import Transcriber
    from ..readers.transcripts import Cue

__all__ = ["PAGES", "Reading", "SourceReader"]

PAGES = "pages=True"
"""What stands in the recipe of a source whose pages are pictured."""


@dataclass(slots=True)
class Reading:
    """A source on its way."""

    row: SourceRow
    found: Found
    elements: list[Element] = field(default_factory=list)
    dependencies: list[Dependency] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    warnings: list[FileFailure] = field(default_factory=list)
    records: list[NodeRecord] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)  # of pictures newly known, by media hash
    failure: XmragError | None = None
    known: bool = False
    twin: str = ""  # path of a file with the same bytes, whose nodes serve for this one too

    @property
    def pictures(self) -> list[Picture]:
        return [element.picture for element in self.elements if element.picture is not None]


class SourceReader:
    """Reads the sources of one run.

    Args:
        kb: Where pictures go, and where copies are looked for.
        describer: Reads scanned pages; None leaves them unread.
        options: Further fields of :class:`~xmrag_plugin.readers.ReadOptions`.
        progress: Told how far a long file is read.
    """

    def __init__(
        self,
        kb: KnowledgeBase,
        describer: OcrDescriber | None,
        options: dict[str, Any],
        progress: Callable[[str, int, int], None],
    ) -> None:
        self.kb = kb
        self.describer = describer
        self.options = options
        self.progress = progress
        check_pdf_parser(kb.settings.pdf_parser)
        self._read_whole: dict[tuple[str, str], str] = {}
        self._transcriber: Transcriber | None = None
        self._near_duplicates = NearDuplicates(kb)

    @cached_property
    def transcriber_name(self) -> str:
        """What recordings are heard with; ``""`` for nothing."""
        from ..describers.transcript import transcriber_name

        return transcriber_name(self.kb.settings)

    def _transcribe(self) -> Callable[..., Iterator[Cue]] | None:
        """Loaded with the first recording."""
        if self._transcriber is None and self.transcriber_name:
            from ..describers.transcript import load_transcriber

            self._transcriber = load_transcriber(self.kb.settings)
        return self._transcriber.transcribe if self._transcriber is not None else None

    def read(self, found: Found, reader: Reader, known: SourceRow | None, recipe: str) -> Reading:
        """Read a source; what goes wrong with it is in ``failure``."""
        row = known or SourceRow(0, str(found.path), str(found.root), found.source)
        row.root, row.source = str(found.root), found.source
        reading = Reading(row=row, found=found, known=known is not None and known.sha256 != "")
        try:
            for _attempt in (1, 2):
                self._read_once(reading, reader, recipe)
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

    def _read_once(self, reading: Reading, reader: Reader, recipe: str) -> None:
        reading.elements.clear()
        reading.dependencies.clear()
        reading.skipped.clear()
        reading.warnings.clear()
        row, path = reading.row, reading.found.path
        row.read_ns = time.time_ns()
        row.sha256, state = fingerprint_file(path)
        row.size, row.mtime_ns = state.st_size, state.st_mtime_ns
        row.recipe = recipe
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
            pdf_parser=settings.pdf_parser,
            ocr=self.describer.read if self.describer is not None else None,
            transcribe=self._transcribe() if reader.name in ("audio", "video") else None,
            keep_sound=settings.keep_sound,
            skip=skip,
            warn=warn,
            depends=depends,
            progress=lambda done, every: self.progress(f"read: {path.name}", done, every),
            root=reading.found.root,
            **{**self.options, "pages": PAGES in recipe.split(" ")},
        )
        for element in reader.read(path, options):
            if element.picture is not None:
                if _may_be_a_copy(element):
                    self._show_stored(element.picture, reading, skip)
                self._store_picture(element.picture, reading, skip, warn)
                if element.picture.media_hash == "" and element.kind == "picture":
                    continue
                if element.picture.media_hash == "":
                    element.picture = None
            if element.clip is not None and element.clip.data is not None:
                element.clip.media_hash = self.kb.media.put(element.clip.data, "audio/ogg")
                element.clip.data = None
            reading.elements.append(element)
        if not reading.elements and not reading.warnings and reader.name != "image":
            left_out = ", ".join(f"{count} {reason}" for reason, count in sorted(reading.skipped.items()))
            warn(
                f"{path.name} holds no words"
                + (f"; its pictures were left out ({left_out})." if left_out else " and no pictures."),
                "It can be found by nothing: export it again with its text, or remove it.",
            )
        if not reading.dependencies:
            self._read_whole.setdefault((row.sha256, row.recipe), str(path))

    def _twin(self, row: SourceRow, path: Path) -> str:
        """Path of another file with these bytes that was read before, in this run or an earlier one."""
        other = self._read_whole.get((row.sha256, row.recipe), "")
        if not other:
            stored = self.kb.catalog.twin(row.sha256, row.recipe, exclude=str(path))
            other = stored.path if stored is not None else ""
        return other if other != str(path) else ""

    def _show_stored(self, picture: Picture, reading: Reading, skip: Callable[[str], None]) -> None:
        """A stored picture in the place of one inside a document that looks the same."""
        if picture.data is None or picture.path is not None:
            return
        picture.media_hash = self._near_duplicates.stored_like(picture.data, reading.hashes)
        if picture.media_hash:
            picture.data = None
            skip("near-duplicate")

    def _store_picture(
        self,
        picture: Picture,
        reading: Reading,
        skip: Callable[[str], None],
        warn: Callable[[str, str], None],
    ) -> None:
        """Bytes to the media store as they come, so that they do not pile up in memory."""
        if picture.media_hash:
            return
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


def _may_be_a_copy(element: Element) -> bool:
    """Pages, tables and the key pictures of a video are what they are, though they look alike."""
    timed = element.start_s is not None
    return element.kind == "picture" and not timed and not element.metadata.get(Key.WHOLE_PAGE)
