"""Picture files: one picture each, or one a page of a multi-page TIFF."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ..errors import PictureError, SourceDamaged, SourceTooLarge
from ..pictures import RASTER_SUFFIXES, probe, raster_mime
from ..schema import Element, Picture
from . import Reader, ReadOptions, accept_picture

__all__ = ["ImageReader"]


class ImageReader(Reader):
    """Reads PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF, HEIC, JPEG 2000 and Netpbm pictures."""

    name: ClassVar[str] = "image"
    suffixes: ClassVar[tuple[str, ...]] = tuple(RASTER_SUFFIXES)

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """By the formats' signatures."""
        return raster_mime(head) != ""

    def read(self, path: Path, options: ReadOptions) -> Iterator[Element]:
        """The picture as one element; nothing when it is tiny or blank (counted as skipped).

        Raises:
            SourceDamaged: If it cannot be decoded.
            SourceTooLarge: If it has more pixels than ``options.max_picture_px``.
        """
        try:
            width, height, _ = probe(path)
        except PictureError as error:
            raise SourceDamaged(error.message, hint=error.hint) from error
        if width * height > options.max_picture_px:
            raise SourceTooLarge(
                f"{path.name} has {width} × {height} = {width * height:,} pixels; "
                f"the limit is {options.max_picture_px:,}.",
                hint="Scale it down or cut it into parts, or raise max_picture_px.",
            )
        damage: list[tuple[str, str]] = []
        picture = accept_picture(
            Picture(path=path.resolve(), reference=path.name), _noting(options, damage), document=path.name
        )
        if damage:
            raise SourceDamaged(damage[0][0], hint=damage[0][1])
        if picture is not None:
            yield Element(kind="picture", picture=picture)


def _noting(options: ReadOptions, damage: list[tuple[str, str]]) -> ReadOptions:
    """The same options, but warnings are kept: for a file that is one picture they are the error."""
    import dataclasses

    return dataclasses.replace(options, warn=lambda message, hint: damage.append((message, hint)))
