"""Tell text from the bytes of a file that were decoded as if they were text."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["is_binary"]

_SAMPLE = 4096  # characters looked at, at the beginning and in the middle
_MAX_SHARE = 0.02  # of characters that no text has
_MIN_STRANGE = 4
_MAGIC = re.compile(
    r"\s*(?:%PDF-\d|%!PS-Adobe|PK\x03\x04|\x7fELF|GIF8[79]a|.{0,3}PNG\r?\n|RIFF.{0,4}(?:WAVE|WEBP|AVI )|\{\\rtf\d"
    r"|.{0,8}JFIF\x00|.{0,8}Exif\x00|ID3[\x02-\x04]|.{0,8}ftyp)",
    re.DOTALL,
)
_LAYOUT = frozenset("\t\n\r\f\v\x1c\x1d\x1e\x1f\x85\ufeff")


def is_binary(text: str) -> bool:
    """Return whether a text is no text: it begins like a known kind of file, or holds what no text holds.

    What no text holds are control characters, replacement characters and unassigned code points; 2 % of them tell,
    where a mis-decoded page of words has far fewer and compressed data has a quarter.
    """
    if _MAGIC.match(text[:64]):
        return True
    middle = len(text) // 2
    sample = text[:_SAMPLE] + (text[middle : middle + _SAMPLE] if len(text) > 2 * _SAMPLE else "")
    strange = sum(
        char == "\ufffd" or (unicodedata.category(char) in ("Cc", "Cn") and char not in _LAYOUT)
        for char in sample
    )
    return strange >= max(_MIN_STRANGE, _MAX_SHARE * len(sample))
