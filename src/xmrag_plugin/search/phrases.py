"""Phrases: words that stand side by side in the question, and in a candidate too; rows that are called as it says.

BM25 counts words wherever they stand. A row that says "total liabilities" answers for them rather than a page with a
total here and liabilities there (Metzler and Croft, A Markov Random Field Model for Term Dependencies, SIGIR 2005).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from ..text.scripts import SPACELESS_RUN
from ..text.stop_words import language_of
from ..text.terms import is_function_word, stem, tokens
from ..types import Key, NodeRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["named_rows", "shared_phrases"]

_LOOKED_AT = 60
_MAX_LABEL, _START = 80, 3  # characters of a row's label, and by which its first word is told from others
_TWO_WORDS = re.compile(r"(\w+)[^\w\0]+(\w+)")


def shared_phrases(
    text: str,
    records: Sequence[NodeRecord],
    lexical: NDArray[np.float32],
    holding: Mapping[str, Set[str]] = MappingProxyType({}),
) -> NDArray[np.float32] | None:
    """Return how many pairs of neighbouring words of a question stand side by side in each record.

    Function words part phrases. What is said about a picture is left out: a caption is a paraphrase of what it shows,
    where a table, a passage or a scanned page has words of its own.

    Args:
        text: The question.
        records: Nodes.
        lexical: Their BM25, shape ``(n,)``: of a few nodes with the most words of the question are phrases looked for.
        holding: By word, the ids of the only nodes whose text is read for it, as the text index knows them; any may
            hold a word that is not told.

    Returns:
        Shape ``(n,)``; None where the question has no two content words side by side.
    """
    language = language_of(text)
    phrases = _phrases(text, language)
    if not phrases or not records:
        return None
    best = np.argsort(-lexical, kind="stable")[:_LOOKED_AT]
    counts = np.zeros(len(records), dtype=np.float32)
    looked_at = {records[i].node_id: i for i in best.tolist()}
    words: dict[str, str] = {}
    for phrase in phrases:
        is_held = _side_by_side(*phrase, language)
        ids: Set[str] = looked_at.keys()
        for word in phrase:
            ids = ids & holding[word] if word in holding else ids
        for node_id in ids:
            if node_id not in words:
                words[node_id] = _own_words(records[looked_at[node_id]]).lower()
            counts[looked_at[node_id]] += is_held(words[node_id])
    return counts


def named_rows(
    text: str, records: Sequence[NodeRecord], lexical: NDArray[np.float32]
) -> NDArray[np.float32] | None:
    """Return how many words of a question are the label of a row, for each table: the longest label counts.

    "Total liabilities" names a row of the balance sheet whole, and "Total lease liabilities" only in part.

    Args:
        text: The question.
        records: Nodes.
        lexical: Their BM25, shape ``(n,)``: of the nodes with the most words of the question are rows looked at.

    Returns:
        Shape ``(n,)``; None where no row is named.
    """
    language = language_of(text)
    content = _content(text, language)
    asked, starts = f" {' '.join(content)} ", {word[:_START] for word in content}
    counts = np.zeros(len(records), dtype=np.float32)
    for i in np.argsort(-lexical, kind="stable")[:_LOOKED_AT]:
        record = records[i]
        if record.metadata.get(Key.KIND) == "table":
            labels = (label for label in _row_labels(record.text) if _may_be_asked(label, starts, language))
            counts[i] = max((_words_of(label, asked, language) for label in labels), default=0)
    return counts if counts.any() else None


def _row_labels(text: str) -> Iterator[str]:
    """Yield the first cell of each row of a table, or the lines of a picture's."""
    for line in text.split("\n"):
        label = line[1:].partition("|")[0].strip() if line.startswith("|") else line.strip()
        if label and len(label) <= _MAX_LABEL:
            yield label


def _may_be_asked(label: str, starts: Set[str], language: str) -> bool:
    """Return whether a label is worth a look at each word; most are not."""
    first = label.partition(" ")[0].lower()
    start = first[:_START]
    return start in starts or not start.isalpha() or is_function_word(first, language)


def _words_of(label: str, asked: str, language: str) -> int:
    """Return how many content words a label has that stands in a question as it is, by stems; else 0."""
    words = _content(label, language)
    return len(words) if words and f" {' '.join(words)} " in asked else 0


def _content(text: str, language: str) -> list[str]:
    """Return the stems of the words that are neither function words nor numbers, nor of scripts without spaces."""
    return [
        stem(word, language)
        for word in tokens(text)
        if not (is_function_word(word, language) or word.isdecimal() or SPACELESS_RUN.fullmatch(word))
    ]


def _phrases(text: str, language: str) -> list[tuple[str, str]]:
    """Return the pairs of neighbouring content words; scripts without spaces are indexed by pairs already."""
    words = [
        None if is_function_word(word, language) or SPACELESS_RUN.fullmatch(word) else word
        for word in tokens(text)
    ]
    return list(dict.fromkeys((a, b) for a, b in pairwise(words) if a and b and a != b))


def _side_by_side(first: str, second: str, language: str) -> Callable[[str], bool]:
    """Return what tells whether a text in lower case has two words, or forms of the same stems, side by side."""
    stems = stem(first, language), stem(second, language)
    beginning = _beginning(first, stems[0])

    def is_held(words: str) -> bool:
        start = words.find(beginning)
        while start >= 0:
            found = _TWO_WORDS.match(words, start) if not words[start - 1 : start].isalnum() else None
            if found and stem(found[1], language) == stems[0] and stem(found[2], language) == stems[1]:
                return True
            start = words.find(beginning, start + len(beginning))
        return False

    return is_held


def _beginning(word: str, its_stem: str) -> str:
    """Return the letters that every form of a word begins with; at least one."""
    same = next(
        (i for i, pair in enumerate(zip(word, its_stem, strict=False)) if pair[0] != pair[1]), len(its_stem)
    )
    return word[: max(same, 1)]


def _own_words(record: NodeRecord) -> str:
    if record.kind != "image" or record.metadata.get(Key.KIND) == "table":
        return record.text
    return str(record.metadata.get(Key.OCR) or "")
