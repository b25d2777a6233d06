"""PDF files: text in reading order, figures, tables, with page and box."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...errors import SourceDamaged
from ...types import Element
from .. import ReadContext, Reader
from .attachments import attachments_of, read_attachments
from .bombs import refuse_bombs
from .docling import check_pdf_parser, elements_by_docling
from .layout.broken_words import BrokenWords
from .layout.document import PDFIUM_LOCK, has_layers, open_document
from .layout.headings import Headings, read_outline
from .layout.page_elements import PageReader
from .layout.pages import PageView, open_page
from .xfa import read_xfa

__all__ = ["PdfReader"]

_AROUND = 4  # pages looked at before and after one, for running headers and repeated pictures


class PdfReader(Reader):
    """Read PDF with PDFium, or with docling where ``context.pdf_parser`` says so.

    Pages go by one at a time, with four on each side held open, so that memory does not grow with
    the document. PDFium is not thread-safe: calls into it hold a module-wide lock, so threads are safe
    but take turns; several processes are faster.
    """

    name: ClassVar[str] = "pdf"
    self_contained: ClassVar[bool] = True
    version: ClassVar[int] = 11
    suffixes: ClassVar[tuple[str, ...]] = (".pdf",)
    extra: ClassVar[str | None] = None

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Tell a PDF by ``%PDF-`` within the first kilobyte, as viewers do."""
        return b"%PDF-" in head[:1024]

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield elements page by page, then those of attached files; see :class:`~xmrag_plugin.readers.Reader`.

        Raises:
            SourceEncrypted: If a password is needed or wrong.
            SourceDamaged: If it is truncated or no page of it can be read.
            SourceTooLarge: If a stream of it unfolds out of all proportion.
            MissingExtra: If docling is wanted and not installed.
            ModelUnavailable: If docling is wanted and its models are not on this machine.
        """
        import pypdfium2
        import pypdfium2.raw as pdfium

        if context.pdf_parser != "pdfium":
            check_pdf_parser(context.pdf_parser)
            yield from elements_by_docling(path, context)
            return
        refuse_bombs(path)
        with PDFIUM_LOCK:
            document = open_document(path, context.password)
        window: deque[PageView] = deque()
        try:
            with PDFIUM_LOCK:
                count = len(document)
                tagged = bool(pdfium.FPDFCatalog_IsTagged(document))
                layered = has_layers(path)
                reader = PageReader(path.name, Headings(read_outline(document)), context)
            words = BrokenWords(reader.hyphens)
            loaded, damaged = 0, 0
            attached: list[tuple[str, bytes]] = []
            for index in range(count):
                while loaded < min(count, index + 1 + _AROUND):
                    try:
                        window.append(open_page(document, loaded, tagged=tagged, layered=layered))
                        reader.headings.learn(window[-1].sizes)
                    except pypdfium2.PdfiumError as error:
                        damaged += 1
                        context.on_warning(
                            f"{path.name}: page {loaded + 1} cannot be read ({error}).",
                            "The other pages are read; fetch or repair the file for this one.",
                        )
                    loaded += 1
                for page in window:
                    if not page.is_read:
                        page.read(reader.headings.body)
                        reader.hyphens.learn(page.lines)
                current = next((page for page in window if page.index == index), None)
                if current is None:
                    continue
                others = [page for page in window if page.index != index]
                yield from words.pass_on(reader.elements(current, others))
                attached += current.annotations.files
                context.on_progress(index + 1, count)
                while window and window[0].index <= index - _AROUND:
                    window.popleft().close()
            yield from words.rest()
            yield from read_xfa(document, path.name, context)
            yield from read_attachments([*attachments_of(document), *attached], path.name, context)
            if damaged == count:
                raise SourceDamaged(
                    f"{path} has {count} pages, none of which can be read.",
                    hint="Fetch it again, or repair it, for example with: qpdf IN OUT",
                )
        finally:
            with PDFIUM_LOCK:
                for page in window:
                    page.close()
                document.close()
