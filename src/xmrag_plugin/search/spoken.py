"""Questions by sound: a recording asks with the words that are said in it, and with what it sounds like."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from ..errors import SourceMissing, UsageError

if TYPE_CHECKING:
    from ..readers.media.speech import Transcriber
    from ..settings import Settings

__all__ = ["SoundLike", "SpokenWords", "is_sound"]

SoundLike = Union["str", "os.PathLike[str]", bytes]
"""A sound or video file, or its encoded bytes."""

_SOUNDS = (".wav", ".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".aiff", ".wma", ".amr", ".weba")
_LEADERS = 512


class SpokenWords:
    """Transcribes recordings that are asked with; the recogniser is loaded with the first one, and kept.

    Args:
        settings: ``speech`` names the recogniser.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._transcriber: Transcriber | None = None

    def of(self, sound: SoundLike) -> str:
        """Return what is said in a recording: by its transcript (beside it or in it), else as it is recognised.

        Raises:
            SourceMissing: If the file is missing.
            SourceDamaged: If it cannot be decoded.
            MissingExtra: If PyAV is not installed.
            UsageError: If no words are known of it; the hint says what would make it heard.
        """
        if isinstance(sound, (bytes, bytearray, memoryview)):
            with tempfile.TemporaryDirectory(prefix="xmrag-") as folder:
                path = Path(folder) / "question"
                path.write_bytes(sound)
                return self._words(path, "the recording")
        path = Path(os.fspath(sound)).expanduser()
        if not path.is_file():
            raise SourceMissing(f"There is no recording {str(sound)!r}.", hint="Check the path.")
        return self._words(path, path.name)

    def asked(self, sound: SoundLike, *, by_sound: bool) -> tuple[str, Path | bytes]:
        """Return the words said in a recording that is asked with, and the recording as the sound space takes it.

        Args:
            sound: The recording.
            by_sound: Whether it can also be asked by what it sounds like; then the words may be missing.

        Raises:
            UsageError: If no words are known of it, and it cannot be asked by its sound.
        """
        words = ""
        try:
            words = self.of(sound)
        except UsageError:
            if not by_sound:
                raise
        return words, bytes(sound) if isinstance(sound, bytes) else Path(os.fspath(sound)).expanduser()

    def _words(self, path: Path, called: str) -> str:
        from ..describers.transcript import load_transcriber
        from ..readers.context import ReadOptions
        from ..readers.media.recordings import spoken_words

        if self._transcriber is None:
            self._transcriber = load_transcriber(self.settings)
        transcribe = self._transcriber.transcribe if self._transcriber is not None else None
        hints: list[str] = []
        options = ReadOptions(transcribe=transcribe, warn=lambda _message, hint: hints.append(hint))
        words = spoken_words(path, options)
        if words:
            return words
        if self._transcriber is None:
            raise UsageError(
                f"What is said in {called} is not known, so that it cannot be asked with: "
                "there is no transcript and no recogniser.",
                hint=hints[-1] if hints else "Put a transcript beside it.",
            )
        raise UsageError(
            f"No words were heard in {called}.",
            hint=f"It was heard by {self._transcriber.name}; ask with words, or put a transcript beside it.",
        )


def is_sound(part: Any) -> bool:
    """Return whether a part of a question is the name of a sound file, or its bytes."""
    if isinstance(part, (str, os.PathLike)):
        name = os.fspath(part)
        return isinstance(name, str) and name.lower().endswith(_SOUNDS) and Path(name).is_file()
    if isinstance(part, bytes):
        from ..readers.media.recordings import is_recording

        return is_recording(part[:_LEADERS]) == "sound"
    return False
