"""Tell a reply that is no answer: repetition, an echo of the prompt, control tokens, citations alone."""

from __future__ import annotations

import re
from collections import Counter

__all__ = ["has_loop", "reply_fault"]

MIN_REPEATS = 4
"""A phrase of four words or more that follows itself so often is a loop; a shorter one at twice as often."""

MAX_REPEATED_SHARE = 0.5
"""Share of a reply's sentences that may be copies of earlier ones."""

MIN_ECHOED_WORDS = 20
"""Words of the instructions in one piece that no answer holds by chance."""

_CONTROL = re.compile(
    r"<\|[^|<>\s]{1,40}\|>|<｜[^｜<>]{1,40}｜>|</?s>|<(?:start|end)_of_turn>|\[/?INST\]|<</?SYS>>|<(?:bos|eos|pad|unk)>"
)
_MARKS = re.compile(r"\[\^?\d{1,3}\??\]|【[^】]*】")
_ROLE = re.compile(r"^\s*(?:system|user|assistant|human)\s*:?\s*$", re.IGNORECASE | re.MULTILINE)


def reply_fault(text: str, prompt: str = "") -> str:
    """Say why a reply is no answer; empty for one that may be.

    Args:
        text: The reply, without the model's thinking.
        prompt: The instructions that the model was given, not the sources: quoting those is its task.
    """
    bare = text.strip()
    if not bare:
        return "its reply is empty"
    without = _CONTROL.sub(" ", bare)
    if not re.search(r"\w", _MARKS.sub(" ", without)):
        return (
            "its reply holds no words"
            if not _MARKS.search(without)
            else "its reply holds nothing but citations"
        )
    if len(_CONTROL.findall(bare)) >= 2 or (_CONTROL.search(bare) and _ROLE.search(without)):
        return "its reply holds control tokens of a chat template"
    if has_loop(bare):
        return "its reply repeats itself"
    if prompt and _echoes(bare, prompt):
        return "its reply repeats the prompt"
    return ""


def has_loop(text: str) -> bool:
    """Whether a text repeats itself: a unit over and over at its end, or sentences that keep coming back."""
    words = re.findall(r"\w+|[^\w\s]", text.casefold())
    if _tail_repeats(words):
        return True
    # Chinese and Japanese have no spaces, and a word without end has none either.
    if _tail_repeats([character for character in text[-600:] if not character.isspace()], min_units=12):
        return True
    sentences = [
        " ".join(_MARKS.sub(" ", part).casefold().split())
        for part in re.split(r"(?<=[.!?。！？])\s*|\n+", text)
    ]
    sentences = [part for part in sentences if len(part) >= 12]
    copies = sum(count - 1 for count in Counter(sentences).values())
    return copies >= 2 and copies >= MAX_REPEATED_SHARE * len(sentences)


def _tail_repeats(units: list[str], *, min_units: int = 0) -> bool:
    """Whether the units end in a phrase that follows itself, or are little else than such a phrase."""
    for size in range(1, min(60, len(units) // 3) + 1):
        times = MIN_REPEATS if size >= 4 else 2 * MIN_REPEATS
        # The limit of tokens may have cut the last copy off.
        for cut in range(min(size, len(units) - size)):
            end = len(units) - cut
            phrase = units[end - size : end]
            if not any(unit.isalpha() for unit in phrase):
                continue
            count, start = 1, end - size
            while start >= size and units[start - size : start] == phrase:
                count, start = count + 1, start - size
            if count * size >= min_units and (
                count >= times or (count >= 3 and count * size >= 0.8 * len(units))
            ):
                return True
    return False


def _echoes(text: str, prompt: str) -> bool:
    """Whether the reply holds a long piece of the instructions."""
    said, told = re.findall(r"\w+", text.casefold()), re.findall(r"\w+", prompt.casefold())
    size = min(MIN_ECHOED_WORDS, len(told))
    if size < 8 or len(said) < size:
        return False
    known = {tuple(told[i : i + size]) for i in range(len(told) - size + 1)}
    return any(tuple(said[i : i + size]) in known for i in range(len(said) - size + 1))
