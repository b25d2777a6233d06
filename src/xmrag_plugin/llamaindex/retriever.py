"""CrossModalRetriever: LlamaIndex's face of the search."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks import CallbackManager
from llama_index.core.schema import (
    NodeWithScore,
    QueryBundle,
    QueryType,
)

from ..answers.source_nodes import node_of
from ..errors import UsageError
from ..search.questions import PictureLike, as_question
from ..search.searcher import SearchRequest
from ..search.spoken import SoundLike, SpokenWords
from ..storage.filters import parse
from ..types import Hit, Modality, NodeRecord, Question

if TYPE_CHECKING:
    from llama_index.core.vector_stores.types import MetadataFilters

    from ..search.collection import Collection

__all__ = ["CrossModalRetriever"]


class CrossModalRetriever(BaseRetriever):
    """Retrieves texts and pictures of a :class:`~xmrag_plugin.CrossModalIndex` in one list.

    A node's score is its p(relevant). Pictures are ``ImageNode``s whose ``image_path`` is the file in
    the media store. The query bundle is never changed; ``QueryBundle(image_path=…)`` asks with a picture,
    with or without words.

    Args:
        index: The index.
        similarity_top_k: Length of the list.
        modality: Only ``"text"``, ``"image"``, …
        top_k: At most so many of a modality, such as ``{"image": 3}``.
        filters: LlamaIndex metadata filters, honoured for every kind of node; or a mapping of metadata to
            values, or a function of a node record.
        min_probability: Leave out what is less probably relevant.
        mmr: Maximal marginal relevance, 0 (diverse) to 1.
        neighbours: Linked nodes brought along with each hit.
        fusion: Name of the fusion.
        image_similarity_top_k: As in LlamaIndex's multimodal retriever, for ``text_to_image_retrieve``
            and ``image_to_image_retrieve``; the list's length when not given.

    Example:
        >>> retriever = index.as_retriever(similarity_top_k=5)     # doctest: +SKIP
        >>> retriever.retrieve("the bar chart of revenue")         # doctest: +SKIP
    """

    def __init__(
        self,
        index: Collection,
        *,
        similarity_top_k: int = 10,
        modality: str | None = None,
        top_k: Mapping[str, int] | None = None,
        filters: MetadataFilters | Mapping[str, Any] | Callable[[NodeRecord], bool] | None = None,
        min_probability: float = 0.0,
        mmr: float | None = None,
        neighbours: int = 0,
        fusion: str = "calibrated",
        image_similarity_top_k: int | None = None,
        callback_manager: CallbackManager | None = None,
        verbose: bool = False,
    ) -> None:
        self.index = index
        self.similarity_top_k = similarity_top_k
        self.modality = modality
        self.top_k = dict(top_k) if top_k else None
        self.min_probability = min_probability
        self.mmr = mmr
        self.neighbours = neighbours
        self.fusion = fusion
        self.image_similarity_top_k = image_similarity_top_k or similarity_top_k
        self._where = parse(filters)
        self._spoken = SpokenWords(index.settings)
        super().__init__(callback_manager=callback_manager, verbose=verbose)

    # what is asked -----------------------------------------------------------------------

    def _question(self, query_bundle: QueryBundle) -> Question:
        images: list[PictureLike] = [query_bundle.image_path] if query_bundle.image_path else []
        return as_question(query_bundle.query_str, images=images, settings=self.index.settings)

    def _request(self, question: Question, **changes: Any) -> SearchRequest:
        wanted: dict[str, Any] = {
            "k": self.similarity_top_k,
            "modality": self.modality,
            "top_k": self.top_k,
            "where": self._where,
            "min_probability": self.min_probability,
            "mmr": self.mmr,
            "neighbours": self.neighbours,
            "fusion": self.fusion,
            **changes,
        }
        return SearchRequest(question=question, **wanted)

    def _run(self, question: Question, **changes: Any) -> list[NodeWithScore]:
        result = self.index.searcher.search(self._request(question, **changes))
        return [NodeWithScore(node=node_of(hit), score=_score(hit)) for hit in result.hits]

    # LlamaIndex --------------------------------------------------------------------------

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return self._run(self._question(query_bundle))

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)

    # further ways to ask -----------------------------------------------------------------

    def retrieve_composed(
        self,
        query: Mapping[Any, float] | str | Question,
        *,
        images: Sequence[PictureLike] = (),
        audio: Sequence[SoundLike] = (),
    ) -> list[NodeWithScore]:
        """Ask with weighted texts, pictures and recordings: ``{"red dress": 1.0, "photo.jpg": 0.7}``."""
        hears = "sound" in self.index.kb.manifest.spaces
        return self._run(self._spoken.question(query, images=images, audio=audio, hears=hears))

    # the stock multimodal retriever's methods --------------------------------------------

    def text_retrieve(self, str_or_query_bundle: QueryType) -> list[NodeWithScore]:
        """Texts for words."""
        return self._run(self._words(str_or_query_bundle), modality=Modality.TEXT)

    def text_to_image_retrieve(self, str_or_query_bundle: QueryType) -> list[NodeWithScore]:
        """Pictures for words."""
        return self._run(
            self._words(str_or_query_bundle), modality=Modality.IMAGE, k=self.image_similarity_top_k
        )

    def image_to_image_retrieve(self, str_or_query_bundle: QueryType) -> list[NodeWithScore]:
        """Pictures for a picture: a file's path, or a query bundle with ``image_path``."""
        picture = (
            str_or_query_bundle.image_path
            if isinstance(str_or_query_bundle, QueryBundle)
            else str_or_query_bundle
        )
        if not picture:
            raise UsageError(
                "No picture was asked with.", hint="Give its path, or QueryBundle(image_path=…)."
            )
        question = as_question("", images=[picture], settings=self.index.settings)
        return self._run(question, modality=Modality.IMAGE, k=self.image_similarity_top_k)

    async def atext_retrieve(self, str_or_query_bundle: QueryType) -> list[NodeWithScore]:
        """Texts for words."""
        return await asyncio.to_thread(self.text_retrieve, str_or_query_bundle)

    async def atext_to_image_retrieve(self, str_or_query_bundle: QueryType) -> list[NodeWithScore]:
        """Pictures for words."""
        return await asyncio.to_thread(self.text_to_image_retrieve, str_or_query_bundle)

    async def aimage_to_image_retrieve(self, str_or_query_bundle: QueryType) -> list[NodeWithScore]:
        """Pictures for a picture."""
        return await asyncio.to_thread(self.image_to_image_retrieve, str_or_query_bundle)

    def _words(self, asked: QueryType) -> Question:
        text = asked.query_str if isinstance(asked, QueryBundle) else asked
        return as_question(text, settings=self.index.settings)


def _score(hit: Hit) -> float:
    return hit.probability if hit.probability is not None else hit.score
