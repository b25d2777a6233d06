"""The LlamaIndex vector store: upserts, filters, pictures, deletes, the stock store's collections."""

from __future__ import annotations

import asyncio
import base64
import io
import itertools
import json
import pickle
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest
from event_loops import needs_the_loop
from llama_index.core import MockEmbedding, StorageContext, VectorStoreIndex
from llama_index.core.schema import (
    ImageDocument,
    ImageNode,
    MediaResource,
    MetadataMode,
    Node,
    NodeRelationship,
    RelatedNodeInfo,
    TextNode,
)
from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
)
from llama_index.core.vector_stores.utils import build_metadata_filter_fn
from llama_index.vector_stores.chroma import ChromaVectorStore
from PIL import Image

from xmrag_plugin import CrossModalVectorStore
from xmrag_plugin.errors import ModelMismatch, PictureError, StoreError, UnsupportedFilter, UsageError
from xmrag_plugin.storage.filters import parse

TEXTS = ("alpha", "beta", "gamma", "delta")


def png(color: str = "red") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (32, 24), color).save(stream, "PNG")
    return stream.getvalue()


def text_node(name: str, vector: list[float], *, doc: str = "doc", **metadata: Any) -> TextNode:
    return TextNode(
        id_=name,
        text=f"The text of {name}.",
        embedding=vector,
        metadata=metadata,
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=doc)},
    )


def image_node(
    name: str, data: bytes, vector: list[float], *, doc: str = "doc", **metadata: Any
) -> ImageNode:
    return ImageNode(
        id_=name,
        text=f"The words of {name}.",
        image=base64.b64encode(data).decode(),
        embedding=vector,
        metadata=metadata,
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=doc)},
    )


def ask(vector: list[float] | None, k: int = 10, **values: Any) -> VectorStoreQuery:
    return VectorStoreQuery(query_embedding=vector, similarity_top_k=k, **values)


def only(key: str, value: Any, operator: str = "==") -> MetadataFilters:
    return MetadataFilters(filters=[MetadataFilter(key=key, value=value, operator=FilterOperator(operator))])


@pytest.fixture
def store(tmp_path: Path) -> CrossModalVectorStore:
    return CrossModalVectorStore.from_params(persist_dir=tmp_path / "kb", collection_name="docs")


# -- text --------------------------------------------------------------------------------------------


def test_nodes_come_back_whole_with_cosines(store: CrossModalVectorStore) -> None:
    node = text_node(
        "a", [2.0, 0.0], page=3, tags=["x", "y"], none=None, nothing=[], deep={"a": [1, {"b": 2}]}
    )
    node.excluded_llm_metadata_keys = ["deep"]
    node.start_char_idx, node.end_char_idx = 5, 9
    assert store.add([node, text_node("b", [1.0, 1.0])]) == ["a", "b"]
    found = store.query(ask([1.0, 0.0]))
    assert found.ids == ["a", "b"]
    assert found.similarities == [pytest.approx(1), pytest.approx(0.70710678)]
    assert found.nodes is not None
    expected = node.model_copy(update={"embedding": None})
    assert found.nodes[0] == expected
    assert node.embedding == [2.0, 0.0]


def test_adding_again_replaces_text_vector_and_metadata(store: CrossModalVectorStore) -> None:
    store.add([text_node("a", [1.0, 0.0], old=1, both=1)])
    again = text_node("a", [0.0, 1.0], both=2)
    again.text = "New words."
    assert store.add([text_node("a", [5.0, 5.0]), again]) == ["a", "a"]
    found = store.query(ask([0.0, 1.0]))
    assert found.similarities == [pytest.approx(1)]
    assert found.nodes is not None
    assert found.nodes[0].get_content() == "New words."
    assert found.nodes[0].metadata == {"both": 2}
    assert store.query(ask([0.0, 1.0], filters=only("old", 1))).ids == []


def test_many_nodes_are_written_in_batches(store: CrossModalVectorStore) -> None:
    table = np.random.default_rng(0).normal(size=(1200, 8))
    nodes = [TextNode(id_=str(i), text="t", embedding=list(row)) for i, row in enumerate(table)]
    assert len(store.add(nodes)) == 1200
    assert store.client.count() == 1200
    assert store.query(ask(list(table[1100]), 1)).ids == ["1100"]
    store.clear()
    assert store.client.count() == 0


