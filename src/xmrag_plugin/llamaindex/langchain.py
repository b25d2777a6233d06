"""LangChain's retriever over ours: the same list, as LangChain documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import UsageError, require

if TYPE_CHECKING:
    from langchain_core.retrievers import BaseRetriever as LangChainRetriever

__all__ = ["as_langchain_retriever"]


def as_langchain_retriever(retriever: Any, **wanted: Any) -> LangChainRetriever:
    """Return a LangChain retriever over an index or any LlamaIndex retriever.

    Each document's ``page_content`` is the node's text and its ``metadata`` the node's, with ``score``
    and, for a picture, ``image_path`` and ``modality``.

    Args:
        retriever: A :class:`~xmrag_plugin.CrossModalIndex` or a LlamaIndex ``BaseRetriever``.
        **wanted: Arguments of ``as_retriever`` when an index is given.

    Raises:
        MissingExtra: If langchain-core is not installed.
        UsageError: If it is neither an index nor a retriever.

    Example:
        >>> chain = as_langchain_retriever(index, similarity_top_k=5) | prompt | model   # doctest: +SKIP
    """
    require("langchain_core", "langchain", purpose="A LangChain retriever")
    from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever as LangChainRetriever
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.schema import ImageNode, NodeWithScore

    if hasattr(retriever, "as_retriever"):
        retriever = retriever.as_retriever(**wanted)
    elif wanted:
        raise UsageError(f"A retriever takes no {sorted(wanted)}.", hint="Give them where it is made.")
    if not isinstance(retriever, BaseRetriever):
        raise UsageError(
            f"A {type(retriever).__name__} is neither an index nor a retriever.",
            hint="Give a CrossModalIndex or a LlamaIndex retriever.",
        )

    def document(found: NodeWithScore) -> Document:
        node = found.node
        metadata = {**node.metadata, "score": found.score}
        if isinstance(node, ImageNode):
            metadata |= {"image_path": node.image_path, "modality": "image"}
        return Document(id=node.node_id, page_content=node.get_content(), metadata=metadata)

    class CrossModalLangChainRetriever(LangChainRetriever):
        """Texts and pictures of an xmrag knowledge base."""

        def _get_relevant_documents(
            self, query: str, *, run_manager: CallbackManagerForRetrieverRun
        ) -> list[Document]:
            return [document(found) for found in retriever.retrieve(query)]

        async def _aget_relevant_documents(
            self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun
        ) -> list[Document]:
            return [document(found) for found in await retriever.aretrieve(query)]

    return CrossModalLangChainRetriever()
