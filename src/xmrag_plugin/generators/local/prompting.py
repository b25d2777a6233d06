"""LlamaIndex chat messages as a conversation of words and decoded pictures, and as model inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import CapabilityMissing, PictureError, UsageError
from ...images.decode import open_picture
from ...images.intake import decode_base64, decode_data_uri

if TYPE_CHECKING:
    from llama_index.core.llms import ChatMessage, ImageBlock
    from PIL.Image import Image

    from .loading import LoadedModel

__all__ = ["Turn", "conversation", "encode", "picture_of"]

_ROLES = {
    "system": "system",
    "developer": "system",
    "assistant": "assistant",
    "model": "assistant",
    "chatbot": "assistant",
}
_RENDERING = {"add_generation_prompt": True, "tokenize": True, "return_dict": True, "return_tensors": "pt"}


@dataclass(slots=True)
class Turn:
    """One turn of a conversation: a role, and words and pictures in their order."""

    role: str
    parts: list[str | Image] = field(default_factory=list)

    @property
    def pictures(self) -> list[Image]:
        return [part for part in self.parts if not isinstance(part, str)]

    @property
    def text(self) -> str:
        return "\n".join(part for part in self.parts if isinstance(part, str))


def conversation(
    messages: Sequence[ChatMessage], *, side: int, max_px: int, system_prompt: str | None = None
) -> list[Turn]:
    """Return messages as turns: unknown roles speak as the user, neighbours of one role are joined.

    Args:
        messages: With text, picture and thinking blocks (the latter are left out).
        side: Pictures are brought down to this many pixels on their longer side.
        max_px: A picture of more pixels is refused.
        system_prompt: Put before everything else.

    Raises:
        CapabilityMissing: For sound, video or document blocks.
        PictureError: If a picture cannot be opened.
    """
    opening = messages[0] if messages else None
    if opening is not None and opening.role == "system" and opening.content == system_prompt:
        system_prompt = None
    turns = [Turn("system", [system_prompt])] if system_prompt else []
    for message in messages:
        role = _ROLES.get(str(getattr(message.role, "value", message.role)), "user")
        parts = list(_parts(message.blocks, side, max_px))
        if turns and turns[-1].role == role:
            turns[-1].parts.extend(parts)
        elif parts:
            turns.append(Turn(role, parts))
    if not any(turn.role != "system" for turn in turns):
        turns = [Turn("user", turn.parts) for turn in turns]
    if not turns:
        raise UsageError("There is nothing to answer: the messages are empty.", hint="Give a prompt.")
    return turns


def picture_of(block: ImageBlock) -> bytes | Path:
    """Return the picture of a block: its file, or its bytes from memory or a data URI.

    Raises:
        PictureError: If there is none, or it lies on the network, where nothing is fetched from here.
    """
    if block.path is not None:
        return Path(block.path)
    if block.url is not None:
        url = str(block.url)
        if url.startswith("data:"):
            return decode_data_uri(url)
        raise PictureError(
            f"The picture {url[:80]} lies on the network, and nothing is fetched from here.",
            hint="Give the file or its bytes.",
        )
    if not block.image:
        raise PictureError("A picture block holds no picture.", hint="Give image=, path= or a data URI.")
    if isinstance(block.image, bytes):
        try:
            return decode_base64(block.image)
        except PictureError:
            return block.image
    block.image.seek(0)
    data: bytes = block.image.read()
    return data


def encode(loaded: LoadedModel, turns: Sequence[Turn], template: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs for ``generate`` on the model's device.

    Words that happen to be control tokens of the model (``<image>``, ``<|im_end|>``) are broken up,
    so that a document that mentions them can neither end a turn nor upset the count of pictures.

    Args:
        loaded: The model.
        turns: The conversation.
        template: Further variables of the chat template.

    Raises:
        CapabilityMissing: If the model takes no pictures and some are given.
    """
    clean = [_cleaned(turn, loaded.tokenizer) for turn in turns]
    if loaded.checkpoint.kind == "caption":
        inputs = _caption_inputs(loaded, clean)
    elif loaded.checkpoint.kind == "text":
        if any(turn.pictures for turn in clean):
            raise CapabilityMissing(
                f"{loaded.checkpoint.name} takes no pictures.", hint="Give it their words instead."
            )
        inputs = _text_inputs(loaded, clean, template)
    else:
        inputs = _vision_inputs(loaded, clean, template)
    return _placed(inputs, loaded)


def _parts(blocks: Iterable[Any], side: int, max_px: int) -> Iterator[str | Image]:
    for block in blocks:
        kind = block.block_type
        if kind == "text":
            if block.text:
                yield block.text
        elif kind == "image":
            yield open_picture(picture_of(block), max_px, side=side)
        elif kind in ("citable", "citation"):
            yield from _parts(block.nested_blocks, side, max_px)
        elif kind not in ("thinking", "cache", "tool_call"):
            raise CapabilityMissing(
                f"A model in this process takes words and pictures, no {kind} block.",
                hint="Give its words or a picture of it.",
            )


