"""Texts and pictures as LlamaIndex embeddings, by any encoder that xmrag loads."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from llama_index.core.base.embeddings.base import Embedding
from llama_index.core.bridge.pydantic import Field, PrivateAttr, model_validator
from llama_index.core.schema import BaseNode, ImageNode, MetadataMode

from ...errors import PictureError, UsageError
from ...images.intake import as_picture, picture_key, picture_name, words_of_name
from ...settings import Settings
from .batched import BatchedEmbedding, Computed, Inputs, holds_picture, mark_wordless, own_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...encoders import Encoder

__all__ = ["CrossModalEmbedding", "DamagedPictureWarning"]


class DamagedPictureWarning(UserWarning):
    """A picture among many could not be decoded; its words were embedded instead."""


class CrossModalEmbedding(BatchedEmbedding):
    """A text space, a vision space, or both, behind LlamaIndex's multimodal embedding.

    All vectors that go into one store must be of one space, so that ``space`` decides where texts and
    questions go, and which vector a node gets when this runs in an ``IngestionPipeline``:

    - ``"text"``: the text encoder embeds texts, questions, and pictures by their words (caption, alt
      text, lettering); the default without a vision encoder.
    - ``"vision"``: the vision encoder embeds texts, questions, and pictures as pictures; the default
      with one.

    ``get_image_embedding`` always gives a vector of the vision space.

    Args:
        text: Text encoder: a preset, a hub id, a folder; ``"auto"`` is MiniLM, offline.
        vision: Dual encoder of texts and pictures, likewise; ``"none"`` for none.
        space: ``"text"``, ``"vision"`` or ``"auto"``.
        on_damaged: What a batch does with a picture that cannot be decoded: embed its ``"words"`` and warn,
            so that the others are not lost, or ``"raise"``. A single picture always raises.
        device: ``auto``, ``cpu``, ``cuda``, ``mps`` or a torch device; None for the settings'.
        allow_fetch: Whether models may be fetched and URLs followed; None for the settings'.
        cache_dir: Folder for exported encoders; None for the settings'.
        max_picture_px: Pictures of more pixels are refused; None for the settings'.

    Example:
        >>> from xmrag_plugin import CrossModalEmbedding
        >>> embedding = CrossModalEmbedding()
        >>> len(embedding.get_text_embedding("the tide table"))
        384

    Raises:
        UsageError: If ``space="vision"`` is asked for without a vision encoder.
    """

    text: str = Field(default="auto", description="Text encoder.")
    vision: str = Field(default="none", description="Vision encoder.")
    space: Literal["auto", "text", "vision"] = Field(default="auto", description="Where texts go.")
    on_damaged: Literal["words", "raise"] = Field(default="words", description="Damaged pictures.")
    device: str | None = Field(default=None, description="Device.")
    allow_fetch: bool | None = Field(default=None, description="Whether anything may be fetched.")
    cache_dir: str | None = Field(default=None, description="Folder for exported encoders.")
    max_picture_px: int | None = Field(default=None, description="Greatest picture, in pixels.")

    _encoders: dict[str, Any] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _settle(self) -> CrossModalEmbedding:
        if self.space == "vision" and self.vision == "none":
            raise UsageError(
                "space='vision' was asked for without a vision encoder.",
                hint="Name one: CrossModalEmbedding(vision='siglip2').",
            )
        if self.model_name == "unknown":
            self.model_name = self.vision if self.into == "vision" else self.text
        return self

    @classmethod
    def class_name(cls) -> str:
        """Return the key of serialised forms."""
        return "CrossModalEmbedding"

    @property
    def into(self) -> Literal["text", "vision"]:
        """Return the space that texts and questions go to."""
        if self.space == "auto":
            return "text" if self.vision == "none" else "vision"
        return self.space

    @property
    def sees(self) -> bool:
        """Return whether there is a vision encoder."""
        return self.vision != "none"

    @property
    def dimension(self) -> int:
        """Return the length of the vectors of texts, questions and nodes (loads the encoder)."""
        return self.encoder(self.into).dimension

    @property
    def fingerprint(self) -> str:
        """Return a hash that changes when the vectors of texts, questions and nodes would (loads the encoder)."""
        return self.encoder(self.into).fingerprint

    def encoder(self, space: Literal["text", "vision"]) -> Encoder:
        """Return the encoder of a space, loaded when first asked for and shared within the process.

        Raises:
            UsageError: If there is no vision encoder.
            ModelError: If it cannot be loaded.
        """
        found: Encoder | None = self._encoders.get(space)
        if found is None:
            from ... import encoders

            if space == "text":
                found = encoders.load_text_encoder(self.text, settings=self._settings())
            elif self.sees:
                found = encoders.load_vision_encoder(self.vision, settings=self._settings())
            else:
                raise UsageError(
                    "A picture cannot be embedded without a vision encoder.",
                    hint="Name one: CrossModalEmbedding(vision='siglip2'), a hub id or a folder.",
                )
            self._encoders[space] = found
        return found

    def to_payload(self) -> dict[str, Any]:
        """Return what events may show: names only."""
        return {**super().to_payload(), "space": self.into}

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the loaded encoders: they load again, or are shared, where it is unpickled."""
        held, self._encoders = self._encoders, {}
        try:
            state: dict[str, Any] = super().__getstate__()
        finally:
            self._encoders = held
        return state

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """Give every node its vector: pictures as pictures in the vision space, all else by words."""
        pictures, others = self._pictures_and_others(nodes)
        progress = bool(kwargs.get("show_progress", False))
        _set_embeddings(pictures, self.get_image_embedding_batch(list(pictures), show_progress=progress))
        _set_embeddings(others, self.get_text_embedding_batch(_words_of_all(others), show_progress=progress))
        return nodes

    async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """Call :meth:`__call__` in a thread."""
        pictures, others = self._pictures_and_others(nodes)
        progress = bool(kwargs.get("show_progress", False))
        _set_embeddings(
            pictures, await self.aget_image_embedding_batch(list(pictures), show_progress=progress)
        )
        _set_embeddings(
            others, await self.aget_text_embedding_batch(_words_of_all(others), show_progress=progress)
        )
        return nodes

    def _pictures_and_others(self, nodes: Sequence[BaseNode]) -> tuple[list[ImageNode], list[BaseNode]]:
        pictures: list[ImageNode] = []
        others: list[BaseNode] = []
        for node in nodes:
            if isinstance(node, ImageNode) and holds_picture(node):
                mark_wordless(node)
                if self.into == "vision":
                    pictures.append(node)
                    continue
            others.append(node)
        return pictures, others

    def _compute(self, inputs: Inputs, items: Sequence[Any], *, strict: bool) -> Computed:
        if inputs == "image":
            return self._compute_pictures(items, strict=strict)
        role: Literal["query", "document"] = "query" if inputs == "query" else "document"
        return Computed(self.encoder(self.into).encode_texts(list(items), role=role).tolist())

    def _compute_pictures(self, items: Sequence[Any], *, strict: bool) -> Computed:
        encoder = self.encoder("vision")
        allow_fetch = self._settings().allow_fetch
        failures: dict[int, PictureError] = {}
        places, pictures = [], []
        for place, item in enumerate(items):
            try:
                pictures.append(as_picture(item, allow_fetch=allow_fetch))
                places.append(place)
            except PictureError as error:
                failures[place] = error
        rows: NDArray[np.float32] = encoder.encode_images(
            pictures, on_error=lambda nth, error: failures.__setitem__(places[nth], error)
        )
        vectors: list[Embedding] = [[] for _ in items]
        for place, row in zip(places, rows.tolist(), strict=True):
            vectors[place] = row
        if failures:
            self._replace_damaged(encoder, items, failures, vectors, strict=strict)
        return Computed(vectors, passing=list(failures))

    def _replace_damaged(
        self,
        encoder: Encoder,
        items: Sequence[Any],
        failures: dict[int, PictureError],
        vectors: list[Embedding],
        *,
        strict: bool,
    ) -> None:
        """Put words in the place of pictures that cannot be decoded, in the same space.

        Raises:
            PictureError: If that is not wanted; names every one of them.
        """
        places = sorted(failures)
        first = failures[places[0]]
        if strict or self.on_damaged == "raise":
            if len(places) == 1:
                raise first
            named = "; ".join(f"{picture_name(items[place])}: {failures[place].message}" for place in places)
            raise PictureError(f"{len(places)} pictures cannot be embedded: {named}", hint=first.hint)
        for place in places:
            warnings.warn(
                f"{picture_name(items[place])} was embedded by its words: {failures[place]}",
                DamagedPictureWarning,
                stacklevel=2,
            )
        words = [_words(items[place]) for place in places]
        for place, row in zip(places, encoder.encode_texts(words).tolist(), strict=True):
            vectors[place] = row

    def _key(self, inputs: Inputs, item: Any) -> str | None:
        if inputs != "image":
            content = hashlib.sha256(item.encode("utf-8", "surrogatepass")).hexdigest()
            return f"{self.encoder(self.into).fingerprint}:{inputs}:{content}"
        try:
            picture = as_picture(item, allow_fetch=False)
            return f"{self.encoder('vision').fingerprint}:image:{picture_key(picture)}"
        except (PictureError, UsageError):
            return None

    def _settings(self) -> Settings:
        return Settings.load(
            device=self.device,
            allow_fetch=self.allow_fetch,
            cache_dir=self.cache_dir,
            max_picture_px=self.max_picture_px,
        )


def _words(item: Any) -> str:
    """Return what a node says, or what a picture's name says: never nothing."""
    return own_words(item) or words_of_name(item)


def _words_of_all(nodes: Sequence[BaseNode]) -> list[str]:
    return [
        _words(node) if isinstance(node, ImageNode) else node.get_content(metadata_mode=MetadataMode.EMBED)
        for node in nodes
    ]


def _set_embeddings(nodes: Sequence[BaseNode], vectors: Sequence[Embedding]) -> None:
    for node, vector in zip(nodes, vectors, strict=True):
        node.embedding = vector
