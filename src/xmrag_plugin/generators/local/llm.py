"""The interface of a LlamaIndex LLM, shared by the generators of this process: chat, complete, streams, async twins."""

from __future__ import annotations

import asyncio
import queue
from abc import abstractmethod
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import LogProb
from llama_index.core.bridge.pydantic import ConfigDict, Field
from llama_index.core.llms import (
    LLM,
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    MessageRole,
    TextBlock,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback

from ...errors import UsageError
from ...types import MAX_PICTURE_PX
from .prompting import Turn, conversation
from .work import GenerationOptions, Work

__all__ = ["LocalChatLLM"]

_CLOSING_WAIT_S = 5.0
_KNOWN = ("max_tokens", "max_new_tokens", "temperature", "top_p", "stop", "seed", "logprobs", "form")


class LocalChatLLM(LLM):
    """A model in this process as a LlamaIndex chat LLM, whatever runs it.

    Callers take turns. Closing a stream stops the model at the next token.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, protected_namespaces=())

    max_new_tokens: int = Field(default=512, gt=0, description="Most tokens of an answer.")
    temperature: float = Field(default=0.0, ge=0.0, description="0 takes the likeliest token.")
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    stop: list[str] = Field(default_factory=list, description="Strings at which an answer ends.")
    picture_side: int = Field(default=1536, gt=0, description="Pictures are brought down to this side.")
    max_picture_px: int = Field(default=MAX_PICTURE_PX, gt=0)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> LocalChatLLM:
        return self

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Answer a conversation; see :class:`GenerationOptions` for what may be given by keyword."""
        return self._chat(messages, kwargs)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Answer a prompt."""
        return _completion(self._chat(_prompt(prompt), kwargs))

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Answer piece by piece; closing the stream stops the model."""
        return self._stream(messages, kwargs)

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """Answer a prompt piece by piece."""
        return (_completion(response) for response in self._stream(_prompt(prompt), kwargs))

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Do as :meth:`chat`, without blocking the loop; cancelling the task stops the model."""
        return await self._achat(messages, kwargs)

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Do as :meth:`complete`, without blocking the loop."""
        return _completion(await self._achat(_prompt(prompt), kwargs))

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """Do as :meth:`stream_chat`, without blocking the loop."""
        return self._astream(messages, kwargs)

    @llm_completion_callback()
    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseAsyncGen:
        """Do as :meth:`stream_complete`, without blocking the loop."""

        async def completions() -> AsyncGenerator[CompletionResponse, None]:
            async for response in self._astream(_prompt(prompt), kwargs):
                yield _completion(response)

        return completions()

    def _chat(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> ChatResponse:
        pieces: list[str] = []
        work = self._generation(messages, kwargs, lambda piece: pieces.append(piece or ""))
        work.run()
        _raise(work)
        return _response("".join(pieces), work)

    def _stream(
        self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]
    ) -> Generator[ChatResponse, None, None]:
        pieces: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        work = self._generation(messages, kwargs, pieces.put).start()
        text = ""
        try:
            while (piece := pieces.get()) is not None:
                text += piece
                yield _response(text, work, delta=piece)
            _raise(work)
            yield _response(text, work, delta="")
        finally:
            work.cancel(wait_s=_CLOSING_WAIT_S)

    async def _achat(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> ChatResponse:
        last = _response("", None)
        stream = self._astream(messages, kwargs)
        try:
            async for response in stream:
                last = response
        finally:
            await stream.aclose()
        return last.model_copy(update={"delta": None})

    async def _astream(
        self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]
    ) -> AsyncGenerator[ChatResponse, None]:
        """Stream over the loop's own queue; neither loading nor generating blocks the loop."""
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[str | None] = asyncio.Queue()

        def emit(piece: str | None) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(pieces.put_nowait, piece)

        work = await asyncio.to_thread(self._generation, messages, kwargs, emit)
        work.start()
        text = ""
        try:
            while (piece := await pieces.get()) is not None:
                text += piece
                yield _response(text, work, delta=piece)
            _raise(work)
            yield _response(text, work, delta="")
        finally:
            work.cancel()

    def _generation(
        self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any], emit: Callable[[str | None], None]
    ) -> Work:
        options = self._options(kwargs)
        return self._work(self._turns(messages), options, emit)

    @abstractmethod
    def _work(
        self, turns: Sequence[Turn], options: GenerationOptions, emit: Callable[[str | None], None]
    ) -> Work:
        """Load the model, and prepare one answer."""

    def _template(self) -> dict[str, Any]:
        """Return variables of the chat template."""
        return {}

    def _turns(self, messages: Sequence[ChatMessage]) -> list[Turn]:
        return conversation(
            messages,
            side=self.picture_side,
            max_px=self.max_picture_px,
            system_prompt=self.system_prompt,
        )

    def _options(self, kwargs: Mapping[str, Any]) -> GenerationOptions:
        unknown = [name for name in kwargs if name not in _KNOWN]
        if unknown:
            raise UsageError(
                f"{type(self).__name__} has no option {unknown[0]!r}.", hint=f"Known: {', '.join(_KNOWN)}."
            )
        stop = kwargs.get("stop")
        stops = [stop] if isinstance(stop, str) else list(stop or ())
        return GenerationOptions(
            max_tokens=int(kwargs.get("max_tokens") or kwargs.get("max_new_tokens") or self.max_new_tokens),
            temperature=_either(kwargs.get("temperature"), self.temperature),
            top_p=_either(kwargs.get("top_p"), self.top_p),
            stop=(*stops, *self.stop),
            seed=kwargs.get("seed"),
            logprobs=bool(kwargs.get("logprobs")),
            form=kwargs.get("form"),
            template=self._template(),
        )


def _completion(response: ChatResponse) -> CompletionResponse:
    return CompletionResponse(
        text=response.message.content or "",
        delta=response.delta,
        raw=response.raw,
        logprobs=response.logprobs,
        additional_kwargs=response.additional_kwargs,
    )


def _prompt(text: str) -> list[ChatMessage]:
    return [ChatMessage(role=MessageRole.USER, content=text)]


def _either(value: float | None, default: float) -> float:
    return default if value is None else float(value)


def _raise(work: Work) -> None:
    if work.error is not None:
        raise work.error


def _response(text: str, work: Work | None, *, delta: str | None = None) -> ChatResponse:
    """Return a reply so far; counts, reason and log-probabilities once the work is done."""
    raw: dict[str, Any] = {}
    usage: dict[str, Any] = {}
    scores: list[list[LogProb]] | None = None
    if work is not None and work.finish_reason:
        usage = {
            "prompt_tokens": work.prompt_tokens,
            "completion_tokens": work.completion_tokens,
            "total_tokens": work.prompt_tokens + work.completion_tokens,
        }
        raw = {
            "model": work.model_name,
            "finish_reason": work.finish_reason,
            "usage": dict(usage),
            "placement": work.placed,
        }
        if work.thoughts:
            raw["thoughts"] = work.thoughts
        if work.scores:
            scores = [[LogProb(token=score.token, logprob=score.logprob, bytes=[])] for score in work.scores]
    return ChatResponse(
        message=ChatMessage(role=MessageRole.ASSISTANT, blocks=[TextBlock(text=text)]),
        delta=delta,
        raw=raw,
        logprobs=scores,
        additional_kwargs=usage,
    )