def test_empty_stores_and_odd_sizes(store: CrossModalVectorStore) -> None:
    assert store.query(ask([1.0, 0.0])).nodes == []
    assert store.get_nodes() == []
    store.clear()
    store.delete("nothing")
    store.delete_nodes(["nothing"])
    store.delete_nodes()
    assert store.add([]) == []
    store.add([text_node("a", [1.0, 0.0])])
    assert store.query(ask([1.0, 0.0], 1000)).ids == ["a"]
    assert store.query(ask([1.0, 0.0], 0)).ids == []
    store.clear()
    store.clear()
    assert store.query(ask([1.0, 0.0])).ids == []


def test_an_embedding_is_needed_and_must_fit(store: CrossModalVectorStore) -> None:
    for vector in (None, [0.0, 0.0], [float("nan"), 1.0]):
        with pytest.raises(UsageError, match="embedding"):
            store.add([TextNode(id_="a", text="t", embedding=vector)])
    store.add([text_node("a", [1.0, 0.0])])
    with pytest.raises(ModelMismatch):
        store.add([text_node("b", [1.0, 0.0, 0.0])])
    for values in ({}, {"node_ids": ["a"]}):
        with pytest.raises(ModelMismatch):
            store.query(ask([1.0, 0.0, 0.0], **values))


def test_without_a_vector_what_is_admitted_is_listed(store: CrossModalVectorStore) -> None:
    store.add([text_node(name, [1.0, 0.0], n=n) for n, name in enumerate("abcdef")])
    found = store.query(ask(None, 2, filters=only("n", 3, ">=")))
    assert found.ids == ["d", "e"]
    assert found.similarities is None


# -- restricting ---------------------------------------------------------------------------------------


def test_node_ids_and_doc_ids_are_honoured(store: CrossModalVectorStore) -> None:
    rng = np.random.default_rng(1)
    nodes = [
        text_node(f"n{i}", list(map(float, rng.normal(size=6))), doc=f"d{i % 3}", even=int(i % 2 == 0))
        for i in range(700)
    ]
    store.add(nodes)
    vector = [1.0, 0, 0, 0, 0, 0]
    few = store.query(ask(vector, 3, node_ids=["n5", "n7", "none"]))
    assert set(few.ids or ()) == {"n5", "n7"}
    many = [f"n{i}" for i in range(0, 700, 7)] * 6
    assert set(store.query(ask(vector, 200, node_ids=many)).ids or ()) == set(many)
    assert {int(name[1:]) % 3 for name in store.query(ask(vector, 50, doc_ids=["d1"])).ids or ()} == {1}
    both = store.query(
        ask(vector, 50, doc_ids=["d1", "d2"], node_ids=["n0", "n1", "n2"], filters=only("even", 1))
    )
    assert both.ids == ["n2"]
    assert len(store.query(ask(vector, 50, node_ids=[], doc_ids=[])).ids or ()) == 50


def random_filters(rng: random.Random, depth: int) -> MetadataFilters:
    def leaf() -> MetadataFilter:
        operator = rng.choice(list(FilterOperator))
        key = rng.choice(["n", "f", "s", "tags", "gone", "none", "flag"])
        value: Any = rng.choice([0, 1, 2, 3, 0.5, 2.0, "a", "b", "alpha", "A", ""])
        if operator.value in ("in", "nin", "any", "all"):
            value = rng.choice([[0, 1], [2], [0.5, 2.0], ["a", "b"], ["alpha"], ["", "a"]])
        if operator.value.startswith("text_match"):
            value = rng.choice(["a", "LPH", "et", "B"])
        return MetadataFilter(key=key, value=value, operator=operator)

    children: list[Any] = [
        random_filters(rng, depth - 1) if depth and rng.random() < 0.4 else leaf()
        for _ in range(rng.randint(1, 3))
    ]
    return MetadataFilters(filters=children, condition=rng.choice(list(FilterCondition)))


def random_metadata(rng: random.Random) -> dict[str, Any]:
    values: dict[str, Callable[[], Any]] = {
        "n": lambda: rng.choice([0, 1, 2, 3, -1]),
        "f": lambda: rng.choice([0.5, 2.0, 1.0]),
        "s": lambda: rng.choice(["a", "b", "alpha", "Beta", ""]),
        "tags": lambda: rng.choice([["a"], ["a", "b"], [], ["alpha"], [0, 1], [2]]),
        "none": lambda: None,
        "flag": lambda: rng.choice([True, False]),
    }
    return {key: make() for key, make in values.items() if rng.random() < 0.7}


def meets(filters: MetadataFilters, metadata: dict[str, Any]) -> bool:
    condition = parse(filters)
    return condition is None or condition.matches(metadata)


