"""The one grammar of labels of figures and tables: "Figure 3", "Abb. 2", "Рис. 4", "图 3-1", "Table IV".

Captions open with a label, and running text names figures by it. Readers and the linking of figures share what
is known here: the words of each kind, how numbers are written, and how a caption differs from a sentence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = [
    "Label",
    "caption_kind",
    "find_label",
    "find_labels",
    "is_caption",
    "is_table_label",
    "kinds_named",
    "opening_label",
    "without_label",
]

_WORDS_OF = {
    "figure": """figure figures fig figs figura figuras figuren figuur figur figurer afbeelding afbeeldingen afb
        abbildung abbildungen abb bild bilder rysunek rysunku rys obrázek obr рисунок рисунке рисунка рисунку рисунки
        рис мал σχήμα εικόνα şekil resim hình gambar imagen ilustración ilustração kuva ábra شكل الشكل איור चित्र
        图 圖 図 图片 圖片 附图 附圖 插图 그림""",
    "table": """table tables tab tabelle tabellen tableau tableaux tabla tablas tabela tabele tabelas tabella tabelle
        tabel tabellen tabell tabulka tablo cuadro cuadros quadro quadros таблица таблице таблицы таблицу табл
        таблиця πίνακας bảng taulukko táblázat جدول الجدول טבלה तालिका 表 表格 附表 표""",
    "chart": """chart charts graph graphs graphique graphiques gráfico gráficos gráfica grafico grafik diagramm
        diagramme schaubild wykres диаграмма диаграмме график графике 图表 圖表 도표""",
    "map": "map maps karte karten carte cartes mapa mapas kaart карта карте 地图 地圖 지도",
    "plate": "plate plates planche planches tafel tafeln lámina láminas tavola tavole",
    "scheme": "scheme schemes schema schemas schéma schémas esquema esquemas схема схеме",
    "exhibit": "exhibit exhibits",
    "image": "image images photo photos photograph photographs foto fotos illustration illustrations picture"
    " pictures фото 照片 写真 사진",
    "diagram": "diagram diagrams",
    "box": "box boxes encadré kasten recuadro",
    "listing": "listing listings listado codebeispiel листинг 代码 コード",
    "algorithm": "algorithm algorithms algorithmus algorithme algoritmo алгоритм 算法",
}
_KIND_OF = {word: kind for kind, words in _WORDS_OF.items() for word in words.split()}
_PLURALS = frozenset(word for word in _KIND_OF if word.endswith(("s", "en"))) | {"рисунки", "таблицы"}
_PLURALS -= {"algorithmus", "imagen", "kasten", "πίνακας"}
_LAST_SPACED = "\u3000"  # from here on scripts are set without spaces
_SPACED = "|".join(sorted((word for word in _KIND_OF if word[0] < _LAST_SPACED), key=len, reverse=True))
_UNSPACED = "|".join(sorted((word for word in _KIND_OF if word[0] > _LAST_SPACED), key=len, reverse=True))
_PICTURES = frozenset({"figure", "chart", "map", "image", "diagram"})
_WITH_A_NUMBER = frozenset(("fig", "figs", "tab", "abb", "afb", "obr", "rys", "рис", "мал", "табл"))
"""Abbreviations that name nothing by themselves."""
_UNSPACED_THING = re.compile("|".join(word for word in _UNSPACED.split("|") if len(word) > 1))
"""Of scripts without spaces; one sign alone is part of other words ("代表")."""
_SERIES = {"supplementary": "s", "supplemental": "s", "supporting": "s", "extended data": "ed", "online": "o"}
_PREFIX = rf"(?:(?P<series>{'|'.join(_SERIES)})\s)?"
_ARABIC = r"(?:[A-Z]{1,2}[.\-–]?)?\d+(?:[.\-–‑—_:]\d+){0,3}"
_PART = r"(?:\s?\([a-z]\)|[a-z](?![a-z]))?"
_ROMAN = r"[IVXL]+(?![^\W_])"
_NUMBER = rf"(?:{_ARABIC}{_PART}|{_ROMAN})"
_RANGE = r"to|through|bis|à|–|—|-|~|至|到"
_JOIN = rf"(?:(?P<range>{_RANGE})|,|and|&|und|et|y|e|и|i|en|or|ou|oder|、|和|及|與|与|と|와|과)"
_MENTION = re.compile(
    rf"(?:(?<!\w){_PREFIX}(?P<word>{_SPACED})\.?[\s\u00a0]{{0,2}}|(?P<sign>{_UNSPACED})\s?)(?P<number>{_NUMBER})"
    rf"(?P<more>(?:\s?{_JOIN.replace('?P<range>', '?:')}\s?{_NUMBER})*)",
    re.IGNORECASE,
)
_MORE = re.compile(rf"\s?{_JOIN}\s?(?P<number>{_NUMBER})", re.IGNORECASE)
_OPENING = re.compile(
    rf"[\s*_]*(?P<open>[\[(【▲▼►◄●■]\s*)?{_PREFIX}(?:(?P<word>{_SPACED})|(?P<sign>{_UNSPACED}))(?P<dot>\.?)"
    rf"(?P<gap>[\s\u00a0]*)(?P<number>{_ARABIC}(?:\([a-z]\)|[a-z](?![^\W_]))?|{_ROMAN}|[A-Z](?=[:.])|[一二三四五六七八九十]+)"
    r"(?P<mark>[\s*_]*[:：.．。|、)\]】—–\-]|[\s*_]*)(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_SENTENCE = re.compile(
    r"(?:\([a-z]\)\s*)?(?:and|or|to|in|on|of|for|is|are|was|were|also|shows?|shown|showed|showing|illustrates?|depicts?|"
    r"presents?|gives?|lists?|summari[sz]es?|compares?|displays?|demonstrates?|describes?|provides?|contains?|"
    r"reports?|plots?|represents?|indicates?|above|below|has|have|can|we|zeigt|zeigen|stellt|gibt|und|aus|ist|sind|"
    r"montre|montrent|présente|est|et|muestra|muestran|presenta|es|y|mostra|è|e|toont|laat|показывает|показан[аоы]?|"
    r"представлен[аоы]?|и|przedstawia)\b"
)
_UNSPACED_SENTENCE = re.compile(
    r"\s*(?:显示|顯示|展示|表明|给出|給出|说明|說明|描述|列出|总结|所示|中|是|为|為|的|所|和|与|與|は|を|に|の|が|で|と|와|은|는|을|의|에|처럼)"
)
_LONGEST_CAPTION, _LONGEST_UNSPACED = 1500, 160  # characters
_LONGEST_RANGE = 12  # "Figures 3–5" names all between; "Figures 3–500" is a slip


@dataclass(frozen=True, slots=True)
class Label:
    """The label that a text opens with.

    Attributes:
        kind: "figure", "table", "chart" and so on, whatever the language.
        number: Normalised: "3.1a", "iv", "s2".
        text: As it is shown: "Figure 3", "图3".
        captions: Whether the text goes on as a caption does and not as a sentence.
    """

    kind: str
    number: str
    text: str
    captions: bool


def opening_label(text: str) -> Label | None:
    """Return the label that a text opens with; None when it opens with none.

    "Figure 3: Cells." and "Figure 3 Cells of the skin" are captions; "Figure 3 shows the cells." is none, though
    it opens with a label.
    """
    match = _OPENING.match(text)
    if match is None:
        return None
    word, number = match["word"] or match["sign"], match["number"]
    mark, rest = match["mark"].strip(" \t\n*_"), match["rest"].strip()
    if match["word"] and not (match["dot"] or match["gap"] or mark):
        return None  # "Maps1"
    if match["word"] and rest and not match["mark"] and rest[0].isalnum():
        return None  # "Figure 3x"
    if number.isalpha() and (not number.isupper() or (not mark and rest[:1].islower())):
        return None  # "table i", "Table I think"
    kind = _KIND_OF[word.lower()]
    series = (match["series"] or "").lower()
    return Label(kind, _SERIES.get(series, "") + _normal(number), _shown(match), _captions(match, mark, rest))


def find_label(text: str) -> str:
    """Return the label that a text opens with, as it is shown ("Figure 3"); "" when it opens with none."""
    label = opening_label(text)
    return label.text if label else ""


def without_label(text: str) -> str:
    """Return a caption's words behind its label: "Cells of the skin" of "Figure 3: Cells of the skin"."""
    match = _OPENING.match(text) if opening_label(text) else None
    return (match["rest"] if match else text).strip()


