"""The ways in which an index is asked through LlamaIndex: retriever, engines, tools, answers."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from ..search.questions import PictureLike
from ..types import Hit, Key, Question

if TYPE_CHECKING:
    from llama_index.core.llms import LLM
    from llama_index.core.tools import FunctionTool

    from ..answers.response import CrossModalResponse
    from ..settings import Settings
    from ..storage.knowledge_base import KnowledgeBase
    from .chat.engine import CrossModalChatEngine
    from .query_engine import CrossModalQueryEngine
    from .retriever import CrossModalRetriever
    from .synthesizer import AnyResponse

__all__ = ["LlamaIndexMethods"]

Engine = TypeVar("Engine")


class LlamaIndexMethods:
    """The part of :class:`~xmrag_plugin.CrossModalIndex` that is LlamaIndex's.

    Attributes:
        llm: The LLM that was given; None where one was named or none was.
    """

    settings: Settings
    kb: KnowledgeBase
    llm: LLM | None
    _generator: tuple[Any, LLM | Literal["none"]] | None = None

    @property
    def _collection(self) -> Any:
        return self

    @property
    def abstention_threshold(self) -> float:
        """Return the p(the evidence answers the question) below which the sources are said not to hold it."""
        from ..answers.extractive.sufficiency import ABSTENTION_THRESHOLD

        return ABSTENTION_THRESHOLD

    def unfinished(self) -> int:
        """Count the sources that are still to be added; answers say so."""
        return self.kb.catalog.count_pending()

    def ask(
        self,
        question: str | Mapping[Any, float] = "",
        *,
        images: Sequence[PictureLike] = (),
        llm: LLM | str | None = None,
        **wanted: Any,
    ) -> AnyResponse:
        """Answer a question of words, pictures, or both, with checked citations and figures.

        Args:
            question: Words, or weighted texts and pictures as in :meth:`search`.
            images: Pictures to ask with.
            llm: As for :meth:`as_query_engine`.
            wanted: Further arguments of :meth:`as_query_engine`, such as ``similarity_top_k`` or ``filters``.

        Raises:
            UsageError: If nothing is asked, or an option is unknown.
        """
        return self.as_query_engine(llm, **wanted).ask(question, images=images)

    async def aask(
        self,
        question: str | Mapping[Any, float] = "",
        *,
        images: Sequence[PictureLike] = (),
        llm: LLM | str | None = None,
        **wanted: Any,
    ) -> AnyResponse:
        """Call :meth:`ask` on the event loop."""
        engine = await asyncio.to_thread(self.as_query_engine, llm, **wanted)
        return await engine.aask(question, images=images)

    def answer_from(
        self, question: Question, hits: Sequence[Hit], llm: LLM | str | None = None, **wanted: Any
    ) -> CrossModalResponse:
        """Answer from hits that were found before, so that these are the evidence that was shown.

        Args:
            question: What :func:`~xmrag_plugin.search.questions.as_question` made of what was asked.
            hits: What :meth:`search` found.
            llm: As for :meth:`as_query_engine`.
            wanted: Further arguments of :class:`~xmrag_plugin.CrossModalSynthesizer`.
        """
        from ..answers.response import CrossModalResponse
        from .query_bundle import PictureQuery
        from .retriever import scored_node

        engine = self.as_query_engine(llm, **wanted)
        query = PictureQuery(question.text, question=question)
        response = engine.synthesize(query, [scored_node(hit) for hit in hits])
        if not isinstance(response, CrossModalResponse):
            raise TypeError(f"not a whole answer: {type(response).__name__}")
        return response

    def as_retriever(self, **wanted: Any) -> CrossModalRetriever:
        """Return a LlamaIndex retriever; takes the arguments of :class:`~xmrag_plugin.CrossModalRetriever`.

        Raises:
            UsageError: For an option that there is not, naming what does the same.
        """
        from .options import check_options
        from .retriever import CrossModalRetriever

        check_options(wanted, CrossModalRetriever, also=("callback_manager",))
        return CrossModalRetriever(index=self._collection, **wanted)

    def generator(self, llm: LLM | str | None = None) -> LLM | Literal["none"]:
        """Return the LLM to answer with: the one given, the one named, or a chain of what this machine has.

        The index's own is made once, so that what a server was found to lack is remembered.

        Returns:
            ``"none"`` where nothing can generate: answers are then quoted from the sources.
        """
        from ..generators.fallback.llm import as_fallback

        if llm is not None:
            return as_fallback(llm, self.settings) or "none"
        own = self.llm if self.llm is not None else self.settings.llm
        if self._generator is not None and self._generator[0] is own:
            return self._generator[1]
        made: LLM | Literal["none"] = as_fallback(own, self.settings) or "none"
        self._generator = (own, made)
        return made

    def as_query_engine(self, llm: LLM | str | None = None, **wanted: Any) -> CrossModalQueryEngine:
        """Return a LlamaIndex query engine that answers with citations and figures.

        Args:
            llm: A LlamaIndex LLM or a spec; the index's own when not given.
            wanted: Arguments of :meth:`as_retriever` and of :class:`~xmrag_plugin.CrossModalSynthesizer`, and
                those of LlamaIndex that have an equal here, such as ``response_mode`` and ``system_prompt``.

        Raises:
            UsageError: For an option that there is not, naming what does the same.
        """
        from .query_engine import CrossModalQueryEngine

        return self._engine(CrossModalQueryEngine.from_args, llm, wanted)

    def as_chat_engine(self, llm: LLM | str | None = None, **wanted: Any) -> CrossModalChatEngine:
        """Return a LlamaIndex chat engine that takes and remembers pictures.

        Args:
            llm: As for :meth:`as_query_engine`.
            wanted: As for :meth:`as_query_engine`; ``memory``, a LlamaIndex memory that keeps the conversation; and
                ``chat_history``, messages to go on from.

        Raises:
            UsageError: For an option that there is not, naming what does the same.
        """
        from .chat.engine import CrossModalChatEngine

        return self._engine(CrossModalChatEngine.from_args, llm, wanted)

    def _engine(
        self, make: Callable[..., Engine], llm: LLM | str | None, wanted: Mapping[str, Any]
    ) -> Engine:
        """Return an engine over a retriever that takes its own arguments out of what is wanted."""
        from .retriever import CrossModalRetriever

        known = set(inspect.signature(CrossModalRetriever).parameters) - {"index"}
        retriever = self.as_retriever(**{name: wanted[name] for name in wanted if name in known})
        defaults = {
            "abstention_threshold": 0.0
            if _names_source(wanted.get("filters"))
            else self.abstention_threshold,
            "encoder": self.kb.encoder("text"),
            "unfinished": self.unfinished,
        }
        rest = {name: value for name, value in wanted.items() if name not in known}
        return make(retriever, llm=self.generator(llm), **{**defaults, **rest})

    def as_tools(self, **wanted: Any) -> list[FunctionTool]:
        """Return tools for LlamaIndex agents; they return blocks of text and pictures."""
        from .tools import CrossModalToolSpec

        return CrossModalToolSpec(self._collection, **wanted).to_tool_list()

    def describe(
        self, picture: PictureLike, llm: LLM | str | None = None, **wanted: Any
    ) -> CrossModalResponse:
        """Describe a picture with what the collection knows of it; see :func:`~xmrag_plugin.answers.describe.describe`."""
        from ..answers.describe import describe

        return self._answered_with_events(wanted.get("question", ""), describe, picture, llm, wanted)

    def summarize(self, source: str, llm: LLM | str | None = None, **wanted: Any) -> CrossModalResponse:
        """Sum up a document, recording or video; see :func:`~xmrag_plugin.answers.summarize.summarize`."""
        from ..answers.summarize import summarize

        return self._answered_with_events(wanted.get("focus", ""), summarize, source, llm, wanted)

    def _answered_with_events(
        self,
        words: str,
        answer: Callable[..., CrossModalResponse],
        about: Any,
        llm: LLM | str | None,
        wanted: Mapping[str, Any],
    ) -> CrossModalResponse:
        """Answer with LlamaIndex's Query events; the verb stands for a question without words."""
        from ..answers.events import query_events

        with query_events(words or answer.__name__) as done:
            response = answer(self._collection, about, llm=llm, **wanted)
            if (count := self.unfinished()) and response.metadata is not None:
                response.metadata["unfinished"] = count
            done(response)
        return response


def _names_source(filters: Any) -> bool:
    """Return whether filters keep a question to one source: whoever names it says that it holds the answer."""
    return isinstance(filters, Mapping) and isinstance(filters.get(Key.SOURCE), str)
