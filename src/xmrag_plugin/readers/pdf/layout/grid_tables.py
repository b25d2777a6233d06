"""Tables drawn as grids of rules."""

from __future__ import annotations

from collections.abc import Sequence

from ....types import BBox
from .boxes import cover
from .charts import shows_picture
from .lines import Line
from .rows import is_numeric, make_rows
from .rules import Drawing
from .table_rows import Table, heading_rows, set_table

__all__ = ["grid_boxes", "grid_tables", "lines_inside"]


def lines_inside(lines: Sequence[Line], box: BBox) -> list[Line]:
    """Lines that lie mostly within a box."""
    return [line for line in lines if cover(line.box, box) > 0.6]


def grid_tables(lines: Sequence[Line], drawing: Drawing) -> list[Table]:
    found: list[Table] = []
    for across, down in _components(drawing):
        ys, xs = _edges(across, down)
        if len(ys) < 2 or len(xs) < 3 or len(ys) > 400 or len(xs) > 60:
            continue
        box = (xs[0], ys[0], xs[-1], ys[-1])
        inside = lines_inside(lines, (box[0] - 2, box[1] - 2, box[2] + 2, box[3] + 2))
        if not inside:
            continue
        cells = _grid_cells(inside, xs, ys, across, down)
        filled = sum(bool(cell) for row in cells for cell in row)
        rows = [row for row in cells if any(row)]
        used = [column for column in range(len(xs) - 1) if any(row[column] for row in rows)]
        if len(rows) < 2 or len(used) < 2 or filled < 4 or filled < 0.25 * len(rows) * len(used):
            continue
        if shows_picture(box, drawing):
            continue
        cells = [[row[column] for column in used] for row in rows]
        lengths = sorted(len(cell) for row in cells for cell in row if cell)
        if len(lengths) <= 12 and sum(lengths) / len(lengths) > 180:
            continue  # a page set in ruled columns
        found.append(_finer(Table(box, inside, cells, heading_rows(cells)), ys))
    return found


def grid_boxes(drawing: Drawing) -> list[BBox]:
    """Where rules make grids of at least two by two cells, whatever is in them."""
    boxes: list[BBox] = []
    for across, down in _components(drawing):
        ys, xs = _edges(across, down)
        if len(ys) >= 3 and len(xs) >= 3:
            boxes.append((xs[0], ys[0], xs[-1], ys[-1]))
    return boxes


def _edges(across: list[BBox], down: list[BBox]) -> tuple[list[float], list[float]]:
    """Heights of the rows' edges, and places of the columns'."""
    ys = _positions([rule[1] for rule in across] + _ends(down, 1))
    return ys, _positions([rule[0] for rule in down] + _ends(across, 0))


def _finer(table: Table, ys: Sequence[float]) -> Table:
    """The table by its text alone, where that shows more columns than the rules do."""
    if len(make_rows(table.lines)) <= 1.5 * len(table.cells):
        by_text = set_table(table.lines, table.box, ys)
        if by_text is not None and len(by_text.cells[0]) > len(table.cells[0]):
            return by_text
    return table


def _components(drawing: Drawing) -> list[tuple[list[BBox], list[BBox]]]:
    """Rules that touch one another, directly or through others."""
    rules = [(rule, True) for rule in drawing.across] + [(rule, False) for rule in drawing.down]
    if len(rules) > 1500:
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
            if flat != other_flat and (
                one[0] - 4 <= other[2]
                and other[0] - 4 <= one[2]
                and one[1] - 4 <= other[3]
                and other[1] - 4 <= one[3]
            ):
                parent[root(i)] = root(j)
    groups: dict[int, tuple[list[BBox], list[BBox]]] = {}
    for index, (rule, flat) in enumerate(rules):
        across, down = groups.setdefault(root(index), ([], []))
        (across if flat else down).append(rule)
    return [group for group in groups.values() if group[0] and group[1]]


def _positions(values: list[float], tolerance: float = 3.0) -> list[float]:
    positions: list[float] = []
    for value in sorted(values):
        if not positions or value - positions[-1] > tolerance:
            positions.append(value)
    return positions


def _ends(rules: list[BBox], axis: int) -> list[float]:
    """Where most rules of one direction start and stop, for tables open at the sides."""
    starts, stops = min(rule[axis] for rule in rules), max(rule[axis + 2] for rule in rules)
    ends = [starts] if sum(abs(rule[axis] - starts) < 4 for rule in rules) >= 2 else []
    return [*ends, stops] if sum(abs(rule[axis + 2] - stops) < 4 for rule in rules) >= 2 else ends


def _grid_cells(
    lines: Sequence[Line], xs: list[float], ys: list[float], across: list[BBox], down: list[BBox]
) -> list[list[str]]:
    """Text by cell; a word goes to the cell of its middle, cells merged over missing rules keep it once.

    Where several rows of text stand between two rules, each is a row when most have more than one cell
    and a number.
    """
    table: list[list[str]] = []
    for band in range(len(ys) - 1):
        rows: list[dict[int, str]] = []
        for row in make_rows([line for line in lines if _slot((line.box[1] + line.box[3]) / 2, ys) == band]):
            parts: dict[int, list[str]] = {}
            column, edge = -1, float("-inf")
            for word in (word for chunk in row.chunks for word in chunk):
                slot = _slot((word.box[0] + word.box[2]) / 2, xs)
                if column < 0 or (slot != column and _divided(down, edge, word.box[0], row.base)):
                    column = slot
                parts.setdefault(column, []).append(word.text)
                edge = word.box[2]
            rows.append({slot: " ".join(words) for slot, words in parts.items()})
        telling = [row for row in rows if len(row) > 1 and any(is_numeric(text) for text in row.values())]
        if len(rows) > 1 and len(telling) >= 0.6 * len(rows):
            table += [[row.get(column, "") for column in range(len(xs) - 1)] for row in rows]
            continue
        cells = [" ".join(row[column] for row in rows if column in row) for column in range(len(xs) - 1)]
        reaching = [
            column
            for column, cell in enumerate(cells)
            if cell and band and not _roofed(column, band, xs, ys, across)
        ]
        if (
            table
            and reaching
            and len(table[-1]) == len(cells)
            and not any(cell for column, cell in enumerate(cells) if column not in reaching)
        ):
            table[-1] = [" ".join(filter(None, pair)) for pair in zip(table[-1], cells, strict=True)]
        else:
            table.append(cells)
    return table


def _slot(value: float, edges: list[float]) -> int:
    for index in range(len(edges) - 1):
        if value < edges[index + 1]:
            return index
    return len(edges) - 2


def _divided(down: list[BBox], left: float, right: float, y: float) -> bool:
    """Whether a vertical rule stands between two words."""
    return any(left - 2 <= rule[0] <= right + 2 and rule[1] - 2 <= y <= rule[3] + 2 for rule in down)


def _roofed(column: int, band: int, xs: list[float], ys: list[float], across: list[BBox]) -> bool:
    """Whether a rule runs over a cell."""
    middle = (xs[column] + xs[column + 1]) / 2
    return any(abs(rule[1] - ys[band]) <= 3 and rule[0] - 2 <= middle <= rule[2] + 2 for rule in across)
