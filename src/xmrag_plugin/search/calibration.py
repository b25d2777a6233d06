"""What similarities mean in one collection: fitted to it without labels, kept beside its vectors.

A question's similarities are centred and scaled by their mean and spread over all nodes, for each space and
modality by itself. That closes the modality gap as mean-centring does (GR-CLIP, arXiv 2507.19054), scales as
similarity standardisation does (arXiv 2511.22141), and holds for an encoder of any geometry: a shift or a
stretch of all similarities leaves the standard scores as they are.
:mod:`~xmrag_plugin.search.calibration_fit` fits it, with sample questions drawn from the collection itself.
The arrays lie in ``calibration.npz``, a summary in the manifest.
"""

from __future__ import annotations

import os
import zipfile
from dataclasses import asdict, dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import KnowledgeBaseDamaged
from ..storage.knowledge_base import KnowledgeBase
from ..storage.stock import CALIBRATION
from ..types import kinds_in
from .fusion import FURTHER_ANSWERS, Background
from .question_style import QuestionStyle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from .fusion import Candidates

__all__ = ["HUBNESS_WEIGHT", "POOLED", "RARELY_ASKED", "Calibration", "SpaceStatistics"]

_VERSION = 3
_PRIOR_NODES = 32
"""A small collection's spread is mixed with the usual one, as if so many nodes had shown it."""

_ANSWER_SLOPE = 0.03
"""Width of the step from "not about this collection" to "about it", in similarities of an encoder whose
unrelated sentences have a similarity of 0."""

HUBNESS_WEIGHT = {"vision": 0.7, "sound": 0.5}
"""Share of a node's hubness (its mean similarity to the sample questions nearest to it) that is taken off its
similarity: cross-domain similarity local scaling (Conneau et al., ICLR 2018). Chosen on
flickr8k-dev-mixed and psychology with a vision space; in text spaces it brought nothing there.
benchmarks/calibration/fit_weights.py varies that of the vision space; no script fits that of sounds."""

POOLED = {"text": (("text", "image"),)}
"""Kinds whose similarities in a space mean the same: all live in the text space through their words."""

RARELY_ASKED = ("sound",)
"""Kinds that few questions are about: what stands out for one must stand out among questions too."""


@dataclass(slots=True)
class SpaceStatistics:
    """Moments of the vectors ``x`` of one (space, kind), shape ``(d,)`` each, and of their hubness ``r``.

    Attributes:
        count: Number of nodes.
        mean: Mean of ``x``, shape ``(d,)``.
        covariance: Covariance of ``x``, shape ``(d, d)``.
        hub_mean: Mean of ``r``.
        hub_variance: Variance of ``r``.
        hub_covariance: Covariance of ``x`` with ``r``, shape ``(d,)``.
        usual_std: Spread of the similarities of one question, as the sample questions show it.
        hub_weight: Share of the hubness that is taken off.
        at_large: Mean and standard deviation of the similarities of all sample questions to all nodes, for kinds
            that few questions are about; else None.
        reliability: What a standard score counts, at most 1: less where sample questions stand little nearer to
            the nodes that they were drawn from than to others, as among a hundred receipts.
    """

    count: int
    mean: NDArray[np.float32]
    covariance: NDArray[np.float32]
    hub_mean: float = 0.0
    hub_variance: float = 0.0
    hub_covariance: NDArray[np.float32] | None = None
    usual_std: float = 0.1
    hub_weight: float = 0.0
    at_large: tuple[float, float] | None = None
    reliability: float = 1.0

    def moments(self, vector: NDArray[np.float32]) -> tuple[float, float]:
        """Return mean and standard deviation of ``vector · x − b r`` over all nodes, in O(d²).

        The deviation is the larger the less reliable the space is.
        """
        b = self.hub_weight
        mean = float(vector @ self.mean) - b * self.hub_mean
        variance = float(vector @ self.covariance @ vector) + b * b * self.hub_variance
        if b and self.hub_covariance is not None:
            variance -= 2 * b * float(vector @ self.hub_covariance)
        weight = self.count / (self.count + _PRIOR_NODES)
        variance = weight * max(variance, 0.0) + (1 - weight) * self.usual_std**2
        return mean, max(variance**0.5, 1e-6) / self.reliability


