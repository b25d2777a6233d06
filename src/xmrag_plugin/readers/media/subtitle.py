"""Subtitle files on their own: what is said, with its times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from ...errors import SourceDamaged
from ...types import Element, Modality
from .. import HEAD_BYTES, ReadContext, Reader, looks_textual
from ..transcripts import SUBTITLE_SUFFIXES, find_sidecar, looks_like_subtitles
from .recordings import contents_of, cues_of_file, is_recording, speech_elements

__all__ = ["SubtitleReader"]


class SubtitleReader(Reader):
    """Read SubRip, WebVTT, SubStation Alpha, TTML, SBV, LRC, SAMI and MicroDVD."""

    name: ClassVar[str] = "subtitle"
    version: ClassVar[int] = 2
    suffixes: ClassVar[tuple[str, ...]] = SUBTITLE_SUFFIXES
    textual: ClassVar[bool] = True

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept by the first lines."""
        return looks_textual(head) and looks_like_subtitles(head.decode("utf-8", "replace"))

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield speech in order of time; nothing where the file stands beside its recording, which holds it then.

        Beside a recording that cannot be opened it is read by itself.
        """
        if find_spec("av") and _stands_beside_its_recording(path, context):
            return
        yield from speech_elements(iter(cues_of_file(path, context) or ()), Modality.TEXT)


def _stands_beside_its_recording(path: Path, context: ReadContext) -> bool:
    for other in path.parent.iterdir():
        if other != path and path.name.startswith(f"{other.stem}.") and other.is_file():
            with other.open("rb") as file:
                if not is_recording(file.read(HEAD_BYTES)) or find_sidecar(other) != path:
                    continue
            context.on_dependency(other)
            with suppress(SourceDamaged):
                contents_of(other)
                return True
    return False
