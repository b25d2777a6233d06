"""Boxes on a page, ``(x0, y0, x1, y1)`` from its top left, and the frame that maps PDF user space to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from ....types import BBox

__all__ = [
    "Frame",
    "Strips",
    "area",
    "contains",
    "cover",
    "gap",
    "grow",
    "height",
    "overlap",
    "union",
    "width",
]

Item = TypeVar("Item")


def width(box: BBox) -> float:
    """Return the horizontal extent."""
    return box[2] - box[0]


def height(box: BBox) -> float:
    """Return the vertical extent."""
    return box[3] - box[1]


def area(box: BBox) -> float:
    """Return the area; 0 for an empty box."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def union(boxes: Iterable[BBox]) -> BBox:
    """Return the smallest box around all (at least one)."""
    others = iter(boxes)
    x0, y0, x1, y1 = next(others)
    for left, top, right, bottom in others:  # comparisons take a third of the time of min and max
        if left < x0:
            x0 = left
        if top < y0:
            y0 = top
        if right > x1:
            x1 = right
        if bottom > y1:
            y1 = bottom
    return (x0, y0, x1, y1)


def overlap(one: BBox, other: BBox) -> float:
    """Return the area that both cover."""
    ax0, ay0, ax1, ay1 = one
    bx0, by0, bx1, by1 = other
    if ax1 <= bx0 or bx1 <= ax0 or ay1 <= by0 or by1 <= ay0:  # most pairs that are asked for
        return 0.0
    wide = min(ax1, bx1) - max(ax0, bx0)
    high = min(ay1, by1) - max(ay0, by0)
    return wide * high if wide > 0 and high > 0 else 0.0


def cover(inner: BBox, outer: BBox) -> float:
    """Return the share of ``inner`` that ``outer`` covers, 0–1; thin boxes count by their centre line."""
    x0, y0, x1, y1 = inner
    if x1 - x0 < 0.1:
        x0, x1 = x0 - 0.05, x0 + 0.05
    if y1 - y0 < 0.1:
        y0, y1 = y0 - 0.05, y0 + 0.05
    return overlap((x0, y0, x1, y1), outer) / ((x1 - x0) * (y1 - y0))


def contains(outer: BBox, inner: BBox, slack: float = 0.0) -> bool:
    """Return whether ``inner`` lies within ``outer``, up to ``slack``."""
    return (
        inner[0] >= outer[0] - slack
        and inner[1] >= outer[1] - slack
        and inner[2] <= outer[2] + slack
        and inner[3] <= outer[3] + slack
    )


def gap(one: BBox, other: BBox) -> tuple[float, float]:
    """Return the horizontal and vertical distance between two boxes; 0 where they overlap."""
    return (max(0.0, one[0] - other[2], other[0] - one[2]), max(0.0, one[1] - other[3], other[1] - one[3]))


def grow(box: BBox, by: float) -> BBox:
    """Return the box with a margin on each side."""
    return (box[0] - by, box[1] - by, box[2] + by, box[3] + by)


class Strips(Generic[Item]):
    """Things on a page by the level strips that they reach into, so that few are asked about a place.

    Args:
        items: The things, each with its box.
        strip: Height of a strip.
    """

    def __init__(self, items: Iterable[tuple[BBox, Item]], strip: float) -> None:
        self._strip = strip
        self._items: dict[int, list[Item]] = {}
        for box, item in items:
            for level in range(int(box[1] // strip), int(box[3] // strip) + 1):
                self._items.setdefault(level, []).append(item)

    def at(self, y: float) -> list[Item]:
        """Return the things in the strip of a height."""
        return self._items.get(int(y // self._strip), [])


@dataclass(frozen=True, slots=True)
class Frame:
    """The page as it is shown: maps PDF user space to layout units from the top left.

    Attributes:
        left: Left edge of the visible box in user space.
        bottom: Its bottom edge.
        right: Its right edge.
        top: Its top edge.
        turns: Quarter turns clockwise that the page is shown with (``/Rotate`` over 90).
        unit: Points in a layout unit (see :data:`~.measures.EM`).
    """

    left: float
    bottom: float
    right: float
    top: float
    turns: int = 0
    unit: float = 1.0

    @property
    def width(self) -> float:
        """Return the width as shown, in layout units."""
        return (self.top - self.bottom if self.turns % 2 else self.right - self.left) / self.unit

    @property
    def height(self) -> float:
        """Return the height as shown, in layout units."""
        return (self.right - self.left if self.turns % 2 else self.top - self.bottom) / self.unit

    @property
    def box(self) -> BBox:
        """Return the box of the whole page as shown."""
        return (0.0, 0.0, self.width, self.height)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return a point of user space as shown."""
        if self.turns == 0:
            return ((x - self.left) / self.unit, (self.top - y) / self.unit)
        if self.turns == 1:
            x, y = y - self.bottom, x - self.left
        elif self.turns == 2:
            x, y = self.right - x, y - self.bottom
        else:
            x, y = self.top - y, self.right - x
        return (x / self.unit, y / self.unit)

    def rect(self, left: float, bottom: float, right: float, top: float) -> BBox:
        """Return a rectangle of user space as shown."""
        ax, ay = self.point(left, bottom)
        bx, by = self.point(right, top)
        if ax <= bx and by <= ay:  # as on every page that is not turned
            return (ax, by, bx, ay)
        return (min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))

    def turned(self, turns: int) -> Frame:
        """Return the frame of the page shown with further quarter turns clockwise."""
        return replace(self, turns=(self.turns + turns) % 4)

    def scaled(self, unit: float) -> Frame:
        """Return the frame with so many points in a layout unit."""
        return replace(self, unit=unit)

    def in_points(self, box: BBox) -> BBox:
        """Return a box of this frame in points from the top left."""
        return (box[0] * self.unit, box[1] * self.unit, box[2] * self.unit, box[3] * self.unit)

    def turn_back(self, box: BBox, turns: int) -> BBox:
        """Return a box of ``self.turned(turns)`` as a box of this frame."""
        wide, high = self.width, self.height
        x0, y0, x1, y1 = box
        if turns == 1:
            return (y0, high - x1, y1, high - x0)
        if turns == 2:
            return (wide - x1, high - y1, wide - x0, high - y0)
        if turns == 3:
            return (wide - y1, x0, wide - y0, x1)
        return box
