"""Which pictures have words that tell what they show, and not just a number for a name or a shirt's lettering."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from ..types import Key, Modality, NodeRecord

__all__ = ["has_telling_words"]

_TELLING = (Key.CAPTION, Key.ALT, Key.LABEL, Key.DESCRIPTION, Key.CITED_BY, Key.HEADING_PATH)
_LEAST_LETTERED = 12  # words; a sign, a shirt or a number plate has fewer, a chart, a slide or a receipt more
_WORD = re.compile(r"[^\W\d_]{2,}")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")  # about two to a word
_PARTS_OF_NAMES = re.compile(r"[\W_]+")
_OF_CAMERAS = frozenset(
    {"dsc", "dscf", "dscn", "gopr", "image", "img", "mvimg", "pano", "photo", "pic", "picture", "pxl", "scan"}
)


def has_telling_words(record: NodeRecord) -> bool:
    """Whether a text encoder can find what a node is about in its words.

    Not so for a photograph with nothing but a name such as ``IMG_2041.jpg``, or the few letters that
    OCR read off a shirt: their vectors stand anywhere, and where the picture itself is embedded, they
    would only dilute what that says. The lexical index finds them by these words all the same.
    """
    if record.modality != Modality.IMAGE or not record.media_hash:
        return True
    if any(record.metadata.get(key) for key in _TELLING):
        return True
    if record.text.strip():
        return len(_WORD.findall(record.text)) + len(_CJK.findall(record.text)) // 2 >= _LEAST_LETTERED
    if record.embed_text not in (record.media, record.source):
        return True
    parts = _PARTS_OF_NAMES.split(PurePosixPath(record.embed_text).stem.lower())
    return any(part.isalpha() and len(part) > 1 and part not in _OF_CAMERAS for part in parts)
