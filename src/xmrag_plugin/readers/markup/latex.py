"""LaTeX sources, with the pictures that they include."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...types import Element
from .. import ReadContext, TextReader
from .parse import elements_of_html, page_of_latex, read_text, tell_of_includes

__all__ = ["LatexReader"]

_INCLUDE = re.compile(r"\\(?:input|include|subfile)\s*\{([^{}\\#]+)\}")


class LatexReader(TextReader):
    """Read sections, paragraphs, lists, tables and figures with captions; formulas stay as they are written."""

    name: ClassVar[str] = "latex"
    version: ClassVar[int] = 9
    suffixes: ClassVar[tuple[str, ...]] = (".tex", ".latex", ".ltx", ".rnw", ".rtex")

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the elements in reading order; files that it inputs are documents of their own."""
        text = read_text(path, context)
        tell_of_includes((name.strip() for name in _INCLUDE.findall(text)), path, context)
        source = page_of_latex(text)
        if source.drawings:
            context.on_warning(
                f"{path.name}: {source.drawings} drawings that are written as commands (TikZ) were not read but for their labels.",
                "Add the PDF that LaTeX makes of it.",
            )
        folders = source.folders
        if r"\documentclass" not in text:  # a part: its links begin where the whole document lies
            folders = [*folders, *(f"../{folder}" for folder in folders), "..", "../.."]
        yield from elements_of_html(source.page, path, context, folders=folders)
