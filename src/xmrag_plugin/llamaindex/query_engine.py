"""The query engine: retrieve, synthesise, cite."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import RESPONSE_TYPE
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import BaseSynthesizer
from llama_index.core.schema import QueryBundle

from ..search.questions import PictureLike
from .options import check_options, translate_options
from .query_bundle import bundle_of
from .synthesizer import AnyResponse, CrossModalSynthesizer

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

__all__ = ["CrossModalQueryEngine"]


class CrossModalQueryEngine(RetrieverQueryEngine):
    """Answer from texts and pictures, with citations that were checked.

    ``query`` takes a text or a ``QueryBundle`` (``image_path`` for a picture); :meth:`ask` takes any
    pictures too.

    Args:
        retriever: Any retriever; :class:`~xmrag_plugin.CrossModalRetriever` gives p(relevant) too.
        response_synthesizer: Defaults to :class:`~xmrag_plugin.CrossModalSynthesizer`.
        node_postprocessors: As in LlamaIndex.
        callback_manager: As in LlamaIndex.

    Example:
        >>> engine = CrossModalQueryEngine.from_args(retriever, llm="none")  # doctest: +SKIP
        >>> response = engine.query("Which region grew most?")              # doctest: +SKIP
        >>> response.metadata["citations"][0]["source"]                     # doctest: +SKIP
        'report.pdf'
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
        """Make one from a retriever and the arguments of :class:`~xmrag_plugin.CrossModalSynthesizer`.

        LlamaIndex's ``response_mode`` and ``system_prompt`` are taken too.

        Raises:
            UsageError: For an option that there is not, naming what does the same.
        """
        options = translate_options(synthesizer)
        check_options(options, CrossModalSynthesizer, also=("node_postprocessors", "response_synthesizer"))
        if response_synthesizer is None:
            response_synthesizer = CrossModalSynthesizer(
                llm=llm, callback_manager=callback_manager, **options
            )
        return cls(
            retriever=retriever,
            response_synthesizer=response_synthesizer,
            node_postprocessors=node_postprocessors,
            callback_manager=callback_manager,
        )

    def with_retriever(self, retriever: BaseRetriever) -> CrossModalQueryEngine:
        """Return the same engine over another retriever."""
        return type(self)(
            retriever=retriever,
            response_synthesizer=self._response_synthesizer,
            node_postprocessors=self._node_postprocessors,
            callback_manager=self.callback_manager,
        )

    def ask(
        self, question: str | Mapping[Any, float] = "", *, images: Sequence[PictureLike] = ()
    ) -> AnyResponse:
        """Answer a question of words, pictures, or both; :meth:`query` for pictures of any form.

        Args:
            question: Words, or weighted texts and pictures as in ``CrossModalIndex.search``.
            images: Pictures: files, bytes, data URIs, PIL images.

        Raises:
            UsageError: If nothing is asked.
            PictureError: If a picture is missing, damaged, or would have to be fetched.
        """
        response: AnyResponse = self.query(bundle_of(question, images=images, retriever=self._retriever))  # type: ignore[assignment]
        return response

    async def aask(
        self, question: str | Mapping[Any, float] = "", *, images: Sequence[PictureLike] = ()
    ) -> AnyResponse:
        """Call :meth:`ask` on the event loop."""
        bundle = await asyncio.to_thread(bundle_of, question, images=images, retriever=self._retriever)
        response: AnyResponse = await self.aquery(bundle)  # type: ignore[assignment]
        return response

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        return super()._query(bundle_of(query_bundle, retriever=self._retriever))

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        return await super()._aquery(
            await asyncio.to_thread(bundle_of, query_bundle, retriever=self._retriever)
        )
