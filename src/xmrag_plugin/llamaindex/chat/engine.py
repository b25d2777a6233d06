"""Conversations with pictures: each turn is understood in context, retrieves, cites and may abstain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import QueryBundle

from ...answers.response import CrossModalAsyncStreamingResponse, CrossModalStreamingResponse
from ...errors import UsageError
from ...search.questions import PictureLike
from ..query_engine import check_options
from ..synthesizer import CrossModalSynthesizer
from .conversation import Conversation
from .response import CrossModalChatResponse, CrossModalStreamingChatResponse
from .turns import CONDENSE, TurnTaking

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

__all__ = ["CrossModalChatEngine"]


class CrossModalChatEngine(BaseChatEngine):
    """A conversation over a retriever; its messages and its answers may hold pictures.

    One engine is one conversation; :meth:`fork` gives another over the same parts, and any number of
    them may talk at once. Without an LLM follow-ups are understood by rules and answers are quoted.

    Args:
        retriever: Any retriever; :class:`~xmrag_plugin.CrossModalRetriever` takes pictures too.
        synthesizer: How turns are answered.
        node_postprocessors: As in LlamaIndex.
        conversation: The memory.
        condense: Template for making a message stand alone, with ``{message}``.
        read_picture: ``bytes → words``: reads the words off a picture that the user gives (OCR).

    Example:
        >>> engine = index.as_chat_engine()                                     # doctest: +SKIP
        >>> engine.chat("What is this flower?", images=["flower.jpg"])          # doctest: +SKIP
        >>> engine.chat("And the one to its left?").metadata["citations"]       # doctest: +SKIP
    """

    def __init__(
        self,
        retriever: BaseRetriever,
        synthesizer: CrossModalSynthesizer | None = None,
        *,
        node_postprocessors: Sequence[BaseNodePostprocessor] = (),
        conversation: Conversation | None = None,
        condense: str = CONDENSE,
        read_picture: Callable[[bytes], str] | None = None,
    ) -> None:
        self._turns = TurnTaking(
            retriever,
            synthesizer or CrossModalSynthesizer(),
            conversation or Conversation(),
            list(node_postprocessors),
            condense,
            read_picture,
        )

    @property
    def conversation(self) -> Conversation:
        """The memory."""
        return self._turns.conversation

    @classmethod
    def from_args(
        cls,
        retriever: BaseRetriever,
        llm: LLM | Literal["none"] | None = None,
        *,
        node_postprocessors: Sequence[BaseNodePostprocessor] = (),
        read_picture: Callable[[bytes], str] | None = None,
        **synthesizer: Any,
    ) -> CrossModalChatEngine:
        """Make one from a retriever and the arguments of :class:`~xmrag_plugin.CrossModalSynthesizer`.

        Over a :class:`~xmrag_plugin.CrossModalRetriever`, its index reads the pictures that are given.
        """
        check_options(synthesizer, CrossModalSynthesizer)
        made = CrossModalSynthesizer(llm=llm, **synthesizer)
        if read_picture is None:
            read_picture = getattr(getattr(retriever, "index", None), "read_picture", None)
        return cls(retriever, made, node_postprocessors=node_postprocessors, read_picture=read_picture)

    def fork(self) -> CrossModalChatEngine:
        """Another conversation over the same parts, with nothing said yet."""
        turns = self._turns
        return type(self)(
            turns.retriever,
            turns.synthesizer,
            node_postprocessors=turns.node_postprocessors,
            condense=turns.condense,
            read_picture=turns.read_picture,
        )

    # the LlamaIndex face -------------------------------------------------------------------

    @property
    def chat_history(self) -> list[ChatMessage]:
        """What was said, pictures included."""
        return self.conversation.messages()

    def reset(self) -> None:
        """Forget the conversation."""
        self.conversation.clear()

    def chat(
        self,
        message: str,
        chat_history: list[ChatMessage] | None = None,
        *,
        images: Sequence[PictureLike] = (),
    ) -> CrossModalChatResponse:
        """Say something, with pictures if you like.

        Args:
            message: The words; may be empty when there are pictures.
            chat_history: Replaces what was said before.
            images: Files, bytes, data URIs, PIL images.

        Raises:
            UsageError: If nothing is said.
            GenerationError: If the generator failed for a reason that is to be shown.
        """
        asking = self._turns.begin(message, chat_history, images)
        answered = self._turns.synthesizer.synthesize(
            QueryBundle(asking.question), asking.nodes, **asking.context, streaming=False
        )
        response = CrossModalChatResponse.of(answered)
        self._turns.remember(asking, response)
        return response

    async def achat(
        self,
        message: str,
        chat_history: list[ChatMessage] | None = None,
        *,
        images: Sequence[PictureLike] = (),
    ) -> CrossModalChatResponse:
        """:meth:`chat` on the event loop."""
        asking = await self._turns.abegin(message, chat_history, images)
        answered = await self._turns.synthesizer.asynthesize(
            QueryBundle(asking.question), asking.nodes, **asking.context, streaming=False
        )
        response = CrossModalChatResponse.of(answered)
        await asyncio.to_thread(self._turns.remember, asking, response)
        return response

    def stream_chat(
        self,
        message: str,
        chat_history: list[ChatMessage] | None = None,
        *,
        images: Sequence[PictureLike] = (),
    ) -> CrossModalStreamingChatResponse:
        """:meth:`chat` piece by piece; the citations, and the memory of the turn, are there at its end."""
        asking = self._turns.begin(message, chat_history, images)
        inner = self._turns.synthesizer.synthesize(
            QueryBundle(asking.question), asking.nodes, **asking.context, streaming=True
        )
        if not isinstance(inner, CrossModalStreamingResponse):
            raise UsageError("A structured answer cannot be streamed.", hint="Use chat, or no output_cls.")
        response = CrossModalStreamingChatResponse(source_nodes=inner.source_nodes)

        def pieces() -> Generator[str, None, None]:
            yield from inner.response_gen
            response.finish(inner.response_txt or "", inner.metadata or {})
            self._turns.remember(asking, response)

        response.pieces = pieces()
        return response

    async def astream_chat(
        self,
        message: str,
        chat_history: list[ChatMessage] | None = None,
        *,
        images: Sequence[PictureLike] = (),
    ) -> CrossModalStreamingChatResponse:
        """:meth:`stream_chat` on the event loop: ``async for piece in response.async_response_gen()``."""
        asking = await self._turns.abegin(message, chat_history, images)
        inner = await self._turns.synthesizer.asynthesize(
            QueryBundle(asking.question), asking.nodes, **asking.context, streaming=True
        )
        if not isinstance(inner, CrossModalAsyncStreamingResponse):
            raise UsageError("A structured answer cannot be streamed.", hint="Use achat, or no output_cls.")
        response = CrossModalStreamingChatResponse(source_nodes=inner.source_nodes)

        async def pieces() -> AsyncGenerator[str, None]:
            async for piece in inner.response_gen:
                yield piece
            response.finish(inner.checked_txt or "", inner.metadata or {})
            await asyncio.to_thread(self._turns.remember, asking, response)

        response.apieces = pieces()
        return response
