"""Cross-modal retrieval-augmented generation for LlamaIndex.

Names are imported when first used, so that ``import xmrag_plugin`` stays quick.

    >>> from xmrag_plugin import CrossModalIndex
    >>> index = CrossModalIndex("kb")
    >>> report = index.add("docs/")
    >>> hits = index.search("the bar chart of revenue", k=5)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Citation": "schema",
    "CrossModalChatEngine": "chat_engine",
    "CrossModalEmbedding": "embeddings",
    "CrossModalFunctionAgent": "agents",
    "CrossModalIndex": "index",
    "CrossModalNodeParser": "node_parser",
    "CrossModalQueryEngine": "query_engine",
    "CrossModalReActAgent": "agents",
    "CrossModalReader": "documents",
    "CrossModalRetriever": "retriever",
    "CrossModalSynthesizer": "synthesizer",
    "CrossModalToolSpec": "tools",
    "CrossModalVectorStore": "vector_store",
    "FallbackLLM": "ladder",
    "FigureWords": "storage.figure_node",
    "FusedEmbedding": "embeddings",
    "Hit": "schema",
    "IngestionReport": "schema",
    "Settings": "settings",
    "TransformersVisionLLM": "generators.transformers_vision",
    "VisionReranker": "reranker",
    "XmragError": "errors",
    "register": "registration",
}

__all__ = [
    "Citation",
    "CrossModalChatEngine",
    "CrossModalEmbedding",
    "CrossModalFunctionAgent",
    "CrossModalIndex",
    "CrossModalNodeParser",
    "CrossModalQueryEngine",
    "CrossModalReActAgent",
    "CrossModalReader",
    "CrossModalRetriever",
    "CrossModalSynthesizer",
    "CrossModalToolSpec",
    "CrossModalVectorStore",
    "FallbackLLM",
    "FigureWords",
    "FusedEmbedding",
    "Hit",
    "IngestionReport",
    "Settings",
    "TransformersVisionLLM",
    "VisionReranker",
    "XmragError",
    "__version__",
    "register",
]

if TYPE_CHECKING:
    from .agents import CrossModalFunctionAgent, CrossModalReActAgent
    from .chat_engine import CrossModalChatEngine
    from .documents import CrossModalReader
    from .embeddings import CrossModalEmbedding, FusedEmbedding
    from .errors import XmragError
    from .generators.transformers_vision import TransformersVisionLLM
    from .index import CrossModalIndex
    from .ladder import FallbackLLM
    from .node_parser import CrossModalNodeParser
    from .query_engine import CrossModalQueryEngine
    from .registration import register
    from .reranker import VisionReranker
    from .retriever import CrossModalRetriever
    from .schema import Citation, Hit, IngestionReport
    from .settings import Settings
    from .storage.figure_node import FigureWords
    from .synthesizer import CrossModalSynthesizer
    from .tools import CrossModalToolSpec
    from .vector_store import CrossModalVectorStore


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
