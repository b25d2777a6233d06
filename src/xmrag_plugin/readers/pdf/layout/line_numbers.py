"""Numbers of lines in the margin, as manuscripts and court papers have them: they are no part of the sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from . import measures as m
from .glyphs import Word

__all__ = ["without_line_numbers"]

_NUMBER = re.compile(r"\d{1,4}")
_STEPS = (1, 2, 5, 10)


def without_line_numbers(words: Sequence[Word]) -> list[Word]:
    """Return the words of a page without the numbers of its lines.

    Such numbers stand in one column left of all text and count up evenly; and the rows beside them are running text,
    whose sentences go on from row to row: numbered lists, tables and listings of programs keep theirs.

    Args:
        words: Upright words.
    """
    numbers = [word for word in words if _NUMBER.fullmatch(word.text)]
    if len(numbers) < m.MIN_NUMBERED_LINES:
        return list(words)
    edge = min(word.box[0] for word in words)
    column = [word for word in numbers if word.box[0] < edge + m.NUMBER_MARGIN]
    right = max((word.box[2] for word in column), default=0.0)
    column = sorted(
        (word for word in column if right - word.box[2] < m.NUMBER_ALIGNED), key=lambda word: word.base
    )
    marked = {id(word) for word in column}
    rest = [word for word in words if id(word) not in marked]
    if (
        len(column) < m.MIN_NUMBERED_LINES
        or not rest
        or min(word.box[0] for word in rest) < right + m.NUMBER_ALIGNED
    ):
        return list(words)
    steps = {int(below.text) - int(above.text) for above, below in pairwise(column)}
    if len(steps) != 1 or not steps <= set(_STEPS):
        return list(words)
    return rest if _is_running(rest) else list(words)


def _is_running(words: Sequence[Word]) -> bool:
    """Return whether rows are sentences that go on from one row to the next."""
    rows: dict[int, list[Word]] = {}
    for word in words:
        rows.setdefault(round(word.base / (0.5 * m.EM)), []).append(word)
    lines = [
        " ".join(word.text for word in sorted(rows[at], key=lambda word: word.box[0])) for at in sorted(rows)
    ]
    long = [line for line in lines if len(line) >= m.MIN_NUMBERED_ROW]
    running = sum(above[-1] not in ".!?:;" and below[0].islower() for above, below in pairwise(long))
    return len(long) >= m.MIN_NUMBERED_LINES and running >= m.RUNNING_ON_SHARE * len(long)
