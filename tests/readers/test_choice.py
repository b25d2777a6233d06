"""Which reader takes a file, and what is said when none does."""

from __future__ import annotations

import io
import os
import zipfile

import pytest

from xmrag_plugin.errors import (
    SourceChanged,
    SourceDamaged,
    SourceEncrypted,
    SourceMissing,
    SourceUnsupported,
)
from xmrag_plugin.readers import (
    Reader,
    ReadOptions,
    find_reader,
    known_readers,
    looks_textual,
    read_bytes,
    read_file,
    reader_suffixes,
)
from xmrag_plugin.types import Element


def test_names_and_suffixes_are_unique():
    names = [reader.name for reader in known_readers()]
    assert len(names) == len(set(names))
    suffixes = [suffix for reader in known_readers() for suffix in reader.suffixes]
    assert len(suffixes) == len(set(suffixes)) == len(reader_suffixes())


@pytest.mark.parametrize(
    ("name", "content", "reader"),
    [
        ("a.txt", b"<!DOCTYPE html><html><p>x", "html"),
        ("a.txt", b"words", "plain_text"),
        ("a.md", b"# x", "markdown"),
        ("a.unknown", b"words", "plain_text"),
        ("README", b"words", "plain_text"),
        ("a.HTML", b"<p>x", "html"),
    ],
)
def test_content_first_then_suffix(tmp_path, name, content, reader):
    (tmp_path / name).write_bytes(content)
    assert find_reader(tmp_path / name).name == reader


@pytest.mark.parametrize(
    ("name", "content", "error", "said"),
    [
        ("a.bin", bytes(range(256)), SourceUnsupported, "no reader knows"),
        ("a.png", b"", SourceDamaged, "is empty"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, SourceUnsupported, "soffice"),
        (
            "a.docx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            SourceEncrypted,
            "password",
        ),
        (
            "a.txt",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook\0".encode("utf-16-le"),
            SourceUnsupported,
            "xlsx",
        ),
        ("a.pages", b"PK\x03\x04" + b"\0" * 40, SourceUnsupported, "Export it from Pages"),
        ("a.ps", b"%!PS-Adobe-3.0\n/x 1 def\n", SourceUnsupported, "ps2pdf"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c" + b"\0" * 9, SourceUnsupported, "Unpack it"),
    ],
)
def test_refusals_say_what_to_do(tmp_path, name, content, error, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=name) as caught:
        find_reader(tmp_path / name)
    assert caught.value.hint
    assert said in str(caught.value)


@pytest.mark.parametrize("suffix", [".json", ".ipynb", ".csv", ".html", ".eml"])
def test_an_empty_text_of_any_kind_is_named(tmp_path, read, suffix):
    path = tmp_path / f"nothing{suffix}"
    path.write_bytes(b"")
    reading = read(path)
    assert reading.elements == []
    assert "holds no words" in reading.warnings[0][0]


def test_an_archive_of_other_things_is_to_be_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pages", "w") as archive:
        archive.writestr("x.bin", b"\0")
    with pytest.raises(SourceUnsupported, match="Export it from Pages"):
        find_reader(tmp_path / "a.pages")
    (tmp_path / "a.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(99))
    with pytest.raises(SourceUnsupported, match="Unpack it"):
        find_reader(tmp_path / "a.7z")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.md")
    with pytest.raises(SourceUnsupported, match="pipe"):
        find_reader(tmp_path / "pipe.md")


def test_missing_unreadable_and_changing_files(tmp_path):
    with pytest.raises(SourceMissing):
        find_reader(tmp_path / "none.md")
    with pytest.raises(SourceUnsupported, match="folder"):
        find_reader(tmp_path)
    path = tmp_path / "a.txt"
    path.write_text("one\n\ntwo\n")
    elements = read_file(path)
    next(elements)
    path.write_text("another content\n")
    os.utime(path, (1, 1))
    with pytest.raises(SourceChanged, match=r"a\.txt"):
        list(elements)


def test_attachments_come_as_bytes(png):
    elements = list(read_bytes(png, "../a.png", ReadOptions()))
    assert elements[0].picture.path is None
    assert elements[0].picture.data == png


def test_text_is_told_from_bytes():
    assert looks_textual("Grüße 世界".encode())
    assert looks_textual("wide".encode("utf-16"))
    assert looks_textual("Grüße".encode("cp1252"))
    assert not looks_textual(b"%PDF-1.7 words")
    assert not looks_textual(io.BytesIO(bytes(range(40)) * 4).read())


class ThirdPartyReader(Reader):
    """A reader as another package would bring it."""

    name = "third_party"
    suffixes = (".third",)

    @classmethod
    def sniff(cls, head, path):
        return head.startswith(b"THIRD")

    def read(self, path, options):
        yield Element("paragraph", path.read_text())


class _Point:
    value = "third:ThirdPartyReader"

    def __init__(self, loads):
        self._loads = loads

    def load(self):
        if isinstance(self._loads, Exception):
            raise self._loads
        return self._loads


def test_third_parties_add_readers_by_entry_point(tmp_path, monkeypatch, caplog):
    points = [_Point(ThirdPartyReader), _Point(ImportError("no such package")), _Point(int)]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)
    known_readers.cache_clear()
    try:
        path = tmp_path / "a.third"
        path.write_text("THIRD words")
        assert [element.text for element in read_file(path)] == ["THIRD words"]
        assert "no such package" in caplog.text
        assert "no Reader class" in caplog.text
    finally:
        monkeypatch.undo()
        known_readers.cache_clear()
