"""The search as a LlamaIndex retriever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks import CallbackManager
from llama_index.core.schema import NodeWithScore, QueryBundle, QueryType

from ..answers.source_nodes import node_of
from ..errors import UsageError
from ..search.questions import PictureLike, as_question
from ..search.searcher import SearchRequest
from ..search.spoken import SoundLike, SpokenWords
from ..storage.filters import parse
from ..types import Hit, Modality, NodeRecord, Question
from .query_bundle import PictureQuery, bundle_of

if TYPE_CHECKING:
    from llama_index.core.vector_stores.types import MetadataFilters

    from ..search.collection import Collection

__all__ = ["CrossModalRetriever", "scored_node"]


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
        self.image_similarity_top_k = image_similarity_top_k or similarity_top_k
        self._wanted: dict[str, Any] = {
            "modality": modality,
            "top_k": dict(top_k) if top_k else None,
            "where": parse(filters),
            "min_probability": min_probability,
            "mmr": mmr,
            "neighbours": neighbours,
            "fusion": fusion,
        }
        SearchRequest(Question(), similarity_top_k, **self._wanted)  # refuses what has no meaning
        self._spoken = SpokenWords(index.settings)
        super().__init__(callback_manager=callback_manager, verbose=verbose)

    # LlamaIndex --------------------------------------------------------------------------

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        query = bundle_of(query_bundle, retriever=self)
        wanted = {"k": self.similarity_top_k, **self._wanted, **query.wanted}
        result = self.index.searcher.search(SearchRequest(question=query.question, **wanted))
        return [scored_node(hit) for hit in result.hits]

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
        question = as_question(
            query,
            images=images,
            audio=audio,
            settings=self.index.settings,
            spoken=self._spoken,
            by_sound="sound" in self.index.kb.manifest.spaces,
        )
        return self.retrieve(PictureQuery(question.text, question=question))

    # the stock multimodal retriever's methods --------------------------------------------

    def text_retrieve(self, str_or_query_bundle: QueryType) -> list[NodeWithScore]:
        """Return the texts that answer words."""
        return self.retrieve(self._words(str_or_query_bundle, modality=Modality.TEXT))

    def text_to_image_retrieve(self, str_or_query_bundle: QueryType) -> list[NodeWithScore]:
        """Return pictures for words."""
        return self.retrieve(
            self._words(str_or_query_bundle, modality=Modality.IMAGE, k=self.image_similarity_top_k)
        )

    def image_to_image_retrieve(self, str_or_query_bundle: QueryType) -> list[NodeWithScore]:
        """Return pictures for a picture: a file's path, or a query bundle with ``image_path``."""
        asked = str_or_query_bundle
        picture = asked.image_path if isinstance(asked, QueryBundle) else asked
        if not picture:
            raise UsageError(
                "No picture was asked with.", hint="Give its path, or QueryBundle(image_path=…)."
            )
        query = bundle_of("", images=[picture], retriever=self)
        query.wanted = {"modality": Modality.IMAGE, "k": self.image_similarity_top_k}
        return self.retrieve(query)

    async def atext_retrieve(self, str_or_query_bundle: QueryType) -> list[NodeWithScore]:
        """Return the texts that answer words."""
        return await asyncio.to_thread(self.text_retrieve, str_or_query_bundle)

    async def atext_to_image_retrieve(self, str_or_query_bundle: QueryType) -> list[NodeWithScore]:
        """Return pictures for words."""
        return await asyncio.to_thread(self.text_to_image_retrieve, str_or_query_bundle)

    async def aimage_to_image_retrieve(self, str_or_query_bundle: QueryType) -> list[NodeWithScore]:
        """Call :meth:`image_to_image_retrieve` on the event loop."""
        return await asyncio.to_thread(self.image_to_image_retrieve, str_or_query_bundle)

    def _words(self, asked: QueryType, **wanted: Any) -> PictureQuery:
        query = bundle_of(asked.query_str if isinstance(asked, QueryBundle) else asked, retriever=self)
        query.wanted = wanted
        return query


def scored_node(hit: Hit) -> NodeWithScore:
    """Make a LlamaIndex node with its score of a hit: p(relevant), where the fusion tells it."""
    return NodeWithScore(
        node=node_of(hit), score=hit.probability if hit.probability is not None else hit.score
    )
