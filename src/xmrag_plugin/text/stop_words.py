"""Function words by language, and the language that they tell."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

from .scripts import CJK_CHARACTER

__all__ = ["DEFAULT_LANGUAGE", "language_of", "stop_words", "without_particles"]

DEFAULT_LANGUAGE = "en"

_WORD = re.compile(r"[^\W\d_]+")
_SPACELESS = ("zh", "ja", "ko")
_MIN_CJK_SHARE = 0.3  # of the letters; "iPhone 15 的价格" is Chinese, "The 漢字 for water" is not


@lru_cache(maxsize=1)
def _lists() -> dict[str, frozenset[str]]:
    lines = (files(__package__) / "stop_words.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split(": ", 1) for line in lines if ": " in line and not line.startswith("#"))
    return {language: frozenset(words.split()) for language, words in pairs}


def stop_words(language: str) -> frozenset[str]:
    """Return the function words of a language, case-folded.

    Args:
        language: ISO 639-1 code; one without a list has no function words.
    """
    return _lists().get(language, frozenset())


@lru_cache(maxsize=2048)
def language_of(text: str, default: str = DEFAULT_LANGUAGE) -> str:
    """Tell a text's language by its script and by how many of its words are function words of each.

    Args:
        text: Some words; a question is enough.
        default: What is answered when nothing tells, and when languages tell equally.

    Returns:
        An ISO 639-1 code.
    """
    letters = sum(character.isalpha() for character in text)
    if letters and len(CJK_CHARACTER.findall(text)) >= _MIN_CJK_SHARE * letters:
        if re.search("[\u3040-\u30ff\uff66-\uff9f]", text):
            return "ja"
        return "ko" if re.search("[\u1100-\u11ff\uac00-\ud7af]", text) else "zh"
    words = [word.casefold() for word in _WORD.findall(text)]
    best, most = default, sum(map(stop_words(default).__contains__, words))
    for language, listed in _lists().items():
        if language not in _SPACELESS and (count := sum(map(listed.__contains__, words))) > most:
            best, most = language, count
    return best


@lru_cache(maxsize=8)
def _particles(language: str) -> re.Pattern[str] | None:
    words = sorted(stop_words(language), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, words))) if words else None


def without_particles(text: str, language: str) -> str:
    """Return a text of a script without spaces with a space in the place of each function word.

    Args:
        text: Case-folded.
        language: ``zh``, ``ja`` or ``ko``; a text of another language comes back as it is.
    """
    particles = _particles(language) if language in _SPACELESS else None
    return particles.sub(" ", text) if particles else text
