"""Vision-language models in this process, as LlamaIndex chat LLMs."""

from __future__ import annotations

from ..errors import UsageError
from .local.chat_model import InProcessLLM
from .local.checkpoint import Checkpoint

__all__ = ["TransformersVisionLLM"]


class TransformersVisionLLM(InProcessLLM):
    """Any ``AutoModelForImageTextToText`` that lies on this machine.

    It takes conversations with system prompts and several pictures a message (files, bytes or data
    URIs), streams, has async twins that do not block the loop, honours ``max_tokens``, ``stop``,
    ``temperature``, ``top_p``, ``seed`` and ``logprobs``, and may be called by many at once, who take
    turns. Device and precision are chosen by the memory at hand; ``placement.why`` says how. Models
    are taken from disk unless ``allow_fetch`` is set, and no code that comes with a model is run.

    Captioners (Florence-2, BLIP) describe one picture, whatever is asked; ``metadata.is_chat_model``
    is then false.

    >>> llm = TransformersVisionLLM("smolvlm2-500m")  # doctest: +SKIP
    >>> message = ChatMessage(blocks=[TextBlock(text="What grew?"), ImageBlock(path="chart.png")])
    >>> for piece in llm.stream_chat([message]):  # doctest: +SKIP
    ...     print(piece.delta, end="")

    Args:
        model: A preset (``xmrag models``), a hub id or a folder.
        device: ``auto``, or a torch device.
        dtype: ``auto``, ``float32``, ``bfloat16`` or ``float16``.
        max_new_tokens: Most tokens of an answer.
        temperature: 0 for the likeliest token each time.
        picture_side: Pictures are brought down to this many pixels on their longer side.
        chat_template_kwargs: Variables of the chat template, such as ``enable_thinking``.
        allow_fetch: Whether a model that is not on disk may be fetched.

    Raises:
        UnknownModel: If nothing is called so.
        ModelUnavailable: If it is not on this machine.
        UsageError: If it takes no pictures.
    """

    @classmethod
    def class_name(cls) -> str:
        return "TransformersVisionLLM"

    def _find(self) -> Checkpoint:
        from . import find_checkpoint

        checkpoint = find_checkpoint(self.model, allow_fetch=self.allow_fetch)
        if not checkpoint.takes_pictures:
            raise UsageError(
                f"{checkpoint.name} ({checkpoint.model_type}) takes no pictures.",
                hint="Use TransformersTextLLM for it, or name a vision-language model.",
            )
        return checkpoint
