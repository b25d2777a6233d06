"""What readers find and the catalog keeps: pictures, elements, nodes, and the keys of their metadata."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil, floor
from pathlib import Path
from typing import Any, Literal

__all__ = [
    "MAX_PICTURE_PX",
    "BBox",
    "Element",
    "ElementKind",
    "Key",
    "LineBox",
    "Modality",
    "NodeRecord",
    "Picture",
    "SoundClip",
    "figure_words",
    "format_bbox",
    "format_line_boxes",
    "join_ids",
    "kinds_in",
    "parse_bbox",
    "parse_line_boxes",
    "shift_line_boxes",
    "split_ids",
]

MAX_PICTURE_PX = 150_000_000
"""Pixels above which a picture is refused where no other limit is set."""

BBox = tuple[float, float, float, float]
"""``(x0, y0, x1, y1)``, origin at the top left of the page or picture; PDF points on pages, pixels in pictures."""

LineBox = tuple[int, int, float, float, float, float, int]
"""``(start, end, x0, y0, x1, y1, page)``: characters of a text, and the box on a page that shows them, in points.

A text's boxes are in its order. In a table each cell has one; a row's region is that of the boxes within its line.
"""

ElementKind = Literal["heading", "paragraph", "list", "table", "code", "picture", "speech", "sound", "note"]


class Modality:
    """What a node or hit is made of."""

    TEXT = "text"
    TABLE = "table"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    ALL = ("text", "table", "image", "audio", "video")


class Key:
    """Metadata keys on LlamaIndex nodes. Values are flat: str, int, float or None."""

    SOURCE = "source"  # document path relative to the added folder, POSIX
    FILE_PATH = "file_path"  # absolute path when it was read
    MODALITY = "modality"
    KIND = "kind"  # element kind of the chunk's main part
    PAGE = "page"  # from 1
    BBOX = "bbox"  # "x0,y0,x1,y1"
    START_S = "start_s"
    END_S = "end_s"
    HEADING_PATH = "heading_path"  # "Chapter > Section"
    CAPTION = "caption"
    ALT = "alt"
    LABEL = "label"  # "Figure 3"
    OCR = "ocr"  # words read off the picture
    DESCRIPTION = "description"  # a model's words for the picture
    CITED_BY = "cited_by"  # text of the passages that cite or surround the figure
    MEDIA = "media"  # path of the picture file, relative to the added folder, POSIX
    MEDIA_HASH = "media_hash"  # sha256 of the encoded picture or clip of sound, hex
    FIGURES = "figures"  # comma-separated node ids of the figures that a chunk holds or cites
    PASSAGES = "passages"  # comma-separated node ids of the chunks that hold or cite a figure
    LINE_BOXES = "line_boxes"  # where each line or cell of the text stands; see :func:`format_line_boxes`
    LEGEND = "legend"  # what an LLM is shown beside the node, with labels
    WHOLE_PAGE = "whole_page"  # True on the picture of a page or slide
    ORDER = "order"  # position in the document
    ANSWERABLE = "answerable"  # p(the collection holds the answer), on nodes that a retriever returns
    PROBABILITY = "probability"  # p(relevant), on nodes that a retriever returns
    LEAD = "lead"  # standard scores above what chance gives, on nodes that a retriever finds by words


def format_bbox(bbox: BBox | None) -> str | None:
    """Return ``(x0, y0, x1, y1)`` as flat metadata."""
    return None if bbox is None else ",".join(f"{value:g}" for value in bbox)


def parse_bbox(text: str | None) -> BBox | None:
    """Parse what :func:`format_bbox` wrote."""
    if not text:
        return None
    x0, y0, x1, y1 = (float(part) for part in text.split(","))
    return (x0, y0, x1, y1)


def format_line_boxes(boxes: Iterable[LineBox]) -> str | None:
    """Return the places of a text's lines as flat metadata: ``"start end x0 y0 x1 y1 page;…"``, whole points outwards."""
    parts = (
        f"{start} {end} {floor(x0)} {floor(y0)} {ceil(x1)} {ceil(y1)} {page}"
        for start, end, x0, y0, x1, y1, page in boxes
    )
    return ";".join(parts) or None


def parse_line_boxes(text: str | None) -> list[LineBox]:
    """Return the inverse of :func:`format_line_boxes`."""
    found: list[LineBox] = []
    for part in text.split(";") if text else ():
        start, end, x0, y0, x1, y1, page = map(int, part.split())
        found.append((start, end, float(x0), float(y0), float(x1), float(y1), page))
    return found


def shift_line_boxes(text: str | None, by: int, window: tuple[int, int] | None = None) -> str | None:
    """Return the places of a text's lines for where the text stands in a longer one.

    Args:
        text: As :func:`format_line_boxes` gives them.
        by: Characters before it there.
        window: The part of the text that stands there, as its start and end; by default all of it.
    """
    low, high = window or (0, 1 << 31)
    return format_line_boxes(
        (max(box[0], low) - low + by, min(box[1], high) - low + by, *box[2:])
        for box in parse_line_boxes(text)
        if box[0] < high and box[1] > low
    )


