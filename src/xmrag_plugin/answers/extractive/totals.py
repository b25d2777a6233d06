"""The sum to pay on a receipt, bill or invoice, found in its lettering."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from ...text.quantities import money
from .question_type import Field

__all__ = ["find_totals"]

# As scanners read it too: "lotal", "Totai", "TotalIn", "T0TAL".
_TOTAL_WORD = re.compile(
    r"(?<![a-z])(?:sub\s?-?)?(?:total|t[o0]ta[l1it]|[lti]otal|tota|tot[ae]l|tatal|totl)(?![a-su-z]*(?:ity|ise))|(?<![a-z])tot(?![a-z])"
    r"|jumlah|due|payable|gesamt|summe|[合總总](?:计|計|额|价|額)|小計合計",
    re.IGNORECASE,
)
_TOTAL = re.compile(
    rf"{_TOTAL_WORD.pattern}|\b(?:balance|net+)\b|\bamount\s*paid\b|sales\s*\(?\s*incl|\bimporte\b",
    re.IGNORECASE,
)
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
_CHANGE = re.compile(r"\bc[hn]ange\b|\bbaki\b", re.IGNORECASE)
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
            # Several amounts are a row of a summary: net and tax, say.
            largest = max(value for value, _ in by_line[index])
            for value, _ in by_line[index]:
                credit(value, weight * (1.5 if value == largest else 0.4), index, index)
        else:
            _credit_below(lines, by_line, index, weight, credit)
    _credit_sums(lines, values, scores)
    for index in by_line:
        if _CHANGE.search(lines[index]) and not _TOTAL.search(lines[index]):
            for value, _ in by_line[index]:
                scores[value] = scores.get(value, 0.0) - 1.5
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
    if _ROUNDING.search(text):
        for exact in [value for value in scores if value % _CENT5 and scores[value] >= 2.0]:
            for rounded in distinct:  # cash is paid in steps of five cents
                if rounded % _CENT5 == 0 and 0 < abs(rounded - exact) < _CENT5:
                    scores[rounded] = max(scores.get(rounded, 0.0), scores[exact]) + 1.0
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
