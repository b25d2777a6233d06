"""Rows and columns of text that is set as a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ....types import BBox
from .boxes import union
from .glyphs import Word, is_right_to_left
from .lines import Line, join_words

__all__ = [
    "Row",
    "cells_of",
    "find_columns",
    "is_numeric",
    "is_year",
    "make_rows",
    "markdown_table",
    "merge_columns",
]

_NUMERIC = re.compile(
    r"^[\s$€£¥(\[<>≤≥~±+\-–—−†*]*\d[\d,.:/\s\-–±]*(?:[%)\]†*xX×]|pp|bn|[kKmMbB])*[\s%)*†\]]*$|^[—–\-−]+$|^n/?a$|^\(?\d+\)?$",
    re.IGNORECASE,
)
_CURRENCY = frozenset("$€£¥")
_SYMBOLS = _CURRENCY | {"("}


@dataclass(slots=True)
class Row:
    """Chunks on one baseline: words with narrow spaces between them, as they would stand in one cell."""

    chunks: list[list[Word]]
    base: float
    size: float
    box: BBox

    @property
    def text(self) -> str:
        """All words of the row."""
        parts = [join_words(chunk) for chunk in self.chunks]
        return " ".join(reversed(parts) if is_right_to_left("".join(parts)) else parts)


def is_numeric(text: str) -> bool:
    """Whether a cell holds a number, a percentage, an amount of money or a dash."""
    return bool(_NUMERIC.match(text.strip()))


def is_year(text: str) -> bool:
    """Whether a cell holds a year, as column headings do."""
    return bool(re.fullmatch(r"(?:FY\s?)?(?:19|20)\d\d[AE*]?", text.strip()))


def make_rows(lines: Sequence[Line], *, gap: float = 0.62) -> list[Row]:
    """Lines side by side as rows, from top to bottom.

    Args:
        lines: Any lines of a region.
        gap: Widest space within a chunk, in sizes of the type.
    """
    groups: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.base):
        if groups and abs(groups[-1][-1].base - line.base) <= 0.45 * min(line.size, groups[-1][-1].size):
            groups[-1].append(line)
        else:
            groups.append([line])
    rows: list[Row] = []
    for group in groups:
        words = sorted((word for line in group for word in line.words), key=lambda word: word.box[0])
        size = max(group, key=lambda line: len(line.text)).size
        rows.append(Row(_chunks(words, gap), group[0].base, size, union(line.box for line in group)))
    return rows


def _chunks(words: list[Word], gap: float) -> list[list[Word]]:
    chunks: list[list[Word]] = []
    for word in words:
        if chunks:
            last = chunks[-1][-1]
            space = word.box[0] - last.box[2]
            size = max(last.type.size, word.type.size)
            if word.text in _CURRENCY and space > 0.2 * size:
                chunks.append([word])
                continue
            alone = all(part.text in _SYMBOLS for part in chunks[-1])
            if space <= gap * size or (
                alone and space <= 9 * size and word.text[:1].isdigit() | (word.text[:1] in "(—–-")
            ):
                chunks[-1].append(word)
                continue
            if word.text in (")", "%", ")%") and space <= 1.5 * size:
                chunks[-1].append(word)
                continue
        chunks.append([word])
    return chunks


def _extent(chunk: list[Word]) -> tuple[float, float]:
    return chunk[0].box[0], max(word.box[2] for word in chunk)


def find_columns(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Left and right edges of columns, from white space that runs through (nearly) all rows.

    Rows of one wide chunk (titles within the table) are not asked. A few rows may bridge a gap, as
    headings over several columns do.
    """
    if not rows:
        return []
    left = min(row.box[0] for row in rows)
    right = max(row.box[2] for row in rows)
    asked = [row for row in rows if len(row.chunks) > 1] or list(rows)
    with_figures = [row for row in asked if any(is_numeric(join_words(chunk)) for chunk in row.chunks[1:])]
    if 2 <= len(with_figures) < len(asked) <= 8:  # few rows: headings over several columns weigh too much
        asked = with_figures
    bins = int(right - left) + 2
    covered = [0] * bins
    for row in asked:
        for chunk in row.chunks:
            start, stop = _extent(chunk)
            for x in range(max(0, int(start - left)), min(bins, int(stop - left) + 1)):
                covered[x] += 1
    count = len(asked)
    allowed = 0 if count <= 2 else 1 if count <= 8 else max(1, int(0.13 * count))
    columns: list[tuple[float, float]] = []
    start = -1
    for x in range(bins + 1):
        full = x < bins and covered[x] > allowed
        if full and start < 0:
            start = x
        elif not full and start >= 0:
            columns.append((left + start, left + x))
            start = -1
    least = 0.35 * min(row.size for row in rows)
    joined: list[tuple[float, float]] = []
    for column in columns:
        if joined and column[0] - joined[-1][1] < least:
            joined[-1] = (joined[-1][0], column[1])
        else:
            joined.append(column)
    return joined


