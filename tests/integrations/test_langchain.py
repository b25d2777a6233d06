"""LangChain applications get the same list."""

from __future__ import annotations

import pytest

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.errors import UsageError
from xmrag_plugin.llamaindex.langchain import as_langchain_retriever

pytest.importorskip("langchain_core", reason="the extra langchain is not installed")


def test_texts_and_pictures_are_documents(index: CrossModalIndex) -> None:
    retriever = as_langchain_retriever(index, similarity_top_k=3)
    documents = retriever.invoke("crates of apples by orchard")
    assert len(documents) == 3
    expected = index.as_retriever(similarity_top_k=3).retrieve("crates of apples by orchard")
    assert [document.id for document in documents] == [found.node_id for found in expected]
    assert [document.metadata["score"] for document in documents] == [found.score for found in expected]
    (picture,) = [document for document in documents if document.metadata.get("image_path")][:1]
    assert picture.metadata["modality"] == "image"
    assert picture.metadata["source"] == "harvest.md"
    assert "north slope" in picture.page_content


async def test_it_is_a_runnable_in_a_chain(index: CrossModalIndex) -> None:
    from langchain_core.runnables import RunnableLambda

    chain = as_langchain_retriever(index.as_retriever(similarity_top_k=2)) | RunnableLambda(len)
    assert await chain.ainvoke("grey seals") == 2
    assert chain.batch(["seals", "boiler"]) == [2, 2]


def test_what_is_no_retriever_is_refused(index: CrossModalIndex) -> None:
    with pytest.raises(UsageError, match="neither"):
        as_langchain_retriever("kb")
    with pytest.raises(UsageError, match="takes no"):
        as_langchain_retriever(index.as_retriever(), k=3)
