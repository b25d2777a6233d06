"""Which passages speak of which figure: by its label, by a phrase such as "the chart below", or by nearness."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ..text.labels import find_labels, opening_label
from ..text.sentences import excerpt, word_count

__all__ = ["NODES_VERSION", "FigureLinks", "FigurePlace", "Passage", "context_of", "link_figures"]

NODES_VERSION = 9
"""Raised whenever the nodes made of the same elements change, so that stored sources are parsed again."""

Side = Literal["after", "before", "near"]

NEAR = 4
"""Passages to each side of a figure among which an unlabelled mention is looked for."""

_NOUN = (
    r"(?P<noun>figures?|charts?|graphs?|maps?|diagrams?|pictures?|photos?|photographs?|images?|illustrations?"
    r"|drawings?|plots?|tables?|screenshots?|sketch(?:es)?|schematics?|flow-?charts?|timelines?|cartoons?"
    r"|paintings?|posters?|infographics?|histograms?|collages?)"
)
_ADJECTIVES = r"(?:[\w\-]+\s){0,2}"
_AFTER = re.compile(
    rf"\b{_NOUN}\s(?:\w+\s)?(?:below|underneath|overleaf|that\sfollows|on\sthe\s(?:next|following)\spage)\b"
    rf"|\b(?:following|next)\s{_ADJECTIVES}{_NOUN.replace('noun', 'noun2')}\b"
    r"|\b(?:shown|depicted|illustrated|pictured|plotted|drawn|given|seen|see)\s(?:here\s)?below\b"
    r"|(?:如?下[图圖図表]|以下の[図表]|다음\s?그림|아래\s?그림)",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"\b{_NOUN}\sabove\b|\b(?:preceding|previous|above)\s{_ADJECTIVES}{_NOUN.replace('noun', 'noun2')}\b"
    r"|\b(?:shown|depicted|illustrated|pictured|plotted|drawn|seen|see)\sabove\b"
    r"|(?:如?上[图圖図表]|前の[図表]|위\s?그림)",
    re.IGNORECASE,
)
_NEAR = re.compile(
    rf"\((?:see|cf\.?|as\sin|shown\sin|as\sshown\sin)?\s?(?:the|this)?\s?{_ADJECTIVES}{_NOUN}\)"
    rf"|\b(?:see|seen|shown?|depicted|illustrated|pictured|drawn|plotted|displayed|summari[sz]ed|as)"
    rf"\s(?:in|on|by|at|from)\s(?:the|this|these|our|its)\s{_ADJECTIVES}{_NOUN.replace('noun', 'noun2')}\b"
    rf"|\b(?:see|this|the\saccompanying|in\sthe|on\sthe)\s{_NOUN.replace('noun', 'noun3')}\b"
    rf"|\bthe\s{_NOUN.replace('noun', 'noun4')}\s"
    r"(?:shows?|illustrates?|depicts?|compares?|displays?|presents?|plots|traces|on\sthe\s(?:left|right)|at\s(?:the\s)?(?:left|right))\b"
    r"|\b(?:shown|pictured|depicted|illustrated|seen)\shere\b"
    r"|\(\s?(?:see\s?)?(?:[,;]\s?)*\)|\[link\]|\((?:see\s)?\[?link\]?\)"  # a cross-reference that lost its words
    r"|(?:如[图圖図](?:所示)?|见[图圖]|[图圖]中|図のように|그림과\s?같이)",
    re.IGNORECASE,
)

_MENTIONS: tuple[tuple[re.Pattern[str], Side], ...] = (
    (_AFTER, "after"),
    (_BEFORE, "before"),
    (_NEAR, "near"),
)
_TRIGGER = re.compile(
    r"\b(?:figure|chart|graph|map|diagram|pict|photo|image|illustrat|drawing|plot|table|screenshot|sketch"
    r"|schematic|flow-?chart|timeline|cartoon|painting|poster|infographic|histogram|collage|shown|seen|depicted)"
    r"|\(\s?(?:[Ss]ee\s?)?[),;]|\[?link\]|[图圖図表]|그림",
    re.IGNORECASE,
)
_MIN_CONTEXT, _MIN_EXCERPT = 12, 20  # words
_WINDOW = (40, 56)  # characters before and after a trigger that a mention may reach


@dataclass(slots=True)
class Passage:
    """A paragraph, list or speech turn, in reading order.

    Attributes:
        index: Its position among the elements.
        text: Its words.
        section: The headings above it.
        page: Its page, where there are pages.
        cites: Anchors in the same document that it links to.
        start_s: When it is said, in recordings.
        end_s: Until when.
    """

    index: int
    text: str
    section: tuple[str, ...] = ()
    page: int | None = None
    cites: tuple[str, ...] = ()
    start_s: float | None = None
    end_s: float | None = None


@dataclass(slots=True)
class FigurePlace:
    """A figure where it stands.

    Attributes:
        index: Its position among the elements.
        label: "Figure 3".
        anchor: The id that links name it by, such as ``fig_workflow``.
        words: Its own words, to tell a map from a chart.
        section: The headings above it.
        page: Its page, where there are pages.
        table: Whether it is a table.
        start_s: When it is seen, in recordings.
        end_s: Until when.
    """

    index: int
    label: str = ""
    anchor: str = ""
    words: str = ""
    section: tuple[str, ...] = ()
    page: int | None = None
    table: bool = False
    start_s: float | None = None
    end_s: float | None = None


@dataclass(slots=True)
class FigureLinks:
    """The passages of one figure, best first in each list.

    Attributes:
        citing: ``(passage, offset of the mention in its text)``.
        before: The nearest passage before it in its section, if any.
        after: The nearest passage after it in its section, if any.
    """

    citing: list[tuple[Passage, int]] = field(default_factory=list)
    before: Passage | None = None
    after: Passage | None = None

    def passages(self) -> list[Passage]:
        """Return those that cite it; where none does, the nearest one."""
        found = [passage for passage, _ in self.citing]
        nearest = self.before or self.after
        return found or ([nearest] if nearest else [])


def link_figures(figures: Sequence[FigurePlace], passages: Sequence[Passage]) -> list[FigureLinks]:
    """Find each figure's passages. Both sequences in reading order; one result for each figure."""
    links = [FigureLinks() for _ in figures]
    if not figures or not passages:
        return links
    positions = [passage.index for passage in passages]
    _link_labels(figures, passages, links)
    _link_mentions(figures, passages, positions, links)
    _link_times(figures, passages, links)
    for figure, found in zip(figures, links, strict=True):
        if figure.start_s is not None and found.citing:
            continue  # in a recording, only what is said while a picture is shown is about it
        at = bisect_left(positions, figure.index)
        before = passages[at - 1] if at > 0 else None
        after = passages[at] if at < len(passages) else None
        found.before = before if before and _together(figure, before) else None
        found.after = after if after and _together(figure, after) else None
    return links


