"""Charts drawn from their cached data, so that they can be seen and found as pictures."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from .charts import Chart

__all__ = ["draw_chart"]

_WIDTH, _HEIGHT = 960, 600
_LEFT, _RIGHT, _TOP, _BOTTOM = 100, 40, 70, 110
_COLOURS = (
    "#4472c4", "#ed7d31", "#a5a5a5", "#ffc000", "#5b9bd5", "#70ad47", "#264478", "#9e480e", "#636363",
    "#997300",
)  # fmt: skip
_FONTS = (
    "NotoSansCJK-Regular.ttc", "msyh.ttc", "PingFang.ttc", "DejaVuSans.ttf", "arial.ttf", "Arial.ttf",
    "LiberationSans-Regular.ttf",
)  # fmt: skip
_MAX_CATEGORIES = 400
_NUMBER = re.compile(r"\s*(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*(?:%|[^\d\s.,/:-]{0,4})\s*$")


def draw_chart(chart: Chart) -> bytes | None:
    """Return a plain PNG of the chart, 960 × 600; None when it has no numbers.

    It shows the data as the file holds it, not the author's colours and fonts.
    """
    from PIL import Image, ImageDraw

    series = [(name, [_number(value) for value in values[:_MAX_CATEGORIES]]) for name, values in chart.series]
    series = [(name, values) for name, values in series if any(value is not None for value in values)]
    if not series:
        return None
    image = Image.new("RGB", (_WIDTH, _HEIGHT), "white")
    pen = ImageDraw.Draw(image)
    if chart.title:
        pen.text((_WIDTH / 2, 12), chart.title[:90], font=_font(26), fill="#222222", anchor="ma")
    if chart.kind in ("pie chart", "doughnut chart"):
        _draw_pie(pen, chart, series[0][1])
    else:
        _draw_plot(pen, chart, series)
        _draw_legend(pen, [name for name, _ in series])
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _number(text: str | None) -> float | None:
    found = _NUMBER.match(text or "")
    value = float(found.group(1)) if found is not None else math.nan
    return value if math.isfinite(value) else None


@cache
def _font(size: int) -> Any:
    from PIL import ImageFont

    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def _draw_pie(pen: Any, chart: Chart, values: Sequence[float | None]) -> None:
    parts = [(index, value) for index, value in enumerate(values) if value is not None and value > 0]
    whole = sum(value for _, value in parts) or 1.0
    box = (80, 100, 520, 540)
    angle = -90.0
    for place, (index, value) in enumerate(parts):
        extent = 360 * value / whole
        pen.pieslice(
            box, angle, angle + extent, fill=_COLOURS[index % len(_COLOURS)], outline="white", width=2
        )
        angle += extent
        if place < 18:
            label = chart.categories[index] if index < len(chart.categories) else str(index + 1)
            y = 110 + 24 * place
            pen.rectangle((560, y, 576, y + 16), fill=_COLOURS[index % len(_COLOURS)])
            pen.text(
                (584, y - 2), f"{label[:30]}  {100 * value / whole:.1f}%", font=_font(16), fill="#333333"
            )
    if chart.kind == "doughnut chart":
        pen.ellipse((190, 210, 410, 430), fill="white")


def _draw_plot(pen: Any, chart: Chart, series: Sequence[tuple[str, list[float | None]]]) -> None:
    values = [value for _, line in series for value in line if value is not None]
    low, high = min([0.0, *values]), max([0.0, *values])
    if chart.kind in ("line chart", "scatter chart", "bubble chart", "stock chart") and min(
        values
    ) > 0.5 * max(values):
        low = min(values)
    low, high, step = _scale(low, high)
    sideways = chart.kind == "bar chart"
    across = _WIDTH - _LEFT - _RIGHT
    down = _HEIGHT - _TOP - _BOTTOM

    def at(value: float) -> float:
        share = (value - low) / (high - low)
        return _LEFT + share * across if sideways else _TOP + (1 - share) * down

    for tick in range(round((high - low) / step) + 1):
        value = low + tick * step
        place = at(value)
        ruled = (place, _TOP, place, _TOP + down) if sideways else (_LEFT, place, _LEFT + across, place)
        pen.line(ruled, fill="#dddddd")
        spot = (place, _TOP + down + 6) if sideways else (_LEFT - 8, place)
        pen.text(spot, f"{value:.6g}", font=_font(14), fill="#555555", anchor="ma" if sideways else "rm")
    count = max(len(line) for _, line in series)
    slot = (down if sideways else across) / max(count, 1)
    for number, (_, line) in enumerate(series):
        colour = _COLOURS[number % len(_COLOURS)]
        if chart.kind in ("bar chart", "column chart", "chart", "waterfall chart"):
            _draw_bars(pen, line, at, number, len(series), slot, sideways, colour, max(low, 0.0))
        else:
            _draw_line(pen, line, at, slot, colour, chart)
    _draw_categories(pen, chart, count, slot, sideways)


def _draw_bars(
    pen: Any,
    line: Sequence[float | None],
    at: Any,
    number: int,
    together: int,
    slot: float,
    sideways: bool,
    colour: str,
    base: float,
) -> None:
    width = max(1.0, slot * 0.8 / together)
    for index, value in enumerate(line):
        if value is None:
            continue
        start = (_TOP if sideways else _LEFT) + index * slot + slot * 0.1 + number * width
        first, last = sorted((at(base), at(value)))
        box = (first, start, last, start + width) if sideways else (start, first, start + width, last)
        pen.rectangle(box, fill=colour)


def _draw_line(
    pen: Any, line: Sequence[float | None], at: Any, slot: float, colour: str, chart: Chart
) -> None:
    places = _places(chart, len(line), slot)
    points = [
        (place, at(value))
        for place, value in zip(places, line, strict=False)
        if value is not None and place is not None
    ]
    if chart.kind not in ("scatter chart", "bubble chart") and len(points) > 1:
        pen.line(points, fill=colour, width=3)
    for x, y in points:
        pen.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colour)


def _places(chart: Chart, count: int, slot: float) -> list[float | None]:
    """Return where points stand along the first axis: by their number where the categories are numbers."""
    numbers = [_number(category) for category in chart.categories[:count]]
    known = [number for number in numbers if number is not None]
    if (
        chart.kind in ("scatter chart", "bubble chart")
        and len(known) == count > 1
        and max(known) > min(known)
    ):
        low, high = min(known), max(known)
        across = _WIDTH - _LEFT - _RIGHT - 20
        return [
            None if number is None else _LEFT + 10 + (number - low) / (high - low) * across
            for number in numbers
        ]
    return [_LEFT + (index + 0.5) * slot for index in range(count)]


def _draw_categories(pen: Any, chart: Chart, count: int, slot: float, sideways: bool) -> None:
    room = 24 if sideways else 70
    every = max(1, math.ceil(room / max(slot, 0.1)))
    for index in range(0, count, every):
        label = chart.categories[index] if index < len(chart.categories) else str(index + 1)
        if sideways:
            pen.text(
                (_LEFT - 8, _TOP + (index + 0.5) * slot),
                label[:12],
                font=_font(14),
                fill="#333333",
                anchor="rm",
            )
        else:
            length = max(4, int(slot * every / 8))
            spot = (_LEFT + (index + 0.5) * slot, _TOP + _HEIGHT - _TOP - _BOTTOM + 8)
            pen.text(spot, label[:length], font=_font(14), fill="#333333", anchor="ma")
    others = (axis for axis in chart.axes if axis != chart.along)
    for title, spot in zip((chart.along, *others), ((_WIDTH / 2, _HEIGHT - 72), (8, 46)), strict=False):
        pen.text(spot, title[:60], font=_font(15), fill="#333333", anchor="ma" if spot[0] > 100 else "la")


def _draw_legend(pen: Any, names: Sequence[str]) -> None:
    x = _LEFT
    for number, name in enumerate(names):
        if not name or x > _WIDTH - 150:
            break
        pen.rectangle((x, _HEIGHT - 34, x + 14, _HEIGHT - 20), fill=_COLOURS[number % len(_COLOURS)])
        pen.text((x + 20, _HEIGHT - 37), name[:24], font=_font(15), fill="#333333")
        x += 50 + int(pen.textlength(name[:24], font=_font(15)))


def _scale(low: float, high: float) -> tuple[float, float, float]:
    """Return round ends and a round step for an axis."""
    if high <= low:
        high = low + 1.0
    rough = (high - low) / 6
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * size for factor in (1, 2, 2.5, 5, 10) if factor * size >= rough)
    return math.floor(low / step) * step, math.ceil(high / step) * step, step
