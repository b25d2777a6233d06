"""Boxes on a page: ``(x0, y0, x1, y1)``, origin at the top left, PDF points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ....types import BBox

__all__ = ["Frame", "area", "contains", "cover", "gap", "grow", "height", "overlap", "union", "width"]


def width(box: BBox) -> float:
    """Horizontal extent."""
    return box[2] - box[0]


def height(box: BBox) -> float:
    """Vertical extent."""
    return box[3] - box[1]


def area(box: BBox) -> float:
    """Area; 0 for an empty box."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def union(boxes: Iterable[BBox]) -> BBox:
    """The smallest box around all (at least one)."""
    first, *rest = boxes
    x0, y0, x1, y1 = first
    for box in rest:
        x0, y0, x1, y1 = min(x0, box[0]), min(y0, box[1]), max(x1, box[2]), max(y1, box[3])
    return (x0, y0, x1, y1)


def overlap(one: BBox, other: BBox) -> float:
    """Area that both cover."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    return wide * high if wide > 0 and high > 0 else 0.0


def cover(inner: BBox, outer: BBox) -> float:
    """Share of ``inner`` that ``outer`` covers, 0–1; thin boxes count by their centre line."""
    x0, y0, x1, y1 = inner
    if x1 - x0 < 0.1:
        x0, x1 = x0 - 0.05, x0 + 0.05
    if y1 - y0 < 0.1:
        y0, y1 = y0 - 0.05, y0 + 0.05
    return overlap((x0, y0, x1, y1), outer) / ((x1 - x0) * (y1 - y0))


def contains(outer: BBox, inner: BBox, slack: float = 0.0) -> bool:
    """Whether ``inner`` lies within ``outer``, up to ``slack`` points."""
    return (
        inner[0] >= outer[0] - slack
        and inner[1] >= outer[1] - slack
        and inner[2] <= outer[2] + slack
        and inner[3] <= outer[3] + slack
    )


def gap(one: BBox, other: BBox) -> tuple[float, float]:
    """Horizontal and vertical distance between two boxes; 0 where they overlap."""
    return (
        max(0.0, one[0] - other[2], other[0] - one[2]),
        max(0.0, one[1] - other[3], other[1] - one[3]),
    )


def grow(box: BBox, by: float) -> BBox:
    """The box with a margin on each side."""
    return (box[0] - by, box[1] - by, box[2] + by, box[3] + by)


@dataclass(frozen=True, slots=True)
class Frame:
    """The page as it is shown: maps PDF user space to points from the top left.

    Attributes:
        left: Left edge of the visible box in user space.
        bottom: Its bottom edge.
        right: Its right edge.
        top: Its top edge.
        turns: Quarter turns clockwise that the page is shown with (``/Rotate`` over 90).
    """

    left: float
    bottom: float
    right: float
    top: float
    turns: int = 0

    @property
    def width(self) -> float:
        """Width as shown."""
        return self.top - self.bottom if self.turns % 2 else self.right - self.left

    @property
    def height(self) -> float:
        """Height as shown."""
        return self.right - self.left if self.turns % 2 else self.top - self.bottom

    @property
    def box(self) -> BBox:
        """The whole page as shown."""
        return (0.0, 0.0, self.width, self.height)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """A point of user space as shown."""
        if self.turns == 0:
            return (x - self.left, self.top - y)
        if self.turns == 1:
            return (y - self.bottom, x - self.left)
        if self.turns == 2:
            return (self.right - x, y - self.bottom)
        return (self.top - y, self.right - x)

    def rect(self, left: float, bottom: float, right: float, top: float) -> BBox:
        """A rectangle of user space as shown."""
        ax, ay = self.point(left, bottom)
        bx, by = self.point(right, top)
        return (min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))

    def turned(self, turns: int) -> Frame:
        """The frame of a page shown with further quarter turns clockwise."""
        return Frame(self.left, self.bottom, self.right, self.top, (self.turns + turns) % 4)

    def turn_back(self, box: BBox, turns: int) -> BBox:
        """A box of ``self.turned(turns)`` in the points of this frame."""
        wide, high = self.width, self.height
        x0, y0, x1, y1 = box
        if turns == 1:
            return (y0, high - x1, y1, high - x0)
        if turns == 2:
            return (wide - x1, high - y1, wide - x0, high - y0)
        if turns == 3:
            return (wide - y1, x0, wide - y0, x1)
        return box
