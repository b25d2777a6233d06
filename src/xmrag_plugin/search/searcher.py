"""Search: a question → vectors → candidates of every channel → fusion → one list of hits.

Free of LlamaIndex, so that a cold search is quick; :class:`~xmrag_plugin.llamaindex.retriever.CrossModalRetriever`
is its face there. The vision encoder is loaded only where the knowledge base has a vision space.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from .._tracing import traced
from ..errors import KnowledgeBaseDamaged, UsageError
from ..storage.forks import renew_after_fork
from ..storage.knowledge_base import KnowledgeBase
from .calibration import Calibration
from .candidates import gather
from .fusion import Candidates, Fused, fuse
from .query_vectors import encode_question
from .rank import follow_links, rank, recognise
from .request import Clock, SearchRequest, SearchResult
from .reranking import rerank
from .vector_cache import VectorCache

__all__ = ["SearchRequest", "SearchResult", "Searcher"]

_SEEN_SLOPE = 0.3
_SHARED_TERMS = 0.8
"""Share of a question's words that one node must hold to be about it whatever the encoder thinks."""


def _told(result: SearchResult) -> dict[str, Any]:
    """Return what a span says of a search."""
    spent = {f"xmrag.stage.{stage}_ms": round(value, 3) for stage, value in result.timings_ms.items()}
    spaces = sorted({channel for hit in result.hits for channel in hit.scores})
    return {"xmrag.hits": len(result.hits), "xmrag.channels": spaces, **spent}


class Searcher:
    """Searches one knowledge base; safe for several threads at once."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self.kb = kb
        self._cache = VectorCache(kb, lambda: self._threads)
        self._calibration: Calibration | None = None
        self._after_fork()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="xmrag-search")

    @property
    def calibration(self) -> Calibration:
        """The calibration that the index fitted to itself, read anew when it was fitted anew."""
        if self._calibration is None or self._calibration.is_outdated(self.kb):
            self._calibration = Calibration.load(self.kb)
        return self._calibration

    @traced("xmrag.search", _told)
    def search(self, request: SearchRequest) -> SearchResult:
        """Answer a request.

        Raises:
            UsageError: If nothing is asked, or a picture is asked where there is no vision space.
            KnowledgeBaseDamaged: If something of what was added is gone.
        """
        clock, question = Clock(), request.question
        if not question.texts and not question.images and not question.sounds:
            raise UsageError("Nothing was asked.", hint="Give a text, a picture, a sound or several.")
        if lost := self.kb.loss():
            raise KnowledgeBaseDamaged(
                f"The knowledge base {self.kb.place} is damaged: it has lost {lost}.",
                hint="`xmrag doctor --fix` makes anew what can be, and names what is lost.",
            )
        with clock.measure("encode"):
            vectors = encode_question(question, self.kb, self._threads)
        candidates, records = gather(
            request, vectors, self.kb, self.calibration, self._cache, self._threads, clock
        )
        with clock.measure("fuse"):
            fused = fuse(request.fusion, candidates)
            if question.images:
                pictures = [data for data, weight in question.images if weight > 0]
                recognise(pictures, candidates, records, fused, self.kb.media)
                follow_links(candidates, records, fused)
            answerable = self._answerable(request, candidates, fused)
            if fused.probabilities is not None:
                fused.probabilities *= answerable
        if request.rerank != "none" and question.text:
            with clock.measure("rerank"):
                rerank(request, candidates, records, fused, self.kb.settings)
        with clock.measure("hits"):
            hits = rank(request, candidates, records, fused, self.kb, answerable)
        return SearchResult(hits, answerable, clock.timings_ms)

    def _answerable(self, request: SearchRequest, candidates: Candidates, fused: Fused) -> float:
        """Return p(the collection holds the answer): near in the text space, in its very words, or seen.

        A question with a picture or a sound is always answered: by those most like it.
        """
        question = request.question
        if question.images or question.sounds:
            return 1.0
        if not candidates.ids:
            return 0.0
        text = candidates.similarity.get("text", np.full(len(candidates.ids), np.nan, np.float32))
        near = 0.0 if np.isnan(text).all() else self.calibration.answerable(float(np.nanmax(text)))
        wordless = (candidates.kinds != "text") & np.isnan(text)
        seen = 0.0
        if wordless.any():
            seen = float(1 / (1 + np.exp(-fused.scores[wordless].max() / _SEEN_SLOPE)))
        lexical = candidates.similarity.get("lexical")
        shared = 0.0
        if lexical is not None and near < 0.5 and lexical.max(initial=0.0) > 0:
            found, asked = self.kb.catalog.shared_terms(question.text, candidates.ids[int(lexical.argmax())])
            shared = _SHARED_TERMS if asked and found >= _SHARED_TERMS * asked else 0.0
        return max(near, seen, shared)
