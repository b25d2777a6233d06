"""Video files: a key picture for each shot, and what is said, with times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...types import Element
from .. import ReadContext, Reader
from .recordings import elements_of_recording, is_recording

__all__ = ["VideoReader"]


class VideoReader(Reader):
    """Read MP4, MOV, WebM, Matroska, AVI, MPEG, FLV, WMV and what else PyAV decodes."""

    name: ClassVar[str] = "video"
    suffixes: ClassVar[tuple[str, ...]] = (
        ".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".flv",
        ".wmv", ".asf", ".ogv", ".3gp", ".3g2", ".vob",
    )  # fmt: skip
    version: ClassVar[int] = 2
    extra: ClassVar[str | None] = "media"

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept by the formats' signatures."""
        kind = is_recording(head)
        return kind == "video" or (kind == "sound" and path.suffix.lower() in cls.suffixes)

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield a heading, a card, chapters, key pictures and speech, in order of time.

        Raises:
            MissingExtra: If PyAV is not installed.
            SourceDamaged: If it cannot be decoded.
        """
        yield from elements_of_recording(path, context)
