"""Figures: pictures and drawn shapes that belong together, told apart from boxes around text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ....types import BBox
from .blocks import Block
from .boxes import area, contains, cover, gap, grow, height, overlap, union, width
from .charts import has_bars, unshaded
from .glyphs import Word
from .lines import Line
from .measures import (
    EM,
)
from .page_objects import PageImage, Shape
from .ruling_lines import Drawing

__all__ = ["Figure", "cluster_figures", "is_drawing", "is_prose", "pictured", "take_labels"]

_TOUCH = 6.0
_ACROSS, _DOWN = 40.0, 32.0
_MANY = 2000


@dataclass(slots=True)
class Figure:
    """A figure on the page.

    Attributes:
        box: Around all that belongs to it, labels included.
        images: Raster pictures in it.
        shapes: Drawn shapes in it.
        lines: Its labels: lines inside it, or next to it, that are no running text.
        caption: The block that names it.
        label: "Figure 3", "" when it has none.
        core: Around its pictures and shapes alone.
    """

    box: BBox
    images: list[PageImage] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    sideways: list[Word] = field(default_factory=list)
    caption: Block | None = None
    label: str = ""
    core: BBox = (0.0, 0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        self.core = self.box

    @property
    def is_photo(self) -> bool:
        """Whether it is one raster picture, perhaps in strips, and perhaps a frame around it."""
        if not self.images:
            return False
        whole = area(union(image.box for image in self.images))
        seamless = len(self.images) == 1 or sum(area(image.box) for image in self.images) > 0.95 * whole
        return seamless and all(
            not shape.curved
            and (area(shape.box) > 0.7 * whole or min(width(shape.box), height(shape.box)) < 3)
            for shape in self.shapes
        )

    def absorb(self, other: Figure) -> None:
        """Take another one's parts."""
        self.box = union((self.box, other.box))
        self.core = union((self.core, other.core))
        self.images += other.images
        self.shapes += other.shapes
        self.lines += other.lines
        self.sideways += other.sideways


def is_prose(block: Block) -> bool:
    """Whether a block is running text, which no figure swallows."""
    text = block.text
    words = len(text.split())
    per_line = words / len(block.lines)
    if block.size < 0.8 * EM:
        return len(text) > 200 and per_line > 8
    if len(block.lines) == 1:
        return len(text) > 70 and words > 9
    return len(text) > 90 and per_line >= 4.5


def pictured(figures: Sequence[Figure]) -> list[BBox]:
    """Boxes of figures that are charts or diagrams beyond doubt: several curves or slanted lines, or bars."""
    boxes: list[BBox] = []
    for figure in figures:
        art = [shape for shape in figure.shapes if shape.curved]
        large = any(width(shape.box) > 14 and height(shape.box) > 14 for shape in art)
        fills = [shape for shape in figure.shapes if shape.fill and not shape.curved]
        if (len(art) >= 4 and large) or has_bars(fills):
            boxes.append(figure.box)
    return boxes


def cluster_figures(
    images: Sequence[PageImage], drawing: Drawing, walls: Sequence[BBox], taken: Sequence[BBox]
) -> list[Figure]:
    """Pictures and shapes in groups that stand close together.

    Args:
        images: Raster pictures worth keeping.
        drawing: The page's shapes.
        walls: Boxes of running text, headings, captions and tables: no group reaches across one.
        taken: Boxes whose shapes are spoken for (tables).
    """
    figures = [Figure(image.box, [image]) for image in images]
    figures = _merge(figures, _tiles)
    free = [
        shape
        for shape in (*drawing.fills, *drawing.art, *drawing.frames)
        if not any(cover(shape.box, box) > 0.6 for box in taken)
    ]
    if len(free) > _MANY:  # a map, a cloud of points: one of those that lie in one place will do
        free = list({tuple(round(edge / 4) for edge in shape.box): shape for shape in free}.values())
    drawn: list[Figure] = []
    for shape in sorted(free, key=lambda shape: -area(shape.box)):
        home: Figure | None = None
        reach = grow(shape.box, _TOUCH)
        kept: list[Figure] = []
        for figure in drawn:
            if overlap(reach, figure.box) > 0:
                if home is None:
                    home = figure
                    kept.append(figure)
                else:
                    home.absorb(figure)
            else:
                kept.append(figure)
        drawn = kept
        if home is None:
            drawn.append(Figure(shape.box, [], [shape]))
        else:
            home.box = home.core = union((home.box, shape.box))
            home.shapes.append(shape)
    figures = _merge(figures + drawn, lambda one, other: _touching(one, other, walls))
    figures = _merge(figures, lambda one, other: _near(one, other, walls))
    for rule in (*drawing.across, *drawing.down):
        if any(cover(rule, box) > 0.6 for box in taken):
            continue
        for figure in figures:
            if (
                figure.shapes
                and overlap(grow(rule, 4.0), figure.box) > 0
                and _in_proportion(rule, figure.box)
            ):
                figure.box = figure.core = union((figure.box, rule))
                figure.shapes.append(Shape(rule, 2))
                break
    return _merge(figures, lambda one, other: _near(one, other, walls))


