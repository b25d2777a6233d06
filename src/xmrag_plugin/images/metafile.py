"""Windows metafiles (EMF, WMF): the bitmap that most of them wrap, and the words that they draw.

Records are as MS-EMF and MS-WMF define them. Metafiles drawn as vectors alone are rendered by LibreOffice
where it is installed; otherwise only their words can be had.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

__all__ = ["bitmap_of_metafile", "is_metafile", "words_of_metafile"]

_EMF_SIGNATURE = b" EMF"
_PLACEABLE = b"\xd7\xcd\xc6\x9a"
_EMF_BITMAPS = {76: 84, 77: 84, 80: 48, 81: 48, 114: 84}
"""Records that hold a bitmap: offset in the record of (offBmi, cbBmi, offBits, cbBits)."""
_EMF_TEXT_WIDE = 84
_EMF_COMMENT = 70
_WMF_BITMAPS = {0x0F43: 22, 0x0B41: 20, 0x0940: 16, 0x0D33: 18}
_WMF_TEXTS = (0x0A32, 0x0521)
_MAX_RECORDS = 500_000


def is_metafile(data: bytes) -> bool:
    """Return whether bytes begin as EMF or WMF do."""
    if data[:4] == b"\x01\0\0\0" and data[40:44] == _EMF_SIGNATURE:
        return True
    return data[:4] == _PLACEABLE or data[:6] in (b"\x01\0\x09\0\0\x03", b"\x02\0\x09\0\0\x03")


def bitmap_of_metafile(data: bytes) -> bytes | None:
    """Return the largest bitmap in a metafile as an encoded picture (BMP, PNG or JPEG), or None."""
    best: bytes | None = None
    found = _bitmaps_of_emf(data) if data[40:44] == _EMF_SIGNATURE else _bitmaps_of_wmf(data)
    for picture in found:
        if best is None or len(picture) > len(best):
            best = picture
    return best


def words_of_metafile(data: bytes) -> str:
    """Return the texts that a metafile draws, one a line, in drawing order."""
    lines: list[str] = []
    if data[40:44] == _EMF_SIGNATURE:
        for kind, start, size in _emf_records(data):
            if kind == _EMF_TEXT_WIDE and size >= 76:
                count, offset = struct.unpack_from("<II", data, start + 44)
                raw = data[start + offset : start + min(offset + 2 * count, size)]
                lines.append(raw.decode("utf-16-le", "ignore"))
    else:
        for function, start, size in _wmf_records(data):
            if function in _WMF_TEXTS and size >= 12:
                lines.append(_wmf_text(data[start : start + size], function))
    return "\n".join(line.strip() for line in lines if any(map(str.isalnum, line)))


def _emf_records(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield ``(kind, start, size)`` of each record."""
    position = 0
    for _ in range(_MAX_RECORDS):
        if position + 8 > len(data):
            return
        kind, size = struct.unpack_from("<II", data, position)
        if size < 8 or kind == 14:
            return
        yield kind, position, min(size, len(data) - position)
        position += size


def _bitmaps_of_emf(data: bytes) -> Iterator[bytes]:
    for kind, start, size in _emf_records(data):
        place = _EMF_BITMAPS.get(kind)
        if place is not None and size >= place + 16:
            header, header_size, bits, bits_size = struct.unpack_from("<IIII", data, start + place)
            if header_size >= 40 and bits_size and header + header_size <= size and bits + bits_size <= size:
                picture = _file_of_dib(
                    data[start + header : start + header + header_size],
                    data[start + bits : start + bits + bits_size],
                )
                if picture is not None:
                    yield picture
        elif kind == _EMF_COMMENT:
            yield from _encoded_in(data[start : start + size])


def _encoded_in(record: bytes) -> Iterator[bytes]:
    """Return the PNG or JPEG file that an EMF+ comment carries whole."""
    place = record.find(b"\x89PNG\r\n\x1a\n")
    if place >= 0:
        end = record.find(b"IEND", place)
        yield record[place : end + 8 if end >= 0 else len(record)]
    place = record.find(b"\xff\xd8\xff")
    if place >= 0:
        end = record.rfind(b"\xff\xd9")
        yield record[place : end + 2 if end > place else len(record)]


def _wmf_records(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield ``(function, start of parameters, their size)`` of each record."""
    position = (22 if data[:4] == _PLACEABLE else 0) + 18
    for _ in range(_MAX_RECORDS):
        if position + 6 > len(data):
            return
        words, function = struct.unpack_from("<IH", data, position)
        size = words * 2
        if size < 6 or function == 0:
            return
        yield function, position + 6, min(size, len(data) - position) - 6
        position += size


def _bitmaps_of_wmf(data: bytes) -> Iterator[bytes]:
    for function, start, size in _wmf_records(data):
        offset = _WMF_BITMAPS.get(function)
        if offset is None or size < offset + 40:
            continue
        dib = data[start + offset : start + size]
        header_size = struct.unpack_from("<I", dib)[0]
        if header_size >= 40:
            colours = _palette_bytes(dib)
            picture = _file_of_dib(dib[: header_size + colours], dib[header_size + colours :])
            if picture is not None:
                yield picture


def _palette_bytes(header: bytes) -> int:
    size, _, _, _, depth, compression = struct.unpack_from("<IiiHHI", header)
    used = struct.unpack_from("<I", header, 32)[0]
    if compression == 3 and size == 40:
        return 12
    if depth <= 8:
        return int(used or 1 << depth) * 4
    return int(used) * 4


def _file_of_dib(header: bytes, bits: bytes) -> bytes | None:
    """Return a device-independent bitmap as a BMP file (or the PNG or JPEG that it wraps)."""
    if len(header) < 40:
        return None
    compression = struct.unpack_from("<I", header, 16)[0]
    if compression in (4, 5):
        return bits
    offset = 14 + len(header)
    return b"BM" + struct.pack("<IHHI", offset + len(bits), 0, 0, offset) + header + bits


def _wmf_text(record: bytes, function: int) -> str:
    if function == 0x0521:
        length = struct.unpack_from("<H", record)[0]
        return record[2 : 2 + length].decode("cp1252", "replace")
    length, options = struct.unpack_from("<HH", record, 4)
    start = 16 if options & 6 else 8
    return record[start : start + length].decode("cp1252", "replace")
