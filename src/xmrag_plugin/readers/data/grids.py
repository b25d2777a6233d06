"""Grids of cells (sheets, CSV files) as tables: regions told apart, long ones in parts with their head repeated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...types import Element
from ..markup.parse import markdown_table

__all__ = ["elements_of_rows", "regions_of"]

Cells = Mapping[tuple[int, int], str]

_ROWS_IN_A_TABLE = 200
_WIDEST = 200


def regions_of(cells: Cells) -> list[list[list[str]]]:
    """Tables that empty rows and columns part from each other, in reading order, as full grids.

    Args:
        cells: Values by ``(row, column)``; empty cells are missing.
    """
    regions: list[list[list[str]]] = []
    for rows in _runs(sorted({row for row, _ in cells})):
        band = {place: value for place, value in cells.items() if rows[0] <= place[0] <= rows[1]}
        for columns in _columns_together(band):
            part = {place: value for place, value in band.items() if place[1] in columns}
            for first, last in _runs(sorted({row for row, _ in part})):
                regions.append(
                    [[part.get((row, column), "") for column in columns] for row in range(first, last + 1)]
                )
    return regions


def _columns_together(band: Cells) -> list[list[int]]:
    """Columns that make a table each; an empty one beside a single column only spaces the table out."""
    rows_of: dict[int, set[int]] = {}
    for row, column in band:
        rows_of.setdefault(column, set()).add(row)
    groups: list[list[int]] = []
    for first, last in _runs(sorted(rows_of)):
        columns = list(range(first, last + 1))
        if groups and first == last and first - groups[-1][-1] == 2:
            beside = set().union(*(rows_of[column] for column in groups[-1]))
            if rows_of[first] <= beside and len(rows_of[first]) >= 0.5 * len(beside):
                groups[-1].extend(columns)
                continue
        groups.append(columns)
    return groups


def elements_of_rows(rows: Sequence[Sequence[str]], *, page: int | None = None) -> Iterator[Element]:
    """A grid as table elements of at most 200 rows, its first row as the head of each; one cell is a paragraph."""
    rows = [list(row[:_WIDEST]) for row in rows if any(cell.strip() for cell in row)]
    if not rows:
        return
    if max(len(row) for row in rows) == 1 or sum(bool(cell.strip()) for row in rows for cell in row) == 1:
        text = "\n".join(cell for row in rows for cell in row if cell.strip())
        yield Element(kind="paragraph" if len(rows) == 1 else "list", text=text, page=page)
        return
    head, body = rows[0], rows[1:]
    for start in range(0, max(len(body), 1), _ROWS_IN_A_TABLE):
        part = [head, *body[start : start + _ROWS_IN_A_TABLE]]
        yield Element(kind="table", text=markdown_table(part), page=page)


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Consecutive numbers as ``(first, last)``."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
