"""The sheets of an OpenDocument spreadsheet: cells by place, and what is drawn on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ....types import Element
from ...markup.parse import Block, LinkedPicture
from ..ooxml import local
from .body import OpenBody
from .names import TABLE

__all__ = ["open_sheets"]


def open_sheets(
    spreadsheet: Any, body: OpenBody
) -> Iterator[tuple[str, dict[tuple[int, int], str], list[Block]]]:
    """``(name, cells by (row, column), drawn blocks)`` of each sheet, in order.

    Args:
        spreadsheet: The ``office:spreadsheet`` element.
        body: Reads what the cells hold.
    """
    for table in spreadsheet.iterchildren(f"{TABLE}table"):
        pictures: list[LinkedPicture] = []
        cells: dict[tuple[int, int], str] = {}
        for row, line in enumerate(body.cells_of(table, pictures, covered=True), 1):
            for column, (text, across, down) in enumerate(line, 1):
                if text:
                    alone = sum(bool(cell[0]) for cell in line) == 1
                    for extra in range(min(across, 50)):
                        for lower in range(min(down, 200)):
                            if extra == 0 or not alone:
                                cells.setdefault((row + lower, column + extra), text)
        drawn = [Block(Element(kind="picture"), picture) for picture in pictures]
        for shapes in table:
            if local(shapes) == "shapes":
                before = len(body.blocks)
                body.walk(shapes)
                drawn.extend(body.blocks[before:])
                del body.blocks[before:]
        yield table.get(f"{TABLE}name") or "", cells, drawn
