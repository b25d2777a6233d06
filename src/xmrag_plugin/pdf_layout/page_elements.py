"""A page's elements: blocks, headings, figures with captions, in reading order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..pictures import looks_blank
from ..schema import BBox, Element, Picture
from .blocks import Block, make_blocks
from .boxes import area, cover, gap, height, width
from .captions import caption_label, is_table_label
from .crops import embedded_jpeg, encode, render
from .document import PDFIUM_LOCK
from .furniture import find_furniture
from .headings import Headings
from .page_objects import PageImage
from .pages import PageView
from .reading_order import in_reading_order

if TYPE_CHECKING:
    from ..readers import ReadOptions

__all__ = ["PageReader"]


@dataclass(slots=True)
class _Figure:
    box: BBox
    image: PageImage
    caption: Block | None = None


class PageReader:
    """Makes elements of pages.

    Args:
        document: The open ``pypdfium2.PdfDocument``.
        name: Of the file, for warnings.
        headings: Tells headings.
        options: What to leave out, whom to tell.
    """

    def __init__(self, document: Any, name: str, headings: Headings, options: ReadOptions) -> None:
        self.document = document
        self.name = name
        self.headings = headings
        self.options = options

    def learn(self, view: PageView) -> None:
        """Take a page into account before it is its turn."""
        self.headings.learn(make_blocks(view.lines))

    def elements(self, view: PageView, others: Sequence[PageView]) -> Iterator[Element]:
        """Elements of a page in reading order.

        Args:
            view: The page.
            others: Pages around it, for what repeats.
        """
        furniture = find_furniture(view.margins, [other.margins for other in others])
        blocks = make_blocks([line for line in view.lines if id(line) not in furniture])
        figures = self._figures(view, others)
        _attach_captions(figures, blocks)
        taken = {id(figure.caption) for figure in figures if figure.caption is not None}
        items: list[Block | _Figure] = [*figures, *(block for block in blocks if id(block) not in taken)]
        for item in in_reading_order(items, lambda item: item.box):
            element = self._figure(view, item) if isinstance(item, _Figure) else self._block(view, item)
            if element is not None:
                yield element

    def _block(self, view: PageView, block: Block) -> Element | None:
        text = block.text
        if not text:
            return None
        page = view.index + 1
        level = self.headings.level(block, view.index)
        if level:
            return Element("heading", text, level=level, page=page, bbox=block.box)
        return Element("list" if block.is_list else "paragraph", text, page=page, bbox=block.box)

    def _figures(self, view: PageView, others: Sequence[PageView]) -> list[_Figure]:
        figures: list[_Figure] = []
        seen: set[str] = set()
        for image in view.objects.images:
            if (
                min(image.pixels) < self.options.min_picture_px
                or min(width(image.box), height(image.box)) < 18
            ):
                self.options.skip("small")
                continue
            repeats = sum(any(other.key == image.key for other in page.objects.images) for page in others)
            if len(others) >= 2 and repeats >= max(2, 0.5 * len(others)):
                self.options.skip("repeated")
                continue
            if image.key in seen:
                self.options.skip("duplicate")
                continue
            seen.add(image.key)
            figures.append(_Figure(image.box, image))
        return figures

    def _figure(self, view: PageView, figure: _Figure) -> Element | None:
        image = figure.image
        with PDFIUM_LOCK:
            data = embedded_jpeg(view.handle, view.frame, image)
            if data is not None:
                mime = "image/jpeg"
            else:
                scale = max(1.0, min(4.5, max(image.pixels) / max(width(image.box), height(image.box))))
                shown = render(view.handle, view.frame, image.box, scale=scale)
                if looks_blank(shown):
                    self.options.skip("blank")
                    return None
                data, mime = encode(shown, photo=False)
        caption = figure.caption.text if figure.caption else ""
        label = caption_label(figure.caption) if figure.caption else ""
        picture = Picture(data=data, mime=mime, caption=caption, label=label)
        return Element("picture", page=view.index + 1, bbox=figure.box, picture=picture)


def _attach_captions(figures: list[_Figure], blocks: list[Block]) -> None:
    """Give each caption to the nearest figure above or below it."""
    for block in blocks:
        label = caption_label(block)
        if not label or is_table_label(label):
            continue
        best, nearest = None, 60.0
        for figure in figures:
            if figure.caption is not None or cover(block.box, figure.box) > 0.5:
                continue
            across, down = gap(figure.box, block.box)
            if across <= 10 and down < nearest and area(figure.box) > 0:
                best, nearest = figure, down
        if best is not None:
            best.caption = block
