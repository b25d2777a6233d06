"""Numbers as a sheet shows them: dates, percentages, decimals, currency signs."""

from __future__ import annotations

import datetime
import re
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from .names import S, whole

__all__ = ["NumberFormats", "is_date"]

_BUILT_IN = {
    9: "0%", 10: "0.00%", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 1: "0", 2: "0.00", 3: "#,##0",
    4: "#,##0.00", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 37: "#,##0", 38: "#,##0", 39: "#,##0.00",
    40: "#,##0.00", 41: '#,##0;-#,##0;"-"', 42: '#,##0;-#,##0;"-"', 43: '#,##0.00;-#,##0.00;"-"',
    44: '#,##0.00;-#,##0.00;"-"', 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0",
}  # fmt: skip
_MAX_CODE = 255  # what Excel allows
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h|m|s)[^\]]*\]', re.I)
_SIGN = re.compile(r'\[\$([^\]-]+)[^\]]*\]|"([^"]{1,12})"|([$€£¥₹₩])')
_QUOTED = re.compile(r'"[^"]*"')
_TOKEN = re.compile(r'"[^"]*"?|\\.|;|[^;"\\]+|\\')
_CONDITION = re.compile(r"\[(<=|>=|<>|[<>=])\s*(-?\d+(?:\.\d+)?)\]")
_COMPARED = {"<": lt, "<=": le, ">": gt, ">=": ge, "=": eq, "<>": ne}
_WORDS_BEFORE = re.compile(r'\s*"([^"]*[^\W\d_][^"]*)"\s*(?=[0#?])')
_FRACTION = re.compile(r"([#0?]*) *(\?+|#+|0+) */ *(\?+|#+|0+|[1-9]\d*)")
_MASK = re.compile(r'(?:[#0?]|[()\-\s/]|\\[()\-\s./]|"[()\-\s./]+")+')
_SCALED = re.compile(r"[0#?](,+)[^0#?,]*$")
_DATE = re.compile(r"[dmyhs]", re.I)
_TIME_ONLY = re.compile(r"^[^dy]*[hs][^dy]*$", re.I)


class NumberFormats:
    """The number formats of a workbook's styles.

    Args:
        tree: The styles part, None when there is none.
        since_1904: Whether days count from 1904.
    """

    def __init__(self, tree: Any | None, *, since_1904: bool = False) -> None:
        self._epoch = datetime.datetime(1904, 1, 1) if since_1904 else datetime.datetime(1899, 12, 30)
        self._codes: list[str] = []
        self.white: set[int] = set()  # styles of white words on white cells
        if tree is None:
            return
        custom = {
            int(node.get("numFmtId") or 0): (node.get("formatCode") or "")[:_MAX_CODE]
            for node in tree.iter(f"{S}numFmt")
        }
        listed = tree.find(f"{S}cellXfs")
        white, plain = _white_fonts(tree), _no_fills(tree)
        for place, node in enumerate(listed.iterchildren(f"{S}xf") if listed is not None else ()):
            if whole(node.get("fontId"), -1) in white and whole(node.get("fillId"), -1) in plain:
                self.white.add(place)
        for node in listed.iterchildren(f"{S}xf") if listed is not None else ():
            number = int(node.get("numFmtId") or 0)
            self._codes.append(custom.get(number, _BUILT_IN.get(number, "")))

    def write(self, value: str, style: int) -> str:
        """Return a stored number as the sheet shows it; the stored text where it is no number."""
        try:
            number = float(value)
        except ValueError:
            return value
        return self.write_as(number, self._codes[style] if 0 <= style < len(self._codes) else "")

    def write_as(self, number: float, code: str) -> str:
        """Return a number as a format shows it."""
        section = _section_for(number, code)
        if code and not section.strip():  # a format without any places: the sheet shows nothing
            return ""
        plain = _LITERAL.sub("", section)
        if is_date(section):
            return self._date(number, plain) or _short(number)
        if code and not re.search(r"[0#@]|general" if not number else r"[0#?@]|general", plain, re.I):
            return _words_of(section)
        scaled = _SCALED.search(plain)
        if scaled is not None:
            number /= 1000 ** len(scaled[1])
        if "%" in plain:
            return f"{_rounded(number * 100, _decimals(plain))}%"
        if fraction := _FRACTION.search(plain):
            return _as_fraction(number, fraction)
        if (masked := _masked(number, section)) is not None:
            return masked
        text = _short(number)
        if scaled is not None or (re.search("[0#]", plain) and not re.search("[@E]", plain, re.I)):
            text = _rounded(number, _decimals(plain))
        places = re.match(r"0+(?![#,0])", plain)  # 00000: a number of five places, whatever it is
        if places is not None and number >= 0:
            text = text.zfill(len(text) - len(text.partition(".")[0]) + places.end())
        before = _WORDS_BEFORE.match(section)
        if before is not None:
            return f"{before[1]}{text}"
        sign = next((part for found in _SIGN.finditer(section) for part in found.groups() if part), "")
        return f"{text} {sign.strip()}".strip() if sign.strip() else text

    def _date(self, number: float, code: str) -> str:
        if not 0 <= number < 2_958_466:
            return ""
        moment = self._epoch + datetime.timedelta(seconds=round(number * 86400))
        if _TIME_ONLY.match(code) and not re.search(r"m{3,}", code, re.I):
            if "[" in code:
                hours, rest = divmod(round(number * 86400), 3600)
                return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
            return moment.strftime("%H:%M:%S") if "s" in code.lower() else moment.strftime("%H:%M")
        if re.search(r"[hs]", code, re.I) and (moment.hour or moment.minute or moment.second):
            return moment.strftime("%Y-%m-%d %H:%M")
        return moment.strftime("%Y-%m-%d")


