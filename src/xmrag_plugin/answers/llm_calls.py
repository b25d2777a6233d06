"""Calls to a ladder of LlamaIndex LLMs: waited for, on an event loop, or as a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, LogProb

from ..errors import CapabilityMissing, UsageError
from .response_modes import Call, Reply

if TYPE_CHECKING:
    from llama_index.core.bridge.pydantic import BaseModel

    from ..generators.fallback.llm import FallbackLLM

__all__ = [
    "areply_to",
    "astream_reply",
    "astructured_reply",
    "reply_to",
    "scorer_of",
    "stream_reply",
    "structured_reply",
]


def scorer_of(ladder: FallbackLLM) -> Any | None:
    """The one generator of a ladder, when it can score a given answer; None otherwise."""
    rungs = ladder.candidates
    if len(rungs) != 1 or not rungs[0].is_open:
        return None
    return rungs[0].llm if callable(getattr(rungs[0].llm, "score", None)) else None


def reply_to(ladder: FallbackLLM, call: Call) -> Reply:
    """One call, waited for."""
    if call.scored is not None:
        return _score(ladder, call)
    with _capability(ladder, call):
        return _reply(ladder.chat(call.messages, **_options(call)))


async def areply_to(ladder: FallbackLLM, call: Call) -> Reply:
    """One call on the event loop."""
    if call.scored is not None:
        return await asyncio.to_thread(_score, ladder, call)
    with _capability(ladder, call):
        return _reply(await ladder.achat(call.messages, **_options(call)))


def stream_reply(ladder: FallbackLLM, call: Call) -> Generator[ChatResponse, None, None]:
    """The responses of a call as they come; each has its ``delta``."""
    yield from ladder.stream_chat(call.messages)


async def astream_reply(ladder: FallbackLLM, call: Call) -> AsyncGenerator[ChatResponse, None]:
    """:func:`stream_reply` on the event loop."""
    async for response in await ladder.astream_chat(call.messages):
        yield response


def structured_reply(
    ladder: FallbackLLM, messages: Sequence[ChatMessage], output_cls: type[BaseModel]
) -> BaseModel:
    """An instance of ``output_cls`` filled in by the generator.

    Raises:
        GenerationError: If no rung managed it.
    """
    return _instance(ladder.as_structured_llm(output_cls).chat(list(messages)), output_cls)


async def astructured_reply(
    ladder: FallbackLLM, messages: Sequence[ChatMessage], output_cls: type[BaseModel]
) -> BaseModel:
    """:func:`structured_reply` on the event loop."""
    return _instance(await ladder.as_structured_llm(output_cls).achat(list(messages)), output_cls)


def _instance(response: ChatResponse, output_cls: type[BaseModel]) -> BaseModel:
    if not isinstance(response.raw, output_cls):
        raise CapabilityMissing(
            f"The generator gave {type(response.raw).__name__} for {output_cls.__name__}.",
            hint="Use a generator that calls functions or writes JSON, or ask without output_cls.",
        )
    return response.raw


def _options(call: Call) -> dict[str, Any]:
    return {"logprobs": True} if call.logprobs else {}


@contextmanager
def _capability(ladder: FallbackLLM, call: Call) -> Iterator[None]:
    """An option that a generator does not know is a capability that it lacks."""
    try:
        yield
    except (TypeError, UsageError) as error:
        if not call.logprobs:
            raise
        raise CapabilityMissing(
            f"{ladder.metadata.model_name} does not take the option 'logprobs': {error}",
            hint="Use mode='compact' or 'refine'.",
        ) from error


def _reply(response: ChatResponse) -> Reply:
    scored = _sum(response.logprobs)
    return Reply(
        response.message.content or "", _raw_sum(response.raw) if scored is None else scored, response
    )


def _score(ladder: FallbackLLM, call: Call) -> Reply:
    scorer = scorer_of(ladder)
    if scorer is None:
        raise CapabilityMissing("This ladder cannot score a given answer.", hint="Use one local model.")
    scored = scorer.score(call.messages, call.scored)
    return Reply(call.scored or "", float(sum(token.logprob for token in scored)))


def _sum(logprobs: Sequence[Sequence[LogProb]] | None) -> float | None:
    """Log-probability of the tokens written: the first of each position's alternatives."""
    if not logprobs:
        return None
    return float(sum(position[0].logprob for position in logprobs if position))


def _raw_sum(raw: Any) -> float | None:
    """Log-probability of the answer in a response as OpenAI's protocol has it."""
    choices = getattr(raw, "choices", None)
    if not choices:
        return None
    content = getattr(getattr(choices[0], "logprobs", None), "content", None)
    return float(sum(token.logprob for token in content)) if content else None
