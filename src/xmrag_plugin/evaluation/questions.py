"""Questions made of a collection itself, without labels: each knows the place that answers it.

Three kinds need no model. ``heading`` asks for a section by its heading, ``caption`` for a picture by what is
said of it, ``number`` for the number that is left out of a sentence or a table's row. A fourth, ``model``, is
written by a generator and kept only where its answer stands in the passage.

The first three use the words of the collection, so that they are found more easily than what people ask. They
serve to find what fails, and to compare settings.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..answers.checking.regions import region_of
from ..answers.context import evidence_from_hits
from ..errors import UsageError
from ..text.labels import find_labels, without_label
from ..text.quantities import Quantity, quantities
from ..text.sentences import is_table_row, sentence_spans, word_count
from ..text.terms import content_terms, normalised
from ..types import BBox, Hit, Key, Modality, NodeRecord, parse_bbox
from .dataset import EvalQuery, Relevant
from .llm_questions import write_question

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

    from ..index import CrossModalIndex

__all__ = ["KINDS", "generate_questions"]

KINDS = ("heading", "caption", "number")
"""The kinds that need no model."""

_MIN_TERMS = {"heading": 2, "caption": 3, "number": 5}
"""Words that say something which a question needs, so that it can mean one place."""

_SENTENCE_WORDS = (6, 45)
_CAPTION_WORDS = 30
_CELL_WORDS = 6  # a longer one is a text with a number in it
_LOOKED_AT = 5  # other passages that a sentence is held against
_DIGITS = re.compile(r"\d(?:[\d.,'’]*\d)?")
_OPENERS, _CLOSERS = "([（【", ")]）】"


@dataclass(slots=True)
class _Survey:
    """What one pass over the nodes finds.

    Attributes:
        seeds: By kind: ``(place among its source's, key, node id)``, in the order in which they are tried.
        owners: By a name's words: the one thing that bears it, or None for several.
    """

    seeds: dict[str, list[tuple[int, bytes, str]]] = field(default_factory=dict)
    owners: dict[str, str | None] = field(default_factory=dict)

    def note(self, name: str, owner: str) -> None:
        """Note who bears a name."""
        words = normalised(name)
        self.owners[words] = owner if self.owners.get(words, owner) == owner else None

    def is_unique(self, name: str) -> bool:
        """Whether one thing alone bears a name."""
        return self.owners.get(normalised(name)) is not None


def generate_questions(
    index: CrossModalIndex,
    count: int,
    *,
    seed: int = 0,
    llm: LLM | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[EvalQuery]:
    """Make questions of what an index holds, as many of each kind as there can be, spread over its sources.

    Args:
        index: The knowledge base.
        count: How many.
        seed: Another one gives other questions; the same gives the same, wherever the collection lies.
        llm: Writes a share of them, where one is given.
        progress: Called with how many there are, and ``count``.

    Raises:
        UsageError: If nothing in the index can be asked for.
    """
    survey = _look_through(index, seed, [*KINDS, *(["model"] if llm is not None else [])])
    makers: dict[str, Callable[[NodeRecord], EvalQuery | None]] = {
        "heading": lambda record: _of_heading(record, survey),
        "caption": lambda record: _of_caption(record, survey),
        "number": lambda record: _of_number(record, index),
    }
    if llm is not None:
        makers["model"] = lambda record: write_question(llm, record, index)
    streams = [_tried(index, survey.seeds.get(kind, ()), make) for kind, make in makers.items()]
    made: list[EvalQuery] = []
    asked: set[str] = set()
    while streams and len(made) < count:
        for stream in list(streams):
            query = next((q for q in stream if normalised(q.text) not in asked), None)
            if query is None:
                streams.remove(stream)
            elif len(made) < count:
                asked.add(normalised(query.text))
                made.append(query)
                if progress is not None:
                    progress(len(made), count)
    if not made:
        raise UsageError(
            f"No questions can be made of {index.kb.place}: it has no headings, no captions and no sentences with "
            "numbers.",
            hint="Write some into a file of questions: xmrag eval QUERIES.jsonl.",
        )
    return made


def _tried(
    index: CrossModalIndex,
    seeds: Iterable[tuple[int, bytes, str]],
    make: Callable[[NodeRecord], EvalQuery | None],
) -> Iterator[EvalQuery]:
    """Yield the questions that can be made of nodes, one node after another."""
    for _, _, node_id in seeds:
        record = index.kb.catalog.nodes([node_id]).get(node_id)
        query = make(record) if record is not None else None
        if query is not None:
            yield query


def _look_through(index: CrossModalIndex, seed: int, wanted: Collection[str]) -> _Survey:
    """Pass over all nodes once, and put those that a question can be made of into an order of chance."""
    survey = _Survey()
    drawn: dict[tuple[str, str], list[tuple[bytes, str]]] = {}
    for record in index.kb.catalog.iter_nodes():
        # By what it holds, not by its id: that knows where the folder lies, and the draw would change with it.
        drawn_by = (seed, record.modality, record.page, record.media_hash, record.text)
        key = hashlib.sha256(repr(drawn_by).encode("utf-8", "replace")).digest()[:8]
        kinds = []
        path = str(record.metadata.get(Key.HEADING_PATH) or "")
        for name in _names_of_section(path):
            survey.note(name, f"{record.source}\n{path}")
            kinds.append("heading")
        if record.modality == Modality.IMAGE:
            if words := _words_of_picture(record):
                survey.note(words, str(record.media_hash))
                kinds.append("caption")
        elif record.text:
            kinds += ["number"] if _DIGITS.search(record.text) else []
        if record.text and not record.metadata.get(Key.WHOLE_PAGE):
            kinds.append("model")
        for kind in {*kinds} & {*wanted}:
            drawn.setdefault((kind, record.source), []).append((key, record.node_id))
    for (kind, _), found in drawn.items():
        survey.seeds.setdefault(kind, []).extend(
            (place, key, node_id) for place, (key, node_id) in enumerate(sorted(found))
        )
    for seeds in survey.seeds.values():
        seeds.sort()
    return survey


# sections ------------------------------------------------------------------------------------


def _names_of_section(path: str) -> list[str]:
    """Return what a section may be called: by its heading, or with the one above it."""
    parts = [part.strip() for part in path.split(" > ") if part.strip()]
    return [" ".join(parts[-length:]) for length in (1, 2) if len(parts) >= length]


def _of_heading(record: NodeRecord, survey: _Survey) -> EvalQuery | None:
    for name in _names_of_section(str(record.metadata.get(Key.HEADING_PATH) or "")):
        if _says_enough(name, "heading") and survey.is_unique(name):
            gold = Relevant(record.source, holds=name, made_of=Modality.TEXT)
            return EvalQuery(f"heading-{record.node_id[:12]}", name, None, "heading", (gold,))
    return None


# pictures ------------------------------------------------------------------------------------


def _words_of_picture(record: NodeRecord) -> str:
    """Return the first sentence that says what a picture shows, without its label; empty where none does."""
    metadata = record.metadata
    if not record.media_hash or metadata.get(Key.WHOLE_PAGE):
        return ""
    for key in (Key.CAPTION, Key.ALT, Key.DESCRIPTION):
        words = without_label(" ".join(str(metadata.get(key) or "").split()))
        for start, end in itertools.islice(sentence_spans(words), 2):
            sentence = words[start:end]
            if _says_enough(sentence, "caption") and word_count(sentence) <= _CAPTION_WORDS:
                return sentence
    return ""


def _of_caption(record: NodeRecord, survey: _Survey) -> EvalQuery | None:
    words = _words_of_picture(record)
    if not survey.is_unique(words):
        return None
    box = parse_bbox(record.metadata.get(Key.BBOX)) if record.page is not None else None
    gold = Relevant(
        record.source, record.page, box, media_hash=str(record.media_hash), made_of=Modality.IMAGE
    )
    return EvalQuery(f"caption-{record.node_id[:12]}", words.rstrip(".。"), None, "caption", (gold,))


# numbers -------------------------------------------------------------------------------------


def _of_number(record: NodeRecord, index: CrossModalIndex) -> EvalQuery | None:
    if record.modality == Modality.TABLE or is_table_row(record.text.partition("\n")[0]):
        return _of_cell(record)
    for start, end in sorted(
        sentence_spans(record.text),
        key=lambda span: hashlib.sha256(record.text[slice(*span)].encode()).digest(),
    ):
        sentence = record.text[start:end]
        found = _number_in(sentence)
        if found is None or not _stands_once(sentence, found, record, index):
            continue
        page, box = _region(record, (start, end))
        if page != record.page:
            continue  # the passage begins on the page before
        quantity, digits = found
        before, after = sentence[: digits[0]], sentence[digits[1] :]
        gold = Relevant(record.source, page, box, holds=sentence, made_of=record.modality)
        text = " ".join(f"{before}…{after}".split()).rstrip(".。!！")
        return EvalQuery(
            f"number-{record.node_id[:12]}", f"{text}?", None, "number", (gold,), expects=quantity.text
        )
    return None


def _number_in(sentence: str) -> tuple[Quantity, tuple[int, int]] | None:
    """Return a number of a sentence that can be asked for, and where its digits stand; None where there is none."""
    low, high = _SENTENCE_WORDS
    if not low <= word_count(sentence) <= high or is_table_row(sentence) or any(find_labels(sentence)):
        return None
    for quantity in quantities(sentence):
        digits = _DIGITS.match(sentence, quantity.start)
        if quantity.worded or digits is None or not quantity.values:
            continue
        start, end = digits.span()
        if (
            start == 0
            or _in_brackets(sentence, start)  # a year or a reference
            or re.match(r"[\w\-–/:#.]", sentence[start - 1])
            or re.match(r"[\-–/:]|[^\W\d]", sentence[end : end + 1])
            or (len(digits.group()) == 1 and not quantity.unit)
        ):
            continue
        if _says_enough(f"{sentence[:start]} {sentence[end:]}", "number"):
            return quantity, (start, end)
    return None


def _in_brackets(sentence: str, at: int) -> bool:
    pairs = zip(_OPENERS, _CLOSERS, strict=True)
    return any(sentence.count(opener, 0, at) > sentence.count(closer, 0, at) for opener, closer in pairs)


def _stands_once(
    sentence: str, found: tuple[Quantity, tuple[int, int]], record: NodeRecord, index: CrossModalIndex
) -> bool:
    """Whether no other place says the same, with this number or another."""
    start, end = found[1]
    whole, *parts = (normalised(part) for part in (sentence, sentence[:start], sentence[end:]))
    for node_id, _ in index.kb.catalog.lexical_search(sentence, _LOOKED_AT):
        other = index.kb.catalog.nodes([node_id]).get(node_id)
        if other is None or node_id == record.node_id:
            continue
        words = normalised(other.text)
        if all(part in words for part in parts) and not (whole in words and other.source == record.source):
            return False
    return True


def _of_cell(record: NodeRecord) -> EvalQuery | None:
    """Ask for a number of a table by what heads its row and its column."""
    rows = _rows(record.text)
    if len(rows) < 2:
        return None
    head, heads = rows[0], [row[0][0] for row in rows]
    about = without_label(str(record.metadata.get(Key.CAPTION) or "")) or _last_heading(record)
    for row in sorted(
        rows[1:], key=lambda row: hashlib.sha256("|".join(cell for cell, _ in row).encode()).digest()
    ):
        name = row[0][0]
        if heads.count(name) > 1 or not re.search(r"[^\W\d]", name) or len(row) != len(head):
            continue
        for (column, _), (cell, at) in list(zip(head, row, strict=True))[1:]:
            number = quantities(cell)
            if (
                word_count(cell) > _CELL_WORDS
                or len(number) != 1
                or not re.search(r"\d", cell)
                or not re.search(r"\w", column)
            ):
                continue
            text = ", ".join(part for part in (about, name, column) if part)
            page, box = _region(record, (at, at + len(cell)))
            if page != record.page or not _says_enough(text, "caption"):
                continue
            holds = " ".join(cell for cell, _ in row)
            gold = Relevant(record.source, page, box, holds=holds, made_of=Modality.TABLE)
            return EvalQuery(
                f"number-{record.node_id[:12]}", f"{text}?", None, "number", (gold,), expects=number[0].text
            )
    return None


def _rows(text: str) -> list[list[tuple[str, int]]]:
    """Return the rows of a table in Markdown, without its rule: each cell, and where it begins in the text."""
    rows = []
    at = 0
    for line in text.splitlines(keepends=True):
        if is_table_row(line):
            cells = []
            begin = at + line.index("|") + 1
            for cell in line.strip()[1:-1].split("|"):
                cells.append((cell.strip(), begin + len(cell) - len(cell.lstrip())))
                begin += len(cell) + 1
            if not all(re.fullmatch(r":?-*:?", cell) for cell, _ in cells):
                rows.append(cells)
        at += len(line)
    return rows


def _last_heading(record: NodeRecord) -> str:
    return str(record.metadata.get(Key.HEADING_PATH) or "").rpartition(" > ")[2]


def _region(record: NodeRecord, span: tuple[int, int]) -> tuple[int | None, BBox | None]:
    """Return the page and the box there of a part of a node's text; no box where its lines are not known."""
    item = evidence_from_hits([Hit(1, 1.0, None, record)])[0]
    page, box = region_of(item, span)
    return page, box if record.metadata.get(Key.LINE_BOXES) else None


def _says_enough(text: str, kind: str) -> bool:
    words = [term for term in content_terms(text) if not any(char.isdigit() for char in term)]
    return len(words) >= _MIN_TERMS[kind]
