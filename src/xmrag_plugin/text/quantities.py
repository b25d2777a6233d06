"""Numbers, dates, units and sums of money in running text, whatever way they are written.

A number or date that can be read in two ways (``1.234``, ``03/04/2018``) has both readings;
two of them agree when they share one.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import product

__all__ = [
    "MONTHS",
    "Quantity",
    "currency_of",
    "dates",
    "holds_date",
    "holds_quantity",
    "money",
    "quantities",
]

_SCALE_NAMES = {
    2: "hundred",
    3: "k thousand tausend mille mil",
    4: "万 萬",
    6: "million millions mn mio millionen millones millón",
    8: "亿 億",
    9: "billion billions bn mrd milliarde milliarden milliard milliards",
    12: "trillion trillions",
}
_SCALES = {name: power for power, names in _SCALE_NAMES.items() for name in names.split()}
_NUMBER_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
)
_WORDS = {word: value for value, word in enumerate(_NUMBER_WORDS.split())}
_WORDS |= {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}

_UNITS = {"per cent": "%", "kelvin": "k"}
_UNIT_NAMES = {
    "%": "percent pct",
    "°c": "",
    "°f": "",
    "°": "degree degrees",
    "km": "kilometre kilometres kilometer kilometers kms",
    "m": "metre metres meter meters",
    "cm": "centimetre centimetres centimeter centimeters",
    "mm": "millimetre millimetres millimeter millimeters",
    "nm": "nanometre nanometres nanometer nanometers",
    "kg": "kilogram kilograms kilo kilos kgs",
    "g": "gram grams",
    "mg": "milligram milligrams",
    "t": "tonne tonnes ton tons",
    "l": "litre litres liter liters",
    "ml": "millilitre millilitres milliliter milliliters",
    "s": "second seconds sec secs",
    "ms": "millisecond milliseconds",
    "min": "minute minutes mins",
    "h": "hour hours hr hrs",
    "d": "day days",
    "wk": "week weeks",
    "mo": "month months",
    "yr": "year years yrs",
    "hz": "hertz",
    "khz": "kilohertz",
    "mhz": "megahertz",
    "ghz": "gigahertz",
    "w": "watt watts",
    "kw": "kilowatt kilowatts",
    "mw": "megawatt megawatts",
    "kwh": "",
    "v": "volt volts",
    "j": "joule joules",
    "kb": "kilobyte kilobytes",
    "mb": "megabyte megabytes",
    "gb": "gigabyte gigabytes",
    "tb": "terabyte terabytes",
    "mi": "mile miles",
    "ft": "foot feet",
    "inch": "inches",
    "lb": "pound pounds lbs",
    "px": "pixel pixels",
}
for _symbol, _names in _UNIT_NAMES.items():
    _UNITS |= dict.fromkeys([_symbol, *_names.split()], _symbol)

# ISO 4217, those aside that are English words in capitals, as receipts are printed (ALL, CUP, PEN, TOP …).
_CURRENCY_CODES = re.findall(
    "[A-Z]+",
    """
    AED AFN AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD
    CDF CHF CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GHS GIP GMD GNF GTQ GYD
    HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LBP LKR LRD
    LSL LYD MAD MDL MGA MKD MMK MNT MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PGK PHP
    PKR PLN PYG QAR RMB RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB
    TJS TMT TND TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL
    """,
)
_CURRENCY_SIGNS = {
    "$": "usd", "us$": "usd", "s$": "sgd", "a$": "aud", "hk$": "hkd", "€": "eur", "£": "gbp", "¥": "cny",
    "元": "cny", "円": "cny", "rmb": "cny", "jpy": "cny", "cny": "cny", "₹": "inr", "₩": "krw", "₽": "rub",
    "₺": "try", "₫": "vnd", "฿": "thb", "₪": "ils", "₴": "uah", "₦": "ngn", "rm": "myr", "fr.": "chf",
    "dollar": "usd", "dollars": "usd", "euro": "eur", "euros": "eur", "zł": "pln", "kč": "czk",
}  # fmt: skip
_CURRENCIES: dict[str, str] = {code.lower(): code.lower() for code in _CURRENCY_CODES} | _CURRENCY_SIGNS
"""As written, in lower case → one name. Yen and yuan share ``¥`` and are not told apart."""

CURRENCY_SIGN = r"(?:(?:US|S|A|HK)?\$|[€£¥₹₩₽₺₫฿₪₴₦])"
_CURRENCY = rf"{CURRENCY_SIGN}|(?<![A-Za-z])(?:(?-i:{'|'.join(_CURRENCY_CODES)}|RM|Fr\.)|euros?)(?![A-Za-z])"
_DIGITS = r"\d{1,3}(?:[,.'’  ]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?|[.,]\d+"
_SCALE = "|".join(sorted((name for name in _SCALES if name != "k"), key=len, reverse=True)) + r"|k(?!\w)"
_NUMBER = re.compile(
    rf"(?P<cur>(?:{_CURRENCY})\s?)?(?P<sign>(?<![\w\d])[-−+±]\s?)?(?:(?P<cur2>{_CURRENCY})\s?)?"
    rf"(?(cur)|(?(cur2)|(?<![\w.,])))(?P<num>{_DIGITS})(?![\d])"
    r"(?P<exp>\s?[×x]\s?10\^?(?P<pow>[-−]?\d+))?"
    rf"(?:[\s-]?(?P<scale>{_SCALE})(?![a-z])\.?(?:\s(?:de|of)(?=\s))?)?"
    r"(?:\s?(?P<unit>%|°\s?[CF]?|[元円€£$¥₹₩₽₺₫฿₪₴₦]|per\s?cent|[A-Za-zµ]{1,12})(?![\w]))?",
    re.IGNORECASE,
)
_WORDED = re.compile(
    rf"\b(?P<tens>{'|'.join(sorted(_WORDS, key=len, reverse=True))})(?:-(?P<ones>{'|'.join(list(_WORDS)[1:10])}))?"
    r"(?:\s(?P<scale>hundred|thousand|million|billion|trillion))?(?:\s(?P<unit>[a-z]{1,12}|%))?\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with what it counts.

    Attributes:
        text: As written.
        start: Offset in the text.
        values: Its readings.
        unit: Canonical unit or currency; empty when none is recognised.
        worded: Whether it is spelled out ("three").
    """

    text: str
    start: int
    values: frozenset[Decimal]
    unit: str = ""
    worded: bool = False


