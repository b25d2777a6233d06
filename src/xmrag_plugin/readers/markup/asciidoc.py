"""AsciiDoc files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...types import Element
from .. import ReadContext, TextReader
from .parse import elements_of_html, html_of_asciidoc, read_text

__all__ = ["AsciidocReader"]


class AsciidocReader(TextReader):
    """Read sections, paragraphs, lists, tables, listings and pictures with their titles."""

    name: ClassVar[str] = "asciidoc"
    suffixes: ClassVar[tuple[str, ...]] = (".adoc", ".asciidoc", ".asc")

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the elements in reading order."""
        page = html_of_asciidoc(read_text(path, context))
        yield from elements_of_html(page, path, context, implicit_captions=True)
