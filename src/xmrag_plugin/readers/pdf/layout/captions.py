"""Captions: "Figure 3: …", "Table 2. …", and which figure or table they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ....text.labels import is_table_label, opening_label
from ....types import BBox
from .blocks import Block
from .boxes import area, cover, gap, overlap, union, width

__all__ = ["CaptionSide", "Captioned", "caption_label"]

_REACH = 48.0


class Captioned(Protocol):
    """What a caption may belong to."""

    box: BBox
    caption: Block | None
    label: str


def caption_label(block: Block) -> str:
    """The label ("Figure 3") of a block that is a caption, "" when it is none.

    A sentence that starts with a figure's name ("Figure 3 shows …") is none.
    """
    label = opening_label(block.text)
    return label.text if label is not None and label.captions else ""


class CaptionSide:
    """Finds what a caption belongs to; learns on which side a document sets its captions."""

    def __init__(self) -> None:
        self._votes = {True: -0.5, False: 0.5}  # by "is a table"; above zero: the thing stands above

    def usual(self, label: str) -> bool:
        """Whether things of this kind stand above their captions in this document."""
        return self._votes[is_table_label(label)] > 0

    def find(
        self, caption: Block, label: str, things: Sequence[Captioned], walls: Sequence[BBox], *, above: bool
    ) -> list[Captioned]:
        """The things that a caption names: the nearest on one side, and its neighbours there.

        Args:
            caption: The caption.
            label: Its label.
            things: Figures and tables that have no caption yet.
            walls: Running text and other captions, which a caption does not reach across.
            above: The side to look on.
        """
        table = is_table_label(label)
        nearest = self._nearest(caption, things, walls, above=above)
        if nearest is None:
            return []
        self._votes[table] = max(-4.0, min(4.0, self._votes[table] + (1 if above else -1)))
        group = [nearest]
        if not table:
            self._gather(caption, group, things, walls, above=above)
        return group

    def beside(self, caption: Block, things: Sequence[Captioned]) -> list[Captioned]:
        """The largest thing next to a caption set in the margin."""
        found = [thing for thing in things if _beside(caption.box, thing.box)]
        return [max(found, key=lambda thing: area(thing.box))] if found else []

    def _nearest(
        self, caption: Block, things: Sequence[Captioned], walls: Sequence[BBox], *, above: bool
    ) -> Captioned | None:
        best, least = None, _REACH
        for thing in things:
            distance = caption.box[1] - thing.box[3] if above else thing.box[1] - caption.box[3]
            if not -8.0 <= distance < least or not _in_line(caption.box, thing.box):
                continue
            if _blocked(caption.box, thing.box, walls):
                continue
            best, least = thing, distance
        return best

    def _gather(
        self,
        caption: Block,
        group: list[Captioned],
        things: Sequence[Captioned],
        walls: Sequence[BBox],
        *,
        above: bool,
    ) -> None:
        """Further panels: beside the nearest one, or beyond it, with nothing but labels between."""
        grown = True
        while grown:
            grown = False
            box = union(thing.box for thing in group)
            column = union((box, caption.box))
            for thing in things:
                if any(thing is member for member in group):
                    continue
                across, down = gap(box, thing.box)
                middle = (thing.box[0] + thing.box[2]) / 2
                if not column[0] - 12 <= middle <= column[2] + 12 or thing.box[2] > column[2] + 0.5 * width(
                    thing.box
                ):
                    continue
                if (across > 70 or down > 36) or (above and thing.box[3] > caption.box[1] + 4):
                    continue
                if not above and thing.box[1] < caption.box[3] - 4:
                    continue
                both = union((box, thing.box))
                if any(overlap(both, wall) > 0.2 * area(wall) for wall in walls if cover(wall, box) < 0.6):
                    continue
                group.append(thing)
                grown = True
                break


def _in_line(caption: BBox, box: BBox) -> bool:
    """Whether one stands above the other."""
    shared = min(caption[2], box[2]) - max(caption[0], box[0])
    return shared > 0.3 * min(width(caption), width(box))


def _beside(caption: BBox, box: BBox) -> bool:
    across, down = gap(caption, box)
    shared = min(caption[3], box[3]) - max(caption[1], box[1])
    return down == 0 and across < 30 and shared > 0.5 * (caption[3] - caption[1])


def _blocked(caption: BBox, box: BBox, walls: Sequence[BBox]) -> bool:
    top, bottom = min(caption[3], box[3]), max(caption[1], box[1])
    if bottom - top < 4:
        return False
    left, right = max(caption[0], box[0]), min(caption[2], box[2])
    between = (left, top, max(right, left + 1), bottom)
    return any(overlap(between, wall) > 0.3 * area(wall) for wall in walls if wall != caption)
