"""What retrievers, tools and descriptions need of an index, as a protocol.

:class:`~xmrag_plugin.CrossModalIndex` fits it; rooms below the index name this and import nothing above them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from ..types import Hit

if TYPE_CHECKING:
    from ..encoders import Encoder
    from ..settings import Settings
    from ..storage.knowledge_base import KnowledgeBase
    from .searcher import Searcher

__all__ = ["Collection"]


class Collection(Protocol):
    """A searchable collection.

    Attributes:
        settings: What the user set.
        kb: The knowledge base on disk.
    """

    settings: Settings
    kb: KnowledgeBase

    @property
    def searcher(self) -> Searcher:
        """The search over the knowledge base."""

    @property
    def search(self) -> Callable[..., list[Hit]]:
        """The texts and pictures that answer best, in one list."""

    def encoder(self, space: str) -> Encoder | None:
        """Return the encoder of a space, or None where there is no such space."""

    def read_picture(self, picture: bytes) -> str:
        """Return the words read off a picture by OCR."""

    def generator(self, llm: Any = None) -> Any:
        """Return the LlamaIndex LLM to answer with, or ``"none"``."""

    def as_retriever(self, **wanted: Any) -> Any:
        """Return a LlamaIndex retriever."""

    def as_query_engine(self, llm: Any = None, **wanted: Any) -> Any:
        """Return a LlamaIndex query engine."""
