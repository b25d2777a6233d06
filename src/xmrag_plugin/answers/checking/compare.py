"""Compare a claim with a passage: whether it says so, says otherwise, or says nothing of it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ...text.terms import terms
from ...text.units import unit_at
from .bounds import other_bound, within_bound
from .change import derived_change, derived_share, in_points, other_role, turned_change
from .check_names import check_names, said_of_another
from .check_rows import check_row, label_share
from .check_sense import check_sense
from .conditions import lost_condition, turned_condition
from .fact import Fact
from .facts import facts_of, holds_fact
from .passages import Passage
from .quantifiers import added_only, kept_out, other_quantity
from .reading import Reading, akin, clause_spans
from .roles import aside_name, crossed_pair, mixed_clauses, of_the_part, turned_roles

__all__ = ["Comparison", "VerdictKind", "compare", "share_beside", "word_weights"]

VerdictKind = Literal["supported", "contradicted", "not found"]


MIN_COVERAGE = 0.5
"""Share of a claim's words, by weight, that a passage must hold to bear it out."""


MIN_COVERAGE_BARE = 0.6
"""The same for a claim without a number, date or name that could be looked up."""


MIN_CLAUSE_COVERAGE = 0.3
"""Share of a clause's words that a passage must hold: a clause below it was added to what the source says."""


MIN_OWN_COVERAGE = 0.3
"""Share of a claim's words that stand in the passage itself: what stands around it bears nothing out."""


MIN_CLAUSE_WORDS = 3
"""A clause of fewer words is too short to be called an addition."""


MIN_PLACED_WORDS = 2
"""A claim of so many words says what its number, date or time is of."""


MIN_OTHER_CLAUSE = 0.3
"""The clause of another number must hold so much more of a claim's words than that of its own, to be what it speaks of."""


SHORT_CLAIM_WORDS = 3
"""In a claim of so few words beside its facts, all weigh the same: "revenue reached" for "revenue rose"."""


MAX_NEW_RUN = 4
"""So many words in a row that the source does not have are an addition, not other words for the same."""


AROUND_WEIGHT = 0.7
"""A word that stands beside the passage (heading, sentence before) counts for so much."""


