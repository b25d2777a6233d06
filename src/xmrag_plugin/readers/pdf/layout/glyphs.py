"""Words of a page with their boxes and type, out of PDFium's character list."""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ....types import BBox
from . import measures as m
from .boxes import Frame
from .pdfium_calls import address_of, plain
from .text_objects import NO_OBJECT, TextObject, Type, TypeReader

__all__ = ["TextObject", "Type", "Word", "is_ideograph", "is_right_to_left", "read_words", "type_sizes"]

_SPACES = frozenset(
    [0x00, 0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0xA0, 0x1680, 0x202F, 0x205F, 0x3000, *range(0x2000, 0x200B)]
)
_HYPHENS = frozenset([0x02, 0xAD, 0xFFFE])
_NOTHING = frozenset([0xFEFF, 0x200B, 0x200C, 0x200D, 0x2060])
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufefc]")
_FORMS = re.compile("[\u0590-\u08ff\ufb00-\ufefc]")
_JOIN_RIGHT_ONLY = frozenset("اأإآٱدذرزژوؤةى")  # Arabic letters after which no ligature goes on
_SAMPLED = 150  # characters of a page whose size is looked at for the body's


@dataclass(slots=True)
class Word:
    """A run of characters with no space in it.

    Attributes:
        text: Cleaned text; a soft hyphen at its end is U+00AD.
        box: As shown.
        base: Position of the baseline across the writing direction (y of upright text).
        type: How it is set.
        order: Index of its first character in PDFium's list (content order).
        faulty: Characters with no meaning in Unicode (private use, unmapped).
        unmapped: Whether its font says nothing of what its glyphs mean, so that ``text`` is a guess.
        is_column: Whether its glyphs stand upright one below another.
        glued: Whether no space parts it from the word before, only another type.
        origin: The text object that it begins in.
    """

    text: str
    box: BBox
    base: float
    type: Type
    order: int
    faulty: int = 0
    unmapped: bool = False
    glued: bool = False
    is_column: bool = False
    origin: TextObject = NO_OBJECT


def clean_code(code: int) -> tuple[str, int]:
    """Return a character code as text, and 1 if it is faulty."""
    if 0x20 < code < 0x7F:
        return chr(code), 0
    if code in _HYPHENS:
        return "\u00ad", 0
    if code in _NOTHING:
        return "", 0
    if code < 0xA0 or code in (0xFFFD, 0xFFFF) or 0xD800 <= code < 0xF900 or code >= 0xF0000:
        return "", 1
    return chr(code), 0


def is_right_to_left(text: str) -> bool:
    """Return whether a text holds Hebrew, Arabic or their like."""
    return not text.isascii() and _RIGHT_TO_LEFT.search(text) is not None


def is_ideograph(character: str) -> bool:
    """Return whether a character is Han, kana or full-width punctuation, which are set without spaces."""
    return (
        "\u3000" <= character <= "\u30ff"
        or "\u3400" <= character <= "\u9fff"
        or "\uff00" <= character <= "\uffef"
    )


