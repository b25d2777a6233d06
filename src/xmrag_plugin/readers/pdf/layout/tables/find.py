"""All tables of a page: drawn as grids, set between rules, or set by alignment alone."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from .....types import BBox
from .. import measures as m
from ..boxes import area, cover, grow, overlap, union
from ..glyphs import Word
from ..lines import Line
from ..ruling_lines import Drawing
from .cells import CURRENCY, is_numeric
from .lattice import grid_tables
from .rows import Table, find_columns, has_figures, make_rows, set_table
from .stream import aligned_tables, ruled_tables

__all__ = ["find_tables", "table_of_lines"]


def find_tables(
    lines: Sequence[Line],
    drawing: Drawing,
    zones: Sequence[BBox],
    pictures: Sequence[BBox] = (),
    sideways: Sequence[Word] = (),
) -> list[Table]:
    """Return all tables, best evidence first: grids, then horizontal rules, then alignment.

    Args:
        lines: Text of the page, without running headers.
        drawing: Its rules and shapes.
        zones: Columns of the page's prose; tables by alignment alone stay within one.
        pictures: Boxes of charts and diagrams, whose labels make no table.
        sideways: Words that are not upright.
    """
    tables = [
        table
        for table in grid_tables(lines, drawing, sideways)
        if not any(cover(table.box, picture) > m.INSIDE_SHARE for picture in pictures)
    ]
    taken = {id(line) for table in tables for line in table.lines}
    left = [line for line in lines if id(line) not in taken]
    loose = [
        _widened(table, left, zones)
        for table in ruled_tables(left, drawing)
        if not any(cover(table.box, picture) > m.INSIDE_SHARE for picture in pictures)
    ]
    for zone in zones:
        inside = [
            line for line in left if line.box[0] >= zone[0] - m.EDGE and line.box[2] <= zone[2] + m.EDGE
        ]
        inside = [line for line in inside if zone[1] <= line.base <= zone[3]]
        for table in aligned_tables(inside, drawing):
            reach = m.CHART_REACH[0] if len(table.cells) <= m.MIN_ROWS else m.CHART_REACH[1]
            if not any(overlap(grow(table.box, reach), picture) > 0 for picture in pictures):
                loose.append(table)
    for table in _united(loose, left, drawing):
        if not any(overlap(table.box, other.box) > m.OVERLAP_SHARE * area(table.box) for other in tables):
            tables.append(table)
    return tables


def _widened(table: Table, lines: Sequence[Line], zones: Sequence[BBox]) -> Table:
    """Return a table with the row labels beside it, where its rules run over the columns of figures alone."""
    middle = (table.box[0] + table.box[2]) / 2
    zone = next((zone for zone in zones if zone[0] <= middle <= zone[2]), None)
    if zone is None:
        return table
    own = {id(line) for line in table.lines}
    rows = make_rows(table.lines)
    beside: list[Line] = []
    hit = 0
    for row in rows:
        found = [
            line
            for line in lines
            if abs(line.base - row.base) < m.ROW_BASE * row.size
            and id(line) not in own
            and zone[0] - m.EDGE <= line.box[0]
            and line.box[2] <= zone[2] + m.EDGE
            and len(line.text) <= m.LABEL_LINE
        ]
        hit += bool(found)
        beside += found
    if 2 * hit < len(rows) or _justified(beside):
        return table
    table.lines = table.lines + beside
    table.box = union((table.box, *(line.box for line in beside)))
    return table


def _justified(lines: Sequence[Line]) -> bool:
    """Return whether lines are running text that a table is set into: long, and most of one right edge."""
    long = [line for line in lines if len(line.text) > m.LONG_LINE]
    if 2 * len(long) < len(lines):
        return False
    edge = max(line.box[2] for line in long)
    return sum(edge - line.box[2] < m.ONE_EDGE for line in long) >= m.MOST * len(long)


def _united(tables: Sequence[Table], lines: Sequence[Line], drawing: Drawing) -> list[Table]:
    """Return the tables found twice, by rules and by alignment, as one; set anew with all the text in their box."""
    groups: list[list[Table]] = []
    for table in sorted(tables, key=lambda table: table.box[1]):
        home: list[Table] = [table]
        rest: list[list[Table]] = []
        for group in groups:
            if any(_same_table(other, table) or _goes_on(other, table, lines) for other in group):
                home = group + home
            else:
                rest.append(group)
        groups = [*rest, home]
    united: list[Table] = []
    claimed = {id(line) for table in tables for line in table.lines}
    for group in groups:
        box = union(table.box for table in group)
        known = {id(line) for table in group for line in table.lines}
        if above := _rows_above(group[0], [line for line in lines if id(line) not in claimed]):
            known.update(map(id, above))
            box = union((box, *(line.box for line in above)))
        members = [line for line in lines if id(line) in known or cover(line.box, box) > m.INSIDE_SHARE]
        members += _heads_above(lines, members, box)
        rules = [
            rule[1]
            for rule in drawing.across
            if box[1] - m.RULE_STEP <= rule[1] <= box[3] + m.RULE_STEP
            and min(rule[2], box[2]) - max(rule[0], box[0]) > m.MIN_SHARED_RULE
        ]
        united.append(set_table(members, box, rules) or max(group, key=lambda table: len(table.lines)))
    return sorted(united, key=lambda table: table.box[1])


def _same_table(one: Table, other: Table) -> bool:
    """Return whether two finds overlap, or the lower one goes on with the upper one's columns."""
    if overlap(one.box, other.box) > m.OVERLAP_SHARE * min(area(one.box), area(other.box)):
        return True
    size = other.lines[0].size if other.lines else m.EM
    step = other.box[1] - one.box[3]
    if max(abs(one.box[edge] - other.box[edge]) for edge in (0, 2)) >= m.SAME_TABLE_EDGE:
        return False
    if -m.EDGE <= step < m.DOUBLE_RULE * size:
        return True
    return 0 <= step < m.MAX_ROW_STEP * size and bool(other.cells) and has_figures(other.cells[0])


