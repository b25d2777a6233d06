"""What words of RTF mean: those that are spoken, those that are left out, and what a group inherits."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

__all__ = [
    "ASIDE",
    "BY_DEFAULT",
    "CHARSETS",
    "MARGINS",
    "MIN_LEGIBLE",
    "PICTURE_KINDS",
    "SKIPPED",
    "SPOKEN",
    "TOKEN",
    "State",
    "codec",
]

TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|([\r\n]+)|([^\\{}\r\n]+)"
)
SKIPPED = frozenset((
    "info", "generator", "fldinst", "xe", "tc", "rxe", "nonshppict", "themedata", "colorschememapping",
    "datastore", "latentstyles", "rsidtbl", "listtable", "listoverridetable", "filetbl", "revtbl",
    "xmlnstbl", "mmathPr", "wgrffmtfilter", "pgptbl", "bkmkstart", "bkmkend", "objdata", "objclass",
    "panose", "falt", "blipuid", "picprop", "template", "userprops", "atnid", "atnref", "atndate",
    "atnparent", "annotation_ignored", "sp", "shprslt", "fchars", "lchars", "pnseclvl",
))  # fmt: skip
SPOKEN = {
    "tab": "\t", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“",
    "rdblquote": "”", "emspace": " ", "enspace": " ",
}  # fmt: skip
CHARSETS = {0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "cp950", 161: "cp1253",
             162: "cp1254", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250"}  # fmt: skip
ASIDE = ("footnote", "annotation", "shptxt", "dptxbxtext")
"""Destinations whose text follows the paragraph that they stand in: notes, comments, text boxes."""
MARGINS = frozenset(f"{name}{side}" for name in ("header", "footer") for side in ("", "f", "l", "r"))
BY_DEFAULT = 25  # what a form field says of itself where nobody has set it
MIN_LEGIBLE = 4  # half points; what is smaller is not read by anyone
PICTURE_KINDS = frozenset({"pngblip", "jpegblip", "emfblip", "wmetafile", "dibitmap"})


@dataclass(slots=True)
class State:
    """What a group of RTF inherits and changes."""

    destination: str = ""
    skip: int = 1
    italic: bool = False
    hidden: bool = False
    deleted: bool = False
    raised: int = 0  # 1 for superscript, -1 for subscript
    codepage: str = "cp1252"
    style: int = 0
    size: int = 24  # half points
    colour: int = 0  # of the colour table, as is the ground
    ground: int = 0
    symbols: str = ""  # the font, where it is one of signs


def codec(page: int, default: str) -> str:
    """Return the codec of one of Windows' code pages."""
    try:
        return codecs.lookup({65001: "utf-8", 936: "gb18030", 10000: "mac-roman"}.get(page, f"cp{page}")).name
    except LookupError:
        return default
