"""What lines and rectangles are for: rules of tables, underlines, frames; the rest is drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ....types import BBox
from . import measures as m
from .boxes import Frame, Strips, area, grow, height, width
from .lines import Line
from .page_objects import Shape

__all__ = ["Drawing", "sort_shapes"]


@dataclass(slots=True)
class Drawing:
    """The shapes of a page by what they are for.

    Attributes:
        across: Horizontal rules, as boxes of no height.
        down: Vertical rules, as boxes of no width.
        frames: Rectangles drawn as outlines; their sides are among the rules, too.
        fills: Filled rectangles: bars, cells, panels.
        art: Curves, slanted lines, shadings, many-cornered paths.
    """

    across: list[BBox] = field(default_factory=list)
    down: list[BBox] = field(default_factory=list)
    frames: list[Shape] = field(default_factory=list)
    fills: list[Shape] = field(default_factory=list)
    art: list[Shape] = field(default_factory=list)


def sort_shapes(shapes: Sequence[Shape], lines: Sequence[Line], frame: Frame) -> Drawing:
    """Sort shapes; page backgrounds, underlines and marker strokes behind one line of text are dropped.

    Args:
        shapes: Of the page.
        lines: Its text.
        frame: How it is shown.
    """
    drawing = Drawing()
    slack = m.MIN_RULE
    strips = Strips(((grow(line.box, slack), line) for line in lines), m.STRIP)
    whole = area(frame.box)
    for shape in shapes:
        box = shape.box
        if area(box) > m.BACKGROUND_SHARE * whole:
            continue
        thin = min(width(box), height(box)) <= m.MAX_RULE
        if shape.curved:
            if not (thin and max(width(box), height(box)) < m.MIN_CURVE):
                drawing.art.append(shape)
        elif thin:
            for line in shape.lines or (box,):
                _add_rule(drawing, line)
        elif shape.fill is not None and min(shape.fill[:3]) < m.WHITE:
            if not _marks_text(box, strips.at((box[1] + box[3]) / 2)):
                drawing.fills.append(shape)
                if shape.stroke is not None:
                    drawing.frames.append(shape)
        else:
            for line in shape.lines:
                _add_rule(drawing, line)
            if shape.segments >= 4:
                drawing.frames.append(shape)
    _add_dashed(drawing, shapes)
    drawing.across = [
        rule for rule in _joined(drawing.across, 0) if not _underlines(rule, strips.at(rule[1]))
    ]
    drawing.down = _joined(drawing.down, 1)
    return drawing


def _add_rule(drawing: Drawing, line: BBox) -> None:
    if line[2] - line[0] >= line[3] - line[1]:
        if line[2] - line[0] >= m.MIN_RULE:
            drawing.across.append(line)
    elif line[3] - line[1] >= m.MIN_RULE:
        drawing.down.append(line)


def _add_dashed(drawing: Drawing, shapes: Sequence[Shape]) -> None:
    """Add the rules that are drawn as rows of dashes, where they run both ways: dots that lead to a page number do not."""
    dashes: tuple[list[BBox], list[BBox]] = ([], [])
    for shape in shapes:
        box = shape.box
        if (
            not shape.curved
            and min(width(box), height(box)) <= m.MAX_RULE
            and max(width(box), height(box)) < m.MIN_RULE
        ):
            dashes[width(box) < height(box)].append(box)
    if not all(m.MIN_DASHES <= len(side) <= m.MAX_DASHES for side in dashes):
        return
    rows = [
        [rule for rule in _joined(side, axis, m.MIN_RULE) if rule[axis + 2] - rule[axis] > m.DASHED_RULE]
        for axis, side in enumerate(dashes)
    ]
    if all(rows):
        drawing.across += rows[0]
        drawing.down += rows[1]


def _joined(rules: list[BBox], axis: int, slack: float | None = None) -> list[BBox]:
    """Join the pieces of one rule (a piece for each cell, both edges of a thin bar)."""
    other = 1 - axis
    slack = (
        m.RULE_PIECES[axis] if slack is None else slack
    )  # upright rules often stop short of the ones across
    joined: list[BBox] = []
    for rule in sorted(rules, key=lambda rule: (round(rule[other] / m.RULE_OFF), rule[axis])):
        for index in range(len(joined) - 1, max(-1, len(joined) - 6), -1):
            last = joined[index]
            if abs(last[other] - rule[other]) <= m.RULE_OFF and rule[axis] <= last[axis + 2] + slack:
                edges = list(last)
                edges[axis] = min(last[axis], rule[axis])
                edges[axis + 2] = max(last[axis + 2], rule[axis + 2])
                joined[index] = (edges[0], edges[1], edges[2], edges[3])
                break
        else:
            joined.append(rule)
    return joined


def _underlines(rule: BBox, lines: Sequence[Line]) -> bool:
    """Return whether a rule belongs to the words of one line: underlined, struck out or a fraction bar."""
    x0, y, x1, _ = rule
    for line in lines:
        if m.UNDERLINE[0] * line.size < y - line.base < m.UNDERLINE[1] * line.size and (
            x0 >= line.box[0] - m.EDGE
            and x1 <= line.box[2] + m.EDGE
            and x1 - x0 < m.UNDERLINE[2] * width(line.box) + m.WORD_EDGE
        ):
            starts = min(abs(word.box[0] - x0) for word in line.words)
            if starts < m.WORD_EDGE:
                return True
    return False


def _marks_text(box: BBox, lines: Sequence[Line]) -> bool:
    """Return whether a fill is a marker stroke behind words of one line."""
    for line in lines:
        if (
            height(box) < m.MARKER_HEIGHT * line.size
            and abs((box[1] + box[3]) / 2 - (line.box[1] + line.box[3]) / 2) < m.MARKER_OFF * line.size
            and min(abs(word.box[0] - box[0]) for word in line.words) < m.WORD_EDGE
            and min(abs(word.box[2] - box[2]) for word in line.words) < m.WORD_EDGE
        ):
            return True
    return False