def cells_of(row: Row, columns: Sequence[tuple[float, float]]) -> list[str]:
    """A row's text by column."""
    cells: list[list[str]] = [[] for _ in columns]
    figures = any(is_numeric(join_words(chunk)) for chunk in row.chunks)
    for chunk in row.chunks:
        start, stop = _extent(chunk)
        home = _home(start, stop, columns)
        if not figures and stop - start > 1.3 * (columns[home][1] - columns[home][0]):
            cells[home].append(join_words(chunk))  # a heading over several columns
            continue
        for part, home in _placed(chunk, columns, 0.2 if figures else 0.4):
            cells[home].append(join_words(part))
    return [" ".join(parts).strip() for parts in cells]


def _placed(
    chunk: list[Word], columns: Sequence[tuple[float, float]], least: float
) -> list[tuple[list[Word], int]]:
    """A chunk, cut where a space of it falls between columns, with the column of each part.

    Args:
        chunk: The words.
        columns: Edges of the columns.
        least: Narrowest space at which it is cut, in sizes of the type.
    """
    parts: list[tuple[list[Word], int]] = []
    for word in chunk:
        home = _home(word.box[0], word.box[2], columns)
        if parts:
            last, previous = parts[-1]
            if all(part.text in _SYMBOLS for part in last):
                parts[-1] = ([*last, word], home)
                continue
            space = word.box[0] - last[-1].box[2]
            if (
                home == previous
                or space < least * word.type.size
                or last[-1].box[2] > columns[home][0] + 1
                or word.box[0] < columns[previous][1] - 1
            ):
                last.append(word)
                continue
        parts.append(([word], home))
    return parts


def _home(start: float, stop: float, columns: Sequence[tuple[float, float]]) -> int:
    best, share = 0, float("-inf")
    for index, (left, right) in enumerate(columns):
        shared = min(stop, right) - max(start, left)
        if shared > share:
            best, share = index, shared
    return best


def merge_columns(
    cells: Sequence[Sequence[str]], columns: Sequence[tuple[float, float]], size: float
) -> list[list[str]]:
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
        close = edges[index + 1][0] - edges[index][1] < 2.5 * size
        filled = [cell for row in merged for cell in (row[index], row[index + 1]) if cell]
        figures = sum(map(is_numeric, filled)) >= 0.6 * len(filled)
        if both or not close or not figures:
            index += 1
            continue
        for row in merged:
            row[index : index + 2] = [row[index] or row[index + 1]]
        edges[index : index + 2] = [(edges[index][0], edges[index + 1][1])]
    return merged


def markdown_table(cells: Sequence[Sequence[str]], header_rows: int = 1) -> str:
    """Cells as a Markdown table; the first ``header_rows`` become its one heading row."""
    count = max((len(row) for row in cells), default=0)
    if count == 0:
        return ""
    every = "".join(cell for row in cells for cell in row)
    if sum(map(is_right_to_left, every)) > 0.4 * len(every):
        cells = [[*row, *[""] * (count - len(row))][::-1] for row in cells]
    head = [
        " ".join(filter(None, (row[column] if column < len(row) else "" for row in cells[:header_rows])))
        for column in range(count)
    ]
    body = cells[header_rows:]
    rows = [head, ["---"] * count, *([*row, *[""] * (count - len(row))] for row in body)]
    return "\n".join("| " + " | ".join(_escaped(cell) for cell in row) + " |" for row in rows)


def _escaped(cell: str) -> str:
    return " ".join(cell.replace("|", "\\|").split())
