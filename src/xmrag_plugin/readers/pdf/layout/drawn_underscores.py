r"""Underscores that are drawn as rules: TeX sets ``\_`` so in most of its fonts, and the text of the page lacks them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from . import measures as m
from .boxes import Strips, height, union, width
from .glyphs import Word
from .page_objects import Shape

__all__ = ["join_at_underscores"]


def join_at_underscores(words: Sequence[Word], shapes: Sequence[Shape]) -> list[Word]:
    """Join two words where a rule as short as an underscore fills the space between them at their baseline.

    Args:
        words: Of one page, in any order.
        shapes: What is drawn on it.

    Returns:
        The words; one that was joined stands in the place of its first part.
    """
    rules = [shape for shape in shapes if not shape.curved and width(shape.box) <= m.EM * m.MAX_UNDERSCORE]
    if not 0 < len(rules) <= m.MAX_UNDERSCORES:
        return list(words)
    result: list[Word | None] = list(words)
    upright = (i for i, word in enumerate(words) if word.type.turns == 0 and not word.type.slanted)
    strips = Strips(((words[i].box, i) for i in upright), m.STRIP)
    whole: dict[int, int] = {}  # the place of what a word became a part of
    for rule in sorted(rules, key=lambda shape: shape.box[0]):
        near = {whole.get(i, i) for i in strips.at(rule.box[3])}
        places = [i for i in near if (word := result[i]) is not None and _fits(rule, word)]
        left = _beside(result, places, 2, rule.box[0])
        right = _beside(result, places, 0, rule.box[2])
        if left is None or right is None or left == right:
            continue
        first, second = result[left], result[right]
        assert first is not None
        assert second is not None
        result[left] = _joined(first, second)
        result[right] = None
        whole[right] = left
    return [word for word in result if word is not None]


def _fits(rule: Shape, word: Word) -> bool:
    """Return whether a rule has the size of an underscore in a word's type, and stands at its baseline."""
    size = word.type.size
    narrow, wide = m.UNDERSCORE_WIDTH
    above, below = m.UNDERSCORE_LEVEL
    middle = (rule.box[1] + rule.box[3]) / 2 - word.base
    return (
        narrow * size <= width(rule.box) <= wide * size
        and height(rule.box) <= m.UNDERSCORE_THICKNESS * size
        and -above * size <= middle <= below * size
    )


def _beside(words: Sequence[Word | None], places: Iterable[int], side: int, edge: float) -> int | None:
    """Return the place of the word whose side, 2 for its right one and 0 for its left one, meets an edge."""
    off = {i: abs(word.box[side] - edge) / word.type.size for i in places if (word := words[i]) is not None}
    nearest = min(off, key=off.__getitem__, default=None)
    return nearest if nearest is not None and off[nearest] <= m.UNDERSCORE_GAP else None


def _joined(first: Word, second: Word) -> Word:
    return replace(
        first,
        text=f"{first.text}_{second.text}",
        box=union((first.box, second.box)),
        faulty=first.faulty + second.faulty,
        unmapped=first.unmapped or second.unmapped,
    )
