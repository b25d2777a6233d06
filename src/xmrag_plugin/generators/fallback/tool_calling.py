"""Call tools with the first candidate that can, in its own way."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.llms import ChatMessage, ChatResponse, MessageRole
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection

from ...errors import CapabilityMissing
from .candidate import Candidate
from .request import tooled

if TYPE_CHECKING:
    from llama_index.core.tools.types import BaseTool

__all__ = ["ToolCallingFallback", "history"]


class ToolCallingFallback(FunctionCallingLLM):
    """The part of :class:`~xmrag_plugin.FallbackLLM` that calls tools.

    The four methods are LlamaIndex's own: they ask ``chat`` and its kin with ``tools``, and a :class:`~.request.Request`
    asks the candidate's method for tools.
    """

    @property
    @abstractmethod
    def candidates(self) -> list[Candidate]:
        """The candidates, from the top."""

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
        calls: list[ToolSelection] = tooled(callers[0].llm).get_tool_calls_from_response(
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
        """Return what ``chat`` and its kin are given: each candidate prepares the tools in its own way when it is asked.

        What is left at its default is not passed on.
        """
        said = {"allow_parallel_tool_calls": allow_parallel_tool_calls, **kwargs}
        said |= {"verbose": True} if verbose else {}
        said |= {"tool_required": True} if tool_required else {}
        return {"messages": history(user_msg, chat_history), "tools": tools, **said}


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
