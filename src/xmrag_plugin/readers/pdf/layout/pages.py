"""A page as it is held while it is read: its handle, its words and lines, its pictures and paths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ....types import BBox
from .annotations import Annotations, read_annotations
from .boxes import Frame, height
from .document import PDFIUM_LOCK, frame_of
from .glyphs import Word, read_words
from .headers_footers import Margins
from .lines import Line, make_lines
from .page_objects import PageObjects, read_objects
from .structure import Structure, read_structure

__all__ = ["PageView", "load_page"]

_MARK_SIZE = 1.8  # of the usual size, from which words set aslant are a watermark


@dataclass(slots=True)
class PageView:
    """One loaded page.

    Attributes:
        index: From 0.
        handle: The ``pypdfium2.PdfPage``; open until :meth:`close`.
        shown: The page as a viewer shows it.
        frame: The page turned so that most of its text is upright; boxes are in it.
        turns: Quarter turns clockwise from ``shown`` to ``frame``.
        words: All words.
        lines: Upright lines, from top to bottom.
        sideways: Words that are not upright (axis titles, margin stamps).
        objects: Pictures and paths.
        margins: What stands near its edges, for telling running headers.
        annotations: Form fields, notes and links; their boxes are in ``shown``.
        structure: What a tagged document says of the page.
    """

    index: int
    handle: Any
    shown: Frame
    frame: Frame
    turns: int
    words: list[Word]
    objects: PageObjects
    annotations: Annotations
    structure: Structure
    lines: list[Line] = field(init=False)
    sideways: list[Word] = field(init=False)
    margins: Margins = field(init=False)
    closed: bool = False

    def __post_init__(self) -> None:
        self.set_words(self.words)

    def set_words(self, words: Sequence[Word]) -> None:
        """Give it other words, as when they were read by OCR."""
        self.words = list(words)
        inline = [image.box for image in self.objects.images if height(image.box) < 40]
        marks = {id(word) for word in _watermarks(words)}
        upright = [word for word in words if word.type.turns == 0 and id(word) not in marks]
        self.lines = make_lines(upright, inline=inline)
        self.sideways = [word for word in words if word.type.turns != 0]
        self.margins = Margins.of(self.index, self.lines, self.frame)

    def turn(self, turns: int) -> None:
        """Turn the page by further quarter turns clockwise; its words are to be set anew."""
        self.turns = (self.turns + turns) % 4
        self.frame = self.shown.turned(self.turns)
        with PDFIUM_LOCK:
            self.objects = read_objects(self.handle, self.frame)

    def box_as_shown(self, box: BBox) -> BBox:
        """A box of ``frame`` in points of the page as a viewer shows it, cut to the page."""
        x0, y0, x1, y1 = self.shown.turn_back(box, self.turns)
        wide, high = self.shown.width, self.shown.height
        cut = (max(0.0, x0), max(0.0, y0), min(wide, x1), min(high, y1))
        return (round(cut[0], 2), round(cut[1], 2), round(cut[2], 2), round(cut[3], 2))

    def close(self) -> None:
        """Free PDFium's page."""
        if not self.closed:
            self.closed = True
            with PDFIUM_LOCK:
                self.handle.close()


def load_page(document: Any, index: int, *, tagged: bool = False) -> PageView:
    """Load a page: text, pictures, paths, annotations.

    Args:
        document: The ``pypdfium2.PdfDocument``.
        index: From 0.
        tagged: Whether the document has a structure tree.
    """
    with PDFIUM_LOCK:
        handle = document[index]
        try:
            shown = frame = frame_of(handle)
            textpage = handle.get_textpage()
            try:
                words = _on_page(read_words(textpage.raw, frame), frame)
                turns = -_main_turns(words) % 4
                if turns:
                    frame = shown.turned(turns)
                    words = _on_page(read_words(textpage.raw, frame), frame)
            finally:
                textpage.close()
            objects = read_objects(handle, frame)
            annotations = read_annotations(document, handle.raw, shown)
            structure = read_structure(handle.raw) if tagged else Structure()
        except BaseException:
            handle.close()
            raise
    return PageView(index, handle, shown, frame, turns, words, objects, annotations, structure)


def _watermarks(words: Sequence[Word]) -> list[Word]:
    """Large words set aslant across a page of others: "DRAFT"."""
    plain = sorted(word.type.size for word in words if not word.type.slanted)
    if not plain:
        return []
    usual = plain[len(plain) // 2]
    return [word for word in words if word.type.slanted and word.type.size > _MARK_SIZE * usual]


def _main_turns(words: Sequence[Word]) -> int:
    """Quarter turns of most of the text."""
    counts: Counter[int] = Counter()
    for word in words:
        counts[word.type.turns] += len(word.text)
    if not counts:
        return 0
    turns, count = counts.most_common(1)[0]
    return turns if count > 0.6 * sum(counts.values()) else 0


def _on_page(words: Sequence[Word], frame: Frame) -> list[Word]:
    kept: list[Word] = []
    for word in words:
        x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
        if -2 <= x <= frame.width + 2 and -2 <= y <= frame.height + 2:
            kept.append(word)
    return kept
