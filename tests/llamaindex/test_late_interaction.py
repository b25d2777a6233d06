"""Late interaction with real models in small, for texts and for pictures."""

from __future__ import annotations

import base64
import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import tiny_encoders
from llama_index.core.schema import ImageNode, NodeWithScore, QueryBundle, TextNode
from PIL import Image
from pydantic import ValidationError

from xmrag_plugin.errors import ModelMismatch, PictureError, UsageError
from xmrag_plugin.llamaindex.late_interaction import LateInteraction, LateInteractionReranker, max_sim
from xmrag_plugin.settings import Settings


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("late")
    return {
        "words": tiny_encoders.multi_vector(root / "words"),
        "seeing": tiny_encoders.seeing_multi_vector(root / "seeing"),
    }


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache_dir=str(tmp_path / "cache"), device="cpu")


def png(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(buffer, "PNG")
    return buffer.getvalue()


def test_max_sim_by_hand() -> None:
    question = np.array([[1.0, 0.0], [0.0, 1.0]])
    node = np.array([[0.6, 0.8], [1.0, 0.0], [-1.0, 0.0]])
    assert max_sim(question, node) == pytest.approx((1.0 + 0.8) / 2)


def test_scores_are_those_of_the_model(folders: dict[str, Path], settings: Settings, tmp_path: Path) -> None:
    from sentence_transformers import MultiVectorEncoder

    late = LateInteraction(str(folders["words"]), tmp_path / "late", settings=settings)
    texts = {"a": "a red dog on the beach", "b": "the bar chart", "c": "blue " * 200}
    assert late.index(texts) == 3
    assert late.index(texts) == 0
    scores = late.scores("the chart of the north", ["b", "a", "c", "absent"])
    assert set(scores) == {"a", "b", "c"}
    model = MultiVectorEncoder(str(folders["words"]), device="cpu", local_files_only=True)
    asked = model.encode_query(["the chart of the north"])
    expected = model.similarity(asked, model.encode_document(list(texts.values())))[0] / len(asked[0])
    assert np.allclose([scores[key] for key in texts], expected.numpy(), atol=3e-3)


def test_pictures_are_seen(folders: dict[str, Path], settings: Settings, tmp_path: Path) -> None:
    late = LateInteraction(str(folders["seeing"]), tmp_path / "late", settings=settings)
    assert late.sees
    with pytest.raises(PictureError):
        late.index({"red": png("red"), "bad": b"bad", "blue": png("blue"), "words": "a red dog"})
    assert late.stored.missing(["red", "bad", "blue", "words"]) == ["bad"]
    assert set(late.scores("red", ["red", "blue", "words"])) == {"red", "blue", "words"}
    by_picture = late.scores(png("red"), ["red", "blue"])
    assert by_picture["red"] >= by_picture["blue"]


def test_the_folder_belongs_to_its_model(
    folders: dict[str, Path], settings: Settings, tmp_path: Path
) -> None:
    LateInteraction(str(folders["words"]), tmp_path / "late", settings=settings)
    with pytest.raises(ModelMismatch):
        LateInteraction(str(folders["seeing"]), tmp_path / "late", settings=settings)


def nodes() -> list[NodeWithScore]:
    made = [
        TextNode(text="the bar chart of revenue", id_="chart"),
        TextNode(text="a dog runs", id_="dog"),
        ImageNode(image=base64.b64encode(png("red")).decode(), text="a red circle", id_="red"),
        ImageNode(image=base64.b64encode(b"bad").decode(), text="a damaged one", id_="bad"),
        ImageNode(image=base64.b64encode(png("blue")).decode(), id_="blue"),
    ]
    return [NodeWithScore(node=node, score=0.1 * place) for place, node in enumerate(made)]


@pytest.mark.parametrize("kind", ["words", "seeing"])
def test_nodes_are_reranked_and_their_multivectors_kept(
    folders: dict[str, Path], tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XMRAG_CACHE_DIR", str(tmp_path / "cache"))
    reranker = LateInteractionReranker(
        model=str(folders[kind]), folder=str(tmp_path / "late"), top_n=4, device="cpu"
    )
    before = nodes()
    ranked = reranker.postprocess_nodes(before, query_str="the bar chart of revenue")
    assert len(ranked) == 4
    scores = [each.score or 0.0 for each in ranked]
    assert scores == sorted(scores, reverse=True)
    assert [each.score for each in before] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert len(reranker.late.stored) == 5
    again = pickle.loads(pickle.dumps(reranker)).postprocess_nodes(
        before, query_str="the bar chart of revenue"
    )
    assert [each.node_id for each in again] == [each.node_id for each in ranked]
    if kind == "words":
        assert ranked[0].node_id == "chart"
        asked = QueryBundle("", image_path="x.png")
        with pytest.raises(UsageError, match="no words"):
            reranker.postprocess_nodes(before, asked)


def test_the_score_before_can_keep_a_share(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XMRAG_CACHE_DIR", str(tmp_path / "cache"))
    reranker = LateInteractionReranker(
        model=str(folders["words"]), folder=str(tmp_path / "late"), weight=0.0, device="cpu"
    )
    ranked = reranker.postprocess_nodes(nodes(), query_str="dog")
    assert [each.score for each in ranked] == pytest.approx([0.4, 0.3, 0.2, 0.1, 0.0])
    assert reranker.postprocess_nodes([], query_str="dog") == []
    with pytest.raises(UsageError, match="needs the question"):
        reranker.postprocess_nodes(nodes())
    with pytest.raises(ValidationError):
        LateInteractionReranker(model="m", folder="f", top=3)  # type: ignore[call-arg]
