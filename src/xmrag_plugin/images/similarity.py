"""Whether two pictures look the same: a perceptual hash to find pairs, their pixels to decide.

The hash is the difference hash of Krawetz ("Kind of like that", hackerfactor.com, 2013) with 16 × 16 bits
and a margin, so that the noise of a flat background sets none. A hash alone would take two charts of one
style for the same; the pixels decide, and more strictly where a picture is a drawing, in which one digit
may be all that differs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .decode import open_picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["HASH_BITS", "MOST_BITS_APART", "bits_apart", "likeness_hash", "look_the_same"]

HASH_BITS = 256
MOST_BITS_APART = 15
"""Photographs saved anew at JPEG quality 40 lie at most so far apart; others hardly ever so near."""

_SIDE = 16
_MARGIN = 3  # grey levels
_LONGEST_PX = 1024
_DRAWN_FLATNESS = 0.6
_PHOTO_BLOCK, _PHOTO_CHANGE = 8, 20.0
_DRAWN_BLOCK, _DRAWN_CHANGE = 4, 24.0  # a capital letter that is another one changes its block by 50
_LEAST_SCALE = 0.3
_SAME_SHAPE = 0.02


def likeness_hash(picture: bytes | Path) -> int:
    """The difference hash of a picture, of :data:`HASH_BITS` bits.

    Raises:
        PictureError: If it cannot be decoded.
    """
    import numpy as np
    from PIL.Image import Resampling

    image = open_picture(picture, side=256).convert("L").resize((_SIDE + 1, _SIDE), Resampling.BOX)
    grey = np.asarray(image, dtype=np.int16)
    falls = grey[:, :-1] > grey[:, 1:] + _MARGIN
    return int.from_bytes(np.packbits(falls).tobytes(), "big")


def bits_apart(one: int, other: int) -> int:
    """How many bits of two hashes differ."""
    return bin(one ^ other).count("1")


def look_the_same(fresh: bytes | Path, known: bytes | Path) -> bool:
    """Whether a picture shows nothing that a known one does not show at least as finely.

    Photographs may be resized and saved anew. Drawings must be of one size and differ nowhere by more
    than compression does.

    Raises:
        PictureError: If one of them cannot be decoded.
    """
    one, other = open_picture(fresh, side=_LONGEST_PX), open_picture(known, side=_LONGEST_PX)
    if one.width > other.width or one.height > other.height:
        return False
    if abs(one.width * other.height - other.width * one.height) > _SAME_SHAPE * other.width * one.height:
        return False
    if one.width < _LEAST_SCALE * other.width:
        return False
    if _is_drawn(one) or _is_drawn(other):
        return one.size == other.size and _most_changed(one, other, _DRAWN_BLOCK) <= _DRAWN_CHANGE
    return _most_changed(one, other, _PHOTO_BLOCK) <= _PHOTO_CHANGE


def _is_drawn(image: Image) -> bool:
    """Whether most of it is flat colour: a chart, a diagram, a page, a screen."""
    import numpy as np

    small = image.convert("L")
    small.thumbnail((320, 320))
    grey = np.asarray(small, dtype=np.int16)
    return float(np.mean(np.abs(np.diff(grey, axis=1)) <= 2)) >= _DRAWN_FLATNESS


def _most_changed(one: Image, other: Image, block: int) -> float:
    """The greatest mean difference of a block of pixels, in levels of 0 to 255; both at the smaller size."""
    import numpy as np

    first, second = _softened(one, one.size), _softened(other, one.size)
    change: NDArray[Any] = np.abs(first - second).max(axis=2).astype(np.float32)
    rows, columns = max(1, change.shape[0] // block), max(1, change.shape[1] // block)
    change = change[: rows * block, : columns * block]
    high, wide = change.shape[0] // rows, change.shape[1] // columns
    return float(change.reshape(rows, high, columns, wide).mean(axis=(1, 3)).max())


def _softened(image: Image, size: tuple[int, int]) -> NDArray[np.int16]:
    import numpy as np
    from PIL import ImageFilter
    from PIL.Image import Resampling

    sized = image if image.size == size else image.resize(size, Resampling.BOX)
    return np.asarray(sized.filter(ImageFilter.BoxBlur(1)), dtype=np.int16)
