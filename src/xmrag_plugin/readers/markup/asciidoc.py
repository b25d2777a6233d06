"""AsciiDoc files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...types import Element
from .. import ReadContext, TextReader
from .parse import elements_of_html, html_of_asciidoc, included_text, read_text, tell_of_includes

__all__ = ["AsciidocReader"]

_INCLUDE = re.compile(r"^include::([^\[\n]+)\[", re.M)


class AsciidocReader(TextReader):
    """Read sections, paragraphs, lists, tables, listings and pictures with their titles."""

    name: ClassVar[str] = "asciidoc"
    version: ClassVar[int] = 7
    suffixes: ClassVar[tuple[str, ...]] = (".adoc", ".asciidoc", ".asc")

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the elements in reading order."""
        text = read_text(path, context)
        tell_of_includes(_INCLUDE.findall(text), path, context)
        page = html_of_asciidoc(text, lambda name: included_text(name, path, context))
        yield from elements_of_html(page, path, context, implicit_captions=True)
