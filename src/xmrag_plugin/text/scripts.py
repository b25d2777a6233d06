"""Ranges of characters that a text is taken apart by: scripts without spaces, and marks that belong to a word."""

from __future__ import annotations

import re

__all__ = ["CJK", "CJK_CHARACTER", "CJK_RUN", "HAN", "SPACELESS", "SPACELESS_RUN", "WORD_MARKS"]

HAN = "\u4e00-\u9fff"
"""For a character class: the ideographs of running Chinese."""

CJK = (
    "\u1100-\u11ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf" + HAN + "\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003134f"
)
"""For a character class: kana (half-width too), ideographs with their extensions, Hangul."""

CJK_CHARACTER = re.compile(f"[{CJK}]")
CJK_RUN = re.compile(f"[{CJK}]+")

SPACELESS = CJK + "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"
"""For a character class: CJK, and Thai, Lao, Burmese and Khmer with their marks, which write no spaces between words."""

SPACELESS_RUN = re.compile(f"[{SPACELESS}]+")

WORD_MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06ed\u0900-\u0963\u0971-\u0df3"
)
"""For a character class: accents and vowel signs (of Latin, Hebrew, Arabic and the scripts of India), which stand
within words and which ``\\w`` of :mod:`re` leaves out."""
