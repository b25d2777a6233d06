"""Cells of tables, and columns that are one to a reader though the page sets them apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .....types import BBox
from ..boxes import union

__all__ = ["CURRENCY", "EMPTY", "Cell", "is_numeric", "is_year", "join_columns"]

CURRENCY = frozenset("$€£¥")
_NUMERIC = re.compile(
    r"^[\s$€£¥(\[<>≤≥~±+\-–—−†*]*\d[\d,.:/\s\-–±]*(?:[%)\]†*xX×]|pp|bn|[kKmMbB])*[\s%)*†\]]*$|^[—–\-−]+$|^n/?a$|^\(?\d+\)?$",
    re.IGNORECASE,
)


class Cell(NamedTuple):
    """What stands in a cell of a table, and its box; nothing in an empty one."""

    text: str = ""
    box: BBox | None = None

    def __bool__(self) -> bool:
        return bool(self.text)

    def joined(self, other: Cell) -> Cell:
        """Return the two as one, this one first."""
        boxes = [cell.box for cell in (self, other) if cell.box is not None]
        return Cell(" ".join(filter(None, (self.text, other.text))), union(boxes) if boxes else None)


EMPTY = Cell()


def is_numeric(text: str) -> bool:
    """Return whether a cell holds a number, a percentage, an amount of money or a dash."""
    return bool(_NUMERIC.match(text.strip()))


def is_year(text: str) -> bool:
    """Return whether a cell holds a year, as column headings do."""
    return bool(re.fullmatch(r"(?:FY\s?)?(?:19|20)\d\d[AE*]?", text.strip()))


def join_columns(cells: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """Join what stands in columns of its own but is one column to a reader.

    Spreadsheets and filings set "$" at the left edge of a column, the figure at its right edge, and its head between;
    labels of rows are indented.

    Args:
        cells: Rows of cells.

    Returns:
        The rows, with fewer columns where some were joined.
    """
    count = max(map(len, cells), default=0)
    columns = [
        list(column) for column in zip(*([*row, *[EMPTY] * (count - len(row))] for row in cells), strict=True)
    ]
    first = next((number for number, row in enumerate(cells) if _has_figures(row)), len(cells))
    columns = _joined(columns, lambda left, right: _is_head_of(left, right, first))
    columns = _joined(columns, _are_signs_of)
    columns = _joined(columns[:2], _are_labels_too) + columns[2:]
    return [list(row) for row in zip(*columns, strict=True)]


def _joined(
    columns: Sequence[list[Cell]], is_one: Callable[[Sequence[Cell], Sequence[Cell]], bool]
) -> list[list[Cell]]:
    """Return columns, those that are one with their left neighbour joined to it."""
    kept: list[list[Cell]] = []
    for column in columns:
        if kept and is_one(kept[-1], column):
            kept[-1] = [left.joined(right) for left, right in zip(kept[-1], column, strict=True)]
        else:
            kept.append(column)
    return kept


def _has_figures(row: Sequence[Cell]) -> bool:
    return any(is_numeric(cell.text) and not is_year(cell.text) for cell in row[1:])


def _is_head_of(left: Sequence[Cell], right: Sequence[Cell], first: int) -> bool:
    """Return whether a column has only a head, and the one to its right only figures."""
    return (
        any(left[:first])
        and not any(left[first:])
        and not any(right[:first])
        and any(is_numeric(cell.text) for cell in right[first:])
    )


def _are_signs_of(left: Sequence[Cell], right: Sequence[Cell]) -> bool:
    """Return whether a column has only signs of currency, and the one to its right figures for them."""
    held = [(sign.text, figure.text) for sign, figure in zip(left, right, strict=True) if sign]
    return bool(held) and all(sign in CURRENCY and is_numeric(figure) for sign, figure in held)


def _are_labels_too(left: Sequence[Cell], right: Sequence[Cell]) -> bool:
    """Return whether the first two columns are labels of the rows by turns."""
    turns = [(bool(one), bool(other)) for one, other in zip(left, right, strict=True)]
    figures = any(is_numeric(cell.text) and not is_year(cell.text) for cell in right)
    return (
        (True, True) not in turns
        and turns.count((False, True)) > 1
        and turns.count((True, False)) > 1
        and not figures
    )
