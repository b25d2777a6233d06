"""Lettering read off a picture: its lines, their reading order, their boxes in a turned picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TypeVar

from ..types import BBox

__all__ = ["OcrLine", "OcrResult", "in_columns", "in_rows", "level_box", "tilt_of", "turned_back"]

_Line = TypeVar("_Line")


@dataclass(frozen=True, slots=True)
class OcrLine:
    """One line of lettering.

    Attributes:
        text: Its words.
        bbox: Its upright box in pixels of the picture as shown.
        confidence: Between 0 and 1.
    """

    text: str
    bbox: BBox
    confidence: float


@dataclass(frozen=True, slots=True)
class OcrResult:
    """What a picture says.

    Attributes:
        text: The lines in reading order; those of one row joined by spaces, rows by line breaks. The values of a
            chart come again behind them, each with the label of its category.
        lines: The lines in reading order.
    """

    text: str = ""
    lines: list[OcrLine] = field(default_factory=list)


_LONG_LINE, _MIN_TILTED = 2.5, 3  # width to height of a line that tells a tilt; such lines
_STRAIGHT, _ASLANT = math.radians(1.0), math.radians(30.0)  # tilts that part no rows, and those that are none
_MIN_COLUMN_LINES, _COLUMN_CHARACTERS = 5, 16  # of a column of running text: lines, and their median length
_GUTTER = 1.0  # heights of a line between two columns
_SPANNING = 0.6  # of the width, from which a line runs over all columns


def in_columns(lines: Sequence[OcrLine]) -> list[list[OcrLine]]:
    """Return lines column by column where running text stands side by side, as on the two pages of a spread.

    What is short on one side (the amounts of a bill, the cells of a table) belongs to the lines beside it and makes
    no column.

    Args:
        lines: The lines, in any order.

    Returns:
        Groups of lines, each to be read to its end before the next; one group where there are no columns.
    """
    if not lines:
        return []
    left, right = min(line.bbox[0] for line in lines), max(line.bbox[2] for line in lines)
    narrow = [line for line in lines if line.bbox[2] - line.bbox[0] < _SPANNING * (right - left)]
    heights = sorted(line.bbox[3] - line.bbox[1] for line in lines)
    gutter = _GUTTER * heights[len(heights) // 2]
    columns: list[list[OcrLine]] = []
    edge = float("-inf")
    for line in sorted(narrow, key=lambda line: line.bbox[0]):
        if line.bbox[0] - edge > gutter:
            columns.append([])
        columns[-1].append(line)
        edge = max(edge, line.bbox[2])
    if len(columns) < 2 or not all(map(_is_running_text, columns)):
        return [list(lines)]
    top = min(line.bbox[1] for column in columns for line in column)
    spanning = [line for line in lines if all(line is not other for other in narrow)]
    above = [line for line in spanning if line.bbox[1] <= top]
    below = [line for line in spanning if line.bbox[1] > top]
    return [group for group in (above, *columns, below) if group]


def _is_running_text(lines: Sequence[OcrLine]) -> bool:
    lengths = sorted(len(line.text) for line in lines)
    return len(lines) >= _MIN_COLUMN_LINES and lengths[len(lengths) // 2] >= _COLUMN_CHARACTERS


def in_rows(lines: Sequence[_Line], boxes: Sequence[BBox]) -> list[list[_Line]]:
    """Return lines that stand side by side as rows, from top to bottom, and left to right in a row.

    A line joins a row when its middle lies within the height of the row's latest line, and the
    latter's middle within its own.

    Args:
        lines: The lines, in any order.
        boxes: The box of each.
    """
    by_height = sorted(
        range(len(lines)), key=lambda place: (boxes[place][1] + boxes[place][3], boxes[place][0])
    )
    rows: list[list[int]] = []
    for place in by_height:
        if rows and _side_by_side(boxes[rows[-1][-1]], boxes[place]):
            rows[-1].append(place)
        else:
            rows.append([place])
    return [[lines[place] for place in sorted(row, key=lambda place: boxes[place][0])] for row in rows]


def _side_by_side(one: BBox, other: BBox) -> bool:
    middles = (one[1] + one[3]) / 2, (other[1] + other[3]) / 2
    return one[1] <= middles[1] <= one[3] and other[1] <= middles[0] <= other[3]


def tilt_of(boxes: Sequence[Sequence[Sequence[float]]]) -> float:
    """Return the angle in radians by which lines run aslant, downwards to the right; 0 for what lies nearly straight.

    Args:
        boxes: Corners of each line's slanted box, clockwise from the top left.
    """
    angles: list[tuple[float, float]] = []
    for (ax, ay), (bx, by), _, (dx, dy) in boxes:
        long = math.hypot(bx - ax, by - ay)
        if long >= _LONG_LINE * math.hypot(dx - ax, dy - ay):
            angles.append((math.atan2(by - ay, bx - ax), long))
    if len(angles) < _MIN_TILTED:
        return 0.0
    angles.sort()
    half = sum(long for _, long in angles) / 2
    reached = accumulate(long for _, long in angles)  # the median, long lines weighing more
    tilt = next(angle for (angle, _), so_far in zip(angles, reached, strict=True) if so_far >= half)
    return tilt if _STRAIGHT < abs(tilt) < _ASLANT else 0.0


def level_box(corners: Sequence[Sequence[float]], tilt: float) -> BBox:
    """Return the box of a line after the whole picture is turned back by an angle about its top left corner."""
    across, down = math.cos(tilt), math.sin(tilt)
    xs = [float(x * across + y * down) for x, y in corners]
    ys = [float(y * across - x * down) for x, y in corners]
    return (min(xs), min(ys), max(xs), max(ys))


def turned_back(bbox: BBox, turns: int, width: float, height: float) -> BBox:
    """Return a box of a picture turned by quarters anticlockwise, as a box of the picture before.

    Args:
        bbox: In pixels of the turned picture.
        turns: Quarter turns anticlockwise, 0 to 3.
        width: Of the picture before it was turned.
        height: Likewise.
    """
    x0, y0, x1, y1 = bbox
    if turns == 1:
        return (width - y1, x0, width - y0, x1)
    if turns == 2:
        return (width - x1, height - y1, width - x0, height - y0)
    if turns == 3:
        return (y0, height - x1, y1, height - x0)
    return bbox
