"""Files of before 2007, where LibreOffice is installed; their refusal where it is not."""

from __future__ import annotations

import pytest
from sample_files import SAMPLES, WORDS

from xmrag_plugin.errors import SourceUnsupported
from xmrag_plugin.readers.office_suite import convert, find_office


@pytest.mark.skipif(find_office() is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize(("kind", "old"), [("xlsx", "xls"), ("pptx", "ppt")])
def test_old_files_are_read_as_their_present_kind(tmp_path, read, kind, old):
    path = tmp_path / f"old.{old}"
    path.write_bytes(convert(SAMPLES[kind](tmp_path).read_bytes(), f".{kind}", old) or b"")
    reading = read(path)
    assert WORDS in reading.words()
    assert reading.texts("table")


def test_without_libreoffice_the_way_is_told(tmp_path, read, monkeypatch):
    monkeypatch.setattr("xmrag_plugin.readers.office.legacy.find_office", lambda: None)
    path = tmp_path / "old.doc"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "WordDocument".encode("utf-16-le"))
    with pytest.raises(SourceUnsupported, match="old Word file") as refused:
        read(path)
    assert "soffice" in refused.value.hint
