"""What stands where on a page: blocks, tables, figures with their captions."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ....text.labels import is_table_label
from ....types import BBox
from . import measures as m
from .blocks import Block, make_blocks
from .boxes import Frame, area, cover, height, overlap, union, width
from .captions import CaptionSide, caption_label
from .figures import Figure, cluster_figures, is_drawing, is_prose, pictured, take_labels
from .glyphs import Word
from .headings import Headings
from .implied_captions import gallery_captions, grow_to_panel, nearby_caption
from .lines import Line
from .page_objects import PageImage
from .ruling_lines import Drawing
from .tables.find import find_tables, table_of_lines
from .tables.lattice import grid_boxes
from .tables.rows import Table
from .tables.stream import ruled_region

_FORMULA_NUMBER = re.compile(r"\((?:[A-Z]\.)?\d{1,3}(?:\.\d{1,3})*[a-z]?\)")

__all__ = ["NamedTable", "PageLayout", "anchors_in_tables", "lay_out"]


@dataclass(slots=True)
class NamedTable:
    """A table with its caption, and the pictures in its cells."""

    table: Table
    box: BBox
    caption: Block | None = None
    label: str = ""
    holds: list[Figure] = field(default_factory=list)


@dataclass(slots=True)
class PageLayout:
    """The parts of a page, in no order yet."""

    blocks: list[Block] = field(default_factory=list)
    tables: list[NamedTable] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    dropped: int = 0


def lay_out(
    lines: Sequence[Line],
    sideways: Sequence[Word],
    images: Sequence[PageImage],
    drawing: Drawing,
    frame: Frame,
    page: int,
    headings: Headings,
    sides: CaptionSide,
) -> PageLayout:
    """Find tables and figures among text, pictures and shapes, and give them their captions.

    Args:
        lines: Text without running headers.
        sideways: Words that are not upright.
        images: Pictures worth keeping.
        drawing: Rules, fills and curves.
        frame: The page as shown.
        page: Its index from 0.
        headings: Tells headings.
        sides: Where this document sets its captions.
    """
    blocks = _blocks_by_grid(lines, grid_boxes(drawing))
    captions = [(block, label) for block in blocks if (label := caption_label(block))]
    named = {id(line) for block, _ in captions for line in block.lines}
    prose = [block.box for block in blocks if is_prose(block) or caption_label(block)]
    charts = pictured(cluster_figures((), drawing, prose, ()))
    found = find_tables(
        [line for line in lines if id(line) not in named], drawing, _zones(blocks, frame), charts, sideways
    )
    turned = {id(word) for table in found for word in table.turned}
    sideways = [word for word in sideways if id(word) not in turned]
    tables = [NamedTable(table, table.box) for table in found]
    in_tables = {id(line) for table in tables for line in table.table.lines}
    free = [block for block in blocks if not all(id(line) in in_tables for line in block.lines)]
    running = [
        block
        for block in free
        if id(block.lines[0]) not in in_tables
        and (is_prose(block) or caption_label(block) or headings.level(block, page) in (1, 2))
    ]
    boxes = [table.box for table in tables]
    walls = [block.box for block in running] + boxes
    underlays = [image for image in images if area(image.box) > m.UNDERLAY_SHARE * area(frame.box)]
    figures = cluster_figures([image for image in images if image not in underlays], drawing, walls, boxes)
    figures = _worth_naming(figures) + [Figure(image.box, [image]) for image in underlays]
    _name(captions, figures, tables, walls, sides)
    figures = [figure for figure in figures if figure.caption is not None or is_drawing(figure, free)]
    kept = {id(line) for block in running for line in block.lines} | in_tables
    small = [
        line
        for block in free
        if len(block.text) <= m.MAX_LABEL
        for line in block.lines
        if id(line) not in kept
    ]
    for figure in figures:
        if not figure.is_photo and (figure.shapes or len(figure.images) > 1):
            take_labels(figure, small, sideways, walls)
            taken = {id(line) for line in figure.lines}
            small = [line for line in small if id(line) not in taken]
    inside = [table for table in tables if any(_holds_table(figure, table) for figure in figures)]
    tables = [table for table in tables if table not in inside]
    in_tables -= {id(line) for table in inside for line in table.table.lines}
    layout = PageLayout(tables=tables, figures=figures)
    _name_in_cells(layout, drawing)
    _name_by_place(layout, drawing, free, frame)
    _name_text(captions, layout, drawing, free, frame)
    _settle_lines(layout, lines, in_tables, running)
    return layout


def _blocks_by_grid(lines: Sequence[Line], grids: Sequence[BBox]) -> list[Block]:
    """Return the blocks that do not reach from a table's grid into the text around it."""
    groups: dict[int, list[Line]] = {}
    for line in lines:
        home = next((index for index, grid in enumerate(grids) if cover(line.box, grid) > m.PANEL_SHARE), -1)
        groups.setdefault(home, []).append(line)
    return [block for group in groups.values() for block in make_blocks(group)]


