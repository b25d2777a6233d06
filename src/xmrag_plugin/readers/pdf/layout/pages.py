"""A page as it is held while it is read: its handle, its words and lines, its pictures and paths."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ....types import BBox
from . import measures as m
from .annotations import Annotations, read_annotations
from .boxes import Frame, height
from .document import PDFIUM_LOCK, frame_of
from .drawn_bullets import with_drawn_bullets
from .drawn_underscores import join_at_underscores
from .glyphs import Word, read_words, type_sizes
from .headers_footers import Margins
from .line_numbers import without_line_numbers
from .lines import Line, make_lines
from .page_objects import PageObjects, read_objects
from .signs import show_signs
from .structure import Structure, read_structure
from .visibility import seen_words

__all__ = ["PageView", "open_page"]


@dataclass(slots=True)
class PageView:
    """One page: opened first, and read when the size of the document's body text is known.

    Attributes:
        index: From 0.
        handle: The ``pypdfium2.PdfPage``; open until :meth:`close`.
        textpage: The ``pypdfium2.PdfTextPage``; open until it is read.
        shown: The page as a viewer shows it.
        sizes: How many characters of a sample are set in each size, in points.
        annotations: Form fields, notes and links; their boxes are in points of the page as shown.
        structure: What a tagged document says of the page.
        layered: Whether the document may have layers that are switched off.
        frame: The page turned so that most of its text is upright; all further boxes are in it, in layout units.
        turns: Quarter turns clockwise from ``shown`` to ``frame``.
        vertical: Whether it is turned because its text is set vertically, so that its pictures stay as shown.
        words: All words that a reader sees.
        lines: Upright lines, from top to bottom.
        sideways: Words that are not upright (axis titles, margin stamps).
        objects: Pictures and paths.
        margins: What stands near its edges, by which running headers are found.
    """

    index: int
    handle: Any
    textpage: Any
    shown: Frame
    sizes: Counter[float]
    annotations: Annotations
    structure: Structure
    layered: bool = False
    frame: Frame = field(init=False)
    turns: int = 0
    vertical: bool = False
    words: list[Word] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    sideways: list[Word] = field(default_factory=list)
    objects: PageObjects = field(default_factory=PageObjects)
    margins: Margins = field(init=False)
    is_read: bool = False
    is_closed: bool = False

    def __post_init__(self) -> None:
        self.frame = self.shown

    def read(self, body: float | None) -> None:
        """Read words, pictures and paths.

        Args:
            body: Size of the document's body text in points; None where no text is known.
        """
        self.is_read = True
        whole = (self.shown.right - self.shown.left) * (self.shown.top - self.shown.bottom)
        size = body or max(1.0, m.EMPTY_PAGE_EM_SHARE * math.sqrt(max(0.0, whole)))
        self.shown = self.frame = self.shown.scaled(size / m.EM)
        with PDFIUM_LOCK:
            words = read_words(self.textpage.raw, self.frame)
            turns = -_main_turns(words) % 4
            if turns:
                self.vertical = _are_columns(words)
                self.turns, self.frame = turns, self.shown.turned(turns)
                words = read_words(self.textpage.raw, self.frame, vertical=self.vertical)
            show_signs(words, self.textpage.raw)
            self.textpage.close()
            self.objects = read_objects(self.handle, self.frame)
            words = seen_words(words, self.objects, self.handle, self.shown, self.turns, layered=self.layered)
        words = with_drawn_bullets(words, self.objects)
        self.set_words(join_at_underscores(words, self.objects.shapes))

    def set_words(self, words: Sequence[Word]) -> None:
        """Give it other words, as when they were read by OCR."""
        self.words = list(words)
        inline = [image.box for image in self.objects.images if height(image.box) < m.INLINE_PICTURE]
        marks = {id(word) for word in _watermarks(words)}
        upright = [word for word in words if word.type.turns == 0 and id(word) not in marks]
        self.lines = make_lines(without_line_numbers(upright), inline=inline)
        self.sideways = [word for word in words if word.type.turns != 0]
        self.margins = Margins.of(self.index, self.lines, self.frame)

    def rescale(self, body: float | None) -> None:
        """Set the layout units anew, by a size of body text in points; the page's words are to be set anew."""
        self.shown = self.shown.scaled((body or m.EM) / m.EM)
        self.turn(0)

    def turn(self, turns: int) -> None:
        """Turn the page by further quarter turns clockwise; its words are to be set anew."""
        self.turns = (self.turns + turns) % 4
        self.frame = self.shown.turned(self.turns)
        with PDFIUM_LOCK:
            self.objects = read_objects(self.handle, self.frame)

    def box_as_shown(self, box: BBox) -> BBox:
        """Return a box of ``frame`` in points of the page as a viewer shows it, cut to the page."""
        x0, y0, x1, y1 = self.shown.in_points(self.shown.turn_back(box, self.turns))
        _, _, wide, high = self.shown.in_points(self.shown.box)
        cut = (max(0.0, x0), max(0.0, y0), min(wide, x1), min(high, y1))
        return (round(cut[0], 2), round(cut[1], 2), round(cut[2], 2), round(cut[3], 2))

    def box_in_frame(self, box: BBox) -> BBox:
        """Return a box in points of the page as a viewer shows it as a box of ``frame``."""
        x0, y0, x1, y1 = (edge / self.shown.unit for edge in box)
        return self.frame.turn_back((x0, y0, x1, y1), -self.turns % 4)

    def close(self) -> None:
        """Free PDFium's page."""
        if not self.is_closed:
            self.is_closed = True
            with PDFIUM_LOCK:
                self.handle.close()


def open_page(document: Any, index: int, *, tagged: bool, layered: bool) -> PageView:
    """Open a page, with what is known of it without its text being read.

    Args:
        document: The ``pypdfium2.PdfDocument``.
        index: From 0.
        tagged: Whether the document has a structure tree.
        layered: Whether it may have layers that are switched off.
    """
    with PDFIUM_LOCK:
        handle = document[index]
        try:
            shown = frame_of(handle)
            textpage = handle.get_textpage()
            sizes = type_sizes(textpage.raw)
            annotations = read_annotations(document, handle.raw, shown)
            structure = read_structure(handle.raw) if tagged else Structure()
        except BaseException:
            handle.close()
            raise
    return PageView(index, handle, textpage, shown, sizes, annotations, structure, layered)


def _watermarks(words: Sequence[Word]) -> list[Word]:
    """Return the large words set aslant across a page of others: "DRAFT"."""
    plain = sorted(word.type.size for word in words if not word.type.slanted)
    if not plain:
        return []
    usual = plain[len(plain) // 2]
    return [word for word in words if word.type.slanted and word.type.size > m.WATERMARK_SIZE * usual]


def _main_turns(words: Sequence[Word]) -> int:
    """Return the quarter turns of most of the text."""
    counts: Counter[int] = Counter()
    for word in words:
        counts[word.type.turns] += len(word.text)
    if not counts:
        return 0
    turns, count = counts.most_common(1)[0]
    return turns if count > m.MAIN_DIRECTION_SHARE * sum(counts.values()) else 0


def _are_columns(words: Sequence[Word]) -> bool:
    """Return whether most of the turned text is upright glyphs in columns, as in Japanese books."""
    columns = sum(len(word.text) for word in words if word.is_column)
    return 2 * columns > sum(len(word.text) for word in words if word.type.turns)
