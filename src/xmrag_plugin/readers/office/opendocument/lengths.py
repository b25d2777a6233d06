"""Lengths as OpenDocument writes them, and pictures clipped by them."""

from __future__ import annotations

import re

from ....images.decode import crop_picture, size_in_cm

__all__ = ["clipped", "in_cm"]

_LENGTH = re.compile(r"(-?[\d.]+)\s*(cm|mm|in|pt|px|pc)")
_CM = {"cm": 1.0, "mm": 0.1, "in": 2.54, "pt": 2.54 / 72, "px": 2.54 / 96, "pc": 2.54 / 6}


def in_cm(length: str | None) -> float | None:
    """Return a length such as ``2.5in`` in centimetres, None where it is none."""
    match = _LENGTH.match(length or "")
    return float(match[1]) * _CM[match[2]] if match is not None else None


def clipped(data: bytes, clip: str) -> bytes:
    """Return the shown part of a picture: ``rect(top, right, bottom, left)`` in lengths of its own size."""
    sides = [float(number) * _CM[unit] for number, unit in _LENGTH.findall(clip)]
    size = size_in_cm(data)
    if len(sides) != 4 or size is None:
        return data
    top, right, bottom, left = sides
    return crop_picture(data, left / size[0], top / size[1], right / size[0], bottom / size[1])