def test_every_filter_operator_nested_as_ever_means_what_it_says(store: CrossModalVectorStore) -> None:
    """Random filters against all rows evaluated one by one."""
    rng = random.Random(7)
    nodes = [text_node(f"n{i}", [1.0, i / 100], **random_metadata(rng)) for i in range(150)]
    store.add(nodes)
    seen: set[FilterOperator] = set()
    for _ in range(250):
        filters = random_filters(rng, 2)
        expected = {node.node_id for node in nodes if meets(filters, node.metadata)}
        asked = rng.choice([3, 10, 150])
        found = store.query(ask([1.0, 0.0], asked, filters=filters)).ids or []
        assert set(found) <= expected, filters
        assert len(found) == min(asked, len(expected)), filters
        assert found == sorted(found, key=lambda name: int(name[1:]))
        seen |= {child.operator for child in filters.filters if isinstance(child, MetadataFilter)}
    assert seen == set(FilterOperator)


def test_the_meaning_of_a_filter_is_llama_indexs_own() -> None:
    rng = random.Random(11)
    compared = 0
    for _ in range(3000):
        filters, metadata = random_filters(rng, 0), random_metadata(rng)
        try:
            expected = build_metadata_filter_fn(lambda _, held=metadata: held, filters)("x")
        except TypeError:  # what does not compare; here it does not match
            continue
        if "flag" in metadata and any(
            child.key == "flag" and child.operator.value in ("<", ">", "<=", ">=")
            for child in filters.filters
        ):
            continue  # truth values are not ordered here
        assert meets(filters, metadata) == expected, (filters, metadata)
        compared += 1
    assert compared > 1500


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("in", 3),
        ("nin", "x"),
        ("any", 1),
        ("all", None),
        ("text_match", 3),
        (">", None),
        ("<=", [1]),
        ("contains", None),
    ],
)
def test_a_filter_without_meaning_is_refused(store: CrossModalVectorStore, operator: str, value: Any) -> None:
    store.add([text_node("a", [1.0, 0.0])])
    with pytest.raises(UnsupportedFilter, match="has no meaning"):
        store.query(ask([1.0, 0.0], filters=only("n", value, operator)))


def test_chromas_own_conditions_pass_through(store: CrossModalVectorStore) -> None:
    store.add([text_node(name, [1.0, 0.0], n=n) for n, name in enumerate(TEXTS)])
    assert store.query(ask([1.0, 0.0]), where={"n": {"$gt": 2}}).ids == ["delta"]
    assert store.query(ask([1.0, 0.0]), where_document={"$contains": "beta"}).ids == ["beta"]
    assert store.query(ask([1.0, 0.0], filters=only("n", 1)), where={"n": {"$lt": 1}}).ids == []
    with pytest.raises(UsageError, match="takes no"):
        store.query(ask([1.0, 0.0]), wher={})


# -- modes -----------------------------------------------------------------------------------------------


def test_mmr_prefers_what_is_different(store: CrossModalVectorStore) -> None:
    store.add(
        [
            text_node("best", [1.0, 0.1, 0]),
            text_node("twin", [1.0, 0.11, 0]),
            text_node("other", [0.7, 0, 0.7]),
        ]
    )
    mode = VectorStoreQueryMode.MMR
    assert store.query(ask([1.0, 0, 0], 2)).ids == ["best", "twin"]
    diverse = store.query(ask([1.0, 0, 0], 2, mode=mode))
    assert diverse.ids == ["best", "other"]
    assert diverse.similarities == [pytest.approx(0.99504, abs=1e-4), pytest.approx(0.70711, abs=1e-4)]
    assert store.query(ask([1.0, 0, 0], 2, mode=mode), mmr_threshold=1.0).ids == ["best", "twin"]
    assert store.query(ask([1.0, 0, 0], 2, mode=mode, mmr_threshold=1.0), mmr_threshold=0.0).ids == [
        "best",
        "twin",
    ]
    assert store.query(ask([1.0, 0, 0], 2, mode=mode), mmr_prefetch_k=2).ids == ["best", "twin"]
    with pytest.raises(UsageError, match="Both"):
        store.query(ask([1.0, 0, 0], 2, mode=mode), mmr_prefetch_k=2, mmr_prefetch_factor=3.0)
    with pytest.raises(UsageError, match="mmr_threshold"):
        store.query(ask([1.0, 0, 0], 2, mode=mode, mmr_threshold=7.0))


@pytest.mark.parametrize(
    "mode", [mode for mode in VectorStoreQueryMode if mode.value not in ("default", "mmr")]
)
def test_other_modes_are_refused_and_not_replaced(
    store: CrossModalVectorStore, mode: VectorStoreQueryMode
) -> None:
    with pytest.raises(UsageError, match=mode.value):
        store.query(ask([1.0, 0.0], mode=mode, query_str="words"))


