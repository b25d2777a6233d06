"""Blocks that Pandoc and others add to Markdown, as Markdown and HTML: grid and simple tables, terms with what they mean."""

from __future__ import annotations

import re
from itertools import pairwise

__all__ = ["read_block"]

_BORDER = re.compile(r"^ {0,3}\+(?:[-=:]{2,}\+)+\s*$")
_RULE = re.compile(r"^ {0,3}-{2,}(?: +-{2,})+\s*$")
_MEANING = re.compile(r"^ {0,3}[:~][ \t]+(?=\S)")
_NO_TERM = re.compile(r"\s*(?:[-*+>#|:]|\d+[.)]|```|~~~|<|$)")
_BAR, _ESCAPED_BAR = re.compile(r"(?<!\\)\|"), r"\\|"
_MAX_LINES = 2000
_MAX_TERM = 200  # characters


def read_block(lines: list[str], place: int) -> tuple[list[str], int] | None:
    """Return the block that begins at a line as plain Markdown, and where it ends; None where none of these begins.

    Args:
        lines: The document.
        place: The line that the block may begin at.
    """
    line = lines[place]
    if line.lstrip().startswith("+"):
        return _grid_table(lines, place) if _BORDER.match(line) else None
    if place + 1 >= len(lines) or not line.strip():
        return None
    if _RULE.match(lines[place + 1]):
        return _simple_table(lines, place)
    at = place + 1
    if not lines[at].strip() and at + 1 < len(lines):
        at += 1
    begins = place == 0 or not lines[place - 1].strip()  # no term is the last line of a paragraph
    if begins and len(line) <= _MAX_TERM and _MEANING.match(lines[at]) and not _NO_TERM.match(line):
        return _terms(lines, place)
    return None


def _grid_table(lines: list[str], place: int) -> tuple[list[str], int]:
    """Read a table drawn with ``+---+``; cells may hold several lines."""
    border = lines[place].rstrip()
    edges = [at for at, sign in enumerate(border) if sign == "+"]
    rows: list[list[list[str]]] = [[[] for _ in edges[1:]]]
    end = place + 1
    while end < len(lines) and end - place < _MAX_LINES and lines[end].lstrip()[:1] in ("|", "+"):
        line = lines[end].rstrip().ljust(len(border))
        if _BORDER.match(line):
            rows.append([[] for _ in edges[1:]])
        else:
            for number, (left, right) in enumerate(pairwise(edges)):
                words = line[left + 1 : right].strip()
                if words:
                    rows[-1][number].append(words)
        end += 1
    filled = [[" ".join(cell) for cell in row] for row in rows if any(row)]
    return (_as_pipes(filled) if filled else lines[place:end]), end


def _simple_table(lines: list[str], place: int) -> tuple[list[str], int] | None:
    """Read a table whose columns are told by a rule of dashes below its head."""
    spans = [(match.start(), match.end()) for match in re.finditer(r"-+", lines[place + 1])]
    cuts = [0, *(left for left, _ in spans[1:])]
    end = place + 2
    while (
        end < len(lines) and end - place < _MAX_LINES and lines[end].strip() and not _RULE.match(lines[end])
    ):
        end += 1
    body = [lines[place], *lines[place + 2 : end]]
    if end - place < 3 or any("|" in line for line in body):
        return None
    if end < len(lines) and _RULE.match(lines[end]):
        end += 1
    rows = [[_slice(line, cuts, number) for number in range(len(cuts))] for line in body]
    return _as_pipes(rows), end


def _slice(line: str, cuts: list[int], number: int) -> str:
    """Return a column's words; a word that reaches over the cut belongs where it begins."""

    def moved(at: int) -> int:
        while 0 < at < len(line) and not line[at - 1].isspace() and not line[at].isspace():
            at -= 1
        return at

    last = number + 1 == len(cuts)
    return line[moved(cuts[number]) : None if last else moved(cuts[number + 1])].strip()


def _as_pipes(rows: list[list[str]]) -> list[str]:
    written = [f"| {' | '.join(_BAR.sub(_ESCAPED_BAR, cell) for cell in row)} |" for row in rows]
    return ["", written[0], "|" + " --- |" * len(rows[0]), *written[1:], ""]


def _terms(lines: list[str], place: int) -> tuple[list[str], int]:
    """Read terms with their meanings; a meaning goes on in lines that are indented."""
    found = ["", "<dl>", "<dt>", "", lines[place].strip(), "", "</dt>"]
    at = place + 1
    while at < len(lines):
        blank = at
        while at < len(lines) and not lines[at].strip():
            at += 1
        match = _MEANING.match(lines[at]) if at < len(lines) else None
        if match is None:
            at = blank
            break
        found += ["<dd>", "", lines[at][match.end() :]]
        at += 1
        while at < len(lines) and lines[at].strip() and not _MEANING.match(lines[at]):
            found.append(lines[at].strip())
            at += 1
        found += ["", "</dd>"]
    return [*found, "</dl>", ""], at
