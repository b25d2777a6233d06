"""What a question asks for: the type of its answer, and its phrases with the one that is asked for first.

The types are the coarse classes of Li and Roth (*Learning question classifiers*, COLING 2002), read off
the words that ask, in English, German, French, Spanish and Chinese. In other languages a question has no
type, and its answer is chosen by its words and their meaning alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ...text.quantities import dates, money, quantities
from ...text.scripts import CJK_CHARACTER
from ...text.stop_words import language_of, stop_words, without_particles
from ...text.terms import fold, stem, tokens
from ..checking.dates_times import partial_dates, times

__all__ = [
    "WRITTEN_KINDS",
    "AskedFor",
    "asks_nothing",
    "holds_answer_type",
    "other_particles",
    "puts_no_question",
    "read_question",
    "without_quantity",
]


@dataclass(frozen=True, slots=True)
class AskedFor:
    """What a question asks for.

    Attributes:
        language: ISO 639-1 code.
        kind: ``figure``, ``steps``, ``email``, ``web``, ``phone``, ``money``, ``date``, ``number``, ``person``,
            ``place``, ``reason`` or ``""``.
        phrases: Its words, parted by the function words between them; the one behind the word that
            asks comes first ("total", "receipt" of "On the receipt, what is the total?").
        thing: The first phrase, where the question asks for a thing by its name in so many words ("What is the
            population of …", "How many households …"); empty for "How tall is …", "Which is …", "Explain …"
            and long questions.
        particles: Of a question for steps, verbs with the particle behind each ("turn", "on"): with another one a
            verb often means something else, as in "turn off".
    """

    language: str
    kind: str = ""
    phrases: tuple[tuple[str, ...], ...] = ()
    thing: tuple[str, ...] = ()
    particles: tuple[tuple[str, str], ...] = ()


_PICTURE = r"(?:figure|picture|image|chart|diagram|map|photo\w*|drawing|graph|illustration)s?"
_KINDS = (
    (
        "figure",
        rf"\b(?:show me|(?:which|what) {_PICTURE}|^{_PICTURE} (?:of|that|showing|with))\b"
        r"|\b(?:zeig\w*|welche\w*) .{0,20}(?:bild|abbildung|foto|diagramm|karte)"
        r"|\b(?:montre\w*|quelle) .{0,16}(?:figure|image|photo|carte)|\b(?:muestra\w*|muéstra\w*|qué) .{0,16}"
        r"(?:figura|imagen|foto|mapa)|哪(?:张|幅)?图|给我看",
    ),
    (
        "steps",
        r"\bhow (?:do|can|should|would|must) (?:i|you|we|one)\b|\bhow to\b|\bsteps (?:to|for)\b"
        r"|\bwie (?:\w+ ){0,2}(?:ich|man|wir)\b|\bcomment (?:puis-je|peut-on|dois-je|faire|\w+-t-on|\w+-je|\w+er\b)"
        r"|\bcómo (?:puedo|se|debo|hago|\w+[aei]r\b)|如何|怎么(?!样)|怎样",
    ),
    (
        "email",
        r"\be-?mail[ -]?(?:address|id\b|adresse)|\bmailadresse\b|\badresse (?:e-?mail|électronique|de courriel)"
        r"|\bcorreo electrónico\b|(?:邮箱|电子邮件)地?址?是",
    ),
    (
        "web",
        r"\b(?:web|internet) ?(?:address|adresse)|\burl\b|\badresse (?:web|internet)\b|\bdirección (?:web|de internet)\b"
        r"|网址",
    ),
    (
        "phone",
        r"\b(?:(?:tele)?phone|fax|mobile) (?:number|no)\b|\b(?:telefon|fax|handy)nummer\b|\bnuméro de (?:téléphone|fax)\b"
        r"|\bnúmero de (?:teléfono|fax)\b|电话号码",
    ),
    (
        "money",
        r"\bhow much\b.{0,40}\b(?:cost|costs|pay|paid|spen[dt]|earn\w*|charge\w*|worth|owe\w*|due)\b"
        r"|\b(?:price|cost|fee|fare|salary|revenue|amount)s?\b|\bwie ?viel\w* kostet|\b(?:preis|kosten|gebühr|betrag)\w*"
        r"|\bcombien (?:coûte|vaut)|\b(?:prix|tarif|montant)\b|\bcuánto (?:cuesta|vale)|\b(?:precio|importe|coste)\b"
        r"|多少钱|价格|金额",
    ),
    (
        "date",
        r"\bwhen\b|\b(?:what|which) (?:date|day|year|month|century|decade|time)\b|\bdate of\b|\bdate\b.{0,8}\?"
        r"|\bwann\b|\b(?:datum|in welchem jahr)\b|\bquand\b|\bquelle (?:date|année)\b|\bcuándo\b|\b(?:fecha|en qué año)\b"
        r"|何时|什么时候|哪一?年|日期",
    ),
    (
        "number",
        r"\bhow (?:many|much|long|far|old|tall|high|deep|fast|heavy|large|big|hot|cold|often|wide)\b"
        r"|\b(?:number|percent\w*|temperature|distance|speed|height|weight|length|width|age|ratio|frequency|"
        r"population|size) of\b|\bwie (?:viele?|hoch|lang|weit|alt|groß|schwer|schnell|tief|warm|oft)\b|\bcombien\b"
        r"|\bcuánt[oa]s?\b|多少|几(?:个|次|年|天)",
    ),
    ("person", r"\bwho(?:m|se)?\b|\bwer\b|\bwe[mn]\b|^qui\b|\bqui (?:a|est|était)\b|\bquién(?:es)?\b|谁"),
    ("place", r"\bwhere\b|\b(?:which|what) (?:country|city|place|region|town|state|address)\b|\bwo(?:hin|her)?\b"
     r"|\boù\b|\bdónde\b|哪里|在哪|哪儿"),
    ("reason", r"\bwhy\b|\bwarum\b|\bwieso\b|\bweshalb\b|\bpourquoi\b|\bpor qué\b|为什么"),
)  # fmt: skip
_KIND_FORMS = [(kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _KINDS]
_ASKING = re.compile(
    r"\b(?:what|which|who\w*|when|where|why|how|was|wer|we[mn]|wann|wo|wie\w*|welch\w*|warum|que[l']\w*|qui|quand|"
    r"où|combien|comment|pourquoi|qu[eé]|cuál\w*|quién\w*|cuándo|dónde|cuánt\w*|cómo|quale|quanto|come|wat|hoe)\b",
    re.IGNORECASE,
)
_BY_DEGREE = re.compile(
    r"(?:how|wie|comment|cómo|come|hoe)\s+(?!many\b|much\b|viele?\b|veel\b)|(?:which|welche\w*)\b|(?:what|quel\w*)\s+"
    r"(?:kinds?|types?|sorts?|sorte)\b|when\b|wann\b|quand\b|cuándo\b",
    re.IGNORECASE,
)
_QUANTITY = re.compile(r"(?:how\s+(?:much|many)|wie\s*viele?|hoe\s*veel)\b", re.IGNORECASE)
"""Asks for an amount; what follows names what is counted, or does not."""

_NAMED_KINDS = ("", "number", "person")
_MAX_NAMED_TERMS = 6
_HEAD_FINAL = ("zh", "ja", "ko", "tr", "hu")
"""Languages that put what is asked for behind what it belongs to: 账单的总额, "the bill's total"."""


_SHORTEST_WORD = 3
"""Letters of a word that asks for something by itself; shorter ones are met by chance, in lettering above all."""


def asks_nothing(question: str) -> bool:
    """Return whether a message names no thing: function words and words of one or two letters only.

    >>> [asks_nothing(said) for said in ("hi", "What is it?", "5G", "水", "battery")]
    [True, True, False, False, False]
    """
    stops = stop_words(language_of(question))
    return not any(
        len(word) >= _SHORTEST_WORD or CJK_CHARACTER.search(word) or any(char.isdigit() for char in word)
        for word in tokens(question)
        if word not in stops
    )


_MAX_REMARK_TERMS = 3


def puts_no_question(message: str) -> bool:
    """Return whether a message is a few words without the form of a question: a remark, or words to look up.

    >>> [puts_no_question(said) for said in ("Thanks!", "Danke, sehr gut", "Battery life?", "why")]
    [True, True, False, False]
    """
    language = language_of(message)
    words = [word for word in tokens(message) if word not in stop_words(language)]
    asks = _ASKING.search(message) or any(form.search(message) for _, form in _KIND_FORMS)
    return len(words) <= _MAX_REMARK_TERMS and not asks and not message.rstrip().endswith(("?", "？"))


@lru_cache(maxsize=256)
def read_question(question: str) -> AskedFor:
    """Read the answer type and the phrases off a question's words."""
    language = language_of(question)
    kind = next((kind for kind, form in _KIND_FORMS if form.search(question)), "")
    asking = _ASKING.search(question) if language not in _HEAD_FINAL else None
    start = asking.start() if asking else 0
    quantity = _QUANTITY.match(question, start)
    behind = quantity.end() if quantity else start
    phrases = [*_phrases(question[behind:], language), *_phrases(question[:start], language)]
    if language in _HEAD_FINAL:
        phrases.reverse()
    thing: tuple[str, ...] = ()
    named = not quantity or _begins_with_name(
        question[behind:], language
    )  # "how much did it grow" names nothing
    if (
        asking
        and kind in _NAMED_KINDS
        and named
        and not _BY_DEGREE.match(question[start:])
        and len(phrases) > 1
    ):
        thing = phrases[0] if sum(map(len, phrases)) <= _MAX_NAMED_TERMS else ()
    particles = _particles(question, language) if kind == "steps" else ()
    return AskedFor(language, kind, tuple(phrases), thing, particles)


def _particles(question: str, language: str) -> tuple[tuple[str, str], ...]:
    """Return the words with the particle behind each: a function word that no noun follows, as "the" is followed."""
    stops = stop_words(language)
    words = [*tokens(question), ""]
    return tuple(
        (stem(word, language), particle)
        for word, particle, behind in zip(words, words[1:], words[2:], strict=False)
        if word not in stops and particle in stops and (not behind or behind in stops)
    )


def without_quantity(question: str) -> str:
    """Return a question without the words that ask for an amount: what answers it need not hold them."""
    return _QUANTITY.sub(" ", question)


def _begins_with_name(text: str, language: str) -> bool:
    """Return whether the first word of a text is no function word."""
    first = re.search(r"\w+", fold(text))
    return first is not None and first.group() not in stop_words(language)


def _phrases(text: str, language: str) -> list[tuple[str, ...]]:
    """Return the runs of words between function words and punctuation."""
    phrases: list[list[str]] = [[]]
    stops = stop_words(language)
    for word in re.findall(r"\w+(?:[.,]\w+)*|[^\w\s]+", without_particles(fold(text), language)):
        if word in stops or not re.match(r"\w", word) or (CJK_CHARACTER.match(word) and phrases[-1]):
            phrases.append([])
        if word not in stops and re.match(r"\w", word):
            phrases[-1] += tokens(word)
    return [tuple(phrase) for phrase in phrases if phrase]


_PARTED = 4  # words behind a verb among which its particle may stand: "turn the old alarm off"


def other_particles(asked: AskedFor, text: str) -> dict[str, float]:
    """Return for a question's terms in which share of their places in a text another particle stands behind them.

    >>> other_particles(read_question("How do I turn on the watch?"), "Turn off the alarm, turn the watch on.")
    {'turn': 0.5}
    """
    if not asked.particles:
        return {}
    stops = stop_words(asked.language)
    words = tokens(text)
    stems = [stem(word, asked.language) for word in words]
    found = {}
    for term, particle in asked.particles:
        places = [place for place, word in enumerate(stems) if word == term]
        others = [
            place
            for place in places
            if particle not in words[place + 1 : place + 1 + _PARTED]
            and any(word in stops for word in words[place + 1 : place + 2])
        ]
        if others:
            found[term] = len(others) / len(places)
    return found


_WRITTEN = {
    "email": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "web": re.compile(
        r"https?://\S|(?<![@\w.-])(?:www\.[\w-]+|[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|edu|gov|info|eu|[a-z]{2}/))",
        re.IGNORECASE,
    ),
    "phone": re.compile(
        r"(?<![\w.])(?:(?:\+|\(?0)\d[\d\s()/.–-]{5,}\d|\(?\d{3}\)?[-. ]{1,2}\d{3,4}[-. –]\d{3,4}|\d{2,3}-\d{6,8})(?!\w)"
    ),
}
"""How an address or a number to reach somebody is written: a text without one does not tell it."""
WRITTEN_KINDS = frozenset(_WRITTEN)
_BESIDE = 20  # characters behind a number in which what it counts is named
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-ZÀ-Þ][\w’'-]+")
_PLACE = re.compile(
    r"\b(?:in|at|near|from|on|to|inside|within|of|im|bei|aus|nach|à|au|en|dans|de)\s+(?:\w+\s)?[A-ZÀ-Þ]\w+"
)
_REASON = re.compile(
    r"\b(?:because|since|due to|owing to|therefore|thus|as a result|so that|in order to|reasons?|caus\w+|leads? to|"
    r"explain\w*|consequently|weil|denn|wegen|aufgrund|deshalb|car|parce que|puisque|à cause|porque|debido|ya que)\b"
    r"|因为|因此|由于",
    re.IGNORECASE,
)
_YEAR = re.compile(
    r"\b(?:1\d|20)\d\d(?:s|er)?\b|\b\d{1,2}(?:st|nd|rd|th|\.|e|er) (?:century|jahrhundert|siècle)\b|\d年|siglo"
)


def holds_answer_type(asked: AskedFor, text: str) -> float:
    """Return whether a sentence or line holds something of the kind asked for: 1, 0, or between.

    A number that does not stand beside the thing that is counted ("410 households") is a quarter.
    """
    kind = asked.kind
    if kind == "money":
        return float(bool(money(text)) or any(q.unit and not q.worded for q in quantities(text)))
    if kind == "number":
        found = quantities(text)
        if not asked.thing or not found:
            return float(bool(found))
        counted = {stem(word, asked.language) for word in asked.thing}
        beside = (
            tokens(text[q.start : q.start + len(q.text) + _BESIDE])
            for q in found
            if not q.worded or q.text != "one"
        )
        return 1.0 if any(counted & {stem(w, asked.language) for w in words} for words in beside) else 0.25
    if kind == "date":
        return float(
            bool(dates(text)) or bool(_YEAR.search(text)) or bool(partial_dates(text)) or bool(times(text))
        )
    form = {"person": _NAME, "place": _PLACE, "reason": _REASON, **_WRITTEN}.get(kind)
    if form is None:
        return 0.0
    if kind in WRITTEN_KINDS:
        return float(bool(form.search(text)))
    return float(bool(form.search(text)) or (kind != "reason" and bool(CJK_CHARACTER.search(text))))
