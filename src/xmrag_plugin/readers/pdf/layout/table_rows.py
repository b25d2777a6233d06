"""A table out of rows of text: its columns, its heading, cells that go over several lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ....types import BBox
from .boxes import cover, union
from .lines import Line
from .rows import cells_of, find_columns, is_numeric, is_year, make_rows, markdown_table, merge_columns

__all__ = ["Table", "has_figures", "heading_rows", "is_code", "merge_wrapped", "set_table"]


@dataclass(slots=True)
class Table:
    """A table on the page.

    Attributes:
        box: Around its rules and text.
        lines: The text lines in it.
        cells: Rows of cells.
        header_rows: How many of the rows are its heading.
    """

    box: BBox
    lines: list[Line]
    cells: list[list[str]]
    header_rows: int = 1
    markdown: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.markdown = markdown_table(self.cells, self.header_rows)


def set_table(
    lines: Sequence[Line], box: BBox, rules: Sequence[float] = (), *, least: float = 0.4
) -> Table | None:
    """Lines as a table, None when no columns show.

    Args:
        lines: All text of the table.
        box: Around it and its rules.
        rules: Heights of the rules across it; the first one within tells the heading.
        least: Share of the rows that must fill more than one column.
    """
    rows = make_rows(lines)
    columns = find_columns(rows)
    if len(rows) < 2 or len(columns) < 2:
        return None
    cells = [cells_of(row, columns) for row in rows]
    cells = merge_columns(cells, columns, min(row.size for row in rows))
    filled = sum(sum(map(bool, row)) > 1 for row in cells)
    if len(cells[0]) < 2 or filled < 2 or filled < least * len(rows):
        return None
    heading = 0
    inner = sorted(y for y in rules if rows[0].base < y < rows[-1].base)
    if inner:
        above = sum(row.base < inner[0] + 1 for row in rows)
        if above <= max(1, len(rows) // 2) and not any(has_figures(row) for row in cells[:above]):
            heading = above
            while heading < len(cells) - 1 and not cells[heading][0] and not has_figures(cells[heading]):
                heading += 1
    cells = merge_wrapped(cells, heading)
    box = union((box, *(line.box for line in lines)))
    return Table(box, list(lines), cells, heading or heading_rows(cells))


def is_code(lines: Sequence[Line], box: BBox) -> bool:
    """Whether most of the text in a box is of fixed width, as listings are."""
    inside = [line for line in lines if cover(line.box, box) > 0.6]
    return sum(len(line.text) * line.fixed for line in inside) > 0.6 * sum(len(line.text) for line in inside)


def has_figures(row: Sequence[str]) -> bool:
    """Whether a row holds figures beyond its first column: numbers that are no years."""
    later = [cell for cell in row[1:] if cell]
    numbers = [cell for cell in later if is_numeric(cell)]
    return bool(numbers) and len(numbers) >= 0.5 * len(later) and not all(map(is_year, numbers))


def heading_rows(cells: Sequence[Sequence[str]]) -> int:
    """Rows before the first one with figures; at least 1."""
    for index, row in enumerate(cells[:5]):
        if has_figures(row):
            return max(1, index) if index < len(cells) - 1 else 1
    return 1


def merge_wrapped(cells: Sequence[Sequence[str]], heading: int) -> list[list[str]]:
    """Join a cell's further lines to its first.

    A row goes on with the one above when its first column is empty and it holds no number, or when its
    label starts in lower case and one of the two has nothing but its label.

    Args:
        cells: Rows of cells.
        heading: Rows at the top that are left alone.
    """
    merged: list[list[str]] = []
    for row in cells:
        if len(merged) > heading and _goes_on(merged[-1], row):
            merged[-1] = [" ".join(filter(None, pair)) for pair in zip(merged[-1], row, strict=True)]
        else:
            merged.append(list(row))
    return merged


def _goes_on(last: Sequence[str], row: Sequence[str]) -> bool:
    filled = [cell for cell in row if cell]
    alone = len([cell for cell in last if cell]) == 1
    if not row[0]:
        return bool(filled) and not alone and not any(is_numeric(cell) for cell in filled)
    if not row[0][0].islower():
        return False
    return (len(filled) == 1 and not alone) or (alone and bool(last[0]))
