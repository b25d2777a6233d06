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
from ..markup.parse import decode
from ..transcripts import SUBTITLE_SUFFIXES, find_sidecar, looks_like_subtitles, speech_elements
from .recordings import contents_of, cues_of_file, embedded_cues, is_recording

__all__ = ["SubtitleReader", "stands_beside_its_recording"]

_CLOSED_CAPTIONS = "Scenarist_SCC"


class SubtitleReader(Reader):
    """Read SubRip, WebVTT, SubStation Alpha, TTML, SBV, LRC, SAMI, MicroDVD and SCC."""

    name: ClassVar[str] = "subtitle"
    version: ClassVar[int] = 4
    suffixes: ClassVar[tuple[str, ...]] = SUBTITLE_SUFFIXES
    textual: ClassVar[bool] = True

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept by the first lines."""
        if not looks_textual(head):
            return False
        text = decode(head).text if b"\0" in head else head.decode("utf-8", "replace")
        return text.startswith(_CLOSED_CAPTIONS) or looks_like_subtitles(text)

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield speech in order of time; nothing where the file stands beside its recording, which holds it then.

        Beside a recording that cannot be opened it is read by itself.
        """
        if find_spec("av") and stands_beside_its_recording(path, context):
            return
        with path.open("rb") as file:
            if (
                file.read(len(_CLOSED_CAPTIONS)) == _CLOSED_CAPTIONS.encode()
            ):  # codes of a television's decoder
                yield from speech_elements(embedded_cues(path), Modality.TEXT)
                return
        yield from speech_elements(iter(cues_of_file(path, context) or ()), Modality.TEXT)


def stands_beside_its_recording(path: Path, context: ReadContext) -> bool:
    """Return whether a transcript is read with the recording that it belongs to."""
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
