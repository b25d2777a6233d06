"""What a question names: pages ("on page 10", "the last page", "第3页"), figures and tables ("Table 2", "the chart")."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ..storage.catalog_nodes import pages_meant
from ..text.labels import find_labels, kinds_named
from ..types import Key, NodeRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["asked_pages", "named", "of_named_kind", "printed_pages"]

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NUMBERS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_SPELT = {word: number for words in (_ORDINALS, _NUMBERS) for number, word in enumerate(words, start=1)}
_PAGE = r"(?:pages?|slides?|pp?\.|pg\.|seiten?|folien?|páginas?|pagin[ae])"
_BEFORE = re.compile(
    rf"\b{_PAGE}\s*(?:no\.?\s*|number\s*|#|\()?(\d{{1,4}})\b(?:\s*(-|–|to|through|and|&|,|bis|und)\s*(\d{{1,4}})\b)?",
    re.IGNORECASE,
)
_SPELT_BEFORE = re.compile(rf"\b(?:pages?|slides?)\s+({'|'.join(_NUMBERS)})\b", re.IGNORECASE)
_AFTER = re.compile(
    rf"\b({'|'.join(_ORDINALS)}|\d{{1,4}}(?=st|nd|rd|th))(?:st|nd|rd|th)?\s+(?:(?:cover|title|front)\s+)?(?:page|slide)\b",
    re.IGNORECASE,
)
_NTH_LABEL = re.compile(rf"\b({'|'.join(_ORDINALS)})\s+(figure|table)\b", re.IGNORECASE)
_COVER = re.compile(r"\b(?:cover|title|front)\s*(?:page|slide)\b|封面|首页|表紙", re.IGNORECASE)
_LAST = re.compile(
    r"\b(?P<before>second[ -](?:to[ -])?|next to )?(?:last|final|letzten?|dernière|última)\s+(?:page|slide|Seite|Folie|página)\b"
    r"|\bpage (?:at|on) the (?P<behind>second[ -](?:to[ -])?)?last\b|\bultima\s+pagina\b"
    r"|\b(?P<one>penultimate|vorletzten?|avant-dernière|penúltima)\s+(?:page|slide|Seite|Folie|página)\b"
    r"|最后一[页頁]|最後のページ|最終ページ|마지막\s?(?:쪽|페이지)",
    re.IGNORECASE,
)
_CJK_PAGE = re.compile(r"第\s?(\d{1,4})\s?(?:页|頁|张幻灯片|쪽|페이지)|(\d{1,4})\s?(?:ページ|쪽|페이지)")
_WIDEST = 20  # pages; a longer range is the document


def asked_pages(text: str) -> frozenset[int]:
    """Return the pages or slides that a question names: by number, by a range, as the first, the cover or the last.

    Pages from the end are negative: -1 is the last.
    """
    return frozenset().union(*_asked(text))


@lru_cache(maxsize=16)  # asked for where candidates are gathered, and where they are compared
def _asked(text: str) -> tuple[frozenset[int], frozenset[int]]:
    """Return the pages named by their number, which may be a printed one, and those named by their place."""
    pages: set[int] = set()
    for match in _BEFORE.finditer(text):
        low, joint, high = int(match[1]), match[2], int(match[3] or match[1])
        spans = joint is not None and joint.lower() in ("-", "–", "to", "through", "bis")
        pages.update(range(low, high + 1) if spans and low <= high < low + _WIDEST else (low, high))
    for match in _SPELT_BEFORE.finditer(text):
        pages.add(_SPELT[match[1].lower()])
    for match in _CJK_PAGE.finditer(text):
        pages.add(int(match[1] or match[2]))
    places: set[int] = set()
    for match in _AFTER.finditer(text):
        word = match[1].lower()
        places.add(_SPELT[word] if word in _SPELT else int(word))
    if _COVER.search(_AFTER.sub("", text)):  # the second cover page is another one
        places.add(1)
    places.update(-2 if any(match.groups()) else -1 for match in _LAST.finditer(text))
    return frozenset(pages - {0}), frozenset(places - {0})


_PRINTED = "page_label"  # as LlamaIndex's readers and ours say it


def printed_pages(metadata: Mapping[str, object]) -> set[int]:
    """Return the numbers that are printed on a node's page: one, or two on a spread ("16, 17")."""
    parts = str(metadata.get(_PRINTED) or "").split(",")
    return {int(part) for part in map(str.strip, parts) if part.isdecimal()}


