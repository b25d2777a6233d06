"""From retrieved nodes to a response with checked citations, by a model or without one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import aclosing, closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.llms import MockLLM
from llama_index.core.prompts import PromptTemplate
from llama_index.core.response_synthesizers import BaseSynthesizer
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.core.settings import Settings as HostSettings

from ..answers.answering import Answering, Asked
from ..answers.checking.model_check import Check, EntailmentJudge
from ..answers.context import evidence_from_nodes
from ..answers.context_order import arrange
from ..answers.events import synthesis_events
from ..answers.extractive.answerer import ExtractiveAnswerer, TextEncoder
from ..answers.injection import Budget
from ..answers.postprocess import Answered, Checking
from ..answers.prompt import AnswerPrompt
from ..answers.response import (
    CrossModalAsyncStreamingResponse,
    CrossModalResponse,
    CrossModalStreamingResponse,
    CrossModalStructuredResponse,
)
from ..answers.response_modes import Mode
from ..answers.streamed_text import RenumberedStream
from ..errors import UsageError
from ..generators.fallback.llm import FallbackLLM
from ..search.questions import picture_bytes
from ..settings import Settings
from ..text.untrusted import encodable
from .query_bundle import PictureQuery
from .sync_async import IN_THREAD, ON_LOOP, Waiting, blocking

if TYPE_CHECKING:
    from llama_index.core.bridge.pydantic import BaseModel
    from llama_index.core.llms import LLM

__all__ = ["AnyResponse", "CrossModalSynthesizer"]

dispatcher = get_dispatcher(__name__)

AnyResponse = (
    CrossModalResponse
    | CrossModalStructuredResponse
    | CrossModalStreamingResponse
    | CrossModalAsyncStreamingResponse
)
_MODES = ("compact", "refine", "marginal")
_CHECKS = ("rules", "model", "both")


class CrossModalSynthesizer(BaseSynthesizer):
    """Put context into a prompt, generate, check the claims; without a model, quote.

    Args:
        llm: Any LlamaIndex LLM; ``"none"`` for the extractive answer; None for the LLM that was set in
            LlamaIndex's ``Settings``, where one was, else the extractive answer.
        mode: ``compact`` (one prompt), ``refine`` (as many as the evidence takes) or ``marginal``
            (an answer from each piece of evidence, weighted by p(r | x); needs log-probabilities).
        budget: How much goes into a prompt; by the LLM's context window when not given.
        sees: Whether the LLM takes pictures; found out when not given.
        abstention_threshold: p(the evidence answers the question) below which the sources do not hold it, or what
            gives it; see :func:`~xmrag_plugin.answers.extractive.sufficiency.below_threshold`.
        encoder: Text encoder for the extractive answer.
        output_cls: A pydantic class to fill in instead of a text.
        prompt: The templates.
        streaming: Whether ``synthesize`` returns a stream; its citations are there at its end.
        check: Who checks the answer's claims: ``rules``; ``model``: a model is also asked about those that the
            rules do not find; ``both``: a claim holds only when both say so.
        judge: The model that checks: a cross-encoder for entailment
            (:class:`~xmrag_plugin.answers.checking.model_check.CrossEncoderJudge`); the LLM itself when not given.
        weak_model: Whether the LLM is given quotations only, to put into a sentence, and each claim that fails the
            check gives way to its quotation; by the size in its name when not given (below 1 billion parameters).
        renumber: Whether sources are numbered in the order of mention.
        extractive_fallback: Whether the extractive answer stands in when every generator was left for
            a reason that another could cure (``error.retryable``).
        unfinished: Counts the sources that are still to be added to the collection; the answer says so.
        callback_manager: As in LlamaIndex.

    Raises:
        UsageError: For an unknown mode or check.

    Example:
        >>> from llama_index.core.query_engine import RetrieverQueryEngine
        >>> engine = RetrieverQueryEngine(retriever, CrossModalSynthesizer(llm))  # doctest: +SKIP
    """

    def __init__(
        self,
        llm: LLM | Literal["none"] | None = None,
        *,
        mode: Mode = "compact",
        budget: Budget | None = None,
        sees: bool | None = None,
        abstention_threshold: float | Callable[[], float] = 0.0,
        encoder: TextEncoder | None = None,
        output_cls: type[BaseModel] | None = None,
        prompt: AnswerPrompt | None = None,
        streaming: bool = False,
        check: Check = "rules",
        judge: EntailmentJudge | None = None,
        renumber: bool = False,
        weak_model: bool | None = None,
        extractive_fallback: bool = True,
        unfinished: Callable[[], int] | None = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        if mode not in _MODES:
            raise UsageError(f"No mode is called {mode!r}.", hint=f"Known: {', '.join(_MODES)}.")
        if check not in _CHECKS:
            raise UsageError(f"No check is called {check!r}.", hint=f"Known: {', '.join(_CHECKS)}.")
        if llm is None:
            llm = getattr(HostSettings, "_llm", None)
        model: LLM | None = None if llm is None or isinstance(llm, str) else llm
        chain = model if model is None or isinstance(model, FallbackLLM) else None
        if model is not None and chain is None:
            chain = FallbackLLM([model], has_floor=extractive_fallback)
        manager = callback_manager or getattr(HostSettings, "_callback_manager", None)
        if chain is not None and manager is not None and manager.handlers:
            for (
                candidate
            ) in chain.candidates:  # as LlamaIndex's engines do: an LLM may be older than callbacks
                candidate.report_to(manager)
        super().__init__(
            llm=chain or MockLLM(),
            callback_manager=callback_manager,
            streaming=streaming,
            output_cls=output_cls,
        )
        self.answering = Answering(
            llm=chain,
            mode=mode,
            budget=budget,
            takes_pictures=sees,
            abstention_threshold=abstention_threshold,
            extractive=ExtractiveAnswerer(encoder),
            prompt=prompt or AnswerPrompt(),
            output_cls=output_cls,
            extractive_fallback=extractive_fallback,
            checking=Checking(check, judge),
            weak_model=weak_model,
        )
        self.renumber = renumber
        self.unfinished = unfinished

    @property
    def chain(self) -> FallbackLLM | None:
        """Return the models as a fallback chain; None without a model."""
        return self.answering.llm

    @dispatcher.span
    def synthesize(
        self,
        query: str | QueryBundle,
        nodes: list[NodeWithScore],
        additional_source_nodes: Sequence[NodeWithScore] | None = None,
        **response_kwargs: Any,
    ) -> AnyResponse:
        """Answer ``query`` from ``nodes``.

        Args:
            query: The question; its ``image_path``, or its ``images``, are shown to the LLM.
            nodes: The evidence, best first.
            additional_source_nodes: Appended to the response's source nodes, not to the evidence.
            response_kwargs: ``history``: earlier turns as chat messages; ``images``: encoded pictures
                of the question; ``instructions``: texts added to the system message; ``streaming``: as in
                the constructor, for this answer.

        Raises:
            GenerationError: If the model failed for a reason that is to be shown.
            PictureError: If a picture of the question is missing or would have to be fetched.
        """
        return blocking(self._synthesize(IN_THREAD, query, nodes, additional_source_nodes, response_kwargs))

    @dispatcher.span
    async def asynthesize(
        self,
        query: str | QueryBundle,
        nodes: list[NodeWithScore],
        additional_source_nodes: Sequence[NodeWithScore] | None = None,
        **response_kwargs: Any,
    ) -> AnyResponse:
        """Call :meth:`synthesize` on the event loop; pictures and quotations are worked on in a thread."""
        return await self._synthesize(ON_LOOP, query, nodes, additional_source_nodes, response_kwargs)

    async def _synthesize(
        self,
        way: Waiting,
        query: str | QueryBundle,
        nodes: Sequence[NodeWithScore],
        additional: Sequence[NodeWithScore] | None,
        options: dict[str, Any],
    ) -> AnyResponse:
        with synthesis_events(query, self._callback_manager) as done:
            asked, sources = await way.run(self._begin, query, nodes, additional, options)
            response: AnyResponse
            if bool(options.get("streaming", self._streaming)) and self._output_cls is None:
                response = self._stream(way, asked, sources)
            else:
                answered = await way.call(self.answering.answer, self.answering.aanswer, asked)
                response = self._whole(answered, sources)
            done(response)
        return response

    def get_response(self, query_str: str, text_chunks: Sequence[str], **response_kwargs: Any) -> str:
        """Answer from plain texts."""
        return str(self.synthesize(query_str, _as_nodes(text_chunks), **response_kwargs, streaming=False))

    async def aget_response(self, query_str: str, text_chunks: Sequence[str], **response_kwargs: Any) -> str:
        """Call :meth:`get_response` on the event loop."""
        nodes = _as_nodes(text_chunks)
        return str(await self.asynthesize(query_str, nodes, **response_kwargs, streaming=False))

    def _get_prompts(self) -> dict[str, Any]:
        prompt = self.answering.prompt
        return {
            "system": PromptTemplate(prompt.system),
            "question": PromptTemplate(prompt.question),
            "refine": PromptTemplate(prompt.refine),
        }

    def _update_prompts(self, prompts: dict[str, Any]) -> None:
        known = self._get_prompts()
        changed = {name: template.get_template() for name, template in prompts.items() if name in known}
        self.answering.prompt = replace(self.answering.prompt, **changed)

    def _begin(
        self,
        query: str | QueryBundle,
        nodes: Sequence[NodeWithScore],
        additional: Sequence[NodeWithScore] | None,
        options: dict[str, Any],
    ) -> tuple[Asked, list[NodeWithScore]]:
        """Return the question, and the source nodes in the order of their numbers, what was left out behind."""
        evidence, dropped = arrange(evidence_from_nodes(nodes))
        by_id = {scored.node.node_id: scored for scored in nodes}
        left = {node_id for node_id, _ in dropped}
        sources = [by_id[item.node_id] for item in evidence]
        sources += [scored for scored in nodes if scored.node.node_id in left]
        asked = self.answering.ask(
            _words(query),
            evidence,
            dropped=dropped,
            pictures=_pictures(query, options.get("images")),
            history=options.get("history") or (),
        )
        if asked.task is not None and (added := options.get("instructions")):
            system = "\n\n".join([asked.task.prompt.system, *added])
            asked.task = replace(asked.task, prompt=replace(asked.task.prompt, system=system))
        return asked, [*sources, *(additional or [])]

    def _whole(
        self, answered: Answered, sources: list[NodeWithScore], shown: Sequence[int] = ()
    ) -> CrossModalResponse | CrossModalStructuredResponse:
        if self.unfinished is not None and (count := self.unfinished()):
            answered.metadata["unfinished"] = count
        if answered.filled is not None:
            return CrossModalStructuredResponse(answered.filled, sources, answered.metadata)
        response = CrossModalResponse(answered.text, sources, answered.metadata)
        return response.renumbered(shown) if self.renumber else response

    def _stream(
        self, way: Waiting, asked: Asked, sources: list[NodeWithScore]
    ) -> CrossModalStreamingResponse | CrossModalAsyncStreamingResponse:
        anew = RenumberedStream() if self.renumber else None

        def done(answered: Answered) -> None:
            whole = self._whole(answered, sources, anew.order if anew else ())
            response.metadata, response.source_nodes = whole.metadata, whole.source_nodes
            if isinstance(response, CrossModalStreamingResponse):
                response.response_txt = whole.answer_words()
            else:
                response.checked_txt = whole.answer_words()

        response: CrossModalStreamingResponse | CrossModalAsyncStreamingResponse
        if way is IN_THREAD:
            pieces = self.answering.pieces(asked, done)
            response = CrossModalStreamingResponse(_anew(pieces, anew) if anew else pieces, sources, {})
        else:
            apieces = self.answering.apieces(asked, done)
            response = CrossModalAsyncStreamingResponse(
                _aanew(apieces, anew) if anew else apieces, sources, {}
            )
        return response


def _anew(pieces: Generator[str, None, None], numbered: RenumberedStream) -> Generator[str, None, None]:
    with closing(pieces):
        for piece in pieces:
            yield numbered.take(piece)
    yield numbered.end()


async def _aanew(pieces: AsyncGenerator[str, None], numbered: RenumberedStream) -> AsyncGenerator[str, None]:
    async with aclosing(pieces):
        async for piece in pieces:
            yield numbered.take(piece)
    yield numbered.end()


def _words(query: str | QueryBundle) -> str:
    return encodable(query if isinstance(query, str) else query.query_str)


def _pictures(query: str | QueryBundle, images: Sequence[bytes] | None) -> list[bytes]:
    """Return the pictures that a question comes with, encoded; a link is not followed here."""
    if isinstance(query, PictureQuery):
        return [*(images or ()), *query.images]
    found = list(images or ())
    if isinstance(query, QueryBundle) and query.image_path:
        found.append(picture_bytes(query.image_path, Settings()))
    return found


def _as_nodes(texts: Sequence[str]) -> list[NodeWithScore]:
    return [NodeWithScore(node=TextNode(text=text)) for text in texts]
