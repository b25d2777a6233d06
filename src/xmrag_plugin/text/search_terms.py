"""Words for the lexical index: segmentation of Chinese, Japanese and Korean, compounds, queries.

SQLite's FTS5 splits at spaces and punctuation and stems English. Two things are added before
the words get there, on both sides alike:

- scripts written without spaces become overlapping pairs of characters (bigrams), the usual
  dictionary-free index for Chinese, Japanese and Korean (Nie, Gao, Zhang and Zhou, *On the use
  of words and n-grams for Chinese information retrieval*, IRAL 2000);
- what punctuation holds together ("25/12/2018", "D.I.Y.", "RJ-45") is also one word
  ("25122018"), so that the whole is a rarer and stronger clue than its parts.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["index_words", "query_terms"]

_CJK = (
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\u1100-\u11ff"
    "\U00020000-\U0003134f"
)
_CJK_RUN = re.compile(f"[{_CJK}]+")
_COMPOUND = re.compile(r"\w+(?:[.,/:&'’\-–_]\w+)+", re.UNICODE)
_WORD = re.compile(r"\w+", re.UNICODE)
_INNER = re.compile(r"[.,/:&'’\-–_]")

# Function words of English: they carry no evidence and cost the most to look up.
_STOPWORDS = frozenset(
    [
        "a",
        "about",
        "above",
        "after",
        "again",
        "against",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "are",
        "aren",
        "as",
        "at",
        "be",
        "because",
        "been",
        "before",
        "being",
        "below",
        "between",
        "both",
        "but",
        "by",
        "can",
        "cannot",
        "could",
        "couldn",
        "d",
        "did",
        "didn",
        "do",
        "does",
        "doesn",
        "doing",
        "don",
        "down",
        "during",
        "each",
        "few",
        "for",
        "from",
        "further",
        "had",
        "hadn",
        "has",
        "hasn",
        "have",
        "haven",
        "having",
        "he",
        "her",
        "here",
        "hers",
        "herself",
        "him",
        "himself",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "isn",
        "it",
        "its",
        "itself",
        "ll",
        "m",
        "me",
        "might",
        "more",
        "most",
        "mustn",
        "my",
        "myself",
        "no",
        "nor",
        "not",
        "now",
        "o",
        "of",
        "off",
        "on",
        "once",
        "only",
        "or",
        "other",
        "our",
        "ours",
        "ourselves",
        "out",
        "over",
        "own",
        "re",
        "s",
        "same",
        "shan",
        "she",
        "should",
        "shouldn",
        "so",
        "some",
        "such",
        "t",
        "than",
        "that",
        "the",
        "their",
        "theirs",
        "them",
        "themselves",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "to",
        "too",
        "under",
        "until",
        "up",
        "ve",
        "very",
        "was",
        "wasn",
        "we",
        "were",
        "weren",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whom",
        "why",
        "will",
        "with",
        "won",
        "would",
        "wouldn",
        "you",
        "your",
        "yours",
        "yourself",
        "yourselves",
    ]
)


def _bigrams(run: str) -> list[str]:
    if len(run) == 1:
        return [run]
    return [*(run[i : i + 2] for i in range(len(run) - 1)), run[-1]]


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def index_words(text: str) -> str:
    """``text`` as the lexical index takes it: spaced bigrams for CJK, compounds added at the end."""
    if not text:
        return ""
    text = _fold(text)
    compounds = [_INNER.sub("", match.group()) for match in _COMPOUND.finditer(text)]
    text = _CJK_RUN.sub(lambda match: f" {' '.join(_bigrams(match.group()))} ", text)
    return f"{text} {' '.join(compounds)}" if compounds else text


def query_terms(text: str, *, compounds: bool = True) -> list[str]:
    """The distinct terms of a question, function words left out; ``字*`` is any term that begins so.

    If nothing but function words is there, they are kept. With ``compounds``, what is joined by a hyphen or its
    like comes as one term too.
    """
    text = _fold(text)
    joined = [_INNER.sub("", match.group()).lower() for match in _COMPOUND.finditer(text)]
    terms: dict[str, None] = {}
    rest: dict[str, None] = {}

    def plain(part: str) -> None:
        for word in _WORD.findall(part):
            for piece in word.lower().split("_"):
                if piece:
                    (rest if piece in _STOPWORDS else terms)[piece] = None

    position = 0
    for match in _CJK_RUN.finditer(text):
        plain(text[position : match.start()])
        run = match.group()
        if len(run) == 1:
            terms[f"{run}*"] = None
        else:
            for i in range(len(run) - 1):
                terms[run[i : i + 2]] = None
        position = match.end()
    plain(text[position:])
    for compound in joined if compounds else ():
        terms[compound] = None
    return list(terms or rest)
