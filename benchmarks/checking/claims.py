"""Make claims about stored passages by code: true ones in other words, and false ones of ten kinds.

The makers know nothing of the checker: they have tables of their own, and work on the text of the source.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MadeClaim", "Piece", "make_claims", "pieces_of"]

SYNONYMS = {
    "big": "large", "large": "big", "begin": "start", "begins": "starts", "began": "started", "shows": "displays",
    "show": "display", "people": "persons", "used": "employed", "use": "employ", "uses": "employs", "many": "numerous",
    "often": "frequently", "important": "significant", "help": "assist", "helps": "assists", "main": "principal",
    "called": "named", "called.": "named.", "usually": "generally", "happens": "occurs", "happen": "occur", "get": "obtain",
    "gets": "obtains", "gave": "provided", "gives": "provides", "give": "provide", "children": "kids", "found": "discovered",
    "study": "investigation", "studies": "investigations", "researchers": "scientists", "about": "roughly",
    "approximately": "about", "near": "close to", "end": "conclusion", "difficult": "hard", "quickly": "rapidly",
    "rapidly": "quickly", "parts": "components", "part": "component", "area": "region", "areas": "regions",
    "contains": "includes", "contain": "include", "need": "require", "needs": "requires", "changes": "alterations",
    "several": "a number of", "bright": "luminous", "amount": "quantity", "method": "technique", "way": "manner",
    "created": "produced", "produce": "generate", "produces": "generates", "allows": "enables", "allow": "enable",
    "describe": "characterize", "describes": "characterizes", "however": "nevertheless", "because": "since",
    "results": "outcomes", "result": "outcome", "goal": "aim", "goals": "aims", "example": "instance",
}  # fmt: skip
NEGATIONS = [
    (
        r"\b(is|are|was|were|can|could|will|would|should|may|does|did|has|have|had|must)\s(?!not\b|n't|no\b)",
        r"\1 not ",
    ),
]
ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"]
CONVERSIONS = [
    (r"(\d+(?:\.\d+)?)\s(?:km|kilometers|kilometres)\b", 1000.0, "meters"),
    (r"(\d+(?:\.\d+)?)\s(?:meters|metres)\b", 100.0, "centimeters"),
    (r"(\d+(?:\.\d+)?)\s(?:hours)\b", 60.0, "minutes"),
    (r"(\d+(?:\.\d+)?)\s(?:minutes)\b", 60.0, "seconds"),
    (r"(\d+(?:\.\d+)?)\s(?:kilograms|kg)\b", 1000.0, "grams"),
    (r"(\d+(?:\.\d+)?)\s(?:weeks)\b", 7.0, "days"),
    (r"(\d+(?:\.\d+)?)\s(?:years)\b", 12.0, "months"),
    (r"(\d+(?:\.\d+)?)%", 1.0, " percent"),
    (r"(\d+(?:\.\d+)?)\s(?:percent)\b", 1.0, "%"),
]
OTHER_UNITS = {
    "km": "miles", "kilometers": "miles", "kilometres": "miles", "meters": "feet", "metres": "feet", "hours": "minutes",
    "minutes": "hours", "seconds": "hours", "years": "days", "days": "years", "months": "years", "weeks": "years", "%": " kg",
    "percent": "degrees", "kilograms": "tons", "grams": "kilograms", "miles": "meters", "feet": "miles", "K": "kg",
    "dollars": "euros", "million": "billion", "billion": "million", "cm": "km",
}  # fmt: skip
WORDED = {
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
}
ADDITIONS = [
    "which surprised the mayor of the town and his brother",
    "although a later inquiry withdrew the whole statement",
    "and the costs were borne by a family of bakers",
    "because the owner had lost the keys of the warehouse",
    "after which everybody received a free umbrella",
    "which won a prize at the harbour festival",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """A stored node: id, document, kind of node, words and metadata."""

    node_id: str
    source: str
    modality: str
    text: str
    metadata: dict[str, object]


@dataclass(frozen=True, slots=True)
class MadeClaim:
    """A claim, whether it is true of the piece that it cites, and how it was made."""

    corpus: str
    kind: str
    true: bool
    text: str
    cited: Piece
    others: tuple[Piece, ...]
    seed: int = 7

    @property
    def held_out(self) -> bool:
        """Whether it belongs to the half that nothing was tuned on: by the hash of its node with the seed."""
        marked = self.cited.node_id if self.seed == 7 else f"{self.seed} {self.cited.node_id}"
        return hashlib.sha256(marked.encode()).digest()[0] % 2 == 1


def pieces_of(kb: Path) -> list[Piece]:
    """Read the nodes of a knowledge base."""
    with sqlite3.connect(f"file:{kb}/catalog.sqlite?mode=ro&immutable=1", uri=True) as catalog:
        rows = catalog.execute(
            "SELECT node_id, modality, text, metadata FROM nodes ORDER BY source_id, ord"
        ).fetchall()
    found = []
    for node_id, modality, text, metadata in rows:
        known = json.loads(metadata)
        found.append(Piece(node_id, str(known.get("source", "")), modality, text, known))
    return found


def make_claims(corpus: str, pieces: Sequence[Piece], count: int, seed: int = 7) -> list[MadeClaim]:
    """Make up to ``count`` claims of each kind about the pieces of a corpus."""
    rng = random.Random(seed)
    by_source: dict[str, list[Piece]] = {}
    for piece in pieces:
        by_source.setdefault(piece.source, []).append(piece)
    made: dict[str, list[MadeClaim]] = {}
    order = list(pieces)
    rng.shuffle(order)
    for piece in order:
        near = [other for other in by_source[piece.source] if other.node_id != piece.node_id]
        others = tuple(rng.sample(near, min(4, len(near)))) or tuple(rng.sample(order, min(4, len(order))))
        for kind, true, text, cited in _claims_about(piece, others, order, rng):
            rest = tuple(one for one in (piece, *others) if one.node_id != cited.node_id)[:5]
            row = made.setdefault(kind, [])
            if len(row) < count and not any(other.cited.node_id == cited.node_id for other in row):
                row.append(MadeClaim(corpus, kind, true, text, cited, rest, seed))
    return [claim for rows in made.values() for claim in rows]


Made = Iterator[tuple[str, bool, str, Piece]]


def _claims_about(
    piece: Piece, others: Sequence[Piece], everything: Sequence[Piece], rng: random.Random
) -> Made:
    if piece.modality == "table":
        yield from _of_table(piece, others, rng)
    elif piece.modality == "image" and piece.metadata.get("ocr") and not piece.metadata.get("caption"):
        yield from _of_receipt(piece, others, rng)
    elif piece.modality == "text":
        yield from _of_prose(piece, others, everything, rng)


def _of_prose(piece: Piece, others: Sequence[Piece], everything: Sequence[Piece], rng: random.Random) -> Made:
    sentences = [s for s in re.split(r"(?<=[.!?])\s+", piece.text) if _fit(s)]
    if not sentences:
        return
    rng.shuffle(sentences)
    for sentence in sentences[:4]:
        yield "true: verbatim", True, sentence, piece
        for kind, make in (
            ("true: synonyms", _synonyms),
            ("true: reordered", _reordered),
            ("true: converted", _converted),
        ):
            if (text := make(sentence, rng)) is not None:
                yield kind, True, text, piece
        for kind, make in (
            ("false: number", _number), ("false: ordinal", _ordinal), ("false: unit", _unit), ("false: negation", _negation),
        ):  # fmt: skip
            if (text := make(sentence, rng)) is not None:
                yield kind, False, text, piece
        if (text := _anothers_number(sentence, piece.text, rng)) is not None:
            yield "false: another's number", False, text, piece
        if (text := _name(sentence, piece, others, rng)) is not None:
            yield "false: name", False, text, piece
        yield "false: invention", False, f"{sentence.rstrip('.!?')}, {rng.choice(ADDITIONS)}.", piece
        strangers = [
            one for one in rng.sample(everything, min(30, len(everything))) if one.source != piece.source
        ]
        wrong = [
            one for one in [*others, *strangers] if one.modality == "text" and sentence[:40] not in one.text
        ]
        if wrong and _telling(sentence):
            yield "false: wrong page", False, sentence, rng.choice(wrong)


def _fit(sentence: str) -> bool:
    words = sentence.split()
    return (
        8 <= len(words) <= 32
        and sentence[0].isupper()
        and sentence[-1] in ".!"
        and not re.search(r"[\[\]|#*_=\\$]|\?|\n|https?:|Figure|Table|Fig\.", sentence)
    )


def _telling(sentence: str) -> bool:
    return bool(re.search(r"\d|(?<!^)\b[A-Z][a-z]{3,}", sentence))


def _synonyms(sentence: str, rng: random.Random) -> str | None:
    words = sentence.split(" ")
    places = [i for i, word in enumerate(words) if word in SYNONYMS]
    if not places:
        return None
    for place in places[:3]:
        words[place] = SYNONYMS[words[place]]
    return " ".join(words)


def _reordered(sentence: str, rng: random.Random) -> str | None:
    match = re.match(
        r"((?:In|After|When|During|Because|If|Since|For|By|At|On|Although|As)\b[^,]{4,70}), (?!\d)(\w.+)([.!])$",
        sentence,
    )
    if match is None:
        return None
    lead, rest, stop = match.groups()
    return f"{rest[0].upper()}{rest[1:]} {lead[0].lower()}{lead[1:]}{stop}"


def _converted(sentence: str, rng: random.Random) -> str | None:
    for word, digits in WORDED.items():
        if re.search(rf"\b{word} [a-z]+s\b", sentence) and rng.random() < 0.3:
            return re.sub(rf"\b{word}\b", digits, sentence, count=1)
    for pattern, factor, unit in CONVERSIONS:
        match = re.search(pattern, sentence)
        if (
            match
            and not sentence.startswith(("/", "²", "³"), match.end())
            and not re.search(r"[\d,.]$|\d-$|[–-]$", sentence[: match.start()])
        ):
            value = float(match[1]) * factor
            gap = "" if unit in ("%", " percent") else " "
            return sentence[: match.start()] + f"{value:.10g}".rstrip() + gap + unit + sentence[match.end() :]
    return None


def _number(sentence: str, rng: random.Random) -> str | None:
    found = [
        m for m in re.finditer(r"(?<![\w.,-])\d[\d,]*(?:\.\d+)?(?![\w-])", sentence) if not m[0].endswith(",")
    ]
    if not found:
        words = list(re.finditer(rf"\b({'|'.join(WORDED)})\b", sentence))
        if not words or rng.random() < 0.5:
            return None
        match = rng.choice(words)
        other = rng.choice([word for word in WORDED if word != match[0]])
        return sentence[: match.start()] + other + sentence[match.end() :]
    match = rng.choice(found)
    digits = list(match[0])
    place = rng.choice([i for i, char in enumerate(digits) if char.isdigit()])
    digits[place] = rng.choice([char for char in "123456789" if char != digits[place]])
    return sentence[: match.start()] + "".join(digits) + sentence[match.end() :]


def _anothers_number(sentence: str, text: str, rng: random.Random) -> str | None:
    """Give a number of a sentence the value that another sentence of the piece has before the same word."""
    counted = re.compile(r"(?<![\w.,-])(\d+(?:,\d{3})*(?:\.\d+)?)(\s?%|\s[A-Za-z]{3,})")
    swaps = [
        (own.span(1), other[1])
        for own in counted.finditer(sentence)
        for other in counted.finditer(text)
        if own[2].strip().lower() == other[2].strip().lower() and other[1] not in sentence
    ]
    if not swaps:
        return None
    (start, end), value = rng.choice(swaps)
    return sentence[:start] + value + sentence[end:]


def _ordinal(sentence: str, rng: random.Random) -> str | None:
    match = re.search(rf"\b({'|'.join(ORDINALS)}|(\d+)(?:st|nd|rd|th))\b(?! of all)", sentence)
    if match is None:
        return None
    if match[2]:
        number = int(match[2]) + rng.choice([1, 2, 3])
        ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
        return sentence[: match.start()] + f"{number}{ending}" + sentence[match.end() :]
    other = rng.choice([word for word in ORDINALS if word != match[1]])
    return sentence[: match.start()] + other + sentence[match.end() :]


def _unit(sentence: str, rng: random.Random) -> str | None:
    names = "|".join(sorted(map(re.escape, OTHER_UNITS), key=len, reverse=True))
    match = re.search(rf"(?<=\d)(\s?)({names})(?![\w])", sentence)
    if match is None:
        return None
    return sentence[: match.start()] + match[1] + OTHER_UNITS[match[2]] + sentence[match.end() :]


def _negation(sentence: str, rng: random.Random) -> str | None:
    if re.search(r"\b(?:not|no|never|n't|none|without)\b", sentence):
        text = re.sub(r"\s(?:not|never)\b", "", sentence, count=1)
        return text if text != sentence else None
    for pattern, new in NEGATIONS:
        text = re.sub(pattern, new, sentence, count=1)
        if text != sentence:
            return text
    return None


def _names_of(text: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"(?<=[a-z,] )[A-Z][a-z]{3,}(?![\w’'-])", text)))


def _name(sentence: str, piece: Piece, others: Sequence[Piece], rng: random.Random) -> str | None:
    own = _names_of(sentence)
    pool = [name for other in (piece, *others) for name in _names_of(other.text) if name not in sentence]
    if not own or not pool:
        return None
    name = rng.choice(own)
    return re.sub(rf"\b{name}\b", rng.choice(pool), sentence, count=1)


def _rows(text: str) -> tuple[list[str], list[list[str]]]:
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    if len(cells) < 4 or not re.fullmatch(r"[\s|:-]+", lines[1]):
        return [], []
    return cells[0], [row for row in cells[2:] if len(row) == len(cells[0])]


def _of_table(piece: Piece, others: Sequence[Piece], rng: random.Random) -> Made:
    head, rows = _rows(piece.text)
    usable = [row for row in rows if re.search(r"[A-Za-z]{3}", row[0]) and len(row[0]) < 60]
    columns = [c for c in range(1, len(head)) if re.search(r"[A-Za-z]{2}", head[c]) and len(head[c]) < 40]
    if len(usable) < 2 or not columns or len({row[0] for row in usable}) < len(usable):
        return
    column = rng.choice(columns)
    filled = [row for row in usable if re.search(r"\d", row[column]) and len(row[column]) < 24]
    if len(filled) < 2:
        return
    row, other = rng.sample(filled, 2)
    name, label, value = head[column], row[0], row[column]
    yield "true: row", True, f"The {name} of {label} is {value}.", piece
    yield "true: row, other order", True, f"{label} has a value of {value} for {name}.", piece
    if other[column] != value:
        yield "false: row", False, f"The {name} of {label} is {other[column]}.", piece
    elsewhere = [
        c
        for c in columns
        if c != column and re.search(r"\d", row[c]) and row[c] not in (value, other[column])
    ]
    if elsewhere and head[elsewhere[0]] != name:
        yield "false: column", False, f"The {name} of {label} is {row[elsewhere[0]]}.", piece
    if (text := _number(f"The {name} of {label} is {value}.", rng)) is not None and value not in text:
        yield "false: number in a row", False, text, piece
    wrong = [one for one in others if one.modality != "image" and value not in one.text]
    if wrong:
        yield "false: wrong page", False, f"The {name} of {label} is {value}.", rng.choice(wrong)


def _of_receipt(piece: Piece, others: Sequence[Piece], rng: random.Random) -> Made:
    text = str(piece.metadata["ocr"])
    rows = re.findall(r"(?im)^\s*([A-Za-z][A-Za-z ()&.:]{3,30}?)\s*:?\s*(?:RM\s?)?(\d+\.\d\d)\s*$", text)
    rows = [(label.strip(" :"), value) for label, value in rows]
    dates = re.findall(r"\b\d{1,2}[/-]\d{1,2}[/-]\d{2,4}\b", text)
    if dates:
        yield "true: date", True, f"The date on the receipt is {dates[0]}.", piece
        day = dates[0]
        changed = ("2" if day[0] != "2" else "1") + day[1:] if day[1].isdigit() else "9" + day[1:]
        if changed not in text and day != changed:
            yield "false: date", False, f"The date on the receipt is {changed}.", piece
    if len(rows) < 2 or len({label for label, _ in rows}) < len(rows):
        return
    (label, value), (_, swapped) = rng.sample(rows, 2)
    yield "true: form", True, f"The {label} is RM {value}.", piece
    if swapped != value:
        yield "false: form", False, f"The {label} is RM {swapped}.", piece
    wrong = [one for one in others if value not in one.text]
    if wrong:
        yield "false: wrong page", False, f"The {label} is RM {value}.", rng.choice(wrong)


Maker = Callable[[str, random.Random], "str | None"]
