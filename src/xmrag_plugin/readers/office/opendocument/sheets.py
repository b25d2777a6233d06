"""The sheets of an OpenDocument spreadsheet: cells by place, and what is drawn on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...data.grids import Grid
from ...markup.parse import Block, LinkedPicture
from ..ooxml import local, whole
from .body import OpenBody, rows_of
from .names import TABLE

__all__ = ["open_sheets"]

_MAX_ACROSS, _MAX_DOWN = 50, 200


def open_sheets(spreadsheet: Any, body: OpenBody) -> Iterator[Grid]:
    """Yield the sheets in order, the hidden ones too.

    Args:
        spreadsheet: The ``office:spreadsheet`` element.
        body: Reads what the cells hold.
    """
    for number, table in enumerate(spreadsheet.iterchildren(f"{TABLE}table"), 1):
        sheet = Grid(table.get(f"{TABLE}name") or f"Sheet {number}", number)
        sheet.hidden = body.hides(table)
        sheet.hidden_rows = {
            number for number, row in enumerate(rows_of(table), 1) if _is_hidden(row, "table-row-group")
        }
        sheet.hidden_columns = list(_hidden_columns(table))
        shown: list[tuple[int, int, LinkedPicture]] = []
        nested: list[Block] = []
        lines = list(body.cells_of(table, shown, nested, covered=True))
        filled = [sum(bool(cell[0]) for cell in line) for line in lines]
        for row, line in enumerate(lines, 1):
            alone = filled[row - 1] == 1
            for column, (text, across, down) in enumerate(line, 1):
                if alone and text and across > 1 and not any(filled[row : row - 1 + down]):
                    down = 1  # a title across whole rows
                for extra in range(min(across, _MAX_ACROSS) if text and not alone else int(bool(text))):
                    for lower in range(min(down, _MAX_DOWN)):
                        sheet.cells.setdefault((row + lower, column + extra), text)
        sheet.placed = [(row + 1, place + 1, picture) for row, place, picture in shown]
        for shapes in table:
            if local(shapes) == "shapes":
                before = len(body.blocks)
                body.walk(shapes)
                nested.extend(body.blocks[before:])
                del body.blocks[before:]
        sheet.drawn = [(0, block) for block in nested]
        yield sheet


def _hidden_columns(table: Any) -> Iterator[tuple[int, int]]:
    column = 0
    for node in table.iter(f"{TABLE}table-column", f"{TABLE}table-row"):
        if local(node) == "table-row":
            return
        width = whole(node.get(f"{TABLE}number-columns-repeated"), 1)
        if _is_hidden(node, "table-column-group"):
            yield column + 1, column + width
        column += width


def _is_hidden(line: Any, group: str) -> bool:
    """Return whether a row or column is hidden, and not as part of a closed group, whose button shows it."""
    return line.get(f"{TABLE}visibility") == "collapse" and local(line.getparent()) != group
