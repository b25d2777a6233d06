"""Captions without a label: the title in a ruled panel, the small line under a photograph."""

from __future__ import annotations

from collections.abc import Sequence

from ....types import BBox
from .blocks import Block
from .boxes import Frame, cover, gap, overlap, union, width
from .figures import Figure
from .measures import (
    EM,
)
from .ruling_lines import Drawing

__all__ = ["grow_to_panel", "nearby_caption"]


def grow_to_panel(
    figure: Figure, drawing: Drawing, blocks: Sequence[Block], figures: Sequence[Figure], frame: Frame
) -> list[Block]:
    """Grow a figure to the panel between two rules of one width that it stands in.

    Returns:
        The blocks of the panel, from top to bottom (its title first); empty when there is no panel.
    """
    box = figure.box
    rules = [
        rule
        for rule in drawing.across
        if rule[0] <= box[0] + 6 and rule[2] >= box[2] - 6 and rule[2] - rule[0] > 80
    ]
    above = [rule for rule in rules if rule[1] <= box[1] + 4]
    below = [rule for rule in rules if rule[1] >= box[3] - 4]
    for top in sorted(above, key=lambda rule: -rule[1]):
        for bottom in sorted(below, key=lambda rule: rule[1]):
            if abs(top[0] - bottom[0]) > 4 or abs(top[2] - bottom[2]) > 4 or bottom[1] - top[1] < 30:
                continue
            if top[1] < 0.12 * frame.height and bottom[1] > 0.88 * frame.height:
                return []  # the rules of the running header and footer
            panel = (top[0] - 3, top[1], top[2] + 3, bottom[1])
            inside = [block for block in blocks if cover(block.box, panel) > 0.7]
            text = sum(len(block.text) for block in inside if overlap(block.box, figure.box) == 0)
            rivals = [other for other in figures if other is not figure and overlap(other.box, panel) > 0]
            drawn = union((box, *(other.box for other in rivals)))
            if text > 1200 or bottom[1] - top[1] > 2.5 * (drawn[3] - drawn[1]) + 120:
                return []
            if any(other.caption is not None for other in rivals):
                return []
            figure.box = union((box, (top[0], top[1], top[2], bottom[1])))
            return sorted(inside, key=lambda block: block.box[1])
    return []


def nearby_caption(figure: Figure, blocks: Sequence[Block], taken: set[int]) -> Block | None:
    """A short block that captions a figure by its place and type: small or slanted below, bold above."""
    below: tuple[float, Block] | None = None
    above: tuple[float, Block] | None = None
    box = figure.box
    for block in blocks:
        if id(block) in taken or len(block.lines) > 4 or len(block.text) > 320 or len(block.text) < 4:
            continue
        across, down = gap(box, block.box)
        if down > 18 or not _under(block.box, box) or cover(block.box, box) > 0.5:
            continue
        own = all(line.italic for line in block.lines) or block.size <= 0.93 * EM
        if block.box[1] >= box[3] - 3 and own and (below is None or down < below[0]):
            below = (down, block)
        if (
            block.box[3] <= box[1] + 3
            and block.bold
            and block.size <= 1.3 * EM
            and (above is None or down < above[0])
        ):
            above = (down, block)
        del across
    best = below or above
    return best[1] if best else None


def _under(block: BBox, box: BBox) -> bool:
    shared = min(block[2], box[2]) - max(block[0], box[0])
    return shared > 0.7 * width(block) and block[0] >= box[0] - 30 and block[2] <= box[2] + 30
