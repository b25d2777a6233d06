"""Cross-modal retrieval-augmented generation for LlamaIndex.

Names are imported when first used, so that ``import xmrag_plugin`` stays quick.

    >>> from xmrag_plugin import CrossModalIndex
    >>> index = CrossModalIndex("kb")
    >>> report = index.add("docs/")
    >>> hits = index.search("the bar chart of revenue", k=5)
"""

from __future__ import annotations

import importlib
import sys
import warnings
from typing import TYPE_CHECKING, Any

from . import _moved

_moved.install()
if "ipykernel" in sys.modules:  # LlamaIndex imports tqdm's bar of widgets, which complains; ours needs none
    warnings.filterwarnings("ignore", message="IProgress not found")

__version__ = "0.1.0"

_HOMES = {
    "Citation": "types",
    "CrossModalChatEngine": "llamaindex.chat.engine",
    "CrossModalEmbedding": "llamaindex.embeddings",
    "CrossModalFunctionAgent": "llamaindex.agents",
    "CrossModalIndex": "index",
    "CrossModalNodeParser": "llamaindex.node_parser",
    "CrossModalQueryEngine": "llamaindex.query_engine",
    "CrossModalReActAgent": "llamaindex.agents",
    "CrossModalReader": "llamaindex.documents",
    "CrossModalRetriever": "llamaindex.retriever",
    "CrossModalSynthesizer": "llamaindex.synthesizer",
    "CrossModalToolSpec": "llamaindex.tools",
    "CrossModalVectorStore": "llamaindex.vector_store",
    "FallbackLLM": "generators.fallback.llm",
    "FigureWords": "answers.figure_node",
    "FusedEmbedding": "llamaindex.embeddings",
    "Hit": "types",
    "IngestionReport": "types",
    "Settings": "settings",
    "TransformersVisionLLM": "generators.transformers_vision",
    "VisionReranker": "llamaindex.reranker",
    "XmragError": "errors",
    "as_langchain_retriever": "llamaindex.langchain",
    "register": "llamaindex.registration",
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
    "as_langchain_retriever",
    "register",
]

if TYPE_CHECKING:
    from .answers.figure_node import FigureWords
    from .errors import XmragError
    from .generators.fallback.llm import FallbackLLM
    from .generators.transformers_vision import TransformersVisionLLM
    from .index import CrossModalIndex
    from .llamaindex.agents import CrossModalFunctionAgent, CrossModalReActAgent
    from .llamaindex.chat.engine import CrossModalChatEngine
    from .llamaindex.documents import CrossModalReader
    from .llamaindex.embeddings import CrossModalEmbedding, FusedEmbedding
    from .llamaindex.langchain import as_langchain_retriever
    from .llamaindex.node_parser import CrossModalNodeParser
    from .llamaindex.query_engine import CrossModalQueryEngine
    from .llamaindex.registration import register
    from .llamaindex.reranker import VisionReranker
    from .llamaindex.retriever import CrossModalRetriever
    from .llamaindex.synthesizer import CrossModalSynthesizer
    from .llamaindex.tools import CrossModalToolSpec
    from .llamaindex.vector_store import CrossModalVectorStore
    from .settings import Settings
    from .types import Citation, Hit, IngestionReport


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
