"""Bodies that Outlook keeps as compressed RTF alone.

The format is that of Microsoft's *MS-OXRTFCP: Rich Text Format (RTF) Compression Algorithm*.
"""

from __future__ import annotations

import struct

__all__ = ["decompressed_rtf"]

_MAGIC, _PLAIN = b"LZFu", b"MELA"
_HEADER = 16
_WINDOW = 4096
_PRIMED = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    + b"\r\n"
    + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
"""What the window holds at the start."""

_MOST = 50_000_000  # bytes of a body


def decompressed_rtf(data: bytes) -> bytes:
    """Return the RTF of a message's ``PidTagRtfCompressed``; nothing where it is none.

    Args:
        data: The property's value.
    """
    if len(data) < _HEADER:
        return b""
    _, raw_size, kind, _ = struct.unpack_from("<II4sI", data)
    if kind == _PLAIN:
        return data[_HEADER : _HEADER + raw_size]
    if kind != _MAGIC:
        return b""
    window = bytearray(_PRIMED.ljust(_WINDOW, b"\0"))
    write, place = len(_PRIMED), _HEADER
    found = bytearray()
    while place < len(data) and len(found) < min(raw_size, _MOST):
        flags = data[place]
        place += 1
        for bit in range(8):
            if flags >> bit & 1:
                if place + 2 > len(data):
                    return bytes(found)
                token = data[place] << 8 | data[place + 1]
                place += 2
                offset, length = token >> 4, (token & 0xF) + 2
                if offset == write:  # the end
                    return bytes(found)
                run = [0] * length
                for step in range(length):  # the window grows while it is copied from
                    run[step] = window[(offset + step) % _WINDOW]
                    window[write] = run[step]
                    write = (write + 1) % _WINDOW
                found += bytes(run)
            elif place < len(data):
                window[write] = data[place]
                write = (write + 1) % _WINDOW
                found.append(data[place])
                place += 1
    return bytes(found)
