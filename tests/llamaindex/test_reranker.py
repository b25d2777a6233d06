"""VisionReranker with real cross-encoders in small, for texts and for pictures."""

from __future__ import annotations

import base64
import io
import pickle
from pathlib import Path

import numpy as np
import pytest
import tiny_encoders
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.schema import ImageNode, MetadataMode, NodeWithScore, QueryBundle, TextNode
from PIL import Image
from pydantic import ValidationError

from xmrag_plugin import VisionReranker
from xmrag_plugin.errors import ModelUnavailable, PictureError, UnknownModel, UsageError


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("rerankers")
    return {
        "words": str(tiny_encoders.cross_encoder(root / "words")),
        "seeing": str(tiny_encoders.seeing_cross_encoder(root / "seeing")),
        "classes": str(tiny_encoders.cross_encoder(root / "classes", labels=3)),
    }


def picture(colour: str) -> Image.Image:
    return Image.new("RGB", (64, 48), colour)


def encoded(colour: str) -> str:
    buffer = io.BytesIO()
    picture(colour).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def nodes() -> list[NodeWithScore]:
    made = [
        TextNode(text="the bar chart shows revenue", id_="chart"),
        ImageNode(image=encoded("red"), text="a red dog", id_="red"),
        ImageNode(image=encoded("blue"), id_="blue"),
        ImageNode(image=base64.b64encode(b"bad").decode(), text="a damaged one", id_="bad"),
        TextNode(text="a dog runs on the beach " * 100, id_="long"),
    ]
    return [NodeWithScore(node=node, score=0.5) for node in made]


def test_a_model_of_texts_reads_the_words(folders: dict[str, str]) -> None:
    from sentence_transformers import CrossEncoder

    reranker = VisionReranker(model=folders["words"], device="cpu")
    assert not reranker.takes_pictures
    ranked = reranker.postprocess_nodes(nodes(), query_str="a red dog")
    assert {each.node_id for each in ranked} == {"chart", "red", "blue", "bad", "long"}
    model = CrossEncoder(folders["words"], device="cpu", local_files_only=True)
    words = {"chart": "the bar chart shows revenue", "red": "a red dog", "bad": "a damaged one"}
    expected = dict(zip(words, model.predict([("a red dog", text) for text in words.values()]), strict=True))
    for each in ranked:
        if each.node_id in expected:
            assert each.score == pytest.approx(float(expected[each.node_id]), abs=1e-4)
    scores = [each.score or 0 for each in ranked]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_a_seeing_model_is_shown_pictures_with_their_words(folders: dict[str, str]) -> None:
    reranker = VisionReranker(model=folders["seeing"], device="cpu")
    assert reranker.takes_pictures
    given = nodes()
    red, words_only = given[1].node, TextNode(text="a red dog")
    seen, read = reranker.scores("a red dog", [red, words_only])
    assert seen != pytest.approx(read, abs=1e-7)
    blind = VisionReranker(model=folders["seeing"], device="cpu", use_pictures=False)
    assert blind.scores("a red dog", [red])[0] == pytest.approx(read, abs=1e-5)
    damaged, as_words = reranker.scores("a red dog", [given[3].node, TextNode(text="a damaged one")])
    assert damaged == pytest.approx(as_words, abs=1e-5)
    assert len(reranker.postprocess_nodes(given, query_str="a red dog")) == 5


def test_scores_do_not_depend_on_company(folders: dict[str, str]) -> None:
    for model in ("words", "seeing"):
        reranker = VisionReranker(model=folders[model], device="cpu")
        given = [each.node for each in nodes()]
        together = reranker.scores("a red dog", given)
        alone = [reranker.scores("a red dog", [node])[0] for node in given]
        assert np.allclose(together, alone, atol=1e-4)


def test_a_question_may_be_a_picture(folders: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "question.png"
    picture("red").save(path)
    reranker = VisionReranker(model=folders["seeing"], device="cpu")
    both = reranker.postprocess_nodes(nodes(), QueryBundle("a dog", image_path=str(path)))
    only = reranker.postprocess_nodes(nodes(), QueryBundle("", image_path=str(path)))
    assert len(both) == len(only) == 5
    with pytest.raises(PictureError, match="no picture"):
        reranker.postprocess_nodes(nodes(), QueryBundle("", image_path="missing.png"))
    with pytest.raises(UsageError, match="no words"):
        VisionReranker(model=folders["words"], device="cpu").postprocess_nodes(
            nodes(), QueryBundle("", image_path=str(path))
        )


def test_the_list_is_cut_and_nodes_are_left_as_they_were(folders: dict[str, str]) -> None:
    given = nodes()
    reranker = VisionReranker(model=folders["words"], device="cpu", top_n=2, keep_retrieval_score=True)
    ranked = reranker.postprocess_nodes(given, query_str="a red dog")
    assert len(ranked) == 2
    assert all(each.score == 0.5 for each in given)
    assert all("retrieval_score" not in each.node.metadata for each in given)
    assert all(each.node.metadata["retrieval_score"] == 0.5 for each in ranked)
    assert all("retrieval_score" not in each.node.get_content(MetadataMode.LLM) for each in ranked)
    lowest = min(each.score or 0 for each in reranker.postprocess_nodes(given, query_str="a red dog"))
    strict = VisionReranker(model=folders["words"], device="cpu", min_score=lowest + 1)
    assert strict.postprocess_nodes(given, query_str="a red dog") == []


async def test_events_pickling_and_the_asynchronous_way(folders: dict[str, str]) -> None:
    handler = LlamaDebugHandler(print_trace_on_end=False)
    reranker = VisionReranker(
        model=folders["words"], device="cpu", callback_manager=CallbackManager([handler])
    )
    ranked = await reranker.apostprocess_nodes(nodes(), query_str="a red dog")
    assert len(handler.get_event_pairs(CBEventType.RERANKING)) == 1
    copy = VisionReranker.from_dict(reranker.to_dict())
    again = pickle.loads(pickle.dumps(copy)).postprocess_nodes(nodes(), query_str="a red dog")
    assert [each.node_id for each in again] == [each.node_id for each in ranked]


def test_what_cannot_be_done_is_said(folders: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="3 scores a pair"):
        VisionReranker(model=folders["classes"], device="cpu").postprocess_nodes(nodes(), query_str="dog")
    with pytest.raises(UsageError, match="needs the question"):
        VisionReranker(model=folders["words"]).postprocess_nodes(nodes())
    with pytest.raises(ModelUnavailable, match="xmrag models pull"):
        VisionReranker(model="qwen3-vl-reranker").postprocess_nodes(nodes(), query_str="dog")
    with pytest.raises(UnknownModel, match="qwen3-vl-reranker"):
        VisionReranker(model="qwen3-vl-rerank").postprocess_nodes(nodes(), query_str="dog")
    with pytest.raises(ValidationError):
        VisionReranker(model="m", topn=3)  # type: ignore[call-arg]
    assert VisionReranker(model="m").postprocess_nodes([], query_str="dog") == []
