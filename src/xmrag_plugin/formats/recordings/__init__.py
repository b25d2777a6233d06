"""Sound and video: what a file holds, its sound as numbers, its shots, its elements. Decoded by PyAV."""

from __future__ import annotations

from .contents import Contents, contents_of, embedded_cues, is_recording
from .elements import cues_of_file, elements_of_recording, speech_elements, spoken_words
from .shots import Shot, find_shots
from .sound import sound_blocks

__all__ = [
    "Contents",
    "Shot",
    "contents_of",
    "cues_of_file",
    "elements_of_recording",
    "embedded_cues",
    "find_shots",
    "is_recording",
    "sound_blocks",
    "speech_elements",
    "spoken_words",
]
