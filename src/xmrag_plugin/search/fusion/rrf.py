"""Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import KINDS, Candidates, Fused

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ReciprocalRankFusion"]


class ReciprocalRankFusion:
    """``Σ 1 / (k + rank)`` over the lists of each (space, kind) and the lexical list.

    Ranks start at 1; a candidate that a list does not know gets nothing from it.

    Args:
        k: The constant of the formula.
    """

    def __init__(self, k: float = 60.0, **_: Any) -> None:
        self.k = k

    def fuse(self, candidates: Candidates) -> Fused:
        """Score the candidates, in their order."""
        total: NDArray[np.float64] = np.zeros(len(candidates.ids))
        for channel, similarity in candidates.similarity.items():
            if channel == "lexical":
                lists = [similarity > 0]
            else:
                lists = [(candidates.kinds == kind) & ~np.isnan(similarity) for kind in KINDS]
            for members in lists:
                places = np.flatnonzero(members)
                order = places[np.argsort(-similarity[places], kind="stable")]
                total[order] += 1.0 / (self.k + 1 + np.arange(len(order)))
        return Fused(total)
