"""What is asked, and what comes of a search, an answer and an ``add``."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import singledispatch
from pathlib import Path
from typing import Any

from .documents import BBox, Key, NodeRecord, parse_bbox

__all__ = [
    "Citation",
    "FileFailure",
    "Hit",
    "Hits",
    "IngestionReport",
    "Question",
    "notebook_html",
    "vars_of",
]


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
        lead: Standard scores by which it stands above what chance gives to the best, for a question
            in words and where it was found by them.
    """

    rank: int
    score: float
    probability: float | None
    record: NodeRecord
    media_file: str | None = None
    scores: dict[str, float] = field(default_factory=dict)
    answerable: float | None = None
    lead: float | None = None

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
        """The node's metadata, with p(the collection holds the answer) and its lead."""
        known = {Key.ANSWERABLE: self.answerable, Key.LEAD: self.lead}
        told = {key: round(value, 4) for key, value in known.items() if value is not None}
        return {**self.record.metadata, **told}

    def of_copy(self, source: str) -> Hit:
        """Return the hit as one of a file with the same bytes, whose node it shares."""
        metadata = self.record.metadata
        if self.media == self.source:
            metadata = {**metadata, Key.MEDIA: source}
        return replace(self, record=replace(self.record, source=source, metadata=metadata))

    def as_json(self) -> dict[str, Any]:
        """Return the row of the contract, in its order."""
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
        """Return the row of the contract, in its order."""
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
    ``pictures_unfindable`` counts the pictures that no words tell of while there is no vision space;
    ``languages`` counts passages by ISO 639-1 code, ``""`` those that do not tell.
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
    languages: dict[str, int] = field(default_factory=dict)
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
        """Return the object of the contract."""
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
            "languages": self.languages,
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


def vars_of(failure: FileFailure) -> Mapping[str, str]:
    """Return a failure as a JSON object."""
    return {"source": failure.source, "error": failure.error, "hint": failure.hint}
