"""Blocks: lines that are set together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from ....types import BBox
from . import measures as m
from .boxes import gap, union
from .flow import flow_text
from .lines import Line

__all__ = ["Block", "make_blocks"]

_SIGNS = "•‣⁃◦▪▫◾■□●○◆◇➢➤►▶→✓✔✗✘❏❐❑❒❖☐☑☒"
_BULLET = re.compile("^(?:[" + _SIGNS + r"–—\-*·]|\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)])(?:\s|$)")
# A sign that is never within a paragraph, as a hyphen may be; "☒ no ☐" is a choice within one.
_SIGN = re.compile("^[" + _SIGNS + r"](?:\s*\w(?!.*[□☐☑☒])|$)")
_MARK = re.compile(
    r"^(?:\W{1,3}|(?:table|tab\.|figure|fig\.|chart|exhibit|box)\s*[\dIVX]+(?:[.\-]\d+)*[.:]?|\(?\d{1,2}(?:\.\d{1,2})*[.)]?|"
    r"\(?[a-zA-Z][.)]|[A-Z](?:\.\d{1,2})*\.?|[ivx]{1,4}[.)])$",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Block:
    """Lines that belong together, from top to bottom.

    Attributes:
        lines: At least one.
        box: Around all of them.
    """

    lines: list[Line]
    box: BBox
    _flown: tuple[int, str] = (0, "")  # its text, and of how many lines

    @property
    def size(self) -> float:
        """Return the type size of most of its characters."""
        weights: dict[float, int] = {}
        for line in self.lines:
            weights[line.size] = weights.get(line.size, 0) + len(line.text)
        return max(weights, key=lambda size: (weights[size], size))

    @property
    def bold(self) -> bool:
        """Return whether all lines are bold."""
        return all(line.bold for line in self.lines)

    @property
    def text(self) -> str:
        """Return the lines as flowing text."""
        if self._flown[0] != len(self.lines):
            self._flown = (len(self.lines), flow_text(self.lines)[0])
        return self._flown[1]

    @property
    def is_list(self) -> bool:
        """Return whether it starts with a bullet or number."""
        return _has_bullet(self.lines[0])


def make_blocks(lines: list[Line]) -> list[Block]:
    """Return lines as blocks: a line joins the block right above it when type, edges and spacing agree."""
    blocks: list[Block] = []
    open_blocks: list[Block] = []
    ordered = sorted(lines, key=lambda line: (line.base, line.box[0]))
    leading = _usual_leading(ordered)
    for line in ordered:
        best: Block | None = None
        for block in open_blocks:
            if _continues(block, line, leading) and (
                best is None or block.lines[-1].base > best.lines[-1].base
            ):
                best = block
        if best is None:
            best = Block([line], line.box)
            blocks.append(best)
            open_blocks.append(best)
        else:
            best.lines.append(line)
            best.box = union((best.box, line.box))
        open_blocks = [block for block in open_blocks if line.base - block.lines[-1].base < m.OPEN_BLOCK]
    return blocks


def _continues(block: Block, line: Line, leading: float) -> bool:
    last = block.lines[-1]
    size = max(last.size, line.size)
    step = line.base - last.base
    if step < -m.SAME_BASE * size:
        return False
    if abs(step) <= m.SAME_BASE * size:  # the same row: bullet and its text, label and value set close
        space = line.box[0] - last.box[2]
        return (
            -m.EDGE / 2 <= space < m.MARK_GAP * size and len(last.words) <= 2 and bool(_MARK.match(last.text))
        )
    usual = _usual_step(block) or leading * size
    if last.fixed and line.fixed and abs(last.size - line.size) <= m.SAME_SIZE:
        # a listing, whatever its indentation; past an empty line where it goes on indented
        deeper = line.box[0] > block.box[0] + m.INDENTED * size
        return step <= m.LISTING_STEP[deeper] * usual and gap(block.box, line.box)[0] < m.LISTING_INDENT
    if step > min(max(m.LEADING_SLACK[0] * usual, usual + m.LEADING_SLACK[1]), m.MAX_LEADING * size):
        return False
    if max(last.size, line.size) > m.SIZE_RATIO * min(last.size, line.size) and not (
        min(len(last.text), len(line.text)) <= 3
    ):
        return False
    if (
        last.bold != line.bold
        and min(len(last.text), len(line.text)) > 2
        and last.words[-1].type.bold != line.words[0].type.bold
    ):
        return False
    shared = min(block.box[2], line.box[2]) - max(block.box[0], line.box[0])
    if shared < m.LINE_SHARED * min(block.box[2] - block.box[0], line.box[2] - line.box[0]):
        return False
    if _SIGN.match(line.text):
        return False
    if _has_bullet(line) and (_has_bullet(block.lines[0]) or line.box[0] < last.box[0] - m.OUTDENTED * size):
        return False
    # a new paragraph: the last line ends short and this one is indented
    ends_short = last.box[2] < block.box[2] - m.ENDS_SHORT * size
    indented = line.box[0] > block.box[0] + m.INDENTED * size
    if len(block.lines) > 1 and ends_short and last.text.rstrip().endswith((".", ":", "?", "!", "。")):
        return False
    return not (
        indented
        and len(block.lines) > 1
        and last.text.rstrip().endswith((".", "?", "!", ":", "。"))
        and abs(last.box[0] - block.box[0]) < m.FLUSH * size
    )


def _has_bullet(line: Line) -> bool:
    """Return whether a line begins with a bullet or number, or with the "o" that Word sets before inner items."""
    if _BULLET.match(line.text):
        return True
    if not line.text.startswith("o ") or len(line.words) < 2:
        return False
    mark, word = line.words[:2]
    return mark.text == "o" and word.box[0] - mark.box[2] > m.INNER_MARK_GAP * line.size


def _usual_leading(lines: list[Line]) -> float:
    """Return the step from line to line, in sizes of this page's type; the usual one when too few lines tell."""
    counts: dict[float, int] = {}
    for index, line in enumerate(lines):
        if len(line.text) < m.MIN_LEADING_CHARACTERS:
            continue
        for below in lines[index + 1 : index + 12]:
            step = below.base - line.base
            if step > m.MAX_LEADING * line.size:
                break
            shared = min(line.box[2], below.box[2]) - max(line.box[0], below.box[0])
            if (
                step > m.MIN_LEADING * line.size
                and abs(below.size - line.size) < m.SAME_SIZE
                and 2 * shared > below.box[2] - below.box[0]
            ):
                leading = round(step / line.size / m.LEADING_STEP) * m.LEADING_STEP
                leading = round(leading, 2)
                counts[leading] = counts.get(leading, 0) + 1
                break
    if sum(counts.values()) < m.MIN_LEADINGS:
        return m.LEADING
    near = {
        leading: sum(counts.get(round(leading + d, 2), 0) for d in (-m.LEADING_STEP, 0, m.LEADING_STEP))
        for leading in counts
    }
    best = max(near, key=lambda leading: (near[leading], -leading))
    return max(m.LEADING, best) if near[best] >= m.LEADING_SHARE * sum(counts.values()) else m.LEADING


def _usual_step(block: Block) -> float | None:
    if len(block.lines) < 2:
        return None
    steps = [two.base - one.base for one, two in pairwise(block.lines)]
    return sorted(steps)[len(steps) // 2]
