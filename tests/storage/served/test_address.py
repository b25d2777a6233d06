"""Addresses of knowledge bases on servers, and what is secret about them."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import pytest

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.errors import UsageError
from xmrag_plugin.settings import Settings
from xmrag_plugin.storage.served.address import Address, headers_of


def test_an_address_names_host_port_and_knowledge_base() -> None:
    for given, meant in {
        "http://chroma:9000/manuals": ("chroma", 9000, False, "manuals"),
        "http:/chroma:9000/manuals/": ("chroma", 9000, False, "manuals"),
        "https://vectors.example.org/a-1_b": ("vectors.example.org", 443, True, "a-1_b"),
        "http://[::1]/x": ("::1", 8000, False, "x"),
    }.items():
        address = Address.of(given)
        assert dataclasses.astuple(address) == meant
        assert Address.of(str(address)) == address


@pytest.mark.parametrize(
    "given",
    [
        "http://chroma:9000",
        "http://chroma:port/x",
        "http://chroma/A b",
        "http:///x",
        "http://h/a/b",
        "http://h/a?b=c",
    ],
)
def test_what_is_none_is_refused(given: str) -> None:
    with pytest.raises(UsageError) as refused:
        Address.of(given)
    assert "http://HOST:PORT/NAME" in refused.value.hint


def test_schemas_of_different_names_differ() -> None:
    names = ("a-b", "a_b", "a__b", "a--b")
    assert len({Address.of(f"http://h/{name}").schema for name in names}) == len(names)


def test_without_postgres_it_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as refused:
        CrossModalIndex("http://user:hidden@127.0.0.1:1/manuals")
    assert "127.0.0.1:1/manuals" in refused.value.message
    assert "XMRAG_POSTGRES" in refused.value.hint
    assert "hidden" not in str(refused.value)


def test_headers_are_written_one_a_line() -> None:
    assert headers_of("X-Chroma-Token: abc:def\n\n Authorization : Bearer x ") == {
        "X-Chroma-Token": "abc:def",
        "Authorization": "Bearer x",
    }
    with pytest.raises(UsageError) as refused:
        headers_of("a token that slipped in")
    assert "slipped" not in str(refused.value)


def test_passwords_are_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(
        kb="http://ann:hidden1@chroma:9000/manuals",
        postgres="postgresql://ann:hidden2@db/xmrag",  # type: ignore[arg-type]
    )
    assert settings.kb == "http://chroma:9000/manuals"
    assert settings.chroma_headers.get_secret_value().startswith("Authorization: Basic ")
    told = repr(settings) + str(dataclasses.asdict(settings)) + str(settings.chroma_headers)
    assert "hidden" not in told
    written = pickle.dumps(settings)
    assert b"hidden" not in written
    assert b"YW5uOmhpZGRlbjE" not in written
    monkeypatch.setenv("XMRAG_POSTGRES", "postgresql://ann:hidden3@db/xmrag")
    monkeypatch.setenv("XMRAG_OPENAI_API_KEY", "another")
    assert "hidden3" in pickle.loads(written).postgres.get_secret_value()


def test_the_setting_chroma_is_what_kb_is_where_that_is_not_set() -> None:
    assert Settings(chroma="http://h:1/x").kb == "http://h:1/x"
    assert Settings(chroma="http://h:1/x", kb="folder").kb == "folder"
