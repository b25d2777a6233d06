"""Pictures, text and diagrams inside drawings, as all three Office formats hold them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ....types import Element
from ...archives import Archive
from ...markup.parse import Block, LinkedPicture
from .chart_pictures import draw_chart
from .charts import Lookup, read_chart
from .formulas import tex_of
from .names import DGM, A, M, R, local

__all__ = [
    "DrawingSource",
    "block_of_chart",
    "diagram_lines",
    "picture_of_blip",
    "plain_description",
    "text_body_lines",
]

_MACHINE_MADE = re.compile(
    r"\s*(?:Description automatically generated(?: with \w+ confidence)?|AI-generated content may be incorrect\.?|"
    r"Automatisch generierte Beschreibung|Description générée automatiquement|描述已自动生成)\.?\s*",
    re.I,
)
_FILE_NAME = re.compile(r"[\w\- .()%:/\\]+\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg)", re.I)


@dataclass(slots=True)
class DrawingSource:
    """The part that drawings stand in.

    Attributes:
        archive: The document.
        part: Name of the part, whose relations the drawings use.
    """

    archive: Archive
    part: str

    def data(self, relation_id: str | None) -> bytes | None:
        """Bytes of the part that a relation leads to."""
        relation = self.archive.relations(self.part).get(relation_id or "")
        if relation is None or relation.external:
            return None
        return self.archive.read(relation.target)

    def link(self, relation_id: str | None) -> str:
        """Where an external relation leads, ``""`` for none."""
        relation = self.archive.relations(self.part).get(relation_id or "")
        return relation.target if relation is not None and relation.external else ""

    def tree(self, relation_id: str | None) -> Any | None:
        """The XML part that a relation leads to."""
        relation = self.archive.relations(self.part).get(relation_id or "")
        if relation is None or relation.external:
            return None
        return self.archive.tree(relation.target)


def picture_of_blip(node: Any, source: DrawingSource, *, alt: str = "") -> LinkedPicture | None:
    """The picture of an ``a:blip`` or ``v:imagedata``, embedded or linked; None for a broken relation."""
    if local(node) == "imagedata":
        embedded, linked = node.get(f"{R}id") or node.get(f"{R}pict"), node.get(f"{R}href")
    else:
        embedded, linked = node.get(f"{R}embed"), node.get(f"{R}link")
    data = source.data(embedded)
    if data:
        return LinkedPicture(data=data, alt=alt)
    link = source.link(linked) or source.link(embedded)
    return LinkedPicture([link], alt=alt) if link and link.upper() != "NULL" else None


def block_of_chart(root: Any, lookup: Lookup | None = None) -> Block:
    """A chart as a picture drawn from its data, with the data as its words; as a table where it has none."""
    chart = read_chart(root, lookup)
    drawn = draw_chart(chart)
    if drawn is None:
        return Block(Element(kind="table", text=chart.table() or chart.words()), caption=chart.caption)
    return Block(
        Element(kind="picture"),
        LinkedPicture(data=drawn, caption=chart.caption, alt=chart.kind, words=chart.words()),
    )


def plain_description(*candidates: str | None) -> str:
    """The first description that a person wrote: no file name, no "Picture 3", no machine's remark."""
    for text in candidates:
        clean = " ".join(_MACHINE_MADE.sub(" ", text or "").split())
        if (
            clean
            and not _FILE_NAME.fullmatch(clean)
            and not re.fullmatch(r"(?:Picture|Image|Grafik|图片)\s*\d*", clean)
        ):
            return clean
    return ""


def text_body_lines(body: Any) -> Iterator[tuple[int, bool | None, str]]:
    """Paragraphs of an ``a:txBody``: ``(level, bulleted or None where the layout decides, text)``."""
    for paragraph in body.iterchildren(f"{A}p"):
        properties = paragraph.find(f"{A}pPr")
        level, bulleted = 0, None
        if properties is not None:
            level = int(properties.get("lvl") or 0)
            if properties.find(f"{A}buNone") is not None:
                bulleted = False
            elif any(local(child) in ("buChar", "buAutoNum", "buBlip") for child in properties):
                bulleted = True
        text = "".join(_spoken(child) for child in paragraph)
        for line in text.split("\n"):
            if line.strip():
                yield level, bulleted, " ".join(line.split())


def _spoken(node: Any) -> str:
    name = local(node)
    if name == "br":
        return "\n"
    if name in ("r", "fld"):
        return "".join(text.text or "" for text in node.iterchildren(f"{A}t"))
    if name in ("AlternateContent", "m", "Choice", "oMathPara", "oMath"):
        formulas = list(node.iter(f"{M}oMath"))
        return " ".join(f"${tex_of(formula)}$" for formula in formulas)
    return ""


def diagram_lines(root: Any) -> list[str]:
    """The texts of a SmartArt diagram's points, in the order of its data."""
    lines = []
    for point in root.iter(f"{DGM}pt"):
        if point.get("type") in ("pres", "parTrans", "sibTrans"):
            continue
        text = " ".join(
            " ".join(node.text or "" for node in line.iter(f"{A}t")) for line in point.iter(f"{A}p")
        )
        if text.strip():
            lines.append(" ".join(text.split()))
    return lines
