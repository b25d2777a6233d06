"""The body of an OpenDocument text, slide or cell as blocks."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from ....types import Element
from ...archives import Archive
from ...markup.parse import Block, Cell, LinkedPicture, Run, blocks_of, markdown_table, spread
from ..ooxml import local
from .names import DRAW, FO, OFFICE, STYLE, SVG, TABLE, TEXT, XLINK
from .objects import chart_block, formula_of, object_tree

__all__ = ["OpenBody"]

_CAPTION_STYLES = frozenset({"caption", "illustration", "figure", "drawing", "table"})
_TITLES = {"title": 1, "subtitle": 2, "rststyle-title": 1, "rststyle-subtitle": 2}
_LEFT_OUT = frozenset(
    [
        "tracked-changes",
        "table-of-content",
        "illustration-index",
        "table-index",
        "alphabetical-index",
        "sequence-decls",
        "forms",
        "variable-decls",
        "user-field-decls",
        "bibliography-configuration",
        "notes",
    ]
)
_LONGEST_REPEAT = 1000


class OpenBody:
    """Walks a body; :attr:`blocks` fills in reading order.

    Args:
        archive: The document.
        trees: Its parts that define styles (``styles.xml``, ``content.xml``).
    """

    def __init__(self, archive: Archive, *trees: Any) -> None:
        self.blocks: list[Block] = []
        self.page: int | None = None
        self._archive = archive
        self._groups = 0
        self._pending: list[Block] = []
        self._parents: dict[str, str] = {}
        self._italic: set[str] = set()
        self._numbered: set[str] = set()
        for tree in trees:
            self._read_styles(tree)

    def _read_styles(self, tree: Any) -> None:
        for style in tree.iter(f"{STYLE}style"):
            name = style.get(f"{STYLE}name") or ""
            self._parents[name] = style.get(f"{STYLE}parent-style-name") or ""
            properties = style.find(f"{STYLE}text-properties")
            if properties is not None and properties.get(f"{FO}font-style") in ("italic", "oblique"):
                self._italic.add(name)
        for style in tree.iter(f"{TEXT}list-style"):
            if any(local(level) == "list-level-style-number" for level in style):
                self._numbered.add(style.get(f"{STYLE}name") or "")

    def walk(self, body: Any) -> None:
        """Read paragraphs, headings, lists, tables and frames in order."""
        for node in body:
            name = local(node)
            if name == "h":
                self._heading(node)
            elif name == "p":
                self._paragraph(node)
            elif name == "list":
                self._list(node)
            elif name == "table":
                self._table(node)
            elif name == "soft-page-break":
                self.page = (self.page or 1) + 1
            elif name in ("frame", "g", "custom-shape", "rect", "ellipse", "line", "connector", "path", "a"):
                self._anchored(node)
            elif name not in _LEFT_OUT and name:
                self.walk(node)

    def _add(self, element: Element, **more: Any) -> None:
        element.page = self.page
        self.blocks.append(Block(element, **more))

    def _flush(self) -> None:
        pending, self._pending = self._pending, []
        self.blocks.extend(pending)

    def _names_of(self, style: str) -> list[str]:
        """A style's name and those that it is based on, lower case."""
        names: list[str] = []
        while style and style.lower() not in names and len(names) < 20:
            names.append(style.lower())
            style = self._parents.get(style, "")
        return names

    def _heading(self, node: Any, titled: int = 0) -> None:
        run = self._run_of(node)
        level = str(titled or node.get(f"{TEXT}outline-level") or "1")
        if run.text:
            text = run.text.replace("\n", " ")
            self._add(
                Element(kind="heading", text=text, level=min(6, int(level) if level.isdecimal() else 1)),
                anchor=run.anchors[0] if run.anchors else "",
            )
        self._show(run.pictures)
        self._flush()

    def _paragraph(self, node: Any) -> None:
        style = node.get(f"{TEXT}style-name") or ""
        titled = next((_TITLES[name] for name in self._names_of(style) if name in _TITLES), 0)
        if titled:
            self._heading(node, titled)
            return
        run = self._run_of(node)
        self._groups += 1
        for block in blocks_of(run, group=self._groups):
            block.element.page = self.page
            self.blocks.append(block)
        self._flush()

    def _run_of(self, node: Any) -> Run:
        style = node.get(f"{TEXT}style-name") or ""
        run = Run(captionlike=not _CAPTION_STYLES.isdisjoint(self._names_of(style)))
        self._inline(node, run, style in self._italic)
        return run

    def _show(self, pictures: list[LinkedPicture]) -> None:
        self._groups += 1
        for picture in pictures:
            self.blocks.append(Block(Element(kind="picture", page=self.page), picture, group=self._groups))

    def _inline(self, node: Any, run: Run, emphasised: bool) -> None:
        run.say(node.text, emphasised=emphasised)
        for child in node:
            self._inline_child(child, run, emphasised)
            run.say(child.tail, emphasised=emphasised)

    def _inline_child(self, node: Any, run: Run, emphasised: bool) -> None:
        name = local(node)
        if name in ("span", "a", "sequence", "meta", "meta-field", "ruby", "ruby-base"):
            style = node.get(f"{TEXT}style-name") or ""
            link = node.get(f"{XLINK}href") or ""
            if name == "a" and link.startswith("#"):
                run.cites.append(link[1:].partition("|")[0])
            if name == "sequence" and node.get(f"{TEXT}ref-name"):
                run.anchors.append(node.get(f"{TEXT}ref-name"))
            self._inline(node, run, emphasised or style in self._italic)
        elif name == "s":
            run.say(" ")
        elif name == "tab":
            run.say("\t")
        elif name == "line-break":
            run.break_line()
        elif name in ("bookmark", "bookmark-start", "reference-mark", "reference-mark-start"):
            run.anchors.append(node.get(f"{TEXT}name") or "")
        elif name in ("bookmark-ref", "sequence-ref", "reference-ref"):
            run.cites.append(node.get(f"{TEXT}ref-name") or "")
            self._inline(node, run, emphasised)
        elif name == "soft-page-break":
            self.page = (self.page or 1) + 1
        elif name == "note":
            self._note(node.find(f"{TEXT}note-body"), "")
        elif name == "annotation":
            creator = next((child.text or "" for child in node if local(child) == "creator"), "")
            self._note(node, f"Comment by {creator}: " if creator else "Comment: ")
        elif name in ("frame", "g", "custom-shape", "rect", "ellipse", "line", "connector", "path"):
            self._frame(node, run)
        elif name not in ("ruby-text", "annotation-end", "script", *_LEFT_OUT):
            self._inline(node, run, emphasised)

    def _note(self, body: Any, lead: str) -> None:
        lines = (
            [" ".join("".join(line.itertext()).split()) for line in body.iter(f"{TEXT}p")]
            if body is not None
            else []
        )
        text = "\n".join(line for line in lines if line)
        if text:
            self._pending.append(Block(Element(kind="note", text=lead + text, page=self.page)))

    def _anchored(self, node: Any) -> None:
        """A frame that stands by itself, as on slides."""
        run = Run()
        self._frame(node, run)
        self._show(run.pictures)
        self._flush()

    def _frame(self, node: Any, run: Run) -> None:
        """A picture goes into the run; boxes, tables and charts follow the paragraph."""
        alt = " ".join(
            (found.text or "").strip()
            for found in node
            if local(found) in ("title", "desc") and found.tag.startswith(SVG)
        )
        for holder in node.iterchildren(f"{DRAW}object"):
            tree = object_tree(self._archive, holder)
            chart = chart_block(tree)
            if chart is not None:
                chart.element.page = self.page
                self._pending.append(chart)
                return
            formula = formula_of(tree)
            if formula:
                run.say(f" {formula} ")
                return
        for child in node:
            name = local(child)
            if name == "image":
                picture = self._picture(child, alt.strip())
                if picture is not None:
                    run.show(picture)
                    break
            elif name == "text-box":
                self._pending.extend(self._inner(child))
            elif name == "table":
                self._pending.extend(self._inner(node))
                break
            elif name in ("frame", "g", "custom-shape", "rect", "ellipse", "line", "connector", "path"):
                self._frame(child, run)
        if local(node) not in ("frame", "g"):
            self._pending.extend(self._inner(node))

    def _inner(self, node: Any) -> list[Block]:
        outer = (self.blocks, self._pending)
        self.blocks, self._pending = [], []
        self.walk(node)
        inner = self.blocks
        self.blocks, self._pending = outer
        return inner

    def _picture(self, image: Any, alt: str) -> LinkedPicture | None:
        import base64
        import binascii

        link = image.get(f"{XLINK}href") or ""
        inside = image.find(f"{OFFICE}binary-data")
        if inside is not None and inside.text:
            try:
                return LinkedPicture(data=base64.b64decode(inside.text), alt=alt)
            except (binascii.Error, ValueError):
                return None
        data = self._archive.read(posixpath.normpath(link)) if link and "://" not in link else None
        if data:
            return LinkedPicture(data=data, alt=alt)
        return LinkedPicture([link], alt=alt) if link else None

    def _list(self, node: Any) -> None:
        lines: list[str] = []
        pictures: list[LinkedPicture] = []
        self._items(node, 0, lines, pictures, node.get(f"{TEXT}style-name") in self._numbered)
        if lines:
            self._add(Element(kind="list", text="\n".join(lines)))
        self._show(pictures)
        self._flush()

    def _items(
        self, node: Any, indent: int, lines: list[str], pictures: list[LinkedPicture], numbered: bool
    ) -> None:
        number = 0
        for item in node:
            if local(item) not in ("list-item", "list-header"):
                continue
            number += 1
            for child in item:
                if local(child) == "list":
                    self._items(child, indent + 1, lines, pictures, numbered)
                elif local(child) == "h":
                    self._heading(child)
                elif local(child) == "p":
                    run = self._run_of(child)
                    pictures.extend(run.pictures)
                    text = run.text.replace("\n", " ")
                    if text:
                        lines.append("  " * indent + (f"{number}. " if numbered else "- ") + text)

    def cells_of(
        self, table: Any, pictures: list[LinkedPicture] | None = None, *, covered: bool = False
    ) -> Iterator[list[Cell]]:
        """A table's rows as cells; repeated ones repeated, up to a limit.

        Args:
            table: The table.
            pictures: What its pictures are added to.
            covered: Whether cells under a spanning one are given too, empty.
        """
        for row in _rows(table):
            cells: list[Cell] = []
            for cell in row:
                name = local(cell)
                if name not in ("table-cell", "covered-table-cell"):
                    continue
                repeat = min(int(cell.get(f"{TABLE}number-columns-repeated") or 1), _LONGEST_REPEAT)
                if name == "covered-table-cell":
                    cells.extend([("", 1, 1)] * repeat if covered else [])
                    continue
                inner = self._inner(cell)
                text = "\n".join(block.element.text for block in inner if block.element.text)
                for block in inner:
                    if block.picture is not None and pictures is not None:
                        block.picture.caption = block.picture.caption or (text if len(text) <= 300 else "")
                        pictures.append(block.picture)
                across = int(cell.get(f"{TABLE}number-columns-spanned") or 1)
                down = int(cell.get(f"{TABLE}number-rows-spanned") or 1)
                cells.extend([(text, across, down)] * repeat)
            while cells and cells[-1][0] == "":
                cells.pop()
            yield cells

    def _table(self, node: Any) -> None:
        pictures: list[LinkedPicture] = []
        grid = spread(list(self.cells_of(node, pictures)))
        text = markdown_table(grid)
        if text:
            self._add(Element(kind="table", text=text))
        self._show(pictures)
        self._flush()


def _rows(table: Any) -> Iterator[Any]:
    for node in table:
        name = local(node)
        if name == "table-row":
            repeat = int(node.get(f"{TABLE}number-rows-repeated") or 1)
            filled = any(True for _ in node.iter(f"{TEXT}p", f"{DRAW}frame"))
            for _ in range(min(repeat, _LONGEST_REPEAT) if filled else 1):
                yield node
        elif name in ("table-header-rows", "table-rows", "table-row-group"):
            yield from _rows(node)
