"""Generators by a short name, where their weights lie on this machine, and which suit its memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .._model_files import cached_folder, fetch, hub_id_of, missing, preset_row
from ..settings import Settings

__all__ = ["PRESETS", "Preset", "list_models", "locate", "pull", "suggest"]

_SHOWN = ("name", "kind", "licence", "parameters_b", "suits", "hub_id", "note")


@dataclass(frozen=True, slots=True)
class Preset:
    """A model worth naming.

    Attributes:
        name: Its short name.
        hub_id: Where its weights are published.
        kind: ``vision`` chats about pictures; ``caption`` describes one picture.
        parameters_b: Weights, in billions.
        suits: The machine it is meant for.
        licence: Licence of the weights.
        note: What to know before choosing it.
    """

    name: str
    hub_id: str
    kind: Literal["vision", "caption"]
    parameters_b: float
    suits: str
    licence: str
    note: str = ""


# fmt: off
PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("smolvlm2-256m", "HuggingFaceTB/SmolVLM2-256M-Video-Instruct", "vision", 0.256, "processor, 4 GB",
               "Apache-2.0", "the smallest that chats; needs num2words"),
        Preset("smolvlm2-500m", "HuggingFaceTB/SmolVLM2-500M-Video-Instruct", "vision", 0.507, "processor, 4 GB",
               "Apache-2.0", "small and quick; needs num2words"),
        Preset("lfm2.5-vl-450m", "LiquidAI/LFM2.5-VL-450M", "vision", 0.45, "processor, 4 GB", "LFM 1.0",
               "quick on processors; nine languages"),
        Preset("qwen3.5-0.8b", "Qwen/Qwen3.5-0.8B", "vision", 0.87, "processor, 8 GB", "Apache-2.0",
               "the best below a billion; many languages"),
        Preset("smolvlm2-2.2b", "HuggingFaceTB/SmolVLM2-2.2B-Instruct", "vision", 2.25, "GPU, 8 GB", "Apache-2.0",
               "needs num2words"),
        Preset("qwen3.5-2b", "Qwen/Qwen3.5-2B", "vision", 2.3, "GPU, 8 GB", "Apache-2.0"),
        Preset("qwen3-vl-2b", "Qwen/Qwen3-VL-2B-Instruct", "vision", 2.1, "GPU, 8 GB", "Apache-2.0",
               "documents and charts"),
        Preset("gemma4-e2b", "google/gemma-4-E2B-it", "vision", 5.1, "GPU, 16 GB", "Apache-2.0",
               "works as 2 billion, stored as 5"),
        Preset("qwen3-vl-8b", "Qwen/Qwen3-VL-8B-Instruct", "vision", 8.8, "GPU, 24 GB", "Apache-2.0",
               "documents and charts"),
        Preset("gemma4-12b", "google/gemma-4-12B-it", "vision", 12.0, "GPU, 32 GB", "Apache-2.0"),
        Preset("florence2-base", "florence-community/Florence-2-base", "caption", 0.23, "processor, 2 GB", "MIT",
               "captions only; good for --describe"),
        Preset("florence2-large", "florence-community/Florence-2-large", "caption", 0.77, "processor, 4 GB", "MIT",
               "captions only; good for --describe"),
        Preset("blip-base", "Salesforce/blip-image-captioning-base", "caption", 0.25, "processor, 2 GB",
               "BSD-3-Clause", "one short sentence for a photograph"),
    )
}
# fmt: on


def locate(name: str, *, allow_fetch: bool = False) -> tuple[str, Path]:
    """Return ``(what to call it, its folder)`` of a model named by preset, hub id or folder.

    Raises:
        UnknownModel: If nothing is called so; names what is near.
        ModelUnavailable: If it is known and not on this machine, and may not be fetched.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder.resolve().name, folder
    hub_id = _hub_id(name)
    snapshot = _on_disk(hub_id)
    if snapshot is None and allow_fetch:
        snapshot = pull(name)
    if snapshot is None:
        raise missing(name, hub_id)
    return hub_id, snapshot


def pull(name: str) -> Path:
    """Fetch a model into the hub's cache, because someone asked for it.

    Raises:
        UnknownModel: If neither a preset nor a hub id is called so.
        ModelUnavailable: If it cannot be fetched.
    """
    return fetch(_hub_id(name))


def list_models() -> list[dict[str, Any]]:
    """Return the presets as rows: name, kind, size, machine, licence, hub id, note, and where on disk."""
    return [preset_row(preset, _SHOWN, _on_disk(preset.hub_id)) for preset in PRESETS.values()]


def suggest(settings: Settings) -> Preset | None:
    """Return the largest vision preset that this machine runs with ease, to be fetched when there is none.

    An accelerator takes models in 16 bit; a processor is held to a billion weights, above which it
    writes too slowly to wait for.
    """
    from .local.placement import devices

    best = devices(settings.device)[0]
    per_weight = 4 if best.name == "cpu" else 2
    fitting = [
        preset
        for preset in PRESETS.values()
        if preset.kind == "vision"
        and preset.parameters_b * 1e9 * per_weight * 1.2 + 1.5e9 <= best.free_bytes
        and (best.name != "cpu" or preset.parameters_b < 1)
    ]
    return max(fitting, key=lambda preset: preset.parameters_b, default=None)


def _hub_id(name: str) -> str:
    otherwise = "a hub id (org/name), a folder, openai:MODEL, ollama:MODEL or a server's URL"
    return hub_id_of(name, PRESETS, group="generator", noun="generator", otherwise=otherwise)


def _on_disk(hub_id: str) -> Path | None:
    folder = cached_folder(hub_id, "config.json")
    held = folder is not None and (any(folder.glob("*.safetensors")) or any(folder.glob("*.bin")))
    return folder if held else None
