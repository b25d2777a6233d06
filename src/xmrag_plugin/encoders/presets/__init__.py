"""Encoders by a short name, where their weights lie on this machine, and fetching them when asked."""

from __future__ import annotations

from .finding import Located, best_text_preset, list_models, locate, on_disk, preset_of, pull, weights_hash
from .table import PRESETS, Preset

__all__ = [
    "PRESETS",
    "Located",
    "Preset",
    "best_text_preset",
    "list_models",
    "locate",
    "on_disk",
    "preset_of",
    "pull",
    "weights_hash",
]
