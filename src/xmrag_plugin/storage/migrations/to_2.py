"""Format 2 stores each thing once: Chroma ids and vectors, the catalog a node's text, the index no words."""

from __future__ import annotations

from .files import Files

__all__ = ["migrate"]


def migrate(kb: Files) -> None:
    """Slim the catalog and the vectors; either may have been done before a kill."""
    kb.catalog.store_once()
    kb.rewrite_vectors()
