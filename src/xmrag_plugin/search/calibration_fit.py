"""Fitting a calibration to a collection, without labels; see :mod:`~xmrag_plugin.search.calibration`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..storage.knowledge_base import KnowledgeBase
from ..text.informative import has_informative_words
from ..types import Key, NodeRecord, kinds_in, split_ids
from .calibration import POOLED, RARELY_ASKED, USUAL_STD, Calibration, SpaceStatistics
from .fusion import KINDS
from .fusion.calibrated import HUBNESS_WEIGHT, Level, combine, lexical_weight, no_more_than_at_large

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fit", "place_new"]

_QUESTIONS = 256
_NEAREST = 10
_BATCH = 4096
_RARELY = 0.9
"""The level of sounds is what nine in ten questions about other things do not reach: few ask for a sound."""

_ANSWER_BOUNDS = (0.22, 0.36)
_UNRELATED = (
    "The recipe calls for two eggs and a cup of flour.",
    "Interest rates rose by half a percent in March.",
    "The goalkeeper saved a penalty in the last minute.",
    "Photosynthesis turns light into chemical energy.",
    "She tuned her violin before the concert.",
    "The server returned an error for every request.",
    "Glaciers carve valleys over thousands of years.",
    "The contract may be ended with a month's notice.",
    "A new bus line connects the harbour with the airport.",
    "The vaccine is given in two doses.",
    "The castle was built in the fourteenth century.",
    "Tighten the four screws of the rear cover.",
    "Bees dance to tell others where flowers are.",
    "The novel is told by an old fisherman.",
    "Voters elected a new mayor on Sunday.",
    "The satellite circles the Earth every ninety minutes.",
)


def fit(kb: KnowledgeBase) -> Calibration:
    """Fit to a knowledge base and keep the result there; the writer's lock must be held."""
    calibration = _Fit(kb).run()
    calibration.save(kb, kb.catalog.node_count)
    return calibration


def place_new(calibration: Calibration, kb: KnowledgeBase) -> None:
    """Give nodes that came since the last fit their hubness; the rest stays as it was fitted."""
    for space, questions in calibration.questions.items():
        if not len(questions):
            continue
        for kind in kinds_in(space):
            known = kb.catalog.hubness(space, ids := kb.vectors.ids(space, kind))
            fresh = [node_id for node_id in ids if node_id not in known]
            for start in range(0, len(fresh), _BATCH):
                rows = kb.vectors.vectors(space, kind, fresh[start : start + _BATCH])
                if rows:
                    r = _hubness(questions @ np.stack(list(rows.values())).T)
                    kb.catalog.keep_hubness(space, dict(zip(rows, r.tolist(), strict=True)))


