"""Tell who does something to whom, which of two is compared with the other, and what goes with what."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...text.terms import content_terms, is_function_word, terms, tokens
from .fact import Fact
from .facts import holds_fact
from .languages import OPPOSITES
from .reading import Reading, akin, clause_spans

__all__ = ["aside_name", "crossed_pair", "mixed_clauses", "of_the_part", "turned_roles"]

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_BE = frozenset(
    [
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "get",
        "gets",
        "got",
        "wurde",
        "wurden",
        "wird",
        "werden",
        "worden",
        "ist",
        "sind",
        "war",
        "waren",
        "est",
        "sont",
        "fut",
        "été",
        "était",
        "furent",
        "fue",
        "fueron",
        "es",
        "son",
        "ser",
        "sido",
        "era",
    ]
)
_BY = frozenset(["by", "von", "durch", "par", "por"])
_THAN = frozenset(["than", "as", "als", "wie", "que", "como"])
_DETERMINERS = frozenset(
    [
        "the",
        "a",
        "an",
        "this",
        "that",
        "these",
        "those",
        "its",
        "their",
        "his",
        "her",
        "our",
        "your",
        "my",
        "of",
        "in",
        "on",
        "at",
        "for",
        "with",
        "from",
        "to",
        "no",
        "any",
        "some",
        "each",
        "every",
        "der",
        "die",
        "das",
        "den",
        "dem",
        "des",
        "ein",
        "eine",
        "einen",
        "le",
        "la",
        "les",
        "un",
        "une",
        "du",
        "des",
        "el",
        "los",
        "las",
        "una",
        "unos",
        "de",
    ]
)
_SYMMETRIC = frozenset(
    term
    for word in [
        "meet",
        "met",
        "marry",
        "married",
        "equal",
        "resemble",
        "border",
        "adjoin",
        "join",
        "joined",
        "match",
        "and",
        "or",
        "plus",
        "between",
        "with",
        "like",
        "near",
        "neighbour",
        "same",
    ]
    for term in terms(word)
)
_FILLERS = frozenset({"number", "date", "time", "name"})
_REACH = 4  # words between a verb and "by"


@dataclass(slots=True)
class _Scene:
    """What stands before a word and what behind it, the one that acts first."""

    acting: set[str]
    acted: set[str]


def turned_roles(claim: str, passage: str) -> str:
    """Return the word of a claim that the source has between the same two the other way round; else empty.

    "Jones hired Smith" is not "Smith hired Jones", nor "men are faster than women" "women are faster than men";
    "Jones was hired by Smith" is the second.

    Args:
        claim: The claim.
        passage: The sentence of the source.
    """
    if _HAN.search(claim) and _HAN.search(passage):
        return _turned_han(claim, passage)
    theirs = [_WORD.findall(passage[start:end]) for start, end in clause_spans(passage)]
    for start, end in clause_spans(claim):
        words = _WORD.findall(claim[start:end])
        for place in range(1, len(words) - 1):
            mine = _scene(words, place)
            if mine is None:
                continue
            pivot = terms(words[place])[:1]
            for others in theirs:
                for at in range(1, len(others) - 1):
                    same = words[place].casefold() == others[at].casefold() or terms(others[at])[:1] == pivot
                    if not same or (said := _scene(others, at)) is None:
                        continue
                    if _crossed(mine, said) and _crossed(said, mine):
                        if words[place].casefold() in _THAN and _opposed(words, others):
                            continue
                        return str(words[place])
    return ""


_HAN = re.compile(r"[\u4e00-\u9fff]{2}")
_HAN_PASSIVE = re.compile(r"[被由把将让给比和与跟同]")


def _turned_han(claim: str, passage: str) -> str:
    """Do the same for Chinese, by pairs of characters; sentences of "by", "than" and "with" are left alone."""
    if _HAN_PASSIVE.search(claim) or _HAN_PASSIVE.search(passage):
        return ""
    theirs = [tokens(passage[start:end]) for start, end in clause_spans(passage)]
    for start, end in clause_spans(claim):
        words = tokens(claim[start:end])
        for place, word in enumerate(words):
            if not _HAN.fullmatch(word):
                continue
            mine = _Scene(_han(words[: max(place - 1, 0)]), _han(words[place + 2 :]))
            for others in theirs:
                for at in (at for at, one in enumerate(others) if one == word):
                    said = _Scene(_han(others[: max(at - 1, 0)]), _han(others[at + 2 :]))
                    if _crossed(mine, said) and _crossed(said, mine):
                        return word
    return ""


def _han(words: Sequence[str]) -> set[str]:
    return {word for word in words if _HAN.fullmatch(word)}


def _crossed(one: _Scene, other: _Scene) -> bool:
    """Whether somebody acts in the one alone, and is acted on in the other alone."""
    return bool((one.acting - other.acting - one.acted) & other.acted)


def _scene(words: Sequence[str], place: int) -> _Scene | None:
    """Return who acts and who is acted on, seen from a word; None for one that can be no verb and no "than"."""
    word = words[place].casefold()
    before, behind = words[:place], words[place + 1 :]
    if word in _THAN:
        return _scene_of(before, behind)
    stems = terms(word)
    if (
        is_function_word(word)
        or not stems
        or stems[0] in _SYMMETRIC
        or not word.isalpha()
        or words[place][0].isupper()
    ):
        return None
    last, following = before[-1].casefold(), behind[0].casefold()
    if (
        last in _DETERMINERS
        or last.endswith(("'s", "’s"))
        or following in ("of", "de", "von", "des", "du", "del")
    ):
        return None
    passive = any(one.casefold() in _BE for one in before[-3:])
    by = next((at for at, one in enumerate(behind[:_REACH]) if one.casefold() in _BY), None)
    if by is not None and by + 1 < len(behind) and behind[by + 1][0].isdigit():
        return None  # "rose by 3"
    if by is not None and (passive or by == 0):
        return _scene_of(behind[by + 1 :], [*before, *behind[:by]])
    if passive:
        return None  # "was hired in 2019": nobody acts
    return _scene_of(before, behind)


def _scene_of(acting: Sequence[str], acted: Sequence[str]) -> _Scene | None:
    one, other = (
        {stem for stem in content_terms(" ".join(side)) if stem.isalpha() and not is_function_word(stem)}
        if side
        else set()
        for side in (acting, acted)
    )
    return _Scene(one, other) if one and other else None


def _opposed(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two comparisons use opposite words: "A is faster than B" and "B is slower than A"."""
    there = {word.casefold() for word in others}
    return any(OPPOSITES.get(word.casefold(), frozenset()) & there for word in words)


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


