"""Captions without a label: the title in a ruled panel, the small line under a photograph."""

from __future__ import annotations

from collections.abc import Sequence

from ....types import BBox
from . import measures as m
from .blocks import Block
from .boxes import Frame, cover, gap, height, overlap, union, width
from .figures import Figure
from .ruling_lines import Drawing

__all__ = ["gallery_captions", "grow_to_panel", "nearby_caption"]


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
        if rule[0] <= box[0] + m.PANEL_EDGE
        and rule[2] >= box[2] - m.PANEL_EDGE
        and width(rule) > m.PANEL_RULE
    ]
    above = [rule for rule in rules if rule[1] <= box[1] + m.PANEL_SLACK]
    below = [rule for rule in rules if rule[1] >= box[3] - m.PANEL_SLACK]
    for top in sorted(above, key=lambda rule: -rule[1]):
        for bottom in sorted(below, key=lambda rule: rule[1]):
            if (
                max(abs(top[0] - bottom[0]), abs(top[2] - bottom[2])) > m.PANEL_SLACK
                or bottom[1] - top[1] < m.PANEL_HEIGHT
            ):
                continue
            if top[1] < m.MARGIN * frame.height and bottom[1] > (1 - m.MARGIN) * frame.height:
                return []  # the rules of the running header and footer
            panel = (top[0] - m.PANEL_SIDE, top[1], top[2] + m.PANEL_SIDE, bottom[1])
            inside = [block for block in blocks if cover(block.box, panel) > m.PANEL_SHARE]
            text = sum(len(block.text) for block in inside if overlap(block.box, figure.box) == 0)
            rivals = [other for other in figures if other is not figure and overlap(other.box, panel) > 0]
            drawn = union((box, *(other.box for other in rivals)))
            if (
                text > m.PANEL_TEXT
                or bottom[1] - top[1] > m.PANEL_GROWTH[0] * height(drawn) + m.PANEL_GROWTH[1]
            ):
                return []
            if any(other.caption is not None for other in rivals):
                return []
            figure.box = union((box, (top[0], top[1], top[2], bottom[1])))
            return sorted(inside, key=lambda block: block.box[1])
    return []


def gallery_captions(
    figures: Sequence[Figure], blocks: Sequence[Block], taken: set[int]
) -> list[tuple[Figure, Block]]:
    """Return what stands below each of several photographs at one distance: the names of people, of products.

    Args:
        figures: Photographs without a caption.
        blocks: The page's text.
        taken: Identities of the captions of others.
    """
    found: list[tuple[Figure, Block, float]] = []
    for figure in figures:
        named: list[Block] = []
        bottom = figure.box[3]
        for block in sorted(blocks, key=lambda block: block.box[1]):
            step = block.box[1] - bottom
            if (
                id(block) in taken
                or not -m.EDGE <= step < m.NEAR_CAPTION
                or not _under(block.box, figure.box)
            ):
                continue
            if named and step > m.SHARED_HEIGHT * block.size:
                break
            named.append(block)
            bottom = block.box[3]
        lines = [line for block in named for line in block.lines]
        if not 0 < len(lines) <= m.MAX_NEAR_LINES or sum(len(line.text) for line in lines) > m.MAX_LABEL:
            return []
        caption = named[0] if len(named) == 1 else Block(lines, union(block.box for block in named))
        found.append((figure, caption, caption.box[1] - figure.box[3]))
    steps = [step for *_, step in found]
    if len(found) < m.MIN_GALLERY or max(steps) - min(steps) > m.ONE_EDGE:
        return []
    return [(figure, caption) for figure, caption, _ in found]


def nearby_caption(figure: Figure, blocks: Sequence[Block], taken: set[int]) -> Block | None:
    """Return a short block that captions a figure by its place and type: small or slanted below, bold above."""
    below: tuple[float, Block] | None = None
    above: tuple[float, Block] | None = None
    box = figure.box
    for block in blocks:
        if (
            id(block) in taken
            or len(block.lines) > m.MAX_NEAR_LINES
            or not m.NEAR_LENGTH[0] <= len(block.text) <= m.NEAR_LENGTH[1]
        ):
            continue
        _, down = gap(box, block.box)
        if down > m.NEAR_CAPTION or not _under(block.box, box) or cover(block.box, box) > m.SHARED_HEIGHT:
            continue
        own = all(line.italic for line in block.lines) or block.size <= m.PLAIN_TYPE * m.EM
        if block.box[1] >= box[3] - m.TEXT_STEP and own and (below is None or down < below[0]):
            below = (down, block)
        if (
            block.box[3] <= box[1] + m.TEXT_STEP
            and block.bold
            and block.size <= m.TITLE_TYPE * m.EM
            and (above is None or down < above[0])
        ):
            above = (down, block)
    best = below or above
    return best[1] if best else None


def _under(block: BBox, box: BBox) -> bool:
    shared = min(block[2], box[2]) - max(block[0], box[0])
    return (
        shared > m.NEAR_SHARE * width(block)
        and block[0] >= box[0] - m.NEAR_OVERHANG
        and block[2] <= box[2] + m.NEAR_OVERHANG
    )
