"""Program text as it was set: line by line, indented."""

from __future__ import annotations

from collections.abc import Sequence

from . import measures as m
from .lines import Line

_MAX_INDENT = 80
__all__ = ["listing_text"]


def listing_text(lines: Sequence[Line]) -> str:
    """Return lines of fixed-width type with their indentation, in characters of that type."""
    left = min(line.box[0] for line in lines)
    characters = sum(len(line.text) for line in lines)
    width = sum(line.box[2] - line.box[0] for line in lines) / max(1, characters)
    rows: list[str] = []
    base = float("-inf")
    for line in sorted(lines, key=lambda line: (line.base, line.box[0])):
        indent = round((line.box[0] - left) / width) if width > 0 else 0
        if line.base - base < m.BRIDGE_LEADING[0] * line.size and rows:
            rows[-1] = f"{rows[-1].ljust(indent)} {line.text}"
        else:
            rows.append(" " * min(indent, _MAX_INDENT) + line.text)
        base = line.base
    return "\n".join(rows).replace("\u00ad", "-")
