"""Which pictures have words that say what they show, and not a number for a name or a shirt's lettering."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from ..types import Key, Modality, NodeRecord
from .scripts import CJK_CHARACTER

__all__ = ["has_informative_words"]

_SAYING = (Key.CAPTION, Key.ALT, Key.LABEL, Key.DESCRIPTION, Key.CITED_BY, Key.HEADING_PATH)
_MIN_OCR_WORDS = 12  # a sign, a shirt or a number plate has fewer, a chart, a slide or a receipt more
_CHARACTERS_PER_WORD = 2  # in scripts without spaces
_WORD = re.compile(r"[^\W\d_]{2,}")
_PARTS_OF_NAMES = re.compile(r"[\W_]+")
_CAMERA_NAMES = frozenset(
    {"dsc", "dscf", "dscn", "gopr", "image", "img", "mvimg", "pano", "photo", "pic", "picture", "pxl", "scan"}
)


def has_informative_words(record: NodeRecord) -> bool:
    """Return whether a text encoder can find what a node is about in its words.

    False for a photograph with nothing but a name such as ``IMG_2041.jpg``, or the few letters that
    OCR read off a shirt: the vectors of such words lie anywhere. The lexical index finds them all the same.
    """
    if record.modality != Modality.IMAGE or not record.media_hash:
        return True
    if any(record.metadata.get(key) for key in _SAYING):
        return True
    if record.text.strip():
        characters = len(CJK_CHARACTER.findall(record.text))
        return len(_WORD.findall(record.text)) + characters // _CHARACTERS_PER_WORD >= _MIN_OCR_WORDS
    if record.embed_text not in (record.media, record.source):
        return True
    parts = _PARTS_OF_NAMES.split(PurePosixPath(record.embed_text).stem.lower())
    return any(part.isalpha() and len(part) > 1 and part not in _CAMERA_NAMES for part in parts)
