"""Fitting a calibration to a collection, without labels; see :mod:`~xmrag_plugin.search.calibration`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..storage.knowledge_base import KnowledgeBase
from ..types import kinds_in
from .calibration import HUBNESS_WEIGHT, POOLED, RARELY_ASKED, Calibration
from .calibration_arrays import LIST, USUAL_STD, Moments, align, blocks, by_rows, hubness_of, leading
from .fusion import FURTHER_ANSWERS, KINDS
from .fusion.calibrated import MAX_LEXICAL, combine, lexical_weight, standard_scores
from .question_style import fit_question_style
from .sample_questions import ABOUT_OTHER_THINGS, SampleQuestions, draw

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fit", "fitted", "place_new"]

_NODES = 20_000
"""A larger collection is fitted to so many of its nodes, evenly drawn, and to those nearest to the sample questions."""

_NEAR = 30  # of each question in each channel: the best of all nodes is among them
_BATCH = 4096

_PRIOR_PAIRS = 8
"""So many pairs the usual spread of similarities counts for, where a collection is too small to show its own."""

_MIN_STD = 1e-3

_RARELY = 0.9
"""The level of sounds is what nine in ten questions about other things do not reach: few ask for a sound."""

_PICTURE_FIRST = 1 / 3
"""By chance, the best picture without words stands above the best text for one question in three; like the next
number varied by benchmarks/calibration/fit_weights.py."""

_RELIABLE = 5.0
"""Standard scores by which a sample question stands nearer to its own node than to others in a space whose scores
count in full; less counts in proportion, as in linear discriminant analysis."""

_PRIOR_QUESTIONS = 4
"""Reliability is mixed with the full one, as if so many questions had shown that; further answers likewise."""

_MAX_FURTHER = 4.0
"""A book in one file is no place whose every passage answers a question about it."""

_MIN_RELIABLE = 8  # nodes; fewer show nothing of it

_UNRELATED_QUANTILE = 0.25
"""Sentences drawn from all over a collection are mostly unrelated: the lower quartile of their similarities."""

_ANSWER_BOUNDS = (0.22, 0.36)
"""Between these shares of the way from unrelated to identical lies the level from which a question is about the
collection."""


def fit(kb: KnowledgeBase) -> Calibration:
    """Fit to a knowledge base and keep the result there; the writer's lock must be held."""
    calibration = fitted(kb)
    calibration.save(kb, kb.catalog.node_count)
    return calibration


def fitted(kb: KnowledgeBase) -> Calibration:
    """Return a calibration fitted to a knowledge base; of what is kept there, hubness alone is written."""
    return _Fit(kb).run()


def place_new(calibration: Calibration, kb: KnowledgeBase, fresh: Sequence[str] | None = None) -> None:
    """Give nodes that came since the last fit their hubness; the rest stays as it was fitted.

    Args:
        calibration: The last fit.
        kb: The knowledge base; the writer's lock must be held.
        fresh: Ids of the nodes that came; all that have no hubness when not given.
    """
    for space, questions in calibration.questions.items():
        if space not in HUBNESS_WEIGHT or not len(questions):
            continue
        for kind in kinds_in(space):
            ids = fresh
            if ids is None:
                every = kb.vectors.ids(space, kind)
                known = kb.catalog.hubness(space, every)
                ids = [node_id for node_id in every if node_id not in known]
            _place(kb, space, kind, questions, ids)


def _place(
    kb: KnowledgeBase, space: str, kind: str, questions: NDArray[np.float32], ids: Sequence[str] | None = None
) -> None:
    """Keep how near nodes are to questions at large, of all of a collection or of some."""
    for names, rows in _vectors(kb, space, kind, ids):
        near = hubness_of(questions @ rows.T)
        kb.catalog.keep_hubness(space, dict(zip(names, near.tolist(), strict=True)))


