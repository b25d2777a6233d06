"""What a reader may do and whom it tells; and the gate that every picture passes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import MissingExtra, PictureError
from ..types import Picture

if TYPE_CHECKING:
    from ..images.lettering import OcrResult
    from .transcripts import Cue

__all__ = ["ReadOptions", "accept_picture"]

_LEAST_DRAWING_PX = 40
"""Drawings have no pixels of their own; icons are 16 to 32 units wide."""

_log = logging.getLogger("xmrag_plugin.readers")


def _count_nothing(reason: str) -> None:
    _log.debug("picture left out: %s", reason)


def _log_warning(message: str, hint: str) -> None:
    _log.warning("%s %s", message, hint)


def _tell_no_one(done: int, every: int) -> None:
    _log.debug("%d of %d", done, every)


def _depend_on_nothing(path: Path) -> None:
    _log.debug("uses %s", path)


@dataclass(slots=True)
class ReadOptions:
    """What a reader may do, and whom it tells.

    Attributes:
        min_picture_px: Pictures smaller than this on a side are left out (``small``).
        max_picture_px: Pictures of more pixels than this are not decoded.
        password: For encrypted files.
        pdf_parser: What reads PDFs: ``pdfium`` or ``docling``.
        pages: Whether pictures of whole pages are yielded too.
        allow_fetch: Whether linked URLs may be followed.
        ocr: Reads the words off a picture, for scanned pages.
        transcribe: Hears what is said, as :meth:`describers.transcript.Transcriber.transcribe` does:
            blocks of sound at 16,000 samples a second in, cues with times out.
        keep_sound: Whether readers of recordings yield clips of the sound itself too.
        skip: Called once for each picture left out, with the reason: ``small``, ``repeated``,
            ``blank``, ``damaged``, ``missing``, ``remote``, ``duplicate``, ``unsupported``, ``large``
            (and, where stored pictures are known, ``near-duplicate``).
        warn: Called with ``(message, hint)`` for what does not stop the file: a broken link, a picture
            that cannot be decoded.
        depends: Called with each other file that the document uses, so that a change of it is noticed.
        progress: Called with ``(done, all)`` by readers of what is long: pages of a PDF, seconds of a recording.
    """

    min_picture_px: int = 64
    max_picture_px: int = 150_000_000
    password: str | None = None
    pdf_parser: str = "pdfium"
    pages: bool = False
    allow_fetch: bool = False
    ocr: Callable[[bytes], OcrResult] | None = None
    transcribe: Callable[..., Iterator[Cue]] | None = None
    keep_sound: bool = False
    skip: Callable[[str], None] = _count_nothing
    warn: Callable[[str, str], None] = _log_warning
    depends: Callable[[Path], None] = _depend_on_nothing
    progress: Callable[[int, int], None] = _tell_no_one


def accept_picture(picture: Picture, options: ReadOptions, *, document: str) -> Picture | None:
    """Look at a picture before it is yielded: what is junk is counted, what is damaged is reported too.

    A drawing (SVG) is rendered: its PNG goes to ``data``, its lettering to ``words``.

    Args:
        picture: With ``data`` or ``path`` set.
        options: Limits, and whom to tell.
        document: Name of the document, for the warning.

    Returns:
        The picture with its media type, or None when it is left out.
    """
    from ..images.decode import looks_blank, open_picture, probe
    from ..images.metafile import bitmap_of_metafile, is_metafile, words_of_metafile
    from ..images.svg import is_svg, render_svg, svg_size, svg_words
    from .office_suite import convert

    called = (
        picture.reference[:200] if picture.reference and not picture.reference.startswith("data:") else ""
    )
    called = called or (picture.path.name if picture.path else "an embedded picture")
    try:
        if is_svg(picture.data if picture.data is not None else picture.path):
            drawing = picture.data if picture.data is not None else _file_of(picture).read_bytes()
            if min(svg_size(drawing)) < min(options.min_picture_px, _LEAST_DRAWING_PX):
                options.skip("small")
                return None
            picture.words = picture.words or svg_words(drawing)
            picture.data = render_svg(drawing, folder=picture.path.parent if picture.path else None)
        elif picture.data is not None and is_metafile(picture.data):
            picture.words = picture.words or words_of_metafile(picture.data)
            rendered = bitmap_of_metafile(picture.data) or convert(picture.data, ".emf", "png")
            if rendered is None:
                options.skip("unsupported")
                options.warn(
                    f"{document}: {called} is a Windows metafile drawn as vectors and was left out"
                    f"{'; its words are kept' if picture.words else ''}.",
                    "Install LibreOffice, which renders it, or save it as PNG.",
                )
                return None
            picture.data = rendered
        source = picture.data if picture.data is not None else _file_of(picture)
        width, height, mime = probe(source)
        if min(width, height) < _least_side(picture, options, max(width, height)):
            options.skip("small")
            return None
        if width * height > options.max_picture_px:
            options.skip("large")
            options.warn(
                f"{document}: the picture {called} has {width * height:,} pixels and was left out.",
                f"Scale it down, or raise max_picture_px ({options.max_picture_px:,}).",
            )
            return None
        if looks_blank(open_picture(source, options.max_picture_px, side=512)):
            options.skip("blank")
            return None
    except MissingExtra as error:
        options.skip("unsupported")
        options.warn(f"{document}: the picture {called} was left out: {error.message}", error.hint)
        return None
    except PictureError as error:
        options.skip("damaged")
        options.warn(f"{document}: the picture {called} was left out: {error.message}", error.hint)
        return None
    picture.mime = mime
    return picture


def _least_side(picture: Picture, options: ReadOptions, longer_side: int) -> int:
    """A captioned strip (a row of phases, a scale) is a figure although it is low."""
    if picture.caption and longer_side >= 4 * options.min_picture_px:
        return options.min_picture_px // 2
    return options.min_picture_px


def _file_of(picture: Picture) -> Path:
    if picture.path is None:
        raise PictureError("It has neither bytes nor a file.", hint="Mend the document.")
    return picture.path
