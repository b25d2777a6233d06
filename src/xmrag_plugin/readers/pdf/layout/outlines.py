"""Lettering drawn as outlines: small filled shapes of many forms on one baseline, with no text behind them.

Programs for design turn headings and logos into curves, and some exports whole tables; what they say can be read off
the picture alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ....types import BBox
from . import measures as m
from .boxes import cover, gap, grow, height, overlap, union, width
from .glyphs import Word
from .page_objects import Shape

__all__ = ["Outlined", "outlined_regions", "without_outlines"]


@dataclass(slots=True)
class _Row:
    shapes: list[Shape]
    box: BBox
    letters: int

    @property
    def base(self) -> float:
        """Return where most of its letters end below."""
        return median(shape.box[3] for shape in self.shapes)


@dataclass(slots=True)
class Outlined:
    """Rows of lettering right below one another.

    Attributes:
        box: Around them, with room for what reaches below a line.
        rows: From top to bottom.
    """

    box: BBox
    rows: list[_Row]

    def on_lines(self, read: Sequence[tuple[str, BBox]]) -> list[tuple[str, BBox]]:
        """Return lines that OCR read with the boxes that it would give to letters of their size on their baseline."""
        placed: list[tuple[str, BBox]] = []
        for text, box in read:
            row = max(self.rows, key=lambda row: overlap(row.box, box))
            if overlap(row.box, box) > 0:
                base = row.base
                high = (base - row.box[1]) / m.CAPITAL / m.OCR_BOX_TO_SIZE
                bottom = base + m.DESCENT * high
                box = (box[0], bottom - high, box[2], bottom)
            placed.append((text, box))
        return placed


def outlined_regions(shapes: Sequence[Shape], words: Sequence[Word]) -> list[Outlined]:
    """Return the lettering that is drawn on a page, by regions.

    Args:
        shapes: Of the page.
        words: Its text; where it stands nothing is looked for.
    """
    if sum(shape.curved and shape.fill is not None for shape in shapes) < m.MIN_OUTLINED / 2:
        return []
    marks = [(shape, letters) for shape in shapes if (letters := _letters(shape))]
    if len(marks) > m.MAX_OUTLINED:
        return []
    rows: list[_Row] = []
    for shape, letters in sorted(marks, key=lambda mark: mark[0].box[0]):
        row = next((row for row in reversed(rows) if _goes_on(row.box, shape.box)), None)
        if row is None:
            rows.append(_Row([shape], shape.box, letters))
        else:
            row.shapes.append(shape)
            row.box, row.letters = union((row.box, shape.box)), row.letters + letters
    regions: list[Outlined] = []
    for row in sorted(rows, key=lambda row: row.box[1]):
        if any(overlap(row.box, word.box) > 0 for word in words):
            continue
        high = height(row.box)
        box = grow(row.box, m.OUTLINE_MARGIN * high)
        above = [region for region in regions if max(gap(region.box, box)) < m.OUTLINE_LEADING * high]
        joined = Outlined(
            union((box, *(region.box for region in above))),
            [*(known for region in above for known in region.rows), row],
        )
        regions = [*(region for region in regions if region not in above), joined]
    lettered = [region for region in regions if any(map(_is_lettering, region.rows))]
    letters = sum(row.letters for region in lettered for row in region.rows)
    return lettered if letters >= m.MIN_OUTLINED else []


def without_outlines(shapes: Sequence[Shape], words: Sequence[Word]) -> list[Shape]:
    """Return the shapes that are not the letters of words that were read off them."""
    boxes = [grow(word.box, m.OUTLINE_MARGIN * height(word.box)) for word in words]
    return [
        shape
        for shape in shapes
        if not (_letters(shape) and any(cover(shape.box, box) > m.INSIDE_SHARE for box in boxes))
    ]


def _letters(shape: Shape) -> int:
    """Return how many letters a shape may be: one, a word in one path, or none."""
    wide, high = width(shape.box), height(shape.box)
    if shape.fill is None or not m.OUTLINE_HEIGHT[0] <= high <= m.OUTLINE_HEIGHT[1]:
        return 0
    if wide <= m.LETTER_WIDTH * high:
        return 1
    letters = round(wide / high / m.USUAL_LETTER_WIDTH)
    return letters if shape.segments >= m.LETTER_SEGMENTS * letters else 0


def _goes_on(row: BBox, box: BBox) -> bool:
    level = min(row[3], box[3]) - max(row[1], box[1])
    reach = m.OUTLINE_SPACE * height(row)
    return -reach < box[0] - row[2] < reach and level >= min(height(row), height(box)) / 2


def _is_lettering(row: _Row) -> bool:
    """Return whether shapes in a row stand on one line, with curves, and differ: bullets and points of a chart do not."""
    high, count = height(row.box), len(row.shapes)
    base = row.base
    on_base = sum(
        abs(shape.box[3] - base) < m.OUTLINE_BASE * high  # or a word in one path, which may reach lower
        or width(shape.box) > m.LETTER_WIDTH * height(shape.box)
        for shape in row.shapes
    )
    step = m.OUTLINE_BASE * high
    forms = {(round(width(s.box) / step), round(height(s.box) / step), s.segments) for s in row.shapes}
    return (
        row.letters >= m.MIN_ROW_LETTERS
        and on_base >= m.INSIDE_SHARE * count
        and 2 * sum(shape.curved for shape in row.shapes) >= count
        and len(forms) >= min(3, count)
    )
