"""Find out in which form a chat template takes messages: given another, it fails or silently drops words."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...text.untrusted import without_chat_tokens
from .prompting import Turn

__all__ = ["ChatShape", "chat_shape", "template_messages"]

_PROBE = "xq7k"

Messages = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ChatShape:
    """What a chat template takes.

    Attributes:
        words: Whether a message may be a text.
        parts: Whether it may be a list of parts.
        system: Whether there is a system role.
    """

    words: bool = True
    parts: bool = False
    system: bool = True


def chat_shape(render: Callable[[Messages], str]) -> ChatShape:
    """Find out what a template takes, by rendering probes.

    Args:
        render: Writes a conversation by the template; what it raises says that the template does not take it.
    """

    def shows(messages: Messages) -> bool:
        try:
            written = render(messages)
        except Exception:  # a template raises what it likes
            return False
        # A list that is written as Python or JSON would write it has not been read.
        return _PROBE in written and not any(f"{mark}{_PROBE}{mark}" in written for mark in "'\"")

    words = shows([{"role": "user", "content": _PROBE}])
    parts = shows([{"role": "user", "content": [{"type": "text", "text": _PROBE}]}])
    words = words or not parts
    first, last = (text if words else [{"type": "text", "text": text}] for text in (_PROBE, "?"))
    system = shows([{"role": "system", "content": first}, {"role": "user", "content": last}])
    return ChatShape(words, parts, system)


def template_messages(turns: Sequence[Turn], shape: ChatShape) -> Messages:
    """Return a conversation as the template takes it; where it knows no system role, its words go before the user's."""
    if len(turns) > 1 and turns[0].role == "system" and not shape.system:
        system, first, *others = turns
        turns = [Turn(first.role, [f"{system.text}\n\n", *first.parts]), *others]
    return [{"role": turn.role, "content": _content(turn, shape)} for turn in turns]


def _content(turn: Turn, shape: ChatShape) -> str | list[dict[str, Any]]:
    if not turn.pictures and shape.words:
        return without_chat_tokens(turn.text)
    parts: list[dict[str, Any]] = []
    for part in turn.parts:
        if isinstance(part, str):
            parts.append({"type": "text", "text": without_chat_tokens(part)})
        else:
            data = io.BytesIO()
            part.convert("RGB").save(data, "PNG")
            url = f"data:image/png;base64,{base64.b64encode(data.getvalue()).decode()}"
            parts.append({"type": "image_url", "image_url": {"url": url}})
    return parts
