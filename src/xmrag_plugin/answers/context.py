"""Numbered context: what a retrieved node puts before a model, and behind a citation. Plain data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..errors import PictureError
from ..images.intake import decode_base64
from ..types import BBox, Citation, Hit, Key, Modality, parse_bbox

__all__ = ["Evidence", "clock", "evidence_from_hits", "evidence_from_nodes"]


class _Node(Protocol):
    @property
    def metadata(self) -> dict[str, Any]: ...
    @property
    def node_id(self) -> str: ...


class _ScoredNode(Protocol):
    node: Any
    score: float | None


@dataclass(slots=True)
class Evidence:
    """One numbered piece of context.

    Attributes:
        n: Its number in the answer, from 1.
        node_id: The node that it comes from.
        source: Document path, as shown.
        text: The node's words (a figure's: caption, alt text, description, OCR).
        modality: One of :class:`~xmrag_plugin.types.Modality`.
        probability: p(relevant), where the retriever gives one.
        score: The retriever's score.
        media_file: The picture file on this machine, where there is one.
        media_data: The encoded picture, when it lies in memory only.
        metadata: The node's metadata (see :class:`~xmrag_plugin.types.Key`).
    """

    n: int
    node_id: str
    source: str
    text: str
    modality: str = Modality.TEXT
    probability: float | None = None
    score: float = 0.0
    media_file: str | None = None
    media_data: bytes | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def _word(self, key: str) -> str:
        value = self.metadata.get(key)
        return value.strip() if isinstance(value, str) else ""

    @property
    def answerable(self) -> float | None:
        """p(the collection holds the answer), where the retriever gives it, else this node's p(relevant)."""
        known = self.metadata.get(Key.ANSWERABLE)
        return float(known) if isinstance(known, (int, float)) else self.probability

    @property
    def lead(self) -> float | None:
        """Standard scores above what chance gives to the best node, where the retriever gives them."""
        known = self.metadata.get(Key.LEAD)
        return float(known) if isinstance(known, (int, float)) else None

    @property
    def page(self) -> int | None:
        value = self.metadata.get(Key.PAGE)
        return (
            int(value)
            if isinstance(value, (int, float)) or (isinstance(value, str) and value.isdigit())
            else None
        )

    @property
    def bbox(self) -> BBox | None:
        value = self.metadata.get(Key.BBOX)
        return parse_bbox(value) if isinstance(value, str) else None

    @property
    def start_s(self) -> float | None:
        return self.metadata.get(Key.START_S)

    @property
    def end_s(self) -> float | None:
        return self.metadata.get(Key.END_S)

    @property
    def media(self) -> str | None:
        return self._word(Key.MEDIA) or None

    @property
    def media_hash(self) -> str:
        return self._word(Key.MEDIA_HASH)

    @property
    def caption(self) -> str:
        return self._word(Key.CAPTION)

    @property
    def label(self) -> str:
        return self._word(Key.LABEL)

    @property
    def bare_caption(self) -> str:
        """The caption without its label ("Figure 3:")."""
        caption = self.caption
        if self.label and caption.startswith(self.label):
            return caption[len(self.label) :].lstrip(" .:–—-") or caption
        return caption

    @property
    def ocr(self) -> str:
        return self._word(Key.OCR)

    @property
    def heading(self) -> str:
        return self._word(Key.HEADING_PATH)

    @property
    def cited_by(self) -> str:
        return self._word(Key.CITED_BY)

    @property
    def is_figure(self) -> bool:
        return self.modality == Modality.IMAGE

    @property
    def is_sound(self) -> bool:
        """Whether it is a part of a recording that was found by what it sounds like: it has no words."""
        return self.modality == Modality.AUDIO and bool(self.media_hash) and not self.text.strip()

    @property
    def has_picture(self) -> bool:
        return self.modality != Modality.AUDIO and bool(self.media_file or self.media_data)

    @property
    def words(self) -> str:
        """All the words that may support a claim: text, OCR, caption, alt, headings, citing passages."""
        parts = [self.text]
        for key in (
            Key.CAPTION,
            Key.ALT,
            Key.DESCRIPTION,
            Key.OCR,
            Key.HEADING_PATH,
            Key.CITED_BY,
            Key.LABEL,
        ):
            part = self._word(key)
            if part and not any(part in other for other in parts):
                parts.append(part)
        return "\n".join(part for part in parts if part)

    @property
    def place(self) -> str:
        """Where it stands, for people: ``report.pdf, p. 3`` or ``talk.mp4, 1:05–1:20``."""
        place = self.source or self.media or self.node_id
        if self.page is not None:
            place += f", p. {self.page}"
        if self.start_s is not None:
            place += f", {clock(float(self.start_s))}"
            if self.end_s is not None and self.end_s != self.start_s:
                place += f"–{clock(float(self.end_s))}"
        return place

    def citation(self, quote: str = "", *, supported: bool = True) -> Citation:
        """Cite it.

        Args:
            quote: Its words that bear the claim out.
            supported: Whether they do.
        """
        return Citation(
            n=self.n,
            source=self.source,
            page=self.page,
            bbox=self.bbox,
            media=self.media,
            media_file=self.media_file,
            quote=quote,
            supported=supported,
            node_id=self.node_id,
            caption=self.caption or None,
            start_s=self.start_s,
            end_s=self.end_s,
        )


