"""Words and sentences: how a question's words are met in a text, whatever its inflection or script."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from .sentences import split_sentences

__all__ = [
    "content_terms",
    "fold",
    "is_function_word",
    "is_table_row",
    "normalised",
    "segments",
    "sentences",
    "terms",
]

_CJK = "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\U00020000-\U0003134f"
_TOKEN = re.compile(rf"[{_CJK}]+|[^\W_]+(?:['’][^\W_]+)*(?:\.[^\W_]+)*", re.UNICODE)
_CJK_ONLY = re.compile(f"[{_CJK}]+")

_CJK_PARTICLES = re.compile(
    "为什么|什么|怎么样?|怎样|多少|哪[里个些种年一]?|是否|如何|请问|有没有|[吗呢的了是谁]|何時|どこ|なぜ|です|ます|[はがをにのでと]"
)
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a about above across after again against all also although am among an and another any anyone anything are
        aren around as at be became because become been before being below between both but by called can cannot
        could d did do does doing don done down during each either else ever every few following for from further
        get gets give given gives had has have having he her here hers herself him himself his how however i if in
        into is isn it its itself just kind known least less let like ll made make makes many may me might mine
        more most much must my myself name named near need neither no nor not now of off often on once one ones
        only onto or other our ours out over own per please rather re refer referred refers s same say says see
        seem shall she should show shown shows since so some such t tell than that the their theirs them
        themselves then there these they thing things this those through thus to too toward two type under until
        up upon us use used uses using ve very via was we were what when where whether which while who whom whose
        why will with within without would yet you your yours yourself""",
    )
)


def fold(text: str) -> str:
    """Compatibility-composed, case-folded, with typographic quotes, dashes and spaces made plain."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = text.translate(_PLAIN)
    return re.sub(r"\s+", " ", text).strip()


_PLAIN = str.maketrans(
    {
        "“": '"',
        "”": '"',
        "„": '"',
        "«": '"',
        "»": '"',
        "‘": "'",
        "’": "'",
        "‚": "'",
        "–": "-",
        "—": "-",
        "‑": "-",
        "−": "-",
        "\u00ad": "",
        "\u200b": "",
    }
)


def normalised(text: str) -> str:
    """Only letters and digits, folded, single-spaced: for asking whether one text holds another."""
    return " ".join(re.findall(r"[^\W_]+", fold(text)))


@lru_cache(maxsize=16384)
def _stem(word: str) -> str:
    """A light suffix stripper (plural, -ing, -ed, -ly), alike for question and text."""
    if len(word) <= 3 or not word.isascii() or not word.isalpha():
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for suffix, least in (("ization", 9), ("ation", 8), ("ingly", 8), ("edly", 8), ("ment", 8), ("ness", 8)):
        if word.endswith(suffix) and len(word) >= least:
            word = word[: -len(suffix)]
            break
    else:
        if word.endswith("ing") and len(word) > 5:
            word = _undouble(word[:-3])
        elif word.endswith("ied") and len(word) > 4:
            word = word[:-3] + "y"
        elif word.endswith("ed") and len(word) > 4:
            word = _undouble(word[:-2])
        elif word.endswith("ly") and len(word) > 5:
            word = word[:-2]
    if word.endswith("e") and len(word) > 4:
        word = word[:-1]
    return word


def _undouble(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz" else word


def terms(text: str) -> list[str]:
    """The words of ``text`` in order: folded, stemmed; Chinese, Japanese and Korean as bigrams."""
    found: list[str] = []
    for token in _TOKEN.findall(fold(text)):
        if _CJK_ONLY.fullmatch(token):
            found.extend([token] if len(token) == 1 else [token[i : i + 2] for i in range(len(token) - 1)])
        else:
            token = token.removesuffix("'s")
            found.append(_stem(token))
    return found


def content_terms(text: str) -> list[str]:
    """The distinct :func:`terms` that carry meaning, in order; all of them when none does."""
    text = fold(text)
    bare = _CJK_PARTICLES.sub(" ", text)
    words = [word.removesuffix("'s") for word in _TOKEN.findall(bare)]
    kept = " ".join(word for word in words if word not in _FUNCTION_WORDS)
    return list(dict.fromkeys(terms(kept))) or list(dict.fromkeys(terms(text)))


def is_function_word(word: str) -> bool:
    """Whether a word is one that says nothing by itself ("the", "of", "was")."""
    return word.casefold() in _FUNCTION_WORDS


def is_table_row(line: str) -> bool:
    """Whether a line is a row of a Markdown table."""
    line = line.strip()
    return line.startswith("|") and line.endswith("|") and len(line) > 2


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order and verbatim (without the space around them).

    Line breaks inside a paragraph do not end a sentence; empty lines, list items, headings
    and table rows do. The rule line of a Markdown table is left out.
    """
    return [
        sentence
        for segment in segments(text)
        for sentence in ([segment] if is_table_row(segment) else split_sentences(segment))
    ]


_HEADING_WORDS = 10


def _is_heading(line: str, below: str) -> bool:
    """Whether the first line of a paragraph is its heading: short, unpunctuated, a new sentence below."""
    return (
        len(line.split()) <= _HEADING_WORDS
        and line[-1] not in ".!?,;:…。！？，；：-–"
        and (below[0].isupper() or below[0] in '“"‘¿¡')
        and (line[0].isupper() or line[0].isdigit())
    )


def segments(text: str) -> list[str]:
    """Paragraphs, list items, headings and table rows, in order; lines of one paragraph stay together."""
    found: list[str] = []
    lines: list[str] = []

    def close() -> None:
        if len(lines) > 1 and _is_heading(lines[0], lines[1]):
            found.append(lines.pop(0))
        if lines:
            found.append("\n".join(lines))
            lines.clear()

    for line in text.splitlines():
        bare = line.strip()
        if not bare:
            close()
        elif is_table_row(bare):
            close()
            if not re.fullmatch(r"\|[\s:|-]+\|", bare):
                found.append(bare)
        elif re.match(r"(?:[-*+•]|\d{1,3}[.)]|#{1,6})\s", bare):
            close()
            lines.append(bare)
        else:
            lines.append(bare)
    close()
    return found
