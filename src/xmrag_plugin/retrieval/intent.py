"""What a question asks to see: words that name a picture ("the bar chart of …", "照片") raise pictures."""

from __future__ import annotations

import re

__all__ = ["asks_for_picture"]

_WORDS = (
    r"photo(?:graph)?s?|pictures?|images?|illustrations?|diagrams?|(?:bar|pie|line|flow)?\s?charts?|graphs?"
    r"|figures?|fig\.|maps?|drawings?|paintings?|plots?|sketch(?:es)?|screenshots?|posters?|cartoons?"
    r"|collages?|portraits?|x-?rays?|timelines?|infographics?|logos?|icons?|micrographs?|schematics?"
    # German, French, Spanish, Italian, Portuguese
    r"|bild(?:er|es)?|fotos?|abbildung(?:en)?|zeichnung(?:en)?|diagramme?|schaubild|karten?|photographies?"
    r"|schémas?|graphiques?|dessins?|imagen|imágenes|fotografías?|gráficos?|diagramas?|dibujos?|mapas?"
    r"|immagin[ei]|grafic[oi]|disegn[oi]|imagem|imagens"
)
_LATIN = re.compile(rf"\b(?:{_WORDS})(?!\w)", re.IGNORECASE)
_CJK = re.compile(
    r"图片|图像|图表|照片|插图|示意图|地图|流程图|如图|图\s?\d|圖|写真|画像|イラスト|グラフ|그림|사진|차트|도표"
)


def asks_for_picture(text: str) -> bool:
    """Whether a question names a kind of picture, in the languages that are known here."""
    return bool(_LATIN.search(text) or _CJK.search(text))
