"""Streams that are packed twice are named as what they are."""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path

import pytest

from xmrag_plugin.errors import SourceDamaged, SourceTooLarge
from xmrag_plugin.readers import ReadContext, find_reader
from xmrag_plugin.readers.pdf.bombs import refuse_bombs


def pdf(filters: str, stream: bytes, extra: str = "") -> bytes:
    head = (
        "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R>>endobj\n"
        f"4 0 obj<</Length {len(stream)}{filters}{extra}>>stream\n"
    )
    return head.encode() + stream + b"\nendstream endobj\ntrailer<</Root 1 0 R>>"


@cache
def packed(megabytes: int) -> bytes:
    """Zeros, packed twice, made a megabyte at a time."""
    inner, outer = zlib.compressobj(1), zlib.compressobj(9)
    parts = [outer.compress(inner.compress(bytes(1 << 20))) for _ in range(megabytes)]
    return b"".join([*parts, outer.compress(inner.flush()), outer.flush()])


@pytest.mark.parametrize(
    "filters", ["/Filter[/FlateDecode/FlateDecode]", "/Filter [ /Fl  /Fl ]", "/F[/FlateDecode /Fl]"]
)
def test_a_stream_packed_twice_is_a_bomb(tmp_path: Path, filters: str) -> None:
    bomb = tmp_path / "bomb.pdf"
    bomb.write_bytes(pdf(filters, packed(300)))
    assert bomb.stat().st_size < 60_000
    with pytest.raises(SourceTooLarge, match=r"bomb.pdf holds a stream that unfolds to more than 256 MB"):
        list(find_reader(bomb).read(bomb, ReadContext()))


@pytest.mark.parametrize(
    ("filters", "stream"),
    [
        ("/Filter[/FlateDecode/FlateDecode]", packed(2)),  # twice, and little
        ("/Filter[/ASCII85Decode/FlateDecode]", b"x" * 500),
        ("/Filter[/FlateDecode/FlateDecode]", b"no deflate at all"),
        ("/Filter[/LZWDecode/FlateDecode]", b"\x80\x0b\x60"),
        ("/Filter/FlateDecode", zlib.compress(bytes(10_000))),
    ],
)
def test_others_are_left_to_the_library(tmp_path: Path, filters: str, stream: bytes) -> None:
    path = tmp_path / "plain.pdf"
    path.write_bytes(pdf(filters, stream))
    refuse_bombs(path)  # raises nothing
    try:
        said = type(list(find_reader(path).read(path, ReadContext())))
    except SourceDamaged as error:
        said = type(error)
    assert said in (list, SourceDamaged)


def test_an_empty_file_is_no_bomb(tmp_path: Path) -> None:
    (tmp_path / "empty.pdf").touch()
    refuse_bombs(tmp_path / "empty.pdf")  # raises nothing: the next look says that it is empty
    with pytest.raises(SourceDamaged, match=r"empty\.pdf"):
        list(find_reader(tmp_path / "empty.pdf").read(tmp_path / "empty.pdf", ReadContext()))
