"""Which words of a page a reader sees: those that are drawn, stand out from their ground and are not covered."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ....types import BBox
from . import measures as m
from .boxes import Frame, Strips, cover, height, width
from .glyphs import Word
from .page_objects import PageObjects
from .pdfium_calls import as_object

__all__ = ["seen_words"]

_PAPER = (255, 255, 255, 255)
_FAINT = 40  # opacity, of 255, below which letters are looked at


def seen_words(
    words: Sequence[Word], objects: PageObjects, page: Any, shown: Frame, turns: int, *, layered: bool
) -> list[Word]:
    """Return the words that can be seen on a page, and the text layer of its scans.

    Words off the page, microscopic ones and invisible ones that lie on no picture are dropped for what they are.
    Those that may not be seen (in a layer, of the colour of their ground, nearly transparent, clipped, under
    something drawn later) are looked at: the page is drawn with and without them.

    Args:
        words: All words of the page.
        objects: What else is drawn on it.
        page: The ``pypdfium2.PdfPage``.
        shown: How it is shown.
        turns: Quarter turns clockwise from there to the boxes of words and objects.
        layered: Whether any word may lie in a layer that is off.
    """
    frame = shown.turned(turns)
    legible = min(m.EM / 2, m.LEGIBLE_SHARE * math.sqrt(frame.width * frame.height))
    kept = [word for word in words if _lies_on_page(word.box, frame) and word.type.size >= legible]
    kept = _said_once([word for word in kept if not word.type.hidden or _on_picture(word, objects)])
    grounds = _Grounds(objects)
    doubtful = [word for word in kept if not word.type.hidden and (layered or grounds.may_hide(word))]
    if not doubtful:
        return kept
    unseen = _unseen(doubtful, page, shown, turns)
    return [word for word in kept if id(word) not in unseen]


def _said_once(words: list[Word]) -> list[Word]:
    """Return the words without those of a second text layer that was laid over the first."""
    known: dict[str, list[BBox]] = {}
    kept: list[Word] = []
    for word in words:
        if word.type.hidden:
            boxes = known.setdefault(word.text, [])
            if any(cover(word.box, box) > m.COVERED_SHARE for box in boxes):
                continue
            boxes.append(word.box)
        kept.append(word)
    return kept


class _Grounds:
    """What words are drawn on, and what is drawn on them."""

    def __init__(self, objects: PageObjects) -> None:
        self._objects = objects
        fills = [
            (shape.box, (shape.fill, shape.box))
            for shape in objects.shapes
            if shape.fill and min(width(shape.box), height(shape.box)) > m.MAX_RULE
        ]
        first = min(objects.places.values(), default=0)
        self._fills = Strips(fills, m.STRIP)
        self._covers = Strips(
            [(box, (place, box)) for place, box in objects.opaque if place > first], m.STRIP
        )

    def may_hide(self, word: Word) -> bool:
        """Return whether a word must be looked at: what is known of its object does not say that it is seen."""
        origin = word.origin
        if not origin.address:
            return False
        if origin.layered or origin.address in self._objects.doubtful or origin.fill[3] < _FAINT:
            return True
        x, y = (word.box[0] + word.box[2]) / 2, (word.box[1] + word.box[3]) / 2
        place = self._objects.places.get(origin.address, 0)
        for later, box in self._covers.at(y):
            if later > place and box[0] < x < box[2] and box[1] < y < box[3]:
                return True
        under = [fill for fill, box in self._fills.at(y) if box[0] < x < box[2] and box[1] < y < box[3]]
        if any(_similar_colours(origin.fill, ground) for ground in under):
            return True
        return not under and _similar_colours(origin.fill, _PAPER) and not _on_picture(word, self._objects)


def _lies_on_page(box: BBox, frame: Frame) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return -m.OFF_PAGE <= x <= frame.width + m.OFF_PAGE and -m.OFF_PAGE <= y <= frame.height + m.OFF_PAGE


def _on_picture(word: Word, objects: PageObjects) -> bool:
    return any(cover(word.box, image.box) > m.COVERED_SHARE for image in objects.images)


def _similar_colours(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return (
        abs(one[0] - other[0]) <= m.GROUND_LIKE
        and abs(one[1] - other[1]) <= m.GROUND_LIKE
        and abs(one[2] - other[2]) <= m.GROUND_LIKE
    )


def _unseen(words: Sequence[Word], page: Any, shown: Frame, turns: int) -> set[int]:
    """Return the identities of the words that make no difference to the page's looks."""
    from PIL import ImageChops

    with_words = _drawn(page)
    with _switched_off({word.origin.address for word in words if word.origin.address}):
        without = _drawn(page)
    changed = ImageChops.difference(with_words, without).point(lambda level: 255 * (level >= m.SEEN_CONTRAST))
    across, down = changed.width / shown.width, changed.height / shown.height
    unseen: set[int] = set()
    for word in words:
        x0, y0, x1, y1 = shown.turn_back(word.box, turns)
        part = changed.crop((int(x0 * across), int(y0 * down), math.ceil(x1 * across), math.ceil(y1 * down)))
        if part.getbbox() is None:
            unseen.add(id(word))
    return unseen


@contextmanager
def _switched_off(addresses: set[int]) -> Iterator[None]:
    import pypdfium2.raw as pdfium

    for address in addresses:
        pdfium.FPDFPageObj_SetIsActive(as_object(address), False)
    try:
        yield
    finally:
        for address in addresses:
            pdfium.FPDFPageObj_SetIsActive(as_object(address), True)


def _drawn(page: Any) -> Any:
    scale = min(m.LOOK_PIXELS, m.MAX_LOOK_PX / max(page.get_size()))
    bitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False, draw_annots=False)
    try:
        return bitmap.to_pil().copy()
    finally:
        bitmap.close()
