"""What the name of a file says: words and years, where it is no mere number or code."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

__all__ = ["with_name"]

_PARTS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")
_YEAR = re.compile(r"(?:19|20)\d\d")
_LEAST_LETTERS = 3


def with_name(text: str, source: str) -> str:
    """A passage's words with those of its file's name before them, as far as they do not stand in it.

    Of a collection of reports, the passages seldom say whose they are and of which year; the name of the
    file often does ("AMAZON_2017_10K.pdf"), and who asks names it.

    Args:
        text: What is embedded of a passage.
        source: Path of its document.
    """
    told = text.casefold()
    parts = dict.fromkeys(_PARTS.split(PurePosixPath(source).stem))
    words = [part for part in parts if _is_word(part) and part.casefold() not in told]
    return f"{' '.join(words)}\n{text}" if words else text


def _is_word(part: str) -> bool:
    return (part.isalpha() and len(part) >= _LEAST_LETTERS) or bool(_YEAR.fullmatch(part))