# -- pictures --------------------------------------------------------------------------------------------


def test_pictures_in_memory_come_back_as_files_without_base64_in_chroma(store: CrossModalVectorStore) -> None:
    data = png("blue")
    store.add([image_node("i", data, [1.0, 0.0], page=2), text_node("t", [0.0, 1.0])])
    (node,) = store.query(ask([1.0, 0.0], 1)).nodes or ()
    assert isinstance(node, ImageNode)
    assert node.image is None
    assert node.image_mimetype == "image/png"
    assert Path(str(node.image_path)).read_bytes() == data
    assert node.text == "The words of i."
    assert node.metadata["page"] == 2
    assert "media_hash" not in node.get_content(MetadataMode.ALL.EMBED)
    assert "media_hash" not in node.get_content(MetadataMode.LLM)
    row = json.dumps(store.client.get(include=["metadatas", "documents"])["metadatas"])
    assert base64.b64encode(data).decode()[:40] not in row


def test_identical_pictures_lie_once_and_go_with_the_last_that_shows_them(
    store: CrossModalVectorStore,
) -> None:
    data = png()
    store.add([image_node(name, data, [1.0, 0.0], doc=name) for name in ("one", "two", "three")])
    assert store.media is not None
    assert len(list(store.media.hashes())) == 1
    store.delete("one")
    store.delete_nodes(["two"])
    assert len(list(store.media.hashes())) == 1
    store.delete("three")
    assert list(store.media.hashes()) == []
    assert store.client.count() == 0


def test_a_replaced_picture_leaves_nothing_behind(store: CrossModalVectorStore) -> None:
    store.add([image_node("i", png("red"), [1.0, 0.0])])
    store.add([image_node("i", png("green"), [1.0, 0.0])])
    assert store.media is not None
    (digest,) = store.media.hashes()
    assert store.media.read(digest) == png("green")
    store.clear()
    assert list(store.media.hashes()) == []


def test_one_corrupt_picture_costs_itself_alone(
    store: CrossModalVectorStore, caplog: pytest.LogCaptureFixture
) -> None:
    nodes = [
        image_node(f"i{n}", png("red") if n != 3 else b"\x89PNG but no more", [1.0, n / 9]) for n in range(6)
    ]
    broken = ImageNode(id_="b", image="not base64!", embedding=[1.0, 1.0])
    blank = image_node("z", png(), [0.0, 0.0])  # what an encoder gives for a picture it cannot decode
    assert store.add([*nodes, broken, blank]) == ["i0", "i1", "i2", "i4", "i5"]
    assert [refused.node_id for refused in store.refused] == ["i3", "b", "z"]
    assert "i3" in caplog.text
    assert store.client.count() == 5
    with pytest.raises(PictureError):
        store.add([broken])
    store.add([text_node("t", [1.0, 0.0])])
    assert store.refused == []


def test_data_uris_documents_and_generic_nodes_are_pictures_too(store: CrossModalVectorStore) -> None:
    data = png("purple")
    uri = "data:image/png;base64," + base64.b64encode(data).decode()
    document = ImageDocument(id_="document", image=base64.b64encode(data), text="Words.")
    document.embedding = [0.0, 1.0]
    generic = Node(
        id_="generic",
        text_resource=MediaResource(text="Generic words."),
        image_resource=MediaResource(data=data),
        embedding=[1.0, 1.0],
    )
    store.add([ImageNode(id_="uri", image_url=uri, embedding=[1.0, 0.0]), document, generic])
    found = {node.node_id: node for node in store.get_nodes()}
    for name in ("uri", "document"):
        node = found[name]
        assert isinstance(node, ImageNode)
        assert Path(str(node.image_path)).read_bytes() == data
        assert node.image_url is None
    assert isinstance(found["generic"], Node)
    assert found["generic"].image_resource is not None
    assert found["generic"].image_resource.path is not None
    assert found["generic"].image_resource.path.read_bytes() == data
    assert found["generic"].get_content() == "Generic words."
    assert store.media is not None
    assert len(list(store.media.hashes())) == 1


def test_the_folder_may_be_moved(tmp_path: Path) -> None:
    store = CrossModalVectorStore.from_params(persist_dir=tmp_path / "here", collection_name="docs")
    store.add([image_node("i", png(), [1.0, 0.0])])
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    moved = CrossModalVectorStore.from_params(persist_dir=tmp_path / "there", collection_name="docs")
    (node,) = moved.query(ask([1.0, 0.0])).nodes or ()
    assert isinstance(node, ImageNode)
    assert str(node.image_path).startswith(str(tmp_path / "there"))
    assert Path(str(node.image_path)).is_file()


