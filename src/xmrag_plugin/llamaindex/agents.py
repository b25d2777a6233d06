"""LlamaIndex agents whose LLM sees the pictures that tools return.

The stock agents lose them: ``FunctionAgent`` puts them into a tool message, where most providers (OpenAI
among them) take words only, and ``ReActAgent`` keeps the words of an observation alone
(run-llama/llama_index 18284, 19091). Here the pictures follow in a message of the user, where every LLM
that sees takes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.agent.workflow import AgentOutput, FunctionAgent, ReActAgent, ToolCallResult
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, MessageRole, TextBlock
from llama_index.core.bridge.pydantic import ConfigDict, Field
from llama_index.core.memory import BaseMemory
from llama_index.core.tools import AsyncBaseTool

__all__ = ["CrossModalFunctionAgent", "CrossModalReActAgent"]

_SEEN = "xmrag_pictures_seen"


class CrossModalFunctionAgent(FunctionAgent):
    """A ``FunctionAgent`` that shows its LLM the pictures in tool results.

    Example:
        >>> agent = CrossModalFunctionAgent(tools=index.as_tools(), llm=llm)     # doctest: +SKIP
        >>> response = await agent.run("Which bar is the tallest?")              # doctest: +SKIP
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    async def handle_tool_call_results(
        self, ctx: Any, results: list[ToolCallResult], memory: BaseMemory
    ) -> None:
        """Keep the results, the pictures in a message of their own after the tools' messages."""
        await super().handle_tool_call_results(ctx, results, memory)
        message = _shown(results)
        if message is None:
            return
        scratchpad: list[ChatMessage] = await ctx.store.get(self.scratchpad_key, default=[])
        kept = [_in_words(said) if said.role == MessageRole.TOOL else said for said in scratchpad]
        direct = any(result.return_direct and result.tool_name != "handoff" for result in results)
        await ctx.store.set(self.scratchpad_key, kept if direct else [*kept, message])


class CrossModalReActAgent(ReActAgent):
    """A ``ReActAgent`` that shows its LLM the pictures in observations.

    Args:
        max_pictures: How many of the latest pictures are shown at each step.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    max_pictures: int = Field(default=8, ge=0, description="Latest pictures shown at each step.")

    async def handle_tool_call_results(
        self, ctx: Any, results: list[ToolCallResult], memory: BaseMemory
    ) -> None:
        """Keep the observations, and their pictures beside them."""
        await super().handle_tool_call_results(ctx, results, memory)
        message = _shown(results)
        if message is not None:
            seen: list[ChatMessage] = await ctx.store.get(_SEEN, default=[])
            await ctx.store.set(_SEEN, [*seen, message])

    async def take_step(
        self, ctx: Any, llm_input: list[ChatMessage], tools: Sequence[AsyncBaseTool], memory: BaseMemory
    ) -> AgentOutput:
        """Run a step, with the pictures of earlier observations in view."""
        seen: list[ChatMessage] = await ctx.store.get(_SEEN, default=[])
        shown, left = [], self.max_pictures
        for message in reversed(seen):
            if left <= 0:
                break
            shown.append(_latest(message, left))
            left -= sum(isinstance(block, ImageBlock) for block in message.blocks)
        return await super().take_step(ctx, [*llm_input, *reversed(shown)], tools, memory)

    async def finalize(self, ctx: Any, output: AgentOutput, memory: BaseMemory) -> AgentOutput:
        """Forget the pictures of this question."""
        await ctx.store.set(_SEEN, [])
        return await super().finalize(ctx, output, memory)


def _shown(results: Sequence[ToolCallResult]) -> ChatMessage | None:
    """Return the pictures of tool results, each named by the words before it; None when there are none."""
    blocks: list[Any] = []
    for result in results:
        words = ""
        for block in result.tool_output.blocks:
            if isinstance(block, TextBlock):
                words = block.text
            elif isinstance(block, ImageBlock):
                line = next((each for each in words.strip().split("\n") if not each.startswith("<")), "")[
                    :200
                ]
                blocks += [TextBlock(text=f"Picture that {result.tool_name} returned: {line}".strip()), block]
    return ChatMessage(role=MessageRole.USER, blocks=blocks) if blocks else None


def _in_words(message: ChatMessage) -> ChatMessage:
    """Return a tool message without its pictures, which follow it."""
    blocks = [block for block in message.blocks if not isinstance(block, ImageBlock)]
    if len(blocks) == len(message.blocks):
        return message
    return ChatMessage(
        role=message.role,
        blocks=blocks or [TextBlock(text="The picture follows.")],
        additional_kwargs=message.additional_kwargs,
    )


def _latest(message: ChatMessage, count: int) -> ChatMessage:
    """Return the last pictures of a message with their words."""
    return ChatMessage(role=message.role, blocks=message.blocks[-2 * count :])
