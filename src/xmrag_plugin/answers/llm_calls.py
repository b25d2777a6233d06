"""Send one request of a response mode to a LlamaIndex LLM: waiting, on an event loop, or as a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatResponse, LogProb

from ..errors import CapabilityMissing, UsageError
from .response_modes import Call, Reply

if TYPE_CHECKING:
    from ..generators.fallback.llm import FallbackLLM

__all__ = ["areply_to", "astream_reply", "reply_to", "scorer_of", "stream_reply"]


def scorer_of(llm: FallbackLLM) -> Any | None:
    """Return the chain's only model, when it can score a given answer; None otherwise."""
    candidates = llm.candidates
    if len(candidates) != 1 or not candidates[0].is_open:
        return None
    return candidates[0].llm if callable(getattr(candidates[0].llm, "score", None)) else None


def reply_to(llm: FallbackLLM, call: Call) -> Reply:
    """Send a call and wait for its reply.

    Raises:
        GenerationError: If no model of the chain answered, or none can do what the call asks.
    """
    if call.scored is not None:
        return _score(llm, call)
    asked, options = _asked(llm, call)
    with _missing_option(llm, call):
        return _reply(asked.chat(call.messages, **options), call)


async def areply_to(llm: FallbackLLM, call: Call) -> Reply:
    """Send a call from an event loop; see :func:`reply_to`."""
    if call.scored is not None:
        return await asyncio.to_thread(_score, llm, call)
    asked, options = _asked(llm, call)
    with _missing_option(llm, call):
        return _reply(await asked.achat(call.messages, **options), call)


def stream_reply(llm: FallbackLLM, call: Call) -> Generator[ChatResponse, None, None]:
    """Yield the responses of a call as they come; each has its ``delta``."""
    yield from llm.stream_chat(call.messages)


async def astream_reply(llm: FallbackLLM, call: Call) -> AsyncGenerator[ChatResponse, None]:
    """Yield the responses of a call on an event loop; each has its ``delta``."""
    async for response in await llm.astream_chat(call.messages):
        yield response


def _asked(llm: FallbackLLM, call: Call) -> tuple[Any, dict[str, Any]]:
    """Return the LLM that takes the call, and its options."""
    if call.output_cls is not None:
        return llm.as_structured_llm(call.output_cls), {}
    options: dict[str, Any] = {"logprobs": True} if call.logprobs else {}
    return llm, {**options, "form": call.form} if call.form is not None else options


@contextmanager
def _missing_option(llm: FallbackLLM, call: Call) -> Iterator[None]:
    """Raise CapabilityMissing where a model does not know the option ``logprobs``."""
    try:
        yield
    except (TypeError, UsageError) as error:
        if not call.logprobs:
            raise
        raise CapabilityMissing(
            f"{llm.metadata.model_name} does not take the option 'logprobs': {error}",
            hint="Use mode='compact' or 'refine'.",
        ) from error


def _reply(response: ChatResponse, call: Call) -> Reply:
    if call.output_cls is not None:
        if not isinstance(response.raw, call.output_cls):
            raise CapabilityMissing(
                f"The model gave {type(response.raw).__name__} for {call.output_cls.__name__}.",
                hint="Use a model that calls functions or writes JSON, or ask without output_cls.",
            )
        return Reply("", raw=response)
    scored = _sum(response.logprobs)
    return Reply(
        response.message.content or "", _raw_sum(response.raw) if scored is None else scored, response
    )


def _score(llm: FallbackLLM, call: Call) -> Reply:
    scorer = scorer_of(llm)
    if scorer is None:
        raise CapabilityMissing("These models cannot score a given answer.", hint="Use one local model.")
    scored = scorer.score(call.messages, call.scored)
    return Reply(call.scored or "", float(sum(token.logprob for token in scored)))


def _sum(logprobs: Sequence[Sequence[LogProb]] | None) -> float | None:
    """Sum the log-probabilities of the tokens written: the first of each position's alternatives."""
    if not logprobs:
        return None
    return float(sum(position[0].logprob for position in logprobs if position))


def _raw_sum(raw: Any) -> float | None:
    """Sum the log-probabilities in a response as OpenAI's protocol has them."""
    choices = getattr(raw, "choices", None)
    if not choices:
        return None
    content = getattr(getattr(choices[0], "logprobs", None), "content", None)
    return float(sum(token.logprob for token in content)) if content else None
