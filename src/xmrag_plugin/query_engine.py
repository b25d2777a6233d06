"""The query engine: retrieve, synthesise, cite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import BaseSynthesizer

from .synthesizer import CrossModalSynthesizer

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

__all__ = ["CrossModalQueryEngine"]


class CrossModalQueryEngine(RetrieverQueryEngine):
    """Answers from texts and pictures, with citations that were checked.

    Args:
        retriever: Any retriever; :class:`~xmrag_plugin.CrossModalRetriever` gives p(relevant) too.
        response_synthesizer: Defaults to :class:`~xmrag_plugin.CrossModalSynthesizer`.
        node_postprocessors: As in LlamaIndex.
        callback_manager: As in LlamaIndex.

    Example:
        >>> engine = CrossModalQueryEngine.from_args(index.as_retriever(), llm=None)  # doctest: +SKIP
        >>> response = engine.query("Which region grew most?")                        # doctest: +SKIP
        >>> response.metadata["citations"]                                            # doctest: +SKIP
    """

    def __init__(
        self,
        retriever: BaseRetriever,
        response_synthesizer: BaseSynthesizer | None = None,
        node_postprocessors: Sequence[BaseNodePostprocessor] | None = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        super().__init__(
            retriever=retriever,
            response_synthesizer=response_synthesizer or CrossModalSynthesizer(),
            node_postprocessors=list(node_postprocessors or []),
            callback_manager=callback_manager,
        )

    @classmethod
    def from_args(  # type: ignore[override]
        cls,
        retriever: BaseRetriever,
        llm: LLM | Literal["none"] | None = None,
        response_synthesizer: BaseSynthesizer | None = None,
        node_postprocessors: Sequence[BaseNodePostprocessor] | None = None,
        callback_manager: CallbackManager | None = None,
        **synthesizer: Any,
    ) -> CrossModalQueryEngine:
        """Make one from a retriever and the arguments of :class:`~xmrag_plugin.CrossModalSynthesizer`."""
        return cls(
            retriever=retriever,
            response_synthesizer=response_synthesizer
            or CrossModalSynthesizer(llm=llm, callback_manager=callback_manager, **synthesizer),
            node_postprocessors=node_postprocessors,
            callback_manager=callback_manager,
        )

    def with_retriever(self, retriever: BaseRetriever) -> CrossModalQueryEngine:
        """The same engine over another retriever."""
        return type(self)(
            retriever=retriever,
            response_synthesizer=self._response_synthesizer,
            node_postprocessors=self._node_postprocessors,
            callback_manager=self.callback_manager,
        )
