"""Settings: where they come from, and that a key shows itself nowhere."""

from __future__ import annotations

import dataclasses
import json
import pickle
import traceback
from pathlib import Path

import pytest

from xmrag_plugin import CrossModalIndex, Settings
from xmrag_plugin.errors import UsageError

KEY = "sk-verysecret-0123456789"


def test_a_key_shows_itself_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    settings = Settings.load(directory=tmp_path)
    assert settings.openai_api_key.get_secret_value() == KEY
    assert settings.replace(llm="none").openai_api_key.get_secret_value() == KEY
    index = CrossModalIndex(tmp_path / "kb", settings)
    index.close()
    shown = [repr(settings), str(settings), repr(dataclasses.asdict(settings)), f"{settings.openai_api_key}",
             json.dumps(dataclasses.asdict(settings), default=str), repr(vars(index))]  # fmt: skip
    try:
        settings.replace(llm_timeout_s="long")
    except UsageError as error:
        capture = traceback.TracebackException.from_exception(error, capture_locals=True)
        shown.append("".join(capture.format()))
    assert len(shown) == 7
    assert not [text for text in shown if KEY in text]
    for path in (tmp_path / "kb").rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()


def test_a_pickle_holds_no_key_and_looks_it_up_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = CrossModalIndex(tmp_path / "kb", Settings(openai_api_key=KEY))  # type: ignore[arg-type]
    kept = pickle.dumps(index)
    assert KEY.encode() not in kept
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert not pickle.loads(kept).settings.openai_api_key
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    assert pickle.loads(kept).settings.openai_api_key == "another"


def test_names_and_kinds_are_checked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'visoin'"):
        CrossModalIndex(tmp_path / "kb", Settings(), visoin="clip")
    with pytest.raises(UsageError, match="whole number"):
        Settings().replace(jobs="many")
    assert Settings().replace(jobs="2", ocr="off").jobs == 2


@pytest.mark.parametrize("left", ["{}", " {}\n", "{}\r", '"{}"', "'{} '"])
def test_what_shells_and_env_files_leave_around_a_value_is_none_of_it(
    left: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"OPENAI_API_KEY": KEY, "OLLAMA_HOST": "0.0.0.0:9", "XMRAG_OCR": "off", "XMRAG_JOBS": "3"}
    for name, value in given.items():
        monkeypatch.setenv(name, left.format(value))
    settings = Settings.load(directory=tmp_path)
    for each in (settings, pickle.loads(pickle.dumps(settings))):
        assert each.openai_api_key.get_secret_value() == KEY
    assert (settings.ollama_url, settings.ocr, settings.jobs) == ("0.0.0.0:9", "off", 3)


@pytest.mark.parametrize(
    ("copied", "address"),
    [
        ("http://a:8000/v1", "http://a:8000/v1"),
        ("http://a:8000/v1/chat/completions", "http://a:8000/v1"),
        ("https://a/api/chat/completions/", "https://a/api"),
        ("127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("", ""),
    ],
)
def test_a_server_is_meant_by_its_route_too(copied: str, address: str) -> None:
    assert Settings(openai_base_url=copied).openai_base_url == address


def test_a_file_of_settings_may_begin_with_a_mark_of_its_encoding(tmp_path: Path) -> None:
    (tmp_path / "xmrag.toml").write_text('[xmrag]\nocr = "off"\n', encoding="utf-8-sig")
    assert Settings.load(directory=tmp_path, environment={}).ocr == "off"
