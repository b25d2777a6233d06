"""GGUF models in this process, by llama.cpp (``llama-cpp-python``), as LlamaIndex chat LLMs."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llama_index.core.bridge.pydantic import Field, PrivateAttr
from llama_index.core.llms import LLMMetadata

from ..errors import (
    CapabilityMissing,
    GenerationError,
    GeneratorOutOfMemory,
    ModelUnsound,
    UsageError,
    require,
)
from .local.chat_shape import ChatShape, chat_shape, template_messages
from .local.gguf_file import GgufFile, read_gguf
from .local.llama_trial import may_repack, weights_as_stored
from .local.llm import LocalChatLLM
from .local.placement import free_ram
from .local.prompting import Turn
from .local.work import GenerationOptions, Work
from .reply_text import ReplyText

__all__ = ["GgufLLM"]

llama_cpp = require("llama_cpp", "gguf", purpose="A GGUF file in this process")

_WINDOW = 8192  # tokens at most that are reserved memory for, unless more are asked for
_UNSTATED_WINDOW = 2048  # of a file that does not say
_BATCH = 512


@dataclass(eq=False)
class _Loaded:
    """A model in memory, and whose turn it is."""

    llama: Any
    shape: ChatShape
    as_stored: bool = False
    turn: threading.Lock = field(default_factory=threading.Lock)

    def __del__(self) -> None:
        self.llama.close()


def _close_all() -> None:
    """Let go of models before the interpreter does, in which llama.cpp's own clearing up fails."""
    for model in list(_loaded.values()):
        if model.turn.acquire(blocking=False):  # for good: what is still being written keeps its model
            model.llama.close()


atexit.register(_close_all)
_loaded: weakref.WeakValueDictionary[tuple[str, int, int], _Loaded] = weakref.WeakValueDictionary()
_loading = threading.Lock()