def _merge(figures: list[Figure], joins: Callable[[Figure, Figure], bool]) -> list[Figure]:
    changed = True
    while changed and len(figures) > 1:
        changed = False
        kept: list[Figure] = []
        for figure in figures:
            for other in kept:
                if joins(other, figure):
                    other.absorb(figure)
                    changed = True
                    break
            else:
                kept.append(figure)
        figures = kept
    return figures


def _tiles(one: Figure, other: Figure) -> bool:
    """Strips of one picture, or pictures laid over one another."""
    across, down = gap(one.box, other.box)
    small, large = sorted((area(one.box), area(other.box)))
    if overlap(one.box, other.box) > 0.3 * small and (large < 6 * small or large < 60_000):
        return True
    if across <= 1.2 and down <= 1.2:
        if across > down:
            return abs(one.box[1] - other.box[1]) < 2 and abs(one.box[3] - other.box[3]) < 2
        return abs(one.box[0] - other.box[0]) < 2 and abs(one.box[2] - other.box[2]) < 2
    return False


def _touching(one: Figure, other: Figure, walls: Sequence[BBox]) -> bool:
    if one.images and other.images and not (one.shapes or other.shapes):
        return False
    if overlap(grow(one.box, _TOUCH), other.box) <= 0:
        return False
    return not _walled(one, other, walls)


def _near(one: Figure, other: Figure, walls: Sequence[BBox]) -> bool:
    if not (one.shapes or other.shapes) or (one.is_photo and other.is_photo):
        return False
    across, down = gap(one.box, other.box)
    level = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    alike = level > 0.6 * max(height(one.box), height(other.box))  # panels in a row
    if across > (90 if alike and one.shapes and other.shapes else _ACROSS):
        return False
    if down > _DOWN or (across > 12 and down > 12):
        return False
    return not _walled(one, other, walls)


def _walled(one: Figure, other: Figure, walls: Sequence[BBox]) -> bool:
    """Whether the box around both would take in text that neither holds."""
    both = union((one.box, other.box))
    return any(
        overlap(both, wall) > 0.25 * area(wall)
        and cover(wall, one.box) < 0.6
        and cover(wall, other.box) < 0.6
        for wall in walls
    )


def _in_proportion(rule: BBox, box: BBox) -> bool:
    if rule[2] - rule[0] > rule[3] - rule[1]:
        return rule[2] - rule[0] <= 1.6 * width(box) + 20
    return rule[3] - rule[1] <= 1.6 * height(box) + 20


def take_labels(
    figure: Figure, lines: Sequence[Line], sideways: Sequence[Word], walls: Sequence[BBox]
) -> None:
    """Add the labels in and around a drawing to it: axis titles, ticks, legends.

    Args:
        figure: A figure with shapes, or of several pictures.
        lines: Lines that are neither running text, heading nor caption.
        sideways: Words set sideways.
        walls: Boxes that it must not grow into.
    """
    limit = grow(figure.box, 45.0)
    free = [line for line in lines if contains(limit, line.box)]
    if figure.caption is not None:
        for line in [line for line in free if _between(line.box, figure.box, figure.caption.box)]:
            figure.box = union((figure.box, line.box))
            figure.lines.append(line)
            free.remove(line)
    for _ in range(4):
        grown = False
        for line in list(free):
            reach = 0.9 * line.size + 5.0
            if overlap(grow(figure.box, reach), line.box) <= 0:
                continue
            box = union((figure.box, line.box))
            if any(
                overlap(box, wall) > 0.25 * area(wall) and cover(wall, figure.box) < 0.6 for wall in walls
            ):
                continue
            figure.box = box
            figure.lines.append(line)
            free.remove(line)
            grown = True
        if not grown:
            break
    for word in sideways:
        if overlap(grow(figure.box, 16.0), word.box) > 0 and height(word.box) <= 1.2 * height(figure.box):
            figure.box = union((figure.box, word.box))
            figure.sideways.append(word)


def _between(line: BBox, box: BBox, caption: BBox) -> bool:
    """Whether a line stands between a figure and its caption."""
    middle = (line[0] + line[2]) / 2
    if not min(box[0], caption[0]) <= middle <= max(box[2], caption[2]):
        return False
    if caption[1] >= box[3] - 4:
        return box[3] - 4 <= line[1] and line[3] <= caption[1] + 2
    return caption[3] - 2 <= line[1] and line[3] <= box[1] + 4


def is_drawing(figure: Figure, blocks: Sequence[Block]) -> bool:
    """Whether shapes without a caption show something, rather than frame, underlay or part text."""
    if figure.images:
        return True
    box = figure.core
    if width(box) < 40 or height(box) < 24 or area(box) < 2400:
        return False
    prose = sum(overlap(block.box, box) for block in blocks if is_prose(block))
    if prose > 0.3 * area(box):
        return False
    art = [shape for shape in figure.shapes if shape.curved and max(width(shape.box), height(shape.box)) > 5]
    fills = unshaded([shape for shape in figure.shapes if shape.fill and not shape.curved])
    frames = [shape for shape in figure.shapes if shape.stroke and not shape.curved and shape.segments >= 4]
    if art:
        return len(art) + len(fills) + len(frames) >= 3
    bars = {(round(width(shape.box)), round(height(shape.box))) for shape in fills}
    return has_bars(fills) or (len(fills) >= 3 and len(bars) >= 2) or len(frames) >= 3
