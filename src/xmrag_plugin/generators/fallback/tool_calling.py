"""Call tools with the first candidate that can, in its own way."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llama_index.core.llms import (
    LLM,
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    MessageRole,
)
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection

from ...errors import CapabilityMissing
from .candidate import Candidate
from .chain import ChainRun, arun, astream, run, stream

if TYPE_CHECKING:
    from llama_index.core.tools.types import BaseTool

__all__ = ["ToolCallingFallback", "history"]


@dataclass(frozen=True, slots=True)
class _Options:
    """What a caller may say about calling tools; what is left at its default is not passed on."""

    verbose: bool
    allow_parallel_tool_calls: bool
    tool_required: bool
    more: dict[str, Any]

    @property
    def given(self) -> dict[str, Any]:
        said = {"allow_parallel_tool_calls": self.allow_parallel_tool_calls, **self.more}
        if self.verbose:
            said["verbose"] = True
        if self.tool_required:
            said["tool_required"] = True
        return said


class ToolCallingFallback(FunctionCallingLLM):
    """The part of :class:`~xmrag_plugin.FallbackLLM` that calls tools."""

    @property
    @abstractmethod
    def candidates(self) -> list[Candidate]:
        """The candidates, from the top."""

    @abstractmethod
    def _chain(self, messages: Sequence[ChatMessage], *, tools: bool = False) -> ChainRun:
        """Return the chain run for one question."""

    def chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> ChatResponse:
        """Answer or call tools, with the first candidate that can call them."""
        options = _Options(verbose, allow_parallel_tool_calls, tool_required, kwargs)
        reply: ChatResponse = run(
            self._chain(history(user_msg, chat_history), tools=True),
            lambda llm, given: _tooled(llm).chat_with_tools(tools, chat_history=given, **options.given),
        )
        return reply

    async def achat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> ChatResponse:
        """Do as :meth:`chat_with_tools`."""
        options = _Options(verbose, allow_parallel_tool_calls, tool_required, kwargs)
        reply: ChatResponse = await arun(
            self._chain(history(user_msg, chat_history), tools=True),
            lambda llm, given: _tooled(llm).achat_with_tools(tools, chat_history=given, **options.given),
        )
        return reply

    def stream_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> ChatResponseGen:
        """Do as :meth:`chat_with_tools`, piece by piece."""
        options = _Options(verbose, allow_parallel_tool_calls, tool_required, kwargs)
        reply: ChatResponseGen = stream(
            self._chain(history(user_msg, chat_history), tools=True),
            lambda llm, given: _tooled(llm).stream_chat_with_tools(
                tools, chat_history=given, **options.given
            ),
        )
        return reply

    async def astream_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> ChatResponseAsyncGen:
        """Do as :meth:`stream_chat_with_tools`."""
        options = _Options(verbose, allow_parallel_tool_calls, tool_required, kwargs)
        reply: ChatResponseAsyncGen = astream(
            self._chain(history(user_msg, chat_history), tools=True),
            lambda llm, given: _tooled(llm).astream_chat_with_tools(
                tools, chat_history=given, **options.given
            ),
        )
        return reply

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        """Return the calls in a response, read by the candidate that gave it."""
        name = response.additional_kwargs.get("generator", {}).get("name")
        callers = sorted(
            (candidate for candidate in self.candidates if candidate.calls_tools),
            key=lambda candidate: candidate.name != name,
        )
        if not callers:
            raise CapabilityMissing("No candidate calls tools.", hint="Add one that does.")
        calls: list[ToolSelection] = _tooled(callers[0].llm).get_tool_calls_from_response(
            response, error_on_no_tool_call=error_on_no_tool_call, **kwargs
        )
        return calls

    def _prepare_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Return the conversation alone: each candidate prepares the tools in its own way when it is asked."""
        return {"messages": history(user_msg, chat_history), **kwargs}


def history(
    user_msg: str | ChatMessage | None, chat_history: Sequence[ChatMessage] | None
) -> list[ChatMessage]:
    """Return a conversation with the user's newest message at its end."""
    messages = list(chat_history or [])
    if isinstance(user_msg, str):
        messages.append(ChatMessage(role=MessageRole.USER, content=user_msg))
    elif user_msg is not None:
        messages.append(user_msg)
    return messages


def _tooled(llm: LLM) -> FunctionCallingLLM:
    if not isinstance(llm, FunctionCallingLLM):
        raise CapabilityMissing(f"{llm.class_name()} calls no tools.", hint="Use a model that does.")
    return llm
