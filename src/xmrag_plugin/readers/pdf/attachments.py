"""Files attached to a PDF, to the document or to a place on a page: each is read, or named in a warning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ...errors import XmragError
from ...types import Element
from .. import ReadContext, read_bytes
from .layout.annotations import take_attachment
from .layout.document import PDFIUM_LOCK

__all__ = ["attachments_of", "read_attachments"]


def read_attachments(
    files: Iterable[tuple[str, bytes]], name: str, context: ReadContext
) -> Iterator[Element]:
    """Yield the elements of attached files, with the file's name in ``metadata["attachment"]``.

    Args:
        files: Name and bytes of each.
        name: Of the PDF, for warnings.
        context: As for the PDF itself.
    """
    for called, data in dict.fromkeys(files):
        if not data:
            context.on_warning(
                f"{name}: the attached {called} is empty or cannot be taken out.",
                "Save it as a file and add that.",
            )
            continue
        try:
            for element in read_bytes(data, called, context):
                element.metadata["attachment"] = called
                element.page = element.bbox = None
                yield element
        except XmragError as error:
            context.on_warning(f"{name}: the attached {called} was not read: {error.message}", error.hint)


def attachments_of(document: Any) -> list[tuple[str, bytes]]:
    """Return name and bytes of the files attached to a document as a whole; no bytes where they cannot be had."""
    with PDFIUM_LOCK:
        return [take_attachment(document.get_attachment(nth)) for nth in range(document.count_attachments())]
