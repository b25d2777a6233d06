"""What can be quoted: sentences, rows of tables under their heads, lines of lettering, fields with labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ...text.quantities import dates, holds_date
from ...text.scripts import CJK_CHARACTER
from ...text.sentences import is_table_row, segments, split_sentences
from ...text.terms import content_terms, normalised, numbered_words, terms
from ...types import Key
from ..context import Evidence
from .bars import asked_bars
from .extremes import extreme_row
from .fields import Match, label_match, prefer_wholes, read_fields, table_cells
from .question_type import AskedFor, holds_answer_type

__all__ = ["Candidate", "candidates", "is_loose"]

_MIN_MATCH = 0.3
_MAX_FIELDS = 8  # of one piece of evidence
_MAX_FORM_LINE = 60  # characters; longer lines of a text are prose
_MIN_LETTERS = 3
_LONG_LETTERING = 20  # words of a line
_MIN_COLUMNS = 2  # numbers in a line of lettering that make it a row, and the words above it a table's head
_NUMBER = re.compile(r"(?<!\w)[\d.,'`]*\d(?!\w)")
_PROSE = re.compile(r"[.!?。！？]$|^\||^(?:[-*+•●◦▪‣#]|\d{1,2}[.)])\s")  # sentences, rows, items, headings
_PAGE_NUMBER = re.compile(
    r"(?:page|slide|seite|folie|página|pagina|p) \d+(?: (?:of|von|de|sur|di) \d+| \d+)?"
)
_LIST_ITEM = re.compile(r"\s*(?:[-*+•●◦▪‣]|\(?(?:\d{1,2}|[a-z])[.)])\s+\S")
_SENTENCE_END = re.compile(r"[.!?。！？…][\"'”’»)\]]*$")
_POINTS_ON = re.compile(r"[?？:：][\"'”’»)\]]*$")
"""Ends of a question, and of the words before a list or a table."""

_NUMBERED = re.compile(r"(?:§\s*)?\d+(?:\.\d+)+\.?\s+(?:[^\s.!?]+\s*){1,10}$")
"""A heading with the number of its section."""

_CODE = re.compile(
    r"[a-z]\w*[._]\w+\(|\b[a-z]+_[a-z]\w*\s*[=(\[]|^(?:async\s+def|def|class|function|fn)\s+\w+.*[:({;]$|"
    r"[;{}]$|[=!]=|\+=|=>|->"
)
"""Signs of a programming language, in which a colon opens a block and no label."""


@dataclass(slots=True)
class Candidate:
    """A span that may be quoted.

    Attributes:
        evidence: Where it stands.
        order: Its place there.
        quote: The words, verbatim; several lines for a label with its value.
        shown: The words as an answer shows them; a row with its heads, a label beside its value.
        terms: Its terms, in the language of the question.
        context: Terms of its heading, its caption, the sentence before it, the head of its table.
        lettering: Whether it was read off a picture.
        list_item: Whether it is an item of a list, such as a step.
        field_match: How well its label is what the question asks for; 0 for all but fields.
        amount: What a field comes to; 0 for values that are no amount.
        says_nothing: Whether it points at what is said elsewhere: a heading, a question, the words before a list or table.
        scores: The scoring terms by name (see :class:`~.scoring.Weights`), then ``total``.
    """

    evidence: Evidence
    order: int
    quote: str
    shown: str
    terms: set[str]
    context: set[str]
    lettering: bool = False
    list_item: bool = False
    field_match: float = 0.0
    amount: Decimal = Decimal(0)
    says_nothing: bool = False
    scores: dict[str, float] = field(default_factory=dict)

    @property
    def is_run(self) -> bool:
        """Whether it is a run of labels, such as a table's that was drawn: it is pointed to, for it cannot be read."""
        return self.lettering and len(self.quote.split()) > _LONG_LETTERING

    @property
    def score(self) -> float:
        """The weighted sum of the scoring terms."""
        return self.scores.get("total", 0.0)


