"""Reading a page's picture by OCR where its own text is missing or cannot be trusted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ....errors import XmragError
from ....images.decode import looks_blank
from . import measures as m
from .boxes import area, cover, overlap
from .crops import embedded_jpeg, encode, render
from .glyphs import Word
from .headings import Headings
from .outlines import Outlined, outlined_regions, without_outlines
from .page_objects import PageImage
from .pages import PageView
from .scans import (
    is_pictured,
    lettered_strips,
    placed_lines,
    scanned_image,
    turns_of_reading,
    unreadable_words,
    words_of_reading,
)

if TYPE_CHECKING:
    from ....images.lettering import OcrResult
    from ...context import ReadContext

__all__ = ["PageReading", "read_by_ocr"]

_OCR_SCALE = 200 / 72  # pixels per point
_MAX_STRIPS = 8  # of a page
_HINT = "OCR reads it: pip install 'xmrag-plugin[offline]', and leave XMRAG_OCR at auto."


@dataclass(slots=True)
class PageReading:
    """What was made of a page's picture.

    Attributes:
        scan: The picture that the page is, when it is a scan.
        data: The scan as it is to be kept.
        mime: Its media type.
        blank: Whether nothing is to be seen on it.
        text: What OCR read off the whole page.
    """

    scan: PageImage | None = None
    data: bytes = b""
    mime: str = ""
    blank: bool = False
    text: str = ""


def read_by_ocr(
    view: PageView, repeated: set[str], headings: Headings, context: ReadContext, name: str
) -> PageReading:
    """Give a page the words that OCR reads off it, where its own do not do.

    A scan without a text layer and a page whose fonts carry no Unicode are read whole; where only some words of a
    page cannot be read, they alone are replaced; headings set as flat pictures and lettering drawn as outlines are
    read one by one. Without
    ``context.ocr`` the page is named in a warning, and its picture is kept where it holds most of the words.

    Args:
        view: The page; its words may be replaced.
        repeated: Keys of pictures that come again on other pages.
        headings: Learns the size of type where the document's own text did not tell it.
        context: Holds the OCR.
        name: Of the file, for warnings.
    """
    images, page = view.objects.images, view.frame.box
    reading = PageReading(scan=scanned_image(images, view.words, page))
    if reading.scan is not None:
        _keep_scan(view, reading)
    if reading.blank:
        return reading
    unread = {id(word) for word in unreadable_words(view.words)}
    if unread:
        readable = [word for word in view.words if id(word) not in unread]
        every = sum(len(word.text) + word.faulty for word in view.words)
        if every - sum(len(word.text) for word in readable) > m.UNREAD_SHARE * every:
            readable = []
        view.set_words(readable)
    outlined = outlined_regions(view.objects.shapes, view.words)
    whole = bool(unread) or is_pictured(view.words, images, len(view.objects.shapes), page)
    if context.ocr is not None:
        if whole or len(outlined) > _MAX_STRIPS:
            _read_page(view, reading, headings, context, name)
        else:
            _read_strips(view, repeated, outlined, context, name)
    elif unread:
        _keep_unread(view, reading, context, name)
    elif outlined and not whole:
        context.on_warning(f"{name}: some of its words are drawn as outlines, and were left out.", _HINT)
    return reading


def _keep_unread(view: PageView, reading: PageReading, context: ReadContext, name: str) -> None:
    what = "some of the text"
    if not view.words:
        what = "the text"
        reading.scan = reading.scan or PageImage(view.frame.box, (0, 0), "", None)
        if not reading.data:
            _keep_scan(view, reading)
    kept = "The page is kept as a picture." if not view.words else "That text was left out."
    context.on_warning(
        f"{name}: the fonts of page {view.index + 1} do not say what {what} means. {kept}", _HINT
    )


def _keep_scan(view: PageView, reading: PageReading) -> None:
    shown = render(view, view.frame.box, scale=_OCR_SCALE)
    reading.blank = looks_blank(shown)
    if reading.blank:
        return
    scan, page = reading.scan, area(view.frame.box)
    layers = sum(area(image.box) > m.SCAN_SHARE * page for image in view.objects.images)
    jpeg = None
    if scan is not None and scan.raw is not None and layers < 2:  # paper may be one picture, its ink another
        jpeg = embedded_jpeg(view, scan)
    reading.data, reading.mime = (jpeg, "image/jpeg") if jpeg else encode(shown, photo=True)


def _read_page(
    view: PageView, reading: PageReading, headings: Headings, context: ReadContext, name: str
) -> None:
    shown = render(view, view.frame.box, scale=_OCR_SCALE)
    result = _read(encode(shown, photo=True)[0], context, f"{name}: page {view.index + 1}")
    if result is None:
        return
    reading.text = result.text
    lines = placed_lines(result.lines, shown.size, view.frame.box)
    turns = turns_of_reading(lines)
    if turns:
        view.turn(-turns)
        lines = [(text, view.frame.turn_back(box, turns)) for text, box in lines]
    words = words_of_reading(lines)
    if headings.body is None and words:
        before = view.frame.unit
        headings.learn(Counter(word.type.size * before for word in words for _ in word.text))
        view.rescale(headings.body)
        k = before / view.frame.unit
        words = words_of_reading([(text, (a * k, b * k, c * k, d * k)) for text, (a, b, c, d) in lines])
    if (turns or not view.words) and reading.scan is not None:
        reading.scan = scanned_image(view.objects.images, (), view.frame.box)
        _keep_scan(view, reading)
    known = view.words
    words = [
        word for word in words if not any(cover(word.box, other.box) > m.COVERED_SHARE / 2 for other in known)
    ]
    _add_words(view, words)


def _read_strips(
    view: PageView, repeated: set[str], outlined: Sequence[Outlined], context: ReadContext, name: str
) -> None:
    """Read headings that are pictures, and lettering that is drawn; their words join the page's own."""
    found: list[Word] = []
    pictured = lettered_strips(view.objects.images, repeated)[:_MAX_STRIPS]
    free = [strip for strip in pictured if not any(overlap(strip, word.box) > 0 for word in view.words)]
    for strip, region in [*((strip, None) for strip in free), *((region.box, region) for region in outlined)]:
        shown = render(view, strip, scale=_OCR_SCALE)
        if looks_blank(shown):
            continue
        result = _read(encode(shown, photo=False)[0], context, f"{name}: lettering that is no text")
        if result is None:
            return
        lines = placed_lines(
            [o for o in result.lines if o.confidence > m.MIN_OCR_CONFIDENCE and (region or len(o.text) > 2)],
            shown.size,
            strip,
        )
        found += words_of_reading(region.on_lines(lines) if region else lines, bold=region is None)
    if found:
        _add_words(view, found)


def _add_words(view: PageView, words: Sequence[Word]) -> None:
    """Add words that were read; the outlines that they were read off draw nothing more."""
    view.objects.shapes = without_outlines(view.objects.shapes, words)
    view.set_words([*view.words, *words])


def _read(picture: bytes, context: ReadContext, what: str) -> OcrResult | None:
    """Return what OCR reads off a picture; None, and a warning, where it fails."""
    if context.ocr is None:
        return None
    try:
        return context.ocr(picture)
    except XmragError as error:
        context.on_warning(f"{what} could not be read by OCR: {error.message}", error.hint)
        return None
