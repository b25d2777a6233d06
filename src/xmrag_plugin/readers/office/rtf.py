"""Rich text (RTF)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...types import Element
from .. import ReadContext, Reader
from ..markup.parse import PictureLinks, attach_captions, finish_blocks
from .rtf_blocks import blocks_of_rtf

__all__ = ["RtfReader"]


class RtfReader(Reader):
    """Read paragraphs, headings, lists, tables, notes and pictures."""

    name: ClassVar[str] = "rtf"
    version: ClassVar[int] = 7
    suffixes: ClassVar[tuple[str, ...]] = (".rtf",)

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept by its first group."""
        return head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{\\rtf")

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the elements in reading order."""
        blocks = attach_captions(list(blocks_of_rtf(path.read_bytes())))
        yield from finish_blocks(blocks, PictureLinks(path, context), context)
