"""Opening a PDF, with PDFium's refusals as errors of xmrag."""

from __future__ import annotations

import mmap
import threading
from pathlib import Path
from typing import Any

from ....errors import ReadError, SourceDamaged, SourceEncrypted, SourceMissing
from .boxes import Frame

__all__ = ["PDFIUM_LOCK", "frame_of", "has_layers", "open_document", "utf16_text"]

PDFIUM_LOCK = threading.RLock()
"""PDFium is not thread-safe: everything that calls it holds this lock. Use processes for speed."""

_PASSWORD, _SECURITY = 4, 5  # FPDF_ERR_*
_TAIL = 16_384


def open_document(path: Path, password: str | None) -> Any:
    """Return a ``pypdfium2.PdfDocument`` with at least one page, forms initialised.

    Raises:
        SourceMissing: If there is no such file.
        SourceEncrypted: If a password is needed, or the one given is wrong.
        SourceDamaged: If it is no PDF, or truncated beyond use.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path, password=password)
    except FileNotFoundError as error:
        raise SourceMissing(f"There is no file {path}.", hint="Check the path.") from error
    except pypdfium2.PdfiumError as error:
        raise _refusal(path, error, password) from error
    try:
        document.init_forms()
        _check_whole(path, len(document))
    except pypdfium2.PdfiumError as error:
        document.close()
        raise _refusal(path, error, password) from error
    except SourceDamaged:
        document.close()
        raise
    return document


def has_layers(path: Path) -> bool:
    """Return whether a file names optional layers where they can be seen without inflating it."""
    with path.open("rb") as stream:
        if stream.seek(0, 2) == 0:
            return False
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(b"/OCProperties") >= 0 or content.find(b"/OCG") >= 0


def utf16_text(getter: Any, *arguments: Any) -> str:
    """Return the text that a function of PDFium's API writes into a buffer, in UTF-16.

    Args:
        getter: The function; its last two arguments are the buffer and its length in bytes, and it returns the length.
        arguments: The arguments before those.
    """
    import pypdfium2.raw as pdfium

    length = max(0, getter(*arguments, None, 0))
    buffer = (pdfium.FPDF_WCHAR * (length // 2 + 1))()
    getter(*arguments, buffer, length)
    return bytes(buffer)[: max(0, length - 2)].decode("utf-16-le", "replace")


def _check_whole(path: Path, pages: int) -> None:
    """Refuse a file that was cut off: PDFium rebuilds what is left, and half a document is not the document."""
    if pages < 1:
        raise SourceDamaged(f"{path} has no pages.", hint="Export it again from where it was made.")
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - _TAIL))
        tail = stream.read()
    if b"%%EOF" not in tail and b"startxref" not in tail:
        raise SourceDamaged(
            f"{path} is cut off: its end is missing; {pages} of its pages could still be found.",
            hint="Fetch it again; to keep what is left, repair it, for example with: qpdf IN OUT",
        )


def _refusal(path: Path, error: Any, password: str | None) -> ReadError:
    code = getattr(error, "err_code", None)
    if code == _PASSWORD:
        if password is None:
            return SourceEncrypted(
                f"{path} is encrypted and needs a password.",
                hint="Give its password: --password WORD, or password=… in Python.",
            )
        return SourceEncrypted(f"{path}: the password given is wrong.", hint="Give the right password.")
    if code == _SECURITY:
        return SourceEncrypted(
            f"{path} is encrypted in a way that PDFium cannot open.",
            hint="Save a copy without protection, for example with: qpdf --decrypt IN OUT",
        )
    return SourceDamaged(
        f"{path} cannot be read as a PDF ({error}).",
        hint="It is truncated or damaged: fetch it again, or repair it, for example with: qpdf IN OUT",
    )


def frame_of(page: Any) -> Frame:
    """Return how a page is shown."""
    left, bottom, right, top = page.get_bbox()
    return Frame(left, bottom, right, top, (page.get_rotation() // 90) % 4)
