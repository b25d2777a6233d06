"""LlamaIndex embedding calls, done alike for queries, texts and pictures.

The stock classes honour cache, rate limiter, workers and events for texts only, embed what is there
twice twice, and batch texts as they come. Here every call goes one way: equal inputs once, texts in
batches of like length, known vectors from the cache, one permit of the limiter a batch, a pair of
events a batch, and in asynchronous calls the work in a thread.
"""

from __future__ import annotations

import asyncio
import uuid
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, Literal

from llama_index.core.async_utils import run_jobs
from llama_index.core.base.embeddings.base import Embedding
from llama_index.core.bridge.pydantic import ConfigDict, Field
from llama_index.core.callbacks.schema import CBEventType, EventPayload
from llama_index.core.embeddings.multi_modal_base import MultiModalEmbedding
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.events.embedding import EmbeddingEndEvent, EmbeddingStartEvent
from llama_index.core.schema import BaseNode, ImageNode, MetadataMode
from llama_index.core.utils import get_tqdm_iterable

from ...errors import PictureError
from ...images.intake import as_picture, picture_key, picture_name
from ...types import Key
from ..sync_async import IN_THREAD, ON_LOOP, Waiting, blocking

__all__ = ["BatchedEmbedding", "Computed", "Inputs", "holds_picture", "mark_wordless", "own_words"]

Inputs = Literal["query", "text", "image"]
_COLLECTION = "embeddings"

dispatcher = get_dispatcher(__name__)


class Computed(list[Embedding]):
    """Vectors in order, and the places of those that must not be remembered."""

    def __init__(self, vectors: Sequence[Embedding], passing: Sequence[int] = ()) -> None:
        super().__init__(vectors)
        self.passing = set(passing)