def named(
    records: Sequence[NodeRecord], text: str, pages: Mapping[str, Sequence[int]]
) -> NDArray[np.float32] | None:
    """Return how surely a question names each record: by its page, as counted or as printed, or by its label.

    Args:
        records: Nodes.
        text: The question.
        pages: By source, those on which something stands, ascending, where a page is asked for.

    Returns:
        Shape ``(n,)``: 1 or 0, and less than 1 for a page by its count where another one bears the number in print.
        None where it names none.
    """
    (numbers, places), labels = _asked(text), _labels(text)
    if not numbers and not places:  # the first figure of a page is another one
        labels |= {(m[2].lower() == "table", str(_SPELT[m[1].lower()])) for m in _NTH_LABEL.finditer(text)}
    if not numbers and not places and not labels:
        return None
    printed = np.array([not numbers.isdisjoint(printed_pages(r.metadata)) for r in records], dtype=bool)
    bearing = {record.source for record, is_so in zip(records, printed, strict=True) if is_so}
    by_place, by_number = (
        {source: pages_meant(asked, held) for source, held in pages.items()} for asked in (places, numbers)
    )

    def by_count(record: NodeRecord) -> float:
        if record.page in by_place.get(record.source, ()):
            return 1.0
        if record.source in bearing:  # on another page
            return _COUNTED if record.page in numbers else 0.0
        return 1.0 if record.page in by_number.get(record.source, ()) else 0.0

    found = np.array([by_count(record) for record in records], dtype=np.float32)
    found[printed] = 1.0
    if labels:
        labelled = np.array([_is_labelled(record, labels) for record in records], dtype=bool)
        if labelled.sum() <= _FEW_LABELLED:  # of many documents, each with a first figure, none is meant
            found[labelled] = 1.0
    return found


def of_named_kind(
    records: Sequence[NodeRecord], text: str, place: NDArray[np.float32] | None
) -> NDArray[np.bool_] | None:
    """Return which records are of a kind that a question names: "the table", "a pie chart", "on the map".

    Args:
        records: Nodes.
        text: The question.
        place: How surely it names each by its page or label; what is named so stands there.

    Returns:
        Shape ``(n,)``; None where no kind is named.
    """
    kinds = kinds_named(text)
    if not kinds:
        return None
    found = np.array([_kind_of(record) in kinds for record in records], dtype=bool)
    if place is not None and place.any():
        found[place <= 0] = False
    return found


def _kind_of(record: NodeRecord) -> str:
    if record.metadata.get(Key.KIND) == "table":
        return "table"
    return "picture" if record.kind == "image" else ""


_COUNTED = 0.6
"""Of all questions within 17 reports that name a page by a number, which the report prints on another one, four of four
mean the printed number."""

_FEW_LABELLED = 12
_NUMBER = re.compile(r"\d|(?<![A-Za-z])[IVXL]+(?![^\W_])", re.IGNORECASE)
"""Without one a question names no label, which the grammar of labels takes longer to tell."""


def _labels(text: str) -> frozenset[tuple[bool, str]]:
    """Return the labels that a text names: whether of a table, and the number."""
    if not _NUMBER.search(text):
        return frozenset()
    return frozenset((kind == "table", number) for kind, number, _ in find_labels(text))


def _is_labelled(record: NodeRecord, labels: frozenset[tuple[bool, str]]) -> bool:
    label = record.metadata.get(Key.LABEL)
    return bool(label) and not labels.isdisjoint(_labels(str(label)))
