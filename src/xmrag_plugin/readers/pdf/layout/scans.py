"""Tell pages whose text must be read off their picture: scans, and fonts that carry no Unicode."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from ....types import BBox
from . import measures as m
from .boxes import area, height, width
from .glyphs import Type, Word
from .page_objects import PageImage

if TYPE_CHECKING:
    from ....images.lettering import OcrLine

__all__ = [
    "is_pictured",
    "lettered_strips",
    "own_characters",
    "placed_lines",
    "scanned_image",
    "turns_of_reading",
    "unreadable_words",
    "words_of_reading",
]

_DINGBATS = re.compile("[\u2600-\u27bf]")
_VOWELS = frozenset("aeiouy")
_FREQUENT = frozenset("eaionrst")  # six of ten letters in the languages of Europe


def scanned_image(images: Sequence[PageImage], words: Sequence[Word], page: BBox) -> PageImage | None:
    """Return the picture that is the page, when it covers most of it and no visible text was set on it."""
    if own_characters([word for word in words if not word.type.hidden], page) > m.MAX_CHARACTERS_ON_SCAN:
        return None
    return next((image for image in images if area(image.box) > m.SCAN_SHARE * area(page)), None)


def own_characters(words: Sequence[Word], page: BBox) -> int:
    """Return how many letters a page has, but for a few in its margins: a stamped number, the line of a court."""
    edge = m.LONE_MARGIN * height(page)
    every = inside = 0
    for word in words:
        every += len(word.text)
        if page[1] + edge < (word.box[1] + word.box[3]) / 2 < page[3] - edge:
            inside += len(word.text)
    return inside if every - inside <= m.MAX_CHARACTERS_STAMPED else every


def unreadable_words(words: Sequence[Word]) -> list[Word]:
    """Return the words that cannot be what the page shows: of a font with no Unicode behind its glyphs, or a wrong one.

    Codes of a font without a map may be its letters all the same; they are believed when they are as frequent as
    letters of a language are. Those of a font with a map are doubted when there are many and hardly a vowel.
    """
    by_font: dict[tuple[str, bool], list[Word]] = {}
    signs: dict[str, str] = {}
    for word in words:
        by_font.setdefault((word.type.font, word.unmapped or not word.text), []).append(word)
        if len(word.text) > 2 and not word.text.isascii():
            signs[word.type.font] = signs.get(word.type.font, "") + "".join(_DINGBATS.findall(word.text))
    # words of dingbats are names of glyphs, "a68", that were taken for those of Zapf's font
    misread = {font for font, own in signs.items() if len(own) > m.MIN_UNMAPPED < 3 * len(set(own))}
    return [word for key, own in by_font.items() if key[0] in misread or _is_garbled(own) for word in own]


def _is_garbled(words: Sequence[Word]) -> bool:
    characters = sum(len(word.text) for word in words)
    faulty = sum(word.faulty for word in words)
    unmapped = 2 * sum(len(word.text) for word in words if word.unmapped) > characters
    if faulty > m.MIN_FAULTY and faulty > m.FAULTY_SHARE * (faulty + characters):
        return True
    plain = unicodedata.normalize("NFD", "".join(word.text for word in words)).lower()
    letters = [character for character in plain if "a" <= character <= "z"]
    if len(letters) < 0.5 * characters:
        return unmapped and characters >= m.MIN_UNMAPPED
    if unmapped and len(letters) >= m.MIN_UNMAPPED:
        return sum(letter in _FREQUENT for letter in letters) < m.FREQUENT_SHARE * len(letters)
    if len(letters) < m.MIN_JUDGED:
        return False
    return sum(letter in _VOWELS for letter in letters) < m.VOWEL_SHARE * len(letters)


def is_pictured(words: Sequence[Word], images: Sequence[PageImage], shapes: int, page: BBox) -> bool:
    """Return whether a page has hardly any text but a large picture, or outlines of glyphs: its words are pixels."""
    characters = own_characters(words, page)
    if characters > m.MAX_CHARACTERS_ON_SCAN:
        return False
    covered = max((area(image.box) for image in images), default=0.0)
    return covered > m.SCAN_SHARE * area(page) or (
        characters < m.MIN_CHARACTERS and shapes > m.MIN_GLYPH_SHAPES
    )


def placed_lines(lines: Sequence[OcrLine], pixels: tuple[int, int], page: BBox) -> list[tuple[str, BBox]]:
    """Return the lines that OCR read, with their boxes on the page.

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
    """Return the quarter turns clockwise of what was read: 1 or 3 when most lines stand, 2 when they go upwards, or 0.

    Args:
        lines: Text and box, in the order of reading, which goes down the upright page.
    """
    long = [box for text, box in lines if len(text) >= m.MIN_TURNED_CHARACTERS]
    standing = [box for box in long if height(box) > m.STANDING * width(box)]
    if len(standing) <= m.MAIN_DIRECTION_SHARE * len(long) or not standing:
        upwards = sum(
            after[3] <= before[1] + m.SAME_BASE * height(before) for before, after in pairwise(long)
        )
        return 2 if len(long) > 1 and upwards > m.UPWARDS_SHARE * (len(long) - 1) else 0
    return 1 if standing[0][0] >= standing[-1][0] else 3


