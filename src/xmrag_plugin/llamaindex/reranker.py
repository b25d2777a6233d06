"""Reranking of text and picture nodes by a cross-encoder that reads question and node together."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from llama_index.core.bridge.pydantic import ConfigDict, Field, PrivateAttr
from llama_index.core.callbacks import CBEventType, EventPayload
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]
from llama_index.core.instrumentation.events.rerank import ReRankEndEvent, ReRankStartEvent
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import BaseNode, ImageNode, MetadataMode, NodeWithScore, QueryBundle

from ..errors import ModelUnsound, PictureError, UsageError
from ..images.intake import as_picture, decode, words_of_name
from ..settings import Settings

__all__ = ["VisionReranker"]

dispatcher = get_dispatcher(__name__)

_PICTURE_EDGE = 384  # pixels; enough for a figure's lettering, and a bounded number of tokens
_PICTURES_PER_BATCH = 4


class VisionReranker(BaseNodePostprocessor):
    """Order nodes by a cross-encoder of sentence-transformers.

    A model that takes pictures (Qwen3-VL-Reranker and the like) is shown a picture node's picture with its words,
    and the question's picture where it has one; a model of texts reads the words. A picture that cannot
    be decoded is judged by its words. Nodes are not changed: new ``NodeWithScore`` are returned, with the
    model's score (a probability for the usual models of one output) in the place of the retriever's.

    Args:
        model: A preset (``qwen3-vl-reranker``), a hub id in the hub's cache, or a folder.
        top_n: Nodes to return; None for all.
        min_score: Nodes below it are left out.
        use_pictures: Whether a seeing model is shown pictures.
        batch_size: Pairs at once; pairs with pictures go four at a time.
        keep_retrieval_score: Whether the score before is kept under the metadata ``retrieval_score``, on
            copies of the nodes.
        device: ``auto``, ``cpu``, ``cuda``, ``mps`` or a torch device; None for the settings'.
        dtype: ``auto``, ``float32``, ``bfloat16`` or ``float16``.
        allow_fetch: Whether the model and pictures by URL may be fetched; None for the settings'.

    Example:
        >>> from xmrag_plugin import VisionReranker
        >>> reranker = VisionReranker(model="qwen3-vl-reranker", top_n=5)
        >>> engine = index.as_query_engine(node_postprocessors=[reranker])  # doctest: +SKIP
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    model: str = Field(description="Cross-encoder: preset, hub id or folder.")
    top_n: int | None = Field(default=None, ge=1, description="Nodes to return.")
    min_score: float | None = Field(default=None, description="Least score.")
    use_pictures: bool = Field(default=True, description="Whether pictures are shown.")
    batch_size: int = Field(default=16, ge=1, description="Pairs at once.")
    keep_retrieval_score: bool = Field(default=False, description="Whether the score before is kept.")
    device: str | None = Field(default=None, description="Device.")
    dtype: str = Field(default="auto", description="Precision.")
    allow_fetch: bool | None = Field(default=None, description="Whether anything may be fetched.")

    _encoder: Any = PrivateAttr(default=None)
    _lock: Any = PrivateAttr(default_factory=threading.RLock)

    @classmethod
    def class_name(cls) -> str:
        """Return the key of serialised forms."""
        return "VisionReranker"

    @property
    def takes_pictures(self) -> bool:
        """Return whether the model is shown pictures (loads it)."""
        return self.use_pictures and bool(self._loaded().supports("image"))

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the loaded model: it loads again where it is unpickled."""
        held, lock = self._encoder, self._lock
        self._encoder = self._lock = None
        try:
            state: dict[str, Any] = super().__getstate__()
        finally:
            self._encoder, self._lock = held, lock
        return state

    def scores(self, question: QueryBundle | str, nodes: Sequence[BaseNode]) -> list[float]:
        """Return how well each node answers the question, in the order given; higher is better.

        Raises:
            UsageError: If the question is empty, or the model gives several scores a pair.
            PictureError: If the question's picture cannot be decoded.
            ModelUnsound: If a score is not finite.
        """
        import numpy as np

        if not nodes:
            return []
        asked = self._query_of(QueryBundle(question) if isinstance(question, str) else question)
        documents = [self._shown(node) for node in nodes]
        pictured = [not isinstance(asked, str) or not isinstance(document, str) for document in documents]
        found = np.zeros(len(nodes), dtype=np.float64)
        for with_pictures, size in (
            (False, self.batch_size),
            (True, min(self.batch_size, _PICTURES_PER_BATCH)),
        ):
            places = [place for place, has in enumerate(pictured) if has == with_pictures]
            if places:
                pairs = [(asked, documents[place]) for place in places]
                found[places] = self._predict(pairs, size)
        if not np.isfinite(found).all():
            raise ModelUnsound(
                f"{self.model} gave a score that is not finite.",
                hint="Try dtype='float32', or another model.",
            )
        return [float(score) for score in found]

    def _predict(self, pairs: list[tuple[Any, Any]], size: int) -> Any:
        import numpy as np

        with self._lock:
            scores = np.asarray(
                self._loaded().predict(pairs, batch_size=size, show_progress_bar=False), dtype=np.float64
            )
        if scores.ndim != 1:
            raise UsageError(
                f"{self.model} gives {scores.shape[-1]} scores a pair: it classifies and does not rerank.",
                hint="Name a cross-encoder with one output.",
            )
        return scores

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        if query_bundle is None:
            raise UsageError("Reranking needs the question.", hint="Give query_bundle or query_str.")
        if not nodes:
            return []
        top_n = self.top_n or len(nodes)
        dispatcher.event(
            ReRankStartEvent(query=query_bundle, nodes=nodes, top_n=top_n, model_name=self.model)
        )
        payload: dict[str, Any] = {
            EventPayload.NODES: nodes,
            EventPayload.MODEL_NAME: self.model,
            EventPayload.QUERY_STR: query_bundle.query_str,
            EventPayload.TOP_K: top_n,
        }
        with self.callback_manager.event(CBEventType.RERANKING, payload=payload) as event:
            scores = self.scores(query_bundle, [each.node for each in nodes])
            best = sorted(range(len(nodes)), key=lambda place: -scores[place])[:top_n]
            kept = [
                self._scored(nodes[place], scores[place])
                for place in best
                if self.min_score is None or scores[place] >= self.min_score
            ]
            event.on_end(payload={EventPayload.NODES: kept})
        dispatcher.event(ReRankEndEvent(nodes=kept))
        return kept

    def _scored(self, before: NodeWithScore, score: float) -> NodeWithScore:
        if not self.keep_retrieval_score:
            return NodeWithScore(node=before.node, score=score)
        node = before.node.model_copy()
        node.metadata = {**node.metadata, "retrieval_score": before.score}
        for excluded in ("excluded_embed_metadata_keys", "excluded_llm_metadata_keys"):
            setattr(node, excluded, [*getattr(node, excluded), "retrieval_score"])
        return NodeWithScore(node=node, score=score)

    def _query_of(self, question: QueryBundle) -> Any:
        text = question.query_str.strip()
        if question.image_path and self.takes_pictures:
            picture = self._decoded(question.image_path)
            return {"text": text, "image": picture} if text else picture
        if not text:
            raise UsageError(
                "The question has no words, and the model takes no pictures.",
                hint="Ask in words, or name a reranker that takes pictures.",
            )
        return text

    def _shown(self, node: BaseNode) -> Any:
        """Return a node as the model takes it: its words, its picture, or both."""
        words = node.get_content(metadata_mode=MetadataMode.EMBED).strip()
        if not isinstance(node, ImageNode):
            return words
        if self.takes_pictures and (node.image or node.image_path or node.image_url):
            try:
                picture = self._decoded(node)
            except PictureError:
                return words or words_of_name(node)
            return {"text": words, "image": picture} if words else picture
        return words or words_of_name(node)

    def _decoded(self, source: Any) -> Any:
        settings = self._settings()
        picture = as_picture(source, allow_fetch=settings.allow_fetch)
        return decode(picture, settings.max_picture_px, edge=_PICTURE_EDGE)

    def _loaded(self) -> Any:
        with self._lock:
            if self._encoder is None:
                from ..encoders.presets import locate
                from ..encoders.runtime.torch_loading import load_model

                settings = self._settings()
                located = locate(self.model, settings)
                self._encoder = load_model(
                    "CrossEncoder",
                    located.folder,
                    name=located.name,
                    device=settings.device,
                    dtype=self.dtype,
                    float16_forbidden=bool(located.preset and located.preset.float16_forbidden),
                )
            return self._encoder

    def _settings(self) -> Settings:
        return Settings.load(device=self.device, allow_fetch=self.allow_fetch)
