"""Ranking: fused scores into one list, one hit a picture, spread over sources, within the limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..images.similarity import correlation, grey_copy
from ..storage.knowledge_base import KnowledgeBase
from ..types import Key, Modality, NodeRecord, kinds_in, split_ids
from .fusion import Candidates, Fused

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..storage.media_store import MediaStore
    from .request import SearchRequest

__all__ = ["LINKED_PICTURES", "Ranking", "follow_links", "once", "recognise"]

LINKED_PICTURES = 5
_LINK_COST = 1.5
"""What it costs, in standard scores, to go from a found picture to a passage that it belongs to."""


_RECOGNISED = 12
_SAME = 0.95
_SAME_GAIN = 4.0


def recognise(
    pictures: Sequence[bytes],
    candidates: Candidates,
    records: Mapping[str, NodeRecord],
    fused: Fused,
    media: MediaStore,
) -> None:
    """Where a picture is asked that the collection has, resized or recompressed, it comes first.

    The best candidates are compared point by point; an encoder alone takes a burst of one scene for
    the same picture.
    """
    best = [i for i in np.argsort(-fused.scores) if candidates.kinds[i] == "image"][:_RECOGNISED]
    for data in pictures:
        asked = grey_copy(data)
        for i in best:
            media_hash = records[candidates.ids[i]].media_hash
            alike = correlation(asked, media.path(media_hash)) if media_hash else 0.0
            if alike >= _SAME:
                fused.scores[i] += _SAME_GAIN * (alike - _SAME) / (1 - _SAME) + _SAME_GAIN
                if fused.probabilities is not None:
                    fused.probabilities[i] = max(fused.probabilities[i], alike)


def follow_links(candidates: Candidates, records: Mapping[str, NodeRecord], fused: Fused) -> None:
    """Where a picture is asked, a passage is at least as good as its figure, less the step to it."""
    place = {node_id: i for i, node_id in enumerate(candidates.ids)}
    images = [i for i in np.argsort(-fused.scores) if candidates.kinds[i] == "image"][:LINKED_PICTURES]
    for i in images:
        for node_id in split_ids(records[candidates.ids[i]].metadata.get(Key.PASSAGES)):
            j = place.get(node_id)
            if j is not None and fused.scores[i] - _LINK_COST > fused.scores[j]:
                fused.scores[j] = fused.scores[i] - _LINK_COST
                if fused.probabilities is not None:
                    fused.probabilities[j] = min(fused.probabilities[i], 1 / (1 + np.exp(-fused.scores[j])))


_SPREAD = 0.3
"""What a hit loses to each better hit of the same source and kind, in standard scores."""


def _spread(
    k: int,
    candidates: Candidates,
    records: Mapping[str, NodeRecord],
    fused: Fused,
    order: Sequence[int],
) -> list[int]:
    """Spread the list over sources: of two hits about as good, the one from a new source comes first.

    Measured on textbook sections with MiniLM and BM25: sections of the answer in the first ten rise
    from .966 to .978, figures from .854 to .860. In a single document the order stays as it was.
    """
    left = list(order[: max(6 * k, 60)])
    taken: dict[tuple[str, str], int] = {}
    chosen: list[int] = []
    owner = {place: (records[candidates.ids[place]].source, str(candidates.kinds[place])) for place in left}
    while left and len(chosen) < k:
        best = max(left, key=lambda place: fused.scores[place] - _SPREAD * taken.get(owner[place], 0))
        left.remove(best)
        taken[owner[best]] = taken.get(owner[best], 0) + 1
        chosen.append(best)
    return chosen + left


class Ranking:
    """Orders the candidates of a request.

    Args:
        kb: Where vectors are looked up for diversity.
    """

    def __init__(self, kb: KnowledgeBase) -> None:
        self.kb = kb

    def order(
        self,
        request: SearchRequest,
        candidates: Candidates,
        records: Mapping[str, NodeRecord],
        fused: Fused,
        vectors: Mapping[str, NDArray[np.float32]],
    ) -> list[int]:
        """Places of the hits, best first: one per picture, within the limits asked for."""
        order = np.argsort(-fused.scores, kind="stable")
        if request.min_probability > 0 and fused.probabilities is not None:
            order = order[fused.probabilities[order] >= request.min_probability]
        distinct = once(order, [records[node_id] for node_id in candidates.ids])
        if request.mmr is not None:
            distinct = self._diversify(request, candidates, fused, distinct)
        else:
            distinct = _spread(request.k, candidates, records, fused, distinct)
        chosen: list[int] = []
        taken: dict[str, int] = {}
        for place in distinct:
            modality = records[candidates.ids[place]].modality
            if request.top_k and taken.get(modality, 0) >= request.top_k.get(modality, request.k):
                continue
            taken[modality] = taken.get(modality, 0) + 1
            chosen.append(place)
            if len(chosen) == request.k:
                break
        return chosen

    def _diversify(
        self, request: SearchRequest, candidates: Candidates, fused: Fused, order: Sequence[int]
    ) -> list[int]:
        """Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998) over the text space."""
        order = list(order[: max(4 * request.k, 40)])
        ids = [candidates.ids[place] for place in order]
        rows: dict[str, NDArray[np.float32]] = {}
        for space in ("sound", "vision", "text"):
            for kind in kinds_in(space):
                if (space, kind) in candidates.background:
                    rows.update(self.kb.vectors.vectors(space, kind, ids))
        relevance = fused.probabilities if fused.probabilities is not None else _unit(fused.scores)
        weight = float(request.mmr if request.mmr is not None else 1.0)
        chosen: list[int] = []
        left = list(range(len(order)))
        closest = np.zeros(len(order))
        while left and len(chosen) < request.k:
            best = max(left, key=lambda i: weight * relevance[order[i]] - (1 - weight) * closest[i])
            left.remove(best)
            chosen.append(order[best])
            for i in left:
                a, b = rows.get(ids[best]), rows.get(ids[i])
                if a is not None and b is not None and len(a) == len(b):
                    closest[i] = max(closest[i], float(a @ b))
        return chosen


def once(order: Sequence[int] | NDArray[np.int64], records: Sequence[NodeRecord]) -> list[int]:
    """Each picture once, whoever holds it; of a table and the picture of it, the better one."""
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


def _unit(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = float(np.ptp(scores)) if len(scores) else 0.0
    return (scores - scores.min()) / spread if spread else np.ones_like(scores)
