"""Defects 1 to 10 of the stock path: what becomes of the data."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chromadb
import pytest
from llama_index.core import SimpleDirectoryReader, StorageContext, VectorStoreIndex
from llama_index.core.indices import MultiModalVectorStoreIndex
from llama_index.core.ingestion import IngestionCache, IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import (
    Document,
    ImageDocument,
    ImageNode,
    MediaResource,
    Node,
    NodeRelationship,
    RelatedNodeInfo,
    TextNode,
    TransformComponent,
)
from llama_index.core.storage.docstore import SimpleDocumentStore
from PIL import Image
from pixel_embedding import PixelEmbedding
from stock_defects import stock_defect

from xmrag_plugin import CrossModalIndex, CrossModalNodeParser, CrossModalVectorStore
from xmrag_plugin.llamaindex.documents import CrossModalReader

Maker = Callable[..., Any]


class Colours(TransformComponent):
    """Notes the colour of each picture, as a describer would."""

    def __call__(self, nodes: Any, **_: Any) -> Any:
        for node in nodes:
            if isinstance(node, ImageNode):
                node.metadata["colour"] = str(
                    Image.open(node.resolve_image()).convert("RGB").getpixel((0, 0))
                )
        return nodes


def in_doc(name: str) -> dict[str, Any]:
    return {"relationships": {NodeRelationship.SOURCE: RelatedNodeInfo(node_id=name)}}


@pytest.fixture
def store(tmp_path: Path) -> CrossModalVectorStore:
    return CrossModalVectorStore.from_params(persist_dir=tmp_path / "kb", collection_name="docs")


def test_1_pictures_in_memory_survive_storage(
    stock_store: Maker, store: CrossModalVectorStore, png: Maker, tmp_path: Path
) -> None:
    def node() -> Node:
        return Node(
            id_="n",
            text_resource=MediaResource(text="words"),
            image_resource=MediaResource(data=png("red")),
            embedding=[1.0, 0.0],
        )

    stock = stock_store()
    stock.add([node()])
    with stock_defect(1, "MediaResource.data is lost in Chroma"):
        assert stock.get_nodes(["n"])[0].image_resource.data is None
        assert stock.get_nodes(["n"])[0].image_resource.path is None
    documents = SimpleDocumentStore()
    documents.add_documents([ImageDocument(id_="d", image=base64.b64encode(png("red")))])
    documents.persist(str(tmp_path / "docstore.json"))
    with stock_defect(1, "MediaResource.data is lost in the docstore"):
        reread = SimpleDocumentStore.from_persist_path(str(tmp_path / "docstore.json")).get_document("d")
        assert reread.image is None
    cache = IngestionCache()
    for _ in range(2):
        (cached,) = IngestionPipeline(transformations=[Colours()], cache=cache).run(nodes=[node()])
    with stock_defect(1, "MediaResource.data is lost in the pipeline's cache"):
        assert cached.image_resource.data is None

    store.add([node()])
    (kept,) = store.get_nodes(["n"])
    assert isinstance(kept, Node)
    assert kept.image_resource is not None
    assert kept.image_resource.path is not None
    assert kept.image_resource.path.read_bytes() == png("red")


def test_1_our_nodes_survive_cache_and_docstore(write: Maker, png: Maker, tmp_path: Path) -> None:
    uri = "data:image/png;base64," + base64.b64encode(png("red")).decode()
    page = write("page.html", f"<p>A page about a red square.</p><img src='{uri}' alt='A red square'>")
    cache = IngestionCache()
    for _ in range(2):
        pipeline = IngestionPipeline(transformations=[CrossModalNodeParser()], cache=cache)
        nodes = pipeline.run(documents=CrossModalReader().load_data(page))
        (figure,) = [node for node in nodes if isinstance(node, ImageNode)]
        picture = Image.open(figure.resolve_image()).convert("RGB")
        assert picture.getpixel((9, 9)) == (255, 0, 0)
    documents = SimpleDocumentStore()
    documents.add_documents(nodes)
    documents.persist(str(tmp_path / "docstore.json"))
    reread = SimpleDocumentStore.from_persist_path(str(tmp_path / "docstore.json"))
    figure = reread.get_document(figure.node_id)
    assert isinstance(figure, ImageNode)
    assert Image.open(figure.resolve_image()).convert("RGB").getpixel((9, 9)) == (255, 0, 0)


def test_2_the_pipeline_cache_tells_pictures_apart(picture_node: Maker, write: Maker, png: Maker) -> None:
    cache = IngestionCache()
    pipeline = IngestionPipeline(transformations=[Colours()], cache=cache)
    with stock_defect(2, "the cache keys on text"):
        (first,) = pipeline.run(nodes=[picture_node("red")])
        (second,) = pipeline.run(nodes=[picture_node("blue")])
        assert first.metadata["colour"] == second.metadata["colour"] == "(255, 0, 0)"

    found = []
    pipeline = IngestionPipeline(transformations=[CrossModalNodeParser(), Colours()], cache=IngestionCache())
    for color in ("red", "blue"):
        page = write("page.md", "# Title\n\nThe same words.\n\n![](square.png)\n")
        write("square.png", png(color))
        nodes = pipeline.run(documents=CrossModalReader().load_data(page))
        found += [node.metadata["colour"] for node in nodes if isinstance(node, ImageNode)]
    assert found == ["(255, 0, 0)", "(0, 0, 255)"]


def test_3_pictures_are_embedded_as_pictures(pixel: PixelEmbedding, picture_node: Maker, ours: Any) -> None:
    pair = [picture_node("red"), picture_node("blue")]
    with stock_defect(3, "the embedding of an ImageNode is that of its text"):
        first, second = pixel(pair)
        assert first.embedding == second.embedding

    first, second = IngestionPipeline(transformations=[ours], disable_cache=True).run(
        nodes=[picture_node("red"), picture_node("blue")]
    )
    assert first.embedding != second.embedding
    assert first.embedding == pytest.approx(ours.get_image_embedding(first.resolve_image()), abs=1e-5)


def test_4_pictures_without_words_are_kept(
    pixel: PixelEmbedding,
    picture_node: Maker,
    write: Maker,
    png: Maker,
    ours: Any,
    store: CrossModalVectorStore,
) -> None:
    with stock_defect(4, "an ImageNode without text is dropped"):
        index = VectorStoreIndex(nodes=[picture_node("red")], embed_model=pixel)
        assert len(index.docstore.docs) == 0

    page = write("page.md", "![](pictures/red.png)\n")
    write("pictures/red.png", png("red"))
    nodes = CrossModalNodeParser().get_nodes_from_documents(CrossModalReader().load_data(page))
    (figure,) = [node for node in nodes if isinstance(node, ImageNode)]
    VectorStoreIndex(
        nodes=[figure], embed_model=ours, storage_context=StorageContext.from_defaults(vector_store=store)
    )
    (kept,) = store.get_nodes()
    assert isinstance(kept, ImageNode)
    assert kept.node_id == figure.node_id


def test_5_a_text_index_that_gains_a_picture_finds_both(
    stock_index: Maker, picture_node: Maker, write: Maker, png: Maker, tmp_path: Path, ours: Any
) -> None:
    stock = stock_index([TextNode(text="one two")])
    stock.insert_nodes([picture_node("red")])
    with stock_defect(5, "store-empty flags are never cleared"):
        assert stock.image_vector_store.client.count() == 1
        assert stock.as_retriever().retrieve("one") == []

    index = CrossModalIndex(tmp_path / "kb", ocr="off", llm="none")
    index.add(write("docs/a.txt", "Apples grow on the north slope."))
    write("docs/red.png", png("red"))
    index.add(write("docs/b.md", "A square.\n\n![The red square](red.png)\n"))
    assert index.search("apples on the slope", k=1)[0].source == "a.txt"
    assert index.search("the red square", k=1, modality="image")[0].source == "b.md"


def test_6_pictures_come_back_from_the_store_given_for_text(
    stock_store: Maker, pixel: PixelEmbedding, picture_node: Maker, store: CrossModalVectorStore
) -> None:
    nodes = [TextNode(text="one two"), picture_node("red", text="red thing")]
    stock = MultiModalVectorStoreIndex(
        nodes=nodes,
        storage_context=StorageContext.from_defaults(vector_store=stock_store()),
        embed_model=pixel,
        image_embed_model=pixel,
    )
    with stock_defect(6, "with the default image store pictures never come back"):
        found = stock.as_retriever().text_to_image_retrieve("red")
        assert not any(isinstance(hit.node, ImageNode) for hit in found)

    context = StorageContext.from_defaults(vector_store=store, image_store=store.image_store)
    index = MultiModalVectorStoreIndex(
        nodes=nodes, storage_context=context, embed_model=pixel, image_embed_model=pixel
    )
    (hit,) = index.as_retriever().text_to_image_retrieve("red")
    assert isinstance(hit.node, ImageNode)
    assert Path(str(hit.node.image_path)).is_file()


def test_7_adding_is_an_upsert_of_any_size(stock_store: Maker, store: CrossModalVectorStore) -> None:
    def node(text: str) -> TextNode:
        return TextNode(id_="n", text=text, embedding=[1.0, 0.0])

    stock = stock_store()
    stock.add([node("old")])
    stock.add([node("new")])
    with stock_defect(7, "adding an id again keeps the old content"):
        assert stock.get_nodes(["n"])[0].get_content() == "old"
    many = [TextNode(id_=str(n), text="t", embedding=[1.0, n / 1e4]) for n in range(5600)]
    with stock_defect(7, "batches beyond Chroma's limit"), pytest.raises(chromadb.errors.ChromaError):
        stock_store().add(many)

    store.add([node("old")])
    store.add([node("new")])
    assert store.get_nodes(["n"])[0].get_content() == "new"
    store.add(many)
    assert store.client.count() == 5601


def test_8_nothing_is_orphaned_by_a_deletion(
    stock_index: Maker, picture_node: Maker, pixel: PixelEmbedding, store: CrossModalVectorStore
) -> None:
    def nodes() -> list[Any]:
        return [
            TextNode(id_="t", text="one", **in_doc("d")),
            picture_node("red", "i", "red thing", **in_doc("d")),
        ]

    stock = stock_index(nodes())
    stock.delete_nodes(["t", "i"])
    with stock_defect(8, "deleting nodes orphans their image vectors"):
        assert stock.vector_store.client.count() == 0
        assert stock.image_vector_store.client.count() == 1

    context = StorageContext.from_defaults(vector_store=store, image_store=store.image_store)
    index = MultiModalVectorStoreIndex(
        nodes=nodes(), storage_context=context, embed_model=pixel, image_embed_model=pixel
    )
    pictures = store.image_store
    assert (store.client.count(), pictures.client.count()) == (2, 1)
    index.delete_nodes(["t", "i"])
    assert (store.client.count(), pictures.client.count()) == (0, 0)
    assert store.media is not None
    assert list(store.media.hashes()) == []
    index.insert_nodes(nodes())
    index.delete_ref_doc("d", delete_from_docstore=True)
    assert (store.client.count(), pictures.client.count()) == (0, 0)
    assert list(store.media.hashes()) == []


def test_9_a_changed_picture_file_is_noticed(write: Maker, png: Maker, tmp_path: Path, ours: Any) -> None:
    path = write("docs/red.png", png("red"))
    before = ImageNode(image_path=str(path)).hash, ImageDocument(image_path=str(path)).hash
    write("docs/red.png", png("blue"))
    with stock_defect(9, "hashes ignore the file's content"):
        assert before == (ImageNode(image_path=str(path)).hash, ImageDocument(image_path=str(path)).hash)

    write("docs/red.png", png("red"))
    page = write("docs/page.md", "# Title\n\nThe same words.\n\n![](red.png)\n")
    hashes = [{document.hash for document in CrossModalReader().load_data(page)}]
    index = CrossModalIndex(tmp_path / "kb", ocr="off", llm="none")
    index.add(page.parent)
    write("docs/red.png", png("blue"))
    hashes.append({document.hash for document in CrossModalReader().load_data(page)})
    assert hashes[0] != hashes[1]
    assert index.add(page.parent).updated == ["page.md"]
    (hit,) = index.search("title", modality="image")
    assert Image.open(str(hit.media_file)).convert("RGB").getpixel((5, 5)) == (0, 0, 255)


def test_10_one_figure_is_one_node_among_whole_sentences(
    write: Maker, png: Maker, picture_node: Maker
) -> None:
    text = "A sentence of some seven words stands here. " * 400
    with stock_defect(10, "a splitter copies a picture into every chunk"):
        copies = SentenceSplitter(chunk_size=512).get_nodes_from_documents(
            [ImageDocument(image=base64.b64encode(png("red")), text=text)]
        )
        assert sum(isinstance(node, ImageNode) for node in copies) > 5
    with stock_defect(10, "a splitter loses a picture"):
        document = Document(text="words", image_resource=MediaResource(data=png("red")))
        (lost,) = SentenceSplitter().get_nodes_from_documents([document])
        assert not isinstance(lost, ImageNode)
        (turned,) = SentenceSplitter().get_nodes_from_documents([picture_node("red", text="words")])  # type: ignore[list-item]
        assert not isinstance(turned, ImageNode)
    with stock_defect(10, "a splitter raises"), pytest.raises(ValueError, match="Unknown document type"):
        SentenceSplitter().get_nodes_from_documents([Node(text_resource=MediaResource(text="words"))])  # type: ignore[list-item]

    parser = CrossModalNodeParser()
    nodes = parser.get_nodes_from_documents([ImageDocument(image=base64.b64encode(png("red")), text=text)])
    assert sum(isinstance(node, ImageNode) for node in nodes) == 1
    document = Document(text="words", image_resource=MediaResource(data=png("red")))
    assert sum(isinstance(node, ImageNode) for node in parser.get_nodes_from_documents([document])) == 1
    again = parser(nodes=[picture_node("red", text="words")])
    assert [type(node) for node in again] == [ImageNode]
    assert parser(nodes=[Node(text_resource=MediaResource(text="words"))])[0].get_content() == "words"
    page = write("page.md", f"{text}\n\n![A square](red.png)\n\n{text}")
    write("red.png", png("red"))
    nodes = parser.get_nodes_from_documents(SimpleDirectoryReader(input_files=[page]).load_data())
    assert sum(isinstance(node, ImageNode) for node in nodes) == 1
    assert sum("A sentence of some" in node.get_content() for node in nodes) > 5
