"""Objects inside an OpenDocument: charts with their tables, formulas."""

from __future__ import annotations

from typing import Any

from ...archives import Archive
from ...formulas import tex_of
from ...markup.parse import Block
from ..ooxml import Chart, block_of_chart
from .names import CHART, MATHML, TABLE, XLINK

__all__ = ["chart_block", "formula_of", "object_tree"]

_KINDS = {"bar": "column chart", "line": "line chart", "circle": "pie chart", "ring": "doughnut chart",
          "area": "area chart", "scatter": "scatter chart", "bubble": "bubble chart"}  # fmt: skip


def object_tree(archive: Archive, node: Any) -> Any | None:
    """Return the content of a ``draw:object``, None when it is not in the archive."""
    link = (node.get(f"{XLINK}href") or "").removeprefix("./")
    return archive.tree(f"{link}/content.xml") if link and "://" not in link else None


def chart_block(tree: Any | None) -> Block | None:
    """Return a chart object, drawn from the table that it holds; None for another object."""
    node = next(tree.iter(f"{CHART}chart"), None) if tree is not None else None
    if node is None:
        return None
    title = node.find(f"{CHART}title")
    kind = (node.get(f"{CHART}class") or "").rpartition(":")[2]
    chart = Chart(kind=_KINDS.get(kind, "chart"), title=_words(title))
    rows = [
        [_words(cell) for cell in row.iterchildren(f"{TABLE}table-cell")]
        for table in node.iter(f"{TABLE}table")
        for row in table.iter(f"{TABLE}table-row")
    ]
    if len(rows) > 1:
        chart.categories = [row[0] if row else "" for row in rows[1:]]
        for column in range(1, len(rows[0])):
            values: list[str | None] = [row[column] if column < len(row) else None for row in rows[1:]]
            chart.series.append((rows[0][column], values))
    return block_of_chart(chart)


def formula_of(tree: Any | None) -> str:
    """Return a formula object as TeX, ``""`` for another object."""
    if tree is None or not str(tree.tag).startswith(MATHML):
        return ""
    written = tex_of(tree)
    if not written:  # StarMath, as LibreOffice writes it beside the formula
        noted = next(tree.iter(f"{MATHML}annotation"), None)
        written = " ".join((noted.text or "").split()) if noted is not None else ""
    return f"${written}$"


def _words(node: Any) -> str:
    return " ".join("".join(node.itertext()).split()) if node is not None else ""
