"""One channel alone: what each arm can do by itself, for comparison and for those who want it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import UsageError
from . import Candidates, Fused

__all__ = ["SingleChannel"]


class SingleChannel:
    """Ranks by one channel; candidates that it does not know come last.

    Args:
        channel: ``"text"``, ``"vision"``, ``"sound"`` or ``"lexical"``.

    Raises:
        UsageError: If the question was not asked in that channel.
    """

    def __init__(self, channel: str, **_: Any) -> None:
        self.channel = channel

    def fuse(self, candidates: Candidates) -> Fused:
        """Score the candidates, in their order."""
        similarity = candidates.similarity.get(self.channel)
        if similarity is None:
            raise UsageError(
                f"There is no channel {self.channel!r} here.",
                hint=f"Known: {', '.join(candidates.similarity)}.",
            )
        return Fused(np.nan_to_num(similarity.astype(np.float64), nan=-9.0))
