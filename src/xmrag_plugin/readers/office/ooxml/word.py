"""A Word document's body as blocks: paragraphs, headings, lists, tables, drawings, notes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ....types import Element
from ...archives import Archive
from ...markup.parse import Block, LinkedPicture, Piece, Run, blocks_of, markdown_table
from .drawings import DrawingSource, block_of_chart, diagram_lines, picture_of_blip, plain_description
from .formulas import tex_of
from .names import DGM, MC, WP, A, C, O, R, V, W, local
from .word_styles import Numbering, Styles, numbering_of

__all__ = ["WordBody"]

_REFERENCE = re.compile(r"\b(?:REF|PAGEREF|NOTEREF)\s+(\S+)")
_CODE = re.compile(r"code|listing|preformatted|macro text|verbatim", re.I)
_CONTAINERS = frozenset(
    [
        "sdt",
        "sdtContent",
        "ins",
        "moveTo",
        "smartTag",
        "customXml",
        "hyperlink",
        "fldSimple",
        "dir",
        "bdo",
        "ruby",
        "rubyBase",
    ]
)
_PAGE_IN_A_CELL = 1500


class WordBody:
    """Walks the body of one document; :attr:`blocks` fills in reading order.

    Args:
        archive: The document.
        part: Name of its main part.
    """

    def __init__(self, archive: Archive, part: str) -> None:
        self.blocks: list[Block] = []
        self._source = DrawingSource(archive, part)
        related = {relation.kind: relation.target for relation in archive.relations(part).values()}
        self._styles = Styles(archive.tree(related["styles"]) if "styles" in related else None)
        self._numbering = Numbering.of(archive.tree(related["numbering"]) if "numbering" in related else None)
        self._notes = {
            kind: self._notes_of(archive.tree(related[f"{kind}s"]) if f"{kind}s" in related else None, kind)
            for kind in ("footnote", "endnote", "comment")
        }
        self._lines: list[str] = []
        self._groups = 0
        self._page: int | None = None
        self._pending: list[Block] = []

    def walk(self, body: Any) -> None:
        """Read a body, a cell or a text box."""
        if self._page is None and next(body.iter(f"{W}lastRenderedPageBreak"), None) is not None:
            self._page = 1
        for node in self._parts(body):
            if local(node) == "p":
                self._paragraph(node)
            elif local(node) == "tbl":
                self._close_list()
                self._table(node)
            elif local(node) in ("oMathPara", "oMath"):
                self._add(Element(kind="paragraph", text=f"$${tex_of(node)}$$"))
        self._close_list()

    def _parts(self, body: Any) -> Iterator[Any]:
        for node in body:
            name = local(node)
            if name in ("p", "tbl", "oMathPara", "oMath"):
                yield node
            elif name in _CONTAINERS:
                yield from self._parts(node)
            elif name == "AlternateContent":
                yield from self._parts(_choice(node))

    def _paragraph(self, node: Any) -> None:
        properties = node.find(f"{W}pPr")
        named = properties.find(f"{W}pStyle") if properties is not None else None
        style = self._styles.of(named.get(f"{W}val") if named is not None else "Normal")
        run = Run(captionlike=style.name == "caption")
        self._inline(node, run, emphasised=style.italic)
        pending, self._pending = self._pending, []
        outline = properties.find(f"{W}outlineLvl") if properties is not None else None
        level = style.level
        if outline is not None and (outline.get(f"{W}val") or "9") in "012345":
            level = int(outline.get(f"{W}val")) + 1
        number, depth = numbering_of(properties)
        if number is None:
            number, depth = style.numbering[0], depth if depth is not None else style.numbering[1]
        text = run.text
        mark = self._numbering.mark(number, depth or 0) if text or level else None
        if style.name.startswith(("toc ", "table of figures")):
            pass
        elif level and text:
            self._close_list()
            words = text.replace("\n", " ")
            self._add(
                Element(
                    kind="heading", text=f"{mark} {words}" if mark and mark != "-" else words, level=level
                ),
                anchors=run.anchors,
            )
            self._show(run.pictures)
        elif mark is not None and text:
            words = text.replace("\n", " ")
            self._lines.append("  " * (depth or 0) + (f"{mark} {words}" if mark else f"- {words}"))
            if run.pictures:
                self._close_list()
                self._show(run.pictures)
        elif _CODE.search(style.name) and not run.pictures:
            self._code("".join(piece.text for piece in run.pieces))
        elif text or run.pictures:
            self._close_list()
            self._groups += 1
            for block in blocks_of(run, group=self._groups):
                block.element.page = self._page
                self.blocks.append(block)
        if pending:
            self._close_list()
            self.blocks.extend(pending)

    def _code(self, text: str) -> None:
        self._close_list()
        last = self.blocks[-1].element if self.blocks else None
        if last is not None and last.kind == "code":
            last.text = f"{last.text}\n{text}"
        elif text.strip():
            self._add(Element(kind="code", text=text))

    def _add(self, element: Element, *, anchors: list[str] | None = None) -> None:
        element.page = self._page
        self.blocks.append(Block(element, anchor=anchors[0] if anchors else ""))

    def _show(self, pictures: list[LinkedPicture]) -> None:
        self._groups += 1
        for picture in pictures:
            self.blocks.append(Block(Element(kind="picture", page=self._page), picture, group=self._groups))

    def _close_list(self) -> None:
        if self._lines:
            lines, self._lines = self._lines, []
            self._add(Element(kind="list", text="\n".join(lines)))

    def _inline(self, node: Any, run: Run, *, emphasised: bool = False) -> None:
        for child in node:
            name = local(child)
            if name == "r":
                self._run(child, run, emphasised)
            elif name == "hyperlink" or name in _CONTAINERS:
                anchor = child.get(f"{W}anchor")
                if anchor:
                    run.cites.append(anchor)
                instruction = _REFERENCE.search(child.get(f"{W}instr") or "")
                if instruction is not None:
                    run.cites.append(instruction.group(1))
                self._inline(child, run, emphasised=emphasised)
            elif name == "bookmarkStart":
                bookmark = child.get(f"{W}name") or ""
                if bookmark and bookmark != "_GoBack":
                    run.anchors.append(bookmark)
            elif name == "oMathPara":
                run.say(f" $${tex_of(child)}$$ ")
            elif name == "oMath":
                run.say(f" ${tex_of(child)}$ ")
            elif name == "AlternateContent":
                self._inline(_choice(child), run, emphasised=emphasised)
            elif name in ("drawing", "pict", "object"):
                self._drawing(child, run)

    def _run(self, node: Any, run: Run, emphasised: bool) -> None:
        properties = node.find(f"{W}rPr")
        if properties is not None:
            if _is_on(properties.find(f"{W}vanish")):
                return
            italic = properties.find(f"{W}i")
            emphasised = _is_on(italic) if italic is not None else emphasised
        for child in node:
            name = local(child)
            if name == "t":
                run.pieces.append(Piece(child.text or "", emphasised))
            elif name in ("tab", "ptab"):
                run.pieces.append(Piece("\t", emphasised))
            elif name in ("br", "cr"):
                if child.get(f"{W}type") != "page":
                    run.break_line()
            elif name == "noBreakHyphen":
                run.pieces.append(Piece("-", emphasised))
            elif name == "lastRenderedPageBreak":
                self._page = (self._page or 1) + 1
            elif name == "instrText":
                run.cites.extend(_REFERENCE.findall(child.text or ""))
            elif name in ("drawing", "pict", "object"):
                self._drawing(child, run)
            elif name == "AlternateContent":
                self._alternate(child, run, emphasised)
            elif name in ("footnoteReference", "endnoteReference", "commentReference"):
                self._note(name.removesuffix("Reference"), child.get(f"{W}id") or "")
            elif name == "ruby":
                self._inline(child, run, emphasised=emphasised)

    def _alternate(self, node: Any, run: Run, emphasised: bool) -> None:
        before = len(run.pieces) + len(self._pending)
        choice = _choice(node)
        self._run(choice, run, emphasised)
        if len(run.pieces) + len(self._pending) == before:
            for fallback in node.iterchildren(f"{MC}Fallback"):
                self._run(fallback, run, emphasised)

    def _note(self, kind: str, note_id: str) -> None:
        text = self._notes[kind].pop(note_id, "")
        if text:
            self._pending.append(Block(Element(kind="note", text=text, page=self._page)))

    def _notes_of(self, tree: Any | None, kind: str) -> dict[str, str]:
        notes: dict[str, str] = {}
        for node in tree.iterchildren(f"{W}{kind}") if tree is not None else ():
            if node.get(f"{W}type") in ("separator", "continuationSeparator", "continuationNotice"):
                continue
            lines = [
                "".join(text.text or "" for text in line.iter(f"{W}t")).strip() for line in node.iter(f"{W}p")
            ]
            words = "\n".join(line for line in lines if line)
            author = node.get(f"{W}author") or ""
            if words:
                said = f"Comment by {author}: {words}" if author else f"Comment: {words}"
                notes[node.get(f"{W}id") or ""] = said if kind == "comment" else words
        return notes

    def _drawing(self, node: Any, run: Run) -> None:
        """Pictures go into the run; charts, diagrams and text boxes follow the paragraph."""
        properties = next(node.iter(f"{WP}docPr"), None)
        if properties is None:
            properties = next(node.iter(f"{V}shape"), None)
        alt = ""
        if properties is not None:
            alt = plain_description(properties.get("descr"), properties.get("alt"), properties.get("title"))
        boxes = [box for box in node.iter(f"{W}txbxContent") if not _within_box(box, node)]
        for blip in node.iter(f"{A}blip", f"{V}imagedata"):
            if any(ancestor in boxes for ancestor in blip.iterancestors()):
                continue
            picture = picture_of_blip(blip, self._source, alt=alt)
            if picture is not None:
                picture.title = plain_description(blip.get(f"{O}title"))
                run.show(picture)
        for reference in node.iter(f"{C}chart"):
            tree = self._source.tree(reference.get(f"{R}id"))
            if tree is not None:
                block = block_of_chart(tree)
                block.element.page = self._page
                self._pending.append(block)
        for reference in node.iter(f"{DGM}relIds"):
            tree = self._source.tree(reference.get(f"{R}dm"))
            lines = diagram_lines(tree) if tree is not None else []
            if lines:
                text = "\n".join(f"- {line}" for line in lines)
                self._pending.append(Block(Element(kind="list", text=text, page=self._page)))
        for box in boxes:
            self._pending.extend(self._inner(box))

    def _inner(self, node: Any) -> list[Block]:
        """The blocks of a box or cell, read apart."""
        outer = (self.blocks, self._lines, self._pending)
        self.blocks, self._lines, self._pending = [], [], []
        self.walk(node)
        inner = self.blocks
        self.blocks, self._lines, self._pending = outer
        return inner

    def _table(self, node: Any) -> None:
        grid: list[list[str]] = []
        pictures: list[LinkedPicture] = []
        insides: list[list[Block]] = []
        for row in _children(node, "tr"):
            line: list[str] = []
            for cell in _children(row, "tc"):
                properties = cell.find(f"{W}tcPr")
                span = properties.find(f"{W}gridSpan") if properties is not None else None
                merged = properties.find(f"{W}vMerge") if properties is not None else None
                inner = self._inner(cell)
                insides.append(inner)
                text = "\n".join(block.element.text for block in inner if block.element.text)
                if merged is not None and merged.get(f"{W}val") != "restart" and grid and not text:
                    text = grid[-1][len(line)] if len(line) < len(grid[-1]) else ""
                for block in inner:
                    if block.picture is not None:
                        if not block.picture.caption and len(text) <= 300:
                            block.picture.caption = text
                        pictures.append(block.picture)
                line.append(text)
                width = span.get(f"{W}val") or "1" if span is not None else "1"
                line.extend([""] * (min(int(width), 200) - 1 if width.isdecimal() else 0))
            grid.append(line)
        widest = max((len(line) for line in grid), default=0)
        if widest <= 1 or (len(grid) == 1 and any(len(cell) > _PAGE_IN_A_CELL for cell in grid[0])):
            for block in (block for inner in insides for block in inner):
                if block.picture is not None and block.picture.caption:
                    block.picture.caption = ""
                self.blocks.append(block)
            return
        text = markdown_table(grid)
        if text:
            self._add(Element(kind="table", text=text))
        self._show(pictures)


def _children(node: Any, name: str) -> Iterator[Any]:
    for child in node:
        if local(child) == name:
            yield child
        elif local(child) in _CONTAINERS:
            yield from _children(child, name)


def _choice(node: Any) -> Any:
    """The first choice of alternate content, else its fallback."""
    for child in node:
        if local(child) == "Choice":
            return child
    return next(iter(node), node)


def _within_box(box: Any, drawing: Any) -> bool:
    for ancestor in box.iterancestors():
        if ancestor is drawing:
            return False
        if local(ancestor) in ("txbxContent", "Fallback"):
            return True
    return False


def _is_on(node: Any) -> bool:
    return node is not None and node.get(f"{W}val") not in ("0", "false", "off")
