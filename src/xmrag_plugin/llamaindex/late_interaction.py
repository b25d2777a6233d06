"""Late interaction: nodes reranked by the best match of every word of the question.

A late-interaction model gives a vector for each word of a text and each patch of a picture. A question
scores a node by MaxSim: for each vector of the question, the largest product with a vector of the node,
summed (Khattab and Zaharia, ColBERT, 2020; Faysse et al., ColPali, 2024); here divided by the number of
the question's vectors, so that scores of questions compare. The multivectors are made when a node is
first met, and kept memory-mapped beside Chroma.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llama_index.core.bridge.pydantic import ConfigDict, Field, PrivateAttr
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import BaseNode, ImageNode, MetadataMode, NodeWithScore, QueryBundle

from ..errors import ModelUnsound, PictureError, UsageError
from ..images.intake import as_picture, decode, picture_key, words_of_name
from ..settings import Settings
from ..storage.multivectors import Multivectors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LateInteraction", "LateInteractionReranker", "max_sim"]

_PICTURE_EDGE = 512
_TEXTS_PER_BATCH, _PICTURES_PER_BATCH = 16, 2


def max_sim(question: NDArray[Any], node: NDArray[Any]) -> float:
    """Mean over the question's vectors of the largest product with one of the node's.

    Args:
        question: Unit vectors, ``(m, d)``.
        node: Unit vectors, ``(n, d)``, ``n > 0``.
    """
    import numpy as np

    products = np.asarray(question, dtype=np.float32) @ np.asarray(node, dtype=np.float32).T
    return float(products.max(axis=1).mean())


class LateInteraction:
    """A late-interaction model and the multivectors that it has made.

    Args:
        model: A preset (``colqwen2``, ``colmodernvbert``), a hub id in the hub's cache, or a folder.
        folder: Where the multivectors lie; a folder a model.
        settings: Device, and whether anything may be fetched.

    Raises:
        ModelUnavailable: If the model is not on this machine.
        ModelMismatch: If the folder was made with another model.
    """

    def __init__(self, model: str, folder: Path | str, *, settings: Settings | None = None) -> None:
        from ..encoders.presets import locate, weights_hash
        from ..encoders.runtime.torch_loading import load_model

        self._settings = settings or Settings.load()
        located = locate(model, self._settings)
        self.name = located.name
        self._lock = threading.Lock()
        self._model = load_model(
            "MultiVectorEncoder", located.folder, name=located.name, device=self._settings.device
        )
        self.sees = bool(self._model.supports("image"))
        dimension = self._model.get_embedding_dimension() or self._encode(["a"], query=False)[0].shape[1]
        self.stored = Multivectors(
            Path(folder),
            dimension=int(dimension),
            fingerprint=weights_hash(located.folder, self._settings)[:32],
        )

    def index(self, contents: Mapping[str, Any]) -> int:
        """Make and keep the multivectors that are missing; returns how many were made.

        Args:
            contents: Texts (``str``) and pictures (bytes, ``Path`` or PIL image) by a key that stands for
                the content.

        Raises:
            PictureError: If a picture cannot be decoded; the others are kept all the same.
        """
        missing = self.stored.missing(contents)
        texts = [key for key in missing if isinstance(contents[key], str)]
        pictures = [key for key in missing if not isinstance(contents[key], str)]
        failure: PictureError | None = None
        for start in range(0, len(texts), _TEXTS_PER_BATCH):
            keys = texts[start : start + _TEXTS_PER_BATCH]
            found = self._encode([contents[key] or " " for key in keys], query=False)
            self.stored.put(dict(zip(keys, found, strict=True)))
        for start in range(0, len(pictures), _PICTURES_PER_BATCH):
            decoded = {}
            for key in pictures[start : start + _PICTURES_PER_BATCH]:
                try:
                    decoded[key] = self._decoded(contents[key])
                except PictureError as error:
                    failure = error
            if decoded:
                found = self._encode(list(decoded.values()), query=False)
                self.stored.put(dict(zip(decoded, found, strict=True)))
        if failure is not None:
            raise failure
        return len(missing)

    def scores(self, question: str | bytes | Path, keys: Sequence[str]) -> dict[str, float]:
        """MaxSim of a question, in words or a picture, with each key that has a multivector.

        Raises:
            UsageError: If the question is empty, or a picture that the model cannot see.
        """
        if isinstance(question, str):
            if not question.strip():
                raise UsageError("The question has no words.", hint="Ask in words or with a picture.")
            asked = self._encode([question], query=True)[0]
        else:
            asked = self._encode([self._decoded(question)], query=True)[0]
        return {key: max_sim(asked, rows) for key, rows in self.stored.get(keys).items() if len(rows)}

    def _decoded(self, picture: Any) -> Any:
        if not self.sees:
            raise UsageError(
                f"{self.name} sees no pictures.", hint="Name a late-interaction model that does: colqwen2."
            )
        return decode(picture, self._settings.max_picture_px, edge=_PICTURE_EDGE)

    def _encode(self, inputs: list[Any], *, query: bool) -> list[NDArray[np.float32]]:
        import numpy as np

        encode = self._model.encode_query if query else self._model.encode_document
        with self._lock:
            found = encode(inputs, batch_size=len(inputs), show_progress_bar=False, convert_to_numpy=True)
        rows = [np.asarray(each, dtype=np.float32) for each in found]
        if not all(np.isfinite(each).all() for each in rows):
            raise ModelUnsound(
                f"{self.name} gave vectors that are not finite.", hint="Name another late-interaction model."
            )
        return rows


class LateInteractionReranker(BaseNodePostprocessor):
    """Orders nodes by MaxSim; picture nodes as pictures where the model sees, else by their words.

    Args:
        model: A late-interaction model: a preset, a hub id in the hub's cache, or a folder.
        folder: Where the multivectors are kept.
        top_n: Nodes to return; None for all.
        weight: Share of the MaxSim score in the new one, between 0 and 1; the rest is the score before.
        device: ``auto``, ``cpu``, ``cuda``, ``mps`` or a torch device; None for the settings'.
        allow_fetch: Whether the model may be fetched; None for the settings'.

    Example:
        >>> reranker = LateInteractionReranker(model="colqwen2", folder="kb/late")
        >>> engine = index.as_query_engine(node_postprocessors=[reranker])  # doctest: +SKIP
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    model: str = Field(description="Late-interaction model: preset, hub id or folder.")
    folder: str = Field(description="Where the multivectors are kept.")
    top_n: int | None = Field(default=None, ge=1, description="Nodes to return.")
    weight: float = Field(default=1.0, ge=0.0, le=1.0, description="Share of MaxSim in the score.")
    device: str | None = Field(default=None, description="Device.")
    allow_fetch: bool | None = Field(default=None, description="Whether anything may be fetched.")

    _late: LateInteraction | None = PrivateAttr(default=None)

    @classmethod
    def class_name(cls) -> str:
        """The key of serialised forms."""
        return "LateInteractionReranker"

    @property
    def late(self) -> LateInteraction:
        """The model and its multivectors, loaded when first asked for."""
        if self._late is None:
            self._late = LateInteraction(self.model, self.folder, settings=self._settings())
        return self._late

    def _settings(self) -> Settings:
        return Settings.load(device=self.device, allow_fetch=self.allow_fetch)

    def __getstate__(self) -> dict[str, Any]:
        """Without the loaded model: it loads again where it is unpickled."""
        held, self._late = self._late, None
        try:
            state: dict[str, Any] = super().__getstate__()
        finally:
            self._late = held
        return state

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        if query_bundle is None:
            raise UsageError("Reranking needs the question.", hint="Give query_bundle or query_str.")
        if not nodes:
            return []
        contents = dict(self._content(each.node) for each in nodes)
        keys = [self._content(each.node)[0] for each in nodes]
        damaged: set[str] = set()
        try:
            self.late.index(contents)
        except PictureError:
            damaged = set(self.late.stored.missing(contents))
        if damaged:  # judged by their words
            worded = {
                key: _text_item(each.node) for key, each in zip(keys, nodes, strict=True) if key in damaged
            }
            self.late.index(dict(worded.values()))
            keys = [worded[key][0] if key in worded else key for key in keys]
        scores = self.late.scores(self._asked(query_bundle), keys)
        ranked = [
            NodeWithScore(
                node=each.node, score=self.weight * scores[key] + (1 - self.weight) * (each.score or 0.0)
            )
            for key, each in zip(keys, nodes, strict=True)
        ]
        ranked.sort(key=lambda each: -(each.score or 0.0))
        return ranked[: self.top_n]

    def _asked(self, question: QueryBundle) -> str | bytes | Path:
        if question.image_path and self.late.sees and not question.query_str.strip():
            picture = as_picture(question.image_path, allow_fetch=self._settings().allow_fetch)
            if isinstance(picture, (bytes, Path)):
                return picture
        return question.query_str

    def _content(self, node: BaseNode) -> tuple[str, Any]:
        """A key for what is embedded of a node, and that: its picture where it is seen, else its words."""
        if (
            isinstance(node, ImageNode)
            and self.late.sees
            and (node.image or node.image_path or node.image_url)
        ):
            try:
                picture = as_picture(node, allow_fetch=self._settings().allow_fetch)
                return f"picture:{picture_key(picture)}", picture
            except PictureError:
                return _text_item(node)
        return _text_item(node)


def _text_item(node: BaseNode) -> tuple[str, str]:
    words = node.get_content(metadata_mode=MetadataMode.EMBED).strip() or words_of_name(node)
    return f"text:{hashlib.sha256(words.encode('utf-8', 'surrogatepass')).hexdigest()}", words
