"""The snippets of docs/serving.md, against a server of this machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from .conftest import Served

PAGE = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")


def test_the_snippets_of_the_page_run(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("openai", reason="the extra openai is not installed")
    from fastapi.testclient import TestClient

    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    snippets = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(snippets) == 2
    names: dict[str, Any] = {}
    for code in snippets:
        exec(compile(code.replace("http://127.0.0.1:8765", served.url), "serving.md", "exec"), names)
    printed = capsys.readouterr().out
    assert f"]({served.url}/source/" in printed.replace("<", "")
    assert "'source':" in printed
    assert TestClient(names["app"]).get("/api/status").json()["status"]["nodes"] is not None
