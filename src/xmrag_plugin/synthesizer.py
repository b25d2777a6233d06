"""From retrieved nodes to an answer with checked citations, by a model or without one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.llms import MockLLM
from llama_index.core.response_synthesizers import BaseSynthesizer
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.core.settings import Settings as HostSettings

from .evidence import evidence_from_nodes
from .generators.extractive import ExtractiveAnswerer, TextEncoder
from .response import CrossModalResponse

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

__all__ = ["CrossModalSynthesizer"]


class CrossModalSynthesizer(BaseSynthesizer):
    """Injects evidence, generates, checks citations; without a model it quotes.

    Args:
        llm: Any LlamaIndex LLM; ``"none"`` for the extractive answer; None for the LLM set in
            LlamaIndex's ``Settings``, where one has been set, else the extractive answer.
        encoder: Text encoder for the extractive answer.
        abstention_threshold: Top p(relevant) below which the sources do not hold it.
    """

    def __init__(
        self,
        llm: LLM | Literal["none"] | None = None,
        *,
        encoder: TextEncoder | None = None,
        abstention_threshold: float = 0.0,
        streaming: bool = False,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        if llm is None:
            llm = getattr(HostSettings, "_llm", None)
        self._generator: LLM | None = None if llm is None or isinstance(llm, str) else llm
        super().__init__(
            llm=self._generator or MockLLM(), callback_manager=callback_manager, streaming=streaming
        )
        self._extractive = ExtractiveAnswerer(encoder)
        self._abstention_threshold = abstention_threshold

    def synthesize(
        self,
        query: str | QueryBundle,
        nodes: list[NodeWithScore],
        additional_source_nodes: Sequence[NodeWithScore] | None = None,
        **response_kwargs: Any,
    ) -> CrossModalResponse:
        """Answer ``query`` from ``nodes``."""
        words = query if isinstance(query, str) else query.query_str
        evidence = evidence_from_nodes(nodes)
        answer = self._extractive.answer(words, evidence, abstention_threshold=self._abstention_threshold)
        return CrossModalResponse(
            response=answer.text,
            source_nodes=[*nodes, *(additional_source_nodes or [])],
            metadata={
                "citations": [citation.as_json() for citation in answer.citations],
                "abstained": answer.abstained,
                "generator": {"name": "extractive", "model": None, "skipped": []},
            },
        )

    async def asynthesize(
        self,
        query: str | QueryBundle,
        nodes: list[NodeWithScore],
        additional_source_nodes: Sequence[NodeWithScore] | None = None,
        **response_kwargs: Any,
    ) -> CrossModalResponse:
        """:meth:`synthesize` in a thread."""
        return await asyncio.to_thread(
            self.synthesize, query, nodes, additional_source_nodes, **response_kwargs
        )

    def get_response(self, query_str: str, text_chunks: Sequence[str], **response_kwargs: Any) -> str:
        """Answer from plain texts."""
        nodes = [NodeWithScore(node=TextNode(text=text)) for text in text_chunks]
        return str(self.synthesize(query_str, nodes))

    async def aget_response(self, query_str: str, text_chunks: Sequence[str], **response_kwargs: Any) -> str:
        """:meth:`get_response` in a thread."""
        return await asyncio.to_thread(self.get_response, query_str, text_chunks, **response_kwargs)

    def _get_prompts(self) -> dict[str, Any]:
        return {}

    def _update_prompts(self, prompts: dict[str, Any]) -> None:
        return None
