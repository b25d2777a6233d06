"""Marks that are drawn: a dot before each item, a small picture, a box to be ticked, as signs that they would be in text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ....types import BBox
from . import measures as m
from .boxes import Strips, cover, height, width
from .glyphs import Word
from .page_objects import PageObjects

__all__ = ["with_drawn_bullets"]

_BOX = "box"


def with_drawn_bullets(words: Sequence[Word], objects: PageObjects) -> list[Word]:
    """Return the words with a bullet before each that a small mark stands before: several alike, below one another.

    Swatches of a legend, which stand before words too, are each of another colour.
    """
    groups: dict[tuple[object, object], list[BBox]] = {}
    marks: list[tuple[BBox, object]] = [
        (shape.box, shape.fill) for shape in objects.shapes if shape.fill and min(shape.fill[:3]) < m.PALE
    ]
    marks += [(image.box, image.key) for image in objects.images]
    squares = [shape for shape in objects.shapes if shape.stroke and not shape.curved and shape.segments > 4]
    marks += [(shape.box, _BOX) for shape in squares if not shape.fill or min(shape.fill[:3]) >= m.WHITE]
    for box, looks in marks:
        narrow, wide = sorted((width(box), height(box)))
        if m.BULLET_SIDE[0] <= narrow and wide <= min(m.BULLET_SIDE[1], m.BULLET_SHAPE * narrow):
            place = round(box[0] / m.EDGE), round(width(box) / m.EDGE), round(height(box) / m.EDGE)
            groups.setdefault((place, looks), []).append(box)
    columns = [item for item in groups.items() if 2 <= len(item[1]) <= m.MAX_BULLETS]
    if not columns:
        return list(words)
    rows = Strips(((word.box, word) for word in words if word.type.turns == 0 and word.text), m.STRIP)
    first: dict[int, tuple[str, BBox]] = {}
    for (_, looks), group in columns:
        found = [(word, box) for box in group if (word := _begun_by(box, rows)) is not None]
        if len(found) > 1:
            signs = (_box_sign(box, objects) if looks == _BOX else "•" for _, box in found)
            first |= {id(word): (sign, box) for (word, box), sign in zip(found, signs, strict=True)}
    marked: list[Word] = []
    for word in words:
        sign, box = first.get(id(word), ("", word.box))
        if sign:
            own = (box[0], word.box[1], box[2], word.box[3])
            marked.append(replace(word, text=sign, box=own, faulty=0, glued=False))
        marked.append(word)
    return marked


def _box_sign(box: BBox, objects: PageObjects) -> str:
    """Return a box that is ticked, or not, by whether anything is drawn within it."""
    within = (shape.box for shape in objects.shapes if cover(shape.box, box) > m.COVERED_SHARE)
    least = m.TICK_SHARE * width(box)
    return "☒" if any(least < max(width(own), height(own)) and own != box for own in within) else "☐"


def _begun_by(box: BBox, rows: Strips[Word]) -> Word | None:
    """Return the word that a mark stands before, when it is the first of its row and the mark at the height of its letters."""
    y = (box[1] + box[3]) / 2
    row = [word for word in rows.at(y) if word.box[1] < y < word.box[3]]
    before = [
        word
        for word in row
        if word.box[2] <= box[0] + m.EDGE and box[0] - word.box[2] < m.BULLET_REACH * m.EM
    ]
    after = [word for word in row if word.box[0] >= box[2] - m.EDGE / 2]
    if before or not after:
        return None
    word = min(after, key=lambda word: word.box[0])
    size = word.type.size
    fits = (
        m.BULLET_GAP[0] * size <= word.box[0] - box[2] <= m.BULLET_GAP[1] * size
        and height(box) <= m.BULLET_HEIGHT * size
        and abs(y - (word.base - m.BULLET_LEVEL * size)) < m.BULLET_LEVEL * size
    )
    alone = not any(0 < other.box[0] - word.box[2] < size for other in after)
    # A node of a graph and an arrow's head stand before a letter, too.
    lettered = word.text[0].isalnum() and not (alone and len(word.text) == 1)
    return word if fits and lettered and not word.type.fixed else None
