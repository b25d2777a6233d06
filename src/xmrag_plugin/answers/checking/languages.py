"""Closed classes of words in English, German, French, Spanish and Chinese that a check of claims turns on.

Negators, number words, ordinals, months and pairs of opposites: general words of the languages, none of a
collection.
"""

from __future__ import annotations

import re

from ...text.scripts import HAN
from ...text.stop_words import language_of, stop_words

__all__ = [
    "EXCEPTION",
    "EXCEPTION_HAN",
    "EXCLUSIVE",
    "EXCLUSIVE_HAN",
    "LEAST",
    "LEAST_HAN",
    "MOST",
    "MOST_HAN",
    "NEGATION",
    "NUMBER_WORDS",
    "OPPOSITES",
    "ORDINALS",
    "QUARTER",
    "WEEKDAYS",
    "han_number",
    "is_german",
    "sure_language_of",
]

NEGATION = re.compile(
    r"\b(?:not|cannot|never|no|none|nothing|nobody|nowhere|neither|nor|without|hardly|barely|scarcely)\b|n['’]t\b"
    r"|\b(?:nicht|nie|niemals|kein(?:e[mnrs]?)?|nichts|niemand|ohne|weder|kaum)\b"
    r"|\b(?:ne|n['’](?=\w)|pas|jamais|aucune?|sans|rien|personne\sne|ni)\b"
    r"|\b(?:nunca|jamás|ningun[oa]?|ningún|nada|nadie|tampoco|sin)\b"
    r"|(?<![特辨鉴区性各有个分级])(?:没有|没|沒|無|无|并非|绝非|不是|不会|不能|不得|不可|不再|从不|未|勿|不)"
    r"(?![仅但同断过久少论管错妨如必定足])",
    re.IGNORECASE,
)
"""What turns a statement round. "not only" and the like are taken out before (:data:`NO_NEGATION`)."""

NO_NEGATION = re.compile(
    r"\bnot\s(?:only|just|merely|least)\b|\bno\s(?:fewer|less|more|later|doubt|longer\sthan)\b|\bno\.\s?(?=\d)"
    r"|\bnicht\s(?:nur|zuletzt|weniger|mehr\sals)\b|\b(?:ne|non)\s(?:\S+\s)?(?:pas\s)?(?:seulement|que)\b"
    r"|\bno\s(?:s[oó]lo|solamente|obstante)\b|\bsin\sembargo\b|\bwhether\sor\snot\b|\bif\snot\b",
    re.IGNORECASE,
)

EXCEPTION = re.compile(
    r"\b(?:except(?:\sfor)?|excepting|excluding|apart\sfrom|other\sthan|außer|ausgenommen|sauf|excepté|hormis|excepto|salvo)"
    r"\s+((?:[^\W_]+\s?){1,3})",
    re.IGNORECASE,
)
"""What a statement does not hold for; the group is what is excepted."""

EXCEPTION_HAN = re.compile(rf"除了?([{HAN}\w]{{1,12}}?)(?:之外|以外|外)")

_NUMBER_LISTS = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty",
    "de": "null _ zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn "
    "siebzehn achtzehn neunzehn zwanzig",
    "fr": "zéro _ deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize _ _ _ vingt",
    "es": "cero _ dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis "
    "diecisiete dieciocho diecinueve veinte",
}
NUMBER_WORDS = {
    word: value for names in _NUMBER_LISTS.values() for value, word in enumerate(names.split()) if word != "_"
}
_TENS = {
    "en": "thirty forty fifty sixty seventy eighty ninety hundred",
    "de": "dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert",
    "fr": "trente quarante cinquante soixante _ _ _ cent",
    "es": "treinta cuarenta cincuenta sesenta setenta ochenta noventa cien",
}
NUMBER_WORDS |= {
    word: 10 * n for names in _TENS.values() for n, word in enumerate(names.split(), 3) if word != "_"
}
NUMBER_WORDS |= dict.fromkeys(("thousand", "tausend", "mille", "mil"), 1000)
NUMBER_WORDS |= dict.fromkeys(("dozen", "dutzend", "douzaine", "docena"), 12)