def _cleaned(turn: Turn, tokenizer: Any) -> Turn:
    tokens = {str(token) for token in tokenizer.get_added_vocab()} | set(tokenizer.all_special_tokens)
    tokens = {token for token in tokens if len(token) > 2 and token[0] in "<["}
    parts: list[str | Image] = []
    for part in turn.parts:
        if isinstance(part, str):
            for token in tokens:
                if token in part:
                    part = part.replace(token, f"{token[0]} {token[1:]}")
        parts.append(part)
    return Turn(turn.role, parts)


def _vision_inputs(loaded: LoadedModel, turns: list[Turn], template: Mapping[str, Any]) -> Any:
    processor = loaded.processor
    options: dict[str, Any] = dict(_RENDERING)
    written = getattr(processor, "chat_template", None) or getattr(loaded.tokenizer, "chat_template", None)
    if written:
        messages = [{"role": turn.role, "content": _content(turn)} for turn in turns]
        options |= _understood(template, written)
        return _templated(processor.apply_chat_template, messages, options)
    mark = getattr(processor, "image_token", None) or "<image>"
    prompt = _plain(turns, str(mark))
    pictures = [picture for turn in turns for picture in turn.pictures]
    return processor(text=prompt, images=pictures or None, return_tensors="pt")


def _text_inputs(loaded: LoadedModel, turns: list[Turn], template: Mapping[str, Any]) -> Any:
    tokenizer = loaded.tokenizer
    written = getattr(tokenizer, "chat_template", None)
    if written:
        messages = [{"role": turn.role, "content": turn.text} for turn in turns]
        options: dict[str, Any] = dict(_RENDERING)
        options |= _understood(template, written)
        return _templated(tokenizer.apply_chat_template, messages, options)
    return tokenizer(_plain(turns, ""), return_tensors="pt")


def _caption_inputs(loaded: LoadedModel, turns: list[Turn]) -> Any:
    """Build the inputs of a captioner, which takes one picture; Florence-2 also takes the name of a task."""
    pictures = [picture for turn in turns for picture in turn.pictures]
    if len(pictures) != 1:
        raise CapabilityMissing(
            f"{loaded.checkpoint.name} describes one picture at a time; {len(pictures)} were given.",
            hint="Use a vision-language model for questions and for several pictures.",
        )
    tasks = getattr(loaded.processor, "task_prompts_without_inputs", None)
    if tasks:
        return loaded.processor(text="<MORE_DETAILED_CAPTION>", images=pictures[0], return_tensors="pt")
    return loaded.processor(images=pictures[0], return_tensors="pt")


def _content(turn: Turn) -> list[dict[str, Any]]:
    return [
        {"type": "text", "text": part} if isinstance(part, str) else {"type": "image", "image": part}
        for part in turn.parts
    ]


def _understood(template: Mapping[str, Any], written: Any) -> dict[str, Any]:
    """Return the variables that a chat template (or one of several) speaks of."""
    text = " ".join(str(part) for part in written.values()) if isinstance(written, dict) else str(written)
    return {name: value for name, value in template.items() if name in text}


def _templated(render: Any, messages: list[dict[str, Any]], options: dict[str, Any]) -> Any:
    """Render a chat template; one that knows no system role gets its words before the user's."""
    from jinja2.exceptions import TemplateError

    try:
        return render(messages, **options)
    except TemplateError:
        if not messages or messages[0]["role"] != "system" or len(messages) < 2:
            raise
    system, first, *rest = messages
    before, after = system["content"], first["content"]
    joined = f"{before}\n\n{after}" if isinstance(before, str) else [*before, *after]
    return render([{"role": first["role"], "content": joined}, *rest], **options)


def _plain(turns: list[Turn], mark: str) -> str:
    """Write a conversation for a model that does not say how one is written."""
    lines = []
    for turn in turns:
        words = "\n".join(part if isinstance(part, str) else mark for part in turn.parts)
        lines.append(words if turn.role == "system" else f"{turn.role.upper()}: {words}")
    return "\n".join([*lines, "ASSISTANT:"])


def _placed(inputs: Any, loaded: LoadedModel) -> dict[str, Any]:
    placed = {}
    for name, value in dict(inputs).items():
        if name in ("token_type_ids",) and loaded.checkpoint.kind != "vision":
            continue
        if hasattr(value, "to"):
            value = value.to(loaded.model.device)
            if value.is_floating_point():
                value = value.to(loaded.model.dtype)
        placed[name] = value
    return placed
