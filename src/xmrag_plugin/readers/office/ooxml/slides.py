"""A PowerPoint presentation's slides as blocks, in showing order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ....types import Element
from ...archives import Archive
from ...markup.parse import Block, markdown_table, spread
from ...markup.parse.tables import Cell
from .drawings import (
    DrawingSource,
    block_of_chart,
    diagram_lines,
    picture_of_blip,
    plain_description,
    text_body_lines,
)
from .names import DGM, MC, A, P, R, local

__all__ = ["Slide", "slides_of"]

_LEAST_REPEATS = 4
_TITLES = frozenset({"title", "ctrTitle"})
_FURNITURE = frozenset({"dt", "ftr", "sldNum", "hdr"})


@dataclass(slots=True)
class Slide:
    """One slide.

    Attributes:
        number: From 1, in showing order.
        title: Its title's words.
        blocks: Its content in reading order, notes last.
        repeated: How many pictures were left out because most slides show them.
        part: Name of its part.
    """

    number: int
    title: str
    blocks: list[Block]
    repeated: int = 0
    part: str = ""


def slides_of(archive: Archive, part: str) -> Iterator[Slide]:
    """The slides of a presentation whose main part is ``part``."""
    tree = archive.tree(part)
    relations = archive.relations(part)
    listed = tree.iter(f"{P}sldId") if tree is not None else ()
    targets = [relations[node.get(f"{R}id")].target for node in listed if node.get(f"{R}id") in relations]
    furniture = _repeated_pictures(archive, targets)
    for number, target in enumerate(targets, 1):
        slide = archive.tree(target)
        if slide is not None:
            found = _SlideWalker(archive, target, number, furniture).read(slide)
            found.part = target
            yield found


def _repeated_pictures(archive: Archive, slides: list[str]) -> frozenset[str]:
    """Picture parts that stand on most slides: logos and backgrounds."""
    counts: Counter[str] = Counter()
    for slide in slides:
        links = archive.relations(slide).values()
        counts.update({link.target for link in links if link.kind == "image" and not link.external})
    least = max(_LEAST_REPEATS, len(slides) // 2 + 1)
    return frozenset(target for target, count in counts.items() if count >= least)


class _SlideWalker:
    def __init__(self, archive: Archive, part: str, number: int, furniture: frozenset[str]) -> None:
        self._furniture = furniture
        self._repeated = 0
        self._archive = archive
        self._source = DrawingSource(archive, part)
        self._number = number
        self._titles: list[str] = []
        self._blocks: list[Block] = []

    def read(self, tree: Any) -> Slide:
        for shapes in tree.iter(f"{P}spTree"):
            self._shapes(shapes)
        self._notes()
        title = " ".join(self._titles)
        if title:
            level = 1 if self._number == 1 else 2
            self._blocks.insert(0, Block(Element(kind="heading", text=title, level=level)))
        for block in self._blocks:
            block.element.page = self._number
        return Slide(self._number, title, self._blocks, self._repeated)

    def _shapes(self, parent: Any) -> None:
        for shape in parent:
            name = local(shape)
            if name == "sp":
                self._shape(shape)
            elif name == "grpSp":
                self._shapes(shape)
            elif name == "pic":
                self._picture(shape)
            elif name == "graphicFrame":
                self._frame(shape)
            elif name == "AlternateContent":
                choices = list(shape.iterchildren(f"{MC}Choice", f"{MC}Fallback"))
                before = len(self._blocks)
                for choice in choices:
                    if len(self._blocks) == before:
                        self._shapes(choice)

    def _shape(self, shape: Any) -> None:
        placeholder = next(shape.iter(f"{P}ph"), None)
        kind = placeholder.get("type", "obj") if placeholder is not None else ""
        if kind in _FURNITURE:
            return
        for blip in shape.iterfind(f"{P}spPr/{A}blipFill/{A}blip"):
            self._show(blip, _description(shape))
        body = shape.find(f"{P}txBody")
        lines = list(text_body_lines(body)) if body is not None else []
        if kind in _TITLES:
            self._titles.append(" ".join(text for _, _, text in lines))
            return
        listed = kind in ("obj", "body") and len(lines) > 1
        self._lines(lines, listed)

    def _lines(self, lines: list[tuple[int, bool | None, str]], listed: bool) -> None:
        """Bulleted paragraphs as lists, the others as paragraphs."""
        items: list[str] = []
        for level, bulleted, text in lines:
            if bulleted or (bulleted is None and (listed or level > 0)):
                items.append("  " * level + f"- {text}")
                continue
            self._close(items)
            self._blocks.append(Block(Element(kind="paragraph", text=text)))
        self._close(items)

    def _close(self, items: list[str]) -> None:
        if items:
            self._blocks.append(Block(Element(kind="list", text="\n".join(items))))
            items.clear()

    def _picture(self, shape: Any) -> None:
        for blip in shape.iter(f"{A}blip"):
            self._show(blip, _description(shape))
            return

    def _show(self, blip: Any, alt: str) -> None:
        relation = self._archive.relations(self._source.part).get(blip.get(f"{R}embed") or "")
        if relation is not None and relation.target in self._furniture:
            self._repeated += 1
            return
        picture = picture_of_blip(blip, self._source, alt=alt)
        if picture is not None:
            self._blocks.append(Block(Element(kind="picture"), picture))

    def _frame(self, frame: Any) -> None:
        for table in frame.iter(f"{A}tbl"):
            self._table(table)
        for reference in frame.iter():
            if local(reference) == "chart" and reference.get(f"{R}id"):
                tree = self._source.tree(reference.get(f"{R}id"))
                if tree is not None:
                    self._blocks.append(block_of_chart(tree))
        for reference in frame.iter(f"{DGM}relIds"):
            tree = self._source.tree(reference.get(f"{R}dm"))
            lines = diagram_lines(tree) if tree is not None else []
            self._close([f"- {line}" for line in lines])
        for blip in frame.iter(f"{A}blip"):
            self._show(blip, _description(frame))
            break

    def _table(self, table: Any) -> None:
        rows: list[list[Cell]] = []
        for row in table.iterchildren(f"{A}tr"):
            cells: list[Cell] = []
            for cell in row.iterchildren(f"{A}tc"):
                if cell.get("hMerge") in ("1", "true") or cell.get("vMerge") in ("1", "true"):
                    continue
                body = cell.find(f"{A}txBody")
                lines = [text for _, _, text in text_body_lines(body)] if body is not None else []
                cells.append(
                    ("\n".join(lines), int(cell.get("gridSpan") or 1), int(cell.get("rowSpan") or 1))
                )
            rows.append(cells)
        text = markdown_table(spread(rows))
        if text:
            self._blocks.append(Block(Element(kind="table", text=text)))

    def _notes(self) -> None:
        """The speaker's notes, and comments on the slide."""
        for relation in self._archive.relations(self._source.part).values():
            if relation.kind == "notesSlide" and not relation.external:
                tree = self._archive.tree(relation.target)
                for shape in tree.iter(f"{P}sp") if tree is not None else ():
                    placeholder = next(shape.iter(f"{P}ph"), None)
                    body = shape.find(f"{P}txBody")
                    if body is None or placeholder is None or placeholder.get("type") != "body":
                        continue
                    text = "\n".join(line for _, _, line in text_body_lines(body))
                    if text:
                        self._blocks.append(Block(Element(kind="note", text=text)))
            elif relation.kind == "comments" and not relation.external:
                tree = self._archive.tree(relation.target)
                for node in tree.iter() if tree is not None else ():
                    if local(node) == "text" and (node.text or "").strip():
                        self._blocks.append(Block(Element(kind="note", text=f"Comment: {node.text.strip()}")))


def _description(shape: Any) -> str:
    properties = next((node for node in shape.iter() if local(node) == "cNvPr"), None)
    if properties is None:
        return ""
    return plain_description(properties.get("descr"), properties.get("title"))
