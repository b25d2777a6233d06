"""Take a turn of a conversation: understand the message in its context, retrieve, and remember what was said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, MessageRole, TextBlock
from llama_index.core.memory import BaseMemory
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, QueryBundle

from ...answers.context import evidence_from_nodes
from ...answers.extractive.answerer import REMARK_ANSWER
from ...answers.injection import Budget
from ...answers.llm_calls import areply_to, reply_to
from ...answers.response_modes import Call
from ...errors import GenerationError, PictureError, UsageError
from ...images.intake import picture_hash
from ...images.resize import prepare_picture
from ...images.token_cost import image_cost, image_cost_of
from ...search.questions import PictureLike, picture_bytes
from ...text.untrusted import encodable
from ...types import Key
from ..query_bundle import bundle_of, settings_of
from ..sync_async import Waiting
from ..synthesizer import CrossModalSynthesizer
from .conversation import Conversation, RememberedPicture, Turn, remembered
from .follow_up import is_remark, read_follow_up, stand_alone
from .messages import History, as_messages
from .response import CrossModalChatResponse, CrossModalStreamingChatResponse

__all__ = ["CONDENSE", "Asking", "TurnTaking"]

CONDENSE = (
    "Rewrite the last message of this conversation as one question that can be understood without it: put in "
    'what "it", "that" or "the one to its left" stand for, and what a picture that is meant shows. If it can be '
    "understood by itself, repeat it. Reply with the question only, in its language.\n\nLast message: {message}"
)
_MAX_QUESTION = 600  # characters of a rewritten question
_MIN_OWN_WORDS = 12  # of a message, from which on the words on its pictures are not needed to search


@dataclass(slots=True)
class Asking:
    """A turn on its way.

    Attributes:
        turn: What is remembered of it already.
        pictures: Encoded pictures that came with it, by hash.
        before: The turns before it.
        question: As it was understood, standing alone.
        history: What was said before, for the model.
        instructions: System messages of the history.
        nodes: What was found.
    """

    turn: Turn
    pictures: dict[str, bytes]
    before: list[Turn] = field(default_factory=list)
    question: str = ""
    history: list[ChatMessage] = field(default_factory=list)
    instructions: list[str] = field(default_factory=list)
    nodes: list[NodeWithScore] = field(default_factory=list)

    @property
    def message(self) -> str:
        """Return the message as the user wrote it."""
        return self.turn.message

    @property
    def context(self) -> dict[str, Any]:
        """Return what the synthesizer needs besides question and nodes."""
        return {
            "history": self.history,
            "images": list(self.pictures.values()),
            "instructions": self.instructions,
        }


@dataclass(slots=True)
class TurnTaking:
    """How a message becomes a question with its evidence, and a turn of the memory.

    The question is remembered before anything else is done, and its answer as it comes, so that no way of
    breaking off loses the turn.

    Attributes:
        memory: A LlamaIndex memory that mirrors the conversation, so that an application can persist it.
    """

    retriever: BaseRetriever
    synthesizer: CrossModalSynthesizer
    conversation: Conversation
    node_postprocessors: Sequence[BaseNodePostprocessor] = ()
    condense: str = CONDENSE
    read_picture: Callable[[bytes], str] | None = None
    memory: BaseMemory | None = None
    _mirrored: int = 0

    async def begin(
        self,
        way: Waiting,
        message: str,
        chat_history: History | None,
        images: Sequence[PictureLike],
    ) -> Asking:
        """Understand a message in its context and look up what it asks for.

        Raises:
            UsageError: If nothing is said, or the history is none.
            PictureError: If a picture is missing, damaged, or would have to be fetched.
            GenerationError: If the model failed for a reason that is to be shown.
        """
        await self.recall(way, chat_history)
        asking = await way.run(self._receive, message, images)
        await self._mirror(way, MessageRole.USER)
        chain = self.synthesizer.chain
        # A weak model loses more of a question than the rules do.
        if chain is not None and asking.history and not await way.run(self.synthesizer.answering.is_weak):
            try:
                call = await way.run(self._condensing, asking)
                reply = await way.call(reply_to, areply_to, chain, call)
                asking.question = _question(reply.text)
            except GenerationError as error:
                if not error.retryable:
                    raise
        by_rules = not asking.question
        asking.question = asking.question or self._by_rules(asking)
        bundle = await way.run(self._bundle, asking)
        nodes = await way.call(self.retriever.retrieve, self.retriever.aretrieve, bundle)
        if by_rules and is_remark(asking.message, " ".join(scored.node.get_content() for scored in nodes)):
            asking.question = asking.message  # the topic that was carried over would be answered once more
        asking.turn.question = asking.question
        asked = QueryBundle(asking.question)
        for each in self.node_postprocessors:
            nodes = await way.call(each.postprocess_nodes, each.apostprocess_nodes, nodes, query_bundle=asked)
        if read_follow_up(asking.message).picture:  # the picture that is meant is evidence again
            nodes = _with_first(_last_nodes(asking.before), nodes)
        asking.nodes = nodes
        return asking

    async def recall(self, way: Waiting, chat_history: History | None) -> None:
        """Take up the history that is given, or what another has put into the memory meanwhile.

        Raises:
            UsageError: If the history is none.
        """
        settings = settings_of(self.retriever)
        if chat_history is not None:
            said = as_messages(chat_history)
            if self.memory is not None:
                await way.call(self.memory.set, self.memory.aset, said)
                self._mirrored = len(said)
            await way.run(self.conversation.restore, said, settings)
        elif self.memory is not None:
            held = await way.call(self.memory.get_all, self.memory.aget_all)
            if len(held) != self._mirrored:
                self._mirrored = len(held)
                await way.run(self.conversation.restore, held, settings)

    async def _mirror(self, way: Waiting, role: MessageRole) -> None:
        """Put the last message of a role into the LlamaIndex memory, where there is one."""
        if self.memory is None:
            return
        last = next((each for each in reversed(self.conversation.history()) if each.role == role), None)
        if last is not None:
            await way.call(self.memory.put, self.memory.aput, last)
            self._mirrored += 1

    def _receive(self, message: str, images: Sequence[PictureLike]) -> Asking:
        settings = settings_of(self.retriever)
        data = [picture_bytes(image, settings) for image in images]
        if not message.strip() and not data:
            raise UsageError("Nothing was said.", hint="Give words, a picture or both.")
        pictures = {picture_hash(each): each for each in data}
        read = self.read_picture
        pictured = [RememberedPicture(name, read(each) if read else "") for name, each in pictures.items()]
        message = encodable(message.strip())
        turn = Turn(message, message, pictured)
        asking = Asking(turn, pictures, self.conversation.turns)
        asking.instructions = list(self.conversation.instructions)
        if (chain := self.synthesizer.chain) is not None:
            asking.history = self.conversation.messages(
                budget=Budget.for_llm(chain, share=0.33),
                cost=image_cost_of(chain),
                sees=chain.takes_pictures is not False,
            )
        self.conversation.add(turn, pictures)
        return asking

    def _condensing(self, asking: Asking) -> Call:
        blocks: list[Any] = [ImageBlock(image=data) for data in self._small(asking)]
        blocks.append(TextBlock(text=self.condense.replace("{message}", asking.message)))
        return Call([*asking.history, ChatMessage(role=MessageRole.USER, blocks=blocks)])

    def _small(self, asking: Asking) -> list[bytes]:
        """Return the message's own pictures at reading size."""
        chain = self.synthesizer.chain
        if chain is None or chain.takes_pictures is False:
            return []
        return [
            prepare_picture(data, cost=image_cost(""), tokens=800, max_edge=768, crop="page").data
            for data in asking.pictures.values()
        ]

    def _by_rules(self, asking: Asking) -> str:
        if not asking.before or asking.pictures:  # "this" is the picture that comes with the message
            return asking.message
        captions = " ".join(picture.words for picture in _last_pictures(asking.before))
        # Thanks in between do not change what is talked of.
        topics = (turn for turn in reversed(asking.before) if turn.answer != REMARK_ANSWER)
        last = next(topics, asking.before[-1])
        return stand_alone(asking.message, last.question, captions=captions, cited=last.cited)

    def _bundle(self, asking: Asking) -> QueryBundle:
        """Return the query to retrieve with: the question, with the words on its pictures where it has few."""
        words = asking.question
        if asking.pictures and len(words.split()) < _MIN_OWN_WORDS:
            lettering = " ".join(picture.words for picture in asking.turn.given).strip()
            words = f"{words} {lettering[:_MAX_QUESTION]}".strip()
        return bundle_of(words, images=list(asking.pictures.values()), retriever=self.retriever)

    def said(self) -> list[ChatMessage]:
        """Return what was said; before the first turn what the LlamaIndex memory was given with."""
        if self.memory is not None and not self.conversation.turns:
            return list(self.memory.get_all())
        return self.conversation.history()

    def reset(self) -> None:
        """Forget the conversation, in the LlamaIndex memory too."""
        self.conversation.clear()
        self._mirrored = 0
        if self.memory is not None:
            self.memory.reset()

    def say(self, asking: Asking, piece: str) -> None:
        """Remember a piece of the answer as it comes."""
        asking.turn.answer += piece

    async def finish(
        self,
        way: Waiting,
        asking: Asking,
        response: CrossModalChatResponse | CrossModalStreamingChatResponse | None = None,
    ) -> None:
        """Complete the turn: with the checked answer and the pictures that it cites, or with what had come."""
        if response is not None:
            await way.run(self._take_over, asking, response)
        if asking.turn.answer:
            await self._mirror(way, MessageRole.ASSISTANT)

    def _take_over(
        self, asking: Asking, response: CrossModalChatResponse | CrossModalStreamingChatResponse
    ) -> None:
        cited = {int(citation["n"]) for citation in response.citations}
        nodes = response.source_nodes
        evidence = evidence_from_nodes(nodes)
        figures = [
            (item, node)
            for item, node in zip(evidence, nodes, strict=True)
            if item.n in cited and item.has_picture
        ]
        turn = asking.turn
        turn.answer = response.answer_words()
        turn.shown = [remembered(item) for item, _ in figures]
        turn.nodes = [node for _, node in figures]
        texts = {item.n: item.words for item in evidence}
        turn.cited = [
            (str(each["quote"]), texts.get(int(each["n"]), ""))
            for each in response.citations
            if each.get("quote")
        ]
        for item, _ in figures:
            with suppress(OSError, PictureError):  # of one that is damaged or gone the words are remembered
                data = item.media_data or Path(item.media_file or "").read_bytes()
                self.conversation.keep({remembered(item).media_hash: data})


