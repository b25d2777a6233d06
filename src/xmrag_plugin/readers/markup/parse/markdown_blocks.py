"""Blocks that Pandoc and others add to Markdown, as Markdown and HTML: grid and simple tables, terms with what they mean."""

from __future__ import annotations

import re
from itertools import pairwise

__all__ = ["read_block", "whole_tag"]

_BORDER = re.compile(r"^ {0,3}\+(?:[-=:]{2,}\+)+\s*$")
_RULE = re.compile(r"^ {0,3}-{2,}(?: +-{2,})+\s*$")
_MEANING = re.compile(r"^ {0,3}[:~][ \t]+(?=\S)")
_NO_TERM = re.compile(r"\s*(?:[-*+>#|:]|\d+[.)]|```|~~~|<|$)")
_BAR, _ESCAPED_BAR = re.compile(r"(?<!\\)\|"), r"\\|"
_ATTRIBUTE_LINE = re.compile(r"^\s*\{:(?P<inside>[^{}\n]*)\}\s*$")
_CONTENTS = re.compile(r"^\s*\{:\s*toc\b")
_SLASHES = re.compile(r"^ *(?P<mark>/{3,}) +(?P<kind>[\w-]+)\s*(?:\|\s*(?P<title>.*?))?\s*$")
_BLOCK_OPTION = re.compile(r"^ {4,}[\w-]+:(?:\s|$)")
_LONG_RULE = re.compile(r"^ {0,3}-{8,}\s*$")
_VERSE = re.compile(r"^\|(?: [^|]*)?$")
_MAX_LINES = 2000
_MAX_SLASHED = 400
_MAX_TERM = 200  # characters
_OPEN_TAG = re.compile(r"^\s*<[A-Z][\w.]*(?:\s[^<>]*)?$")
_MAX_TAG_LINES = 60


def read_block(lines: list[str], place: int) -> tuple[list[str], int] | None:
    """Return the block that begins at a line as plain Markdown, and where it ends; None where none of these begins.

    Args:
        lines: The document.
        place: The line that the block may begin at.
    """
    line = lines[place]
    first = line.lstrip()[:1]
    if first == "+":
        return _grid_table(lines, place) if _BORDER.match(line) else None
    if first == "{" and (attributes := _ATTRIBUTE_LINE.match(line)) is not None:
        named = re.search(r"#([\w:.-]+)", attributes["inside"])
        return ([f'<span data-anchor="{named[1]}"></span>'] if named else []), place + 1
    if place + 1 >= len(lines) or not first:
        return None
    if first == "/" and (opening := _SLASHES.match(line)) is not None:
        return _slash_block(lines, place, opening)
    if first in "*-" and _CONTENTS.match(lines[place + 1]):
        return [], place + 2
    if first == "-" and _LONG_RULE.match(line):
        return _multiline_table(lines, place)
    if first == "|" and _VERSE.match(line):
        return _line_block(lines, place)
    if _RULE.match(lines[place + 1]):
        return _simple_table(lines, place)
    at = place + 1
    if not lines[at].strip() and at + 1 < len(lines):
        at += 1
    begins = place == 0 or not lines[place - 1].strip()  # no term is the last line of a paragraph
    if begins and len(line) <= _MAX_TERM and _MEANING.match(lines[at]) and not _NO_TERM.match(line):
        return _terms(lines, place)
    return None


def _slash_block(lines: list[str], place: int, opening: re.Match[str]) -> tuple[list[str], int] | None:
    """Read a block of PyMdown: ``/// caption``, ``/// note | Title``; its options stand indented below its head."""
    last = min(len(lines), place + _MAX_SLASHED)
    end = next((at for at in range(place + 1, last) if lines[at].strip() == opening["mark"]), None)
    if end is None:
        return None
    inner = lines[place + 1 : end]
    while inner and _BLOCK_OPTION.match(inner[0]):
        inner.pop(0)
    kind, title = opening["kind"], opening["title"] or ""
    if kind.endswith("caption"):
        return ["", '<div class="caption">', "", *inner, "", "</div>", ""], end + 1
    title = title or ("" if kind in ("html", "tab", "define") else kind.capitalize())
    title = "" if kind == "html" else title
    return ["", "<div>", "", f"**{title}**" if title else "", "", *inner, "", "</div>", ""], end + 1


def _multiline_table(lines: list[str], place: int) -> tuple[list[str], int] | None:
    """Read a table of Pandoc between two long rules, whose rows are parted by blank lines."""
    middle = next((at for at in range(place + 1, min(place + 8, len(lines))) if _RULE.match(lines[at])), None)
    if middle is None or any(not line.strip() for line in lines[place + 1 : middle]):
        return None
    last = min(len(lines), place + _MAX_LINES)
    end = next((at for at in range(middle + 1, last) if _LONG_RULE.match(lines[at])), None)
    if end is None:
        return None
    cuts = [0, *[match.start() for match in re.finditer(r"-+", lines[middle])][1:]]
    groups: list[list[str]] = [lines[place + 1 : middle], []]
    for line in lines[middle + 1 : end]:
        if line.strip():
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    rows = [
        [" ".join(filter(None, (_slice(line, cuts, n) for line in group))) for n in range(len(cuts))]
        for group in groups
        if group
    ]
    return _as_pipes(rows), end + 1


def _line_block(lines: list[str], place: int) -> tuple[list[str], int] | None:
    """Read verses and addresses whose lines begin with a bar; a table has a second bar in some line."""
    end = place
    while end < len(lines) and _VERSE.match(lines[end]):
        end += 1
    if end < len(lines) and lines[end].lstrip().startswith(("|", ":-", "--")):
        return None
    return [
        "",
        *(f"{line.strip()[1:].strip()}\\" for line in lines[place : end - 1]),
        lines[end - 1].strip()[1:].strip(),
        "",
    ], end


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


def whole_tag(source: list[str], place: int) -> tuple[str, int]:
    """Return a component's tag that goes on over several lines as one line, and the place after it; other lines stay."""
    if _OPEN_TAG.match(source[place - 1]) is None:
        return source[place - 1], place
    for end in range(place, min(place + _MAX_TAG_LINES, len(source))):
        if source[end].rstrip().endswith(">"):
            return " ".join(part.strip() for part in source[place - 1 : end + 1]), end + 1
        if not source[end].strip():
            break
    return source[place - 1], place
