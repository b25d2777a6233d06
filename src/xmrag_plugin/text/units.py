"""Units of measure by name, in English, German, French, Spanish and Chinese, with their factor to a base unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

__all__ = ["Unit", "unit_at"]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: what it measures, and how many base units it has."""

    dimension: str
    factor: Fraction
    offset: Fraction = Fraction(0)


# dimension: (factor to the base unit, names, "_" for a space); plurals in -s, -n, -en and -es are added.
_TABLE: dict[str, list[tuple[str, str]]] = {
    "length": [
        ("1", "m metre meter mètre metro 米 公尺"),
        ("1000", "km kilometre kilometer kilomètre kilómetro 公里 千米"),
        ("1/100", "cm centimetre centimeter zentimeter centimètre centímetro 厘米"),
        ("1/1000", "mm millimetre millimeter millimètre milímetro 毫米"),
        ("1/1000000", "µm micrometre micrometer micron 微米"),
        ("1/1000000000", "nm nanometre nanometer nanomètre nanómetro 纳米"),
        ("1609344/1000", "mi mile meile mille milla 英里"),
        ("3048/10000", "ft foot feet fuß pied 英尺"),
        ("254/10000", "inch inches zoll pouce pulgada 英寸"),
        ("9144/10000", "yd yard"),
    ],
    "area": [
        ("1", "m² m2 sqm square_metre square_meter quadratmeter mètre_carré metro_cuadrado 平方米"),
        ("1000000", "km² km2 square_kilometre square_kilometer quadratkilometer 平方公里"),
        ("10000", "ha hectare hektar hectárea 公顷"),
        ("40468564224/10000000", "acre acres"),
    ],
    "mass": [
        ("1", "kg kilogram kilogramme kilogramm kilo kilogramo 公斤 千克"),
        ("1/1000", "g gram gramme gramm gramo 克"),
        ("1/1000000", "mg milligram milligramm milligramme miligramo 毫克"),
        ("1000", "t tonne ton tonelada 吨"),
        ("45359237/100000000", "lb lbs pound pfund livre libra 磅"),
        ("28349523125/1000000000000", "oz ounce unze once onza 盎司"),
    ],
    "volume": [
        ("1", "l litre liter litro 升 公升"),
        ("1/1000", "ml millilitre milliliter mililitro 毫升"),
        ("1000", "m³ m3 cubic_metre cubic_meter kubikmeter mètre_cube metro_cúbico 立方米"),
        ("3785411784/1000000000", "gal gallon gallone galón 加仑"),
    ],
    "time": [
        ("1", "s sec second sekunde seconde segundo 秒 秒钟"),
        ("1/1000", "ms millisecond millisekunde milliseconde milisegundo 毫秒"),
        ("60", "min minute minuto 分钟"),
        ("3600", "h hr hrs hour stunde heure hora 小时"),
        ("86400", "day tag jour día 天"),
        ("604800", "week woche semaine semana 周 星期 个星期"),
    ],
    "months": [
        ("1", "month monat mois mes meses 个月 月"),
        ("12", "year jahr an année año 年"),
        ("120", "decade jahrzehnt décennie década"),
        ("1200", "century centuries jahrhundert siècle siglo 世纪"),
    ],
    "speed": [
        ("1", "m/s metre_per_second meter_per_second metres_per_second meters_per_second meter_pro_sekunde"),
        ("10/36", "km/h kph kilometre_per_hour kilometer_per_hour kilometres_per_hour kilometers_per_hour"),
        ("10/36", "stundenkilometer kilometer_pro_stunde kilomètres_par_heure kilómetros_por_hora"),
        ("1609344/3600000", "mph mile_per_hour miles_per_hour"),
        ("1852/3600", "kn kt knot knoten nœud nudo 节"),
    ],
    "power": [
        ("1", "w watt vatio 瓦"),
        ("1000", "kw kilowatt kilovatio 千瓦"),
        ("1000000", "mw megawatt megavatio 兆瓦"),
        ("1000000000", "gw gigawatt"),
        ("7457/10", "hp horsepower"),
    ],
    "energy": [
        ("1", "wh watt-hour watt_hour wattstunde"),
        ("1000", "kwh kilowatt-hour kilowatt_hour kilowattstunde kilowattheure 千瓦时"),
        ("1000000", "mwh megawatt-hour megawatt_hour megawattstunde 兆瓦时"),
        ("1000000000", "gwh gigawatt-hour gigawatt_hour gigawattstunde"),
        ("1/3600", "j joule julio 焦耳"),
        ("1000/3600", "kj kilojoule"),
    ],
    "frequency": [
        ("1", "hz hertz 赫兹"),
        ("1000", "khz kilohertz"),
        ("1000000", "mhz megahertz"),
        ("1000000000", "ghz gigahertz"),
    ],
    "bytes": [
        ("1", "byte octet"),
        ("1000", "kb kilobyte"),
        ("1000000", "mb megabyte"),
        ("1000000000", "gb gigabyte"),
        ("1000000000000", "tb terabyte"),
    ],
    "voltage": [("1", "v volt voltio 伏"), ("1000", "kv kilovolt")],
    "current": [("1", "amp ampere ampère amperio"), ("1/1000", "ma milliampere")],
    "pixels": [("1", "px pixel píxel 像素"), ("1000000", "mp megapixel")],
    "share": [
        ("1/100", "% percent per_cent pct prozent pour_cent por_ciento percentage_point percentage_points"),
        ("1/1000", "‰ permille"),
    ],
    "angle": [("1", "° degree grad degré grado 度")],
    "usd": [("1", "$ us$ usd dollar dólar 美元"), ("1/100", "cent")],
    "eur": [("1", "€ eur euro 欧元")],
    "gbp": [("1", "£ gbp")],
    "cny": [("1", "¥ cny rmb yuan jpy yen 元 人民币 円")],
    "chf": [("1", "chf franken")],
    "myr": [("1", "rm myr ringgit")],
    "inr": [("1", "₹ inr rupee")],
}
_CELSIUS = {"°c": ("1", "0"), "kelvin": ("1", "-27315/100"), "°f": ("5/9", "-160/9")}
_DEGREES = {
    "°c": "degrees_celsius degree_celsius grad_celsius degrés_celsius grados_celsius 摄氏度 ℃",
    "°f": "degrees_fahrenheit degree_fahrenheit ℉",
}
_CASED = {
    "mW": ("power", "1/1000"),
    "A": ("current", "1"),
    "K": ("temperature", "1"),
}  # where the case of a letter makes the unit


