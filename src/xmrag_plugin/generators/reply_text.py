"""Cut what is no part of an answer out of a model's output: its thinking, and what follows a stop string."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["ReplyText", "without_thinking"]

_THINKING = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<seed:think>": "</seed:think>",
    "◁think▷": "◁/think▷",
}
"""Marks between which models write their thinking into the text: opening → closing."""


class ReplyText:
    """Filter a model's output piece by piece.

    The end of a piece that may begin a stop string or a mark of thinking is held back until the next piece
    settles it.

    >>> reply = ReplyText(stop=["END"])
    >>> reply.feed("It grew. E"), reply.feed("ND and more"), reply.stopped
    ('It grew. ', '', True)

    Args:
        stop: Strings at which the answer ends; they are not part of it.
        thinking: Whether the prompt has already opened the thinking.
    """

    def __init__(self, stop: Sequence[str] = (), *, thinking: bool = False) -> None:
        self.stop = [text for text in stop if text]
        self.stopped = False
        self.thoughts = ""
        self._closing = "</think>" if thinking else ""
        self._begun = False
        self._held = ""

    def feed(self, piece: str) -> str:
        """Take a piece; return what may be shown now."""
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
        """Return what was held back, when nothing more comes."""
        rest, self._held = self._held, ""
        if self.stopped:
            return ""
        if self._closing:
            self.thoughts += rest
            return ""
        return rest if self._begun else rest.lstrip()

    def _step(self) -> tuple[str, bool]:
        """Return what the held text yields up to its next mark, and whether to look again."""
        if self._closing:
            before, mark, after = self._held.partition(self._closing)
            if not mark:
                keep = _overlap(self._held, [self._closing])
                self.thoughts += self._held[: len(self._held) - keep]
                self._held = self._held[len(self._held) - keep :]
                return "", False
            self.thoughts += before
            self._held, self._closing = after.lstrip(), ""
            return "", True
        marks = [(place, text) for text in (*self.stop, *_THINKING) if (place := self._held.find(text)) >= 0]
        if not marks:
            keep = _overlap(self._held, [*self.stop, *_THINKING])
            shown, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
            return shown, False
        place, mark = min(marks)
        shown, after = self._held[:place], self._held[place + len(mark) :]
        if mark in _THINKING:
            self._held, self._closing = after, _THINKING[mark]
            return shown, True
        self._held, self.stopped = "", True
        return shown, False


def without_thinking(text: str) -> str:
    """Return a whole reply without its thinking.

    A closing mark with no opening one before it ends thinking that the prompt had opened.
    """
    for opening, closing in _THINKING.items():
        end = text.find(closing)
        if end >= 0 and not 0 <= text.find(opening) < end:
            text = text[end + len(closing) :]
    reply = ReplyText()
    return reply.feed(text) + reply.end()


def _overlap(text: str, marks: Sequence[str]) -> int:
    """Return the length of the longest end of ``text`` that begins one of the marks."""
    longest = 0
    for mark in marks:
        for length in range(min(len(mark) - 1, len(text)), longest, -1):
            if text.endswith(mark[:length]):
                longest = length
                break
    return longest
