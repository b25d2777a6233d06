"""xmrag's components as LlamaIndex's defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..settings import Settings

__all__ = ["register"]


def register(
    *, text: str = "auto", vision: str = "none", settings: Settings | None = None, **parser: Any
) -> None:
    """Set LlamaIndex's ``Settings.embed_model`` and ``Settings.node_parser`` to xmrag's.

    Args:
        text: Text encoder.
        vision: Vision encoder; ``"none"`` for none.
        settings: What the user set.
        parser: Arguments of :class:`~xmrag_plugin.CrossModalNodeParser`.
    """
    from llama_index.core import Settings as LlamaSettings

    from .embeddings import CrossModalEmbedding
    from .node_parser import CrossModalNodeParser

    LlamaSettings.embed_model = CrossModalEmbedding(text=text, vision=vision)
    LlamaSettings.node_parser = CrossModalNodeParser(**parser)
