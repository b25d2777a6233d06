"""Conversations with pictures: each turn is understood in context, retrieves, cites and may abstain."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.memory import BaseMemory
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import QueryBundle

from ...answers.response import CrossModalAsyncStreamingResponse, CrossModalStreamingResponse
from ...errors import UsageError
from ...search.questions import PictureLike
from ..options import check_options, translate_options
from ..sync_async import IN_THREAD, ON_LOOP, Waiting, blocking
from ..synthesizer import AnyResponse, CrossModalSynthesizer
from .conversation import Conversation
from .messages import History
from .response import CrossModalChatResponse, CrossModalStreamingChatResponse
from .turns import CONDENSE, Asking, TurnTaking

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

__all__ = ["CrossModalChatEngine"]


class CrossModalChatEngine(BaseChatEngine):
    """A conversation over a retriever; its messages and its answers may hold pictures.

    One engine is one conversation; :meth:`fork` gives another over the same parts, and any number of
    them may talk at once. Without an LLM follow-ups are understood by rules and answers are quoted.
    A question is remembered as soon as it is asked, and of its answer what had come, however it ends.

    Args:
        retriever: Any retriever; :class:`~xmrag_plugin.CrossModalRetriever` takes pictures too.
        synthesizer: How turns are answered.
        node_postprocessors: As in LlamaIndex.
        conversation: What was said.
        condense: Template for making a message stand alone, with ``{message}``.
        read_picture: ``bytes → words``: reads the words off a picture that the user gives (OCR).
        memory: A LlamaIndex memory to take the conversation up from and to keep it in; its chat store may
            persist it. Pictures stand in it as ``ImageBlock``.

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
        memory: BaseMemory | None = None,
    ) -> None:
        self._turns = TurnTaking(
            retriever,
            synthesizer or CrossModalSynthesizer(),
            conversation or Conversation(),
            list(node_postprocessors),
            condense,
            read_picture,
            memory,
        )

    @property
    def conversation(self) -> Conversation:
        """Return the conversation so far."""
        return self._turns.conversation

    @classmethod
    def from_args(
        cls,
        retriever: BaseRetriever,
        llm: LLM | Literal["none"] | None = None,
        *,
        node_postprocessors: Sequence[BaseNodePostprocessor] = (),
        read_picture: Callable[[bytes], str] | None = None,
        condense: str = CONDENSE,
        memory: BaseMemory | None = None,
        chat_history: History | None = None,
        **synthesizer: Any,
    ) -> CrossModalChatEngine:
        """Make one from a retriever and the arguments of :class:`~xmrag_plugin.CrossModalSynthesizer`.

        Over a :class:`~xmrag_plugin.CrossModalRetriever`, its index reads the pictures that are given.
        LlamaIndex's ``system_prompt`` and ``chat_mode`` are taken too, and ``chat_history`` as :meth:`chat` takes it.

        Raises:
            UsageError: For an option that there is not, naming what does the same; or for a history that is none.
        """
        options = translate_options(synthesizer)
        known = ("memory", "chat_history", "condense", "node_postprocessors")
        check_options(options, CrossModalSynthesizer, also=known)
        made = CrossModalSynthesizer(llm=llm, **options)
        if read_picture is None:
            read_picture = getattr(getattr(retriever, "index", None), "read_picture", None)
        engine = cls(
            retriever,
            made,
            node_postprocessors=node_postprocessors,
            condense=condense,
            read_picture=read_picture,
            memory=memory,
        )
        if chat_history is not None:
            blocking(engine._turns.recall(IN_THREAD, chat_history))
        return engine

    def fork(self) -> CrossModalChatEngine:
        """Return another conversation over the same parts, with nothing said yet and no memory outside."""
        turns = self._turns
        return type(self)(
            turns.retriever,
            turns.synthesizer,
            node_postprocessors=turns.node_postprocessors,
            condense=turns.condense,
            read_picture=turns.read_picture,
        )

    # LlamaIndex's interface -------------------------------------------------------------------

    @property
    def chat_history(self) -> list[ChatMessage]:
        """Return the messages so far, with the pictures of both sides."""
        return self._turns.said()

    def reset(self) -> None:
        """Forget the conversation."""
        self._turns.reset()

    def chat(
        self,
        message: str,
        chat_history: History | None = None,
        *,
        images: Sequence[PictureLike] = (),
    ) -> CrossModalChatResponse:
        """Say something, with pictures if you like.

        Args:
            message: The words; may be empty when there are pictures.
            chat_history: Replaces what was said before: messages of LlamaIndex, or mappings with ``role`` and
                ``content`` as OpenAI's clients hold them.
            images: Files, bytes, data URIs, PIL images.

        Raises:
            UsageError: If nothing is said, or the history is none.
            GenerationError: If the model failed for a reason that is to be shown.
        """
        return blocking(self._chat(IN_THREAD, message, chat_history, images))

    async def achat(
        self,
        message: str,
        chat_history: History | None = None,
        *,
        images: Sequence[PictureLike] = (),
    ) -> CrossModalChatResponse:
        """Call :meth:`chat` on the event loop."""
        return await self._chat(ON_LOOP, message, chat_history, images)

    async def _chat(self, way: Waiting, message: str, *args: Any) -> CrossModalChatResponse:
        asking = await self._turns.begin(way, message, *args)
        response = CrossModalChatResponse.of(await self._answer(way, asking, streaming=False))
        await self._turns.finish(way, asking, response)
        return response

    async def _answer(self, way: Waiting, asking: Asking, *, streaming: bool) -> AnyResponse:
        synthesizer = self._turns.synthesizer
        query = QueryBundle(asking.question)
        return await way.call(
            synthesizer.synthesize,
            synthesizer.asynthesize,
            query,
            asking.nodes,
            **asking.context,
            streaming=streaming,
        )

    def stream_chat(
        self,
        message: str,
        chat_history: History | None = None,
        *,
        images: Sequence[PictureLike] = (),
    ) -> CrossModalStreamingChatResponse:
        """Answer as :meth:`chat` does, piece by piece; the citations are there at its end."""
        asking, inner = blocking(self._begin_stream(IN_THREAD, message, chat_history, images))
        response = CrossModalStreamingChatResponse(source_nodes=inner.source_nodes)

        def pieces() -> Generator[str, None, None]:
            try:
                for piece in inner.response_gen:
                    self._turns.say(asking, piece)
                    yield piece
                response.finish(inner.response_txt or "", inner.metadata or {})
            finally:
                blocking(self._turns.finish(IN_THREAD, asking, response if response.ended else None))

        response.pieces = pieces()
        return response

    async def astream_chat(
        self,
        message: str,
        chat_history: History | None = None,
        *,
        images: Sequence[PictureLike] = (),
    ) -> CrossModalStreamingChatResponse:
        """Call :meth:`stream_chat` on the event loop: ``async for piece in response.async_response_gen()``."""
        asking, inner = await self._begin_stream(ON_LOOP, message, chat_history, images)
        response = CrossModalStreamingChatResponse(source_nodes=inner.source_nodes)

        async def pieces() -> AsyncGenerator[str, None]:
            try:
                async for piece in inner.response_gen:
                    self._turns.say(asking, piece)
                    yield piece
                response.finish(inner.checked_txt or "", inner.metadata or {})
            finally:
                await self._turns.finish(ON_LOOP, asking, response if response.ended else None)

        response.apieces = pieces()
        return response

    async def _begin_stream(self, way: Waiting, message: str, *args: Any) -> tuple[Asking, Any]:
        asking = await self._turns.begin(way, message, *args)
        inner = await self._answer(way, asking, streaming=True)
        if not isinstance(inner, (CrossModalStreamingResponse, CrossModalAsyncStreamingResponse)):
            raise UsageError("A structured answer cannot be streamed.", hint="Use chat, or no output_cls.")
        return asking, inner
