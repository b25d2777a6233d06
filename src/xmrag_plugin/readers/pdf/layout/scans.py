"""Pages whose text must be read off their picture: scans, and fonts that carry no Unicode."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ....types import BBox
from .boxes import area, height, width
from .glyphs import Type, Word
from .page_objects import PageImage

if TYPE_CHECKING:
    from ....images.lettering import OcrLine

__all__ = [
    "is_garbled",
    "lettered_strips",
    "needs_reading",
    "placed_lines",
    "scanned_image",
    "turns_of_reading",
    "words_of_reading",
]

_VOWELS = frozenset("aeiouy")


def scanned_image(images: Sequence[PageImage], words: Sequence[Word], page: BBox) -> PageImage | None:
    """The picture that is the page, when it covers most of it and no visible text was set on it."""
    visible = sum(len(word.text) for word in words if not word.type.hidden)
    if visible > 40:
        return None
    for image in images:
        if area(image.box) > 0.55 * area(page):
            return image
    return None


def is_garbled(words: Sequence[Word]) -> bool:
    """Whether the text cannot be what the page shows: no Unicode behind the glyphs, or a wrong one.

    Letters shifted by a faulty encoding hardly ever come out as vowels, which make a third of Latin text.
    """
    characters = sum(len(word.text) for word in words)
    faulty = sum(word.faulty for word in words)
    if faulty > 20 and faulty > 0.3 * (faulty + characters):
        return True
    plain = unicodedata.normalize("NFD", "".join(word.text for word in words)).lower()
    letters = [character for character in plain if "a" <= character <= "z"]
    if len(letters) < 120 or len(letters) < 0.5 * characters:
        return False
    return sum(character in _VOWELS for character in letters) < 0.2 * len(letters)


def needs_reading(words: Sequence[Word], images: Sequence[PageImage], shapes: int, page: BBox) -> bool:
    """Whether a page must be read by OCR: hardly any text on it but a large picture or outlines of glyphs."""
    characters = sum(len(word.text) for word in words)
    if is_garbled(words):
        return True
    if characters > 40:
        return False
    covered = max((area(image.box) for image in images), default=0.0)
    return covered > 0.55 * area(page) or (characters < 10 and shapes > 200)


def placed_lines(lines: Sequence[OcrLine], pixels: tuple[int, int], page: BBox) -> list[tuple[str, BBox]]:
    """Lines that OCR read, with their boxes in points.

    Args:
        lines: What was read, in reading order.
        pixels: Size of the picture that was read.
        page: The part of the page that the picture shows.
    """
    across, down = width(page) / max(1, pixels[0]), height(page) / max(1, pixels[1])
    return [
        (
            line.text,
            (
                page[0] + line.bbox[0] * across,
                page[1] + line.bbox[1] * down,
                page[0] + line.bbox[2] * across,
                page[1] + line.bbox[3] * down,
            ),
        )
        for line in lines
    ]


def turns_of_reading(lines: Sequence[tuple[str, BBox]]) -> int:
    """Quarter turns clockwise of what was read: 1 or 3 when most lines stand, 2 when they go upwards, 0 else.

    Args:
        lines: Text and box in points, in the order of reading, which goes down the upright page.
    """
    long = [box for text, box in lines if len(text) >= 4]
    standing = [box for box in long if height(box) > 1.5 * width(box)]
    if len(standing) <= 0.6 * len(long) or not standing:
        upwards = sum(after[3] <= before[1] + 0.3 * height(before) for before, after in pairwise(long))
        return 2 if len(long) > 1 and upwards > 0.8 * (len(long) - 1) else 0
    return 1 if standing[0][0] >= standing[-1][0] else 3


def words_of_reading(lines: Sequence[tuple[str, BBox]], *, bold: bool = False) -> list[Word]:
    """Upright lines that OCR read, as words.

    Sizes near the usual one are taken for it, because OCR boxes hug the letters that happen to be there.

    Args:
        lines: Text and box in points, in reading order.
        bold: Whether they are known to be headings.
    """
    heights = sorted(height(box) for _, box in lines) or [10.0]
    usual = heights[len(heights) // 2]
    words: list[Word] = []
    for order, (text, (x0, y0, x1, y1)) in enumerate(lines):
        high = y1 - y0
        size = round(0.8 * (usual if 0.7 * usual < high < 1.35 * usual else high), 1)
        kind = Type(max(1.0, size), bold=bold)
        step = (x1 - x0) / max(1, len(text))
        base = y1 - 0.22 * high
        position = 0
        for part in text.split(" "):
            if part:
                left = x0 + position * step
                box = (left, base - 0.78 * kind.size, left + len(part) * step, base + 0.22 * kind.size)
                words.append(Word(part, box, base, kind, order))
            position += len(part) + 1
    return words


def lettered_strips(images: Sequence[PageImage], repeated: set[str]) -> list[BBox]:
    """Boxes of flat pictures that look like lines of lettering (headings set as pictures), joined by row.

    Args:
        images: All pictures of the page.
        repeated: Keys of those that come again on other pages.
    """
    strips: list[BBox] = []
    for image in sorted(images, key=lambda image: (round(image.box[1]), image.box[0])):
        wide, high = width(image.box), height(image.box)
        if image.key in repeated or not (7 <= high <= 42 and wide >= 45 and wide > 2.5 * high):
            continue
        last = strips[-1] if strips else None
        if last is not None and abs(last[1] - image.box[1]) < 3 and -20 < image.box[0] - last[2] < 8:
            strips[-1] = (last[0], min(last[1], image.box[1]), image.box[2], max(last[3], image.box[3]))
        else:
            strips.append(image.box)
    return strips
