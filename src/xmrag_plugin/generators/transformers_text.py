"""Causal language models in this process, as LlamaIndex chat LLMs: the same machinery, without pictures."""

from __future__ import annotations

from ..errors import UsageError
from .local.chat_model import InProcessLLM
from .local.checkpoint import Checkpoint

__all__ = ["TransformersTextLLM"]


class TransformersTextLLM(InProcessLLM):
    """Any ``AutoModelForCausalLM`` that lies on this machine.

    Pictures are refused with :class:`~xmrag_plugin.errors.CapabilityMissing`; in a fallback chain their
    words take their place. Otherwise as :class:`~.transformers_vision.TransformersVisionLLM`.

    >>> TransformersTextLLM("Qwen/Qwen3-0.6B").complete("Say hello.")  # doctest: +SKIP
    """

    @classmethod
    def class_name(cls) -> str:
        return "TransformersTextLLM"

    def _find(self) -> Checkpoint:
        from . import find_checkpoint

        checkpoint = find_checkpoint(self.model, allow_fetch=self.allow_fetch)
        if checkpoint.takes_pictures:
            raise UsageError(
                f"{checkpoint.name} ({checkpoint.model_type}) is a model for pictures.",
                hint="Use TransformersVisionLLM for it.",
            )
        return checkpoint