def type_sizes(textpage: Any) -> Counter[float]:
    """Return how many characters of a sample are set in each size, in points."""
    import pypdfium2.raw as pdfium

    sizes: Counter[float] = Counter()
    matrix = pdfium.FS_MATRIX()
    codes = _codes(textpage)
    for index in range(0, len(codes), max(1, len(codes) // _SAMPLED)):
        if codes[index] in _SPACES:
            continue
        size = float(pdfium.FPDFText_GetFontSize(textpage, index))
        if pdfium.FPDFText_GetMatrix(textpage, index, matrix):
            size *= math.hypot(matrix.c, matrix.d)
        sizes[round(size, 2)] += 1
    return sizes


def read_words(textpage: Any, frame: Frame, *, vertical: bool = False) -> list[Word]:
    """Return all words of a page in PDFium's order, which is content order, bidirectional text made logical.

    Args:
        textpage: A ``FPDF_TEXTPAGE``.
        frame: How the page is shown.
        vertical: Whether lone ideographs, which have no direction of their own, are set vertically.
    """
    import pypdfium2.raw as pdfium

    get_box, page, rect = plain("FPDFText_GetLooseCharBox"), address_of(textpage), pdfium.FS_RECTF()
    edges, sides = ctypes.addressof(rect), memoryview(rect).cast("B").cast("f")
    types = TypeReader(textpage, frame)
    words: list[Word] = []
    run: _Run | None = None
    high = 0
    # What follows runs for every letter of a document: it asks locals, and makes no call that it can do without.
    spaces, change = _SPACES, m.TYPE_CHANGE
    last = ""
    extent: list[float] = []
    along, across, upright = 0.0, 0.0, True
    for index, code in enumerate(_codes(textpage)):
        if high:
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00) if 0xDC00 <= code < 0xE000 else code
            high = 0
        elif 0xD800 <= code < 0xDC00:
            high = code
            continue
        if code in spaces:
            if run is not None:
                words.append(run.word(frame, vertical=vertical))
                run = None
            continue
        if not get_box(page, index, edges):
            continue
        left, top, right, bottom = sides
        box = left, bottom, right, top
        text, bad = (chr(code), 0) if 0x20 < code < 0x7F else clean_code(code)
        glued = False
        if run is not None:
            ends = (
                left - extent[2] > along
                or extent[0] - right > along
                or bottom - extent[3] > across
                or extent[1] - top > across
            )
            tall = top - bottom if upright else right - left
            if not ends and abs(tall - run.tall) > change * run.tall:
                ends = glued = types.changes(index, box)
                run.tall = tall
            if text == last and not ends and run.is_shadow(box):
                continue
            if ends or ((code > 0x7F or run.right) and run.turns_round(text)):
                words.append(run.word(frame, vertical=vertical))
                run = None
        if run is None:
            if not text and not bad:
                continue
            run = _Run(index, types.at(index, box), types.baseline, types.origin, box, frame)
            run.glued, run.unmapped = glued, pdfium.FPDFText_HasUnicodeMapError(textpage, index) == 1
            extent, along, across, upright = run.extent, run.along, run.across, run.axis == 1
        if left < extent[0]:
            extent[0] = left
        if bottom < extent[1]:
            extent[1] = bottom
        if right > extent[2]:
            extent[2] = right
        if top > extent[3]:
            extent[3] = top
        if bad:
            run.faulty += bad
        last = text
        if text:
            run.right = code > 0x7F and is_right_to_left(text)
            run.letters.append(text)
            run.boxes.append(box)
    if run is not None:
        words.append(run.word(frame, vertical=vertical))
    return words


def _codes(textpage: Any) -> Sequence[int]:
    """Return the character codes of a page in PDFium's order; those beyond 16 bits may come as two.

    PDFium's text of the page is its character list without those that mean nothing: where it has as many, one call
    gives them all, in a hundredth of the time of asking for each.
    """
    import pypdfium2.raw as pdfium

    count = max(0, pdfium.FPDFText_CountChars(textpage))
    buffer = (ctypes.c_ushort * (count + 1))()
    if pdfium.FPDFText_GetText(textpage, 0, count, buffer) == count + 1:
        codes: list[int] = buffer[:count]
        if not any(0xD800 <= code < 0xE000 for code in codes):
            return codes
    return [pdfium.FPDFText_GetUnicode(textpage, index) for index in range(count)]


class _Run:
    """The letters of one word as they come."""

    def __init__(
        self, index: int, kind: Type, base: tuple[float, float], origin: TextObject, box: BBox, frame: Frame
    ) -> None:
        self.index, self.kind, self.base, self.origin = index, kind, base, origin
        self.extent = list(box)
        self.letters: list[str] = []
        self.boxes: list[BBox] = []
        self.faulty = 0
        self.unmapped = self.glued = self.right = False
        size = kind.size * frame.unit
        self.along, self.across = m.WORD_GAP_ALONG * size, m.WORD_GAP_ACROSS * size
        self.axis = (kind.turns + frame.turns + 1) % 2  # of user space, across the baseline
        self.tall = box[self.axis + 2] - box[self.axis]

    def is_shadow(self, box: BBox) -> bool:
        """Return whether the letter before is drawn again here, a little off its baseline, as titles throw shadows."""
        if not self.boxes or self.kind.slanted:  # each letter of a slanted word lies off the one before
            return False
        before = self.boxes[-1]
        shared = [min(before[side + 2], box[side + 2]) - max(before[side], box[side]) for side in (0, 1)]
        off = abs(before[self.axis] - box[self.axis])
        return off > m.SHADOW_OFF * self.tall and all(
            2 * shared[side] > before[side + 2] - before[side] for side in (0, 1)
        )

    def turns_round(self, text: str) -> bool:
        """Return whether a letter runs the other way than the one before."""
        if not self.letters or not text.isalpha() or not self.letters[-1].isalpha():
            return False
        return is_right_to_left(text) != self.right

    def word(self, frame: Frame, *, vertical: bool) -> Word:
        """Return the word, its box made from its baseline and size so that neighbours of one type agree."""
        text = "".join(self.letters)
        if not text.isascii():
            text = _composed(self.letters, self.boxes)
        kind = self.kind
        x0, y0, x1, y1 = frame.rect(self.extent[0], self.extent[1], self.extent[2], self.extent[3])
        bx, by = frame.point(*self.base)
        up, down = m.ASCENT * kind.size, m.DESCENT * kind.size
        column = not kind.slanted and self._is_column(text, vertical=vertical)
        if column:
            kind = replace(kind, turns=(kind.turns + 1) % 4)  # read downwards, the next column to the left
            box, base = (x0, y0, x1, y1), (y1 - down, x0 + down, y0 + down, x1 - down)[kind.turns]
        elif kind.turns == 0:
            box, base = (x0, by - up, x1, by + down), by
        elif kind.turns == 1:
            box, base = (bx - down, y0, bx + up, y1), bx
        elif kind.turns == 3:
            box, base = (bx - up, y0, bx + down, y1), bx
        else:
            box, base = (x0, by - down, x1, by + up), by
        return Word(
            text, box, base, kind, self.index, self.faulty, self.unmapped, self.glued, column, self.origin
        )

    def _is_column(self, text: str, *, vertical: bool) -> bool:
        """Return whether its letters stand one below another, each upright."""
        if len(text) < 2:
            return vertical and bool(text) and is_ideograph(text)
        letter, axis = self.boxes[0], self.axis
        return self.extent[axis + 2] - self.extent[axis] > m.COLUMN_OF_GLYPHS * (
            letter[axis + 2] - letter[axis]
        )


def _composed(letters: list[str], boxes: list[BBox]) -> str:
    """Return the letters as text, presentation forms and ligatures spelled out.

    PDFium gives the letters of a ligature with one box: in their order where it takes the ligature apart itself,
    turned round where the font's map names them. No letter that joins to the right alone stands within a ligature.
    """
    text = "".join(letters)
    if _FORMS.search(text) is None:
        return unicodedata.normalize("NFC", text)
    parts: list[str] = []
    at = 0
    while at < len(letters):
        end = at + 1
        while end < len(letters) and boxes[end] == boxes[at]:
            end += 1
        group = letters[at:end]
        turned = _JOIN_RIGHT_ONLY.intersection(group[:-1]) or not _JOIN_RIGHT_ONLY.intersection(group[1:])
        if len(group) > 1 and turned and all(map(is_right_to_left, group)):
            group.reverse()
        parts += group
        at = end
    text = re.sub("[\ufb00-\ufefc]", lambda form: unicodedata.normalize("NFKC", form[0]), "".join(parts))
    return unicodedata.normalize("NFC", text)
