"""Namespaces of OpenDocument, as lxml writes them."""

from __future__ import annotations

__all__ = [
    "CHART",
    "DRAW",
    "FO",
    "FORM",
    "MATHML",
    "OFFICE",
    "PRESENTATION",
    "STYLE",
    "SVG",
    "TABLE",
    "TEXT",
    "XLINK",
]

_BASE = "{urn:oasis:names:tc:opendocument:xmlns:"
OFFICE = _BASE + "office:1.0}"
TEXT = _BASE + "text:1.0}"
TABLE = _BASE + "table:1.0}"
DRAW = _BASE + "drawing:1.0}"
STYLE = _BASE + "style:1.0}"
PRESENTATION = _BASE + "presentation:1.0}"
CHART = _BASE + "chart:1.0}"
SVG = _BASE + "svg-compatible:1.0}"
FO = _BASE + "xsl-fo-compatible:1.0}"
XLINK = "{http://www.w3.org/1999/xlink}"
FORM = _BASE + "form:1.0}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"
