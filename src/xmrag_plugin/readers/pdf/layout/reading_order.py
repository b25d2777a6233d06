"""Reading order: recursive cuts along white space (XY-cut), columns kept whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

from ....types import BBox
from . import measures as m

__all__ = ["in_reading_order"]

_MAX_DEPTH = 40
Item = TypeVar("Item")


def in_reading_order(items: Sequence[Item], box: Callable[[Item], BBox]) -> list[Item]:
    """Return items in the order in which a person reads them.

    The area is cut along white space from top to bottom where no column gap runs through; bands that
    share a gap are kept together as columns, each read to its end. After Nagy and Seth, "Hierarchical
    representation of optically scanned documents" (1984).

    Args:
        items: Anything that has a box.
        box: Gives its box.
    """
    pairs = [(box(item), item) for item in items]
    return [item for _, item in _order(pairs, 0)]


def _order(pairs: list[tuple[BBox, Item]], depth: int) -> list[tuple[BBox, Item]]:
    if len(pairs) < 2:
        return pairs
    if depth < _MAX_DEPTH:
        columns = _split(pairs, 0, m.COLUMN_SPACE)
        if len(columns) > 1:
            rows = _labelled_rows(pairs, columns)
            if rows:
                cells = (cell for row in rows for cell in _split(row, 0, m.COLUMN_SPACE))
                return [pair for cell in cells for pair in sorted(cell, key=lambda pair: pair[0][1])]
            return [pair for column in columns for pair in _order(column, depth + 1)]
        bands = _split(pairs, 1, 0.0)
        if len(bands) > 1:
            groups = _group_bands(bands)
            return [pair for group in groups for pair in _order(group, depth + 1)]
    return sorted(pairs, key=lambda pair: (pair[0][1], pair[0][0]))


def _labelled_rows(
    pairs: list[tuple[BBox, Item]], columns: list[list[tuple[BBox, Item]]]
) -> list[list[tuple[BBox, Item]]]:
    """Return the rows of a list whose entries have a narrow label and a few lines each, as a menu has; else nothing.

    Columns of running text go on where a row of such a list has ended, and begin at no common height.
    """
    labels = columns[0]
    if len(labels) < m.MIN_LABELLED or any(
        box[2] - box[0] > m.LABEL_WIDTH or box[3] - box[1] > m.LABEL_HEIGHT for box, _ in labels
    ):
        return []
    edges = [(min(box[1] for box, _ in row), max(box[3] for box, _ in row)) for row in _split(pairs, 1, 0.0)]
    widest = max((below[0] - above[1] for above, below in pairwise(edges)), default=0.0)
    # a card's heading is nearer to its words than the next card is
    rows = _split(pairs, 1, max(m.LABELLED_GAP, widest / 2))
    full = 0
    for row in rows:
        tops = [box[1] for box, _ in row]
        if max(box[3] for box, _ in row) - min(tops) > m.LABELLED_HEIGHT:
            return []
        if len(row) > 1:
            heads = [min(box[1] for box, _ in cell) for cell in _split(row, 0, m.COLUMN_SPACE)]
            full += len(heads) > 1 and max(heads) - min(heads) < m.EDGE
    return rows if full >= m.MIN_LABELLED and full >= m.MOST * len(rows) else []


def _split(pairs: list[tuple[BBox, Item]], axis: int, least: float) -> list[list[tuple[BBox, Item]]]:
    """Return the parts separated by white space of more than ``least`` along an axis (0: columns)."""
    ordered = sorted(pairs, key=lambda pair: pair[0][axis])
    parts: list[list[tuple[BBox, Item]]] = []
    end = float("-inf")
    for pair in ordered:
        start, stop = pair[0][axis], pair[0][axis + 2]
        shrink = m.TOUCHING_SHARE * (stop - start) if axis else 0.0  # lines of a paragraph may touch
        if not parts or start + shrink - end > least:
            parts.append([])
        parts[-1].append(pair)
        end = max(end, stop - shrink)
    return parts


def _group_bands(bands: list[list[tuple[BBox, Item]]]) -> list[list[tuple[BBox, Item]]]:
    """Return neighbouring bands that share a column gap, as one; the others alone."""
    groups: list[list[tuple[BBox, Item]]] = []
    split_open = False
    for band in bands:
        if groups and split_open:
            joined = groups[-1] + band
            if len(_split(joined, 0, m.COLUMN_SPACE)) > 1:
                groups[-1] = joined
                continue
        groups.append(list(band))
        split_open = len(_split(band, 0, m.COLUMN_SPACE)) > 1
    # a one-column band just above columns may fit into one of them
    merged: list[list[tuple[BBox, Item]]] = []
    for group in groups:
        if (
            merged
            and len(_split(group, 0, m.COLUMN_SPACE)) > 1
            and len(_split(merged[-1] + group, 0, m.COLUMN_SPACE)) > 1
        ):
            merged[-1] = merged[-1] + group
        else:
            merged.append(group)
    if len(merged) == 1 and len(bands) > 1 and len(_split(merged[0], 0, m.COLUMN_SPACE)) == 1:
        return bands
    return merged
