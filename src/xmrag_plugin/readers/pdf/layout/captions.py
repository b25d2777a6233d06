"""Captions with a label ("Figure 3: …"), and which figure or table each belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ....text.labels import is_table_label, opening_label
from ....types import BBox
from . import measures as m
from .assignment import assign
from .blocks import Block
from .boxes import area, cover, gap, height, overlap, union, width

__all__ = ["CaptionSide", "Captioned", "caption_label"]


class Captioned(Protocol):
    """What a caption may belong to."""

    box: BBox
    caption: Block | None
    label: str


def caption_label(block: Block) -> str:
    """Return the label ("Figure 3") of a block that is a caption, "" when it is none.

    A sentence that starts with a figure's name ("Figure 3 shows …") is none.
    """
    label = opening_label(block.text)
    return label.text if label is not None and label.captions else ""


class CaptionSide:
    """Find what captions belong to, and learn on which side a document sets them."""

    def __init__(self) -> None:
        self._votes = {True: -0.5, False: 0.5}  # by "is a table"; above zero: the thing stands above

    def match(
        self,
        captions: Sequence[tuple[Block, str]],
        figures: Sequence[Captioned],
        tables: Sequence[Captioned],
        walls: Sequence[BBox],
    ) -> list[tuple[Block, str, list[Captioned]]]:
        """Return the captions of a page with what each names: one thing, or the panels of one figure.

        All captions of the page are given their things at once, so that the distances come to the least in sum;
        the side on which the document sets its captions tells where two ways are about as good.

        Args:
            captions: Captions with their labels.
            figures: Figures of the page.
            tables: Its tables.
            walls: Running text and captions, which a caption does not reach across.
        """
        things = [*figures, *tables]
        costs: dict[tuple[int, int], float] = {}
        for row, (caption, label) in enumerate(captions):
            for column, thing in enumerate(things):
                cost = self._cost(caption, thing, walls, table=is_table_label(label))
                if cost is not None:
                    kin = is_table_label(label) == (column >= len(figures))
                    costs[row, column] = cost + (0.0 if kin else m.KIN_COST)
        pairs = assign(costs, m.CAPTION_REACH + m.HABIT_COST + m.KIN_COST)
        named = {id(things[column]) for column in pairs.values()}
        found: list[tuple[Block, str, list[Captioned]]] = []
        for row, column in pairs.items():
            (caption, label), thing = captions[row], things[column]
            table, above = is_table_label(label), _stands_above(thing.box, caption.box)
            if above is not None:
                vote = self._votes[table] + (1 if above else -1)
                self._votes[table] = max(-m.MAX_VOTES, min(m.MAX_VOTES, vote))
            group = [thing]
            if not table and column < len(figures) and above is not None:
                free = [other for other in figures if id(other) not in named]
                _gather(caption, group, free, walls, above=above)
                named |= {id(other) for other in group}
            found.append((caption, label, group))
        return found

    def _cost(self, caption: Block, thing: Captioned, walls: Sequence[BBox], *, table: bool) -> float | None:
        """Return the distance of a caption from a figure or table, with its penalties; None when it does not reach it."""
        box = thing.box
        above = _stands_above(box, caption.box)
        if above is None:
            across, down = gap(caption.box, box)
            level = min(caption.box[3], box[3]) - max(caption.box[1], box[1])
            if down > 0 or across > m.CAPTION_REACH_BESIDE or level < m.CAPTION_SHARED * height(caption.box):
                return None
            distance, aside = across, m.HABIT_COST
        else:
            distance = caption.box[1] - box[3] if above else box[1] - caption.box[3]
            shared = min(caption.box[2], box[2]) - max(caption.box[0], box[0])
            if not -m.CAPTION_OVERLAP <= distance < m.CAPTION_REACH:
                return None
            if shared <= m.CAPTION_SHARED * min(width(caption.box), width(box)):
                return None
            aside = 0.0 if above == (self._votes[table] > 0) else m.HABIT_COST
        if _blocked(caption.box, box, walls):
            return None
        middle = abs(caption.box[0] + caption.box[2] - box[0] - box[2]) / 2
        edge = abs(caption.box[0] - box[0])
        return max(0.0, distance) + aside + m.ALIGNED_COST * min(middle, edge)


def _stands_above(box: BBox, caption: BBox) -> bool | None:
    """Return whether a thing stands above a caption (True), below it (False), or beside it (None)."""
    if box[3] - m.CAPTION_OVERLAP <= caption[1]:
        return True
    return False if box[1] + m.CAPTION_OVERLAP >= caption[3] else None


def _gather(
    caption: Block, group: list[Captioned], things: Sequence[Captioned], walls: Sequence[BBox], *, above: bool
) -> None:
    """Add further panels: beside the nearest one, or beyond it, with nothing but labels between."""
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
            in_row = any(_in_row(thing.box, member.box) for member in group)
            if not in_row and (
                not column[0] - m.PANEL_BESIDE <= middle <= column[2] + m.PANEL_BESIDE
                or thing.box[2] > column[2] + width(thing.box) / 2
            ):
                continue
            if across > m.PANEL_ACROSS or down > m.PANEL_DOWN:
                continue
            if (
                thing.box[3] > caption.box[1] + m.WALL_GAP
                if above
                else thing.box[1] < caption.box[3] - m.WALL_GAP
            ):
                continue
            both = union((box, thing.box))
            if any(
                overlap(both, wall) > m.WALLED_PANEL_SHARE * area(wall)
                for wall in walls
                if cover(wall, box) < m.SWALLOWED
            ):
                continue
            group.append(thing)
            grown = True
            break


def _in_row(one: BBox, other: BBox) -> bool:
    """Return whether two panels are of one size and stand in a row, as those that share a caption do."""
    return max(abs(one[edge] - other[edge]) for edge in (1, 3)) < m.EDGE and (
        abs(width(one) - width(other)) < m.TILE_GAP * 2
    )


def _blocked(caption: BBox, box: BBox, walls: Sequence[BBox]) -> bool:
    """Return whether running text or another caption stands between a caption and a thing."""
    top, bottom = min(caption[3], box[3]), max(caption[1], box[1])
    left, right = max(caption[0], box[0]), min(caption[2], box[2])
    if left > right:  # side by side
        left, right = right, left
        top, bottom = max(caption[1], box[1]), min(caption[3], box[3])
    elif bottom - top < m.WALL_GAP:
        return False
    between = (left, top, max(right, left + 0.1 * m.WALL_GAP), bottom)
    return any(
        overlap(between, wall) > m.WALL_SHARE * area(wall) for wall in walls if wall not in (caption, box)
    )
