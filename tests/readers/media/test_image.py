from __future__ import annotations

import struct
import zlib

import pytest
from drawn_pictures import draw
from PIL import Image

from xmrag_plugin.errors import SourceDamaged, SourceTooLarge
from xmrag_plugin.images.decode import RASTER_SUFFIXES


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000"])
def test_kinds(tmp_path, read, kind):
    path = tmp_path / f"picture.{kind.lower()}"
    path.write_bytes(draw(kind=kind))
    picture = read(path).pictures()[0]
    assert picture.path == path.resolve()
    assert picture.mime.startswith("image/")


def test_content_decides(tmp_path, read, png):
    path = tmp_path / "picture.txt"
    path.write_bytes(png)
    assert read(path).pictures()[0].mime == "image/png"
    assert ".png" in RASTER_SUFFIXES


def test_tiny_and_blank_pictures_are_counted(tmp_path, read):
    path = tmp_path / "dot.png"
    Image.new("RGB", (1, 1)).save(path)
    reading = read(path)
    assert (reading.elements, reading.skipped) == ([], {"small": 1})
    Image.new("L", (500, 500), 250).save(path)
    assert read(path).skipped == {"blank": 1}


def test_a_picture_of_200_megapixels_is_refused_unread(tmp_path, read):
    header = struct.pack(">IIBBBBB", 20_000, 10_000, 8, 2, 0, 0, 0)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    path = tmp_path / "huge.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(SourceTooLarge, match="200,000,000 pixels") as caught:
        read(path)
    assert "max_picture_px" in caught.value.hint


def test_a_truncated_picture_is_damaged(tmp_path, read, png):
    path = tmp_path / "cut.png"
    path.write_bytes(png[:120])
    with pytest.raises(SourceDamaged, match=r"cut\.png"):
        read(path)


def test_heic(tmp_path, read):
    heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "photo.heic"
    heif.from_pillow(Image.effect_noise((200, 100), 80).convert("RGB")).save(path)
    assert read(path).pictures()[0].mime == "image/heic"
