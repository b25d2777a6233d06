"""Cut a piece of context into the smallest passages that can bear a claim out: sentences, rows of tables, lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from ...text.sentences import is_table_row, sentence_spans
from ...text.terms import fold, terms
from ..context import Evidence
from .fact import Fact
from .facts import facts_of
from .languages import sure_language_of

__all__ = ["Passage", "Row", "Source"]

WINDOW_SENTENCES = 3
"""A claim may be drawn from so many sentences in a row."""

MAX_LETTERING_WORDS = 9
"""Lines of more words on average are running text."""

CARRIES = re.compile(r"\W*(?:it|he|she|they|er|sie|es|il|elle|ils|elles|él|ella|ellos)(?!\w)", re.IGNORECASE)
"""A sentence that begins so speaks of what the one before does."""

MAX_LEAD_WORDS = 30
"""So many words of the line right before a table say what it is of."""

WINDOW_LINES = 4
"""Lettering is read off in lines; a claim may take its label and value from so many in a row."""


@dataclass(slots=True, eq=False)
class Row:
    """A row of a table, with its head and the line before the table."""

    table: int
    head: list[str]
    cells: list[str]
    lead: str = ""

    @property
    def label(self) -> str:
        """The cell that names the row: the first that says something in words, else the first."""
        return next((cell for cell in self.cells if re.search(r"[^\W\d_]{2,}", cell)), self.cells[0])

    @property
    def facts(self) -> Iterator[tuple[int, list[Fact]]]:
        """The facts of each cell with its column, with the unit that the column's head names."""
        for place, cell in enumerate(self.cells):
            head = self.head[place] if place < len(self.head) else ""
            found = facts_of(cell)
            unit = re.sub(r".*[(\[]([^()\[\]]{1,30})[)\]]\s*$", r"\1", head)
            if head and re.fullmatch(r"\W*[\d.,'’\s]+\W*", cell):
                found += facts_of(f"{cell} {unit}")
            yield place, found


@dataclass(eq=False)
class Passage:
    """A sentence, row or line of a piece of context, or a few in a row.

    Attributes:
        source: The piece of context that it is of.
        kind: ``sentence``, ``row``, ``line`` or ``caption``.
        text: Verbatim.
        span: Where it stands in the item's text; None for what stands elsewhere (caption, lettering).
        around: What else belongs to it: headings, title, the sentence before, the head of the table.
        row: The row, of a table.
        parts: How many sentences or lines it joins.
    """

    source: Source
    kind: str
    text: str
    span: tuple[int, int] | None = None
    around: str = ""
    row: Row | None = None
    parts: int = 1
    siblings: list[Row] = field(default_factory=list)

    @cached_property
    def stems(self) -> frozenset[str]:
        """Stems of its words, the head's cells with them."""
        head = " ".join(self.row.head) if self.row else ""
        return frozenset(terms(f"{self.text} {head}"))

    @cached_property
    def around_stems(self) -> frozenset[str]:
        """Stems of the words around it."""
        lead = self.row.lead if self.row else ""
        return frozenset(terms(f"{self.around} {lead} {self.source.item.source}"))

    @cached_property
    def facts(self) -> list[Fact]:
        """What it states; the cells of a row with the unit that their head names."""
        if self.row is None:
            return facts_of(self.text)
        found: list[Fact] = []
        for place, cell in self.row.facts:
            found += cell
            found += facts_of(self.row.head[place]) if place < len(self.row.head) else []
        return found

    @cached_property
    def folded(self) -> str:
        """Its text, folded, for looking up names and quotations."""
        return fold(f"{self.text} {' '.join(self.row.head) if self.row else ''}")


class Source:
    """A piece of context with its passages, read once for all the claims that are compared with it.

    Sentences also come joined with those that follow (see WINDOW_SENTENCES), and lines of lettering likewise.
    """

    def __init__(self, item: Evidence) -> None:
        self.item = item

    @cached_property
    def passages(self) -> list[Passage]:
        """All its passages, single ones first."""
        found = sorted(_passages_of(self), key=lambda passage: passage.parts)
        tables: dict[int, list[Row]] = {}
        for passage in found:
            if passage.row is not None:
                passage.siblings = tables.setdefault(passage.row.table, [])
                passage.siblings.append(passage.row)
        return found

    @cached_property
    def stems(self) -> frozenset[str]:
        """Stems of all its words."""
        return frozenset(terms(f"{self.item.words} {self.item.source}"))

    @cached_property
    def name_stems(self) -> frozenset[str]:
        """Stems of the words that it uses as names: capitalised inside a sentence, or labels of rows."""
        named = {
            str(stem) for fact in facts_of(self.item.words) if fact.kind == "name" for stem in fact.values
        }
        for passage in self.passages:
            if passage.row is not None and passage.row.label[:1].isupper():
                named.update(terms(passage.row.label)[:1])
        return frozenset(named)

    @cached_property
    def language(self) -> str:
        """See :func:`sure_language_of`."""
        return sure_language_of(self.item.words[:2000])


