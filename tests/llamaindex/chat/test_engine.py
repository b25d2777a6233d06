"""Conversations with pictures: follow-ups, memory, streams, several at once; with and without a model."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, MessageRole, TextBlock
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.schema import ImageNode, TextNode
from llama_index.core.storage.chat_store import SimpleChatStore
from PIL import Image
from scripted_llm import Act, ScriptedLLM, failure, unused_url
from word_retriever import WordRetriever

from xmrag_plugin import CrossModalChatEngine
from xmrag_plugin.answers.extractive.answerer import ABSTENTION, REMARK_ANSWER
from xmrag_plugin.answers.injection import Budget
from xmrag_plugin.errors import AuthenticationFailed, GenerationError, UsageError
from xmrag_plugin.generators.openai import OpenAIServer
from xmrag_plugin.images.token_cost import image_cost
from xmrag_plugin.llamaindex.chat.conversation import Conversation, RememberedPicture, Turn, picture_hash
from xmrag_plugin.types import Key, Modality


def png(colour: str, size: tuple[int, int] = (300, 200)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def retriever(tmp_path: Path) -> WordRetriever:
    (tmp_path / "harvest.png").write_bytes(png("green"))
    return WordRetriever(
        [
            TextNode(id_="green", text="Green tea is brewed at 80 °C. It comes from Japan.", metadata={Key.SOURCE: "tea.md"}),
            TextNode(id_="black", text="Black tea is brewed at 95 °C.", metadata={Key.SOURCE: "tea.md"}),
            TextNode(id_="soil", text="Sand drains quickly.", metadata={Key.SOURCE: "soil.md"}),
            ImageNode(
                id_="fig",
                text="Figure 1: chart of the harvest of tea by month",
                image_path=str(tmp_path / "harvest.png"),
                metadata={
                    Key.SOURCE: "tea.md", Key.MODALITY: Modality.IMAGE, Key.LABEL: "Figure 1", Key.MEDIA_HASH: "ab",
                    Key.CAPTION: "Figure 1: chart of the harvest of tea by month",
                },
            ),
        ]
    )  # fmt: skip


@pytest.fixture
def server() -> Iterator[ScriptedLLM]:
    with ScriptedLLM("Green tea is brewed at 80 °C [1].") as running:
        yield running


def engine(retriever: WordRetriever, server: ScriptedLLM | str, **options: Any) -> CrossModalChatEngine:
    url = server if isinstance(server, str) else server.url
    llm = OpenAIServer(model="tiny-vl", api_base=url, api_key="k", max_retries=0, timeout=60.0)
    return CrossModalChatEngine.from_args(retriever, llm, **options)


# without a model ---------------------------------------------------------------------------


def test_thanks_are_met_with_what_can_be_asked_and_change_no_topic(retriever: WordRetriever) -> None:
    chat = CrossModalChatEngine.from_args(retriever, "none")
    chat.chat("How is green tea brewed?")
    for said in ("Thanks!", "thanks", "Vielen Dank, sehr nett", "hi"):
        response = chat.chat(said)
        assert str(response) == REMARK_ANSWER
        assert response.abstained
        assert not response.citations
    assert "95 °C" in str(chat.chat("And black tea?"))
    assert str(chat.chat("Who painted the volcano?")) == ABSTENTION


def test_follow_ups_by_rules(retriever: WordRetriever) -> None:
    chat = CrossModalChatEngine.from_args(retriever, "none")
    assert isinstance(chat, BaseChatEngine)
    assert "80 °C" in str(chat.chat("How is green tea brewed?"))
    response = chat.chat("And black tea?")
    assert retriever.asked[-1] == "How is black tea brewed?"
    assert "95 °C" in str(response)
    assert response.metadata["citations"][0]["source"] == "tea.md"
    assert "Japan" in str(chat.chat("Where does green tea come from?"))
    assert [message.role for message in chat.chat_history] == [MessageRole.USER, MessageRole.ASSISTANT] * 3


def test_a_chart_is_shown_again(retriever: WordRetriever) -> None:
    chat = CrossModalChatEngine.from_args(retriever, "none")
    first = chat.chat("Show me the chart of the tea harvest")
    assert first.citations[0]["media_file"]
    chat.chat("Which sand drains quickly?")
    again = chat.chat("Show me that chart again")
    assert any(citation["media_file"] for citation in again.citations)
    assert "<img" in again._repr_html_()


def test_each_turn_can_abstain(retriever: WordRetriever) -> None:
    chat = CrossModalChatEngine.from_args(retriever, "none", abstention_threshold=0.4)
    assert chat.chat("Which volcano erupted near Naples in winter?").abstained
    assert not chat.chat("Which sand drains quickly?").abstained


def test_reset_and_fork(retriever: WordRetriever) -> None:
    chat = CrossModalChatEngine.from_args(retriever, "none")
    chat.chat("How is green tea brewed?")
    other = chat.fork()
    other.chat("And black tea?")
    assert retriever.asked[-1] == "And black tea?"
    chat.reset()
    assert chat.chat_history == []
    with pytest.raises(UsageError, match="Nothing was said"):
        chat.chat(" ")


def test_stream_without_a_model(retriever: WordRetriever) -> None:
    chat = CrossModalChatEngine.from_args(retriever, "none")
    response = chat.stream_chat("How is green tea brewed?")
    assert "80 °C" in "".join(response.response_gen)
    assert response.citations
    assert len(chat.conversation) == 1
    assert "".join(response.response_gen) == str(response)


# with a model ------------------------------------------------------------------------------


def test_follow_up_is_condensed_by_the_model_with_the_pictures_in_view(
    retriever: WordRetriever, server: ScriptedLLM
) -> None:
    chat = engine(retriever, server)
    chat.chat("How is green tea brewed?", images=[png("red")])
    assert len(server.requests) == 1
    given = len(server.pictures())
    server.script(Act(text="How is black tea brewed?"), Act(text="At 95 °C [1]."))
    response = chat.chat("and the other one to its left?", images=[png("blue")])
    assert retriever.asked[-1] == "How is black tea brewed?"
    assert str(response) == "At 95 °C [1]."
    condensing = server.requests[1][2]["messages"]
    assert "Last message: and the other one to its left?" in str(condensing[-1])
    colours = {
        Image.open(io.BytesIO(data)).convert("RGB").getpixel((5, 5)) for data in server.pictures()[given:]
    }
    assert {(255, 0, 0), (0, 0, 255)} <= colours
    # Numbers of an earlier turn mean nothing now.
    assert "80 °C [1]" not in str(server.requests[2][2]["messages"][:-1])


def test_memory_keeps_a_picture_once(retriever: WordRetriever, server: ScriptedLLM) -> None:
    chat = engine(retriever, server)
    for _ in range(3):
        chat.chat("How is green tea brewed?", images=[png("red")])
    blocks = [
        block for message in chat.chat_history for block in message.blocks if isinstance(block, ImageBlock)
    ]
    assert len(blocks) == 1


def test_a_failing_model_leaves_rules_and_quotations(retriever: WordRetriever) -> None:
    chat = engine(retriever, unused_url())
    chat.chat("How is green tea brewed?")
    response = chat.chat("And black tea?")
    assert "95 °C" in str(response)
    assert response.metadata["generator"]["name"] == "extractive"
    assert response.metadata["generator"]["skipped"]


def test_a_wrong_key_is_shown(retriever: WordRetriever, server: ScriptedLLM) -> None:
    server.key = "another"
    with pytest.raises(AuthenticationFailed):
        engine(retriever, server).chat("How is green tea brewed?")


def test_overload_while_condensing_is_survived(retriever: WordRetriever, server: ScriptedLLM) -> None:
    chat = engine(retriever, server)
    chat.chat("How is green tea brewed?")
    server.script(failure(400, "context length exceeded", code="context_length_exceeded"))
    chat.chat("And black tea?")
    assert retriever.asked[-1] == "How is black tea brewed?"


def test_stream(retriever: WordRetriever, server: ScriptedLLM) -> None:
    chat = engine(retriever, server)
    response = chat.stream_chat("How is green tea brewed?")
    assert len(list(response.response_gen)) > 3
    assert response.citations[0]["n"] == 1
    assert chat.chat_history[-1].content == "Green tea is brewed at 80 °C."


async def test_async_and_async_stream(retriever: WordRetriever, server: ScriptedLLM) -> None:
    chat = engine(retriever, server)
    assert (await chat.achat("How is green tea brewed?")).citations
    server.script(Act(text="How is green tea brewed?"))  # the follow-up, standing alone
    response = await chat.astream_chat("And again, how is green tea brewed?")
    assert len([piece async for piece in response.async_response_gen()]) > 3
    assert response.citations
    assert len(chat.conversation) == 2


async def test_conversations_do_not_mix(retriever: WordRetriever, server: ScriptedLLM) -> None:
    server.answer = lambda body: (
        "Echo: " + str(body["messages"][-1]["content"]).rpartition("Question: ")[2][:20]
    )
    first = engine(retriever, server)
    chats = [first.fork() for _ in range(6)]
    await asyncio.gather(*(chat.achat(f"Question number {n} on tea") for n, chat in enumerate(chats)))
    with ThreadPoolExecutor(6) as threads:
        list(
            threads.map(
                lambda pair: pair[1].chat(f"Then question {pair[0]} on sand and tea soil"), enumerate(chats)
            )
        )
    for n, chat in enumerate(chats):
        said = [
            str(message.content).splitlines()[0]
            for message in chat.chat_history
            if message.role == MessageRole.USER
        ]
        assert said == [f"Question number {n} on tea", f"Then question {n} on sand and tea soil"]


def test_history_can_be_given(retriever: WordRetriever) -> None:
    chat = CrossModalChatEngine.from_args(retriever, "none")
    history = [
        ChatMessage(role=MessageRole.USER, content="How is green tea brewed?"),
        ChatMessage(role=MessageRole.ASSISTANT, content="At 80 °C."),
    ]
    chat.chat("And black tea?", chat_history=history)
    assert retriever.asked[-1] == "How is black tea brewed?"
    assert len(chat.conversation) == 2


# what becomes of a turn that is not read to its end ----------------------------------------

QUESTION = "How is green tea brewed?"


def said(chat: CrossModalChatEngine) -> list[str]:
    return [str(message.content) for message in chat.chat_history]


def test_a_stream_that_is_broken_off_keeps_the_question_and_what_had_come(
    retriever: WordRetriever, server: ScriptedLLM
) -> None:
    chat = engine(retriever, server)
    pieces = chat.stream_chat(QUESTION).response_gen
    start = next(pieces) + next(pieces) + next(pieces)
    pieces.close()
    assert said(chat) == [QUESTION, start.strip()]
    chat.stream_chat("And black tea?")  # never read
    assert said(chat)[-1] == "And black tea?"
    chat.chat("Where does it come from?")
    roles = [message["role"] for message in server.requests[-1][2]["messages"]]
    assert roles == ["system", *["user", "assistant"] * 2, "user"]  # as chat templates demand


def test_a_server_that_breaks_off_loses_no_turn(retriever: WordRetriever, server: ScriptedLLM) -> None:
    chat = engine(retriever, server)
    server.script(Act(cut_after=3))
    with pytest.raises(GenerationError):
        list(chat.stream_chat(QUESTION).response_gen)
    assert said(chat)[0] == QUESTION
    assert said(chat)[1].startswith("Green tea")


async def test_a_cancelled_task_loses_no_turn(retriever: WordRetriever, server: ScriptedLLM) -> None:
    chat = engine(retriever, server)
    started = asyncio.Event()

    async def read() -> None:
        async for _ in (await chat.astream_chat(QUESTION)).async_response_gen():
            started.set()
            await asyncio.sleep(0.05)

    task = asyncio.create_task(read())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert said(chat)[0] == QUESTION


def test_a_failed_turn_keeps_its_question(retriever: WordRetriever, server: ScriptedLLM) -> None:
    server.key = "another"
    chat = engine(retriever, server)
    with pytest.raises(AuthenticationFailed):
        chat.chat(QUESTION)
    assert said(chat) == [QUESTION]


# histories, memories, instructions -----------------------------------------------------------


def images(messages: list[ChatMessage]) -> list[int]:
    return [sum(isinstance(block, ImageBlock) for block in message.blocks) for message in messages]


def test_a_restored_history_keeps_the_pictures_of_both_sides(
    retriever: WordRetriever, server: ScriptedLLM
) -> None:
    history = [
        ChatMessage(role="system", content="Always answer in French."),
        ChatMessage(role="user", blocks=[TextBlock(text="And this?"), ImageBlock(image=png("red"))]),
        ChatMessage(role="assistant", blocks=[TextBlock(text="Here."), ImageBlock(image=png("blue"))]),
    ]
    chat = engine(retriever, server)
    chat.chat(QUESTION, chat_history=history)
    assert images(chat.chat_history) == [0, 1, 1, 0, 0]
    assert "Always answer in French." in server.requests[-1][2]["messages"][0]["content"]
    assert [message["role"] for message in server.requests[-1][2]["messages"]].count("system") == 1
    assert len(server.pictures()) >= 4  # of both sides, when condensing and when answering
    again = engine(retriever, server)
    kept = json.loads(json.dumps([message.model_dump(mode="json") for message in chat.chat_history]))
    again.chat(QUESTION, chat_history=[ChatMessage.model_validate(each) for each in kept])
    assert images(again.chat_history)[:3] == [0, 1, 1]


def test_a_picture_that_is_gone_costs_itself_only(
    retriever: WordRetriever, server: ScriptedLLM, tmp_path: Path
) -> None:
    (tmp_path / "gone.png").write_bytes(png("grey"))
    with ScriptedLLM() as stranger:
        dead = [
            ImageBlock(url=f"{stranger.root}/cat.png"),
            ImageBlock(path=tmp_path / "gone.png"),
            ImageBlock(image=b"bm8gcGljdHVyZSBhdCBhbGwsIGp1c3Qgd29yZHMgdGhhdCBhcmUgbG9uZw=="),
        ]
        (tmp_path / "gone.png").unlink()
        blocks = [TextBlock(text="see"), *dead, ImageBlock(image=png("red"))]
        chat = engine(retriever, server)
        chat.chat(QUESTION, chat_history=[ChatMessage(role="user", blocks=blocks)])
        assert not stranger.requests
    assert "would have to be fetched" in server.words()
    assert "gone.png" in server.words()
    assert images(chat.chat_history)[0] == 4  # handed on as they came


async def test_a_memory_of_llamaindex_is_taken_up_and_kept(
    retriever: WordRetriever, server: ScriptedLLM
) -> None:
    store = SimpleChatStore()
    for way in ("sync", "async", "stream"):
        memory = ChatMemoryBuffer.from_defaults(chat_store=store, chat_store_key="ada", token_limit=4000)
        chat = engine(retriever, server, memory=memory)
        assert chat.chat_history == store.get_messages("ada")
        if way == "sync":
            chat.chat(QUESTION, images=[png("red")])
        elif way == "async":
            await chat.achat("And black tea?")
        else:
            list(chat.stream_chat("Where does it come from?").response_gen)
    kept = store.get_messages("ada")
    assert [message.role for message in kept] == [MessageRole.USER, MessageRole.ASSISTANT] * 3
    assert images(kept)[0] == 1
    assert len(chat.conversation) == 3
    chat.reset()
    assert store.get_messages("ada") == []


def test_instructions_and_modes_of_llamaindex(retriever: WordRetriever, server: ScriptedLLM) -> None:
    chat = engine(retriever, server, system_prompt="You are a pirate.", chat_mode="condense_plus_context")
    chat.chat(QUESTION)
    assert "You are a pirate." in server.requests[-1][2]["messages"][0]["content"]
    with pytest.raises(UsageError, match="chat_mode='react'"):
        engine(retriever, server, chat_mode="react")
    with pytest.raises(UsageError, match="context_prompt") as told:
        engine(retriever, server, context_prompt="{context_str}")
    assert "AnswerPrompt" in told.value.hint
    with pytest.raises(UsageError, match="Did you mean 'memory'"):
        engine(retriever, server, memroy=None)


# memory ------------------------------------------------------------------------------------


def turn(n: int, data: bytes) -> tuple[Turn, dict[str, bytes]]:
    name = picture_hash(data)
    return Turn(f"q{n}", f"q{n}", [RememberedPicture(name, f"words {n}")], f"a{n}"), {name: data}


def test_older_pictures_become_words() -> None:
    talk = Conversation(max_pictures=2)
    for n, colour in enumerate(("red", "green", "blue")):
        talk.add(*turn(n, png(colour)))
    messages = talk.history()
    assert "words 0" in str(messages[0].content)
    assert [len([b for b in message.blocks if isinstance(b, ImageBlock)]) for message in messages[::2]] == [
        0,
        1,
        1,
    ]


def test_budget_gives_pictures_to_the_newest_turns() -> None:
    talk = Conversation()
    for n, colour in enumerate(("red", "green", "blue")):
        talk.add(*turn(n, png(colour)))
    cost = image_cost("")
    messages = talk.messages(budget=Budget(image_tokens=100, max_images=8), cost=cost)
    pictures = [len([b for b in message.blocks if isinstance(b, ImageBlock)]) for message in messages[::2]]
    assert pictures == [0, 0, 1]
    assert not any(
        isinstance(b, ImageBlock)
        for message in talk.messages(budget=Budget(), cost=cost, sees=False)
        for b in message.blocks
    )
    assert len(talk.messages(budget=Budget(text_tokens=10), cost=cost)) == 4


def test_kept_pictures_are_small() -> None:
    talk = Conversation()
    data = png("red", (4000, 3000))
    talk.add(*turn(0, data))
    kept = talk.pixels(picture_hash(data))
    assert kept is not None
    assert max(Image.open(io.BytesIO(kept)).size) <= 1024


def test_a_weak_model_rewrites_no_follow_up(server: ScriptedLLM, retriever: WordRetriever) -> None:
    server.answer = "Penguins swim."
    llm = OpenAIServer(model="tiny-100m", api_base=server.url, api_key="none")
    chat = CrossModalChatEngine.from_args(retriever, llm)
    assert "80 °C" in str(chat.chat("How hot is green tea brewed?"))
    assert "95 °C" in str(chat.chat("And black tea?"))
    assert "black tea" in chat.conversation.turns[-1].question.lower()
    asked = [json.dumps(body) for _, _, body in server.requests if body and "messages" in body]
    assert asked
    assert all("Quotations:" in body for body in asked)
