"""Reading a page's picture by OCR where its own text is missing or cannot be trusted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ....errors import XmragError
from ....images.decode import looks_blank
from .boxes import overlap
from .crops import embedded_jpeg, encode, render
from .glyphs import Word
from .headings import Headings
from .page_objects import PageImage
from .pages import PageView
from .scans import (
    is_garbled,
    lettered_strips,
    needs_reading,
    placed_lines,
    scanned_image,
    turns_of_reading,
    words_of_reading,
)

if TYPE_CHECKING:
    from ... import ReadOptions

__all__ = ["PageReading", "read_by_ocr"]

_OCR_SCALE = 200 / 72
_MOST_STRIPS = 8


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
    view: PageView, repeated: set[str], headings: Headings, options: ReadOptions, name: str
) -> PageReading:
    """Give a page the words that OCR reads off it, where its own do not do.

    A scan without a text layer and a page whose fonts carry no Unicode are read whole; headings set as
    flat pictures are read one by one. Without ``options.ocr`` the page's picture is kept all the same.

    Args:
        view: The page; its words may be replaced.
        repeated: Keys of pictures that come again on other pages.
        headings: Learns the size of type where the document's own text did not tell it.
        options: Holds the OCR.
        name: Of the file, for warnings.
    """
    images = view.objects.images
    reading = PageReading(scan=scanned_image(images, view.words, view.frame.box))
    garbled = is_garbled(view.words)
    if reading.scan is not None:
        _keep_scan(view, reading)
    if reading.blank:
        return reading
    if needs_reading(view.words, images, len(view.objects.shapes), view.frame.box):
        if options.ocr is not None:
            _read_page(view, reading, headings, options, name)
        elif garbled:
            view.set_words([])
            reading.scan = reading.scan or PageImage(view.frame.box, (0, 0), "", None)
            if not reading.data:
                _keep_scan(view, reading)
            options.warn(
                f"{name}: the fonts of page {view.index + 1} carry no readable text; its picture is kept.",
                "Install the OCR to have it read: pip install 'xmrag-plugin[offline]'",
            )
    elif options.ocr is not None:
        _read_strips(view, repeated, options, name)
    return reading


def _keep_scan(view: PageView, reading: PageReading) -> None:
    shown = render(view, view.frame.box, scale=_OCR_SCALE)
    reading.blank = looks_blank(shown)
    if reading.blank:
        return
    scan = reading.scan
    jpeg = embedded_jpeg(view, scan) if scan is not None and scan.raw is not None else None
    reading.data, reading.mime = (jpeg, "image/jpeg") if jpeg else encode(shown, photo=True)


def _read_page(
    view: PageView, reading: PageReading, headings: Headings, options: ReadOptions, name: str
) -> None:
    read = options.ocr
    if read is None:
        return
    shown = render(view, view.frame.box, scale=_OCR_SCALE)
    data, _ = encode(shown, photo=True)
    try:
        result = read(data)
    except XmragError as error:
        options.warn(f"{name}: page {view.index + 1} could not be read by OCR: {error.message}", error.hint)
        return
    reading.text = result.text
    lines = placed_lines(result.lines, shown.size, view.frame.box)
    turns = turns_of_reading(lines)
    if turns:
        view.turn(-turns)
        lines = [(text, view.frame.turn_back(box, turns)) for text, box in lines]
        if reading.scan is not None:
            reading.scan = scanned_image(view.objects.images, (), view.frame.box)
            _keep_scan(view, reading)
    words = words_of_reading(lines)
    sizes = Counter(word.type.size * view.frame.unit for word in words for _ in word.text)
    if headings.body is None and sizes:
        before = view.frame.unit
        headings.learn(sizes)
        view.rescale(headings.body)
        k = before / view.frame.unit
        lines = [(text, (x0 * k, y0 * k, x1 * k, y1 * k)) for text, (x0, y0, x1, y1) in lines]
        words = words_of_reading(lines)
        if reading.scan is not None:
            reading.scan = scanned_image(view.objects.images, (), view.frame.box)
    view.set_words(words)


def _read_strips(view: PageView, repeated: set[str], options: ReadOptions, name: str) -> None:
    """Read headings that are pictures; their words join the page's own."""
    read = options.ocr
    if read is None:
        return
    strips = lettered_strips(view.objects.images, repeated)
    found: list[Word] = []
    for strip in strips[:_MOST_STRIPS]:
        if any(overlap(strip, word.box) > 0 for word in view.words):
            continue
        shown = render(view, strip, scale=_OCR_SCALE)
        if looks_blank(shown):
            continue
        data, _ = encode(shown, photo=False)
        try:
            result = read(data)
        except XmragError as error:
            options.warn(f"{name}: a heading set as a picture could not be read: {error.message}", error.hint)
            return
        lines = [line for line in result.lines if line.confidence > 0.7 and len(line.text) > 2]
        found += words_of_reading(placed_lines(lines, shown.size, strip), bold=True)
    if found:
        view.set_words([*view.words, *found])
