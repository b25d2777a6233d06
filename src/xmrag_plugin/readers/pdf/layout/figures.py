"""Figures: pictures and drawn shapes that belong together, told apart from boxes around text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from ....types import BBox
from . import measures as m
from .blocks import Block
from .boxes import area, contains, cover, gap, grow, height, overlap, union, width
from .charts import has_bars, unshaded
from .glyphs import Word
from .lines import Line
from .page_objects import PageImage, Shape
from .ruling_lines import Drawing

__all__ = ["Figure", "cluster_figures", "is_drawing", "is_prose", "pictured", "take_labels"]


@dataclass(slots=True)
class Figure:
    """A figure on the page.

    Attributes:
        box: Around all that belongs to it, labels included.
        images: Raster pictures in it.
        shapes: Drawn shapes in it.
        lines: Its labels: lines inside it, or next to it, that are no running text.
        sideways: Words of its labels that are set sideways, such as an axis title.
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
        """Return whether it is one raster picture, perhaps in strips, and perhaps a frame around it."""
        if not self.images:
            return False
        whole = area(union(image.box for image in self.images))
        seamless = len(self.images) == 1 or sum(area(image.box) for image in self.images) > m.SEAMLESS * whole
        return seamless and all(
            not shape.curved
            and (
                area(shape.box) > m.FRAME_SHARE * whole
                or min(width(shape.box), height(shape.box)) < m.MAX_RULE
            )
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
    """Return whether a block is running text, which no figure swallows."""
    text = block.text
    words = len(text.split())
    per_line = words / len(block.lines)
    if block.size < m.SMALL_PRINT * m.EM:
        return len(text) > m.PROSE_LENGTHS[0] and per_line > m.PROSE_WORDS[0]
    if len(block.lines) == 1:
        return len(text) > m.PROSE_LENGTHS[1] and words > m.PROSE_WORDS[1]
    return len(text) > m.PROSE_LENGTHS[2] and per_line >= m.PROSE_WORDS[2]


def pictured(figures: Sequence[Figure]) -> list[BBox]:
    """Return the boxes of figures that are charts or diagrams beyond doubt.

    They have several curves or slanted lines, or bars, or boxes apart from one another with arrows between.
    """
    boxes: list[BBox] = []
    for figure in figures:
        art = [shape for shape in figure.shapes if shape.curved]
        large = any(min(width(shape.box), height(shape.box)) > m.MIN_ART for shape in art)
        fills = [shape for shape in figure.shapes if shape.fill and not shape.curved]
        if (len(art) >= m.FEW_ART and large) or has_bars(fills) or (len(art) > 1 and _boxes_apart(figure)):
            boxes.append(figure.box)
    return boxes


def _boxes_apart(figure: Figure) -> bool:
    """Return whether a figure has several framed boxes that do not touch, unlike the cells of a table."""
    frames = [
        shape.box for shape in figure.shapes if shape.stroke and not shape.curved and shape.segments > 4
    ]
    return m.MIN_PARTS <= len(frames) <= m.MANY_ART and all(
        max(gap(one, other)) > m.WALL_GAP for one, other in combinations(frames, 2)
    )


def cluster_figures(
    images: Sequence[PageImage], drawing: Drawing, walls: Sequence[BBox], taken: Sequence[BBox]
) -> list[Figure]:
    """Return pictures and shapes in groups that stand close together.

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
        if not any(cover(shape.box, box) > m.SWALLOWED for box in taken)
    ]
    if len(free) > m.MAX_SHAPES:  # a map, a cloud of points: one of those that lie in one place will do
        free = list(
            {tuple(round(edge / m.SHAPE_CELL) for edge in shape.box): shape for shape in free}.values()
        )
    drawn: list[Figure] = []
    for shape in sorted(free, key=lambda shape: -area(shape.box)):
        home: Figure | None = None
        reach = grow(shape.box, m.TOUCH)
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
        if any(cover(rule, box) > m.SWALLOWED for box in taken):
            continue
        for figure in figures:
            if (
                figure.shapes
                and overlap(grow(rule, m.RULE_REACH), figure.box) > 0
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
    """Return strips of one picture, or pictures laid over one another."""
    across, down = gap(one.box, other.box)
    small, large = sorted((area(one.box), area(other.box)))
    if overlap(one.box, other.box) > m.LAID_OVER * small and (
        large < m.ALIKE_SIZES * small or large < m.MAX_LAID_OVER
    ):
        return True
    return max(across, down) <= m.TILE_GAP and any(
        abs(one.box[axis] - other.box[axis]) < m.EDGE
        and abs(one.box[axis + 2] - other.box[axis + 2]) < m.EDGE
        for axis in (0, 1)
    )


def _touching(one: Figure, other: Figure, walls: Sequence[BBox]) -> bool:
    if one.images and other.images and not (one.shapes or other.shapes):
        return False
    if overlap(grow(one.box, m.TOUCH), other.box) <= 0:
        return False
    return not _separated(one, other, walls)


def _near(one: Figure, other: Figure, walls: Sequence[BBox]) -> bool:
    if not (one.shapes or other.shapes) or (one.is_photo and other.is_photo):
        return False
    across, down = gap(one.box, other.box)
    level = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    alike = level > m.LEVEL_SHARE * max(height(one.box), height(other.box))  # panels in a row
    if across > (m.PANEL_ROW if alike and one.shapes and other.shapes else m.FIGURE_ACROSS):
        return False
    if down > m.FIGURE_DOWN or (min(across, down) > m.CORNER):
        return False
    return not _separated(one, other, walls)


def _separated(one: Figure, other: Figure, walls: Sequence[BBox]) -> bool:
    """Return whether the box around both would take in text that neither holds."""
    both = union((one.box, other.box))
    return any(
        overlap(both, wall) > m.WALLED * area(wall)
        and cover(wall, one.box) < m.SWALLOWED
        and cover(wall, other.box) < m.SWALLOWED
        for wall in walls
    )


def _in_proportion(rule: BBox, box: BBox) -> bool:
    if rule[2] - rule[0] > rule[3] - rule[1]:
        return rule[2] - rule[0] <= m.RULE_PROPORTION * width(box) + m.RULE_SPARE
    return rule[3] - rule[1] <= m.RULE_PROPORTION * height(box) + m.RULE_SPARE


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
    limit = grow(figure.box, m.LABELS_AROUND)
    free = [line for line in lines if contains(limit, line.box)]
    if figure.caption is not None:
        for line in [line for line in free if _between(line.box, figure.box, figure.caption.box)]:
            figure.box = union((figure.box, line.box))
            figure.lines.append(line)
            free.remove(line)
    for _ in range(m.MAX_LABEL_ROUNDS):
        grown = False
        for line in list(free):
            reach = m.LABEL_REACH * line.size + m.LABEL_SPARE
            if overlap(grow(figure.box, reach), line.box) <= 0:
                continue
            box = union((figure.box, line.box))
            if any(
                overlap(box, wall) > m.WALLED * area(wall) and cover(wall, figure.box) < m.SWALLOWED
                for wall in walls
            ):
                continue
            figure.box = box
            figure.lines.append(line)
            free.remove(line)
            grown = True
        if not grown:
            break
    for word in sideways:
        if overlap(grow(figure.box, m.TURNED_REACH), word.box) > 0 and height(
            word.box
        ) <= m.TURNED_HEIGHT * height(figure.box):
            figure.box = union((figure.box, word.box))
            figure.sideways.append(word)


def _between(line: BBox, box: BBox, caption: BBox) -> bool:
    """Return whether a line stands between a figure and its caption."""
    middle = (line[0] + line[2]) / 2
    if not min(box[0], caption[0]) <= middle <= max(box[2], caption[2]):
        return False
    if caption[1] >= box[3] - m.WALL_GAP:
        return box[3] - m.WALL_GAP <= line[1] and line[3] <= caption[1] + m.EDGE
    return caption[3] - m.EDGE <= line[1] and line[3] <= box[1] + m.WALL_GAP


def is_drawing(figure: Figure, blocks: Sequence[Block]) -> bool:
    """Return whether shapes without a caption show something, rather than frame, underlay or part text."""
    if figure.images:
        return True
    box = figure.core
    if width(box) < m.MIN_DRAWING[0] or height(box) < m.MIN_DRAWING[1] or area(box) < m.MIN_DRAWING[2]:
        return False
    prose = sum(overlap(block.box, box) for block in blocks if is_prose(block))
    if prose > m.PROSE_SHARE * area(box):
        return False
    art = [
        shape
        for shape in figure.shapes
        if shape.curved and max(width(shape.box), height(shape.box)) > m.MIN_MARK
    ]
    fills = unshaded([shape for shape in figure.shapes if shape.fill and not shape.curved])
    frames = [shape for shape in figure.shapes if shape.stroke and not shape.curved and shape.segments >= 4]
    if art:
        return len(art) + len(fills) + len(frames) >= m.MIN_PARTS
    bars = {(round(width(shape.box)), round(height(shape.box))) for shape in fills}
    return has_bars(fills) or (len(fills) >= m.MIN_PARTS and len(bars) > 1) or len(frames) >= m.MIN_PARTS
