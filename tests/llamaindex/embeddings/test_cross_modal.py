"""CrossModalEmbedding in LlamaIndex's own hands, with real encoders in small."""

from __future__ import annotations

import asyncio
import base64
import io
import pickle
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_encoders
from llama_index.core import VectorStoreIndex
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload, LlamaDebugHandler
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.embedding import EmbeddingEndEvent, EmbeddingStartEvent
from llama_index.core.rate_limiter import BaseRateLimiter
from llama_index.core.schema import ImageNode, MetadataMode, TextNode
from llama_index.core.storage.kvstore import SimpleKVStore
from PIL import Image
from pydantic import Field, ValidationError

from xmrag_plugin import CrossModalEmbedding
from xmrag_plugin.errors import PictureError, UsageError
from xmrag_plugin.llamaindex.embeddings.cross_modal import DamagedPictureWarning

pytestmark = pytest.mark.filterwarnings("ignore::xmrag_plugin.encoders.self_test.WeakVisionModelWarning")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("models")
    return {
        "text": str(tiny_encoders.text(root / "text", prompts={"query": "query: ", "document": ""})),
        "vision": str(tiny_encoders.clip(root / "clip")),
        "cache_dir": str(root / "cache"),
        "device": "cpu",
    }


@pytest.fixture
def words(made: dict[str, str]) -> CrossModalEmbedding:
    return CrossModalEmbedding(**{**made, "vision": "none"})


@pytest.fixture
def both(made: dict[str, str]) -> CrossModalEmbedding:
    return CrossModalEmbedding(**made)


def png(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(buffer, "PNG")
    return buffer.getvalue()


def node(colour: str, **more: Any) -> ImageNode:
    return ImageNode(image=base64.b64encode(png(colour)).decode(), **more)


class Permits(BaseRateLimiter):
    def __init__(self) -> None:
        self.given = 0

    def acquire(self, num_tokens: int = 0) -> None:
        self.given += 1

    async def async_acquire(self, num_tokens: int = 0) -> None:
        self.given += 1


def test_without_a_vision_encoder_everything_is_words(words: CrossModalEmbedding) -> None:
    assert words.into == "text"
    assert len(words.get_text_embedding("dog")) == words.dimension == 32
    with pytest.raises(UsageError, match="vision encoder"):
        words.get_image_embedding(png("red"))
    nodes = words([TextNode(text="dog"), node("red", text="a red dog"), node("red")])
    assert [len(each.embedding or []) for each in nodes] == [32, 32, 32]
    assert np.allclose(nodes[1].embedding, words.get_text_embedding("a red dog"), atol=1e-5)


def test_with_one_texts_and_pictures_share_its_space(both: CrossModalEmbedding) -> None:
    assert both.into == "vision"
    vectors = [
        both.get_text_embedding("dog"),
        both.get_query_embedding("dog"),
        both.get_image_embedding(png("red")),
    ]
    assert {len(vector) for vector in vectors} == {24}
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors[0], both.get_text_embedding_batch(["chart of", "dog"])[1], atol=1e-5)


def test_texts_can_stay_in_the_text_space(made: dict[str, str]) -> None:
    apart = CrossModalEmbedding(**made, space="text")
    assert len(apart.get_text_embedding("dog")) == len(apart.get_query_embedding("dog")) == 32
    assert len(apart.get_image_embedding(png("red"))) == 24
    nodes = apart([node("red", text="a red dog"), node("blue")])
    assert {len(each.embedding or []) for each in nodes} == {32}
    with pytest.raises(UsageError, match="without a vision encoder"):
        CrossModalEmbedding(space="vision")


def test_questions_have_their_own_prompt_also_from_the_cache(made: dict[str, str]) -> None:
    embedding = CrossModalEmbedding(**{**made, "vision": "none"}, embeddings_cache=SimpleKVStore())
    once = (embedding.get_text_embedding("dog"), embedding.get_query_embedding("dog"))
    assert not np.allclose(*once)
    assert (embedding.get_text_embedding("dog"), embedding.get_query_embedding("dog")) == once