class BatchedEmbedding(MultiModalEmbedding):
    """What the public methods of an embedding have in common; a subclass computes vectors.

    Args:
        embed_batch_size: Inputs a batch.
        num_workers: Batches at once in asynchronous calls; 1 by default.
        embeddings_cache: A key-value store of vectors, shared by texts and pictures.
        rate_limiter: Asked for one permit a batch that is computed.
    """

    model_config = ConfigDict(
        protected_namespaces=("pydantic_model_",), arbitrary_types_allowed=True, extra="forbid"
    )

    embed_batch_size: int = Field(default=64, gt=0, le=2048, description="Inputs a batch.")

    @abstractmethod
    def _compute(self, inputs: Inputs, items: Sequence[Any], *, strict: bool) -> Computed:
        """Return vectors of the items, in order.

        Args:
            inputs: What the items are.
            items: Texts, or pictures in any form.
            strict: Whether one damaged picture is an error.
        """

    @abstractmethod
    def _key(self, inputs: Inputs, item: Any) -> str | None:
        """Return what tells the item's vector from all others, model and role included; None when unknown."""

    def get_query_embedding(self, query: str) -> Embedding:
        """Return the vector of a question."""
        return self._run("query", [query])[0]

    async def aget_query_embedding(self, query: str) -> Embedding:
        """Do likewise, off the event loop."""
        return (await self._arun("query", [query]))[0]

    def get_text_embedding(self, text: str) -> Embedding:
        """Return the vector of a passage."""
        return self._run("text", [text])[0]

    async def aget_text_embedding(self, text: str) -> Embedding:
        """Do likewise, off the event loop."""
        return (await self._arun("text", [text]))[0]

    def get_image_embedding(self, img_file_path: Any) -> Embedding:
        """Return the vector of a picture: a file, bytes, stream, PIL image, base64, data URI or ImageNode.

        Raises:
            PictureError: If it cannot be decoded.
        """
        return self._run("image", [img_file_path], strict=True)[0]

    async def aget_image_embedding(self, img_file_path: Any) -> Embedding:
        """Do likewise, off the event loop."""
        return (await self._arun("image", [img_file_path], strict=True))[0]

    def get_text_embedding_batch(
        self, texts: list[str], show_progress: bool = False, **kwargs: Any
    ) -> list[Embedding]:
        """Return vectors of passages, in the order given."""
        return self._run("text", texts, show_progress=show_progress)

    async def aget_text_embedding_batch(
        self, texts: list[str], show_progress: bool = False, **kwargs: Any
    ) -> list[Embedding]:
        """Do likewise, off the event loop."""
        return await self._arun("text", texts, show_progress=show_progress)

    def get_image_embedding_batch(
        self, img_file_paths: list[Any], show_progress: bool = False
    ) -> list[Embedding]:
        """Return vectors of pictures, in the order given."""
        return self._run("image", img_file_paths, show_progress=show_progress)

    async def aget_image_embedding_batch(
        self, img_file_paths: list[Any], show_progress: bool = False
    ) -> list[Embedding]:
        """Do likewise, off the event loop."""
        return await self._arun("image", img_file_paths, show_progress=show_progress)

    def _get_query_embedding(self, query: str) -> Embedding:
        return self._compute("query", [query], strict=True)[0]

    async def _aget_query_embedding(self, query: str) -> Embedding:
        return await asyncio.to_thread(self._get_query_embedding, query)

    def _get_text_embedding(self, text: str) -> Embedding:
        return self._compute("text", [text], strict=True)[0]

    async def _aget_text_embedding(self, text: str) -> Embedding:
        return await asyncio.to_thread(self._get_text_embedding, text)

    def _get_text_embeddings(self, texts: list[str]) -> list[Embedding]:
        return list(self._compute("text", texts, strict=True))

    async def _aget_text_embeddings(self, texts: list[str]) -> list[Embedding]:
        return await asyncio.to_thread(self._get_text_embeddings, texts)

    def _get_image_embedding(self, img_file_path: Any) -> Embedding:
        return self._compute("image", [img_file_path], strict=True)[0]

    async def _aget_image_embedding(self, img_file_path: Any) -> Embedding:
        return await asyncio.to_thread(self._get_image_embedding, img_file_path)

    def _get_image_embeddings(self, img_file_paths: list[Any]) -> list[Embedding]:
        return list(self._compute("image", img_file_paths, strict=False))

    async def _aget_image_embeddings(self, img_file_paths: list[Any]) -> list[Embedding]:
        return await asyncio.to_thread(self._get_image_embeddings, img_file_paths)

    def _run(
        self, inputs: Inputs, items: Sequence[Any], *, strict: bool = False, show_progress: bool = False
    ) -> list[Embedding]:
        work = _Work(self, inputs, items)
        for batch in get_tqdm_iterable(work.batches, show_progress, f"Generating {inputs} embeddings"):
            blocking(self._run_batch(IN_THREAD, work, batch, strict=strict))
        return work.all_vectors()

    async def _arun(
        self, inputs: Inputs, items: Sequence[Any], *, strict: bool = False, show_progress: bool = False
    ) -> list[Embedding]:
        work = await asyncio.to_thread(_Work, self, inputs, items)
        await run_jobs(
            [self._run_batch(ON_LOOP, work, batch, strict=strict) for batch in work.batches],
            show_progress=show_progress,
            workers=self.num_workers or 1,
            desc=f"Generating {inputs} embeddings",
        )
        return work.all_vectors()

    async def _run_batch(self, way: Waiting, work: _Work, batch: Sequence[int], *, strict: bool) -> None:
        """Find the vectors of a batch: from the cache, else computed under one permit of the rate limiter."""
        payload, cache, limiter = self.to_payload(), self.embeddings_cache, self.rate_limiter
        dispatcher.event(EmbeddingStartEvent(model_dict=payload))
        with self.callback_manager.event(
            CBEventType.EMBEDDING, payload={EventPayload.SERIALIZED: payload}
        ) as event:
            if cache is not None:
                for key in work.keys_of(batch):
                    work.take(key, await way.call(cache.get, cache.aget, key=key, collection=_COLLECTION))
            if missing := work.missing(batch):
                if limiter is not None:
                    await way.call(limiter.acquire, limiter.async_acquire)
                items = [work.items[place] for place in missing]
                computed = await way.run(self._compute, work.inputs, items, strict=strict)
                for key, vector in work.keep(missing, computed).items():
                    if cache is not None:
                        value = {str(uuid.uuid4()): vector}
                        await way.call(cache.put, cache.aput, key=key, val=value, collection=_COLLECTION)
            vectors, names = work.vectors_of(batch), work.names_of(batch)
            event.on_end(payload={EventPayload.CHUNKS: names, EventPayload.EMBEDDINGS: vectors})
        dispatcher.event(EmbeddingEndEvent(chunks=names, embeddings=vectors))


