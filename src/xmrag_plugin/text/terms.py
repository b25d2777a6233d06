"""Terms: the words of a text as they are compared, indexed and asked for, whatever their inflection or script.

One tokeniser serves quotations, checks and the lexical index. Scripts written without spaces become
overlapping pairs of characters (bigrams), the usual dictionary-free index for Chinese, Japanese and
Korean (Nie, Gao, Zhang and Zhou, *On the use of words and n-grams for Chinese information retrieval*,
IRAL 2000), and for Thai and its neighbours. Other words are stemmed by Snowball's stemmer of a language.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from .scripts import SPACELESS, SPACELESS_RUN, WORD_MARKS
from .stop_words import DEFAULT_LANGUAGE, language_of, stop_words, without_particles

__all__ = [
    "QueryTerm",
    "content_terms",
    "fold",
    "index_words",
    "is_function_word",
    "normalised",
    "numbered_words",
    "query_terms",
    "stem",
    "terms",
    "tokens",
]

_LETTER = rf"(?:(?![{SPACELESS}_])[\w{WORD_MARKS}])"
_TOKEN = re.compile(rf"[{SPACELESS}]+|\d+(?:[.,]\d+)+|{_LETTER}+(?:\.{_LETTER}+)*")
_WORD = re.compile(rf"[{SPACELESS}]+|{_LETTER}+")
_ASCII_WORD = re.compile(r"[^\W_]+", re.ASCII)
_BEFORE_NUMBER = re.compile(r" #?\d")
_NUMBERED = re.compile(r"(?<!\w)([^\W\d_]{2,})\.? #?(\d{1,4}(?:\.\d+)*)(?![\w%/:]|[.,\-]\d)")
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
    """Return the words of a text in order, folded; of scripts without spaces the bigrams."""
    found: list[str] = []
    for token in _TOKEN.findall(fold(text)):
        if SPACELESS_RUN.fullmatch(token) and len(token) > 1:
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
    if len(word) < 3 or (not word.isalpha() and any(map(str.isdigit, word))):
        return word
    if language == "he":
        return _without_prefixes(word)
    stemmer = _stemmer(language) or (_stemmer(DEFAULT_LANGUAGE) if word.isascii() else None)
    return _without_accents(str(stemmer.stemWord(word)) if stemmer else word)


def _without_accents(word: str) -> str:
    if word.isascii():
        return word
    plain = "".join(part for part in unicodedata.normalize("NFD", word) if not unicodedata.combining(part))
    return unicodedata.normalize("NFC", plain)


def _without_prefixes(word: str) -> str:
    """Return a Hebrew word without points and the letters that are written before it: and, the, in, to, as, from."""
    word = _without_accents(word)
    while len(word) > _SHORTEST_HEBREW and word[0] in _HEBREW_PREFIXES:
        word = word[1:]
    return word


_HEBREW_PREFIXES, _SHORTEST_HEBREW = "והבלכמש", 3
_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "nl": "dutch", "en": "english",
    "fi": "finnish", "fr": "french", "de": "german", "el": "greek", "hu": "hungarian", "id": "indonesian",
    "it": "italian", "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "es": "spanish", "sv": "swedish", "tr": "turkish", "et": "estonian", "eu": "basque", "fa": "persian",
    "ga": "irish", "hi": "hindi", "hy": "armenian", "lt": "lithuanian", "ne": "nepali", "sr": "serbian",
    "ta": "tamil",
}  # fmt: skip


@lru_cache(maxsize=32)
def _stemmer(language: str) -> Any:
    import Stemmer

    name = _STEMMERS.get(language)
    return Stemmer.Stemmer(name) if name in Stemmer.algorithms() else None


# the lexical index ---------------------------------------------------------------------------


class QueryTerm(NamedTuple):
    """A word of a question.

    Attributes:
        word: In lower case, as it was asked; ``字*`` is any word that begins so.
        stems: What it may be in the index: its stem in each of the collection's languages.
    """

    word: str
    stems: tuple[str, ...]


def index_words(text: str, language: str = DEFAULT_LANGUAGE) -> str:
    """Return a text as the lexical index takes it: stems with spaces between them.

    Scripts without spaces come as bigrams. What punctuation holds together ("25/12/2018", "D.I.Y.", "RJ-45")
    also becomes one word ("25122018"), and so does a word with the number behind it ("Figure 3", "unit 8"): the
    whole is a rarer and stronger clue than its parts.

    Args:
        text: Any text.
        language: Whose stemmer is used.
    """
    if not text:
        return ""
    text = fold(text)
    found: list[str] = []
    if text.isascii():  # four times as fast
        found += [stem(word, language) for word in _ASCII_WORD.findall(text)]
    else:
        for word in _WORD.findall(text):
            found += _bigrams(word) if SPACELESS_RUN.fullmatch(word) else [_indexed(word, language)]
    found += map(_without_accents, _compounds(text))
    found += [word + number for word, number in _numbered(text, language)]
    return " ".join(found)


@lru_cache(maxsize=32)
def query_terms(
    text: str, languages: tuple[str, ...] = (DEFAULT_LANGUAGE,), *, compounds: bool = True
) -> tuple[QueryTerm, ...]:
    """Return the distinct words to look up for a question, function words left out.

    Args:
        text: The question.
        languages: Those of the collection: a word is looked up by its stem in each.
        compounds: Whether what punctuation holds together comes as one word too, and a word with its number.

    Returns:
        All words where the question has nothing but function words.
    """
    text = fold(text)
    language = language_of(text)
    stops = stop_words(language)
    words = _WORD.findall(without_particles(text, language)) or _WORD.findall(text)
    found: dict[str, QueryTerm] = {}
    function_words: dict[str, QueryTerm] = {}
    for word in words:
        if SPACELESS_RUN.fullmatch(word):
            parts = [f"{word}*"] if len(word) == 1 else _bigrams(word)[:-1]
            found |= {part: QueryTerm(part, (part,)) for part in parts}
        else:
            kind = function_words if word in stops else found
            kind[word] = _query_term(word, languages)
    if compounds:
        for word in _compounds(text):
            found.setdefault(word, QueryTerm(word, (_without_accents(word),)))
        numbered = [_numbered(text, spoken) for spoken in languages] if _NUMBERED.search(text) else []
        for each in zip(*numbered, strict=True):
            stems = _distinct(word + number for word, number in each)
            found.setdefault(stems[0], QueryTerm(stems[0], stems))
    return tuple((found or function_words).values())


@lru_cache(maxsize=4096)
def _query_term(word: str, languages: tuple[str, ...]) -> QueryTerm:
    return QueryTerm(word, _distinct(_indexed(word, spoken) for spoken in languages))


def _indexed(word: str, language: str) -> str:
    return _without_accents(stem(word, language))


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def _bigrams(run: str) -> list[str]:
    """Return the pairs of neighbours, and the last character for itself."""
    return [*(run[i : i + 2] for i in range(len(run) - 1)), run[-1]]


def _compounds(text: str) -> list[str]:
    """Return what punctuation holds together, without it; no space stands in one, and in few words anything else."""
    some = " ".join(word for word in text.split() if not word.isalnum())
    return [re.sub(r"[\W_]", "", match.group()) for match in _COMPOUND.finditer(some)]


def numbered_words(text: str, language: str = DEFAULT_LANGUAGE) -> list[str]:
    """Return words with the number behind them as one word each: "figur3" of "Figures 3"; no "in2029" of "in 2029"."""
    stops = stop_words(language)
    return [word + number for word, number in _numbered(fold(text), language) if word not in stops]


def _numbered(text: str, language: str) -> list[tuple[str, str]]:
    """Return words with the number behind them, stemmed: ("figur", "3") of "Figures 3"; the text is folded."""
    found = []
    for place in _BEFORE_NUMBER.finditer(text):  # few: the grammar would begin at every word
        start, end = text.rfind(" ", 0, place.start()) + 1, text.find(" ", place.end())
        if match := _NUMBERED.search(text, start, end if end >= 0 else len(text)):
            found.append((_indexed(match[1], language), match[2].replace(".", "")))
    return found
