"""PDFs read by docling, for those who have it and its models on disk (the setting ``pdf_parser``).

docling's layout and table models (Auer et al., "Docling Technical Report", arXiv:2408.09869) are slower than
the reader of this package and better on tables without rules. Nothing is fetched: the models are those that
``docling-tools models download`` laid down.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ModelUnavailable, SourceDamaged, SourceEncrypted, UsageError, require
from ...types import Element

if TYPE_CHECKING:
    from ..context import ReadContext

__all__ = ["PDF_PARSERS", "check_pdf_parser", "elements_by_docling"]

PDF_PARSERS = ("pdfium", "docling")
"""Values of the setting ``pdf_parser``."""

_PURPOSE = "Reading PDFs with docling (the setting pdf_parser)"
_PIXELS_A_POINT = 2.0
_converters: dict[bool, Any] = {}


def check_pdf_parser(name: str) -> None:
    """Check that a parser of PDFs exists and can be used, before any file is read.

    Raises:
        UsageError: If there is no parser of this name.
        MissingExtra: If docling is wanted and not installed.
        ModelUnavailable: If its models are not on this machine.
    """
    if name not in PDF_PARSERS:
        raise UsageError(
            f"No parser of PDFs is called {name!r}.", hint=f"Set pdf_parser to {' or '.join(PDF_PARSERS)}."
        )
    if name == "docling":
        _models()


def elements_by_docling(path: Path, context: ReadContext) -> Iterator[Element]:
    """Yield the elements of a PDF as docling reads it, with its pictures.

    Scans are read by docling's own OCR where ``context.ocr`` is set.

    Raises:
        MissingExtra: If docling is not installed.
        ModelUnavailable: If its models are not on this machine.
        SourceEncrypted: If a password is needed.
        SourceDamaged: If docling cannot convert it.
    """
    from ..data.parsed_forms import elements_of_docling

    if context.password is not None or _is_encrypted(path):
        raise SourceEncrypted(
            f"{path.name} is encrypted, which docling does not open.",
            hint="Set pdf_parser to pdfium for it, or save a copy without the password.",
        )
    converter = _converter(ocr=context.ocr is not None)
    try:
        document = converter.convert(path).document.export_to_dict()
    except Exception as error:
        raise SourceDamaged(
            f"{path.name} could not be read by docling: {type(error).__name__}: {error}.",
            hint="Set pdf_parser to pdfium, or repair the file.",
        ) from error
    yield from elements_of_docling(document, path, context)


def _is_encrypted(path: Path) -> bool:
    from .layout.document import open_document

    try:
        open_document(path, None).close()
    except SourceEncrypted:
        return True
    return False


def _models() -> Path:
    """Return where docling's models lie: what its own settings say, else where its tool puts them.

    Raises:
        ModelUnavailable: If nothing is there.
    """
    settings = require("docling.datamodel.settings", "docling", purpose=_PURPOSE).settings
    folder = Path(settings.artifacts_path or settings.cache_dir / "models")
    if not folder.is_dir() or not any(folder.iterdir()):
        raise ModelUnavailable(
            f"docling's models are not on this machine (looked in {folder}).",
            hint="Fetch them with: docling-tools models download; or set pdf_parser to pdfium.",
        )
    return folder


def _converter(*, ocr: bool) -> Any:
    """Return docling's converter, made once."""
    if ocr not in _converters:
        library: Any = require("docling.document_converter", "docling", purpose=_PURPOSE)
        pipeline: Any = require("docling.datamodel.pipeline_options", "docling", purpose=_PURPOSE)
        formats: Any = require("docling.datamodel.base_models", "docling", purpose=_PURPOSE)
        wanted = pipeline.PdfPipelineOptions(
            artifacts_path=_models(), do_ocr=ocr, generate_picture_images=True, images_scale=_PIXELS_A_POINT
        )
        pdf = formats.InputFormat.PDF
        _converters[ocr] = library.DocumentConverter(
            allowed_formats=[pdf], format_options={pdf: library.PdfFormatOption(pipeline_options=wanted)}
        )
    return _converters[ocr]
