"""Calibration: what similarities mean in this collection, fitted without labels.

Three things are fitted at ingestion and kept beside the vectors (``calibration.npz``, with a
summary in the manifest):

- *Background*: mean and covariance of each (space, kind of node), so that a question's mean and
  spread over the whole collection are known in O(d²), and a similarity becomes a standard score.
  This centres each modality by itself, which closes the modality gap as mean-centring does
  (GR-CLIP, arXiv 2507.19054), and scales it as similarity standardisation does (arXiv 2511.22141).
- *Hubness*: each node's mean similarity to the sample questions nearest to it. Nodes that are near
  to everything are pushed back (cross-domain similarity local scaling, Conneau et al. 2018; query
  bank normalisation, Bogolin et al. 2022).
- *Chance*: the best fused score that a question gets from nodes that have nothing to do with it,
  for each kind of node. What chance gives to texts and to pictures is put on one level, which makes
  one list of both.

It is fitted by :mod:`~xmrag_plugin.search.calibration_fit`. The sample questions are drawn from the collection: captions, headings and sentences, each held
against the nodes that it was not drawn from.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..storage.knowledge_base import KnowledgeBase
from .fusion.calibrated import HUBNESS_WEIGHT, LEXICAL_WEIGHT, Level

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["POOLED", "RARELY_ASKED", "USUAL_STD", "Calibration", "SpaceStatistics"]

_VERSION = 2
_PRIOR_NODES = 32
"""A small collection's spread is mixed with the usual one, as if so many nodes had shown it."""

_PRIOR_ALIKE = 8
_ANSWER_SLOPE = 0.03

POOLED = {"text": (("text", "image"),)}
"""Kinds whose similarities in a space mean the same: all live in the text space through their words."""

RARELY_ASKED = ("sound",)
"""Kinds that few questions are about: what stands out for one must stand out among questions too."""

_LEAST_STD = 0.02

USUAL_STD = {"text": 0.12, "vision": 0.10, "sound": 0.12}


@dataclass(slots=True)
class SpaceStatistics:
    """Moments of one (space, kind): vectors ``x`` of shape ``(d,)`` and their hubness ``r``."""

    count: int
    mean: NDArray[np.float32]
    covariance: NDArray[np.float32]
    hub_mean: float
    hub_variance: float
    hub_covariance: NDArray[np.float32]
    usual_std: float
    hub_weight: float = 0.0
    pooled: bool = False

    def of(self, vector: NDArray[np.float32]) -> tuple[float, float]:
        """What a similarity is centred by and measured in, for a question: ``(mean, unit)``.

        Mean and standard deviation over all nodes of ``vector · x − b r``. Where all nodes live in the
        space by their words (``pooled``), the unit is the larger the more alike they are: among a
        hundred receipts a dense similarity tells little, and counts little against shared words.
        """
        b = self.hub_weight
        mean = float(vector @ self.mean) - b * self.hub_mean
        variance = float(
            vector @ self.covariance @ vector
            - 2 * b * (vector @ self.hub_covariance)
            + b * b * self.hub_variance
        )
        weight = self.count / (self.count + _PRIOR_NODES)
        unit = float(np.sqrt(weight * max(variance, 0.0) + (1 - weight) * self.usual_std**2))
        if self.pooled:
            alike = min(float(self.mean @ self.mean), 0.9) * self.count / (self.count + _PRIOR_ALIKE)
            unit /= (1 - alike) ** 2.5
        return mean, max(unit, 1e-4)


