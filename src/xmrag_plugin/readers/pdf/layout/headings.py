"""Headings: by the size and weight of their type, by numbering, and by the document's outline."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from typing import Any

from ....text.labels import is_caption
from . import measures as m
from .blocks import Block
from .lines import has_leader

__all__ = ["Headings", "read_outline"]

_NUMBERED = re.compile(
    r"^(?:(?:chapter|section|part|appendix|item|unit|module|lesson|article|annex)\s+)?"
    r"(?P<number>[A-Z]|\d{1,2}(?:\.\d{1,2})*)[.:]?\s+\S",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"^(?:chapter|section|part|appendix|unit|module|lesson|annex)\s+(?:[A-Z]|\d{1,2}|[IVX]{1,5})\s?[.:–—-]\s*[A-Z]",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"[^0-9a-z\u0080-\uffff]+")
_MAX_BOOKMARKS = 20_000
_SENTENCE_END = (".", ",", ";", "。", "，")


class Headings:
    """Decides which blocks are headings; learns the size of body text as pages go by.

    Args:
        outline: Titles of the document's outline by page (from 0), with their depth from 1.

    Attributes:
        body: Size of the document's body text in points, None while no text is known.
    """

    def __init__(self, outline: dict[int, list[tuple[str, int]]]) -> None:
        self._outline = {
            page: {_plain(title): depth for title, depth in titles} for page, titles in outline.items()
        }
        self._sizes: Counter[float] = Counter()
        self.body: float | None = None

    def learn(self, sizes: Counter[float]) -> None:
        """Take a page's sizes of type into account.

        Args:
            sizes: How many characters are set in each, in points.
        """
        self._sizes.update(sizes)
        alike = {
            size: sum(
                count for other, count in self._sizes.items() if abs(other - size) <= m.BODY_SPREAD * size
            )
            for size in self._sizes
        }
        self.body = max(alike, key=lambda size: (alike[size], self._sizes[size], -size), default=None)

    def level(self, block: Block, page: int) -> int:
        """Return 1–6 for a heading, 0 for none.

        Args:
            block: The block.
            page: Its page, from 0.
        """
        text = block.text
        titles = self._outline.get(page)
        if titles and len(block.lines) <= m.MAX_HEADING_LINES:
            depth = titles.get(_plain(text)) or titles.get(_plain(re.sub(r"^[\dA-Z.]+\s+", "", text)))
            if depth:
                return min(6, depth)
        if len(text) > m.MAX_HEADING or len(block.lines) > m.MAX_HEADING_LINES:
            return 0
        letters = sum(map(str.isalpha, text))
        if letters < m.MIN_HEADING_LETTERS or letters < m.LETTER_SHARE * len(text.replace(" ", "")):
            return 0
        if is_caption(text) or (block.is_list and not _NUMBERED.match(text)):
            return 0
        if any(has_leader(line.text) for line in block.lines):
            return 0  # an entry of a table of contents
        ratio = block.size / m.EM
        if ratio >= m.HEADING_SIZES[0] and not (ratio < m.UNENDED_SIZE and text.endswith((",", ";"))):
            return 1 if ratio >= m.HEADING_SIZES[2] else 2 if ratio >= m.HEADING_SIZES[1] else 3
        if (
            _NAMED.match(text)
            and len(block.lines) <= m.MAX_PLAIN_LINES
            and len(text) <= m.MAX_PLAIN
            and ratio >= m.PLAIN_SIZE
        ):
            return 3 if not text.endswith(_SENTENCE_END) else 0
        numbered = _NUMBERED.match(text)
        capital = text.isupper() and letters >= m.MIN_CAPITALS
        in_parts = (
            numbered is not None and "." in numbered["number"]
        )  # "5.7.3": neither an item nor a sentence
        slanted = in_parts and all(line.italic for line in block.lines)
        rows = 1 + sum(
            below.base - above.base > m.SAME_BASE * below.size
            for above, below in itertools.pairwise(block.lines)
        )
        if (
            (block.bold or capital or slanted)
            and rows <= m.MAX_PLAIN_LINES + in_parts
            and len(text) <= (m.MAX_HEADING if in_parts else m.MAX_PLAIN)
            and not text.endswith(_SENTENCE_END)
        ):
            if numbered:
                return min(6, 3 + numbered["number"].count("."))
            return 4 if ratio >= m.PLAIN_SIZE else 0
        return 0


def _plain(text: str) -> str:
    return _PLAIN.sub("", text.lower())


def read_outline(document: Any) -> dict[int, list[tuple[str, int]]]:
    """Return the titles of a document's outline by page (from 0), each with its depth from 1."""
    found: dict[int, list[tuple[str, int]]] = {}
    for bookmark in itertools.islice(document.get_toc(max_depth=8), _MAX_BOOKMARKS):
        title = bookmark.get_title()
        target = bookmark.get_dest()
        page = target.get_index() if target else None
        if title and page is not None:
            found.setdefault(page, []).append((title, bookmark.level + 1))
    return found
