"""XML from outside: read as far as it goes, and nothing is fetched for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from xmrag_plugin import _xml


def test_an_entity_of_a_file_stays_empty(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    address = (tmp_path / "secret.txt").as_uri()
    root = _xml.parse(f'<!DOCTYPE a [<!ENTITY e SYSTEM "{address}">]><a>[&e;]</a>'.encode())
    assert "secret" not in "".join(root.itertext())


def test_what_is_broken_is_passed_over() -> None:
    root = _xml.parse(b"<a xmlns='urn:x'><b>1</b><c>2</a>")
    assert [_xml.local_name(node) for node in root] == ["b", "c"]
    assert _xml.local_name(_xml.parse(b"<a><!-- no element --></a>")[0]) == ""


def test_what_is_no_xml_has_no_root_or_is_told() -> None:
    assert _xml.parse(b"plain words") is None
    with pytest.raises(ValueError, match="empty"):
        _xml.parse(b"")
