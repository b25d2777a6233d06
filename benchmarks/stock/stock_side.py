"""LlamaIndex's own classes, as its documentation puts them together for texts and pictures.

``SimpleDirectoryReader`` → ``SentenceSplitter`` → ``HuggingFaceEmbedding`` → ``MultiModalVectorStoreIndex``
over two ``ChromaVectorStore``s, with a persisted docstore by which ``refresh_ref_docs`` knows what has not
changed. Kept are the defaults of the readers, of the embedding (ten inputs a batch), of the stores (L2) and
of the retriever. Set are: chunks of as many tokens as ours have and no overlap, for equal work; single
precision; and pictures are opened before the model is given them, without which sentence-transformers refuses
what ``MultiModalVectorStoreIndex`` hands over.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chromadb
from in_memory import in_memory
from llama_index.core import SimpleDirectoryReader, StorageContext
from llama_index.core.indices import MultiModalVectorStoreIndex
from llama_index.core.node_parser import SentenceSplitter
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.readers.file import ImageReader
from llama_index.vector_stores.chroma import ChromaVectorStore
from PIL import Image

__all__ = ["Side"]

Ask = Callable[[str], list[Any]]
Name = Callable[[list[Any]], list[list[Any]]]


class PictureEmbedding(HuggingFaceEmbedding):
    """``HuggingFaceEmbedding`` that opens the streams which ``ImageNode.resolve_image`` gives."""

    def _embed(self, inputs: Any, prompt_name: str | None = None) -> list[list[float]]:
        opened = [Image.open(one).convert("RGB") if isinstance(one, io.BytesIO) else one for one in inputs]
        return super()._embed(opened, prompt_name)


class Side:
    """The stock arrangement over one folder.

    Args:
        folder: Where its database and its docstore lie.
        text: Folder of the text model.
        vision: Folder of the dual encoder.
        chunk_tokens: Length of a chunk.
    """

    one_list = False

    def __init__(self, folder: Path, *, text: str, vision: str, chunk_tokens: int) -> None:
        assert ImageReader is not None  # by it SimpleDirectoryReader knows what a picture is
        single = {"model_kwargs": {"dtype": "float32"}}
        self.folder = folder
        self.words = HuggingFaceEmbedding(text, device="cpu", **single)
        self.eyes = PictureEmbedding(vision, device="cpu", **single)
        self.splitter = SentenceSplitter(chunk_size=chunk_tokens, chunk_overlap=0)
        client = chromadb.PersistentClient(str(folder / "chroma"))
        self.texts, self.pictures = (client.get_or_create_collection(name) for name in ("texts", "pictures"))

    def warm(self) -> None:
        """Run each model once."""
        self.words.get_text_embedding("warm")
        self.eyes.get_text_embedding("warm")
        self.eyes.get_image_embedding(Image.new("RGB", (320, 240)))

    def _context(self, docstore: Path | None = None) -> StorageContext:
        kept = {"persist_dir": str(docstore)} if docstore is not None else {}
        return StorageContext.from_defaults(
            vector_store=ChromaVectorStore(chroma_collection=self.texts),
            image_store=ChromaVectorStore(chroma_collection=self.pictures),
            **kept,
        )

    def _index(self, context: StorageContext, nodes: list[Any]) -> MultiModalVectorStoreIndex:
        return MultiModalVectorStoreIndex(
            nodes=nodes,
            storage_context=context,
            embed_model=self.words,
            image_embed_model=self.eyes,
            transformations=[self.splitter],
        )

    def ingest(self, source: Path) -> None:
        """Read, split, embed and store; or, where that was done, what is new."""
        documents = SimpleDirectoryReader(str(source), recursive=True, filename_as_id=True).load_data()
        docstore = self.folder / "docstore"
        if docstore.is_dir():
            context = self._context(docstore)
            refreshed = self._index(context, []).refresh_ref_docs(documents)
            if any(refreshed):
                raise RuntimeError(f"{sum(refreshed)} documents were taken for new ones")
        else:
            context = self._context()
            MultiModalVectorStoreIndex.from_documents(
                documents,
                storage_context=context,
                embed_model=self.words,
                image_embed_model=self.eyes,
                transformations=[self.splitter],
            )
        context.docstore.persist(str(docstore / "docstore.json"))
        context.index_store.persist(str(docstore / "index_store.json"))
        context.graph_store.persist(str(docstore / "graph_store.json"))

    def vectors(self) -> dict[str, int]:
        """How many vectors of each encoder there are."""
        return {"text": self.texts.count(), "vision": self.pictures.count()}

    def retriever(self, source: Path, texts: int, pictures: int) -> tuple[Ask, Name]:
        """A function from a question to hits (texts, then pictures), and one from those to their names."""
        index = self._index(self._context(), [])
        retriever = index.as_retriever(similarity_top_k=texts, image_similarity_top_k=pictures)

        def names(hits: list[Any]) -> list[list[Any]]:
            paths = [Path(hit.node.metadata["file_path"]).relative_to(source).as_posix() for hit in hits]
            return [[path, path, None] for path in paths]

        return retriever.retrieve, names

    def keep(self, pictures: list[Path]) -> None:
        """Insert pictures that are in memory."""
        nodes = in_memory(pictures)
        self._index(self._context(), nodes)
