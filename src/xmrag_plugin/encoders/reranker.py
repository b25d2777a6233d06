"""Rerankers of texts: cross-encoders, which read a question and a passage together."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ModelUnsound, UsageError
from ..settings import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TextReranker", "load_reranker"]

_BATCH = 32
_AUTO = "ms-marco-minilm", "gte-reranker", "bge-reranker"
"""What ``auto`` looks for on this machine, the quickest first."""


class TextReranker:
    """Scores passages for a question by a cross-encoder of sentence-transformers.

    Args:
        folder: Where its weights lie.
        device: As in the settings.

    Raises:
        ModelUnsound: If it classifies instead of giving one score a pair.
    """

    def __init__(self, folder: Path, device: str = "auto") -> None:
        from sentence_transformers import CrossEncoder

        self._model: Any = CrossEncoder(
            str(folder), device=None if device == "auto" else device, local_files_only=True
        )
        self._lock = threading.Lock()
        if getattr(self._model, "num_labels", 1) != 1:
            raise ModelUnsound(
                f"{folder.name} gives {self._model.num_labels} scores a pair: it classifies and does not rerank.",
                hint="Name a cross-encoder that was trained for reranking: see `xmrag models`.",
            )

    def scores(self, question: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Return how well each passage answers, shape ``(n,)``; higher is better."""
        pairs = [(question, passage) for passage in passages]
        with self._lock:
            found = self._model.predict(pairs, batch_size=_BATCH, show_progress_bar=False)
        return np.asarray(found, dtype=np.float32)


def load_reranker(spec: str, settings: Settings) -> TextReranker | None:
    """Load a reranker of texts.

    Args:
        spec: ``auto`` for the quickest preset on this machine, a preset, a hub id or a folder.
        settings: Device, and whether fetching is allowed.

    Returns:
        None where ``auto`` finds none.

    Raises:
        UnknownModel: If nothing is called so.
        ModelUnavailable: If its weights are not on this machine.
        UsageError: If it is a model for something else.
    """
    from .presets import PRESETS, locate, on_disk

    if spec == "auto":
        spec = next((name for name in _AUTO if on_disk(PRESETS[name].hub_id)), "")
        if not spec:
            return None
    kind = PRESETS[spec].kind if spec in PRESETS else "reranker"
    if kind != "reranker":
        raise UsageError(f"{spec!r} is no reranker.", hint="`xmrag models` lists what each is for.")
    return _loaded(locate(spec, settings).folder, settings.device)


@lru_cache(maxsize=2)
def _loaded(folder: Path, device: str) -> TextReranker:
    return TextReranker(folder, device)
