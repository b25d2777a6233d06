"""Captions: "Figure 3: …", "Table 2. …", and which figure or table they belong to."""

from __future__ import annotations

import re

from .blocks import Block

__all__ = ["caption_label", "is_table_label"]

_LABEL = re.compile(
    r"""^\s*(?:[\[(▲▼►◄●■]\s*)?
    (?P<kind>supplementary\ (?:figure|fig\.?|table)|extended\ data\ fig(?:ure|\.)?|figure|fig\.?|table|tab\.|chart|exhibit|
        diagram|graph|map|plate|photo|image|box|scheme|listing|algorithm|abbildung|abb\.?|tabelle|figura|tabla|
        tableau|图|圖|表|図|그림|표)
    \s*(?P<number>(?:[A-Z]{1,2}[.\-–]?)?\d+(?:[.\-–]\d+)*[a-z]?|[IVXL]{1,6}|[A-Z](?=[:.]))
    (?P<mark>\s*[:.|—–\-)\]：．]|\s|$)
    (?P<rest>.*)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_CITING = re.compile(
    r"^(?:shows?|shown|presents?|illustrates?|depicts?|gives?|lists?|summari[sz]es?|compares?|displays?|"
    r"reports?|provides?|contains?|describes?|and|or|is|are|in|on|of|we|also|can|below|above|to|for)\b"
)
_TABLES = ("table", "tab.", "tabelle", "tabla", "tableau", "表", "표", "supplementary table")


def caption_label(block: Block) -> str:
    """ "Figure 3" when a block is a caption; "" when it is not.

    A sentence that starts with a figure's name ("Figure 3 shows …") is none.
    """
    return label_of(block.text)


def label_of(text: str) -> str:
    """The label that a caption's text starts with, "" for none."""
    match = _LABEL.match(text[:400])
    if not match:
        return ""
    kind, number, mark, rest = match["kind"], match["number"], match["mark"].strip(), match["rest"].strip()
    if not mark and rest and (_CITING.match(rest) or rest[0] in ",;)"):
        return ""
    if not mark and rest and kind[0].islower():
        return ""
    if number.isalpha() and number.isupper() and not mark and rest:
        return ""
    kind = {"fig": "Figure", "fig.": "Figure", "tab.": "Table"}.get(kind.lower(), kind)
    kind = kind if not kind.isascii() else kind[0].upper() + kind[1:].lower()
    return f"{kind}{'' if not kind.isascii() else ' '}{number}"


def is_table_label(label: str) -> bool:
    """Whether a label names a table."""
    return label.lower().startswith(_TABLES)
