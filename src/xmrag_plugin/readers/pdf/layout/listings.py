"""Program text as it was set: line by line, indented."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from . import measures as m
from .lines import Line

_MAX_INDENT = 80
__all__ = ["is_typewriter", "is_typewritten_prose", "listing_text"]


def is_typewriter(lines: Iterable[Line]) -> bool:
    """Return whether nearly all text of some pages is of fixed width, so that this type tells no listing."""
    fixed = every = 0
    for line in lines:
        every += len(line.text)
        fixed += len(line.text) * line.fixed
    return fixed >= m.TYPEWRITTEN_SHARE * every


def is_typewritten_prose(lines: Sequence[Line]) -> bool:
    """Return whether lines of a typewriter's are a paragraph: one edge, full lines, letters, no columns in them."""
    left, right = min(line.box[0] for line in lines), max(line.box[2] for line in lines)
    step = m.TYPEWRITTEN_EDGE * lines[0].size
    text = "".join(line.text for line in lines)
    plain = sum(character.isalpha() or character in " ,.;" for character in text)
    full = sum(right - line.box[2] < m.TYPEWRITTEN_RAGGED * (right - left) for line in lines[:-1])
    return (
        all(line.box[0] - left < step for line in lines[1:])
        and full >= m.MOST * (len(lines) - 1)
        and plain > m.TYPEWRITTEN_LETTERS * len(text)
        and all(
            after.box[0] - before.box[2] < step for line in lines for before, after in pairwise(line.words)
        )
    )


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
