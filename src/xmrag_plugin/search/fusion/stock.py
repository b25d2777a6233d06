"""LlamaIndex's own order: the texts of the text space, then the pictures of the vision space."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import Candidates, Fused

__all__ = ["StockOrder"]


class StockOrder:
    """Texts by their similarity in the text space, then pictures, for comparison.

    A picture's similarity is that of the vision space, or of the text space where there is no other.

    Args:
        texts: How many texts stand before the first picture; all when not given.
    """

    def __init__(self, texts: int | None = None, **_: Any) -> None:
        self.texts = texts

    def fuse(self, candidates: Candidates) -> Fused:
        """Score the candidates, in their order."""
        nothing = np.full(len(candidates.ids), np.nan, dtype=np.float32)
        text = candidates.similarity.get("text", nothing).astype(np.float64)
        vision = candidates.similarity.get("vision", nothing).astype(np.float64)
        is_image = candidates.kinds == "image"
        scores = np.where(is_image, np.where(np.isnan(vision), text, vision), text)
        scores = np.nan_to_num(scores, nan=-9.0)
        if self.texts is None:
            return Fused(scores - 10.0 * is_image)
        rank = np.empty(len(scores))
        rank[np.argsort(np.where(is_image, np.inf, -scores), kind="stable")] = np.arange(len(scores))
        return Fused(np.where(~is_image & (rank < self.texts), scores + 10.0, scores - 10.0 * ~is_image))
