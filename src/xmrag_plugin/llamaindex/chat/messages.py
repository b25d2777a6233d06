"""Histories as applications hold them, as LlamaIndex messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ContentBlock, ImageBlock, MessageRole, TextBlock

from ...errors import UsageError
from ...text.sentences import excerpt

__all__ = ["History", "as_messages"]

History = Sequence[ChatMessage | Mapping[str, Any]]

_HINT = "Give ChatMessage of LlamaIndex, its model_dump(), or {'role': 'user', 'content': 'words or parts'}."
_WORDS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
_PICTURES = ("image_url", "input_image")


def as_messages(history: History) -> list[ChatMessage]:
    """Return a history as LlamaIndex messages.

    Args:
        history: Messages of LlamaIndex, what their ``model_dump`` gives, or OpenAI's form, which chat front ends
            use. A link in it is kept and not opened here.

    Raises:
        UsageError: If a row is no message, or a part of one is of a kind that is not taken.
    """
    return [each if isinstance(each, ChatMessage) else _message(each) for each in history]


def _message(row: object) -> ChatMessage:
    if not isinstance(row, Mapping) or "role" not in row:
        raise UsageError(f"{excerpt(repr(row), 12)} is no message of a conversation.", hint=_HINT)
    content = row.get("content")
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content or ()
    try:
        if "blocks" in row:
            return ChatMessage.model_validate(dict(row))
        return ChatMessage(role=MessageRole(str(row["role"])), blocks=list(_blocks(parts)))
    except (TypeError, ValueError) as error:
        raise UsageError(f"{excerpt(repr(row), 12)} is no message: {error}", hint=_HINT) from error


def _blocks(parts: Iterable[Mapping[str, Any]]) -> Iterable[ContentBlock]:
    for part in parts:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind in _WORDS:
            yield TextBlock(text=str(part.get(_WORDS[kind]) or ""))
        elif kind in _PICTURES:
            address = part.get("image_url")
            yield ImageBlock(url=address.get("url") if isinstance(address, Mapping) else address)
        else:
            raise UsageError(
                f"A part of a message, {excerpt(repr(part), 12)}, is neither words nor a picture.",
                hint="Give a picture as {'type': 'image_url', 'image_url': {'url': 'data:image/png;base64,…'}}, or "
                "the message as ChatMessage with ImageBlock(path=…).",
            )
