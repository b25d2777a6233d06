"""Compare a claim with a passage: whether it says so, says otherwise, or says nothing of it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ...text.terms import content_terms, fold, is_function_word, terms
from .facts import Fact, facts_of, holds_fact
from .languages import (
    EXCLUSIVE,
    EXCLUSIVE_HAN,
    MONTHS,
    NEGATION,
    NO_NEGATION,
    OPPOSITES,
    OPPOSITES_HAN,
    sure_language_of,
)
from .passages import Passage, Row

__all__ = ["Comparison", "Reading", "VerdictKind", "compare", "word_weights"]

VerdictKind = Literal["supported", "contradicted", "not found"]

MIN_COVERAGE = 0.5
"""Share of a claim's words, by weight, that a passage must hold to bear it out."""

MIN_COVERAGE_BARE = 0.6
"""The same for a claim without a number, date or name that could be looked up."""

MIN_CLAUSE_COVERAGE = 0.3
"""Share of a clause's words that a passage must hold: a clause below it was added to what the source says."""

MIN_CLAUSE_WORDS = 3
"""A clause of fewer words is too short to be called an addition."""

SHORT_CLAIM_WORDS = 3
"""In a claim of so few words beside its facts, all weigh the same: "revenue reached" for "revenue rose"."""

MAX_NEW_RUN = 4
"""So many words in a row that the source does not have are an addition, not other words for the same."""

AROUND_WEIGHT = 0.7
"""A word that stands beside the passage (heading, sentence before) counts for so much."""

CURRENCY = re.compile(r"\b(?:USD|EUR|GBP|MYR|RM|CNY|CHF|INR|JPY)\b")
"""Codes before an amount: a part of it."""

_CLAUSE = re.compile(
    r"[,;:()，；：。]\s*|\s[–—-]\s|\s(?:and|but|while|whereas|because|which|who|although|so that|und|aber|während|weil|et|mais"
    r"|tandis|car|y|pero|mientras|porque)\s",
    re.IGNORECASE,
)


class Reading:
    """A claim, read once for all the passages that it is compared with."""

    def __init__(self, text: str) -> None:
        self.text = text

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
        said |= {stem for word in CURRENCY.findall(self.text) for stem in terms(word)}
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
    def negated(self) -> bool:
        """Whether it denies something."""
        return _negated(self.text)

    @cached_property
    def clauses(self) -> list[list[str]]:
        """Its clauses as stems of the words that carry meaning."""
        known = set(self.stems)
        return [[stem for stem in terms(part) if stem in known] for part in _clauses(self.text)]

    @cached_property
    def language(self) -> str:
        """See :func:`sure_language_of`."""
        return sure_language_of(self.text)


@dataclass(slots=True)
class Comparison:
    """What a passage says of a claim.

    Attributes:
        verdict: Whether it says so, says otherwise, or does not say.
        passage: The passage.
        score: How near the two are; to choose between passages.
        coverage: Share of the claim's words that the passage has.
        reason: What differs or is missing, for people.
        foreign: Whether the two are in different languages, so that only facts were compared.
        differs: Whether a fact or name of the claim is missing or another.
    """

    verdict: VerdictKind
    passage: Passage
    score: float
    coverage: float = 0.0
    reason: str = ""
    foreign: bool = False
    differs: bool = False


def compare(claim: Reading, passage: Passage, weights: Mapping[str, float]) -> Comparison:
    """Compare a claim with a passage.

    Args:
        claim: The claim.
        passage: A sentence, row or line of the source.
        weights: Weight of each stem, by how rare it is in the context (:func:`word_weights`).
    """
    matches = {stem: _match(stem, passage) for stem in claim.stems}
    coverage = _share(matches, claim.stems, weights)
    if 0 < len(claim.stems) <= SHORT_CLAIM_WORDS and any(fact.kind != "ordinal" for fact in claim.facts):
        coverage = max(coverage, sum(matches.values()) / len(claim.stems))
    if passage.row is not None and claim.facts:
        coverage = max(coverage, _label_share(claim, passage.row))
    missing: list[str] = []
    conflicts: list[str] = []
    for fact in claim.facts:
        _check_fact(claim, fact, passage, missing, conflicts)
    held = len(claim.facts) - len({*missing, *conflicts} & {fact.text for fact in claim.facts})
    _check_names(claim, passage, missing, conflicts)
    if passage.row is not None:
        _check_row(claim, passage, conflicts)
    if coverage >= MIN_COVERAGE:
        _check_sense(claim, passage, conflicts)
    share = held / len(claim.facts) if claim.facts else 0.0
    score = coverage + 0.5 * share - 0.04 * (passage.parts - 1) - 0.1 * len(missing) - 0.15 * len(conflicts)
    foreign = _foreign(claim, passage)
    verdict: VerdictKind = "not found"
    reason = "; ".join([*conflicts, *missing])
    if conflicts:
        verdict = "contradicted" if coverage >= MIN_COVERAGE or foreign else "not found"
    elif not missing:
        if foreign and (
            claim.facts or any(matches.values()) or (claim.stems and not _same_script(claim, passage))
        ):
            reason = ""
        else:
            reason = _too_little(claim, matches, coverage, weights, passage.parts)
        verdict = "not found" if reason else "supported"
    return Comparison(verdict, passage, score, coverage, reason, foreign, bool(conflicts or missing))


