"""Word documents (DOCX), Strict and Transitional, templates and macro documents included."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...errors import SourceDamaged
from ...types import Element
from .. import ArchiveReader, ReadContext
from ..archives import Archive
from ..markup.parse import PictureLinks, attach_captions, finish_blocks
from .ooxml.leftovers import account_for_parts, read_embedded, read_embedded_part
from .ooxml.names import W
from .ooxml.word import WordBody
from .ooxml.word_margins import marginal_words

__all__ = ["DocxReader"]

_MAX_NAMED = 5


class DocxReader(ArchiveReader):
    """Read text, headings with their numbers, lists, tables, formulas as TeX, text boxes, notes, comments,
    pictures with captions, charts with their data and diagrams; pages where Word recorded them. What its
    headers and footers say comes first, once; files that are embedded in it come last.
    """

    name: ClassVar[str] = "docx"
    kinds: ClassVar[tuple[str, ...]] = ("docx",)
    version: ClassVar[int] = 9
    suffixes: ClassVar[tuple[str, ...]] = (".docx", ".docm", ".dotx", ".dotm")

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the elements in reading order; a footnote follows the paragraph that refers to it."""
        with Archive(path) as archive:
            part = archive.main_part("word/document.xml")
            tree = archive.tree(part)
            body = tree.find(f"{W}body") if tree is not None else None
            if body is None:
                raise SourceDamaged(
                    f"{path.name} has no document body.", hint="Open it in Word and save it again."
                )
            document = WordBody(archive, part, lambda name: read_embedded_part(archive, name, path, context))
            document.walk(body)
            links = PictureLinks(path, context)
            margins = marginal_words(archive, part)
            if margins:
                yield Element(kind="note", text="\n".join(margins))
            yield from finish_blocks(attach_captions(document.blocks), links, context)
            yield from read_embedded(archive, [part], path, context)
            if lost := document.unreferred:
                context.on_warning(
                    f"{path.name}: notes that nothing in the text refers to were not read ({len(lost)}): "
                    f"{'; '.join(repr(words) for words in lost[:_MAX_NAMED])}.",
                    "Word does not show them; write what matters of them into the text.",
                )
            account_for_parts(archive, context)
