"""Picture blocks in messages: whether there are any, who looks at them, and doing without them.

The convention: whoever puts a picture into a message puts its words (caption, alt text, OCR) into a
text block of the same message, next to it. A generator that does not see is then given the same
message with each picture replaced by a short remark, and loses nothing that can be said in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llama_index.core.llms import LLM, ChatMessage

__all__ = ["PICTURE_NOT_SHOWN", "count_pictures", "openai_sees", "sees_pictures", "without_pictures"]

PICTURE_NOT_SHOWN = "[A picture stands here; only its words are given.]"
"""What takes a picture's place for a generator that does not see."""

_BLIND_CLASSES = frozenset({"HuggingFace_LLM", "LlamaCPP_llm", "MockLLM", "Llamafile_llm"})


def count_pictures(messages: Iterable[ChatMessage]) -> int:
    """Pictures in all messages, those inside citable blocks too."""
    return sum(_count(message.blocks) for message in messages)


def without_pictures(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Copies of the messages with a remark in the place of each picture."""
    from llama_index.core.llms import ChatMessage

    replaced = []
    for message in messages:
        if _count(message.blocks):
            message = ChatMessage(
                role=message.role,
                blocks=_replaced(message.blocks),
                additional_kwargs={k: v for k, v in message.additional_kwargs.items() if k != "images"},
            )
        replaced.append(message)
    return replaced


def sees_pictures(llm: LLM) -> bool | None:
    """Whether an LLM looks at picture blocks; None where only trying tells.

    LLMs of this package say so themselves (``sees_pictures``). Some others are known to drop pictures
    silently, and one that is no chat model has no place for them.
    """
    said = getattr(llm, "sees_pictures", None)
    if isinstance(said, bool):
        return said
    if llm.class_name() in _BLIND_CLASSES:
        return False
    if llm.class_name() in ("openai_llm", "openai_multi_modal_llm"):
        return openai_sees(str(getattr(llm, "model", "")))
    if llm.class_name() == "Ollama_llm":
        return None  # asking for its metadata would ask the server
    return None if llm.metadata.is_chat_model else False


def openai_sees(model: str) -> bool | None:
    """False for the models of OpenAI that take no pictures; None for the others."""
    blind = ("gpt-3.5", "gpt-4-0", "gpt-4-32k", "o1-mini", "o1-preview", "o3-mini", "davinci", "babbage")
    model = model.removeprefix("ft:")
    return False if model == "gpt-4" or model.startswith(blind) else None


def _count(blocks: Iterable[Any]) -> int:
    return sum(1 if block.block_type == "image" else _count(_nested(block)) for block in blocks)


def _replaced(blocks: Iterable[Any]) -> list[Any]:
    from llama_index.core.llms import TextBlock

    kept: list[Any] = []
    for block in blocks:
        if block.block_type == "image":
            kept.append(TextBlock(text=PICTURE_NOT_SHOWN))
        elif block.block_type == "citable":
            kept.append(block.model_copy(update={"content": _replaced(block.content)}))
        elif block.block_type == "citation" and block.cited_content.block_type == "image":
            kept.append(TextBlock(text=PICTURE_NOT_SHOWN))
        else:
            kept.append(block)
    return kept


def _nested(block: Any) -> list[Any]:
    return list(block.nested_blocks) if block.block_type in ("citable", "citation") else []
