"""Picture blocks in messages: count them, replace them by a remark, tell which LLMs take them.

The convention: beside each picture of a message stand its words (caption, alt text, OCR), in a text block
of the same message. A generator without vision gets the same message with a short remark in the place of
each picture, and loses nothing that can be said in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llama_index.core.llms import LLM, ChatMessage

__all__ = [
    "PICTURE_NOT_SHOWN",
    "count_pictures",
    "openai_takes_pictures",
    "takes_pictures",
    "with_first_pictures",
]

PICTURE_NOT_SHOWN = "[A picture stands here; only its words are given.]"
"""The remark in a picture's place, for a generator without vision."""

_TEXT_ONLY_CLASSES = frozenset({"HuggingFace_LLM", "LlamaCPP_llm", "MockLLM", "Llamafile_llm"})


def count_pictures(messages: Iterable[ChatMessage]) -> int:
    """Count the pictures in all messages, those inside citable blocks too."""
    return sum(_count(message.blocks) for message in messages)


def with_first_pictures(messages: Sequence[ChatMessage], kept: int) -> list[ChatMessage]:
    """Return copies of the messages with a remark in the place of each picture but the first ``kept``."""
    from llama_index.core.llms import ChatMessage

    replaced = []
    for message in messages:
        count = _count(message.blocks)
        if count > kept:
            message = ChatMessage(
                role=message.role,
                blocks=_replaced(message.blocks, kept),
                additional_kwargs={k: v for k, v in message.additional_kwargs.items() if k != "images"},
            )
        kept = max(0, kept - count)
        replaced.append(message)
    return replaced


def takes_pictures(llm: LLM) -> bool | None:
    """Return whether an LLM takes picture blocks; None where only trying tells.

    LLMs of this package say so themselves (``takes_pictures``). Some others are known to drop pictures
    silently, and one that is no chat model has no place for them.
    """
    said = getattr(llm, "takes_pictures", None)
    if isinstance(said, bool):
        return said
    if llm.class_name() in _TEXT_ONLY_CLASSES:
        return False
    if llm.class_name() in ("openai_llm", "openai_multi_modal_llm"):
        return openai_takes_pictures(str(getattr(llm, "model", "")))
    if llm.class_name() == "Ollama_llm":
        return None  # asking for its metadata would ask the server
    return None if llm.metadata.is_chat_model else False


def openai_takes_pictures(model: str) -> bool | None:
    """Return False for the models of OpenAI that take no pictures, None for the others."""
    text_only = ("gpt-3.5", "gpt-4-0", "gpt-4-32k", "o1-mini", "o1-preview", "o3-mini", "davinci", "babbage")
    model = model.removeprefix("ft:")
    return False if model == "gpt-4" or model.startswith(text_only) else None


def _count(blocks: Iterable[Any]) -> int:
    return sum(1 if block.block_type == "image" else _count(_nested(block)) for block in blocks)


def _replaced(blocks: Iterable[Any], kept: int) -> list[Any]:
    """Return the blocks with a remark in the place of each picture but the first ``kept``."""
    from llama_index.core.llms import TextBlock

    out: list[Any] = []
    for block in blocks:
        count = _count([block])
        if count <= kept:
            out.append(block)
        elif block.block_type == "citable":
            out.append(block.model_copy(update={"content": _replaced(block.content, kept)}))
        else:  # a picture, or a citation of one
            out.append(TextBlock(text=PICTURE_NOT_SHOWN))
        kept = max(0, kept - count)
    return out


def _nested(block: Any) -> list[Any]:
    return list(block.nested_blocks) if block.block_type in ("citable", "citation") else []