def _same_script(claim: Reading, passage: Passage) -> bool:
    return "zh" not in {claim.language, passage.source.language}


def word_weights(passages: Iterable[Passage]) -> Mapping[str, float]:
    """Weigh stems by how rare they are among the passages (smoothed inverse document frequency)."""
    counts: Counter[str] = Counter()
    total = 0
    for passage in passages:
        if passage.parts == 1:
            counts.update(passage.stems)
            total += 1
    return _Weights({stem: math.log(1 + (total + 8) / (count + 1)) for stem, count in counts.items()}, total)


class _Weights(dict[str, float]):
    def __init__(self, known: dict[str, float], total: int) -> None:
        super().__init__(known)
        self._unknown = math.log(1 + (total + 8) / 1)

    def __missing__(self, stem: str) -> float:
        return self._unknown


def _vague(fact: Fact) -> bool:
    """Whether a number is a way of speaking: "two" of something, without a unit."""
    return (
        fact.kind == "number"
        and fact.worded
        and fact.unit is None
        and not fact.nouns
        and max(fact.values) <= 3
    )


def _match(stem: str, passage: Passage) -> float:
    if stem in passage.stems or _akin(stem, passage.stems):
        return 1.0
    if stem in passage.around_stems:
        return AROUND_WEIGHT
    return 0.0


def _akin(stem: str, stems: Iterable[str]) -> bool:
    """Whether a word of the same root is among the stems: a common beginning of most of the longer one."""
    if len(stem) < 5 or not stem.isalpha():
        return False
    for other in stems:
        longer = max(len(stem), len(other))
        need = max(4, math.ceil(0.65 * longer))
        if len(other) >= 4 and stem[:need] == other[:need] and need <= min(len(stem), len(other)):
            return True
    return False


def _share(matches: Mapping[str, float], stems: Sequence[str], weights: Mapping[str, float]) -> float:
    whole = sum(weights[stem] for stem in stems)
    return sum(weights[stem] * matches[stem] for stem in stems) / whole if whole else 0.0


def _too_little(
    claim: Reading,
    matches: Mapping[str, float],
    coverage: float,
    weights: Mapping[str, float],
    parts: int,
) -> str:
    """Why the words of a claim are not those of the passage; empty when they are."""
    if not claim.stems:
        return "" if claim.facts else "it says nothing that could be looked up"
    wanted = MIN_COVERAGE if (claim.facts or claim.names) and parts == 1 else MIN_COVERAGE_BARE
    if coverage < wanted:
        return "the source does not say this"
    for clause in claim.clauses:
        if len(clause) >= MIN_CLAUSE_WORDS and _share(matches, clause, weights) < MIN_CLAUSE_COVERAGE:
            return f"the source does not say “{' '.join(clause)}”"
    run = 0
    for stem in terms(claim.text):
        if stem in matches:
            run = run + 1 if not matches[stem] else 0
            if run >= MAX_NEW_RUN:
                return "the source does not say part of this"
    return ""


