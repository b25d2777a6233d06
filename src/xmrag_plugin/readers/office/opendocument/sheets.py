"""The sheets of an OpenDocument spreadsheet: cells by place, and what is drawn on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ...markup.parse import Block, LinkedPicture
from ..ooxml import local
from .body import OpenBody
from .names import TABLE

__all__ = ["OpenSheet", "open_sheets"]

_MAX_ACROSS, _MAX_DOWN = 50, 200


@dataclass(slots=True)
class OpenSheet:
    """One sheet.

    Attributes:
        name: Its name.
        cells: Values by ``(row, column)``, both from 1; empty cells are left out.
        placed: ``(row, column, picture)`` of the pictures anchored to a cell.
        drawn: What is drawn elsewhere, and tables in cells.
    """

    name: str
    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    placed: list[tuple[int, int, LinkedPicture]] = field(default_factory=list)
    drawn: list[tuple[int, Block]] = field(default_factory=list)


def open_sheets(spreadsheet: Any, body: OpenBody) -> Iterator[OpenSheet]:
    """Yield the sheets in order.

    Args:
        spreadsheet: The ``office:spreadsheet`` element.
        body: Reads what the cells hold.
    """
    for table in spreadsheet.iterchildren(f"{TABLE}table"):
        sheet = OpenSheet(table.get(f"{TABLE}name") or "")
        shown: list[tuple[int, int, LinkedPicture]] = []
        nested: list[Block] = []
        for row, line in enumerate(body.cells_of(table, shown, nested, covered=True), 1):
            alone = sum(bool(cell[0]) for cell in line) == 1
            for column, (text, across, down) in enumerate(line, 1):
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
