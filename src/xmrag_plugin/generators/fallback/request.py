"""What is asked of each candidate of a chain: words, words in a given form, or tools to be called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llama_index.core.llms import LLM, ChatMessage
from llama_index.core.llms.function_calling import FunctionCallingLLM

from ...errors import CapabilityMissing
from ..constrained import CitedForm, form_options
from ..served.errors import diagnose

if TYPE_CHECKING:
    from llama_index.core.tools.types import BaseTool

__all__ = ["Request", "tooled"]

_refused: dict[tuple[str, str, str], int] = {}
"""By class, address and model: how many ways of asking for a form a server has refused."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, put to each candidate in its own way.

    Attributes:
        options: Keywords for the LLM's method.
        tools: Tools that may be called; None where none are given.
        form: What the reply is held to; None for free text.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    tools: Sequence[BaseTool] | None = None
    form: CitedForm | None = None

    @classmethod
    def of(cls, kwargs: Mapping[str, Any]) -> Request:
        """Read a request off the keywords of ``FallbackLLM.chat``."""
        options = dict(kwargs)
        return cls(tools=options.pop("tools", None), form=options.pop("form", None), options=options)

    def by(self, way: str) -> Callable[[LLM, list[ChatMessage]], Any]:
        """Return the function that asks an LLM by one of its methods, such as ``achat`` or ``stream_chat``."""

        def ask(llm: LLM, messages: list[ChatMessage]) -> Any:
            if self.tools is not None:
                call = getattr(tooled(llm), f"{way}_with_tools")
                return call(self.tools, chat_history=messages, **self.options)
            if self.form is None:
                return getattr(llm, way)(messages, **self.options)
            return (self._aheld if way == "achat" else self._held)(llm, way, messages)

        return ask

    def _held(self, llm: LLM, way: str, messages: list[ChatMessage]) -> Any:
        """Ask for the form, in the next way where a server refuses one."""
        for options, last in self._ways(llm):
            try:
                return getattr(llm, way)(messages, **self.options, **options)
            except Exception as error:
                if last or not self._learnt(llm, error):
                    raise
        raise AssertionError  # the last way returns or raises

    async def _aheld(self, llm: LLM, way: str, messages: list[ChatMessage]) -> Any:
        for options, last in self._ways(llm):
            try:
                asked: Awaitable[Any] = getattr(llm, way)(messages, **self.options, **options)
                return await asked
            except Exception as error:
                if last or not self._learnt(llm, error):
                    raise
        raise AssertionError

    def _ways(self, llm: LLM) -> list[tuple[dict[str, Any], bool]]:
        assert self.form is not None
        ways = form_options(llm, self.form)
        ways = ways[min(_refused.get(_key(llm), 0), len(ways) - 1) :]
        return [(options, place == len(ways) - 1) for place, options in enumerate(ways)]

    def _learnt(self, llm: LLM, error: Exception) -> bool:
        """Whether a server refused the options, not the prompt; it is not asked in that way again."""
        found = diagnose(error, llm.class_name())
        if found is None or not found.may_be_pictures:
            return False
        _refused[_key(llm)] = _refused.get(_key(llm), 0) + 1
        return True


def tooled(llm: LLM) -> FunctionCallingLLM:
    """Return an LLM that calls tools as such.

    Raises:
        CapabilityMissing: If it does not.
    """
    if not isinstance(llm, FunctionCallingLLM):
        raise CapabilityMissing(f"{llm.class_name()} calls no tools.", hint="Use a model that does.")
    return llm


def _key(llm: LLM) -> tuple[str, str, str]:
    address = getattr(llm, "api_base", None) or getattr(llm, "base_url", None) or ""
    return llm.class_name(), str(address), str(getattr(llm, "model", ""))