def _zones(blocks: Sequence[Block], frame: Frame) -> list[BBox]:
    """Return the page's columns of prose, or the whole page when there is one."""
    columns: list[BBox] = []
    for block in sorted(blocks, key=lambda block: -area(block.box)):
        if len(block.lines) < m.MIN_COLUMN_LINES or len(block.text) < m.MIN_COLUMN_CHARACTERS * len(
            block.lines
        ):
            continue
        for index, column in enumerate(columns):
            shared = min(column[2], block.box[2]) - max(column[0], block.box[0])
            if shared > m.COLUMN_SHARE * min(width(column), width(block.box)):
                columns[index] = union((column, block.box))
                break
        else:
            columns.append(block.box)
    columns.sort()
    apart = all(one[2] < other[0] + m.WALL_GAP for one, other in itertools.pairwise(columns))
    if len(columns) < 2 or not apart:
        return [frame.box]
    edges = [0.0, *((one[2] + other[0]) / 2 for one, other in itertools.pairwise(columns)), frame.width]
    return [(left, 0.0, right, frame.height) for left, right in itertools.pairwise(edges)]


def _holds_table(figure: Figure, table: NamedTable) -> bool:
    """Return whether what looked like a table is a part of a figure."""
    return table.caption is None and bool(figure.shapes) and cover(table.box, figure.box) > m.SHADED_WIDTH


def _worth_naming(figures: list[Figure]) -> list[Figure]:
    return [
        figure
        for figure in figures
        if figure.images
        or (
            max(width(figure.box), height(figure.box)) >= m.MIN_NAMED_DRAWING[0]
            and min(width(figure.box), height(figure.box)) >= m.MIN_NAMED_DRAWING[1]
        )
    ]


def _name(
    captions: Sequence[tuple[Block, str]],
    figures: list[Figure],
    tables: Sequence[NamedTable],
    walls: Sequence[BBox],
    sides: CaptionSide,
) -> None:
    """Give captions to figures and tables; panels under one caption become one figure."""
    for caption, label, group in sides.match(captions, figures, tables, walls):
        first = group[0]
        for other in group[1:]:
            if isinstance(first, Figure) and isinstance(other, Figure):
                first.absorb(other)
                figures[:] = [figure for figure in figures if figure is not other]
        first.caption, first.label = caption, label


def anchors_in_tables(items: Iterable[object], page: int) -> dict[int, str]:
    """Return names for the pictures in a page's tables, by the identity of each, for their tables to cite."""
    held = [figure for item in items if isinstance(item, NamedTable) for figure in item.holds]
    return {id(figure): f"page-{page}-picture-{place}" for place, figure in enumerate(held)}