_ORDINAL_LISTS = {
    "en": "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth",
    "de": "erst zweit dritt viert fünft sechst siebt acht neunt zehnt elft zwölft",
    "fr": "premi deuxième troisième quatrième cinquième sixième septième huitième neuvième dixième onzième douzième",
    "es": "primer segund tercer cuart quint sext séptim octav noven décim undécim duodécim",
}
_ENDINGS = {"en": "", "de": "e[nmrs]?", "fr": "(?:er|ère)?s?", "es": "[oa]?s?"}
ORDINALS: list[tuple[re.Pattern[str], int]] = [
    (re.compile(rf"\b{stem}{_ENDINGS[language]}\b", re.IGNORECASE), value)
    for language, stems in _ORDINAL_LISTS.items()
    for value, stem in enumerate(stems.split(), 1)
]
ORDINALS += [
    (re.compile(r"\binitial(?:ly)?\b|\bearliest\b", re.IGNORECASE), 1),
    (re.compile(r"\bseconde\b", re.IGNORECASE), 2),
]
MOST = r"most|highest|largest|biggest|greatest|longest|meisten?|höchste\w*|größte\w*|längste\w*"
LEAST = r"least|fewest|lowest|smallest|shortest|wenigsten|niedrigste\w*|kleinste\w*|geringste\w*|kürzeste\w*"
MOST_HAN, LEAST_HAN = "最[多高大长]", "最[少低小短]"
_SUPERLATIVE = (
    rf"(?:{MOST}|{LEAST}|best|worst|top|maximum|minimum|\w{{3,}}est|plus|moins|más|menos|mayor\w*|menor\w*)"
)
ONE_OF = re.compile(
    r"(?<!\w)(?:(?:one|two|three|some)\sof\sthe|eine[rs]?\sder|l['’]une?\sdes|un[oa]\sde\sl[oa]s)"
    rf"\s(?:\w+\s)?{_SUPERLATIVE}(?!\w)",
    re.IGNORECASE,
)
"""Several have the most: "one of the largest"."""

NO_SUPERLATIVE = re.compile(
    rf"{ONE_OF.pattern}|(?<!\w)(?:at\s(?:most|least|best)|most\sof|al\s(?:más|menos)"
    r"|(?:second|third|fourth|fifth|\d(?:nd|rd|th)|l[ea]\s(?:deuxième|troisième)|(?:segund|tercer)[oa]?)"
    rf"[\s-](?:\w+\s)?{_SUPERLATIVE})(?!\w)",
    re.IGNORECASE,
)
"""What has the words of a superlative and names no first: "at most", "one of the largest", "the second largest"."""
QUARTER = re.compile(r"\b[QT]([1-4])\b|([一二三四])季度?|\b([1-4])\.\s?(?:Quartal|trimestre)\b")

_OPPOSITES = """
more most greater = fewer less least
increase increased increases increasing rise rose rises risen grow grew grown grows growth growing gain gained up climbed
  = decrease decreased decreases decreasing fall fell falls fallen decline declined declines drop dropped drops shrank
  shrink shrunk reduced down lost
higher highest = lower lowest
larger largest bigger biggest = smaller smallest
best better = worst worse
first earliest initial = last latest final
before earlier prior = after later
above over = below under beneath
always = never
maximum max = minimum min
longer longest = shorter shortest
faster fastest = slower slowest
stronger strongest = weaker weakest
older oldest = younger youngest newer newest
hotter hottest warmer warmest = colder coldest cooler coolest
nearer nearest closer closest = farther farthest further furthest
left = right
north northern = south southern
east eastern = west western
open opened opens = closed close closes shut
start started starts begin began begins = end ended ends finish finished stop stopped
positive positively = negative negatively
possible able can = impossible unable cannot
inside within = outside
day = night
true correct = false incorrect wrong
easy easier = difficult harder
profit profits profitable = loss losses
enters entered = leaves exits exited
upper = lower
top = bottom
internal = external
public = private
legal = illegal
success successful succeeded = failure unsuccessful failed
import imports imported = export exports exported
men male males = women female females
accept accepted allow allowed allows permitted = reject rejected forbid forbidden prohibited refused
present = absent
mehr meiste = weniger wenigste
stieg steigt steigen gestiegen erhöht zugenommen wuchs = sank sinkt sinken gesunken fiel gefallen verringert abgenommen
höher höchste höchsten = niedriger niedrigste tiefer tiefste
größer größte größten = kleiner kleinste kleinsten
beste besten besser = schlechteste schlechtesten schlechter
vor = nach
über oberhalb = unter unterhalb
immer = nie niemals
offen geöffnet öffnet = geschlossen schließt
gewinn = verlust
links linke linken = rechts rechte rechten
norden nördlich nördliche = süden südlich südliche
osten östlich östliche = westen westlich westliche
plus = moins
augmenté augmente augmentation hausse = diminué diminue diminution baisse
supérieur supérieure = inférieur inférieure
meilleur meilleure = pire
avant = après
toujours = jamais
ouvert ouverte ouverts ouvertes ouvre = fermé fermée fermés fermées ferme
bénéfice bénéfices = perte pertes
gauche = droite
nord = sud
más mayor mayores = menos menor menores
aumentó aumenta aumento subió crece creció = disminuyó disminuye disminución bajó cayó
mejor mejores = peor peores
antes = después
siempre = nunca
abre abren abierto abierta = cierra cierran cerrado cerrada
beneficio beneficios ganancia = pérdida pérdidas
izquierda = derecha
norte = sur
"""
_PAIRS_HAN = "多少 高低 大小 最先最后 之前之后 以前以后 以上以下 增加减少 上升下降 增长下降 最好最差 左右 南北 东西 开关 内外 轻重 快慢 前后 早晚 长短"


