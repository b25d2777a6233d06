"""A query of words and pictures as a ``QueryBundle``, so that it passes through LlamaIndex's instrumented methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import QueryBundle

from ..errors import UsageError
from ..search.questions import PictureLike, as_question
from ..settings import Settings
from ..text.untrusted import encodable
from ..types import Question

__all__ = ["PictureQuery", "bundle_of", "settings_of"]


@dataclass
class PictureQuery(QueryBundle):
    """A ``QueryBundle`` with any number of pictures, and weights.

    LlamaIndex's own parts see its positive words.

    Attributes:
        question: The whole question; its pictures are encoded bytes.
        wanted: Fields of :class:`~xmrag_plugin.search.request.SearchRequest` that this query sets otherwise than
            its retriever.
    """

    question: Question = field(default_factory=Question, repr=False)
    wanted: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def images(self) -> list[bytes]:
        """Return the encoded pictures of the question, without the negative ones."""
        return [data for data, weight in self.question.images if weight > 0]


def bundle_of(
    asked: str | QueryBundle | Mapping[Any, float] | Question,
    *,
    images: Sequence[PictureLike] = (),
    retriever: BaseRetriever | None = None,
) -> PictureQuery:
    """Make a query of whatever was asked; links and files go through the gate of the retriever's settings.

    Args:
        asked: Words; a ``QueryBundle``, its ``image_path`` and ``custom_embedding_strs`` included; weighted texts and
            pictures.
        images: Pictures to ask with.
        retriever: What is to be asked.

    Raises:
        UsageError: If nothing is asked, or only pictures are and the retriever takes none.
        PictureError: If a picture is missing, damaged, or would have to be fetched.
    """
    if isinstance(asked, PictureQuery):
        return asked
    bundle = asked if isinstance(asked, QueryBundle) else None
    pictures = [*images, *([bundle.image_path] if bundle and bundle.image_path else [])]
    words = bundle.query_str if bundle else asked
    question = as_question(words, images=pictures, settings=settings_of(retriever))
    if (
        bundle and bundle.custom_embedding_strs
    ):  # HyDE looks up what an answer might say in place of the question
        question.texts = [(encodable(text), 1.0) for text in bundle.custom_embedding_strs if text.strip()]
    if not (question.texts or question.images):
        raise UsageError("Nothing was asked.", hint="Give words, a picture or both.")
    takes_pictures = hasattr(retriever, "retrieve_composed") or (bundle and bundle.image_path)
    if retriever is not None and not question.text.strip() and not takes_pictures:
        raise UsageError(
            f"{type(retriever).__name__} takes no pictures, and no words were given.",
            hint="Use a CrossModalRetriever, or add words.",
        )
    if bundle is None:
        return PictureQuery(question.text, question=question)
    return PictureQuery(
        bundle.query_str, bundle.image_path, bundle.custom_embedding_strs, bundle.embedding, question=question
    )


def settings_of(retriever: Any) -> Settings:
    """Return the settings of a retriever's index; the defaults, which fetch nothing, where it has none."""
    return getattr(getattr(retriever, "index", None), "settings", None) or Settings()