def _names() -> dict[str, Unit]:
    found: dict[str, Unit] = {}
    for dimension, rows in _TABLE.items():
        for factor, names in rows:
            unit = Unit(dimension, Fraction(factor))
            for name in (written.replace("_", " ") for written in names.split()):
                found.setdefault(name, unit)
                if len(name) > 2 and name[-1].isalpha():
                    for plural in ("s", "n", "en", "es"):
                        found.setdefault(name + plural, unit)
    for name, (factor, offset) in _CELSIUS.items():
        found[name] = Unit("temperature", Fraction(factor), Fraction(offset))
    for name, others in _DEGREES.items():
        found |= dict.fromkeys((other.replace("_", " ") for other in others.split()), found[name])
    return found


_UNITS = _names()
_LONGEST_FIRST = sorted([*_UNITS, "A", "K"], key=len, reverse=True)
_UNIT = re.compile(
    rf"[ \u00a0\u202f]?-?(?P<unit>{'|'.join(map(re.escape, _LONGEST_FIRST))})(?![^\W_]|[²³]|-[A-Za-z])"
    rf"| ?(?P<han>{'|'.join(name for name in _LONGEST_FIRST if ord(name[0]) > 0x2E80)})",
    re.IGNORECASE,
)


def unit_at(text: str, position: int) -> tuple[Unit, int] | None:
    """Find the unit that stands at a position, a space or hyphen before it allowed.

    Args:
        text: Running text.
        position: Where the number ends.

    Returns:
        The unit and the offset behind it; None where there is none.
    """
    match = _UNIT.match(text, position)
    if match is None:
        return None
    name = match["unit"] or match["han"]
    if name in _CASED:
        dimension, factor = _CASED[name]
        unit: Unit | None = Unit(
            dimension, Fraction(factor), Fraction("-5463/20") if name == "K" else Fraction(0)
        )
    else:
        unit = _UNITS.get(name.lower())
    if unit is None:
        return None
    if text.startswith("/", match.end()) and (below := unit_at(text, match.end() + 1)) is not None:
        under, end = below
        if (unit.dimension, under.dimension) == ("length", "time"):
            return Unit("speed", unit.factor / under.factor), end
        return Unit(f"{unit.dimension}/{under.dimension}", unit.factor / under.factor), end
    return unit, match.end()
