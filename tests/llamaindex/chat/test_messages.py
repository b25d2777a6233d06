"""Histories as chat front ends hold them: taken where an engine is made and where it is asked, or refused by name."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.schema import TextNode
from PIL import Image
from word_retriever import WordRetriever

from xmrag_plugin import CrossModalChatEngine
from xmrag_plugin.answers.injection import Budget
from xmrag_plugin.errors import UsageError
from xmrag_plugin.types import Key


@pytest.fixture
def retriever() -> WordRetriever:
    words = "Black tea is brewed at 95 °C."
    return WordRetriever([TextNode(id_="black", text=words, metadata={Key.SOURCE: "tea.md"})])


def picture() -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (300, 200), "red").save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


SAID: list[Any] = [
    {"role": "system", "content": "Answer in one sentence."},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "How is green tea brewed?"},
            {"type": "image_url", "image_url": {"url": picture()}},
        ],
    },
    {"role": "assistant", "content": "At 80 °C.", "metadata": None},
]


def test_a_history_of_openais_form_is_gone_on_from(retriever: WordRetriever) -> None:
    engine = CrossModalChatEngine.from_args(retriever, "none", chat_history=SAID)
    assert [message.role.value for message in engine.chat_history] == ["system", "user", "assistant"]
    engine.chat("And black tea?")
    assert retriever.asked[-1] == "How is black tea brewed?"
    asked = CrossModalChatEngine.from_args(retriever, "none")
    asked.chat("And black tea?", chat_history=SAID)
    for history in (engine.chat_history, asked.chat_history):
        assert len(history) == 5
        assert [isinstance(block, ImageBlock) for block in history[1].blocks] == [False, True]


def test_what_was_dumped_as_json_is_taken_as_it_is(retriever: WordRetriever) -> None:
    first = CrossModalChatEngine.from_args(retriever, "none", chat_history=SAID)
    kept = json.loads(json.dumps([message.model_dump(mode="json") for message in first.chat_history]))
    memory = ChatMemoryBuffer.from_defaults()
    again = CrossModalChatEngine.from_args(retriever, "none", chat_history=kept, memory=memory)
    assert [message.content for message in again.chat_history] == [m.content for m in first.chat_history]
    assert len(memory.get_all()) == 3
    assert all(isinstance(message, ChatMessage) for message in memory.get_all())


@pytest.mark.parametrize(
    "row",
    [
        ("user", "hello"),
        "hello",
        {"who": "user", "content": "hello"},
        {"role": "narrator", "content": "hello"},
        {"role": "user", "content": [{"type": "file", "file": {"path": "/etc/hostname"}}]},
        {"role": "user", "content": 3},
        {"role": "user", "blocks": "hello"},
    ],
)
def test_what_is_no_message_is_refused_with_the_form(retriever: WordRetriever, row: Any) -> None:
    with pytest.raises(UsageError) as caught:
        CrossModalChatEngine.from_args(retriever, "none", chat_history=[row])
    assert "ChatMessage" in caught.value.hint


def test_an_assistant_that_begins_is_kept_as_it_was_and_told_as_chat_templates_demand(
    retriever: WordRetriever,
) -> None:
    history = [{"role": "assistant", "content": "Welcome! Ask me about tea."}]
    engine = CrossModalChatEngine.from_args(retriever, "none", chat_history=history)
    assert [message.role.value for message in engine.chat_history] == ["assistant"]
    told = engine.conversation.messages(budget=Budget(text_tokens=1000, image_tokens=0, max_images=0))
    assert [message.role.value for message in told] == ["user", "assistant"]
    assert all(message.content for message in told)
    engine.chat("How is black tea brewed?")
    assert [message.role.value for message in engine.chat_history] == ["assistant", "user", "assistant"]


def test_a_link_is_not_followed(retriever: WordRetriever, tmp_path: Path) -> None:
    part = {"type": "image_url", "image_url": "http://127.0.0.1:9/cat.png"}
    history = [{"role": "user", "content": [{"type": "text", "text": "see"}, part]}]
    engine = CrossModalChatEngine.from_args(retriever, "none", chat_history=history)
    (turn,) = engine.conversation.turns
    assert "fetched" in turn.given[0].missing


def test_a_message_that_is_longer_than_the_budget_is_told_by_its_ends(retriever: WordRetriever) -> None:
    history = [
        {"role": "user", "content": f"Black tea begins. {'leaf ' * 20_000}So it ends."},
        {"role": "assistant", "content": "Understood."},
    ]
    engine = CrossModalChatEngine.from_args(retriever, "none", chat_history=history)
    told = engine.conversation.messages(budget=Budget(text_tokens=1000, image_tokens=0, max_images=0))
    asked = str(told[0].content)
    assert asked.startswith("Black tea begins.")
    assert asked.endswith("So it ends.")
    assert len(asked) < 10_000
    assert told[1].content == "Understood."
    assert len(str(engine.chat_history[0].content)) > 90_000