def test_nodes_are_embedded_by_what_they_are_in_a_pipeline(both: CrossModalEmbedding) -> None:
    nodes = [TextNode(text="the chart"), node("red"), node("blue", text="sea"), TextNode(text="dog")]
    done = IngestionPipeline(transformations=[both]).run(nodes=nodes)
    assert [len(each.embedding or []) for each in done] == [24] * 4
    assert np.allclose(done[1].embedding, both.get_image_embedding(png("red")), atol=1e-5)
    assert np.allclose(done[0].embedding, both.get_text_embedding("the chart"), atol=1e-5)
    again = asyncio.run(IngestionPipeline(transformations=[both]).arun(nodes=[node("red")]))
    assert np.allclose(again[0].embedding, done[1].embedding, atol=1e-5)


def test_a_picture_is_found_through_a_stock_index(both: CrossModalEmbedding) -> None:
    nodes = both([node("red", id_="red"), node("blue", id_="blue"), TextNode(text="dog", id_="dog")])
    index = VectorStoreIndex(nodes, embed_model=both)
    hits = index.as_retriever(similarity_top_k=3).retrieve("dog")
    assert {hit.node_id for hit in hits} == {"red", "blue", "dog"}
    assert hits[0].node_id == "dog"
    assert all("media_hash" not in hit.node.get_content(MetadataMode.LLM) for hit in hits)


def test_forms_of_a_picture_give_one_vector(both: CrossModalEmbedding, tmp_path: Path) -> None:
    path = tmp_path / "green.png"
    path.write_bytes(png("green"))
    text = base64.b64encode(path.read_bytes()).decode()
    forms = [str(path), path, path.read_bytes(), io.BytesIO(path.read_bytes()), Image.open(path), text]
    forms += [f"data:image/png;base64,{text}", ImageNode(image_path=str(path))]
    vectors = np.array(both.get_image_embedding_batch(forms))
    assert np.abs(vectors - vectors[0]).max() < 1e-5


def test_one_damaged_picture_costs_the_others_nothing(both: CrossModalEmbedding, tmp_path: Path) -> None:
    damaged = tmp_path / "old_harbour.png"
    damaged.write_bytes(png("red")[:30])
    with pytest.warns(DamagedPictureWarning, match="old_harbour"):
        vectors = both.get_image_embedding_batch([png("red"), str(damaged), png("blue"), "missing.png"])
    assert np.allclose(vectors[0], both.get_image_embedding(png("red")), atol=1e-5)
    assert np.allclose(vectors[1], both.get_text_embedding("old harbour"), atol=1e-5)
    assert np.allclose(vectors[2], both.get_image_embedding(png("blue")), atol=1e-5)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    with pytest.warns(DamagedPictureWarning):
        [kept] = both([ImageNode(image_path=str(damaged), text="a red dog")])
    assert np.allclose(kept.embedding, both.get_text_embedding("a red dog"), atol=1e-5)
    with pytest.raises(PictureError, match="old_harbour"):
        both.get_image_embedding(str(damaged))


def test_a_batch_may_raise_and_names_all(made: dict[str, str], tmp_path: Path) -> None:
    strict = CrossModalEmbedding(**made, on_damaged="raise")
    with pytest.raises(PictureError, match=r"(?s)2 pictures.*one\.png.*two\.png"):
        strict.get_image_embedding_batch([tmp_path / "one.png", png("red"), tmp_path / "two.png"])


@pytest.mark.parametrize("asynchronous", [False, True])
def test_equal_inputs_are_embedded_once_and_known_ones_not_at_all(
    made: dict[str, str], asynchronous: bool
) -> None:
    permits, cache = Permits(), SimpleKVStore()
    embedding = CrossModalEmbedding(
        **made, embeddings_cache=cache, rate_limiter=permits, embed_batch_size=2, num_workers=2
    )
    pictures = [png("red"), png("blue"), png("red"), png("green"), io.BytesIO(png("blue"))]

    def embed() -> list[list[float]]:
        if asynchronous:
            return asyncio.run(embedding.aget_image_embedding_batch(pictures))
        return embedding.get_image_embedding_batch(pictures)

    once = embed()
    assert permits.given == 2
    assert len(cache.get_all(collection="embeddings")) == 3
    assert once[0] == once[2]
    assert once[1] == once[4]
    assert embed() == once
    assert permits.given == 2
    texts = ["dog", "a longer text", "dog", "x"]
    again = embedding.get_text_embedding_batch(texts)
    assert again[0] == again[2]
    assert permits.given == 4
    assert embedding.get_text_embedding("x") == again[3]
    assert permits.given == 4