DATE_STEMS = frozenset({"date", "datum", "fecha", "日期"})
"""What a date is called: a passage with a date need not say the word."""


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
        narrower: Whether the passage says it under a condition only.
    """

    verdict: VerdictKind
    passage: Passage
    score: float
    coverage: float = 0.0
    reason: str = ""
    foreign: bool = False
    differs: bool = False
    narrower: bool = False


def compare(claim: Reading, passage: Passage, weights: Mapping[str, float]) -> Comparison:
    """Compare a claim with a passage.

    Args:
        claim: The claim.
        passage: A sentence, row or line of the source.
        weights: Weight of each stem, by how rare it is in the context (:func:`word_weights`).
    """
    lost = lost_condition(claim, passage.text) if passage.row is None else ""
    if claim.folded and claim.folded in passage.folded and (claim.facts or claim.stems) and not lost:
        return Comparison("supported", passage, 2.0 - 0.04 * passage.parts, 1.0)
    matches = {stem: _match(stem, passage) for stem in claim.stems}
    coverage = _share(matches, claim.stems, weights)
    if 0 < len(claim.stems) <= SHORT_CLAIM_WORDS and any(fact.kind != "ordinal" for fact in claim.facts):
        coverage = max(coverage, sum(matches.values()) / len(claim.stems))
    if passage.row is not None and claim.facts:
        coverage = max(coverage, label_share(claim, passage.row))
        if any(matches.values()) and set(terms(passage.row.label)) <= set(terms(claim.text)):
            coverage = max(coverage, MIN_COVERAGE)  # a year or a month names its row as a word does
    missing: list[str] = []
    conflicts: list[str] = []
    for fact in claim.facts:
        _check_fact(claim, fact, passage, missing, conflicts)
    held = len(claim.facts) - len({*missing, *conflicts} & {fact.text for fact in claim.facts})
    check_names(claim, passage, missing, conflicts)
    if turned := turned_change(claim.text, claim.facts):
        conflicts.append(f"{turned}: that goes the other way")
    if passage.row is not None:
        check_row(claim, passage, conflicts)
    if coverage >= MIN_COVERAGE:
        check_sense(claim, passage, conflicts)
        if passage.row is None:
            _check_build(claim, passage, missing, conflicts)
            if said := kept_out(
                claim.text, passage.text, [one for one in matches if matches[one]], claim.stems
            ):
                conflicts.append(f"the source says “{said}”")
    if lost and not conflicts:
        missing.append(f"the source says so only for “{lost}”")
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
    return Comparison(
        verdict, passage, score, coverage, reason, foreign, bool(conflicts or missing), bool(lost)
    )


def _check_build(claim: Reading, passage: Passage, missing: list[str], conflicts: list[str]) -> None:
    """Add what differs in how a sentence is put together: who does what, of how many, under which condition."""
    if said := other_quantity(claim.text, passage.text):
        conflicts.append(f"the source says “{said}”")
    if word := turned_roles(claim.text, passage.text):
        conflicts.append(f"{word}: the source says it the other way round")
    if other := mixed_clauses(claim, passage.text, passage.facts):
        conflicts.append(f"the source says {other}")
    if other := crossed_pair(claim, passage.text):
        conflicts.append(f"the source says so of {other}")
    if other := aside_name(claim, passage.text):
        conflicts.append(f"the source says so of {other}")
    if turned_condition(claim, passage.text):
        conflicts.append("the source says so of the opposite case")
    if added_only(claim.text, passage.text):
        missing.append("only")


def share_beside(claim: Reading, passage: Passage, weights: Mapping[str, float]) -> float:
    """Return the share of a claim's words that stand in the passage's clauses with its numbers, or others of their kind.

    1 for a claim without numbers, and for rows of tables, whose label and head say what a number is of.

    Args:
        claim: The claim.
        passage: A passage.
        weights: Weight of each stem.
    """
    facts = [fact for fact in claim.facts if fact.kind == "number"]
    if not facts or not claim.stems or passage.row is not None:
        return 1.0
    numbers = [held for held in passage.facts if held.kind == "number"]
    beside = {
        held.start
        for fact in facts
        for held in [one for one in numbers if holds_fact(fact, one)] or numbers
        if holds_fact(fact, held) or _comparable(fact, held)
    }
    said = set()
    for start, end in clause_spans(passage.text):
        if any(start <= place < end for place in beside):
            said |= set(terms(passage.text[start:end]))
    return _share(
        {stem: float(stem in said or akin(stem, said)) for stem in claim.stems}, claim.stems, weights
    )


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


def _match(stem: str, passage: Passage) -> float:
    if stem in DATE_STEMS and any(fact.kind == "date" for fact in passage.facts):
        return 1.0
    if stem in passage.stems or akin(stem, passage.stems):
        return 1.0
    if stem in passage.around_stems:
        return AROUND_WEIGHT
    return 0.0


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
    """Return why the words of a claim are not those of the passage; empty when they are."""
    if not claim.stems:
        return "" if claim.facts else "it says nothing that could be looked up"
    wanted = MIN_COVERAGE if (claim.facts or claim.names) and parts == 1 else MIN_COVERAGE_BARE
    if coverage < wanted:
        return "the source does not say this"
    if (
        parts == 1
        and not claim.facts
        and _share({stem: float(match == 1.0) for stem, match in matches.items()}, claim.stems, weights)
        < MIN_OWN_COVERAGE
    ):
        return "the source says this elsewhere, if at all"
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
        if passage.row is not None:  # quoted with the head of each column before its cell
            pairs = zip([*passage.row.head, *[""] * len(passage.row.cells)], passage.row.cells, strict=False)
            flat += " | " + " | ".join(" ".join(terms(f"{head} {cell}")) for head, cell in pairs)
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
        if (
            derived_change(claim.text, fact, passage.facts, passage.text)
            or derived_share(fact, passage.text)
            or any(within_bound(claim.text, fact, passage.text, held) for held in same_kind)
        ):
            return
        rivals = [held for held in same_kind if _comparable(fact, held)]
        if rivals:
            conflicts.append(f"{fact.text}: the source says {rivals[0].text}")
        else:
            missing.append(fact.text)
        return
    bound = [held for held in holding if _bound(fact, held, passage) or _of_them(held, passage)]
    if not bound:
        rival = next((held for held in same_kind if held not in holding and fact.nouns & held.nouns), None)
        said = f"{rival.text} {' '.join(sorted(rival.nouns))}".strip() if rival else holding[0].text
        conflicts.append(f"{fact.text} {' '.join(sorted(fact.nouns))}".strip() + f": the source says {said}")
    elif passage.row is None and (said := _other_place(claim, fact, bound, passage)):
        conflicts.append(f"{fact.text}: the source says {said}")
    elif passage.row is None and (other := said_of_another(claim, fact, bound, same_kind, passage)):
        conflicts.append(f"{fact.text}: the source says so of {other}")
    elif (
        passage.row is None
        and not any(_of_them(held, passage) for held in bound)
        and (held := _in_another_clause(claim, fact, bound, same_kind, passage))
    ):
        conflicts.append(f"{fact.text}: the source says {held.text}")


def _other_place(claim: Reading, fact: Fact, bound: Sequence[Fact], passage: Passage) -> str:
    """Return what the source says where a number is another bound, another end of a change, or of a part."""
    timed = fact.kind == "date" or _is_year(fact)
    if fact.kind not in ("number", "date"):
        return ""
    if in_points(claim.text, fact) != in_points(passage.text, bound[0]) and fact.unit is not None:
        return passage.text[bound[0].start : bound[0].end + 20].strip()
    if per := _other_rate(claim.text[fact.end :], passage.text[bound[0].end :]):
        return f"{passage.text[bound[0].start : bound[0].end]} … {per}"
    return (
        other_bound(claim.text, fact, passage.text, bound, timed=timed)
        or other_role(claim.text, fact, passage.text, bound)
        or (of_the_part(claim, fact, passage.text, bound) if fact.kind == "number" else "")
    )


_RATE = re.compile(
    r"(?:[^\W\d_]+\s){0,3}?(?:(?:per|an?|each|every|pro|je|par|por|à\sl['’]|al|la)\s)(?P<unit>[^\W\d_]+)|[^\W\d_]*/(?P<slash>[^\W\d_]+)",
    re.IGNORECASE,
)


def _other_rate(claimed: str, held: str) -> str:
    """Return the time per which the source gives an amount, where a claim gives it per another: a day, an hour."""
    times = []
    for behind in (claimed, held):
        match = _RATE.match(behind.lstrip())
        unit = unit_at(match["unit"] or match["slash"], 0) if match else None
        if match is None or unit is None or unit[0].dimension not in ("time", "months"):
            return ""
        times.append((unit[0], match.group()))
    return times[1][1] if times[0][0] != times[1][0] else ""


def _in_another_clause(
    claim: Reading, fact: Fact, bound: Sequence[Fact], same_kind: Sequence[Fact], passage: Passage
) -> Fact | None:
    """Return the number whose clause has the claim's words, where that of the claim's own number has few of them.

    "It starts at 0.9 metres per second and reaches its full output at 2.8" does not say that at 0.9 it does so.
    """
    rivals = [
        held
        for held in same_kind
        if _comparable(fact, held) and not any(holds_fact(other, held) for other in claim.facts)
    ]
    if fact.kind not in ("number", "date", "time") or not rivals or len(claim.stems) < MIN_PLACED_WORDS:
        return None
    shares: dict[int, float] = {}
    named = {str(stem) for name in claim.names for stem in name.values} | {claim.opening}
    whose: dict[int, set[str]] = {}
    for start, end in clause_spans(passage.text):
        said = set(terms(passage.text[start:end]))
        whose |= {held.start: named & said for held in (*bound, *rivals) if start <= held.start < end}
        share = sum(stem in said or akin(stem, said) for stem in claim.stems) / len(claim.stems)
        shares |= {held.start: share for held in (*bound, *rivals) if start <= held.start < end}
    own = max((shares.get(held.start, 0.0) for held in bound), default=0.0)
    rival = max(rivals, key=lambda held: shares.get(held.start, 0.0))
    if any(whose.get(held.start, set()) - whose.get(rival.start, set()) for held in bound):
        return None  # it says whose the number is, and leaves the verb to the clause before
    return rival if own < MIN_COVERAGE and shares.get(rival.start, 0.0) >= own + MIN_OTHER_CLAUSE else None


def _stands_around(fact: Fact, passage: Passage) -> bool:
    """Whether a year or date stands in the headings, the name of the document or the sentence before."""
    around = facts_of(f"{passage.around} . {re.sub(r'[-_./]', ' ', passage.source.item.source)}", names=False)
    return any(holds_fact(fact, held) for held in around)


def _joined_dates(fact: Fact, passage: Passage) -> list[Fact]:
    """Return the month of a date where its year stands elsewhere in the passage: "in March 2029 … and in May"."""
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
    if fact.unit and held.unit:
        return fact.unit.dimension == held.unit.dimension or bool(fact.nouns & held.nouns)
    if fact.unit or held.unit:
        # A form or a table gives a bare number where a sentence says its unit.
        bare = held if fact.unit else fact
        return bool(fact.nouns & held.nouns) or not (bare.nouns or _is_year(bare))
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
    if any(akin(noun, held.nouns) for noun in fact.nouns):
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


def _of_them(held: Fact, passage: Passage) -> bool:
    """Whether a number counts what stands before: "9 of them"."""
    return passage.row is None and bool(_THEM.match(passage.text, held.end))


_THEM = re.compile(
    r"\s(?:of\s(?:them|whom|which|these)|davon|von\s(?:ihnen|denen)|d['’]entre\s(?:eux|elles)|de\s(?:ellos|ellas))(?!\w)",
    re.IGNORECASE,
)


def _named_by(fact: Fact, passage: Passage) -> bool:
    """Whether a row's label or head names what the claim counts."""
    return passage.row is not None and any(
        noun in passage.stems or akin(noun, passage.stems) for noun in fact.nouns
    )


def _foreign(claim: Reading, passage: Passage) -> bool:
    """Whether the two are in different languages, so that only facts can be compared."""
    there = passage.source.language
    return bool(claim.language and there and claim.language != there)
