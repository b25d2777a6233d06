"""Pictures, text and diagrams inside drawings, as all three Office formats hold them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ....images.decode import crop_picture
from ....types import Element
from ...archives import Archive
from ...formulas import tex_of
from ...markup.parse import Block, LinkedPicture, Run, write_number
from .chart_pictures import draw_chart
from .charts import Chart
from .names import DGM, A, R, local, whole

__all__ = [
    "DrawingSource",
    "block_of_chart",
    "description_of",
    "description_of_blip",
    "diagram_lines",
    "is_hidden",
    "list_styles",
    "picture_of_blip",
    "plain_description",
    "text_body_lines",
]

_SVG_BLIP = "{http://schemas.microsoft.com/office/drawing/2016/SVG/main}svgBlip"
_MACHINE_MADE = re.compile(
    r"\s*(?:Description automatically generated(?: with \w+ confidence)?|AI-generated content may be incorrect\.?|"
    r"Automatisch generierte Beschreibung|Description générée automatiquement|描述已自动生成)\.?\s*",
    re.I,
)
_BULLETS = frozenset(f"{A}{name}" for name in ("buNone", "buAutoNum", "buChar", "buBlip"))
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
        """Return the bytes of the part that a relation leads to."""
        relation = self.archive.relations(self.part).get(relation_id or "")
        if relation is None or relation.external:
            return None
        return self.archive.read(relation.target)

    def link(self, relation_id: str | None) -> str:
        """Return where an external relation leads, ``""`` for none."""
        relation = self.archive.relations(self.part).get(relation_id or "")
        return relation.target if relation is not None and relation.external else ""

    def tree(self, relation_id: str | None) -> Any | None:
        """Return the XML part that a relation leads to."""
        relation = self.archive.relations(self.part).get(relation_id or "")
        if relation is None or relation.external:
            return None
        return self.archive.tree(relation.target)


def picture_of_blip(node: Any, source: DrawingSource, *, alt: str = "") -> LinkedPicture | None:
    """Return the picture of an ``a:blip`` or ``v:imagedata``, embedded or linked; None for a broken relation."""
    if local(node) == "imagedata":
        embedded, linked = node.get(f"{R}id") or node.get(f"{R}pict"), node.get(f"{R}href")
    else:
        embedded, linked = node.get(f"{R}embed"), node.get(f"{R}link")
    for better in node.iter(_SVG_BLIP):  # the same drawing as the picture, which is its fallback
        source.data(better.get(f"{R}embed"))
    data = source.data(embedded)
    if data:
        return LinkedPicture(data=_cropped(data, node), alt=alt)
    link = source.link(linked) or source.link(embedded)
    return LinkedPicture([link], alt=alt) if link and link.upper() != "NULL" else None


def _cropped(data: bytes, node: Any) -> bytes:
    """Return the part of a picture that is shown: ``a:srcRect`` beside a blip, ``crop…`` on VML's image data."""
    if local(node) == "imagedata":
        sides = [_share(node.get(f"crop{side}")) for side in ("left", "top", "right", "bottom")]
    else:
        holder = node.getparent()
        rectangle = holder.find(f"{A}srcRect") if holder is not None else None
        if rectangle is None:
            return data
        sides = [_share(rectangle.get(side), 100_000) for side in "ltrb"]
    return crop_picture(data, *sides)


def _share(text: str | None, whole: float = 1.0) -> float:
    """Return a share of a side: ``25000`` of 100,000, ``0.25``, ``16384f`` of 65,536, ``25%``."""
    text = (text or "0").strip()
    for end, parts in (("f", 65_536.0), ("%", 100.0), ("", whole)):
        if text.endswith(end):
            try:
                return float(text.removesuffix(end)) / parts
            except ValueError:
                return 0.0
    return 0.0


def block_of_chart(chart: Chart) -> Block:
    """Return a chart as a picture drawn from its data, with the data as its words; as a table without numbers."""
    drawn = draw_chart(chart)
    if drawn is None:
        return Block(Element(kind="table", text=chart.table() or chart.words()), caption=chart.caption)
    return Block(
        Element(kind="picture"),
        LinkedPicture(data=drawn, caption=chart.caption, alt=chart.kind, words=chart.words()),
    )


def plain_description(*candidates: str | None) -> str:
    """Return the first description that a person wrote: no file name, no "Picture 3", no machine's remark."""
    for text in candidates:
        clean = " ".join(_MACHINE_MADE.sub(" ", text or "").split())
        if (
            clean
            and not _FILE_NAME.fullmatch(clean)
            and not re.fullmatch(r"(?:Picture|Image|Grafik|图片)\s*\d*", clean)
        ):
            return clean
    return ""


def is_hidden(shape: Any) -> bool:
    """Return whether a shape, picture or frame is switched off in the list of what is drawn."""
    holders = (shape, *(child for child in shape if local(child).startswith("nv")))
    named = (child for holder in holders for child in holder if local(child) in ("cNvPr", "docPr"))
    return any(child.get("hidden") in ("1", "true") for child in named)


def description_of(shape: Any) -> str:
    """Return the description that a person wrote for a shape or an anchored picture."""
    properties = next((node for node in shape.iter() if local(node) == "cNvPr"), None)
    return (
        plain_description(properties.get("descr"), properties.get("title")) if properties is not None else ""
    )


def description_of_blip(blip: Any, outer: str) -> str:
    """Return the description of the picture that a blip is in, a group's own (``outer``) where it has none."""
    picture = next((node for node in blip.iterancestors() if local(node) == "pic"), None)
    return (description_of(picture) if picture is not None else "") or outer


