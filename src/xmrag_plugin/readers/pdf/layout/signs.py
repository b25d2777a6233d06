"""Signs of symbol fonts: a bullet of Wingdings is no "§", and one in the private area is not nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ...symbols import symbol_text
from .glyphs import Word

__all__ = ["show_signs"]

_FONT = re.compile(r"^(wingdings|webdings|symbol)(?:[- ]?(2)(?!\d))?", re.IGNORECASE)
_LATIN_1 = 0x100
_BULLETS = {0xF0B7: "•", 0xF0A7: "▪"}  # no icon of the common fonts of icons but a hand has these codes


def show_signs(words: Sequence[Word], textpage: Any) -> None:
    """Set words in a symbol font to what their letters look like.

    Args:
        words: As they were read.
        textpage: The ``FPDF_TEXTPAGE`` that they were read from.
    """
    import pypdfium2.raw as pdfium

    fonts: dict[str, str] = {}
    for word in words:
        name = word.type.font
        font = fonts.get(name)
        if font is None:
            found = _FONT.match(name)
            font = fonts[name] = " ".join(filter(None, found.groups())).lower() if found else ""
        if not font:
            if word.faulty == 1 and not word.text:  # Word's bullets, in a font that goes by another name
                code = pdfium.FPDFText_GetUnicode(textpage, word.order)
                if code in _BULLETS:
                    word.text, word.faulty = _BULLETS[code], 0
            continue
        count = len(word.text) + word.faulty
        codes = [pdfium.FPDFText_GetUnicode(textpage, word.order + number) for number in range(count)]
        shown = "".join(_shown(chr(code), font) for code in codes if code)
        if "\ufffd" not in shown:
            word.text, word.faulty, word.unmapped = shown, 0, False


def _shown(letter: str, font: str) -> str:
    if font == "symbol" and not "\uf000" <= letter < "\uf100":
        return letter  # PDFium knows its Greek letters
    if ord(letter) >= _LATIN_1 and letter != "•":
        byte = letter.encode("cp1252", "ignore")  # a code that was taken for one of Windows' letters
        letter = byte.decode("latin-1") or letter
    return symbol_text(letter, font)
