"""Charts with their data: title, axes, series and cached values as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...markup.parse import markdown_table
from .names import CX, A, C, local, whole
from .number_formats import NumberFormats, is_date

__all__ = ["Chart", "read_chart"]

_KINDS = {
    **{f"{name}Chart": f"{name} chart" for name in
       ("bar", "line", "pie", "doughnut", "area", "scatter", "bubble", "radar", "stock", "surface")},
    **{f"{name}3DChart": f"{name} chart" for name in ("bar", "line", "pie", "area", "surface")},
    "ofPieChart": "pie chart",
}  # fmt: skip
_MAX_POINTS = 5000
_FORMATS = NumberFormats(None)

Lookup = Callable[[str], "Sequence[str | None]"]
"""Values that a reference into a workbook means."""


@dataclass(slots=True)
class Chart:
    """A chart's words and numbers.

    Attributes:
        kind: "bar chart", "line chart" …; "column chart" for standing bars.
        title: Its title, ``""`` for none.
        axes: Titles of its axes.
        along: The title of the axis that the categories stand on.
        categories: Labels along the first axis.
        series: ``(name, values)`` for each series; a missing value is None.
    """

    kind: str = "chart"
    title: str = ""
    axes: list[str] = field(default_factory=list)
    along: str = ""
    categories: list[str] = field(default_factory=list)
    series: list[tuple[str, list[str | None]]] = field(default_factory=list)

    @property
    def caption(self) -> str:
        """Return title and kind as one line: "Sales by region (bar chart)"."""
        title = self.title or " and ".join(name for name, _ in self.series if name)
        return f"{title} ({self.kind})" if title else self.kind.capitalize()

    def table(self) -> str:
        """Return the data as a Markdown table, a column for each series."""
        head = ["", *(name or f"Series {number}" for number, (name, _) in enumerate(self.series, 1))]
        head[0] = self.along
        rows = [head]
        length = max([len(self.categories), *(len(values) for _, values in self.series)], default=0)
        for index in range(length):
            label = self.categories[index] if index < len(self.categories) else str(index + 1)
            values = (values[index] if index < len(values) else None for _, values in self.series)
            rows.append([label, *(value or "" for value in values)])
        return markdown_table(rows) if self.series else ""

    def words(self) -> str:
        """Return title, axes and data as one text."""
        lines = [self.caption]
        further = [axis for axis in self.axes if axis != self.along]
        if further:
            lines.append("Axes: " + "; ".join(filter(None, (self.along, *further))))
        return "\n".join([*lines, self.table()]).strip()


def read_chart(root: Any, lookup: Lookup | None = None) -> Chart:
    """Read a chart part (``c:chartSpace``, or the ``cx:`` charts of Office 2016).

    Args:
        root: The part.
        lookup: Gives the values of a reference such as ``Sheet1!$B$2:$B$5``, for charts without cached ones.
    """
    chart = Chart()
    if not root.tag.startswith(C):
        return _read_extended(root)
    plot = next(root.iter(f"{C}plotArea"), None)
    title = root.find(f"{C}chart/{C}title")
    chart.title = _text(title)
    if plot is None:
        return chart
    for node in plot:
        name = local(node)
        if name in _KINDS:
            chart.kind = _kind_of(node, name)
            for series in node.iterchildren(f"{C}ser"):
                _read_series(series, chart, lookup)
        elif name in ("catAx", "valAx", "dateAx", "serAx"):
            axis = _text(node.find(f"{C}title"))
            if axis:
                chart.axes.append(axis)
            if axis and not chart.along and _holds_categories(node, name, chart.kind):
                chart.along = axis
    if not chart.title and len(chart.series) == 1:
        chart.title = chart.series[0][0]
    return chart


def _holds_categories(axis: Any, name: str, kind: str) -> bool:
    """Return whether an axis is the one along which the points lie; of a scatter chart it holds values too."""
    if name == "valAx" and kind in ("scatter chart", "bubble chart"):
        position = axis.find(f"{C}axPos")
        return position is None or position.get("val") in ("b", "t")
    return name in ("catAx", "dateAx")


def _kind_of(node: Any, name: str) -> str:
    direction = node.find(f"{C}barDir")
    if name.startswith("bar") and direction is not None and direction.get("val") == "col":
        return "column chart"
    return _KINDS[name]


def _read_series(series: Any, chart: Chart, lookup: Lookup | None) -> None:
    titled = series.find(f"{C}tx")
    name = " ".join(node.text or "" for node in _within(titled, f"{C}v")).strip()
    name = name or " ".join(value or "" for value in _points(titled, lookup))
    labels = series.find(f"{C}cat")
    labels = labels if labels is not None else series.find(f"{C}xVal")
    values = series.find(f"{C}val")
    values = values if values is not None else series.find(f"{C}yVal")
    categories = [value or "" for value in _points(labels, lookup)]
    if len(categories) > len(chart.categories):
        chart.categories = categories
    chart.series.append((name, _points(values, lookup)))
    sizes = _points(series.find(f"{C}bubbleSize"), lookup)
    if sizes:
        chart.series.append((f"{name} (size)", sizes))


def _points(node: Any, lookup: Lookup | None) -> list[str | None]:
    if node is None:
        return []
    levels = list(node.iter(f"{C}lvl"))
    if levels:
        return _joined_levels([_points_of(level) for level in reversed(levels)])
    cache = next(node.iter(f"{C}numCache", f"{C}strCache", f"{C}numLit", f"{C}strLit"), None)
    if cache is not None:
        return _points_of(cache)
    reference = next(node.iter(f"{C}f"), None)
    if lookup is None or reference is None or not reference.text:
        return []
    return list(lookup(reference.text))[:_MAX_POINTS]


def _points_of(cache: Any) -> list[str | None]:
    count = cache.find(f"{C}ptCount")
    points = {
        int(point.get("idx") or 0): "".join(value.text or "" for value in point.iter(f"{C}v"))
        for point in cache.iterchildren(f"{C}pt")
    }
    length = max([int(count.get("val") or 0) if count is not None else 0, *(index + 1 for index in points)])
    code = cache.findtext(f"{C}formatCode") or ""
    return [_number(points.get(index), code) for index in range(min(length, _MAX_POINTS))]


def _joined_levels(levels: list[list[str | None]]) -> list[str | None]:
    """Return categories of several levels: outer labels stand at their first point only."""
    length = max((len(level) for level in levels), default=0)
    found: list[str | None] = []
    outer = [""] * len(levels)
    for index in range(length):
        for number, level in enumerate(levels):
            if index < len(level) and level[index]:
                outer[number] = level[index] or ""
        found.append(" / ".join(label for label in outer if label))
    return found


def _number(text: str | None, code: str = "") -> str | None:
    """Return a cached value without the noise of binary fractions; a date or a share as its format shows it."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return text.strip()
    if "%" in code:
        return f"{value * 100:.6g}%"
    return (_FORMATS.write_as(value, code) if is_date(code) else "") or f"{value:.10g}"


