"""Namespaces of Office Open XML, as lxml writes them."""

from __future__ import annotations

from ...._xml import local_name as local

__all__ = [
    "CX",
    "DGM",
    "MC",
    "WP",
    "WPS",
    "XDR",
    "A",
    "C",
    "M",
    "O",
    "P",
    "R",
    "S",
    "V",
    "W",
    "local",
    "whole",
]

_BASE = "http://schemas.openxmlformats.org/"
W = "{" + _BASE + "wordprocessingml/2006/main}"
A = "{" + _BASE + "drawingml/2006/main}"
P = "{" + _BASE + "presentationml/2006/main}"
S = "{" + _BASE + "spreadsheetml/2006/main}"
R = "{" + _BASE + "officeDocument/2006/relationships}"
M = "{" + _BASE + "officeDocument/2006/math}"
C = "{" + _BASE + "drawingml/2006/chart}"
CX = "{http://schemas.microsoft.com/office/drawing/2014/chartex}"
DGM = "{" + _BASE + "drawingml/2006/diagram}"
WP = "{" + _BASE + "drawingml/2006/wordprocessingDrawing}"
XDR = "{" + _BASE + "drawingml/2006/spreadsheetDrawing}"
MC = "{" + _BASE + "markup-compatibility/2006}"
WPS = "{http://schemas.microsoft.com/office/word/2010/wordprocessingShape}"
V = "{urn:schemas-microsoft-com:vml}"
O = "{urn:schemas-microsoft-com:office:office}"  # noqa: E741


def whole(text: str | None, default: int = 0) -> int:
    """Return a whole number as an attribute writes it; the default where it is none, or beyond reason."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else default
