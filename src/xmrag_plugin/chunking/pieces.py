"""Pieces of a document, and their boxes: over all elements, the headings above them, and the note below a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..text.sentences import word_count
from ..types import BBox, Element, Picture

__all__ = ["Path", "Piece", "take_in_titles_and_notes", "union"]

Path = tuple[str, ...]

_NOTE_WORDS, _NOTE_GAP, _NOTE_SHARE = 40, 5.0, 0.8
"""A table's note has at most so many words, begins within so many of its own heights below the table, and has so much
of its width below it."""

_MARK = re.compile(r"[\s_•-]*(\(\w{1,2}\)|\d{1,2}\)|[*†‡§]+)")


@dataclass(slots=True)
class Piece:
    """What becomes one node.

    Attributes:
        kind: A chunk of text, a table (or a part of one), or a figure.
        text: The chunk's words or the table's Markdown; empty for a figure.
        path: The headings above it, outermost first.
        indexes: Positions of its elements among all elements, ascending.
        element: The element kind that makes up most of it.
        page: Page of its start.
        bbox: Its box on that page.
        start_s: Start in seconds.
        end_s: End in seconds.
        picture: The figure's picture, or a table's picture of itself.
        metadata: Flat values that its elements carry.
    """

    kind: Literal["text", "table", "figure"]
    text: str = ""
    path: Path = ()
    indexes: list[int] = field(default_factory=list)
    element: str = "paragraph"
    page: int | None = None
    bbox: BBox | None = None
    start_s: float | None = None
    end_s: float | None = None
    picture: Picture | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


def union(boxes: Sequence[BBox]) -> BBox | None:
    """Return the smallest box over all; None over none."""
    if not boxes:
        return None
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def take_in_titles_and_notes(pieces: Sequence[Piece], elements: Sequence[Element]) -> None:
    """Let the box of a text or table reach over the headings right above it on its page, and a table's over its note."""
    begun: set[int] = set()
    for piece in pieces:
        if piece.kind == "figure" or piece.bbox is None:
            continue
        boxes = [piece.bbox]
        # The rest of a long paragraph has no heading above it.
        first = [index for index in piece.indexes if piece.kind != "text" or index not in begun]
        begun.update(first)
        for at in first:
            while (at := at - 1) >= 0 and elements[at].kind == "heading" and elements[at].page == piece.page:
                boxes += [box] if (box := elements[at].bbox) else []
        if piece.kind == "table" and (note := _note_below(piece.indexes[-1], elements)):
            boxes.append(note)
        piece.bbox = union(boxes)


def _note_below(at: int, elements: Sequence[Element]) -> BBox | None:
    """Return the box of a table's note: "(1) …", where the table has that mark, or a sentence with nothing behind it.

    What ends a page or a section right below a table ("Source: …", "See accompanying notes.") speaks of it; a sentence
    that goes on, or leads to the next table, is running text.
    """
    table, note, behind = (elements[i] if i < len(elements) else None for i in (at, at + 1, at + 2))
    if table is None or note is None or note.kind not in ("paragraph", "list") or note.page != table.page:
        return None
    if table.bbox is None or note.bbox is None or word_count(note.text) > _NOTE_WORDS:
        return None
    gap, height = note.bbox[1] - table.bbox[3], note.bbox[3] - note.bbox[1]
    below = min(note.bbox[2], table.bbox[2]) - max(note.bbox[0], table.bbox[0])
    if not -height < gap <= _NOTE_GAP * height or below < _NOTE_SHARE * (note.bbox[2] - note.bbox[0]):
        return None
    mark = _MARK.match(note.text)
    is_last = behind is None or behind.page != note.page or behind.kind == "heading"
    is_whole = note.kind == "paragraph" and not note.text[:1].islower() and note.text.rstrip()[-1:] in ".。"
    return note.bbox if (mark and mark[1] in table.text) or (is_last and is_whole) else None