def test_a_picture_file_that_is_gone_leaves_its_words(store: CrossModalVectorStore, tmp_path: Path) -> None:
    path = tmp_path / "chart.png"
    path.write_bytes(png())
    store.add(
        [ImageNode(id_="i", text="A chart.", image_path=str(path), embedding=[1.0, 0.0], metadata={"p": 1})]
    )
    (node,) = store.query(ask([1.0, 0.0])).nodes or ()
    assert isinstance(node, ImageNode)
    assert node.image_path == str(path)
    path.unlink()
    (node,) = store.query(ask([1.0, 0.0])).nodes or ()
    assert (type(node), node.node_id, node.get_content(), node.metadata) == (
        TextNode,
        "i",
        "A chart.",
        {"p": 1},
    )
    assert isinstance(store.get_nodes()[0], ImageNode)


def test_picture_files_are_kept_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "chart.png"
    path.write_bytes(png())
    store = CrossModalVectorStore.from_params(
        persist_dir=tmp_path / "kb", collection_name="docs", keep_files=True
    )
    store.add([ImageNode(id_="i", image_path=str(path), embedding=[1.0, 0.0])])
    path.unlink()
    (node,) = store.query(ask([1.0, 0.0])).nodes or ()
    assert isinstance(node, ImageNode)
    assert Path(str(node.image_path)).read_bytes() == png()
    with pytest.raises(PictureError, match="cannot be read"):
        store.add([ImageNode(id_="gone", image_path=str(path), embedding=[1.0, 0.0])])


# -- deleting ----------------------------------------------------------------------------------------------


def test_deleting_reaches_the_picture_collection(store: CrossModalVectorStore) -> None:
    pictures = store.image_store
    for doc in ("one", "two"):
        store.add(
            [
                text_node(f"{doc}-t", [1.0, 0.0], doc=doc),
                image_node(f"{doc}-i", png((doc == "one" and "red") or "blue"), [0.0, 1.0], doc=doc),
            ]
        )
        pictures.add(
            [image_node(f"{doc}-i", png((doc == "one" and "red") or "blue"), [1.0, 0.0, 0.0], doc=doc)]
        )
    assert store.media is not None
    store.delete("one")
    assert sorted(store.client.get()["ids"]) == ["two-i", "two-t"]
    assert pictures.client.get()["ids"] == ["two-i"]
    assert len(list(store.media.hashes())) == 1
    pictures.delete_nodes(["two-i"])
    assert len(list(store.media.hashes())) == 1
    store.delete_nodes(["two-i"])
    assert list(store.media.hashes()) == []
    assert store.client.get()["ids"] == ["two-t"]


def test_nodes_are_deleted_and_got_by_filter(store: CrossModalVectorStore) -> None:
    store.add([text_node(name, [1.0, 0.0], n=n, word=name) for n, name in enumerate(TEXTS)])
    assert [node.node_id for node in store.get_nodes(["delta", "gone", "alpha"])] == ["delta", "alpha"]
    assert [
        node.node_id for node in store.get_nodes(filters=only("word", "ET", "text_match_insensitive"))
    ] == ["beta"]
    assert store.get_nodes([]) == []
    assert [node.node_id for node in store.get_nodes([], only("word", "beta"))] == ["beta"]
    store.delete_nodes(filters=only("word", "alpha"), node_ids=["beta"])
    assert store.client.count() == 4
    store.delete_nodes(
        filters=MetadataFilters(filters=[only("n", 1), only("n", 2)], condition=FilterCondition.OR)
    )
    assert sorted(node.node_id for node in store.get_nodes()) == ["alpha", "delta"]


# -- the stock store -----------------------------------------------------------------------------------------


def test_the_stock_store_reads_what_is_written_here(tmp_path: Path) -> None:
    client = chromadb.PersistentClient(str(tmp_path.resolve()))
    ours = CrossModalVectorStore(chroma_collection=client.get_or_create_collection("docs"))
    ours.add([text_node("t", [1.0, 0.0], n=1), image_node("i", png(), [0.0, 1.0], n=2)])
    stock = ChromaVectorStore(chroma_collection=client.get_collection("docs"))
    text = stock.query(ask([1.0, 0.0], 1)).nodes
    assert text is not None
    assert (text[0].node_id, text[0].get_content(), text[0].metadata["n"]) == ("t", "The text of t.", 1)
    (picture,) = stock.query(ask([0.0, 1.0], filters=only("n", 2))).nodes or ()
    assert isinstance(picture, ImageNode)
    assert Path(str(picture.image_path)).read_bytes() == png()
    stock.delete("doc")
    assert ours.get_nodes() == []
    reopened = ChromaVectorStore.from_params(persist_dir=str(tmp_path.resolve()), collection_name="docs")
    assert reopened.client.count() == 0


