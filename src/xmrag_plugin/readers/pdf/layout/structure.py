"""A tagged PDF's own account of its parts: headings, and alternative texts of figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .document import utf16_text

__all__ = ["Structure", "read_structure"]

_MAX_DEPTH = 60
_MAX_ELEMENTS = 20_000


@dataclass(slots=True)
class Structure:
    """What the structure tree says of a page, by marked-content id.

    Attributes:
        levels: Heading level 1–6.
        alts: Alternative text of a figure.
    """

    levels: dict[int, int] = field(default_factory=dict)
    alts: dict[int, str] = field(default_factory=dict)


def read_structure(page: Any) -> Structure:
    """Return the structure of a page of a tagged document."""
    import pypdfium2.raw as pdfium

    found = Structure()
    tree = pdfium.FPDF_StructTree_GetForPage(page)
    if not tree:
        return found
    try:
        budget = [_MAX_ELEMENTS]
        for index in range(max(0, pdfium.FPDF_StructTree_CountChildren(tree))):
            child = pdfium.FPDF_StructTree_GetChildAtIndex(tree, index)
            if child:
                _walk(child, found, 0, "", 0, budget)
    finally:
        pdfium.FPDF_StructTree_Close(tree)
    return found


def _walk(element: Any, found: Structure, level: int, alt: str, depth: int, budget: list[int]) -> None:
    import pypdfium2.raw as pdfium

    budget[0] -= 1
    if budget[0] < 0 or depth > _MAX_DEPTH:
        return
    kind = utf16_text(pdfium.FPDF_StructElement_GetType, element).strip()
    if len(kind) == 2 and kind[0] == "H" and kind[1] in "123456":
        level = int(kind[1])
    elif kind == "H":
        level = 2
    if kind in ("Figure", "Formula"):
        alt = " ".join(utf16_text(pdfium.FPDF_StructElement_GetAltText, element).split()) or alt
    for index in range(max(0, pdfium.FPDF_StructElement_GetMarkedContentIdCount(element))):
        _note(found, pdfium.FPDF_StructElement_GetMarkedContentIdAtIndex(element, index), level, alt)
    for index in range(max(0, pdfium.FPDF_StructElement_CountChildren(element))):
        child = pdfium.FPDF_StructElement_GetChildAtIndex(element, index)
        if child:
            _walk(child, found, level, alt, depth + 1, budget)
        else:
            _note(found, pdfium.FPDF_StructElement_GetChildMarkedContentID(element, index), level, alt)


def _note(found: Structure, content: int, level: int, alt: str) -> None:
    if content < 0:
        return
    if level:
        found.levels[content] = level
    if alt:
        found.alts[content] = alt
