"""Documents that a question names by words of their names: "Amazon's revenue in 2017" means ``AMAZON_2017_10K.pdf``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Set

from ..text.stop_words import language_of
from ..text.terms import fold, stem
from ..types import NodeRecord

__all__ = ["documents_named"]

_OWN_SHARE, _LEAST = 0.75, 2
"""A word of a name tells a document where so many of the passages that hold the word, and at least two, are of documents
called so. "Long" in a file's name says nothing, since all documents say it. Of sentences of a book in 188 files it
chooses a file for 57 in 600, and 51 times the right one, if .7 of the passages do, for 41 and 38 times if .8 do."""

_SHORTEST = 3
_JOINT = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PART = re.compile(r"[^\W\d_]+|\d+")
_NUMBER = re.compile(r"\d{2,}")


def documents_named(
    text: str, records: Iterable[NodeRecord], holding: Mapping[str, Set[str]]
) -> frozenset[str]:
    """Return the sources that a question names; of several called so, those that have most of its numbers in their names.

    Args:
        text: The question.
        records: The nodes that share most words with it.
        holding: By word of the question, the ids of those of them that hold it.

    Returns:
        None of them where it names no document.
    """
    source_of = {record.node_id: record.source for record in records}
    language = language_of(text)
    parts = {source: _parts(source) for source in set(source_of.values())}
    names = {
        source: {stem(part, language) for part in own if _is_name(part)} for source, own in parts.items()
    }
    named = Counter[str]()
    for word, ids in holding.items():
        if not _is_name(word):
            continue
        stemmed = stem(word, language)
        called = {source for source, own in names.items() if stemmed in own}
        if called:
            own = [source_of[node_id] in called for node_id in ids if node_id in source_of]
            if sum(own) >= max(_LEAST, _OWN_SHARE * len(own)):
                named.update(called)
    numbers = set(_NUMBER.findall(text))
    best = _most(named, named.__getitem__)
    return frozenset(_most(best, lambda source: len(numbers.intersection(parts[source]))))


def _is_name(word: str) -> bool:
    return len(word) >= _SHORTEST and word.isalpha()


def _parts(source: str) -> frozenset[str]:
    """Return the words and numbers of a document's path, its suffix apart, in lower case."""
    folder, _, name = source.rpartition("/")
    stem_of_name = name.rpartition(".")[0] or name
    return frozenset(map(fold, _PART.findall(_JOINT.sub(" ", f"{folder} {stem_of_name}"))))


def _most(sources: Iterable[str], count: Callable[[str], int]) -> list[str]:
    """Return those sources that have the highest count."""
    counts = {source: count(source) for source in sources}
    return [source for source, number in counts.items() if number == max(counts.values())]
