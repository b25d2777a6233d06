"""Archives of documents are read as the folder that they were."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

import pytest
from sample_files import draw

from xmrag_plugin.errors import SourceDamaged, SourceTooLarge


def test_documents_pictures_and_what_no_reader_knows(tmp_path, read):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes/page.md", "Words.\n\n![a crane](img/crane.png)\n")
        archive.writestr("notes/img/crane.png", draw())
        archive.writestr("lone.png", draw(200, 90))
        archive.writestr("data.bin", bytes(range(256)))
        archive.writestr("../evil.txt", "outside")
        archive.writestr("__MACOSX/._page.md", "junk")
    reading = read(path)
    assert [(e.kind, e.text, e.metadata["attachment"]) for e in reading.elements] == [
        ("heading", "notes/page.md", "notes/page.md"),
        ("paragraph", "Words.", "notes/page.md"),
        ("picture", "", "notes/page.md"),
        ("heading", "lone.png", "lone.png"),
        ("picture", "", "lone.png"),
    ]
    assert all(picture.path is None and picture.data for picture in reading.pictures())
    assert [message for message, _ in reading.warnings] == [
        "all.zip: 1 files in it would lie outside of it, and were left: ../evil.txt.",
        "all.zip: 1 files in it are of kinds that no reader knows: data.bin.",
    ]


@pytest.mark.parametrize(
    ("name", "mode"), [("a.tar", "w"), ("a.tgz", "w:gz"), ("a.tar.bz2", "w:bz2"), ("a.tar.xz", "w:xz")]
)
def test_tar_files(tmp_path, read, name, mode):
    with tarfile.open(tmp_path / name, mode) as archive:
        entry = tarfile.TarInfo("a/b.txt")
        entry.size = 6
        archive.addfile(entry, io.BytesIO(b"Words."))
        link = tarfile.TarInfo("a/link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    assert read(tmp_path / name).texts("paragraph") == ["Words."]


def test_one_compressed_file_and_a_damaged_one(tmp_path, read):
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"Words."))
    assert read(tmp_path / "a.txt.gz").texts("paragraph") == ["Words."]
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"Words." * 999)[:20])
    with pytest.raises(SourceDamaged, match="unpacked"):
        read(tmp_path / "b.txt.gz")


def test_what_unpacks_to_too_much_or_lies_too_deep(tmp_path, read):
    from xmrag_plugin.readers.context import Budget

    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"a" * 3_000_000)
    with pytest.raises(SourceTooLarge):
        read(tmp_path / "a.zip", budget=Budget(size=1_000_000))
    inner = tmp_path / "a.txt"
    inner.write_text("Words.")
    for number in range(7):
        outer = tmp_path / f"{number}.zip"
        with zipfile.ZipFile(outer, "w") as archive:
            archive.write(inner, inner.name)
        inner = outer
    reading = read(inner)
    assert reading.texts("paragraph") == []
    assert "no reader knows" in reading.warnings[-1][0]


def test_one_file_under_a_password_costs_itself_only(tmp_path, read):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("ok.txt", "Plain words in the archive.")
        archive.writestr("locked.txt", "Locked words.")
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[data.rfind(b"PK\x03\x04") + 6] |= 1
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    reading = read(tmp_path / "a.zip")
    assert "Plain words" in reading.words()
    assert any("locked.txt" in message for message, _ in reading.warnings)
