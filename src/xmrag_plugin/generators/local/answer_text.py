"""What of a model's output is its answer: thinking left out, ended at stop strings."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["AnswerText"]

_OPEN, _CLOSE = "<think>", "</think>"


class AnswerText:
    """Takes pieces of output as they come and gives back what may be shown.

    A piece that may be the beginning of a stop string or of a thinking mark is held back until the
    next one settles it.

    >>> answer = AnswerText(stop=["END"])
    >>> answer.feed("It grew. E"), answer.feed("ND and more"), answer.stopped
    ('It grew. ', '', True)

    Args:
        stop: Strings at which the answer ends; they are not part of it.
        thinking: Whether the prompt has already opened the thinking.
    """

    def __init__(self, stop: Sequence[str] = (), *, thinking: bool = False) -> None:
        self.stop = [text for text in stop if text]
        self.stopped = False
        self.thoughts = ""
        self._thinking = thinking
        self._begun = False
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be shown now."""
        if self.stopped:
            return ""
        self._held += piece
        shown = ""
        while True:
            part, go_on = self._step()
            shown += part
            if not go_on:
                break
        if shown and not self._begun:
            shown = shown.lstrip()
            self._begun = bool(shown)
        return shown

    def end(self) -> str:
        """What was held back, when nothing more comes."""
        rest, self._held = self._held, ""
        if self.stopped:
            return ""
        if self._thinking:
            self.thoughts += rest
            return ""
        return rest if self._begun else rest.lstrip()

    def _step(self) -> tuple[str, bool]:
        if self._thinking:
            before, mark, after = self._held.partition(_CLOSE)
            if not mark:
                keep = _overlap(self._held, [_CLOSE])
                self.thoughts += self._held[: len(self._held) - keep]
                self._held = self._held[len(self._held) - keep :]
                return "", False
            self.thoughts += before
            self._held, self._thinking = after.lstrip(), False
            return "", True
        cuts = [place for text in self.stop if (place := self._held.find(text)) >= 0]
        opening = self._held.find(_OPEN)
        if cuts and (opening < 0 or min(cuts) < opening):
            shown, self._held, self.stopped = self._held[: min(cuts)], "", True
            return shown, False
        if opening >= 0:
            shown = self._held[:opening]
            self._held, self._thinking = self._held[opening + len(_OPEN) :], True
            return shown, True
        keep = _overlap(self._held, [*self.stop, _OPEN])
        shown, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return shown, False


def _overlap(text: str, marks: Sequence[str]) -> int:
    """Length of the longest end of ``text`` that begins one of the marks."""
    longest = 0
    for mark in marks:
        for length in range(min(len(mark) - 1, len(text)), longest, -1):
            if text.endswith(mark[:length]):
                longest = length
                break
    return longest
