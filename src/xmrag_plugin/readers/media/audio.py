"""Sound files: a card with their tags, and what is said in them with its times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...types import Element
from .. import ReadContext, Reader
from .recordings import elements_of_recording, is_recording

__all__ = ["AudioReader"]


class AudioReader(Reader):
    """Read WAV, FLAC, MP3, M4A, OGG, Opus, AIFF, AMR, WMA and what else PyAV decodes."""

    name: ClassVar[str] = "audio"
    suffixes: ClassVar[tuple[str, ...]] = (
        ".wav", ".flac", ".mp3", ".m4a", ".m4b", ".aac", ".ogg", ".oga", ".opus", ".aif", ".aiff", ".aifc",
        ".amr", ".wma", ".mka", ".caf", ".au", ".wv", ".ape", ".ac3",
    )  # fmt: skip
    version: ClassVar[int] = 2
    extra: ClassVar[str | None] = "media"

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept by the formats' signatures."""
        kind = is_recording(head)
        return kind == "sound" or (kind == "video" and path.suffix.lower() in cls.suffixes)

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield a heading, a card, the cover, and speech in order of time.

        Raises:
            MissingExtra: If PyAV is not installed.
            SourceDamaged: If it cannot be decoded.
        """
        yield from elements_of_recording(path, context)