class GgufLLM(LocalChatLLM):
    """A GGUF file as a LlamaIndex chat LLM, in this process.

    Weights are loaded when first needed, once for all instances that name the same file. Pictures are taken where the
    model's projector (``mmproj….gguf``) lies beside the file.

    >>> GgufLLM("models/SmolLM2-135M-Instruct.Q4_1.gguf").complete("Say hello.")  # doctest: +SKIP
    """

    model: str = Field(description="The GGUF file.")
    context_window: int = Field(default=0, ge=0, description="Tokens; 0 for the model's own, 8,192 at most.")
    threads: int = Field(default=0, ge=0, description="Threads; 0 for half of the cores.")
    gpu_layers: int = Field(
        default=-1, description="Layers on a GPU where llama.cpp has one; -1 for all, 0 for none."
    )

    _file: GgufFile | None = PrivateAttr(default=None)
    _model: _Loaded | None = PrivateAttr(default=None)

    def __init__(self, model: str | Path, **kwargs: Any) -> None:
        super().__init__(**{"model": str(model), **kwargs})
        _ = self.file

    @classmethod
    def class_name(cls) -> str:
        return "GgufLLM"

    @property
    def file(self) -> GgufFile:
        """What lies on disk."""
        if self._file is None:
            path = Path(self.model).expanduser()
            if not path.is_file():
                raise UsageError(f"There is no file {path}.", hint="Give the path of a GGUF file.")
            self._file = read_gguf(path)
        return self._file

    @property
    def takes_pictures(self) -> bool:
        """Whether picture blocks are looked at."""
        return self.file.projector is not None

    @property
    def window(self) -> int:
        """Tokens that prompt and answer share."""
        return self.context_window or min(self.file.context_window or _UNSTATED_WINDOW, _WINDOW)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(
            context_window=self.window,
            num_output=min(self.max_new_tokens, self.window // 2),
            is_chat_model=True,
            is_function_calling_model=False,
            model_name=self.file.name,
        )

    def load(self) -> _Loaded:
        """Load the weights now rather than with the first prompt.

        Raises:
            GeneratorOutOfMemory: If there is no room for them.
            ModelUnsound: If llama.cpp cannot load the file, or cannot run on this machine.
        """
        if self._model is None:
            key = (str(self.file.path.resolve()), self.window, self.gpu_layers)
            with _loading:
                found = _loaded.get(key)
                if found is None:
                    found = _loaded[key] = self._opened()
            self._model = found
        return self._model

    def _opened(self) -> _Loaded:
        file = self.file
        on_gpu = bool(self.gpu_layers) and llama_cpp.llama_supports_gpu_offload()
        stored = file.stored_bytes + (file.projector.stat().st_size if file.projector else 0)
        if not on_gpu and stored > (room := free_ram()):
            raise GeneratorOutOfMemory(
                f"{file.described} takes {stored / 2**30:.1f} GiB; free are {room / 2**30:.1f} GiB.",
                hint="Choose a smaller model or a smaller quantization, free some memory, or use a server.",
            )
        threads = self.threads or max((os.cpu_count() or 2) // 2, 1)
        as_stored = not may_repack(file, threads=threads)
        from jinja2.exceptions import TemplateError  # of llama-cpp-python's own

        try:
            with weights_as_stored() if as_stored else nullcontext():
                llama = llama_cpp.Llama(
                    str(file.path),
                    n_ctx=self.window,
                    n_batch=_BATCH,
                    n_threads=threads,
                    n_threads_batch=threads,  # more threads than free cores spin, and cost more than they bring
                    n_gpu_layers=self.gpu_layers if on_gpu else 0,
                    verbose=False,
                )
        except (ValueError, RuntimeError, OSError, TemplateError) as error:
            raise ModelUnsound(
                f"llama.cpp cannot load {file.described}: {error}",
                hint="The file may be for a newer llama.cpp: update llama-cpp-python, or fetch the file again.",
            ) from error
        shape = _shape(llama)
        if file.projector is not None:
            try:
                from .local.llama_pictures import PictureHandler

                handler = PictureHandler(file.projector, takes_parts=shape.parts, use_gpu=on_gpu)
                handler.open(llama)
            except (ImportError, AttributeError, ValueError, RuntimeError, OSError) as error:
                raise ModelUnsound(
                    f"llama.cpp cannot load {file.projector.name}, the projector beside {file.name}: {error}",
                    hint="If it belongs to this model, update llama-cpp-python or fetch it again; if not, or to ask with "
                    "words alone, move it to another folder.",
                ) from error
            llama.chat_handler = handler
        return _Loaded(llama, shape, as_stored)

    def _work(
        self, turns: Sequence[Turn], options: GenerationOptions, emit: Callable[[str | None], None]
    ) -> Work:
        if options.logprobs:
            raise UsageError(f"{type(self).__name__} gives no log-probabilities.", hint="Leave logprobs out.")
        if not self.takes_pictures and any(turn.pictures for turn in turns):
            raise CapabilityMissing(
                f"{self.file.name} takes no pictures: no projector (mmproj….gguf) of its own lies beside it, or it does not "
                "say how a conversation is written.",
                hint="Give it their words instead, or put the projector into the file's folder.",
            )
        return _GgufWork(self.load(), self.file, turns, options, emit)


class _GgufWork(Work):
    """An answer by llama.cpp; see :class:`~.local.work.Work`."""

    def __init__(
        self,
        loaded: _Loaded,
        file: GgufFile,
        turns: Sequence[Turn],
        options: GenerationOptions,
        emit: Callable[[str | None], None],
    ) -> None:
        super().__init__(loaded.turn, options, emit)
        self.loaded = loaded
        self.turns = turns
        self.model_name = file.name
        self.placed = f"{file.described} by llama.cpp {llama_cpp.__version__}"
        if loaded.as_stored:
            self.placed += ", weights as stored: laid out for this processor, they end the process"

    def _write(self) -> None:
        options = self.options
        answer = ReplyText(options.stop)
        grammar = None
        if options.form is not None:
            grammar = llama_cpp.LlamaGrammar.from_string(options.form.grammar(), verbose=False)
        for choice in self._choices(grammar):
            piece = choice["delta"].get("content") or ""
            self.completion_tokens += bool(piece)
            self.say(answer.feed(piece))
            if choice["finish_reason"]:
                self.finish_reason = self.finish_reason or str(choice["finish_reason"])
            if self.over(answer):
                break
        self.say(answer.end())
        self.prompt_tokens = max(int(self.loaded.llama.n_tokens) - self.completion_tokens, 0)
        self.thoughts = answer.thoughts.strip()
        self.finish_reason = self.finish_reason or "stop"

    def _choices(self, grammar: Any) -> Iterator[Any]:
        """Yield the pieces of a reply."""
        options = self.options
        reply = self.loaded.llama.create_chat_completion(
            template_messages(self.turns, self.loaded.shape),
            stream=True,
            max_tokens=options.max_tokens,
            temperature=options.temperature,
            top_p=options.top_p,
            top_k=0 if options.temperature else 1,
            min_p=0.0,
            repeat_penalty=1.0,
            stop=list(options.stop),
            seed=options.seed,
            grammar=grammar,
        )
        for chunk in reply:
            yield chunk["choices"][0]

    def _as_generation_error(self, error: Exception) -> GenerationError:
        words = str(error)
        raised: GenerationError
        if "exceed context window" in words or "exceeds n_ctx" in words:
            raised = CapabilityMissing(
                f"The prompt is longer than the context window of {self.model_name}: {words}",
                hint="Give less evidence or smaller pictures, or a model with a longer context.",
            )
        else:
            raised = GenerationError(
                f"{self.model_name} failed on this prompt: {type(error).__name__}: {words}",
                hint="If other prompts work, change this one; if none does, update llama-cpp-python.",
            )
        raised.__cause__ = error
        return raised


def _shape(llama: Any) -> ChatShape:
    """Return what a model's template takes; llama.cpp's own way of writing, for one that has none, takes words."""
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    template = llama.metadata.get("tokenizer.chat_template")
    if not template:
        return ChatShape()
    formatter = Jinja2ChatFormatter(template, eos_token="", bos_token="")
    return chat_shape(lambda messages: str(formatter(messages=messages).prompt))
