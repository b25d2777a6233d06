"""Words that are broken at the end of a column or a page are made whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from ....types import Element, Key, shift_line_boxes
from .flow import Hyphenation

__all__ = ["BrokenWords"]

_BROKEN = re.compile(r"[^\W\d_][-\u2010\u00ad]\Z")
_REST = re.compile(r"(?P<word>[^\W\d_]+\S*)(?:\s+|\Z)")
_MAX_BETWEEN: Final = 12  # figures, tables and notes between the two parts of a paragraph
_END: Final = 1 << 31


class BrokenWords:
    """Hold the paragraph that ends in a broken word back until the paragraph that has the word's rest has come.

    Args:
        hyphens: Knows which hyphens belong to words.
    """

    def __init__(self, hyphens: Hyphenation) -> None:
        self._hyphens = hyphens
        self._held: list[Element] = []

    def pass_on(self, elements: Iterable[Element]) -> Iterator[Element]:
        """Yield elements in their order, broken words made whole."""
        for element in elements:
            if self._held and element.kind in ("paragraph", "heading", "list"):
                yield from self._settled(element)
            elif len(self._held) > _MAX_BETWEEN:
                yield from self.rest()
            if self._held or (element.kind == "paragraph" and _BROKEN.search(element.text)):
                self._held.append(element)
            elif element.text or element.picture is not None:
                yield element

    def rest(self) -> Iterator[Element]:
        """Yield what is held back, as it is."""
        held, self._held = self._held, []
        yield from held

    def _settled(self, following: Element) -> Iterator[Element]:
        """Give the held paragraph the rest of its word, if the text that follows begins with it."""
        broken = self._held[0]
        match = _REST.match(following.text)
        if following.kind == "paragraph" and match is not None and following.text[0].islower():
            known = self._hyphens.keeps(broken.text[:-1], following.text)
            stays = known if known is not None else "-" in broken.text[:-1].rsplit(None, 1)[-1]
            broken.text = broken.text[:-1] + ("-" if stays else "") + match["word"]
            following.text = following.text[match.end() :]
            boxes = following.metadata.get(Key.LINE_BOXES)
            if boxes:
                following.metadata[Key.LINE_BOXES] = shift_line_boxes(boxes, 0, (match.end(), _END))
        yield from self.rest()
