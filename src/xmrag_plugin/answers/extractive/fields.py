"""Values with their labels in lettering, found by layout: on a form, a bill, a receipt, in a table.

Where a value stands to its label is much the same in all languages: behind it on the line, below it
in its column, in the row of a table under a head. Which label is meant is told by the question alone
(see :func:`label_match`); no label is known beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import SequenceMatcher

from ...text.quantities import currency_of, money
from ...text.scripts import CJK
from ...text.sentences import is_table_row
from ...text.stop_words import stop_words
from ...text.terms import stem, tokens

__all__ = ["Field", "Match", "label_match", "prefer_wholes", "read_fields", "table_cells"]

_COLON = re.compile(r"^(?P<label>[^:：=]*[^\W\d_][^:：=]*?)\s*[:：=]\s*(?P<value>.*)$")
_TOKEN = re.compile(rf"[{CJK}]+(?![{CJK}])|[^\s{CJK}]+|\S")
_FOOTNOTE = re.compile(r"\(\d\)\W*")
_LETTERS = re.compile(rf"[{CJK}]|[^\W\d_]{{2,}}")
_NUMBER_WORDS = frozenset(["no", "nr", "nº", "n°", "num", "number", "nummer", "numéro", "numero", "número"])
"""How forms write "number" before one, in their languages."""

_MAX_COLUMN = 12  # labels, or values, read one after the other as columns of a table without lines
_MAX_LABEL_WORDS = 8  # more are a sentence
_MAX_UNIT_LETTERS = 3
_SAME_WORD = 0.8  # share of letters in common from which two words are one that was misread
_PART_OF_COMPOUND = 0.6  # "Betrag" in "Endbetrag", "total" in "subtotal"
_MIN_ABBREVIATION, _MIN_MISREAD = 3, 4  # letters
_ROUNDING = Decimal("0.001")  # of a sum, by which rounded parts may miss it
_WHOLE = 0.3
_BEHIND = 0.01
_MAX_CHANGE = Decimal("0.025")  # of an amount, by which it is rounded
_LINES_TO_ROUNDED = 6


@dataclass(frozen=True, slots=True)
class Field:
    """A value with its label.

    Attributes:
        label: Words of the label; in a table, of the row and of the column's head.
        value: The value as written.
        lines: Places of the lines to quote, in order: the label's, and the value's where it is another.
    """

    label: str
    value: str
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A field that a question may ask for.

    Attributes:
        field: The field.
        match: How well its label is what is asked for.
        said: The share of what is asked for that its label says.
        adjusted: Places of the lines that round its amount, and of the amount that comes of it.
        amount: Its largest amount, or the one that comes of it; 0 for other values.
    """

    field: Field
    match: float
    said: float
    adjusted: tuple[int, ...] = ()
    amount: Decimal = Decimal(0)


def read_fields(lines: Sequence[str]) -> list[Field]:
    """Return the fields of lettering, in its order.

    Args:
        lines: In reading order, what stands side by side on one line; rows of Markdown tables too.
    """
    places = [place for place, line in enumerate(lines) if not _is_sign(line)]
    return [
        replace(held, lines=tuple(places[line] for line in held.lines))
        for held in _fields_of([lines[place] for place in places])
    ]


def _is_sign(line: str) -> bool:
    """Return whether a line is a colon or a currency that a scanner tore off its amount."""
    words = line.strip(" .:()")
    return bool(line.strip()) and (not re.search(r"\w", words) or bool(currency_of(words)))


def _fields_of(lines: Sequence[str]) -> list[Field]:
    fields: list[Field] = []
    parts = [_split(line) for line in lines]
    for place, (label, value) in enumerate(parts[:-1]):
        if label and re.fullmatch(r"\S*%\W*", value) and parts[place + 1][1] and not parts[place + 1][0]:
            parts[place] = (lines[place].strip(), "")  # the rate of a tax, with the amount on the next line
    index = 0
    while index < len(lines):
        if is_table_row(lines[index]):
            end = index
            while end < len(lines) and is_table_row(lines[end]):
                end += 1
            fields += _of_table(lines, index, end)
            index = end
            continue
        label, value = parts[index]
        if label and value:
            fields.append(Field(label, value, (index,)))
        elif label:
            end = index
            while end < len(lines) and parts[end][0] and not parts[end][1] and end - index < _MAX_COLUMN:
                end += 1
            fields += _of_columns(lines, parts, index, end)
            index = end
            continue
        index += 1
    return fields


