"""Streams that are packed twice: what PDFium unpacks whole before anyone can look, and ends the process by."""

from __future__ import annotations

import contextlib
import mmap
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import SourceTooLarge

__all__ = ["refuse_bombs"]

_MAX_UNPACKED = 256 << 20
_CHUNK = 1 << 16
_FILTERS = re.compile(rb"/(?:F|Filter)\s*\[([^\]]{0,400})\]")
_PACKING = re.compile(rb"/(?:Flate(?:Decode)?|Fl|LZW(?:Decode)?)\b")
_STREAM = re.compile(rb"stream\r?\n")
_DICTIONARY = 4096  # bytes between a filter's name and its stream


def refuse_bombs(path: Path) -> None:
    """Refuse a file one of whose streams is packed twice and unpacks to more than 256 MB.

    Honest writers pack once; one deflate makes no more than a thousand bytes of one, and two a million.

    Raises:
        SourceTooLarge: Naming it as what it is.
    """
    if not path.is_file() or not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for found in _FILTERS.finditer(data):
            if len(_PACKING.findall(found[1])) < 2:
                continue
            begun = _STREAM.search(data, found.end(), found.end() + _DICTIONARY)
            if begun is not None and _unpacked_bytes(data, begun.end()) > _MAX_UNPACKED:
                raise SourceTooLarge(
                    f"{path.name} holds a stream that unfolds to more than {_MAX_UNPACKED >> 20} MB.",
                    hint="It looks like a decompression bomb; if it is not, print it to a new PDF.",
                )


def _unpacked_bytes(data: mmap.mmap, start: int) -> int:
    """Count what a stream unpacks to twice, as far as the bound, in little memory."""
    inner, total = zlib.decompressobj(), 0
    with contextlib.suppress(zlib.error):  # damaged, or of other kinds: PDFium says so
        for part in _inflated(zlib.decompressobj(), _chunks(data, start)):
            for unpacked in _inflated(inner, [part]):
                total += len(unpacked)
                if total > _MAX_UNPACKED:
                    return total
    return total


def _chunks(data: mmap.mmap, start: int) -> Iterator[bytes]:
    for place in range(start, len(data), _CHUNK):
        yield data[place : place + _CHUNK]


def _inflated(packed: Any, parts: Iterator[bytes] | list[bytes]) -> Iterator[bytes]:
    for part in parts:
        left = part
        while left and not packed.eof:
            yield packed.decompress(left, _CHUNK)
            left = packed.unconsumed_tail
        if packed.eof:
            return
