"""Ollama, on this machine or another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import GeneratorUnreachable, require
from ..settings import Settings
from .served.discovery import ServedModel, is_loopback, normal_ollama_url, ollama_models

try:
    require("llama_index.llms.ollama", "ollama", purpose="The generator 'ollama'")
except ValueError as error:  # the package reads OLLAMA_HOST when it is imported
    raise GeneratorUnreachable(
        f"The package ollama cannot read OLLAMA_HOST: {error}.",
        hint="Set it to http://HOST:PORT, without blanks.",
    ) from error

from llama_index.core.bridge.pydantic import Field
from llama_index.core.llms import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
)
from llama_index.llms.ollama import Ollama

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

__all__ = ["OllamaServer", "load_ollama"]

_WINDOW = 16_384
_OUTPUT = 4096  # tokens of an answer, the model's thinking with them
_OPTIONS = {
    "max_tokens": "num_predict",
    "temperature": "temperature",
    "top_p": "top_p",
    "stop": "stop",
    "seed": "seed",
}


class OllamaServer(Ollama):
    """``llama_index.llms.ollama.Ollama`` with a bounded context and options that arrive.

    The stock class asks the server for a model's full context and has it reserve that much memory,
    and drops ``max_tokens``, ``stop`` and the like that are given with a call.

    >>> OllamaServer(model="qwen3-vl:2b", context_window=16384)  # doctest: +SKIP
    """

    sees: bool | None = Field(default=None, description="Whether it takes pictures; None for unknown.")
    parameters: int | None = Field(default=None, description="Number of weights, where the server says.")

    @classmethod
    def class_name(cls) -> str:
        return "OllamaServer"

    @property
    def takes_pictures(self) -> bool | None:
        """Whether picture blocks are taken; None where only trying tells."""
        return self.sees

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        llm, kwargs = self._with_options(kwargs)
        reply: ChatResponse = Ollama.chat(llm, messages, **kwargs)
        return reply

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        llm, kwargs = self._with_options(kwargs)
        reply: ChatResponseGen = Ollama.stream_chat(llm, messages, **kwargs)
        return reply

    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        llm, kwargs = self._with_options(kwargs)
        reply: ChatResponse = await Ollama.achat(llm, messages, **kwargs)
        return reply

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        llm, kwargs = self._with_options(kwargs)
        reply: ChatResponseAsyncGen = await Ollama.astream_chat(llm, messages, **kwargs)
        return reply

    def _with_options(self, kwargs: dict[str, Any]) -> tuple[OllamaServer, dict[str, Any]]:
        given = {name: value for name, value in kwargs.items() if name in _OPTIONS and value is not None}
        if not given:
            return self, kwargs
        if isinstance(given.get("stop"), str):
            given["stop"] = [given["stop"]]
        options = {_OPTIONS[name]: value for name, value in given.items()}
        changed = self.model_copy(update={"additional_kwargs": {**self.additional_kwargs, **options}})
        return changed, {name: value for name, value in kwargs.items() if name not in _OPTIONS}


def load_ollama(rest: str, settings: Settings, *, served: ServedModel | None = None) -> LLM:
    """Return an LLM for ``MODEL``, ``MODEL@URL`` or the best model of the server.

    Args:
        rest: What follows ``ollama:`` in a spec.
        settings: Address and time-out.
        served: What is known of the model already; otherwise the server is asked.

    Raises:
        GeneratorUnreachable: If no model is named and the server does not say which it has.
    """
    model, at, url = rest.partition("@http")
    url = normal_ollama_url(f"http{url}" if at else settings.ollama_url)
    if served is None:
        try:
            models = ollama_models(url, timeout_s=2.0)
        except GeneratorUnreachable:
            if not model:
                raise
            models = []
        named = [each for each in models if each.name in (model, f"{model}:latest")]
        served = next(iter(named if model else models), None)
    name = model or (served.name if served else "")
    client = {"trust_env": False} if is_loopback(url) else {}
    window = min((served.context_window if served else None) or _WINDOW, _WINDOW)
    llm = OllamaServer(
        model=name,
        base_url=url,
        request_timeout=float(settings.llm_timeout_s),
        context_window=window,
        additional_kwargs={"num_predict": min(_OUTPUT, window // 4)},
        parameters=served.parameters if served else None,
        is_function_calling_model=False,
        sees=served.takes_pictures if served else None,
    )
    if client:
        from ollama import AsyncClient, Client

        llm._client = Client(host=url, timeout=llm.request_timeout, **client)
        llm._async_client = AsyncClient(host=url, timeout=llm.request_timeout, **client)
    return llm
