"""A page's elements in reading order, with pictures encoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..pictures import looks_blank
from ..schema import BBox, Element, Picture
from .blocks import Block, make_blocks
from .boxes import cover, height, union, width
from .captions import CaptionSide, is_table_label
from .crops import embedded_jpeg, encode, render
from .document import PDFIUM_LOCK
from .figures import Figure
from .furniture import find_furniture
from .grid_tables import grid_boxes
from .headings import Headings
from .page_layout import NamedTable, PageLayout, lay_out
from .page_objects import PageImage
from .pages import PageView
from .reading_order import in_reading_order
from .rows import make_rows
from .rules import sort_shapes

if TYPE_CHECKING:
    from ..readers import ReadOptions

__all__ = ["PageReader"]

_LEAST_PT = 18.0


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
        self.sides = CaptionSide()

    def learn(self, view: PageView) -> None:
        """Take a page into account before it is its turn."""
        self.headings.learn(make_blocks(view.lines))

    def elements(self, view: PageView, others: Sequence[PageView]) -> Iterator[Element]:
        """Elements of a page in reading order.

        Args:
            view: The page.
            others: Pages around it, for what repeats.
        """
        layout = self.layout(view, others)
        items: list[Block | Figure | NamedTable] = [*layout.blocks, *layout.figures, *layout.tables]
        for item in in_reading_order(items, _box_with_caption):
            if isinstance(item, Block):
                element = self._block(view, item)
            elif isinstance(item, Figure):
                element = self._figure(view, item)
            else:
                element = self._table(view, item)
            if element is not None:
                yield element

    def layout(self, view: PageView, others: Sequence[PageView]) -> PageLayout:
        """The page's parts."""
        furniture = find_furniture(view.margins, [other.margins for other in others])
        drawing = sort_shapes(view.objects.shapes, view.lines, view.frame)
        grids = [box for box in grid_boxes(drawing) if height(box) > 0.2 * view.frame.height]
        lines = [
            line
            for line in view.lines
            if id(line) not in furniture or any(cover(line.box, grid) > 0.9 for grid in grids)
        ]
        images = self._images(view, others)
        return lay_out(
            lines,
            view.sideways,
            images,
            drawing,
            view.frame,
            view.index,
            self.headings,
            self.sides,
        )

    def _images(self, view: PageView, others: Sequence[PageView]) -> list[PageImage]:
        images: list[PageImage] = []
        seen: set[str] = set()
        for image in view.objects.images:
            small = min(image.pixels) < self.options.min_picture_px
            if small or min(width(image.box), height(image.box)) < _LEAST_PT:
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
            images.append(image)
        return images

    def _block(self, view: PageView, block: Block) -> Element | None:
        text = block.text
        if not any(character.isalnum() for character in text):
            return None
        page = view.index + 1
        level = self.headings.level(block, view.index)
        if level:
            return Element("heading", text, level=level, page=page, bbox=block.box)
        return Element("list" if block.is_list else "paragraph", text, page=page, bbox=block.box)

    def _figure(self, view: PageView, figure: Figure) -> Element | None:
        words = _words(figure)
        with PDFIUM_LOCK:
            data: bytes | None = None
            mime = "image/jpeg"
            if figure.is_photo and len(figure.images) == 1 and not figure.lines:
                data = embedded_jpeg(view.handle, view.frame, figure.images[0])
            if data is None:
                shown = render(view.handle, view.frame, figure.box, scale=_scale(figure))
                if looks_blank(shown):
                    self.options.skip("blank")
                    return None
                data, mime = encode(shown, photo=figure.is_photo and not figure.shapes)
        caption = figure.caption.text if figure.caption else ""
        picture = Picture(data=data, mime=mime, caption=caption, label=figure.label, words=words)
        page, box = view.index + 1, figure.box
        if is_table_label(figure.label):
            return Element("table", words, page=page, bbox=box, picture=picture)
        return Element("picture", page=page, bbox=box, picture=picture)

    def _table(self, view: PageView, item: NamedTable) -> Element:
        caption = item.caption.text if item.caption else ""
        with PDFIUM_LOCK:
            shown = render(view.handle, view.frame, _grown(item.box), scale=2.0)
        data, mime = encode(shown, photo=False)
        picture = Picture(data=data, mime=mime, caption=caption, label=item.label)
        return Element("table", item.table.markdown, page=view.index + 1, bbox=item.box, picture=picture)


def _grown(box: BBox) -> BBox:
    return (box[0] - 3, box[1] - 3, box[2] + 3, box[3] + 3)


def _box_with_caption(item: Block | Figure | NamedTable) -> BBox:
    if isinstance(item, Block) or item.caption is None:
        return item.box
    return union((item.box, item.caption.box))


def _scale(figure: Figure) -> float:
    """Pixels per point: that of the finest picture in it, or enough to read a drawing's lettering."""
    side = max(width(figure.box), height(figure.box), 1.0)
    scale = max(2.0, min(4.0, 1400 / side)) if figure.shapes or figure.lines else 1.0
    for image in figure.images:
        scale = max(scale, min(4.5, max(image.pixels) / max(width(image.box), height(image.box), 1.0)))
    return scale


def _words(figure: Figure) -> str:
    rows = [row.text for row in make_rows(figure.lines)]
    turned = " ".join(word.text for word in figure.sideways)
    return "\n".join(filter(None, (*rows, turned)))
