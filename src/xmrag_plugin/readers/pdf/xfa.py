"""Forms in XFA, which PDFium does not show: what was filled in is read, and the form is named."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

from ...errors import XmragError
from ...types import Element
from .. import ReadContext
from ..archives import parse_xml
from .layout.document import PDFIUM_LOCK

__all__ = ["read_xfa"]

_DATA = "{http://www.xfa.org/schema/xfa-data/1.0/}data"
_MAX_BYTES = 64 << 20


def read_xfa(document: Any, name: str, context: ReadContext) -> Iterator[Element]:
    """Yield what was filled into a form that is kept as XFA alone: its pages only ask to wait for another viewer.

    Args:
        document: The ``pypdfium2.PdfDocument``.
        name: Of the file, for the warning.
        context: Whom to tell.
    """
    import pypdfium2.raw as pdfium

    with PDFIUM_LOCK:
        if pdfium.FPDF_GetFormType(document) != pdfium.FORMTYPE_XFA_FULL:
            return
        packets = [
            _packet(document, index) for index in range(min(100, pdfium.FPDF_GetXFAPacketCount(document)))
        ]
    context.on_warning(
        f"{name}: it is an XFA form, of which only what was filled in could be read.",
        "Open it in Adobe Reader, print it to PDF, and add that.",
    )
    for packet in packets:
        try:
            tree = parse_xml(packet, f"{name}: its form", huge_tree=False) if packet else None
        except XmragError:
            continue
        filled = tree.iter(_DATA) if tree is not None else ()
        lines = [
            f"{node.tag.rpartition('}')[2]}: {' '.join(node.text.split())}"
            for data in filled
            for node in data.iter()
            if isinstance(node.tag, str) and len(node) == 0 and (node.text or "").strip()
        ]
        if lines:
            yield Element(kind="list", text="\n".join(lines), metadata={"form": True})


def _packet(document: Any, index: int) -> bytes:
    import pypdfium2.raw as pdfium

    length = ctypes.c_ulong()
    if not pdfium.FPDF_GetXFAPacketContent(document, index, None, 0, length) or length.value > _MAX_BYTES:
        return b""
    buffer = ctypes.create_string_buffer(length.value)
    pdfium.FPDF_GetXFAPacketContent(document, index, buffer, length.value, length)
    return buffer.raw
