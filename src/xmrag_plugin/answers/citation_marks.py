r"""Find the citations in an answer, in all the forms that models write them, and write them as ``[n]``.

``[1, 3]``, ``[1 and 2]``, ``[2-4]``, ``[Source 2]``, ``(Source 2)``, ``[^2]``, ``\[2\]``, ``[2](url)``,
``<sup>2</sup>``, ``【2†source】`` and the like; nothing inside code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Mark", "code_spans", "find_marks", "has_marks", "plain_marks", "renumbered", "without_marks"]

MAX_RANGE = 20
"""``[3-17]`` is a range of sources; one that is longer is two numbers."""

_LABEL = (
    r"(?:sources?|src|refs?|references?|docs?|documents?|citations?|cited?|cite|evidence|passages?|contexts?"
    r"|quellen?|belege?|nachweise?|fuentes?|références?|来源|來源|资料|資料|文献|出处|引用|参考)"
)
_NUMBER = r"[#^]?\d{1,3}(?!\d)\^?"
_DASH = r"\s?[-–—~～]\s?|\s(?:to|through|bis|à)\s|\s?[至到]\s?"
_COMMA = (
    r"\s?(?:[,;，、；&+/]\s?(?:(?:and|und|et|y|e)\s)?)|\s(?:and|or|und|oder|et|ou|y|e|o)\s|\s?[和与與及、]\s?"
)
_NUMBERS = rf"{_NUMBER}(?:(?:{_DASH}|{_COMMA})(?:{_LABEL}[\s:.#_-]*)?{_NUMBER})*"
_PLACE = r"(?:\s?[,;:]\s?(?:pp?|pages?|s|seiten?|págs?|第)\.?\s?\d+(?:\s?[-–]\s?\d+)?\s?页?)?"
_LINK = r"(?:\((?:[^()\s]|\([^()\s]*\))*(?:\s\"[^\"\n]*\")?\))?"
_MARK = re.compile(
    rf"(?:\\?[\[［〔]){{1,2}}\s*(?:{_LABEL}[\s:.#_-]*)?(?P<square>{_NUMBERS}){_PLACE}(?:†[^\]\n]{{0,60}})?\s*\??"
    rf"\s*(?:\\?[\]］〕]){{1,2}}{_LINK}"
    rf"|[\[［]\s*{_LABEL}[\s:.#_-]*(?P<named>{_NUMBERS})\s?[:,–—-]\s?[^\]\n]{{1,80}}[\]］]{_LINK}"
    rf"|【\s*(?:{_LABEL}[\s:.#_-]*)?(?P<lens>{_NUMBERS})(?:\s*[:†][^】\n]{{0,60}})?\s*】"
    rf"|[(（]\s*(?:see\s|cf\.?\s|siehe\s|voir\s|véase\s|见)?{_LABEL}[\s:.#_-]*(?P<round>{_NUMBERS}){_PLACE}\s*[)）]"
    rf"|<(?P<tag>sup|cite|ref|citation)(?:\s[^<>\n]{{0,80}})?>\s*(?:<a\s[^<>\n]{{0,200}}>)?\s*\\?\[?(?P<html>{_NUMBERS})"
    rf"\\?\]?\s*(?:</a>)?\s*</(?P=tag)>"
    r"|(?<=[.!?。！？,，;])(?P<raised>[¹²³⁰⁴-⁹]+(?:[˒,][¹²³⁰⁴-⁹]+)*)(?=\s|$)",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"(?ms)^[ ]{0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n.*?(?:^[ ]{0,3}(?P=fence)[`~]*[ \t]*$|\Z)"
    r"|(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)(?P=ticks)(?!`)"
    r"|<(?P<html>code|pre)\b[^>]*>.*?</(?P=html)>"
)
# The heading of a list of sources that a model writes under its answer; ours stands there already.
_LIST_HEADING = re.compile(
    r"^[#*_\s]*(?:references?|sources?|citations?|footnotes?|bibliography|works cited|quellen(?:angaben|verzeichnis)?"
    r"|literatur|belege|références?|fuentes|referencias|notas|参考(?:文献|资料)?|来源|引用)[*_\s]*[:：]?[*_\s]*$",
    re.IGNORECASE,
)
_DEFINITION = re.compile(r"^\s*(?:[-*+•]\s+)?\\?\[\^?\d{1,3}\\?\]\s*:\s*\S")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


@dataclass(frozen=True, slots=True)
class Mark:
    """One citation as written: where it stands, and the numbers that it names."""

    start: int
    end: int
    numbers: tuple[int, ...]


def code_spans(text: str) -> list[tuple[int, int]]:
    """Find code in Markdown: fenced blocks, spans between backticks, ``<code>`` and ``<pre>``."""
    return [match.span() for match in _CODE.finditer(text)]


def find_marks(answer: str) -> list[Mark]:
    """Find the citations of an answer, in order; nothing inside code."""
    code = code_spans(answer)
    found = []
    for match in _MARK.finditer(answer):
        if any(start <= match.start() < end for start, end in code):
            continue
        groups = ("square", "named", "lens", "round", "html", "raised")
        written = next(group for name in groups if (group := match[name]) is not None)
        numbers = tuple(_numbers(written.translate(_RAISED)))
        if len(numbers) == 1 or 0 not in numbers:  # "[0, 4]" is an interval: sources count from 1
            found.append(Mark(match.start(), match.end(), numbers))
    return found


def _numbers(written: str) -> list[int]:
    """Read the numbers of a list with ranges."""
    found: list[int] = []
    parts = re.split(rf"({_DASH}|{_COMMA})", written, flags=re.IGNORECASE)
    for place in range(0, len(parts), 2):
        digits = re.search(r"\d+", parts[place])
        if digits is None:
            continue
        number = int(digits.group())
        ranged = place and re.fullmatch(_DASH, parts[place - 1], re.IGNORECASE)
        if ranged and found and found[-1] < number <= found[-1] + MAX_RANGE:
            found.extend(range(found[-1] + 1, number + 1))
        else:
            found.append(number)
    return list(dict.fromkeys(found))


def has_marks(answer: str) -> bool:
    """Whether an answer cites anything."""
    return bool(find_marks(answer))


def plain_marks(answer: str) -> str:
    """Write every citation as ``[1][3]``, and leave out a list of sources that the model put below."""
    return _replaced(_without_source_list(answer), lambda mark: "".join(f"[{n}]" for n in mark.numbers))


def without_marks(answer: str) -> str:
    """Return an answer without its citations."""
    bare = _replaced(answer, lambda mark: "", before=r"[ \t]*")
    return re.sub(r"\s+([.,;:!?])", r"\1", re.sub(r"[ \t]*\[\?\]", "", bare)).strip()


def renumbered(answer: str, first: Sequence[int] = ()) -> tuple[str, list[int]]:
    """Number the citations of a checked answer anew in the order of mention.

    Args:
        answer: The answer.
        first: Numbers that were mentioned before, in their order: a stream has shown them.

    Returns:
        The answer, and the old numbers in their new order.
    """
    order = list(dict.fromkeys([*first, *(n for mark in find_marks(answer) for n in mark.numbers)]))
    places = {number: place for place, number in enumerate(order, 1)}

    def anew(mark: Mark) -> str:
        doubt = "?" if answer[mark.start : mark.end].rstrip("]").endswith("?") else ""
        return "".join(f"[{places[number]}{doubt}]" for number in mark.numbers)

    return _replaced(answer, anew), order


def _replaced(answer: str, written: Callable[[Mark], str], *, before: str = "") -> str:
    pieces: list[str] = []
    end = 0
    for mark in find_marks(answer):
        kept = answer[end : mark.start]
        pieces += [re.sub(rf"{before}$", "", kept) if before else kept, written(mark)]
        end = mark.end
    return "".join([*pieces, answer[end:]])


def _without_source_list(answer: str) -> str:
    lines = answer.rstrip().split("\n")
    place = len(lines)
    while place and (not lines[place - 1].strip() or _names_source(lines[place - 1], lines[:place])):
        place -= 1
    entries = lines[place:]
    if not any(line.strip() for line in entries):
        return answer
    if place and _LIST_HEADING.match(lines[place - 1]):
        place -= 1
    elif not all(not line.strip() or _DEFINITION.match(line) for line in entries):
        return answer
    return "\n".join(lines[:place]).rstrip() if any(line.strip() for line in lines[:place]) else answer


def _names_source(line: str, before: Sequence[str]) -> bool:
    """Whether a line is an entry of a list of sources: it begins with its number and stands below a heading."""
    if _DEFINITION.match(line):
        return True
    bare = line.strip().lstrip("-*+• ")
    marks = find_marks(bare)
    begins = (bool(marks) and marks[0].start == 0) or bool(re.match(r"\d{1,3}[.)]\s", bare))
    return begins and any(_LIST_HEADING.match(other) for other in before)
