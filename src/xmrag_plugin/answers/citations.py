"""Citations ``[n]`` in an answer: found, checked against the evidence, and marked where they do not hold."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..text.quantities import dates, holds_date, holds_quantity, quantities
from ..text.sentences import sentence_spans, sentences
from ..text.terms import content_terms, fold, normalised, terms
from ..types import Citation
from .context import Evidence

__all__ = ["CheckedAnswer", "best_quote", "check_citations", "cited_numbers", "has_marks", "without_marks"]

_NUMBERS = r"\^?\d{1,3}(?:\s?[-–,;，、]\s?\^?\d{1,3})*"
_MARK_PATTERN = rf"(?:\[{_NUMBERS}\??\](?!\()|【\d{{1,3}}[^】]{{0,24}}】)"
_MARK = re.compile(_MARK_PATTERN)
_GROUP = re.compile(rf"(?:{_MARK_PATTERN}\s*)+")
_QUOTED = re.compile(r"“([^”]{4,})”|\"([^\"]{4,})\"|«([^»]{4,})»|「([^」]{2,})」|„([^“”]{4,})[“”]")
_ORDINAL_LIST = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)
_LABEL = re.compile(
    r"\b(?:fig(?:ure)?s?|tab(?:le)?s?|pages?|pp?|sec(?:tion)?s?|chapters?|step|eq)\.?\s*\d+(?:[.-]\d+)*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CheckedAnswer:
    """An answer after the check.

    Attributes:
        text: The answer with plain ``[n]``; ``[n?]`` where the evidence lacks what is claimed,
            ``[?]`` where there is no such evidence.
        citations: One for each number cited, in order of first mention.
        uncited: Sentences that state numbers, dates or quotations and cite nothing.
    """

    text: str
    citations: list[Citation]
    uncited: list[str]


def cited_numbers(mark: str) -> list[int]:
    """The numbers in ``[1, 3]``, ``[2-4]``, ``[^1]`` or ``【1】``."""
    found: list[int] = []
    for part in re.split(r"[,;，、]", mark.strip("[]【】?")):
        bounds = [int(digits) for digits in re.findall(r"\d{1,3}", part)]
        if (
            len(bounds) == 2
            and re.search(r"\d\s?[-–]\s?\^?\d", part)
            and bounds[0] < bounds[1] <= bounds[0] + 20
        ):
            found.extend(range(bounds[0], bounds[1] + 1))
        elif bounds:
            found.append(bounds[0])
    return found


def check_citations(answer: str, evidence: Sequence[Evidence]) -> CheckedAnswer:
    """Look up what each cited sentence claims in the words of the evidence that it cites.

    A citation holds when its number exists and the numbers, dates, units and quotations of its
    sentence stand in the evidence (OCR included), however they are written. A sentence with several
    citations may have its claims from any of them together; each must then hold at least one.
    """
    by_number = {item.n: item for item in evidence}
    verdicts: dict[int, list[tuple[bool, str]]] = {}
    pieces: list[str] = []
    uncited: list[str] = []
    end = 0
    for claim, start, stop, numbers in _claims(answer):
        if not numbers:
            if _checkable(claim):
                uncited.append(claim.strip())
            continue
        pieces.append(answer[end:start])
        end = stop
        existing = [number for number in numbers if number in by_number]
        supported = _supports(claim, [by_number[number] for number in existing])
        marks = []
        for number in numbers:
            if number not in by_number:
                marks.append("[?]")
                continue
            marks.append(f"[{number}]" if supported[number] else f"[{number}?]")
            verdicts.setdefault(number, []).append((supported[number], best_quote(claim, by_number[number])))
        trailing = re.search(r"\s*$", answer[start:stop])
        pieces.append("".join(dict.fromkeys(marks)) + (trailing.group() if trailing else ""))
    pieces.append(answer[end:])
    found = []
    for number, seen in verdicts.items():
        quote = next((quote for held, quote in seen if held and quote), seen[0][1])
        found.append(by_number[number].citation(quote, supported=all(held for held, _ in seen)))
    return CheckedAnswer("".join(pieces), found, uncited)


def has_marks(answer: str) -> bool:
    """Whether an answer cites anything."""
    return bool(_MARK.search(answer))


def without_marks(answer: str) -> str:
    """An answer without its citations."""
    return re.sub(
        r"\s+([.,;:!?])", r"\1", re.sub(r"[ \t]*(?:" + _MARK_PATTERN + r"|\[\?\])", "", answer)
    ).strip()


def _claims(answer: str) -> list[tuple[str, int, int, list[int]]]:
    """``(claim, start of marks, end of marks, numbers)`` in order; no numbers for an uncited sentence.

    The claim of a group of marks is the text since the last group or sentence end before it; marks
    after the full stop belong to the sentence before.
    """
    found: list[tuple[str, int, int, list[int]]] = []
    groups = list(_GROUP.finditer(answer))
    spans = sentence_spans(answer)
    covered: list[tuple[int, int]] = []
    last = 0
    for group in groups:
        before = answer[last : group.start()]
        starts = [start for start, stop in spans if last <= start < group.start()]
        begin = starts[-1] if starts else last
        if not answer[begin : group.start()].strip(" .!?\n\t"):
            begin = starts[-2] if len(starts) > 1 else last
        claim = answer[begin : group.start()] if before.strip() else ""
        if not re.search(r"\w", claim):
            # The mark opens its sentence: "[1] says that …", or follows another one's full stop.
            rest = next(
                (answer[group.end() : stop] for start, stop in spans if start <= group.start() < stop), ""
            )
            claim = rest if re.search(r"\w", rest) else (found[-1][0] if found else "")
        numbers = [number for mark in _MARK.finditer(group.group()) for number in cited_numbers(mark.group())]
        found.append((claim, group.start(), group.end(), numbers))
        covered.append((begin, group.end()))
        last = group.end()
    for start, stop in spans:
        if not any(begin < stop and start < close for begin, close in covered):
            found.append((answer[start:stop], stop, stop, []))
    return sorted(found, key=lambda claim: (claim[1], claim[2]))


def _bare(claim: str) -> str:
    """A claim without marks, list numbers and references to figures or pages, which are no findings."""
    return _LABEL.sub(" ", _ORDINAL_LIST.sub(" ", _MARK.sub(" ", claim)))


def _checkable(claim: str) -> bool:
    bare = _bare(claim)
    return bool(
        _QUOTED.search(bare) or dates(bare) or any(not quantity.worded for quantity in quantities(bare))
    )


def _supports(claim: str, cited: Sequence[Evidence]) -> dict[int, bool]:
    bare = _bare(claim)
    quotes = [next(group for group in match.groups() if group) for match in _QUOTED.finditer(bare)]
    unquoted = _QUOTED.sub(" ", bare)
    days = dates(unquoted)
    for _, text, _ in days:
        unquoted = unquoted.replace(text, " ")
    numbers = [quantity for quantity in quantities(unquoted) if not (quantity.worded and not quantity.unit)]
    wanted = len(quotes) + len(days) + len(numbers)
    if not cited:
        return {}
    held: dict[int, set[int]] = {item.n: set() for item in cited}
    for item in cited:
        words = item.words + "\n" + item.source
        flat = normalised(words)
        there_days = dates(words)
        there = quantities(words)
        for place, quote in enumerate(quotes):
            if _holds_quote(quote, flat):
                held[item.n].add(place)
        for place, (readings, _, _) in enumerate(days, len(quotes)):
            if holds_date(readings, there_days):
                held[item.n].add(place)
        for place, quantity in enumerate(numbers, len(quotes) + len(days)):
            if holds_quantity(quantity, there):
                held[item.n].add(place)
    together = set().union(*held.values())
    if not wanted:
        spoken = set(content_terms(bare))
        return {item.n: _touches(spoken, item) for item in cited}
    whole = len(together) == wanted
    return {
        item.n: whole and bool(held[item.n] or _touches(set(content_terms(bare)), item)) for item in cited
    }


def _holds_quote(quote: str, flat: str) -> bool:
    parts = [normalised(part) for part in re.split(r"…|\.\.\.|\[…\]|·", quote)]
    return all(part in flat for part in parts if part)


def _touches(spoken: set[str], item: Evidence) -> bool:
    """Whether a claim without anything to look up shares at least a word with what it cites.

    A picture may be cited for what is seen in it, and words of another script cannot be compared.
    """
    if item.has_picture or not spoken:
        return True
    held = set(terms(item.words))
    same_script = any(term.isascii() for term in spoken) == any(term.isascii() for term in held)
    return bool(spoken & held) or not same_script


def best_quote(claim: str, item: Evidence) -> str:
    """The sentence or line of the evidence that is nearest to a claim, verbatim."""
    spoken = set(terms(_bare(claim)))
    units = list(dict.fromkeys([*sentences(item.text), *item.ocr.splitlines()]))
    if not units:
        return item.caption
    folded = fold(claim)

    def nearness(unit: str) -> float:
        held = set(terms(unit))
        if not held:
            return 0.0
        return len(spoken & held) / math.sqrt(len(held) + 4) + (1.0 if fold(unit) in folded else 0.0)

    best = max(units, key=nearness)
    return best if nearness(best) > 0 else (item.caption or units[0])
