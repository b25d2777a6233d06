"""Text with markup into elements: HTML, Markdown and plain text, by one walk over one kind of tree."""

from __future__ import annotations

from .asciidoc import html_of_asciidoc
from .blocks import Block, LinkedPicture, Piece, Run, blocks_of
from .captions import attach_captions, blocks_by_place, caption_by_place, finish_blocks
from .decoding import Decoded, decode, read_text
from .html import elements_of_html
from .includes import included_text, with_tables_of_files
from .latex import LatexPage, page_of_latex
from .links import PictureLinks, Resolver, tell_of_includes
from .markdown import elements_of_markdown, html_of_markdown, looks_like_markdown
from .numbering import write_number
from .tables import (
    Cell,
    caption_in_table,
    columns_of,
    markdown_table,
    spread,
    table_blocks,
    title_of_table,
)
from .text import elements_of_text

__all__ = [
    "Block",
    "Cell",
    "Decoded",
    "LatexPage",
    "LinkedPicture",
    "PictureLinks",
    "Piece",
    "Resolver",
    "Run",
    "attach_captions",
    "blocks_by_place",
    "blocks_of",
    "caption_by_place",
    "caption_in_table",
    "columns_of",
    "decode",
    "elements_of_html",
    "elements_of_markdown",
    "elements_of_text",
    "finish_blocks",
    "html_of_asciidoc",
    "html_of_markdown",
    "included_text",
    "looks_like_markdown",
    "markdown_table",
    "page_of_latex",
    "read_text",
    "spread",
    "table_blocks",
    "tell_of_includes",
    "title_of_table",
    "with_tables_of_files",
    "write_number",
]
