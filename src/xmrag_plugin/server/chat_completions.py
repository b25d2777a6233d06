"""``/v1/chat/completions`` and ``/v1/models`` as OpenAI's clients expect them.

Citations come twice: as Markdown with links to the pages that show them, for clients that show text, and in the
field ``xmrag`` of the last message, for programs.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from ..answers.injection import count_tokens
from ..errors import UsageError
from .access import error_body
from .routes import STREAMED, AnsweringRoute
from .service import DATA_URI, Service, picture_of_data_uri, source_link

__all__ = ["MODEL", "chat_router"]

MODEL = "xmrag"
_SOURCE_LINE = re.compile(r"\[\d+\] \[.*\]\(<[^<>]*/source/[^<>]*>\)")


class _TextPart(BaseModel):
    type: Literal["text"]
    text: str


class _ImageURL(BaseModel):
    url: str = Field(json_schema_extra={"pattern": DATA_URI.pattern})


class _ImagePart(BaseModel):
    type: Literal["image_url"]
    image_url: _ImageURL


class _RefusalPart(BaseModel):
    type: Literal["refusal"]
    refusal: str


_Part = Annotated[_TextPart | _ImagePart | _RefusalPart, Field(discriminator="type")]


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[_Part] | None = None

    @property
    def words(self) -> str:
        if isinstance(self.content, str):
            return self.content
        parts = [part for part in self.content or () if not isinstance(part, _ImagePart)]
        return "\n".join(part.text if isinstance(part, _TextPart) else part.refusal for part in parts)

    @property
    def pictures(self) -> list[bytes]:
        if isinstance(self.content, str):
            return []
        parts = [part for part in self.content or () if isinstance(part, _ImagePart)]
        return [picture_of_data_uri(part.image_url.url) for part in parts]


class _StreamOptions(BaseModel):
    include_usage: bool = False


class _Format(BaseModel):
    type: Literal["text"]


class ChatRequest(BaseModel):
    """A request for a chat completion.

    What would leave a client without what it waits for (several choices, JSON, a call of a tool) is refused;
    further fields of OpenAI's are taken and left aside.
    """

    model_config = ConfigDict(extra="ignore")

    model: str = MODEL
    messages: list[_Message] = Field(min_length=1)
    stream: bool = False
    stream_options: _StreamOptions | None = None
    n: Literal[1] | None = None
    response_format: _Format | None = None
    tool_choice: Literal["auto", "none"] | None = None


def chat_router(service: Service) -> APIRouter:
    """Return the routes over a service."""
    routes = APIRouter(tags=["OpenAI-compatible"], route_class=AnsweringRoute)

    @routes.get("/v1/models")
    async def models() -> dict[str, Any]:
        """List the one model that answers from the collection."""
        row = {"id": MODEL, "object": "model", "created": 0, "owned_by": "xmrag-plugin"}
        return {"object": "list", "data": [row]}

    @routes.get("/v1/models/{name}")
    async def model(name: str) -> Any:
        """Describe the model."""
        if name != MODEL:
            return JSONResponse(error_body(f"There is no model {name!r}.", "invalid_request_error"), 404)
        return {"id": MODEL, "object": "model", "created": 0, "owned_by": "xmrag-plugin"}

    @routes.post("/v1/chat/completions", response_model=None, responses=STREAMED)
    async def complete(request: Request, asked: ChatRequest) -> Any:
        """Answer a conversation from the collection, whole or as a stream."""
        words, pictures, history = _conversation(asked.messages, service)
        base = str(request.base_url).rstrip("/")
        head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": MODEL}
        if asked.stream:
            pieces = _stream(service, asked, words, pictures, history, base, head)
            first = await _first_words(pieces)  # so that an early error is a status, not a text
            return StreamingResponse(_events(first, pieces), media_type="text/event-stream")
        response = await service.work(
            "chat", lambda: service.index.as_chat_engine().chat(words, history, images=pictures)
        )
        metadata = response.metadata or {}
        answer = str(response.response) + _links(metadata.get("citations", []), base)
        return {
            **head,
            "object": "chat.completion",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": answer, "xmrag": _extension(metadata)},
                    "finish_reason": "stop",
                    "logprobs": None,
                }
            ],
            "usage": _usage(asked.messages, answer),
        }

    return routes


def _conversation(messages: Sequence[_Message], service: Service) -> tuple[str, list[bytes], list[Any]]:
    """Return the newest message's words and pictures, and what was said before, as LlamaIndex messages.

    Raises:
        UsageError: If the newest message is not the user's, or there is too much of it.
    """
    from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock

    if len(messages) > service.limits.messages:
        raise UsageError(
            f"The conversation has {len(messages)} messages; {service.limits.messages} are taken.",
            hint="Leave out the oldest.",
        )
    spoken = [message for message in messages if message.role != "tool"]
    if not spoken or spoken[-1].role != "user":
        raise UsageError("The last message is not the user's.", hint="End with a message of the role 'user'.")
    *before, newest = spoken
    pictures = newest.pictures
    if len(pictures) > service.limits.pictures:
        raise UsageError(
            f"The question has {len(pictures)} pictures; {service.limits.pictures} are taken.",
            hint="Ask with fewer.",
        )
    history = []
    for message in before:
        role = "system" if message.role == "developer" else message.role
        words = _without_links(message.words) if role == "assistant" else message.words
        blocks: list[Any] = [TextBlock(text=words)] if words else []
        blocks += [ImageBlock(image=picture) for picture in message.pictures]
        history.append(ChatMessage(role=role, blocks=blocks))
    return newest.words, pictures, history


async def _stream(
    service: Service,
    asked: ChatRequest,
    words: str,
    pictures: list[bytes],
    history: list[Any],
    base: str,
    head: dict[str, Any],
) -> AsyncIterator[dict[str, Any]]:
    """Yield the chunks of a streamed answer: role, words, sources with the extension, usage."""
    answer = []
    responses: list[Any] = []

    def begin() -> Iterator[str]:
        responses.append(service.index.as_chat_engine().stream_chat(words, history, images=pictures))
        return iter(responses[0].response_gen)

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return {**head, "object": "chat.completion.chunk", "choices": [choice]}

    yield chunk({"role": "assistant", "content": ""})
    async for piece in service.pieces(begin):
        answer.append(piece)
        yield chunk({"content": piece})
    metadata = getattr(responses[0], "metadata", None) or {}
    links = _links(metadata.get("citations", []), base)
    if links:
        answer.append(links)
        yield chunk({"content": links})
    service.count("chat")
    yield chunk({"xmrag": _extension(metadata)}, "stop")
    if asked.stream_options is not None and asked.stream_options.include_usage:
        usage = _usage(asked.messages, "".join(answer))
        yield {**head, "object": "chat.completion.chunk", "choices": [], "usage": usage}


async def _first_words(pieces: AsyncIterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the role's chunk and the first chunk with words, so far as there are any."""
    first: list[dict[str, Any]] = []
    async for piece in pieces:
        first.append(piece)
        if len(first) == 2:
            break
    return first


