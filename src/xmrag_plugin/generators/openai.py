"""OpenAI and every server that speaks its protocol: vLLM, llama-server, LM Studio, OpenRouter and the like."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..errors import AuthenticationFailed, GeneratorUnreachable, UsageError, require
from ..settings import Settings
from .picture_blocks import openai_takes_pictures
from .served.discovery import LOCAL_SERVERS, ServedModel, is_address, is_loopback, openai_models
from .served.event_streams import checked_client, closing_streams

require("llama_index.llms.openai", "openai", purpose="The generator 'openai'")

import httpx  # noqa: E402
from llama_index.core.bridge.pydantic import Field  # noqa: E402
from llama_index.core.llms import LLMMetadata, MessageRole  # noqa: E402
from llama_index.llms.openai import OpenAI  # noqa: E402
from llama_index.llms.openai.utils import ALL_AVAILABLE_MODELS, O1_MODELS  # noqa: E402

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

__all__ = ["DEFAULT_MODEL", "OpenAIServer", "load_multi_modal", "load_openai"]

DEFAULT_MODEL = "gpt-5-mini"
_OFFICIAL = "https://api.openai.com/v1"
_UNKNOWN_WINDOW = 16_384
_OFFICIAL_WINDOW = 128_000
_OUTPUT = 4096  # tokens of an answer, the model's thinking with them
_OFFICIAL_OUTPUT = 16_384  # OpenAI's models think longer
_CONNECT_S = 5.0
_NO_KEY = "none"


class OpenAIServer(OpenAI):
    """``llama_index.llms.openai.OpenAI`` for any server and any model name.

    The stock class knows OpenAI's names only, retries up to sixteen times in two nested loops, and
    sends the key of the environment to whichever server it is pointed at. Here unknown names have a
    stated context window, nothing is retried (:class:`~xmrag_plugin.FallbackLLM` does that), a key is sent only to the server
    that it is meant for, and servers of this machine are reached without a proxy. A stream that ends
    before its end is announced is an error.

    >>> OpenAIServer(model="qwen3-vl", api_base="http://127.0.0.1:8000/v1", api_key="none")  # doctest: +SKIP
    """

    context_window: int | None = Field(default=None, description="Tokens that prompt and answer share.")
    sees: bool | None = Field(default=None, description="Whether it takes pictures; None for unknown.")
    calls_functions: bool | None = Field(default=None, description="Whether it calls tools.")
    parameters: int | None = Field(default=None, description="Number of weights, where the server says.")

    @classmethod
    def class_name(cls) -> str:
        return "OpenAIServer"

    @property
    def takes_pictures(self) -> bool | None:
        """Whether picture blocks are taken; None where only trying tells."""
        return self.sees

    @property
    def metadata(self) -> LLMMetadata:
        name = self._get_model_name()
        official = not self.api_base or urlsplit(self.api_base).hostname == "api.openai.com"
        window = self.context_window or (
            ALL_AVAILABLE_MODELS.get(name, _OFFICIAL_WINDOW) if official else _UNKNOWN_WINDOW
        )
        return LLMMetadata(
            context_window=window,
            num_output=self.max_tokens or -1,
            is_chat_model=True,
            is_function_calling_model=official if self.calls_functions is None else self.calls_functions,
            model_name=self.model,
            system_role=MessageRole.USER if self.model in O1_MODELS else MessageRole.SYSTEM,
        )

    @property
    def _tokenizer(self) -> None:
        """None: the stock one would be fetched from the network."""
        return

    def _get_model_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        """Let a call's own limit go before the LLM's, which the stock class does not."""
        given: dict[str, Any] = super()._get_model_kwargs(**kwargs)
        if limit := kwargs.get("max_tokens"):
            given["max_completion_tokens" if "max_completion_tokens" in given else "max_tokens"] = limit
        return given

    def _get_client(self) -> Any:
        return closing_streams(super()._get_client())

    def _get_aclient(self) -> Any:
        return closing_streams(super()._get_aclient(), is_async=True)

    def _get_credential_kwargs(self, is_async: bool = False) -> dict[str, Any]:
        given: dict[str, Any] = super()._get_credential_kwargs(is_async)
        given["timeout"] = httpx.Timeout(self.timeout, connect=min(_CONNECT_S, self.timeout))
        if given.get("http_client") is None:
            given["http_client"] = checked_client(
                is_async=is_async,
                timeout=given["timeout"],
                trust_env=not (self.api_base and is_loopback(self.api_base)),
            )
        return given


def load_openai(
    rest: str, settings: Settings, *, provider: str = "openai", served: ServedModel | None = None
) -> LLM:
    """Return an LLM for ``MODEL``, ``MODEL@URL`` or ``@URL``.

    Args:
        rest: What follows the provider in a spec.
        settings: Base URL, key and time-out.
        provider: ``openai``, or the name of a usual server of this machine.
        served: What is known of the model already; otherwise a server that is not OpenAI's is asked.

    Raises:
        AuthenticationFailed: If the key can be sent to no server.
        UsageError: If the URL is none.
        GeneratorUnreachable: If no model is named and the server does not say which it has.
    """
    model, url = _model_and_url(rest, settings, provider)
    official = urlsplit(url).hostname == "api.openai.com"
    key = _key(url, settings, named="@" in rest)
    if served is None and not official:
        served = _ask(model, url, key, timeout_s=min(float(settings.llm_timeout_s), 3.0))
    name = model or (served.name if served else DEFAULT_MODEL)
    try:
        return OpenAIServer(
            model=name,
            api_base=url,
            api_key=key or _NO_KEY,
            timeout=float(settings.llm_timeout_s),
            max_retries=0,
            max_tokens=_output_tokens(served.context_window if served else None, official),
            parameters=served.parameters if served else None,
            context_window=served.context_window if served else None,
            sees=openai_takes_pictures(name) is not False
            if official
            else (served.takes_pictures if served else None),
        )
    except ValueError as error:
        raise UsageError(
            f"The model {name!r} cannot be used here: {error}", hint="Name another model of the server."
        ) from error


def _output_tokens(window: int | None, official: bool) -> int:
    """Return how long an answer may be: without a limit some servers write to the end of the window."""
    return _OFFICIAL_OUTPUT if official else min(_OUTPUT, (window or _UNKNOWN_WINDOW) // 4)


def load_multi_modal(rest: str, settings: Settings) -> LLM:
    """Return the older ``OpenAIMultiModal`` where llama-index-multi-modal-llms-openai is installed.

    Its ``complete`` sends the prompt twice and wants ``image_documents``; its ``chat`` is as good as
    the newer class's, and :class:`~xmrag_plugin.FallbackLLM` uses nothing else.

    Raises:
        MissingExtra: If the package is not installed.
    """
    package = require(
        "llama_index.multi_modal_llms.openai",
        "openai-multimodal",
        purpose="The generator 'openai-multimodal'",
    )
    model, url = _model_and_url(rest, settings, "openai")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it was asked for by name
        llm: LLM = package.OpenAIMultiModal(
            model=model or "gpt-4o-mini",
            api_base=url,
            api_key=_key(url, settings, named="@" in rest) or _NO_KEY,
            timeout=float(settings.llm_timeout_s),
            max_retries=0,
        )
    return llm


def _model_and_url(rest: str, settings: Settings, provider: str) -> tuple[str, str]:
    model, at, url = rest.partition("@http")
    url = f"http{url}" if at else ""
    if not url:
        url = LOCAL_SERVERS.get(provider) or settings.openai_base_url or _OFFICIAL
    if not is_address(url):
        raise UsageError(f"{url!r} is no server's address.", hint="Give http://HOST:PORT/v1.")
    if not urlsplit(url).path.strip("/"):
        url = f"{url.rstrip('/')}/v1"
    return model, url


def _key(url: str, settings: Settings, *, named: bool) -> str:
    """Return the key, for OpenAI, for the server of the settings and for one that the spec names; for no other."""
    meant = named or url == settings.openai_base_url or urlsplit(url).hostname == "api.openai.com"
    key = settings.openai_api_key.get_secret_value().strip() if meant else ""
    if not (key.isascii() and key.isprintable()):
        raise AuthenticationFailed(
            "The key (OPENAI_API_KEY) has a sign that no request can carry.",
            hint="Copy it anew, whole and alone.",
        )
    return key


def _ask(model: str, url: str, key: str, *, timeout_s: float) -> ServedModel | None:
    try:
        models = openai_models(url, key=key, timeout_s=timeout_s)
    except GeneratorUnreachable:
        if not model:
            raise
        return None
    if not model:
        return models[0]
    return next((served for served in models if served.name == model), None)