def _row_of(
    figure: Figure, table: NamedTable, figures: Sequence[Figure], drawing: Drawing
) -> tuple[float, float]:
    """Return the top and bottom of the ruled row that a picture stands in alone; its own where there is none."""
    x0, y0, x1, y1 = figure.box
    heights = [
        rule[1]
        for rule in drawing.across
        if min(rule[2], table.box[2]) - max(rule[0], table.box[0]) > m.SHADED_WIDTH * width(table.box)
    ]
    top = max((y for y in heights if y <= y0 + m.EDGE), default=y0)
    bottom = min((y for y in heights if y >= y1 - m.EDGE), default=y1)
    beside = any(
        other is not figure
        and top < (other.box[1] + other.box[3]) / 2 < bottom
        and other.box[0] < x1
        and other.box[2] > x0
        for other in figures
    )
    return (y0, y1) if beside or bottom - top > m.CELL_GROWTH * (y1 - y0) + m.CELL_SPARE else (top, bottom)


def _name_in_cells(layout: PageLayout, drawing: Drawing) -> None:
    """Caption the pictures in a table with the words beside them in their rows, or below them in their columns."""
    for figure in layout.figures:
        if figure.shapes:
            continue
        for table in layout.tables:
            if cover(figure.box, table.box) < m.SWALLOWED:
                continue
            table.holds.append(figure)
            if figure.caption is not None:
                continue
            x0, _, x1, y1 = figure.box
            top, bottom = _row_of(figure, table, layout.figures, drawing)
            own = [line for line in table.table.lines if top < (line.box[1] + line.box[3]) / 2 < bottom]
            if not own:
                own = [
                    line
                    for line in table.table.lines
                    if x0 < (line.box[0] + line.box[2]) / 2 < x1 and 0 <= line.box[1] - y1 < m.NEAR_CAPTION
                ]
            if own and sum(len(line.text) for line in own) <= m.NEAR_LENGTH[1]:
                figure.caption = Block(own, union(line.box for line in own))


def _name_by_place(layout: PageLayout, drawing: Drawing, blocks: Sequence[Block], frame: Frame) -> None:
    """Return the panels between rules and captions without a label."""
    taken = {id(figure.caption) for figure in layout.figures if figure.caption is not None}
    taken |= {id(table.caption) for table in layout.tables if table.caption is not None}
    for figure in list(layout.figures):
        if figure.caption is not None or not any(figure is other for other in layout.figures):
            continue
        panel = grow_to_panel(
            figure, drawing, [block for block in blocks if id(block) not in taken], layout.figures, frame
        )
        if panel:
            own = {id(line) for line in figure.lines}
            title = [
                block
                for block in panel
                if block.box[3] <= figure.core[1] + m.WALL_GAP and id(block.lines[0]) not in own
            ]
            if title:
                figure.caption = title[0]
                taken.add(id(title[0]))
            figure.lines += [
                line
                for block in panel
                if not title or block is not title[0]
                for line in block.lines
                if id(line) not in own
            ]
            for other in list(layout.figures):
                if (
                    other is not figure
                    and cover(other.box, figure.box) > m.PANEL_SHARE
                    and other.caption is None
                ):
                    box = figure.box
                    figure.absorb(other)
                    figure.box = union((box, figure.box))
                    layout.figures = [kept for kept in layout.figures if kept is not other]
    bare = [figure for figure in layout.figures if figure.caption is None and figure.is_photo]
    for figure, caption in gallery_captions(bare, blocks, taken):
        figure.caption = caption
    for figure in layout.figures:
        if figure.caption is not None:
            continue
        found = nearby_caption(figure, blocks, taken)
        if found is not None:
            figure.caption = found
            taken.add(id(found))