def words_of_reading(lines: Sequence[tuple[str, BBox]], *, bold: bool = False) -> list[Word]:
    """Return upright lines that OCR read, as words.

    Sizes near the usual one are taken for it, because OCR boxes hug the letters that happen to be there.

    Args:
        lines: Text and box, in reading order.
        bold: Whether they are known to be headings.
    """
    heights = sorted(height(box) for _, box in lines) or [m.EM]
    usual = heights[len(heights) // 2]
    words: list[Word] = []
    for order, (text, (x0, y0, x1, y1)) in enumerate(lines):
        high = y1 - y0
        alike = m.USUAL_HEIGHT[0] * usual < high < m.USUAL_HEIGHT[1] * usual
        kind = Type(round(max(0.1, m.OCR_BOX_TO_SIZE * (usual if alike else high)), 1), bold=bold)
        step = (x1 - x0) / max(1, len(text))
        base = y1 - m.DESCENT * high
        position = 0
        for part in text.split(" "):
            if part:
                left = x0 + position * step
                top, bottom = base - m.ASCENT * kind.size, base + m.DESCENT * kind.size
                right = left + len(part) * step + max(0.0, step - m.OCR_WORD_GAP * kind.size)
                words.append(Word(part, (left, top, min(right, x1), bottom), base, kind, order))
            position += len(part) + 1
    return words


def lettered_strips(images: Sequence[PageImage], repeated: set[str]) -> list[BBox]:
    """Return the boxes of flat pictures that look like lines of lettering, joined by row: headings set as pictures.

    Args:
        images: All pictures of the page.
        repeated: Keys of those that come again on other pages.
    """
    strips: list[BBox] = []
    for image in sorted(images, key=lambda image: (round(image.box[1]), image.box[0])):
        wide, high = width(image.box), height(image.box)
        flat = (
            m.STRIP_HEIGHT[0] <= high <= m.STRIP_HEIGHT[1]
            and wide >= m.MIN_STRIP
            and wide > m.STRIP_SHAPE * high
        )
        if image.key in repeated or not flat:
            continue
        last = strips[-1] if strips else None
        if (
            last is not None
            and abs(last[1] - image.box[1]) < m.STRIP_LEVEL
            and m.STRIP_GAP[0] < image.box[0] - last[2] < m.STRIP_GAP[1]
        ):
            strips[-1] = (last[0], min(last[1], image.box[1]), image.box[2], max(last[3], image.box[3]))
        else:
            strips.append(image.box)
    return strips
