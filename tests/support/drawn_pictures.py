"""Small pictures with something on them."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw


def draw(width: int = 120, height: int = 90, kind: str = "PNG") -> bytes:
    """A picture with something on it."""
    image = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((width // 8, height // 8, width // 2, height // 2), fill="navy")
    pen.line((0, height, width, 0), fill="red", width=3)
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()
