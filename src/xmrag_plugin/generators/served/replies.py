"""Look at a reply that came without an exception: refused, empty, complete; its text without thinking."""

from __future__ import annotations

from typing import Any

from ...errors import EmptyReply, PromptRefused, ReplyUnusable
from ..reply_faults import reply_fault
from ..reply_text import without_thinking

__all__ = [
    "check_refusal",
    "check_says_something",
    "ended_properly",
    "says_anything",
    "settled",
    "text_of",
    "with_text",
]

MIN_JUDGED_CHARS = 160
"""A shorter reply may repeat a word and still be what was asked for; whoever asked judges it."""


def settled(reply: Any, who: str, *, may_be_empty: bool = False) -> Any:
    """Return a whole reply without its thinking.

    Args:
        reply: A ``ChatResponse`` or ``CompletionResponse``.
        who: The generator, for messages.
        may_be_empty: Whether a reply that says nothing is one.

    Raises:
        PromptRefused: If the provider refused, or filtered the answer away.
        EmptyReply: If it says nothing.
        ReplyUnusable: If it repeats itself, or holds nothing but citations or control tokens.
    """
    check_refusal(reply, who)
    text = text_of(reply)
    answer = without_thinking(text)
    if answer != text:
        reply = with_text(reply, answer, getattr(reply, "delta", None))
    if not may_be_empty:
        check_says_something(reply, who)
    if len(answer) >= MIN_JUDGED_CHARS and (fault := reply_fault(answer)):
        raise ReplyUnusable(f"{who} gave no answer: {fault}.", hint="Ask again, or use another model.")
    return reply


def check_refusal(reply: Any, who: str) -> None:
    """Raise where the provider says, with status 200, that it will not answer.

    Raises:
        PromptRefused: If the provider refused, or filtered the answer away.
    """
    message, reason = _choice(reply)
    refusal = getattr(message, "refusal", None)
    if refusal:
        raise PromptRefused(f"{who} refused this prompt: {refusal}", hint="Ask differently.")
    if reason == "content_filter":
        raise PromptRefused(f"{who} withheld its answer (content filter).", hint="Ask differently.")


def check_says_something(reply: Any, who: str) -> None:
    """Raise where a reply holds neither text nor a tool call.

    Raises:
        EmptyReply: If it says nothing; the message tells whether its length ran out.
    """
    if says_anything(reply):
        return
    _, reason = _choice(reply)
    if reason == "length":
        raise EmptyReply(
            f"{who} gave an empty reply: its length ran out before an answer began.",
            hint="It may have thought for too long: raise max_tokens, or turn its thinking off.",
        )
    raise EmptyReply(f"{who} gave an empty reply.", hint="Ask again, or use another model.")


def says_anything(reply: Any) -> bool:
    """Return whether a reply holds text, a tool call, or a block of another medium."""
    if text_of(reply).strip():
        return True
    message = getattr(reply, "message", None)
    if message is None:
        return False
    if message.additional_kwargs.get("tool_calls"):
        return True
    return any(block.block_type not in ("text", "thinking") for block in message.blocks)


def text_of(reply: Any) -> str:
    """Return the text of a chat or completion reply so far."""
    message = getattr(reply, "message", None)
    return (message.content if message is not None else reply.text) or ""


def with_text(reply: Any, text: str, delta: str | None) -> Any:
    """Return a copy of a reply with another text; its other blocks stay."""
    message = getattr(reply, "message", None)
    if message is None:
        return reply.model_copy(update={"text": text, "delta": delta})
    from llama_index.core.llms import TextBlock

    others = [block for block in message.blocks if block.block_type != "text"]
    blocks = [*others, TextBlock(text=text)] if text or not others else others
    return reply.model_copy(update={"message": message.model_copy(update={"blocks": blocks}), "delta": delta})


def ended_properly(raw: Any) -> bool | None:
    """Return whether the last piece of a stream says that the answer is complete; None if it never says so.

    Ollama's protocol gives ``done``. OpenAI's gives a ``finish_reason``, or a ``[DONE]`` that its client
    keeps to itself: there a stream that ends without an exception has ended.
    """
    if isinstance(raw, dict) and "done" in raw:
        return bool(raw["done"])
    if hasattr(raw, "done"):
        return bool(raw.done)
    choices = getattr(raw, "choices", None)
    if choices and getattr(choices[0], "finish_reason", None) is not None:
        return True
    return None


def _choice(reply: Any) -> tuple[Any, str | None]:
    choices = getattr(getattr(reply, "raw", None), "choices", None)
    if not choices:
        return None, None
    first = choices[0]
    return getattr(first, "message", None) or getattr(first, "delta", None), getattr(
        first, "finish_reason", None
    )
