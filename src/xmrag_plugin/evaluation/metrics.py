"""Recall, nDCG and reciprocal rank of one list, and bootstrap intervals over many.

Relevance is binary. An item counts once, at the first hit that is it: further hits of the
same item bring nothing and still take their place in the list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..types import Hit
from .dataset import Relevant

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CUTOFF", "METRICS", "first_ranks", "interval", "ndcg", "recall", "reciprocal_rank", "score"]

METRICS = ("recall@1", "recall@5", "recall@10", "ndcg@10", "mrr")
CUTOFF = 10
_RESAMPLES = 2000
_SEED = 20_240_601


def first_ranks(hits: Sequence[Hit], relevant: Sequence[Relevant]) -> list[int | None]:
    """For each relevant item the rank, from 1, of the first hit that is it; None if none is."""
    return [next((rank for rank, hit in enumerate(hits, 1) if item.matches(hit)), None) for item in relevant]


def recall(ranks: Sequence[int | None], k: int) -> float:
    """The share of the relevant items found within the first ``k``."""
    return sum(rank is not None and rank <= k for rank in ranks) / len(ranks)


def ndcg(ranks: Sequence[int | None], k: int) -> float:
    """Normalised discounted cumulative gain at ``k``: gain 1, discount log2(1 + rank).

    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002. The
    best list has its items on ranks 1, 2, …; where one hit is two of the items at once (a
    picture and its document), the value is capped at 1.
    """
    import math

    gain = sum(1 / math.log2(1 + rank) for rank in ranks if rank is not None and rank <= k)
    best = sum(1 / math.log2(1 + rank) for rank in range(1, min(len(ranks), k) + 1))
    return min(gain / best, 1.0)


def reciprocal_rank(ranks: Sequence[int | None], k: int) -> float:
    """One over the rank of the first relevant hit within ``k``; 0 when there is none."""
    return max((1 / rank for rank in ranks if rank is not None and rank <= k), default=0.0)


def score(hits: Sequence[Hit], relevant: Sequence[Relevant]) -> dict[str, float]:
    """All of :data:`METRICS` for one list of hits, best first."""
    ranks = first_ranks(hits, relevant)
    return {
        "recall@1": recall(ranks, 1),
        "recall@5": recall(ranks, 5),
        "recall@10": recall(ranks, 10),
        "ndcg@10": ndcg(ranks, CUTOFF),
        "mrr": reciprocal_rank(ranks, CUTOFF),
    }


def interval(rows: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """95 % percentile bootstrap intervals of the means of :data:`METRICS`.

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
    random = np.random.default_rng(_SEED)
    count = len(values)
    step = max(1, 4_000_000 // count)
    means = [
        random.multinomial(count, np.full(count, 1 / count), size=min(step, _RESAMPLES - start))
        @ values
        / count
        for start in range(0, _RESAMPLES, step)
    ]
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5], axis=0)
    return {name: [float(low[i]), float(high[i])] for i, name in enumerate(METRICS)}
