"""Texts cut at an encoder's own limit, between words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

__all__ = ["cut_at", "cut_by_words"]

_SPACES = (" ", "\n", "\t", "\u3000")


def cut_at(text: str, room: int, offsets: Sequence[tuple[int, int]]) -> str:
    """Return the text up to its ``room``-th token, cut between words where one ends in its second half.

    Args:
        text: What is cut.
        room: Tokens that it may have.
        offsets: Where each of its tokens starts and ends.
    """
    if len(offsets) <= room:
        return text
    end = offsets[room][0]
    if end and not (text[end - 1].isspace() or text[end].isspace()):
        gap = max(text.rfind(space, 0, end) for space in _SPACES)
        if gap > end // 2:
            end = gap
    return text[:end].rstrip() or text[:end]


def cut_by_words(text: str, room: int, count: Callable[[str], int]) -> str:
    """Return longest run of leading words of at most ``room`` tokens, for tokenizers without offsets."""
    words = text.split()
    if count(text) <= room:
        return text
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if count(" ".join(words[:middle])) <= room:
            low = middle
        else:
            high = middle - 1
    return " ".join(words[:low]) or text[:room]