def _white_fonts(tree: Any) -> set[int]:
    fonts = tree.find(f"{S}fonts")
    colours = [node.find(f"{S}color") for node in fonts] if fonts is not None else []
    return {
        place
        for place, colour in enumerate(colours)
        if colour is not None
        and (
            (colour.get("rgb") or "").upper().endswith("FFFFFF")
            or (colour.get("theme") == "0" and not colour.get("tint"))
        )
    }


def _no_fills(tree: Any) -> set[int]:
    fills = tree.find(f"{S}fills")
    kinds = [node.find(f"{S}patternFill") for node in fills] if fills is not None else []
    return {
        place
        for place, kind in enumerate(kinds)
        if kind is not None and kind.get("patternType", "none") == "none"
    }


def is_date(code: str) -> bool:
    """Return whether a format shows numbers as dates or times."""
    plain = _LITERAL.sub("", code)
    return "general" not in plain.lower() and _DATE.search(plain) is not None


@lru_cache(maxsize=512)
def _sections(code: str) -> list[tuple[str, tuple[str, float] | None]]:
    """Return the parts of a format, each with its condition."""
    parts = [""]
    for token in _TOKEN.findall(code):
        if token == ";":
            parts.append("")
        else:
            parts[-1] += token
    conditions = (_CONDITION.search(_QUOTED.sub("", part)) for part in parts)
    return [
        (part, (found[1], float(found[2])) if found is not None else None)
        for part, found in zip(parts, conditions, strict=True)
    ]


def _section_for(number: float, code: str) -> str:
    """Return the part of a format that a number is shown in: by its condition, else by its sign."""
    plain: list[str] = []
    for section, condition in _sections(code):
        if condition is None:
            plain.append(section)
        elif _COMPARED[condition[0]](number, condition[1]):
            return section
    place = 1 if number < 0 else 2 if number == 0 else 0
    return plain[place] if place < len(plain) else plain[0] if plain else "General"


def _words_of(section: str) -> str:
    """Return the words that a format consists of, for numbers that are shown as words."""
    kept = re.sub(r"_.|\*.|\[[^\]]*\]", "", re.sub(r'"([^"]*)"', lambda quoted: quoted[1], section))
    return kept.replace("\\", "").replace("?", "").strip()


def _as_fraction(number: float, found: re.Match[str]) -> str:
    """Return a number as ``# ?/?`` shows it: "1 1/4"."""
    fixed = found[3] if found[3].isdigit() and set(found[3]) != {"0"} else ""
    part = Fraction(abs(number)).limit_denominator(10 ** len(found[3]) - 1)
    over, under = (round(abs(number) * int(fixed)), int(fixed)) if fixed else part.as_integer_ratio()
    whole, over = divmod(over, under) if found[1] or over % under == 0 else (0, over)
    words = [str(whole)] if whole or not over else []
    if over:
        words.append(f"{over}/{under}")
    return ("-" if number < 0 else "") + " ".join(words)


def _masked(number: float, section: str) -> str | None:
    """Return a whole number in the places of a format with signs between them: "(555) 123-4567"."""
    mask = section.replace("\\", "").replace('"', "")
    places = sum(mark in "0#?" for mark in mask)
    if (
        number < 0
        or number != int(number)
        or not _MASK.fullmatch(section)
        or not re.search(r"[0#?][^0#?]+[0#?]", mask)
    ):
        return None
    digits = f"{int(number):0{places}d}"
    head, rest = digits[: len(digits) - places], list(digits[len(digits) - places :])
    made = "".join(rest.pop(0) if mark in "0#?" else mark for mark in mask)
    return (
        f"{head}{made}"
        if len(str(int(number))) >= mask.count("#") + mask.count("0") or "#" not in mask
        else None
    )


def _decimals(code: str) -> int:
    found = re.search(r"\.([0#?]+)", code)
    return min(len(found.group(1)), 10) if found is not None else 0


def _rounded(number: float, places: int) -> str:
    """Return a number with so many decimals, halves rounded away from zero as sheets do."""
    exact = Decimal(f"{number:.15g}") if abs(number) < 1e25 else Decimal(int(number))
    return f"{exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, Context(prec=60)):f}"


def _short(number: float) -> str:
    """Return a number without the noise of binary fractions."""
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    return f"{number:.15g}"
