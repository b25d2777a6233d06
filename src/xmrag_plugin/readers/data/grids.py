"""Grids of cells (sheets, CSV files) as tables: regions told apart, long ones in parts with their head repeated."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ...types import BBox, Element, Key
from ..markup.parse import (
    Block,
    LinkedPicture,
    caption_by_place,
    caption_in_table,
    markdown_table,
    title_of_table,
)

__all__ = ["Grid", "Region", "blocks_of_sheet", "elements_of_rows", "regions_of"]

Cells = Mapping[tuple[int, int], str]

_ROWS_IN_A_TABLE = 200
_MAX_COLUMNS = 200
_COLUMN_IN_ROWS = 3.2  # 64 by 20 pixels
_CAPTION_REACH_ROWS = 1.6
_NAMED_RUNS = 4
_MAX_DECLARED = 20  # cells for each filled one: a declared table may reach far below what is filled


@dataclass(slots=True)
class Grid:
    """A sheet of a workbook: what stands in its cells, what is drawn on it, and what its program does not show.

    Attributes:
        name: Its name.
        number: From 1, in the workbook's order.
        cells: Written values by ``(row, column)``, both from 1; empty cells are left out.
        drawn: Pictures and charts by the row that they are anchored at.
        placed: ``(row, column, picture)`` of the pictures that stand in one cell.
        boxes: Pictures with the columns and rows, from 0, that they cover: the words next to them are their captions.
        areas: Where tables lie that the workbook declares as such: ``(top, left, bottom, right)``.
        hidden: Whether the sheet itself is hidden.
        hidden_rows: Rows that are hidden by hand; a filter or a closed outline shows them with a click.
        hidden_columns: Columns likewise, as ``(first, last)``.
    """

    name: str
    number: int
    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    drawn: list[tuple[int, Block]] = field(default_factory=list)
    placed: list[tuple[int, int, LinkedPicture]] = field(default_factory=list)
    boxes: list[tuple[BBox, LinkedPicture]] = field(default_factory=list)
    areas: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)

    def hides(self, row: int, column: int) -> bool:
        """Return whether a cell lies in a hidden row or column."""
        return row in self.hidden_rows or any(first <= column <= last for first, last in self.hidden_columns)

    def close_up(self) -> str:
        """Take hidden rows and columns out, so that the others stand next to each other; say what was taken."""
        gone = [place for place in self.cells if self.hides(*place)]
        rows = sorted(self.hidden_rows)
        columns = sorted({column for _, column in gone if self.hides(0, column)})
        if not gone:
            return ""

        def row_of(row: float) -> float:
            return row - bisect_left(rows, row)

        def column_of(column: float) -> float:
            return column - bisect_left(columns, column)

        self.cells = {
            (int(row_of(row)), int(column_of(column))): value
            for (row, column), value in self.cells.items()
            if not self.hides(row, column)
        }
        self.placed = [
            (int(row_of(row)), int(column_of(column)), picture)
            for row, column, picture in self.placed
            if not self.hides(row, column)
        ]
        self.drawn = [(int(row_of(row)), block) for row, block in self.drawn]
        self.areas = [
            (int(row_of(top)), int(column_of(left)), int(row_of(bottom)), int(column_of(right)))
            for top, left, bottom, right in self.areas
        ]
        self.boxes = [
            (
                (
                    column_of(left + 1) - 1,
                    row_of(top + 1) - 1,
                    column_of(right + 1) - 1,
                    row_of(bottom + 1) - 1,
                ),
                shown,
            )
            for (left, top, right, bottom), shown in self.boxes
        ]
        said = [_named("row", _runs(sorted({row for row, _ in gone} & self.hidden_rows)), str)]
        said.append(_named("column", _runs(columns), column_letters))
        return f"{' and '.join(filter(None, said))} of {self.name!r}"


def column_letters(column: int) -> str:
    """Return a column's name: A, B … Z, AA."""
    letters = ""
    while column > 0:
        column, last = divmod(column - 1, 26)
        letters = chr(65 + last) + letters
    return letters


