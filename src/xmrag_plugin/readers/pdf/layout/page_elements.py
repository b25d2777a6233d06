"""A page's elements in reading order, with pictures encoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ....images.chart_values import chart_lines
from ....images.decode import looks_blank
from ....text.labels import is_table_label
from ....types import BBox, Element, ElementKind, Key, Picture, format_line_boxes, shift_line_boxes
from . import measures as m
from .blocks import Block
from .boxes import area, cover, grow, height, overlap, union, width
from .captions import CaptionSide
from .crops import embedded_jpeg, encode, is_backdrop, render
from .field_labels import as_shown
from .figures import Figure
from .flow import Hyphenation, flow_text
from .headers_footers import find_headers_footers, printed_number
from .headings import Headings
from .lines import join_words
from .listings import is_typewriter, is_typewritten_prose, listing_text
from .page_layout import NamedTable, PageLayout, anchors_in_tables, lay_out
from .page_objects import PageImage
from .page_reading import PageReading, read_by_ocr
from .pages import PageView
from .reading_order import in_reading_order
from .ruling_lines import sort_shapes
from .sideways import sideways_blocks
from .tables.continued import with_heading_of
from .tables.lattice import grid_boxes
from .tables.rows import Table, make_rows

if TYPE_CHECKING:
    from ...context import ReadContext

__all__ = ["PageReader"]

_PAGE_PX = 1400  # longer side of a page's picture
_TABLE_SCALE = 2.0  # pixels per point of a table's picture
_MAX_LIST = 1200
_LISTINGS = ("Listing", "Algorithm")


class PageReader:
    """Make elements of pages.

    Args:
        name: Of the file, for warnings.
        headings: Tells headings.
        context: What to leave out, whom to tell.
    """

    def __init__(self, name: str, headings: Headings, context: ReadContext) -> None:
        self.name = name
        self.headings = headings
        self.context = context
        self.sides = CaptionSide()
        self._typewritten = False
        self.hyphens = Hyphenation()
        self._open_table: tuple[int, Table] | None = None  # that ends a page, with the page's index

    def elements(self, view: PageView, others: Sequence[PageView]) -> Iterator[Element]:
        """Yield the elements of a page in reading order.

        Args:
            view: The page.
            others: Pages around it, for what repeats.
        """
        self._typewritten = is_typewriter(view.lines) and is_typewriter(
            line for other in others for line in other.lines
        )
        reading = read_by_ocr(view, self._repeated(view, others), self.headings, self.context, self.name)
        if self.context.pages and reading.scan is None:
            yield self._page(view)
        layout = self.layout(view, others, reading)
        around = [other.margins for other in others]
        printed = printed_number(view.margins, around, find_headers_footers(view.margins, around))
        items: list[Block | Figure | NamedTable] = [*layout.blocks, *layout.figures, *layout.tables]
        ordered = _with_columns_joined(in_reading_order(items, _box_with_caption))
        ordered = self._with_titles_joined(view, ordered)
        lettering = {id(word) for figure in layout.figures for word in figure.sideways}
        lettering |= {id(word) for table in layout.tables for word in table.table.turned}
        beside = [word for word in view.sideways if id(word) not in lettering]
        elsewhere = {word.text for other in others for word in other.sideways}
        ordered += sideways_blocks(beside, view.frame, elsewhere)
        self._continue_table(view, ordered)
        made = self._made(view, ordered)
        elements = list(_lists_joined(made, view.frame.unit))
        if reading.text:  # in the page's order, where columns or the pages of a spread stand side by side
            reading.text = "\n".join(element.text for element in elements if element.text)
        if reading.scan is not None:
            scan = self._scan(view, reading)
            if scan is not None:
                yield scan
        for element in elements:
            self._add_links(view, element)
            if printed and printed != str(view.index + 1):
                element.metadata["page_label"] = printed
            yield element
        yield from self._annotations(view)

    def _continue_table(self, view: PageView, items: Sequence[Block | Figure | NamedTable]) -> None:
        """Give a table at the top of the page the heading of one that ended the page before."""
        first, last = (items[0], items[-1]) if items else (None, None)
        if isinstance(first, NamedTable) and self._open_table is not None:
            page, table = self._open_table
            if page == view.index - 1:
                first.table = with_heading_of(table, first.table)
        self._open_table = (view.index, last.table) if isinstance(last, NamedTable) else None

    def _with_titles_joined(
        self, view: PageView, items: Sequence[Block | Figure | NamedTable]
    ) -> list[Block | Figure | NamedTable]:
        """Join the lines of a centred title that stand further apart than lines of text do."""
        joined: list[Block | Figure | NamedTable] = []
        for item in items:
            last = joined[-1] if joined else None
            if (
                isinstance(item, Block)
                and isinstance(last, Block)
                and _are_centred(last, item, view.frame.width / 2)
                and 0 < self._level(view, last) == self._level(view, item)
            ):
                joined[-1] = Block([*last.lines, *item.lines], union((last.box, item.box)))
            else:
                joined.append(item)
        return joined

    def _made(self, view: PageView, items: Sequence[Block | Figure | NamedTable]) -> Iterator[Element]:
        anchors = anchors_in_tables(items, view.index)
        for item in items:
            if isinstance(item, Block):
                element = self._block(view, item)
            elif isinstance(item, Figure):
                element = self._figure(view, item)
                if element is not None and id(item) in anchors:
                    element.metadata["anchor"] = anchors[id(item)]
            else:
                element = self._table(view, item)
                if item.holds:
                    element.metadata["cites"] = ",".join(anchors[id(figure)] for figure in item.holds)
            if element is not None:
                yield element

    def layout(
        self, view: PageView, others: Sequence[PageView], reading: PageReading | None = None
    ) -> PageLayout:
        """Return the page's parts."""
        headers_footers = find_headers_footers(view.margins, [other.margins for other in others])
        drawing = sort_shapes(view.objects.shapes, view.lines, view.frame)
        grids = [box for box in grid_boxes(drawing) if height(box) > m.GRID_HEIGHT * view.frame.height]
        lines = [
            line
            for line in view.lines
            if id(line) not in headers_footers
            or any(cover(line.box, grid) > m.GRID_ON_MARGIN for grid in grids)
        ]
        scan = reading.scan if reading is not None else None
        layers = m.SCAN_SHARE * area(view.frame.box) if scan is not None else float("inf")
        pictures = [image for image in view.objects.images if image is not scan and area(image.box) <= layers]
        images = self._images(pictures, view, others)
        return lay_out(
            lines, view.sideways, images, drawing, view.frame, view.index, self.headings, self.sides
        )

    def _repeated(self, view: PageView, others: Sequence[PageView]) -> set[str]:
        """Return the keys of the pictures that come again on most pages around."""
        if len(others) < 2:
            return set()
        needed = max(2, m.REPEATED_SHARE * len(others))
        return {
            key
            for key in {image.key for image in view.objects.images}
            if sum(any(other.key == key for other in page.objects.images) for page in others) >= needed
        }

    def _images(
        self, images: Sequence[PageImage], view: PageView, others: Sequence[PageView]
    ) -> list[PageImage]:
        kept: list[PageImage] = []
        seen: set[str] = set()
        repeated = self._repeated(view, others)
        for image in images:
            small = min(image.pixels) < self.context.min_picture_px
            if small or min(width(image.box), height(image.box)) < m.MIN_PICTURE:
                self.context.on_skip("small")
            elif image.pixels[0] * image.pixels[1] > self.context.max_picture_px:
                self.context.on_skip("large")
                self.context.on_warning(
                    f"{self.name}: a picture of {image.pixels[0]:,} × {image.pixels[1]:,} pixels on page "
                    f"{view.index + 1} was left out.",
                    f"Scale it down, or raise max_picture_px ({self.context.max_picture_px:,}).",
                )
            elif image.key in repeated:
                self.context.on_skip("repeated")
            elif image.key in seen:
                self.context.on_skip("duplicate")
            elif area(image.box) > m.UNDERLAY_SHARE * area(view.frame.box) and is_backdrop(view, image):
                self.context.on_skip("blank")
            else:
                seen.add(image.key)
                kept.append(image)
        return kept

    def _block(self, view: PageView, block: Block) -> Element | None:
        text, spans = flow_text(block.lines, self.hyphens)
        if not any(character.isalnum() for character in text):
            return None
        page, box = view.index + 1, view.box_as_shown(block.box)
        level = self._level(view, block)
        if level:
            return Element("heading", text, level=level, page=page, bbox=box)
        is_fixed = all(line.fixed for line in block.lines) and len(block.lines) > 1
        if is_fixed and not (self._typewritten and is_typewritten_prose(block.lines)):
            return Element("code", listing_text(block.lines), page=page, bbox=box)
        boxes = format_line_boxes(
            (start, end, *view.box_as_shown(line_box), page) for start, end, line_box in spans
        )
        kind: ElementKind = "list" if block.is_list else "paragraph"
        return Element(kind, text, page=page, bbox=box, metadata={Key.LINE_BOXES: boxes})

    def _text(self, block: Block | None) -> str:
        return flow_text(block.lines, self.hyphens)[0] if block else ""

    def _level(self, view: PageView, block: Block) -> int:
        levels = view.structure.levels
        if levels and len(block.text) < 300:
            found = {levels.get(word.origin.content, 0) for line in block.lines for word in line.words}
            if len(found) == 1:
                tagged = found.pop()
                if tagged:
                    return tagged
        return self.headings.level(block, view.index)

    def _figure(self, view: PageView, figure: Figure) -> Element | None:
        words = _words(figure)
        if not figure.images and not figure.shapes and figure.label.startswith(_LISTINGS):
            title = f"{self._text(figure.caption)}\n" if figure.caption else ""
            listing = title + listing_text(figure.lines)
            return Element("code", listing, page=view.index + 1, bbox=view.box_as_shown(figure.box))
        data: bytes | None = None
        mime = "image/jpeg"
        if figure.is_photo and len(figure.images) == 1 and not figure.lines:
            data = embedded_jpeg(view, figure.images[0])
        if data is None:
            margin = m.EDGE if figure.shapes or figure.lines else 0.0
            shown = render(view, grow(figure.box, margin), scale=_scale(figure) / view.frame.unit)
            if looks_blank(shown):
                self.context.on_skip("blank")
                return None
            photo = bool(figure.images) and 2 * area(union(i.box for i in figure.images)) > area(figure.box)
            data, mime = encode(shown, photo=photo)
        caption = self._text(figure.caption)
        contents = {image.content for image in figure.images} | {shape.content for shape in figure.shapes}
        alts = [alt for content, alt in view.structure.alts.items() if content in contents]
        picture = Picture(
            data=data,
            mime=mime,
            caption=caption,
            label=figure.label,
            words=words,
            alt=" ".join(dict.fromkeys(alts)),
        )
        page, box = view.index + 1, view.box_as_shown(figure.box)
        if is_table_label(figure.label):
            return Element("table", words, page=page, bbox=box, picture=picture)
        return Element("picture", page=page, bbox=box, picture=picture)

    def _table(self, view: PageView, item: NamedTable) -> Element:
        caption = self._text(item.caption)
        shown = render(view, grow(item.box, m.RULE_STEP), scale=_TABLE_SCALE / view.frame.unit)
        data, mime = encode(shown, photo=False)
        picture = Picture(data=data, mime=mime, caption=caption, label=item.label)
        box = view.box_as_shown(_box_with_caption(item))  # its words begin with its caption
        page = view.index + 1
        boxes = format_line_boxes(
            (start, end, *view.box_as_shown(cell), page) for start, end, cell in item.table.spans
        )
        metadata = {Key.LINE_BOXES: boxes} if boxes else {}
        return Element("table", item.table.markdown, page=page, bbox=box, picture=picture, metadata=metadata)

    def _page(self, view: PageView) -> Element:
        """Return a picture of the whole page."""
        scale = _PAGE_PX / max(view.frame.width, view.frame.height) / view.frame.unit
        data, mime = encode(render(view, view.frame.box, scale=scale), photo=True)
        return self._whole(view, Picture(data=data, mime=mime, label=f"Page {view.index + 1}"))

    def _scan(self, view: PageView, reading: PageReading) -> Element | None:
        """Return the picture that a scanned page is."""
        if reading.blank:
            self.context.on_skip("blank")
            return None
        picture = Picture(data=reading.data, mime=reading.mime, label=f"Page {view.index + 1}")
        picture.ocr = reading.text
        return self._whole(view, picture)

    def _whole(self, view: PageView, picture: Picture) -> Element:
        box = view.box_as_shown(view.frame.box)
        return Element(
            "picture", page=view.index + 1, bbox=box, picture=picture, metadata={Key.WHOLE_PAGE: True}
        )

    def _add_links(self, view: PageView, element: Element) -> None:
        if element.bbox is None or not view.annotations.links:
            return
        urls = [
            link.url
            for link in view.annotations.links
            if 2 * overlap(link.box, element.bbox) > area(link.box)
        ]
        if urls:
            element.metadata["links"] = " ".join(dict.fromkeys(urls))

    def _annotations(self, view: PageView) -> Iterator[Element]:
        """Yield the form fields as one list, then the notes."""
        page = view.index + 1
        fields = as_shown(view.annotations.fields, view.lines, view.box_as_shown)
        if fields:
            box = union(field.box for field in fields)
            rows = "\n".join(f"{field.name}: {field.value}".strip() for field in fields)
            yield Element("list", rows, page=page, bbox=box, metadata={"form": True})
        for note in view.annotations.notes:
            text = f"{note.author}: {note.text}" if note.author else note.text
            yield Element("note", text, page=page, bbox=note.box)
        for stamp in view.annotations.stamps:
            yield from self._stamp(view, stamp)

    def _stamp(self, view: PageView, box: BBox) -> Iterator[Element]:
        """Yield a stamp as a picture, so that its words are read with those of pictures."""
        shown = render(view, view.box_in_frame(box), scale=_TABLE_SCALE / view.frame.unit)
        if looks_blank(shown) or min(width(box), height(box)) < m.MIN_PICTURE:
            self.context.on_skip("blank" if looks_blank(shown) else "small")
            return
        data, mime = encode(shown, photo=False)
        yield Element("picture", page=view.index + 1, bbox=box, picture=Picture(data=data, mime=mime))


