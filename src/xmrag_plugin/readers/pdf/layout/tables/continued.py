"""Tables that go on over the page: their later parts are given the heading of the first."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .. import measures as m
from .cells import Cell
from .rows import Table

__all__ = ["with_heading_of"]

_SHAPES = ((re.compile(r"\d+"), "9"), (re.compile(r"[^\W\d_]+"), "a"))


def with_heading_of(before: Table, table: Table) -> Table:
    """Return a table at the top of a page with the heading of the one at the end of the page before, if it goes on.

    It does when it has as many columns between the same edges and its first row is no heading of its own: not the
    same words, not set in bold as the heading was, and more like the rows above than like their heading, or the rest
    of a sentence.
    """
    heading, rows = before.cells[: before.header_rows], before.cells[before.header_rows :]
    if len(before.cells[0]) != len(table.cells[0]) or not rows:
        return table
    if max(abs(before.box[0] - table.box[0]), abs(before.box[2] - table.box[2])) > m.SAME_TABLE_EDGE:
        return table
    first = table.cells[0]
    if [cell.text for cell in first] == [cell.text for cell in heading[0]]:
        return table
    if _heading_is_bold(before):
        if _heading_is_bold(table):
            return table
    elif not _goes_on(first) and max(_alike_columns(first, row) for row in rows) <= _alike_columns(
        first, heading[-1]
    ):
        return table
    bare = [[Cell(cell.text) for cell in row] for row in heading]
    return Table(table.box, table.lines, [*bare, *table.cells], len(heading))


def _goes_on(row: Sequence[Cell]) -> bool:
    """Return whether a row ends a sentence that the page before began."""
    return any(cell.text[:1].islower() and cell.text.endswith((".", ";")) for cell in row)


def _heading_is_bold(table: Table) -> bool:
    """Return whether the uppermost text of a table is bold and most of the rest is not."""
    ordered = sorted(table.lines, key=lambda line: line.base)
    rest = ordered[len(table.cells[0]) :]
    return ordered[0].bold and 2 * sum(line.bold for line in rest) < len(rest)


def _alike_columns(one: Sequence[Cell], other: Sequence[Cell]) -> int:
    """Return in how many columns two rows have values of one shape, such as "Berth 138" and "Berth 20"."""
    return sum(_shape(a.text) == _shape(b.text) for a, b in zip(one, other, strict=True))


def _shape(text: str) -> str:
    for pattern, sign in _SHAPES:
        text = pattern.sub(sign, text)
    return text
