"""Follow-ups understood without a model: what "and black tea?", "when was it built?" and "that chart" are about.

Rules on the surface of the words, after the observation of Dalton et al. (*CAsT 2019*, TREC) that
most turns of a conversation are repaired by carrying terms of the topic over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...text.terms import content_terms, terms

__all__ = ["FollowUp", "read_follow_up", "stand_alone"]

_OPENING = re.compile(
    r"^\s*(?:(?:and|but|so|or|also|then|ok(?:ay)?|yes|no)\b[\s,]*)*"
    r"(?:what|how) about\b|^\s*(?:and|but|or|so|also|then)\b|^\s*(?:那么?|还有|另外|然后|und|et|y)\s*",
    re.IGNORECASE,
)
_BACK = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|one|ones|there|same|"
    r"former|latter|again|above|previous|earlier|other|others)\b|它们?|他们?|她们?|这|那|其|再",
    re.IGNORECASE,
)
_PICTURE = (
    r"(?:photo(?:graph)?s?|pictures?|images?|figures?|charts?|diagrams?|graphs?|maps?|drawings?|plots?|tables?|"
    r"illustrations?|screenshots?)"
)
_PICTURE_BACK = re.compile(
    rf"\b(?:this|that|these|those|the(?:\s+(?:same|last|previous|first|second|other))?)\s+(?:\w+\s+)?{_PICTURE}\b"
    rf"|\b(?:left|right|above|below|beside|next|under|over|top|bottom|middle|corner)\b.{{0,24}}\b(?:it|its|that|them|one)\b"
    rf"|\b(?:its|their)\s+(?:left|right|top|bottom|colou?r|caption|axis|axes|legend)\b"
    rf"|\b{_PICTURE}\b.{{0,12}}\bagain\b|\b(?:show|see)\b.{{0,12}}\b(?:it|that|them)\b(?:\s+again)?"
    r"|(?:这|那|刚才的?)(?:张|幅|个)?(?:图|照片|图片|图表)|左边|右边|上面|下面",
    re.IGNORECASE,
)
_REPLACING = re.compile(
    r"^\s*(?:(?:and|but|or|so|then)\b[\s,]*)?(?:(?:what|how) about\b|and\b|or\b)?\s*(?:for\s+|of\s+|with\s+|in\s+)?"
    r"(?P<new>(?:the\s+|an?\s+)?[\w'’ -]{1,60}?)\s*[?.!]*\s*$",
    re.IGNORECASE,
)
_ELLIPSIS = re.compile(
    r"^\s*(?:(?:and|but|or|so|then)\b[\s,]*)?(?:what|how) about\b|^\s*(?:and|or)\b", re.IGNORECASE
)
_ASKING = re.compile(
    r"\b(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could|show|tell|give)\b",
    re.IGNORECASE,
)
_MOST_CARRIED = 10


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
    telling = len(content_terms(message)) if message.strip() else 0
    opens = bool(_OPENING.search(message))
    points = bool(_BACK.search(message))
    return FollowUp(picture or opens or (points and telling <= 3) or telling <= 1, picture)


def stand_alone(message: str, before: str, *, captions: str = "") -> str:
    """A follow-up as a question that can be understood, and searched, by itself.

    Args:
        message: The follow-up.
        before: The question before it, itself standing alone.
        captions: Words of the pictures that it points to.
    """
    follow = read_follow_up(message)
    if not follow.follows or not (before.strip() or captions.strip()):
        return message
    if _ELLIPSIS.search(message) and (replaced := _replaced(message, before)):
        return replaced
    own = set(terms(message))
    topic = captions if follow.picture and captions.strip() else before
    carried = _kept_words(topic, own)
    if follow.picture and captions.strip():
        carried += _kept_words(before, own | set(terms(captions)))[:4]
    return f"{message.strip()} ({' '.join(carried[:_MOST_CARRIED])})" if carried else message


def _kept_words(text: str, own: set[str]) -> list[str]:
    """The telling words of a text as written, without those that the message has."""
    telling = set(content_terms(text)) - own
    found: list[str] = []
    for word in re.findall(r"[^\W_]+(?:['’.-][^\W_]+)*", text):
        mine = set(terms(word))
        if mine and mine <= telling:
            found.append(word)
            telling -= mine
    return found


def _replaced(message: str, before: str) -> str:
    """The question before with a part replaced: "And black tea?" after "How is green tea brewed?"."""
    match = _REPLACING.match(message)
    if match is None:
        return ""
    new = re.sub(r"^(?:what|how) about\s+", "", match["new"].strip(), flags=re.IGNORECASE)
    if not new or _ASKING.search(new) or len(new.split()) > 6 or _BACK.search(new):
        return ""
    head = terms(new)[-1] if terms(new) else ""
    words = list(re.finditer(r"[^\W_]+(?:['’.-][^\W_]+)*", before))
    place = next((i for i, word in enumerate(words) if terms(word.group()) == [head]), None)
    if place is None:
        return f"{before.rstrip(' ?.!')} ({new})?" if not set(terms(new)) & set(terms(before)) else ""
    start = place
    telling = set(content_terms(before))
    while (
        start > 0
        and place - start < 3
        and set(terms(words[start - 1].group())) & telling
        and not _ASKING.fullmatch(words[start - 1].group())
        and before[words[start - 1].end() : words[start].start()].isspace()
    ):
        start -= 1
    bare = re.sub(r"^(?:the|an?)\s+", "", new, flags=re.IGNORECASE)
    return before[: words[start].start()] + bare + before[words[place].end() :]