class _Fit:
    """One fit: sample questions against every collection."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self.kb = kb
        self.calibration = Calibration()

    def run(self) -> Calibration:
        sample = _sample_questions(self.kb)
        texts = [text for text, _ in sample]
        scores: dict[str, dict[str, NDArray[np.float32]]] = {kind: {} for kind in KINDS}
        names: dict[str, list[str]] = {kind: [] for kind in KINDS}
        for space in self.kb.manifest.spaces:
            encoder = self.kb.encoder(space)
            if encoder is None:
                continue
            # Few questions are about a sound: what other questions are like is told by more than captions.
            asked = [*texts, *_UNRELATED] if space == "sound" else texts
            self.calibration.questions[space] = (
                encoder.encode_texts(asked, role="query")
                if asked
                else np.zeros((0, encoder.dimension), dtype=np.float32)
            )
            for kinds in POOLED.get(space, tuple((kind,) for kind in kinds_in(space))):
                for kind, (ids, z) in self._fit_space(space, kinds).items():
                    _align(names[kind], scores[kind], ids, z, space)
        self.calibration.lexical_weight = lexical_weight(self.kb.catalog.mean_terms())
        self._fit_levels(sample, names, scores)
        self._fit_answer_level(sample)
        return self.calibration

    def _fit_space(
        self, space: str, kinds: Sequence[str]
    ) -> dict[str, tuple[list[str], NDArray[np.float32]]]:
        """Moments and hubness of collections that share a background.

        Returns:
            By kind: its ids, and the questions' standard scores of shape (questions, ids).
        """
        questions = self.calibration.questions[space]
        moments = _Moments()
        found: dict[str, tuple[list[str], list[NDArray[np.float32]], list[NDArray[np.float32]]]] = {}
        for kind in kinds:
            for ids, rows in _vectors(self.kb, space, kind):
                near = questions @ rows.T
                r = _hubness(near)
                moments.add(rows, r)
                names, similarities, hubness = found.setdefault(kind, ([], [], []))
                names += ids
                similarities.append(near)
                hubness.append(r)
                self.kb.catalog.keep_hubness(space, dict(zip(ids, r.tolist(), strict=True)))
        if not moments.count:
            return {}
        statistics = moments.statistics(
            USUAL_STD.get(space, 0.1), HUBNESS_WEIGHT.get(space, 0.0), pooled=space in POOLED
        )
        result = {}
        for kind, (names, similarities, hubness) in found.items():
            self.calibration.statistics[(space, kind)] = statistics
            near, r = np.concatenate(similarities, axis=1), np.concatenate(hubness)
            z = near - statistics.hub_weight * r
            for row, question in zip(z, questions, strict=True):
                mean, std = statistics.of(question)
                row -= mean
                row /= std
            if kind in RARELY_ASKED:
                z = no_more_than_at_large(z, near, *self.calibration.at_large(space, kind))
            result[kind] = (names, z)
        return result

    def _fit_levels(
        self,
        sample: Sequence[tuple[str, frozenset[str]]],
        names: Mapping[str, list[str]],
        scores: Mapping[str, dict[str, NDArray[np.float32]]],
    ) -> None:
        """What chance gives to each kind: the best fused score among nodes unrelated to a question."""
        place = {kind: {node_id: i for i, node_id in enumerate(ids)} for kind, ids in names.items()}
        asked = {kind: len(sample) + (len(_UNRELATED) if kind == "sound" else 0) for kind in names}
        lexical = {kind: np.zeros((asked[kind], len(ids)), np.float32) for kind, ids in names.items()}
        for number, (text, _) in enumerate(sample):
            for node_id, score in self.kb.catalog.lexical_search(text, 400):
                for kind in names:
                    column = place[kind].get(node_id)
                    if column is not None:
                        lexical[kind][number, column] = score
        counts = [len(names[kind]) for kind in ("text", "image") if names[kind]]
        typical = float(np.exp(np.mean(np.log(counts)))) if counts else 1.0
        for kind, ids in names.items():
            if not ids or not asked[kind]:
                continue
            fused = combine({**scores[kind], "lexical": lexical[kind]}, kind, self.calibration.lexical_weight)
            for number, (_, own) in enumerate(sample):
                columns = [place[kind][node_id] for node_id in own if node_id in place[kind]]
                fused[number, columns] = -np.inf
            rank = min(max(2, round(2 * len(ids) / typical)), len(ids))
            by_chance = np.partition(fused, len(ids) - rank, axis=1)[:, len(ids) - rank :].mean(axis=1)
            by_chance = by_chance[np.isfinite(by_chance)]
            if len(by_chance):
                best = np.quantile(by_chance, _RARELY) if kind in RARELY_ASKED else np.mean(by_chance)
                self.calibration.levels[kind] = Level(
                    best=float(best), spread=float(np.std(by_chance)), count=len(ids)
                )

    def _fit_answer_level(self, sample: Sequence[tuple[str, frozenset[str]]]) -> None:
        """The similarity in the text space from which on a question is about this collection.

        A sentence of the collection is about it for certain: four in five have a node, other than the one
        that they were drawn from, that is nearer than this level. It is kept within bounds that depend
        on the encoder alone, from how near sentences are that have nothing to do with each other: a
        collection whose nodes are all alike would set it too high, one of oddments too low.
        """
        encoder = self.kb.encoder("text") if "text" in self.kb.manifest.spaces else None
        if encoder is None:
            return
        rows = encoder.encode_texts(_UNRELATED, role="query")
        unrelated = float((rows @ rows.T)[np.triu_indices(len(rows), 1)].mean())
        low, high = (unrelated + share * (1 - unrelated) for share in _ANSWER_BOUNDS)
        best = np.full(len(sample), -1.0)
        for kind in ("text", "image"):
            for ids, vectors in _vectors(self.kb, "text", kind):
                near = self.calibration.questions["text"] @ vectors.T
                place = {node_id: i for i, node_id in enumerate(ids)}
                for number, (_, own) in enumerate(sample):
                    near[number, [place[i] for i in own if i in place]] = -1.0
                best = np.maximum(best, near.max(axis=1))
        fitted = float(np.quantile(best, 0.2)) if len(sample) >= 20 else high
        self.calibration.answer_level = min(max(fitted, low), high)


class _Moments:
    """Running first and second moments of vectors and their hubness."""

    def __init__(self) -> None:
        self.total: NDArray[np.float64] | None = None

    @property
    def count(self) -> int:
        return 0 if self.total is None else int(self.total[-1, -1])

    def add(self, rows: NDArray[np.float32], hubness: NDArray[np.float32]) -> None:
        ones = np.ones((len(rows), 1))
        extended = np.concatenate([rows.astype(np.float64), hubness[:, None], ones], axis=1)
        product = extended.T @ extended
        self.total = product if self.total is None else self.total + product

    def statistics(self, usual_std: float, hub_weight: float, *, pooled: bool) -> SpaceStatistics:
        if self.total is None:
            raise ValueError("no vectors were added")
        total, count, d = self.total, self.count, len(self.total) - 2
        mean = total[-1, :d] / count
        hub_mean = float(total[-1, d] / count)
        return SpaceStatistics(
            count=count,
            mean=mean.astype(np.float32),
            covariance=(total[:d, :d] / count - np.outer(mean, mean)).astype(np.float32),
            hub_mean=hub_mean,
            hub_variance=max(float(total[d, d] / count) - hub_mean**2, 0.0),
            hub_covariance=(total[:d, d] / count - mean * hub_mean).astype(np.float32),
            usual_std=usual_std,
            hub_weight=hub_weight,
            pooled=pooled,
        )


def _hubness(near: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean similarity to the nearest questions; ``near`` has shape (questions, nodes)."""
    if len(near) <= _NEAREST:  # all of them would be the nearest to every node
        return np.zeros(near.shape[1], dtype=np.float32)
    nearest: NDArray[np.float32] = np.partition(near, len(near) - _NEAREST, axis=0)[-_NEAREST:]
    return np.asarray(nearest.mean(axis=0), dtype=np.float32)


