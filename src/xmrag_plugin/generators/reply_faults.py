"""Tell a reply that is no answer: repetition, an echo of the prompt, control tokens, citations alone."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

__all__ = ["has_loop", "reply_fault"]

MIN_REPEATS = 4
"""A phrase of four words or more that follows itself so often is a loop; a shorter one at twice as often."""

MAX_REPEATED_SHARE = 0.5
"""Share of a reply's sentences that may be copies of earlier ones."""

MIN_ECHOED_WORDS = 20
"""Words of the instructions in one piece that no answer holds by chance."""

MIN_COUNTED = 25
"""Steps of one size, with the same words between them, from which on a reply counts and answers nothing."""

MIN_REPEATED_NUMBERS = 24
"""A phrase without a letter follows itself in tables; so often it does in loops alone."""

_CONTROL = re.compile(
    r"<\|[^|<>\s]{1,40}\|>|<｜[^｜<>]{1,40}｜>|</?s>|<(?:start|end)_of_turn>|\[/?INST\]|<</?SYS>>|<(?:bos|eos|pad|unk)>|"
    r"^\#{2,3} (?:Instruction|Response|Input):?[ \t]*$",
    re.MULTILINE,
)
_MARKS = re.compile(r"\[\^?\d{1,3}\??\]|【[^】]*】")
_ROLE = re.compile(r"^\s*(?:system|user|assistant|human|model)\s*:?\s*$", re.IGNORECASE | re.MULTILINE)
_TURN = re.compile(r"^\s*(?:(user|human)|assistant|system)\s*:", re.IGNORECASE | re.MULTILINE)
_LABEL = re.compile(r"\b(?:sources?|references?|citations?|quellen?|fuentes?)\b|来源|出处", re.IGNORECASE)
_SCAFFOLD = re.compile(
    r"<tool_call>.*?(?:</tool_call>|\Z)|</?[a-z][\w-]*>|^\s*```\w*|\{+\s*\w+\s*\}+|^\s*(?:question|answer)\s*:",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
"""What frames words and is none itself: calls of tools that nobody offered, tags, fences, places of a template."""

_NOTHING = re.compile(r"null|None|undefined|NaN|nil")
"""How programs write that there is no value."""

_SOURCE_TAG = re.compile(r"</?source-[0-9a-f]{6,}>")
_LONGEST_WORD = 80


def reply_fault(text: str, prompt: str = "", question: str = "") -> str:
    """Say why a reply is no answer; empty for one that may be.

    Args:
        text: The reply, without the model's thinking.
        prompt: The instructions that the model was given, not the sources: quoting those is its task.
        question: What it was asked.
    """
    bare = text.strip()
    if not bare:
        return "its reply is empty"
    without = _CONTROL.sub(" ", bare)
    unmarked = _MARKS.sub(" ", without)
    if not re.search(r"\w", unmarked):
        return "its reply holds nothing but citations" if unmarked != without else "its reply holds no words"
    if unmarked != without and not re.search(r"\w", _LABEL.sub(" ", unmarked)):
        return "its reply holds nothing but citations"
    if _NOTHING.fullmatch(bare) or _says_nothing(unmarked):
        return "its reply holds no words"
    if len(_CONTROL.findall(bare)) >= 2 or (_CONTROL.search(bare) and _ROLE.search(without)):
        return "its reply holds control tokens of a chat template"
    turns = _TURN.findall(bare)
    if len(turns) >= 2 and any(turns) and not _MARKS.search(bare):
        return "its reply goes on with both sides of a conversation"
    if has_loop(bare):
        return "its reply repeats itself"
    if _SOURCE_TAG.search(bare) or (prompt and _echoes(bare, prompt)):
        return "its reply repeats the prompt"
    if question and _words(_SCAFFOLD.sub(" ", unmarked)) == _words(question):
        return "its reply repeats the question"
    return ""


def _says_nothing(text: str) -> bool:
    """Whether nothing is left of a text but roles, tags, places of a template, or JSON without a word."""
    left = _ROLE.sub(" ", _SCAFFOLD.sub(" ", text)).strip()
    if not re.search(r"\w", left):
        return True
    if " " not in left and len(left) > _LONGEST_WORD and left.isascii() and "://" not in left:
        return True
    with contextlib.suppress(ValueError):
        told = json.loads(left)
        if isinstance(told, (dict, list)):
            values = list(_values(told))
            texts = [value for value in values if isinstance(value, str)]
            return not any(map(str.strip, texts)) and (bool(texts) or not values)
    return False


def _values(value: Any) -> Iterator[Any]:
    if isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _values(part)
    elif value is not None:
        yield value


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def has_loop(text: str) -> bool:
    """Whether a text repeats itself: a unit over and over at its end, or sentences that keep coming back."""
    words = re.findall(r"\w+|[^\w\s]", text.casefold())
    if _tail_repeats(words) or _counts_on(text):
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
            if not any(map(str.isalnum, phrase)):
                continue
            if not any(map(str.isalpha, phrase)):
                times = MIN_REPEATED_NUMBERS
            count, start = 1, end - size
            while start >= size and units[start - size : start] == phrase:
                count, start = count + 1, start - size
            if count * size >= min_units and (
                count >= times
                or (count >= 3 and times < MIN_REPEATED_NUMBERS and count * size >= 0.8 * len(units))
            ):
                return True
    return False


def _counts_on(text: str) -> bool:
    """Whether a text ends in numbers of one step with the same words between them: it counts without end."""
    parts = re.split(r"(\d+)", text[-4000:])
    numbers = [int(number) for number in parts[1::2]][-MIN_COUNTED - 1 :]
    between = parts[2::2][-MIN_COUNTED - 1 : -1]
    if len(numbers) <= MIN_COUNTED or len(set(between)) != 1:
        return False
    return len({after - before for before, after in itertools.pairwise(numbers)}) == 1


def _echoes(text: str, prompt: str) -> bool:
    """Whether the reply holds a long piece of the instructions, or is one."""
    said, told = _words(text), _words(prompt)
    size = min(MIN_ECHOED_WORDS, len(told), len(said))
    if size < 8:
        return False
    known = {tuple(told[i : i + size]) for i in range(len(told) - size + 1)}
    return any(tuple(said[i : i + size]) in known for i in range(len(said) - size + 1))
