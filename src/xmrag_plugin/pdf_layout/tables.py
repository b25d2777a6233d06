"""Tables: drawn with rules, set between horizontal rules, or set by alignment alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..schema import BBox
from .boxes import area, contains, cover, overlap, union
from .charts import shows_picture
from .lines import Line
from .rows import Row, cells_of, find_columns, is_numeric, make_rows, markdown_table
from .rules import Drawing

__all__ = ["Table", "find_tables", "table_of_lines"]


@dataclass(slots=True)
class Table:
    """A table on the page.

    Attributes:
        box: Around its rules and text.
        lines: The text lines in it.
        cells: Rows of cells.
        header_rows: How many of the rows are its heading.
        ruled: Whether rules show it.
    """

    box: BBox
    lines: list[Line]
    cells: list[list[str]]
    header_rows: int = 1
    ruled: bool = False
    markdown: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.markdown = markdown_table(self.cells, self.header_rows)


def find_tables(lines: Sequence[Line], drawing: Drawing, zones: Sequence[BBox]) -> list[Table]:
    """All tables, best evidence first: grids, then horizontal rules, then alignment.

    Args:
        lines: Text of the page, without running headers.
        drawing: Its rules and shapes.
        zones: Columns of the page's prose; tables by alignment alone stay within one.
    """
    tables: list[Table] = []
    left = list(lines)
    for finder in (_grids, _between_rules):
        for table in finder(left, drawing):
            if any(overlap(table.box, other.box) > 0.2 * area(table.box) for other in tables):
                continue
            tables.append(table)
            taken = {id(line) for line in table.lines}
            left = [line for line in left if id(line) not in taken]
    for zone in zones:
        inside = [line for line in left if line.box[0] >= zone[0] - 2 and line.box[2] <= zone[2] + 2]
        inside = [line for line in inside if zone[1] <= line.base <= zone[3]]
        for table in _aligned(inside, drawing):
            if not any(overlap(table.box, other.box) > 0.1 * area(table.box) for other in tables):
                tables.append(table)
    return tables


def _inside(lines: Sequence[Line], box: BBox) -> list[Line]:
    return [line for line in lines if cover(line.box, box) > 0.6]


# --- grids -----------------------------------------------------------------------------------------


def _grids(lines: Sequence[Line], drawing: Drawing) -> list[Table]:
    found: list[Table] = []
    for across, down in _components(drawing):
        ys = _positions([rule[1] for rule in across] + _ends(down, 1))
        xs = _positions([rule[0] for rule in down] + _ends(across, 0))
        if len(ys) < 2 or len(xs) < 3 or len(ys) > 400 or len(xs) > 60:
            continue
        box = (xs[0], ys[0], xs[-1], ys[-1])
        inside = _inside(lines, (box[0] - 2, box[1] - 2, box[2] + 2, box[3] + 2))
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
        found.append(Table(box, inside, cells, _heading_rows(cells), ruled=True))
    return found


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
                one[0] - 2.5 <= other[2]
                and other[0] - 2.5 <= one[2]
                and one[1] - 2.5 <= other[3]
                and other[1] - 2.5 <= one[3]
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


# --- between horizontal rules ----------------------------------------------------------------------


def _between_rules(lines: Sequence[Line], drawing: Drawing) -> list[Table]:
    """Tables in the manner of books: a rule above, one below the heading, one at the end."""
    found: list[Table] = []
    rules = sorted(drawing.across, key=lambda rule: rule[1])
    used: set[int] = set()
    for index, top in enumerate(rules):
        if index in used or top[2] - top[0] < 60:
            continue
        chain = [index]
        for later in range(index + 1, len(rules)):
            rule = rules[later]
            if later in used or abs(rule[0] - top[0]) > 6 or abs(rule[2] - top[2]) > 6:
                continue
            if rule[1] - rules[chain[-1]][1] < 3:
                continue
            band = (top[0] - 4, rules[chain[-1]][1] - 1, top[2] + 4, rule[1] + 1)
            if not _tabular_band(_inside(lines, band), heading=len(chain) == 1):
                break
            chain.append(later)
        if len(chain) < 2:
            continue
        bottom = rules[chain[-1]]
        box = (min(top[0], bottom[0]), top[1], max(top[2], bottom[2]), bottom[1])
        inside = _inside(lines, (box[0] - 6, box[1] - 2, box[2] + 6, box[3] + 2))
        if not inside or shows_picture(box, drawing):
            continue
        table = _of_rows(inside, box, [rules[item][1] for item in chain])
        if table is not None:
            used.update(chain)
            found.append(table)
    return found


def _tabular_band(lines: Sequence[Line], *, heading: bool) -> bool:
    """Whether the text between two rules goes on as a table."""
    rows = make_rows(lines)
    if not rows:
        return False
    several = sum(len(row.chunks) > 1 for row in rows)
    wordy = sum(len(row.chunks) == 1 and len(row.text) > 70 for row in rows)
    if wordy > 0.5 * len(rows) and wordy > 2:
        return False
    return several >= 0.4 * len(rows) or (heading and len(rows) <= 2) or len(rows) == 1


def _of_rows(lines: Sequence[Line], box: BBox, rules: Sequence[float]) -> Table | None:
    rows = make_rows(lines)
    columns = find_columns(rows)
    if len(rows) < 2 or len(columns) < 2:
        return None
    cells = [cells_of(row, columns) for row in rows]
    filled = sum(sum(map(bool, row)) > 1 for row in cells)
    if filled < 2 or filled < 0.4 * len(rows):
        return None
    heading = 0
    inner = [y for y in rules[1:-1] if y > rows[0].base]
    if inner:
        heading = sum(row.base < inner[0] for row in rows)
        heading = heading if heading <= max(1, len(rows) // 2) else 0
    cells, merged_heading = _merge_wrapped(cells, heading)
    return Table(
        union((box, *(line.box for line in lines))),
        list(lines),
        cells,
        merged_heading or _heading_rows(cells),
        ruled=True,
    )


# --- by alignment alone ----------------------------------------------------------------------------


def _aligned(lines: Sequence[Line], drawing: Drawing) -> list[Table]:
    rows = make_rows(lines)
    found: list[Table] = []
    run: list[Row] = []
    singles = 0

    def close() -> None:
        nonlocal run, singles
        while run and len(run[-1].chunks) == 1:
            run.pop()
        table = _aligned_table(run, lines, drawing)
        if table is not None:
            found.append(table)
        run, singles = [], 0

    for row in rows:
        if run and row.base - run[-1].base > 3.2 * max(row.size, run[-1].size):
            close()
        if _tabular_row(row):
            run.append(row)
            singles = 0
        elif run and len(row.chunks) == 1 and len(row.text) <= 80 and singles < 2:
            run.append(row)
            singles += 1
        elif run:
            close()
    close()
    return found


def _tabular_row(row: Row) -> bool:
    if len(row.chunks) < 2:
        return False
    texts = [" ".join(word.text for word in chunk) for chunk in row.chunks]
    prose = sum(len(text) > 45 and len(text.split()) > 6 for text in texts)
    widest = max(
        later[0].box[0] - max(word.box[2] for word in earlier)
        for earlier, later in zip(row.chunks, row.chunks[1:], strict=False)
    )
    if widest < 1.0 * row.size or (len(texts) == 2 and len(texts[0]) <= 3 and not is_numeric(texts[1])):
        return False  # a bullet and its text
    return prose == 0 or (prose == 1 and any(is_numeric(text) for text in texts[1:]))


def _aligned_table(rows: Sequence[Row], lines: Sequence[Line], drawing: Drawing) -> Table | None:
    several = [row for row in rows if len(row.chunks) > 1]
    if len(several) < 3:
        return None
    columns = find_columns(rows)
    if len(columns) < 2:
        return None
    cells = [cells_of(row, columns) for row in rows]
    full = [row for row in cells if sum(map(bool, row)) > 1]
    if len(full) < 3:
        return None
    later = [cell for row in full for cell in row[1:] if cell]
    numeric = sum(is_numeric(cell) for cell in later) / max(1, len(later))
    lengths = sorted(len(cell) for cell in later)
    if numeric < 0.5 and not (
        len(columns) >= 3
        and len(full) >= 4
        and lengths[len(lengths) // 2] <= 25
        and len(later) > 1.5 * len(full)
    ):
        return None
    box = union(row.box for row in rows)
    if shows_picture(box, drawing):
        return None
    members = [line for line in lines if contains(box, line.box, 1.0)]
    cells, heading = _merge_wrapped(cells, 0)
    if all(" . . " in row[0] or "...." in row[0] for row in cells if row[0]):
        return None  # a table of contents
    return Table(box, members, cells, heading or _heading_rows(cells))


def table_of_lines(lines: Sequence[Line]) -> Table | None:
    """A table out of lines that a caption says to be one; None when no columns show."""
    if not lines:
        return None
    return _of_rows(lines, union(line.box for line in lines), ())


def _merge_wrapped(cells: list[list[str]], heading: int) -> tuple[list[list[str]], int]:
    """Join a cell's further lines to its first: nothing in the first column, no number in the others."""
    merged: list[list[str]] = []
    heads = heading
    for index, row in enumerate(cells):
        filled = [cell for cell in row if cell]
        goes_on = (
            merged
            and index >= heading
            and len(merged) > heads
            and (
                (
                    not row[0]
                    and filled
                    and not any(is_numeric(cell) for cell in filled)
                    and sum(map(bool, merged[-1])) > 1
                )
                or (len(filled) == 1 and row[0] and row[0][0].islower() and sum(map(bool, merged[-1])) > 1)
            )
        )
        if goes_on or (
            merged
            and index > heading
            and sum(map(bool, merged[-1])) == 1
            and merged[-1][0]
            and row[0]
            and row[0][0].islower()
            and len(merged) > heads
        ):
            merged[-1] = [" ".join(filter(None, pair)) for pair in zip(merged[-1], row, strict=True)]
        else:
            merged.append(list(row))
    return merged, heads


def _heading_rows(cells: Sequence[Sequence[str]]) -> int:
    """Rows before the first one with numbers beyond its first column; at least 1."""
    for index, row in enumerate(cells[:5]):
        later = [cell for cell in row[1:] if cell]
        years = [cell for cell in later if len(cell) == 4 and cell.isdigit() and cell[:2] in ("19", "20")]
        if later and sum(is_numeric(cell) for cell in later) >= 0.5 * len(later) and len(years) < len(later):
            return max(1, index) if index < len(cells) - 1 else 1
    return 1
