"""Models on this machine, of encoders and generators alike: hub ids, the hub's cache, fetching when asked."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from ._entry_points import added_names
from .errors import ModelUnavailable, UnknownModel

__all__ = [
    "DESCRIBING",
    "ModelPreset",
    "cached_folder",
    "fetch",
    "hub_id_of",
    "is_hub_id",
    "missing",
    "preset_row",
    "sha256_of",
]

DESCRIBING = (".json", ".txt", ".model", ".jinja")
"""Endings of the files that say what weights are of: settings, tokenizers, templates."""

_OTHER_FORMS = ["onnx/*", "openvino/*", "coreml/*", "original/*", "*.onnx"]
_HUB_ID = re.compile(r"^[A-Za-z0-9][\w.-]*/[\w.-]+$")


class ModelPreset(Protocol):
    """A line of a table of models worth naming."""

    @property
    def hub_id(self) -> str:
        """Where its weights are published."""


def is_hub_id(name: str) -> bool:
    """Return whether a name can be that of a model on the hub: ``org/name``."""
    return bool(_HUB_ID.match(name))


def hub_id_of(name: str, presets: Mapping[str, ModelPreset], *, group: str, noun: str, otherwise: str) -> str:
    """Return the hub id of a preset, or the name itself where it can be one.

    Args:
        name: A preset or a hub id.
        presets: The presets by their names.
        group: Whose entry points count as names too: ``encoder`` or ``generator``.
        noun: What such a model is called in the error.
        otherwise: What else can be given, for the error's hint.

    Raises:
        UnknownModel: If nothing is called so; names what is near.
    """
    hub_id = presets[name].hub_id if name in presets else name
    if not is_hub_id(hub_id):
        known = [*presets, *(f"{added}:" for added in added_names(group))]
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownModel(
            f"No {noun} is called {name!r}.{guess}", hint=f"Known: {', '.join(known)}; or give {otherwise}."
        )
    return hub_id


def cached_folder(hub_id: str, file: str) -> Path | None:
    """Return the folder of a model in the hub's cache, if this file of it is there."""
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(hub_id, file)
    return Path(path).parent if isinstance(path, str) else None


def missing(name: str, hub_id: str) -> ModelUnavailable:
    """Return the error of a model that is known and not on this machine."""
    return ModelUnavailable(
        f"The model {name!r} ({hub_id}) is not on this machine, and nothing is fetched unasked.",
        hint=f"Fetch it with: xmrag models pull {name}; or give a folder.",
    )


def fetch(hub_id: str) -> Path:
    """Fetch a model into the hub's cache, and return its folder: weights as safetensors, or else as PyTorch writes them.

    Raises:
        ModelUnavailable: If it cannot be fetched.
    """
    from huggingface_hub import list_repo_files, snapshot_download

    try:
        safe = any(file.endswith(".safetensors") for file in list_repo_files(hub_id))
        wanted = [*(f"*{suffix}" for suffix in DESCRIBING), "*.safetensors" if safe else "*.bin"]
        return Path(snapshot_download(hub_id, allow_patterns=wanted, ignore_patterns=_OTHER_FORMS))
    except Exception as error:
        raise ModelUnavailable(
            f"{hub_id} cannot be fetched: {type(error).__name__}: {error}",
            hint="Check the network, the name and, for gated models, `hf auth login`.",
        ) from error


def preset_row(preset: ModelPreset, fields: Iterable[str], folder: Path | None) -> dict[str, Any]:
    """Return some fields of a preset, and where it lies on disk, as a row of ``xmrag models``."""
    row: dict[str, Any] = {field: getattr(preset, field) for field in fields}
    return row | {"on_disk": folder is not None, "folder": str(folder) if folder else None}


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, which may be larger than memory."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
