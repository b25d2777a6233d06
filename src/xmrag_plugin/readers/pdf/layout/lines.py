"""Lines: runs of words on one baseline with no column gap in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from unicodedata import combining

from ....types import BBox
from .boxes import union
from .glyphs import Word, is_right_to_left

__all__ = ["Line", "join_words", "make_lines"]

_WITHIN_WORD = 0.15  # of the type's size: no space between words is so narrow


@dataclass(slots=True)
class Line:
    """Words on one baseline, in reading order.

    Attributes:
        words: At least one.
        box: Around all of them.
        base: Baseline.
        size: Size of most of its characters.
        bold: Whether most of its characters are bold.
        order: Content order of its first word.
    """

    words: list[Word]
    box: BBox = (0.0, 0.0, 0.0, 0.0)
    base: float = 0.0
    size: float = 0.0
    bold: bool = False
    italic: bool = False
    fixed: bool = False
    order: int = 0
    _text: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Recompute what follows from the words."""
        self.box = union(word.box for word in self.words)
        weights: dict[float, int] = {}
        bases: dict[float, int] = {}
        bold = italic = fixed = total = 0
        for word in self.words:
            count = len(word.text) or 1
            total += count
            weights[word.type.size] = weights.get(word.type.size, 0) + count
            bases[word.base] = bases.get(word.base, 0) + count
            bold += count * word.type.bold
            italic += count * word.type.italic
            fixed += count * word.type.fixed
        self.size = max(weights, key=lambda size: (weights[size], size))
        self.base = max(bases, key=lambda base: bases[base])
        self.bold, self.italic, self.fixed = 2 * bold > total, 2 * italic > total, 2 * fixed > total
        self.order = min(word.order for word in self.words)
        self._text = join_words(self.words)

    @property
    def text(self) -> str:
        """The words with single spaces."""
        return self._text


def join_words(words: list[Word]) -> str:
    """Words with single spaces; none between characters of scripts that have none.

    Words of a script written from right to left are put into content order, which is reading order.
    """
    if sum(is_right_to_left(word.text) for word in words) * 2 > len(words):
        words = sorted(words, key=lambda word: word.order)
    parts: list[str] = []
    last: Word | None = None
    for word in words:
        if not word.text:
            continue
        text, marked = _mark_after_letter(word.text)
        if last is not None and not (
            ((is_ideograph(last.text[-1]) or is_ideograph(word.text[0])) and _touching(last, word))
            or (marked and last.box[0] - word.box[2] < _WITHIN_WORD * word.type.size)
        ):
            parts.append(" ")
        parts.append(text)
        last = word
    return "".join(parts)


def _mark_after_letter(text: str) -> tuple[str, bool]:
    """A word that begins with a vowel sign: PDFium parts it there, and puts the sign before its letter."""
    if len(text) < 2 or not combining(text[0]) or not is_right_to_left(text[1]):
        return text, False
    return text[1] + text[0] + text[2:], True


def is_ideograph(character: str) -> bool:
    """Han, kana and full-width punctuation, which are set without spaces."""
    return (
        "\u3000" <= character <= "\u30ff"
        or "\u3400" <= character <= "\u9fff"
        or "\uff00" <= character <= "\uffef"
    )


def _touching(one: Word, other: Word) -> bool:
    return other.box[0] - one.box[2] < 0.6 * max(one.type.size, other.type.size)


def make_lines(words: list[Word], *, gap: float = 1.1, inline: Sequence[BBox] = ()) -> list[Line]:
    """Upright words as lines, from top to bottom.

    Args:
        words: Words of turn 0.
        gap: Widest space within a line, in sizes of the type.
        inline: Boxes of small pictures, which may stand within a line.
    """
    runs: list[list[Word]] = []
    for word in words:
        if not word.text:
            continue
        if runs and _follows(runs[-1][-1], word, gap):
            runs[-1].append(word)
        else:
            runs.append([word])
    lines = [Line(run) for run in runs]
    lines = _join_runs(lines, gap)
    lines = _join_spaced(lines, gap, inline)
    lines.sort(key=lambda line: (round(line.base, 1), line.box[0]))
    return lines


