"""Work out from a whole table what no single row says: which is the most, whether it rose, a sum, a difference."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...text.terms import terms
from ..table_columns import column_numbers, highest, without_totals
from .change import direction_of
from .fact import Fact
from .facts import facts_of, holds_fact
from .languages import LEAST, LEAST_HAN, MOST, MOST_HAN, NO_SUPERLATIVE, ONE_OF
from .parsed_claim import ParsedClaim, label_stems
from .passages import Passage, Row

__all__ = ["Worked", "worked_out"]

_MOST = re.compile(
    rf"(?<!\w)(?:{MOST}|best|maximum|peak(?:s|ed)?|top|heaviest|tallest|fastest"
    r"|plus\s(?:grande?s?|élevée?s?)|(?:el|la|los|las)\s(?:mayor|más)|mayor(?:es)?|máxim[oa])(?!\w)"
    rf"|{MOST_HAN}",
    re.IGNORECASE,
)
_LEAST = re.compile(
    rf"(?<!\w)(?:{LEAST}|worst|minimum|lightest|slowest|cheapest"
    r"|plus\s(?:petite?s?|faibles?)|moins|menor(?:es)?|mínim[oa])(?!\w)"
    rf"|{LEAST_HAN}",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"(?<!\w)(?:more|higher|larger|bigger|greater|better|longer|heavier|taller|faster|mehr|höher|größer|plus|más|mayor)(?!\w).*?(?<!\w)(?:than|als|que)(?!\w)",
    re.IGNORECASE,
)
_LESS = re.compile(
    r"(?<!\w)(?:less|fewer|lower|smaller|worse|shorter|lighter|slower|weniger|niedriger|kleiner|moins|menos|menor)(?!\w).*?(?<!\w)(?:than|als|que)(?!\w)",
    re.IGNORECASE,
)
_SUM = re.compile(
    r"(?<!\w)(?:together|combined|in\stotal|altogether|sum|total|zusammen|insgesamt|ensemble|au\stotal|juntos|juntas|en\stotal)(?!\w)|一共|合计|总共",
    re.IGNORECASE,
)
_DIFFERENCE = re.compile(
    r"(?<!\w)(?:differen\w+|by|more|fewer|less|higher|lower|unterschied|um|mehr|weniger|écart|diferencia|plus|moins|más|menos)(?!\w)|相差|了",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^\W*[-−(]?\s?[$€£¥]?\s?\d[\d.,'’\s]*\d?\s?(?:%|[^\W\d]{0,12})?\W*$")

_ALL = re.compile(
    r"(?<!\w)(?:all|every|each|alle[rn]?|jede[rsnm]?|tous|toutes|chaque|todos|todas|cada)(?!\w)|所有|全部|每",
    re.IGNORECASE,
)
_MEASURED = {
    r"\bheav|\blight": "weight mass gewicht",
    r"\btall|\bhigh": "height höhe",
    r"\bcheap|\bexpensive": "price cost preis",
    r"\bfast|\bslow": "speed time",
    r"\blong|\bshort": "length länge",
    r"\bold|\byoung": "age alter",
}
"""What a column is called that says how heavy, how tall."""


@dataclass(frozen=True, slots=True)
class Worked:
    """What a table says of a claim that no row says by itself.

    Attributes:
        holds: Whether it bears the claim out.
        passage: The row that it rests on.
        reason: What the table says instead; empty where it holds.
    """

    holds: bool
    passage: Passage
    reason: str = ""


@dataclass(slots=True)
class _Line:
    """A row with the stems of what it is called, and its numbers; None for a cell that is more or less than a number."""

    passage: Passage
    row: Row
    label: set[str]
    numbers: list[Fraction | None]


def worked_out(claim: ParsedClaim, passages: Sequence[Passage]) -> Worked | None:
    """Work a claim out from a table; None where it is none of a superlative, comparison, change, sum or difference.

    Args:
        claim: The claim.
        passages: Of one source.
    """
    tables: dict[int, list[Passage]] = {}
    for passage in passages:
        if passage.row is not None and passage.parts == 1:
            tables.setdefault(passage.row.table, []).append(passage)
    for rows in tables.values():
        titled = len(rows) > 1 and rows[0].row is not None and rows[0].row.head
        if titled and (found := _of_table(claim, rows)) is not None:
            return found
    return None


def _of_table(claim: ParsedClaim, rows: Sequence[Passage]) -> Worked | None:
    lines = _read(rows)
    said = set(terms(claim.text))
    common = set.intersection(*(line.label for line in lines))
    named = [line for line in lines if (line.label - common) and (line.label - common) <= said]
    if not named and (every := _every(claim, lines)) is not None:
        return every
    columns = _columns(claim, lines)
    if not columns:
        return None
    own = [fact for fact in claim.facts if fact.kind == "number" and not _is_named(fact, lines)]
    return (
        _superlative(claim, lines, named, columns, own)
        or _comparison(claim, named, columns, own)
        or _change(claim, lines, named, columns, own)
        or _sum(claim, named, columns, own)
    )


def _read(rows: Sequence[Passage]) -> list[_Line]:
    lines = []
    for passage in rows:
        assert passage.row is not None
        label = label_stems(passage.row.label) or set(terms(passage.row.cells[0]))
        lines.append(_Line(passage, passage.row, label, [None] * len(passage.row.cells)))
    for column in range(max(len(line.row.cells) for line in lines)):
        cells = {
            place: line.row.cells[column] for place, line in enumerate(lines) if column < len(line.row.cells)
        }
        cells = {place: cell for place, cell in cells.items() if _is_number(cell)}
        for place, number in column_numbers(cells).items():
            lines[place].numbers[column] = number
    return lines


def _is_number(cell: str) -> bool:
    """Whether a cell is a number and nothing else."""
    if not _NUMBER.match(cell):
        return False
    return sum(fact.kind == "number" for fact in facts_of(cell, names=False)) == 1


def _every(claim: ParsedClaim, lines: Sequence[_Line]) -> Worked | None:
    """Ask each row for what a claim says of all."""
    if not _ALL.search(claim.text) or claim.negated or claim.facts:
        return None
    known = set(claim.stems)
    for column in range(1, min(len(line.row.cells) for line in lines)):
        cells = [label_stems(line.row.cells[column]) for line in lines]
        held = [bool(cell and cell <= known) for cell in cells]
        if any(held):
            other = next((line for line, holds in zip(lines, held, strict=True) if not holds), None)
            if other is None:
                return Worked(True, lines[0].passage)
            return Worked(False, other.passage, f"the table has {_cell_of(other, column)}")
    return None


def _columns(claim: ParsedClaim, lines: Sequence[_Line]) -> list[int]:
    """Return the columns of numbers that a claim speaks of: those whose heads it names best, or the only one."""
    head = lines[0].row.head
    filled = [
        place
        for place in range(1, min(len(head), min(len(line.row.cells) for line in lines)))
        if sum(line.numbers[place] is not None for line in lines) >= 0.6 * len(lines)
    ]
    if len(filled) < 2:
        return filled
    said = set(terms(claim.text))
    shares = {place: len(label_stems(head[place]) & said) for place in filled}
    best = max(shares.values())
    if not best:
        wanted = {
            stem
            for word, heads in _MEASURED.items()
            if re.search(word, claim.text, re.IGNORECASE)
            for stem in terms(heads)
        }
        return [place for place in filled if wanted & set(terms(head[place]))]
    return [place for place in filled if shares[place] == best]


def _is_named(fact: Fact, lines: Sequence[_Line]) -> bool:
    """Whether a number names a row or a column: a year."""
    names = " ; ".join([*lines[0].row.head, *(line.row.cells[0] for line in lines)])
    return any(holds_fact(fact, held) for held in facts_of(names, names=False))


def _superlative(
    claim: ParsedClaim,
    lines: Sequence[_Line],
    named: Sequence[_Line],
    columns: Sequence[int],
    own: Sequence[Fact],
) -> Worked | None:
    among = ONE_OF.search(claim.text)
    text = among.group() if among else NO_SUPERLATIVE.sub(" ", claim.text)
    most, least = bool(_MOST.search(text)), bool(_LEAST.search(text))
    if most == least or len(columns) != 1 or claim.negated:
        return None
    column = columns[0]
    numbers = {
        place: number
        for place, line in enumerate(lines)
        if column < len(line.numbers) and (number := line.numbers[column]) is not None
    }
    numbers = without_totals(numbers, {place: line.row.label for place, line in enumerate(lines)})
    meant = [place for place in numbers if lines[place] in named]
    if len(numbers) < 3 or len(meant) != 1:
        return None
    sign = 1 if most else -1
    best = highest(numbers, sign)
    if among and 2 * sum(sign * (one - numbers[meant[0]]) > 0 for one in numbers.values()) < len(numbers):
        return None  # the words say the rest
    if meant[0] not in best:
        other = lines[best[0]]
        return Worked(False, other.passage, f"the table has {_cell_of(other, column)}")
    passage = lines[meant[0]].passage
    facts = facts_of(passage.text, names=False)
    return (
        Worked(True, passage) if all(any(holds_fact(fact, held) for held in facts) for fact in own) else None
    )


def _cell_of(line: _Line, column: int) -> str:
    return f"{line.row.cells[column]} for {line.row.label}"


def _comparison(
    claim: ParsedClaim, named: Sequence[_Line], columns: Sequence[int], own: Sequence[Fact]
) -> Worked | None:
    more, less = _MORE.search(claim.text), _LESS.search(claim.text)
    match = more or less
    if match is None or (more and less) or len(columns) != 1 or len(named) != 2 or claim.negated or own:
        return None
    places = {id(line): _place(claim.text, line) for line in named}
    first, second = sorted(named, key=lambda line: places[id(line)])
    if not places[id(first)] < match.end() <= places[id(second)]:
        return None
    a, b = first.numbers[columns[0]], second.numbers[columns[0]]
    if a is None or b is None:
        return None
    if (a > b) if more else (a < b):
        return Worked(True, first.passage)
    said = f"the table has {_cell_of(first, columns[0])}, {_cell_of(second, columns[0])}"
    return Worked(False, first.passage, said)


def _place(text: str, line: _Line) -> int:
    """Return where a claim names a row."""
    for match in re.finditer(r"[^\W_]+", text):
        if set(terms(match.group())) & line.label:
            return match.start()
    return 0


def _ends(
    lines: Sequence[_Line], named: Sequence[_Line], columns: Sequence[int]
) -> tuple[tuple[_Line, int], tuple[_Line, int]] | None:
    """Return the two cells, first and last, that a claim speaks of: of a row, or of a column whose rows are years."""
    head = lines[0].row.head
    if len(named) == 1 and len(columns) == 2:
        years = [re.findall(r"(?:19|20)\d\d", head[place]) for place in columns]
        if years[0] and years[1] and years[0] < years[1]:
            return (named[0], columns[0]), (named[0], columns[1])
    if len(named) == 2 and len(columns) == 1:
        labels = [re.fullmatch(r"\W*(?:19|20)\d\d\W*", line.row.cells[0]) for line in named]
        if all(labels) and named[0].row.cells[0] < named[1].row.cells[0]:
            return (named[0], columns[0]), (named[1], columns[0])
    return None


def _change(
    claim: ParsedClaim,
    lines: Sequence[_Line],
    named: Sequence[_Line],
    columns: Sequence[int],
    own: Sequence[Fact],
) -> Worked | None:
    direction = direction_of(claim.text)
    ends = _ends(lines, named, columns)
    if not direction or ends is None or claim.negated:
        return None
    first, last = (line.row.cells[column] for line, column in ends)
    a, b = (line.numbers[column] for line, column in ends)
    passage = ends[1][0].passage
    if a is None or b is None:
        return None
    if (b - a) * direction <= 0:
        return Worked(False, passage, f"the table has {first}, then {last}")
    held = facts_of(f"{first} ; {last}", names=False)
    change = abs(b - a)
    for fact in own:
        bare = {_plain(value) for value in fact.values} | set(fact.values)
        share = 100 * change / abs(a) if a else Fraction(0)
        if (
            any(holds_fact(fact, one) for one in held)
            or change in bare
            or any(set(one.values) & bare for one in held)
        ):
            continue
        in_percent = fact.unit is not None and fact.unit.dimension == "share"
        if not in_percent or all(abs(Fraction(value) - share) > Fraction(1, 2) for value in fact.values):
            return None
    return Worked(True, passage)


def _plain(value: Fraction) -> Fraction:
    """Return an amount in thousands or millions as a cell writes it under a head that says so."""
    value = Fraction(value)
    for power in (9, 6, 3):
        if value >= 10**power and value % 10**power == 0:
            return value / 10**power
    return value


def _sum(
    claim: ParsedClaim, named: Sequence[_Line], columns: Sequence[int], own: Sequence[Fact]
) -> Worked | None:
    if len(named) < 2 or len(columns) != 1 or len(own) != 1 or claim.negated:
        return None
    numbers = [number for line in named if (number := line.numbers[columns[0]]) is not None]
    if len(numbers) < len(named):
        return None
    said = {Fraction(value) for value in own[0].values} | {_plain(value) for value in own[0].values}
    if _SUM.search(claim.text):
        total = sum(numbers, Fraction(0))
        if total in said:
            return Worked(True, named[0].passage)
        return Worked(False, named[0].passage, f"{own[0].text}: the rows make {float(total):g} together")
    if len(numbers) == 2 and _DIFFERENCE.search(claim.text) and abs(numbers[0] - numbers[1]) in said:
        more, less = _MORE.search(claim.text), _LESS.search(claim.text)
        first, second = sorted(named, key=lambda line: _place(claim.text, line))
        ahead = (first.numbers[columns[0]] or 0) > (second.numbers[columns[0]] or 0)
        if bool(more) != bool(less) and ahead != bool(more):
            return None
        return Worked(True, named[0].passage)
    return None
