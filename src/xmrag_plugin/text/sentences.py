"""Sentences, paragraphs and word counts of running text, in scripts with and without spaces."""

from __future__ import annotations

import re

from .scripts import CJK_CHARACTER

__all__ = [
    "TOKENS_PER_WORD",
    "excerpt",
    "is_table_row",
    "segments",
    "sentence_spans",
    "sentences",
    "split_sentences",
    "word_count",
]

# A run of stops is tried at its first only (the look-behinds): a table of contents has thousands of dots.
_END = re.compile(
    r"(?<![.!?…])[.!?…]+[\"'”’»)\]*_]*(?=\s)"  # Latin, Cyrillic, Greek …: needs white space after
    r"|[。！？｡；][”’」』）》】\"')]*"  # Chinese, Japanese: needs none
    r"|(?<![।॥؟۔።])[।॥؟۔።]+(?=\s|$)"  # Devanagari, Arabic, Urdu, Ethiopic
    r"|\n[ \t]*\n"  # an empty line ends a sentence without a full stop
)
_ABBREVIATION_LIST = """
    adm al approx apr assn aug ave bd bldg blvd bros ca capt cf ch chap chs co col comp corp cpl dec dept
    dr ed eds e.g eg eq eqs est etc ex exp feb fig figs fl fri ft gen gov hon hr hrs i.e ie ill inc incl jan
    jr jul jun lt ltd maj mar min mme mlle mon mr mrs ms mt mts no nos nov oct op p par pl pp pres prof pt
    pub pvt ref refs rep rev sat sec sect sen sep sept sgt sr st sta sun supp suppl tab thu tue univ v viz
    vol vols vs wed a.m p.m u.s u.k u.n abb bzw ca d.h evtl ggf inkl nr s str tel u.a usw vgl z.b m.e art
    рис табл см стр т.е т.д т.п г гг им ул
"""
_ABBREVIATIONS = frozenset(_ABBREVIATION_LIST.split())
_LAST_WORD = re.compile(r"([^\s(\[“\"'‘]+)$")

TOKENS_PER_WORD = 1.35
"""Tokens that a word of :func:`word_count` comes to, rather too many than too few."""


def word_count(text: str) -> int:
    """Return the length of a text in words of about 1.3 encoder tokens.

    Chinese, Japanese and Korean characters count three quarters of a word each (an encoder
    spends about one token on each); unbroken strings such as links count a word for ten characters.
    """
    if text.isascii():
        return max(len(text.split()), len(text) // 10)
    characters = len(CJK_CHARACTER.findall(text))
    if not characters:
        return max(len(text.split()), len(text) // 10)
    rest = CJK_CHARACTER.sub(" ", text)
    return int(0.75 * characters + max(len(rest.split()), (len(rest) - characters) // 10))


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return where the sentences stand: ``(start, end)``, without the white space around them.

    A full stop ends no sentence after an abbreviation ("et al.", "Fig."), an initial ("J. Smith"),
    a number at the start of a line ("3. Results"), or before a small letter.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        end = match.end()
        if text[match.start()] == "." and not _stop_ends(text, match.start(), end):
            continue
        _append(spans, text, start, end)
        start = end
    _append(spans, text, start, len(text))
    return spans


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a paragraph, in order. See :func:`sentence_spans`."""
    return [text[start:end] for start, end in sentence_spans(text)]


def excerpt(text: str, words: int, *, at: int = 0) -> str:
    """Return at most about ``words`` words of whole sentences around a position.

    The sentence at ``at`` comes first; those after and before it are added in turn while they fit.
    A single sentence that is too long is cut at a word, with an ellipsis.

    Args:
        text: Running text.
        words: Length in words, as :func:`word_count` counts them.
        at: Offset in the text.
    """
    if word_count(text) <= words:
        return text.strip()
    spans = sentence_spans(text)
    if not spans:
        return ""
    first = next((i for i, (_, end) in enumerate(spans) if at < end), len(spans) - 1)
    low = high = first
    used = word_count(text[slice(*spans[first])])
    if used > words:
        return _cut(text[slice(*spans[first])], words)
    grown = True
    while grown:
        grown = False
        for step in (1, -1):
            index = high + 1 if step == 1 else low - 1
            if not 0 <= index < len(spans):
                continue
            more = word_count(text[slice(*spans[index])])
            if used + more <= words:
                used += more
                low, high = min(low, index), max(high, index)
                grown = True
    return text[spans[low][0] : spans[high][1]]


def _stop_ends(text: str, stop: int, end: int) -> bool:
    found = _LAST_WORD.search(text, max(0, stop - 24), stop)
    word = found.group(1) if found else ""
    following = text[end : end + 24].lstrip()
    if following[:1].islower():
        return False
    if text[stop : stop + 2] == "..":
        return True
    if len(word) == 1 and word.isalpha() and word.isupper():
        return word == "I"
    if word.isdigit() and (found is None or found.start(1) == 0 or text[found.start(1) - 1] == "\n"):
        return False
    lowered = word.lower()
    if lowered in {"no", "nos", "fig", "figs", "vol", "p", "pp", "ch", "sec", "art", "nr"}:
        return not (following[:1].isdigit() or following[:1] in "IVXS")
    return lowered not in _ABBREVIATIONS


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))


def _cut(sentence: str, words: int) -> str:
    pieces = sentence.split()
    if len(pieces) > words // 2:
        return " ".join(pieces[:words]) + " …" if len(pieces) > words else sentence
    return sentence[: words * 4 // 3].rstrip() + "…"


# paragraphs ----------------------------------------------------------------------------------


def is_table_row(line: str) -> bool:
    """Return whether a line is a row of a Markdown table."""
    line = line.strip()
    return line.startswith("|") and line.endswith("|") and len(line) > 2


def sentences(text: str) -> list[str]:
    """Return the sentences of a text, in order and verbatim, without the space around them.

    Line breaks inside a paragraph do not end a sentence; empty lines, list items, headings
    and table rows do. The rule line of a Markdown table is left out.
    """
    return [
        sentence
        for segment in segments(text)
        for sentence in ([segment] if is_table_row(segment) else split_sentences(segment))
    ]


def segments(text: str) -> list[str]:
    """Return paragraphs, list items, headings and table rows; the lines of a paragraph stay together."""
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
        elif re.match(r"(?:[-*+•●◦▪‣]|\d{1,3}[.)]|#{1,6})\s", bare):
            close()
            lines.append(bare)
        else:
            lines.append(bare)
    close()
    return found


_MAX_HEADING_WORDS = 10


def _is_heading(line: str, below: str) -> bool:
    """Return whether a paragraph's first line is its heading: short, unpunctuated, a new sentence below."""
    return (
        len(line.split()) <= _MAX_HEADING_WORDS
        and line[-1] not in ".!?,;:…。！？，；：-–"
        and (below[0].isupper() or below[0] in '“"‘¿¡')
        and (line[0].isupper() or line[0].isdigit())
    )
