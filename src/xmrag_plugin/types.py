"""Plain data that the rooms hand to one another: no I/O, no LlamaIndex, no models."""

from __future__ import annotations

import html
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import singledispatch
from math import ceil, floor
from pathlib import Path
from typing import Any, Literal

__all__ = [
    "MAX_PICTURE_PX",
    "BBox",
    "Citation",
    "Element",
    "ElementKind",
    "FileFailure",
    "Hit",
    "Hits",
    "IngestionReport",
    "Key",
    "LineBox",
    "Modality",
    "NodeRecord",
    "Picture",
    "Question",
    "SoundClip",
    "figure_words",
    "format_bbox",
    "format_line_boxes",
    "join_ids",
    "kinds_in",
    "notebook_html",
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


def format_bbox(bbox: BBox | None) -> str | None:
    """``(x0, y0, x1, y1)`` as flat metadata."""
    return None if bbox is None else ",".join(f"{value:g}" for value in bbox)


def parse_bbox(text: str | None) -> BBox | None:
    """The inverse of :func:`format_bbox`."""
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
    """The kinds of nodes that a space holds (see :attr:`NodeRecord.kind`); each has its own collection."""
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


@dataclass(slots=True)
class Question:
    """What is asked: weighted texts, pictures and sounds.

    Attributes:
        texts: ``(text, weight)``; a negative weight pushes away.
        images: ``(encoded picture bytes, weight)``.
        sounds: ``(recording, weight)``: files or encoded bytes, for a space that hears.
        said: Those of the texts that were not typed, but said in a recording.
    """

    texts: list[tuple[str, float]] = field(default_factory=list)
    images: list[tuple[bytes, float]] = field(default_factory=list)
    sounds: list[tuple[bytes | Path, float]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The positive words, joined."""
        return " ".join(text for text, weight in self.texts if weight > 0)


@dataclass(slots=True)
class Hit:
    """One row of a result list (the contract of ``search --json``).

    Attributes:
        rank: Its place in the list, from 1.
        score: Of the fusion; comparable within one list.
        probability: p(relevant), where the fusion tells it.
        record: The node that was found.
        media_file: The picture or recording on this machine, where there is one.
        scores: What each channel gave it, by channel.
        answerable: p(the collection holds the answer), where the search tells it.
    """

    rank: int
    score: float
    probability: float | None
    record: NodeRecord
    media_file: str | None = None
    scores: dict[str, float] = field(default_factory=dict)
    answerable: float | None = None

    @property
    def node_id(self) -> str:
        """Its node's id."""
        return self.record.node_id

    @property
    def source(self) -> str:
        """Path of the document that it stands in, relative to the added folder."""
        return self.record.source

    @property
    def text(self) -> str:
        """What the node says."""
        return self.record.text

    @property
    def modality(self) -> str:
        """One of :class:`Modality`."""
        return self.record.modality

    @property
    def page(self) -> int | None:
        """Its page, from 1."""
        return self.record.page

    @property
    def bbox(self) -> BBox | None:
        """Its box on the page."""
        return parse_bbox(self.record.metadata.get(Key.BBOX))

    @property
    def start_s(self) -> float | None:
        """Where it starts in a recording, in seconds."""
        return self.record.metadata.get(Key.START_S)

    @property
    def end_s(self) -> float | None:
        """Where it ends in a recording, in seconds."""
        return self.record.metadata.get(Key.END_S)

    @property
    def media(self) -> str | None:
        """Path of its picture file, relative to the added folder."""
        return self.record.media

    @property
    def caption(self) -> str | None:
        """Its caption."""
        return self.record.metadata.get(Key.CAPTION)

    @property
    def metadata(self) -> dict[str, Any]:
        """The node's metadata, with p(the collection holds the answer)."""
        told = {} if self.answerable is None else {Key.ANSWERABLE: round(self.answerable, 4)}
        return {**self.record.metadata, **told}

    def of_copy(self, source: str) -> Hit:
        """Return the hit as one of a file with the same bytes, whose node it shares."""
        metadata = self.record.metadata
        if self.media == self.source:
            metadata = {**metadata, Key.MEDIA: source}
        return replace(self, record=replace(self.record, source=source, metadata=metadata))

    def as_json(self) -> dict[str, Any]:
        """The row of the contract, in its order."""
        return {
            "rank": self.rank,
            "score": self.score,
            "probability": self.probability,
            "modality": self.modality,
            "source": self.source,
            "page": self.page,
            "bbox": list(self.bbox) if self.bbox else None,
            "start_s": self.start_s,
            "end_s": self.end_s,
            "media": self.media,
            "media_file": self.media_file,
            "caption": self.caption,
            "text": self.text,
            "node_id": self.node_id,
        }

    def _repr_html_(self) -> str:
        return notebook_html(self)


class Hits(list[Hit]):
    """A list of hits that shows itself in a notebook as a table with thumbnails."""

    def _repr_html_(self) -> str:
        return notebook_html(self)


@dataclass(slots=True)
class Citation:
    """One checked ``[n]`` of an answer (the contract of ``ask --json``)."""

    n: int
    source: str
    page: int | None
    bbox: BBox | None
    media: str | None
    media_file: str | None
    quote: str
    supported: bool
    node_id: str = ""
    caption: str | None = None
    start_s: float | None = None
    end_s: float | None = None
    verdict: str = "supported"
    source_says: str = ""

    def as_json(self) -> dict[str, Any]:
        """The row of the contract, in its order."""
        return {
            "n": self.n,
            "source": self.source,
            "page": self.page,
            "bbox": list(self.bbox) if self.bbox else None,
            "media": self.media,
            "media_file": self.media_file,
            "quote": self.quote,
            "supported": self.supported,
            "start_s": self.start_s,
            "end_s": self.end_s,
            "node_id": self.node_id,
            "verdict": self.verdict,
            **({"source_says": self.source_says} if self.source_says else {}),
        }


@dataclass(slots=True)
class FileFailure:
    """A file that could not be read, and the way out."""

    source: str
    error: str
    hint: str = ""


@dataclass(slots=True)
class IngestionReport:
    """What an ``add`` did (the contract of ``add --json``).

    ``added``, ``updated``, ``unchanged`` and ``removed`` list sources in order; ``embedded`` names
    the spaces that were made from what is stored, ``described`` is what describing pictures by a generator cost.
    ``pictures_unfindable`` counts the pictures that no words tell of while there is no vision space.
    """

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    failed: list[FileFailure] = field(default_factory=list)
    warnings: list[FileFailure] = field(default_factory=list)
    ignored: dict[str, int] = field(default_factory=dict)
    nodes: dict[str, int] = field(default_factory=dict)
    pictures_stored: int = 0
    pictures_skipped: dict[str, int] = field(default_factory=dict)
    pictures_unfindable: int = 0
    embedded: list[str] = field(default_factory=list)
    described: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time that is spent inside to a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - started
            self.seconds[stage] = self.seconds.get(stage, 0.0) + spent

    def as_json(self) -> dict[str, Any]:
        """The object of the contract."""
        return {
            "added": self.added,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "removed": self.removed,
            "failed": [vars_of(failure) for failure in self.failed],
            "warnings": [vars_of(warning) for warning in self.warnings],
            "ignored": self.ignored,
            "nodes": self.nodes,
            "pictures": {
                "stored": self.pictures_stored,
                "skipped": self.pictures_skipped,
                **({"unfindable": self.pictures_unfindable} if self.pictures_unfindable else {}),
            },
            **({"embedded": self.embedded} if self.embedded else {}),
            **({"described": self.described} if self.described else {}),
            "seconds": {stage: round(value, 3) for stage, value in self.seconds.items()},
        }

    def _repr_html_(self) -> str:
        return notebook_html(self)


@singledispatch
def notebook_html(value: Any) -> str:
    """Return what a value shows of itself in a notebook; :mod:`xmrag_plugin.answers.notebook` says how."""
    return f"<pre>{html.escape(repr(value))}</pre>"


def figure_words(
    *, caption: str = "", alt: str = "", description: str = "", words: str = "", ocr: str = ""
) -> str:
    """A figure's own words, one text: caption, alt text, description, carried words, OCR.

    A part that another part already holds is left out.
    """
    parts: list[str] = []
    for part in (caption, alt, description, words, ocr):
        part = part.strip()
        if part and not any(part in other for other in parts):
            parts.append(part)
    return "\n".join(parts)


def vars_of(failure: FileFailure) -> Mapping[str, str]:
    """A failure as a JSON object."""
    return {"source": failure.source, "error": failure.error, "hint": failure.hint}


def join_ids(ids: Sequence[str]) -> str | None:
    """Node ids as flat metadata."""
    return ",".join(dict.fromkeys(ids)) or None


def split_ids(text: str | None) -> list[str]:
    """The inverse of :func:`join_ids`."""
    return text.split(",") if text else []
