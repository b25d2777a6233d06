"""A Word document's body as blocks: paragraphs, headings, lists, tables, drawings, notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ....errors import SourceTooLarge
from ....types import Element
from ...archives import Archive
from ...formulas import tex_of
from ...markup.parse import Block, LinkedPicture, Piece, Run, blocks_of, table_blocks
from .charts import read_chart
from .drawings import DrawingSource, block_of_chart, diagram_lines, picture_of_blip, plain_description
from .names import DGM, MC, WP, A, C, O, R, V, W, local
from .run_properties import count, form_field, is_on, is_unseen, value_of
from .symbols import is_symbol_font, symbol_text
from .word_styles import CODE_STYLE, Numbering, Styles, numbering_of

__all__ = ["WordBody"]

_REFERENCE = re.compile(r"\b(?:REF|PAGEREF|NOTEREF)\s+(\S+)")
_SILENT = frozenset((
    "annotationRef", "bookmarkEnd", "commentRangeEnd", "commentRangeStart", "continuationSeparator",
    "customXmlPr", "del", "delInstrText", "delText", "dayLong", "dayShort", "endnoteRef", "footnoteRef",
    "monthLong", "monthShort", "moveFrom", "pPr", "permEnd", "permStart", "pgNum", "proofErr", "rPr", "rt",
    "rubyPr", "sdtEndPr", "sdtPr", "sectPr", "separator", "smartTagPr", "softHyphen", "tblGrid", "tblPr",
    "tblPrEx", "tcPr", "trPr", "yearLong", "yearShort", "altChunk",
))  # fmt: skip
"""Elements that say nothing to a reader; whatever else holds words or a value is read, known or not."""
_SYMBOL_FIELD = re.compile(r"\bSYMBOL\s+(?P<code>\d+|0x[0-9a-fA-F]+)(?:.*?\\f\s+\"?(?P<font>[^\"\\]+)\"?)?")
_MAX_CELL = 1500
_NOTE_NAMED = 40
_MAX_PARAGRAPHS = 500_000


class WordBody:
    """Walk the body of one document; :attr:`blocks` fills in reading order.

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
            kind: (DrawingSource(archive, target), _notes_in(archive.tree(target), kind))
            for kind in ("footnote", "endnote", "comment")
            if (target := related.get(f"{kind}s"))
        }
        self._lines: list[str] = []
        self._groups = 0
        self._count = 0
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
            elif name == "AlternateContent":
                yield from self._parts(_choice(node))
            elif name and name not in _SILENT:
                yield from self._parts(node)

    def _paragraph(self, node: Any) -> None:
        self._count += 1
        if self._count > _MAX_PARAGRAPHS:
            raise SourceTooLarge(
                f"{self._source.archive.path.name} has more than {_MAX_PARAGRAPHS:,} paragraphs.",
                hint="Split it.",
            )
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
        mark = self._numbering.mark(number, depth or 0) if text or level or run.pictures else None
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
        elif mark is not None:
            words = text.replace("\n", " ")
            if words or mark != "-":
                self._lines.append(
                    "  " * (depth or 0) + (f"{mark} {words}" if mark else f"- {words}").rstrip()
                )
            if run.pictures:
                self._close_list()
                for picture in run.pictures[: 1 if words else 0]:
                    picture.caption, picture.caption_in_text = words, True
                self._show(run.pictures)
        elif CODE_STYLE.search(style.name) and not run.pictures:
            self._code("".join(piece.text for piece in run.pieces))
        elif text or run.pictures:
            self._close_list()
            self._groups += 1
            self._append(blocks_of(run, group=self._groups))
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

    def _append(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            block.element.page = self._page
            self.blocks.append(block)

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
            elif name == "bookmarkStart":
                bookmark = child.get(f"{W}name") or ""
                if bookmark and bookmark != "_GoBack":
                    run.anchors.append(bookmark)
            elif name == "oMathPara":
                run.add_text(f" $${tex_of(child)}$$ ")
            elif name == "oMath":
                run.add_text(f" ${tex_of(child)}$ ")
            elif name == "AlternateContent":
                self._inline(_choice(child), run, emphasised=emphasised)
            elif name in ("drawing", "pict", "object"):
                self._drawing(child, run)
            elif name == "t":
                run.pieces.append(Piece(child.text or "", emphasised))
            elif name and name not in _SILENT:
                anchor = child.get(f"{W}anchor")
                if anchor:
                    run.cites.append(anchor)
                run.cites.extend(_REFERENCE.findall(child.get(f"{W}instr") or ""))
                self._inline(child, run, emphasised=emphasised)

    def _run(self, node: Any, run: Run, emphasised: bool) -> None:
        properties = node.find(f"{W}rPr")
        raised, font = "", ""
        if properties is not None:
            settings = {child.tag: child for child in properties}
            if is_unseen(settings):
                return
            italic = settings.get(f"{W}i")
            emphasised = is_on(italic) if italic is not None else emphasised
            raised = value_of(settings.get(f"{W}vertAlign"))
            fonts = settings.get(f"{W}rFonts")
            font = (fonts.get(f"{W}ascii") or "") if fonts is not None else ""
        for child in node:
            name = local(child)
            if name == "t":
                self._add_text(child.text or "", run, emphasised, raised, font)
            elif name == "sym":
                code = child.get(f"{W}char") or ""
                shown = chr(int(code, 16)) if re.fullmatch(r"[0-9A-Fa-f]{1,5}", code) else ""
                self._add_text(symbol_text(shown, child.get(f"{W}font") or ""), run, emphasised, raised, "")
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
                self._instruction(child.text or "", run)
            elif name == "fldChar":
                run.add_text(form_field(child))
            elif name in ("drawing", "pict", "object"):
                self._drawing(child, run)
            elif name == "AlternateContent":
                self._alternate(child, run, emphasised)
            elif name in ("footnoteReference", "endnoteReference", "commentReference"):
                self._note(name.removesuffix("Reference"), child.get(f"{W}id") or "")
            elif name == "ruby":
                self._inline(child, run, emphasised=emphasised)
            elif name and name not in _SILENT:
                if child.text and len(child) == 0:
                    run.add_text(child.text, emphasised=emphasised)
                self._run(child, run, emphasised)

    def _add_text(self, text: str, run: Run, emphasised: bool, raised: str, font: str) -> None:
        if is_symbol_font(font):
            text = symbol_text(text, font)
        if raised in ("superscript", "subscript"):
            run.add_script(text, raised=raised == "superscript", emphasised=emphasised)
        else:
            run.pieces.append(Piece(text, emphasised))

    def _instruction(self, text: str, run: Run) -> None:
        """Read a field's instruction: what it refers to, the character of a ``SYMBOL`` field."""
        run.cites.extend(_REFERENCE.findall(text))
        symbol = _SYMBOL_FIELD.search(text)
        if symbol is not None and (code := int(symbol["code"], 0)) < 0x110000:
            run.add_text(symbol_text(chr(code), (symbol["font"] or "Symbol").strip()))

    def _alternate(self, node: Any, run: Run, emphasised: bool) -> None:
        before = len(run.pieces) + len(self._pending)
        choice = _choice(node)
        self._run(choice, run, emphasised)
        if len(run.pieces) + len(self._pending) == before:
            for fallback in node.iterchildren(f"{MC}Fallback"):
                self._run(fallback, run, emphasised)

    def _note(self, kind: str, note_id: str) -> None:
        """Put a note after the paragraph that refers to it, with the tables and pictures that stand in it."""
        outer = self._source
        source, notes = self._notes.get(kind, (outer, {}))
        node = notes.pop(note_id, None)
        if node is None:
            return
        self._source = source
        inner = self._inner(node)
        self._source = outer
        words = "\n".join(b.element.text for b in inner if b.element.text and b.element.kind != "table")
        author = node.get(f"{W}author") or ""
        if kind == "comment" and words:
            words = f"Comment by {author}: {words}" if author else f"Comment: {words}"
        if words:
            self._pending.append(Block(Element(kind="note", text=words, page=self._page)))
        self._pending.extend(b for b in inner if b.picture is not None or b.element.kind == "table")

    @property
    def unreferred(self) -> list[str]:
        """Return the beginnings of the notes and comments that nothing referred to, when all is read."""
        nodes = [node for _, notes in self._notes.values() for node in notes.values()]
        words = (" ".join("".join(text.text or "" for text in node.iter(f"{W}t")).split()) for node in nodes)
        return [said[:_NOTE_NAMED] for said in words if said]

    def _drawing(self, node: Any, run: Run) -> None:
        """Add pictures to the run; charts, diagrams and text boxes follow the paragraph."""
        properties = next(node.iter(f"{WP}docPr"), None)
        if properties is None:
            properties = next(node.iter(f"{V}shape"), None)
        alt = ""
        if properties is not None:
            alt = plain_description(properties.get("descr"), properties.get("alt"), properties.get("title"))
        for path in node.iter(f"{V}textpath"):
            run.add_text(f" {path.get('string') or ''} ")
        boxes = [box for box in node.iter(f"{W}txbxContent") if not _within_box(box, node)]
        for blip in node.iter(f"{A}blip", f"{V}imagedata"):
            if any(ancestor in boxes for ancestor in blip.iterancestors()):
                continue
            picture = picture_of_blip(blip, self._source, alt=alt)
            if picture is not None:
                picture.title = plain_description(blip.get(f"{O}title"))
                run.add_picture(picture)
        for reference in node.iter(f"{C}chart"):
            tree = self._source.tree(reference.get(f"{R}id"))
            if tree is not None:
                block = block_of_chart(read_chart(tree))
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
        """Return the blocks of a box or cell, read apart."""
        outer = (self.blocks, self._lines, self._pending)
        self.blocks, self._lines, self._pending = [], [], []
        self.walk(node)
        inner = self.blocks
        self.blocks, self._lines, self._pending = outer
        return inner

    def _table(self, node: Any) -> None:
        """Read a table by the columns of its grid; tables in its cells come after it."""
        grid: list[list[str]] = []
        shown: list[tuple[int, int, LinkedPicture]] = []
        insides: list[list[Block]] = []
        for row in _children(node, "tr"):
            if is_on(row.find(f"{W}trPr/{W}hidden")):
                continue
            line: list[str] = [""] * count(row.find(f"{W}trPr/{W}gridBefore"), 0)
            for cell in _children(row, "tc"):
                properties = cell.find(f"{W}tcPr")
                merged = properties.find(f"{W}vMerge") if properties is not None else None
                inner = self._inner(cell)
                insides.append(inner)
                text = "\n".join(
                    b.element.text for b in inner if b.element.text and b.element.kind != "table"
                )
                if merged is not None and value_of(merged) != "restart" and grid and not text:
                    text = grid[-1][len(line)] if len(line) < len(grid[-1]) else ""
                shown.extend(
                    (len(grid), len(line), block.picture) for block in inner if block.picture is not None
                )
                line.append(text)
                span = properties.find(f"{W}gridSpan") if properties is not None else None
                line.extend([""] * (count(span, 1) - 1))
            grid.append(line)
        widest = max((len(line) for line in grid), default=0)
        if widest <= 1 or (len(grid) == 1 and any(len(cell) > _MAX_CELL for cell in grid[0])):
            self.blocks.extend(block for inner in insides for block in inner)
            return
        self._groups += 1
        self._append(table_blocks(grid, shown, group=self._groups))
        self.blocks.extend(block for inner in insides for block in inner if block.element.kind == "table")


def _children(node: Any, name: str) -> Iterator[Any]:
    for child in node:
        if local(child) == name:
            yield child
        elif local(child) and local(child) not in _SILENT:
            yield from _children(child, name)


def _choice(node: Any) -> Any:
    """Return the first choice of alternate content, else its fallback."""
    for child in node:
        if local(child) == "Choice":
            return child
    return next(iter(node), node)


def _notes_in(tree: Any | None, kind: str) -> dict[str, Any]:
    return {
        node.get(f"{W}id") or "": node
        for node in (tree.iterchildren(f"{W}{kind}") if tree is not None else ())
        if node.get(f"{W}type") not in ("separator", "continuationSeparator", "continuationNotice")
    }


def _within_box(box: Any, drawing: Any) -> bool:
    for ancestor in box.iterancestors():
        if ancestor is drawing:
            return False
        if local(ancestor) in ("txbxContent", "Fallback"):
            return True
    return False