def _lists_joined(elements: Iterable[Element], unit: float) -> Iterator[Element]:
    """Yield the items of one list as one element, an item a line; long lists in several."""
    last: Element | None = None
    for element in elements:
        if last is not None:
            if _same_list(last, element, unit) and last.bbox and element.bbox:
                boxes = (
                    last.metadata[Key.LINE_BOXES],
                    shift_line_boxes(element.metadata[Key.LINE_BOXES], len(last.text) + 1),
                )
                last.metadata[Key.LINE_BOXES] = ";".join(filter(None, boxes))
                last.text = f"{last.text}\n{element.text}"
                last.bbox = union((last.bbox, element.bbox))
                continue
            yield last
        last = element
    if last is not None:
        yield last


def _same_list(last: Element, element: Element, unit: float) -> bool:
    if last.kind != "list" or element.kind != "list" or last.bbox is None or element.bbox is None:
        return False
    across = min(last.bbox[2], element.bbox[2]) - max(last.bbox[0], element.bbox[0])
    down = (element.bbox[1] - last.bbox[3]) / unit
    return (
        across > 0
        and m.LIST_STEP[0] < down < m.LIST_STEP[1]
        and len(last.text) + len(element.text) < _MAX_LIST
    )


def _with_columns_joined(items: Sequence[Block | Figure | NamedTable]) -> list[Block | Figure | NamedTable]:
    """Join paragraphs that go on in the next column: a word or sentence is broken between them."""
    joined: list[Block | Figure | NamedTable] = []
    for item in items:
        last = joined[-1] if joined else None
        if isinstance(item, Block) and isinstance(last, Block) and _continues_paragraph(last, item):
            joined[-1] = Block([*last.lines, *item.lines], union((last.box, item.box)))
        else:
            joined.append(item)
    return joined


