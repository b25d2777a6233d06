"""Find numbers, dates, times and quotations of a claim that a passage lacks, or has of something else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...text.terms import terms
from ...text.units import unit_at
from .bounds import other_bound, within_bound
from .change import derived_change, derived_share, in_points, other_role
from .check_names import said_of_another
from .clause_pairs import of_the_part
from .fact import Fact
from .facts import facts_of, holds_fact
from .parsed_claim import ParsedClaim, akin, clause_spans
from .passages import Passage

__all__ = ["MIN_COVERAGE", "check_fact", "comparable"]

MIN_COVERAGE = 0.5
"""Share of a claim's words, by weight, that a passage must hold to bear it out."""


MIN_PLACED_WORDS = 2
"""A claim of so many words says what its number, date or time is of."""


MIN_OTHER_CLAUSE = 0.3
"""The clause of another number must hold so much more of a claim's words than that of its own, to be what it speaks of."""


def check_fact(
    claim: ParsedClaim, fact: Fact, passage: Passage, missing: list[str], conflicts: list[str]
) -> None:
    """Add a fact of a claim that a passage lacks, or has otherwise."""
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
        rivals = [held for held in same_kind if comparable(fact, held)]
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


def _other_place(claim: ParsedClaim, fact: Fact, bound: Sequence[Fact], passage: Passage) -> str:
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
    claim: ParsedClaim, fact: Fact, bound: Sequence[Fact], same_kind: Sequence[Fact], passage: Passage
) -> Fact | None:
    """Return the number whose clause has the claim's words, where that of the claim's own number has few of them.

    "It starts at 0.9 metres per second and reaches its full output at 2.8" does not say that at 0.9 it does so.
    """
    rivals = [
        held
        for held in same_kind
        if comparable(fact, held) and not any(holds_fact(other, held) for other in claim.facts)
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


def comparable(fact: Fact, held: Fact) -> bool:
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