def candidates(question: str, asked: AskedFor, evidence: Sequence[Evidence]) -> list[Candidate]:
    """Return all that can be quoted, each text once; lettering of different pictures is kept apart.

    Left out are loose lettering (lines of fewer than three letters or digits) and what is no more than
    the name of the file or the number of the page.
    """
    found: list[Candidate] = []
    seen: set[tuple[str, str]] = set()
    for item in evidence:
        for candidate in _of_evidence(question, asked, item):
            key = normalised(candidate.quote)
            own = item.node_id if candidate.lettering or candidate.field_match else ""
            if (own, key) not in seen and _is_quotable(key, item):
                seen.add((own, key))
                found.append(candidate)
    return found


def _is_quotable(words: str, item: Evidence) -> bool:
    letters = len(words.replace(" ", "")) + len(CJK_CHARACTER.findall(words))
    names = {
        normalised(name)
        for path in (item.source, item.media or "")
        for name in (path, path.rpartition("/")[2])
    }
    return letters >= _MIN_LETTERS and words not in names and not _PAGE_NUMBER.fullmatch(words)


def _of_evidence(question: str, asked: AskedFor, item: Evidence) -> Iterator[Candidate]:
    own = item.text.replace(item.ocr, "\n\n") if item.ocr else item.text
    loose = [line for line in own.splitlines() if item.is_figure and is_loose(line, item)]
    if loose:
        own = "\n".join(line for line in own.splitlines() if line not in loose)
    lines = [line.strip() for line in [*loose, *item.ocr.splitlines()] if line.strip()]
    heading = set(terms(f"{item.heading}\n{item.caption}", asked.language))
    order = 0
    for order, candidate in enumerate(_of_text(own, item, heading, asked, question)):
        candidate.order = order
        yield candidate
    whole = set(terms(item.words, asked.language))
    forms = [(False, _form_lines(own)), (True, lines)] if asked.kind not in ("steps", "reason") else []
    bars = asked_bars(question, asked, lines) if item.is_figure and forms else []
    for place in (bar.place for bar in bars):
        shown = lines[place]
        yield Candidate(
            item, order + place, shown, shown, _terms_of(shown, asked.language), whole, True, field_match=1.0
        )  # fmt: skip
    for lettering, read in forms[: 1 if bars else 2]:  # the lettering of a chart is no form
        for found in _matching_fields(question, asked, read):
            held = found.field
            quote = "\n".join(read[line] for line in (*held.lines, *found.adjusted))
            own_line = read[held.lines[0]] if len(held.lines) == 1 else f"{held.label}: {held.value}"
            shown = " · ".join([own_line, *(read[line] for line in found.adjusted)])
            yield Candidate(
                item, order + held.lines[0], quote, shown, _terms_of(quote, asked.language), whole, lettering,
                field_match=found.match, amount=found.amount,
            )  # fmt: skip
    figures = [len(_NUMBER.findall(line)) for line in lines]
    for place, line in enumerate(lines):
        heads = figures[place] == 0 and max(figures[place + 1 : place + 3], default=0) >= _MIN_COLUMNS
        yield Candidate(
            item, order + place, line, line, _terms_of(line, asked.language), whole, lettering=True,
            says_nothing=heads,
        )  # fmt: skip


def _terms_of(text: str, language: str) -> set[str]:
    """Return the terms of a span; a word with its number is one more: the row of "Category 3" holds it, another a 3."""
    return {*terms(text, language), *numbered_words(text, language)}


def is_loose(line: str, figure: Evidence) -> bool:
    """Return whether a line of a figure's words was drawn in it: labels of an axis, cells of a table, no sentence."""
    words = line.strip()
    if is_table_row(words):
        return False
    told = (figure.caption, figure.metadata.get(Key.ALT), figure.metadata.get(Key.DESCRIPTION))
    return not _SENTENCE_END.search(words) and not any(words in str(text) for text in told if text)