def _readings(digits: str) -> frozenset[Decimal]:
    """Return all the values that a digit group may stand for."""
    digits = digits.replace("’", "'").replace(" ", " ").replace(" ", " ")
    found = set()
    separators = [char for char in digits if not char.isdigit()]
    candidates: set[str] = set()
    if not separators:
        candidates.add(digits)
    else:
        last = separators[-1]
        tail = len(digits) - digits.rfind(last) - 1
        plain = re.sub(r"[^\d]", "", digits)
        if last in ".,":
            whole = re.sub(r"[^\d]", "", digits[: digits.rfind(last)])
            if separators.count(last) == 1:
                candidates.add(f"{whole or '0'}.{digits[-tail:] if tail else '0'}")
            if tail == 3 and digits[0] not in ".,":
                candidates.add(plain)
        else:
            candidates.add(plain)
    for candidate in candidates:
        try:
            found.add(Decimal(candidate).normalize())
        except InvalidOperation:
            continue
    return frozenset(found)


def quantities(text: str) -> list[Quantity]:
    """Return the numbers of a text, in order: digits with sign, scale and unit, and English numbers in words."""
    text = _plain(text)
    found: list[Quantity] = []
    for match in _NUMBER.finditer(text):
        values = _readings(match["num"])
        power = int((match["pow"] or "0").replace("−", "-")) + _SCALES.get((match["scale"] or "").lower(), 0)
        if abs(power) > 300:
            continue
        sign = -1 if (match["sign"] or "").strip() in {"-", "−"} else 1
        scaled = frozenset((sign * value * Decimal(10) ** power).normalize() for value in values)
        unit = _unit(match["cur"]) or _unit(match["cur2"]) or _unit(match["unit"])
        found.append(Quantity(match.group().strip(), match.start("num"), scaled, unit))
    for match in _WORDED.finditer(text):
        value = Decimal(_WORDS[match["tens"].lower()] + _WORDS.get((match["ones"] or "").lower(), 0))
        value *= Decimal(10) ** _SCALES.get((match["scale"] or "").lower(), 0)
        found.append(
            Quantity(match.group(), match.start(), frozenset({value.normalize()}), _unit(match["unit"]), True)
        )
    return sorted(found, key=lambda quantity: quantity.start)


def _unit(text: str | None) -> str:
    if not text:
        return ""
    key = re.sub(r"\s+", " ", text.strip().lower())
    key = "°" + key[1:].strip() if key.startswith("°") else key
    return _UNITS.get(key) or _CURRENCIES.get(key, "")


def _plain(text: str) -> str:
    # Length-preserving: full-width digits and punctuation become ASCII.
    return "".join(
        mapped if len(mapped := unicodedata.normalize("NFKC", char)) == 1 else char for char in text
    )


def currency_of(word: str) -> str:
    """Return the currency that a sign, a code or a name stands for; empty for any other word."""
    return _CURRENCIES.get(word.lower(), "")


def holds_quantity(claimed: Quantity, held: list[Quantity]) -> bool:
    """Return whether one of ``held`` has the same value, sign aside, and no other unit."""
    wanted = {abs(value) for value in claimed.values}
    return any(
        wanted & {abs(value) for value in quantity.values}
        and (not claimed.unit or not quantity.unit or claimed.unit == quantity.unit)
        for quantity in held
    )


