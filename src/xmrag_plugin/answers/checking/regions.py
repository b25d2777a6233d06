"""Find the smallest region of a page that holds a passage or a quotation."""

from __future__ import annotations

import re

from ...types import BBox, Key, parse_line_boxes
from ..context import Evidence

__all__ = ["region_of", "region_of_quote"]


def region_of(item: Evidence, span: tuple[int, int] | None) -> tuple[int | None, BBox | None]:
    """Return the page and the box there of a part of a piece of context.

    The box is that of the lines, or cells of a table, in which the part stands; the whole piece's where its lines are
    not known. Lettering and captions stand in a figure, whose box is the smallest that is known of them.

    Args:
        item: The piece of context.
        span: Offsets in its text; None for what stands elsewhere.
    """
    if span is not None:
        boxes = parse_line_boxes(item.metadata.get(Key.LINE_BOXES))
        held = [box for box in boxes if box[0] < span[1] and box[1] > span[0]]
        if held:
            page = max({box[6] for box in held}, key=lambda number: sum(box[6] == number for box in held))
            here = [box for box in held if box[6] == page]
            region = (
                float(min(box[2] for box in here)),
                float(min(box[3] for box in here)),
                float(max(box[4] for box in here)),
                float(max(box[5] for box in here)),
            )
            return page, region
    return item.page, item.bbox


def region_of_quote(item: Evidence, quote: str) -> tuple[int | None, BBox | None]:
    """Return the page and box of a quotation from a piece of context, however its white space is set.

    Of several quotations, each on a line of its own, it is that of the first which stands in the text.
    """
    for part in (quote, *quote.splitlines()):
        words = part.split()
        match = re.search(r"\s+".join(map(re.escape, words)), item.text) if words else None
        if match:
            return region_of(item, match.span())
    return region_of(item, None)