def _of_text(
    text: str, item: Evidence, heading: set[str], asked: AskedFor, question: str
) -> Iterator[Candidate]:
    language = asked.language
    before: set[str] = set()
    lead: set[str] = set()
    head: list[str] = []
    headings = {
        normalised(part) for part in (item.heading, *item.heading.split(" > "), item.bare_caption) if part
    }
    parts = list(segments(text))
    extreme = _extreme_rows(question, language, parts)
    for place, segment in enumerate(parts):
        if is_table_row(segment):
            cells = table_cells(segment)
            if not head:
                head = cells
                continue
            shown = _row_shown(head, cells)
            context = heading | before | set(terms(" ".join(head), language))
            yield Candidate(
                item,
                0,
                segment,
                shown,
                _terms_of(segment, language),
                context,
                field_match=float(place in extreme),
            )
            continue
        head = []
        listed = bool(_LIST_ITEM.match(segment))
        for sentence in [segment] if listed and len(segment) < 300 else split_sentences(segment):
            own = _terms_of(sentence, language)
            yield Candidate(
                item, 0, sentence, _without_empty(sentence), own, heading | (lead if listed else before),
                list_item=listed, says_nothing=_points_on(asked, sentence, headings),
            )  # fmt: skip
            before = own
        if not listed:
            lead = before


def _extreme_rows(question: str, language: str, parts: Sequence[str]) -> set[int]:
    """Return the places of the rows that have the most or the least, where a question asks for that."""
    found: set[int] = set()
    start: int | None = None
    for place in range(len(parts) + 1):
        if place < len(parts) and is_table_row(parts[place]):
            start = place if start is None else start
            continue
        if start is not None:
            row = extreme_row(question, language, [table_cells(part) for part in parts[start:place]])
            found |= {start + row} if row is not None else set()
        start = None
    return found


def _points_on(asked: AskedFor, sentence: str, headings: set[str]) -> bool:
    """Return whether a sentence is a heading, a question, or the words before a list: what is said follows it."""
    if normalised(sentence) in headings or _NUMBERED.match(sentence):
        return True
    if not _POINTS_ON.search(sentence) or holds_answer_type(asked, sentence) == 1.0:
        return False
    return (
        len(split_sentences(sentence)) == 1
    )  # an item of a list may be a paragraph that ends with a question


def _without_empty(sentence: str) -> str:
    """Return a sentence without the brackets from which a document's own link was taken: "in 2029 ()"; not "open()"."""
    return re.sub(r"\s+\(\s*\)", "", sentence)


def _row_shown(head: Sequence[str], cells: Sequence[str]) -> str:
    """Return a row with the head of each column before its cell; a title over the whole table heads no column."""
    titled = len(cells) > 1 and sum(bool(cell) for cell in head) == 1
    labels = ["" if titled or not re.search(r"\w", cell) else cell.rstrip(" :") for cell in head]
    pairs = [
        f"{labels[column]}: {cell}" if column < len(labels) and labels[column] else cell
        for column, cell in enumerate(cells)
        if cell
    ]
    return " · ".join(pairs)


def _form_lines(text: str) -> list[str]:
    """Return the short lines of a text that is laid out as a form; empty ones for prose, tables and code between them."""
    lines = [line.strip() for line in text.splitlines()]
    return [
        "" if len(line) > _MAX_FORM_LINE or _PROSE.search(line) or _CODE.search(line) else line
        for line in lines
        if line
    ]


def _matching_fields(question: str, asked: AskedFor, lines: Sequence[str]) -> list[Match]:
    """Return the fields whose label the question asks for, best first."""
    given = set(terms(question, asked.language))
    days = dates(question)
    found = []
    for held in read_fields(lines):
        match, said = label_match(held.label, asked.phrases, asked.language)
        if match < _MIN_MATCH or _is_given(held.value, given, days, asked.language):
            continue
        if label_match(held.value, asked.phrases, asked.language)[0] >= match:
            continue  # the value is a label itself, in a column of labels
        found.append(Match(held, match, said))
    return prefer_wholes(found, lines)[:_MAX_FIELDS]


def _is_given(
    value: str, given: set[str], days: Sequence[tuple[frozenset[str], str, int]], language: str
) -> bool:
    """Return whether the question itself says a value, dates in any writing: it does not ask for that."""
    words = content_terms(value, language)
    if words and all(word in given for word in words):
        return True
    held = dates(value)
    return bool(days and held) and any(holds_date(day, held) for day, _, _ in days)
