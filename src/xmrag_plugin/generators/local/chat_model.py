"""Transformers models in this process as LlamaIndex chat LLMs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from llama_index.core.bridge.pydantic import Field, PrivateAttr
from llama_index.core.llms import ChatMessage, LLMMetadata

from .checkpoint import Checkpoint, read_checkpoint
from .generation import Generation, score_answer
from .llm import LocalChatLLM
from .loading import LoadedModel, load_model
from .placement import Placement, place
from .prompting import Turn
from .work import GenerationOptions, TokenScore

__all__ = ["InProcessLLM"]


class InProcessLLM(LocalChatLLM):
    """A transformers model in this process as a LlamaIndex chat LLM.

    Weights are loaded when first needed (:meth:`load`), once for all instances that name the same
    folder, device and precision.
    """

    model: str = Field(description="A preset, a hub id or a folder.")
    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:1, mps …")
    dtype: str = Field(default="auto", description="auto, float32, bfloat16 or float16.")
    chat_template_kwargs: dict[str, Any] = Field(
        default_factory=lambda: {"enable_thinking": False}, description="Variables of the chat template."
    )
    allow_fetch: bool = Field(default=False, description="Whether the model may be fetched.")

    _checkpoint: Checkpoint | None = PrivateAttr(default=None)
    _loaded: LoadedModel | None = PrivateAttr(default=None)
    _placement: Placement | None = PrivateAttr(default=None)
    _guard: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    def __init__(self, model: str | Path, **kwargs: Any) -> None:
        super().__init__(**{"model": str(model), **kwargs})
        self._checkpoint = self._find()

    def _find(self) -> Checkpoint:
        return read_checkpoint(Path(self.model).expanduser())

    @property
    def checkpoint(self) -> Checkpoint:
        """What lies on disk."""
        if self._checkpoint is None:
            self._checkpoint = self._find()
        return self._checkpoint

    @property
    def placement(self) -> Placement:
        """Where it runs or would run, and ``why``.

        Raises:
            GeneratorOutOfMemory: If it fits nowhere.
        """
        if self._placement is None:
            self._placement = place(self.checkpoint, device=self.device, dtype=self.dtype)
        return self._placement

    @property
    def takes_pictures(self) -> bool:
        """Whether picture blocks are looked at."""
        return self.checkpoint.takes_pictures

    @property
    def metadata(self) -> LLMMetadata:
        """Context window by the model's own configuration; a captioner is no chat model."""
        loaded = self._loaded
        window = loaded.context_window if loaded else self.checkpoint.context_window
        return LLMMetadata(
            context_window=window or self.load().context_window,
            num_output=self.max_new_tokens,
            is_chat_model=self.checkpoint.kind != "caption",
            is_function_calling_model=False,
            model_name=self.checkpoint.name,
        )

    def load(self) -> LoadedModel:
        """Load the weights now rather than with the first prompt.

        Raises:
            GeneratorOutOfMemory: If there is no room for them.
            ModelUnsound: If they cannot be trusted.
            MissingExtra: If a package is missing.
        """
        with self._guard:
            if self._loaded is None:
                self._loaded = load_model(self.checkpoint, self.placement)
            return self._loaded

    def score(self, messages: Sequence[ChatMessage], answer: str) -> list[TokenScore]:
        """Return the log-probability of each token of ``answer`` as the reply to ``messages``."""
        return score_answer(self.load(), self._turns(messages), answer, self._template())

    def _work(
        self, turns: Sequence[Turn], options: GenerationOptions, emit: Callable[[str | None], None]
    ) -> Generation:
        return Generation(self.load(), turns, options, emit)

    def _template(self) -> dict[str, Any]:
        return dict(self.chat_template_kwargs) if self.checkpoint.kind != "caption" else {}