def _opposites() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for line in re.sub(r"\n  ", " ", _OPPOSITES.strip()).split("\n"):
        one, other = (frozenset(side.split()) for side in line.split("="))
        for word in one:
            found[word] = found.get(word, frozenset()) | other
        for word in other:
            found[word] = found.get(word, frozenset()) | one
    return found


OPPOSITES = _opposites()
"""Word → the words that say its opposite."""

OPPOSITES_HAN = [
    pair
    for written in _PAIRS_HAN.split()
    for one, other in [(written[: len(written) // 2], written[len(written) // 2 :])]
    for pair in ((one, other), (other, one))
    if len(one) > 1
]
"""The same for Chinese, in words of two characters or more: single ones stand in too many others."""

_EXCLUSIVE = """
spring summer autumn winter
frühling sommer herbst winter
printemps été automne hiver
primavera verano otoño invierno
monday tuesday wednesday thursday friday saturday sunday
montag dienstag mittwoch donnerstag freitag samstag sonntag
lundi mardi mercredi jeudi vendredi samedi dimanche
lunes martes miércoles jueves viernes sábado domingo
red green blue yellow orange purple violet pink brown black white grey gray
rot grün blau gelb orange lila violett rosa braun schwarz weiß grau
rouge vert verte bleu bleue jaune orange violet rose brun noir noire blanc blanche gris
rojo roja verde azul amarillo amarilla naranja morado rosa marrón negro negra blanco blanca gris
north south east west
norden süden osten westen
nord sud est ouest
norte sur este oeste
"""
EXCLUSIVE = [frozenset(line.split()) for line in _EXCLUSIVE.strip().split("\n")]
"""Classes of which a thing has one member: seasons, weekdays, colours, points of the compass."""

WEEKDAYS = [members for members in EXCLUSIVE if members & {"monday", "montag", "lundi", "lunes"}]

EXCLUSIVE_HAN = [tuple(words) for words in ("春夏秋冬", "红绿蓝黄紫黑白灰", "东南西北", "男女")]
"""The same for Chinese, by the character before the same other one (…天, …色, …门)."""

_HAN_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_HAN_SCALES = {"十": 10, "百": 100, "千": 1000}


def han_number(text: str) -> int | None:
    """Read a Chinese numeral below ten thousand, such as 四十二; None for what is none."""
    whole, digit = 0, 0
    for place, char in enumerate(text):
        if char in _HAN_DIGITS:
            digit = _HAN_DIGITS[char]
        elif char in _HAN_SCALES:
            whole += (digit or (1 if place == 0 else 0)) * _HAN_SCALES[char]
            digit = 0
        else:
            return None
    return whole + digit


def sure_language_of(text: str) -> str:
    """Return the language of a text when its script or two of its words or more tell; else an empty string."""
    language = language_of(text, "")
    if language in ("zh", "ja", "ko"):
        return language
    known = stop_words(language)
    words = re.findall(r"[^\W\d_]+", text[:2000].casefold())
    return language if sum(word in known for word in words) >= 2 else ""


def is_german(text: str) -> bool:
    """Whether a text is German, where nouns of all kinds begin with a capital letter."""
    return language_of(text) == "de"
