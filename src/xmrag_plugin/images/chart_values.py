"""Values of a chart told by where its lettering stands: each above the label of the axis that it belongs to, or beside it.

A bar or line chart names its categories in an even row along the bottom and writes each value at the end of its bar,
or at its point, in the column of its category. Read row by row such lettering does not say which belongs to which.
Bars that lie have their labels in an even column, and the values wherever they end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..types import BBox
from .lettering import in_rows

__all__ = ["ChartValue", "chart_lines", "chart_values"]

Lettering = tuple[str, BBox]

_VALUE = re.compile(  # a number with its sign, currency and short unit: "−3.4 %", "$1,210", "61 GWh"
    r"[+\-−–]?\s?[$€£¥]?\s?\d[\d.,'\u2009\u202f]*\s?(?:[%‰$€£¥]|[^\W\d_]{1,4})?"
)
_MIN_CATEGORIES = 3
_UNEVEN = 1.3  # of the least step from category to category, that the largest may have
_IN_COLUMN = 0.3  # of a step, from the middle of a category to that of its only value
_IN_GROUP = 0.5  # of a step, from there to the bars that stand side by side in it
_ALIGNED = 0.12  # of a step, by which the bars of a series stand elsewhere in their groups
_FILLED = 0.7  # share of the categories that must have one value each
_MAX_SERIES = 6
_COLUMN = 2.0  # heights of lettering, within which the middles of a column of a table lie
_TICKS = 3  # numbers in one column at even distances are the scale of the other axis


@dataclass(frozen=True, slots=True)
class ChartValue:
    """A number that a chart writes at a bar or a point.

    Attributes:
        category: The label of the axis below it.
        value: As written.
        series: The legend's word for its bars; empty in a chart of one series.
    """

    category: str
    value: str
    series: str = ""


def chart_lines(lettering: Sequence[Lettering]) -> list[str]:
    """Return what :func:`chart_values` finds as lines of a label and its value, as forms have them."""
    return [
        f"{', '.join(filter(None, (found.category, found.series)))}: {found.value}"
        for found in chart_values(lettering)
    ]


def chart_values(lettering: Sequence[Lettering]) -> list[ChartValue]:
    """Return the values of a chart along its axis; none where it is not clear what each belongs to.

    Of several series only bars that stand side by side are told, by a legend that names as many, in its order.

    Args:
        lettering: Pieces of lettering with their boxes, from the top left, in any unit.
    """
    pieces = [part for piece in lettering for part in _parts(piece)]
    ticks = _scale([piece for piece in pieces if _VALUE.fullmatch(piece[0])])
    pieces = [piece for piece in pieces if piece[1] not in ticks]
    rows = in_rows(pieces, [box for _, box in pieces])
    for place in range(len(rows) - 1, 0, -1):
        axis = [piece for piece in rows[place] if re.search(r"\w", piece[0])]
        if not _is_axis(axis):
            continue
        numbers = [piece for row in rows[:place] for piece in row if _VALUE.fullmatch(piece[0])]
        found = _single(axis, numbers) or _grouped(axis, numbers, rows[:place] + rows[place + 1 :])
        if found:
            return found
    return _lying(rows)


def _parts(piece: Lettering) -> list[Lettering]:
    """Return a piece that holds several numbers as one piece a number: recognisers join what stands close."""
    text, (x0, y0, x1, y1) = piece
    words = text.split()
    if len(words) < 2 or not all(map(_VALUE.fullmatch, words)):
        return [piece]
    step = (x1 - x0) / max(1, len(text))
    parts: list[Lettering] = []
    at = 0
    for word in words:
        at = text.index(word, at)
        parts.append((word, (x0 + at * step, y0, x0 + (at + len(word)) * step, y1)))
        at += len(word)
    return parts


def _middle(box: BBox) -> float:
    return (box[0] + box[2]) / 2


def _is_even(places: Iterable[float]) -> bool:
    steps = [after - before for before, after in pairwise(places)]
    return min(steps) > 0 and max(steps) <= _UNEVEN * min(steps)


def _is_axis(row: Sequence[Lettering]) -> bool:
    """Return whether a row of labels stands evenly and no two are alike."""
    return (
        len(row) >= _MIN_CATEGORIES
        and len({text for text, _ in row}) == len(row)
        and _is_even(_middle(box) for _, box in row)
    )


def _step(axis: Sequence[Lettering]) -> float:
    return (_middle(axis[-1][1]) - _middle(axis[0][1])) / (len(axis) - 1)


def _near(numbers: Sequence[Lettering], place: BBox, reach: float) -> list[Lettering]:
    """Return the numbers in the column of a category, from left to right."""
    own = [piece for piece in numbers if abs(_middle(piece[1]) - _middle(place)) <= reach]
    return sorted(own, key=lambda piece: piece[1][0])


def _single(axis: Sequence[Lettering], numbers: Sequence[Lettering]) -> list[ChartValue]:
    """Return the one value above each category; none where most have none, or several."""
    found: list[tuple[str, Lettering]] = []
    for label, place in axis:
        own = _near(numbers, place, _IN_COLUMN * _step(axis))
        if len(own) == 1 and len(_near(numbers, place, _IN_GROUP * _step(axis))) == 1:
            found.append((label, own[0]))
    if len(found) < max(_MIN_CATEGORIES, _FILLED * len(axis)):
        return []
    if len(in_rows(found, [box for _, (_, box) in found])) == 1:  # a row of a table, and its head
        return []
    return [ChartValue(label, value) for label, (value, _) in found]


def _lying(rows: Sequence[Sequence[Lettering]]) -> list[ChartValue]:
    """Return the values of bars that lie: beside labels of one edge, and not in a column as the figures of a table are."""
    pairs = [
        (row[0], row[1])
        for row in rows
        if len(row) == 2 and not _VALUE.fullmatch(row[0][0]) and _VALUE.fullmatch(row[1][0])
    ]
    if len(pairs) < _MIN_CATEGORIES or len({label for (label, _), _ in pairs}) < len(pairs):
        return []
    high = max(box[3] - box[1] for (_, box), _ in pairs)
    edges = [_spread([box[side] for (_, box), _ in pairs]) for side in (0, 2)]
    ends = _spread([_middle(box) for _, (_, box) in pairs])
    if (
        min(edges) > high / 2
        or ends < _COLUMN * high
        or not _is_even(box[1] + box[3] for (_, box), _ in pairs)
    ):
        return []
    return [ChartValue(label, value) for (label, _), (value, _) in pairs]


def _spread(values: Sequence[float]) -> float:
    return max(values) - min(values)


def _grouped(
    axis: Sequence[Lettering], numbers: Sequence[Lettering], others: Sequence[Sequence[Lettering]]
) -> list[ChartValue]:
    """Return the values of bars that stand side by side above each category, by the names of a legend."""
    step = _step(axis)
    groups = [_near(numbers, place, _IN_GROUP * step) for _, place in axis]
    count = len(groups[0])
    if not 2 <= count <= _MAX_SERIES or any(len(group) != count for group in groups):
        return []
    offsets = [
        [(_middle(box) - _middle(place)) / step for _, box in group]
        for group, (_, place) in zip(groups, axis, strict=True)
    ]
    aligned = all(max(series) - min(series) <= _ALIGNED for series in zip(*offsets, strict=True))
    apart = all(right - left > _ALIGNED for left, right in pairwise(offsets[0]))
    words = [[piece for piece in row if not _VALUE.fullmatch(piece[0])] for row in others]
    legends = [row for row in [*words, *_lists(words)] if len(row) == count]
    if not aligned or not apart or len(legends) != 1:
        return []
    return [
        ChartValue(label, value, name)
        for (label, _), group in zip(axis, groups, strict=True)
        for (value, _), (name, _) in zip(group, legends[0], strict=True)
    ]


def _lists(rows: Sequence[Sequence[Lettering]]) -> list[list[Lettering]]:
    """Return the pieces that stand close below one another from one left edge: the names of a legend beside a chart."""
    lists: list[list[Lettering]] = []
    for piece in (piece for row in rows for piece in row):
        left, top, _, bottom = piece[1]
        for held in lists:
            last = held[-1][1]
            if abs(last[0] - left) < (bottom - top) / 2 and 0 < top - last[3] < bottom - top:
                held.append(piece)
                break
        else:
            lists.append([piece])
    return [held for held in lists if len(held) > 1]


def _scale(numbers: Sequence[Lettering]) -> set[BBox]:
    """Return the boxes of the numbers along the other axis, which stand in one column at even distances."""
    ticks: set[BBox] = set()
    for side in (0, 2):
        columns: list[list[Lettering]] = []
        for piece in sorted(numbers, key=lambda piece: piece[1][side]):
            high = piece[1][3] - piece[1][1]
            if columns and piece[1][side] - columns[-1][-1][1][side] <= high / 2:
                columns[-1].append(piece)
            else:
                columns.append([piece])
        for column in columns:
            ordered = sorted(column, key=lambda piece: piece[1][1])
            if len(ordered) >= _TICKS and _is_even(box[1] for _, box in ordered):
                ticks |= {box for _, box in ordered}
    return ticks