def test_damaged_pictures_are_not_remembered(made: dict[str, str], tmp_path: Path) -> None:
    cache = SimpleKVStore()
    embedding = CrossModalEmbedding(**made, embeddings_cache=cache)
    with pytest.warns(DamagedPictureWarning):
        embedding.get_image_embedding_batch([b"broken", png("red")])
    assert len(cache.get_all(collection="embeddings")) == 1


def test_texts_are_batched_by_length_and_returned_in_order(made: dict[str, str]) -> None:
    handler = LlamaDebugHandler(print_trace_on_end=False)
    embedding = CrossModalEmbedding(
        **{**made, "vision": "none"}, embed_batch_size=3, callback_manager=CallbackManager([handler])
    )
    texts = [f"{number} " + "dog " * (7 * number % 11) for number in range(11)]
    vectors = embedding.get_text_embedding_batch(texts)
    alone = [embedding.get_text_embedding(text) for text in texts]
    assert np.allclose(vectors, alone, atol=1e-5)
    batches = [
        pair[1].payload[EventPayload.CHUNKS] for pair in handler.get_event_pairs(CBEventType.EMBEDDING)
    ]
    lengths = [len(text) for batch in batches[:4] for text in batch]
    assert lengths == sorted(lengths, reverse=True)


def test_events_tell_of_texts_and_pictures_and_hold_no_bytes(made: dict[str, str]) -> None:
    class Seen(BaseEventHandler):
        events: list[Any] = Field(default_factory=list)

        def handle(self, event: Any, **kwargs: Any) -> None:
            if isinstance(event, (EmbeddingStartEvent, EmbeddingEndEvent)):
                self.events.append(event)

    handler, debug = Seen(), LlamaDebugHandler(print_trace_on_end=False)
    root = get_dispatcher()
    root.add_event_handler(handler)
    try:
        embedding = CrossModalEmbedding(**made, callback_manager=CallbackManager([debug]))
        embedding.get_text_embedding("dog")
        embedding.get_image_embedding_batch([png("red"), png("blue")])
        asyncio.run(embedding.aget_image_embedding(png("red")))
    finally:
        root.event_handlers.remove(handler)
    assert [type(event).__name__ for event in handler.events] == [
        "EmbeddingStartEvent",
        "EmbeddingEndEvent",
    ] * 3
    assert all("picture of" in name for name in handler.events[3].chunks)
    assert handler.events[0].model_dict["class_name"] == "CrossModalEmbedding"
    assert len(debug.get_event_pairs(CBEventType.EMBEDDING)) == 3


def test_the_event_loop_goes_on_meanwhile(both: CrossModalEmbedding, monkeypatch: pytest.MonkeyPatch) -> None:
    worker: list[int] = []
    compute = CrossModalEmbedding._compute

    def slowly(self: CrossModalEmbedding, *args: Any, **kwargs: Any) -> Any:
        worker.append(threading.get_ident())
        time.sleep(0.3)
        return compute(self, *args, **kwargs)

    monkeypatch.setattr(CrossModalEmbedding, "_compute", slowly)

    async def ticks() -> int:
        count = 0
        work = asyncio.create_task(both.aget_text_embedding_batch(["dog"] * 3))
        while not work.done():
            await asyncio.sleep(0.01)
            count += 1
        return count

    assert asyncio.run(ticks()) > 5
    assert worker
    assert worker[0] != threading.get_ident()


def test_it_survives_dictionaries_and_pickling(both: CrossModalEmbedding) -> None:
    vector = both.get_text_embedding("dog")
    rebuilt = CrossModalEmbedding.from_dict(both.to_dict())
    unpickled = pickle.loads(pickle.dumps(both))
    for copy in (rebuilt, unpickled):
        assert isinstance(copy, CrossModalEmbedding)
        assert copy.to_dict() == both.to_dict()
        assert np.allclose(copy.get_text_embedding("dog"), vector)
    assert both.encoder("vision") is rebuilt.encoder("vision")


def test_a_misspelt_argument_is_an_error() -> None:
    with pytest.raises(ValidationError, match="vison"):
        CrossModalEmbedding(vison="clip")  # type: ignore[call-arg]


def test_the_payload_holds_names_only(both: CrossModalEmbedding) -> None:
    assert set(both.to_payload()) == {"class_name", "model_name", "embed_batch_size", "space"}


def test_no_inputs_give_no_vectors(both: CrossModalEmbedding) -> None:
    assert both.get_text_embedding_batch([]) == both.get_image_embedding_batch([]) == []
    assert both([]) == []
    assert asyncio.run(both.aget_text_embedding_batch([])) == []
