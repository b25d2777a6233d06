"""Calibrated fusion: standard scores of every channel, combined, put on one level, as p(relevant)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from . import KINDS, Candidates, Fused

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = [
    "HUBNESS_WEIGHT",
    "CalibratedFusion",
    "Level",
    "combine",
    "lexical_weight",
    "no_more_than_at_large",
    "probabilities",
]

HUBNESS_WEIGHT = {"text": 0.3, "vision": 0.5, "sound": 0.5}
"""Share of a node's hubness that is taken off its similarity, by space, as in local scaling."""

CHANNEL_WEIGHTS = {
    "text": {"text": 0.7, "vision": 0.3},
    "image": {"text": 0.55, "vision": 0.45},
    "sound": {"sound": 1.0},
}
"""What each dense view counts for a kind of node; a view that a node lacks leaves its share to the other."""

LEXICAL_WEIGHT = 0.12
"""Standard scores that a point of BM25 is worth in passages of 40 terms and more.

In a caption of ten words a word that lacks says little: the same may be said in others (Metzler, Dumais and Meek,
Similarity Measures for Short Segments of Text, 2007). See :func:`lexical_weight`.
"""

PICTURE_ASKED = 2.5
"""Standard scores that pictures gain where the question names one ("the chart of …")."""

PAGE_ASKED = 2.5
"""Standard scores that nodes gain where the question names their page ("on page 10", "the cover page")."""

LITERAL = 4.0
"""Standard scores that nodes gain which, among few, hold every word of a question with a code or a number."""

_RIVALS = 40
_TELLING_TERMS = 40
_UNCALIBRATED = {"text": (0.1, 0.1), "vision": (0.2, 0.08), "sound": (0.1, 0.12)}
"""Usual mean and spread of a space's similarities, for a collection that has not fitted its own."""

_LOGISTIC = (0.30, 1.10, 1.50)


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


def lexical_weight(mean_terms: float) -> float:
    """What a point of BM25 is worth among nodes that hold so many terms on the average."""
    return LEXICAL_WEIGHT * min(1.0, mean_terms / _TELLING_TERMS)


def combine(
    columns: Mapping[str, NDArray[np.float32]], kind: str, lexical: float = LEXICAL_WEIGHT
) -> NDArray[np.float64]:
    """One score from standard scores and BM25, channel by channel; NaN is no evidence.

    Args:
        columns: Standard scores by space, and BM25 under ``"lexical"``; all of one shape.
        kind: ``"text"``, ``"image"`` or ``"sound"``.
        lexical: Standard scores that a point of BM25 is worth.
    """
    shape = next(iter(columns.values())).shape
    total = np.zeros(shape, dtype=np.float64)
    weight = np.zeros(shape, dtype=np.float64)
    for name, share in CHANNEL_WEIGHTS[kind].items():
        if name in columns:
            known = ~np.isnan(columns[name])
            total += np.where(known, columns[name], 0.0) * share
            weight += known * share
    score: NDArray[np.float64] = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    if "lexical" in columns:
        score = score + lexical * np.nan_to_num(columns["lexical"])
    return score


def no_more_than_at_large(
    scores: NDArray[np.float32], similarity: NDArray[np.float32], mean: float, std: float
) -> NDArray[np.float32]:
    """Standard scores among a question's own similarities, capped by those among all questions' similarities.

    Among sounds some are always nearest, to a question about a contract too, and few questions are about
    sounds at all: one that is stands out among questions, not only one sound among sounds.

    Args:
        scores: Standard scores of the candidates for this question.
        similarity: What they were made of, of the same shape.
        mean: Of the similarities of questions at large to all nodes.
        std: Likewise.
    """
    capped: NDArray[np.float32] = np.minimum(scores, (similarity - mean) / std)
    return capped


class Levels(Protocol):
    """What the fusion needs of a fitted calibration.

    Attributes:
        levels: What chance gives to each kind of node.
        lexical_weight: Standard scores that a point of BM25 is worth.
    """

    @property
    def levels(self) -> Mapping[str, Level]: ...

    @property
    def lexical_weight(self) -> float: ...


class CalibratedFusion:
    """The default: what the index has learnt of itself decides.

    Args:
        calibration: Fitted to the collection.
    """

    def __init__(self, calibration: Levels, **_: Any) -> None:
        self.calibration = calibration

    def fuse(self, candidates: Candidates) -> Fused:
        """Score the candidates, in their order."""
        scores = np.zeros(len(candidates.ids))
        for kind in KINDS:
            rows = candidates.kinds == kind
            if not rows.any():
                continue
            columns: dict[str, NDArray[np.float32]] = {}
            for channel, similarity in candidates.similarity.items():
                background = candidates.background.get((channel, kind))
                if channel == "lexical":
                    columns[channel] = similarity[rows]
                elif background is None:
                    mean, std = _UNCALIBRATED.get(channel, (0.1, 0.1))
                    columns[channel] = ((similarity[rows] - mean) / std).astype(np.float32)
                else:
                    hubness = np.nan_to_num(candidates.hubness[channel][rows], nan=background.hubness)
                    corrected = similarity[rows] - HUBNESS_WEIGHT.get(channel, 0.0) * hubness
                    columns[channel] = (corrected - background.mean) / background.std
                    if background.at_large is not None:
                        columns[channel] = no_more_than_at_large(
                            columns[channel], similarity[rows], *background.at_large
                        )
            if columns:
                level = self.calibration.levels.get(kind)
                scores[rows] = combine(columns, kind, self.calibration.lexical_weight) - (
                    level.best if level else 0.0
                )
        if candidates.literal is not None:
            scores[candidates.literal] += LITERAL
        evidence = scores.copy()
        if candidates.picture_asked:
            scores[candidates.kinds == "image"] += PICTURE_ASKED
        if candidates.page_asked is not None:
            scores[candidates.page_asked] += PAGE_ASKED
        return Fused(scores, probabilities(evidence, scores))


def probabilities(evidence: NDArray[np.float64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """p(relevant) from how strong a candidate's evidence is and how many rivals are about as good.

    A logistic map of the evidence (standard scores above chance) and of the candidate's share among
    the best rivals, ``exp(s) / Σ exp(s)``. Its three numbers were fitted once on labelled textbook
    sections, scanned receipts and captioned photos, each set counting alike; what differs from one
    collection to the next is in the evidence, which the collection calibrates itself.
    """
    if not len(scores):
        return scores
    best = float(scores.max())
    rivals = float(np.exp(np.sort(scores)[::-1][:_RIVALS] - best).sum())
    log_share = np.maximum(scores - best - np.log(rivals), -14.0)
    weight, share, offset = _LOGISTIC
    logit = weight * np.maximum(evidence, -9.0) + share * log_share + offset
    chances: NDArray[np.float64] = np.asarray(1 / (1 + np.exp(-logit)), dtype=np.float64)
    return chances
