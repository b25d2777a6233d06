"""Rows, columns and cells: text that is set as a table, whatever shows that it is one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from .....types import BBox
from .. import measures as m
from ..boxes import cover, union
from ..glyphs import Word, is_right_to_left
from ..lines import LEADER, LEADER_DOTS, Line, join_words
from .cells import CURRENCY, EMPTY, Cell, is_numeric, is_year, join_columns

__all__ = [
    "Row",
    "Table",
    "cells_of",
    "find_columns",
    "has_figures",
    "heading_rows",
    "is_code",
    "make_rows",
    "merge_wrapped",
    "row_cell",
    "set_table",
]

_ROMAN = re.compile("[ivxlc]+")
_SYMBOLS = CURRENCY | {"("}
_CLOSING = (")", "%", ")%")
_OPENING = "(—–-"


@dataclass(slots=True)
class Row:
    """Chunks on one baseline: words with narrow spaces between them, as they would stand in one cell."""

    chunks: list[list[Word]]
    base: float
    size: float
    box: BBox

    @property
    def text(self) -> str:
        """Return all words of the row."""
        parts = [join_words(chunk) for chunk in self.chunks]
        return " ".join(reversed(parts) if is_right_to_left("".join(parts)) else parts)


def make_rows(lines: Sequence[Line]) -> list[Row]:
    """Return lines side by side as rows, from top to bottom.

    Args:
        lines: Any lines of a region.
    """
    groups: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.base):
        if groups and abs(groups[-1][-1].base - line.base) <= m.ROW_BASE * min(
            line.size, groups[-1][-1].size
        ):
            groups[-1].append(line)
        else:
            groups.append([line])
    rows: list[Row] = []
    for group in groups:
        words = sorted((word for line in group for word in line.words), key=lambda word: word.box[0])
        size = max(group, key=lambda line: len(line.text)).size
        rows.append(Row(_chunks(words), group[0].base, size, union(line.box for line in group)))
    return rows


def _chunks(words: list[Word]) -> list[list[Word]]:
    chunks: list[list[Word]] = []
    for word in words:
        if chunks:
            last = chunks[-1][-1]
            space = word.box[0] - last.box[2]
            size = max(last.type.size, word.type.size)
            if word.text in CURRENCY and space > m.CURRENCY_GAP * size:
                chunks.append([word])
                continue
            if space <= m.CHUNK_GAP * size or (
                space <= m.SYMBOL_GAP * size
                and (word.text[:1].isdigit() or word.text[:1] in _OPENING)
                and all(part.text in _SYMBOLS for part in chunks[-1])
            ):
                chunks[-1].append(word)
                continue
            if word.text in _CLOSING and space <= m.CLOSING_GAP * size:
                chunks[-1].append(word)
                continue
        chunks.append([word])
    return chunks


def _extent(chunk: list[Word]) -> tuple[float, float]:
    return chunk[0].box[0], max(word.box[2] for word in chunk)


def find_columns(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Return the left and right edges of columns, from white space that runs through (nearly) all rows.

    Rows of one wide chunk (titles within the table) are not asked. A few rows may bridge a gap, as
    headings over several columns do.
    """
    if not rows:
        return []
    left = min(row.box[0] for row in rows)
    right = max(row.box[2] for row in rows)
    asked = [row for row in rows if len(row.chunks) > 1] or list(rows)
    with_figures = [row for row in asked if any(is_numeric(join_words(chunk)) for chunk in row.chunks[1:])]
    if (
        2 <= len(with_figures) < len(asked) <= m.FEW_ROWS
    ):  # few rows: headings over several columns weigh too much
        asked = with_figures
    bins = int(right - left) + 2
    covered = [0] * bins
    for row in asked:
        for chunk in row.chunks:
            start, stop = _extent(chunk)
            for x in range(max(0, int(start - left)), min(bins, int(stop - left) + 1)):
                covered[x] += 1
    count = len(asked)
    allowed = 0 if count <= 2 else max(1, int(m.BRIDGING_SHARE * count) if count > m.FEW_ROWS else 1)
    columns: list[tuple[float, float]] = []
    start = -1
    for x in range(bins + 1):
        full = x < bins and covered[x] > allowed
        if full and start < 0:
            start = x
        elif not full and start >= 0:
            columns.append((left + start, left + x))
            start = -1
    least = m.COLUMN_GAP * min(row.size for row in rows)
    joined: list[tuple[float, float]] = []
    for column in columns:
        if joined and column[0] - joined[-1][1] < least:
            joined[-1] = (joined[-1][0], column[1])
        else:
            joined.append(column)
    return joined


