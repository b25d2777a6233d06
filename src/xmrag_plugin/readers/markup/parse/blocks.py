"""Blocks of a page before their captions are settled, and the inline runs that paragraphs are made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ....text.labels import is_caption
from ....types import Element

__all__ = ["Block", "LinkedPicture", "Piece", "Run", "blocks_of"]

_LINE_FIRST = re.compile(r"\s*?\n")
_LINE_LAST = re.compile(r"\n\s*\Z")
_SPACES = re.compile(
    r"[\t\n\r\f\u00a0\u2009\u200a\u202f][ \t\n\r\f\u00a0\u2009\u200a\u202f]*| [ \t\n\r\f\u00a0\u2009\u200a\u202f]+"
)
_GENERIC = re.compile(
    r"\W*|(?:an? )?(?:image|img|picture|photo|figure|alt|alt text|screenshot|logo|icon|untitled)\W*\d*|[\w\-./%]+\.\w{2,4}",
    re.I,
)
_SCRIPT = re.compile(r"[^\W_\s]{1,3}|[\w+\-−–*/().,=]{1,12}")
_ORDINAL = re.compile(r"st|nd|rd|th|e|er|re|ère|ème|o|a|°|º|ª|TM|SM|MC|MD|[*†‡§]+", re.I)
_CHEMICAL = re.compile(r"(?:[A-Z][a-z]?|\))\Z")
_INVISIBLE = re.compile(r"[\u200b\u200e\u200f\u2060\ufeff\u00ad\ud800-\udfff]")


@dataclass(slots=True)
class LinkedPicture:
    """A picture as a page shows it, not yet looked for.

    Attributes:
        candidates: Links to it, the best first.
        data: Bytes of a drawing that stands in the page itself.
        alt: Alternative text.
        title: Its title attribute.
        anchor: Its id, for links to it.
        caption: Its caption, once known.
        words: Words that the document carries for it (a chart's data).
        implicit: Whether the alternative text is the caption when nothing else is (Markdown).
        caption_in_text: Whether the caption's words stand in the text too (a list item, a row of a table).
    """

    candidates: list[str] = field(default_factory=list)
    data: bytes | None = None
    alt: str = ""
    title: str = ""
    anchor: str = ""
    caption: str = ""
    words: str = ""
    implicit: bool = False
    caption_in_text: bool = False


@dataclass(slots=True)
class Block:
    """One element in the making.

    Attributes:
        element: Its kind and words.
        picture: For pictures.
        caption: For tables.
        title: Of a table, what the rows above its head say.
        rows: Of a table that stands somewhere on a slide, its cells, from its title on.
        edges: Where its columns and its rows end, as shares of its width and height; empty for even ones.
        emphasised: All its words are emphasised, as captions often are.
        captionlike: Its class says that it is a caption.
        anchor: Its id.
        cites: Ids on the same page that it links to.
        group: Pictures of one paragraph have the same number.
        holds: Pictures in a table's cells, which follow as blocks of their own.
    """

    element: Element
    picture: LinkedPicture | None = None
    caption: str = ""
    title: str = ""
    rows: Sequence[Sequence[str]] = ()
    edges: tuple[Sequence[float], Sequence[float]] = ((), ())
    emphasised: bool = False
    captionlike: bool = False
    anchor: str = ""
    cites: list[str] = field(default_factory=list)
    group: int = 0
    holds: list[LinkedPicture] = field(default_factory=list)

    @property
    def is_paragraph(self) -> bool:
        return self.element.kind == "paragraph"


@dataclass(slots=True)
class Piece:
    """Some text of one style, or a picture, in a run; and whether a line of the source begins or ends there."""

    text: str = ""
    emphasised: bool = False
    picture: LinkedPicture | None = None
    begins_line: bool = False
    ends_line: bool = False


@dataclass(slots=True)
class Run:
    """Inline content between two block boundaries."""

    pieces: list[Piece] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    cites: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # ids of footnotes that it refers to
    captionlike: bool = False

    def add_text(self, text: str | None, *, emphasised: bool = False) -> None:
        """Add text as the page has it; white space is collapsed later."""
        if text:
            self.pieces.append(
                Piece(
                    _SPACES.sub(" ", text),
                    emphasised,
                    begins_line=_LINE_FIRST.match(text) is not None,
                    ends_line=_LINE_LAST.search(text) is not None,
                )
            )

    def add_script(self, text: str, *, raised: bool, emphasised: bool = False) -> None:
        """Add raised or lowered text: ``10^6``, ``x_i``; ``CO2`` and ``1st`` are written as everybody writes them."""
        text = text.strip()
        before = self.pieces[-1].text if self.pieces else ""
        plain = not _SCRIPT.fullmatch(text) or not re.search(r"[\w)\]]\Z", before)
        if raised:
            plain = (
                plain
                or (_ORDINAL.fullmatch(text) is not None and before[-1:].isdigit())
                or text in ("TM", "SM")
            )
        else:
            plain = plain or (text.isdigit() and _CHEMICAL.search(before) is not None)
        if plain:
            self.add_text(text, emphasised=emphasised)
        else:
            inner = text if text.lstrip("+-−").isdigit() or len(text) == 1 else f"{{{text}}}"
            self.add_text(f"{'^' if raised else '_'}{inner}", emphasised=emphasised)

    def break_line(self) -> None:
        """Add a line end that is meant."""
        if self.pieces and self.pieces[-1].text != "\n":
            self.pieces.append(Piece("\n", True, begins_line=True, ends_line=True))

    def lead(self, place: int, mark: str) -> None:
        """Put the mark of a list item before its first words, which come from a place on."""
        for piece in self.pieces[place:]:
            if piece.text.strip():
                piece.text = f"{mark} {piece.text.lstrip()}"
                return
        self.pieces.insert(place, Piece(mark))

    def add_picture(self, picture: LinkedPicture) -> None:
        """Add a picture within the text."""
        self.pieces.append(Piece(picture=picture))

    @property
    def pictures(self) -> list[LinkedPicture]:
        return [piece.picture for piece in self.pieces if piece.picture is not None]

    def has_its_own_line(self, picture: LinkedPicture) -> bool:
        """Return whether nothing else stands on the picture's line of the source."""
        place = next(i for i, piece in enumerate(self.pieces) if piece.picture is picture)
        before, after = self.pieces[:place][-1:], self.pieces[place + 1 :][:1]
        return all(piece.ends_line for piece in before) and all(piece.begins_line for piece in after)

    @property
    def text(self) -> str:
        return _tidy("".join(piece.text for piece in self.pieces))

    @property
    def emphasised(self) -> bool:
        """Return whether there are words and all of them are emphasised."""
        spoken = [piece for piece in self.pieces if re.search(r"\w", piece.text)]
        return bool(spoken) and all(piece.emphasised for piece in spoken)

    def parts(self) -> list[Run | LinkedPicture]:
        """Return the run cut at its pictures; parts without words are left out."""
        found: list[Run | LinkedPicture] = []
        part = Run(captionlike=self.captionlike)
        for piece in self.pieces:
            if piece.picture is None:
                part.pieces.append(piece)
                continue
            if part.text:
                found.append(part)
            found.append(piece.picture)
            part = Run(captionlike=self.captionlike)
        if part.text:
            found.append(part)
        return found


def blocks_of(run: Run, *, group: int, implicit_captions: bool = False) -> list[Block]:
    """Return a run as paragraphs and pictures, in reading order.

    Words around a picture stay one paragraph, before the picture if they begin before it; but what looks
    like its caption (emphasised, or beginning with a label) stays apart, for the caption to be found.

    Args:
        run: The run.
        group: Number that its pictures share.
        implicit_captions: Whether the alternative text of a picture alone in its paragraph, or on its line, is
            its caption.
    """
    pictures = run.pictures
    if not pictures:
        paragraph = _paragraph(run, run)
        return [paragraph] if paragraph.element.text else []
    parts = run.parts()
    texts = [part for part in parts if isinstance(part, Run)]
    if not any(part.emphasised or part.captionlike or is_caption(part.text) for part in texts):
        whole = Run([piece for piece in run.pieces if piece.picture is None])
        merged: list[Run | LinkedPicture] = list(pictures)
        if whole.text:
            merged.insert(0 if isinstance(parts[0], Run) else len(merged), whole)
        parts = merged
    if run.anchors:
        pictures[-1].anchor = run.anchors[0]
    found: list[Block] = []
    for part in parts:
        if isinstance(part, Run):
            found.append(_paragraph(part, run))
            continue
        meaningful = bool(run.anchors) or _GENERIC.fullmatch(part.alt) is None
        part.implicit = implicit_captions and meaningful and (not texts or run.has_its_own_line(part))
        found.append(Block(Element(kind="picture"), part, group=group))
    return found


def _paragraph(part: Run, whole: Run) -> Block:
    return Block(
        Element(kind="paragraph", text=part.text),
        emphasised=part.emphasised,
        captionlike=part.captionlike,
        cites=list(whole.cites),
        anchor=whole.anchors[0] if whole.anchors else "",
    )


def _tidy(text: str) -> str:
    lines = (_SPACES.sub(" ", line).strip() for line in _INVISIBLE.sub("", text).split("\n"))
    return "\n".join(line for line in lines if line)
