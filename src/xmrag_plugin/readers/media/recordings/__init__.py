"""Sound and video: what a file holds, its sound as numbers, its shots, its elements. Decoded by PyAV."""

from __future__ import annotations

from .clips import WINDOW_S, clip_elements, sound_windows
from .contents import Contents, contents_of, embedded_cues, is_recording
from .elements import cues_of_file, elements_of_recording, spoken_words
from .shots import Shot, find_shots
from .sound import sound_blocks
from .windows import SoundInput, windows_of

__all__ = [
    "WINDOW_S",
    "Contents",
    "Shot",
    "SoundInput",
    "clip_elements",
    "contents_of",
    "cues_of_file",
    "elements_of_recording",
    "embedded_cues",
    "find_shots",
    "is_recording",
    "sound_blocks",
    "sound_windows",
    "spoken_words",
    "windows_of",
]
