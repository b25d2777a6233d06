"""Tables of AsciiDoc: cells behind bars, or parted by separators."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass

from ....errors import SourceTooLarge

__all__ = ["LIST_ITEM", "rows_of_table"]

LIST_ITEM = re.compile(r"^\s*(\*{1,5}|-|\.{1,5}|\d+\.)\s+(\S.*)$")
"""A line that is an item of a list: its mark and its words."""
_FORMAT = re.compile(r"\bformat=[\"']?(csv|tsv|dsv)")
_CELL = re.compile(
    r"(?:(?P<across>\d+)?(?:\.(?P<down>\d+))?(?P<sign>[+*]))?(?:[<^>](?:\.[<^>])?)?(?P<style>[aehlmdsv])?\|"
)
_BLOCK = re.compile(
    r"^(?:\[[^\]\n]*\]|!===|(?:NOTE|TIP|IMPORTANT|WARNING|CAUTION):\s.*|([-=.*_])\1{3,}|--|\|===)[ \t]*$",
    re.M,
)
"""What only a cell that is a document of its own can hold."""
_MAX_SPAN = 200
_MAX_CELLS = 100_000


@dataclass(slots=True)
class _Cell:
    text: str
    across: int
    down: int
    style: str


def rows_of_table(
    lines: list[str], fence: str, style: str, inline: Callable[[str], str], blocks: Callable[[str], str]
) -> list[list[str]]:
    """Return a table's cells as HTML, row by row.

    Args:
        lines: What stands between the fences.
        fence: The line that opens the table.
        style: Its attributes.
        inline: Writes words as HTML.
        blocks: Writes a cell that holds blocks as HTML.
    """
    named = _FORMAT.search(style)
    form = {",": "csv", ":": "dsv"}.get(fence[0], named[1] if named is not None else "")
    return _separated(lines, form, style, inline) if form else _rows(lines, style, inline, blocks)


def _separated(lines: list[str], form: str, style: str, inline: Callable[[str], str]) -> list[list[str]]:
    """Return cells of a table that is written with separators, as ``format=csv`` says."""
    own = re.search(r"\bseparator=[\"']?(\\t|.)", style)
    sign = own[1].replace("\\t", "\t") if own is not None else {"csv": ",", "tsv": "\t", "dsv": ":"}[form]
    split = csv.reader([f"{line}\n" for line in lines], delimiter=sign, skipinitialspace=True)
    return [[f"<td>{inline(cell.strip())}</td>" for cell in row] for row in split if row]


def _cell(text: str, inline: Callable[[str], str]) -> str:
    """Return what a cell says; items of a list in it stay lines of their own."""
    text = text.strip().replace("image::", "image:")  # a picture of its own line is one all the same
    lines = text.split("\n")
    if not any(LIST_ITEM.match(line) for line in lines):
        return inline(text)
    return "<br>".join(inline(line) for line in lines if line.strip())


def _rows(
    lines: list[str], style: str, inline: Callable[[str], str], blocks: Callable[[str], str]
) -> list[list[str]]:
    """Return cells in rows of as many as ``cols`` says, else as the first line holds."""
    first = next((line for line in lines if line.strip()), "")
    cells: list[_Cell] = []
    for line in lines:
        parts = list(_CELL.finditer(line))
        if not parts or (parts[0].start() > 0 and line[: parts[0].start()].strip() and cells):
            tail = line[: parts[0].start()] if parts else line
            if cells:
                cells[-1].text = f"{cells[-1].text}\n{tail.rstrip()}"
        for part, following in zip(parts, [*parts[1:], None], strict=False):
            text = line[part.end() : following.start() if following is not None else len(line)].strip()
            count = int(part["across"] or 1)
            repeated = count if part["sign"] == "*" else 1
            spans = part["sign"] == "+"
            down = min(int(part["down"] or 1), _MAX_SPAN) if spans else 1
            if len(cells) > _MAX_CELLS:
                raise SourceTooLarge(
                    f"A table of the document has more than {_MAX_CELLS:,} cells.",
                    hint="Split the table.",
                )
            across = min(count, _MAX_SPAN) if spans else 1
            cells.extend(
                _Cell(text, across, down, part["style"] or "") for _ in range(min(repeated, _MAX_SPAN))
            )
    listed = re.search(r'cols="?([^"\]]+)"?', style)
    columns = _columns(listed.group(1)) if listed is not None else []
    width = len(columns) or sum(int(cell["across"] or 1) for cell in _CELL.finditer(first))
    rows: list[list[str]] = [[]]
    column = 0
    taken: dict[int, int] = {}  # by column: rows that a cell above still takes
    for cell in cells:
        while column < width and taken.get(column, 0):
            taken[column] -= 1
            column += 1
        spans_as = f' colspan="{cell.across}"' if cell.across > 1 else ""
        spans_as += f' rowspan="{cell.down}"' if cell.down > 1 else ""
        own = cell.style or (columns[column] if column < len(columns) else "")
        inner = blocks(cell.text) if own == "a" and _BLOCK.search(cell.text) else _cell(cell.text, inline)
        rows[-1].append(f"<td{spans_as}>{inner}</td>")
        taken.update(dict.fromkeys(range(column, column + cell.across), cell.down - 1))
        column += cell.across
        while column < width and taken.get(column, 0):
            taken[column] -= 1
            column += 1
        if column >= max(width, 1):
            rows.append([])
            column = 0
    return [row for row in rows if row]


def _columns(listed: str) -> list[str]:
    """Return the style of each column: ``1,2a,3`` and ``3*a`` are three each."""
    styles: list[str] = []
    for part in re.split(r"[,;]", listed):
        repeated = re.match(r"\s*(\d+)\*", part)
        style = re.search(r"[aehlmdsv]\s*$", part)
        count = int(repeated.group(1)) if repeated is not None else 1
        styles += [style[0].strip() if style is not None else ""] * min(count, _MAX_SPAN)
    return styles
