"""Citations for an answer whose generator gave none: each sentence with the evidence that it rests on.

Small models often answer rightly and forget the numbers. A sentence is given a number only when its
words, and all that can be looked up in it, stand in that piece of evidence.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..text.sentences import sentence_spans
from ..text.terms import content_terms, terms
from .citations import check_citations
from .context import Evidence

__all__ = ["attribute"]

_SHARE = 0.6


def attribute(answer: str, evidence: Sequence[Evidence], *, question: str = "") -> str:
    """``answer`` with ``[n]`` behind each sentence that one piece of evidence supports.

    Words of the question do not count: an answer repeats them whatever it rests on.

    Args:
        answer: Text without citations.
        evidence: Numbered evidence.
        question: What was asked.
    """
    asked = set(content_terms(question)) if question else set()
    held = {item.n: set(terms(item.words)) for item in evidence}
    pieces: list[str] = []
    end = 0
    for start, stop in sentence_spans(answer):
        sentence = answer[start:stop]
        spoken = set(content_terms(sentence))
        telling = spoken - asked or spoken
        best = max(evidence, key=lambda item: (_share(telling, held[item.n]), -item.n), default=None)
        if best is None or _share(telling, held[best.n]) < _SHARE:
            continue
        checked = check_citations(f"{sentence} [{best.n}]", [best])
        if not all(citation.supported for citation in checked.citations):
            continue
        pieces += [answer[end:stop], f" [{best.n}]"]
        end = stop
    pieces.append(answer[end:])
    return "".join(pieces)


def _share(telling: set[str], held: set[str]) -> float:
    return len(telling & held) / len(telling) if telling else 0.0
