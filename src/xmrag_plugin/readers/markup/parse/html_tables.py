"""A page's tables: those that hold data as Markdown, those that only arrange the page as such."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .blocks import LinkedPicture, Run
from .inline import is_hidden, read_inline, text_of
from .tables import Cell, caption_in_table, columns_of, markdown_table, spread, title_of_table

__all__ = ["PageTable", "read_table"]

_MAX_CELL = 1500
_PARTS = {"thead": 0, "tfoot": 2}
_MAX_CELL_BESIDE_TABLES = 300


@dataclass(slots=True)
class PageTable:
    """A table as read.

    Attributes:
        text: GitHub Markdown, ``""`` when it holds no words or only arranges the page.
        title: What the rows above its head say.
        caption: Its caption element's words.
        layout: The cells in order, when it only arranges the page.
        pictures: The pictures in its cells, captioned with the words of their rows.
        nested: Tables in its cells, which come after it.
        cites: Ids that its cells link to.
    """

    text: str = ""
    title: str = ""
    caption: str = ""
    layout: list[Any] = field(default_factory=list)
    pictures: list[LinkedPicture] = field(default_factory=list)
    nested: list[Any] = field(default_factory=list)
    cites: list[str] = field(default_factory=list)


def read_table(node: Any) -> PageTable:
    """Read a ``table`` element."""
    rows = [row for row in node.iter("tr") if _table_of(row) is node and not is_hidden(row)]
    rows.sort(
        key=lambda row: _PARTS.get(row.getparent().tag, 1)
    )  # a foot is shown last, wherever it is written
    cells = [[cell for cell in row if cell.tag in ("td", "th") and not is_hidden(cell)] for row in rows]
    caption = "\n".join(text_of(child) for child in node.iterchildren("caption"))
    nested = [table for table in node.iterdescendants("table") if _table_of(table) is node]
    grid: list[list[Cell]] = []
    shown: list[tuple[int, int, LinkedPicture]] = []
    table = PageTable(caption=caption, nested=nested)
    layout = PageTable(caption=caption, layout=[cell for row in cells for cell in row])
    if _arranges_the_page(node, cells):
        return layout
    for number, row in enumerate(cells):
        line: list[Cell] = []
        for cell in row:
            run = Run()
            read_inline(cell, run, flat=True, without=set(nested))
            if len(run.text) > (_MAX_CELL_BESIDE_TABLES if nested else _MAX_CELL):
                return layout
            shown.extend((number, len(line), picture) for picture in run.pictures)
            table.cites.extend(run.cites)
            line.append(
                (run.text, _span(cell, "colspan"), _span(cell, "rowspan") or _rows_left(rows, number))
            )
        grid.append(line)
    if nested and not any(sum(bool(text) for text, _, _ in line) >= 2 for line in grid):
        return layout
    whole, columns = spread(grid), columns_of(grid)
    table.title, head = title_of_table(whole)
    caption_in_table(whole, [(row, columns[row][place], picture) for row, place, picture in shown], head=head)
    table.pictures = [picture for _, _, picture in shown]
    table.text = markdown_table(whole[head:])
    if table.text and not nested and table.text.partition("\n")[0].replace("\\|", "").count("|") == 2:
        return layout
    return table


def _table_of(node: Any) -> Any:
    return next(node.iterancestors("table"), None)


def _arranges_the_page(node: Any, cells: list[list[Any]]) -> bool:
    """Return whether it is no table of data: one column, one row of tables, or headings in it."""
    if node.get("role") in ("presentation", "none"):
        return True
    if max((len(row) for row in cells), default=0) <= 1:
        return True
    if any(True for _ in node.iterdescendants("h1", "h2", "h3", "pre")):
        return True
    return len(cells) == 1 and any(True for _ in node.iterdescendants("table"))


def _span(cell: Any, name: str) -> int:
    match = re.match(r"\s*(\d{1,4})", cell.get(name) or "")
    least = 0 if name == "rowspan" else 1  # 0: down to the end of its part of the table
    return max(least, int(match.group(1))) if match else 1


def _rows_left(rows: list[Any], number: int) -> int:
    part = rows[number].getparent()
    return sum(1 for row in rows[number:] if row.getparent() is part)
