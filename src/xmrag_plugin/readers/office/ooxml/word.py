"""A Word document's body as blocks: paragraphs, headings, lists, tables, drawings, notes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ....errors import SourceTooLarge
from ....types import Element
from ...archives import Archive
from ...formulas import tex_of
from ...markup.parse import Block, LinkedPicture, Piece, Run, blocks_of, table_blocks
from ...symbols import is_symbol_font, symbol_text
from .charts import read_chart
from .drawings import (
    DrawingSource,
    block_of_chart,
    description_of_blip,
    diagram_lines,
    is_hidden,
    picture_of_blip,
    plain_description,
)
from .equation_fields import tex_of_field
from .names import CX, DGM, MC, WP, A, C, O, R, V, W, local
from .run_properties import (
    count,
    form_field,
    is_alone,
    is_empty,
    is_on,
    is_taken_out,
    is_unseen,
    script_of,
    value_of,
)
from .word_boxes import give_captions, is_caption_alone
from .word_fields import Fields
from .word_styles import CODE_STYLE, Numbering, Style, Styles, indent_of, numbering_of
from .word_tree import SILENT, children, choice, notes_in, within_box

__all__ = ["WordBody"]

_REFERENCE = re.compile(r"\b(?:REF|PAGEREF|NOTEREF)\s+(\S+)")
_SYMBOL_FIELD = re.compile(r"\bSYMBOL\s+(?P<code>\d+|0x[0-9a-fA-F]+)(?:.*?\\f\s+\"?(?P<font>[^\"\\]+)\"?)?")
_MAX_CELL = 1500
_NOTE_NAMED = 40
_MAX_PARAGRAPHS = 500_000
_OWN_OF_A_STORY = ("blocks", "_lines", "_indents", "_pending", "_captions", "_style", "_open", "_fields")
_SAME_INDENT = 60  # twentieths of a point: items that are indented alike


class WordBody:
    """Walk the body of one document; :attr:`blocks` fills in reading order.

    Args:
        archive: The document.
        part: Name of its main part.
        read_part: Reads a document that is taken into this one whole, by the name of its part.
    """

    def __init__(
        self, archive: Archive, part: str, read_part: Callable[[str], Iterable[Element]] = lambda name: ()
    ) -> None:
        self.blocks: list[Block] = []
        self._read_part = read_part
        self._source = DrawingSource(archive, part)
        related = {relation.kind: relation.target for relation in archive.relations(part).values()}
        self._styles = Styles(archive.tree(related["styles"]) if "styles" in related else None)
        self._numbering = Numbering.of(archive.tree(related["numbering"]) if "numbering" in related else None)
        self._notes = {
            kind: (DrawingSource(archive, target), notes_in(archive.tree(target), kind))
            for kind in ("footnote", "endnote", "comment")
            if (target := related.get(f"{kind}s"))
        }
        self._lines: list[str] = []
        self._groups = 0
        self._count = 0
        self._page: int | None = None
        self._pending: list[Block] = []
        self._captions: list[Block] = []  # that stand in text boxes of their own
        self._style = Style()  # of the paragraph that is read
        self._open: Run | None = None  # a paragraph whose end is deleted goes on in the next one
        self._fields = Fields()
        self._indents: list[int] = []  # of the list that is read, an entry a level

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
            elif relation := self._source.archive.relations(self._source.part).get(node.get(f"{R}id") or ""):
                self._close_list()
                self._append(Block(element) for element in self._read_part(relation.target))
        self._close_list()

    def _parts(self, body: Any) -> Iterator[Any]:
        for node in body:
            name = local(node)
            if name in ("p", "tbl", "oMathPara", "oMath", "altChunk"):
                yield node
            elif name == "AlternateContent":
                yield from self._parts(choice(node))
            elif name and name not in SILENT:
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
        run, self._open, self._style = self._open or Run(), None, style
        run.captionlike = style.name == "caption"
        self._inline(node, run, emphasised=style.italic)
        ending = properties.find(f"{W}rPr") if properties is not None else None
        self._fields.end_paragraph()
        following = node.getnext()
        frame = properties.find(f"{W}framePr") if properties is not None else None
        goes_on = is_taken_out(ending) or (
            frame is not None and frame.get(f"{W}dropCap") in ("drop", "margin")
        )
        if goes_on and following is not None and local(following) == "p":
            self._open = run
            return
        pending = [*give_captions(run.pictures, self._captions), *self._pending]
        self._pending, self._captions = [], []
        outline = properties.find(f"{W}outlineLvl") if properties is not None else None
        level = style.level
        if outline is not None and (outline.get(f"{W}val") or "9") in "012345":
            level = int(outline.get(f"{W}val")) + 1
        number, depth = numbering_of(properties)
        if number is None:
            number, depth = style.numbering[0], depth if depth is not None else style.numbering[1]
        text = run.text
        counts = text or level or run.pictures or is_empty(node)
        mark = self._numbering.mark(number, depth or 0) if counts else None
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
            if words or (mark != "-" and (run.pictures or is_alone(node))):
                own = numbering_of(properties)[0] is not None
                indents = (
                    indent_of(properties),
                    None if own else style.indent,
                    self._numbering.indent(number, depth or 0),
                )
                deep = max(depth or 0, self._depth(next((i for i in indents if i is not None), None)))
                self._lines.append("  " * deep + (f"{mark} {words}" if mark else f"- {words}").rstrip())
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

    def _depth(self, indent: int | None) -> int:
        """Return how many items the next one lies inside of, by its indentation."""
        if indent is not None:
            while self._indents and self._indents[-1] > indent - _SAME_INDENT:
                self._indents.pop()
            self._indents.append(indent)
        return max(len(self._indents) - 1, 0)

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
            lines, self._lines, self._indents = self._lines, [], []
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
                self._inline(choice(child), run, emphasised=emphasised)
            elif name in ("drawing", "pict", "object"):
                self._drawing(child, run)
            elif name == "t":
                run.pieces.append(Piece(child.text or "", emphasised))
            elif name and name not in SILENT:
                anchor = child.get(f"{W}anchor")
                if anchor:
                    run.cites.append(anchor)
                run.cites.extend(_REFERENCE.findall(child.get(f"{W}instr") or ""))
                self._inline(child, run, emphasised=emphasised)

    def _run(self, node: Any, run: Run, emphasised: bool) -> None:
        properties = node.find(f"{W}rPr")
        settings = {child.tag: child for child in properties} if properties is not None else {}
        named = settings.get(f"{W}rStyle")
        style = self._styles.of(value_of(named)) if named is not None else Style()
        if is_unseen(settings, bool(self._style.hidden if style.hidden is None else style.hidden)):
            return
        italic = settings.get(f"{W}i")
        emphasised = is_on(italic) if italic is not None else emphasised
        raised = script_of(settings) or style.raised
        fonts = settings.get(f"{W}rFonts")
        font = (fonts.get(f"{W}ascii") or "") if fonts is not None else ""
        for child in node:
            name = local(child)
            if self._fields.hide and name not in ("instrText", "fldChar"):
                continue
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
                self._fields.instruct(child.text or "")
            elif name == "fldChar":
                self._instruction(self._fields.mark(child.get(f"{W}fldCharType") or ""), run)
                run.add_text(form_field(child))
            elif name in ("drawing", "pict", "object"):
                self._drawing(child, run)
            elif name == "AlternateContent":
                self._alternate(child, run, emphasised)
            elif name in ("footnoteReference", "endnoteReference", "commentReference"):
                self._note(name.removesuffix("Reference"), child.get(f"{W}id") or "")
            elif name == "ruby":
                self._inline(child, run, emphasised=emphasised)
            elif name and name not in SILENT:
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
        """Read a field's instruction: what it refers to, what a ``SYMBOL`` or an ``EQ`` field shows."""
        formula = tex_of_field(text)
        if formula:
            run.add_text(f" ${formula}$ ")
        run.cites.extend(_REFERENCE.findall(text))
        symbol = _SYMBOL_FIELD.search(text)
        if symbol is not None and (code := int(symbol["code"], 0)) < 0x110000:
            run.add_text(symbol_text(chr(code), (symbol["font"] or "Symbol").strip()))

    def _alternate(self, node: Any, run: Run, emphasised: bool) -> None:
        before = len(run.pieces) + len(self._pending)
        chosen = choice(node)
        self._run(chosen, run, emphasised)
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
        if any(is_hidden(frame) for frame in node):
            return
        properties = next(node.iter(f"{WP}docPr"), None)
        if properties is None:
            properties = next(node.iter(f"{V}shape"), None)
        alt = ""
        if properties is not None:
            alt = plain_description(properties.get("descr"), properties.get("alt"), properties.get("title"))
        for path in node.iter(f"{V}textpath"):
            run.add_text(f" {path.get('string') or ''} ")
        boxes = [box for box in node.iter(f"{W}txbxContent") if not within_box(box, node)]
        for blip in node.iter(f"{A}blip", f"{V}imagedata"):
            if any(ancestor in boxes for ancestor in blip.iterancestors()):
                continue
            picture = picture_of_blip(blip, self._source, alt=description_of_blip(blip, alt))
            if picture is not None:
                picture.title = plain_description(blip.get(f"{O}title"))
                run.add_picture(picture)
        for reference in node.iter(f"{C}chart", f"{CX}chart", f"{DGM}relIds"):
            if any(ancestor in boxes for ancestor in reference.iterancestors()):
                continue
            if local(reference) == "chart":
                tree = self._source.tree(reference.get(f"{R}id"))
                if tree is None:
                    continue
                block = block_of_chart(read_chart(tree))
            else:
                lines = diagram_lines(reference, self._source)
                block = Block(Element(kind="list", text="\n".join(lines)))
            block.element.page = self._page
            self._pending.append(block)
        for box in boxes:
            inner = self._inner(box)
            (self._captions if is_caption_alone(inner) else self._pending).extend(inner)

    def _inner(self, node: Any) -> list[Block]:
        """Return the blocks of a box or cell, read apart."""
        outer = {name: getattr(self, name) for name in _OWN_OF_A_STORY}
        self.blocks, self._lines, self._indents, self._pending, self._captions = [], [], [], [], []
        self._open, self._fields = None, Fields()
        self.walk(node)
        inner = self.blocks
        for name, value in outer.items():
            setattr(self, name, value)
        return inner

    def _table(self, node: Any) -> None:
        """Read a table by the columns of its grid; tables in its cells come after it."""
        grid: list[list[str]] = []
        shown: list[tuple[int, int, LinkedPicture]] = []
        insides: list[list[Block]] = []
        for row in children(node, "tr"):
            if is_taken_out(row.find(f"{W}trPr")):
                continue
            line: list[str] = [""] * count(row.find(f"{W}trPr/{W}gridBefore"), 0)
            for cell in children(row, "tc"):
                properties = cell.find(f"{W}tcPr")
                merged = properties.find(f"{W}vMerge") if properties is not None else None
                inner = self._inner(cell) if not is_taken_out(properties) else []
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
