"""Tell what goes with what where a sentence has several clauses: its parts, asides and like things side by side."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from ...text.terms import is_function_word, terms
from .fact import Fact
from .facts import holds_fact
from .parsed_claim import ParsedClaim, akin, clause_spans, content_stems, label_stems

__all__ = ["aside_name", "crossed_pair", "mixed_clauses", "of_the_part"]

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_FILLERS = frozenset({"number", "date", "time", "name"})
_PARTS = re.compile(
    r"(?:,|，|；|;|\()\s?(?:(?:\d[\d.,]*\s|[a-z]+\s)?of\s(?:whom|which|these|them)|including|among\s(?:them|these)|davon|darunter|von\sdenen|dont|parmi\slesquels"
    r"|de\s(?:los|las)\s(?:cuales|que)|其中|包括)",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"(?<!\w)(?:the\s(?:others?|rest|remaining|remainder)|die\s(?:übrigen|restlichen|anderen)|der\srest|les\sautres|le\sreste|los\sdemás|las\sdemás|el\sresto)(?!\w)"
    r"|其余|其他",
    re.IGNORECASE,
)


def of_the_part(claim: ParsedClaim, fact: Fact, passage: str, holding: Sequence[Fact]) -> str:
    """Return the clause where a number is said of the whole, and belongs to a part of it, or the other way round.

    Of "340 people, 85 of whom work part-time" 85 are no people and 340 do not work part-time.

    Args:
        claim: The claim.
        fact: A number of it.
        passage: The sentence of the source.
        holding: The source's facts that are the same number.
    """
    cut = _PARTS.search(passage) or _OTHERS.search(passage)
    if cut is None or len(holding) != 1:
        return ""
    stop = re.search(r"[.;。；)]", passage[cut.end() :])
    end = cut.end() + stop.start() if stop else len(passage)
    part, whole = passage[cut.start() : end], passage[: cut.start()]
    own, outer = _stems(part), _stems(whole)
    said = set(claim.stems)
    only_part, only_whole = own - outer, outer - own
    numbers = [other for other in claim.facts if other is not fact and other.kind == "number"]
    if cut.start() <= holding[0].start < end:
        # The part's number, and nothing of what sets the part apart.
        return part.strip(" ,") if only_part and not _any(only_part, said) and _any(only_whole, said) else ""
    if (
        holding[0].start < cut.start()
        and not numbers
        and _any(only_part, said)
        and not re.search(_OTHERS, claim.text)
    ):
        held = re.search(r"\d|\b(?:half|third|quarter)\b", part)
        if held or _OTHERS.match(part):
            # What sets the part apart, with the whole's number.
            return part.strip(" ,")
    return ""


def _stems(text: str) -> set[str]:
    return {stem for stem in content_stems(text) if not stem.isdigit()}


def _any(stems: set[str], said: set[str]) -> bool:
    return any(stem in said or akin(stem, said) for stem in stems)


_ASIDE = re.compile(
    r"^(?P<subject>[^,]{3,60}),\s(?P<aside>(?:the|an?|who|whose|which|daughter|son|der|die|das|ein|eine|le|la|une?|qui|dont|el|que)\s[^,]{3,90}),\s(?P<rest>\w.+)$",
    re.IGNORECASE | re.DOTALL,
)


def aside_name(claim: ParsedClaim, passage: str) -> str:
    """Return whom a sentence speaks of, where a claim says it of somebody whom it names by the way; else empty.

    "Queen Ida, the daughter of King Bren, reigned long" does not say that King Bren did.
    """
    match = _ASIDE.match(passage.strip())
    if match is None:
        return ""
    said = set(terms(claim.text))
    subject, aside, rest = (_stems(match[part]) for part in ("subject", "aside", "rest"))
    names = {stem for name in claim.names for stem in map(str, name.values)} | ({claim.opening} - {""})
    own = said & (rest - aside - subject)
    if len(own) < 2 or said & (subject - aside) or not names & (aside - subject - rest):
        return ""
    return match["subject"].strip()


def mixed_clauses(claim: ParsedClaim, passage: str, facts: Sequence[Fact]) -> str:
    """Return the clause that has a claim's number, date or name, where the claim says it of another clause; else empty.

    "It was signed in May and entered into force in June": what was signed in June is nothing. A second clause takes
    what it lacks from the first, the first nothing from the second. So a claim mixes them that has the first one's date
    and words of the second alone, or the second one's date and none of its words.

    Args:
        claim: The claim.
        passage: The sentence of the source.
        facts: What it states, names with it.
    """
    spans = clause_spans(passage)
    if len(spans) < 2 or len(clause_spans(claim.text)) > 1:
        return ""
    # German writes every noun with a capital letter.
    kinds = _FILLERS - {"name"} if claim.language == "de" else _FILLERS
    fillers = [
        [fact for fact in facts if start <= fact.start < end and fact.kind in kinds] for start, end in spans
    ]
    filling = {stem for fact in facts if fact.kind in kinds for stem in terms(fact.text)}
    stems = [_stems(passage[start:end]) - filling for start, end in spans]
    known = set().union(*stems)
    mine = [fact for fact in (*claim.facts, *claim.names) if fact.kind in kinds]
    filling |= {stem for fact in mine for stem in terms(fact.text)}
    said = {stem for stem in claim.stems if stem not in filling}
    unknown = sum(not _any({stem}, known) for stem in said)
    for fact in mine:
        places = [place for place, held in enumerate(fillers) if any(holds_fact(fact, one) for one in held)]
        if len(places) != 1:
            continue
        own = places[0]
        for other, held in enumerate(fillers):
            rivals = [
                one
                for one in held
                if one.kind == fact.kind and not any(holds_fact(each, one) for each in mine)
            ]
            if other == own or not rivals:
                continue
            here = {stem for stem in stems[own] if not _any({stem}, stems[other])}
            there = {stem for stem in stems[other] if not _any({stem}, stems[own])}
            lacks = any(not _any({stem}, said) for stem in here) or all(_any({stem}, said) for stem in there)
            if other > own and unknown <= 1 and _any(there, said) and lacks:
                return passage[slice(*spans[own])].strip()
            if other < own and not unknown and here and not _any(here, said) and _any(there, said):
                return passage[slice(*spans[own])].strip()
    return ""


_LABELLED = re.compile(r"(?<![^\W_])([^\W\d_]{3,})\s([A-Z]|\d{1,3}|[IVX]{1,4})(?![^\W_])")


def crossed_pair(claim: ParsedClaim, passage: str) -> str:
    """Return which of two like things the source says it of, where a claim says it of the other; else empty.

    "The red cable goes to A and the blue cable to B": blue goes with B. Two clauses that name things of one kind,
    set apart by one word each, are asked; a claim that names the one thing and has words of the other's clause alone,
    and no word that the sentence lacks, mixes them up.

    Args:
        claim: The claim.
        passage: The sentence of the source.
    """
    clauses = [passage[start:end] for start, end in clause_spans(passage)]
    if len(clauses) < 2:
        return ""
    said = _kinds(claim.text)
    if not said or not all(_held(stem, passage) for stem in claim.stems):
        return ""
    words = set(terms(claim.text))
    marks = [_kinds(clause) for clause in clauses]
    stems = [label_stems(clause) for clause in clauses]
    for one in range(len(clauses)):
        for other in range(len(clauses)):
            if one == other:
                continue
            for kind in marks[one].keys() & marks[other].keys() & said.keys():
                here, there, claimed = marks[one][kind], marks[other][kind], said[kind]
                if here & there or not claimed & there or claimed & here:
                    continue
                # The claim names the other clause's thing; are the rest of its words this clause's?
                shared = stems[one] & stems[other]
                named = set().union(*(set(terms(mark)) for mark in here | there)) | {kind}
                own = stems[one] - shared - named
                rest = stems[other] - shared - named
                if words & own and rest and not words & rest:
                    return f"{sorted(here)[0]} {kind}"
    return ""


def _held(stem: str, passage: str) -> bool:
    there = terms(passage)
    return stem in there or akin(stem, there)


def _kinds(text: str) -> dict[str, set[str]]:
    """Return the things of a clause that a word sets apart: kind → the words that do, folded."""
    found: dict[str, set[str]] = {}
    for match in _LABELLED.finditer(text):
        found.setdefault(terms(match[1])[0], set()).add(match[2].casefold())
    words = _WORD.findall(text)
    for before, word in itertools.pairwise(words):
        if is_function_word(before) or is_function_word(word) or not (before.isalpha() and word.isalpha()):
            continue
        kind = terms(word)
        if kind and kind[0] not in found and len(before) > 2:
            found.setdefault(kind[0], set()).add(before.casefold())
    return found
