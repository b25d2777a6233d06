from __future__ import annotations

import zipfile

import pytest

from xmrag_plugin.errors import SourceDamaged, SourceTooLarge
from xmrag_plugin.readers.archives import Archive, archive_kind, join_part, parse_xml


def test_parts_are_found_in_any_case_and_limited(tmp_path, monkeypatch):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Word/Document.XML", "<a/>")
        archive.writestr("bomb", b"\0" * 5_000_000)
    monkeypatch.setattr("xmrag_plugin.readers.archives._MAX_PART_BYTES", 1_000_000)
    with Archive(path) as archive:
        assert archive.read("/word/document.xml") == b"<a/>"
        assert archive.read("none") is None
        with pytest.raises(SourceTooLarge, match="bomb"):
            archive.read("bomb")
    assert archive_kind(path) == "docx"
    assert archive_kind(tmp_path / "none") == ""
    assert join_part("word", "../media/a%20b.png#x") == "media/a b.png"
    assert join_part("word", "/media/a.png") == "media/a.png"


def test_a_part_under_another_name_than_the_directory_s_is_damaged(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tür.xml", "<a/>")
    data = path.read_bytes()
    at = data.index("tür".encode())  # the name before the part, which need not be UTF-8 any more
    path.write_bytes(data[: at + 1] + b"\xfe\xfe" + data[at + 3 :])
    with Archive(path) as archive, pytest.raises(SourceDamaged, match="cannot be unpacked"):
        archive.read("tür.xml")


def test_entities_do_not_leave_the_file(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret words")
    root = parse_xml(f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]><a>&x;kept</a>'.encode(), "a.xml")
    assert "secret" not in "".join(root.itertext())
    with pytest.raises(SourceDamaged, match=r"b\.xml is not XML"):
        parse_xml(b"", "b.xml")
