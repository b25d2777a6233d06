"""The query engine: retrieve, synthesise, cite."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import BaseSynthesizer
from llama_index.core.schema import NodeWithScore, QueryBundle

from ..errors import UsageError
from ..search.questions import PictureLike, picture_bytes
from ..settings import Settings
from .synthesizer import AnyResponse, CrossModalSynthesizer

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

__all__ = ["CrossModalQueryEngine"]


class CrossModalQueryEngine(RetrieverQueryEngine):
    """Answers from texts and pictures, with citations that were checked.

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
        """Make one from a retriever and the arguments of :class:`~xmrag_plugin.CrossModalSynthesizer`."""
        if response_synthesizer is None:
            check_options(synthesizer, CrossModalSynthesizer)
            response_synthesizer = CrossModalSynthesizer(
                llm=llm, callback_manager=callback_manager, **synthesizer
            )
        return cls(
            retriever=retriever,
            response_synthesizer=response_synthesizer,
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

    def ask(
        self, question: str | Mapping[Any, float] = "", *, images: Sequence[PictureLike] = ()
    ) -> AnyResponse:
        """Answer a question of words, pictures, or both.

        Args:
            question: Words, or weighted texts and pictures as in ``CrossModalIndex.search``.
            images: Pictures: files, bytes, data URIs, PIL images.

        Raises:
            UsageError: If nothing is asked.
        """
        nodes, bundle, pictures = self._find(question, images)
        response: AnyResponse = self._response_synthesizer.synthesize(  # type: ignore[assignment]
            bundle, nodes, **_shown(self._response_synthesizer, pictures)
        )
        return response

    async def aask(
        self, question: str | Mapping[Any, float] = "", *, images: Sequence[PictureLike] = ()
    ) -> AnyResponse:
        """:meth:`ask` on the event loop."""
        nodes, bundle, pictures = await asyncio.to_thread(self._find, question, images)
        response: AnyResponse = await self._response_synthesizer.asynthesize(  # type: ignore[assignment]
            bundle, nodes, **_shown(self._response_synthesizer, pictures)
        )
        return response

    def _find(
        self, question: str | Mapping[Any, float], images: Sequence[PictureLike]
    ) -> tuple[list[NodeWithScore], QueryBundle, list[bytes]]:
        nodes, words, pictures = retrieve_with_pictures(self._retriever, question, images)
        bundle = QueryBundle(words)
        return self._apply_node_postprocessors(nodes, bundle), bundle, pictures


def retrieve_with_pictures(
    retriever: BaseRetriever, question: str | Mapping[Any, float], images: Sequence[PictureLike]
) -> tuple[list[NodeWithScore], str, list[bytes]]:
    """Ask a retriever with words and pictures.

    Returns:
        The nodes, the positive words, and the pictures as encoded bytes.

    Raises:
        UsageError: If nothing is asked, or the retriever takes no pictures.
    """
    from ..search.questions import as_question

    index = getattr(retriever, "index", None)
    settings = getattr(index, "settings", None) or Settings()
    if isinstance(question, str) and not images:
        if not question.strip():
            raise UsageError("Nothing was asked.", hint="Give words, a picture or both.")
        return retriever.retrieve(QueryBundle(question)), question, []
    asked = as_question(
        question, images=[picture_bytes(image, settings) for image in images], settings=settings
    )
    pictures = [data for data, weight in asked.images if weight > 0]
    if hasattr(retriever, "retrieve_composed"):
        return retriever.retrieve_composed(asked), asked.text, pictures
    if not asked.text:
        raise UsageError(
            f"{type(retriever).__name__} takes no pictures, and no words were given.",
            hint="Use a CrossModalRetriever, or add words.",
        )
    return retriever.retrieve(QueryBundle(asked.text)), asked.text, pictures


def check_options(options: Mapping[str, Any], *classes: type) -> None:
    """Refuse an argument that none of the classes has.

    Raises:
        UsageError: Naming those that they have.
    """
    known = sorted({name for each in classes for name in _options_of(each)})
    unknown = [name for name in options if name not in known]
    if unknown:
        raise UsageError(f"There is no option {unknown[0]!r}.", hint=f"Known: {', '.join(known)}.")


def _options_of(kind: type) -> set[str]:
    names = set(inspect.signature(kind.__init__).parameters)  # type: ignore[misc]
    return names - {"self", "index", "llm", "callback_manager", "kwargs", "args"}


def _shown(synthesizer: BaseSynthesizer, pictures: Sequence[bytes]) -> dict[str, Any]:
    return {"images": pictures} if pictures and isinstance(synthesizer, CrossModalSynthesizer) else {}
