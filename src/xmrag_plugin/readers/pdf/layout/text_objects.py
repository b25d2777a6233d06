"""How the text objects of a page are set: font, size, direction, colour, layer; for each character, by its object."""

from __future__ import annotations

import ctypes
import math
import re
from dataclasses import dataclass, replace
from typing import Any

from ....types import BBox
from . import measures as m
from .boxes import Frame
from .pdfium_calls import address_of, as_object, plain

__all__ = ["NO_OBJECT", "TextObject", "Type", "TypeReader", "is_layered"]

_BOLD = re.compile(
    r"bold|black|heavy|demi|-medi(?!um)|(?:cm|sf|ec|lm|xb)(?:r?b|ss)x|^cmb\d|-bd\b|BdMT", re.IGNORECASE
)
_SLANTED = re.compile(r"ital|obli|slanted|^(?:cm|sf|ec)(?:ti|sl|bxti)|-it\b", re.IGNORECASE)
_FIXED_WIDTH = re.compile(r"mono|courier|consol|typewriter|menlo|^(?:cm|sf|ec)tt|-code", re.IGNORECASE)
_FORCE_BOLD, _ITALIC, _FIXED, _BOLD_WEIGHT = 1 << 18, 1 << 6, 1, 600
_UNSEEN_MODES = (3, 7)  # text rendering modes of ISO 32000-1, table 106: neither fill nor stroke
_LAYER = "OC"


@dataclass(frozen=True, slots=True)
class Type:
    """How a word is set.

    Attributes:
        size: Effective size in layout units.
        bold: Whether the font is bold.
        italic: Whether it is slanted.
        fixed: Whether it is of fixed width.
        font: Base font name.
        turns: Quarter turns clockwise of the writing direction as shown; 0 is upright.
        hidden: Drawn invisibly, as the text layer of a scan is.
        slanted: Whether the baseline runs aslant, by ten degrees or more.
    """

    size: float
    bold: bool = False
    italic: bool = False
    fixed: bool = False
    font: str = ""
    turns: int = 0
    hidden: bool = False
    slanted: bool = False


@dataclass(slots=True, eq=False)
class TextObject:
    """What one text object of the page's content says of all its words.

    Attributes:
        address: Of PDFium's object, good while the page is open.
        fill: ``(r, g, b, a)`` that its letters are filled with.
        hidden: Whether its rendering mode shows nothing.
        layered: Whether it lies in a layer that may be switched off.
        content: Marked-content id, for tagged documents; -1 for none.
    """

    address: int = 0
    fill: tuple[int, int, int, int] = (0, 0, 0, 255)
    hidden: bool = False
    layered: bool = False
    content: int = -1


NO_OBJECT = TextObject()


