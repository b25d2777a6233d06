"""The lexicon: postings of the asked words as arrays, from FTS5 and from what has settled, scored by BM25."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..text.terms import QueryTerm
from .forks import renew_after_fork
from .latest_words import EarlierStems, LatestWords
from .postings import COUNT_UNIT, RANGE_BITS, Postings
from .sql import State, catalog_state

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .postings import Posting

    _Counts = tuple[NDArray[np.int64], NDArray[np.float32]]
    """Places, and the weighted counts there."""

_Key = tuple[str, ...]
"""The stems of an asked word, which are looked up in place of it."""

__all__ = ["Lexicon", "Nodes"]

_K1, _B = 1.2, 0.75
_COMMON = 0.25  # a term in more than this share of the nodes is evidence too weak to count
_KEPT_POSTINGS = 4_000_000  # 12 bytes each
_MOST_TERMS = 64
_FEW = 3


@dataclass(slots=True)
class _Standing:
    """Where an asked word stands, by any of its stems.

    Attributes:
        places: In the table of nodes, ascending.
        weights: Its BM25 in each, but for the factor that tells how rare it is.
    """

    places: NDArray[np.int64]
    weights: NDArray[np.float32]


@dataclass(slots=True)
class Nodes:
    """All nodes in a table of places: the row numbers of a few ranges, one after the other.

    Attributes:
        spans: Numbers of the ranges, ascending.
        lengths: By place, how many terms a node holds, as a share of the mean; NaN where there is no node.
        count: How many nodes there are.
        mean_terms: How many terms one holds on the average.
        latest: Those of them that have not settled; None where all have.
        settled: The postings of the others.
        gone: By place, which count no more where those postings name them; None where all count.
    """

    spans: NDArray[np.int64]
    lengths: NDArray[np.float32]
    count: int
    mean_terms: float
    latest: LatestWords | None
    settled: Postings
    gone: NDArray[np.bool_] | None = None

    def settled_places(self, posting: Posting) -> NDArray[np.int64]:
        """Return the places of settled nodes."""
        import numpy as np

        places = posting.places.astype(np.int64)
        places += np.repeat(self.spans.searchsorted(posting.spans) << RANGE_BITS, posting.sizes)
        return places

    def places(self, rowids: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the places of row numbers, and which of those are there at all."""
        import numpy as np

        if not len(self.spans):
            return np.zeros(len(rowids), dtype=np.int64), np.zeros(len(rowids), dtype=bool)
        which = np.minimum(self.spans.searchsorted(rowids >> RANGE_BITS), len(self.spans) - 1)
        places = (which << RANGE_BITS) + (rowids & ((1 << RANGE_BITS) - 1))
        return places, (self.spans[which] == rowids >> RANGE_BITS) & ~np.isnan(self.lengths[places])

    def rowids(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the row numbers of places."""
        spans: NDArray[np.int64] = self.spans[places >> RANGE_BITS]
        return (spans << RANGE_BITS) + (places & ((1 << RANGE_BITS) - 1))


class Lexicon:
    """The words asked so far with their postings in memory, for one state of the catalog; safe for threads."""

    def __init__(self) -> None:
        self._state: State | None = None
        self._after_fork()
        renew_after_fork(self)
        self._nodes: Nodes | None = None
        self._standing: OrderedDict[_Key, _Standing] = OrderedDict()
        self._frequencies: dict[str, int] = {}
        self._kept = 0

    def _after_fork(self) -> None:
        self._lock = threading.RLock()
        self._earlier: EarlierStems | None = None
        self._state = None

    def match(
        self, latest: LatestWords, terms: Sequence[QueryTerm], words: Sequence[QueryTerm] = ()
    ) -> tuple[Nodes, NDArray[np.float32], dict[str, NDArray[np.int64]], NDArray[np.int64]]:
        """Score the nodes by terms.

        Returns:
            The nodes; their scores by place; by asked word, the places of the nodes that hold it, but for words in so
            many nodes that they do not count; the places of the nodes that hold all of ``words``.
        """
        import numpy as np

        with self._lock:
            nodes = self._read_nodes(latest)
            scores = np.zeros(len(nodes.lengths), dtype=np.float32)
            found = self._telling(nodes, terms[:_MOST_TERMS])
            for standing in found.values():
                frequency = len(standing.places)
                idf = max(np.log((nodes.count - frequency + 0.5) / (frequency + 0.5)), 1e-6)
                scores[standing.places] += np.float32(idf) * standing.weights
            holders = self._holders(nodes, words)
        return nodes, scores, {word: standing.places for word, standing in found.items()}, holders

    def _telling(self, nodes: Nodes, terms: Sequence[QueryTerm]) -> dict[str, _Standing]:
        """Return the postings of terms that not every other node holds; of all of them where there are no others."""
        if len(terms) > 1:
            limit = max(nodes.count * _COMMON, 50)
            stems = [stem for term in terms if not term.word.endswith("*") for stem in self._stems(term)]
            held = (
                self._settled_counts(nodes, stems) if nodes.gone is None else {}
            )  # these count what is gone too
            rare = [term for term in terms if all(held.get(stem, 0) <= limit for stem in self._stems(term))]
            found = self._of(nodes, rare)
            telling = {word: standing for word, standing in found.items() if len(standing.places) <= limit}
            if any(len(standing.places) for standing in telling.values()):
                return telling
        return self._of(nodes, terms)

    def _settled_counts(self, nodes: Nodes, stems: Sequence[str]) -> dict[str, int]:
        """Return how many settled nodes hold each stem; each is counted once."""
        if unknown := [stem for stem in stems if stem not in self._frequencies]:
            self._frequencies |= dict.fromkeys(unknown, 0) | nodes.settled.counts(unknown)
        return self._frequencies

    def _holders(self, nodes: Nodes, words: Sequence[QueryTerm]) -> NDArray[np.int64]:
        """Return the places of the nodes that hold all of the words, one with a digit among them, where they are few."""
        import numpy as np

        none = np.empty(0, dtype=np.int64)
        if not any(letter.isdigit() for term in words for letter in term.word):
            return none
        found: NDArray[np.int64] | None = None
        for term in words[:_MOST_TERMS]:
            places = self._of(nodes, [term])[term.word].places
            found = places if found is None else np.intersect1d(found, places)
            if not len(found):
                return none
        return found if found is not None and len(found) <= _FEW else none

    def count_in(self, latest: LatestWords, terms: Sequence[QueryTerm], rowid: int) -> int:
        """Return how many of the terms stand in the node at ``rowid``."""
        import numpy as np

        with self._lock:
            nodes = self._read_nodes(latest)
            (place,), (known,) = nodes.places(np.array([rowid], dtype=np.int64))
            if not known:
                return 0
            keys = [self._key(term) for term in terms]
            unread = {stem for key in keys if key not in self._standing for stem in key}
            settled = nodes.settled.read(sorted(unread), only=rowid >> RANGE_BITS)

            def stands(key: _Key) -> bool:
                if standing := self._standing.get(key):
                    return bool((standing.places == place).any())
                return any((_counts(nodes, stem, settled.get(stem))[0] == place).any() for stem in key)

            return sum(map(stands, keys))

    def mean_terms(self, latest: LatestWords, rowids: Sequence[int]) -> float:
        """Return the terms that these nodes hold, on the average."""
        import numpy as np

        with self._lock:
            nodes = self._read_nodes(latest)
            places, known = nodes.places(np.array(rowids, dtype=np.int64))
            lengths = nodes.lengths[places[known]]
        return nodes.mean_terms * float(lengths.mean()) if len(lengths) else 0.0

    def _read_nodes(self, latest: LatestWords) -> Nodes:
        """Return the lengths of all nodes, read again when this or another process wrote since."""
        import numpy as np

        state = catalog_state(latest.db)
        if self._nodes is None or state != self._state:
            rowids, lengths = latest.lengths()
            settled = Postings(latest.db)
            parts = [*settled.lengths(), (rowids, lengths)]
            every, gone = np.concatenate([part[0] for part in parts]), settled.gone()
            terms = np.concatenate([part[1] for part in parts])
            spans = np.unique(np.concatenate([every, gone]) >> RANGE_BITS)
            table = np.full(len(spans) << RANGE_BITS, np.nan, dtype=np.float32)
            mean = float(terms.mean()) if len(terms) else 1.0
            self._nodes = Nodes(spans, table, len(terms), mean, latest if len(rowids) else None, settled)
            if len(spans):
                which = spans.searchsorted(every >> RANGE_BITS) << RANGE_BITS
                table[which + (every & ((1 << RANGE_BITS) - 1))] = terms / max(mean, 1e-9)
            if len(gone):
                self._nodes.gone = np.zeros(len(table), dtype=bool)
                which = spans.searchsorted(gone >> RANGE_BITS) << RANGE_BITS
                self._nodes.gone[which + (gone & ((1 << RANGE_BITS) - 1))] = True
            self._standing.clear()
            self._frequencies.clear()
            self._kept = 0
            if not latest.has_earlier_stems():
                self._earlier = None
            elif self._earlier is None:
                self._earlier = EarlierStems()
            self._state = state
        return self._nodes

    def settle(self, latest: LatestWords) -> None:
        """Move the latest words to the postings; within the caller's transaction."""
        import numpy as np

        with self._lock:
            settled = Postings(latest.db)
            settled.sweep()
            rowids, lengths = latest.lengths()
            held, nodes = latest.postings(), max(len(rowids), 1)
            keys = held.numbers * nodes + rowids.searchsorted(held.rowids)
            distinct, which = np.unique(keys, return_inverse=True)
            counts = np.bincount(which, weights=held.weights, minlength=len(distinct)).astype(np.float64)
            ends = np.searchsorted(distinct // nodes, np.arange(len(held.terms) + 1))
            where: NDArray[np.int64] = rowids[distinct % nodes]
            settled.add(
                rowids,
                lengths,
                (
                    (term, where[i:j], counts[i:j])
                    for term, i, j in zip(held.terms, ends, ends[1:], strict=False)
                ),
            )
            latest.clear()

    def _stems(self, term: QueryTerm) -> Sequence[str]:
        return term.stems if self._earlier is None else self._earlier.of(term.word)

    def _key(self, term: QueryTerm) -> _Key:
        return (term.word,) if term.word.endswith("*") else tuple(self._stems(term))

    def _of(self, nodes: Nodes, terms: Sequence[QueryTerm]) -> dict[str, _Standing]:
        """Return where each of the terms stands, by its word; all that is not in memory is read at once."""
        keys = {term.word: self._key(term) for term in terms}
        missing = [key for key in dict.fromkeys(keys.values()) if key not in self._standing]
        settled = nodes.settled.read(list({stem: None for key in missing for stem in key})) if missing else {}
        for key in missing:
            made = _standing(nodes, [_counts(nodes, stem, settled.get(stem)) for stem in key])
            self._standing[key] = made
            self._kept += len(made.places)
        found = {word: self._standing[key] for word, key in keys.items()}
        for key in keys.values():
            self._standing.move_to_end(key)
        while self._kept > _KEPT_POSTINGS and len(self._standing) > 1:
            self._kept -= len(self._standing.popitem(last=False)[1].places)
        return found


def _counts(nodes: Nodes, stem: str, settled: Posting | None) -> _Counts:
    """Return the places where a stem stands, settled or not, and its weighted counts there.

    Args:
        nodes: The table of places.
        stem: Ends in ``*`` for all words that begin so.
        settled: Its posting; None where no settled node holds it.
    """
    import numpy as np

    parts: list[_Counts] = []
    if settled is not None:
        where, weights = nodes.settled_places(settled), settled.counts * np.float32(COUNT_UNIT)
        if nodes.gone is not None:
            there = ~nodes.gone[where]
            where, weights = where[there], weights[there]
        parts.append((where, weights))
    if nodes.latest is not None:
        rowids, weights = nodes.latest.read(stem)
        found, known = nodes.places(rowids)
        parts.append((found[known], weights[known]))
    if parts and (nodes.latest is not None or stem.endswith("*")):
        return _united(*zip(*parts, strict=True))
    return parts[0] if parts else (np.empty(0, np.int64), np.empty(0, np.float32))


def _standing(nodes: Nodes, parts: Sequence[_Counts]) -> _Standing:
    """Return where a word stands that has several stems, with its weights."""
    import numpy as np

    held = [part for part in parts if len(part[0])] or [(np.empty(0, np.int64), np.empty(0, np.float32))]
    places, counts = held[0] if len(held) == 1 else _united(*zip(*held, strict=True))
    norms = _K1 * (1 - _B + _B * nodes.lengths[places])
    return _Standing(places, np.asarray(counts * (_K1 + 1) / (counts + norms), np.float32))


def _united(places: Sequence[NDArray[np.int64]], counts: Sequence[NDArray[np.float32]]) -> _Counts:
    """Return postings as one, each place once with the sum of its counts."""
    import numpy as np

    every = np.concatenate(places)
    order = every.argsort(kind="stable")  # in linear time where each part ascends
    every = every[order]
    first = np.flatnonzero(np.diff(every, prepend=-1))
    if len(first) == len(every):  # as of stems in several languages: a node is in one
        return every, np.concatenate(counts)[order]
    weights = np.concatenate(counts)[order].astype(np.float64)
    return every[first], np.add.reduceat(weights, first).astype(np.float32)
