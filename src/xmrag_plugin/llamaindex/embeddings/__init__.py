"""LlamaIndex embeddings: ``CrossModalEmbedding`` and, for one vector out of several, ``FusedEmbedding``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cross_modal import CrossModalEmbedding
    from .fused import FusedEmbedding

__all__ = ["CrossModalEmbedding", "FusedEmbedding"]


def __getattr__(name: str) -> Any:
    if name == "CrossModalEmbedding":
        from .cross_modal import CrossModalEmbedding

        return CrossModalEmbedding
    if name == "FusedEmbedding":
        from .fused import FusedEmbedding

        return FusedEmbedding
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
