"""Tell what a sentence says only under a condition, and whether a claim keeps it."""

from __future__ import annotations

import re

from ...text.sentences import sentence_spans
from ...text.terms import terms
from .parsed_claim import ParsedClaim, akin, content_stems

__all__ = ["lost_condition", "turned_condition", "without_denial"]

_IF = (
    r"if(?!\snot\b)|provided\s(?:that)?|as\slong\sas|in\scase|only\swhen|whenever|wenn|falls|sofern|si(?=\s)|pourvu\sque|à\scondition\s(?:que|de)"
    r"|siempre\sque|en\scaso\sde"
)
_UNLESS = r"unless|es\ssei\sdenn|sauf\ssi|à\smoins\sque|a\smenos\sque|salvo\sque"
_CONDITION = re.compile(
    rf"(?:(?<![\w'’])(?:(?P<if>{_IF})|(?P<unless>{_UNLESS}))(?!\w)|(?P<han>如果|若|只要|一旦))\s?(?P<body>[^,;:.，；。!?]+)",
    re.IGNORECASE,
)
_ANY = re.compile(
    rf"(?<![\w'’])(?:{_IF}|{_UNLESS}|when|while|once|where|after|during|with|without|under|above|below|at|in|by|bei|lorsque|quand|cuando|al)(?!\w)|时|后|如果|若|只要|一旦",
    re.IGNORECASE,
)
_WHETHER = re.compile(
    r"(?:ask\w*|see|know\w*|decid\w*|check\w*|wonder\w*|as|even|only|what|tell|sure|determin\w*|fragt\w*|sehen|demand\w*|savoir|como|aunque)\s$",
    re.IGNORECASE,
)
_HALF = 0.5

_UNTRUE = re.compile(
    r"^\W*(?:it(?:\sis|['’]s)\s(?:not\s(?:true|correct|the\scase|right)|untrue|false|wrong|incorrect)\sthat"
    r"|es\s(?:stimmt\snicht|ist\s(?:nicht\s(?:wahr|richtig)|falsch)),?\sdass|il\s(?:n['’]est\spas\s(?:vrai|exact)|est\sfaux)\s(?:que|qu['’])"
    r"|no\ses\s(?:cierto|verdad)\sque|es\sfalso\sque|(?:并非|不是说|说)(?=\S{4}))\s?(?P<rest>.+)$",
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip


def without_denial(claim: str) -> str:
    """Return what a claim says to be untrue as a whole ("it is not true that …"); empty where it does not."""
    match = _UNTRUE.match(claim)
    return match["rest"].strip() if match else ""


def lost_condition(claim: ParsedClaim, passage: str) -> str:
    """Return the condition under which alone the source says something, where a claim leaves it out; else empty.

    A claim may leave out what the question gives.

    Args:
        claim: The claim.
        passage: The sentence of the source.
    """
    match = _condition(passage)
    if match is None:
        return ""
    body = content_stems(match["body"])
    sentence = next(span for span in sentence_spans(passage) if span[1] >= match.end())
    main = (
        content_stems(passage[sentence[0] : match.start()] + " , " + passage[match.end() : sentence[1]])
        - body
    )
    said = set(terms(claim.text))
    if not body or not main or (_ANY.search(claim.text) and _held(body, said)):
        return ""
    if _held(body, said) or _held(body, claim.given) >= _HALF:
        return ""
    # It speaks of what the condition is for.
    return match.group().strip() if _held(main, said) >= _HALF else ""


def turned_condition(claim: ParsedClaim, passage: str) -> bool:
    """Whether a claim says "if" of what the source says "unless" of, or the other way round."""
    mine, theirs = _condition(claim.text), _condition(passage)
    if mine is None or theirs is None or bool(mine["unless"]) == bool(theirs["unless"]):
        return False
    if re.search(
        r"\b(?:not|n['’]t|nicht|kein\w*|pas|no)\b", f"{mine['body']} {theirs['body']}", re.IGNORECASE
    ):
        return False
    return _held(content_stems(theirs["body"]), set(terms(mine["body"]))) >= _HALF


def _condition(text: str) -> re.Match[str] | None:
    return next(
        (match for match in _CONDITION.finditer(text) if not _WHETHER.search(text[: match.start()])), None
    )


def _held(stems: set[str], said: set[str] | frozenset[str]) -> float:
    return sum(stem in said or akin(stem, said) for stem in stems) / len(stems) if stems else 0.0
