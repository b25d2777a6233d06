"""What migrations need of a knowledge base, as a protocol: the knowledge base itself calls them."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ..catalog import Catalog
from ..manifest import Manifest

__all__ = ["Files"]


class Files(Protocol):
    """The files of a knowledge base.

    Attributes:
        path: Its folder.
        manifest: Its manifest, which is saved when a migration is done.
    """

    path: Path
    manifest: Manifest

    def save_manifest(self) -> None:
        """Write the manifest."""

    @property
    def catalog(self) -> Catalog:
        """Sources, nodes and their index."""

    def rewrite_vectors(self) -> list[str]:
        """Write the vectors and their ids, and nothing else, into a new folder; return the spaces that are damaged."""
