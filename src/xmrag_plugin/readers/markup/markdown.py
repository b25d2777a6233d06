"""Markdown files, with the pictures they link to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...types import Element
from .. import ReadContext, TextReader
from .parse import elements_of_markdown, read_text

__all__ = ["MarkdownReader"]


class MarkdownReader(TextReader):
    """Read CommonMark with tables, and what MyST, d2l, Pandoc and Obsidian add to it."""

    name: ClassVar[str] = "markdown"
    version: ClassVar[int] = 9
    suffixes: ClassVar[tuple[str, ...]] = (".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd", ".rmd")

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the elements in reading order; pictures follow the paragraph that they stand in."""
        yield from elements_of_markdown(read_text(path, context), path, context)
