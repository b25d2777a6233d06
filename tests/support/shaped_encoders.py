"""The offline encoder bent into the geometries of others: what a calibration must not depend on.

A shape takes unit vectors of shape ``(n, 384)`` and whether they are pictures, and returns unit vectors.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from xmrag_plugin.encoders import load_text_encoder
from xmrag_plugin.settings import Settings

Rows = NDArray[np.float32]
_DIMENSION = 384


def _unit(rows: NDArray[np.floating[Any]]) -> Rows:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _beside(rows: Rows, column: float) -> Rows:
    return np.column_stack([np.sqrt(1 - column**2) * rows, np.full(len(rows), column)]).astype(np.float32)


def shifted(rows: Rows, pictures: bool = False) -> Rows:
    """All similarities between .78 and 1, as the E5 family's: ``.78 + .22 s``."""
    return _beside(rows, 0.78**0.5)


def narrow_cone(rows: Rows, pictures: bool = False) -> Rows:
    """All vectors within a cone around one direction."""
    direction = np.random.default_rng(1).normal(size=_DIMENSION)
    return _unit(rows + 2 * direction / np.linalg.norm(direction))


def anisotropic(rows: Rows, pictures: bool = False) -> Rows:
    """A few dimensions with most of the length."""
    return _unit(rows * np.random.default_rng(2).permutation(np.arange(1, _DIMENSION + 1) ** -0.35))


def low_dimensional(rows: Rows, pictures: bool = False) -> Rows:
    """A random projection to 64 dimensions."""
    return _unit(rows @ np.random.default_rng(3).normal(size=(_DIMENSION, 64)))


def gap(rows: Rows, pictures: bool = False) -> Rows:
    """A distance of 1.0 between the mean of the texts and that of the pictures."""
    return _beside(rows, -0.5 if pictures else 0.5)


class ShapedEncoder:
    """MiniLM and a shape; a picture is encoded by the words that :func:`picture_of` wrote into it."""

    sees = True
    max_text_tokens = 256

    def __init__(self, shape: Callable[[Rows, bool], Rows], settings: Settings) -> None:
        self._plain, self._shape = load_text_encoder("minilm", settings=settings), shape
        self.name = self.fingerprint = shape.__name__
        self.dimension = self._shape(np.ones((1, _DIMENSION), np.float32), False).shape[1]

    def encode_texts(self, texts: Sequence[str], *, role: Any = "document") -> Rows:
        return self._shape(self._plain.encode_texts(texts, role=role), False)

    def encode_images(self, images: Sequence[Any], *, on_error: Any = None) -> Rows:
        words = []
        for image in images:
            opened = image if isinstance(image, Image.Image) else Image.open(_stream(image))
            words.append(opened.info["shows"])
        return self._shape(self._plain.encode_texts(words), True)


def _stream(image: Any) -> Any:
    return io.BytesIO(image) if isinstance(image, bytes) else image


def picture_of(words: str, shade: int) -> bytes:
    """Return a picture that :class:`ShapedEncoder` takes to show what the words say."""
    info, buffer = PngImagePlugin.PngInfo(), io.BytesIO()
    info.add_text("shows", words)
    noise = np.random.default_rng(shade).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, format="PNG", pnginfo=info)
    return buffer.getvalue()