class _Work:
    """The items of one call: equal ones once, in batches, and their vectors as they come."""

    def __init__(self, embedding: BatchedEmbedding, inputs: Inputs, items: Sequence[Any]) -> None:
        self.inputs = inputs
        self.items = items
        self._keys = [embedding._key(inputs, item) for item in items]
        self._first: dict[str, int] = {}
        self._found: dict[int, Embedding] = {}
        for place, key in enumerate(self._keys):
            if key is not None:
                self._first.setdefault(key, place)
        own = [place for place in range(len(items)) if self._holder(place) == place]
        if inputs != "image":
            own.sort(key=lambda place: len(items[place]), reverse=True)
        size = embedding.embed_batch_size
        self.batches = [own[start : start + size] for start in range(0, len(own), size)]

    def keys_of(self, batch: Sequence[int]) -> list[str]:
        return [key for place in batch if (key := self._keys[place]) is not None]

    def take(self, key: str, cached: dict[str, Any] | None) -> None:
        """Take a vector out of what the cache holds under its key."""
        if cached:
            self._found[self._first[key]] = next(iter(cached.values()))

    def missing(self, batch: Sequence[int]) -> list[int]:
        return [place for place in batch if place not in self._found]

    def keep(self, places: Sequence[int], computed: Computed) -> dict[str, Embedding]:
        """Take the vectors; those that may be remembered are returned by key."""
        self._found.update(zip(places, computed, strict=True))
        lasting = [place for nth, place in enumerate(places) if nth not in computed.passing]
        return {key: self._found[place] for place in lasting if (key := self._keys[place]) is not None}

    def vectors_of(self, batch: Sequence[int]) -> list[Embedding]:
        return [self._found[place] for place in batch]

    def names_of(self, batch: Sequence[int]) -> list[str]:
        if self.inputs != "image":
            return [self.items[place] for place in batch]
        return [picture_name(self.items[place]) for place in batch]

    def all_vectors(self) -> list[Embedding]:
        return [list(self._found[self._holder(place)]) for place in range(len(self.items))]

    def _holder(self, place: int) -> int:
        key = self._keys[place]
        return place if key is None else self._first[key]


def holds_picture(node: ImageNode) -> bool:
    """Return whether there is a picture to a node at all."""
    return bool(node.image or node.image_path or node.image_url)


def mark_wordless(node: ImageNode) -> None:
    """Note the picture's hash on a node without words: stock indexes drop nodes that say nothing."""
    if node.get_content(metadata_mode=MetadataMode.EMBED).strip():
        return
    try:
        node.metadata[Key.MEDIA_HASH] = picture_key(as_picture(node))
    except PictureError:
        node.metadata[Key.MEDIA] = picture_name(node)
    node.excluded_llm_metadata_keys = [*node.excluded_llm_metadata_keys, Key.MEDIA_HASH]


def own_words(item: Any) -> str:
    """Return what a node says; empty for other items, and for nodes that only carry such a mark."""
    if not isinstance(item, BaseNode):
        return ""
    if set(item.metadata) <= {Key.MEDIA_HASH, Key.MEDIA}:
        return item.get_content(metadata_mode=MetadataMode.NONE).strip()
    return item.get_content(metadata_mode=MetadataMode.EMBED).strip()