def _split(line: str) -> tuple[str, str]:
    """Return a line's label and value; either may be empty."""
    label, value = _parts(line)
    return ("", line.strip()) if len(label.split()) > _MAX_LABEL_WORDS else (label, value)


def _parts(line: str) -> tuple[str, str]:
    if match := _COLON.match(line):
        label, value = match["label"].strip(), match["value"].strip()
        if not value or not re.match(r"\d", value) or not re.search(r"\d$", label):  # "10:15" is a value
            return label, value
    tokens = list(_TOKEN.finditer(line))
    first = len(tokens)
    while first and _is_value(tokens, first - 1, len(tokens)):
        first -= 1
    behind = line[tokens[first].start() :] if first < len(tokens) else ""
    if not re.search(r"\d", behind) or _FOOTNOTE.fullmatch(behind):
        first = len(tokens)  # a currency or a dash alone is no value
    while (
        first < len(tokens)
        and not re.search(r"\w", tokens[first].group())
        and not _opens_value(tokens[first].group())
    ):
        first += 1  # a leader of dots
    start = tokens[first].start() if first < len(tokens) else len(line)
    label = line[:start].strip(" .·…_-–—*#")
    return (label, line[start:].strip()) if _LETTERS.search(label) else ("", line.strip())


def _opens_value(token: str) -> bool:
    return token in "+-−(#" or bool(currency_of(token))


def _is_value(tokens: Sequence[re.Match[str]], place: int, end: int) -> bool:
    """Return whether a token can belong to the value at a line's end: digits, a currency, a unit, signs."""
    token = tokens[place].group()
    if re.search(r"\d", token) or not re.search(r"[^\W_]", token) or currency_of(token.strip("().:")):
        return True
    behind_number = place > 0 and bool(re.search(r"\d", tokens[place - 1].group()))
    return place == end - 1 and behind_number and len(token) <= _MAX_UNIT_LETTERS


def _of_columns(
    lines: Sequence[str], parts: Sequence[tuple[str, str]], start: int, end: int
) -> Iterator[Field]:
    """Pair labels that stand alone with the values below them.

    A column of labels that is followed by one of as many values is paired in order; columns of unequal
    length by their ends, unless the values are far more, as the ticks of an axis are. A label with a colon has the next line for its value, whatever that is.
    """
    values: list[str] = []
    while end + len(values) < len(parts) and len(values) < _MAX_COLUMN:
        label, value = parts[end + len(values)]
        if label or not value:
            break
        values.append(value)
    count = end - start
    if len(values) > count + 1:  # the ticks of an axis, a column of a table
        values = []
    if values and count > 1 and len(values) >= count:
        for place in range(count):
            yield Field(parts[start + place][0], values[place], (start + place, end + place))
    elif values:
        yield Field(parts[end - 1][0], values[0], (end - 1, end))
        for place in range(max(start, end - len(values)), end - 1):
            yield Field(parts[place][0], values[place - end + len(values)], (place, place + len(values)))
    for place in range(start, end - 1):
        if lines[place].rstrip().endswith((":", "：")):
            yield Field(parts[place][0], parts[place + 1][0], (place, place + 1))