def _read_extended(root: Any) -> Chart:
    """Read waterfall, treemap, funnel and the other ``cx:`` charts."""
    chart = Chart()
    kinds = [node.get("layoutId") or "" for node in root.iter() if local(node) == "series"]
    chart.kind = f"{kinds[0]} chart" if kinds and kinds[0] else "chart"
    titles = [node for node in root.iter() if local(node) == "title"]
    chart.title = _text(titles[0]) if titles else ""
    names = {
        used.get("val"): _text(series.find(f"{CX}tx"))
        for series in root.iter(f"{CX}series")
        for used in series.iter(f"{CX}dataId")
    }
    for data in root.iter(f"{CX}data"):
        for dimension in data:
            levels = [_extended_points(level) for level in dimension.iterchildren(f"{CX}lvl")]
            if local(dimension) == "strDim":
                chart.categories = [label or "" for label in _joined_levels(levels[::-1])]
            elif local(dimension) == "numDim":
                values = [_number(value) for level in levels for value in level]
                chart.series.append((names.get(data.get("id"), ""), values))
    return chart


def _extended_points(level: Any) -> list[str | None]:
    points = {whole(point.get("idx")): point.text or "" for point in level.iterchildren(f"{CX}pt")}
    return [points.get(index) for index in range(min(max(points, default=-1) + 1, _MAX_POINTS))]


def _text(node: Any) -> str:
    if node is None:
        return ""
    paragraphs = ["".join(text.text or "" for text in line.iter(f"{A}t")) for line in node.iter(f"{A}p")]
    words = " ".join(line.strip() for line in paragraphs if line.strip())
    return words or " ".join((value.text or "").strip() for value in node.iter(f"{C}v", f"{CX}v"))


def _within(node: Any, tag: str) -> list[Any]:
    return list(node.iter(tag)) if node is not None else []
