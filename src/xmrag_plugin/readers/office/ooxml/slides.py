"""A PowerPoint presentation's slides as blocks, in showing order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from ....errors import SourceTooLarge
from ....types import BBox, Element
from ...archives import Archive
from ...markup.parse import Block, LinkedPicture, blocks_by_place, spread, table_blocks
from ...markup.parse.tables import Cell
from .charts import read_chart
from .drawings import (
    DrawingSource,
    block_of_chart,
    description_of,
    diagram_lines,
    is_hidden,
    picture_of_blip,
    text_body_lines,
)
from .grounds import SlideGround, seen_runs
from .layouts import MARGINAL, Layouts, box_of, number_of
from .names import DGM, MC, A, P, R, local

__all__ = ["Slide", "slides_of"]

_MIN_REPEATS = 4
_MAX_SLIDES = 5000
_MAX_DEPTH = 60
_TITLES = frozenset({"title", "ctrTitle"})
_CAPTION_REACH = 0.06  # of the slide's height

Transform = Callable[[BBox], BBox]


@dataclass(slots=True)
class Slide:
    """One slide.

    Attributes:
        number: From 1, in showing order.
        title: Its title's words.
        blocks: Its content in reading order, notes last.
        repeated: How many pictures were left out because most slides show them.
        part: Name of its part.
        hidden: Whether it is left out when the slides are shown.
        around: Lines that it takes from its layout and master, and its footer.
    """

    number: int
    title: str
    blocks: list[Block]
    repeated: int = 0
    part: str = ""
    hidden: bool = False
    around: list[str] = field(default_factory=list)


def slides_of(archive: Archive, part: str) -> Iterator[Slide]:
    """Yield the slides of a presentation whose main part is ``part``; each slide once, however often it is listed.

    Raises:
        SourceTooLarge: If there are more than 5,000 slides.
    """
    tree = archive.tree(part)
    relations = archive.relations(part)
    listed = tree.iter(f"{P}sldId") if tree is not None else ()
    linked = (relations.get(node.get(f"{R}id") or "") for node in listed)
    targets = list(dict.fromkeys(relation.target for relation in linked if relation is not None))
    if len(targets) > _MAX_SLIDES:
        raise SourceTooLarge(
            f"{archive.path.name} has {len(targets):,} slides.", hint="Split the presentation."
        )
    size = tree.find(f"{P}sldSz") if tree is not None else None
    width, height = (
        number_of(size, name, default) for name, default in (("cx", 12_192_000), ("cy", 6_858_000))
    )
    repeated = _repeated_pictures(archive, targets)
    layouts = Layouts(archive)
    for number, target in enumerate(targets, 1):
        slide = archive.tree(target)
        if slide is not None:
            found = _SlideWalker(archive, target, number, repeated, (width, height), layouts).read(slide)
            found.part, found.hidden = target, slide.get("show") in ("0", "false")
            found.around = list(layouts.words_around(target, slide))
            yield found


def _repeated_pictures(archive: Archive, slides: list[str]) -> frozenset[str]:
    """Return the picture parts that stand on most slides: logos and backgrounds."""
    counts: Counter[str] = Counter()
    for slide in slides:
        links = archive.relations(slide).values()
        counts.update({link.target for link in links if link.kind == "image" and not link.external})
    least = max(_MIN_REPEATS, len(slides) // 2 + 1)
    return frozenset(target for target, count in counts.items() if count >= least)


class _SlideWalker:
    def __init__(
        self,
        archive: Archive,
        part: str,
        number: int,
        repeated: frozenset[str],
        size: tuple[float, float],
        layouts: Layouts,
    ) -> None:
        self._layouts = layouts
        self._repeated_pictures = repeated
        self._size = size
        self._repeated = 0
        self._archive = archive
        self._source = DrawingSource(archive, part)
        self._number = number
        self._titles: list[str] = []
        self._items: list[tuple[BBox | None, list[Block]]] = []
        self._blocks: list[Block] = []  # of the shape that is read

    def read(self, tree: Any) -> Slide:
        self._ground = SlideGround(self._archive, self._source.part, tree)
        for shapes in tree.iter(f"{P}spTree"):
            self._shapes(shapes, lambda box: box, 0)
        blocks = blocks_by_place(self._items, reach=_CAPTION_REACH * self._size[1])
        self._blocks = blocks
        self._notes()
        title = " ".join(filter(None, self._titles))
        if title:
            level = 1 if self._number == 1 else 2
            blocks.insert(0, Block(Element(kind="heading", text=title, level=level)))
        for block in blocks:
            block.element.page = self._number
        return Slide(self._number, title, blocks, self._repeated)

    def _shapes(self, parent: Any, place: Transform, depth: int) -> None:
        for shape in parent:
            name = local(shape)
            if is_hidden(shape):
                continue
            if name == "grpSp" and depth < _MAX_DEPTH:
                self._shapes(shape, _group_transform(shape, place), depth + 1)
            elif name == "AlternateContent":
                before = len(self._items)
                for choice in shape.iterchildren(f"{MC}Choice", f"{MC}Fallback"):
                    if len(self._items) == before:
                        self._shapes(choice, place, depth)
            elif name and name not in ("nvGrpSpPr", "grpSpPr", "extLst"):
                self._read_shape(shape, name, place)

    def _read_shape(self, shape: Any, name: str, place: Transform) -> None:
        """Read one shape; one that lies off the slide is not seen and not read."""
        box = box_of(shape)
        box = place(box) if box is not None else self._layouts.box_of(self._source.part, shape)
        width, height = self._size
        if box is not None and (box[2] <= 0 or box[3] <= 0 or box[0] >= width or box[1] >= height):
            return
        self._blocks = []
        self._colour = self._ground.under(shape, box)
        if name == "pic":
            self._picture(shape)
        elif name == "graphicFrame":
            self._frame(shape)
        else:
            self._shape(shape)
        if self._blocks:
            self._items.append((box, self._blocks))

    def _shape(self, shape: Any) -> None:
        placeholder = next(shape.iter(f"{P}ph"), None)
        kind = placeholder.get("type", "obj") if placeholder is not None else ""
        if kind in MARGINAL:
            return
        for blip in shape.iterfind(f"{P}spPr/{A}blipFill/{A}blip"):
            self._show(blip, description_of(shape))
        body = next((node for node in shape.iter() if local(node) == "txBody"), None)
        seen = seen_runs(self._ground, self._colour)
        styles = self._layouts.list_styles_of(self._source.part, shape)
        lines = list(text_body_lines(body, seen, styles)) if body is not None else []
        if kind in _TITLES:
            self._titles.append(" ".join(text for _, _, text in lines))
            return
        listed = kind in ("obj", "body") and len(lines) > 1
        self._lines(lines, listed)

    def _lines(self, lines: list[tuple[int, str | None, str]], listed: bool) -> None:
        """Add marked paragraphs as lists, the others as paragraphs."""
        items: list[str] = []
        for level, mark, text in lines:
            mark = ("-" if listed or level > 0 else "") if mark is None else mark
            if mark:
                items.append(f"{'  ' * level}{mark} {text}")
                continue
            self._close(items)
            self._blocks.append(Block(Element(kind="paragraph", text=text)))
        self._close(items)

    def _close(self, items: list[str]) -> None:
        if items:
            self._blocks.append(Block(Element(kind="list", text="\n".join(items))))
            items.clear()

    def _picture(self, shape: Any) -> None:
        for blip in shape.iter(f"{A}blip"):
            self._show(blip, description_of(shape))
            return

    def _show(self, blip: Any, alt: str) -> None:
        relation = self._archive.relations(self._source.part).get(blip.get(f"{R}embed") or "")
        if relation is not None and relation.target in self._repeated_pictures:
            self._archive.pass_over(relation.target)
            self._repeated += 1
            return
        picture = picture_of_blip(blip, self._source, alt=alt)
        if picture is not None:
            self._blocks.append(Block(Element(kind="picture"), picture))

    def _frame(self, frame: Any) -> None:
        for table in frame.iter(f"{A}tbl"):
            self._table(table)
        for reference in frame.iter():
            if local(reference) == "chart" and reference.get(f"{R}id"):
                tree = self._source.tree(reference.get(f"{R}id"))
                if tree is not None:
                    self._blocks.append(block_of_chart(read_chart(tree)))
        for reference in frame.iter(f"{DGM}relIds"):
            self._close(diagram_lines(reference, self._source))
        for blip in frame.iter(f"{A}blip") if next(frame.iter(f"{A}tbl"), None) is None else ():
            self._show(blip, description_of(frame))
            break

    def _table(self, table: Any) -> None:
        rows: list[list[Cell]] = []
        filled: list[tuple[int, int, LinkedPicture]] = []
        for row in table.iterchildren(f"{A}tr"):
            cells: list[Cell] = []
            for column, cell in enumerate(row.iterchildren(f"{A}tc")):
                for blip in cell.iterfind(f"{A}tcPr/{A}blipFill/{A}blip"):
                    picture = picture_of_blip(blip, self._source)
                    if picture is not None:
                        filled.append((len(rows), column, picture))
                if cell.get("hMerge") in ("1", "true") or cell.get("vMerge") in ("1", "true"):
                    continue
                body = cell.find(f"{A}txBody")
                said = text_body_lines(body) if body is not None else ()
                lines = [f"{(mark or '').removeprefix('-')} {text}".strip() for _, mark, text in said]
                cells.append(
                    (
                        "\n".join(lines),
                        int(number_of(cell, "gridSpan", 1)),
                        int(number_of(cell, "rowSpan", 1)),
                    )
                )
            rows.append(cells)
        blocks = table_blocks(spread(rows), filled)
        for block in blocks[:1]:
            widths = (number_of(node, "w") for node in table.iter(f"{A}gridCol"))
            heights = (number_of(node, "h") for node in table.iterchildren(f"{A}tr"))
            block.edges = (_shares(widths), _shares(heights))
        self._blocks += blocks

    def _notes(self) -> None:
        """Add the speaker's notes, and comments on the slide."""
        for relation in self._archive.relations(self._source.part).values():
            if relation.kind == "notesSlide" and not relation.external:
                tree = self._archive.tree(relation.target)
                for shape in tree.iter(f"{P}sp") if tree is not None else ():
                    placeholder = next(shape.iter(f"{P}ph"), None)
                    body = shape.find(f"{P}txBody")
                    if body is None or placeholder is None or placeholder.get("type") != "body":
                        continue
                    text = "\n".join(line for _, _, line in text_body_lines(body))
                    if text:
                        self._blocks.append(Block(Element(kind="note", text=text)))
            elif relation.kind == "comments" and not relation.external:
                tree = self._archive.tree(relation.target)
                for text in _comments_in(tree) if tree is not None else ():
                    self._blocks.append(Block(Element(kind="note", text=f"Comment: {text}")))


