"""What the first bytes of a medium say about its type."""

from __future__ import annotations

import mimetypes

__all__ = ["media_suffix"]

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", ".png"),
    (0, b"\xff\xd8\xff", ".jpg"),
    (0, b"GIF8", ".gif"),
    (0, b"BM", ".bmp"),
    (0, b"II*\x00", ".tif"),
    (0, b"MM\x00*", ".tif"),
    (0, b"%PDF-", ".pdf"),
    (0, b"fLaC", ".flac"),
    (0, b"OggS", ".ogg"),
    (0, b"ID3", ".mp3"),
    (0, b"\x1aE\xdf\xa3", ".webm"),
    (0, b"\x00\x00\x01\x00", ".ico"),
    (0, b"\x00\x00\x00\x0cjP  ", ".jp2"),
    (8, b"WEBP", ".webp"),
    (8, b"WAVE", ".wav"),
    (8, b"AVI ", ".avi"),
    (4, b"ftypavif", ".avif"),
    (4, b"ftypheic", ".heic"),
    (4, b"ftypheix", ".heic"),
    (4, b"ftypmif1", ".heic"),
    (4, b"ftypM4A", ".m4a"),
    (4, b"ftypqt", ".mov"),
    (4, b"ftyp", ".mp4"),
)


def media_suffix(head: bytes, mime: str = "") -> str:
    """Return the file suffix for content that begins with ``head``: by its magic bytes, else by ``mime``."""
    for offset, magic, suffix in _MAGIC:
        if head.startswith(magic, offset):
            return suffix
    if head[:1] == b"\xff" and head[1:2] in (b"\xfb", b"\xfa", b"\xf3", b"\xf2"):
        return ".mp3"
    if b"<svg" in head[:1024].lower():
        return ".svg"
    return (mimetypes.guess_extension(mime.split(";")[0].strip()) if mime else None) or ".bin"
