"""Tables drawn as grids of rules (lattices)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from .....types import BBox
from .. import measures as m
from ..boxes import cover, gap, grow, union
from ..charts import shows_picture
from ..glyphs import Word
from ..lines import Line
from ..ruling_lines import Drawing
from .cells import EMPTY, Cell, is_numeric
from .rows import Table, heading_rows, make_rows, row_cell, set_table

__all__ = ["grid_boxes", "grid_tables", "lines_inside"]


def lines_inside(lines: Sequence[Line], box: BBox) -> list[Line]:
    """Return the lines that lie mostly within a box."""
    return [line for line in lines if cover(line.box, box) > m.INSIDE_SHARE]


def grid_tables(lines: Sequence[Line], drawing: Drawing, sideways: Sequence[Word] = ()) -> list[Table]:
    """Return the tables that rules make a grid of; words set sideways stand in narrow heads of columns."""
    found: list[Table] = []
    for across, down in _components(drawing):
        ys, xs = _edges(across, down)
        if len(ys) < 2 or len(xs) < 3 or len(ys) > m.MAX_GRID[0] or len(xs) > m.MAX_GRID[1]:
            continue
        box = (xs[0], ys[0], xs[-1], ys[-1])
        inside = lines_inside(lines, grow(box, m.EDGE))
        if not inside:
            continue
        turned = [word for word in sideways if cover(word.box, box) > m.INSIDE_SHARE]
        cells = _grid_cells(inside, xs, ys, across, down, turned)
        filled = sum(bool(cell) for row in cells for cell in row)
        rows = [row for row in cells if any(row)]
        used = [column for column in range(len(xs) - 1) if any(row[column] for row in rows)]
        if (
            len(rows) < 2
            or len(used) < 2
            or filled < m.MIN_FILLED
            or filled < m.MIN_FILLED_SHARE * len(rows) * len(used)
        ):
            continue
        if shows_picture(box, drawing):
            continue
        cells = [[row[column] for column in used] for row in rows]
        lengths = [len(cell.text) for row in cells for cell in row if cell]
        if len(lengths) <= m.MAX_TEXT_CELLS and sum(lengths) / len(lengths) > m.MAX_CELL_CHARACTERS:
            continue  # a page set in ruled columns
        found.append(_finer(Table(box, inside, cells, heading_rows(cells), turned), ys))
    return found


def grid_boxes(drawing: Drawing) -> list[BBox]:
    """Return the boxes of grids of at least two by two cells, whatever is in them."""
    boxes: list[BBox] = []
    for across, down in _components(drawing):
        ys, xs = _edges(across, down)
        if len(ys) >= 3 and len(xs) >= 3:
            boxes.append((xs[0], ys[0], xs[-1], ys[-1]))
    return boxes


def _edges(across: list[BBox], down: list[BBox]) -> tuple[list[float], list[float]]:
    """Return the heights of the rows' edges, and places of the columns'."""
    ys = _positions([rule[1] for rule in across] + _ends(down, 1))
    return ys, _positions([rule[0] for rule in down] + _ends(across, 0))


def _finer(table: Table, ys: Sequence[float]) -> Table:
    """Return the table by its text alone, where that shows more columns than the rules do."""
    if len(make_rows(table.lines)) <= m.FINER_ROWS * len(table.cells):
        by_text = set_table(table.lines, table.box, ys)
        if by_text is not None and len(by_text.cells[0]) > len(table.cells[0]):
            return by_text
    return table


def _components(drawing: Drawing) -> list[tuple[list[BBox], list[BBox]]]:
    """Return the rules that touch one another, directly or through others."""
    rules = [(rule, True) for rule in drawing.across] + [(rule, False) for rule in drawing.down]
    if len(rules) > m.MAX_GRID_RULES:
        return []
    parent = list(range(len(rules)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for i, (one, flat) in enumerate(rules):
        for j in range(i + 1, len(rules)):
            other, other_flat = rules[j]
            if flat != other_flat and max(gap(one, other)) <= m.GRID_TOUCH:
                parent[root(i)] = root(j)
    groups: dict[int, tuple[list[BBox], list[BBox]]] = {}
    for index, (rule, flat) in enumerate(rules):
        across, down = groups.setdefault(root(index), ([], []))
        (across if flat else down).append(rule)
    return [group for group in groups.values() if group[0] and group[1]]


def _positions(values: list[float]) -> list[float]:
    positions: list[float] = []
    for value in sorted(values):
        if not positions or value - positions[-1] > m.GRID_EDGE:
            positions.append(value)
    return positions


def _ends(rules: list[BBox], axis: int) -> list[float]:
    """Return where most rules of one direction start and stop, for tables open at the sides."""
    starts, stops = min(rule[axis] for rule in rules), max(rule[axis + 2] for rule in rules)
    ends = [starts] if sum(abs(rule[axis] - starts) < m.GRID_TOUCH for rule in rules) >= 2 else []
    return [*ends, stops] if sum(abs(rule[axis + 2] - stops) < m.GRID_TOUCH for rule in rules) >= 2 else ends


def _grid_cells(
    lines: Sequence[Line],
    xs: list[float],
    ys: list[float],
    across: list[BBox],
    down: list[BBox],
    turned: Sequence[Word],
) -> list[list[Cell]]:
    """Return the text by cell; a word goes to the cell of its middle, cells merged over missing rules keep it once.

    Where several rows of text stand between two rules, each is a row when most have more than one cell
    and a number.
    """
    table: list[list[Cell]] = []
    bands: list[int] = []  # of each row of the table
    for band in range(len(ys) - 1):
        rows: list[dict[int, Cell]] = []
        for row in make_rows(
            [line for line in lines if _interval_of((line.box[1] + line.box[3]) / 2, ys) == band]
        ):
            parts: dict[int, list[Word]] = {}
            column, edge = -1, float("-inf")
            for word in (word for chunk in row.chunks for word in chunk):
                slot = _interval_of((word.box[0] + word.box[2]) / 2, xs)
                if column < 0 or (slot != column and _divided(down, edge, word.box[0], row.base)):
                    column = slot
                parts.setdefault(column, []).append(word)
                edge = word.box[2]
            rows.append({slot: row_cell(words) for slot, words in parts.items()})
        with_figures = [
            row for row in rows if len(row) > 1 and any(is_numeric(cell.text) for cell in row.values())
        ]
        if len(rows) > 1 and len(with_figures) >= m.MOST * len(rows):
            table += [[row.get(column, EMPTY) for column in range(len(xs) - 1)] for row in rows]
            bands += [band] * len(rows)
            continue
        cells = [EMPTY] * (len(xs) - 1)
        for parts_of_row in rows:
            cells = [cell.joined(parts_of_row.get(column, EMPTY)) for column, cell in enumerate(cells)]
        if turned:
            cells = [
                cell.joined(_turned_cell(turned, xs, ys, column, band)) for column, cell in enumerate(cells)
            ]
        reaching = [
            column
            for column, cell in enumerate(cells)
            if cell and band and not _has_rule_above(column, band, xs, ys, across)
        ]
        if (
            table
            and reaching
            and len(table[-1]) == len(cells)
            and not any(cell for column, cell in enumerate(cells) if column not in reaching)
        ):
            table[-1] = [above.joined(cell) for above, cell in zip(table[-1], cells, strict=True)]
        else:
            table.append(cells)
            bands.append(band)
    for column in range(len(xs) - 1):
        ruled = {band for band in range(1, len(ys) - 1) if _has_rule_above(column, band, xs, ys, across)}
        for merged in _merged_rows(bands, ruled):
            _spread(table, merged, column)
    return table


def _merged_rows(bands: Sequence[int], ruled: set[int]) -> Iterator[list[int]]:
    """Yield the rows, by number, that one column is not parted between.

    Args:
        bands: Of each row, the band between two heights of rules that it stands in.
        ruled: The bands with a rule above, in this column.
    """
    own: list[int] = []
    for number, band in enumerate(bands):
        if own and (band == bands[own[-1]] or not ruled.isdisjoint(range(bands[own[-1]] + 1, band + 1))):
            yield own
            own = []
        own.append(number)
    yield own


def _spread(table: list[list[Cell]], rows: Sequence[int], column: int) -> None:
    """Put what stands once in a cell merged over several rows into each of them, if it is one short text."""
    filled = [table[row][column] for row in rows if table[row][column]]
    if len(rows) < 2 or not filled:
        return
    boxes = [cell.box for cell in filled if cell.box is not None]
    text = EMPTY
    for cell in filled:
        text = text.joined(cell)
    apart = any(
        gap(above, below)[1] > m.MERGED_LEADING * (above[3] - above[1]) for above, below in pairwise(boxes)
    )
    if not apart and len(text.text) <= m.MAX_SPREAD:
        for row in rows:
            table[row][column] = text


def _turned_cell(turned: Sequence[Word], xs: list[float], ys: list[float], column: int, band: int) -> Cell:
    """Return the words of a cell that are set sideways: upwards or downwards, line by line."""
    own = [
        word
        for word in turned
        if xs[column] <= (word.box[0] + word.box[2]) / 2 < xs[column + 1]
        and ys[band] <= (word.box[1] + word.box[3]) / 2 < ys[band + 1]
    ]
    if not own:
        return EMPTY
    up = own[0].type.turns == 3
    own.sort(
        key=lambda word: (
            (round(word.base / m.ONE_EDGE), -word.box[3])
            if up
            else (-round(word.base / m.ONE_EDGE), word.box[1])
        )
    )
    return Cell(" ".join(word.text for word in own), union(word.box for word in own))


def _interval_of(value: float, edges: list[float]) -> int:
    for index in range(len(edges) - 1):
        if value < edges[index + 1]:
            return index
    return len(edges) - 2


def _divided(down: list[BBox], left: float, right: float, y: float) -> bool:
    """Return whether a vertical rule stands between two words."""
    return any(
        left - m.EDGE <= rule[0] <= right + m.EDGE and rule[1] - m.EDGE <= y <= rule[3] + m.EDGE
        for rule in down
    )


def _has_rule_above(column: int, band: int, xs: list[float], ys: list[float], across: list[BBox]) -> bool:
    """Return whether a rule runs over a cell."""
    middle = (xs[column] + xs[column + 1]) / 2
    return any(
        abs(rule[1] - ys[band]) <= m.GRID_EDGE and rule[0] - m.EDGE <= middle <= rule[2] + m.EDGE
        for rule in across
    )
