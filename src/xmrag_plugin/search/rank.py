"""Ranking: fused scores into one list of hits, one a picture, spread over sources, within the limits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..images.similarity import correlation, grey_copy
from ..storage.knowledge_base import KnowledgeBase
from ..types import Hit, Key, Modality, NodeRecord, kinds_in, split_ids
from .candidates import LINKED_PICTURES
from .fusion import Candidates, Fused

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..storage.media_store import MediaStore
    from .request import SearchRequest

__all__ = ["arrange", "follow_links", "let_passages_lead", "once", "rank", "recognise"]

_LOG = logging.getLogger(__name__)

_LINK_COST = 1.5
"""What it costs, in standard scores, to go from a found picture to a passage that it belongs to."""

_RECOGNISED = 12
_SAME = 0.95
_SAME_GAIN = 4.0

_SPREAD = 0.3
"""What a hit loses to each better hit of its kind on the same page (of the same file, where it has no pages), in
standard scores (benchmarks/calibration/fit_weights.py)."""

_MIN_SPREAD = 60
"""So many of the best take part in spreading, or six times as many as are wanted."""


def recognise(
    pictures: Sequence[bytes],
    candidates: Candidates,
    records: Mapping[str, NodeRecord],
    fused: Fused,
    media: MediaStore,
) -> None:
    """Put a picture first that is asked with and that the collection has, resized or recompressed.

    The best candidates are compared point by point; an encoder alone takes a burst of one scene for
    the same picture.
    """
    best = [i for i in np.argsort(-fused.scores) if candidates.kinds[i] == "image"][:_RECOGNISED]
    for data in pictures:
        asked = grey_copy(data)
        for i in best:
            media_hash = records[candidates.ids[i]].media_hash
            is_there = bool(media_hash) and media.has(str(media_hash))
            alike = correlation(asked, media.path(str(media_hash))) if is_there else 0.0
            if alike >= _SAME:
                fused.scores[i] += _SAME_GAIN * (alike - _SAME) / (1 - _SAME) + _SAME_GAIN
                if fused.probabilities is not None:
                    fused.probabilities[i] = max(fused.probabilities[i], alike)


def follow_links(candidates: Candidates, records: Mapping[str, NodeRecord], fused: Fused) -> None:
    """Make a passage at least as good as its figure, less the step to it, where a picture is asked."""
    place = {node_id: i for i, node_id in enumerate(candidates.ids)}
    images = [i for i in np.argsort(-fused.scores) if candidates.kinds[i] == "image"][:LINKED_PICTURES]
    for i in images:
        for node_id in split_ids(records[candidates.ids[i]].metadata.get(Key.PASSAGES)):
            j = place.get(node_id)
            if j is not None and fused.scores[i] - _LINK_COST > fused.scores[j]:
                fused.scores[j] = fused.scores[i] - _LINK_COST
                if fused.probabilities is not None:
                    fused.probabilities[j] = min(fused.probabilities[i], 1 / (1 + np.exp(-fused.scores[j])))


def let_passages_lead(candidates: Candidates, of: Sequence[NodeRecord], fused: Fused) -> None:
    """Put a picture that no words of its own describe right behind the best passage that it belongs to.

    Such a picture is embedded with its passages' words, and its nearness to the question is theirs: without this the
    icons of a manual stand before the text. One that was found by what it shows keeps its place.

    Args:
        candidates: In any order.
        of: Their records, in that order.
        fused: Lowered in place, for such pictures.
    """
    place = {node_id: i for i, node_id in enumerate(candidates.ids)}
    seen = candidates.similarity.get("vision")
    for i in np.flatnonzero(candidates.kinds == "image").tolist():
        record = of[i]
        if record.text.strip() or (seen is not None and not np.isnan(seen[i])):
            continue
        passages = [place[n] for n in split_ids(record.metadata.get(Key.PASSAGES)) if n in place]
        if not passages:
            continue
        best = max(passages, key=fused.scores.__getitem__)
        fused.scores[i] = min(fused.scores[i], np.nextafter(fused.scores[best], -np.inf))
        if fused.probabilities is not None:
            fused.probabilities[i] = min(fused.probabilities[i], fused.probabilities[best])


def rank(
    request: SearchRequest,
    candidates: Candidates,
    records: Mapping[str, NodeRecord],
    fused: Fused,
    kb: KnowledgeBase,
    answerable: float,
) -> list[Hit]:
    """Return the hits, best first: each picture once, diverse, within the limits, with links and copies.

    Args:
        request: What is wanted.
        candidates: In any order.
        records: By node id.
        fused: Scores and probabilities, in the candidates' order.
        kb: Where neighbours, copies, and for ``mmr`` vectors are looked up.
        answerable: p(the collection holds the answer), noted on each hit.
    """
    of = [records[node_id] for node_id in candidates.ids]
    chosen = arrange(request, candidates, of, fused, kb)
    return _hits(request, chosen, candidates, of, fused, kb, answerable)


def arrange(
    request: SearchRequest,
    candidates: Candidates,
    of: Sequence[NodeRecord],
    fused: Fused,
    kb: KnowledgeBase | None = None,
) -> list[int]:
    """Return the places of the hits among the candidates, best first; ``mmr`` needs the knowledge base."""
    if not request.question.images:
        let_passages_lead(candidates, of, fused)
    order = np.argsort(-fused.scores, kind="stable")
    if request.min_probability > 0 and fused.probabilities is not None:
        order = order[fused.probabilities[order] >= request.min_probability]
    distinct = once(order, of)
    if request.mmr is None or kb is None:
        distinct = _spread(request.k, distinct, of, fused)
    else:
        distinct = _diversify(request.k, request.mmr, distinct, candidates, fused, kb)
    chosen: list[int] = []
    missing: list[str] = []
    taken: dict[str, int] = {}
    for place in distinct:
        modality = of[place].modality
        if len(chosen) == request.k:
            break
        if request.top_k and taken.get(modality, 0) >= request.top_k.get(modality, request.k):
            continue
        if kb is not None and _lacks_picture(of[place], kb):
            missing.append(of[place].source)
            continue
        taken[modality] = taken.get(modality, 0) + 1
        chosen.append(place)
    if missing and kb is not None:
        _LOG.warning(
            "Pictures of %s are gone from %s: `xmrag doctor --fix`.", ", ".join(missing[:5]), kb.place
        )
    return chosen


def once(order: Sequence[int] | NDArray[np.int64], records: Sequence[NodeRecord]) -> list[int]:
    """Return each picture once, whoever holds it; of a table and the picture of it, the better one."""
    distinct: list[int] = []
    pictures: set[str] = set()
    tables: dict[tuple[str, int | None, str], str] = {}
    for place in order:
        record = records[place]
        if record.modality == Modality.IMAGE and record.media_hash:
            if record.media_hash in pictures:
                continue
            pictures.add(record.media_hash)
        box = record.metadata.get(Key.BBOX)
        if box and record.metadata.get(Key.KIND) == "table":
            shown = tables.setdefault((record.source, record.page, box), record.modality)
            if shown != record.modality:
                continue
        distinct.append(int(place))
    return distinct


def _greedy(
    k: int, order: Sequence[int], value: Mapping[int, float], on_choice: Callable[[int, list[int]], None]
) -> list[int]:
    """Return the best of ``order`` first, one after the other, while each choice may lower the value of the rest."""
    left, chosen = list(order), list[int]()
    while left and len(chosen) < k:
        best = max(left, key=value.__getitem__)
        left.remove(best)
        chosen.append(best)
        on_choice(best, left)
    return chosen + left


def _spread(k: int, order: Sequence[int], records: Sequence[NodeRecord], fused: Fused) -> list[int]:
    """Spread the list over pages and files: of two hits about as good, the one from a new place comes first."""
    best = order[: max(6 * k, _MIN_SPREAD)]
    owner = {place: (records[place].source, records[place].page, records[place].kind) for place in best}
    value = {place: float(fused.scores[place]) for place in best}
    beside: dict[Hashable, list[int]] = {}
    for place in best:
        beside.setdefault(owner[place], []).append(place)

    def take(chosen: int, _left: list[int]) -> None:
        for place in beside[owner[chosen]]:
            value[place] -= _SPREAD

    return _greedy(k, best, value, take)


def _diversify(
    k: int, weight: float, order: Sequence[int], candidates: Candidates, fused: Fused, kb: KnowledgeBase
) -> list[int]:
    """Choose by maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998).

    Args:
        k: How many.
        weight: 0 is all diversity, 1 all relevance.
        order: Places of the candidates, best first.
        candidates: What they are.
        fused: Their scores.
        kb: Where their vectors are looked up; those of the text space count before others.
    """
    order = order[: max(4 * k, 40)]
    ids = [candidates.ids[place] for place in order]
    rows: dict[str, NDArray[np.float32]] = {}
    for space in ("sound", "vision", "text"):
        for kind in kinds_in(space) if space in candidates.similarity else ():
            rows.update(kb.vectors.vectors(space, kind, ids))
    relevance = fused.probabilities
    if relevance is None:
        spread = float(np.ptp(fused.scores)) if len(fused.scores) else 0.0
        relevance = (fused.scores - fused.scores.min()) / spread if spread else np.ones_like(fused.scores)
    value = {place: weight * float(relevance[place]) for place in order}
    closest = dict.fromkeys(order, 0.0)

    def take(best: int, left: list[int]) -> None:
        chosen = rows.get(candidates.ids[best])
        for place in left:
            other = rows.get(candidates.ids[place])
            if chosen is not None and other is not None and len(chosen) == len(other):
                closest[place] = max(closest[place], float(chosen @ other))
                value[place] = weight * float(relevance[place]) - (1 - weight) * closest[place]

    return _greedy(k, order, value, take)[:k]


def _hits(
    request: SearchRequest,
    order: Sequence[int],
    candidates: Candidates,
    records: Sequence[NodeRecord],
    fused: Fused,
    kb: KnowledgeBase,
    answerable: float,
) -> list[Hit]:
    """Return hits with their neighbours behind them, and files of the same bytes after a source's best hit."""
    hits: list[Hit] = []
    shown = {candidates.ids[place] for place in order}
    for place in order:
        record, score = records[place], float(fused.scores[place])
        probability = float(fused.probabilities[place]) if fused.probabilities is not None else None
        scores = {
            channel: float(column[place])
            for channel, column in candidates.similarity.items()
            if not np.isnan(column[place])
        }
        hits.append(_hit(record, score, probability, scores, answerable, kb))
        if request.neighbours:
            linked = split_ids(record.metadata.get(Key.FIGURES)) + split_ids(
                record.metadata.get(Key.PASSAGES)
            )
            fresh = [i for i in linked if i not in shown][: request.neighbours]
            shown.update(fresh)
            hits += [
                _hit(found, score, probability, {}, answerable, kb)
                for found in kb.catalog.nodes(fresh).values()
                if not _lacks_picture(found, kb)
            ]
    copies = kb.catalog.copies(list({hit.source for hit in hits}))
    listed: list[Hit] = []
    for hit in hits:
        listed.append(hit)
        for name in copies.pop(hit.source, []):
            listed.append(hit.of_copy(name))
    del listed[max(request.k, len(hits)) :]
    in_words = not (request.question.images or request.question.sounds)
    for number, hit in enumerate(listed, start=1):
        hit.rank = number
        if in_words and hit.probability is not None and not _is_seen(hit):
            hit.lead = hit.score
    return listed


def _is_seen(hit: Hit) -> bool:
    """Return whether a hit may be found by what it shows or sounds like, whatever its words say."""
    return hit.record.kind != "text" and not hit.scores.keys() <= {"text", "lexical"}


def _lacks_picture(record: NodeRecord, kb: KnowledgeBase) -> bool:
    """Return whether a node is a picture that is gone; that costs its own hit only."""
    return record.kind == "image" and bool(record.media_hash) and not kb.media.has(str(record.media_hash))


def _hit(
    record: NodeRecord,
    score: float,
    probability: float | None,
    scores: dict[str, float],
    answerable: float,
    kb: KnowledgeBase,
) -> Hit:
    media = record.media_hash
    return Hit(
        rank=0,
        score=score,
        probability=probability,
        record=record,
        media_file=str(kb.media.path(media)) if media and kb.media.has(media) else None,
        scores=scores,
        answerable=answerable,
    )
