"""Running headers, footers and page numbers: lines that come again at the same place on nearby pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from . import measures as m
from .boxes import Frame
from .lines import Line

__all__ = ["MarginLine", "Margins", "find_headers_footers", "printed_number"]

_DIGITS = re.compile(r"\d+")
_ROMAN = re.compile(r"\b[ivxlcdm]{1,7}\b")
_PAGE_NUMBER = re.compile(
    r"^[\-–—|\s]*(?:(?:page|seite|p\.|página|第)\s*)?(?P<number>\d{1,4}|[ivxlcdm]{1,7})"
    r"(?:\s*(?:of|/|von|de|页|頁|ページ)\s*\d{0,4})?[\-–—|\s]*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class MarginLine:
    """A line near the top or bottom edge, in the form in which pages are compared.

    Attributes:
        text: With its numbers masked.
        y: Its middle as a share of the page's height.
        x: Its start as a share of the page's width.
        line: Itself.
        in_rows: Whether its cells stand over those of the line inwards: a row or the head of a table.
    """

    text: str
    y: float
    x: float
    line: Line
    in_rows: bool = False


@dataclass(slots=True)
class Margins:
    """What a page has near its edges.

    Attributes:
        index: The page, from 0.
        lines: Lines near the top and bottom edges.
        ends: Its first and last line, wherever they stand.
        has_body: Whether there is a line between the edges.
    """

    index: int
    lines: list[MarginLine] = field(default_factory=list)
    ends: tuple[Line, ...] = ()
    has_body: bool = False

    @classmethod
    def of(cls, index: int, lines: Sequence[Line], frame: Frame) -> Margins:
        """Return the margins of a page."""
        found: list[MarginLine] = []
        rows = _rows_at_edges(lines, frame)
        for line in lines:
            middle = (line.box[1] + line.box[3]) / 2 / max(1.0, frame.height)
            if middle < m.MARGIN or middle > 1 - m.MARGIN:
                start = line.box[0] / max(1.0, frame.width)
                found.append(MarginLine(_mask(line.text), middle, start, line, id(line) in rows))
        ends = (min(lines, key=_base), max(lines, key=_base)) if lines else ()
        return cls(index, found, ends, len(found) < len(lines))


def find_headers_footers(own: Margins, others: Sequence[Margins]) -> set[int]:
    """Return the identities (``id``) of the lines of a page that are running headers, footers or page numbers.

    Where a page holds nothing else, only what stands around the text of another page counts as that: pages of one
    line each ("Sheet 3 of the survey") are alike, and yet the line is what they say.

    Args:
        own: The page's margins.
        others: Those of the pages around it.
    """
    found = set(_folios(own, others)) - {id(item.line) for item in own.lines if item.in_rows}
    needed = 1 if len(others) <= 2 else 2
    for item in own.lines:
        if item.in_rows:
            continue
        edge = min(item.y, 1 - item.y)
        if edge < m.NUMBER_MARGIN and _PAGE_NUMBER.match(item.line.text):
            found.add(id(item.line))
            continue
        matches = sum(
            any(
                _same(item, other) and not _other_numbers(item, other, page.index - own.index)
                for other in page.lines
            )
            for page in others
        )
        if matches >= needed and (len(others) > 1 or edge < m.LONE_MARGIN):
            found.add(id(item.line))
    if not own.has_body and all(id(item.line) in found for item in own.lines):
        found -= {id(item.line) for item in own.lines if not _surrounds_text(item, own, others)}
    return found


def _rows_at_edges(lines: Sequence[Line], frame: Frame) -> set[int]:
    """Return the identities of the lines near the edges that are rows of a table.

    A row is one when it has three cells or more and they stand in columns with those of the row inwards.
    """
    rows: list[list[Line]] = []
    for line in sorted(lines, key=_base):
        if rows and line.base - rows[-1][0].base < m.BRIDGE_LEADING[0] * line.size:
            rows[-1].append(line)
        else:
            rows.append([line])
    found: set[int] = set()
    for at, row in enumerate(rows):
        middle = row[0].base / max(1.0, frame.height)
        beside = at + 1 if middle < 0.5 else at - 1
        near_edge = middle < 1.5 * m.MARGIN or middle > 1 - 1.5 * m.MARGIN
        if near_edge and 0 <= beside < len(rows) and _in_columns(row, rows[beside]):
            found |= {id(line) for line in row}
    return found


def _in_columns(row: Sequence[Line], beside: Sequence[Line]) -> bool:
    if abs(row[0].base - beside[0].base) > m.MAX_ROW_STEP * max(line.size for line in row):
        return False
    cells, others = _cells(row), _cells(beside)
    return len(cells) == len(others) >= m.MIN_ROW_CELLS and all(
        min(abs(a[0] - b[0]), abs(a[1] - b[1]), abs(a[0] + a[1] - b[0] - b[1]) / 2) < m.ALIGNED
        for a, b in zip(cells, others, strict=True)
    )


def _cells(row: Sequence[Line]) -> list[tuple[float, float]]:
    """Return the left and right edges of the words that stand together."""
    found: list[tuple[float, float]] = []
    for word in sorted((word for line in row for word in line.words), key=lambda word: word.box[0]):
        if found and word.box[0] - found[-1][1] < m.CELL_GAP * row[0].size:
            found[-1] = (found[-1][0], max(found[-1][1], word.box[2]))
        else:
            found.append((word.box[0], word.box[2]))
    return found


def _other_numbers(item: MarginLine, other: MarginLine, away: int) -> bool:
    """Return whether several numbers differ and none of them counts the pages: figures of a table, not a running head."""
    pairs = zip(_DIGITS.findall(item.line.text), _DIGITS.findall(other.line.text), strict=False)
    steps = [int(there) - int(here) for here, there in pairs if here != there]
    return len(steps) > 1 and not {away, 2 * away} & set(steps)


def _surrounds_text(item: MarginLine, own: Margins, others: Sequence[Margins]) -> bool:
    """Return whether a line, its numbers the same or counting the pages, stands at the edge of a page with text."""
    with_text = [page for page in others if page.has_body]
    if _PAGE_NUMBER.match(item.line.text):
        return bool(with_text)
    return any(
        _same(item, other) and _counts_pages(item.line.text, other.line.text, page.index - own.index)
        for page in with_text
        for other in page.lines
    )


def _counts_pages(one: str, other: str, away: int) -> bool:
    steps = zip(_DIGITS.findall(one), _DIGITS.findall(other), strict=False)  # one may be a Roman number
    return all(int(there) - int(here) in (0, away) for here, there in steps)


def printed_number(own: Margins, others: Sequence[Margins], headers_footers: set[int]) -> str:
    """Return the page's number as it is printed on it, "" when none is; two for a spread ("16, 17").

    A number counts when it goes up from page to page in running headers and footers of the same words.
    """
    found: list[str] = []
    for item in own.lines:
        number = _end_number(item.line.text) if id(item.line) in headers_footers else None
        if number is None:
            continue
        for page in others:
            steps = {
                other_number - number
                for other in page.lines
                if other.text == item.text and abs(other.y - item.y) < m.SAME_NUMBER_HEIGHT
                if (other_number := _end_number(other.line.text)) is not None
            }
            away = page.index - own.index
            if steps & {away, 2 * away}:
                found.append(str(number))
                break
    found += [str(number) for line in own.ends if id(line) in headers_footers and (number := _number(line))]
    found = list(dict.fromkeys(found))
    return ", ".join(found) if len(found) <= 2 else ""


def _end_number(text: str) -> int | None:
    match = re.match(r"^\W*(?:page\s+)?(\d{1,4})\b|.*\D(\d{1,4})\W*$", text, re.IGNORECASE)
    return int(match[1] or match[2]) if match else None


def _folios(own: Margins, others: Sequence[Margins]) -> Iterable[int]:
    """Yield the ends of a page (0 first, 1 last) whose line is a number that counts the pages."""
    for end, line in enumerate(own.ends):
        number = _number(line)
        if number is None:
            continue
        matches = 0
        for page in others:
            other = _number(page.ends[end]) if page.ends else None
            matches += other is not None and other - number == page.index - own.index
        if matches >= min(2, len(others)) and others:
            yield id(line)


def _number(line: Line) -> int | None:
    match = _PAGE_NUMBER.match(line.text)
    return int(match["number"]) if match and match["number"].isdigit() else None


def _same(one: MarginLine, other: MarginLine) -> bool:
    if abs(one.y - other.y) > m.SAME_HEIGHT or one.text != other.text:
        return False
    # page numbers swing from the left to the right edge, text does not
    return abs(one.x - other.x) < m.SAME_START or abs(one.x - (1 - other.x)) < m.MIRRORED or one.text == "#"


def _base(line: Line) -> float:
    return line.base


def _mask(text: str) -> str:
    masked = _DIGITS.sub("#", text.lower())
    if len(masked) < m.MAX_MASKED_ROMAN:
        masked = _ROMAN.sub("#", masked)
    return " ".join(masked.split())
