"""The words that fill a blank: "________ is another word for sleepwalking" → "somnambulism".

Every short span of the quoted sentences is put into the blank; the span with which the question says
what its sentence says, by nearness of their vectors, is taken. On short questions of a textbook this
hits about one in four exactly, so that it stands beside the quotations and never in their place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from ...text.terms import content_terms, is_function_word, terms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["fill_blank"]

_BLANK = re.compile(r"_{3,}")
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_LONGEST = 4
_PER_WORD = 0.02  # longer spans bring more of the sentence along and come nearer for that alone
_PER_PLACE = 0.03  # later quotations answer less well
_MOST = 80


class _Encoder(Protocol):
    def encode_texts(
        self, texts: Sequence[str], *, role: Literal["query", "document"] = "document"
    ) -> NDArray[np.float32]: ...


def fill_blank(question: str, quotes: Sequence[str], encoder: _Encoder) -> str:
    """What fills the question's blank, from the quotations; empty when nothing can.

    Args:
        question: With a blank of three or more underscores.
        quotes: Sentences, best first.
        encoder: Text encoder.
    """
    if not _BLANK.search(question):
        return ""
    spans = [(span, place) for place, quote in enumerate(quotes) for span in _spans(question, quote)][:_MOST]
    if not spans:
        return ""
    filled = encoder.encode_texts([_BLANK.sub(lambda _, s=span: s, question) for span, _ in spans])  # type: ignore[misc]
    said = encoder.encode_texts(list(quotes))
    scores = [
        float(row @ said[place]) - _PER_WORD * len(span.split()) - _PER_PLACE * place
        for row, (span, place) in zip(filled, spans, strict=True)
    ]
    return spans[max(range(len(spans)), key=scores.__getitem__)][0]


def _spans(question: str, quote: str) -> list[str]:
    """Runs of one to four words that bring something new and do not begin or end in a function word."""
    asked = set(terms(question))
    words = list(_WORD.finditer(quote))
    found: dict[str, None] = {}
    for start, first in enumerate(words):
        if is_function_word(first.group()):
            continue
        for last in words[start : start + _LONGEST]:
            span = quote[first.start() : last.end()]
            if re.search(r"[,;:()“”\"—–]|\.\s", span):
                break
            if is_function_word(last.group()) or set(content_terms(span)) <= asked:
                continue
            found[span] = None
    return list(found)
