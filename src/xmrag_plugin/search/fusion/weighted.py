"""Weighted sum of raw similarities: simple, and right when one space serves all nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from . import Candidates, Fused

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["WeightedFusion"]


class WeightedFusion:
    """``Σ wᵢ sᵢ / Σ wᵢ`` over the channels that know a candidate; BM25 is scaled to its best.

    Args:
        weights: By channel; a channel that is not named weighs 1 (``"lexical"``: 0.5).
    """

    def __init__(self, weights: Mapping[str, float] | None = None, **_: Any) -> None:
        self.weights = {"lexical": 0.5, **(weights or {})}

    def fuse(self, candidates: Candidates) -> Fused:
        """Score the candidates, in their order."""
        total: NDArray[np.float64] = np.zeros(len(candidates.ids))
        weight: NDArray[np.float64] = np.zeros(len(candidates.ids))
        for channel, similarity in candidates.similarity.items():
            column = similarity.astype(np.float64)
            if channel == "lexical":
                column = column / max(float(column.max(initial=0.0)), 1e-9)
            known = ~np.isnan(column)
            total += np.where(known, column, 0.0) * self.weights.get(channel, 1.0)
            weight += known * self.weights.get(channel, 1.0)
        return Fused(np.divide(total, weight, out=np.zeros_like(total), where=weight > 0))
