"""Read a claim once for all the passages that it is compared with."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import cached_property

from ...text.quantities import currency_of
from ...text.terms import content_terms, fold, is_function_word, terms
from .fact import Fact
from .facts import facts_of
from .languages import NEGATION, NO_NEGATION, sure_language_of

__all__ = ["ParsedClaim", "akin", "clause_spans", "clauses_of", "content_stems", "label_stems", "negations"]

_CLAUSE = re.compile(
    r"[,;:()，；：。]\s*|\s[–—-]\s|\s(?:and|but|while|whereas|because|which|who|although|so that|und|aber|während|weil|et|mais"
    r"|tandis|car|y|pero|mientras|porque)\s",
    re.IGNORECASE,
)


class ParsedClaim:
    """A claim, read once for all the passages that it is compared with.

    Args:
        text: Its words.
        given: Stems of the question that it answers: what that says need not be said again.
    """

    def __init__(self, text: str, given: frozenset[str] = frozenset()) -> None:
        self.text = text
        self.given = given

    @cached_property
    def facts(self) -> list[Fact]:
        """What can be looked up, names aside."""
        return [fact for fact in facts_of(self.text, names=False) if not _vague(fact)]

    @cached_property
    def names(self) -> list[Fact]:
        """Its names."""
        return [fact for fact in facts_of(self.text) if fact.kind == "name"]

    @cached_property
    def opening(self) -> str:
        """The stem of its first word, when it begins with a capital letter and is no function word; else empty."""
        match = re.match(r"\W*([^\W_]+(?:[-'’][^\W_]+)*)", self.text)
        if match is None or not match[1][0].isupper() or is_function_word(match[1]):
            return ""
        return (terms(match[1]) or [""])[0]

    @cached_property
    def stems(self) -> list[str]:
        """Stems of the words that carry meaning, facts aside."""
        said = {stem for fact in self.facts if fact.kind != "quote" for stem in terms(fact.text)}
        codes = [word for word in re.findall(r"\b[A-Z]{2,3}\b", self.text) if currency_of(word)]
        said |= {stem for code in codes for stem in terms(code)}  # a part of an amount
        return [
            stem
            for stem in content_terms(self.text)
            if stem not in said and not stem.isdigit() and not is_function_word(stem)
        ]

    @cached_property
    def words(self) -> set[str]:
        """Its words, folded."""
        return set(re.findall(r"[^\W_]+", fold(self.text)))

    @cached_property
    def folded(self) -> str:
        """Its text, folded, without the full stop; empty for a text of a word or two."""
        folded = fold(self.text).strip(" .!?。！？")
        return folded if len(folded) >= 12 or len(folded.split()) >= 3 else ""

    @cached_property
    def negated(self) -> bool:
        """Whether it denies something."""
        return bool(negations(self.text))

    @cached_property
    def clauses(self) -> list[list[str]]:
        """Its clauses as stems of the words that carry meaning."""
        known = set(self.stems)
        return [[stem for stem in terms(part) if stem in known] for part in clauses_of(self.text)]

    @cached_property
    def language(self) -> str:
        """See :func:`sure_language_of`."""
        return sure_language_of(self.text)


def _vague(fact: Fact) -> bool:
    """Whether a number is a way of speaking: "two" of something, without a unit."""
    return (
        fact.kind == "number"
        and fact.worded
        and fact.unit is None
        and not fact.nouns
        and max(fact.values) <= 3
    )


def content_stems(text: str) -> set[str]:
    """Return the stems of a sentence without the function words of its language, and of English."""
    return {stem for stem in content_terms(text) if not is_function_word(stem)}


def label_stems(label: str) -> set[str]:
    """Return the stems of a cell or a head, too short to tell its language, without English function words."""
    return {stem for stem in terms(label) if not is_function_word(stem)}


def akin(stem: str, stems: Iterable[str]) -> bool:
    """Whether a word of the same root is among the stems: a common beginning of most of the longer one."""
    if len(stem) < 5 or not stem.isalpha():
        return False
    for other in stems:
        longer = max(len(stem), len(other))
        need = max(4, math.ceil(0.65 * longer))
        if len(other) >= 4 and stem[:need] == other[:need] and need <= min(len(stem), len(other)):
            return True
    return False


def negations(text: str) -> int:
    return len(NEGATION.findall(NO_NEGATION.sub(" ", text)))


def clauses_of(text: str) -> list[str]:
    return [text[start:end] for start, end in clause_spans(text)]


_JOINED = re.compile(
    r"\d\W?\x00[$€£]?\d"
    r"|(?:^|\b(?:by|between|of|with|both|von|zwischen|mit|par|entre|avec|por|con)\s)(?:[A-ZÀ-Þ][\w’'-]*\s?){1,3}\x00[A-ZÀ-Þ]"
)


def clause_spans(text: str) -> list[tuple[int, int]]:
    spans, start = [], 0
    for match in _CLAUSE.finditer(text):
        if match.group()[0].isspace() and _JOINED.search(
            text[: match.start()] + "\x00" + text[match.end() :]
        ):
            continue  # "between 2012 and 2014", "by Norland and Sudria"
        if text[start : match.start()].strip():
            spans.append((start, match.start()))
            start = match.end()
    if text[start:].strip():
        spans.append((start, len(text)))
    return spans
