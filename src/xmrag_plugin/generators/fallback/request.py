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

__all__ = ["Request", "address_of", "tooled"]

_first_way: dict[tuple[str, str, str], int] = {}
"""By class, address and model: the first way of asking for a form that the server took."""


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
        ways = self._ways(llm)
        for place, options in ways:
            try:
                reply = getattr(llm, way)(messages, **self.options, **options)
            except Exception as error:
                if place == ways[-1][0] or not _may_be_options(llm, error):
                    raise
            else:
                _first_way[_key(llm)] = place
                return reply
        raise AssertionError  # the last way returns or raises

    async def _aheld(self, llm: LLM, way: str, messages: list[ChatMessage]) -> Any:
        ways = self._ways(llm)
        for place, options in ways:
            try:
                asked: Awaitable[Any] = getattr(llm, way)(messages, **self.options, **options)
                reply = await asked
            except Exception as error:
                if place == ways[-1][0] or not _may_be_options(llm, error):
                    raise
            else:
                _first_way[_key(llm)] = place
                return reply
        raise AssertionError

    def _ways(self, llm: LLM) -> list[tuple[int, dict[str, Any]]]:
        """Return the ways to ask for the form with their places, from the one that this server took last."""
        assert self.form is not None
        ways = list(enumerate(form_options(llm, self.form)))
        return ways[min(_first_way.get(_key(llm), 0), len(ways) - 1) :]


def _may_be_options(llm: LLM, error: Exception) -> bool:
    """Return whether a server may have failed at the options, not the prompt.

    Some answer what they do not know with 400 or 422, some, llama-cpp-python's among them, with 500.
    """
    found = diagnose(error, llm.class_name())
    return found is not None and (found.may_be_pictures or found.status in (500, 501))


def tooled(llm: LLM) -> FunctionCallingLLM:
    """Return an LLM that calls tools as such.

    Raises:
        CapabilityMissing: If it does not.
    """
    if not isinstance(llm, FunctionCallingLLM):
        raise CapabilityMissing(f"{llm.class_name()} calls no tools.", hint="Use a model that does.")
    return llm


def address_of(llm: LLM) -> str:
    """Return the address of an LLM's server; ``""`` where it names none."""
    return str(getattr(llm, "api_base", None) or getattr(llm, "base_url", None) or "")


def _key(llm: LLM) -> tuple[str, str, str]:
    return llm.class_name(), address_of(llm), str(getattr(llm, "model", ""))
