"""Pages that a question names: by number, by a range, as the first or the cover ("on page 10", "第3页")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..types import NodeRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["asked_pages", "on_pages"]

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SPELT = {word: number for words in (_ORDINALS, _NUMBERS) for number, word in enumerate(words, start=1)}
_PAGE = r"(?:pages?|slides?|pp?\.|pg\.|seiten?|folien?|páginas?|pagin[ae])"
_BEFORE = re.compile(
    rf"\b{_PAGE}\s*(?:no\.?\s*|number\s*|#)?(\d{{1,4}})\b(?:\s*(-|–|to|through|and|&|,|bis|und)\s*(\d{{1,4}})\b)?",
    re.IGNORECASE,
)
_SPELT_BEFORE = re.compile(rf"\b(?:pages?|slides?)\s+({'|'.join(_NUMBERS)})\b", re.IGNORECASE)
_AFTER = re.compile(
    rf"\b({'|'.join(_ORDINALS)}|\d{{1,4}}(?=st|nd|rd|th))(?:st|nd|rd|th)?\s+(?:page|slide)\b", re.IGNORECASE
)
_COVER = re.compile(r"\b(?:cover|title|front)\s*(?:page|slide)\b|封面|首页|表紙", re.IGNORECASE)
_CJK_PAGE = re.compile(r"第\s?(\d{1,4})\s?(?:页|頁|张幻灯片|쪽|페이지)|(\d{1,4})\s?(?:ページ|쪽|페이지)")
_WIDEST = 20  # pages; a longer range is the document


def asked_pages(text: str) -> frozenset[int]:
    """Return the pages or slides that a question names: by number, by a range, as the first or the cover."""
    pages: set[int] = set()
    for match in _BEFORE.finditer(text):
        low, joint, high = int(match[1]), match[2], int(match[3] or match[1])
        spans = joint is not None and joint.lower() in ("-", "–", "to", "through", "bis")
        pages.update(range(low, high + 1) if spans and low <= high < low + _WIDEST else (low, high))
    for match in _SPELT_BEFORE.finditer(text):
        pages.add(_SPELT[match[1].lower()])
    for match in _AFTER.finditer(text):
        word = match[1].lower()
        pages.add(_SPELT[word] if word in _SPELT else int(word))
    for match in _CJK_PAGE.finditer(text):
        pages.add(int(match[1] or match[2]))
    if _COVER.search(text):
        pages.add(1)
    return frozenset(page for page in pages if page)


_PRINTED = "page_label"  # as LlamaIndex's readers and ours say it


def on_pages(records: Sequence[NodeRecord], pages: frozenset[int]) -> NDArray[np.bool_] | None:
    """Return which records stand on pages that were asked for, by their place in the file or as printed.

    Returns:
        Shape ``(n,)``, or None where no page was asked for.
    """
    if not pages:
        return None
    printed = {str(page) for page in pages}
    return np.array(
        [r.page in pages or str(r.metadata.get(_PRINTED)) in printed for r in records], dtype=bool
    )
