"""Blocks of a page before their captions are settled, and the inline runs that paragraphs are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..schema import Element

__all__ = ["Block", "LinkedPicture", "Run"]

_SPACES = re.compile(r"[ \t\n\r\f\u00a0\u2009\u200a\u202f]+")
_INVISIBLE = re.compile(r"[\u200b\u200e\u200f\u2060\ufeff\u00ad]")


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
        implicit: Whether the alternative text is the caption when nothing else is (Markdown).
    """

    candidates: list[str] = field(default_factory=list)
    data: bytes | None = None
    alt: str = ""
    title: str = ""
    anchor: str = ""
    caption: str = ""
    implicit: bool = False


@dataclass(slots=True)
class Block:
    """One element in the making.

    Attributes:
        element: Its kind and words.
        picture: For pictures.
        caption: For tables.
        emphasised: All its words are emphasised, as captions often are.
        captionlike: Its class says that it is a caption.
        anchor: Its id.
        cites: Ids on the same page that it links to.
        group: Pictures of one paragraph have the same number.
    """

    element: Element
    picture: LinkedPicture | None = None
    caption: str = ""
    emphasised: bool = False
    captionlike: bool = False
    anchor: str = ""
    cites: list[str] = field(default_factory=list)
    group: int = 0

    @property
    def is_paragraph(self) -> bool:
        return self.element.kind == "paragraph"


@dataclass(slots=True)
class Piece:
    """Some text of one style, or a picture, in a run."""

    text: str = ""
    emphasised: bool = False
    picture: LinkedPicture | None = None


@dataclass(slots=True)
class Run:
    """Inline content between two block boundaries."""

    pieces: list[Piece] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    cites: list[str] = field(default_factory=list)
    captionlike: bool = False

    def say(self, text: str | None, *, emphasised: bool = False) -> None:
        """Add text as the page has it; white space is collapsed later."""
        if text:
            self.pieces.append(Piece(_SPACES.sub(" ", text), emphasised))

    def break_line(self) -> None:
        """A line end that is meant."""
        if self.pieces and self.pieces[-1].text != "\n":
            self.pieces.append(Piece("\n", True))

    def show(self, picture: LinkedPicture) -> None:
        """A picture within the text."""
        self.pieces.append(Piece(picture=picture))

    @property
    def pictures(self) -> list[LinkedPicture]:
        return [piece.picture for piece in self.pieces if piece.picture is not None]

    @property
    def text(self) -> str:
        return _tidy("".join(piece.text for piece in self.pieces))

    @property
    def emphasised(self) -> bool:
        """Whether there are words and all of them are emphasised."""
        spoken = [piece for piece in self.pieces if re.search(r"\w", piece.text)]
        return bool(spoken) and all(piece.emphasised for piece in spoken)

    def parts(self) -> list[Run | LinkedPicture]:
        """The run cut at its pictures; parts without words are left out."""
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


def _tidy(text: str) -> str:
    lines = (_SPACES.sub(" ", line).strip() for line in _INVISIBLE.sub("", text).split("\n"))
    return "\n".join(line for line in lines if line)
