"""What a knowledge base should hold, as its last change has left it, and what of that is gone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import VectorsDamaged
from ..types import kinds_in
from .catalog import Catalog
from .chroma.index_files import index_fault, vector_counts
from .manifest import Manifest

if TYPE_CHECKING:
    from .chroma.collections import ChromaCollections

__all__ = ["PREFIX", "Stock"]

PREFIX = "xmrag"
"""Begins the names of a knowledge base's collections."""


class Stock:
    """Counts what is there; :class:`~xmrag_plugin.storage.knowledge_base.KnowledgeBase` holds it.

    Attributes:
        path: Its folder.
        manifest: Its manifest.
    """

    path: Path
    manifest: Manifest

    def __init__(self) -> None:
        self._losses: tuple[tuple[int, int], dict[str, int]] | None = None

    @property
    def manifest_path(self) -> Path:
        """Where the manifest lies."""
        raise NotImplementedError

    @property
    def catalog(self) -> Catalog:
        """Sources, nodes and their index."""
        raise NotImplementedError

    @property
    def vectors(self) -> ChromaCollections:
        """The vectors."""
        raise NotImplementedError

    def take_stock(self) -> None:
        """Note in the manifest how much there is, so that a search can tell when something is gone.

        The writer's lock must be held, and the catalog must say that a change is under way.
        """
        if (held := self._stock(self.manifest)) != self.manifest.stock:
            self.manifest.stock = held
            self.manifest.save(self.manifest_path)

    def _stock(self, manifest: Manifest) -> dict[str, int]:
        vectors = vector_counts(self._database)
        return {
            "nodes": self.catalog.node_count,
            "indexed nodes": self.catalog.indexed_count,
            "calibration": int(bool(manifest.calibration) and (self.path / "calibration.npz").is_file()),
            **{
                f"{space}/{kind}": vectors.get(f"{PREFIX}-{space}-{kind}", 0)
                for space in manifest.spaces
                for kind in kinds_in(space)
            },
        }

    def losses(self) -> dict[str, int]:
        """Count what of the last change is gone; nothing where all is there, or a change is under way.

        Counted anew when the catalog has changed. ``nodes``, ``indexed nodes``, ``calibration``, and vectors by space
        and kind.
        """
        state = self.catalog.state
        if self._losses is None or self._losses[0] != state:
            lost = self._count_losses() and self._count_losses()  # a writer may begin or end in between
            self._losses = (state, lost)
        return self._losses[1]

    def _count_losses(self) -> dict[str, int]:
        wanted = Manifest.load(self.manifest_path)
        if self.catalog.is_unfinished() or not wanted.stock:
            return {}
        held = self._stock(wanted)
        return {name: n - held.get(name, 0) for name, n in wanted.stock.items() if held.get(name, 0) < n}

    def loss(self) -> str:
        """Say what of the last change is gone; ``""`` where all is there."""
        return ", ".join(
            f"{count:,} {f'vectors of {name}' if '/' in name else name}"
            for name, count in self.losses().items()
        )

    @property
    def _database(self) -> Path:
        return self.path / Manifest.load(self.manifest_path).vectors / "chroma.sqlite3"

    def index_fault(self) -> str:
        """Say whether the files of an index are torn, without opening it; ``""`` where they are not."""
        return index_fault(self._database)

    def damaged_spaces(self) -> list[str]:
        """Return the spaces whose vectors cannot be read, or are not all there."""
        try:
            damaged = {space for space, _kind in self.vectors.check()}
            damaged |= {name.partition("/")[0] for name in self.losses() if "/" in name}
        except VectorsDamaged:
            return list(self.manifest.spaces)
        return [space for space in self.manifest.spaces if space in damaged]