def table_cells(row: str) -> list[str]:
    """Return the cells of a row of a Markdown table."""
    return [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", row.strip().strip("|"))]


def _of_table(lines: Sequence[str], start: int, end: int) -> Iterator[Field]:
    heads = table_cells(lines[start])
    for place in range(start + 1, end):
        if re.fullmatch(r"\|[\s:|-]+\|", lines[place].strip()):
            continue
        cells = table_cells(lines[place])
        for column, cell in enumerate(cells[1:], 1):
            head = heads[column] if column < len(heads) else ""
            if cell:
                yield Field(f"{cells[0]} {head}".strip(), cell, (start, place))


def label_match(label: str, phrases: Sequence[Sequence[str]], language: str) -> tuple[float, float]:
    """Return how well a label is what a question asks for, and the share of what is asked for that it says, both 0–1.

    The first is F1 of the label's words and those of the phrase of the question that is asked for; the others name the
    document more often than the value. Every word that the question does not have makes it the label of something else
    ("Total saving" beside "Total").

    Args:
        label: Its words; currencies in it do not count.
        phrases: As :attr:`~.question_type.AskedFor.phrases` has them.
        language: Of the question.
    """
    plain = " ".join(word for word in re.findall(r"[^\s()\[\]:]+", label) if not currency_of(word))
    stops = stop_words(language)
    words = list(dict.fromkeys(word for word in tokens(plain) if word not in stops or word in _NUMBER_WORDS))
    if not words or not phrases:
        return 0.0, 0.0
    phrase = phrases[0]
    precision = sum(max(_closeness(word, other, language) for other in phrase) for word in words) / len(words)
    recall = sum(max(_closeness(other, word, language) for word in words) for other in phrase) / len(phrase)
    return 2 * precision * recall / (precision + recall) if precision and recall else 0.0, recall


def _closeness(word: str, other: str, language: str) -> float:
    """Return 1 for the same word, less for an abbreviation, a part of a compound, or one that was misread."""
    if word == other or stem(word, language) == stem(other, language) or {word, other} <= _NUMBER_WORDS:
        return 1.0
    shorter, longer = sorted((word, other), key=len)
    if len(shorter) >= _MIN_ABBREVIATION and longer.startswith(shorter):
        return _PART_OF_COMPOUND
    if len(shorter) < _MIN_MISREAD:
        return 0.0
    if longer.endswith(shorter):
        return _PART_OF_COMPOUND
    ratio = SequenceMatcher(None, word, other).ratio() if abs(len(word) - len(other)) <= 2 else 0.0
    return ratio if ratio >= _SAME_WORD else 0.0


def prefer_wholes(found: Sequence[Match], lines: Sequence[str]) -> list[Match]:
    """Return the fields with what the other amounts of the lettering speak for each, best first.

    Of several labels that a question may mean, the one of the whole is meant rather than those of its parts: an amount
    that is the sum of two others, or what was given less the change. The larger part of a whole whose label says as
    much of what is asked for comes behind it. An amount that is rounded below is followed to what comes of it.

    Args:
        found: Fields with how well their labels match.
        lines: All of the lettering.
    """
    written = [[abs(amount) for amount, _, _ in money(line)] for line in lines]
    amounts = {amount for row in written for amount in row if amount}
    ranked = [_followed(one, written) for one in found]
    parts = [set(_larger_parts(one.amount, amounts)) for one in ranked]
    labelled = {one.amount for one in ranked}
    matches = [
        one.match + _WHOLE * bool(one.adjusted or own or _is_settled(one, written, labelled))
        for one, own in zip(ranked, parts, strict=True)
    ]
    for place in sorted(range(len(ranked)), key=lambda place: -ranked[place].amount):
        for other, own in enumerate(parts):
            if ranked[place].amount in own and ranked[other].said >= ranked[place].said:
                matches[place] = min(matches[place], matches[other] - _BEHIND)
    ranked = [replace(one, match=match) for one, match in zip(ranked, matches, strict=True)]
    return sorted(ranked, key=lambda one: -one.match)


def _followed(one: Match, written: Sequence[Sequence[Decimal]]) -> Match:
    """Return a field with its amount, and the lines below that round it.

    Args:
        one: The field.
        written: The amounts of each line.
    """
    last = one.field.lines[-1]
    amount = max((value for value, _, _ in money(one.field.value)), default=Decimal(0))
    below = range(last + 1, min(last + 1 + _LINES_TO_ROUNDED, len(written)))
    for place in below:
        for step in range(last + 1, place):
            for rounded in written[place]:
                change = abs(rounded - amount)
                if 0 < change <= amount * _MAX_CHANGE and change in written[step]:
                    return replace(one, adjusted=(step, place), amount=rounded)
    return replace(one, amount=amount)


def _is_settled(one: Match, written: Sequence[Sequence[Decimal]], labelled: Collection[Decimal]) -> bool:
    """Return whether an amount was paid: below it stand what was given and, behind that, the change.

    What was given is none of the amounts whose labels match: those are sums of the bill itself.
    """
    below = [amount for row in written[one.field.lines[-1] + 1 :] for amount in row if amount]
    return one.amount > 0 and any(
        given - change == one.amount
        for place, given in enumerate(below)
        if given > one.amount and given not in labelled
        for change in below[place + 1 :]
    )


def _larger_parts(whole: Decimal, amounts: Collection[Decimal]) -> Iterator[Decimal]:
    """Yield the larger one of each two amounts that make a whole but for rounding."""
    for part in amounts:
        if whole / 2 <= part < whole and any(
            other <= part and abs(whole - part - other) <= whole * _ROUNDING for other in amounts
        ):
            yield part
