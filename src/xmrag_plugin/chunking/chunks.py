"""Cut the elements of a document into pieces: chunks of whole sentences, tables and figures, under their headings."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..text.sentences import sentence_spans, split_sentences, word_count
from ..types import Element, Key, shift_line_boxes
from .pieces import Path, Piece, take_in_titles_and_notes, union

__all__ = ["chunk_elements", "headings_of", "split_table"]

MAX_SPEECH_S = 75.0
MAX_SILENCE_S = 12.0
_PARAGRAPH = "\n\n"
_SLACK = 1.15  # of a chunk's length, to which it may grow for a whole paragraph or sentence
_PART_SLACK = 1.1  # and for a part of a long paragraph
_NEARLY_FULL = 0.6  # of its length, from which a chunk ends before a paragraph that does not fit
_MIN_WORDS = 12  # of a chunk that a pause may end


@dataclass(slots=True)
class _Block:
    index: int
    element: Element
    path: Path
    text: str
    words: int
    glue: str = "\n\n"  # what stands before it when it follows another block
    start: int = 0  # of its text in the element's


@dataclass(slots=True)
class _Section:
    path: Path
    blocks: list[_Block] = field(default_factory=list)
    words: int = 0


def headings_of(elements: Sequence[Element]) -> list[Path]:
    """Return the headings above each element, outermost first; a heading's own path ends in itself."""
    stack: list[tuple[int, str]] = []
    paths: list[Path] = []
    for element in elements:
        if element.kind == "heading" and element.text.strip():
            level = element.level or 1
            while stack and stack[-1][0] >= level:
                stack.pop()
            stack.append((level, " ".join(element.text.split())))
        paths.append(tuple(text for _, text in stack))
    return paths


def chunk_elements(
    elements: Sequence[Element], *, chunk_words: int = 170, table_words: int = 400, overlap_sentences: int = 0
) -> list[Piece]:
    """Cut a document into pieces, in reading order.

    Text goes by sections: small sections are joined while they share a parent heading, large ones are
    cut into parts of about equal length, at paragraphs where possible, else at sentences. A part that
    is at least half full ends with its page. Figures and tables stand beside the text, never in it.

    Args:
        elements: The document.
        chunk_words: The target length of a chunk (see :func:`word_count`).
        table_words: A longer table is cut by rows, its header repeated.
        overlap_sentences: Sentences of a chunk repeated at the start of the next one of its section.
    """
    pieces: list[Piece] = []
    paths = headings_of(elements)
    for group in _join_small(_sections(elements, paths), chunk_words):
        pieces += _cut_group(group, chunk_words, overlap_sentences)
    for index, (element, path) in enumerate(zip(elements, paths, strict=True)):
        if element.kind == "picture" and element.picture is not None:
            pieces.append(_piece("figure", "", path, [(index, element)]))
        elif element.kind == "table" and element.text.strip():
            pieces += _table_pieces(index, element, path, table_words)
        elif element.kind == "table" and element.picture is not None:
            pieces.append(_piece("figure", "", path, [(index, element)]))
    pieces.sort(key=lambda piece: piece.indexes[0])
    take_in_titles_and_notes(pieces, elements)
    return pieces


def split_table(markdown: str, words: int) -> list[str]:
    """Return a Markdown table in parts of at most about ``words`` words, each with its header.

    Lines above the table (a caption) are repeated too. Other text comes back in one part.
    """
    lines = markdown.strip().splitlines()
    return ["\n".join(lines[number] for number in part) for part in _table_parts(lines, words)]


