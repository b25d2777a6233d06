"""What a stream has brought so far, and what of it may be shown: echoes and repetition are held back."""

from __future__ import annotations

import re

from ..generators.reply_faults import has_loop, reply_fault
from .citation_marks import renumbered

__all__ = ["RenumberedStream", "StreamedText"]

LOOP_CHECK_CHARS = 200
"""A stream is looked through for repetition each time that so many characters have come."""

HELD_WORDS = 5
"""So many words in a row that stand in the instructions, or were said before, are held back with what follows them."""

LONGEST_WORD = 40
"""A word of ASCII letters without an end is held back from here on."""

LONGEST_MARK = 160
"""An opening bracket is held back for so many characters until it is closed."""

_WORD = re.compile(r"\w+")
# At the end of what has come: an open bracket, a closed one that a link may follow, a tag, a raised digit.
_MAYBE_MARK = re.compile(
    r"\\?[\[［〔【][^\]］〕】\n]*$|\\?[\[［〔][^\]］〕\n]*[\]］〕]{1,2}(?:\((?:[^()\s]|\([^()\s]*\)?)*)?$|[(（<][^)）>\n]*$"
    r"|<(sup|cite|ref|citation)\b(?:(?!</\1>).)*$|[.!?。！？,，;][¹²³⁰⁴-⁹˒,]*$|\\$",
    re.IGNORECASE,
)


class StreamedText:
    """The text of a stream.

    An answer leaves the words of the instructions and of the question within a few words, and is shown as it comes. One
    that goes on in them, or in its own words over again, is held back until it leaves them; one that opens with a control
    token, to its end. What turns out to be no answer is not shown further.

    Args:
        instructions: What the model was told, sources aside.
        question: What it was asked.

    Attributes:
        text: All that has come.
        shown: What was given out of it.
        unsound: Whether it has become no answer, so that the stream may be closed.
    """

    def __init__(self, instructions: str, question: str = "") -> None:
        self.text = ""
        self.shown = ""
        self.unsound = False
        self._instructions = instructions
        self._question = question
        self._told = [f" {_words(text)} " for text in (instructions, question)]
        self._opening = True
        self._read = 0  # characters, up to the word that may not have come whole
        self._words: list[str] = []
        self._said = _runs(_words(instructions).split())
        self._repeated = 0  # words in a row that were said before

    def take(self, delta: str | None) -> str:
        """Take a piece; return what may be shown now."""
        before = len(self.text) // LOOP_CHECK_CHARS
        self.text += delta or ""
        self._read_words()
        if before != len(self.text) // LOOP_CHECK_CHARS and has_loop(self.text):
            self.unsound = True
        if self._opening:
            if self._may_echo():
                self.unsound = self.unsound or "prompt" in self._fault()
                return ""
            self._opening = False
        return "" if self.unsound or self._repeated or self._is_endless_word() else self._given()

    def end(self) -> str:
        """Return what was held back, where it is an answer after all."""
        held = len(self.shown) < len(self.text)
        return "" if held and self._fault() else self._given()

    def _fault(self) -> str:
        return reply_fault(self.text, self._instructions, self._question)

    def _given(self) -> str:
        new = self.text[len(self.shown) :]
        self.shown = self.text
        return new

    def _read_words(self) -> None:
        """Count how many of the last whole words in a row were said before."""
        for match in _WORD.finditer(self.text, self._read):
            if match.end() == len(self.text):
                break
            self._read = match.end()
            # A loop may count: "Step 1 of the tower … Step 2 of the tower …".
            self._words.append(re.sub(r"\d+", "0", match.group().casefold()))
            run = tuple(self._words[-HELD_WORDS:])
            self._repeated = self._repeated + 1 if run in self._said else 0
            if len(run) == HELD_WORDS:
                self._said.add(run)
            # Every so often only: it looks through all that has come.
            if self._repeated and not self._repeated % HELD_WORDS and self._fault():
                self.unsound = True

    def _is_endless_word(self) -> bool:
        word = self.text[self._read :].strip()
        return len(word) > LONGEST_WORD and word.isascii() and word.isalnum()

    def _may_echo(self) -> bool:
        """Whether all that has come stands in what was told, or opens with what may be a control token."""
        opening = self.text.lstrip()
        if re.match(r"<(?:[|｜]|$)|<[^<>\s]*>?$|\{+\w*\}*$", opening):
            return True
        said = _words(re.sub(r"^(?:question|answer)\s*:", "", opening, flags=re.IGNORECASE))
        # The last word may not have come whole.
        return any(f" {said}" in told for told in self._told)


class RenumberedStream:
    """Number the citations of a stream in the order of mention, as it comes.

    Attributes:
        order: The numbers as written, in the order of mention.
    """

    def __init__(self) -> None:
        self.order: list[int] = []
        self._text = ""
        self._shown = 0  # characters of the text with its new numbers

    def take(self, piece: str) -> str:
        """Take a piece; return what may be shown, all but the beginning of what may become a citation."""
        self._text += piece
        opening = _MAYBE_MARK.search(self._text, max(0, len(self._text) - LONGEST_MARK))
        end = opening.start() if opening else len(self._text)
        tick = self._text.rfind("`", self._text.rfind("\n") + 1)
        in_code = tick >= 0 and self._text.count("`", self._text.rfind("\n") + 1) % 2 == 1
        return self._given(min(end, tick) if in_code else end)

    def end(self) -> str:
        """Return what was held back."""
        return self._given(len(self._text))

    def _given(self, end: int) -> str:
        anew, self.order = renumbered(self._text[:end], self.order)
        new, self._shown = anew[self._shown :], max(self._shown, len(anew))
        return new


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def _runs(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + HELD_WORDS]) for i in range(len(words) - HELD_WORDS + 1)}
