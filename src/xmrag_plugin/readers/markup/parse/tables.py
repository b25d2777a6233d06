"""Tables as GitHub Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from ....types import Element
from .blocks import Block, LinkedPicture

__all__ = [
    "Cell",
    "caption_in_table",
    "columns_of",
    "markdown_table",
    "spread",
    "table_blocks",
    "title_of_table",
]

Cell = tuple[str, int, int]
"""``(text, columns spanned, rows spanned)``."""

_MAX_CELLS = 100_000  # under spans
_MAX_COLUMNS = 500
_MAX_ROW_SPAN = 1000
_MAX_CAPTION = 300
_MIN_TITLED, _MAX_TITLES = 3, 3  # columns of a table whose first rows may be its title; such rows


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells as a GitHub Markdown table, the first row as its head.

    Empty rows and columns are left out; line ends in a cell become ``<br>``, bars are escaped.
    """
    clean = [[_cell(cell) for cell in row] for row in rows]
    clean = [row for row in clean if any(row)]
    if not clean:
        return ""
    width = max(len(row) for row in clean)
    for row in clean:
        row.extend([""] * (width - len(row)))
    filled = [column for column in range(width) if any(row[column] for row in clean)]
    lines = ["| " + " | ".join(row[column] for column in filled) + " |" for row in clean]
    lines.insert(1, "|" + " --- |" * len(filled))
    return "\n".join(lines)


def title_of_table(rows: Sequence[Sequence[str]]) -> tuple[str, int]:
    """Return the title that the first rows of a table are, and how many they are: rows that say one thing only.

    The row below them is the head; a table of two columns, or without a row below its head, has no such title.
    """
    filled = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    if max(map(len, filled), default=0) < _MIN_TITLED:
        return "", 0
    titles: list[str] = []
    for number, row in enumerate(filled):
        if len(row) > 1:
            body = any(len(later) > 1 for later in filled[number + 1 :])
            return ("\n".join(titles), number) if titles and body else ("", 0)
        if len(titles) + len(row) > _MAX_TITLES or sum(map(len, row)) > _MAX_CAPTION:
            break
        titles += row
    return "", 0


def columns_of(rows: Sequence[Sequence[Cell]]) -> list[list[int]]:
    """Return the column of the grid that each row's cells begin in, after the spans of cells above and before."""
    found: list[list[int]] = []
    until: dict[int, int] = {}
    for number, row in enumerate(_bounded(rows)):
        column = 0
        line: list[int] = []
        for _, across, down in row:
            while until.get(column, 0) > number:
                column += 1
            line.append(column)
            if down > 1:
                until.update(dict.fromkeys(range(column, column + across), number + down))
            column += across
        found.append(line)
    return found


def spread(rows: Sequence[Sequence[Cell]]) -> list[list[str]]:
    """Return cells with spans as a full grid: a spanned cell's text stands in each, but for one across the row."""
    rows = _bounded(rows)
    grid: list[list[str]] = [[] for _ in rows]
    for number, (row, columns) in enumerate(zip(rows, columns_of(rows), strict=True)):
        for (text, across, down), column in zip(row, columns, strict=True):
            if column >= _MAX_COLUMNS:
                break
            whole_row = column == 0 and len(row) == 1
            values = [text] + ["" if whole_row else text] * (across - 1)
            for line in grid[number : number + down]:
                line.extend([""] * (column + across - len(line)))
                line[column : column + across] = values
    return grid


def _bounded(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """Return rows whose spans are in the table, and which together fill no more cells than a reader could look at."""
    found: list[list[Cell]] = []
    filled = 0
    for number, row in enumerate(rows):
        line: list[Cell] = []
        for text, across, down in row:
            across = max(1, min(across, _MAX_COLUMNS))
            down = max(1, min(down, _MAX_ROW_SPAN, len(rows) - number))
            if filled + across * down > _MAX_CELLS:
                across = down = 1
            filled += across * down if across * down > 1 else 0
            line.append((text, across, down))
        found.append(line)
    return found


def caption_in_table(
    grid: Sequence[Sequence[str]], shown: Sequence[tuple[int, int, LinkedPicture]], *, head: int = 0
) -> None:
    """Give each picture in a table's cells the words of its cell and row under its column's head as its caption.

    Where its row holds pictures only, it takes the words of the cell below, else of the one above.

    Args:
        grid: The cells' words by row and column, spans resolved.
        shown: ``(row, column, picture)`` of the pictures, in the same count of rows and columns.
        head: The row that names the columns.
    """
    pictured = {(row, column) for row, column, _ in shown}

    def words(row: int, column: int) -> str:
        inside = 0 <= row < len(grid) and column < len(grid[row]) and (row, column) not in pictured
        return " ".join(grid[row][column].split()) if inside else ""

    for row, column, picture in shown:
        if picture.caption:
            continue
        cells = grid[row] if row < len(grid) else []
        own = " ".join(cells[column].split()) if column < len(cells) else ""
        beside = [words(row, other) for other in range(len(cells)) if other != column]
        parts = list(dict.fromkeys(filter(None, [own, *beside])))
        while len(parts) > 1 and sum(map(len, parts)) > _MAX_CAPTION:
            parts.pop()
        if parts and len(parts[0]) <= _MAX_CAPTION:
            named = words(head, column) if row > head and any(beside) else ""
            picture.caption = (
                f"{named}: {', '.join(parts)}" if named and named not in parts else ", ".join(parts)
            )
        elif not parts:
            near = words(row + 1, column) or words(row - 1, column)
            picture.caption = near if len(near) <= _MAX_CAPTION else ""
        picture.caption_in_text = bool(picture.caption)


def table_blocks(
    rows: Sequence[Sequence[str]], shown: Sequence[tuple[int, int, LinkedPicture]], *, group: int = 0
) -> list[Block]:
    """Return a grid as a table block, followed by the pictures in its cells with captions from their rows.

    Args:
        rows: The cells' words by row and column, spans resolved.
        shown: ``(row, column, picture)`` of the pictures, in the same count of rows and columns.
        group: Number that the pictures share, 0 for none.
    """
    title, head = title_of_table(rows)
    caption_in_table(rows, shown, head=head)
    pictures = [picture for _, _, picture in shown]
    text = markdown_table(rows[head:])
    table = [Block(Element(kind="table", text=text), title=title, rows=rows, holds=pictures)] if text else []
    return [*table, *(Block(Element(kind="picture"), picture, group=group) for picture in pictures)]


def _cell(text: str) -> str:
    lines = [" ".join(line.split()) for line in text.strip().split("\n")]
    return "<br>".join(line for line in lines if line).replace("|", "\\|")
