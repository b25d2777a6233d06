"""Captions of a Word document that stand in text boxes, as the captions of floating pictures do."""

from __future__ import annotations

from collections.abc import Sequence

from ....text.labels import caption_kind, is_caption
from ...markup.parse import Block, LinkedPicture

__all__ = ["give_captions", "is_caption_alone"]


def is_caption_alone(boxed: Sequence[Block]) -> bool:
    """Return whether a text box holds nothing but the caption of a picture."""
    if len(boxed) != 1 or not boxed[0].is_paragraph:
        return False
    words = boxed[0].element.text
    return (boxed[0].captionlike or is_caption(words)) and caption_kind(words) != "table"


def give_captions(pictures: Sequence[LinkedPicture], captions: Sequence[Block]) -> list[Block]:
    """Give a paragraph's pictures the captions of the text boxes that are anchored in it; return those left over."""
    bare = [picture for picture in pictures if not picture.caption]
    for number, picture in enumerate(bare if captions else ()):
        said = captions[min(number, len(captions) - 1)]
        picture.caption, picture.anchor = said.element.text, picture.anchor or said.anchor
    return list(captions[len(bare) :])
