"""Several LLMs as one LlamaIndex LLM: the first that answers, with a report of those that did not."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from llama_index.core.bridge.pydantic import BaseModel, ConfigDict, Field, PrivateAttr
from llama_index.core.llms import (
    LLM,
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.prompts import BasePromptTemplate, ChatPromptTemplate

from ...errors import CapabilityMissing, UsageError
from ...settings import Settings
from .. import load_llm, split_spec
from ..picture_blocks import takes_pictures
from .candidate import Candidate
from .chain import ChainRun, arun, astream, run, stream
from .discovery import describe_generators, find_generators
from .request import Request
from .serialised import candidate_as_dict, candidate_from_dict
from .tool_calling import ToolCallingFallback

__all__ = ["Candidate", "FallbackLLM", "as_fallback", "auto_fallback", "describe_generators"]

Model = TypeVar("Model", bound=BaseModel)

_NAMES = {
    "OpenAIServer": "openai",
    "openai_llm": "openai",
    "openai_multi_modal_llm": "openai-multimodal",
    "OllamaServer": "ollama",
    "Ollama_llm": "ollama",
    "TransformersVisionLLM": "transformers",
    "TransformersTextLLM": "transformers",
    "GgufLLM": "gguf",
}


class FallbackLLM(ToolCallingFallback):
    """Several LLMs as one: each candidate is asked until one answers.

    The next candidate is asked when one cannot be reached, is silent for too long, is overloaded, has no
    quota or memory left, replies with nothing, or cannot do what is asked. A wrong key, a refused prompt or
    a programming error is raised. A passing failure is tried again, after the time that the server names. A
    candidate that is down, or fails several questions in a row, is left alone for ``cooldown_s``.

    Pictures are replaced by a remark for a candidate without vision; their words stand next to them (see
    :mod:`xmrag_plugin.generators.picture_blocks`). A request with pictures that is refused is tried once
    more without them, or with as many as the refusal allows. The model's thinking is cut from every reply.

    Streams are never joined: until the first word the next candidate takes over; after it the failure is
    raised. ``response.additional_kwargs["generator"]`` holds ``{"name", "model", "skipped": [{"name",
    "reason"}]}`` and, where it applies, ``pictures_as_words``.

    >>> llm = FallbackLLM(["openai:gpt-5-mini", "smolvlm2-500m"])  # doctest: +SKIP
    >>> llm.complete("Which region grew most?").additional_kwargs["generator"]["name"]  # doctest: +SKIP
    'openai'

    Args:
        candidates: LLMs, specs or :class:`Candidate`, the best first; another ``FallbackLLM`` gives its
            candidates.
        cooldown_s: How long a candidate that is down is left alone, in seconds.
        retries: How often a candidate is asked again after a passing failure (5xx, a broken line). One that
            says when to come back (429 with ``Retry-After``) is waited for a few seconds; 0 turns both off.
        has_floor: Whether the caller answers in some other way when no candidate does, so that even the
            last one may be left alone.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    cooldown_s: float = Field(default=60.0, ge=0.0)
    retries: int = Field(default=1, ge=0)
    has_floor: bool = Field(default=False)

    _candidates: list[Candidate] = PrivateAttr(default_factory=list)
    _clock: Callable[[], float] = PrivateAttr(default=time.monotonic)

    def __init__(self, candidates: Sequence[LLM | Candidate | str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for candidate in candidates:
            self._candidates.extend(_as_candidates(candidate))
        if not self._candidates:
            raise UsageError("A FallbackLLM needs at least one candidate.", hint="Give it an LLM.")
        names: dict[str, int] = {}
        for each in self._candidates:
            names[each.name] = names.get(each.name, 0) + 1
            if names[each.name] > 1:
                each.name = f"{each.name}-{names[each.name]}"

    @classmethod
    def class_name(cls) -> str:
        return "FallbackLLM"

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """Return its fields and its candidates, without keys and headers."""
        return {
            **super().to_dict(**kwargs),
            "candidates": [candidate_as_dict(candidate) for candidate in self._candidates],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any], **kwargs: Any) -> FallbackLLM:
        """Rebuild it from :meth:`to_dict`; keys are taken from the environment.

        Raises:
            UsageError: If an LLM cannot be rebuilt from its class's name.
        """
        given = {**data, **kwargs}
        given.pop("class_name", None)
        candidates = [
            candidate_from_dict(candidate) if isinstance(candidate, dict) else candidate
            for candidate in given.pop("candidates", None) or given.pop("rungs", [])
        ]
        return cls(candidates, **given)

    @property
    def candidates(self) -> list[Candidate]:
        """The candidates, in the order in which they are asked."""
        return list(self._candidates)

    @property
    def first(self) -> Candidate:
        """The candidate that is asked first now."""
        now = self._clock()
        ready = (candidate for candidate in self._candidates if not candidate.cooling_s(now))
        return next(ready, self._candidates[0])

    def named(self, name: str) -> Candidate | None:
        """Return the candidate of a name; None where there is none."""
        return next((candidate for candidate in self._candidates if candidate.name == name), None)

    @property
    def takes_pictures(self) -> bool | None:
        """Whether any candidate takes pictures; None where only trying tells."""
        said = {candidate.takes_pictures for candidate in self._candidates}
        return True if True in said else None if None in said else False

    @property
    def metadata(self) -> LLMMetadata:
        """Metadata of the first candidate that can be asked now; any candidate may call tools."""
        now = self._clock()
        ready = [
            candidate for candidate in self._candidates if not candidate.cooling_s(now)
        ] or self._candidates
        tools = any(candidate.calls_tools for candidate in self._candidates)
        for candidate in ready:
            own = candidate.metadata
            if own is not None:
                return own.model_copy(update={"is_chat_model": True, "is_function_calling_model": tools})
        return LLMMetadata(is_chat_model=True, is_function_calling_model=tools, model_name=ready[0].model)

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Answer a conversation with the first candidate that can."""
        request = Request.of(kwargs)
        reply: ChatResponse = run(self._chain(messages, tools=request.tools is not None), request.by("chat"))
        return reply

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Answer a prompt with the first candidate that can; a chat model gets it as a user's message."""

        def ask(llm: LLM, given: list[ChatMessage]) -> Any:
            if llm.metadata.is_chat_model:
                return llm.chat(given, **kwargs)
            return llm.complete(prompt, formatted=formatted, **kwargs)

        return _completion(run(self._chain(_prompt(prompt)), ask))

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Answer piece by piece; the class says what happens when a stream breaks."""
        request = Request.of(kwargs)
        return stream(self._chain(messages, tools=request.tools is not None), request.by("stream_chat"))

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """Answer a prompt piece by piece."""

        def ask(llm: LLM, given: list[ChatMessage]) -> Any:
            if llm.metadata.is_chat_model:
                return llm.stream_chat(given, **kwargs)
            return llm.stream_complete(prompt, formatted=formatted, **kwargs)

        return (_completion(piece) for piece in stream(self._chain(_prompt(prompt)), ask))

    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Do as :meth:`chat`."""
        request = Request.of(kwargs)
        chain = self._chain(messages, tools=request.tools is not None)
        reply: ChatResponse = await arun(chain, request.by("achat"))
        return reply

    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Do as :meth:`complete`."""

        async def ask(llm: LLM, given: list[ChatMessage]) -> Any:
            if llm.metadata.is_chat_model:
                return await llm.achat(given, **kwargs)
            return await llm.acomplete(prompt, formatted=formatted, **kwargs)

        return _completion(await arun(self._chain(_prompt(prompt)), ask))

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """Do as :meth:`stream_chat`."""
        request = Request.of(kwargs)
        return astream(self._chain(messages, tools=request.tools is not None), request.by("astream_chat"))

    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseAsyncGen:
        """Do as :meth:`stream_complete`."""

        async def ask(llm: LLM, given: list[ChatMessage]) -> Any:
            if llm.metadata.is_chat_model:
                return await llm.astream_chat(given, **kwargs)
            return await llm.astream_complete(prompt, formatted=formatted, **kwargs)

        async def completions() -> AsyncGenerator[CompletionResponse, None]:
            async for piece in astream(self._chain(_prompt(prompt)), ask):
                yield _completion(piece)

        return completions()

    def structured_predict(
        self,
        output_cls: type[Model],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Model:
        """Return an object of a pydantic class, by the best way of the first candidate that manages it."""
        kept: list[Model] = []

        def ask(llm: LLM, given: list[ChatMessage]) -> CompletionResponse:
            with _valid(output_cls):
                kept.append(llm.structured_predict(output_cls, ChatPromptTemplate(given), llm_kwargs))
            return CompletionResponse(text="")

        run(self._chain(prompt.format_messages(llm=self, **prompt_args), may_be_empty=True), ask)
        return kept[-1]

    async def astructured_predict(
        self,
        output_cls: type[Model],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Model:
        """Do as :meth:`structured_predict`."""
        kept: list[Model] = []

        async def ask(llm: LLM, given: list[ChatMessage]) -> CompletionResponse:
            with _valid(output_cls):
                template = ChatPromptTemplate(given)
                kept.append(await llm.astructured_predict(output_cls, template, llm_kwargs))
            return CompletionResponse(text="")

        await arun(self._chain(prompt.format_messages(llm=self, **prompt_args), may_be_empty=True), ask)
        return kept[-1]

    def _chain(
        self, messages: Sequence[ChatMessage], *, tools: bool = False, may_be_empty: bool = False
    ) -> ChainRun:
        return ChainRun(
            candidates=self._candidates,
            messages=list(messages),
            cooldown_s=self.cooldown_s,
            retries=self.retries,
            has_floor=self.has_floor,
            tools=tools,
            may_be_empty=may_be_empty,
            clock=self._clock,
        )


def auto_fallback(settings: Settings | None = None) -> FallbackLLM | None:
    """Return the chain that the settings and this machine give; None when only quoting is left.

    With ``llm = "none"`` there is none. With a spec, that generator is asked first and the others that are
    found after it; after one that keeps everything on this machine, none that sends texts elsewhere.
    With ``auto`` it is what :func:`~xmrag_plugin.generators.fallback.discovery.find_generators` finds.

    Raises:
        UsageError: If the spec names no generator.
        ModelError: If the model that it names is not known or not here.
        MissingExtra: If the package that it needs is not installed.
    """
    settings = settings or Settings.load()
    candidates = [
        Candidate(
            row.name,
            load=row.load,
            model=row.model,
            takes_pictures=row.takes_pictures,
            calls_tools=row.calls_tools,
        )
        for row in find_generators(settings, strict=True)
        if row.usable and row.load is not None
    ]
    return FallbackLLM(candidates, has_floor=True) if candidates else None


def as_fallback(llm: LLM | str | None, settings: Settings | None = None) -> FallbackLLM | None:
    """Return whatever an application gives as its LLM, as a chain.

    Args:
        llm: An LLM (the only candidate), a spec (as in ``settings.llm``), or None for what the
            settings say.
        settings: For specs and None.
    """
    settings = settings or Settings.load()
    if llm is None:
        return auto_fallback(settings)
    if isinstance(llm, str):
        return auto_fallback(settings.replace(llm=llm))
    return llm if isinstance(llm, FallbackLLM) else FallbackLLM([llm], has_floor=True)


def _as_candidates(candidate: LLM | Candidate | str) -> list[Candidate]:
    if isinstance(candidate, Candidate):
        return [candidate]
    if isinstance(candidate, FallbackLLM):
        return candidate.candidates
    if isinstance(candidate, str):
        provider, rest = split_spec(candidate)
        return [Candidate(provider, load=lambda: load_llm(candidate), model=rest, spec=candidate)]
    if not isinstance(candidate, LLM):
        raise UsageError(
            f"A candidate is an LLM, a spec or a Candidate, not {type(candidate).__name__}.",
            hint="Give an instance of a LlamaIndex LLM.",
        )
    name = candidate.class_name()
    return [
        Candidate(_NAMES.get(name, name.lower()), llm=candidate, takes_pictures=takes_pictures(candidate))
    ]


def _prompt(text: str) -> list[ChatMessage]:
    return [ChatMessage(role=MessageRole.USER, content=text)]


@contextmanager
def _valid(output_cls: type[BaseModel]) -> Iterator[None]:
    """Turn a reply that does not parse into a missing capability of the model."""
    try:
        yield
    except ValueError as error:
        raise CapabilityMissing(
            f"The model wrote no valid {output_cls.__name__}: {str(error).splitlines()[0]}",
            hint="Use a larger model, or a simpler class.",
        ) from error


def _completion(reply: ChatResponse | CompletionResponse) -> CompletionResponse:
    if isinstance(reply, CompletionResponse):
        return reply
    return CompletionResponse(
        text=reply.message.content or "",
        delta=reply.delta,
        raw=reply.raw,
        logprobs=reply.logprobs,
        additional_kwargs=reply.additional_kwargs,
    )