def _passages_of(source: Source) -> list[Passage]:
    item = source.item
    around = " ".join(part for part in (item.heading, item.caption) if part)
    found = [*_of_text(source, around)]
    seen = fold(item.text)
    for words in dict.fromkeys((item.caption, item.metadata.get("alt"), item.metadata.get("description"))):
        if isinstance(words, str) and words.strip() and fold(words) not in seen:
            found += [Passage(source, "caption", words[a:b], None, around) for a, b in sentence_spans(words)]
    if item.cited_by and fold(item.cited_by) not in seen:
        cited = item.cited_by
        found += [Passage(source, "sentence", cited[a:b], None, around) for a, b in sentence_spans(cited)]
    lines = [line.strip() for line in item.ocr.splitlines() if line.strip()]
    found += _windows([Passage(source, "line", line, None, around) for line in lines], WINDOW_LINES)
    return found


def _of_text(source: Source, around: str) -> Iterator[Passage]:
    """Yield the passages of an item's text, with their offsets."""
    item = source.item
    head: list[str] | None = None
    table = 0
    led = said = ""
    prose: list[tuple[int, int]] = []
    position = 0
    for line in [*item.text.splitlines(keepends=True), ""]:
        start, end = position, position + len(line)
        position = end
        bare = line.strip()
        if is_table_row(bare):
            if prose:
                led = " ".join(item.text[prose[-1][0] : prose[-1][1]].split()[-MAX_LEAD_WORDS:])
            yield from _sentences(source, prose, around)
            prose = []
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", bare.strip("|"))]
            if re.fullmatch(r"\|[\s:|-]+\|", bare):
                continue
            if head is None:
                head, table = cells, table + 1
                said = led
                if _is_head(item.text[end:]):
                    continue
            offset = start + line.index(bare)
            yield Passage(
                source,
                "row",
                bare,
                (offset, offset + len(bare)),
                around,
                Row(table, head if head is not cells else [], cells, said),
            )
            continue
        head = None
        if bare:
            led = ""
        elif prose:
            led = " ".join(item.text[prose[-1][0] : prose[-1][1]].split()[-MAX_LEAD_WORDS:])
        if not bare or re.match(r"(?:[-*+•]|\d{1,3}[.)]|#{1,6})\s", bare) or not line:
            yield from _sentences(source, prose, around)
            prose = []
        if bare:
            offset = start + line.index(bare)
            prose.append((offset, offset + len(bare)))


def _is_head(rest: str) -> bool:
    """Whether the row before ``rest`` is a head: the rule line of a Markdown table follows it."""
    return bool(re.match(r"\s*\|[\s:|-]+\|\s*(?:\n|$)", rest))


def _sentences(source: Source, lines: list[tuple[int, int]], around: str) -> Iterator[Passage]:
    if not lines:
        return
    item = source.item
    begin, stop = lines[0][0], lines[-1][1]
    text = item.text[begin:stop]
    found = [
        Passage(source, "sentence", text[a:b], (begin + a, begin + b), around)
        for a, b in sentence_spans(text)
    ]
    if _is_lettering(item.text[begin:stop]):
        # Lines without full stops are a list, a form or lettering.
        found = [Passage(source, "line", item.text[a:b], (a, b), around) for a, b in lines]
        yield from _windows(found, WINDOW_LINES)
        return
    for place, passage in enumerate(found):
        if place:
            # A sentence about "it" that follows another one: what that is about counts as well.
            before = found[place - 1]
            carried = before.around.removeprefix(around) if CARRIES.match(before.text) else ""
            passage.around = f"{around} {carried} {before.text}"
    yield from _windows(found, WINDOW_SENTENCES)


def _is_lettering(text: str) -> bool:
    """Whether the lines of a paragraph stand by themselves: short, and hardly one ends as a sentence does."""
    lines = text.splitlines()
    words = sum(len(line.split()) for line in lines)
    ends = sum(bool(re.search(r"[.!?。！？]\W*$", line)) for line in lines)
    joins = sum(bool(re.match(r"\s*[a-zäöüéèà]", line)) for line in lines[1:])
    return (
        len(lines) > 1
        and words <= MAX_LETTERING_WORDS * len(lines)
        and ends <= 0.3 * len(lines)
        and joins <= 0.3 * len(lines)
    )


def _windows(passages: list[Passage], size: int) -> list[Passage]:
    """Return the passages, and each joined with those that follow it."""
    found = list(passages)
    for count in range(2, size + 1):
        for place in range(len(passages) - count + 1):
            group = passages[place : place + count]
            span = None
            if group[0].span and group[-1].span:
                span = (group[0].span[0], group[-1].span[1])
            text = (
                group[0].source.item.text[span[0] : span[1]] if span else "\n".join(one.text for one in group)
            )
            found.append(Passage(group[0].source, group[0].kind, text, span, group[0].around, parts=count))
    return found
