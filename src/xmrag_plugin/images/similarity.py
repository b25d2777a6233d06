"""Whether two pictures look the same: a perceptual hash and grey copies to find pairs, their pixels to decide.

The hash is the difference hash of Krawetz ("Kind of like that", hackerfactor.com, 2013) with 16 × 16 bits
and a margin, so that the noise of a flat background sets none. A hash alone would take two charts of one
style for the same; the pixels decide, and more strictly where a picture is a drawing, in which one digit
may be all that differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import PictureError
from .decode import open_picture

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = [
    "HASH_BITS",
    "MAX_BITS_APART",
    "bits_apart",
    "correlation",
    "difference_hash",
    "grey_copy",
    "hash_bands",
    "look_the_same",
]

HASH_BITS = 256
MAX_BITS_APART = 15
"""Photographs saved anew at JPEG quality 40 lie at most so far apart; others hardly ever so near."""

_SIDE = 16
_BANDS = 16  # of as many bits: hashes that lie up to 15 bits apart agree in one of them at least
_GREY_SIDE = 24
_MARGIN = 3  # grey levels
_MAX_SIDE_PX = 1024
_DRAWN_FLATNESS = 0.6
_PHOTO_BLOCK, _PHOTO_CHANGE = 8, 20.0
_DRAWN_BLOCK, _DRAWN_CHANGE = 4, 24.0  # a capital letter that is another one changes its block by 50
_MIN_SCALE = 0.3
_SAME_SHAPE = 0.02


def difference_hash(picture: bytes | Path) -> int:
    """Return the difference hash of a picture, of :data:`HASH_BITS` bits.

    Raises:
        PictureError: If it cannot be decoded.
    """
    from PIL.Image import Resampling

    image = open_picture(picture, side=256).convert("L").resize((_SIDE + 1, _SIDE), Resampling.BOX)
    grey = np.asarray(image, dtype=np.int16)
    falls = grey[:, :-1] > grey[:, 1:] + _MARGIN
    return int.from_bytes(np.packbits(falls).tobytes(), "big")


def bits_apart(one: int, other: int) -> int:
    """Count the bits in which two hashes differ."""
    return bin(one ^ other).count("1")


def hash_bands(value: int) -> Iterator[tuple[int, int]]:
    """Yield ``(number of the band, its bits)`` of a hash; bands without a set bit say nothing and are left out."""
    width = HASH_BITS // _BANDS
    for number in range(_BANDS):
        bits = (value >> (number * width)) & ((1 << width) - 1)
        if bits:
            yield number, bits


def grey_copy(picture: bytes | Path) -> NDArray[np.float32] | None:
    """Return a picture as a grey copy of 24 × 24 points with mean 0 and length 1; None where it has no contrast.

    Raises:
        PictureError: If it cannot be decoded.
    """
    image = open_picture(picture, side=256).convert("L").resize((_GREY_SIDE, _GREY_SIDE))
    points = np.asarray(image, dtype=np.float32).ravel()
    points = points - points.mean()
    length = float(np.linalg.norm(points))
    return points / length if length > 1e-3 else None


def correlation(asked: NDArray[np.float32] | None, picture: Path) -> float:
    """Return the correlation of a grey copy with a picture file, -1 to 1; 0 where there is nothing to compare."""
    try:
        other = grey_copy(picture)
    except (PictureError, OSError):
        return 0.0
    return float(asked @ other) if asked is not None and other is not None else 0.0


def look_the_same(fresh: bytes | Path, known: bytes | Path) -> bool:
    """Return whether a picture shows nothing that a known one does not show at least as finely.

    Photographs may be resized and saved anew. Drawings must be of one size and differ nowhere by more
    than compression does.

    Raises:
        PictureError: If one of them cannot be decoded.
    """
    one, other = open_picture(fresh, side=_MAX_SIDE_PX), open_picture(known, side=_MAX_SIDE_PX)
    if one.width > other.width or one.height > other.height:
        return False
    if abs(one.width * other.height - other.width * one.height) > _SAME_SHAPE * other.width * one.height:
        return False
    if one.width < _MIN_SCALE * other.width:
        return False
    if _is_drawn(one) or _is_drawn(other):
        return one.size == other.size and _most_changed(one, other, _DRAWN_BLOCK) <= _DRAWN_CHANGE
    return _most_changed(one, other, _PHOTO_BLOCK) <= _PHOTO_CHANGE


def _is_drawn(image: Image) -> bool:
    """Return whether most of it is flat colour: a chart, a diagram, a page, a screen."""
    small = image.convert("L")
    small.thumbnail((320, 320))
    grey = np.asarray(small, dtype=np.int16)
    return float(np.mean(np.abs(np.diff(grey, axis=1)) <= 2)) >= _DRAWN_FLATNESS


def _most_changed(one: Image, other: Image, block: int) -> float:
    """Return the greatest mean difference of a block of pixels, in levels of 0 to 255; both at the smaller size."""
    first, second = _blurred(one, one.size), _blurred(other, one.size)
    change: NDArray[Any] = np.abs(first - second).max(axis=2).astype(np.float32)
    rows, columns = max(1, change.shape[0] // block), max(1, change.shape[1] // block)
    change = change[: rows * block, : columns * block]
    high, wide = change.shape[0] // rows, change.shape[1] // columns
    return float(change.reshape(rows, high, columns, wide).mean(axis=(1, 3)).max())


def _blurred(image: Image, size: tuple[int, int]) -> NDArray[np.int16]:
    from PIL import ImageFilter
    from PIL.Image import Resampling

    sized = image if image.size == size else image.resize(size, Resampling.BOX)
    return np.asarray(sized.filter(ImageFilter.BoxBlur(1)), dtype=np.int16)
