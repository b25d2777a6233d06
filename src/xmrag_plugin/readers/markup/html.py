"""Web pages: saved pages with relative, embedded and lazily loaded pictures."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...types import Element
from .. import ReadContext, Reader, looks_textual
from .parse import elements_of_html, html_of_markdown, read_text

__all__ = ["HtmlReader"]

_PAGE = re.compile(
    rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)[\s>]",
    re.I | re.S,
)


_WRITTEN_IN_MARKDOWN = (
    (
        re.compile(r"<script\b[^>]{0,300}\btext/template\b[^>]{0,300}>(.*?)</script>", re.I | re.S),
        "</script>",
    ),
    (
        re.compile(r"<textarea\b[^>]{0,300}\bdata-template\b[^>]{0,300}>(.*?)</textarea>", re.I | re.S),
        "</textarea>",
    ),
)
"""Slides of reveal.js that are written in Markdown, and what closes them."""


class HtmlReader(Reader):
    """Read HTML and XHTML; scripts, styles and navigation are left out."""

    name: ClassVar[str] = "html"
    version: ClassVar[int] = 9
    suffixes: ClassVar[tuple[str, ...]] = (".html", ".htm", ".xhtml", ".shtml")
    textual: ClassVar[bool] = True

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept a page by its first tag, or any text with the suffix."""
        return _PAGE.match(head) is not None or (path.suffix.lower() in cls.suffixes and looks_textual(head))

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the elements in reading order."""
        text = read_text(path, context, markup=True)
        if "data-markdown" in text:
            for slides, closing in _WRITTEN_IN_MARKDOWN:
                last = text.lower().rfind(closing) + len(closing)  # nothing that opens behind it is closed
                text = slides.sub(_rendered, text[:last]) + text[last:]
        yield from elements_of_html(text, path, context)


def _rendered(slide: re.Match[str]) -> str:
    """Return a slide of reveal.js that is written in Markdown as HTML."""
    words = slide[1] if slide[0][:2].lower() == "<s" else html.unescape(slide[1])
    page = html_of_markdown(textwrap.dedent(words).strip("\n"))
    return page.partition("<body>")[2].partition("</body>")[0]
