"""Terms: the words of a text as they are compared, indexed and asked for, whatever their inflection or script.

One tokeniser serves quotations, checks and the lexical index. Scripts written without spaces become
overlapping pairs of characters (bigrams), the usual dictionary-free index for Chinese, Japanese and
Korean (Nie, Gao, Zhang and Zhou, *On the use of words and n-grams for Chinese information retrieval*,
IRAL 2000). Other words are stemmed by Snowball's stemmer of a language; the lexical index leaves
stemming to SQLite's FTS5.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

from .scripts import CJK, CJK_RUN
from .stop_words import DEFAULT_LANGUAGE, language_of, stop_words, without_particles

__all__ = [
    "content_terms",
    "fold",
    "index_words",
    "is_function_word",
    "normalised",
    "query_terms",
    "stem",
    "terms",
    "tokens",
]

_TOKEN = re.compile(rf"[{CJK}]+|\d+(?:[.,]\d+)+|(?:(?![{CJK}_])\w)+(?:\.(?:(?![{CJK}_])\w)+)*")
_WORD = re.compile(rf"[{CJK}]+|(?:(?![{CJK}_])\w)+")
_COMPOUND = re.compile(r"(?<!\w)\w+(?:[.,/:&'’\-–_]\w+)+")
_PLAIN = str.maketrans(
    dict.fromkeys("“”„«»", '"') | dict.fromkeys("‘’‚", "'") | dict.fromkeys("–—‑−", "-")
    | dict.fromkeys("\u00ad\u200b")  # soft hyphens and zero-width spaces: gone
)  # fmt: skip


def fold(text: str) -> str:
    """Return a text compatibility-composed and case-folded, with plain quotes, dashes and single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().translate(_PLAIN).split())


def normalised(text: str) -> str:
    """Return only letters and digits, folded, single-spaced: for asking whether one text holds another."""
    return " ".join(re.findall(r"[^\W_]+", fold(text)))


def is_function_word(word: str, language: str = DEFAULT_LANGUAGE) -> bool:
    """Return whether a word says nothing by itself ("the", "of", "was")."""
    return word.casefold() in stop_words(language)


def tokens(text: str) -> list[str]:
    """Return the words of a text in order, folded; Chinese, Japanese and Korean as bigrams."""
    found: list[str] = []
    for token in _TOKEN.findall(fold(text)):
        if CJK_RUN.fullmatch(token) and len(token) > 1:
            found.extend(token[i : i + 2] for i in range(len(token) - 1))
        else:
            found.append(token)
    return found


def terms(text: str, language: str = DEFAULT_LANGUAGE) -> list[str]:
    """Return the :func:`tokens` of a text, stemmed.

    Args:
        text: Any text.
        language: Whose stemmer is used. Texts that are compared need the same one.
    """
    return [stem(token, language) for token in tokens(text)]


def content_terms(text: str, language: str = DEFAULT_LANGUAGE) -> list[str]:
    """Return the distinct :func:`terms` without the function words of the text's language, in order.

    Args:
        text: A question, a sentence.
        language: Whose stemmer is used; which words are function words is told by the text itself.

    Returns:
        All terms where nothing else is left.
    """
    spoken = language_of(text, language)
    folded = without_particles(fold(text), spoken)
    stops = stop_words(spoken)
    kept = " ".join(token for token in _TOKEN.findall(folded) if token not in stops)
    return list(dict.fromkeys(terms(kept, language))) or list(dict.fromkeys(terms(text, language)))


@lru_cache(maxsize=65536)
def stem(word: str, language: str) -> str:
    """Return a word's stem without accents, which lettering that was read off a picture often lacks."""
    if not word.isalpha() or len(word) < 3:
        return word
    stemmer = _stemmer(language)
    stemmed = str(stemmer.stemWord(word)) if stemmer else word
    if stemmed.isascii():
        return stemmed
    return "".join(part for part in unicodedata.normalize("NFD", stemmed) if not unicodedata.combining(part))


_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "nl": "dutch", "en": "english",
    "fi": "finnish", "fr": "french", "de": "german", "el": "greek", "hu": "hungarian", "id": "indonesian",
    "it": "italian", "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "es": "spanish", "sv": "swedish", "tr": "turkish",
}  # fmt: skip


@lru_cache(maxsize=32)
def _stemmer(language: str) -> Any:
    import snowballstemmer

    name = _STEMMERS.get(language)
    return snowballstemmer.stemmer(name) if name in snowballstemmer.algorithms() else None


# the lexical index ---------------------------------------------------------------------------


def index_words(text: str) -> str:
    """Return a text as the lexical index takes it: CJK as spaced bigrams, compounds added at the end.

    What punctuation holds together ("25/12/2018", "D.I.Y.", "RJ-45") also becomes one word
    ("25122018"), so that the whole is a rarer and stronger clue than its parts.
    """
    if not text:
        return ""
    text = unicodedata.normalize("NFKC", text)
    compounds = _compounds(text)
    text = CJK_RUN.sub(lambda match: f" {' '.join(_bigrams(match.group()))} ", text)
    return f"{text} {' '.join(compounds)}" if compounds else text


def query_terms(text: str, *, compounds: bool = True) -> list[str]:
    """Return the distinct words to look up for a question, function words left out.

    Args:
        text: The question.
        compounds: Whether what punctuation holds together comes as one word too.

    Returns:
        Words in lower case, for FTS5 to stem; ``字*`` is any word that begins so. All words where the
        question has nothing but function words.
    """
    text = unicodedata.normalize("NFKC", text)
    joined = [compound.lower() for compound in _compounds(text)] if compounds else []
    language = language_of(text)
    stops = stop_words(language)
    words = _WORD.findall(without_particles(text, language)) or _WORD.findall(text)
    found: dict[str, None] = {}
    function_words: dict[str, None] = {}
    for word in words:
        if CJK_RUN.fullmatch(word):
            found |= dict.fromkeys([f"{word}*"] if len(word) == 1 else _bigrams(word)[:-1])
        else:
            (function_words if word.lower() in stops else found)[word.lower()] = None
    found |= dict.fromkeys(joined)
    return list(found or function_words)


def _bigrams(run: str) -> list[str]:
    """Return the pairs of neighbours, and the last character for itself."""
    return [*(run[i : i + 2] for i in range(len(run) - 1)), run[-1]]


def _compounds(text: str) -> list[str]:
    return [re.sub(r"[\W_]", "", match.group()) for match in _COMPOUND.finditer(text)]
