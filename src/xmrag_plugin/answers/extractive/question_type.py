"""What a question asks for, and where lettering holds it.

The expected answer type is read off the question's wording (Li and Roth, *Learning question
classifiers*, COLING 2002, with their coarse classes as rules). In lettering (OCR lines, form
fields, tables) an answer seldom stands in a sentence: it is the value beside, or below, the label
that the question names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...text.quantities import dates, money, quantities
from ...text.terms import content_terms, terms

__all__ = ["AnswerCue", "Field", "answer_cue", "find_fields", "holds_answer_type"]


@dataclass(frozen=True, slots=True)
class AnswerCue:
    """What the question wants.

    Attributes:
        kind: ``amount``, ``total``, ``number``, ``date``, ``person``, ``place``, ``reason``,
            ``figure``, or ``""`` for none of these.
        label: Terms of the thing asked for ("total", "invoice number").
        blank: Whether it is a sentence to be completed ("In the …, a hypothesis is a ____.").
    """

    kind: str
    label: tuple[str, ...] = ()
    blank: bool = False


_KINDS = [
    (
        "figure",
        r"\b(show me|(which|what) (figure|picture|image|chart|diagram|map|photo\w*|drawing|graph)|(figure|picture|image|"
        r"chart|diagram|map|photo\w*|drawing|graph) (of|that|which|showing|with))\b|哪(张|幅)?图",
    ),
    (
        "total",
        r"\b(what|which|how much|tell|give)\b.{0,24}\b(total|sum|balance)\b(?! number)|\bhow much (was|is|did|were|does)\b.{0,60}"
        r"\b(paid|pay|due|in all|altogether|total|spent|come to|bill)\b|\btotal (amount|price|cost|due|paid)\b|总(计|额|价)|合计",
    ),
    (
        "amount",
        r"\bhow much\b|\b(price|cost|fee|fare|salary|amount|charge|tax|discount|revenue|value|rate)s?\b|多少钱|价格",
    ),
    (
        "date",
        r"\bwhen\b|\b(what|which) (date|day|year|month|century|decade|time)\b|\bdate of\b|何时|什么时候|哪(一)?年|日期",
    ),
    (
        "number",
        r"\bhow (many|long|far|old|tall|high|deep|fast|heavy|large|big|hot|cold|often|wide)\b|\bnumber of\b|"
        r"\b(percent\w*|temperature|distance|speed|height|weight|length|width|age|ratio|frequency|population|size)\b|多少|几",
    ),
    (
        "person",
        r"\bwho(m|se)?\b|\b(which|what) (person|psychologist|scientist|author|researcher|astronomer|company|firm)\b|谁",
    ),
    (
        "place",
        r"\bwhere\b|\b(which|what) (country|city|place|region|town|state|address|location)\b|哪里|在哪",
    ),
    ("reason", r"\bwhy\b|\bfor what reason\b|为什么"),
]
_KIND_FORMS = [(kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _KINDS]
_ASKED = re.compile(
    r"\b(?:what|which)(?:'s|\s+(?:is|was|are|were))?\s+(?:the\s+)?(?P<label>[\w\s/#-]{2,50}?)\s*"
    r"(?:\b(?:on|of|in|from|for|at|to|by|shown|printed|given|dated|listed|written|does|did|is|was|are|were)\b|[?,.]|$)",
    re.IGNORECASE,
)


def answer_cue(question: str) -> AnswerCue:
    """Read the expected answer type off a question's wording."""
    kind = next((kind for kind, form in _KIND_FORMS if form.search(question)), "")
    match = _ASKED.search(question)
    label = tuple(content_terms(match["label"])) if match else ()
    return AnswerCue(kind, label, bool(re.search(r"_{3,}|\.{4,}|…\s*\.?$", question)))


_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-Z][\w’'-]+(?:\s+(?:[A-Z][\w’'.-]*|de|van|von|der|la))*")
_PLACE = re.compile(
    r"\b(?:in|at|near|from|on|to|inside|within|of)\s+(?:the\s+)?[A-Z]\w+|\b\d+,?\s+[A-Z]\w+\s+(?:Street|St|Road|Rd|Jalan)"
)
_REASON = re.compile(
    r"\b(because|since|due to|owing to|therefore|thus|as a result|so that|in order to|reason|caus\w+|leads? to|"
    r"explain\w*|consequently)\b|因为|因此|由于",
    re.IGNORECASE,
)


def holds_answer_type(kind: str, text: str) -> bool:
    """Whether a sentence or line holds something of the kind asked for."""
    if kind in {"amount", "total"}:
        return bool(money(text)) or any(q.unit and not q.worded for q in quantities(text))
    if kind == "number":
        return bool(quantities(text))
    if kind == "date":
        return bool(dates(text)) or bool(
            re.search(r"\b(1[5-9]|20)\d\d(s|\b)|\b\d{1,2}(st|nd|rd|th) century\b|年", text)
        )
    if kind == "person":
        return bool(_NAME.search(text))
    if kind == "place":
        return bool(_PLACE.search(text))
    if kind == "reason":
        return bool(_REASON.search(text))
    return False


@dataclass(frozen=True, slots=True)
class Field:
    """A value with its label, in lettering.

    Attributes:
        value: The value as written.
        lines: Indexes of the lines to quote, in order: the label's and the value's.
        score: How sure it is, comparable within one text.
    """

    value: str
    lines: tuple[int, ...]
    score: float


_SPELT_OUT = {"no": "number", "nr": "number", "num": "number"}
"""How labels shorten what a question spells out: "SERIAL No."."""


def find_fields(lines: Sequence[str], cue: AnswerCue) -> list[Field]:
    """Lines whose label is what the question names, with the value beside or below; best first."""
    if not cue.label:
        return []
    wanted = set(cue.label)
    found = []
    for index, line in enumerate(lines):
        here = {_SPELT_OUT.get(term, term) for term in terms(line)}
        share = len(wanted & here) / len(wanted)
        if share < 0.5 or (len(wanted) > 1 and share < 0.6):
            continue
        # A label is short; a line of many other words is no label.
        focus = len(wanted & here) / max(len(here), 1)
        coded = not cue.kind and any(re.search(r"\d", term) for term in here - wanted)
        if re.search(r"[:=#]\s*\S", line) or coded or (cue.kind and holds_answer_type(cue.kind, line)):
            found.append(Field(line, (index,), share + 0.5 * focus + 0.3))
            continue
        for below in range(index + 1, min(index + 3, len(lines))):
            value = lines[below]
            fits = (
                holds_answer_type(cue.kind, value)
                if cue.kind in {"amount", "total", "number", "date"}
                else True
            )
            if fits and not value.strip().endswith(":"):
                found.append(Field(value, (index, below), share + 0.5 * focus))
                break
    return sorted(found, key=lambda field: -field.score)