@dataclass(slots=True)
class Calibration:
    """What a collection's similarities mean; empty before the first fit."""

    statistics: dict[tuple[str, str], SpaceStatistics] = field(default_factory=dict)
    levels: dict[str, Level] = field(default_factory=dict)
    questions: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    answer_level: float = 0.38
    lexical_weight: float = LEXICAL_WEIGHT
    stamp: str = ""
    known_at_large: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def answerable(self, best_similarity: float) -> float:
        """p(the collection holds the answer) from the best similarity in the text space, for all it tells."""
        return float(1 / (1 + np.exp(-(best_similarity - self.answer_level) / _ANSWER_SLOPE)))

    def at_large(self, space: str, kind: str) -> tuple[float, float]:
        """Mean and standard deviation of the sample questions' similarities to all nodes of a kind."""
        if (space, kind) not in self.known_at_large:
            statistics, questions = self.statistics[(space, kind)], self.questions[space]
            means = questions @ statistics.mean
            within = ((questions @ statistics.covariance) * questions).sum(axis=1)
            variance = float(np.mean(np.maximum(within, 0.0)) + np.var(means))
            self.known_at_large[(space, kind)] = (float(np.mean(means)), max(variance**0.5, _LEAST_STD))
        return self.known_at_large[(space, kind)]

    # keeping -----------------------------------------------------------------------------

    @classmethod
    def load(cls, kb: KnowledgeBase) -> Calibration:
        """The calibration that lies in a knowledge base; an empty one where none does."""
        from ..storage.manifest import Manifest

        kb.manifest.calibration = Manifest.load(kb.manifest_path).calibration
        summary = kb.manifest.calibration
        path = kb.path / "calibration.npz"
        if summary.get("version") != _VERSION or not path.is_file():
            return cls(stamp=str(summary.get("stamp", "")))
        with np.load(path) as arrays:
            statistics = {}
            for entry in summary["statistics"]:
                name = f"{entry['space']}.{entry['kind']}"
                if f"{name}.mean" not in arrays:
                    continue
                statistics[(entry["space"], entry["kind"])] = SpaceStatistics(
                    count=entry["count"],
                    mean=arrays[f"{name}.mean"],
                    covariance=arrays[f"{name}.covariance"],
                    hub_mean=entry["hub_mean"],
                    hub_variance=entry["hub_variance"],
                    hub_covariance=arrays[f"{name}.hub_covariance"],
                    usual_std=USUAL_STD.get(entry["space"], 0.1),
                    hub_weight=HUBNESS_WEIGHT.get(entry["space"], 0.0),
                    pooled=entry["space"] in POOLED,
                )
            questions = {
                space: arrays[f"questions.{space}"]
                for space in kb.manifest.spaces
                if f"questions.{space}" in arrays
            }
        return cls(
            statistics=statistics,
            levels={kind: Level(**level) for kind, level in summary["levels"].items()},
            questions=questions,
            answer_level=summary["answer_level"],
            lexical_weight=summary.get("lexical_weight", LEXICAL_WEIGHT),
            stamp=summary["stamp"],
        )

    def save(self, kb: KnowledgeBase, fitted_nodes: int) -> None:
        """Write it whole or not at all; the manifest names it last."""
        arrays: dict[str, Any] = {f"questions.{space}": rows for space, rows in self.questions.items()}
        entries = []
        for (space, kind), s in self.statistics.items():
            name = f"{space}.{kind}"
            arrays[f"{name}.mean"] = s.mean
            arrays[f"{name}.covariance"] = s.covariance
            arrays[f"{name}.hub_covariance"] = s.hub_covariance
            entries.append(
                {
                    "space": space,
                    "kind": kind,
                    "count": s.count,
                    "hub_mean": s.hub_mean,
                    "hub_variance": s.hub_variance,
                }
            )
        temporary = kb.path / f".calibration.{os.getpid()}.npz"
        np.savez(temporary, **arrays)
        temporary.replace(kb.path / "calibration.npz")
        self.stamp = os.urandom(8).hex()
        kb.manifest.calibration = {
            "version": _VERSION,
            "stamp": self.stamp,
            "fitted_nodes": fitted_nodes,
            "statistics": entries,
            "answer_level": self.answer_level,
            "lexical_weight": self.lexical_weight,
            "levels": {kind: level.as_json() for kind, level in self.levels.items()},
        }
        kb.manifest.save(kb.manifest_path)

    def is_outdated(self, kb: KnowledgeBase) -> bool:
        """Whether the knowledge base was calibrated anew since this was loaded."""
        return str(kb.manifest.calibration.get("stamp", "")) != self.stamp
