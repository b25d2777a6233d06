"""Defects 15 to 17 of the stock path: what reaches the LLM, and what comes back."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.chat_engine.multi_modal_context import MultiModalContextChatEngine
from llama_index.core.llms import ImageBlock
from llama_index.core.query_engine import CitationQueryEngine, RetrieverQueryEngine
from llama_index.core.schema import ImageNode, MetadataMode, NodeWithScore, QueryBundle, TextNode
from llama_index.llms.openai import OpenAI
from PIL import Image
from pydantic import ValidationError
from scripted_llm import ScriptedLLM
from stock_defects import stock_defect

from xmrag_plugin import CrossModalQueryEngine, CrossModalVectorStore, FigureWords
from xmrag_plugin.answers.figure_node import FigureNode, as_figure

Maker = Callable[..., Any]
WORDS = "Figure 1: Harvest by orchard. Lettering: 42 tons"


class Given(BaseRetriever):
    """Retrieves the nodes that it is given."""

    def __init__(self, *nodes: Any) -> None:
        super().__init__()
        self.nodes = nodes

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [NodeWithScore(node=node, score=0.9) for node in self.nodes]


@pytest.fixture
def figure(write: Maker, png: Maker) -> ImageNode:
    return ImageNode(
        id_="figure",
        text=WORDS,
        image_path=str(write("figure.png", png("red"))),
        metadata={"source": "harvest.md", "modality": "image"},
    )


def through_our_store(node: ImageNode, folder: Path) -> ImageNode:
    """What a stock index over our store retrieves."""
    store = CrossModalVectorStore.from_params(persist_dir=folder, collection_name="docs")
    store.add([node.model_copy(update={"embedding": [1.0, 0.0]})])
    (found,) = store.get_nodes()
    assert isinstance(found, ImageNode)
    return found


def test_15_captions_and_ocr_reach_the_llm(
    figure: ImageNode, llm: OpenAI, server: ScriptedLLM, tmp_path: Path
) -> None:
    RetrieverQueryEngine.from_args(Given(figure), llm=llm, multimodal=True).query("How much?")
    with stock_defect(15, "an ImageNode's words never reach the LLM"):
        assert len(server.pictures()) == 1
        assert "42 tons" not in server.words()

    ours = through_our_store(figure, tmp_path / "kb")
    for engine in (
        RetrieverQueryEngine.from_args(Given(ours), llm=llm, multimodal=True),
        CitationQueryEngine.from_args(None, retriever=Given(ours), llm=llm, multimodal=True),  # type: ignore[arg-type]
        CrossModalQueryEngine.from_args(Given(figure), llm=llm),
    ):
        server.requests.clear()
        engine.query("How much?")
        assert server.words().count("42 tons") == 1
        assert len(server.pictures()) == 1


def test_15_captions_and_ocr_reach_the_llm_in_a_chat(
    figure: ImageNode, llm: OpenAI, server: ScriptedLLM
) -> None:
    MultiModalContextChatEngine.from_defaults(retriever=Given(figure), multi_modal_llm=llm).chat("How much?")
    with stock_defect(15, "an ImageNode's words never reach a chat"):
        assert "42 tons" not in server.words()

    server.requests.clear()
    engine = MultiModalContextChatEngine.from_defaults(
        retriever=Given(figure), multi_modal_llm=llm, node_postprocessors=[FigureWords()]
    )
    engine.chat("How much?")
    assert "A figure: Figure 1: Harvest" in server.words()
    assert len(server.pictures()) == 1


def test_15_the_pictures_of_the_question_reach_the_llm(
    figure: ImageNode, llm: OpenAI, server: ScriptedLLM, write: Maker, png: Maker
) -> None:
    bundle = QueryBundle("Is it this one?", image_path=str(write("asked.png", png("blue"))))
    RetrieverQueryEngine.from_args(Given(figure), llm=llm, multimodal=True).query(bundle)
    with stock_defect(15, "a query picture never reaches the LLM"):
        assert len(server.pictures()) == 1

    server.requests.clear()
    CrossModalQueryEngine.from_args(Given(figure), llm=llm).query(bundle)
    colors = [Image.open(io.BytesIO(data)).convert("RGB").getpixel((3, 3)) for data in server.pictures()]
    assert len(colors) == 2
    assert np.allclose(colors, [(255, 0, 0), (0, 0, 255)], atol=6)


def test_16_pictures_are_sent_in_bounds_and_their_cost_is_told(
    llm: OpenAI, server: ScriptedLLM, write: Maker, tmp_path: Path
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (1500, 2200, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "PNG", compress_level=1)
    path = write("big.png", stream.getvalue())
    node = ImageNode(id_="big", text="A scan.", image_path=str(path), metadata={"modality": "image"})
    RetrieverQueryEngine.from_args(Given(node), llm=llm, multimodal=True).query("What is it?")
    with stock_defect(16, "pictures go out as they are"):
        assert len(server.pictures()[0]) == path.stat().st_size
    with stock_defect(16, "every picture is counted as 2,125 tokens"):
        small = io.BytesIO()
        Image.new("RGB", (9, 9)).save(small, "PNG")
        costs = [ImageBlock(path=path), ImageBlock(image=small.getvalue())]
        assert [asyncio.run(block.aestimate_tokens()) for block in costs] == [2125, 2125]

    for engine in (
        RetrieverQueryEngine.from_args(
            Given(through_our_store(node, tmp_path / "kb")), llm=llm, multimodal=True
        ),
        CrossModalQueryEngine.from_args(Given(node), llm=llm),
    ):
        server.requests.clear()
        response = engine.query("What is it?")
        (sent,) = server.pictures()
        assert len(sent) < 1_400_000
        assert max(Image.open(io.BytesIO(sent)).size) <= 1568
    assert 500 < response.metadata["injection"]["image_tokens"] < 6000


def test_17_a_missing_picture_leaves_its_words(
    figure: ImageNode, llm: OpenAI, server: ScriptedLLM, tmp_path: Path
) -> None:
    ours = through_our_store(figure, tmp_path / "kb")
    Path(str(figure.image_path)).unlink()
    with stock_defect(17, "a missing picture raises"), pytest.raises(ValidationError):
        RetrieverQueryEngine.from_args(Given(figure), llm=llm, multimodal=True).query("How much?")

    for engine in (
        RetrieverQueryEngine.from_args(Given(ours), llm=llm, multimodal=True),
        CrossModalQueryEngine.from_args(Given(figure), llm=llm),
    ):
        server.requests.clear()
        assert "red" in str(engine.query("How much?"))
        assert "42 tons" in server.words()
        assert server.pictures() == []


def test_17_citations_keep_the_ids_of_their_nodes(
    figure: ImageNode, llm: OpenAI, server: ScriptedLLM
) -> None:
    text = TextNode(id_="text", text="The harvest was red.", metadata={"source": "harvest.md"})
    stock = CitationQueryEngine.from_args(None, retriever=Given(text, figure), llm=llm, multimodal=True)  # type: ignore[arg-type]
    with stock_defect(17, "citations lose the ids of their nodes"):
        assert not {node.node_id for node in stock.query("What?").source_nodes} & {"text", "figure"}

    response = CrossModalQueryEngine.from_args(Given(text, figure), llm=llm).query("What?")
    assert {node.node_id for node in response.source_nodes} == {"text", "figure"}
    (citation,) = response.metadata["citations"]
    assert citation["n"] == 1
    assert citation["source"] == "harvest.md"


def test_a_figure_node_is_stored_as_an_image_node(figure: ImageNode, png: Maker) -> None:
    ours = as_figure(figure)
    assert ours.class_name() == "ImageNode"
    assert ImageNode.from_dict(ours.to_dict()) == figure
    told = [block.text for block in ours.get_content_blocks(MetadataMode.LLM) if block.block_type == "text"]
    assert "".join(told).count("42 tons") == 1
    already = FigureNode(text="The same words", metadata={"legend": "Caption: The same words"})
    assert len(already.get_content_blocks(MetadataMode.LLM)) == 1
    damaged = FigureNode(text="w", image="bm90IGEgcGljdHVyZQ==")
    assert [block.block_type for block in damaged.get_content_blocks()] == ["text"]
    tiff = io.BytesIO()
    Image.open(io.BytesIO(png("red"))).save(tiff, "TIFF")
    import base64

    sent = FigureNode(image=base64.b64encode(tiff.getvalue()).decode()).get_content_blocks()[0]
    assert isinstance(sent, ImageBlock)
    assert sent.image_mimetype in ("image/png", "image/jpeg")
