"""``CrossModalIndex``, and for pictures in memory ``CrossModalVectorStore`` in the stock index."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from in_memory import in_memory
from PIL import Image

import xmrag_plugin.ingestion.run  # noqa: F401  (imported before the clock starts, as the stock classes are)
from xmrag_plugin import CrossModalIndex, CrossModalNodeParser
from xmrag_plugin.readers import known_readers

__all__ = ["Side"]

Ask = Callable[[str], list[Any]]
Name = Callable[[list[Any]], list[list[Any]]]


class Side:
    """Our arrangement over one folder; arguments as for the stock one."""

    one_list = True

    def __init__(self, folder: Path, *, text: str, vision: str, chunk_tokens: int) -> None:
        self.folder, self.text, self.vision = folder, text, vision
        words = round(chunk_tokens / 1.3)
        known_readers()  # imported before the clock starts, as the stock classes are
        self.index = CrossModalIndex(folder / "kb", text=text, vision=vision, ocr="off", chunk_words=words)

    def warm(self) -> None:
        """Import what is imported when it is needed, load the models and run each once."""
        CrossModalNodeParser()
        self.index.kb.vectors.count()
        for space in ("text", "vision"):
            encoder = self.index.kb.encoder(space)
            assert encoder is not None
            encoder.encode_texts(["warm"])
            if encoder.sees:
                encoder.encode_images([Image.new("RGB", (320, 240))])

    def ingest(self, source: Path) -> dict[str, float]:
        """Add the folder."""
        report = self.index.add(source)
        if report.failed:
            raise RuntimeError(str(report.failed[0]))
        return {stage: round(seconds, 2) for stage, seconds in report.seconds.items()}

    def vectors(self) -> dict[str, int]:
        """How many vectors of each encoder there are."""
        count = self.index.kb.vectors.count
        return {space: count(space, "text") + count(space, "image") for space in ("text", "vision")}

    def retriever(self, source: Path, texts: int, pictures: int) -> tuple[Ask, Name]:
        """A function from a question to hits (one list), and one from those to their names."""
        retriever = self.index.as_retriever(similarity_top_k=texts + pictures)

        def names(hits: list[Any]) -> list[list[Any]]:
            rows = [hit.node.metadata for hit in hits]
            return [[row["source"], row.get("media"), row.get("page")] for row in rows]

        return retriever.retrieve, names

    def keep(self, pictures: list[Path]) -> None:
        """Insert pictures that are in memory into the stock index over our store."""
        from llama_index.core import StorageContext
        from llama_index.core.indices import MultiModalVectorStoreIndex

        from xmrag_plugin import CrossModalEmbedding, CrossModalVectorStore

        store = CrossModalVectorStore.from_params(collection_name="texts", persist_dir=self.folder / "store")
        nodes = in_memory(pictures)
        embedding = CrossModalEmbedding(text=self.text, vision=self.vision)
        MultiModalVectorStoreIndex(
            nodes=nodes,
            storage_context=StorageContext.from_defaults(vector_store=store, image_store=store.image_store),
            embed_model=embedding,
            image_embed_model=embedding,
        )
