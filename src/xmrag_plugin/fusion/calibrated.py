"""Calibrated fusion: standard scores of every channel, combined, put on one level, as p(relevant)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import Candidates, Fused

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..calibration import Calibration

__all__ = ["HUBNESS_WEIGHT", "CalibratedFusion", "Level", "combine"]

HUBNESS_WEIGHT = 0.5
"""Share of a node's hubness that is taken off its similarity, as in local scaling."""

CHANNEL_WEIGHTS = {"text": 0.75, "vision": 0.25, "lexical": 0.15}


@dataclass(slots=True)
class Level:
    """What chance gives to one kind of node.

    Attributes:
        best: Mean of the best fused score among nodes unrelated to a question.
        spread: Standard deviation of it.
        count: Number of nodes.
    """

    best: float
    spread: float
    count: int

    def as_json(self) -> dict[str, Any]:
        """For the manifest."""
        return asdict(self)


def combine(columns: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float64]:
    """One score from standard scores and BM25, channel by channel; NaN is no evidence.

    The dense views share their weight: a node seen by one of them alone is not worse off than one
    that is seen by both.
    """
    dense = {name: column for name, column in columns.items() if name != "lexical"}
    any_column = next(iter(columns.values()))
    total = np.zeros(any_column.shape, dtype=np.float64)
    weight = np.zeros(any_column.shape, dtype=np.float64)
    for name, column in dense.items():
        known = ~np.isnan(column)
        total += np.where(known, column, 0.0) * CHANNEL_WEIGHTS[name]
        weight += known * CHANNEL_WEIGHTS[name]
    score: NDArray[np.float64] = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    if "lexical" in columns:
        score = score + CHANNEL_WEIGHTS["lexical"] * np.nan_to_num(columns["lexical"])
    return score


class CalibratedFusion:
    """The default: what the index has learnt of itself decides.

    Args:
        calibration: Fitted to the collection.
    """

    def __init__(self, calibration: Calibration) -> None:
        self.calibration = calibration

    def fuse(self, candidates: Candidates) -> Fused:
        """Score the candidates, in their order."""
        columns: dict[str, NDArray[np.float32]] = {}
        for channel, similarity in candidates.similarity.items():
            if channel == "lexical":
                columns[channel] = similarity
                continue
            column = np.full(len(similarity), np.nan, dtype=np.float32)
            hubness = np.nan_to_num(candidates.hubness.get(channel, np.zeros(len(similarity), np.float32)))
            for kind in ("text", "image"):
                background = candidates.background.get((channel, kind))
                if background is None:
                    continue
                rows = candidates.kinds == kind
                column[rows] = (
                    similarity[rows] - HUBNESS_WEIGHT * hubness[rows] - background.mean
                ) / background.std
            columns[channel] = column
        scores = combine(columns)
        for kind, level in self.calibration.levels.items():
            scores[candidates.kinds == kind] -= level.best
        return Fused(scores, 1 / (1 + np.exp(-scores)))