def kinds_in(space: str) -> tuple[str, ...]:
    """Return the kinds of nodes that a space holds (see :attr:`NodeRecord.kind`); each has its own collection."""
    return ("sound",) if space == "sound" else ("text", "image")


@dataclass(slots=True)
class SoundClip:
    """A few seconds of a recording's sound: encoded bytes, then the hash that they are stored under."""

    data: bytes | None = None
    media_hash: str = ""


@dataclass(slots=True)
class Picture:
    """A picture as a reader finds it: a file, or bytes in memory, never both missing.

    Attributes:
        data: Encoded bytes (PNG, JPEG, …), for pictures inside a document.
        path: The picture file, for linked pictures and picture files.
        reference: The link as the document wrote it.
        alt: Alternative text.
        caption: Caption text, with its label ("Figure 3: …") when it has one.
        label: "Figure 3", "Table 2" and the like, when it has one.
        mime: Media type, when known.
        words: Words that the file itself carries for it (text of an SVG, a chart's data).
        media: Path of a linked or own picture file relative to the added folder, POSIX.
        media_hash: sha256 of the encoded bytes, hex; set when the bytes are stored.
        ocr: Words read off the picture; set by a describer.
        description: A model's words for the picture; set by a describer.
    """

    data: bytes | None = None
    path: Path | None = None
    reference: str = ""
    alt: str = ""
    caption: str = ""
    label: str = ""
    mime: str = ""
    words: str = ""
    media: str | None = None
    media_hash: str = ""
    ocr: str = ""
    description: str = ""


@dataclass(slots=True)
class Element:
    """One piece of a document, in reading order.

    Attributes:
        kind: What it is. A ``picture`` has ``picture`` set; a ``table`` holds Markdown in
            ``text`` and may have a picture of itself; ``speech`` has times.
        text: Its words, as plain text (lists one item a line, tables as Markdown).
        level: 1–6 for a ``heading``.
        page: Page number from 1, where there are pages.
        bbox: Its box on the page.
        start_s: Start time in seconds, for sound and video.
        end_s: End time in seconds.
        picture: The picture, for ``picture`` (and optionally ``table``).
        clip: A window of a recording's sound, for a ``sound`` without words.
        metadata: Further flat values to keep on the nodes made from it.
    """

    kind: ElementKind
    text: str = ""
    level: int = 0
    page: int | None = None
    bbox: BBox | None = None
    start_s: float | None = None
    end_s: float | None = None
    picture: Picture | None = None
    clip: SoundClip | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class NodeRecord:
    """A node as the catalog keeps it: all that a hit shows and that retrieval needs.

    Attributes:
        node_id: Stable id, a function of source and content.
        source: Document path relative to the added folder, POSIX.
        order: Position in the document.
        modality: One of :class:`Modality`.
        text: What the node says: the chunk, or a figure's own words.
        embed_text: What was embedded in the text space (heading path, words, context).
        content_key: sha256 of ``embed_text`` (and media hash); equal keys have equal vectors.
        metadata: The node's flat metadata (see :class:`Key`).
        relationships: ``{"previous" | "next" | "source" | …: node id}``.
    """

    node_id: str
    source: str
    order: int
    modality: str
    text: str
    embed_text: str
    content_key: str
    metadata: dict[str, Any] = field(default_factory=dict)
    relationships: dict[str, str] = field(default_factory=dict)

    @property
    def media_hash(self) -> str | None:
        return self.metadata.get(Key.MEDIA_HASH)

    @property
    def kind(self) -> str:
        """The collections that it lives in: ``image``, ``sound`` (heard, not said) or ``text``."""
        if self.modality == Modality.IMAGE:
            return "image"
        return "sound" if self.modality == Modality.AUDIO and self.media_hash else "text"

    @property
    def media(self) -> str | None:
        return self.metadata.get(Key.MEDIA)

    @property
    def page(self) -> int | None:
        return self.metadata.get(Key.PAGE)


def figure_words(
    *, caption: str = "", alt: str = "", description: str = "", words: str = "", ocr: str = ""
) -> str:
    """Return a figure's own words, one text: caption, alt text, description, carried words, OCR.

    A part that another part already holds is left out.
    """
    parts: list[str] = []
    for part in (caption, alt, description, words, ocr):
        part = part.strip()
        if part and not any(part in other for other in parts):
            parts.append(part)
    return "\n".join(parts)


def join_ids(ids: Sequence[str]) -> str | None:
    """Return node ids as flat metadata."""
    return ",".join(dict.fromkeys(ids)) or None


def split_ids(text: str | None) -> list[str]:
    """Split what :func:`join_ids` joined."""
    return text.split(",") if text else []