def _join_spaced(lines: list[Line], gap: float, inline: Sequence[BBox]) -> list[Line]:
    """Join the pieces of lines that justification pulled apart: the lines above and below run across the gap."""
    ordered = sorted(lines, key=lambda line: (line.base, line.box[0]))
    gone: set[int] = set()
    for index, line in enumerate(ordered):
        if id(line) in gone:
            continue
        for other in ordered[index + 1 : index + 9]:
            if other.base - line.base > 0.2 * line.size:
                break
            space = other.box[0] - line.box[2]
            if (
                id(other) in gone
                or not gap * 0.7 * line.size < space <= 3.5 * line.size
                or abs(other.size - line.size) > 0.2
                or is_right_to_left(line.text + other.text)
            ):
                continue
            if _filled(inline, line, other) or _bridged(ordered, index, line, other):
                line.words = line.words + other.words
                line.refresh()
                gone.add(id(other))
    return [line for line in lines if id(line) not in gone]


def _filled(inline: Sequence[BBox], line: Line, other: Line) -> bool:
    """Whether a small picture stands between two pieces of a line."""
    left, right, middle = line.box[2], other.box[0], (line.box[1] + line.box[3]) / 2
    return any(
        box[1] < middle < box[3]
        and box[3] - box[1] < 3 * line.size
        and left - 2 <= (box[0] + box[2]) / 2 <= right + 2
        for box in inline
    )


def _bridged(ordered: list[Line], index: int, line: Line, other: Line) -> bool:
    """Whether the next lines above and below, of the same type, run across the space between two pieces."""
    left, right = line.box[2], other.box[0]
    found = 0
    for step in (-1, 1):
        near: float | None = None
        covered = False
        position = index + step
        while 0 <= position < len(ordered):
            beside = ordered[position]
            position += step
            distance = abs(beside.base - line.base)
            if distance < 0.4 * line.size or abs(beside.size - line.size) > 0.2:
                if distance > 2.5 * line.size:
                    break
                continue
            if distance > 2.0 * line.size or (near is not None and distance > near + 0.4 * line.size):
                break
            if beside.box[0] < right + 2 and beside.box[2] > left - 2:
                near = distance if near is None else near
                covered |= beside.box[0] < left - 1 and beside.box[2] > right + 1
        if near is not None and not covered:
            return False
        found += covered
    return found > 0


def _same_row(one: BBox, other: BBox) -> bool:
    shared = min(one[3], other[3]) - max(one[1], other[1])
    return shared > 0.5 * min(one[3] - one[1], other[3] - other[1])


def _follows(last: Word, word: Word, gap: float) -> bool:
    if not _same_row(last.box, word.box):
        return False
    size = max(last.type.size, word.type.size)
    if is_right_to_left(last.text) or is_right_to_left(word.text):
        return max(word.box[0] - last.box[2], last.box[0] - word.box[2]) <= gap * size
    return -0.5 * size <= word.box[0] - last.box[2] <= gap * size


def _join_runs(lines: list[Line], gap: float) -> list[Line]:
    """Join runs that stand side by side on one baseline though they were drawn apart."""
    lines.sort(key=lambda line: line.box[0])
    merged = True
    while merged:
        merged = False
        kept: list[Line] = []
        for line in lines:
            home = None
            for other in reversed(kept):
                size = min(line.size, other.size)
                space = line.box[0] - other.box[2]
                if (
                    -0.3 * size <= space <= min(gap, 0.7) * size
                    and _same_row(line.box, other.box)
                    and abs(line.base - other.base) < 0.45 * max(line.size, other.size)
                ):
                    home = other
                    break
            if home is None:
                kept.append(line)
            elif is_right_to_left(line.text) and is_right_to_left(home.text):
                home.words = line.words + home.words
                home.refresh()
                merged = True
            else:
                home.words = home.words + line.words
                home.refresh()
                merged = True
        lines = sorted(kept, key=lambda line: line.box[0]) if merged else kept
    return lines
