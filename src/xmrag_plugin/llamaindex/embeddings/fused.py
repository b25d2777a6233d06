"""One vector out of several embeddings: f(x) = g(h₁(x), …, hₙ(x))."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from llama_index.core.base.embeddings.base import BaseEmbedding, Embedding
from llama_index.core.bridge.pydantic import Field, PrivateAttr, SerializeAsAny, model_validator
from llama_index.core.embeddings.multi_modal_base import MultiModalEmbedding
from llama_index.core.schema import BaseNode, ImageNode, MetadataMode

from ...errors import PictureError, UsageError
from ...images.intake import as_picture, picture_key, words_of_name
from ...settings import Settings
from .batched import BatchedEmbedding, Computed, Inputs, holds_picture, mark_wordless, own_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FusedEmbedding"]

_SLACK = 1  # the dimension that brings all concatenations to one length


class FusedEmbedding(BatchedEmbedding):
    """Several embeddings as one, for applications that hold a single vector a node.

    ``mode="concatenation"`` puts the weighted unit vectors side by side, d = [w₁h₁; …; wₙhₙ], and a
    question likewise with its own weights, q = [v₁h₁; …; vₙhₙ], so that d·q = Σ wᵢvᵢ·cosᵢ: the weighted
    sum of the similarities, with weights that can still be changed when asking. A part that has nothing
    to say (a text encoder, of a picture without words) is zero, and one further dimension brings every
    document to the same length, so that the cosine of a store orders exactly as that sum does.

    ``mode="sum"`` adds the weighted unit vectors and normalises the sum; the parts must be of one length
    and should be of one space.

    Text nodes are embedded as text by all parts; picture nodes as pictures by the parts that see, and by
    their words by the others.

    Args:
        parts: The embeddings; at least two.
        weights: A weight a part, for documents; equal ones by default.
        query_weights: Likewise for questions; as for documents by default.
        mode: ``"concatenation"`` or ``"sum"``.

    Example:
        >>> from xmrag_plugin import CrossModalEmbedding, FusedEmbedding
        >>> words = CrossModalEmbedding()
        >>> FusedEmbedding(parts=[words, words], weights=[0.7, 0.3]).dimension
        769

    Raises:
        UsageError: If there are fewer than two parts, or weights that do not fit.
    """

    parts: list[SerializeAsAny[BaseEmbedding]] = Field(description="The embeddings.")
    weights: list[float] = Field(default_factory=list, description="Weights for documents.")
    query_weights: list[float] = Field(default_factory=list, description="Weights for questions.")
    mode: Literal["concatenation", "sum"] = Field(default="concatenation", description="How they join.")

    _dimensions: list[int] = PrivateAttr(default_factory=list)

    @model_validator(mode="after")
    def _check_parts(self) -> FusedEmbedding:
        if len(self.parts) < 2:
            raise UsageError(f"{len(self.parts)} embedding cannot be fused.", hint="Give at least two parts.")
        self.weights = self.weights or [1.0] * len(self.parts)
        self.query_weights = self.query_weights or list(self.weights)
        for name, weights in (("weights", self.weights), ("query_weights", self.query_weights)):
            if len(weights) != len(self.parts):
                raise UsageError(
                    f"There are {len(self.parts)} parts and {len(weights)} {name}.", hint="Give one a part."
                )
            if not all(math.isfinite(weight) and weight >= 0 for weight in weights) or not any(weights):
                raise UsageError(
                    f"The {name} {weights} will not do.", hint="Give numbers of at least 0, one above 0."
                )
        if self.model_name == "unknown":
            self.model_name = " + ".join(part.model_name for part in self.parts)
        return self

    @classmethod
    def class_name(cls) -> str:
        """Return the key of serialised forms."""
        return "FusedEmbedding"

    @classmethod
    def from_dict(cls, data: dict[str, Any], **kwargs: Any) -> FusedEmbedding:
        """Rebuild it and its parts from :meth:`to_dict`.

        Raises:
            UsageError: If a part is of a class that cannot be rebuilt from its name.
        """
        values = {**data, **kwargs}
        values.pop("class_name", None)
        values["parts"] = [_rebuilt(part) if isinstance(part, dict) else part for part in values["parts"]]
        return cls(**values)

    @property
    def dimension(self) -> int:
        """Return the length of the fused vectors (loads the parts)."""
        lengths = self._lengths()
        return sum(lengths) + _SLACK if self.mode == "concatenation" else lengths[0]

    def to_payload(self) -> dict[str, Any]:
        """Return what events may show: names only."""
        return {**super().to_payload(), "parts": [part.to_payload() for part in self.parts]}

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """Give every node its fused vector."""
        pictures = [node for node in nodes if isinstance(node, ImageNode) and holds_picture(node)]
        for picture in pictures:
            mark_wordless(picture)
        held = {id(picture) for picture in pictures}
        texts = [node for node in nodes if id(node) not in held]
        words = [node.get_content(metadata_mode=MetadataMode.EMBED) for node in texts]
        progress = bool(kwargs.get("show_progress", False))
        vectors = self.get_image_embedding_batch(list(pictures), show_progress=progress)
        vectors += self.get_text_embedding_batch(words, show_progress=progress)
        for node, vector in zip([*pictures, *texts], vectors, strict=True):
            node.embedding = vector
        return nodes

    async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """Call :meth:`__call__` in a thread."""
        import asyncio

        return await asyncio.to_thread(self.__call__, nodes, **kwargs)

    def _compute(self, inputs: Inputs, items: Sequence[Any], *, strict: bool) -> Computed:
        weights = self.query_weights if inputs == "query" else self.weights
        vectors: list[NDArray[np.float32]] = []
        passing: set[int] = set()
        for part in self.parts:
            rows, fleeting = _of_part(part, inputs, items, strict=strict)
            vectors.append(rows)
            passing |= fleeting
        mute = [place for place in range(len(items)) if not any(rows[place].any() for rows in vectors)]
        if inputs == "image" and mute:  # no part sees, and there are no words but the name's
            names = [words_of_name(items[place]) for place in mute]
            vectors[0][mute] = _unit(self.parts[0].get_text_embedding_batch(names))
        if self.mode == "sum":
            self._lengths()
            return Computed(_weighted_sum(vectors, weights).tolist(), sorted(passing))
        lengths = self._lengths()
        joined = _joined(vectors, weights, lengths, level=inputs != "query")
        return Computed(joined.tolist(), sorted(passing))

    def _key(self, inputs: Inputs, item: Any) -> str | None:
        marks: list[Any] = [self.mode, *(self.query_weights if inputs == "query" else self.weights)]
        for part in self.parts:
            own = None
            if isinstance(part, BatchedEmbedding) and (inputs != "image" or _takes_pictures(part)):
                own = part._key(inputs, item)
            marks.append(own or f"{part.class_name()} {part.model_name}")
        try:
            content = picture_key(as_picture(item)) + own_words(item) if inputs == "image" else str(item)
        except (PictureError, UsageError):
            return None
        import hashlib

        return f"fused:{inputs}:" + hashlib.sha256(repr((marks, content)).encode()).hexdigest()

    def _lengths(self) -> list[int]:
        if not self._dimensions:
            self._dimensions = [_dimension(part) for part in self.parts]
            if self.mode == "sum" and len(set(self._dimensions)) > 1:
                raise UsageError(
                    f"Vectors of {self._dimensions} dimensions cannot be added.",
                    hint="Use mode='concatenation'.",
                )
        return self._dimensions


def _dimension(part: BaseEmbedding) -> int:
    known = getattr(part, "dimension", None)
    return known if isinstance(known, int) else len(part.get_text_embedding("length"))


def _takes_pictures(part: BaseEmbedding) -> bool:
    return bool(getattr(part, "sees", isinstance(part, MultiModalEmbedding)))


def _of_part(
    part: BaseEmbedding, inputs: Inputs, items: Sequence[Any], *, strict: bool
) -> tuple[NDArray[np.float32], set[int]]:
    """Return unit vectors of one part, zero where it has nothing to say; and the places not to remember."""
    import numpy as np

    if inputs == "query":
        return _unit([part.get_query_embedding(item) for item in items]), set()
    if inputs == "text":
        return _unit(part.get_text_embedding_batch(list(items))), set()
    if _takes_pictures(part):
        if isinstance(part, BatchedEmbedding):
            computed = part._compute("image", items, strict=strict)
            return _unit(computed), computed.passing
        seeing: Any = part
        return _unit(seeing.get_image_embedding_batch([_as_path(item) for item in items])), set()
    words = [own_words(item) for item in items]
    spoken = [place for place, text in enumerate(words) if text]
    rows = np.zeros((len(items), _dimension(part)), dtype=np.float32)
    if spoken:
        rows[spoken] = _unit(part.get_text_embedding_batch([words[place] for place in spoken]))
    return rows, set()


def _as_path(item: Any) -> Any:
    """Return a picture in a form that any multimodal embedding takes: a path or a stream."""
    from io import BytesIO
    from pathlib import Path

    from ...images.decode import picture_bytes

    picture = as_picture(item, allow_fetch=Settings.load().allow_fetch)
    if isinstance(picture, Path):
        return str(picture)
    return BytesIO(picture if isinstance(picture, bytes) else picture_bytes(picture))


def _unit(vectors: Sequence[Embedding] | NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    rows = np.asarray(vectors, dtype=np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(norms > 0, norms, 1), dtype=np.float32)


def _joined(
    parts: Sequence[NDArray[np.float32]], weights: Sequence[float], lengths: Sequence[int], *, level: bool
) -> NDArray[np.float32]:
    """Return [w₁h₁; …; wₙhₙ; s], of unit length: s levels documents, and is zero for questions."""
    import numpy as np

    whole = math.sqrt(sum(weight * weight for weight in weights))
    shares = [weight / whole for weight in weights]
    columns = zip(parts, shares, lengths, strict=True)
    blocks = [part.reshape(-1, length) * share for part, share, length in columns]
    rows = np.concatenate(blocks, axis=1, dtype=np.float32)
    short = 1 - (rows * rows).sum(1, keepdims=True)
    slack = np.sqrt(np.clip(short, 0, None)) if level else np.zeros_like(short)
    return np.concatenate([rows, slack], axis=1, dtype=np.float32)


def _weighted_sum(parts: Sequence[NDArray[np.float32]], weights: Sequence[float]) -> NDArray[np.float32]:
    import numpy as np

    total = sum(part * weight for part, weight in zip(parts, weights, strict=True))
    return _unit(np.asarray(total, dtype=np.float32))


def _rebuilt(data: dict[str, Any]) -> BaseEmbedding:
    from .cross_modal import CrossModalEmbedding

    name = data.get("class_name")
    known: dict[str, Any] = {"CrossModalEmbedding": CrossModalEmbedding, "FusedEmbedding": FusedEmbedding}
    if name in known:
        part: BaseEmbedding = known[name].from_dict(data)
        return part
    from llama_index.core.embeddings.loading import load_embed_model

    try:
        return load_embed_model(data)
    except (ValueError, KeyError) as error:
        raise UsageError(
            f"A part of the class {name!r} cannot be rebuilt from its name.",
            hint="Make it yourself and give FusedEmbedding(parts=[…]).",
        ) from error