def test_a_folder_made_here_is_opened_by_the_stock_store(tmp_path: Path) -> None:
    store = CrossModalVectorStore.from_params(persist_dir=tmp_path, collection_name="docs")
    store.add([text_node("t", [1.0, 0.0])])
    pickled = pickle.dumps(store)
    store._table.chroma.client.close()  # type: ignore[union-attr]
    stock = ChromaVectorStore.from_params(persist_dir=str(tmp_path.resolve()), collection_name="docs")
    assert stock.query(ask([1.0, 0.0], 1)).ids == ["t"]
    stock.add([text_node("s", [0.0, 1.0], n=None)])
    assert sorted(node.node_id for node in pickle.loads(pickled).get_nodes()) == ["s", "t"]


@pytest.mark.parametrize("space", ["l2", "cosine", "ip"])
def test_a_collection_of_the_stock_store_is_opened_here(tmp_path: Path, space: Any) -> None:
    client = chromadb.EphemeralClient()
    collection = client.create_collection(f"stock-{space}", configuration={"hnsw": {"space": space}})
    stock = ChromaVectorStore(chroma_collection=collection)
    stock.add(
        [
            text_node("a", [3.0, 0.0], n=1, none=None),
            text_node("b", [1.0, 1.0], n=2),
            ImageNode(id_="i", text="Seen.", image_path="https://x.org/a.png", embedding=[-1.0, 0.0]),
        ]
    )
    ours = CrossModalVectorStore.from_collection(collection)
    found = ours.query(ask([1.0, 0.0], 3))
    assert found.ids == ["a", "b", "i"]
    assert found.similarities == [
        pytest.approx(1, abs=1e-5),
        pytest.approx(0.70711, abs=1e-4),
        pytest.approx(-1, abs=1e-5),
    ]
    assert ours.query(ask([1.0, 0.0], filters=only("none", "", "is_empty"))).ids == ["a", "b", "i"]
    assert ours.query(ask([1.0, 0.0], filters=only("n", 1, ">"))).ids == ["b"]
    ours.add([text_node("a", [0.0, 9.0], n=7)])
    assert stock.query(ask([0.0, 9.0], 1)).ids == ["a"]
    client.delete_collection(collection.name)


def test_a_folder_of_the_stock_store_is_opened_here(tmp_path: Path) -> None:
    """Written by the stock index over the stock store, then searched and added to by an index over ours."""
    place = {"persist_dir": str(tmp_path.resolve()), "collection_name": "docs"}
    words = MockEmbedding(embed_dim=4)
    VectorStoreIndex(
        nodes=[TextNode(id_="s", text="From the stock store.", metadata={"n": 1})],
        embed_model=words,
        storage_context=StorageContext.from_defaults(vector_store=ChromaVectorStore.from_params(**place)),
    )
    ours = CrossModalVectorStore.from_params(**place)
    index = VectorStoreIndex.from_vector_store(ours, embed_model=words)
    (hit,) = index.as_retriever(filters=only("n", 1)).retrieve("stock")
    assert (hit.node_id, hit.node.get_content()) == ("s", "From the stock store.")
    index.insert_nodes([image_node("i", png(), [1.0, 0.0, 0.0, 0.0])])
    assert {node.node_id for node in ours.get_nodes()} == {"s", "i"}
    again = VectorStoreIndex.from_vector_store(ChromaVectorStore.from_params(**place), embed_model=words)
    assert {hit.node_id for hit in again.as_retriever(similarity_top_k=5).retrieve("any")} == {"s", "i"}


def test_rows_that_no_llama_index_wrote_are_text(tmp_path: Path) -> None:
    collection = chromadb.EphemeralClient().create_collection("plain")
    collection.add(ids=["p"], embeddings=[[1.0, 0.0]], documents=["Plain words."], metadatas=[{"page": 4}])
    collection.add(ids=["q"], embeddings=[[0.0, 1.0]], documents=["No metadata."])
    store = CrossModalVectorStore(collection)
    found = store.query(ask([1.0, 0.0])).nodes or ()
    assert [(node.node_id, node.get_content(), node.metadata) for node in found] == [
        ("p", "Plain words.", {"page": 4}),
        ("q", "No metadata.", {}),
    ]
    assert store.query(ask([1.0, 0.0], filters=only("page", 4))).ids == ["p"]
    chromadb.EphemeralClient().delete_collection("plain")