def list_styles(body: Any) -> dict[int, Any]:
    """Return what a text body, or a layout's, says of the paragraphs of each level that say nothing themselves."""
    styles = body.find(f"{A}lstStyle") if body is not None else None
    found = {}
    for style in styles if styles is not None else ():
        level = re.fullmatch(r"lvl([1-9])pPr", local(style))
        if level is not None and any(child.tag in _BULLETS for child in style):
            found[int(level[1]) - 1] = style
    return found


def text_body_lines(
    body: Any, seen: Callable[[Any], bool] = lambda run: True, inherited: Mapping[int, Any] | None = None
) -> Iterator[tuple[int, str | None, str]]:
    """Yield the lines of an ``a:txBody``: ``(level, mark, text)``.

    Runs that are not ``seen`` say nothing. The mark is ``-`` for bullets, ``2.`` or ``(b)`` for numbers, ``""`` for none, None where the layout decides.
    ``inherited`` are the styles of its levels by :func:`list_styles` of the layout.
    """
    counts: dict[int, int] = {}
    styles = {**(inherited or {}), **list_styles(body)}
    for paragraph in body.iterchildren(f"{A}p"):
        properties = paragraph.find(f"{A}pPr")
        level, mark = 0, None
        run = Run()
        for child in paragraph:
            _add_inline(child, run, seen)
        if properties is not None:
            level = whole(properties.get("lvl"))
        if properties is None or not any(child.tag in _BULLETS for child in properties):
            properties = styles.get(level)
        if properties is not None:
            numbered = properties.find(f"{A}buAutoNum")
            if properties.find(f"{A}buNone") is not None:
                mark = ""
            elif numbered is not None and run.text:
                counts[level] = counts.get(level, whole(numbered.get("startAt"), 1) - 1) + 1
                mark = _auto_mark(numbered.get("type") or "", counts[level])
            elif any(local(child) in ("buChar", "buBlip") for child in properties):
                mark = "-"
        ended = level if not mark and run.text else level + 1
        for deeper in [other for other in counts if other >= ended]:
            del counts[deeper]
        for number, line in enumerate(run.text.split("\n")):
            if line.strip():
                yield level, mark if number == 0 or not mark else "", line


def _auto_mark(kind: str, number: int) -> str:
    """Return a number as ``arabicPeriod``, ``alphaLcParenBoth``, ``romanUcParenR`` and the like write it."""
    case = "upper" if "Uc" in kind else "lower"
    form = (
        f"{case}-roman" if kind.startswith("roman") else f"{case}-alpha" if kind.startswith("alpha") else ""
    )
    written = write_number(number, form)
    if kind.endswith("ParenBoth"):
        return f"({written})"
    return f"{written})" if kind.endswith("ParenR") else written if kind.endswith("Plain") else f"{written}."


def _add_inline(node: Any, run: Run, seen: Callable[[Any], bool]) -> None:
    """Add what a part of a paragraph says; a part of an unknown kind is read for its text."""
    name = local(node)
    if name == "br":
        run.break_line()
    elif name == "oMath":
        run.add_text(f" ${tex_of(node)}$ ")
    elif name in ("r", "fld") and not seen(node):
        return
    elif name in ("r", "fld"):
        properties = node.find(f"{A}rPr")
        baseline = properties.get("baseline") or "0" if properties is not None else "0"
        text = "".join(part.text or "" for part in node.iterchildren(f"{A}t"))
        if baseline.strip("-").isdecimal() and int(baseline):
            run.add_script(text, raised=not baseline.startswith("-"))
        else:
            run.add_text(text)
    elif name == "t":
        run.add_text(node.text)
    elif name not in ("pPr", "endParaRPr", "rPr", "Fallback", ""):
        for child in node:
            _add_inline(child, run, seen)


def diagram_lines(reference: Any, source: DrawingSource) -> list[str]:
    """Return the words of the SmartArt that ``dgm:relIds`` leads to as lines of a list.

    They are those of its points; where these have none, those of the drawing that was kept of it.
    """
    tree = source.tree(reference.get(f"{R}dm"))
    if tree is None:
        return []
    lines = _points_of(tree)
    kept = next((node.get("relId") for node in tree.iter() if local(node) == "dataModelExt"), None)
    drawing = source.tree(kept) if kept and not lines else None
    shapes = (node for node in drawing.iter() if local(node) == "txBody") if drawing is not None else ()
    said = (" ".join(" ".join(node.text or "" for node in shape.iter(f"{A}t")).split()) for shape in shapes)
    return lines or [f"- {words}" for words in said if words]


def _points_of(root: Any) -> list[str]:
    """Return the points of a diagram in the order and depth of its connections."""
    words: dict[str, str] = {}
    for point in root.iter(f"{DGM}pt"):
        if point.get("type") in ("pres", "parTrans", "sibTrans"):
            continue
        text = " ".join(
            " ".join(node.text or "" for node in line.iter(f"{A}t")) for line in point.iter(f"{A}p")
        )
        words[point.get("modelId") or ""] = " ".join(text.split())
    below: dict[str, list[tuple[int, str]]] = {}
    for link in root.iter(f"{DGM}cxn"):
        source, target = link.get("srcId") or "", link.get("destId") or ""
        if link.get("type", "parOf") == "parOf" and {source, target} <= words.keys():
            below.setdefault(source, []).append((whole(link.get("srcOrd")), target))
    inner = {target for targets in below.values() for _, target in targets}
    lines: list[str] = []
    waiting = [(0, point) for point in reversed(words) if point not in inner]
    while words:  # points that only each other lead to are said as well
        depth, point = waiting.pop() if waiting else (0, next(iter(words)))
        if point not in words:
            continue
        text = words.pop(point)
        if text:
            lines.append(f"{'  ' * min(depth, 9)}- {text}")
        further = sorted(below.get(point, ()), reverse=True)
        waiting += [(depth + bool(text), target) for _, target in further]
    return lines
