"""Find names in a sentence."""

from __future__ import annotations

import re

from ...text.scripts import SPACELESS
from ...text.terms import is_function_word, terms
from ...text.units import unit_at
from .fact import Fact
from .languages import is_german

__all__ = ["names_in"]


_WORD = re.compile(rf"(?:(?![{SPACELESS}])[^\W_])+(?:[-'’.&](?:(?![{SPACELESS}])[^\W_])+)*")
"""No characters of scripts without spaces: what stands beside a number there is no part of a name."""


def names_in(text: str) -> list[Fact]:
    """Find the names of a sentence: capitalised words inside it, and words with digits or inner capitals.

    In German, where every noun is capitalised, only those that no article or adjective stands before.
    """
    german = is_german(text)
    found = []
    for match in _WORD.finditer(text):
        word = match.group().removesuffix("'s").removesuffix("’s")
        if not any(char.isalpha() for char in word) or len(word) < 2 or is_function_word(word):
            continue
        if (unit := unit_at(word, 0)) is not None and unit[1] == len(word):
            continue
        coded = any(char.isdigit() for char in word) or (word[1:] != word[1:].lower() and not word.isupper())
        if not (word[0].isupper() or coded) or (word[0].isdigit() and not re.search(r"[A-Z]", word)):
            continue
        before = text[: match.start()].rstrip(" \"'“”‘’«»„(*_[\x00")
        opens = not before or before[-1] in ".!?:;•|\n–—-"
        if not coded and (opens or (german and _noun_place(before))):
            continue
        found.append(Fact("name", word, match.start(), match.start() + len(word), frozenset(terms(word))))
    return found


_BEFORE_NOUN = re.compile(
    r"\b(?:d(?:er|ie|as|en|em|es)|ein(?:e[mnrs]?)?|kein(?:e[mnrs]?)?|i[mn]s?|a[mn]s?|zu[mr]?|vo[mn]|beim?|mit|für|und|oder|je"
    r"|pro|\w+(?:e|en|er|es|em)|\d+)$",
    re.IGNORECASE,
)


def _noun_place(before: str) -> bool:
    return bool(_BEFORE_NOUN.search(before.rstrip()))