# -- places, saving, async -------------------------------------------------------------------------------------


def test_a_store_survives_dicts_json_and_pickles(store: CrossModalVectorStore) -> None:
    store.add([image_node("i", png(), [1.0, 0.0])])
    for again in (
        CrossModalVectorStore.from_dict(store.to_dict()),
        CrossModalVectorStore.from_json(store.to_json()),
        pickle.loads(pickle.dumps(store)),
    ):
        (node,) = again.query(ask([1.0, 0.0])).nodes or ()
        assert isinstance(node, ImageNode)
        assert Path(str(node.image_path)).is_file()


def test_headers_do_not_leak(chroma_server: tuple[str, int]) -> None:
    host, port = chroma_server
    store = CrossModalVectorStore(
        collection_name="secret", host=host, port=port, headers={"X-Chroma-Token": "hush"}
    )
    assert "hush" not in store.to_json()
    assert "hush" not in repr(store)
    assert pickle.loads(pickle.dumps(store)).headers == {"X-Chroma-Token": "hush"}


def test_a_server_holds_vectors_and_a_folder_pictures(chroma_server: tuple[str, int], tmp_path: Path) -> None:
    host, port = chroma_server
    bare = CrossModalVectorStore.from_params("served", host=host, port=port)
    bare.add([text_node("t", [1.0, 0.0])])
    with pytest.raises(UsageError, match="no place"):
        bare.add([image_node("i", png(), [1.0, 0.0])])
    store = CrossModalVectorStore.from_params("served", host=host, port=port, media_dir=tmp_path)
    store.add([image_node("i", png(), [0.0, 1.0])])
    assert bare.query(ask([0.0, 1.0], 1)).ids == ["i"]
    store.delete("doc")
    assert list(store.media.hashes()) == []  # type: ignore[union-attr]
    given = CrossModalVectorStore(chromadb.HttpClient(host=host, port=port).get_collection("served"))
    assert given.to_dict()["host"] == host
    assert CrossModalVectorStore.from_dict(given.to_dict()).get_nodes() == []


@pytest.mark.parametrize("wrong", [{}, {"collection_name": "docs"}, {"persist_dir": "kb"}])
def test_a_place_is_needed(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="needs a"):
        CrossModalVectorStore(**wrong)


@pytest.mark.parametrize("name", ["f", "my docs", "_docs", "docs/2031", "文档"])
def test_a_name_that_chroma_refuses_is_told_before_anything_is_embedded(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no name") as told:
        CrossModalVectorStore.from_params(name, persist_dir=tmp_path / "chroma")
    assert "3 to 512" in told.value.hint


def test_misspelt_arguments_and_unreachable_servers_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="persistdir"):
        CrossModalVectorStore(collection_name="docs", persistdir="kb")
    with pytest.raises(UsageError, match="no Chroma collection"):
        CrossModalVectorStore(chroma_collection="docs")
    with pytest.raises(StoreError, match="cannot be reached"):
        CrossModalVectorStore.from_params("docs", host="127.0.0.1", port=9)
    collection = chromadb.EphemeralClient().get_or_create_collection("fleeting")
    with pytest.raises(UsageError, match="cannot be pickled"):
        pickle.dumps(CrossModalVectorStore(collection))
    with pytest.raises(UsageError, match="without its client"):
        _ = CrossModalVectorStore(collection).image_store


