"""Lines as flowing text: what a hyphen at a line's end means, and where each line stands in the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from ....types import BBox
from . import measures as m
from .glyphs import Word, is_ideograph
from .lines import LEADER, LEADER_DOTS, LETTER_WORDS, OPENING_QUOTES, Line, is_initial

__all__ = ["Hyphenation", "flow_text"]

_SOFT = "\u00ad"
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
_BROKEN_NAME = re.compile(r"[^\W_]_$")  # a name of a program's, which goes on in the next line
_CONJUNCTION = re.compile(r"(?:and|or|to|und|oder|bis|et|ou|och|og|en|of)\s")
_SHARED_PART = re.compile(r"\w+\s+[^\W\d_]+[-\u2010]")
_LAST, _FIRST = re.compile(rf"{_WORD.pattern}$"), _WORD


class Hyphenation:
    """Knows from the words that a document writes within its lines which hyphens at line ends belong to a word."""

    def __init__(self) -> None:
        self._words: Counter[str] = Counter()

    def learn(self, lines: Iterable[Line]) -> None:
        """Take the words within lines into account; the broken ones at their ends are none."""
        for line in lines:
            text = line.text
            if "-" in text or _SOFT in text or not text.isascii():
                text = text.rstrip().replace("\u2010", "-")
                text = text.rpartition(" ")[0] if text.endswith(("-", _SOFT)) else text
            self._words.update(word.casefold() for word in _WORD.findall(text))

    def writes(self, word: str) -> bool:
        """Return whether the document writes a word within its lines."""
        return self._words[word.casefold()] > 0

    def keeps(self, before: str, after: str) -> bool | None:
        """Return whether the document writes two parts of a word with a hyphen; None where it writes neither form.

        Args:
            before: Text that ends in the first part, without the hyphen.
            after: Text that begins with the second.
        """
        first, second = _LAST.search(before), _FIRST.match(after)
        if first is None or second is None:
            return None
        parts = first.group().casefold().replace("\u2010", "-"), second.group().casefold()
        with_hyphen, without = self._words[f"{parts[0]}-{parts[1]}"], self._words[parts[0] + parts[1]]
        if with_hyphen or without:
            return with_hyphen > without
        # "state-of-the-" before "art": its last part is a word by itself
        compound, _, last = parts[0].rpartition("-")
        return True if compound and self._words[last] else None


def flow_text(
    lines: Sequence[Line], hyphens: Hyphenation | None = None
) -> tuple[str, list[tuple[int, int, BBox]]]:
    """Return lines as one text, words that are hyphenated at line ends made whole, and each line's place in it.

    A hyphen at a line's end goes or stays as the document writes the word elsewhere. Where it does not, a soft one
    goes, and a plain one goes before a small letter unless the word has another hyphen ("state-of-the-" + "art").
    A leader of dots becomes one sign, and ends its line: an entry of a table of contents.

    Args:
        lines: From top to bottom.
        hyphens: What is known of the document's words.

    Returns:
        The text, and for each line with words ``(start, end, box)``.
    """
    text, is_entry = "", False
    last: Line | None = None
    spans: list[tuple[int, int, BBox]] = []
    for line in lines:
        words, leaders = line.text, 0
        if words.count(".") + words.count("·") + words.count("_") >= LEADER_DOTS:
            words, leaders = LEADER.subn(" … ", words)
        words = words.strip()
        if not text and len(line.words) > 1 and _is_word_begun(line.words[0], line.words[1], hyphens):
            words = words.replace(" ", "", 1)
        words = words[:-1].replace(_SOFT, "") + words[-1:]
        if not words:
            continue
        if text:
            ends, plain = text[-1], text[-1] in "-\u2010" and text[-2:-1].isalpha()
            known = hyphens.keeps(text[:-1], words) if hyphens and (plain or ends == _SOFT) else None
            if known is None and (words[0].isdigit() or (words[0].isupper() and text[-2:-1].islower())):
                known = True  # no syllable begins so: "Anglo-" + "Saxon", "Covid-" + "19"
            if known is None and (plain or ends == _SOFT) and _is_suspended(text[:-1], words, hyphens):
                text = text[:-1] + "- "
            elif ends == _SOFT or (plain and known is not None):
                text = text[:-1] + ("-" if known else "")
            elif plain and words[0].islower():
                text = text if "-" in text[:-1].rsplit(None, 1)[-1] else text[:-1]
            elif not (
                (is_ideograph(ends) and is_ideograph(words[0]))
                or _BROKEN_NAME.search(text[-2:])
                or (last is not None and _begins_word(last, line, hyphens))
            ):
                text += "\n" if is_entry else " "
        is_entry, last = leaders > 0, line
        start = len(text)
        text += words
        spans.append((start, len(text), line.box))
    return text.replace(_SOFT, "-"), [(start, min(end, len(text)), box) for start, end, box in spans]


def _is_suspended(before: str, after: str, hyphens: Hyphenation | None) -> bool:
    """Return whether a hyphen stands for what two words share: "pre-" + "and post-war", "Nord-" + "und Südkai"."""
    first = _LAST.search(before)
    return (
        _CONJUNCTION.match(after) is not None
        and first is not None
        and (_SHARED_PART.match(after) is not None or (hyphens is not None and hyphens.writes(first.group())))
    )


def _begins_word(initial: Line, line: Line, hyphens: Hyphenation | None) -> bool:
    """Return whether a line is the large initial of the next line's first word."""
    return _is_word_begun(initial, line, hyphens) or is_initial(
        initial.text.strip(), initial.size, line.text, line.size
    )


def _is_word_begun(initial: Line | Word, rest: Line | Word, hyphens: Hyphenation | None) -> bool:
    """Return whether a letter that may be a word by itself ("A man") begins one that the document writes elsewhere."""
    letter = initial.text.strip().lstrip(OPENING_QUOTES)
    if letter not in LETTER_WORDS or hyphens is None or _size(initial) < m.INITIAL_SIZE * _size(rest):
        return False
    first = _FIRST.match(rest.text)
    return first is not None and hyphens.writes(letter + first.group())


def _size(part: Line | Word) -> float:
    return part.size if isinstance(part, Line) else part.type.size
