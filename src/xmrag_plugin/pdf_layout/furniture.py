"""Running headers, footers and page numbers: lines that come again at the same place on nearby pages."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .boxes import Frame
from .lines import Line

__all__ = ["MarginLine", "find_furniture", "margin_lines"]

_MARGIN = 0.12
_DIGITS = re.compile(r"\d+")
_ROMAN = re.compile(r"\b[ivxlcdm]{1,7}\b")
_PAGE_NUMBER = re.compile(
    r"^[\-–—|\s]*(?:(?:page|seite|p\.|página|第)\s*)?(?:\d{1,4}|[ivxlcdm]{1,7})(?:\s*(?:of|/|von|de|页|頁|ページ)\s*\d{0,4})?[\-–—|\s]*$",
    re.IGNORECASE,
)

MarginLine = tuple[str, float, float, Line]
"""``(text with numbers masked, y as a share of the height, x of its start as a share of the width, line)``."""


def margin_lines(lines: Sequence[Line], frame: Frame) -> list[MarginLine]:
    """Lines near the top and bottom edges, in the form in which pages are compared."""
    found: list[MarginLine] = []
    for line in lines:
        middle = (line.box[1] + line.box[3]) / 2 / max(1.0, frame.height)
        if middle < _MARGIN or middle > 1 - _MARGIN:
            found.append((_mask(line.text), middle, line.box[0] / max(1.0, frame.width), line))
    return found


def find_furniture(own: Sequence[MarginLine], others: Sequence[Sequence[MarginLine]]) -> set[int]:
    """Identities (``id``) of the lines of a page that are running headers, footers or page numbers.

    Args:
        own: The page's margin lines.
        others: Those of the pages around it.
    """
    found: set[int] = set()
    needed = 1 if len(others) <= 2 else 2
    for text, y, x, line in own:
        edge = min(y, 1 - y)
        if edge < 0.085 and _PAGE_NUMBER.match(line.text):
            found.add(id(line))
            continue
        matches = 0
        for other in others:
            if any(_same(text, y, x, candidate) for candidate in other):
                matches += 1
        if matches >= needed and (len(others) > 1 or edge < 0.08):
            found.add(id(line))
    return found


def _same(text: str, y: float, x: float, other: MarginLine) -> bool:
    if abs(y - other[1]) > 0.012 or text != other[0]:
        return False
    # page numbers swing from the left to the right edge, text does not
    return abs(x - other[2]) < 0.03 or abs(x - (1 - other[2])) < 0.35 or text == "#"


def _mask(text: str) -> str:
    masked = _DIGITS.sub("#", text.lower())
    if len(masked) < 12:
        masked = _ROMAN.sub("#", masked)
    return " ".join(masked.split())
