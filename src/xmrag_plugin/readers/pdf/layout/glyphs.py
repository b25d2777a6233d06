"""Words of a page with their boxes and type, out of PDFium's character list."""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Any

from ....types import BBox
from .boxes import Frame

__all__ = ["Type", "Word", "is_right_to_left", "read_words"]

_LIGATURES = {
    0xFB00: "ff",
    0xFB01: "fi",
    0xFB02: "fl",
    0xFB03: "ffi",
    0xFB04: "ffl",
    0xFB05: "st",
    0xFB06: "st",
}
_SLANTED_QUARTERS = 0.11  # ten degrees
_SPACES = frozenset(
    [0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0xA0, 0x1680, 0x202F, 0x205F, 0x3000, *range(0x2000, 0x200B)]
)
_HYPHENS = frozenset([0x02, 0xAD, 0xFFFE])
_ASCENT, _DESCENT = 0.78, 0.22
_BOLD = re.compile(
    r"bold|black|heavy|demi|-medi(?!um)|(?:cm|sf|ec|lm|xb)(?:r?b|ss)x|^cmb\d|-bd\b|BdMT", re.IGNORECASE
)
_SLANTED = re.compile(r"ital|obli|slanted|^(?:cm|sf|ec)(?:ti|sl|bxti)|-it\b", re.IGNORECASE)
_FIXED_WIDTH = re.compile(r"mono|courier|consol|typewriter|menlo|^(?:cm|sf|ec)tt|-code", re.IGNORECASE)
_FORCE_BOLD, _ITALIC, _FIXED = 1 << 18, 1 << 6, 1


