"""Recall, nDCG and reciprocal rank of one list, and bootstrap intervals over many.

Relevance is binary. An item counts once, at the first hit that is it: further hits of the
same item bring nothing and still take their place in the list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ..types import BBox, Hit
from .dataset import Relevant

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "CUTOFF",
    "METRICS",
    "PAGE_METRICS",
    "RESAMPLES",
    "area_covered",
    "chance_of",
    "first_ranks",
    "interval",
    "mean_interval",
    "ndcg",
    "page_recall",
    "recall",
    "reciprocal_rank",
    "score",
    "score_by_modality",
    "score_pages",
]

METRICS = ("recall@1", "recall@5", "recall@10", "ndcg@10", "mrr")
PAGE_METRICS = ("page_recall@1", "page_recall@3", "page_recall@5", "area@10")
CUTOFF = 10
RESAMPLES = 2000
_SEED = 20_240_601


def first_ranks(hits: Sequence[Hit], relevant: Sequence[Relevant]) -> list[int | None]:
    """Return for each relevant item the rank, from 1, of the first hit that is it; None if none is."""
    return [next((rank for rank, hit in enumerate(hits, 1) if item.matches(hit)), None) for item in relevant]


def recall(ranks: Sequence[int | None], k: int) -> float:
    """Return the share of the relevant items found within the first ``k``."""
    return sum(rank is not None and rank <= k for rank in ranks) / len(ranks)


def ndcg(ranks: Sequence[int | None], k: int) -> float:
    """Return normalised discounted cumulative gain at ``k``: gain 1, discount log2(1 + rank).

    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002. The
    best list has its items on ranks 1, 2, …; where one hit is two of the items at once (a
    picture and its document), the value is capped at 1.
    """
    import math

    gain = sum(1 / math.log2(1 + rank) for rank in ranks if rank is not None and rank <= k)
    best = sum(1 / math.log2(1 + rank) for rank in range(1, min(len(ranks), k) + 1))
    return min(gain / best, 1.0)


def reciprocal_rank(ranks: Sequence[int | None], k: int) -> float:
    """Return one over the rank of the first relevant hit within ``k``; 0 when there is none."""
    return max((1 / rank for rank in ranks if rank is not None and rank <= k), default=0.0)


def score(hits: Sequence[Hit], relevant: Sequence[Relevant]) -> dict[str, float]:
    """Return all of :data:`METRICS` for one list of hits, best first."""
    ranks = first_ranks(hits, relevant)
    return {
        "recall@1": recall(ranks, 1),
        "recall@5": recall(ranks, 5),
        "recall@10": recall(ranks, 10),
        "ndcg@10": ndcg(ranks, CUTOFF),
        "mrr": reciprocal_rank(ranks, CUTOFF),
    }


def score_by_modality(hits: Sequence[Hit], relevant: Sequence[Relevant]) -> dict[str, dict[str, float]]:
    """Return :func:`score` over the relevant items of each modality alone."""
    return {
        modality: score(hits, [item for item in relevant if item.modality == modality])
        for modality in sorted({item.modality for item in relevant})
    }


def page_recall(hits: Sequence[Hit], relevant: Sequence[Relevant], k: int) -> float:
    """Return the share of the relevant pages among the first ``k`` different pages of the hits.

    So does MMDocIR (arXiv 2501.08828) measure the retrieval of pages.
    """
    gold = {(item.source, item.page) for item in relevant if item.page is not None}
    pages = list(dict.fromkeys((hit.source, hit.page) for hit in hits if hit.page is not None))
    return len(gold & set(pages[:k])) / len(gold)


def area_covered(hits: Sequence[Hit], relevant: Sequence[Relevant], k: int) -> float | None:
    """Return the share of the area of the relevant boxes that the boxes of the first ``k`` hits cover.

    Returns:
        None where no relevant item has a box.
    """
    total = covered = 0.0
    for item in relevant:
        if item.bbox is None:
            continue
        x0, y0, x1, y1 = item.bbox
        total += (x1 - x0) * (y1 - y0)
        parts = [
            (max(box[0], x0), max(box[1], y0), min(box[2], x1), min(box[3], y1))
            for hit in hits[:k]
            if (box := hit.bbox) is not None and hit.source == item.source and hit.page == item.page
        ]
        covered += _union([part for part in parts if part[0] < part[2] and part[1] < part[3]])
    return covered / total if total else None


def _union(boxes: Sequence[BBox]) -> float:
    """Return the area that boxes cover together, by the cells between all their edges."""
    xs = sorted({edge for box in boxes for edge in (box[0], box[2])})
    ys = sorted({edge for box in boxes for edge in (box[1], box[3])})
    return sum(
        (right - left) * (bottom - top)
        for left, right in pairwise(xs)
        for top, bottom in pairwise(ys)
        if any(b[0] <= left and right <= b[2] and b[1] <= top and bottom <= b[3] for b in boxes)
    )


def score_pages(
    hits: Sequence[Hit], further: Sequence[Hit], relevant: Sequence[Relevant]
) -> dict[str, float]:
    """Return :data:`PAGE_METRICS`; without the area where nothing has a box.

    Args:
        hits: The ten best, best first: their boxes count.
        further: A longer list, best first: as many pages as are counted stand in it.
        relevant: The pages and boxes that answer.
    """
    found = {f"page_recall@{k}": page_recall(further, relevant, k) for k in (1, 3, 5)}
    area = area_covered(hits, relevant, CUTOFF)
    return found if area is None else {**found, "area@10": area}


def interval(rows: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """Return 95 % percentile bootstrap intervals of the means of :data:`METRICS`.

    Questions are drawn with replacement 2,000 times, with a fixed seed, so that the same
    results give the same interval (Efron and Tibshirani, "An Introduction to the
    Bootstrap", 1993, chapter 13).

    Args:
        rows: One :func:`score` a question, at least one.

    Returns:
        ``{metric: [low, high]}``.
    """
    import numpy as np

    values: NDArray[np.float64] = np.array([[row[name] for name in METRICS] for row in rows])
    low, high = np.percentile(_resampled_means(values, RESAMPLES), [2.5, 97.5], axis=0)
    return {name: [float(low[i]), float(high[i])] for i, name in enumerate(METRICS)}


def mean_interval(values: Sequence[float], resamples: int = RESAMPLES) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of one mean; see :func:`interval`."""
    import numpy as np

    means = _resampled_means(np.array(values, dtype=np.float64)[:, None], resamples)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def chance_of(differences: Sequence[float], resamples: int) -> float:
    """Return how probable a mean difference so far from 0 were, if either of a pair could as well be the other.

    The paired randomisation test: signs are drawn at random (Smucker, Allan and Carterette, "A comparison of
    statistical significance tests for information retrieval evaluation", 2007). Fixed seed.
    """
    import numpy as np

    values = np.array(differences, dtype=np.float64)
    random = np.random.default_rng(_SEED)
    step = max(1, 4_000_000 // len(values))
    as_far = 0
    for start in range(0, resamples, step):
        signs = random.choice([-1.0, 1.0], size=(min(step, resamples - start), len(values)))
        as_far += int(np.sum(np.abs(signs @ values) >= abs(values.sum()) - 1e-12))
    return (as_far + 1) / (resamples + 1)


def _resampled_means(values: NDArray[np.float64], resamples: int) -> NDArray[np.float64]:
    """Return the means of the columns over rows drawn with replacement, a row a draw."""
    import numpy as np

    random = np.random.default_rng(_SEED)
    count = len(values)
    step = max(1, 4_000_000 // count)
    return np.concatenate(
        [
            random.multinomial(count, np.full(count, 1 / count), size=min(step, resamples - start))
            @ values
            / count
            for start in range(0, resamples, step)
        ]
    )