def _question(text: str) -> str:
    """Return what a model wrote as the question; nothing when it rambles."""
    text = text.strip().strip('"“”')
    return text if 0 < len(text) <= _MAX_QUESTION else ""


def _last_pictures(turns: Sequence[Turn]) -> list[RememberedPicture]:
    for turn in reversed(turns):
        if turn.shown or turn.given:
            return [*turn.shown, *turn.given]
    return []


def _last_nodes(turns: Sequence[Turn]) -> list[NodeWithScore]:
    return next((turn.nodes for turn in reversed(turns) if turn.nodes), [])


def _with_first(carried: Sequence[NodeWithScore], nodes: Sequence[NodeWithScore]) -> list[NodeWithScore]:
    """Return carried nodes before the others, as probable as the best of them."""
    top = max((float(scored.node.metadata.get(Key.PROBABILITY) or 0.0) for scored in nodes), default=0.0)
    first = []
    for scored in carried:
        known = scored.node.metadata.get(Key.PROBABILITY)
        if known is not None:
            probability = max(float(known), top)
            metadata = {**scored.node.metadata, Key.PROBABILITY: probability}
            scored = NodeWithScore(
                node=scored.node.model_copy(update={"metadata": metadata}), score=probability
            )
        first.append(scored)
    held = {scored.node.node_id for scored in first}
    return [*first, *(scored for scored in nodes if scored.node.node_id not in held)]