async def _events(first: list[dict[str, Any]], pieces: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    """Yield server-sent events; an error amid the stream is an event of its own, as OpenAI sends it."""
    for piece in first:
        yield _event(piece)
    try:
        async for piece in pieces:
            yield _event(piece)
    except Exception as error:
        yield _event(error_body(str(error), type(error).__name__))
        return
    yield "data: [DONE]\n\n"


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _extension(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return what programs may want to know of an answer."""
    keys = ("citations", "abstained", "generator")
    return {key: metadata[key] for key in keys if key in metadata}


def _links(citations: Sequence[dict[str, Any]], base: str) -> str:
    """Return the sources as Markdown, each linked to the page that shows it."""
    rows = []
    for citation in citations:
        place = citation["source"] + (f", p. {citation['page']}" if citation.get("page") is not None else "")
        label = "".join(f"\\{c}" if c in "[]\\`*_<>" else c for c in place if c.isprintable())
        doubt = "" if citation.get("supported", True) else " (not found there)"
        rows.append(f"[{citation['n']}] [{label}](<{source_link(base, citation)}>){doubt}")
    return "\n\n" + "  \n".join(rows) if rows else ""


def _without_links(answer: str) -> str:
    """Return an answer as it was before :func:`_links`: clients send it back with its sources, which say nothing new."""
    words, parted, last = answer.rstrip().rpartition("\n\n")
    return words if parted and all(_SOURCE_LINE.match(line) for line in last.splitlines()) else answer


def _usage(messages: Sequence[_Message], answer: str) -> dict[str, int]:
    """Estimate tokens: the generators behind differ, and quoting uses none."""
    prompt = sum(count_tokens(message.words) for message in messages)
    written = count_tokens(answer)
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}
