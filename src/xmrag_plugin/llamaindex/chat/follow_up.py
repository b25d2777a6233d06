"""Follow-ups understood without a model: "and black tea?", "what about 2030?", "and the one below it?".

Rules on the surface of the words, in English, German, French, Spanish and Chinese, after the observation of
Dalton et al. (*CAsT 2019*, TREC) that most turns of a conversation are repaired by carrying terms of the
topic over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...answers.extractive.question_type import asks_nothing, puts_no_question
from ...text.scripts import CJK
from ...text.sentences import is_table_row
from ...text.stop_words import language_of
from ...text.terms import content_terms, terms

__all__ = ["FollowUp", "is_remark", "read_follow_up", "stand_alone"]

_LEAD = re.compile(
    r"^\s*(?:(?:and|but|so|or|also|then|ok(?:ay)?|yes|no)\b[\s,]*)*(?:what|how) about\b"
    r"|^\s*(?:and|but|or|so|also|then)\b|^\s*und\b(?:\s+(?:was ist mit|wie ist es mit|wie sieht es mit)\b)?"
    r"|^\s*(?:und\s+)?was ist mit\b|^\s*et\b(?:\s+(?:qu'en est-il|quid)\b)?|^\s*qu'en est-il\b"
    r"|^\s*¿?\s*y\b(?:\s+qué (?:hay|tal|pasa)\b)?|^\s*(?:那么?|还有|另外|然后)",
    re.IGNORECASE,
)
_BACK = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|one|ones|there|same|former|"
    r"latter|again|above|previous|earlier|other|others|er|sie|es|ihn|ihm|dessen|deren|davon|darunter|darüber|drunter|drüber|danach|davor|dort|dies\w*|jene\w*|"
    r"il|elle|ils|elles|celui|celle|ceux|y|là|cela|ello|él|ella|ellos|ellas|eso|ese|esa|allí|aquel\w*)\b"
    r"|它们?|他们?|她们?|这|那|其|再",
    re.IGNORECASE,
)
_BACK_LAST = re.compile(
    r"\b(?:in|of|from|for|with|to|on|at|by|about|an|von|mit|für|de|en|à)\s+(?:it|them|him|her|ihm|ihr|ihnen|elle|eux|él|ella)"
    r"\s*[?.!]*$",
    re.IGNORECASE,
)
_PICTURE = (
    r"(?:photo(?:graph)?s?|pictures?|images?|figures?|charts?|diagrams?|graphs?|maps?|drawings?|plots?|"
    r"illustrations?|screenshots?|bild|foto|abbildung|diagramm|karte|imagen|figura|foto|mapa|carte|graphique)"
)
_PICTURE_BACK = re.compile(
    rf"\b(?:this|that|these|those|the(?:\s+(?:same|last|previous|first|second|other))?|diese\w*|jene\w*|cette|ce|"
    rf"esta|este|esa|ese)\s+(?:\w+\s+)?{_PICTURE}\b"
    r"|\b(?:left|right|beside|top|bottom|middle|corner)\b.{0,24}\b(?:it|its|that|them|one)\b"
    r"|\b(?:its|their)\s+(?:left|right|top|bottom|colou?r|caption|axis|axes|legend)\b"
    rf"|\b{_PICTURE}\b.{{0,12}}\bagain\b|\b(?:show|see)\b.{{0,12}}\b(?:it|that|them)\b(?:\s+again)?"
    r"|(?:这|那|刚才的?)(?:张|幅|个)?(?:图|照片|图片|图表)|左边|右边",
    re.IGNORECASE,
)
_NEXT = re.compile(
    r"\b(?:below|beneath|underneath|next|after|following|darunter|drunter|danach|untere\w*|nächste\w*|folgende\w*|suivante?|dessous|"
    r"plus bas|après|siguiente|debajo|abajo|después)\b|下面|下一|后面|之后",
    re.IGNORECASE,
)
_PREVIOUS = re.compile(
    r"\b(?:above|before|previous|preceding|darüber|drüber|davor|obere\w*|vorige\w*|vorherige\w*|précédente?|dessus|plus haut|avant|anterior|"
    r"encima|arriba|antes)\b|上面|上一|前面|之前",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"\b(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could|show|tell|give|wer|was|"
    r"wann|wo|warum|wie|welche\w*|ist|sind|qui|quand|où|pourquoi|comment|combien|quel\w*|est|sont|quién|cuándo|dónde|"
    r"cómo|cuánt\w*|cuál\w*)\b|什么|多少|哪|谁",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"^(?:for|of|with|in|at|on|the|an?|im|in der|in den|für|bei|mit|von|der|die|das|den|en|pour|de|du|des|le|la|les|à|"
    r"para|con|el|los|las)\s+",
    re.IGNORECASE,
)
_YEAR = re.compile(r"^(?:year|jahre?|l['’]ann[ée]e|ann[ée]e|an|año)\s+(?=\d{4}$)", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_NAME = re.compile(
    r"(?<!^)(?<![.!?¿]\s)(?<!¿)\b[A-ZÀ-Þ][\w’-]*(?:\s+(?:(?:of|de|van|von|der|la|le)\s+)?[A-ZÀ-Þ][\w’-]*)*"
)
_ARTICLE = re.compile(
    r"\b(?:der|die|das|den|dem|des|eine?\w?|viele?|vom|zum|zur|beim|im|am)\s+(?:[a-zäöüß]\w*\s+)?$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_MAX_CARRIED = 10
_MAX_NEW_WORDS = 6
_MAX_POINTING_TERMS, _MAX_POINTING_WORDS = 3, 8


@dataclass(frozen=True, slots=True)
class FollowUp:
    """How a message hangs on what was said before.

    Attributes:
        follows: Whether it is about the topic of the turns before.
        picture: Whether it points to a picture that was shown or given before.
    """

    follows: bool
    picture: bool


def read_follow_up(message: str) -> FollowUp:
    """Read off a message whether it hangs on earlier turns."""
    picture = bool(_PICTURE_BACK.search(message))
    own = len(content_terms(message)) if message.strip() else 0
    points = bool(_BACK_LAST.search(message)) or (bool(_BACK.search(message)) and own <= _MAX_POINTING_TERMS)
    says_nothing = asks_nothing(message) and not _ASKING.search(message)  # "hi" is about no topic, "why?" is
    return FollowUp(picture or points or _leads(message) or (own <= 1 and not says_nothing), picture)


def _leads(message: str) -> bool:
    """Return whether a message goes on from the one before by its form: "and …?", "what about …?", "…呢?"."""
    return bool(_LEAD.search(message)) or message.rstrip(" ?？").endswith("呢")


def is_remark(message: str, found: str) -> bool:
    """Return whether a message neither asks nor points, and what was found for it has none of its words: thanks."""
    own = set(content_terms(message))
    asks = _ASKING.search(message) or _BACK.search(message) or not puts_no_question(message)
    return bool(own) and not asks and not own & set(terms(found))


def stand_alone(
    message: str, before: str, *, captions: str = "", cited: Sequence[tuple[str, str]] = ()
) -> str:
    """Return a follow-up as a question that can be understood, and searched, by itself.

    Args:
        message: The follow-up.
        before: The question before it, itself standing alone.
        captions: Words of the pictures that it points to.
        cited: What the answer before it quoted, each with the text that it stands in.
    """
    follow = read_follow_up(message)
    if not follow.follows or not (before.strip() or captions.strip()):
        return message
    if moved := _neighbour(message, before, cited):
        return moved
    if _leads(message) and (replaced := _replaced(message, before)):
        return replaced
    own = set(terms(message))
    topic = captions if follow.picture and captions.strip() else before
    carried = _kept_words(topic, own)
    if follow.picture and captions.strip():
        carried += _kept_words(before, own | set(terms(captions)))[:4]
    return f"{message.strip()} ({' '.join(carried[:_MAX_CARRIED])})" if carried else message


def _kept_words(text: str, own: set[str]) -> list[str]:
    """Return the content words of a text as written, without those that the message has."""
    left = set(content_terms(text)) - own
    found: list[str] = []
    for word in _WORD.findall(text):
        mine = set(terms(word))
        if mine and mine <= left:
            found.append(word)
            left -= mine
    return found


# "and the one below it?" -------------------------------------------------------------------------


def _neighbour(message: str, before: str, cited: Sequence[tuple[str, str]]) -> str:
    """Return the question before for the row, or item, next to the one that its answer quoted."""
    step = 1 if _NEXT.search(message) else -1 if _PREVIOUS.search(message) else 0
    if (
        not step
        or len(message.split()) > _MAX_POINTING_WORDS
        or not (_BACK.search(message) or _leads(message))
    ):
        return ""
    for quote, text in cited:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        lines = [line for line in lines if not re.fullmatch(r"\|[\s:|-]+\|", line)]
        first = quote.strip().splitlines()[0].strip() if quote.strip() else ""
        place = next((i for i, line in enumerate(lines) if first and (line == first or first in line)), None)
        if place is None or not 0 <= place + step < len(lines):
            continue
        old, new = _row_label(lines[place]), _row_label(lines[place + step])
        is_head = is_table_row(lines[place]) and (
            place + step == 0 or not is_table_row(lines[place + step - 1])
        )
        if not new or not old or (is_head and step < 0):
            continue
        # Chinese and Japanese write a name without spaces around it.
        written = re.compile(rf"(?<![^\W{CJK}]){re.escape(old)}(?![^\W{CJK}])", re.IGNORECASE)
        if written.search(before):
            return written.sub(lambda _, new=new: new, before, count=1)  # type: ignore[misc]
        return f"{before.rstrip(' ?.!？')} ({new})?"
    return ""


def _row_label(line: str) -> str:
    """Return what a row or an item is of: its first cell, or the words before its value."""
    if is_table_row(line):
        return line.strip("|").split("|")[0].strip()
    bare = re.sub(r"^(?:[-*+•]|\d{1,3}[.)])\s+", "", line)
    return re.split(r"\s*[:：=]\s|\s+(?=\W?\d)", bare, maxsplit=1)[0].strip()


# "what about 2030?" ------------------------------------------------------------------------------


def _replaced(message: str, before: str) -> str:
    """Return the question before with the part replaced that the message has another of: year, name or noun."""
    new = _LEAD.sub("", message, count=1).strip(" ,?!.？！¿").removesuffix("呢").strip()
    while shorter := _LINK.sub("", new, count=1):
        if shorter == new:
            break
        new = shorter
    new = _YEAR.sub("", new)
    if not new or _ASKING.search(new) or len(new.split()) > _MAX_NEW_WORDS or _BACK.search(new):
        return ""
    if number := _NUMBER.search(new):
        held = [m for m in _NUMBER.finditer(before) if len(m.group()) == len(number.group())]
        beside = {term for term in content_terms(_NUMBER.sub(" ", new)) if len(term) > 1}
        if held and beside <= set(content_terms(before)):
            return before[: held[-1].start()] + number.group() + before[held[-1].end() :]
    if same := _same_noun(new, before):
        return same
    if _NAME.fullmatch(f" {new}", 1):
        names = [
            name
            for name in _NAME.finditer(before)
            if language_of(before) != "de" or _has_no_article(before, name)
        ]
        if names:
            return before[: names[-1].start()] + new + before[names[-1].end() :]
    return f"{before.rstrip(' ?.!？')} ({new})?" if not set(terms(new)) & set(terms(before)) else ""


def _has_no_article(before: str, word: re.Match[str]) -> bool:
    """Return whether a German word in capitals stands alone, as names do and nouns seldom."""
    return not _ARTICLE.search(before[: word.start()])


def _same_noun(new: str, before: str) -> str:
    """Return the question before with the noun phrase replaced whose last word is that of ``new``."""
    head = terms(new)[-1] if terms(new) else ""
    words = list(_WORD.finditer(before))
    place = next((i for i, word in enumerate(words) if terms(word.group()) == [head]), None)
    if place is None:
        return ""
    start = place
    left = set(content_terms(before))
    while (
        start > 0
        and place - start < 3
        and set(terms(words[start - 1].group())) & left
        and not _ASKING.fullmatch(words[start - 1].group())
        and before[words[start - 1].end() : words[start].start()].isspace()
    ):
        start -= 1
    return before[: words[start].start()] + new + before[words[place].end() :]
