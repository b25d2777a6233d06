"""The words of a file's name as context for its passages."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

__all__ = ["with_name"]

_PARTS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")
_YEAR = re.compile(r"(?:19|20)\d\d")
_MIN_LETTERS = 3


def with_name(text: str, source: str) -> str:
    """Return a passage's words behind those words and years of its file's name that it lacks.

    In a collection of reports a passage seldom says whose report it is and of which year; the file's
    name often does ("AMAZON_2017_10K.pdf"), and whoever asks names both.

    Args:
        text: What is embedded of a passage.
        source: Path of its document.
    """
    held = text.casefold()
    parts = dict.fromkeys(_PARTS.split(PurePosixPath(source).stem))
    words = [part for part in parts if _is_word(part) and part.casefold() not in held]
    return f"{' '.join(words)}\n{text}" if words else text


def _is_word(part: str) -> bool:
    return (part.isalpha() and len(part) >= _MIN_LETTERS) or bool(_YEAR.fullmatch(part))
