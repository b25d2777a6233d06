"""The one range of characters that are written without spaces: Chinese, Japanese and Korean."""

from __future__ import annotations

import re

__all__ = ["CJK", "CJK_CHARACTER", "CJK_RUN"]

CJK = (
    "\u1100-\u11ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003134f"
)
"""For a character class: kana (half-width too), ideographs with their extensions, Hangul."""

CJK_CHARACTER = re.compile(f"[{CJK}]")
CJK_RUN = re.compile(f"[{CJK}]+")
