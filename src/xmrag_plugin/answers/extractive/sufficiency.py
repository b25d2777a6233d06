"""Whether the evidence can hold an answer at all: asked before anything is quoted or generated."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...text.quantities import dates, holds_date
from ...text.terms import content_terms, terms
from ..context import Evidence

__all__ = ["below_threshold"]


def below_threshold(question: str, evidence: Sequence[Evidence], threshold: float) -> bool:
    """Return whether p(the collection holds it), or else the top p(relevant), says that the sources do not hold it.

    A question whose names, numbers and dates stand together in one piece of evidence is let through
    all the same: that is surer than any fitted threshold.

    Args:
        question: Its words.
        evidence: Numbered evidence.
        threshold: As :attr:`CrossModalIndex.abstention_threshold` gives it; 0 for none.
    """
    known = [p for item in evidence if (p := item.answerable) is not None]
    if not known or threshold <= 0 or max(known) >= threshold:
        return False
    return not _met_exactly(question, evidence)


def _met_exactly(question: str, evidence: Sequence[Evidence]) -> bool:
    """Return whether one piece of evidence has the question's date or long number, and its names with it."""
    asked = dates(question)
    named = {
        term
        for word in re.findall(r"(?<!^)(?<![.!?] )\b[A-Z0-9][\w.&'-]+", question)
        for term in content_terms(word)
    }
    named -= {term for _, text, _ in asked for term in terms(text)}
    numbers = {term for term in named if sum(char.isdigit() for char in term) >= 3}
    if not (asked or numbers) or len(named) + len(asked) < 2:
        return False
    for item in evidence:
        there = dates(item.words)
        held = set(terms(item.words))
        met = len(named & held) + sum(holds_date(days, there) for days, _, _ in asked)
        if met >= 0.8 * (len(named) + len(asked)) and numbers <= held:
            return True
    return False