def is_caption(text: str) -> bool:
    """Return whether a paragraph beside a figure or table is its caption: it opens with a label, not a sentence."""
    label = opening_label(text)
    return label is not None and label.captions


def caption_kind(text: str) -> str:
    """Return "table" for the label of a table, "figure" for any other label, "" where a text opens with none."""
    label = opening_label(text)
    return "" if label is None else "table" if label.kind == "table" else "figure"


def is_table_label(label: str) -> bool:
    """Return whether a label names a table."""
    return caption_kind(label) == "table"


def find_labels(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield the labels that a text names, as ``(kind, number, offset)`` with numbers normalised.

    "Figs. 3 and 4" gives two, "Figures 3–5" three; "Fig. 3.1(a)" gives ``("figure", "3.1a", …)``.
    """
    for match in _MENTION.finditer(text):
        word = match["word"] or match["sign"]
        if match["word"] and not word[0].isupper() and match["number"].isalpha():
            continue  # "figure I" is a label, "table i" is not
        kind, at = _KIND_OF[word.lower()], match.start()
        series = _SERIES.get((match["series"] or "").lower(), "")
        last = _normal(match["number"])
        span = re.fullmatch(r"(\d+)([-–—])(\d+)", match["number"]) if word.lower() in _PLURALS else None
        if span is None or span[2] == "-":  # "Figures 3-5" may be a range, "Figure 3–5" is a label
            yield kind, series + last, at
        if span is not None:
            yield from (
                (kind, series + number, at) for number in _between(int(span[1]) - 1, int(span[3]) + 1)
            )
        for more in _MORE.finditer(match["more"]):
            number = _normal(more["number"])
            if more["range"] and last.isdigit() and number.isdigit():
                yield from ((kind, series + between, at) for between in _between(int(last), int(number)))
            yield kind, series + number, at
            last = number


def kinds_named(text: str) -> frozenset[str]:
    """Return which kinds of things a text speaks of, with or without a number: "picture", "table", or both.

    A chart, a map and a photograph are pictures. "The figures for 2020" may be numbers, which stand in tables too.
    """
    words = re.findall(r"[^\W\d_]+", text.lower())
    kinds = {_KIND_OF[word] for word in words if word in _KIND_OF and word not in _WITH_A_NUMBER}
    kinds |= {_KIND_OF[match[0]] for match in _UNSPACED_THING.finditer(text)}
    named = {"picture"} if kinds & _PICTURES else set[str]()
    return frozenset(named | ({"table"} if "table" in kinds or "figures" in words else set()))


def _between(low: int, high: int) -> list[str]:
    """Return the whole numbers between two, where they are few enough for a range of figures."""
    return [str(number) for number in range(low + 1, high)] if high - low - 1 <= _LONGEST_RANGE else []


def _normal(number: str) -> str:
    number = re.sub(r"[\s()]", "", re.sub(r"[\-–‑—_:]", ".", unicodedata.normalize("NFKC", number)))
    return number.lower().strip(".")


def _shown(match: re.Match[str]) -> str:
    """Return a label with its kind's whole word: "Fig. 3" and "FIGURE 3" are shown as "Figure 3"."""
    number = match["number"]
    if match["sign"]:
        return f"{match['sign']}{number}"
    word = {"fig": "Figure", "figs": "Figure", "tab": "Table"}.get(match["word"].lower()) or match["word"]
    word = f"{match['series']} {word}" if match["series"] else word
    dot = match["dot"] if word == match["word"] else ""
    return f"{word[0].upper()}{word[1:].lower()}{dot} {number}"


def _captions(match: re.Match[str], mark: str, rest: str) -> bool:
    if len(match.string) > _LONGEST_CAPTION:
        return False
    if not rest:
        return True
    if mark:  # "(Figure 3) shows …" is a sentence, "(Figure 3)" alone a caption
        return not (match["open"] and mark in ")]】" and rest[0].islower())
    if match["sign"]:
        return _UNSPACED_SENTENCE.match(rest) is None and len(match.string) <= _LONGEST_UNSPACED
    return not (match["word"][0].islower() or rest[0] in ",;)?!'’" or _SENTENCE.match(rest))
