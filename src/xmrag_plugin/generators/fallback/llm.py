"""A ladder of generators as one LlamaIndex LLM: the best that answers, and who was left for what."""

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
from ..picture_blocks import sees_pictures
from .candidate import Rung
from .chain import Descent, arun, astream, run, stream
from .discovery import describe_ladder, plan_ladder
from .serialised import rung_as_dict, rung_from_dict
from .tool_calling import ToolCallingLadder

__all__ = ["FallbackLLM", "Rung", "auto_ladder", "describe_ladder", "ladder_of"]

Model = TypeVar("Model", bound=BaseModel)

_DOORS = {
    "OpenAIServer": "openai",
    "openai_llm": "openai",
    "openai_multi_modal_llm": "openai-multimodal",
    "OllamaServer": "ollama",
    "Ollama_llm": "ollama",
    "TransformersVisionLLM": "transformers",
    "TransformersTextLLM": "transformers",
}


class FallbackLLM(ToolCallingLadder):
    """Several LLMs as one: each is asked until one answers.

    A rung is left when it cannot be reached, is silent for too long, is overloaded, has no quota or
    no memory left, or cannot do what is asked; never for a wrong key, a refused prompt or a
    programmer's error, which are raised. A passing failure is tried again once. A rung that failed
    rests for ``cooldown_s``. Pictures are replaced by a remark for a rung that does not see; their
    words stand next to them (see :mod:`xmrag_plugin.generators.picture_blocks`).

    Streams are never joined: until the first word the next rung takes over; after it the failure is
    raised. ``response.additional_kwargs["generator"]`` says ``{"name", "model", "skipped": [{"name",
    "reason"}]}`` and, where it applies, ``pictures_as_words``.

    >>> llm = FallbackLLM(["openai:gpt-5-mini", "smolvlm2-500m"])  # doctest: +SKIP
    >>> llm.complete("Which region grew most?").additional_kwargs["generator"]["name"]  # doctest: +SKIP
    'openai'

    Args:
        rungs: LLMs, specs or :class:`Rung`, the best first; another ladder gives its rungs.
        cooldown_s: How long a rung that failed is left alone.
        retries: How often a rung is asked again after a passing failure (429, 5xx, a broken line).
        has_floor: Whether the caller answers in some other way when all rungs are left, so that even
            the last one may rest.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    cooldown_s: float = Field(default=60.0, ge=0.0)
    retries: int = Field(default=1, ge=0)
    has_floor: bool = Field(default=False)

    _rungs: list[Rung] = PrivateAttr(default_factory=list)
    _clock: Callable[[], float] = PrivateAttr(default=time.monotonic)

    def __init__(self, rungs: Sequence[LLM | Rung | str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for rung in rungs:
            self._rungs.extend(_as_rungs(rung))
        if not self._rungs:
            raise UsageError("A ladder needs at least one rung.", hint="Give it an LLM.")
        names: dict[str, int] = {}
        for each in self._rungs:
            names[each.name] = names.get(each.name, 0) + 1
            if names[each.name] > 1:
                each.name = f"{each.name}-{names[each.name]}"

    @classmethod
    def class_name(cls) -> str:
        return "FallbackLLM"

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """Its fields and its rungs, without keys and headers."""
        return {**super().to_dict(**kwargs), "rungs": [rung_as_dict(rung) for rung in self._rungs]}

    @classmethod
    def from_dict(cls, data: dict[str, Any], **kwargs: Any) -> FallbackLLM:
        """Rebuild it from :meth:`to_dict`; keys are taken from the environment.

        Raises:
            UsageError: If an LLM cannot be rebuilt from its class's name.
        """
        given = {**data, **kwargs}
        given.pop("class_name", None)
        rungs = [rung_from_dict(rung) if isinstance(rung, dict) else rung for rung in given.pop("rungs")]
        return cls(rungs, **given)

    @property
    def rungs(self) -> list[Rung]:
        """The rungs, from the top."""
        return list(self._rungs)

    @property
    def sees_pictures(self) -> bool | None:
        """Whether any rung looks at pictures; None where only trying tells."""
        said = {rung.sees for rung in self._rungs}
        return True if True in said else None if None in said else False

    @property
    def metadata(self) -> LLMMetadata:
        """Of the topmost rung that does not rest and can be opened; any rung may call tools."""
        now = self._clock()
        ready = [rung for rung in self._rungs if not rung.resting(now)] or self._rungs
        tools = any(rung.calls_tools for rung in self._rungs)
        for rung in ready:
            top = rung.metadata
            if top is not None:
                return top.model_copy(update={"is_chat_model": True, "is_function_calling_model": tools})
        return LLMMetadata(is_chat_model=True, is_function_calling_model=tools, model_name=ready[0].model)

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Answer a conversation with the first rung that can."""
        reply: ChatResponse = run(self._descent(messages), lambda llm, given: llm.chat(given, **kwargs))
        return reply

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Answer a prompt with the first rung that can; a chat model gets it as a user's message."""

        def ask(llm: LLM, given: list[ChatMessage]) -> Any:
            if llm.metadata.is_chat_model:
                return llm.chat(given, **kwargs)
            return llm.complete(prompt, formatted=formatted, **kwargs)

        return _completion(run(self._descent(_prompt(prompt)), ask))

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Answer piece by piece; see the class for what happens when a stream breaks."""
        return stream(self._descent(messages), lambda llm, given: llm.stream_chat(given, **kwargs))

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """Answer a prompt piece by piece."""

        def ask(llm: LLM, given: list[ChatMessage]) -> Any:
            if llm.metadata.is_chat_model:
                return llm.stream_chat(given, **kwargs)
            return llm.stream_complete(prompt, formatted=formatted, **kwargs)

        return (_completion(piece) for piece in stream(self._descent(_prompt(prompt)), ask))

    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """As :meth:`chat`."""
        reply: ChatResponse = await arun(
            self._descent(messages), lambda llm, given: llm.achat(given, **kwargs)
        )
        return reply

    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """As :meth:`complete`."""

        async def ask(llm: LLM, given: list[ChatMessage]) -> Any:
            if llm.metadata.is_chat_model:
                return await llm.achat(given, **kwargs)
            return await llm.acomplete(prompt, formatted=formatted, **kwargs)

        return _completion(await arun(self._descent(_prompt(prompt)), ask))

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """As :meth:`stream_chat`."""
        return astream(self._descent(messages), lambda llm, given: llm.astream_chat(given, **kwargs))

    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseAsyncGen:
        """As :meth:`stream_complete`."""

        async def ask(llm: LLM, given: list[ChatMessage]) -> Any:
            if llm.metadata.is_chat_model:
                return await llm.astream_chat(given, **kwargs)
            return await llm.astream_complete(prompt, formatted=formatted, **kwargs)

        async def completions() -> AsyncGenerator[CompletionResponse, None]:
            async for piece in astream(self._descent(_prompt(prompt)), ask):
                yield _completion(piece)

        return completions()

    def structured_predict(
        self,
        output_cls: type[Model],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Model:
        """An object of a pydantic class, by the best way of the first rung that manages it."""
        kept: list[Model] = []

        def ask(llm: LLM, given: list[ChatMessage]) -> CompletionResponse:
            with _valid(output_cls):
                kept.append(llm.structured_predict(output_cls, ChatPromptTemplate(given), llm_kwargs))
            return CompletionResponse(text="")

        run(self._descent(prompt.format_messages(llm=self, **prompt_args)), ask)
        return kept[-1]

    async def astructured_predict(
        self,
        output_cls: type[Model],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Model:
        """As :meth:`structured_predict`."""
        kept: list[Model] = []

        async def ask(llm: LLM, given: list[ChatMessage]) -> CompletionResponse:
            with _valid(output_cls):
                template = ChatPromptTemplate(given)
                kept.append(await llm.astructured_predict(output_cls, template, llm_kwargs))
            return CompletionResponse(text="")

        await arun(self._descent(prompt.format_messages(llm=self, **prompt_args)), ask)
        return kept[-1]

    def _descent(self, messages: Sequence[ChatMessage], *, tools: bool = False) -> Descent:
        return Descent(
            rungs=self._rungs,
            messages=list(messages),
            cooldown_s=self.cooldown_s,
            retries=self.retries,
            has_floor=self.has_floor,
            tools=tools,
            clock=self._clock,
        )


def auto_ladder(settings: Settings | None = None) -> FallbackLLM | None:
    """The ladder that the settings and this machine give; None when only the extractive answer is left.

    With ``llm = "none"`` there is none. With a spec, that generator stands on top and the others that
    are found stand below it, but none that sends texts off this machine below one that does not.
    With ``auto`` it is what :func:`~xmrag_plugin.generators.fallback.discovery.plan_ladder` finds.

    Raises:
        UsageError: If the spec names no generator.
        ModelError: If the model that it names is not known or not here.
        MissingExtra: If the package that it needs is not installed.
    """
    settings = settings or Settings.load()
    rungs = [
        Rung(
            row.name,
            load=row.load,
            model=row.model,
            sees=row.sees,
            calls_tools=row.calls_tools,
        )
        for row in plan_ladder(settings, strict=True)
        if row.usable and row.load is not None
    ]
    return FallbackLLM(rungs, has_floor=True) if rungs else None


def ladder_of(llm: LLM | str | None, settings: Settings | None = None) -> FallbackLLM | None:
    """Whatever an application gives as its LLM, as a ladder.

    Args:
        llm: An LLM (it alone makes the ladder), a spec (as in ``settings.llm``), or None for what the
            settings say.
        settings: For specs and None.
    """
    settings = settings or Settings.load()
    if llm is None:
        return auto_ladder(settings)
    if isinstance(llm, str):
        return auto_ladder(settings.replace(llm=llm))
    return llm if isinstance(llm, FallbackLLM) else FallbackLLM([llm], has_floor=True)


def _as_rungs(rung: LLM | Rung | str) -> list[Rung]:
    if isinstance(rung, Rung):
        return [rung]
    if isinstance(rung, FallbackLLM):
        return rung.rungs
    if isinstance(rung, str):
        door, rest = split_spec(rung)
        return [Rung(door, load=lambda: load_llm(rung), model=rest, spec=rung)]
    if not isinstance(rung, LLM):
        raise UsageError(
            f"A rung is an LLM, a spec or a Rung, not {type(rung).__name__}.",
            hint="Give an instance of a LlamaIndex LLM.",
        )
    name = rung.class_name()
    return [Rung(_DOORS.get(name, name.lower()), llm=rung, sees=sees_pictures(rung))]


def _prompt(text: str) -> list[ChatMessage]:
    return [ChatMessage(role=MessageRole.USER, content=text)]


@contextmanager
def _valid(output_cls: type[BaseModel]) -> Iterator[None]:
    """What a model wrote and does not parse is something that it cannot do."""
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
