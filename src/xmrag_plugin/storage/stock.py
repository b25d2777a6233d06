"""Count what a knowledge base holds after each change, so that it is noticed when something is gone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import VectorsDamaged
from ..types import kinds_in
from .catalog import Catalog
from .chroma.index_files import index_fault, vector_counts
from .manifest import Manifest, Space
from .sql import State

if TYPE_CHECKING:
    from .chroma.collections import ChromaCollections

__all__ = ["CALIBRATION", "PREFIX", "Stock"]

CALIBRATION = "calibration.npz"
"""The file of the arrays that the search has fitted."""

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
        self._losses: tuple[State, dict[str, int]] | None = None
        self._counted: tuple[tuple[object, ...] | None, dict[str, int]] | None = None
        self._changing = 0

    @property
    def place(self) -> str:
        """Where it is, as people are told: without a password."""
        return str(self.path)

    @property
    def manifest_path(self) -> Path:
        """Where the manifest lies."""
        return self.path / "manifest.json"

    def load_manifest(self) -> Manifest:
        """Read the manifest as it is now."""
        return Manifest.load(self.manifest_path)

    def save_manifest(self) -> None:
        """Write the manifest; the writer's lock must be held."""
        self.manifest.save(self.manifest_path)

    def read_file(self, name: str) -> bytes | None:
        """Return what lies beside the stores under a name, such as the calibration's arrays; None where nothing does."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None

    def write_file(self, name: str, data: bytes | None) -> None:
        """Write such a file whole or not at all; None removes it."""
        if data is None:
            (self.path / name).unlink(missing_ok=True)
            return
        temporary = self.path / f".{os.getpid()}.{name}"
        temporary.write_bytes(data)
        temporary.replace(self.path / name)

    def has_file(self, name: str) -> bool:
        """Return whether there is such a file."""
        return (self.path / name).is_file()

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
            self.save_manifest()

    def _stock(self, manifest: Manifest) -> dict[str, int]:
        return {
            "nodes": self.catalog.node_count,
            "indexed nodes": self.catalog.indexed_count,
            "calibration": int(bool(manifest.calibration) and self.has_file(CALIBRATION)),
            **self._vector_counts(manifest),
        }

    def vectors_by_space(self) -> Iterator[tuple[str, Space, int]]:
        """Yield each space with the count of its vectors, without opening Chroma.

        That is what the last change noted: to count a million takes longer than all the rest of a status. While a
        change is under way they are counted.
        """
        manifest = self.load_manifest()
        under_way = self.catalog.is_unfinished() or not manifest.stock
        counted = self._vector_counts(manifest) if under_way else manifest.stock
        for name, space in manifest.spaces.items():
            yield name, space, sum(n for place, n in counted.items() if place.startswith(f"{name}/"))

    def _vector_counts(self, manifest: Manifest) -> dict[str, int]:
        """Count the vectors by space and kind."""
        stamp = _stamp(self._database)  # counting a million takes a quarter of a second
        if self._counted is None or stamp is None or self._counted[0] != stamp:
            self._counted = (stamp, vector_counts(self._database))
        counted = self._counted[1]
        return {
            f"{space}/{kind}": counted.get(f"{PREFIX}-{space}-{kind}", 0)
            for space in manifest.spaces
            for kind in kinds_in(space)
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
        wanted = self.load_manifest()
        if not self._changing:  # what another process has fitted or made is used from now on
            self.manifest.calibration, self.manifest.spaces = wanted.calibration, wanted.spaces
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
        return self.path / self.load_manifest().vectors / "chroma.sqlite3"

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


def _stamp(database: Path) -> tuple[object, ...] | None:
    """Return what changes with every transaction on a database of SQLite: which file it is, and the counter in its header.

    The time of a file alone will not do: two writes may follow each other within one tick.

    Returns:
        None where there is no such counter: no file, or one with a write-ahead log.
    """
    try:
        with database.open("rb") as stream:
            header, state = stream.read(100), os.fstat(stream.fileno())
    except OSError:
        return None
    return (
        (database, state.st_ino, state.st_mtime_ns, header[24:28]) if header[18:20] == b"\x01\x01" else None
    )
