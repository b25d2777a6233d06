"""PDFium's functions that run for every letter and object, with addresses as plain numbers.

For each argument and result that is declared as a pointer, ctypes makes and checks an object, which takes longer than
what PDFium does in these functions.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import c_int, c_void_p
from functools import cache
from typing import Any

__all__ = ["address_of", "as_object", "plain"]

_ARGUMENTS: dict[str, tuple[Any, ...]] = {  # the type of the result, then those of the arguments
    "FPDFText_GetCharOrigin": (c_int, c_void_p, c_int, c_void_p, c_void_p),
    "FPDFText_GetLooseCharBox": (c_int, c_void_p, c_int, c_void_p),
    "FPDFText_GetTextObject": (c_void_p, c_void_p, c_int),
    "FPDFTextObj_GetFont": (c_void_p, c_void_p),
    "FPDFTextObj_GetTextRenderMode": (c_int, c_void_p),
    "FPDFPageObj_CountMarks": (c_int, c_void_p),
    "FPDFPageObj_GetClipPath": (c_void_p, c_void_p),
    "FPDFPageObj_GetFillColor": (c_int, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p),
    "FPDFPageObj_GetMarkedContentID": (c_int, c_void_p),
    "FPDFPageObj_GetType": (c_int, c_void_p),
    "FPDFClipPath_CountPaths": (c_int, c_void_p),
    "FPDFPage_GetObject": (c_void_p, c_void_p, c_int),
    "FPDFFormObj_GetObject": (c_void_p, c_void_p, ctypes.c_ulong),
}


@cache
def plain(name: str) -> Callable[..., Any]:
    """Return one of PDFium's functions that takes addresses, and gives one or None instead of a pointer."""
    import pypdfium2.raw as pdfium

    return ctypes.CFUNCTYPE(*_ARGUMENTS[name])(address_of(getattr(pdfium, name)))


def address_of(pointer: Any) -> int:
    """Return the address that a pointer holds; 0 for none."""
    return ctypes.cast(pointer, c_void_p).value or 0


def as_object(address: int) -> Any:
    """Return the address of a page's object as the handle that PDFium's declared functions take."""
    import pypdfium2.raw as pdfium

    return ctypes.cast(address, pdfium.FPDF_PAGEOBJECT)
