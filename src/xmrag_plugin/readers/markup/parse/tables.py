"""Tables as GitHub Markdown."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Cell", "markdown_table", "spread"]

Cell = tuple[str, int, int]
"""``(text, columns spanned, rows spanned)``."""

_WIDEST = 1000
_TALLEST_SPAN = 2000


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as a GitHub Markdown table, the first row as its head.

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


def spread(rows: Sequence[Sequence[Cell]]) -> list[list[str]]:
    """Cells with spans as a full grid: a spanned cell's text stands in each, but for a cell alone in its row."""
    grid: list[list[str]] = []
    pending: dict[int, tuple[str, int]] = {}
    for row in rows:
        line: list[str] = []
        cells, alone = list(row), len(row)
        while cells or any(column >= len(line) for column in pending):
            column = len(line)
            if column >= _WIDEST:
                break
            if column in pending:
                text, left = pending.pop(column)
                line.append(text)
                if left > 1:
                    pending[column] = (text, left - 1)
                continue
            if not cells:
                line.append("")
                continue
            text, across, down = cells.pop(0)
            across = max(1, min(across, _WIDEST))
            for extra in range(across):
                said = text if extra == 0 or alone > 1 else ""
                line.append(said)
                if down > 1:
                    pending[column + extra] = (said, min(down, _TALLEST_SPAN) - 1)
        grid.append(line)
        pending = {column: held for column, held in pending.items() if held[1] > 0}
    return grid


def _cell(text: str) -> str:
    lines = [" ".join(line.split()) for line in text.strip().split("\n")]
    return "<br>".join(line for line in lines if line).replace("|", "\\|")