class _Fit:
    """One fit: sample questions against every collection of vectors, or against a part of a large one.

    ``scores`` holds, by kind and space, the standard scores of shape (questions, nodes), NaN where a node is not in
    the space; ``names`` the nodes by kind; ``drawn`` the nodes that stand for all, None where all take part.
    """

    def __init__(self, kb: KnowledgeBase) -> None:
        self.kb = kb
        self.calibration = Calibration()
        self.drawn = kb.catalog.drawn(_NODES) if kb.catalog.node_count > _NODES else None
        self.sample = draw(kb, self.drawn)
        self.chosen: list[str] | None = None
        self.scores: dict[str, dict[str, NDArray[np.float32]]] = {kind: {} for kind in KINDS}
        self.names: dict[str, list[str]] = {kind: [] for kind in KINDS}

    def run(self) -> Calibration:
        spaces = []
        for space in self.kb.manifest.spaces:
            encoder = self.kb.encoder(space)
            if encoder is None:
                continue
            sample = self._sample_of(space)
            self.calibration.questions[space] = (
                encoder.encode_texts(sample.texts, role="query")
                if sample.texts
                else np.zeros((0, encoder.dimension), dtype=np.float32)
            )
            spaces.append(space)
        if self.drawn is not None:
            self.chosen = self._with_nearest(self.drawn)
        for space in spaces:
            for kinds in POOLED.get(space, tuple((kind,) for kind in kinds_in(space))):
                self._fit_space(space, kinds)
        self.calibration.lexical_weight = lexical_weight(self.kb.catalog.mean_terms(self.drawn))
        self._fit_levels()
        return self.calibration

    def _with_nearest(self, drawn: Sequence[str]) -> list[str]:
        """Return the drawn nodes, the nearest to each question in each channel, and the questions' own."""
        chosen = dict.fromkeys(drawn)
        for space, questions in self.calibration.questions.items():
            for kind in kinds_in(space):
                for question in questions:
                    chosen |= dict.fromkeys(i for i, _ in self.kb.vectors.query(space, kind, question, _NEAR))
        for text, own in zip(self.sample.texts, self.sample.own, strict=True):
            chosen |= dict.fromkeys(i for i, _ in self.kb.catalog.lexical_search(text, _NEAR))
            chosen |= dict.fromkeys(sorted(own))
        return list(chosen)

    def _sample_of(self, space: str) -> SampleQuestions:
        """Return the sample; for sounds, which few questions are about, questions about other things besides."""
        if space != "sound":
            return self.sample
        rest = len(ABOUT_OTHER_THINGS)
        return SampleQuestions(
            [*self.sample.texts, *ABOUT_OTHER_THINGS],
            [*self.sample.origins, *[""] * rest],
            [*self.sample.own, *[frozenset[str]()] * rest],
        )

    def _fit_space(self, space: str, kinds: Sequence[str]) -> None:
        """Fit the moments, hubness and reliability of kinds that share a background, and score the sample."""
        questions, hub_weight = self.calibration.questions[space], HUBNESS_WEIGHT.get(space, 0.0)
        moments = Moments()
        names: dict[str, list[str]] = {}
        sums: dict[str, NDArray[np.float32]] = {}
        similarities, hubness, shares = [], [], []
        drawn = frozenset(self.drawn or ())
        for kind in kinds:
            if hub_weight and self.drawn is not None:
                _place(self.kb, space, kind, questions)
            for ids, rows in _vectors(self.kb, space, kind, self.chosen):
                near = questions @ rows.T
                r = hubness_of(near) if hub_weight else np.zeros(len(ids), dtype=np.float32)
                if hub_weight and self.drawn is None:
                    self.kb.catalog.keep_hubness(space, dict(zip(ids, r.tolist(), strict=True)))
                stands = np.array([not drawn or node_id in drawn for node_id in ids], dtype=bool)
                moments.add(rows[stands], r[stands])
                names.setdefault(kind, []).extend(ids)
                sums[kind] = sums.get(kind, np.float32(0)) + rows[stands].sum(axis=0)
                similarities.append(near)
                hubness.append(r)
                shares.append(stands)
        if not names or moments.total is None or not any(share.any() for share in shares):
            return
        near, r, stand = np.concatenate(similarities, axis=1), np.concatenate(hubness), np.concatenate(shares)
        del similarities
        statistics = moments.statistics(hub_weight)
        everywhere = [node_id for ids in names.values() for node_id in ids]
        others = np.where(self._sample_of(space).mask(everywhere), np.nan, near)
        usual_others = others[:, stand]
        told: NDArray[np.bool_] = np.asarray(~np.isnan(usual_others).all(axis=1))
        pairs = int((~np.isnan(usual_others)).sum())
        spread = by_rows(lambda part: np.nanvar(part, axis=1), usual_others, told)
        shown = float(spread.mean()) if told.any() else 0.0
        usual = (pairs * shown + _PRIOR_PAIRS * USUAL_STD**2) / (pairs + _PRIOR_PAIRS)
        statistics.usual_std = max(usual**0.5, _MIN_STD)
        if space in POOLED:
            statistics.reliability = self._reliability(everywhere, near, usual_others, told)
            self._fit_answer_level(questions, others)
        if set(kinds) & set(RARELY_ASKED) and near.size:
            at_large = near[:, stand]
            statistics.at_large = (float(at_large.mean()), max(float(at_large.std()), _MIN_STD))
        each = np.array([statistics.moments(question) for question in questions], np.float32).reshape(-1, 2)
        z = standard_scores(near, hub_weight * r, each[:, :1], each[:, 1:], statistics.at_large)
        start = 0
        for kind, ids in names.items():
            own = slice(start, start := start + len(ids))
            self.calibration.statistics[(space, kind)] = statistics
            align(self.names[kind], self.scores[kind], ids, z[:, own], space)
            sums[kind] /= np.float32(max(int(stand[own].sum()), 1))
        if space in POOLED:
            from_picture = np.isin(self.sample.origins, names.get("image", []))
            self.calibration.style = fit_question_style(sums, questions, from_picture)

    def _reliability(
        self,
        names: Sequence[str],
        near: NDArray[np.float32],
        others: NDArray[np.float32],
        told: NDArray[np.bool_],
    ) -> float:
        """Return what a standard score of the space counts: how well a sentence tells its own node from the rest.

        The sensitivity index d′ (Green and Swets, *Signal Detection Theory*, 1966): the similarity to the own
        node, in standard deviations above the mean of the others.

        Args:
            names: The nodes.
            near: Similarities, shape (questions, nodes).
            others: The same, NaN for a question's own nodes.
            told: Shape (questions,): which questions have other nodes at all.
        """
        place = {node_id: i for i, node_id in enumerate(names)}
        rows = [
            (number, place[self.sample.origins[i]])
            for number, i in enumerate(np.flatnonzero(told))
            if self.sample.origins[i] in place
        ]
        if len(names) < _MIN_RELIABLE or not rows:
            return 1.0
        asked = np.array(rows)
        own = near[np.flatnonzero(told)[asked[:, 0]], asked[:, 1]]
        mean = by_rows(lambda part: np.nanmean(part, axis=1), others, told)[asked[:, 0]]
        std = by_rows(lambda part: np.nanstd(part, axis=1), others, told)[asked[:, 0]]
        distance = (own - mean) / np.maximum(std, _MIN_STD)
        total = float(distance.sum()) + _PRIOR_QUESTIONS * _RELIABLE
        return float(np.clip(total / (len(rows) + _PRIOR_QUESTIONS) / _RELIABLE, 0.05, 1.0))

    def _fit_levels(self) -> None:
        """Fit what chance gives to the best node with words, the best picture without, the best sound."""
        best: dict[str, NDArray[np.float64]] = {}
        leads: list[tuple[str, NDArray[np.str_], NDArray[np.float64]]] = []
        for kind, ids in self.names.items():
            sample = self._sample_of("sound" if kind == "sound" else "text")
            if not ids or not sample.texts:
                continue
            scores, own = self.scores[kind], sample.mask(ids)
            worded = ~np.isnan(scores["text"][0]) if "text" in scores else np.zeros(len(ids), bool)
            groups = {group: its for group, its in (("words", worded), (kind, ~worded)) if its.any()}
            tops: dict[str, list[NDArray[np.float64]]] = {group: [] for group in groups}
            first: dict[str, list[tuple[NDArray[np.str_], NDArray[np.float64]]]] = {g: [] for g in groups}
            for part in blocks(len(sample.texts)):
                shape = len(own[part]), len(ids)
                lexical = self._lexical(sample.texts[part], ids) if kind != "sound" else np.zeros(shape)
                shared = np.where(own[part], 0.0, lexical).max(axis=1, initial=0.0)
                weight = np.minimum(self.calibration.lexical_weight, MAX_LEXICAL / np.maximum(shared, 1e-9))
                fused = combine({space: z[part] for space, z in scores.items()}, kind)
                fused += weight[:, None] * lexical
                for group, members in groups.items():
                    if kind not in RARELY_ASKED:
                        first[group].append(leading(fused[:, members], np.array(ids)[members]))
                    tops[group].append(np.where(own[part], -np.inf, fused)[:, members].max(axis=1))
            for group, parts in tops.items():
                every = np.concatenate(parts)
                best[group] = np.maximum(best[group], every) if group in best else every
                if found := first[group]:
                    told, ranked = zip(*found, strict=True)
                    leads.append((group, np.concatenate(told), np.concatenate(ranked)))
        for group, highest in best.items():
            known = highest[np.isfinite(highest)]
            if not len(known):
                continue
            if group in RARELY_ASKED:
                level = np.quantile(known, _RARELY)
            elif group == "image" and "words" in best:
                lead = highest - best["words"]
                level = self.calibration.levels["words"] + np.quantile(
                    lead[np.isfinite(lead)], 1 - _PICTURE_FIRST
                )
            else:
                level = known.mean()
            # The mean of all nodes scores 0, and the best of them no less, whatever a handful shows.
            self.calibration.levels[group] = max(float(level), 0.0)
        self._fit_further_answers(leads)

    def _fit_further_answers(
        self, leads: Sequence[tuple[str, NDArray[np.str_], NDArray[np.float64]]]
    ) -> None:
        """Fit how many of a question's first hits stand where the node stands that it was drawn from.

        Args:
            leads: Group of nodes, then ids and fused scores of its best for each sample question.
        """
        seen = {node_id for _, ids, _ in leads for node_id in ids.ravel().tolist()} | {*self.sample.origins}
        records = self.kb.catalog.nodes(sorted(seen))
        places = {node_id: (record.source, record.page) for node_id, record in records.items()}
        found = _PRIOR_QUESTIONS * FURTHER_ANSWERS
        # One that another writer has removed since it was drawn stands nowhere.
        homes = {i: places[origin] for i, origin in enumerate(self.sample.origins) if origin in places}
        for number, home in homes.items():
            rows = [
                (score - self.calibration.levels.get(group, 0.0), node_id)
                for group, ids, scores in leads
                for node_id, score in zip(ids[number].tolist(), scores[number].tolist(), strict=True)
                if node_id != self.sample.origins[number]
            ]
            first = sorted(rows, reverse=True)[: LIST - 1]
            found += sum(places.get(node_id) == home for _, node_id in first)
        further = found / (len(homes) + _PRIOR_QUESTIONS)
        self.calibration.further_answers = min(further, _MAX_FURTHER)

    def _lexical(self, texts: Sequence[str], ids: Sequence[str]) -> NDArray[np.float32]:
        """Return the BM25 of nodes for texts, shape (texts, ids)."""
        place = {node_id: i for i, node_id in enumerate(ids)}
        scores = np.zeros((len(texts), len(ids)), np.float32)
        for number, text in enumerate(texts):
            for node_id, score in self.kb.catalog.lexical_search(text, 400):
                if node_id in place:
                    scores[number, place[node_id]] = score
        return scores

    def _fit_answer_level(self, questions: NDArray[np.float32], others: NDArray[np.float32]) -> None:
        """Fit the similarity in the text space from which on a question is about this collection.

        A sentence of the collection is about it for certain: four in five have a node, other than the ones
        that they were drawn from, that is nearer than this level. It is kept within bounds that lie between
        unrelated and identical: a collection whose nodes are all alike would set it too high, one of oddments
        too low.
        """
        if len(questions) < 2:
            return
        pairs = (questions @ questions.T)[np.triu_indices(len(questions), 1)]
        self.calibration.unrelated = unrelated = float(np.quantile(pairs, _UNRELATED_QUANTILE))
        low, high = (unrelated + share * (1 - unrelated) for share in _ANSWER_BOUNDS)
        best = by_rows(lambda part: np.nan_to_num(part, nan=-1.0).max(axis=1), others)
        fitted = float(np.quantile(best, 0.2)) if len(best) >= 20 else high
        self.calibration.answer_level = min(max(fitted, low), high)


def _vectors(
    kb: KnowledgeBase, space: str, kind: str, ids: Sequence[str] | None = None
) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
    """Yield ids and vectors of a collection, of all or of some, in batches."""
    wanted = kb.vectors.ids(space, kind) if ids is None else ids
    for start in range(0, len(wanted), _BATCH):
        rows = kb.vectors.vectors(space, kind, wanted[start : start + _BATCH])
        if rows:
            yield list(rows), np.stack(list(rows.values()))