_MONEY = re.compile(
    rf"(?P<sign>[-−])?\s?(?<![\d.,/:])(?:(?:{_CURRENCY})\s?(?P<minus>[-−])?|(?<![\w]))"
    r"(?P<num>\d{1,3}(?:[,']\d{3})+\.\d{2}|\d+\.\s?\d{2}|\.\d{2}|\d{1,3}(?:[. ]\d{3})+,\d{2}|\d+,\d{2})(?![\d.,/%:])",
    re.IGNORECASE,
)


def money(text: str) -> list[tuple[Decimal, str, int]]:
    """Return the amounts with two decimals: ``(value, as written, offset)``, in order."""
    found = []
    for match in _MONEY.finditer(_plain(text)):
        digits = match["num"].replace(" ", "")
        whole, cents = re.sub(r"[^\d]", "", digits[:-3]) or "0", digits[-2:]
        value = Decimal(f"{whole}.{cents}")
        if match["sign"] or match["minus"]:
            value = -value
        found.append((value, match.group().strip(), match.start("num")))
    return found


_MONTH_NAMES = (
    "january jan januar jänner janvier janv enero ene gennaio janeiro januari",
    "february feb februar février févr febrero febbraio fevereiro februari",
    "march mar märz mär mrz mars marzo março maart",
    "april apr avril avr abril abr aprile",
    "may mai mayo maggio maio mei",
    "june jun juni juin junio giugno junho",
    "july jul juli juillet juil julio luglio julho",
    "august aug août agosto ago augustus",
    "september sep sept septembre septiembre setiembre settembre setembro",
    "october oct oktober okt octobre octubre ottobre outubro",
    "november nov novembre noviembre novembro",
    "december dec dezember dez décembre déc diciembre dic dicembre dezembro",
)
MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}
"""Names of months and their short forms, in lower case, in seven languages → their number."""
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
# The scanner often drops the space between a date and the time behind it.
_YEAR = r"(?P<y>(?:19|20)\d{2}(?=\D|$|\d{1,2}:\d\d)|\d{2}(?!\d))"
_FULL_YEAR = r"(?P<y>\d{4}(?!\d)|(?:19|20)\d{2}(?=\d{1,2}:\d\d))"
_DATE_FORMS = [
    re.compile(r"(?<!\d)(?P<y>\d{4})\s?[-/.年]\s?(?P<m>\d{1,2})\s?[-/.月]\s?(?P<d>\d{1,2})(?!\d)"),
    re.compile(
        rf"(?<![\d/.-])(?P<a>\d{{1,2}})(?:\s?[-/.]\s?|\s)(?P<b>\d{{1,2}})\s?[-/.]\s?{_YEAR}(?!-\d|/\d)"
    ),
    re.compile(
        rf"(?<!\d)(?P<d>\d{{1,2}})(?:st|nd|rd|th|er)?(?:\s+(?:of|de))?[\s./-]*(?P<mon>{_MONTH})(?![a-z])(?:\s+del?\b)?[\s.,/'-]*{_YEAR}",
        re.IGNORECASE,
    ),
    re.compile(rf"\b(?P<mon>{_MONTH})\.?\s*(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+{_FULL_YEAR}", re.IGNORECASE),
]


def dates(text: str) -> list[tuple[frozenset[str], str, int]]:
    """Return the full dates of a text: ``(ISO readings, as written, offset)``, in order.

    Months are read in English, German, French, Spanish, Italian, Portuguese and Dutch, and as 年 and 月.
    ``03/04/2018`` has two readings; two-digit years are taken as 1970–2069.
    """
    text = _plain(text)
    found: dict[int, tuple[frozenset[str], str, int]] = {}
    taken = bytearray(len(text))
    for form in _DATE_FORMS:
        for match in form.finditer(text):
            readings = _days(match.groupdict())
            if readings and not taken[match.start()]:
                found[match.start()] = (readings, match.group(), match.start())
                taken[match.start() : match.end()] = b"\1" * (match.end() - match.start())
    return [found[start] for start in sorted(found)]


def _days(parts: dict[str, str]) -> frozenset[str]:
    """Return the ISO days that a date's year, month and day can stand for."""
    year = int(parts["y"])
    if len(parts["y"]) == 2:
        year += 2000 if year < 70 else 1900
    if "mon" in parts:
        pairs = [(MONTHS[parts["mon"].lower()], int(parts["d"]))]
    elif "a" in parts:
        pairs = [(int(parts["b"]), int(parts["a"])), (int(parts["a"]), int(parts["b"]))]
    else:
        pairs = [(int(parts["m"]), int(parts["d"]))]
    return frozenset(
        f"{year:04d}-{month:02d}-{day:02d}" for month, day in pairs if 1 <= month <= 12 and 1 <= day <= 31
    )


def holds_date(claimed: frozenset[str], held: list[tuple[frozenset[str], str, int]]) -> bool:
    """Return whether one of ``held`` can be read as the same day."""
    return any(a == b for a, b in product(claimed, (day for days, _, _ in held for day in days)))