def _named(what: str, runs: Sequence[tuple[int, int]], name: Callable[[int], str]) -> str:
    parts = [
        name(first) if first == last else f"{name(first)}-{name(last)}" for first, last in runs[:_NAMED_RUNS]
    ]
    if not parts:
        return ""
    many = "s" if len(runs) > 1 or runs[0][0] != runs[0][1] else ""
    more = f" and {len(runs) - _NAMED_RUNS} more" if len(runs) > _NAMED_RUNS else ""
    return f"{what}{many} {', '.join(parts)}{more}"


@dataclass(frozen=True, slots=True)
class Region:
    """A table among others on a sheet.

    Attributes:
        rows: Its cells as a full grid.
        top: The sheet's row that it begins in.
        columns: The sheet's columns that it takes.
    """

    rows: list[list[str]]
    top: int
    columns: list[int]

    def holds(self, row: int, column: int) -> bool:
        """Return whether a cell of the sheet lies in it."""
        return self.top <= row < self.top + len(self.rows) and column in self.columns

    def place_of(self, row: int, column: int) -> tuple[int, int]:
        """Return the row and column of its grid that a cell of the sheet is."""
        return row - self.top, self.columns.index(column)


def regions_of(cells: Cells, pictured: Iterable[tuple[int, int]] = ()) -> list[Region]:
    """Return the tables that empty rows and columns part from each other, in reading order.

    Args:
        cells: Values by ``(row, column)``; empty cells are missing.
        pictured: Cells that hold a picture: they are not empty, whatever they say.
    """
    filled = dict(cells)
    rows_with_words = {row for row, _ in cells}
    for row, column in pictured:
        if row in rows_with_words:
            filled.setdefault((row, column), "")
    by_row: dict[int, dict[int, str]] = {}
    for (row, column), value in filled.items():
        by_row.setdefault(row, {})[column] = value
    regions: list[Region] = []
    for first, last in _runs(sorted(by_row)):
        for columns in _columns_together(by_row, range(first, last + 1)):
            wanted = set(columns)
            held = [row for row in range(first, last + 1) if not wanted.isdisjoint(by_row.get(row, {}))]
            for top, bottom in _runs(held):
                grid = [[by_row[row].get(column, "") for column in columns] for row in range(top, bottom + 1)]
                regions.append(Region(grid, top, columns))
    return regions


def _regions_with(
    cells: Cells, pictured: Sequence[tuple[int, int]], areas: Iterable[tuple[int, int, int, int]]
) -> list[Region]:
    """Return the tables of a sheet, those that are declared as one whole, whatever is empty in them."""
    left = dict(cells)
    declared: list[Region] = []
    for top, first, bottom, last in areas:
        inside = {place for place in left if top <= place[0] <= bottom and first <= place[1] <= last}
        if not inside:
            continue
        columns = list(range(first, min(last, max(column for _, column in inside)) + 1))
        rows = range(top, max(row for row, _ in inside) + 1)
        if len(rows) * len(columns) > _MAX_DECLARED * len(inside):
            continue
        declared.append(
            Region([[left.get((row, column), "") for column in columns] for row in rows], top, columns)
        )
        left = {place: value for place, value in left.items() if place not in inside}
    held = (place for place in pictured if not any(region.holds(*place) for region in declared))
    found = regions_of(left, held)
    for region in declared:
        place = next(
            (
                n
                for n, other in enumerate(found)
                if (other.top, other.columns[0]) > (region.top, region.columns[0])
            ),
            len(found),
        )
        found.insert(place, region)
    return found


def blocks_of_sheet(sheet: Grid) -> list[Block]:
    """Return a sheet's tables, each followed by the pictures in its cells, then what is drawn elsewhere."""
    blocks: list[Block] = []
    left = list(sheet.placed)
    regions = _regions_with(sheet.cells, [(row, column) for row, column, _ in sheet.placed], sheet.areas)
    for region in _without_captions(regions, sheet.boxes):
        inside = [
            (*region.place_of(row, column), picture)
            for row, column, picture in left
            if region.holds(row, column)
        ]
        left = [entry for entry in left if not region.holds(entry[0], entry[1])] if inside else left
        caption_in_table(region.rows, inside, head=title_of_table(region.rows)[1])
        tables = [Block(element) for element in elements_of_rows(region.rows)]
        if tables:
            tables[-1].holds = [picture for _, _, picture in inside]
        blocks += [*tables, *(Block(Element(kind="picture"), picture) for _, _, picture in inside)]
    others = [*sheet.drawn, *((row, Block(Element(kind="picture"), picture)) for row, _, picture in left)]
    blocks.extend(block for _, block in sorted(others, key=lambda entry: entry[0]))
    for block in blocks:
        block.element.page = sheet.number
    return blocks


