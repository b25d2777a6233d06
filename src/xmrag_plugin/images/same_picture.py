"""Whether two pictures are the same one, resized or recompressed: their small grey copies agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import PictureError
from .decode import open_picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["agreement", "grey_copy"]

_SIDE = 24


def grey_copy(picture: bytes | Path) -> NDArray[np.float32] | None:
    """A picture as a grey copy of 24 × 24 points with mean 0 and length 1; None where it has no contrast.

    Raises:
        PictureError: If it cannot be decoded.
    """
    image = open_picture(picture, side=256).convert("L").resize((_SIDE, _SIDE))
    points = np.asarray(image, dtype=np.float32).ravel()
    points = points - points.mean()
    length = float(np.linalg.norm(points))
    return points / length if length > 1e-3 else None


def agreement(asked: NDArray[np.float32] | None, picture: Path) -> float:
    """Correlation of a grey copy with a picture file, -1 to 1; 0 where there is nothing to compare."""
    try:
        other = grey_copy(picture)
    except (PictureError, OSError):
        return 0.0
    return float(asked @ other) if asked is not None and other is not None else 0.0
