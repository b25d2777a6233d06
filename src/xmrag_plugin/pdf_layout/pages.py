"""A page as it is held while it is read: its handle, its words and lines, its pictures and paths."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from .boxes import Frame
from .document import PDFIUM_LOCK, frame_of
from .furniture import Margins
from .glyphs import Word, read_words
from .lines import Line, make_lines
from .page_objects import PageObjects, read_objects

__all__ = ["PageView", "load_page"]


@dataclass(slots=True)
class PageView:
    """One loaded page.

    Attributes:
        index: From 0.
        handle: The ``pypdfium2.PdfPage``; open until :meth:`close`.
        frame: How the page is shown.
        lines: Upright lines, from top to bottom.
        sideways: Words that are not upright (axis titles, margin stamps).
        objects: Pictures and paths.
        margins: Lines near its edges, for telling running headers.
    """

    index: int
    handle: Any
    frame: Frame
    lines: list[Line]
    sideways: list[Word]
    objects: PageObjects
    margins: Margins
    closed: bool = False

    def close(self) -> None:
        """Free PDFium's page."""
        if not self.closed:
            self.closed = True
            with PDFIUM_LOCK:
                self.handle.close()


def load_page(document: Any, index: int) -> PageView:
    """Load a page: text, pictures, paths."""
    with PDFIUM_LOCK:
        handle = document[index]
        try:
            frame = frame_of(handle)
            textpage = handle.get_textpage()
            try:
                words = read_words(textpage.raw, frame)
            finally:
                textpage.close()
            objects = read_objects(handle, frame)
        except BaseException:
            handle.close()
            raise
    words = [word for word in words if _on_page(word, frame)]
    lines = make_lines([word for word in words if word.type.turns == 0])
    sideways = [word for word in words if word.type.turns != 0]
    return PageView(index, handle, frame, lines, sideways, objects, Margins.of(index, lines, frame))


def main_turns(words: list[Word]) -> int:
    """Quarter turns of most of the text."""
    counts: Counter[int] = Counter()
    for word in words:
        counts[word.type.turns] += len(word.text)
    return counts.most_common(1)[0][0] if counts else 0


def _on_page(word: Word, frame: Frame) -> bool:
    x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
    return -2 <= x <= frame.width + 2 and -2 <= y <= frame.height + 2
