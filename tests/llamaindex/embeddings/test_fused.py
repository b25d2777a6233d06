"""One vector out of several: numbers worked out by hand, and real encoders in small."""

from __future__ import annotations

import base64
import io
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_encoders
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.embeddings.multi_modal_base import MultiModalEmbedding
from llama_index.core.schema import ImageNode, TextNode
from PIL import Image

from xmrag_plugin import CrossModalEmbedding, FusedEmbedding
from xmrag_plugin.errors import UsageError

pytestmark = pytest.mark.filterwarnings("ignore::xmrag_plugin.encoders.self_test.WeakVisionModelWarning")


class Table(MultiModalEmbedding):
    """Vectors looked up by hand."""

    vectors: dict[str, list[float]]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self.vectors[text]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self.vectors[query]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self.vectors[query]

    def _get_image_embedding(self, img_file_path: Any) -> list[float]:
        return self.vectors[Path(str(img_file_path)).name]

    async def _aget_image_embedding(self, img_file_path: Any) -> list[float]:
        return self._get_image_embedding(img_file_path)


ONE = Table(vectors={"a": [1, 0], "b": [0, 2], "q": [1, 0], "length": [1, 0]})
TWO = Table(vectors={"a": [0, 0, 3], "b": [0, 4, 0], "q": [0, 1, 0], "length": [1, 0, 0]})


def test_a_concatenations_product_is_the_weighted_sum_of_similarities() -> None:
    fused = FusedEmbedding(parts=[ONE, TWO], weights=[0.6, 0.8])
    assert np.allclose(fused.get_text_embedding("a"), [0.6, 0, 0, 0, 0.8, 0])
    assert np.allclose(fused.get_query_embedding("q"), [0.6, 0, 0, 0.8, 0, 0])
    question = np.array(fused.get_query_embedding("q"))
    assert math.isclose(question @ fused.get_text_embedding("a"), 0.36, abs_tol=1e-6)
    assert math.isclose(question @ fused.get_text_embedding("b"), 0.64, abs_tol=1e-6)
    assert fused.dimension == 6


def test_weights_can_change_when_asking() -> None:
    asked = FusedEmbedding(parts=[ONE, TWO], weights=[1, 1], query_weights=[1, 0])
    question = np.array(asked.get_query_embedding("q"))
    assert np.allclose(question, [1, 0, 0, 0, 0, 0])
    products = [question @ asked.get_text_embedding(text) for text in "ab"]
    assert np.allclose(products, [math.sqrt(0.5), 0])


def test_a_weighted_sum_is_added_and_normalised() -> None:
    square = Table(vectors={"a": [0, 5], "q": [1, 0], "length": [1, 0]})
    fused = FusedEmbedding(parts=[ONE, square], weights=[3, 4], mode="sum")
    assert np.allclose(fused.get_text_embedding("a"), [0.6, 0.8])
    assert fused.dimension == 2
    with pytest.raises(UsageError, match="cannot be added"):
        FusedEmbedding(parts=[ONE, TWO], mode="sum").get_text_embedding("a")


@pytest.fixture(scope="module")
def fused(tmp_path_factory: pytest.TempPathFactory) -> FusedEmbedding:
    root = tmp_path_factory.mktemp("models")
    common = {"cache_dir": str(root / "cache"), "device": "cpu"}
    text = CrossModalEmbedding(text=str(tiny_encoders.text(root / "text")), **common)
    seeing = CrossModalEmbedding(vision=str(tiny_encoders.clip(root / "clip")), **common)
    return FusedEmbedding(parts=[text, seeing], weights=[1.0, 2.0])


def picture(colour: str, **more: Any) -> ImageNode:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(buffer, "PNG")
    return ImageNode(image=base64.b64encode(buffer.getvalue()).decode(), **more)


def test_pictures_have_their_words_and_their_looks(fused: FusedEmbedding) -> None:
    nodes = [TextNode(text="dog"), picture("red", text="a red dog"), picture("red")]
    vectors = np.array([node.embedding for node in fused(nodes)])
    assert vectors.shape == (3, fused.dimension) == (3, 32 + 24 + 1)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors[1, 32:56], vectors[2, 32:56], atol=1e-5)
    assert vectors[1, :32].any()
    assert not vectors[2, :32].any()
    assert math.isclose(vectors[2, 56], math.sqrt(1 / 5), abs_tol=1e-5)
    words, looks = fused.parts[0].get_query_embedding("dog"), fused.parts[1].get_query_embedding("dog")
    expected = (
        np.dot(words, fused.parts[0].get_text_embedding("a red dog"))
        + 4 * np.dot(looks, fused.parts[1].get_image_embedding(nodes[1]))  # type: ignore[attr-defined]
    ) / 5
    assert math.isclose(np.dot(fused.get_query_embedding("dog"), vectors[1]), expected, abs_tol=1e-5)


def test_other_embeddings_are_parts_too(fused: FusedEmbedding) -> None:
    wide = FusedEmbedding(parts=[*fused.parts, MockEmbedding(embed_dim=3)])
    nodes = wide([picture("red", text="dog"), TextNode(text="dog"), picture("blue")])
    assert {len(node.embedding or []) for node in nodes} == {60}


def test_without_eyes_and_words_the_name_is_left(tmp_path: Path, fused: FusedEmbedding) -> None:
    blind = FusedEmbedding(parts=[fused.parts[0], fused.parts[0]], mode="sum")
    path = tmp_path / "red_dog.png"
    Image.new("RGB", (9, 9)).save(path)
    assert np.allclose(
        blind.get_image_embedding(str(path)), fused.parts[0].get_text_embedding("red dog"), atol=1e-5
    )


def test_it_survives_dictionaries_and_pickling(fused: FusedEmbedding) -> None:
    vector = fused.get_text_embedding("dog")
    for copy in (FusedEmbedding.from_dict(fused.to_dict()), pickle.loads(pickle.dumps(fused))):
        assert np.allclose(copy.get_text_embedding("dog"), vector)
        assert copy.to_dict() == fused.to_dict()
    with pytest.raises(UsageError, match="'Table'"):
        FusedEmbedding.from_dict({"parts": [{"class_name": "Table"}, {"class_name": "Table"}]})


@pytest.mark.parametrize(
    "wrong",
    [
        {"parts": [ONE]},
        {"parts": [ONE, TWO], "weights": [1.0]},
        {"parts": [ONE, TWO], "weights": [0.0, 0.0]},
        {"parts": [ONE, TWO], "query_weights": [1.0, -1.0]},
        {"parts": [ONE, TWO], "weights": [1.0, float("nan")]},
    ],
)
def test_what_does_not_fit_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        FusedEmbedding(**wrong)
