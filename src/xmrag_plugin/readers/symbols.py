"""Characters of symbol fonts (``w:sym``, runs in Wingdings) as Unicode."""

from __future__ import annotations

__all__ = ["is_symbol_font", "symbol_text"]

_SYMBOL = {
    0x20: " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼",
    0xA0: "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪ 〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭",
}
"""Adobe's Symbol encoding, from each of two codes on."""
_WINGDINGS = {
    0x22: "✂✁", 0x28: "☎✆✉", 0x36: "⌛", 0x3F: "✍", 0x41: "✌👌👍👎☜☞☝☟✋☺😐☹💣☠⚐", 0x51: "✈☼💧❄", 0x56: "✞", 0x58: "✠✡☪☯",
    0x5E: "♈♉♊♋♌♍♎♏♐♑♒♓", 0x6C: "●○■□□❑❒⬧⧫◆❖⬥☒", 0x80: "⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿", 0x9E: "·•▪○",
    0xA4: "◉◎○▪☐", 0xAA: "✦★✶✴✹✵", 0xB5: "✪✰🕐🕑🕒🕓🕔🕕🕖🕗🕘🕙🕚🕛", 0xD5: "⌫⌦", 0xD8: "➢",
    0xDF: "←→↑↓↖↗↙↘←→↑↓↖↗↙↘⇦⇨⇧⇩⬄⇳⬀⬁⬃⬂", 0xFB: "✗✓☒☑",
}  # fmt: skip
_WINGDINGS_2 = {0x4F: "✗✓☒☑☒☒", 0x75: "⑩", 0x96: "·•●●○", 0xA2: "■☐□□"}
_WEBDINGS = {0x61: "✓", 0x63: "☐", 0x67: "■", 0x72: "✗", 0x59: "♥", 0x69: "ℹ", 0x87: "🏔", 0xC8: "📞"}
_FONTS = {
    "symbol": _SYMBOL,
    "wingdings": _WINGDINGS,
    "wingdings 2": _WINGDINGS_2,
    "webdings": _WEBDINGS,
    "zapf dingbats": {0x33: "✓✔✕✖✗✘", 0x6C: "●❍■❏❐❑❒▲▼◆"},
}


def is_symbol_font(font: str) -> bool:
    """Return whether a font's letters are drawn as other signs."""
    return font.lower() in _FONTS


def symbol_text(text: str, font: str) -> str:
    """Return what characters look like in a font.

    Args:
        text: The characters, plain or in the private area from U+F000 on, where Word puts them.
        font: The font's name; characters of one that is not known stay, those without a counterpart become U+FFFD.
    """
    runs = _FONTS.get(font.lower())
    return text if runs is None else "".join(_shown(character, runs) for character in text)


def _shown(character: str, runs: dict[int, str]) -> str:
    code = ord(character)
    code -= 0xF000 if 0xF000 <= code < 0xF100 else 0
    if code < 0x21:
        return character if code == ord(character) else " "
    if code > 0xFF:
        return character
    for first, shown in runs.items():
        if first <= code < first + len(shown):
            return shown[code - first]
    return "\ufffd"
