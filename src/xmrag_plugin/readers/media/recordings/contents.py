"""What a sound or video file holds: streams, tags, chapters, cover, subtitles."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....errors import SourceDamaged, require
from ...transcripts import Cue, cues_of_ass_line, tidy_cues

if TYPE_CHECKING:
    from av.container import InputContainer

__all__ = ["Contents", "contents_of", "embedded_cues", "is_recording", "open_recording"]

_TAGS = (
    "title", "artist", "album", "album_artist", "composer", "performer", "show", "episode_id", "genre", "date",
    "description", "synopsis", "comment", "keywords", "location", "publisher", "copyright",
)  # fmt: skip
_STILL_BRANDS = (
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis", b"crx ", b"jp2 ",
)  # fmt: skip
_MIN_SAMPLE_RATE = 1_000  # a second; speech needs four times as many, and no format for people has fewer
_CLOSED_CAPTIONS = "cc_dec"  # of television (EIA-608): a caption is known when it is wiped off
_TEXT_SUBTITLES = frozenset(
    {
        "subrip",
        "srt",
        "webvtt",
        "ass",
        "ssa",
        "mov_text",
        "text",
        "ttml",
        "microdvd",
        "sami",
        _CLOSED_CAPTIONS,
    }
)


@dataclass(slots=True)
class Contents:
    """What a file holds.

    Attributes:
        duration_s: Its length in seconds, where the file says or the streams do.
        tags: Title, artist and the like, as the file's own words.
        sound: Whether there is a sound stream that can be heard.
        too_slow: Samples a second of a sound stream that has too few for anything to be heard; 0 where there is none.
        video: Whether there are moving pictures (a cover is none).
        width: Of the moving pictures, in pixels.
        height: Likewise.
        language: Of the sound, as a three-letter code, where it is tagged.
        chapters: ``(start in seconds, title)``.
        cover: The encoded cover picture, if one is attached.
        subtitles: Number of streams of text subtitles.
        drawn_subtitles: Number of streams of subtitles that are pictures (DVD, Blu-ray).
    """

    duration_s: float | None = None
    tags: dict[str, str] = field(default_factory=dict)
    sound: bool = False
    too_slow: int = 0
    video: bool = False
    width: int = 0
    height: int = 0
    language: str = ""
    chapters: list[tuple[float, str]] = field(default_factory=list)
    cover: bytes | None = None
    subtitles: int = 0
    drawn_subtitles: int = 0


def is_recording(head: bytes) -> str:
    """Return ``"sound"`` or ``"video"`` by the first bytes, ``""`` for other files."""
    if head[:4] == b"RIFF":
        return {b"WAVE": "sound", b"AVI ": "video"}.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in _STILL_BRANDS:
            return ""
        return "sound" if brand in (b"M4A ", b"M4B ", b"F4A ") else "video"
    if head[:4] == b"OggS":
        return "video" if b"theora" in head[:512] else "sound"
    for magic, kind in (
        (b"fLaC", "sound"), (b"ID3", "sound"), (b"#!AMR", "sound"), (b".snd", "sound"), (b"wvpk", "sound"),
        (b"MAC ", "sound"), (b"caff", "sound"), (b"RF64", "sound"), (b"\x1aE\xdf\xa3", "video"), (b"FLV\x01", "video"),
        (b"0&\xb2u\x8ef\xcf\x11", "video"), (b"\x00\x00\x01\xba", "video"), (b"\x00\x00\x01\xb3", "video"),
    ):  # fmt: skip
        if head.startswith(magic):
            return kind
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "sound"
    if len(head) > 4 and head[0] == 0xFF and _mpeg_sound(head):
        return "sound"
    if len(head) > 564 and all(head[at] == 0x47 for at in (0, 188, 376, 564)):
        return "video"  # MPEG transport stream
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free") and b"\x00\x00\x00" in head[:4] + head[8:16]:
        return "video"  # QuickTime without a brand
    return ""


def _mpeg_sound(head: bytes) -> bool:
    """Return whether it is MP3 or ADTS: a frame header, and another one where the first says that it ends (MP3)."""
    second, third = head[1], head[2]
    if second in (0xF1, 0xF9):
        return (third >> 2) & 0xF < 13
    if (second & 0xE6) != 0xE2:
        return False
    rate, sampling = third >> 4, (third >> 2) & 3
    return 0 < rate < 15 and sampling != 3


@contextmanager
def open_recording(path: Path | bytes) -> Iterator[InputContainer]:
    """Open a file or its encoded bytes; what PyAV cannot do with it is said in our words.

    Raises:
        MissingExtra: If PyAV is not installed.
        SourceDamaged: If it cannot be opened or decoded.
    """
    av: Any = require("av", "media", purpose="Reading sound and video")
    try:
        source = io.BytesIO(path) if isinstance(path, bytes) else str(path)
        with av.open(source, metadata_errors="replace") as container:
            yield container
    except av.error.FFmpegError as error:
        called = "The recording" if isinstance(path, bytes) else path.name
        raise SourceDamaged(
            f"{called} cannot be decoded: {error.strerror or error}.",
            hint="Play it to see whether it is whole; convert it (ffmpeg -i FILE OUT.mp4) and add that.",
        ) from error


def contents_of(path: Path) -> Contents:
    """Look into a file without decoding its pictures or its sound.

    Raises:
        MissingExtra: If PyAV is not installed.
        SourceDamaged: If it cannot be opened.
    """
    found = Contents()
    with open_recording(path) as container:
        found.duration_s = container.duration / 1_000_000 if container.duration else None
        raw: dict[str, str] = {}
        for stream in container.streams:
            raw |= (
                {key.lower(): value for key, value in stream.metadata.items()}
                if stream.type == "audio"
                else {}
            )
            length = stream.duration * stream.time_base if stream.duration and stream.time_base else None
            if found.duration_s is None and length is not None:
                found.duration_s = float(length)
            if stream.type == "audio":
                rate = int(getattr(stream.codec_context, "sample_rate", 0) or 0)
                if 0 < rate < _MIN_SAMPLE_RATE:  # a header that lies turns a second of sound into hours
                    found.too_slow = rate
                    continue
                found.sound = True
                found.language = found.language or _language(stream.metadata)
            elif stream.type == "video" and _is_cover(stream):
                found.cover = found.cover or _cover(container, stream)
            elif stream.type == "video" and not found.video:
                if stream.codec_context is None:
                    raise SourceDamaged(
                        f"{path.name} holds a picture track of an unknown kind.",
                        hint="Convert it to MP4 and add that.",
                    )
                found.video = True
                found.width, found.height = stream.codec_context.width, stream.codec_context.height
            elif stream.type == "subtitle":
                text = stream.codec_context is not None and stream.codec_context.name in _TEXT_SUBTITLES
                found.subtitles += text
                found.drawn_subtitles += not text
        raw |= {key.lower(): value for key, value in container.metadata.items()}
        found.tags = {name: " ".join(raw[name].split()) for name in _TAGS if raw.get(name, "").strip()}
        for chapter in container.chapters():
            title = str(chapter.get("metadata", {}).get("title", "")).strip()
            base = chapter.get("time_base") or 1
            found.chapters.append((float(chapter["start"] * base), title))
    found.chapters.sort()
    return found


def embedded_cues(path: Path) -> list[Cue]:
    """Return the words of the first stream of text subtitles, in order of time; the default stream is preferred."""
    cues: list[Cue] = []
    with open_recording(path) as container:
        streams = [
            stream
            for stream in container.streams.subtitles
            if stream.codec_context is not None and stream.codec_context.name in _TEXT_SUBTITLES
        ]
        if not streams:
            return []
        stream = min(streams, key=lambda s: "default" not in str(getattr(s, "disposition", "")).lower())
        until_wiped = stream.codec_context.name == _CLOSED_CAPTIONS
        before, start, length = 0.0, 0.0, 0.0
        for packet in container.demux(stream):
            if packet.pts is not None and packet.time_base is not None:
                before, start = start, float(packet.pts * packet.time_base)
                length = float(packet.duration * packet.time_base) if packet.duration else 0.0
            elif not until_wiped:
                continue
            words = [cues_of_ass_line(line) for line in _subtitle_lines(packet)]
            text = "\n".join(word for word in words if word)
            if text:
                cues.append(Cue(text, before, start) if until_wiped else Cue(text, start, start + length))
    return tidy_cues(cues)


def _subtitle_lines(packet: Any) -> Iterator[str]:
    for decoded in packet.decode():
        for part in getattr(decoded, "rects", None) or [decoded]:
            line = getattr(part, "ass", None) or getattr(part, "text", None)
            if isinstance(line, bytes):
                line = line.decode("utf-8", "replace")
            if line:
                yield line


def _language(metadata: dict[str, str]) -> str:
    language = str(metadata.get("language", "")).lower()
    return language if re.fullmatch(r"[a-z]{2,3}", language) and language not in ("und", "mul", "zxx") else ""


def _is_cover(stream: Any) -> bool:
    return "attached_pic" in str(getattr(stream, "disposition", "")).lower()


def _cover(container: InputContainer, stream: Any) -> bytes | None:
    for packet in container.demux(stream):
        data = bytes(packet)
        return data or None
    return None