@dataclass(slots=True)
class Calibration:
    """What a collection's similarities mean; empty before the first fit.

    Attributes:
        statistics: By (space, kind).
        levels: Fused score that chance gives to the best node: of those with words (``"words"``), of pictures
            that have none (``"image"``), of sounds.
        questions: By space, the sample questions' vectors, shape ``(questions, d)``.
        unrelated: Similarity of sentences that have nothing to do with each other.
        answer_level: Best similarity in the text space from which on a question is about this collection.
        lexical_weight: Standard scores that a point of BM25 is worth.
        further_answers: How many nodes more, of the first ten, stand on the page (in the file, where it has no
            pages) of the one that a sample question was drawn from.
        style: What the words of a question tell of the kind it asks for; None where the collection shows nothing.
        stamp: Changes with every fit.
    """

    statistics: dict[tuple[str, str], SpaceStatistics] = field(default_factory=dict)
    levels: dict[str, float] = field(default_factory=dict)
    questions: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    unrelated: float = 0.0
    answer_level: float = 0.38
    lexical_weight: float = 0.0
    further_answers: float = FURTHER_ANSWERS
    style: QuestionStyle | None = None
    stamp: str = ""

    def answerable(self, best_similarity: float) -> float:
        """Return p(the collection holds the answer) as far as the best similarity in the text space tells it."""
        slope = _ANSWER_SLOPE * max(1 - self.unrelated, 1e-3)
        return float(1 / (1 + np.exp(np.clip((self.answer_level - best_similarity) / slope, -50, 50))))

    def add_background(
        self,
        candidates: Candidates,
        vectors: Mapping[str, NDArray[np.float32]],
        hubness: Mapping[str, Mapping[str, float]],
        *,
        by_sound: bool = False,
    ) -> None:
        """Give candidates what the fusion needs to make standard scores of their similarities.

        Args:
            candidates: They take ``background``, ``hubness``, ``levels``, ``lexical_weight``, ``further_answers``
                and ``picture_style``.
            vectors: The question by space.
            hubness: By space and node id, for the spaces in which it counts.
            by_sound: Whether a recording asks: hubness and the level of sounds are known for questions in words.
        """
        candidates.levels, candidates.lexical_weight = self.levels, self.lexical_weight
        candidates.further_answers = self.further_answers
        told = self.style if "text" in vectors else None
        candidates.picture_style = told.tells(vectors["text"]) if told is not None else 0.0
        for space, vector in vectors.items():
            in_words = space != "sound" or not by_sound
            if in_words and space in hubness:
                known = hubness[space]
                candidates.hubness[space] = np.array(
                    [known.get(node_id, np.nan) for node_id in candidates.ids], dtype=np.float32
                )
            for kind in kinds_in(space):
                found = self.statistics.get((space, kind))
                if found is not None:
                    at_large = found.at_large if in_words else None
                    mean, std = found.moments(vector)
                    candidates.background[(space, kind)] = Background(
                        mean, std, found.hub_weight, found.hub_mean, at_large
                    )

    # keeping -----------------------------------------------------------------------------

    @classmethod
    def load(cls, kb: KnowledgeBase) -> Calibration:
        """Return the calibration that lies in a knowledge base; an empty one where none does.

        What version 2 fitted serves until the next ingestion fits anew.

        Raises:
            KnowledgeBaseDamaged: If it cannot be read.
        """
        try:
            return cls._loaded(kb)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, EOFError) as error:
            raise KnowledgeBaseDamaged(
                f"The calibration of {kb.place} cannot be read: {type(error).__name__}: {error}.",
                hint="`xmrag doctor --fix` fits it anew.",
            ) from error

    @classmethod
    def _loaded(cls, kb: KnowledgeBase) -> Calibration:
        summary = kb.manifest.calibration = kb.load_manifest().calibration
        held = kb.read_file(CALIBRATION)
        if summary.get("version") == 2:
            summary = _from_version_2(summary)
        if summary.get("version") != _VERSION or held is None:
            return cls(stamp=str(summary.get("stamp", "")))
        with np.load(BytesIO(held)) as arrays:
            statistics = {}
            for entry in summary["statistics"]:
                entry = dict(entry)
                space, kind = entry.pop("space"), entry.pop("kind")
                at_large = entry.pop("at_large")
                parts = {part: arrays[f"{space}.{kind}.{part}"] for part in ("mean", "covariance")}
                statistics[(space, kind)] = SpaceStatistics(
                    **entry,
                    **parts,
                    hub_covariance=arrays.get(f"{space}.{kind}.hub_covariance"),
                    at_large=tuple(at_large) if at_large else None,
                )
            questions = {
                space: arrays[f"questions.{space}"]
                for space in kb.manifest.spaces
                if f"questions.{space}" in arrays
            }
            row = arrays.get("question_style")  # an earlier 0.1 kept none
        return cls(
            statistics=statistics,
            questions=questions,
            style=None if row is None else QuestionStyle(row[:-1], float(row[-1])),
            **{n: summary[n] for n in _SUMMARISED if n in summary},
        )

    def save(self, kb: KnowledgeBase, fitted_nodes: int) -> None:
        """Write it whole or not at all; the manifest names it last."""
        arrays: dict[str, Any] = {f"questions.{space}": rows for space, rows in self.questions.items()}
        entries = []
        for (space, kind), found in self.statistics.items():
            entry = {"space": space, "kind": kind, **asdict(found)}
            for part in ("mean", "covariance", "hub_covariance"):
                array = entry.pop(part)
                if array is not None:
                    arrays[f"{space}.{kind}.{part}"] = array
            entries.append(entry)
        if self.style is not None:
            arrays["question_style"] = np.append(self.style.direction, np.float32(self.style.offset))
        written = BytesIO()
        np.savez(written, **arrays)
        kb.write_file(CALIBRATION, written.getvalue())
        self.stamp = os.urandom(8).hex()
        kb.manifest.calibration = {
            "version": _VERSION,
            "fitted_nodes": fitted_nodes,
            "statistics": entries,
            **{name: getattr(self, name) for name in _SUMMARISED},
        }
        kb.save_manifest()

    @staticmethod
    def must_be_fitted(kb: KnowledgeBase) -> bool:
        """Return whether a knowledge base has none, or one that an earlier version fitted."""
        return kb.manifest.calibration.get("version") != _VERSION or not kb.has_file(CALIBRATION)

    def is_outdated(self, kb: KnowledgeBase) -> bool:
        """Return whether the knowledge base was calibrated anew since this was loaded."""
        return str(kb.manifest.calibration.get("stamp", "")) != self.stamp


_SUMMARISED = (
    "levels",
    "unrelated",
    "answer_level",
    "lexical_weight",
    "further_answers",
    "stamp",
)


def _from_version_2(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return a summary of version 2 (until 0.1) in today's form: levels by kind, no measured spread."""
    levels = summary["levels"]
    best = {kind: float(level["best"]) for kind, level in levels.items()}
    entries = [
        {
            **entry,
            "usual_std": 0.12 if entry["space"] == "text" else 0.1,
            "hub_weight": HUBNESS_WEIGHT.get(entry["space"], 0.0),
            "at_large": None,
            "reliability": 1.0,
        }
        for entry in summary["statistics"]
    ]
    return {
        "version": _VERSION,
        "statistics": entries,
        "levels": {"words": best.get("text", best.get("image", 0.0)), **best},
        "unrelated": 0.0,
        "answer_level": summary["answer_level"],
        "lexical_weight": 2.5 * summary.get("lexical_weight", 0.12),  # a point counted 0.12, and counts 0.3
        "stamp": summary["stamp"],
    }