def of_the_part(claim: Reading, fact: Fact, passage: str, holding: Sequence[Fact]) -> str:
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
    return {stem for stem in content_terms(text) if not is_function_word(stem) and not stem.isdigit()}


def _any(stems: set[str], said: set[str]) -> bool:
    return any(stem in said or akin(stem, said) for stem in stems)


_ASIDE = re.compile(
    r"^(?P<subject>[^,]{3,60}),\s(?P<aside>(?:the|an?|who|whose|which|daughter|son|der|die|das|ein|eine|le|la|une?|qui|dont|el|que)\s[^,]{3,90}),\s(?P<rest>\w.+)$",
    re.IGNORECASE | re.DOTALL,
)


def aside_name(claim: Reading, passage: str) -> str:
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


def mixed_clauses(claim: Reading, passage: str, facts: Sequence[Fact]) -> str:
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


def crossed_pair(claim: Reading, passage: str) -> str:
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
    stems = [set(terms(clause)) for clause in clauses]
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
                mine = {stem for stem in words & (stems[one] - shared - named) if not is_function_word(stem)}
                theirs = {
                    stem for stem in words & (stems[other] - shared - named) if not is_function_word(stem)
                }
                rest = {stem for stem in stems[other] - shared - named if not is_function_word(stem)}
                if mine and not theirs and rest:
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
