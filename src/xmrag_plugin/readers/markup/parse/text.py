"""Plain text as elements: paragraphs at blank lines, lists, and headings where there is no doubt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from ....types import Element

__all__ = ["elements_of_text"]

_UNDERLINE = re.compile(r"^(?:={3,}|-{3,}|~{3,}|\*{3,}|\^{3,})\s*$")
_RULE = re.compile(r"^\W{3,}$")
_CHAPTER = re.compile(
    r"^(?:(?:chapter|part|appendix|book|section|kapitel|teil|chapitre|partie|capítulo|parte|anhang)\s+"
    r"(?:\d+|[IVXLC]+|[A-Z])\b.{0,80}|第\s*[\d一二三四五六七八九十百]+\s*[章节節部篇回].{0,40})$",
    re.I,
)
_NUMBERED = re.compile(r"^(?P<number>\d{1,2}(?:\.\d{1,2}){1,3})\.?\s+(?P<title>[^\W\d_].{1,90})$")
_BULLET = re.compile(r"^\s*(?:[-*+•‣◦▪·–—]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+\S")
_CJK_END = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]$")
_WRAP_WIDTH = 45


def elements_of_text(text: str) -> Iterator[Element]:
    """Yield a plain text's elements in reading order.

    Hard-wrapped lines are joined; lines that are not wrapped (addresses, verse, tables) keep their ends.
    """
    if "\f" in text:
        yield from _pages(text)
        return
    lines = text.expandtabs(4).split("\n")
    if _one_paragraph_a_line(lines):
        for line in lines:
            if line.strip():
                yield _element([line])
        return
    paragraph: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            paragraph.append(line.rstrip())
            continue
        if paragraph:
            yield from _paragraph(paragraph)
        paragraph = []


def _pages(text: str) -> Iterator[Element]:
    """Read page by page: form feeds part the pages of a printed text."""
    for number, page in enumerate(text.split("\f"), 1):
        for element in elements_of_text(page):
            element.page = number
            yield element


def _paragraph(lines: list[str]) -> Iterator[Element]:
    lines = [line for line in lines if not _RULE.match(line.strip()) or _UNDERLINE.match(line.strip())]
    if len(lines) >= 2 and _UNDERLINE.match(lines[1].strip()) and len(lines[0].strip()) <= 100:
        level = 1 if lines[1].strip()[0] in "=*" else 2
        if len(lines[1].strip()) >= len(lines[0].strip()) // 2:
            yield Element(kind="heading", text=lines[0].strip(), level=level)
            lines = lines[2:]
    lines = [line for line in lines if not _RULE.match(line.strip())]
    if lines:
        yield _element(lines)


def _element(lines: list[str]) -> Element:
    if len(lines) == 1:
        line = lines[0].strip()
        numbered = _NUMBERED.match(line)
        if _CHAPTER.match(line) and line[-1:] not in ".,;:":
            return Element(kind="heading", text=line, level=1)
        if numbered is not None and line[-1:] not in ".,;:?!":
            return Element(kind="heading", text=line, level=min(6, numbered["number"].count(".") + 1))
    if (
        len(lines) > 1
        and _BULLET.match(lines[0])
        and sum(map(_starts_item, lines)) >= max(2, len(lines) // 4)
    ):
        return Element(kind="list", text="\n".join(_items(lines)))
    return Element(kind="paragraph", text=_joined(lines))


def _starts_item(line: str) -> bool:
    return _BULLET.match(line) is not None


def _items(lines: list[str]) -> list[str]:
    items: list[str] = []
    for line in lines:
        if _starts_item(line) or not items:
            items.append(line.rstrip())
        else:
            items[-1] = f"{items[-1]} {line.strip()}"
    return items


def _joined(lines: list[str]) -> str:
    """Return wrapped lines as one; a line well short of the others ends for a reason."""
    widest = max(len(line) for line in lines)
    words = [line.strip() for line in lines]
    if widest < _WRAP_WIDTH or any("   " in line.strip() for line in lines):
        return "\n".join(line.rstrip() for line in lines)
    joined = [words[0]]
    for earlier, line in pairwise(words):
        if len(earlier) < 0.6 * widest and not earlier.endswith("-"):
            joined.append("\n")
        elif not _CJK_END.search(earlier):
            joined.append(" ")
        joined.append(line)
    return "".join(joined)


def _one_paragraph_a_line(lines: list[str]) -> bool:
    """Return whether line ends, not blank lines, part the paragraphs (long lines, none of them blank)."""
    filled = [line for line in lines if line.strip()]
    if len(filled) < 3:
        return False
    blank = len(lines) - len(filled)
    return blank <= len(filled) // 10 and sum(map(len, filled)) / len(filled) > 160
