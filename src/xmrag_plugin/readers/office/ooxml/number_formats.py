"""Numbers as a sheet shows them: dates, percentages, decimals, currency signs."""

from __future__ import annotations

import datetime
import re
from typing import Any

from .names import S

__all__ = ["NumberFormats"]

_BUILT_IN = {
    9: "0%", 10: "0.00%", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 2: "0.00", 4: "#,##0.00", 45: "mm:ss",
    46: "[h]:mm:ss", 47: "mm:ss.0",
}  # fmt: skip
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h|m|s)[^\]]*\]', re.I)
_SIGN = re.compile(r'\[\$([^\]-]+)[^\]]*\]|"([^"]{1,12})"|([$€£¥₹₩])')
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
        if tree is None:
            return
        custom = {
            int(node.get("numFmtId") or 0): node.get("formatCode") or "" for node in tree.iter(f"{S}numFmt")
        }
        listed = tree.find(f"{S}cellXfs")
        for node in listed.iterchildren(f"{S}xf") if listed is not None else ():
            number = int(node.get("numFmtId") or 0)
            self._codes.append(custom.get(number, _BUILT_IN.get(number, "")))

    def write(self, value: str, style: int) -> str:
        """Return a stored number as the sheet shows it; the stored text where it is no number."""
        try:
            number = float(value)
        except ValueError:
            return value
        code = self._codes[style] if 0 <= style < len(self._codes) else ""
        section = code.split(";")[0]
        plain = _LITERAL.sub("", section)
        if re.fullmatch(r";+", code):  # a format without any places: the sheet shows nothing
            return ""
        if plain and "general" not in plain.lower() and _DATE.search(plain):
            return self._date(number, plain) or _short(number)
        if "%" in plain:
            return f"{number * 100:.{_decimals(plain)}f}%"
        text = _short(number)
        if "." in plain and "E" not in plain.upper():
            text = f"{number:.{_decimals(plain)}f}"
        places = re.match(r"0+(?![#,0])", plain)  # 00000: a number of five places, whatever it is
        if places is not None and number >= 0:
            text = text.zfill(len(text) - len(text.partition(".")[0]) + places.end())
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


def _decimals(code: str) -> int:
    found = re.search(r"\.([0#?]+)", code)
    return min(len(found.group(1)), 10) if found is not None else 0


def _short(number: float) -> str:
    """Return a number without the noise of binary fractions."""
    if number == int(number) and abs(number) < 1e15:
        return str(int(number))
    return f"{number:.15g}"