def row_cell(words: Sequence[Word]) -> Cell:
    """Return words of one row that stand in one cell."""
    return Cell(join_words(words), union(word.box for word in words)) if words else EMPTY


def cells_of(row: Row, columns: Sequence[tuple[float, float]]) -> list[Cell]:
    """Return a row's text by column."""
    cells: list[list[Word]] = [[] for _ in columns]
    figures = any(is_numeric(join_words(chunk)) for chunk in row.chunks)
    for chunk in row.chunks:
        start, stop = _extent(chunk)
        home = _nearest_column(start, stop, columns)
        if not figures and stop - start > m.HEADING_WIDTH * (columns[home][1] - columns[home][0]):
            cells[home] += chunk  # a heading over several columns
            continue
        for part, home in _placed(chunk, columns, m.CUT_GAP[0] if figures else m.CUT_GAP[1]):
            cells[home] += part
    return [row_cell(words) for words in cells]


def _placed(
    chunk: list[Word], columns: Sequence[tuple[float, float]], least: float
) -> list[tuple[list[Word], int]]:
    """Return a chunk, cut where a space of it falls between columns, with the column of each part.

    Args:
        chunk: The words.
        columns: Edges of the columns.
        least: Narrowest space at which it is cut, in sizes of the type.
    """
    parts: list[tuple[list[Word], int]] = []
    for word in chunk:
        home = _nearest_column(word.box[0], word.box[2], columns)
        if parts:
            last, previous = parts[-1]
            if all(part.text in _SYMBOLS for part in last):
                parts[-1] = ([*last, word], home)
                continue
            space = word.box[0] - last[-1].box[2]
            if (
                home == previous
                or space < least * word.type.size
                or last[-1].box[2] > columns[home][0] + m.COLUMN_EDGE
                or word.box[0] < columns[previous][1] - m.COLUMN_EDGE
            ):
                last.append(word)
                continue
        parts.append(([word], home))
    return parts


def _nearest_column(start: float, stop: float, columns: Sequence[tuple[float, float]]) -> int:
    best, share = 0, float("-inf")
    for index, (left, right) in enumerate(columns):
        shared = min(stop, right) - max(start, left)
        if shared > share:
            best, share = index, shared
    return best


def merge_columns(
    cells: Sequence[Sequence[Cell]], columns: Sequence[tuple[float, float]], size: float
) -> list[list[Cell]]:
    """Join neighbouring columns of figures that no row fills both of: one column set at two edges.

    Args:
        cells: Rows of cells.
        columns: Edges of the columns.
        size: Of the type.
    """
    merged = [list(row) for row in cells]
    edges = list(columns)
    index = 1
    while index < len(edges) - 1:
        both = any(row[index] and row[index + 1] for row in merged)
        close = edges[index + 1][0] - edges[index][1] < m.TWO_EDGES_GAP * size
        filled = [cell for row in merged for cell in (row[index], row[index + 1]) if cell]
        figures = sum(is_numeric(cell.text) for cell in filled) >= m.MOST * len(filled)
        if both or not close or not figures:
            index += 1
            continue
        for row in merged:
            row[index : index + 2] = [row[index] or row[index + 1]]
        edges[index : index + 2] = [(edges[index][0], edges[index + 1][1])]
    return merged


def _markdown(cells: Sequence[Sequence[Cell]], header_rows: int) -> tuple[str, list[tuple[int, int, BBox]]]:
    """Return the cells as a Markdown table (``header_rows`` as one heading row), and where each stands in it."""
    count = max((len(row) for row in cells), default=0)
    if count == 0:
        return "", []
    rows = [[*row, *[EMPTY] * (count - len(row))] for row in cells]
    every = "".join(cell.text for row in rows for cell in row)
    if sum(map(is_right_to_left, every)) > m.RIGHT_TO_LEFT_SHARE * len(every):
        rows = [row[::-1] for row in rows]
    head = [EMPTY] * count
    for row in rows[:header_rows]:
        head = [above if above == cell else above.joined(cell) for above, cell in zip(head, row, strict=True)]
    text = ""
    spans: list[tuple[int, int, BBox]] = []
    for number, row in enumerate([head, *rows[header_rows:]]):
        for cell in row:
            text += "| "
            start = len(text)
            words = LEADER.sub(" ", cell.text) if cell.text.count(".") >= LEADER_DOTS else cell.text
            text += " ".join(words.replace("|", "\\|").split()) + " "
            if cell.box is not None and cell.text:
                spans.append((start, len(text) - 1, cell.box))
        text += "|\n" if number else "|\n" + "| --- " * count + "|\n"
    return text.rstrip("\n"), spans