def _check_fact(
    claim: Reading, fact: Fact, passage: Passage, missing: list[str], conflicts: list[str]
) -> None:
    if fact.kind == "quote":
        parts = [" ".join(terms(part)) for part in re.split(r"…|\.\.\.|\[…\]|·", fact.text)]
        flat = " ".join(terms(passage.text))
        if not all(part in flat for part in parts):
            missing.append(fact.text)
        return
    same_kind = [held for held in passage.facts if held.kind == fact.kind]
    holding = [held for held in same_kind if holds_fact(fact, held)]
    if not holding and fact.kind == "date":
        holding = _joined_dates(fact, passage)
    if not holding:
        if (fact.kind == "date" or _is_year(fact)) and _stands_around(fact, passage):
            return
        rivals = [held for held in same_kind if _comparable(fact, held)]
        if rivals:
            conflicts.append(f"{fact.text}: the source says {rivals[0].text}")
        else:
            missing.append(fact.text)
        return
    bound = [held for held in holding if _bound(fact, held, passage)]
    if not bound:
        rival = next((held for held in same_kind if held not in holding and fact.nouns & held.nouns), None)
        said = f"{rival.text} {' '.join(sorted(rival.nouns))}".strip() if rival else holding[0].text
        conflicts.append(f"{fact.text} {' '.join(sorted(fact.nouns))}".strip() + f": the source says {said}")
    elif passage.row is None and (other := _of_another(claim, fact, bound, same_kind, passage)):
        conflicts.append(f"{fact.text}: the source says so of {other}")


def _stands_around(fact: Fact, passage: Passage) -> bool:
    """Whether a year or date stands in the headings, the name of the document or the sentence before."""
    around = facts_of(f"{passage.around} . {re.sub(r'[-_./]', ' ', passage.source.item.source)}", names=False)
    return any(holds_fact(fact, held) for held in around)


def _joined_dates(fact: Fact, passage: Passage) -> list[Fact]:
    """The month of a date where its year stands elsewhere in the passage: "in March 2029 … and in May"."""
    numbers = {value for held in passage.facts if held.kind == "number" for value in held.values}
    numbers |= {day[0] for held in passage.facts if held.kind == "date" for day in held.values}
    found = []
    for held in passage.facts:
        if held.kind != "date":
            continue
        for year, month, day in fact.values:
            if any(other[1] == month and other[2] == day and not other[0] for other in held.values) and (
                not year or year in numbers
            ):
                found.append(held)
    return found


def _comparable(fact: Fact, held: Fact) -> bool:
    """Whether the source's fact answers the same question as the claim's."""
    if fact.kind != "number":
        return fact.kind != "ordinal" or not (fact.nouns and held.nouns) or bool(fact.nouns & held.nouns)
    if fact.unit or held.unit:
        return bool(fact.unit and held.unit and fact.unit.dimension == held.unit.dimension) or bool(
            fact.nouns & held.nouns
        )
    if _is_year(fact) != _is_year(held):
        return False
    return _is_year(fact) or not (fact.nouns and held.nouns) or bool(fact.nouns & held.nouns)


def _is_year(fact: Fact) -> bool:
    return (
        fact.unit is None and not fact.nouns and bool(re.fullmatch(r"(?:1[0-9]|20|21)\d\d\s?年?", fact.text))
    )


def _bound(fact: Fact, held: Fact, passage: Passage) -> bool:
    """Whether the source counts the same thing with that number."""
    if not fact.nouns or not held.nouns or fact.nouns & held.nouns:
        if fact.unit is None and held.unit is not None and fact.nouns and fact.kind == "number":
            return _named_by(fact, passage)  # 640 households are no 640 kilowatts
        return True
    if fact.unit and held.unit:
        return True
    if any(_akin(noun, held.nouns) for noun in fact.nouns):
        return True
    if fact.unit is None and held.unit is not None:
        return _named_by(fact, passage)
    # Other words for the same thing are let pass; a thing that the source counts otherwise is not.
    return not any(
        other.kind == fact.kind
        and other is not held
        and not holds_fact(fact, other)
        and fact.nouns & other.nouns
        for other in passage.facts
    )


def _named_by(fact: Fact, passage: Passage) -> bool:
    """Whether a row's label or head names what the claim counts."""
    return passage.row is not None and any(
        noun in passage.stems or _akin(noun, passage.stems) for noun in fact.nouns
    )


def _of_another(
    claim: Reading, fact: Fact, bound: Sequence[Fact], same_kind: Sequence[Fact], passage: Passage
) -> str:
    """Whose fact it is, where the passage says it of another: "Alba in March, Bree in May and Corrie in September"."""
    spans = _clause_spans(passage.text)
    asked = _names_of_clause(claim.text, _clause_spans(claim.text), fact, known=_named(claim, passage))
    if not asked or len(spans) < 2:
        return ""
    whose = ""
    for held in bound:
        own = _names_of_clause(passage.text, spans, held)
        if not own or own & asked:
            return ""
        # The claim's name must have a fact of that kind of its own, in a clause of its own.
        rivals = [other for other in same_kind if other is not held and not holds_fact(held, other)]
        if not any(_names_of_clause(passage.text, spans, other) & asked for other in rivals):
            return ""
        whose = ", ".join(sorted(own))
    return whose


