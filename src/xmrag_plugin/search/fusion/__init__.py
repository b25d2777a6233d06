"""Fusion: what several channels say of the candidates, as one score each.

A channel is a space ("text", "vision", "sound") or the lexical index. A fusion is one module of this folder
with a class that has ``fuse``; :func:`load_fusion` finds it by name, and other distributions add
theirs under the entry point group ``xmrag_plugin.fusions``.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ..._entry_points import added_names, make_added
from ...errors import PluginBroken, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "FURTHER_ANSWERS",
    "KINDS",
    "Background",
    "Candidates",
    "Fused",
    "Fusion",
    "fuse",
    "fusion_names",
    "load_fusion",
]

_MODULES = {
    "calibrated": "CalibratedFusion",
    "weighted": "WeightedFusion",
    "rrf": "ReciprocalRankFusion",
    "stock": "StockOrder",
}

KINDS = ("text", "image", "sound")
"""The kinds of nodes; a sound has no words, and lives in the sound space alone."""

FURTHER_ANSWERS = 1.0
"""Nodes besides the best one that answer a question, in a collection that has not shown how many."""

_CHANNELS = ("text", "vision", "sound", "lexical")


@dataclass(slots=True)
class Background:
    """What a question's similarities look like over all nodes of a kind in a space.

    Attributes:
        mean: Their mean, the share of hubness taken off.
        std: Their standard deviation, likewise.
        hub_weight: Share of a node's hubness that is taken off its similarity.
        hubness: Mean hubness, for a node whose own is not known.
        at_large: Mean and standard deviation of the similarities of questions at large to all nodes, where
            few questions are about nodes of that kind; None where that does not count.
    """

    mean: float
    std: float
    hub_weight: float = 0.0
    hubness: float = 0.0
    at_large: tuple[float, float] | None = None


@dataclass(slots=True)
class Candidates:
    """The candidates of one question, column by column.

    Attributes:
        ids: Node ids, shape ``(n,)``.
        kinds: ``"text"``, ``"image"`` or ``"sound"`` for each, shape ``(n,)``.
        similarity: By channel that was asked, float32 of shape ``(n,)``. A space gives the cosine, and NaN
            where the node is not in it; ``"lexical"`` gives BM25, and 0 where no word is shared.
        hubness: By space: each node's mean similarity to its nearest sample questions, NaN where
            unknown; shape ``(n,)``. Spaces in which it does not count are left out.
        background: By ``(space, kind)``, for this question; empty in a collection that was not calibrated.
        levels: What chance gives to the best node of each group; see
            :class:`~xmrag_plugin.search.calibration.Calibration`.
        lexical_weight: Standard scores that a point of BM25 is worth; None in a collection that was not
            calibrated.
        further_answers: How many nodes besides the best one answer a question, as the collection shows it.
        picture_style: How far the style of the question speaks for a picture, as a log-likelihood ratio; 0 where
            nothing is known of it.
        linked: Places of pictures and of the passages that refer to them, shape ``(m, 2)``; None where there are none.
        phrases: Pairs of neighbouring words of the question that stand side by side in a candidate too, shape ``(n,)``;
            None where it has no such pair.
        named_rows: Words of the question that are the label of a row, for tables, shape ``(n,)``; None where no row is
            named.
        page_asked: Shape ``(n,)``: how surely the question names a candidate's page or label, from 0 to 1; None when it
            names none.
        kind_asked: Shape ``(n,)``: whether a candidate is a table or a picture where the question speaks of one; None when
            it speaks of none.
        exact_match: Shape ``(n,)``: whether a candidate is one of the few nodes that hold every word of a
            question with a code or a number in it; None when there are none.
        document_named: Shape ``(n,)``: whether a candidate is of a document that the question names; None when it names
            none.
    """

    ids: list[str]
    kinds: NDArray[np.str_]
    similarity: dict[str, NDArray[np.float32]]
    hubness: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    background: dict[tuple[str, str], Background] = field(default_factory=dict)
    levels: Mapping[str, float] = field(default_factory=dict)
    lexical_weight: float | None = None
    further_answers: float = FURTHER_ANSWERS
    picture_style: float = 0.0
    linked: NDArray[np.int64] | None = None
    phrases: NDArray[np.float32] | None = None
    named_rows: NDArray[np.float32] | None = None
    page_asked: NDArray[np.float32] | None = None
    kind_asked: NDArray[np.bool_] | None = None
    exact_match: NDArray[np.bool_] | None = None
    document_named: NDArray[np.bool_] | None = None


@dataclass(slots=True)
class Fused:
    """What a fusion makes of the candidates, shape ``(n,)`` each.

    Attributes:
        scores: Higher is better.
        probabilities: p(relevant), where the fusion knows it.
    """

    scores: NDArray[np.float64]
    probabilities: NDArray[np.float64] | None = None


class Fusion(Protocol):
    """Turns what the channels say into one score a candidate; higher is better."""

    def fuse(self, candidates: Candidates) -> Fused:
        """Score the candidates, in their order."""
        ...


def fuse(name: str, candidates: Candidates) -> Fused:
    """Score the candidates by the fusion of a name.

    Raises:
        UsageError: If nothing is called so.
        PluginBroken: If it does not give each candidate a finite score.
    """
    import numpy as np

    fused = load_fusion(name).fuse(candidates)
    for column in (fused.scores, fused.probabilities):
        if column is not None and not (
            np.shape(column) == (len(candidates.ids),) and np.isfinite(column).all()
        ):
            raise PluginBroken(
                f"The fusion {name!r} does not give each of {len(candidates.ids)} candidates a finite number.",
                hint="Return Fused(scores) with one for each, in their order; NaN in a channel is no score.",
            )
    return fused


def fusion_names() -> list[str]:
    """Return the names that :func:`load_fusion` knows."""
    return [*_MODULES, *_CHANNELS, *added_names("fusion")]


def load_fusion(name: str, **options: Any) -> Fusion:
    """Return a fusion by name; ``"text"``, ``"vision"``, ``"sound"`` and ``"lexical"`` are those channels alone.

    Raises:
        UsageError: If nothing is called so.
        PluginBroken: If another distribution's cannot be made.
    """
    if name in _CHANNELS:
        from .single import SingleChannel

        return SingleChannel(name)
    if name in _MODULES:
        module = importlib.import_module(f".{name}", __name__)
        fusion: Fusion = getattr(module, _MODULES[name])(**options)
        return fusion
    added: Fusion | None = make_added("fusion", name, _accept, **options)
    if added is not None:
        return added
    raise UsageError(f"No fusion is called {name!r}.", hint=f"Known: {', '.join(fusion_names())}.")


def _accept(fusion: Any) -> None:
    if not callable(getattr(fusion, "fuse", None)):
        raise TypeError(f"{type(fusion).__name__} has no method fuse")
