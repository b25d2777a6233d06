"""Whether shapes among text draw a chart rather than rule or shade a table."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from ....types import BBox
from . import measures as m
from .boxes import cover, height, width
from .page_objects import Shape
from .ruling_lines import Drawing

__all__ = ["has_bars", "shows_picture", "unshaded"]


def shows_picture(box: BBox, drawing: Drawing) -> bool:
    """Return whether there are curves, slanted lines or bars within a box.

    Args:
        box: Of a group of text rows.
        drawing: The page's shapes.
    """
    art = [shape for shape in drawing.art if cover(shape.box, box) > m.SWALLOWED]
    if any(min(width(shape.box), height(shape.box)) > m.MIN_ART for shape in art):
        return True
    if (
        sum(max(width(shape.box), height(shape.box)) > m.MIN_MARK for shape in art) >= m.FEW_ART
        and len(art) < m.MANY_ART
    ):
        return True
    return has_bars([shape for shape in drawing.fills if cover(shape.box, box) > m.SWALLOWED])


def has_bars(fills: Sequence[Shape]) -> bool:
    """Return whether filled rectangles are bars: equally thick from a common edge, but of different lengths.

    Stacked bars are told from shaded cells by their inner edges, which do not line up from row to row.
    """
    boxes = [shape.box for shape in unshaded(fills) if min(width(shape.box), height(shape.box)) > m.BAR_THICK]
    return any(_of_one_edge(boxes, axis) >= m.MIN_PARTS or _stacked(boxes, axis) for axis in (0, 1))


def unshaded(fills: Sequence[Shape]) -> list[Shape]:
    """Return fills without those that only shade rows: pale ones, and ones of one colour from side to side."""
    dark = [shape for shape in fills if shape.fill is not None and min(shape.fill[:3]) < m.PALE]
    if not dark:
        return []
    left, right = min(shape.box[0] for shape in fills), max(shape.box[2] for shape in fills)
    rows: dict[tuple[int, int], list[Shape]] = {}
    for shape in dark:
        rows.setdefault((round(shape.box[1] / m.SHADE_ROW), round(shape.box[3] / m.SHADE_ROW)), []).append(
            shape
        )
    kept: list[Shape] = []
    for row in rows.values():
        across = sum(width(shape.box) for shape in row)
        if (
            len({shape.fill for shape in row}) == 1
            and across > m.SHADED_WIDTH * (right - left)
            and len(row) != 1
        ):
            continue
        kept += row
    return kept


def _of_one_edge(boxes: Sequence[BBox], axis: int) -> int:
    """Return the bars that start (or, upright, stand) at the edge of another one and are longer or shorter than it."""
    other = 1 - axis
    groups: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for box in boxes:
        edge = box[0] if axis == 0 else box[3]
        place = (round((box[other + 2] - box[other]) / m.BAR_UNIT), round(edge / m.BAR_UNIT))
        groups.setdefault(place, set()).add(
            (round((box[axis + 2] - box[axis]) / m.BAR_LENGTH), round(box[other]))
        )
    return sum(
        len(group)
        for group in groups.values()
        if len({length for length, _ in group}) > 1 and len({place for _, place in group}) > 1
    )


def _stacked(boxes: Sequence[BBox], axis: int) -> bool:
    other = 1 - axis
    rows: dict[tuple[int, int], list[BBox]] = {}
    for box in boxes:
        rows.setdefault((round(box[other] / m.SHADE_ROW), round(box[other + 2] / m.SHADE_ROW)), []).append(
            box
        )
    edges: list[float] = []
    count = 0
    for row in rows.values():
        row.sort(key=lambda box: box[axis])
        inner = [
            two[axis] for one, two in itertools.pairwise(row) if abs(two[axis] - one[axis + 2]) < m.BAR_GAP
        ]
        if inner:
            count += 1
            edges += inner
    if count < 2:
        return False
    shared = sum(sum(abs(edge - value) < m.BAR_EDGE for value in edges) > 1 for edge in edges)
    return shared < m.SHARED_EDGES * len(edges)