async def test_the_event_loop_goes_on(store: CrossModalVectorStore, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    nodes = [
        TextNode(id_=str(i), text="t", embedding=list(row))
        for i, row in enumerate(rng.normal(size=(1500, 64)))
    ]
    calls = {
        name: needs_the_loop(getattr(chromadb.Collection, name)) for name in ("upsert", "query", "delete")
    }
    for name, call in calls.items():
        monkeypatch.setattr(chromadb.Collection, name, call)
    await store.async_add(nodes)
    assert calls["upsert"].waited > 10  # in small batches, between which the loop has its turn
    many = await asyncio.gather(*(store.aquery(ask(list(rng.normal(size=64)), 5)) for _ in range(20)))
    assert all(len(found.ids or ()) == 5 for found in many)
    assert len(await store.aget_nodes(["1", "2"])) == 2
    await store.adelete_nodes(["1"])
    await store.adelete("None")
    await store.aclear()
    assert store.client.count() == 0
    assert calls["query"].waited >= 20
    assert calls["delete"].waited >= 2


def test_pictures_seen_by_threads_at_once_are_stored_once(store: CrossModalVectorStore) -> None:
    async def add_all() -> None:
        pairs = itertools.product(range(4), range(5))
        await asyncio.gather(
            *(store.async_add([image_node(f"{a}-{b}", png(), [1.0, a + b / 10])]) for a, b in pairs)
        )

    asyncio.run(add_all())
    assert store.client.count() == 20
    assert len(list(store.media.hashes())) == 1  # type: ignore[union-attr]


def test_the_pictures_that_an_index_records_do_not_hide_its_texts(store: CrossModalVectorStore) -> None:
    """VectorStoreIndex passes the ids of its pictures, and of nothing else, with every question."""
    store.add(
        [text_node("t", [1.0, 0.0]), image_node("i", png(), [0.9, 0.1]), image_node("j", png(), [0.0, 1.0])]
    )
    recorded = store.query(ask([1.0, 0.0], node_ids=["i", "j"], query_str="words"))
    assert recorded.ids == ["t", "i", "j"]
    assert store.query(ask([1.0, 0.0], node_ids=["i"])).ids == ["i"]
    assert store.query(ask([1.0, 0.0], node_ids=["t", "i"], query_str="words")).ids == ["t", "i"]
    (node,) = store.get_nodes(["i"])
    assert node.as_related_node_info().node_type == "1"


# -- tenants, headers, settings --------------------------------------------------------------------------


def test_a_tenants_store_stays_its_own_however_it_is_rebuilt(tmp_path: Path) -> None:
    path = str(tmp_path / "c")
    admin = chromadb.AdminClient(chromadb.config.Settings(is_persistent=True, persist_directory=path))
    admin.create_tenant("bert")
    admin.create_database("store", tenant="bert")
    made = chromadb.PersistentClient(path, tenant="bert", database="store").get_or_create_collection("docs")
    default = CrossModalVectorStore.from_params("docs", persist_dir=path)
    default.add([text_node("default-1", [1.0, 0.0])])
    given = CrossModalVectorStore.from_collection(made)
    opened = CrossModalVectorStore.from_params("docs", persist_dir=path, tenant="bert", database="store")
    given.add([text_node("bert-1", [1.0, 0.0])])
    for store in (given, opened):
        for again in (
            pickle.loads(pickle.dumps(store)),
            CrossModalVectorStore.from_dict(store.to_dict()),
            CrossModalVectorStore.from_json(store.to_json()),
        ):
            assert [node.node_id for node in again.get_nodes()] == ["bert-1"]
        store.image_store.add([image_node("picture", png(), [1.0, 0.0])])
    assert {found.name for found in chromadb.PersistentClient(path).list_collections()} == {"docs"}
    bert = chromadb.PersistentClient(path, tenant="bert", database="store")
    assert {found.name for found in bert.list_collections()} == {"docs", "docs-image"}
    assert [node.node_id for node in default.get_nodes()] == ["default-1"]


def test_headers_and_settings_go_with_a_pickle_and_are_asked_for_elsewhere(
    chroma_server: tuple[str, int],
) -> None:
    host, port = chroma_server
    settings = {"chroma_http_max_connections": 3}
    client = chromadb.HttpClient(
        host, port, headers={"X-Key": "secret"}, settings=chromadb.config.Settings(**settings)
    )
    given = CrossModalVectorStore.from_collection(client.get_or_create_collection("with-headers"))
    assert (given.headers, given.settings) == ({"X-Key": "secret"}, settings)
    again = pickle.loads(pickle.dumps(given))
    held = again._table.chroma.client.client.get_settings()
    assert (held.chroma_server_headers["X-Key"], held.chroma_http_max_connections) == ("secret", 3)
    assert "secret" not in given.to_json()
    with pytest.raises(UsageError, match="headers and settings"):
        CrossModalVectorStore.from_dict(given.to_dict())
    told = CrossModalVectorStore.from_dict(given.to_dict(), headers={"X-Key": "secret"}, settings=settings)
    assert told.get_nodes() == []


def test_the_application_opens_the_same_folder_before_and_after(tmp_path: Path) -> None:
    before, after = str(tmp_path / "before"), str(tmp_path / "after")
    chromadb.PersistentClient(before, settings=chromadb.config.Settings(anonymized_telemetry=False))
    store = CrossModalVectorStore.from_params("docs", persist_dir=before)
    store.add([text_node("a", [1.0, 0.0])])
    store = CrossModalVectorStore.from_params("docs", persist_dir=after)
    store.add([text_node("a", [1.0, 0.0])])
    assert chromadb.PersistentClient(after).get_collection("docs").count() == 1