def _name_text(
    captions: Sequence[tuple[Block, str]],
    layout: PageLayout,
    drawing: Drawing,
    blocks: Sequence[Block],
    frame: Frame,
) -> None:
    """Return the captions with neither picture nor table: the text that they name, set apart from running text."""
    used = {id(figure.caption) for figure in layout.figures} | {id(table.caption) for table in layout.tables}
    filled = [figure.box for figure in layout.figures] + [table.box for table in layout.tables]
    for caption, label in captions:
        if id(caption) in used:
            continue
        table = is_table_label(label)
        for above in (False, True) if table else (True, False):
            lines = _lines_beside(caption, blocks, filled, above=above, table=table)
            if table:
                region = ruled_region(caption.box, drawing, frame, above=above)
                if region is not None and not any(overlap(region, box) > 0 for box in filled):
                    within = [
                        line
                        for block in blocks
                        for line in block.lines
                        if cover(line.box, region) > m.INSIDE_SHARE
                    ]
                    lines = within or lines
                found = table_of_lines(lines)
                if found is None:
                    continue
                layout.tables.append(NamedTable(found, found.box, caption, label))
            elif sum(len(line.text) for line in lines) >= m.MIN_TEXT_FIGURE:
                box = union(line.box for line in lines)
                layout.figures.append(Figure(box, [], [], lines, [], caption, label))
            else:
                continue
            filled.append(union(line.box for line in lines))
            break


def _lines_beside(
    caption: Block, blocks: Sequence[Block], filled: Sequence[BBox], *, above: bool, table: bool
) -> list[Line]:
    """Return the lines next to a caption, outwards, up to running text."""
    edge = caption.box[1] if above else caption.box[3]
    lines: list[Line] = []
    ordered = sorted(blocks, key=lambda block: -block.box[3] if above else block.box[1])
    left, right = caption.box[0] - m.TEXT_BESIDE, caption.box[2] + m.TEXT_BESIDE
    for block in ordered:
        if block is caption or (
            block.box[3] > edge + m.TEXT_STEP if above else block.box[1] < edge - m.TEXT_STEP
        ):
            continue
        if block.box[2] < left or block.box[0] > right:
            continue
        space = edge - block.box[3] if above else block.box[1] - edge
        plain = (
            is_prose(block)
            and not any(line.fixed for line in block.lines)
            and block.size > m.PLAIN_TYPE * m.EM
        )
        if space > m.TEXT_REACH or caption_label(block) or any(overlap(block.box, box) > 0 for box in filled):
            break
        if plain or (
            not table and block.size > m.OWN_TYPE * m.EM and not any(line.fixed for line in block.lines)
        ):
            break
        lines += block.lines
        edge = min(edge, block.box[1]) if above else max(edge, block.box[3])
    return lines


def _settle_lines(
    layout: PageLayout, lines: Sequence[Line], in_tables: set[int], running: Sequence[Block]
) -> None:
    """Give lines of figures, tables and captions to these, and set the rest in blocks again."""
    gone = set(in_tables)
    prose = {id(line) for block in running for line in block.lines}
    for table in layout.tables:
        gone |= {id(line) for line in table.table.lines}
        if table.caption is not None:
            gone |= {id(line) for line in table.caption.lines}
    for figure in layout.figures:
        gone |= {id(line) for line in figure.lines}
        if figure.caption is not None:
            gone |= {id(line) for line in figure.caption.lines}
    for line in lines:
        if id(line) in gone:
            continue
        for figure in layout.figures:
            if cover(line.box, figure.box) > m.PANEL_SHARE:
                drawn = bool(figure.label) or (not figure.images and line.size <= m.DRAWN_TYPE * m.EM)
                if drawn and (figure.label or id(line) not in prose):
                    gone.add(id(line))
                    figure.lines.append(line)
                break
    layout.blocks = make_blocks(_with_formula_numbers([line for line in lines if id(line) not in gone]))


def _with_formula_numbers(lines: Sequence[Line]) -> list[Line]:
    """Return the lines, the number of a formula at the right edge joined to the formula."""
    kept: list[Line] = []
    for line in lines:
        beside = (
            [
                other
                for other in lines
                if abs(other.base - line.base) < m.SAME_LINE_BASE * line.size and other.box[2] < line.box[0]
            ]
            if _FORMULA_NUMBER.fullmatch(line.text)
            else []
        )
        if len(beside) == 1:
            beside[0].words = [*beside[0].words, *line.words]
            beside[0].refresh()
        else:
            kept.append(line)
    return kept