@dataclass(frozen=True, slots=True)
class Type:
    """How a word is set.

    Attributes:
        size: Effective size in points.
        bold: Whether the font is bold.
        italic: Whether it is slanted.
        fixed: Whether it is of fixed width.
        font: Base font name.
        turns: Quarter turns clockwise of the baseline as shown; 0 is upright.
        slanted: Whether the baseline runs aslant, by ten degrees or more.
        hidden: Drawn invisibly, as the text layer of a scan is.
    """

    size: float
    bold: bool = False
    italic: bool = False
    fixed: bool = False
    font: str = ""
    turns: int = 0
    hidden: bool = False
    slanted: bool = False


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
        content: Marked-content id, for tagged documents; -1 for none.
    """

    text: str
    box: BBox
    base: float
    type: Type
    order: int
    faulty: int = 0
    content: int = -1


def clean_code(code: int) -> tuple[str, int]:
    """A character code as text, and whether it is faulty."""
    if code in _LIGATURES:
        return _LIGATURES[code], 0
    if code in _HYPHENS:
        return "\u00ad", 0
    if 0x20 < code < 0x7F:
        return chr(code), 0
    if code < 0x20 or 0x7F <= code < 0xA0:
        return "", 1
    if code in (0xFEFF, 0x200B, 0x200C, 0x200D, 0x2060):
        return "", 0
    if code == 0xFFFD or code == 0xFFFF or 0xD800 <= code < 0xE000:
        return "", 1
    if 0xE000 <= code < 0xF900:
        return "", 1
    return chr(code), 0


def is_right_to_left(text: str) -> bool:
    """Whether a text holds Hebrew, Arabic or their like."""
    return not text.isascii() and any(
        "\u0590" <= character <= "\u08ff" or "\ufb1d" <= character <= "\ufeff" for character in text
    )


def read_words(textpage: Any, frame: Frame) -> list[Word]:
    """All words of a page in PDFium's order, which is content order, bidirectional text made logical.

    Args:
        textpage: A ``FPDF_TEXTPAGE``.
        frame: How the page is shown.
    """
    import pypdfium2.raw as pdfium

    count = pdfium.FPDFText_CountChars(textpage)
    get_unicode, get_box = pdfium.FPDFText_GetUnicode, pdfium.FPDFText_GetLooseCharBox
    rect = pdfium.FS_RECTF()
    types = _TypeReader(textpage, frame)
    words: list[Word] = []
    letters: list[str] = []
    faulty = 0
    start = 0
    kind: Type | None = None
    extent: list[float] = []
    last: list[float] = []
    high = 0

    def close() -> None:
        nonlocal letters, faulty
        if kind is not None and (letters or faulty) and extent:
            word = _finish("".join(letters), extent, kind, start, faulty, types.baseline, frame)
            word.content = types.content
            words.append(word)
        letters, faulty = [], 0

    for index in range(count):
        code = get_unicode(textpage, index)
        if high:
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00) if 0xDC00 <= code < 0xE000 else code
            high = 0
        elif 0xD800 <= code < 0xDC00:
            high = code
            continue
        if code in _SPACES or code == 0:
            close()
            continue
        if not get_box(textpage, index, rect):
            continue
        box = [rect.left, rect.bottom, rect.right, rect.top]
        if letters or faulty:
            if _apart(extent, box, kind):
                close()
            else:
                extent[0], extent[1] = min(extent[0], box[0]), min(extent[1], box[1])
                extent[2], extent[3] = max(extent[2], box[2]), max(extent[3], box[3])
        if not (letters or faulty):
            start, extent, kind = index, list(box), types.at(index, box)
        text, bad = clean_code(code)
        faulty += bad
        if not text:
            continue
        right = is_right_to_left(text)
        if letters and right != is_right_to_left(letters[-1]) and (text.isalpha() and letters[-1].isalpha()):
            close()
            start, extent, kind = index, list(box), types.at(index, box)
        if right and letters and box == last:
            letters.insert(-1, text)  # PDFium turns the letters of a ligature round
        else:
            letters.append(text)
        last = box
    close()
    return words


def _apart(extent: list[float], box: list[float], kind: Type | None) -> bool:
    size = kind.size if kind else 10.0
    return (
        max(box[0] - extent[2], extent[0] - box[2]) > 0.9 * size
        or max(box[1] - extent[3], extent[1] - box[3]) > 0.6 * size
    )


def _finish(
    text: str,
    extent: list[float],
    kind: Type,
    order: int,
    faulty: int,
    base: tuple[float, float],
    frame: Frame,
) -> Word:
    box = frame.rect(extent[0], extent[1], extent[2], extent[3])
    bx, by = frame.point(*base)
    x0, y0, x1, y1 = box
    if kind.turns == 0:
        box, line = (x0, by - _ASCENT * kind.size, x1, by + _DESCENT * kind.size), by
    elif kind.turns == 1:
        box, line = (bx - _DESCENT * kind.size, y0, bx + _ASCENT * kind.size, y1), bx
    elif kind.turns == 3:
        box, line = (bx - _ASCENT * kind.size, y0, bx + _DESCENT * kind.size, y1), bx
    else:
        box, line = (x0, by - _DESCENT * kind.size, x1, by + _ASCENT * kind.size), by
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return Word(text, box, line, kind, order, faulty)


class _TypeReader:
    """Type at a character, cached by font and by matrix."""

    def __init__(self, textpage: Any, frame: Frame) -> None:
        import pypdfium2.raw as pdfium

        self.pdfium = pdfium
        self.textpage = textpage
        self.page_turns = frame.turns
        self.fonts: dict[int, Type] = {}
        self.types: dict[tuple[int, float, int, bool, bool], Type] = {}
        self.baseline = (0.0, 0.0)
        self.content = -1
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._matrix = pdfium.FS_MATRIX()

    def at(self, index: int, box: list[float]) -> Type:
        pdfium, textpage = self.pdfium, self.textpage
        pdfium.FPDFText_GetCharOrigin(textpage, index, self._x, self._y)
        self.baseline = (self._x.value, self._y.value)
        size = float(pdfium.FPDFText_GetFontSize(textpage, index))
        turns, slanted = 0, False
        matrix = self._matrix
        if pdfium.FPDFText_GetMatrix(textpage, index, matrix):
            size *= math.hypot(matrix.c, matrix.d)
            quarters = math.atan2(matrix.b, matrix.a) / (math.pi / 2)
            turns, slanted = -round(quarters), abs(quarters - round(quarters)) > _SLANTED_QUARTERS
        turns = (turns + self.page_turns) % 4
        across = abs(box[2] - box[0]) if (turns - self.page_turns) % 2 else abs(box[3] - box[1])
        if not 0.4 * across <= size <= 2.5 * across and across > 0.5:
            size = across * 0.85
        item = pdfium.FPDFText_GetTextObject(textpage, index)
        self.content = pdfium.FPDFPageObj_GetMarkedContentID(item) if item else -1
        hidden = bool(item) and pdfium.FPDFTextObj_GetTextRenderMode(item) == 3
        font = pdfium.FPDFTextObj_GetFont(item) if item else None
        address = ctypes.cast(font, ctypes.c_void_p).value or 0 if font else 0
        key = (address, round(size, 1), turns, hidden, slanted)
        found = self.types.get(key)
        if found is None:
            named = self.fonts.get(address)
            if named is None:
                named = self.fonts[address] = self._font(font)
            found = self.types[key] = replace(
                named, size=round(size, 1), turns=turns, hidden=hidden, slanted=slanted
            )
        return found

    def _font(self, font: Any) -> Type:
        if not font:
            return Type(0.0)
        pdfium = self.pdfium
        length = pdfium.FPDFFont_GetBaseFontName(font, None, 0)
        buffer = ctypes.create_string_buffer(max(1, length))
        pdfium.FPDFFont_GetBaseFontName(font, buffer, length)
        name = buffer.value.decode("utf-8", "replace")
        plain = name.split("+", 1)[-1]
        flags = max(0, pdfium.FPDFFont_GetFlags(font))
        bold = bool(flags & _FORCE_BOLD) or pdfium.FPDFFont_GetWeight(font) >= 600
        bold = bold or bool(_BOLD.search(plain))
        italic = bool(flags & _ITALIC) or bool(_SLANTED.search(plain))
        fixed = bool(flags & _FIXED) or bool(_FIXED_WIDTH.search(plain))
        return Type(0.0, bold=bold, italic=italic, fixed=fixed, font=plain)
