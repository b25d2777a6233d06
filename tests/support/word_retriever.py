"""A real retriever over a handful of nodes: shared words give p(relevant)."""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from xmrag_plugin.text.terms import content_terms, terms
from xmrag_plugin.types import Key


class WordRetriever(BaseRetriever):
    """Ranks nodes by the question's words that they hold, as the product's retriever returns them."""

    def __init__(self, nodes: Sequence[TextNode], k: int = 3) -> None:
        self.nodes = list(nodes)
        self.k = k
        self.asked: list[str] = []
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        self.asked.append(query_bundle.query_str)
        asked = set(content_terms(query_bundle.query_str))
        found = []
        for node in self.nodes:
            share = len(asked & set(terms(node.text))) / max(len(asked), 1)
            copy = node.model_copy(update={"metadata": {**node.metadata, Key.PROBABILITY: share}})
            found.append(NodeWithScore(node=copy, score=share))
        return sorted(found, key=lambda scored: -(scored.score or 0.0))[: self.k]
