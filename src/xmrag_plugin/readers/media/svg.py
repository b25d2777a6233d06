"""Drawings (SVG): rendered, with their lettering kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...images.svg import is_svg
from ...types import Element
from .. import ReadContext, Reader, accept_sole_picture
from ..markup.parse import PictureLinks

__all__ = ["SvgReader"]


class SvgReader(Reader):
    """Read a drawing as one picture: its PNG for the eye, its texts as words."""

    name: ClassVar[str] = "svg"
    version: ClassVar[int] = 4
    suffixes: ClassVar[tuple[str, ...]] = (".svg", ".svgz")

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept by its first tag."""
        return is_svg(head) if not head.startswith(b"\x1f\x8b") else is_svg(path)

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the drawing as one element; nothing when it is tiny or blank (counted as skipped).

        Raises:
            SourceDamaged: If it cannot be rendered.
        """
        links = PictureLinks(path.resolve(), context)
        picture = accept_sole_picture(path, context, read=links.reader_of(None))
        if picture is not None:
            title = picture.words.partition("\n")[0] if picture.words else ""
            picture.alt = title if title != picture.words or len(title) < 200 else ""
            yield Element(kind="picture", picture=picture)