def _without_captions(regions: Sequence[Region], boxes: Sequence[tuple[BBox, LinkedPicture]]) -> list[Region]:
    """Return the regions without those of one cell that are the caption of a picture next to them."""
    alone = [
        region for region in regions if len(region.rows) == 1 and sum(bool(c) for c in region.rows[0]) == 1
    ]
    lone = {id(region): next(filter(None, region.rows[0])) for region in alone} if boxes else {}
    words = [
        ((region.columns[0] - 1.0, region.top - 1.0, float(region.columns[0]), float(region.top)), text)
        for region in alone
        if (text := lone.get(id(region)))
    ]
    shown = [(_in_rows(box), picture) for box, picture in boxes]
    taken = caption_by_place(shown, [(_in_rows(box), text) for box, text in words], reach=_CAPTION_REACH_ROWS)
    gone = {id(alone[place]) for place in taken}
    return [region for region in regions if id(region) not in gone]


def _in_rows(box: BBox) -> BBox:
    """Return a box in cells with its columns as wide as they usually are, in heights of a row."""
    return (box[0] * _COLUMN_IN_ROWS, box[1], box[2] * _COLUMN_IN_ROWS, box[3])


def _columns_together(by_row: Mapping[int, Mapping[int, str]], rows: Iterable[int]) -> list[list[int]]:
    """Return columns that make a table each; an empty one beside a single column only spaces the table out.

    That is so where the column's rows are those of the columns beside it, on either side.
    """
    rows_of: dict[int, set[int]] = {}
    for row in rows:
        for column in by_row[row]:
            rows_of.setdefault(column, set()).add(row)
    groups: list[list[int]] = []
    for first, last in _runs(sorted(rows_of)):
        columns = list(range(first, last + 1))
        if groups and first - groups[-1][-1] == 2 and (first == last or len(groups[-1]) == 1):
            beside, own = (
                set().union(*(rows_of[column] for column in group)) for group in (groups[-1], columns)
            )
            if (
                own <= beside and 2 * len(own) >= len(beside)
                if first == last
                else beside == own and len(own) > 1
            ):
                groups[-1].extend(columns)
                continue
        groups.append(columns)
    return groups


def elements_of_rows(rows: Sequence[Sequence[str]]) -> Iterator[Element]:
    """Yield a grid as table elements of at most 200 rows, its first row as the head of each; one cell is a paragraph.

    What is wider than 200 columns comes in parts that each begin with the first column.
    """
    rows = [list(row) for row in rows if any(cell.strip() for cell in row)]
    if not rows:
        return
    width = max(map(len, rows))
    if width > _MAX_COLUMNS:
        for start in range(1, width, _MAX_COLUMNS - 1):
            yield from elements_of_rows([[*row[:1], *row[start : start + _MAX_COLUMNS - 1]] for row in rows])
        return
    if max(len(row) for row in rows) == 1 or sum(bool(cell.strip()) for row in rows for cell in row) == 1:
        text = "\n".join(cell for row in rows for cell in row if cell.strip())
        yield Element(kind="paragraph" if len(rows) == 1 else "list", text=text)
        return
    title, above = title_of_table(rows)
    head, body = rows[above], rows[above + 1 :]
    for start in range(0, max(len(body), 1), _ROWS_IN_A_TABLE):
        part = [head, *body[start : start + _ROWS_IN_A_TABLE]]
        table = markdown_table(part)
        metadata = {Key.CAPTION: title} if title else {}
        yield Element(kind="table", text=f"{title}\n\n{table}" if title else table, metadata=metadata)


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return consecutive numbers as ``(first, last)``."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
