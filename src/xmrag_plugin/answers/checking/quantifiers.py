"""Tell of how many a sentence speaks: all, most, some, few, or only these."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from ...text.terms import is_function_word, terms
from .languages import EXCEPTION
from .parsed_claim import clauses_of

__all__ = ["added_only", "kept_out", "other_quantity"]

_LEVELS = {
    "all": (
        r"all(?!\s(?:over|day|night|at|the\s(?:way|time|same)))|every(?:one|body|thing)?|each|alle[nrsm]?|jede[rsnm]?|sämtliche[nrsm]?|tous|toutes|chaque"
        r"|todos|todas|cada",
        "所有|全部|每个|全体|都",
    ),
    "most": (
        r"most\sof\s(?:the|its|their|these)|most(?:ly)?(?=\s(?:of\s)?(?:the\s)?[^\W\d_]+s\b)|majority|(?:die\s)?meisten|mehrheit|la\splupart|majorité|la\smayoría|la\smayor\sparte",
        "大多数|多数|大部分",
    ),
    "many": (r"many|numerous|viele[nr]?|zahlreiche[nr]?|beaucoup\sde|nombreu(?:x|ses)|muchos|muchas", "许多|很多"),
    "some": (
        r"some(?=\s(?:of|[^\W\d_]+s\b))|several|einige[nr]?|manche[nrs]?|mehrere[nr]?|quelques|certain(?:e?s)?|plusieurs|algun[oa]s|vari[oa]s",
        "有些|一些|部分|若干",
    ),
    "few": (r"(?<!a\s)few|a\sfew|hardly\sany|wenige[nr]?|peu\sde|poc[oa]s", "少数|少量"),
}  # fmt: skip
_ORDER = {level: place for place, level in enumerate(["few", "some", "many", "most", "all"])}
_QUANTIFIER = re.compile(
    "|".join(
        rf"(?P<{level}>(?<![\w-])(?:{words})(?![\w-])|{han})" for level, (words, han) in _LEVELS.items()
    ),
    re.IGNORECASE,
)
_ONLY = re.compile(
    r"(?<![\w-])(?:only|solely|exclusively|nur|ausschließlich|seul(?:e?s?)|seulement|uniquement|s[oó]lo|solamente|únicamente)(?![\w-])|只有|仅限|仅有",
    re.IGNORECASE,
)
_NOT_ONLY = re.compile(r"(?:\bnot|\bnicht|\bpas|\bno|不)\s?$", re.IGNORECASE)
_SOLE = re.compile(
    r"(?<![\w-])(?:alone|sole|single|just|merely|no\s(?:one|other|\w+)\s(?:but|except|other\sthan)|nothing\sbut|(?:restricted|limited|confined)\sto|allein\w*"
    r"|einzige[nrsm]?|ne\s.{2,30}\squ[e']|únic[oa]s?|one|un(?:e|a)?|eine?)(?![\w-])|仅|唯一|限",
    re.IGNORECASE,
)
_SOME_OF = re.compile(
    r"(?<![\w-])(?:\d+|two|three|four|five|six|seven|eight|nine|ten|half|part|einer?|zwei|drei|vier|fünf|deux|trois|quatre|cinq|dos|tres|cuatro|cinco)"
    r"\s(?:out\s)?(?:of|der|von\sden|des|de\slos|de\slas)\s(?:the\s|all\s)?(?:\d+\s|\w+\s)?",
    re.IGNORECASE,
)
_OFTEN = re.compile(
    r"\s*(?:(?:\d+\s(?=sec|min|hour|day|week|month|year|sek|stund|tag|woche|monat|jahr|heure|jour|semaine|mois|an|hora|día|mes|año)|(?:two|three|four|six|other|few|second|third|zwei|drei|vier|anderen|deux|trois|dos|tres)\b)"
    r"|(?:second|minute|hour|day|week|month|year|time|morning|evening|weekend|summer|winter|spring|autumn|season|quarter|\w+day"
    r"|stunde|tag|woche|monat|jahr|mal|heure|jour|semaine|mois|an|année|fois|hora|día|semana|mes|año|vez)s?n?\b|[年月天周日小])",
    re.IGNORECASE,
)
"""Behind "every": how often, not of how many."""
_REACH = 3  # words behind a quantifier among which its noun is


def other_quantity(claim: str, passage: str) -> str:
    """Return what the source says where a claim speaks of more or fewer than the source does; else empty.

    "All" is not borne out by "most", "some", "three of the eight", "all but one" or "only the first".

    Args:
        claim: The claim.
        passage: The sentence of the source.
    """
    mine = _quantified(claim)
    theirs = _quantified(passage)
    for level, nouns, _ in mine:
        met = [(other, words) for other, others, words in theirs if nouns & others]
        if met and all(_differs(level, other) for other, _ in met):
            return met[0][1]
        if level != "all":
            continue
        if not EXCEPTION.search(claim) and (but := EXCEPTION.search(passage)) and (met or not nouns):
            return but.group().strip()
        if met:
            continue
        if (part := _part_of(passage, nouns)) and not _part_of(claim, nouns):
            return part
        only = next((found for found in _ONLY.finditer(passage) if not _of_number(passage, found)), None)
        if (
            only is not None
            and not _ONLY.search(claim)
            and (not nouns or nouns & set(terms(passage[only.end() : only.end() + 60])))
        ):
            return passage[only.start() : only.end() + 24].rsplit(" ", 1)[0].strip()
    return ""


def kept_out(claim: str, passage: str, matched: Collection[str], stems: Sequence[str]) -> str:
    """Return what the source limits to, where a claim puts something that the source lacks in its place; else empty.

    "Used only in hospital" bears no "used at home" out.

    Args:
        claim: The claim.
        passage: The sentence of the source.
        matched: Stems of the claim that the source has.
        stems: All its stems.
    """
    if _ONLY.search(claim) or len(matched) == len(stems):
        return ""
    for found in _ONLY.finditer(passage):
        if _NOT_ONLY.search(passage[: found.start()]):
            continue
        behind = re.split(r"[,;:.()，。；]", passage[found.end() : found.end() + 60])[0]
        limited = [
            stem
            for word in re.findall(r"[^\W\d_]+", behind)
            if not is_function_word(word)
            for stem in terms(word)
        ]
        if limited and not any(stem in matched for stem in limited[:_REACH]):
            return f"{found.group()}{behind}".strip()
    return ""


def added_only(claim: str, passage: str) -> bool:
    """Whether a claim says "only" of what the source does not limit."""
    said = [found for found in _ONLY.finditer(claim) if not _of_number(claim, found)]
    return bool(said) and not (_ONLY.search(passage) or _SOLE.search(passage) or EXCEPTION.search(passage))


def _of_number(text: str, match: re.Match[str]) -> bool:
    """Whether "only" makes little of an amount or a time, or is denied."""
    behind = re.match(
        r"\s*(?:[$€£¥]?\s?\d|an?\b|after|when|if|once|in\b|be\b|partly|slightly|half|one|two|three|four|five|six|seven|eight|nine|ten|ein|zwei|drei"
        r"|deux|trois|dos|tres|wenn|erst|si\b|cuando|quand|有\d)",
        text[match.end() :],
        re.IGNORECASE,
    )  # fmt: skip
    return bool(behind or _NOT_ONLY.search(text[: match.start()]))


def _differs(claimed: str, said: str) -> bool:
    mine, theirs = _ORDER[claimed], _ORDER[said]
    if claimed == "few":
        return theirs >= _ORDER["many"]
    return mine >= _ORDER["many"] and theirs < mine


def _quantified(text: str) -> list[tuple[str, set[str], str]]:
    """Return (level, stems of what it is said of, the words) for each quantifier of a sentence."""
    found = []
    for match in _QUANTIFIER.finditer(text):
        level = str(match.lastgroup)
        behind = text[match.end() : match.end() + 60]
        if level == "all" and _OFTEN.match(behind):
            continue
        words = re.findall(r"[^\W\d_]+", re.split(r"[,;:.()，。；]", behind)[0])
        nouns: list[str] = []
        for word in words:
            if not is_function_word(word):
                nouns += terms(word)[:3]
            elif nouns:
                break
            if len(nouns) >= _REACH:
                break
        found.append((level, set(nouns), match.group() + behind.split(",")[0][:20].rsplit(" ", 1)[0]))
    return found


def _part_of(text: str, nouns: set[str]) -> str:
    """Return "three of the eight valves" where a sentence speaks of a part of the things; else empty."""
    for part in clauses_of(text):
        match = _SOME_OF.search(part)
        if match is not None and nouns & set(terms(part[match.end() :])[:2] + terms(match.group())[-1:]):
            return part[match.start() : match.end() + 12].strip()
    return ""
