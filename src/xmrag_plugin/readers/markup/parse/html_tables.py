"""A page's tables: those that hold data as Markdown, those that only arrange the page as such."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .blocks import LinkedPicture, Run
from .inline import read_inline, text_of
from .tables import Cell, markdown_table, spread

__all__ = ["PageTable", "read_table"]

_PAGE_IN_A_CELL = 1500
_NESTED_IN_A_CELL = 300
_CAPTION_IN_A_CELL = 300


@dataclass(slots=True)
class PageTable:
    """A table as read.

    Attributes:
        text: GitHub Markdown, ``""`` when it holds no words or only arranges the page.
        caption: Its caption element's words.
        layout: The cells in order, when it only arranges the page.
        pictures: The pictures in its cells, captioned with their cell's words.
        cites: Ids that its cells link to.
    """

    text: str = ""
    caption: str = ""
    layout: list[Any] = field(default_factory=list)
    pictures: list[LinkedPicture] = field(default_factory=list)
    cites: list[str] = field(default_factory=list)


def read_table(node: Any) -> PageTable:
    """Read a ``table`` element."""
    rows = [row for row in node.iter("tr") if next(row.iterancestors("table"), None) is node]
    cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in rows]
    caption = "\n".join(text_of(child) for child in node.iterchildren("caption"))
    if _only_arranges(node, cells):
        return PageTable(layout=[cell for row in cells for cell in row], caption=caption)
    table = PageTable(caption=caption)
    grid: list[list[Cell]] = []
    shown: list[tuple[int, int, LinkedPicture]] = []
    for number, row in enumerate(cells):
        line: list[Cell] = []
        for column, cell in enumerate(row):
            run = Run()
            read_inline(cell, run, flat=True)
            for picture in run.pictures:
                if len(run.text) <= _CAPTION_IN_A_CELL:
                    picture.caption = picture.caption or run.text
                shown.append((number, column, picture))
            table.cites.extend(run.cites)
            line.append((run.text, _span(cell, "colspan"), _span(cell, "rowspan")))
        grid.append(line)
    _caption_by_neighbours(shown, grid)
    table.pictures = [picture for _, _, picture in shown]
    table.text = markdown_table(spread(grid))
    if table.text and table.text.partition("\n")[0].replace("\\|", "").count("|") == 2:
        return PageTable(layout=[cell for row in cells for cell in row], caption=caption)
    return table


def _caption_by_neighbours(shown: list[tuple[int, int, LinkedPicture]], grid: list[list[Cell]]) -> None:
    """A picture alone in its cell is captioned by the cell below, else by the one above (a head)."""
    pictured = {(row, column) for row, column, _ in shown}
    for row, column, picture in shown:
        for beside in (row + 1, row - 1):
            if picture.caption or (beside, column) in pictured or not 0 <= beside < len(grid):
                continue
            text = grid[beside][column][0] if column < len(grid[beside]) else ""
            if text and len(text) <= _CAPTION_IN_A_CELL:
                picture.caption = text


def _only_arranges(node: Any, cells: list[list[Any]]) -> bool:
    """Whether it is no table of data: one column, tables in a page-like cell, or headings in it."""
    if node.get("role") in ("presentation", "none"):
        return True
    if max((len(row) for row in cells), default=0) <= 1:
        return True
    if any(True for _ in node.iterdescendants("h1", "h2", "h3", "pre")):
        return True
    nested = any(True for _ in node.iterdescendants("table"))
    if nested and len(cells) == 1:
        return True
    limit = _NESTED_IN_A_CELL if nested else _PAGE_IN_A_CELL
    return any(len(text_of(cell)) > limit for row in cells for cell in row)


def _span(cell: Any, name: str) -> int:
    match = re.match(r"\s*(\d{1,4})", cell.get(name) or "")
    return max(1, int(match.group(1))) if match else 1