def clock(seconds: float) -> str:
    """Return a time of a recording as people read it: ``1:05``, ``1:02:03``."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def evidence_from_nodes(nodes: Iterable[_ScoredNode]) -> list[Evidence]:
    """Make numbered context of LlamaIndex's ``NodeWithScore``, in their order.

    Works on nodes of any origin: without our metadata, ``file_name`` or the node id is the source,
    and ``probability`` is None: a score is not taken for one.
    """
    return [_from_node(number, scored) for number, scored in enumerate(nodes, 1)]


def _from_node(number: int, scored: _ScoredNode) -> Evidence:
    node = scored.node
    metadata = dict(node.metadata or {})
    is_image = hasattr(node, "resolve_image") or metadata.get(Key.MODALITY) == Modality.IMAGE
    media_file = getattr(node, "image_path", None) or None
    media_data: bytes | None = None
    if is_image and not media_file:
        resource = getattr(node, "image_resource", None)
        if resource is not None and resource.path:
            media_file = str(resource.path)
        elif resource is not None and resource.data:
            media_data = _decoded(resource.data)
        elif getattr(node, "image", None):
            media_data = _decoded(node.image)
    text = getattr(node, "text", None)
    if text is None:
        text = node.get_content()
    source = (
        metadata.get(Key.SOURCE)
        or metadata.get("file_name")
        or metadata.get(Key.FILE_PATH)
        or metadata.get("url")
    )
    probability = metadata.get(Key.PROBABILITY)
    return Evidence(
        n=number,
        node_id=str(node.node_id),
        source=str(source or node.ref_doc_id or node.node_id),
        text=str(text or ""),
        modality=str(metadata.get(Key.MODALITY) or (Modality.IMAGE if is_image else Modality.TEXT)),
        probability=float(probability) if isinstance(probability, (int, float)) else None,
        score=float(scored.score or 0.0),
        media_file=str(media_file) if media_file else None,
        media_data=media_data,
        metadata=metadata,
    )


def _decoded(data: bytes | str) -> bytes | None:
    """Return a node's picture, kept in memory as base64; None where it cannot be decoded."""
    try:
        return decode_base64(data)
    except PictureError:
        return data if isinstance(data, bytes) else None


def evidence_from_hits(hits: Iterable[Hit]) -> list[Evidence]:
    """Make numbered context of search hits, in their order."""
    return [
        Evidence(
            n=number,
            node_id=hit.node_id,
            source=hit.source,
            text=hit.text,
            modality=hit.modality,
            probability=hit.probability,
            score=hit.score,
            media_file=hit.media_file,
            metadata=hit.metadata,
        )
        for number, hit in enumerate(hits, 1)
    ]
