"""Bytes of a text file as text, whatever its encoding; never fails, says when it had to guess."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ...context import ReadContext

__all__ = ["Decoded", "decode", "read_text"]

_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CANDIDATES = (
    "gb18030", "shift_jis", "euc_jp", "big5", "euc_kr", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254",
    "cp1255", "cp1256", "koi8_r",
)  # fmt: skip
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:.-]+)", re.I)
_XML_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w:.-]+)[\"']")
_WEB_NAMES = {
    **dict.fromkeys(("iso-8859-1", "latin-1", "latin1", "us-ascii", "ascii"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk"), "gb18030"),
    **dict.fromkeys(("shift-jis", "shift_jis", "x-sjis"), "cp932"),
    **dict.fromkeys(("ks_c_5601-1987", "euc-kr"), "cp949"),
}
"""What browsers take for the names that pages declare (WHATWG Encoding Standard)."""
_SAMPLE_BYTES = 65_536
_ALPHABETS: dict[str, tuple[str, ...]] = {
    "cp1252": (
        "äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúü", "àáâãçéêíóôõúü", "àèéìíîòóùú", "åäöé", "æøåé", "áðéíóúýþæö",
        "àçèéíïòóúü", "äöåšž", "éëïóöüèà",
    ),
    "cp1250": ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž"),
    "cp1254": ("çğıöşüâîû",),
}  # fmt: skip
"""What languages add to the plain letters, by the code page that they are written in."""
_MARKS_IN_WORDS = frozenset("’‘'-–—·\xad")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded text.

    Attributes:
        text: The text, line ends unified.
        encoding: What it was read as.
        sure: False when the encoding was guessed or bytes were replaced.
    """

    text: str
    encoding: str
    sure: bool


def decode(data: bytes, *, declared: str = "", markup: bool = False) -> Decoded:
    """Decode by byte order mark, UTF-8, declaration, then by statistics.

    Args:
        data: The file.
        declared: An encoding that the container names (a mail header).
        markup: Whether a ``<meta charset>`` or XML declaration in the text counts.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return Decoded(_lines(data.decode(name, errors="replace")), name, True)
    if b"\0" in data[:_SAMPLE_BYTES]:
        wide = "utf-16-le" if data[1::2].count(0) >= data[0::2].count(0) else "utf-16-be"
        return Decoded(_lines(data.decode(wide, errors="replace")), wide, False)
    try:
        text = data.decode("utf-8")
        escaped = _escaped_japanese(data)
        return escaped if escaped is not None else Decoded(_lines(text), "utf-8", True)
    except UnicodeDecodeError:
        named = _codec(declared or (_declared(data) if markup else ""))
    if named not in ("", "utf-8"):
        with suppress(UnicodeDecodeError):
            return Decoded(_lines(data.decode(named)), named, True)
    replaced = data.decode("utf-8", errors="replace")
    wrong = replaced.count("\ufffd")
    foreign = sum(1 for character in replaced if ord(character) > 127) - wrong
    if foreign > 4 * wrong or (named == "utf-8" and foreign):
        return Decoded(_lines(replaced), "utf-8", False)
    guess = _guess(data)
    return Decoded(_lines(data.decode(guess, errors="replace")), guess, False)


def read_text(path: Path, context: ReadContext, *, markup: bool = False) -> str:
    """Return the text of a file; warn when its bytes were not what they should be."""
    decoded = decode(path.read_bytes(), markup=markup)
    if not decoded.sure:
        replaced = decoded.text.count("\ufffd")
        damage = f", {replaced} bytes could not be read" if replaced else ""
        context.on_warning(
            f"{path.name} is not valid UTF-8 and was read as {decoded.encoding}{damage}.",
            "Save it as UTF-8 if words look wrong.",
        )
    return decoded.text


def _declared(data: bytes) -> str:
    match = _XML_ENCODING.search(data[:1024]) or _META_CHARSET.search(data[:8192])
    return match.group(1).decode("ascii", "ignore") if match else ""


def _codec(name: str) -> str:
    name = _WEB_NAMES.get(name.lower().strip(), name.strip())
    try:
        return codecs.lookup(name).name if name else ""
    except LookupError:
        return ""


def _escaped_japanese(data: bytes) -> Decoded | None:
    """Decode ISO-2022-JP, which is plain ASCII to UTF-8 but for its escapes."""
    if b"\x1b$B" not in data and b"\x1b$@" not in data:
        return None
    try:
        return Decoded(_lines(data.decode("iso2022_jp")), "iso2022_jp", True)
    except UnicodeDecodeError:
        return None


def _guess(data: bytes) -> str:
    from charset_normalizer import from_bytes

    sample = data[:_SAMPLE_BYTES]
    best = from_bytes(sample, cp_isolation=list(_CANDIDATES), threshold=0.35).best()
    guess = best.encoding if best is not None else "cp1252"
    return max(_ALPHABETS, key=lambda page: _fits(sample, page)) if guess in _ALPHABETS else guess


def _fits(sample: bytes, page: str) -> float:
    """Return the share of the foreign characters in words that one language accounts for; 0 where bytes mean nothing.

    Statistics cannot tell code pages of Latin script apart in a few lines; an alphabet can: "déjŕ" is no word
    of any language.
    """
    try:
        text = sample.decode(page).lower()
    except UnicodeDecodeError:
        return 0.0
    foreign = [
        character
        for before, character, after in zip(" " + text, text, text[1:] + " ", strict=False)
        if ord(character) > 127
        and (
            character.isalpha() or (before.isalpha() and after.isalpha() and character not in _MARKS_IN_WORDS)
        )
    ]
    if not foreign:
        return 1.0
    return max(sum(c in alphabet for c in foreign) for alphabet in _ALPHABETS[page]) / len(foreign)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
