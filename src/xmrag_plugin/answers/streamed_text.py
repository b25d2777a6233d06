"""What a stream has brought so far, and what of it may be shown: an echo of the instructions is held back."""

from __future__ import annotations

import re

from ..generators.reply_faults import has_loop, reply_fault

__all__ = ["StreamedText"]

LOOP_CHECK_CHARS = 200
"""A stream is looked through for repetition each time that so many characters have come."""


class StreamedText:
    """The text of a stream.

    An answer leaves the words of the instructions within a few words, and is shown as it comes. One that goes on in
    them is held back until it does, one that opens with a control token to its end; what is no answer is not shown.

    Args:
        instructions: What the model was told, sources aside.

    Attributes:
        text: All that has come.
        shown: What was given out of it.
        unsound: Whether it has become no answer, so that the stream may be closed.
    """

    def __init__(self, instructions: str) -> None:
        self.text = ""
        self.shown = ""
        self.unsound = False
        self._instructions = instructions
        self._told = f" {_words(instructions)} "
        self._opening = True

    def take(self, delta: str | None) -> str:
        """Take a piece; return what may be shown now."""
        before = len(self.text) // LOOP_CHECK_CHARS
        self.text += delta or ""
        if before != len(self.text) // LOOP_CHECK_CHARS and has_loop(self.text):
            self.unsound = True
        if self._opening:
            if self._may_echo():
                self.unsound = self.unsound or "prompt" in reply_fault(self.text, self._instructions)
                return ""
            self._opening = False
        return self._given()

    def end(self) -> str:
        """Return what was held back, where it is an answer after all."""
        return "" if self._opening and reply_fault(self.text, self._instructions) else self._given()

    def _given(self) -> str:
        new = self.text[len(self.shown) :]
        self.shown = self.text
        return new

    def _may_echo(self) -> bool:
        """Whether all that has come stands in the instructions, or opens with what may be a control token."""
        opening = self.text.lstrip()
        if re.match(r"<(?:[|｜]|$)", opening):
            return True
        said = _words(opening)
        # The last word may not have come whole.
        return f" {said}" in self._told


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
