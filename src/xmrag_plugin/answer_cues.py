"""What a question asks for, and where lettering holds it.

The expected answer type is read off the question's wording (Li and Roth, *Learning question
classifiers*, COLING 2002, with their coarse classes as rules). In lettering (OCR lines, form
fields, tables) an answer seldom stands in a sentence: it is the value beside, or below, the label
that the question names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from .quantities import dates, money, quantities
from .wording import content_terms, terms

__all__ = ["AnswerCue", "Field", "answer_cue", "find_fields", "find_totals", "holds_answer_type"]


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


_TOTAL = re.compile(
    r"\b(?:sub)?t[o0]ta[l1i]\b|\btotl\b|\bjumlah\b|\bamount\s*(due|payable|paid)\b|\b(balance|net+)\s*(due|amount|amt|payable)?\b"
    r"|\bpayable\b|\bamt\s*due\b|\bgesamt\w*|\bsumme\b|\bimporte\b|合计|總計|总计|总额|总价|小計合計",
    re.IGNORECASE,
)
_TOTAL_WORD = re.compile(r"t[o0]t[ae]?[l1i]\b|jumlah|due|payable|gesamt|summe|[合總总]", re.IGNORECASE)
_GRAND = re.compile(
    r"\bgrand\b|\bnet+\b|\bpayable\b|\bdue\b|\bround\w*\b(?!\s*(ing\s*)?adj)|\bafter\b|\bincl\w*|\binc\.?\b|\bwith\b",
    re.IGNORECASE,
)
_PARTIAL = re.compile(
    r"\bsub\s*-?\s*t[o0]tal|\bsubtotal|\bqty|\bquantity|\bitems?\b|\bsaving|\bdisc\w*|\bexcl\w*|\bbefore\b|\bwithout\b|\bpoints?\b|"
    r"\brounding\b|\badj\w*\b(?!.*\bincl)|\bno\.? of\b|\bpcs\b|\b(ex)\b|\bround\s?ing\b",
    re.IGNORECASE,
)
_TAX = re.compile(r"\b(gst|vat|tax|sst|mwst|iva|tva)\b", re.IGNORECASE)
_INCLUSIVE = re.compile(r"\bincl(?!ude[sd]?\b)\w*|\binc\b|\bwith\b|\bafter\b", re.IGNORECASE)
_PAID = re.compile(
    r"\b(cash|tender\w*|paid|payment|visa|master\w*|card|credit|debit|change|cnange|baki|tunai)\b",
    re.IGNORECASE,
)
_CHANGE = re.compile(r"\bchange\b|\bcnange\b|\bbaki\b|\bbalance\b", re.IGNORECASE)
_ROUNDING = re.compile(r"\bround", re.IGNORECASE)
_CENT5 = Decimal("0.05")


def _label_weight(line: str) -> float:
    """How much a line reads like the label of the sum to pay; 0 for none."""
    if not _TOTAL.search(line):
        return 0.0
    weight = 2.0 if _TOTAL_WORD.search(line) else 1.0
    if _GRAND.search(line):
        weight += 1.0
    if _TAX.search(line) and not _INCLUSIVE.search(line):
        weight -= 2.5
    if _PARTIAL.search(line):
        weight -= 1.6
    return max(weight, 0.1)


def find_totals(lines: Sequence[str]) -> list[Field]:
    """The sum to pay on a receipt, bill or invoice, from its lines in any order; best first.

    Clues: the label on the line, or above it with nothing but other labels between (columns read
    one after the other keep their order); payment minus change; sum plus tax; a sum that comes back.
    """
    amounts = [(index, value, text) for index, line in enumerate(lines) for value, text, _ in money(line)]
    if not amounts:
        return []
    values = [value for _, value, _ in amounts if value > 0]
    if not values:
        return []
    by_line: dict[int, list[tuple[Decimal, str]]] = {}
    for index, value, text in amounts:
        by_line.setdefault(index, []).append((value, text))
    scores: dict[Decimal, float] = {}
    labels: dict[Decimal, tuple[float, int, int]] = {}

    def credit(value: Decimal, gain: float, label: int, line: int) -> None:
        if value <= 0:
            return
        scores[value] = scores.get(value, 0.0) + gain
        if gain > labels.get(value, (0.0, 0, 0))[0]:
            labels[value] = (gain, label, line)

    for index, line in enumerate(lines):
        weight = _label_weight(line)
        if weight <= 0:
            continue
        if index in by_line:
            credit(by_line[index][-1][0], weight * 1.5, index, index)
        else:
            _credit_below(lines, by_line, index, weight, credit)
    _credit_sums(lines, values, scores)
    first = {value: (index, text) for index, value, text in reversed(amounts)}
    found = []
    for value, score in scores.items():
        index, text = first[value]
        if value in labels:
            _, label, index = labels[value]
            text = next(text for held, text in by_line[index] if held == value)
            quoted = (label,) if label == index else (label, index)
        else:
            quoted = (index,)
        found.append(Field(text, quoted, score))
    return sorted(found, key=lambda field: -field.score)


def _credit_below(
    lines: Sequence[str],
    by_line: Mapping[int, Sequence[tuple[Decimal, str]]],
    index: int,
    weight: float,
    credit: Callable[[Decimal, float, int, int], None],
) -> None:
    """Credit the amount that belongs to a label whose own line has none."""
    # The labels of this column that stand between, and the amounts that follow them.
    start = index
    while start > 0 and start - 1 not in by_line and _is_label(lines[start - 1]):
        start -= 1
    end = index + 1
    while end < len(lines) and end not in by_line and end - index <= 8:
        end += 1
    if end >= len(lines) or end not in by_line:
        return
    run: list[tuple[Decimal, int]] = []
    at = end
    while at in by_line and len(run) < 10:
        run.extend((value, at) for value, _ in by_line[at])
        at += 1
    between = [line for line in lines[index + 1 : end] if _is_label(line)]
    if not between:
        credit(run[0][0], weight * 1.4, index, run[0][1])
        return
    column = [line for line in lines[start:end] if _is_label(line)]
    place = sum(1 for line in lines[start:index] if _is_label(line))
    if len(column) == len(run) or place < len(run):
        credit(
            run[min(place, len(run) - 1)][0],
            weight * (1.0 if len(column) == len(run) else 0.6),
            index,
            run[min(place, len(run) - 1)][1],
        )
    for value, line in run:
        credit(value, weight * 0.25, index, line)


def _is_label(line: str) -> bool:
    """Whether a line is words (a label), not a currency sign, a code or a rule."""
    words = re.findall(r"[^\W\d_]{2,}", line)
    return bool(words) and not re.fullmatch(r"\W*(RM|USD|EUR|MYR|SR|ZRL|TX)\W*", line.strip(), re.IGNORECASE)


def _credit_sums(lines: Sequence[str], values: list[Decimal], scores: dict[Decimal, float]) -> None:
    """Arithmetic between the amounts: payment − change, sum + tax, rounding, repetition, size."""
    distinct = set(values)
    counts = {value: values.count(value) for value in distinct}
    text = "\n".join(lines)
    taxed = bool(_TAX.search(text))
    paid = bool(_PAID.search(text)) and bool(_CHANGE.search(text))
    for total in distinct:
        gain = 0.5 * min(counts[total] - 1, 3)
        if paid and any(
            tender > total and tender - total in distinct and tender - total < tender for tender in distinct
        ):
            gain += 1.0
        if any(part < total and total - part in distinct and (total - part) * 4 <= part for part in distinct):
            gain += 0.75
        if (
            _ROUNDING.search(text)
            and total % _CENT5 == 0
            and any(0 < abs(total - other) < _CENT5 for other in distinct)
        ):
            gain += 1.5
        if total in scores or gain >= 1.0:
            scores[total] = scores.get(total, 0.0) + gain
    tendered = max(distinct)
    change = any(tendered - other in distinct for other in distinct if other < tendered) and paid
    largest = (
        max((value for value in distinct if value != tendered), default=tendered)
        if change and counts[tendered] == 1
        else tendered
    )
    if largest in scores:
        scores[largest] += 0.75
    if not taxed:
        return
    for part in list(scores):  # a sum before tax is not what is paid
        if any(
            0 < whole - part <= part / 4
            and scores[whole] >= 2.0
            and any(abs(whole - part - tax) <= _CENT5 and tax > _CENT5 for tax in distinct)
            for whole in scores
        ):
            scores[part] -= 2.5