def _shares(lengths: Iterable[float]) -> list[float]:
    """Return where parts of these lengths end, as shares of the whole; nothing where they have none."""
    ends = list(accumulate(lengths))
    return [end / ends[-1] for end in ends] if ends and ends[-1] > 0 else []


def _comments_in(tree: Any) -> Iterator[str]:
    """Yield the comments of a slide, each before its replies, in the older and the newer form."""
    for node in tree.iter():
        if local(node) == "text" and (node.text or "").strip():
            yield node.text.strip()
        elif local(node) == "cm":
            replies = (reply for reply in node.iter() if local(reply) == "reply")
            for said in (node, *replies):
                bodies = (body for body in said if local(body) == "txBody")
                text = "\n".join(line for body in bodies for _, _, line in text_body_lines(body))
                if text:
                    yield text


def _group_transform(group: Any, outer: Transform) -> Transform:
    """Return how boxes inside a group lie on the slide."""
    box = box_of(group)
    frame = group.find(f"{P}grpSpPr/{A}xfrm")
    offset = frame.find(f"{A}chOff") if frame is not None else None
    extent = frame.find(f"{A}chExt") if frame is not None else None
    if box is None or offset is None or extent is None:
        return outer
    x, y = number_of(offset, "x"), number_of(offset, "y")
    across = (box[2] - box[0]) / (number_of(extent, "cx") or 1)
    down = (box[3] - box[1]) / (number_of(extent, "cy") or 1)

    def transform(inner: BBox) -> BBox:
        left, top = box[0] + (inner[0] - x) * across, box[1] + (inner[1] - y) * down
        right, bottom = box[0] + (inner[2] - x) * across, box[1] + (inner[3] - y) * down
        return outer((left, top, right, bottom))

    return transform
