"""Answers by small models of real architectures in this process: all modes, pictures, conversations."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import tiny_models
from llama_index.core.schema import ImageNode, NodeWithScore, TextNode
from PIL import Image
from word_retriever import WordRetriever

from xmrag_plugin import CrossModalChatEngine, CrossModalSynthesizer, TransformersVisionLLM
from xmrag_plugin.answers.injection import Budget
from xmrag_plugin.types import Key, Modality

SMALL = Budget(text_tokens=200, image_tokens=120, max_images=2, max_edge=112)


@pytest.fixture(scope="module")
def llm(tmp_path_factory: pytest.TempPathFactory) -> TransformersVisionLLM:
    folder = tiny_models.build("qwen2_5_vl", tmp_path_factory.mktemp("tiny") / "qwen")
    return TransformersVisionLLM(folder, max_new_tokens=12)


@pytest.fixture
def nodes(tmp_path: Path) -> list[NodeWithScore]:
    Image.effect_noise((200, 150), 70).convert("RGB").save(tmp_path / "a.png")
    texts = [
        TextNode(id_="a", text="Revenue grew in the north.", metadata={Key.SOURCE: "a.md", Key.PROBABILITY: 0.9}),
        ImageNode(
            id_="b", text="Chart of revenue", image_path=str(tmp_path / "a.png"),
            metadata={Key.SOURCE: "a.md", Key.MODALITY: Modality.IMAGE, Key.PROBABILITY: 0.6},
        ),
    ]  # fmt: skip
    return [NodeWithScore(node=node, score=node.metadata[Key.PROBABILITY]) for node in texts]


@pytest.mark.parametrize("mode", ["compact", "refine"])
def test_modes(llm: TransformersVisionLLM, nodes: list[NodeWithScore], mode: str) -> None:
    response = CrossModalSynthesizer(llm, mode=mode, budget=SMALL, weak_model=False).synthesize(
        "What grew?", nodes
    )
    assert response.metadata["generator"]["name"] == "transformers"
    assert response.metadata["injection"]["images"] == 1
    # Random weights say nothing that stands in the sources: that is marked, and the place to look named.
    assert response.metadata["citations"]


def test_marginal_scores_every_answer_under_all_the_evidence(
    llm: TransformersVisionLLM, nodes: list[NodeWithScore]
) -> None:
    response = CrossModalSynthesizer(llm, mode="marginal", budget=SMALL).synthesize("What grew?", nodes)
    rows = response.metadata["marginal"]
    assert all(math.isfinite(row["log_probability"]) and row["log_probability"] < 0 for row in rows)
    assert [row["log_probability"] for row in rows] == sorted(
        (r["log_probability"] for r in rows), reverse=True
    )


def test_stream(llm: TransformersVisionLLM, nodes: list[NodeWithScore]) -> None:
    whole = CrossModalSynthesizer(llm, budget=SMALL, streaming=True, weak_model=False)
    response = whole.synthesize("What grew?", nodes)
    assert len(list(response.response_gen)) >= 1
    assert response.metadata["generator"]["name"] == "transformers"


def test_conversation(llm: TransformersVisionLLM, nodes: list[NodeWithScore]) -> None:
    chat = CrossModalChatEngine.from_args(WordRetriever([scored.node for scored in nodes]), llm, budget=SMALL)
    picture = Image.effect_noise((120, 90), 70).convert("RGB")
    chat.chat("What grew in the north?", images=[picture])
    chat.chat("And its chart?")
    assert len(chat.conversation) == 2


def test_random_weights_are_weak_and_never_heard(
    llm: TransformersVisionLLM, nodes: list[NodeWithScore]
) -> None:
    response = CrossModalSynthesizer(llm, budget=SMALL).synthesize("What grew in the north?", nodes)
    assert response.metadata["generator"]["name"] == "extractive"
    assert response.metadata["generator"]["skipped"][0]["reason"]
    assert "Revenue grew in the north" in str(response)
