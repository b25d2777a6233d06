"""What a reader may do and whom it tells, and the gate that every picture of a document passes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MissingExtra, PictureError, SourceDamaged, SourceTooLarge
from ..text.listing import first_of
from ..types import MAX_PICTURE_PX, Picture

if TYPE_CHECKING:
    from ..images.lettering import OcrResult
    from .transcripts import Cue

__all__ = ["Budget", "ReadContext", "ReadOptions", "accept_picture", "accept_sole_picture"]

_MAX_NAMED = 10
MIN_DRAWING_PX = 40
"""Drawings have no pixels of their own; icons are 16 to 32 units wide."""
_OLD_NAMES = {"skip": "on_skip", "warn": "on_warning", "depends": "on_dependency", "progress": "on_progress"}

_log = logging.getLogger("xmrag_plugin.readers")
_LOG_SKIP = partial(_log.debug, "picture left out: %s")
_LOG_WARNING = partial(_log.warning, "%s %s")
_LOG_DEPENDENCY = partial(_log.debug, "uses %s")
_LOG_PROGRESS = partial(_log.debug, "%d of %d")


class Budget:
    """What the files inside one file may come to, all together: a harmless-looking archive may unpack to terabytes.

    Args:
        files: How many files.
        size: How many bytes, unpacked.
    """

    def __init__(self, files: int = 100_000, size: int = 2 << 30) -> None:
        self._files, self._size = files, size

    @property
    def spent(self) -> bool:
        """Return whether nothing more may be unpacked: the document is refused as a whole then."""
        return self._files < 0 or self._size < 0

    def take(self, called: str, size: int, files: int = 1) -> None:
        """Count what is unpacked.

        Raises:
            SourceTooLarge: If that is more than there may be.
        """
        self._files -= files
        self._size -= size
        if self.spent:
            what = "too many files" if self._files < 0 else "more than 2 GB of data"
            raise SourceTooLarge(
                f"{called} holds {what} in files inside files.", hint="Unpack it and add what matters of it."
            )


@dataclass(slots=True, init=False)
class ReadContext:
    """What a reader may do, and whom it tells.

    Attributes:
        root: The folder that was added: links may lead to files below it. The document's own folder where
            there is none.
        follow_links: Whether symbolic links may lead out of ``root``.
        min_picture_px: Pictures smaller than this on a side are left out (``small``).
        max_picture_px: Pictures of more pixels than this are not decoded.
        password: For encrypted files.
        pdf_parser: What reads PDFs: ``pdfium`` or ``docling``.
        pages: Whether pictures of whole pages are yielded too.
        hidden: Whether rows, columns, sheets and slides that are hidden are read too.
        allow_fetch: Whether linked URLs may be followed.
        ocr: Reads the words off a picture, for scanned pages.
        transcribe: Hears what is said, as :meth:`describers.transcript.Transcriber.transcribe` does:
            blocks of sound at 16,000 samples a second in, cues with times out.
        keep_sound: Whether readers of recordings yield clips of the sound itself too.
        on_skip: Called once for each picture left out, with the reason: ``small``, ``repeated``,
            ``blank``, ``damaged``, ``missing``, ``outside``, ``remote``, ``duplicate``, ``unsupported``,
            ``large`` (and, where stored pictures are known, ``near-duplicate``).
        on_warning: Called with ``(message, hint)`` for what does not stop the file: a broken link, a
            picture that cannot be decoded, a part that was not read.
        on_dependency: Called with each other file that the document uses, so that a change of it is noticed.
        on_progress: Called with ``(done, all)`` by readers of what is long: pages of a PDF, seconds of a
            recording.

        depth: How many files the document lies in: 1 for a mail's attachment.
        budget: What files inside the document may come to, all together.

    The four calls were named ``skip``, ``warn``, ``depends`` and ``progress`` before 0.2; those names are
    still taken and given.
    """

    root: Path | None = None
    follow_links: bool = False
    min_picture_px: int = 64
    max_picture_px: int = MAX_PICTURE_PX
    password: str | None = None
    pdf_parser: str = "pdfium"
    pages: bool = False
    hidden: bool = False
    allow_fetch: bool = False
    ocr: Callable[[bytes], OcrResult] | None = None
    transcribe: Callable[..., Iterator[Cue]] | None = None
    keep_sound: bool = False
    on_skip: Callable[[str], None] = _LOG_SKIP
    on_warning: Callable[[str, str], None] = _LOG_WARNING
    on_dependency: Callable[[Path], None] = _LOG_DEPENDENCY
    on_progress: Callable[[int, int], None] = _LOG_PROGRESS
    depth: int = 0
    budget: Budget = field(default_factory=Budget)

    def __init__(self, **given: Any) -> None:
        for old, name in _OLD_NAMES.items():
            if old in given:
                given[name] = given.pop(old)
        for each in fields(self):
            default = each.default if each.default_factory is MISSING else each.default_factory()
            setattr(self, each.name, given.pop(each.name, default))
        if given:
            raise TypeError(f"ReadContext has no field {next(iter(given))!r}.")

    def warn_of_hidden(self, path: Path, unseen: Iterable[str]) -> None:
        """Name in one warning what a document hides and was left out."""
        named = [what for what in unseen if what]
        if named:
            self.on_warning(
                f"{path.name}: hidden parts were not read: {first_of(named, _MAX_NAMED)}.",
                "Show them and save it again, or add it with --hidden (hidden=True).",
            )

    @property
    def skip(self) -> Callable[[str], None]:
        return self.on_skip

    @property
    def warn(self) -> Callable[[str, str], None]:
        return self.on_warning

    @property
    def depends(self) -> Callable[[Path], None]:
        return self.on_dependency

    @property
    def progress(self) -> Callable[[int, int], None]:
        return self.on_progress


ReadOptions = ReadContext
"""The name of :class:`ReadContext` before 0.2."""


def accept_picture(
    picture: Picture,
    context: ReadContext,
    *,
    document: str,
    read: Callable[[str], bytes | None] | None = None,
) -> Picture | None:
    """Look at a picture before it is yielded: what is junk is counted, what is damaged is reported too.

    A drawing (SVG) and a figure kept as PDF are rendered: the PNG goes to ``data``, the lettering to ``words``.

    Args:
        picture: With ``data`` or ``path`` set.
        context: Limits, and whom to tell.
        document: Name of the document, for the warning.
        read: Returns the bytes of what a drawing links to; without it a drawing shows nothing from outside.

    Returns:
        The picture with its media type, or None when it is left out.
    """
    from ..images.decode import looks_blank, open_picture, probe
    from ..images.metafile import bitmap_of_metafile, is_metafile, words_of_metafile
    from ..images.pdf_figure import is_pdf, render_pdf_figure
    from ..images.svg import Drawing, is_svg
    from .office_suite import convert

    called = (
        picture.reference[:200] if picture.reference and not picture.reference.startswith("data:") else ""
    )
    called = called or (picture.path.name if picture.path else "an embedded picture")
    try:
        source = _source_of(picture)
        if is_svg(source):
            drawing = Drawing(source if isinstance(source, bytes) else source.read_bytes())
            if min(drawing.size) < min(context.min_picture_px, MIN_DRAWING_PX):
                context.on_skip("small")
                return None
            picture.words = picture.words or drawing.words
            source = picture.data = drawing.render(read)
        elif is_pdf(source):
            picture.data, words = render_pdf_figure(source)
            source, picture.words = picture.data, picture.words or words
        elif isinstance(source, bytes) and is_metafile(source):
            picture.words = picture.words or words_of_metafile(source)
            rendered = bitmap_of_metafile(source) or convert(source, ".emf", "png")
            if rendered is None:
                context.on_skip("unsupported")
                context.on_warning(
                    f"{document}: {called} is a Windows metafile drawn as vectors and was left out"
                    f"{'; its words are kept' if picture.words else ''}.",
                    "Install LibreOffice, which renders it, or save it as PNG.",
                )
                return None
            source = picture.data = rendered
        width, height, mime = probe(source)
        if min(width, height) < _least_side(picture, context, max(width, height)):
            context.on_skip("small")
            return None
        if width * height > context.max_picture_px:
            context.on_skip("large")
            context.on_warning(
                f"{document}: the picture {called} has {width * height:,} pixels and was left out.",
                f"Scale it down, or raise max_picture_px ({context.max_picture_px:,}).",
            )
            return None
        if looks_blank(open_picture(source, context.max_picture_px, side=512)):
            context.on_skip("blank")
            return None
    except MissingExtra as error:
        context.on_skip("unsupported")
        context.on_warning(f"{document}: the picture {called} was left out: {error.message}", error.hint)
        return None
    except PictureError as error:
        context.on_skip("damaged")
        context.on_warning(f"{document}: the picture {called} was left out: {error.message}", error.hint)
        return None
    picture.mime = mime
    return picture


def accept_sole_picture(
    path: Path, context: ReadContext, *, read: Callable[[str], bytes | None] | None = None
) -> Picture | None:
    """Accept the picture that a whole file is; what is a warning inside a document is an error here.

    Raises:
        SourceDamaged: If it cannot be decoded or rendered.
    """
    warnings: list[tuple[str, str]] = []
    quiet = replace(context, on_warning=lambda message, hint: warnings.append((message, hint)))
    picture = Picture(path=path.resolve(), reference=path.name)
    accepted = accept_picture(picture, quiet, document=path.name, read=read)
    if warnings:
        raise SourceDamaged(warnings[0][0], hint=warnings[0][1])
    return accepted


def _source_of(picture: Picture) -> bytes | Path:
    source = picture.data if picture.data is not None else picture.path
    if source is None:
        raise PictureError("It has neither bytes nor a file.", hint="Save the document again.")
    return source


def _least_side(picture: Picture, context: ReadContext, longer_side: int) -> int:
    """Return the least side of a figure: a captioned strip (a row of phases, a scale) is one although it is low."""
    if picture.caption and longer_side >= 4 * context.min_picture_px:
        return context.min_picture_px // 2
    return context.min_picture_px
