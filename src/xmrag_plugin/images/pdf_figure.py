"""Figures kept as PDF (plots for LaTeX) as pictures: the first page rendered, its lettering kept."""

from __future__ import annotations

from pathlib import Path

from ..errors import PictureError
from .decode import picture_bytes

__all__ = ["is_pdf", "render_pdf_figure"]

_SIDE_PX = 1600
_MAX_BYTES = 64 << 20


def is_pdf(source: bytes | Path | None) -> bool:
    """Return whether bytes or a file begin as PDF does."""
    if isinstance(source, Path):
        try:
            with source.open("rb") as stream:
                source = stream.read(8)
        except OSError:
            return False
    return source is not None and source.startswith(b"%PDF-")


def render_pdf_figure(source: bytes | Path) -> tuple[bytes, str]:
    """Render the first page, its longer side 1600 px.

    Returns:
        PNG bytes, and the page's lettering, one line of it a line.

    Raises:
        PictureError: If it cannot be rendered, or is larger than 64 MiB.
    """
    import pypdfium2

    data = source if isinstance(source, bytes) else source.read_bytes()
    if len(data) > _MAX_BYTES:
        raise PictureError(
            "The figure is a PDF of more than 64 MiB.", hint="Add it as a document of its own."
        )
    try:
        with pypdfium2.PdfDocument(data) as document:
            page = document[0]
            scale = _SIDE_PX / max(page.get_width(), page.get_height(), 1.0)
            words = page.get_textpage().get_text_range()
            frame = page.render(scale=scale).to_pil()
    except (pypdfium2.PdfiumError, ValueError, IndexError) as error:
        raise PictureError(
            f"The PDF figure cannot be rendered: {error}.", hint="Export it as PNG."
        ) from error
    return picture_bytes(frame), "\n".join(
        filter(None, (" ".join(line.split()) for line in words.splitlines()))
    )
