"""Objects inside an OpenDocument: charts with their tables, formulas, pictures."""

from __future__ import annotations

import posixpath
from typing import Any

from ...archives import Archive
from ...formulas import tex_of
from ...markup.parse import Block, LinkedPicture
from ..ooxml import Chart, block_of_chart
from .names import CHART, MATHML, OFFICE, TABLE, XLINK

__all__ = ["chart_block", "formula_of", "object_tree", "picture_of"]

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


def picture_of(archive: Archive, image: Any, alt: str) -> LinkedPicture | None:
    """Return the picture of a ``draw:image``: inside it, in the archive, or linked; None where there is none."""
    import base64
    import binascii

    link = image.get(f"{XLINK}href") or ""
    inside = image.find(f"{OFFICE}binary-data")
    if inside is not None and inside.text:
        try:
            return LinkedPicture(data=base64.b64decode(inside.text), alt=alt)
        except (binascii.Error, ValueError):
            return None
    data = archive.read(posixpath.normpath(link)) if link and "://" not in link else None
    if data:
        return LinkedPicture(data=data, alt=alt)
    return LinkedPicture([link], alt=alt) if link else None