def context_of(links: FigureLinks, words: int = 120) -> str:
    """Return the passages of a figure as one bounded text: those that cite it, the one before, the one after."""
    pieces: list[str] = []
    left = words
    seen: set[int] = set()
    nearby = [(p, len(p.text) if p is links.before else 0) for p in (links.before, links.after) if p]
    wanted = [*links.citing, *nearby]
    for passage, offset in wanted:
        if passage.index in seen or left < _MIN_CONTEXT:
            continue
        seen.add(passage.index)
        piece = excerpt(passage.text, min(left, max(words // 2, _MIN_EXCERPT)), at=offset)
        if piece:
            pieces.append(piece)
            left -= word_count(piece)
    return "\n".join(pieces)


def _base(number: str) -> str:
    return number.rstrip("abcdefghijklmnopqrstuvwxyz") if number[:1].isdigit() else number


def _together(figure: FigurePlace, passage: Passage) -> bool:
    if figure.page is not None and passage.page is not None and abs(figure.page - passage.page) > 1:
        return False
    if figure.section[:1] != passage.section[:1]:
        return abs(figure.index - passage.index) <= 1 and not (figure.section and passage.section)
    return True


def _cite(links: FigureLinks, passage: Passage, offset: int) -> None:
    if all(passage is not other for other, _ in links.citing):
        links.citing.append((passage, offset))


def _link_labels(
    figures: Sequence[FigurePlace], passages: Sequence[Passage], links: list[FigureLinks]
) -> None:
    """Return passages that name the label or link to the anchor; a number used twice means the nearest figure."""
    exact: dict[tuple[str, str], list[int]] = {}
    loose: dict[tuple[str, str], list[int]] = {}
    anchors: dict[str, list[int]] = {}
    for i, figure in enumerate(figures):
        label = opening_label(figure.label) or opening_label(figure.words)
        if label:
            exact.setdefault((label.kind, label.number), []).append(i)
            loose.setdefault((label.kind, _base(label.number)), []).append(i)
        if figure.anchor:
            anchors.setdefault(figure.anchor, []).append(i)
    if not exact and not anchors:
        return
    for passage in passages:
        named: list[tuple[list[int], int]] = []
        for kind, number, offset in find_labels(passage.text) if exact else ():
            candidates = exact.get((kind, number)) or loose.get((kind, _base(number)))
            if candidates:
                named.append((candidates, offset))
        linked = [anchors[anchor] for anchor in passage.cites if anchor in anchors]
        if linked:
            offset = next((mention[2] for mention in _mentions(passage.text)), 0)
            named += [(candidates, offset) for candidates in linked]
        for candidates, offset in named:
            nearest = min(candidates, key=lambda i: abs(figures[i].index - passage.index))
            for i in candidates:
                if figures[i].index == figures[nearest].index:
                    _cite(links[i], passage, offset)
    for figure, found in zip(figures, links, strict=True):
        found.citing.sort(key=lambda item: abs(item[0].index - figure.index))


def _link_mentions(
    figures: Sequence[FigurePlace],
    passages: Sequence[Passage],
    positions: list[int],
    links: list[FigureLinks],
) -> None:
    """Return unlabelled mentions ("the chart below", "(see the map)", a lost cross-reference) near a figure."""
    places = [figure.index for figure in figures]
    near: dict[int, None] = {}
    for place in places:
        at = bisect_left(positions, place)
        near.update(dict.fromkeys(range(max(0, at - NEAR), min(len(passages), at + NEAR))))
    for number in sorted(near):
        passage = passages[number]
        for side, noun, offset in _mentions(passage.text):
            i = _figure_mentioned(figures, places, passage, side, noun)
            if i is not None:
                _cite(links[i], passage, offset)


def _link_times(
    figures: Sequence[FigurePlace], passages: Sequence[Passage], links: list[FigureLinks]
) -> None:
    """Return what is said while a picture is seen."""
    spoken = [p for p in passages if p.start_s is not None and p.end_s is not None]
    starts = [p.start_s or 0.0 for p in spoken]
    longest = max(((p.end_s or 0.0) - (p.start_s or 0.0) for p in spoken), default=0.0)
    for figure, found in zip(figures, links, strict=True):
        if figure.start_s is None or figure.end_s is None:
            continue
        low = bisect_left(starts, figure.start_s - longest)
        for passage in spoken[low : bisect_left(starts, figure.end_s)]:
            if (passage.end_s or 0.0) > figure.start_s:
                _cite(found, passage, 0)


def _mentions(text: str) -> Iterator[tuple[Side, str, int]]:
    """Yield unlabelled mentions: which side they point to, the noun ("chart"), the offset."""
    low = 0
    while trigger := _TRIGGER.search(text, low):
        start, end = max(low, trigger.start() - _WINDOW[0]), trigger.end() + _WINDOW[1]
        while (more := _TRIGGER.search(text, trigger.end(), end)) is not None:
            trigger, end = more, more.end() + _WINDOW[1]
        window = text[start:end]
        for pattern, side in _MENTIONS:
            for match in pattern.finditer(window):
                noun = next((match[group] for group in pattern.groupindex if match[group]), "")
                yield side, noun.lower().rstrip("s"), start + match.start()
        low = end


def _figure_mentioned(
    figures: Sequence[FigurePlace], places: list[int], passage: Passage, side: Side, noun: str
) -> int | None:
    at = bisect_left(places, passage.index)
    following = range(at, min(len(figures), at + 3)) if side != "before" else range(0)
    preceding = range(at - 1, max(-1, at - 4), -1) if side != "after" else range(0)
    best: tuple[float, int] | None = None
    for i in (*following, *preceding):
        figure = figures[i]
        if not _together(figure, passage) or (noun == "table") != figure.table:
            continue
        distance = abs(figure.index - passage.index)
        if distance > 2 * NEAR:
            continue
        named = len(noun) > 2 and noun not in {"figure", "image", "picture"} and noun in figure.words.lower()
        cost = distance - (2 if named else 0) + (0.5 if figure.index < passage.index else 0)
        if best is None or cost < best[0]:
            best = (cost, i)
    return None if best is None else best[1]
