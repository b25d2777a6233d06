"""Make a picture fit to be sent: upright, cropped, no larger than allowed, without hidden metadata."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..types import MAX_PICTURE_PX, BBox
from .decode import open_picture, probe
from .token_cost import ImageCost

if TYPE_CHECKING:
    from PIL.Image import Image as Frame

__all__ = ["Crop", "PreparedPicture", "prepare_picture"]

Crop = Literal["figure", "page"]

MARGIN_SHARE = 0.03
"""Kept around what is cut out, as a share of its longer side."""

MAX_PNG_COLOURS, MAX_PNG_BYTES = 4096, 300_000
"""A picture of so few colours is sent as PNG where it stays so small; every other as JPEG."""

BLANK_DIFFERENCE = 12
"""Grey levels (of 255) that the corners of a picture with blank margins may differ by."""

MAX_KEPT_SHARE = 0.9
"""Cutting is worth it when no more of the area than this remains."""


@dataclass(frozen=True, slots=True)
class PreparedPicture:
    """Encoded bytes ready for a message.

    Attributes:
        data: PNG or JPEG.
        mime: ``image/png`` or ``image/jpeg``.
        width: Pixels.
        height: Pixels.
        tokens: What it costs the model.
        original_width: Pixels before.
        original_height: Pixels before.
        cropped: Whether margins, or what is not the figure, were cut off.
        whole_width: Pixels of what is shown, before it was scaled.
        whole_height: Likewise.
    """

    data: bytes
    mime: str
    width: int
    height: int
    tokens: int
    original_width: int
    original_height: int
    cropped: bool
    whole_width: int
    whole_height: int


def prepare_picture(
    source: bytes | Path,
    *,
    cost: ImageCost,
    tokens: int,
    max_edge: int = 1568,
    max_bytes: int = 1_400_000,
    max_px: int = MAX_PICTURE_PX,
    bbox: BBox | None = None,
    crop: Crop = "figure",
    min_px: int = 0,
) -> PreparedPicture:
    """Decode, crop, scale and encode a picture within all the limits.

    It is always encoded anew, so that positions, names and thumbnails in its metadata stay here.

    Args:
        source: The picture file or its bytes.
        cost: How the model counts.
        tokens: Tokens that it may cost at most.
        max_edge: Pixels at most on its longer side.
        max_bytes: Bytes at most once encoded.
        max_px: Refuse to decode more pixels than this.
        bbox: The figure's box in the picture's pixels.
        crop: ``figure`` cuts to ``bbox`` and cuts off blank margins; ``page`` keeps all of it.
        min_px: Pixels on its longer side that it keeps whatever they cost, where it has so many.

    Raises:
        PictureError: If it cannot be decoded, or is larger than ``max_px``.
    """
    width, height, _ = probe(source)
    # Decoding at a reduced size where the format can (JPEG) saves most of the time on large scans.
    side = None if crop == "figure" and bbox else 2 * max_edge
    frame = open_picture(source, max_px, side=side)
    cropped = False
    if crop == "figure":
        box = _box(frame, bbox, frame.width / max(width, 1)) or _content_box(frame)
        if box is not None:
            frame = frame.crop(box)
            cropped = True
    whole = frame.size
    size = cost.fit(frame.width, frame.height, tokens=tokens, max_edge=max_edge, min_px=max(min_px, 64))
    frame, data, mime = _encoded(frame, size, max_bytes)
    tokens = cost.tokens(frame.width, frame.height)
    return PreparedPicture(data, mime, *frame.size, tokens, width, height, cropped, *whole)


def _box(frame: Frame, bbox: BBox | None, scale: float) -> tuple[int, int, int, int] | None:
    if bbox is None:
        return None
    x0, y0, x1, y1 = (value * scale for value in bbox)
    if not (0 <= x0 < x1 <= frame.width + 1 and 0 <= y0 < y1 <= frame.height + 1):
        return None
    if (x1 - x0) * (y1 - y0) > MAX_KEPT_SHARE * frame.width * frame.height or min(x1 - x0, y1 - y0) < 16:
        return None
    margin = MARGIN_SHARE * max(x1 - x0, y1 - y0)
    return (
        max(int(x0 - margin), 0),
        max(int(y0 - margin), 0),
        min(int(x1 + margin), frame.width),
        min(int(y1 + margin), frame.height),
    )


def _content_box(frame: Frame) -> tuple[int, int, int, int] | None:
    """Find the box without margins of one colour; None when cutting them off saves too little."""
    from PIL import Image, ImageChops

    small = frame.convert("L")
    small.thumbnail((512, 512))
    corners = sorted(
        int(small.getpixel(place))  # type: ignore[arg-type]
        for place in (
            (0, 0),
            (small.width - 1, 0),
            (0, small.height - 1),
            (small.width - 1, small.height - 1),
        )
    )
    if corners[-1] - corners[0] > BLANK_DIFFERENCE:
        return None
    plain = Image.new("L", small.size, corners[1])
    found = (
        ImageChops.difference(small, plain)
        .point(lambda value: 255 if value > 2 * BLANK_DIFFERENCE else 0)
        .getbbox()
    )
    if found is None:
        return None
    scale = frame.width / small.width
    x0, y0, x1, y1 = (value * scale for value in found)
    margin = MARGIN_SHARE * max(frame.width, frame.height)
    x0, y0 = max(x0 - margin, 0), max(y0 - margin, 0)
    x1, y1 = min(x1 + margin, frame.width), min(y1 + margin, frame.height)
    if (x1 - x0) * (y1 - y0) > MAX_KEPT_SHARE * frame.width * frame.height or min(x1 - x0, y1 - y0) < 32:
        return None
    return int(x0), int(y0), int(x1), int(y1)


def _encoded(frame: Frame, size: tuple[int, int], max_bytes: int) -> tuple[Frame, bytes, str]:
    """Encode the picture at ``size``, or smaller until it fits into ``max_bytes``."""
    from PIL import Image

    resized = frame
    while True:
        if resized.size != size:
            resized = frame.resize(size, Image.Resampling.LANCZOS)
        if frame.getcolors(maxcolors=MAX_PNG_COLOURS) is not None:
            data = _save(resized, "PNG", optimize=True)
            if len(data) <= min(max_bytes, MAX_PNG_BYTES):
                return resized, data, "image/png"
        for quality in (87, 75, 60):
            data = _save(resized, "JPEG", quality=quality, optimize=True)
            if len(data) <= max_bytes:
                return resized, data, "image/jpeg"
        if max(size) <= 32:
            return resized, data, "image/jpeg"
        size = max(int(size[0] * 0.8), 1), max(int(size[1] * 0.8), 1)


def _save(frame: Frame, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    frame.convert("RGB").save(buffer, kind, **options)
    return buffer.getvalue()
