"""Names in zip archives that do not say what they are written in."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from xmrag_plugin.readers.member_names import member_names


def write_unmarked(path: Path, files: dict[bytes, bytes]) -> Path:
    """A zip archive whose names are bytes, without the flag of UTF-8."""
    body = directory = b""
    for name, data in files.items():
        fields = struct.pack("<HHHIIIHH", 0, 0, 33, zlib.crc32(data), len(data), len(data), len(name), 0)
        directory += b"PK\x01\x02" + struct.pack("<HHH", 20, 20, 0) + fields
        directory += struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + name
        body += b"PK\x03\x04" + struct.pack("<HH", 20, 0) + fields + name + data
    end = struct.pack("<HHHHIIH", 0, 0, len(files), len(files), len(directory), len(body), 0)
    path.write_bytes(body + directory + b"PK\x05\x06" + end)
    return path


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("泊位/港口报告.txt", "gb18030"),
        ("港口報告書.txt", "big5"),
        ("보고서 항구.txt", "cp949"),
        ("みなとの報告.txt", "cp932"),
        ("акт.txt", "cp866"),
        ("Größe übermäßig.txt", "cp437"),
        ("Café 2031 — é.txt", "utf-8"),
        ("plain.txt", "ascii"),
    ],
)
def test_names_in_the_code_page_of_the_computer_that_packed_them(tmp_path, read, name, encoding):
    path = write_unmarked(tmp_path / "a.zip", {name.encode(encoding): b"Words here."})
    with zipfile.ZipFile(path) as archive:
        assert list(member_names(archive.infolist()).values()) == [name]
    assert read(path).texts("heading") == [name]


def test_a_picture_of_a_book_whose_names_are_not_marked(tmp_path, read, png):
    page = '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Words.</p><img src="图1.png" alt="x"/></body></html>'
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="c" href="c.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="p" href="图1.png" media-type="image/png"/></manifest><spine><itemref idref="c"/></spine></package>'
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="b.opf"/></rootfiles>'
        "</container>"
    )
    files = {
        "mimetype": b"application/epub+zip",
        "META-INF/container.xml": container.encode(),
        "b.opf": package.encode(),
        "c.xhtml": page.encode(),
        "图1.png": png,
    }
    path = write_unmarked(tmp_path / "a.epub", {name.encode(): data for name, data in files.items()})
    reading = read(path)
    assert [picture.alt for picture in reading.pictures()] == ["x"]
    assert reading.warnings == []
