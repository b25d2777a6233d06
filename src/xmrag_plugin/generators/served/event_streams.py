"""HTTP clients that notice when a stream of server-sent events ends before its end is announced.

OpenAI's protocol announces the end of an answer by a ``finish_reason`` and closes with ``data: [DONE]``. Its
client takes any end of the response for the end of the answer, so that an answer cut short by a proxy or a
dying server looks whole.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx

__all__ = ["checked_client", "closing_streams"]

_END = re.compile(rb'data:\s*\[DONE\]|"finish_reason"\s*:\s*"|"error"\s*:')
_OVERLAP = 64
"""Bytes of the previous chunk that are looked at again: an announcement may lie across two chunks."""


def checked_client(*, is_async: bool, timeout: httpx.Timeout, trust_env: bool) -> Any:
    """Make an httpx client whose event streams raise when they end without an announcement.

    Args:
        is_async: Whether an ``AsyncClient`` is wanted.
        timeout: Of each request.
        trust_env: Whether proxies of the environment are used.

    Returns:
        A client that raises ``httpx.RemoteProtocolError`` at the end of such a stream.
    """
    if is_async:

        async def acheck(response: httpx.Response) -> None:
            if _is_events(response):
                response.stream = _AsyncChecked(response.stream)

        return httpx.AsyncClient(trust_env=trust_env, timeout=timeout, event_hooks={"response": [acheck]})

    def check(response: httpx.Response) -> None:
        if _is_events(response):
            response.stream = _Checked(response.stream)

    return httpx.Client(trust_env=trust_env, timeout=timeout, event_hooks={"response": [check]})


def closing_streams(client: Any, *, is_async: bool = False) -> Any:
    """Have an OpenAI client close a stream as soon as whoever reads it goes away.

    The client's own stream refers to itself: left alone, it is closed when the garbage collector comes by, and until then
    the server writes on what nobody reads.

    Args:
        client: ``OpenAI`` or ``AsyncOpenAI``; it is changed.
        is_async: Whether it is the latter.
    """
    completions = client.chat.completions
    if "create" not in vars(completions):  # else it has been changed before
        completions.create = (_acreate if is_async else _create)(completions.create)
    return client


def _create(create: Callable[..., Any]) -> Callable[..., Any]:
    def until_left(stream: Any) -> Iterator[Any]:
        try:
            for piece in stream:
                yield from _one_call_each(piece)
        finally:
            stream.close()

    def created(*given: Any, **options: Any) -> Any:
        reply = create(*given, **options)
        return until_left(reply) if options.get("stream") else reply

    return created


def _acreate(create: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def until_left(stream: Any) -> AsyncIterator[Any]:
        try:
            async for piece in stream:
                for part in _one_call_each(piece):
                    yield part
        finally:
            await stream.close()

    async def created(*given: Any, **options: Any) -> Any:
        reply = await create(*given, **options)
        return until_left(reply) if options.get("stream") else reply

    return created


def _one_call_each(piece: Any) -> Iterator[Any]:
    """Part a chunk with several tool calls, as some servers send them; LlamaIndex takes the first of a chunk only."""
    choice = next(iter(getattr(piece, "choices", None) or ()), None)
    calls = getattr(getattr(choice, "delta", None), "tool_calls", None) or ()
    if len(calls) < 2:
        yield piece
        return
    for place, call in enumerate(calls):
        part = piece.model_copy(deep=True)
        chosen = part.choices[0]
        chosen.delta.tool_calls = [call]
        if place:
            chosen.delta.content = None
        if place < len(calls) - 1:
            chosen.finish_reason = None
        yield part


class _Announcement:
    """Remember whether an end has been announced in the bytes so far."""

    def __init__(self) -> None:
        self.found = False
        self._tail = b""

    def look(self, chunk: bytes) -> None:
        if not self.found:
            self.found = _END.search(self._tail + chunk) is not None
            self._tail = (self._tail + chunk)[-_OVERLAP:]

    def check(self) -> None:
        if not self.found:
            raise httpx.RemoteProtocolError("the event stream ended before its end was announced")


class _Checked(httpx.SyncByteStream):
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __iter__(self) -> Iterator[bytes]:
        announcement = _Announcement()
        for chunk in self._inner:
            announcement.look(chunk)
            yield chunk
        announcement.check()

    def close(self) -> None:
        self._inner.close()


class _AsyncChecked(httpx.AsyncByteStream):
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        announcement = _Announcement()
        async for chunk in self._inner:
            announcement.look(chunk)
            yield chunk
        announcement.check()

    async def aclose(self) -> None:
        await self._inner.aclose()


def _is_events(response: httpx.Response) -> bool:
    return (
        response.is_success
        and response.headers.get("content-type", "").startswith("text/event-stream")
        and response.headers.get("content-encoding", "identity") == "identity"
    )
