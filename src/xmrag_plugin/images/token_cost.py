"""Count what a picture costs a model, in tokens: each provider counts in its own way.

The formulas are the providers' published ones: OpenAI's tiles and patches ("Images and vision"
guide), Claude's and Gemini's vision guides, and the processors of the open models (Qwen-VL merges
2×2 patches of 14 or 16 px; Idefics3 and SmolVLM cut tiles; InternVL tiles of 448 px; Pixtral and
Mistral rows of patches). An unknown model is counted as one token for each 28×28 px.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["ImageCost", "image_cost", "image_cost_of"]


@dataclass(frozen=True, slots=True)
class ImageCost:
    """One way of counting.

    Attributes:
        name: The way, as reports show it: ``openai-tiles``, ``qwen-vl-28`` …
        count: Tokens of a picture of so many pixels in width and height.
        max_edge: The provider scales a longer side down to this, so that more pixels are wasted.
    """

    name: str
    count: Callable[[int, int], int]
    max_edge: int

    def tokens(self, width: int, height: int) -> int:
        """Count the tokens of a picture of this size in pixels."""
        return max(self.count(max(width, 1), max(height, 1)), 1)

    def fit(
        self, width: int, height: int, *, tokens: int, max_edge: int | None = None, min_px: int = 64
    ) -> tuple[int, int]:
        """Find the largest size of the same shape, not above the original, that costs at most ``tokens``.

        Where none is so cheap, the largest size that costs no more than ``min_px`` on the longer side does: with
        a price by tiles or a flat one, that is more than ``min_px``.
        """
        longer = max(width, height)
        high = min(1.0, min(self.max_edge, max_edge or self.max_edge) / longer)
        low = min(min_px / longer, high)
        tokens = max(tokens, self.tokens(*_scaled(width, height, low)))
        if self.tokens(*_scaled(width, height, high)) <= tokens:
            return _scaled(width, height, high)
        for _ in range(18):
            middle = (low + high) / 2
            if self.tokens(*_scaled(width, height, middle)) <= tokens:
                low = middle
            else:
                high = middle
        return _scaled(width, height, low)


def _scaled(width: int, height: int, scale: float) -> tuple[int, int]:
    return max(round(width * scale), 1), max(round(height * scale), 1)


def _fitted(width: int, height: int, edge: float) -> tuple[float, float]:
    scale = min(1.0, edge / max(width, height))
    return width * scale, height * scale


def _tiles(name: str, base: int, tile: int) -> ImageCost:
    def count(width: int, height: int) -> int:
        w, h = _fitted(width, height, 2048)
        scale = min(1.0, 768 / min(w, h))
        return base + tile * math.ceil(w * scale / 512) * math.ceil(h * scale / 512)

    return ImageCost(name, count, 2048)


def _patches(
    name: str, side: int, limit: int, factor: float = 1.0, extra: int = 0, edge: int = 4096
) -> ImageCost:
    def count(width: int, height: int) -> int:
        w, h = _fitted(width, height, edge)
        number = math.ceil(w / side) * math.ceil(h / side)
        if number > limit:
            scale = math.sqrt(side * side * limit / (w * h))
            number = min(max(math.floor(w * scale / side), 1) * max(math.floor(h * scale / side), 1), limit)
        return math.ceil(number * factor) + extra

    return ImageCost(name, count, edge)


def _claude(width: int, height: int) -> int:
    w, h = _fitted(width, height, 1568)
    return min(math.ceil(w * h / 750), 1600)


def _gemini(width: int, height: int) -> int:
    if width <= 384 and height <= 384:
        return 258
    unit = min(max(min(width, height) // 1.5, 256), 768)
    return 258 * math.ceil(width / unit) * math.ceil(height / unit)


def _idefics(width: int, height: int) -> int:
    w, h = _fitted(width, height, 2048)
    if max(w, h) <= 512:
        return 64 + 3
    return (64 + 6) * (math.ceil(w / 512) * math.ceil(h / 512)) + 64 + 3


def _internvl(width: int, height: int) -> int:
    tiles = min(max(round(width / 448), 1) * max(round(height / 448), 1), 12)
    return 256 * (tiles + (1 if tiles > 1 else 0))


def _llava(width: int, height: int) -> int:
    tiles = min(math.ceil(width / 384) * math.ceil(height / 384), 9)
    return 729 + (27 * 28 * tiles if max(width, height) > 384 else 0)


def _llama(width: int, height: int) -> int:
    return 1601 * min(math.ceil(width / 560) * math.ceil(height / 560), 4)


_GENERIC = _patches("generic", 28, 16384)

# By what the model's name holds; the first that matches counts.
_MODELS: list[tuple[str, ImageCost]] = [
    (r"gpt-4\.1-nano|gpt-5(\.\d)?-nano", _patches("openai-patches", 32, 1536, 2.46, edge=2048)),
    (r"gpt-4\.1-mini|gpt-5(\.\d)?-mini", _patches("openai-patches", 32, 1536, 1.62, edge=2048)),
    (r"o4-mini", _patches("openai-patches", 32, 1536, 1.72, edge=2048)),
    (r"gpt-4o-mini", _tiles("openai-tiles", 2833, 5667)),
    (r"gpt-5", _tiles("openai-tiles", 70, 140)),
    (r"gpt-4|chatgpt", _tiles("openai-tiles", 85, 170)),
    (r"(^|/)o[13](-|$)", _tiles("openai-tiles", 75, 150)),
    (r"claude", ImageCost("claude", _claude, 1568)),
    (r"gemini", ImageCost("gemini", _gemini, 3072)),
    (r"qwen-?3(\.\d)?-?vl|qwen-?3\.\d", _patches("qwen-vl-32", 32, 16384, extra=2)),
    (r"qwen.{0,6}vl|qvq", _patches("qwen-vl-28", 28, 16384, extra=2)),
    (r"smolvlm|idefics", ImageCost("idefics3", _idefics, 2048)),
    (r"internvl", ImageCost("internvl", _internvl, 4480)),
    (r"llava", ImageCost("llava-onevision", _llava, 2304)),
    (r"lfm2?.{0,4}vl", _patches("lfm2-vl", 32, 256, extra=2, edge=1024)),
    (r"gemma", ImageCost("gemma", lambda width, height: 256 + 4, 896)),
    (r"llama.{0,8}vision|mllama", ImageCost("llama-vision", _llama, 1120)),
    (r"pixtral", _patches("pixtral", 16, 4096, 1.02, edge=1024)),
    (r"mistral|ministral|magistral", _patches("mistral", 28, 3025, 1.02, edge=1540)),
    (r"minicpm", ImageCost("minicpm-v", lambda w, h: 64 * (min(math.ceil(w * h / 448**2), 9) + 1), 1344)),
    (r"moondream|florence|blip", ImageCost("flat-729", lambda width, height: 729, 768)),
]
_FAMILIES = {
    "openai": _tiles("openai-tiles", 85, 170),
    "anthropic": ImageCost("claude", _claude, 1568),
    "gemini": ImageCost("gemini", _gemini, 3072),
    "google": ImageCost("gemini", _gemini, 3072),
}


def image_cost(model: str, provider: str = "") -> ImageCost:
    """Return how a model of this name counts pictures.

    Args:
        model: Model name or hub id; a folder's last part will do.
        provider: Fallback for a name that says nothing: ``openai``, ``anthropic``, ``gemini``.
    """
    name = re.split(r"[\\/]", model.rstrip("\\/").lower())[-1]
    for pattern, cost in _MODELS:
        if re.search(pattern, name):
            return cost
    for family, cost in _FAMILIES.items():
        if family in provider.lower() and "like" not in provider.lower():
            return cost
    return _GENERIC


def image_cost_of(llm: Any) -> ImageCost:
    """Return how a LlamaIndex LLM counts pictures, by its model's and class's name."""
    own = getattr(llm, "image_cost", None)
    if isinstance(own, ImageCost):
        return own
    metadata = getattr(llm, "metadata", None)
    model = str(getattr(metadata, "model_name", "") or getattr(llm, "model", "") or "")
    provider = llm.class_name() if hasattr(llm, "class_name") else type(llm).__name__
    return image_cost(model, provider)
