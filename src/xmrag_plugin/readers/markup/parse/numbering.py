"""Marks of list items, known before an item is read: numbers, letters and Roman numerals of all formats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

__all__ = ["marked_items", "write_number"]

_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
_CHINESE = "〇一二三四五六七八九"
_SERIES = {  # letters and signs that count, by the names that Word and CSS have for them
    "russian": "абвгдежзиклмнопрстуфхцчшщыэюя", "greek": "αβγδεζηθικλμνξοπρστυφχψω",
    "hebrew2": "אבגדהוזחטיכלמנסעפצקרשת", "hebrew": "אבגדהוזחטי", "arabicalpha": "أبتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "arabicabjad": "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ", "thailetters": "กขคงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ",
    "ganada": "가나다라마바사아자차카타파하", "chosung": "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ",
    "aiueo": "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン",
    "iroha": "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセスン",
    "ideographtraditional": "甲乙丙丁戊己庚辛壬癸", "cjkheavenlystem": "甲乙丙丁戊己庚辛壬癸",
    "ideographzodiac": "子丑寅卯辰巳午未申酉戌亥", "cjkearthlybranch": "子丑寅卯辰巳午未申酉戌亥",
    "decimalenclosedcircle": "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳", "decimalenclosedparen": "⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽⑾⑿⒀⒁⒂⒃⒄⒅⒆⒇",
    "decimalenclosedfullstop": "⒈⒉⒊⒋⒌⒍⒎⒏⒐⒑⒒⒓⒔⒕⒖⒗⒘⒙⒚⒛", "ideographenclosedcircle": "㊀㊁㊂㊃㊄㊅㊆㊇㊈㊉",
    "koreandigital": "일이삼사오육칠팔구", "koreancounting": "일이삼사오육칠팔구",
}  # fmt: skip
_ZEROS = {  # the first of ten digits
    "decimalfullwidth": "０", "thainumbers": "๐", "thai": "๐", "hindinumbers": "०", "devanagari": "०",
    "arabicindic": "٠", "persian": "۰", "bengali": "০",
}  # fmt: skip
_CARDINALS = (
    "", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = {1: "first", 2: "second", 3: "third", 5: "fifth", 12: "twelfth"}
_MAX_ROMAN = 3999
_TYPES = {"a": "lower-alpha", "A": "upper-alpha", "i": "lower-roman", "I": "upper-roman", "1": "decimal"}
_STYLE = re.compile(r"list-style(?:-type)?\s*:\s*([\w-]+)", re.I)
_CLASSES = ("loweralpha", "upperalpha", "lowerroman", "upperroman", "arabic")
_STYLES = {"arabic": "decimal", "lower-latin": "lower-alpha", "upper-latin": "upper-alpha"}


def write_number(value: int, form: str) -> str:
    """Write a number as a list does.

    Args:
        value: The number.
        form: ``lower-alpha``, ``upper-roman`` and the like (CSS), ``lowerLetter``, ``upperRoman`` and the like
            (Word), ``a``, ``I`` and the like (HTML, OpenDocument); decimal for any other.
    """
    form = _TYPES.get(form, form).lower().replace("-", "")
    if value > 0 and (sign := _of_series(value, form)):
        return sign
    if value > 0 and form.endswith(("alpha", "letter", "latin")):
        letters = chr(ord("a") + (value - 1) % 26) * min((value - 1) // 26 + 1, 20)
        return letters if form.startswith("lower") else letters.upper()
    if 0 < value <= _MAX_ROMAN and form.endswith("roman"):
        text = ""
        for size, sign in _ROMAN:
            text, value = text + sign * (value // size), value % size
        return text if form.startswith("lower") else text.upper()
    if form in ("cardinaltext", "ordinaltext") and 0 < value < 100:
        return _in_words(value, form).capitalize()
    if form == "ordinal" and value > 0:
        return f"{value}{'th' if value % 100 in (11, 12, 13) else {1: 'st', 2: 'nd', 3: 'rd'}.get(value % 10, 'th')}"
    if form in ("decimalzero", "decimalleadingzero"):
        return f"{value:02d}"
    if form == "numberindash":
        return f"- {value} -"
    if (
        form.startswith(("chinese", "cjk", "japanese", "taiwanese", "ideograph", "simpchinese"))
        and 0 < value < 100
    ):
        return _in_chinese(value, form)
    return str(value)


def _of_series(value: int, form: str) -> str:
    """Return the letter or sign that counts to a number, or the number in other digits; "" where neither is meant.

    OpenDocument writes the first ones themselves: ``①, ②, ③, ...``.
    """
    plain = form.removeprefix("lower").removeprefix("upper")
    first = form[:1] if "," in form else ""
    for name, series in _SERIES.items():
        if plain.startswith(name) or first == series[0]:
            sign = series[value - 1] if value <= len(series) else ""
            return sign.upper() if "upper" in form else sign
    zero = ord(_ZEROS.get(form, "0"))
    return "".join(chr(zero + int(digit)) for digit in str(value)) if form in _ZEROS else ""


def _in_chinese(value: int, form: str) -> str:
    tens, ones = divmod(value, 10)
    if form.endswith(("digital", "decimal")):
        return "".join(_CHINESE[int(digit)] for digit in str(value))
    lead = "" if not tens else "十" if tens == 1 else f"{_CHINESE[tens]}十"
    return lead + (_CHINESE[ones] if ones else "")


def _in_words(value: int, form: str) -> str:
    tens, ones = divmod(value, 10) if value >= len(_CARDINALS) else (0, value)
    if form == "cardinaltext":
        words = [_TENS[tens], _CARDINALS[ones]]
    elif ones:
        words = [
            _TENS[tens],
            _ORDINALS.get(ones, f"{_CARDINALS[ones].removesuffix('e')}th".replace("tth", "th")),
        ]
    else:
        words = [f"{_TENS[tens][:-1]}ieth"]
    return "-".join(filter(None, words))


def marked_items(node: Any) -> Iterator[tuple[Any, str]]:
    """Yield the children of an HTML list with their marks: ``-``, ``7.``, ``b.``, ``iv.``.

    ``start``, ``reversed`` and ``type`` of the list and ``value`` and ``type`` of an item count; an item that brings
    its own mark (``data-mark``) is not counted. Lists among the children (which HTML does not allow, but has) come without a mark.
    """
    items = [child for child in node if isinstance(child.tag, str) and child.get("hidden") is None]
    if node.tag != "ol":
        yield from ((item, "" if item.tag in ("ul", "ol") else "-") for item in items)
        return
    step = -1 if node.get("reversed") is not None else 1
    number = _whole(node.get("start"), sum(item.tag == "li" for item in items) if step < 0 else 1)
    for item in items:
        if item.tag != "li":
            yield item, "" if item.tag in ("ul", "ol") else "-"
            continue
        if item.get("data-mark"):
            yield item, item.get("data-mark")
            continue
        number = _whole(item.get("value"), number)
        form = _form(item) or _form(node) or "decimal"
        yield item, "-" if form in ("none", "disc", "circle", "square") else f"{write_number(number, form)}."
        number += step


def _form(node: Any) -> str:
    style = _STYLE.search(node.get("style") or "")
    form = style[1].lower() if style is not None else (node.get("type") or "").strip()
    classes = (node.get("class") or "").split()  # as docutils and Asciidoctor write them
    form = form or next((name for name in classes if name in _CLASSES), "")
    return _STYLES.get(form, form)


def _whole(text: str | None, default: int) -> int:
    match = re.match(r"\s*([-+]?\d{1,9})", text or "")
    return int(match[1]) if match is not None else default
