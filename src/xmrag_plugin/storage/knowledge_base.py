"""A knowledge base on disk: its folder, its lock, and the stores in it, opened when first used."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import (
    KnowledgeBaseDamaged,
    KnowledgeBaseMissing,
    ModelError,
    StoreError,
    UsageError,
    VectorsDamaged,
)
from .catalog import MAKING, Catalog
from .database import gone
from .forks import renew_after_fork
from .manifest import Manifest, Space
from .media_store import MediaStore
from .stock import PREFIX, Stock
from .writers import writer_of

if TYPE_CHECKING:
    from ..encoders import Encoder
    from ..settings import Settings
    from .chroma.collections import ChromaCollections

__all__ = ["KnowledgeBase"]

_T = TypeVar("_T")

_WORTH_SETTLING = 512
"""So many latest nodes settle at the end of a write: fewer are as quickly searched as they are."""


class KnowledgeBase(Stock):
    """The stores of one folder.

    Args:
        path: The folder.
        settings: What the user set.
        create: Make the folder when it is missing.

    Attributes:
        interruptions: How often a server was out of reach amid a change.

    Raises:
        KnowledgeBaseMissing: If it is missing and not to be made.
        KnowledgeBaseNewer: If a newer xmrag wrote it.
        KnowledgeBaseDamaged: If it cannot be read.
    """

    def __init__(self, path: Path, settings: Settings, *, create: bool = True) -> None:
        super().__init__()
        self.path = path.expanduser().absolute()
        self.settings = settings
        self.interruptions = 0
        self._encoders: dict[str, Encoder] = {}
        self._specs: dict[str, str] = {}
        self._vectors: ChromaCollections | None = None
        self._vectors_stamp: tuple[int, int] | None = None
        self._left: list[ChromaCollections] = []
        self._after_fork()
        renew_after_fork(self)
        self._open(create)

    def _open(self, create: bool) -> None:
        if self.manifest_path.is_file():
            self.manifest = self.load_manifest()
        elif (self.path / "catalog.sqlite").is_file():
            raise KnowledgeBaseDamaged(
                f"The manifest {self.manifest_path} is gone.",
                hint="`xmrag doctor --fix` restores it from its copy, or from what is there.",
            )
        elif not create:
            raise KnowledgeBaseMissing(
                f"There is no knowledge base at {self.path}.",
                hint="Make one with: xmrag add FOLDER --kb DIR",
            )
        else:
            self._make()

    def load_manifest(self) -> Manifest:
        """Read the manifest as it is now; fail with ``KnowledgeBaseMissing`` where the folder is gone."""
        try:
            return super().load_manifest()
        except KnowledgeBaseDamaged:
            if self.manifest_path.exists() or (self.path / "catalog.sqlite").exists():
                raise
            raise gone(self.path) from None

    def _after_fork(self) -> None:
        self._loading = threading.RLock()

    @cached_property
    def read_only(self) -> bool:
        """Whether this process may not write to it: a read-only file system, or another user's folder."""
        catalog = self.path / "catalog.sqlite"
        return not os.access(self.path, os.W_OK) or (catalog.exists() and not os.access(catalog, os.W_OK))

    def _make(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"{self.path} is a file.", hint="Name a folder for the knowledge base.")
        if self.path.is_dir() and any(
            entry.name not in {"lock", "catalog.sqlite", "chroma", "media"} and not entry.name.startswith(".")
            for entry in self.path.iterdir()
        ):
            raise UsageError(
                f"{self.path} is a folder with other things in it, and no knowledge base.",
                hint="Name an empty or a new folder with --kb.",
            )
        self.manifest = Manifest()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.save_manifest()
        except OSError as error:
            raise StoreError(
                f"No knowledge base can be made at {self.path}: {error.strerror or error}.",
                hint="Name a place with room where you may write.",
            ) from error

    @cached_property
    def catalog(self) -> Catalog:
        return Catalog(self.path / "catalog.sqlite", read_only=self.read_only)

    @cached_property
    def media(self) -> MediaStore:
        return MediaStore(self.path / "media")

    @property
    def vectors(self) -> ChromaCollections:
        """The vectors, in the folder that the manifest names now: another process may have written another."""
        stamp = _stamp(self.manifest_path)
        if self._vectors is None or stamp != self._vectors_stamp:
            with self._loading:
                self._open_vectors(self.load_manifest().vectors)
                self._vectors_stamp = stamp
        assert self._vectors is not None
        return self._vectors

    def _open_vectors(self, name: str) -> None:
        from .chroma.collections import ChromaCollections

        if self._vectors is None or name != self.manifest.vectors:
            if self._vectors is not None:
                self._left.append(self._vectors)  # a search may still be using it
            self.manifest.vectors = name
            self._vectors = ChromaCollections(self.path / name, prefix=PREFIX)

    def owns(self, error: VectorsDamaged) -> bool:
        """Return whether an error is about the vectors of this knowledge base, and not of another collection."""
        return str((self.path / self.manifest.vectors).resolve()) in error.message

    def rewrite_vectors(self) -> list[str]:
        """Write the vectors and their ids into a new folder, name it in the manifest, and remove the old one.

        The writer's lock must be held. Until the manifest names the new folder the old one counts; what a
        kill leaves behind is removed by the next writer.

        Returns:
            The spaces that are damaged: they are left out, and noted as to be made.
        """
        old, lost = self.manifest.vectors, self.damaged_spaces()
        new = next(name for n in count(2) if not (self.path / (name := f"chroma-{n}")).exists())
        for space in lost:
            self.catalog.begin_task(MAKING + space)
        if not lost or set(lost) != set(self.manifest.spaces):
            self.vectors.copy_to(self.path / new, without=lost)
        self.manifest.vectors = new
        self.save_manifest()
        with self._loading:
            if self._vectors is not None:
                self._vectors.close()
            self._vectors = None
        shutil.rmtree(self.path / old, ignore_errors=True)
        return lost

    def _remove_leftovers(self) -> None:
        """Remove folders of vectors and copies of the manifest that a killed writer left."""
        for copied in self.path.glob(".manifest.json.*.tmp"):
            copied.unlink(missing_ok=True)
        for left in (self.path / "chroma", *self.path.glob("chroma-*")):
            if left.is_dir() and left.name != self.manifest.vectors:
                shutil.rmtree(left, ignore_errors=True)

    def purge(self) -> int:
        """Write all files anew without what was removed; the writer's lock must be held.

        Returns:
            By how many bytes the folder has shrunk.
        """
        before = self.size_on_disk()
        self.media.collect(self.catalog.media_hashes())
        self.catalog.forget_removed()
        self.catalog.vacuum()
        self.rewrite_vectors()
        return max(0, before - self.size_on_disk())

    def encoder(self, space: str) -> Encoder | None:
        """Return the encoder of a space ("text", "vision", "sound"), loaded once, checked against the manifest.

        Returns:
            None for a space other than the text space that is neither made nor asked for.

        Raises:
            ModelMismatch: If another model is asked for than the space was made with.
        """
        with self._loading:
            if space not in self._encoders:
                loaded = self._load_encoder(space)
                if loaded is None:
                    return None
                self._encoders[space] = loaded
            return self._encoders[space]

    def _load_encoder(self, space: str) -> Encoder | None:
        from .. import encoders
        from ..encoders.presets import best_text_preset

        asked: str = getattr(self.settings, space)
        made = self.manifest.spaces.get(space)
        encoder: Encoder
        if space == "text":
            spec = (made.spec if made is not None else best_text_preset()) if asked == "auto" else asked
            encoder = encoders.load_text_encoder(spec, settings=self.settings)
        else:
            if asked == "none" and made is None:
                return None
            spec = made.spec if made is not None and asked == "none" else asked
            load = encoders.load_vision_encoder if space == "vision" else encoders.load_sound_encoder
            encoder = load(spec, settings=self.settings)
        self._specs[space] = spec
        self.manifest.check(space, model=encoder.name, fingerprint=encoder.fingerprint)
        return encoder

    @property
    def spaces(self) -> dict[str, Space]:
        """Return the spaces that are made, with their models."""
        return self.manifest.spaces

    def record_space(self, space: str, encoder: Encoder) -> None:
        """Note in the manifest with what model a space is made, before its first vector."""
        if space not in self.manifest.spaces:
            from .. import encoders

            spec = self._specs.get(space, getattr(self.settings, space))
            self.manifest.spaces[space] = Space(
                spec=spec,
                model=encoder.name,
                fingerprint=encoder.fingerprint,
                dimension=encoder.dimension,
                weights=encoders.identity(spec, self.settings),
            )
            self.save_manifest()

    def is_as_made(self, space: str) -> bool:
        """Whether a space's model is certain to be the one that made it, without loading it."""
        from .. import encoders

        made = self.manifest.spaces.get(space)
        asked: str = getattr(self.settings, space)
        if made is None or not made.weights or asked not in ("auto", "none", made.spec):
            return False
        if asked == "auto" and space != "text":
            return False
        try:
            return encoders.identity(made.spec, self.settings) == made.weights
        except ModelError:
            return False  # loading it says why

    def forget_space(self, space: str) -> None:
        """Drop a space: its collections, its encoder, its line in the manifest."""
        self.vectors.drop(space)
        self._encoders.pop(space, None)
        self.manifest.spaces.pop(space, None)
        self.manifest.calibration.clear()
        self.save_manifest()

    def contents(self) -> dict[str, Any]:
        """Return what is in it, and what it was made with."""
        return {
            "kb": self.place,
            "format": self.manifest.format,
            "read_only": self.read_only,
            "sources": self.catalog.sources_by_state(),
            "failed": [
                {"source": row.source, "error": row.error, "hint": row.hint}
                for row in self.catalog.sources("failed")
            ],
            "nodes": self.catalog.counts(),
            "pictures": self.catalog.picture_count(),
            "spaces": {
                name: {
                    "model": space.model,
                    "spec": space.spec,
                    "dimension": space.dimension,
                    "vectors": vectors,
                }
                for name, space, vectors in self.vectors_by_space()
            },
            "calibrated_nodes": self.manifest.calibration.get("fitted_nodes", 0),
            "bytes": self.size_on_disk(),
        }

    # writing -----------------------------------------------------------------------------

    def patiently(self, step: Callable[[], _T]) -> _T:
        """Make a step of a change, which may be made again from its beginning when a server was out of reach."""
        return step()

    @contextmanager
    def alone(self, wait_s: float = 0.0) -> Iterator[bool]:
        """Be the only writer for a while: what others may be amid is theirs to finish.

        Args:
            wait_s: How long to wait for the others.

        Yields:
            Whether that is so.
        """
        yield True

    is_shared = False
    """Whether several processes may write at once."""

    @property
    def is_alone(self) -> bool:
        """Whether no other process can be writing now."""
        return True

    def stay_alone(self) -> None:
        """Be the only writer until the end of the change.

        Raises:
            KnowledgeBaseLocked: If others go on for too long.
        """

    @contextmanager
    def writing(self, wait_s: float = 0.0, *, alone: bool = False) -> Iterator[None]:
        """Hold the writer's lock, an OS lock that a killed process loses.

        Writers of this process queue, in threads and through other openings of the same folder. Inside,
        the same thread may enter again.

        Args:
            wait_s: How many seconds to wait for a writer of another process; negative for ever.
            alone: Whether the change bears no other writer; in a folder there never is one.

        Raises:
            KnowledgeBaseLocked: If another process is writing.
            StoreError: If nothing may be written there.
        """
        if self.read_only:
            raise StoreError(
                f"The knowledge base {self.path} is read-only: it cannot be written here.",
                hint="Allow writing there, or copy it to a place where you may.",
            )
        self.load_manifest()  # where the folder is gone, none is made for the lock
        with writer_of(self.path, wait_s) as first:
            try:
                self._changing += 1
                if first:
                    self._prepare()
                yield
                if first:
                    self.catalog.settle(_WORTH_SETTLING)
                    self.catalog.checkpoint()
            except (OSError, sqlite3.OperationalError) as error:
                if (reason := _why_unwritable(error)) is None:
                    raise
                raise StoreError(
                    f"The knowledge base {self.path} cannot be written: {reason}.",
                    hint="What was finished is kept: give the same command again when there is room and leave to write.",
                ) from error
            finally:
                self._changing -= 1

    def _prepare(self) -> None:
        """See what other writers left, and bring the files to this xmrag's format."""
        from .migrations import migrate

        self.manifest = self.load_manifest()
        self._remove_leftovers()
        migrate(self)
        self.catalog.renew_index()

    def size_on_disk(self) -> int:
        """Return the bytes of all files of the knowledge base."""
        total = 0
        for folder, _, names in os.walk(self.path):
            for name in names:
                try:
                    total += os.stat(os.path.join(folder, name)).st_size
                except FileNotFoundError:
                    continue  # a temporary file of the writer
        return total

    def close(self) -> None:
        """Close what was opened."""
        if "catalog" in self.__dict__:
            self.catalog.close()
        for opened in (*self._left, self._vectors):
            if opened is not None:
                opened.close()


_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}


def _why_unwritable(error: OSError | sqlite3.OperationalError) -> str | None:
    """Say what is wrong with the disk; None where an error says nothing about it."""
    if isinstance(error, OSError):
        return os.strerror(error.errno) if error.errno in _UNWRITABLE else None
    signs = ("disk is full", "readonly database", "disk i/o error", "unable to open database")
    return str(error) if any(sign in str(error).lower() for sign in signs) else None


def _stamp(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_mtime_ns, state.st_size
