"""The turns of a conversation: understood, looked up, remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, MessageRole, TextBlock
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, QueryBundle

from ...answers.context import evidence_from_nodes
from ...answers.injection import Budget
from ...answers.llm_calls import areply_to, reply_to
from ...answers.response_modes import Call
from ...errors import GenerationError, UsageError
from ...images.intake import picture_hash
from ...images.resize import prepare_picture
from ...images.token_cost import image_cost, image_cost_of
from ...search.questions import PictureLike, picture_bytes
from ...settings import Settings
from ...types import Key
from ..query_engine import retrieve_with_pictures
from ..synthesizer import CrossModalSynthesizer
from .conversation import Conversation, RememberedPicture, Turn, remembered
from .follow_up import read_follow_up, stand_alone
from .response import CrossModalChatResponse, CrossModalStreamingChatResponse

__all__ = ["CONDENSE", "Asking", "TurnTaking"]

CONDENSE = (
    "Rewrite the last message of this conversation as one question that can be understood without it: put in "
    'what "it", "that" or "the one to its left" stand for, and what a picture that is meant shows. If it can be '
    "understood by itself, repeat it. Reply with the question only, in its language.\n\nLast message: {message}"
)
_LONGEST_QUESTION = 600


@dataclass(slots=True)
class Asking:
    """A turn on its way.

    Attributes:
        message: As it was said.
        pictures: Encoded pictures that came with it, by hash.
        question: As it was understood, standing alone.
        history: What was said before, for the generator.
        nodes: What was found.
    """

    message: str
    pictures: dict[str, bytes]
    question: str = ""
    history: list[ChatMessage] = field(default_factory=list)
    nodes: list[NodeWithScore] = field(default_factory=list)

    @property
    def context(self) -> dict[str, Any]:
        """What the synthesizer needs besides question and nodes."""
        return {"history": self.history, "images": list(self.pictures.values())}


@dataclass(slots=True)
class TurnTaking:
    """How a message becomes a question with its evidence, and a turn of the memory.

    The conversation is only read while a turn is on its way and gets the turn whole at its end, so
    that overlapping turns do no harm.
    """

    retriever: BaseRetriever
    synthesizer: CrossModalSynthesizer
    conversation: Conversation
    node_postprocessors: Sequence[BaseNodePostprocessor] = ()
    condense: str = CONDENSE
    read_picture: Callable[[bytes], str] | None = None

    def begin(
        self, message: str, chat_history: list[ChatMessage] | None, images: Sequence[PictureLike]
    ) -> Asking:
        """Understand a message in its context and look up what it asks for.

        Raises:
            UsageError: If nothing is said.
            GenerationError: If the generator failed for a reason that is to be shown.
        """
        asking = self._hear(message, chat_history, images)
        ladder = self.synthesizer.ladder
        if ladder is not None and asking.history:
            try:
                asking.question = _question(reply_to(ladder, self._condensing(asking)).text)
            except GenerationError as error:
                if not error.retryable:
                    raise
        self._find(asking)
        return asking

    async def abegin(
        self, message: str, chat_history: list[ChatMessage] | None, images: Sequence[PictureLike]
    ) -> Asking:
        """:meth:`begin` on the event loop."""
        asking = await asyncio.to_thread(self._hear, message, chat_history, images)
        ladder = self.synthesizer.ladder
        if ladder is not None and asking.history:
            try:
                call = await asyncio.to_thread(self._condensing, asking)
                asking.question = _question((await areply_to(ladder, call)).text)
            except GenerationError as error:
                if not error.retryable:
                    raise
        await asyncio.to_thread(self._find, asking)
        return asking

    def _hear(
        self, message: str, chat_history: list[ChatMessage] | None, images: Sequence[PictureLike]
    ) -> Asking:
        if chat_history is not None:
            self.conversation.restore(chat_history)
        settings = getattr(getattr(self.retriever, "index", None), "settings", None) or Settings()
        data = [picture_bytes(image, settings) for image in images]
        if not message.strip() and not data:
            raise UsageError("Nothing was said.", hint="Give words, a picture or both.")
        asking = Asking(message.strip(), {picture_hash(each): each for each in data})
        if (ladder := self.synthesizer.ladder) is not None:
            asking.history = self.conversation.messages(
                budget=Budget.for_llm(ladder, share=0.33),
                cost=image_cost_of(ladder),
                sees=ladder.sees_pictures is not False,
            )
        return asking

    def _condensing(self, asking: Asking) -> Call:
        blocks: list[Any] = [ImageBlock(image=data) for data in self._small(asking)]
        blocks.append(TextBlock(text=self.condense.replace("{message}", asking.message)))
        return Call([*asking.history, ChatMessage(role=MessageRole.USER, blocks=blocks)])

    def _small(self, asking: Asking) -> list[bytes]:
        """The message's own pictures at reading size."""
        ladder = self.synthesizer.ladder
        if ladder is None or ladder.sees_pictures is False:
            return []
        return [
            prepare_picture(data, cost=image_cost(""), tokens=800, max_edge=768, crop="page").data
            for data in asking.pictures.values()
        ]

    def _by_rules(self, message: str) -> str:
        turns = self.conversation.turns
        if not turns:
            return message
        captions = " ".join(picture.words for picture in _last_pictures(turns))
        return stand_alone(message, turns[-1].question, captions=captions)

    def _find(self, asking: Asking) -> None:
        """Retrieve; a picture that the message points back to is evidence again."""
        asking.question = asking.question or self._by_rules(asking.message)
        words = asking.question
        if asking.pictures and self.read_picture is not None:
            read = " ".join(self.read_picture(data) for data in asking.pictures.values()).strip()
            words = f"{words} {read[:_LONGEST_QUESTION]}".strip() if len(words.split()) < 12 else words
        nodes, _, _ = retrieve_with_pictures(self.retriever, words, list(asking.pictures.values()))
        bundle = QueryBundle(asking.question)
        for postprocessor in self.node_postprocessors:
            nodes = postprocessor.postprocess_nodes(nodes, query_bundle=bundle)
        if read_follow_up(asking.message).picture:
            nodes = _with_first(_last_nodes(self.conversation.turns), nodes)
        asking.nodes = nodes

    def remember(
        self, asking: Asking, response: CrossModalChatResponse | CrossModalStreamingChatResponse
    ) -> None:
        """Add the turn to the memory, the pictures that the answer cites with it."""
        cited = {int(citation["n"]) for citation in response.citations}
        figures = [
            (item, node)
            for item, node in zip(
                evidence_from_nodes(response.source_nodes), response.source_nodes, strict=True
            )
            if item.n in cited and item.has_picture
        ]
        pixels = dict(asking.pictures)
        for item, _ in figures:
            data = item.media_data or (_bytes_of(item.media_file) if item.media_file else None)
            if data is not None:
                pixels[remembered(item).media_hash] = data
        read = self.read_picture
        turn = Turn(
            message=asking.message,
            question=asking.question,
            given=[
                RememberedPicture(name, read(data) if read else "") for name, data in asking.pictures.items()
            ],
            answer=str(response),
            shown=[remembered(item) for item, _ in figures],
            nodes=[node for _, node in figures],
        )
        self.conversation.add(turn, pixels)


def _question(text: str) -> str:
    """What a generator wrote as the question; nothing when it rambles."""
    text = text.strip().strip('"“”')
    return text if 0 < len(text) <= _LONGEST_QUESTION else ""


def _last_pictures(turns: Sequence[Turn]) -> list[RememberedPicture]:
    for turn in reversed(turns):
        if turn.shown or turn.given:
            return [*turn.shown, *turn.given]
    return []


def _last_nodes(turns: Sequence[Turn]) -> list[NodeWithScore]:
    return next((turn.nodes for turn in reversed(turns) if turn.nodes), [])


def _with_first(carried: Sequence[NodeWithScore], nodes: Sequence[NodeWithScore]) -> list[NodeWithScore]:
    """Carried nodes before the others, as probable as the best of them."""
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


def _bytes_of(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except OSError:
        return None
