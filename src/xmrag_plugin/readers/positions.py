"""Reading by position: the order of boxes on a slide, and which words are whose caption."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from ..types import BBox

__all__ = ["assign_captions", "reading_order"]

_MAX_DEPTH = 60
_MIN_TABLE_ROWS = 3
_OVERLAP = 0.05  # of a box's side: boxes that overlap by less are parted all the same
_EVEN = 0.2  # of a box's height: rows of a table of boxes are that even


def reading_order(boxes: Sequence[BBox]) -> list[int]:
    """Return the places of boxes in reading order: cut at the widest gap, columns before rows where it is a gutter.

    This is the recursive X-Y cut of Nagy and Seth (1984); what stands alone above or left of the rest is read first.
    """
    shrunk = []
    for x0, y0, x1, y1 in boxes:
        x, y = _OVERLAP * (x1 - x0), _OVERLAP * (y1 - y0)
        shrunk.append((x0 + x, y0 + y, x1 - x, y1 - y))
    return _cut(shrunk, list(range(len(boxes))), 0)


def _cut(boxes: list[BBox], places: list[int], depth: int) -> list[int]:
    if len(places) < 2 or depth > _MAX_DEPTH:
        return sorted(places, key=lambda place: (boxes[place][1], boxes[place][0]))
    rows, columns = _groups(boxes, places, 1), _groups(boxes, places, 0)
    if len(rows) > 1 and len(rows[0]) == 1 and len(columns) < 2:
        return [*rows[0], *_cut(boxes, [place for row in rows[1:] for place in row], depth + 1)]
    across, down = _widest(boxes, columns, 0), _widest(boxes, rows, 1)
    if len(columns) < 2 and len(rows) < 2:
        return sorted(places, key=lambda place: (boxes[place][1], boxes[place][0]))
    if _is_table(boxes, rows, columns):
        return [place for row in rows for place in _cut(boxes, row, depth + 1)]
    by_columns = len(columns) > 1 and (across[0] >= down[0] or len(rows) < 2)
    groups, at = (columns, across[1]) if by_columns else (rows, down[1])
    first = [place for group in groups[:at] for place in group]
    last = [place for group in groups[at:] for place in group]
    return [*_cut(boxes, first, depth + 1), *_cut(boxes, last, depth + 1)]


def _groups(boxes: list[BBox], places: list[int], axis: int) -> list[list[int]]:
    """Return boxes that overlap on an axis (0: x, 1: y) together, in its order."""
    groups: list[list[int]] = []
    end = float("-inf")
    for place in sorted(places, key=lambda place: boxes[place][axis]):
        if not groups or boxes[place][axis] >= end:
            groups.append([])
        groups[-1].append(place)
        end = max(end, boxes[place][axis + 2])
    return groups


def _widest(boxes: list[BBox], groups: list[list[int]], axis: int) -> tuple[float, int]:
    """Return the widest gap between neighbouring groups, and the number of the group after it."""
    gaps = [
        (min(boxes[p][axis] for p in after) - max(boxes[p][axis + 2] for p in before), number)
        for number, (before, after) in enumerate(pairwise(groups), 1)
    ]
    return max(gaps, key=lambda gap: (gap[0], -gap[1]), default=(float("-inf"), 1))


def _is_table(boxes: list[BBox], rows: list[list[int]], columns: list[list[int]]) -> bool:
    """Return whether boxes of one height stand in rows and columns: times beside topics are read row by row."""
    if len(rows) < _MIN_TABLE_ROWS or any(len(row) != len(columns) for row in rows):
        return False
    heights = [boxes[place][3] - boxes[place][1] for row in rows for place in row]
    return max(heights) - min(heights) <= _EVEN * max(heights)


def assign_captions(
    pictures: Sequence[BBox],
    texts: Sequence[BBox],
    *,
    reach: float,
    preferred: Callable[[int], bool] = lambda text: False,
) -> dict[int, int]:
    """Match pictures with the words that stand next to them, on all four sides, each once.

    The nearest pairs are matched first; words that say themselves that they are a caption come before others, and at
    equal distance those below a picture before those above or beside it.

    Args:
        pictures: Their boxes.
        texts: The boxes of words that may be captions.
        reach: The greatest distance between the two.
        preferred: Whether the words at a place open with a label.

    Returns:
        The place of the words by the place of the picture.
    """
    pairs = []
    for one, picture in enumerate(pictures):
        for other, text in enumerate(texts):
            distance, side = _distance(picture, text)
            if distance <= reach:
                pairs.append((not preferred(other), round(distance / (reach or 1), 2), side, one, other))
    found: dict[int, int] = {}
    for _, _, _, one, other in sorted(pairs):
        if one not in found and other not in found.values():
            found[one] = other
    return found


def _distance(picture: BBox, text: BBox) -> tuple[float, int]:
    """Return the gap between two boxes that stand above, below or beside each other, and the side (0: below)."""
    x = min(picture[2], text[2]) - max(picture[0], text[0])
    y = min(picture[3], text[3]) - max(picture[1], text[1])
    if x >= 0.5 * min(picture[2] - picture[0], text[2] - text[0]):
        return (max(0.0, -y), 0 if text[1] + text[3] > picture[1] + picture[3] else 1)
    if y >= 0.5 * min(picture[3] - picture[1], text[3] - text[1]):
        return (max(0.0, -x), 2)
    return (float("inf"), 3)