def _named(claim: Reading, passage: Passage) -> set[str]:
    """The claim's names that the passage has, folded."""
    words = [fold(name.text) for name in claim.names]
    if claim.opening:
        words += [fold(re.match(r"\W*([^\W_]+)", claim.text)[1])]  # type: ignore[index]
    return {word for word in words if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", passage.folded)}


def _names_of_clause(
    text: str, spans: Sequence[tuple[int, int]], fact: Fact, *, known: set[str] | None = None
) -> set[str]:
    """The names in the clause of a fact, or in the nearest clause before it that has any.

    Args:
        text: The sentence.
        spans: Its clauses.
        fact: A fact of it.
        known: The only words that count as names; every capitalised one when not given.
    """
    place = next((i for i, (start, end) in enumerate(spans) if start <= fact.start < end), 0)
    while place >= 0:
        start, end = spans[place]
        words = re.findall(r"[^\W\d_][^\W_]*", text[start:end])
        found = {
            fold(word)
            for word in words
            if word[0].isupper() and not is_function_word(word) and not _is_month(word)
        }
        if known is not None:
            found &= known
        if found:
            return found
        place -= 1
    return set()


def _is_month(word: str) -> bool:
    return word.casefold() in MONTHS


def _check_names(claim: Reading, passage: Passage, missing: list[str], conflicts: list[str]) -> None:
    others: list[str] | None = None
    everywhere = None
    near: list[str] | None = None
    for name in claim.names:
        if name.values and all(stem in passage.stems for stem in name.values):
            if passage.row is None and claim.language != "de":
                near = _names_near(claim, passage) if near is None else near
                if near and not any(fold(name.text) == word for word in near):
                    strangers = [word for word in near if word not in claim.words]
                    if strangers and len(strangers) == len(near):
                        conflicts.append(f"{name.text}: the source says so of {strangers[0]}")
            continue
        if any(_akin(str(stem), passage.stems) for stem in name.values):
            continue
        if others is None:
            others = _other_names(claim, passage)
        if everywhere is None:
            everywhere = passage.around_stems | passage.source.stems
        if not all(stem in everywhere for stem in name.values):
            if others and claim.language != "de":
                conflicts.append(f"{name.text}: the source says {others[0]}")
            else:
                missing.append(name.text)
        elif others:
            conflicts.append(f"{name.text}: the source says so of {others[0]}")
    if claim.opening and claim.opening not in passage.stems and not _akin(claim.opening, passage.stems):
        # A sentence may begin with a name; the source says whether it is one.
        first = re.match(r"\W*([^\W_]+)", passage.text)
        subject = (terms(first[1]) or [""])[0] if first else ""
        known = claim.opening in passage.source.name_stems
        if (
            subject
            and subject not in claim.words
            and subject in passage.source.name_stems
            and (known or claim.opening not in passage.around_stems)
        ):
            conflicts.append(f"{claim.text.split()[0]}: the source says so of {first[1] if first else ''}")
        elif known and claim.opening not in passage.around_stems:
            missing.append(claim.text.split()[0])


def _names_near(claim: Reading, passage: Passage) -> list[str]:
    """The names, folded, in the one clause that shares most words with the claim."""
    known = set(claim.stems) - {stem for name in claim.names for stem in name.values}
    best = max(_clauses(passage.text), key=lambda part: len(known & set(terms(part))), default="")
    if len(known & set(terms(best))) < 2:
        return []
    words = re.findall(r"[^\W\d_][^\W_]*", best)
    stems = passage.source.name_stems
    return [
        fold(word) for word in words if word[0].isupper() and set(terms(word)) & stems and not _is_month(word)
    ]


def _other_names(claim: Reading, passage: Passage) -> list[str]:
    """Names in the passage that the claim does not have."""
    said = set(terms(claim.text))
    return [
        fact.text
        for fact in passage.facts
        if fact.kind == "name" and not any(stem in said or _akin(str(stem), said) for stem in fact.values)
    ]


def _check_row(claim: Reading, passage: Passage, conflicts: list[str]) -> None:
    """Add a conflict where the claim speaks of another row or column of the table."""
    row = passage.row
    assert row is not None
    said = set(terms(claim.text))
    own = _label_stems(row)
    for other in passage.siblings:
        if other is row:
            continue
        theirs = _label_stems(other)
        met = (theirs - own) & said
        if met and not (own - theirs) & said:
            conflicts.append(f"the source says this of {row.label}, not of {other.label}")
            return
    heads = [set(terms(head)) for head in row.head]
    for fact in claim.facts:
        places = [
            place
            for place, cell in enumerate(row.cells)
            if place < len(heads) and any(holds_fact(fact, held) for held in facts_of(cell, names=False))
        ]
        if len(places) != 1 or not heads:
            continue
        own_head = heads[places[0]]
        for place, head in enumerate(heads):
            rival = place < len(row.cells) and any(
                held.kind == fact.kind for held in facts_of(row.cells[place], names=False)
            )
            if place != places[0] and rival and (head - own_head) & said and not (own_head - head) & said:
                conflicts.append(
                    f"{fact.text}: the source gives it for {row.head[places[0]]}, not {row.head[place]}"
                )
                return


def _label_stems(row: Row) -> set[str]:
    """Stems of the cell that names the row."""
    return {stem for stem in terms(row.label) if not is_function_word(stem)}


def _label_share(claim: Reading, row: Row) -> float:
    """Share of a row's label that the claim has: rows are short, and "weighs" stands for "mass"."""
    label = _label_stems(row)
    return len(label & set(claim.stems)) / len(label) if label else 0.0


def _check_sense(claim: Reading, passage: Passage, conflicts: list[str]) -> None:
    """Add a conflict where one of the two denies what the other says, or says the opposite word."""
    near = _aligned(claim, passage)
    if _negated(near) != claim.negated and _negated(passage.text) != claim.negated:
        conflicts.append("the source denies it" if not claim.negated else "the source does not deny it")
    here = set(re.findall(r"[^\W_]+", fold(near)))
    everywhere = set(re.findall(r"[^\W_]+", fold(passage.text)))
    for word in claim.words:
        opposite = OPPOSITES.get(word, frozenset())
        if word not in everywhere and (met := opposite & here) and not met & claim.words:
            stems = set(terms(" ".join(everywhere)))
            if set(terms(word)) & stems:
                continue
            conflicts.append(f"{word}: the source says {sorted(met)[0]}")
    for members in EXCLUSIVE:
        mine, theirs = members & claim.words, members & here
        if mine and theirs and not mine & everywhere and not theirs & claim.words:
            conflicts.append(f"{sorted(mine)[0]}: the source says {sorted(theirs)[0]}")
    if claim.language == "zh":
        for characters in EXCLUSIVE_HAN:
            said = [char for char in characters if f"{char}天" in claim.text or f"{char}色" in claim.text]
            held = [char for char in characters if f"{char}天" in near or f"{char}色" in near]
            if said and held and not set(said) & set(held):
                conflicts.append(f"{said[0]}: the source says {held[0]}")
        for one, other in OPPOSITES_HAN:
            if one in claim.text and one not in passage.text and other in near and other not in claim.text:
                conflicts.append(f"{one}: the source says {other}")


def _aligned(claim: Reading, passage: Passage) -> str:
    """The clauses of a passage that share words or facts with the claim."""
    known = set(claim.stems)
    facts = [held.start for held in passage.facts if any(holds_fact(fact, held) for fact in claim.facts)]
    found = []
    for start, end in _clause_spans(passage.text):
        part = passage.text[start:end]
        shared = known & set(terms(part))
        near = passage.row is None and any(start <= place < end for place in facts)
        if near or len(shared) >= 2 or (shared and len(shared) >= 0.3 * len(known)):
            found.append(part)
    return " ".join(found) or passage.text


def _negated(text: str) -> bool:
    return bool(NEGATION.search(NO_NEGATION.sub(" ", text)))


def _clauses(text: str) -> list[str]:
    return [text[start:end] for start, end in _clause_spans(text)]


def _clause_spans(text: str) -> list[tuple[int, int]]:
    spans, start = [], 0
    for match in _CLAUSE.finditer(text):
        if text[start : match.start()].strip():
            spans.append((start, match.start()))
            start = match.end()
    if text[start:].strip():
        spans.append((start, len(text)))
    return spans


def _foreign(claim: Reading, passage: Passage) -> bool:
    """Whether the two are in different languages, so that only facts can be compared."""
    there = passage.source.language
    return bool(claim.language and there and claim.language != there)
