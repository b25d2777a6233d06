"""Labels of figures and tables ("Figure 3", "图 3-1", "Abb. 2") and captions that begin with them."""

from __future__ import annotations

import re

__all__ = ["caption_kind", "find_label", "looks_like_caption"]

_FIGURE_WORDS = (
    "figure|fig|chart|graph|plate|scheme|exhibit|photo|photograph|picture|image|illustration|diagram|map|"
    "abbildung|abb|bild|figura|gráfico|grafico|imagen|ilustración|schéma|schema|afbeelding|figuur|"
    "rysunek|rys|рисунок|рис|图|圖|图片|附图|図|그림|사진"
)
_TABLE_WORDS = "table|tab|tabelle|tabla|cuadro|tabela|tableau|tabel|таблица|табл|表|表格|附表|표"
_NUMBER = r"(?:[A-Z]{0,2}[.\-]?\d+(?:[.\-–‑—]\d+)*[a-zA-Z]?|[IVXL]+(?![a-zA-Z])|[一二三四五六七八九十]+)"
_LABEL = re.compile(
    rf"\s*(?P<label>(?P<word>{_FIGURE_WORDS}|{_TABLE_WORDS})s?(?P<dot>\.?)\s?\s?(?P<number>{_NUMBER}))"
    r"(?P<after>\s*[.:：．。|、)\]–—-]?)(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_TABLE_WORD = re.compile(rf"(?:{_TABLE_WORDS})s?", re.IGNORECASE)
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_CJK_CITES = re.compile(
    r"\s*(?:显示|顯示|展示|表明|给出|給出|说明|說明|描述|列出|总结|中|是|为|為|的|所|和|与|與|は|を|に|の|が|で|와|은|는|을|의|에)"
)
_SENTENCE_VERBS = re.compile(
    r"\s*(?:\([a-z]\)\s*)?(?:and|or|to|in|on|of|is|are|was|were|shows?|showed|showing|illustrates?|depicts?|"
    r"presents?|gives?|lists?|summari[sz]es?|compares?|displays?|demonstrates?|describes?|provides?|contains?|"
    r"reports?|plots?|represents?|indicates?|above|below|has|have|can|we|zeigt|stellt|und|montre|muestra|y|et)\b",
    re.IGNORECASE,
)
_LONGEST_CAPTION = 1500


def find_label(text: str) -> str:
    """The label that a caption begins with, as "Figure 3", ``""`` when it begins with none."""
    match = _LABEL.match(text)
    if match is None or not _plausible(match):
        return ""
    word, number = match["word"], match["number"]
    if word[0].islower():
        word = word.capitalize()
    gap = "" if _CJK.search(word) and " " not in match["label"].strip() else " "
    return f"{word}{'.' if match['dot'] else ''}{gap}{number}"


def looks_like_caption(text: str) -> bool:
    """Whether a paragraph beside a figure or table is its caption: it begins with a label, not a sentence.

    "Figure 3: Cells." and "Figure 3 Cells of the skin" are; "Figure 3 shows the cells." is not.
    """
    match = _LABEL.match(text)
    if match is None or len(text) > _LONGEST_CAPTION or not _plausible(match):
        return False
    rest = match["rest"]
    if match["after"].strip():
        return True
    if not rest.strip():
        return True
    if _CJK.search(match["word"]):
        return _CJK_CITES.match(rest) is None and len(text) <= 160
    if rest[:1] in ",;)?!'’":
        return False
    return _SENTENCE_VERBS.match(rest) is None and rest.lstrip()[:1] not in ",;"


def caption_kind(text: str) -> str:
    """``table`` when the label is a table's, ``figure`` when it is a figure's, ``""`` without a label."""
    match = _LABEL.match(text)
    if match is None or not _plausible(match):
        return ""
    return "table" if _TABLE_WORD.fullmatch(match["word"]) else "figure"


def _plausible(match: re.Match[str]) -> bool:
    """Latin words want a gap before their number ("Maps1" and "Tabs" are no labels)."""
    label, word = match["label"], match["word"]
    if _CJK.search(word):
        return True
    if match["dot"]:
        return True
    gap = label.strip()[len(word) :].startswith((" ", "\u00a0", "s ", "S "))
    return gap and (word[0].isupper() or word.lower() in ("figure", "fig", "table"))