def _continues_paragraph(last: Block, block: Block) -> bool:
    if block.box[0] < last.box[2] or block.box[1] > last.box[1]:  # the next column starts higher up
        return False
    text, more = last.text.rstrip(), block.text
    return (
        abs(last.size - block.size) < m.SAME_SIZE
        and last.bold == block.bold
        and len(text) > m.MIN_CONTINUED
        and text[-1] not in ".?!:;。！？"
        and more[:1].islower()
        and not block.is_list
    )


def _are_centred(last: Block, block: Block, middle: float) -> bool:
    """Return whether two blocks stand close below one another on one axis: the page's, or with edges that differ."""
    axes = [(box[0] + box[2]) / 2 for box in (last.box, block.box)]
    narrow = max(width(last.box), width(block.box)) < middle
    on_page = narrow and abs(axes[0] - middle) < m.CENTRED
    return (
        abs(axes[0] - axes[1]) < m.CENTRED
        and (on_page or abs(last.box[0] - block.box[0]) > m.EM)
        and 0 <= block.box[1] - last.box[3] < m.TITLE_STEP * block.size
    )


def _box_with_caption(item: Block | Figure | NamedTable) -> BBox:
    if isinstance(item, Block) or item.caption is None:
        return item.box
    return union((item.box, item.caption.box))


def _scale(figure: Figure) -> float:
    """Return the pixels per layout unit: that of the finest picture in it, or enough to read a drawing's lettering."""
    side = max(width(figure.box), height(figure.box), 1.0)
    scale = max(2.0, min(4.0, 1400 / side)) if figure.shapes or figure.lines else 1.0
    for image in figure.images:
        native = max(image.pixels) / max(width(image.box), height(image.box), 1.0)
        scale = max(scale, min(4.5, native, 1800 / side))
    return scale


def _words(figure: Figure) -> str:
    rows = make_rows(figure.lines)
    turned = " ".join(word.text for word in figure.sideways)
    chunks = [(join_words(chunk), union(word.box for word in chunk)) for row in rows for chunk in row.chunks]
    return "\n".join(filter(None, (*(row.text for row in rows), turned, *chart_lines(chunks))))
