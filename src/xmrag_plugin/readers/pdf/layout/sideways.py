"""Text that runs up or down beside upright text: stamps in the margin, columns of vertical script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from . import measures as m
from .blocks import Block, make_blocks
from .boxes import Frame
from .glyphs import Word
from .lines import make_lines

__all__ = ["sideways_blocks"]


def sideways_blocks(words: Sequence[Word], frame: Frame, elsewhere: set[str]) -> list[Block]:
    """Return words that are not upright as blocks, each way of running by itself.

    Args:
        words: Those that are no lettering of a figure.
        frame: The page that their boxes are in.
        elsewhere: Such words on pages around, which mark running text of the margins.
    """
    blocks: list[Block] = []
    for turns in sorted({word.type.turns for word in words}):
        upright = frame.turned(-turns)
        turned = [_turned(word, upright, turns) for word in words if word.type.turns == turns]
        for block in make_blocks(make_lines(turned)):
            if all(word.text in elsewhere for line in block.lines for word in line.words):
                continue
            for line in block.lines:
                line.box = frame.turn_back(line.box, -turns % 4)
            block.box = frame.turn_back(block.box, -turns % 4)
            blocks.append(block)
    return blocks


def _turned(word: Word, upright: Frame, turns: int) -> Word:
    box = upright.turn_back(word.box, turns)
    base = box[3] - m.DESCENT * word.type.size
    return replace(word, box=box, base=base, type=replace(word.type, turns=0))