def _table_parts(lines: Sequence[str], words: int) -> list[list[int]]:
    """Return the numbers of the lines of each part of a table."""
    if word_count("\n".join(lines)) <= words:
        return [list(range(len(lines)))]
    rule = next((i for i, line in enumerate(lines) if re.fullmatch(r"\s*\|?[\s:|\-]*-[\s:|\-]*", line)), None)
    head = list(range(rule + 1)) if rule else []
    room = max(words - word_count("\n".join(lines[: len(head)])), words // 4)
    parts: list[list[int]] = [[]]
    used = 0
    for number in range(len(head), len(lines)):
        more = word_count(lines[number])
        if used + more > room and parts[-1]:
            parts.append([])
            used = 0
        parts[-1].append(number)
        used += more
    return [[*head, *part] for part in parts]


def _table_pieces(index: int, element: Element, path: Path, words: int) -> Iterator[Piece]:
    """Yield a table's parts, each with the boxes of its cells."""
    lines = element.text.strip().splitlines()
    starts, at = [], element.text.find(lines[0])
    for line in lines:
        starts.append(at)
        at += len(line) + 1
    known = element.metadata.get(Key.LINE_BOXES)
    for part in _table_parts(lines, words):
        piece = _piece("table", "\n".join(lines[number] for number in part), path, [(index, element)])
        if known:
            at = 0
            boxes: list[str] = []
            for number in part:
                window = (starts[number], starts[number] + len(lines[number]))
                boxes += filter(None, [shift_line_boxes(known, at, window)])
                at += len(lines[number]) + 1
            piece.metadata[Key.LINE_BOXES] = ";".join(boxes) or None
        yield piece


def _sections(elements: Sequence[Element], paths: Sequence[Path]) -> list[_Section]:
    sections: list[_Section] = []
    bare: tuple[int, Element, Path] | None = None  # a heading under which nothing stands yet
    for index, (element, path) in enumerate(zip(elements, paths, strict=True)):
        if element.kind == "heading":
            if bare is not None and path[: len(bare[2])] != bare[2]:
                _add(sections, bare[0], bare[1], bare[2])
            bare = (index, element, path) if element.text.strip() else bare
        elif element.kind in ("picture", "table"):
            bare = None
        elif element.text.strip():
            _add(sections, index, element, path)
            bare = None
    if bare is not None:
        _add(sections, *bare)
    return sections


def _add(sections: list[_Section], index: int, element: Element, path: Path) -> None:
    if not sections or sections[-1].path != path:
        sections.append(_Section(path))
    section = sections[-1]
    text = element.text.strip("\n") if element.kind == "code" else element.text.strip()
    if element.kind == "heading":
        section.blocks.append(_Block(index, element, path, "", 0))
        return
    glue = "\n\n"
    if section.blocks and element.kind == section.blocks[-1].element.kind:
        glue = {"list": "\n", "speech": " "}.get(element.kind, glue)
    words = word_count(text)
    section.blocks.append(_Block(index, element, path, text, words, glue, max(0, element.text.find(text))))
    section.words += words


def _join_small(sections: Iterable[_Section], chunk_words: int) -> list[list[_Section]]:
    """Return neighbouring sections that fit in one chunk together and share a parent heading.

    Sections of different parents are about different things: together neither is found by its own words.
    """
    groups: list[list[_Section]] = []
    words = 0
    for section in sections:
        last = groups[-1] if groups else []
        small = min(words, section.words) < chunk_words // 2
        if last and small and words + section.words <= chunk_words and _related(last[0].path, section.path):
            last.append(section)
            words += section.words
        else:
            groups.append([section])
            words = section.words
    return groups


def _related(path: Path, other: Path) -> bool:
    """Return whether two sections stand side by side under one heading, or one of them within the other."""
    shared = len(_common([path, other]))
    return shared > 0 and (shared == min(len(path), len(other)) or path[:-1] == other[:-1])


def _common(paths: Iterable[Path]) -> Path:
    shared: Path | None = None
    for path in paths:
        if shared is None:
            shared = path
        else:
            length = next(
                (i for i, (a, b) in enumerate(zip(shared, path, strict=False)) if a != b),
                min(len(shared), len(path)),
            )
            shared = shared[:length]
    return shared or ()


def _cut_group(group: list[_Section], chunk_words: int, overlap: int) -> list[Piece]:
    blocks = [block for section in group for block in section.blocks]
    total = sum(section.words for section in group)
    parts = max(1, math.ceil(total / (chunk_words * _SLACK)))
    size = max(1, math.ceil(total / parts))
    chunks: list[list[_Block]] = [[]]
    used = 0

    def flush() -> None:
        nonlocal used
        if chunks[-1]:
            chunks.append(_overlap(chunks[-1], overlap))
            used = sum(block.words for block in chunks[-1])

    for block in blocks:
        if chunks[-1] and _breaks(chunks[-1], block, used, chunk_words):
            flush()
        if used + block.words <= size * _SLACK:
            chunks[-1].append(block)
            used += block.words
            continue
        if used >= size * _NEARLY_FULL:
            flush()
        for part in _split_block(block, size, size - used if chunks[-1] else size):
            if chunks[-1] and used + part.words > size * _SLACK:
                flush()
            chunks[-1].append(part)
            used += part.words
    return [_chunk(chunk) for chunk in chunks if any(block.index >= 0 for block in chunk)]


def _breaks(chunk: list[_Block], block: _Block, used: int, chunk_words: int) -> bool:
    """Return whether a chunk ends before a block though there is room: a page, a pause, a long speech, a card."""
    first, last, element = chunk[0].element, chunk[-1].element, block.element
    if element.page != last.page and element.page is not None:  # a slide with nothing but a title too
        return True
    if "sound" in (element.kind, last.kind) and element.kind != last.kind:
        return True
    if element.start_s is None or last.end_s is None or first.start_s is None:
        return False
    if element.start_s - last.end_s > MAX_SILENCE_S:
        return True
    return (element.end_s or element.start_s) - first.start_s > MAX_SPEECH_S and used >= _MIN_WORDS


def _split_block(block: _Block, size: int, first: int) -> list[_Block]:
    """Split a block: lists and code by lines, else by sentences; the first part fits the room that is left."""
    text = block.text
    if block.element.kind in ("list", "code"):
        spans = [match.span() for match in re.finditer(r"[^\n]+", text)]
        if block.element.kind == "code" and block.words <= 2 * size:
            return [block]
    else:
        spans = sentence_spans(text)
    spans = [piece for span in spans for piece in _split_span(text, span, size)]
    parts: list[_Block] = []
    start: int | None = None
    end = 0
    used = 0
    room = first
    for low, high in spans:
        words = word_count(text[low:high])
        if start is not None and used + words > room * _PART_SLACK:
            parts.append(_part(block, start, end, "\n\n" if not parts else ""))
            start, used, room = None, 0, size
        if start is None:
            start = low
        end, used = high, used + words
    if start is not None:
        parts.append(_part(block, start, end, block.glue if not parts else ""))
    if parts:
        parts[0].glue = block.glue
    return parts


def _part(block: _Block, start: int, end: int, glue: str) -> _Block:
    glue = glue or (" " if block.element.kind not in ("list", "code") else "\n")
    text = block.text[start:end]
    return _Block(block.index, block.element, block.path, text, word_count(text), glue, block.start + start)


def _split_span(text: str, span: tuple[int, int], size: int) -> list[tuple[int, int]]:
    """Return a sentence that is longer than a chunk, cut at clauses, else at words, else anywhere."""
    low, high = span
    if word_count(text[low:high]) <= size:
        return [span]
    pieces: list[tuple[int, int]] = []
    step = max(20, int((high - low) * size / max(1, word_count(text[low:high]))))
    while low < high:
        cut = min(high, low + step)
        if cut < high:
            for stops in (";；，,、:：", " \n\t"):
                at = max(text.rfind(stop, low + step // 2, cut) for stop in stops)
                if at > 0:
                    cut = at + 1
                    break
        pieces.append((low, cut))
        low = cut
    return pieces


def _overlap(chunk: list[_Block], sentences: int) -> list[_Block]:
    if sentences <= 0 or not chunk or chunk[-1].element.kind in ("code", "list"):
        return []
    last = chunk[-1]
    text = " ".join(split_sentences(last.text)[-sentences:])
    return [_Block(-1, last.element, last.path, text, word_count(text))] if text else []


def _chunk(blocks: list[_Block]) -> Piece:
    """Return blocks as one text; where they are of several sections, their headings stand in it."""
    shared = _common([block.path for block in blocks if block.text] or [block.path for block in blocks])
    text = ""
    boxes: list[str] = []
    path = shared
    for block in blocks:
        glue = block.glue if text else ""
        if block.path != path:
            heading = " > ".join(block.path[len(_common([shared, block.path])) :]) or block.path[-1]
            text += f"{glue and _PARAGRAPH}{heading}"
            glue = "\n"
        path = block.path
        if block.text:
            text += glue
            window = (block.start, block.start + len(block.text))
            known = block.element.metadata.get(Key.LINE_BOXES) if block.index >= 0 else None
            boxes += filter(None, [shift_line_boxes(known, len(text), window)])
            text += block.text
    members = {block.index: block.element for block in blocks if block.index >= 0}
    piece = _piece("text", text or " > ".join(shared), shared, sorted(members.items()))
    piece.metadata[Key.LINE_BOXES] = ";".join(boxes) or None
    return piece


def _piece(
    kind: Literal["text", "table", "figure"], text: str, path: Path, members: list[tuple[int, Element]]
) -> Piece:
    elements = [element for _, element in members]
    first = elements[0]
    lengths: dict[str, int] = {}
    for element in elements:
        lengths[element.kind] = lengths.get(element.kind, 0) + len(element.text) + 1
    boxes = [e.bbox for e in elements if e.bbox and e.page == first.page]
    starts = [e.start_s for e in elements if e.start_s is not None]
    ends = [e.end_s for e in elements if e.end_s is not None]
    metadata: dict[str, Any] = {}
    for element in reversed(elements):
        metadata.update(element.metadata)
    return Piece(
        kind=kind,
        text=text,
        path=path,
        indexes=[index for index, _ in members],
        element=max(lengths, key=lambda name: lengths[name]),
        page=first.page,
        bbox=union(boxes),
        start_s=min(starts, default=None),
        end_s=max(ends, default=None),
        picture=first.picture,
        metadata=metadata,
    )