@dataclass(slots=True)
class Table:
    """A table on the page.

    Attributes:
        box: Around its rules and text.
        lines: The text lines in it.
        cells: Rows of cells, those joined that are one column to a reader.
        header_rows: How many of the rows are its heading.
        turned: Words in it that are set sideways.
        markdown: The table as Markdown.
        spans: Where each cell stands in it.
    """

    box: BBox
    lines: list[Line]
    cells: list[list[Cell]]
    header_rows: int = 1
    turned: list[Word] = field(default_factory=list)
    markdown: str = field(default="", init=False)
    spans: list[tuple[int, int, BBox]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.cells = join_columns(self.cells)
        self.markdown, self.spans = _markdown(self.cells, self.header_rows)


def set_table(
    lines: Sequence[Line], box: BBox, rules: Sequence[float] = (), *, least: float = m.FILLED_SHARE
) -> Table | None:
    """Return lines as a table; None when no columns show.

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
        above = sum(row.base < inner[0] + m.COLUMN_EDGE for row in rows)
        if above <= max(1, len(rows) // 2) and not any(has_figures(row) for row in cells[:above]):
            heading = above
            while heading < len(cells) - 1 and not cells[heading][0] and not has_figures(cells[heading]):
                heading += 1
    cells = merge_wrapped(cells, heading, rows)
    box = union((box, *(line.box for line in lines)))
    return Table(box, list(lines), cells, heading or heading_rows(cells))


def is_code(lines: Sequence[Line], box: BBox) -> bool:
    """Return whether most of the text in a box is of fixed width, as listings are."""
    inside = [line for line in lines if cover(line.box, box) > m.INSIDE_SHARE]
    return sum(len(line.text) * line.fixed for line in inside) > m.MOST * sum(
        len(line.text) for line in inside
    )


def has_figures(row: Sequence[Cell]) -> bool:
    """Return whether a row holds figures beyond its first column: numbers that are no years."""
    later = [cell for cell in row[1:] if cell]
    numbers = [cell for cell in later if is_numeric(cell.text)]
    return (
        bool(numbers) and 2 * len(numbers) >= len(later) and not all(is_year(cell.text) for cell in numbers)
    )


def heading_rows(cells: Sequence[Sequence[Cell]]) -> int:
    """Return how many rows stand before the first one with figures; at least 1."""
    numbers = [row[-1].text for row in cells if row and row[-1]]
    if numbers and _ROMAN.fullmatch(numbers[0]) and 2 * sum(map(str.isdigit, numbers)) > len(numbers):
        return 1  # contents: the pages of the preface are counted with Roman letters
    for index, row in enumerate(cells[: m.MAX_HEADING_ROWS]):
        if has_figures(row):
            return max(1, index) if index < len(cells) - 1 else 1
    return 1


def merge_wrapped(cells: Sequence[Sequence[Cell]], heading: int, rows: Sequence[Row]) -> list[list[Cell]]:
    """Join a cell's further lines to its first.

    A row goes on with the one above when its first column is empty and it holds no number, or when its
    label starts in lower case and one of the two has nothing but its label, or no number and a place closer to the
    row above than rows are.

    Args:
        cells: Rows of cells.
        heading: Rows at the top that are left alone.
        rows: Where they stand.
    """
    merged: list[list[Cell]] = []
    steps = [0.0, *(below.base - above.base for above, below in pairwise(rows))]
    close = [step * m.PITCH <= max(steps) for step in steps]
    apart = 3 * close.count(False) >= len(close)  # as where cells of several lines have space between
    for row, near in zip(cells, close, strict=True):
        if len(merged) > heading and _continues_row(merged[-1], row, close=near and apart):
            merged[-1] = [above.joined(cell) for above, cell in zip(merged[-1], row, strict=True)]
        else:
            merged.append(list(row))
    return merged


def _continues_row(last: Sequence[Cell], row: Sequence[Cell], *, close: bool) -> bool:
    filled = [cell for cell in row if cell]
    alone = len([cell for cell in last if cell]) == 1
    if not row[0]:
        return bool(filled) and not alone and not any(is_numeric(cell.text) for cell in filled)
    if not row[0].text[0].islower():
        return False
    if close and not any(is_numeric(cell.text) for cell in filled):
        return True
    return (len(filled) == 1 and not alone) or (alone and bool(last[0]))
