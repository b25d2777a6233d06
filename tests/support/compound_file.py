"""Writes compound files (MS-CFB), as far as Outlook messages need them."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

_SECTOR, _SMALL, _CUTOFF = 512, 64, 4096
_FREE, _END, _FAT_SECTOR, _NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF


@dataclass
class Storage:
    """A folder of a compound file: streams and storages by name."""

    entries: dict[str, bytes | Storage] = field(default_factory=dict)


def write_compound_file(path: Path, root: Storage) -> Path:
    """Write a file of at most 109 sectors of its table, small streams in the small stream of the root."""
    rows: list[tuple[str, int, int, int, bytes | None]] = [("Root Entry", 5, _NONE, _NONE, None)]
    children: dict[int, int] = {}

    def add(storage: Storage, number: int) -> None:
        names = list(storage.entries)
        first = len(rows)
        for name in names:
            entry = storage.entries[name]
            data = entry if isinstance(entry, bytes) else None
            rows.append((name, 2 if data is not None else 1, _NONE, _NONE, data))
        for place, name in enumerate(names):
            right = first + place + 1 if place + 1 < len(names) else _NONE
            kept = rows[first + place]
            rows[first + place] = (kept[0], kept[1], _NONE, right, kept[4])
            entry = storage.entries[name]
            if isinstance(entry, Storage):
                add(entry, first + place)
        children[number] = first if names else _NONE

    add(root, 0)
    sectors: list[bytes] = []
    fat: list[int] = []

    def place(data: bytes) -> int:
        if not data:
            return _END
        first = len(sectors)
        for start in range(0, len(data), _SECTOR):
            sectors.append(data[start : start + _SECTOR].ljust(_SECTOR, b"\0"))
            fat.append(len(sectors))
        fat[-1] = _END
        return first

    small = b""
    small_fat: list[int] = []
    starts: dict[int, int] = {}
    for number, row in enumerate(rows):
        data = row[4]
        if data is not None and 0 < len(data) < _CUTOFF:
            starts[number] = len(small_fat)
            small += data.ljust(-(-len(data) // _SMALL) * _SMALL, b"\0")
            small_fat += [*range(len(small_fat) + 1, len(small) // _SMALL), _END]
        elif data is not None:
            starts[number] = place(data)
    starts[0] = place(small)
    rows[0] = (*rows[0][:4], small)
    first_small_fat = place(struct.pack(f"<{len(small_fat)}I", *small_fat))
    small_sectors = -(-len(small_fat) * 4 // _SECTOR)
    directory = b""
    for number, (name, kind, left, right, data) in enumerate(rows):
        encoded = name.encode("utf-16-le")
        start = starts.get(number, 0)
        directory += encoded.ljust(64, b"\0") + struct.pack("<HBB", len(encoded) + 2, kind, 1)
        directory += struct.pack("<III", left, right, children.get(number, _NONE)) + b"\0" * 36
        directory += struct.pack("<IQ", start, len(data or b""))
    first_directory = place(directory)
    count = 1
    while (len(fat) + count) * 4 > count * _SECTOR:
        count += 1
    first_fat = len(sectors)
    fat += [_FAT_SECTOR] * count
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(count * _SECTOR, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIII", 0, count, first_directory, 0, _CUTOFF)
    header += struct.pack("<IIIII", first_small_fat, small_sectors, _END, 0, first_fat)
    header += struct.pack("<I", first_fat + 1) if count > 1 else b""
    header = header.ljust(_SECTOR, b"\xff")
    path.write_bytes(header + b"".join(sectors) + table)
    return path


def properties(values: dict[int, str | bytes | int], header: int) -> dict[str, bytes]:
    """Return the streams of MAPI properties: a table, and one stream for each text or binary value."""
    streams: dict[str, bytes] = {}
    table = b"\0" * header
    for number, value in values.items():
        if isinstance(value, int):
            table += struct.pack("<HHIQ", 0x0003, number, 6, value)
            continue
        kind = 0x001F if isinstance(value, str) else 0x0102
        data = value.encode("utf-16-le") if isinstance(value, str) else value
        table += struct.pack("<HHIII", kind, number, 6, len(data) + (2 if kind == 0x001F else 0), 0)
        streams[f"__substg1.0_{number:04X}{kind:04X}"] = data
    return {"__properties_version1.0": table, **streams}


def write_message(
    path: Path,
    *,
    subject: str,
    body: str,
    sender: str,
    to: str,
    html: str = "",
    rtf: bytes = b"",
    files: dict[str, bytes] | None = None,
) -> Path:
    """Write an Outlook message."""
    values: dict[int, str | bytes | int] = {
        0x001A: "IPM.Note",
        0x0037: subject,
        0x0C1A: sender,
        0x0C1F: sender,
        0x5D01: sender,
        0x1000: body,
    }
    if html:
        values[0x1013] = html.encode()
    if rtf:
        values[0x1009] = rtf
    root = Storage(dict(properties(values, 32)))
    root.entries["__nameid_version1.0"] = Storage()
    recipient: dict[int, str | bytes | int] = {0x3001: to, 0x39FE: to, 0x3003: to, 0x0C15: 1}
    root.entries["__recip_version1.0_#00000000"] = Storage(dict(properties(recipient, 8)))
    for number, (name, data) in enumerate((files or {}).items()):
        attachment: dict[int, str | bytes | int] = {
            0x3701: data,
            0x3707: name,
            0x3705: 1,
            0x3712: name,
            0x370E: "image/png",
        }
        root.entries[f"__attach_version1.0_#{number:08X}"] = Storage(dict(properties(attachment, 8)))
    return write_compound_file(path, root)