def _align(
    names: list[str],
    scores: dict[str, NDArray[np.float32]],
    ids: Sequence[str],
    z: NDArray[np.float32],
    space: str,
) -> None:
    """Bring a space's columns to the common order of the kind's ids, NaN where it lacks a node."""
    place = {node_id: i for i, node_id in enumerate(names)}
    fresh = [node_id for node_id in ids if node_id not in place]
    for node_id in fresh:
        place[node_id] = len(names)
        names.append(node_id)
    for other, matrix in scores.items():
        if fresh:
            gap = np.full((len(matrix), len(fresh)), np.nan, dtype=np.float32)
            scores[other] = np.concatenate([matrix, gap], axis=1)
    column = np.full((len(z), len(names)), np.nan, dtype=np.float32)
    column[:, [place[node_id] for node_id in ids]] = z
    scores[space] = column


def _vectors(kb: KnowledgeBase, space: str, kind: str) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
    """All vectors of a collection, in batches."""
    ids = kb.vectors.ids(space, kind)
    for start in range(0, len(ids), _BATCH):
        rows = kb.vectors.vectors(space, kind, ids[start : start + _BATCH])
        if rows:
            yield list(rows), np.stack(list(rows.values()))


_SENTENCE = re.compile(r"(?<=[.!?。！？])\s*")


def _sample_questions(kb: KnowledgeBase) -> list[tuple[str, frozenset[str]]]:
    """Sample questions with the nodes that they were drawn from, evenly over the collection."""
    sounds: dict[str, set[str]] = {}
    records: list[NodeRecord] = []
    for record in kb.catalog.iter_nodes():
        if record.text.strip() and has_informative_words(record):
            records.append(record)
        elif record.kind == "sound" and "sound" in kb.manifest.spaces:
            sounds.setdefault(record.source, set()).add(record.node_id)
    step = max(1, len(records) // _QUESTIONS)
    sample: dict[str, set[str]] = {}
    for number, record in enumerate(records[::step]):
        text = _question_of(record, number)
        if text:
            sample.setdefault(text, set()).update(_own(record) | sounds.get(record.source, set()))
    return [(text, frozenset(own)) for text, own in list(sample.items())[:_QUESTIONS]]


def _own(record: NodeRecord) -> set[str]:
    return {
        record.node_id,
        *split_ids(record.metadata.get(Key.FIGURES)),
        *split_ids(record.metadata.get(Key.PASSAGES)),
    }


def _question_of(record: NodeRecord, number: int) -> str:
    """A caption, or a sentence of middling length."""
    text = str(record.metadata.get(Key.CAPTION) or "") or record.text
    sentences = [s.strip() for s in _SENTENCE.split(text) if 12 <= len(s.strip()) <= 240]
    if not sentences:
        return text.strip()[:240]
    return sentences[number % len(sentences)]
