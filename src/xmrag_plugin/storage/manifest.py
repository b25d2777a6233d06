"""``manifest.json``: the format, the spaces with the models they were made with, the calibration."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..errors import KnowledgeBaseDamaged, KnowledgeBaseNewer, ModelMismatch

__all__ = ["COPY", "FORMAT", "Manifest", "Space"]

FORMAT = 3
"""Raised with every migration in :mod:`~xmrag_plugin.storage.migrations`."""

COPY = ".manifest.copy.json"
"""A second copy beside the manifest, from which a damaged one is restored."""


@dataclass(slots=True)
class Space:
    """A vector space of a knowledge base and the model that made it.

    Attributes:
        spec: How the model was named: a preset, a hub id or a folder.
        model: The model's own name.
        fingerprint: Identity of its weights and pooling; what is enforced.
        dimension: Length of its vectors.
        weights: Identity of its weights alone, told without loading it; "" where that cannot be.
    """

    spec: str
    model: str
    fingerprint: str
    dimension: int
    weights: str = ""


@dataclass(slots=True)
class Manifest:
    """What a knowledge base was made with.

    Attributes:
        format: Of its files; see :mod:`~xmrag_plugin.storage.migrations`.
        vectors: Name of the folder of its vectors, which are written anew beside it and then named here.
        spaces: Its vector spaces, by name.
        calibration: What the search has fitted to it.
        stock: How many nodes, words and vectors of each space and kind the last change has left.
    """

    format: int = FORMAT
    vectors: str = "chroma"
    spaces: dict[str, Space] = field(default_factory=dict)
    calibration: dict[str, Any] = field(default_factory=dict)
    stock: dict[str, int] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read a manifest.

        Raises:
            KnowledgeBaseNewer: If a newer xmrag wrote it.
            KnowledgeBaseDamaged: If it cannot be read.
        """
        try:
            return cls.read(path.read_text(encoding="utf-8"), str(path.parent))
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable(str(path.parent), error) from error

    @classmethod
    def read(cls, text: str, place: str) -> Manifest:
        """Read what a manifest says; see :meth:`load`.

        Args:
            text: The JSON.
            place: The knowledge base, for the messages.
        """
        try:
            raw = json.loads(text)
            version = int(raw["format"])
        except (ValueError, KeyError, TypeError) as error:
            raise _unreadable(place, error) from error
        if version > FORMAT:
            raise KnowledgeBaseNewer(
                f"The knowledge base {place} has format {version}; this xmrag reads up to {FORMAT}.",
                hint="Upgrade with: pip install -U xmrag-plugin",
            )
        try:
            spaces = {name: Space(**space) for name, space in raw.get("spaces", {}).items()}
        except TypeError as error:
            raise _unreadable(place, error) from error
        return cls(
            format=version,
            vectors=str(raw.get("vectors", "chroma")),
            spaces=spaces,
            calibration=raw.get("calibration", {}),
            stock=dict(raw.get("stock", {})),
        )

    def save(self, path: Path) -> None:
        """Write it whole or not at all."""
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        with contextlib.suppress(OSError):  # the manifest itself is whole
            path.with_name(COPY).write_text(text, encoding="utf-8")

    def check(self, space: str, *, model: str, fingerprint: str) -> None:
        """Refuse a model that is not the one a space was made with.

        Raises:
            ModelMismatch: Naming both, and how to go on with either.
        """
        made = self.spaces.get(space)
        if made is not None and made.fingerprint != fingerprint:
            raise ModelMismatch(
                f"The {space} space of this knowledge base was made with {made.model!r} "
                f"({made.fingerprint[:12]}), not with {model!r} ({fingerprint[:12]}).",
                hint=f"Name the first with --{space} {made.spec}, or re-embed what is stored with "
                f"`xmrag add --{space} MODEL`.",
            )


def _unreadable(place: str, error: Exception) -> KnowledgeBaseDamaged:
    return KnowledgeBaseDamaged(
        f"The manifest of {place} cannot be read: {error}.",
        hint="`xmrag doctor --fix` restores it from its copy, or from what is there.",
    )
