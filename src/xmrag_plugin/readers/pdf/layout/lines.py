"""Lines: runs of words on one baseline with no column gap in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from unicodedata import combining

from ....types import BBox
from . import measures as m
from .boxes import union
from .glyphs import Word, is_ideograph, is_right_to_left

__all__ = [
    "LEADER",
    "LEADER_DOTS",
    "LETTER_WORDS",
    "OPENING_QUOTES",
    "Line",
    "has_leader",
    "is_initial",
    "join_words",
    "make_lines",
]

_RAISED = re.compile(r"[+\-−–]?\d[\d.,\-−–]*|[+\-−–]?[a-zA-Z]|[+−]")  # an exponent or a footnote's number
_SUBSCRIPTS = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_LOWERED = re.compile(r"[\d+\-−=()]+")
LETTER_WORDS = frozenset("AEIKOSUVWYZÀÁÉÈÓÚ")
"""Letters that are words by themselves in some language."""
LEADER_DOTS = 5
LEADER = re.compile(  # dots, or a line of underscores, that lead the eye from an entry to its number
    rf"\s*(?:(?:[.·]\s?){{{LEADER_DOTS},}}|_{{{LEADER_DOTS},}}(?=\s*[\divxlcIVXLC]{{1,6}}$))\s*"
)
_NUMBER_BEHIND = re.compile(r"([\u05d0-\u05ea\u0620-\u06ff]) (\d[\d.,/]*)-(?=\s|$)")
OPENING_QUOTES = "“‘„‚«‹\"'(¿¡"
_NUMBER_LED_TO = re.compile(r"[$€£¥(+\-−–]?(?:\d[\d.,:\-–]*|[ivxlcm]+)[%)]?", re.IGNORECASE)
_MAX_LOOK_AHEAD = 9  # pieces further along a baseline among which the rest of a line is looked for


@dataclass(slots=True)
class Line:
    """Words on one baseline, in reading order.

    Attributes:
        words: At least one.
        box: Around all of them.
        base: Baseline.
        size: Size of most of its characters.
        bold: Whether most of its characters are bold.
        italic: Whether most of them are slanted.
        fixed: Whether most of them are of fixed width.
        order: Content order of its first word.
        text: The words with single spaces.
    """

    words: list[Word]
    box: BBox = (0.0, 0.0, 0.0, 0.0)
    base: float = 0.0
    size: float = 0.0
    bold: bool = False
    italic: bool = False
    fixed: bool = False
    order: int = 0
    text: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Recompute box, type and text from the words."""
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
        self.text = join_words(self.words)


def has_leader(text: str) -> bool:
    """Return whether dots lead from one end of a line to the other."""
    return LEADER.search(text) is not None


def join_words(words: Sequence[Word]) -> str:
    """Return words with single spaces; none between characters of scripts that have none.

    Words of a script written from right to left are put into content order, which is reading order. Exponents keep
    their place as ``10^7``, digits below the line as ``H₂O``.
    """
    if sum(is_right_to_left(word.text) for word in words) * 2 > len(words):
        words = sorted(words, key=lambda word: word.order)
    parts: list[str] = []
    last: Word | None = None
    script = 0
    for word in words:
        if not word.text:
            continue
        text, marked = _mark_after_letter(word.text)
        if last is not None:
            glued, script = word.glued or script != 0, _script(last, word)
            ideographs = is_ideograph(last.text[-1]) or is_ideograph(word.text[0])
            if script > 0 and _RAISED.fullmatch(text):
                text = f"^{text}"
            elif script < 0 and _LOWERED.fullmatch(text):
                text = text.translate(_SUBSCRIPTS)
            elif not (
                (glued and abs(word.box[0] - last.box[2]) < m.GLUED * word.type.size)
                or (last.type.font != word.type.font and _touches(last, word))
                or (
                    ideographs
                    and word.box[0] - last.box[2] < m.SET_SOLID * max(last.type.size, word.type.size)
                )
                or (marked and last.box[0] - word.box[2] < m.GLUED * word.type.size)
                or (last is words[0] and is_initial(last.text, last.type.size, word.text, word.type.size))
            ):
                parts.append(" ")
        parts.append(text)
        last = word
    text = "".join(parts)
    # PDFium counts the hyphen between a word and a number to the number: "about-30" is written "about 30-"
    return _NUMBER_BEHIND.sub(r"\1-\2", text) if "-" in text and is_right_to_left(text) else text


def _touches(last: Word, word: Word) -> bool:
    """Return whether a word in another font begins where the last one ends: PDFium breaks lines at low signs, "34~51"."""
    return abs(word.box[0] - last.box[2]) < m.TOUCHING * word.type.size and last.base == word.base


def is_initial(letter: str, large: float, words: str, size: float) -> bool:
    """Return whether a letter is the large initial of the word that follows: one that is no word by itself."""
    letter = letter.lstrip(OPENING_QUOTES)
    if len(letter) != 1 or not letter.isupper() or letter in LETTER_WORDS or large < m.INITIAL_SIZE * size:
        return False
    return words[:1].islower() or words[:2].isupper()


def _script(last: Word, word: Word) -> int:
    """Return 1 for a word set above the line right after another in smaller type, -1 for one below, else 0."""
    size = last.type.size
    if (
        word.type.size > m.RAISED_SIZE * size
        or not -m.GLUED * size <= word.box[0] - last.box[2] <= m.GLUED * size
    ):
        return 0
    raised = last.base - word.base
    return 1 if raised > m.RAISED_BASE * size else -1 if raised < -m.RAISED_BASE * size / 2 else 0