class TypeReader:
    """The type at a character, cached by text object, font and size."""

    def __init__(self, textpage: Any, frame: Frame) -> None:
        import pypdfium2.raw as pdfium

        self.pdfium = pdfium
        self.textpage = textpage
        self.page_turns = frame.turns
        self.unit = frame.unit
        self.fonts: dict[int, Type] = {}
        self.types: dict[tuple[int, float, int, bool, bool], Type] = {}
        self.objects: dict[int, tuple[TextObject, int]] = {0: (NO_OBJECT, 0)}  # with its font's address
        self.styles: dict[int, tuple[float, int, bool]] = {}
        self.baseline = (0.0, 0.0)
        self.origin = NO_OBJECT
        self._page = address_of(textpage)
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._places = ctypes.addressof(self._x), ctypes.addressof(self._y)
        self._matrix = pdfium.FS_MATRIX()
        self._color = (ctypes.c_uint * 4)()
        self._get_origin, self._get_object = plain("FPDFText_GetCharOrigin"), plain("FPDFText_GetTextObject")

    def at(self, index: int, box: BBox) -> Type:
        """Return the type of a character; sets ``baseline`` and ``origin``."""
        self._get_origin(self._page, index, *self._places)
        self.baseline = (self._x.value, self._y.value)
        address = self._get_object(self._page, index) or 0
        size, turns, slanted = self.styles.get(address) or self._set(index, address)
        across = abs(box[2] - box[0]) if (turns - self.page_turns) % 2 else abs(box[3] - box[1])
        if not m.SIZE_TO_BOX[0] * across <= size <= m.SIZE_TO_BOX[1] * across and across > 0:
            size = across * m.BOX_TO_SIZE
        size = round(size / self.unit, 1)
        self.origin, font = self.objects.get(address) or self._object(address)
        key = (font, size, turns, self.origin.hidden, slanted)
        found = self.types.get(key)
        if found is None:
            named = self.fonts.get(font)
            if named is None:
                named = self.fonts[font] = self._font(font)
            hidden = self.origin.hidden
            found = self.types[key] = replace(named, size=size, turns=turns, hidden=hidden, slanted=slanted)
        return found

    def changes(self, index: int, box: BBox) -> bool:
        """Return whether a character is set in another size, or on another baseline, than the one before it."""
        x, y = self.baseline
        before, after = self.at(index - 1, box), (self._x.value, self._y.value)
        now = self.at(index, box)
        if now.slanted:
            return False
        upright = (now.turns - self.page_turns) % 2 == 0
        shift = abs(self.baseline[1] - after[1] if upright else self.baseline[0] - after[0])
        size = before.size * self.unit
        self.baseline = (x, y)
        return abs(now.size - before.size) > m.TYPE_CHANGE * before.size or shift > m.TYPE_CHANGE * size

    def _set(self, index: int, address: int) -> tuple[float, int, bool]:
        """Return the size in points, the turns and whether it is slanted: of all characters of a text object."""
        pdfium, matrix = self.pdfium, self._matrix
        size = float(pdfium.FPDFText_GetFontSize(self.textpage, index))
        turns, slanted = 0, False
        if pdfium.FPDFText_GetMatrix(self.textpage, index, matrix):
            size *= math.hypot(matrix.c, matrix.d)
            quarters = math.atan2(matrix.b, matrix.a) / (math.pi / 2)
            turns, slanted = -round(quarters), abs(quarters - round(quarters)) > m.ASLANT_QUARTERS
        found = size, (turns + self.page_turns) % 4, slanted
        if address:
            self.styles[address] = found
        return found

    def _object(self, address: int) -> tuple[TextObject, int]:
        color = ctypes.addressof(self._color)
        filled = plain("FPDFPageObj_GetFillColor")(address, color, color + 4, color + 8, color + 12)
        red, green, blue, alpha = self._color if filled else (0, 0, 0, 255)
        own = TextObject(
            address,
            (red, green, blue, alpha),
            plain("FPDFTextObj_GetTextRenderMode")(address) in _UNSEEN_MODES,
            plain("FPDFPageObj_CountMarks")(address) > 0 and is_layered(as_object(address)),
            plain("FPDFPageObj_GetMarkedContentID")(address),
        )
        found = self.objects[address] = own, plain("FPDFTextObj_GetFont")(address) or 0
        return found

    def _font(self, address: int) -> Type:
        if not address:
            return Type(0.0)
        pdfium = self.pdfium
        font = ctypes.cast(address, pdfium.FPDF_FONT)
        length = pdfium.FPDFFont_GetBaseFontName(font, None, 0)
        buffer = ctypes.create_string_buffer(max(1, length))
        pdfium.FPDFFont_GetBaseFontName(font, buffer, length)
        name = buffer.value.decode("utf-8", "replace")
        plain = name.split("+", 1)[-1]
        flags = max(0, pdfium.FPDFFont_GetFlags(font))
        bold = bool(flags & _FORCE_BOLD) or pdfium.FPDFFont_GetWeight(font) >= _BOLD_WEIGHT
        bold = bold or bool(_BOLD.search(plain))
        italic = bool(flags & _ITALIC) or bool(_SLANTED.search(plain))
        fixed = bool(flags & _FIXED) or bool(_FIXED_WIDTH.search(plain))
        return Type(0.0, bold=bold, italic=italic, fixed=fixed, font=plain)


def is_layered(item: Any) -> bool:
    """Return whether an object of a page is marked as content of an optional layer."""
    import pypdfium2.raw as pdfium

    for number in range(max(0, pdfium.FPDFPageObj_CountMarks(item))):
        mark = pdfium.FPDFPageObj_GetMark(item, number)
        buffer, length = (pdfium.FPDF_WCHAR * 8)(), ctypes.c_ulong()
        if mark and pdfium.FPDFPageObjMark_GetName(mark, buffer, ctypes.sizeof(buffer), length):
            name = bytes(buffer)[: max(0, min(length.value, 16) - 2)].decode("utf-16-le", "replace")
            if name == _LAYER:
                return True
    return False
