"""Find the smallest region of a page that holds a passage."""

from __future__ import annotations

from ...types import BBox
from .passages import Passage

__all__ = ["region_of"]


def region_of(passage: Passage) -> tuple[int | None, BBox | None]:
    """Return the page of a passage and its box there: of its lines where they are known, else of its node.

    Lettering and captions stand in a figure, whose box is the smallest that is known of them.
    """
    item = passage.source.item
    return item.page, item.bbox