def _mark_after_letter(text: str) -> tuple[str, bool]:
    """Put a vowel sign at a word's start behind its letter: PDFium parts the word there and swaps the two."""
    if len(text) < 2 or not combining(text[0]) or not is_right_to_left(text[1]):
        return text, False
    return text[1] + text[0] + text[2:], True


def make_lines(words: Sequence[Word], *, inline: Sequence[BBox] = ()) -> list[Line]:
    """Return upright words as lines, from top to bottom.

    Args:
        words: Words of turn 0.
        inline: Boxes of small pictures, which may stand within a line.
    """
    runs: list[list[Word]] = []
    for word in words:
        if not word.text:
            continue
        if runs and _follows(runs[-1][-1], word):
            runs[-1].append(word)
        else:
            runs.append([word])
    lines = _join_spaced(_join_runs([Line(run) for run in runs]), inline)
    lines.sort(key=lambda line: (round(line.base, 1), line.box[0]))
    return lines


def _follows(last: Word, word: Word) -> bool:
    if not _same_row(last.box, word.box):
        return False
    size = max(last.type.size, word.type.size)
    if is_right_to_left(last.text) or is_right_to_left(word.text):
        return max(word.box[0] - last.box[2], last.box[0] - word.box[2]) <= m.LINE_GAP * size
    return -m.WORD_OVERLAP * size <= word.box[0] - last.box[2] <= m.LINE_GAP * size


def _same_row(one: BBox, other: BBox) -> bool:
    shared = min(one[3], other[3]) - max(one[1], other[1])
    return shared > m.SHARED_HEIGHT * min(one[3] - one[1], other[3] - other[1])


def _join_runs(lines: list[Line]) -> list[Line]:
    """Join runs that stand side by side on one baseline though they were drawn apart."""
    lines.sort(key=lambda line: line.box[0])
    merged = True
    while merged:
        merged = False
        kept: list[Line] = []
        for line in lines:
            _, top, _, bottom = line.box
            home = None
            for other in reversed(kept):
                box = other.box  # most stand elsewhere: two comparisons tell
                if box[3] > top and box[1] < bottom and _continues_line(other, line):
                    home = other
                    break
            if home is None:
                kept.append(line)
                continue
            if is_right_to_left(line.text) and is_right_to_left(home.text):
                home.words = line.words + home.words
            else:
                home.words = home.words + line.words
            home.refresh()
            merged = True
        lines = sorted(kept, key=lambda line: line.box[0]) if merged else kept
    return lines


def _continues_line(other: Line, line: Line) -> bool:
    size = min(line.size, other.size)
    return (
        -m.RUN_OVERLAP * size <= line.box[0] - other.box[2] <= m.RUN_GAP * size
        and _same_row(line.box, other.box)
        and abs(line.base - other.base) < m.SAME_LINE_BASE * max(line.size, other.size)
    )


def _join_spaced(lines: list[Line], inline: Sequence[BBox]) -> list[Line]:
    """Join the pieces of lines that justification pulled apart, and a number that dots lead to with its entry.

    The lines above and below run across the gap of justified ones.
    """
    ordered = sorted(lines, key=lambda line: (line.base, line.box[0]))
    gone: set[int] = set()
    for index, line in enumerate(ordered):
        if id(line) in gone:
            continue
        for other in ordered[index + 1 : index + _MAX_LOOK_AHEAD]:
            if other.base - line.base > m.SAME_BASE * line.size:
                break
            space = other.box[0] - line.box[2]
            if (
                id(other) in gone
                or not m.JUSTIFIED_GAP[0] * line.size < space <= m.LED_GAP * line.size
                or abs(other.size - line.size) > m.SAME_SIZE
            ):
                continue
            if space > m.JUSTIFIED_GAP[1] * line.size or is_right_to_left(line.text + other.text):
                joins = False
            else:
                joins = _filled(inline, line, other) or _bridged(ordered, index, line, other)
            if joins or (
                line.text.endswith((".", "·", "_"))
                and _NUMBER_LED_TO.fullmatch(other.text)
                and has_leader(f"{line.text} 1")
            ):
                line.words = line.words + other.words
                line.refresh()
                gone.add(id(other))
    return [line for line in lines if id(line) not in gone]


def _filled(inline: Sequence[BBox], line: Line, other: Line) -> bool:
    """Return whether a small picture stands between two pieces of a line."""
    left, right, middle = line.box[2], other.box[0], (line.box[1] + line.box[3]) / 2
    return any(
        box[1] < middle < box[3]
        and box[3] - box[1] < m.INLINE_HEIGHT * line.size
        and left - m.EDGE <= (box[0] + box[2]) / 2 <= right + m.EDGE
        for box in inline
    )


def _bridged(ordered: list[Line], index: int, line: Line, other: Line) -> bool:
    """Return whether the next lines above and below, of the same type, run across the space between two pieces."""
    left, right = line.box[2], other.box[0]
    found = 0
    own, next_one, next_more, far = (share * line.size for share in m.BRIDGE_LEADING)
    for step in (-1, 1):
        near: float | None = None
        covered = False
        position = index + step
        while 0 <= position < len(ordered):
            beside = ordered[position]
            position += step
            distance = abs(beside.base - line.base)
            if distance < own or abs(beside.size - line.size) > m.SAME_SIZE:
                if distance > far:
                    break
                continue
            if distance > next_one or (near is not None and distance > near + next_more):
                break
            if beside.box[0] < right + m.EDGE and beside.box[2] > left - m.EDGE:
                near = distance if near is None else near
                covered |= beside.box[0] < left - m.EDGE / 2 and beside.box[2] > right + m.EDGE / 2
        if near is not None and not covered:
            return False
        found += covered
    return found > 0