def _goes_on(one: Table, other: Table, lines: Sequence[Line]) -> bool:
    """Return whether a table has the columns of one above it, and nothing but labels and cells of these stand between.

    A balance sheet tells of shares at such length that its rows of figures fall into two.
    """
    columns = [_figure_columns(table) for table in (one, other)]
    alike = len(columns[0]) == len(columns[1]) > 0 and all(
        abs(above[1] - below[1]) < m.SAME_TABLE_EDGE for above, below in zip(*columns, strict=True)
    )
    if not alike or not has_figures(other.cells[0]):
        return False
    box = union((one.box, other.box))
    between = [
        line
        for line in lines
        if one.box[3] < (line.box[1] + line.box[3]) / 2 < other.box[1]
        and min(line.box[2], box[2]) > max(line.box[0], box[0])
    ]
    shared = [(min(a[0], b[0]), max(a[1], b[1])) for a, b in zip(*columns, strict=True)]
    if not all(_is_label(line, box, shared) or _is_figure(line, shared) for line in between):
        return False
    bases = [row.base for row in make_rows([*one.lines, *between, *other.lines])]
    first = len(make_rows(one.lines)) - 1
    last = len(bases) - len(make_rows(other.lines))
    steps = [below - above for above, below in pairwise(bases)]
    return max(steps[first:last]) <= m.PITCH * sorted(steps)[len(steps) // 2]


def _rows_above(table: Table, lines: Sequence[Line]) -> list[Line]:
    """Return the lines above a table that are rows of its columns: a figure in each, and labels before them.

    A line as long as "Adjustments to reconcile net income to net cash provided by operating activities:" ends a table
    that alignment alone shows; in cash flow statements net income stands above it.
    """
    columns, rows = _figure_columns(table), make_rows(table.lines)
    if len(rows) < 2 or not columns or not has_figures(table.cells[0]):
        return []
    steps = sorted(below.base - above.base for above, below in pairwise(rows))
    top, box, found, labels = rows[0].base, table.box, list[Line](), list[Line]()
    reach = (box[0] - m.ROW_INDENT, *box[1:])
    above = [line for line in lines if line.box[3] <= box[1] + m.GRID_TOUCH and line.box[2] > box[0]]
    for row in reversed(make_rows(above)):
        its = [line for line in above if abs(line.base - row.base) < m.ROW_BASE * row.size]
        figures = [line for line in its if _is_figure(line, columns)]
        if top - row.base > m.PITCH * steps[len(steps) // 2] or not all(
            line in figures or _is_label(line, reach, columns) for line in its
        ):
            break
        labels += its
        if all(any(_is_figure(line, [column]) for line in figures) for column in columns):
            found, labels = found + labels, []
        top = row.base
    return found


def _is_label(line: Line, box: BBox, columns: Sequence[tuple[float, float]]) -> bool:
    """Return whether a line stands in a table before its columns of figures."""
    return box[0] - m.EDGE <= line.box[0] and line.box[2] < columns[0][0]


def _is_figure(line: Line, columns: Sequence[tuple[float, float]]) -> bool:
    """Return whether a line is a number, or the sign of its currency, in one of a table's columns."""
    inside = any(left - m.EDGE <= line.box[0] and line.box[2] <= right + m.EDGE for left, right in columns)
    return inside and (is_numeric(line.text) or line.text.strip() in CURRENCY)


def _figure_columns(table: Table) -> list[tuple[float, float]]:
    """Return the edges of each column after the first, by the cells that hold numbers."""
    boxes = [
        [row[column].box for row in table.cells if is_numeric(row[column].text)]
        for column in range(1, len(table.cells[0]))
    ]
    known = [[box for box in column if box is not None] for column in boxes]
    return [(min(b[0] for b in column), max(b[2] for b in column)) for column in known if column]


def _heads_above(lines: Sequence[Line], inside: Sequence[Line], box: BBox) -> list[Line]:
    """Return the column headings that stand above the first rule: rows of several chunks, or off the first column."""
    columns = find_columns(make_rows(inside))
    if len(columns) < 2:
        return []
    found: list[Line] = []
    top = box[1]
    known = {id(line) for line in inside}
    above = [line for line in lines if line.box[3] <= top + m.GRID_TOUCH and id(line) not in known]
    for row in reversed(make_rows(above)):
        if (
            top - row.box[3] > m.HEAD_STEP * row.size
            or row.box[0] < box[0] - m.GRID_TOUCH
            or row.box[2] > box[2] + m.GRID_TOUCH
        ):
            break
        off_labels = row.box[0] >= columns[0][1] + m.GRID_TOUCH
        if len(row.chunks) < 2 and not (off_labels and (row.box[0] + row.box[2]) / 2 >= columns[1][0]):
            break  # a title over the whole table, or the last line before it
        found += [line for line in above if abs(line.base - row.base) < m.ROW_BASE * row.size]
        top = row.box[1]
    return found


def table_of_lines(lines: Sequence[Line]) -> Table | None:
    """Return a table out of lines that a caption says to be one; None when no columns show."""
    return (
        set_table(lines, union(line.box for line in lines), least=m.CAPTIONED_FILLED_SHARE) if lines else None
    )
