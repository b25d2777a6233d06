"""The body of an OpenDocument text, slide or cell as blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ....errors import SourceTooLarge
from ....types import Element
from ...archives import Archive
from ...markup.parse import Block, Cell, LinkedPicture, Run, blocks_of, columns_of, spread, table_blocks
from ..ooxml import local, whole
from .controls import shown_by_controls
from .lengths import clipped
from .lists import ListLevel, Outline, list_levels, next_mark
from .names import DRAW, FO, OFFICE, PRESENTATION, STYLE, SVG, TABLE, TEXT, XLINK
from .objects import chart_block, formula_of, object_tree, picture_of
from .visibility import StyleVisibility

__all__ = ["OpenBody"]

_ID = "{http://www.w3.org/XML/1998/namespace}id"
_MAX_DEPTH = 40
_MAX_NESTED = 8  # objects in objects
_CAPTION_STYLES = frozenset({"caption", "illustration", "figure", "drawing", "table"})
_TITLES = {"title": 1, "subtitle": 2, "rststyle-title": 1, "rststyle-subtitle": 2}
_LEFT_OUT = frozenset((
    "tracked-changes", "table-of-content", "illustration-index", "table-index", "alphabetical-index",
    "sequence-decls", "forms", "variable-decls", "user-field-decls", "bibliography-configuration", "notes",
))  # fmt: skip
_MAX_REPEAT = 1000
_MAX_CELLS = 1_000_000


class OpenBody:
    """Walk a body; :attr:`blocks` fills in reading order.

    Args:
        archive: The document.
        trees: Its parts that define styles (``styles.xml``, ``content.xml``).
    """

    def __init__(self, archive: Archive, *trees: Any) -> None:
        self.blocks: list[Block] = []
        self.page: int | None = None
        self.on_white = True  # whether what is read stands on white paper: not so on slides and in sheets
        self._archive = archive
        self._groups = 0
        self._cells = 0
        self._pending: list[Block] = []
        self._parents: dict[str, str] = {}
        self._visibility = StyleVisibility()
        self._style = ""  # of the paragraph that is read
        self._inside = 0  # cells and boxes that what is read stands in
        self._italic: set[str] = set()
        self._clips: dict[str, str] = {}
        self._hiding: set[str] = set()  # styles of sheets and slides that are not shown
        self._raised: dict[str, bool] = {}  # styles of raised (True) and lowered text
        self._outline = Outline(trees)
        self._lists: dict[str, dict[int, ListLevel]] = {}
        self._counts: dict[str, dict[int, int]] = {}  # of the items so far, by list or style
        self._controls = shown_by_controls(*trees)
        for tree in trees:
            self._read_styles(tree)

    def _read_styles(self, tree: Any) -> None:
        for style in tree.iter(f"{STYLE}style"):
            self._visibility.add(style)
            name = style.get(f"{STYLE}name") or ""
            self._parents[name] = style.get(f"{STYLE}parent-style-name") or ""
            properties = style.find(f"{STYLE}text-properties")
            if properties is not None and properties.get(f"{FO}font-style") in ("italic", "oblique"):
                self._italic.add(name)
            position = properties.get(f"{STYLE}text-position") or "" if properties is not None else ""
            if position.startswith(("super", "sub")) or re.match(r"-?[1-9]", position):
                self._raised[name] = not position.startswith(("sub", "-"))
            sheet, slide = (style.find(f"{STYLE}{kind}-properties") for kind in ("table", "drawing-page"))
            if sheet is not None and sheet.get(f"{TABLE}display") == "false":
                self._hiding.add(name)
            if slide is not None and slide.get(f"{PRESENTATION}visibility") == "hidden":
                self._hiding.add(name)
            drawn = style.find(f"{STYLE}graphic-properties")
            if drawn is not None and drawn.get(f"{FO}clip"):
                self._clips[name] = drawn.get(f"{FO}clip")
        for style in tree.iter(f"{TEXT}list-style"):
            self._lists[style.get(f"{STYLE}name") or ""] = list_levels(style)

    def hides(self, node: Any) -> bool:
        """Return whether a sheet or slide is hidden."""
        return (node.get(f"{TABLE}style-name") or node.get(f"{DRAW}style-name")) in self._hiding

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
            elif name in (
                "frame",
                "g",
                "custom-shape",
                "rect",
                "ellipse",
                "line",
                "connector",
                "path",
                "a",
                "control",
            ):
                self._lone_frame(node)
            elif name not in _LEFT_OUT and name and node.get(f"{TEXT}display") != "none":
                self.walk(node)

    def _add(self, element: Element, **more: Any) -> None:
        element.page = self.page
        self.blocks.append(Block(element, **more))

    def _append(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            block.element.page = self.page
            self.blocks.append(block)

    def _flush(self) -> None:
        pending, self._pending = self._pending, []
        self.blocks.extend(pending)

    def _names_of(self, style: str) -> list[str]:
        """Return a style's name and those that it is based on, lower case."""
        names: list[str] = []
        while style and style.lower() not in names and len(names) < 20:
            names.append(style.lower())
            style = self._parents.get(style, "")
        return names

    def _heading(self, node: Any, titled: int = 0, mark: str = "") -> None:
        run = self._run_of(node)
        level = titled or min(whole(node.get(f"{TEXT}outline-level"), 1), 10)
        if run.text:
            text = run.text.replace("\n", " ")
            if not titled:
                names = self._names_of(node.get(f"{TEXT}style-name") or "")
                number = self._outline.mark(node, level, names) or mark.removeprefix("-")
                text = f"{number} {text}".lstrip()
            self._add(
                Element(kind="heading", text=text, level=min(6, level)),
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
        self._append(blocks_of(run, group=self._groups))
        self._flush()

    def _run_of(self, node: Any) -> Run:
        style = node.get(f"{TEXT}style-name") or ""
        run = Run(captionlike=not _CAPTION_STYLES.isdisjoint(self._names_of(style)))
        if any(mark.get(f"{TEXT}is-hidden") == "true" for mark in node.iter(f"{TEXT}hidden-paragraph")):
            return run
        outer, self._style = self._style, style
        self._inline(node, run, style in self._italic)
        self._style = outer
        return run

    def _show(self, pictures: list[LinkedPicture]) -> None:
        self._groups += 1
        for picture in pictures:
            self.blocks.append(Block(Element(kind="picture", page=self.page), picture, group=self._groups))

    def _inline(self, node: Any, run: Run, emphasised: bool, style: str = "") -> None:
        seen = not self._visibility.is_unseen(self._style, style, on_page=self.on_white and not self._inside)
        run.add_text(node.text if seen else "", emphasised=emphasised)
        for child in node:
            self._inline_child(child, run, emphasised)
            run.add_text(child.tail if seen else "", emphasised=emphasised)

    def _inline_child(self, node: Any, run: Run, emphasised: bool) -> None:
        name = local(node)
        if node.get(f"{TEXT}display") == "none":
            return
        if name in ("span", "a", "sequence", "meta", "meta-field", "ruby", "ruby-base"):
            style = node.get(f"{TEXT}style-name") or ""
            link = node.get(f"{XLINK}href") or ""
            raised = self._raised.get(style)
            if raised is not None and len(node) == 0:
                run.add_script(node.text or "", raised=raised, emphasised=emphasised)
                return
            if name == "a" and link.startswith("#"):
                run.cites.append(link[1:].partition("|")[0])
            if name == "sequence" and node.get(f"{TEXT}ref-name"):
                run.anchors.append(node.get(f"{TEXT}ref-name"))
            self._inline(node, run, emphasised or style in self._italic, style)
        elif name == "control":
            run.add_text(f" {self._controls.get(node.get(f'{DRAW}control') or '', '')} ")
        elif name == "hidden-text" and node.get(f"{TEXT}is-hidden") == "true":
            return
        elif name == "s":
            run.add_text(" ")
        elif name == "number":
            run.add_text(f"{node.text or ''} ")
        elif name == "tab":
            run.add_text("\t")
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

    def _lone_frame(self, node: Any) -> None:
        """Read a frame that stands by itself, as on slides."""
        run = Run()
        if local(node) == "control":
            self._inline_child(node, run, emphasised=False)
        else:
            self._frame(node, run)
        self._groups += 1
        self._append(blocks_of(run, group=self._groups))
        self._flush()

    def _frame(self, node: Any, run: Run) -> None:
        """Add a picture to the run; boxes, tables and charts follow the paragraph."""
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
                run.add_text(f" {formula} ")
                return
            self._pending.extend(self._document(tree))
        for child in node:
            name = local(child)
            if name == "image":
                picture = picture_of(self._archive, child, alt.strip())
                clip = self._clips.get(node.get(f"{DRAW}style-name") or "", "")
                if picture is not None:
                    if picture.data and clip:
                        picture.data = clipped(picture.data, clip)
                    run.add_picture(picture)
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

    def _document(self, tree: Any | None) -> list[Block]:
        """Return what a text or sheet says that is embedded as an object; its picture is shown beside it."""
        body = tree.find(f"{OFFICE}body") if tree is not None else None
        if body is None:
            return []
        inner = OpenBody(self._archive, tree)
        inner.page, inner._inside = self.page, self._inside + 1
        if inner._inside <= _MAX_NESTED:
            inner.walk(body)
        return inner.blocks

    def _inner(self, node: Any) -> list[Block]:
        outer = (self.blocks, self._pending)
        self.blocks, self._pending = [], []
        self._inside += 1
        self.walk(node)
        self._inside -= 1
        inner = self.blocks
        self.blocks, self._pending = outer
        return inner

    def _list(self, node: Any) -> None:
        lines: list[str] = []
        pictures: list[LinkedPicture] = []
        style = node.get(f"{TEXT}style-name") or ""
        counts: dict[int, int] = {}
        if node.get(f"{TEXT}continue-numbering") == "true":
            counts = self._counts.get(style, {})
        counts = self._counts.get(node.get(f"{TEXT}continue-list") or "", counts)
        self._items(node, 0, lines, pictures, style, counts)
        self._close_list(lines, pictures)
        self._counts[style] = self._counts[node.get(_ID) or style] = counts
        self._flush()

    def _close_list(self, lines: list[str], pictures: list[LinkedPicture]) -> None:
        if lines:
            self._add(Element(kind="list", text="\n".join(lines)))
        self._show(pictures)
        lines.clear()
        pictures.clear()

    def _items(
        self,
        node: Any,
        depth: int,
        lines: list[str],
        pictures: list[LinkedPicture],
        style: str,
        counts: dict[int, int],
    ) -> None:
        style = node.get(f"{TEXT}style-name") or style
        for item in node:
            if local(item) not in ("list-item", "list-header"):
                continue
            mark = ""
            if local(item) == "list-item":
                mark = next_mark(self._lists.get(style, {}), depth, counts, item.get(f"{TEXT}start-value"))
            for child in item:
                name = local(child)
                if name == "list" and depth < _MAX_DEPTH:
                    self._items(child, depth + 1, lines, pictures, style, counts)
                elif name == "h":
                    self._close_list(lines, pictures)
                    self._heading(child, mark=mark)
                    mark = ""
                elif name == "p":
                    run = self._run_of(child)
                    text = run.text.replace("\n", " ")
                    if text or run.pictures:
                        lines.append(("  " * depth + f"{mark} {text}".strip()).rstrip())
                        mark = ""
                    if run.pictures:
                        run.pictures[0].caption, run.pictures[0].caption_in_text = text, bool(text)
                        self._close_list(lines, run.pictures)
                elif name and name not in _LEFT_OUT and name != "number":
                    self._close_list(lines, pictures)
                    self.walk([child])

    def cells_of(
        self,
        table: Any,
        shown: list[tuple[int, int, LinkedPicture]],
        nested: list[Block],
        *,
        covered: bool = False,
    ) -> Iterator[list[Cell]]:
        """Yield a table's rows as cells; repeated ones repeated, up to a limit.

        Args:
            table: The table.
            shown: Given ``(row, place of the cell in its row, picture)`` of its pictures, both from 0.
            nested: Given the blocks of tables in its cells.
            covered: Whether cells under a spanning one are given too, empty.
        """
        for number, row in enumerate(rows_of(table)):
            cells: list[Cell] = []
            filled = 0
            for cell in row:
                name = local(cell)
                if name not in ("table-cell", "covered-table-cell"):
                    continue
                repeat = min(whole(cell.get(f"{TABLE}number-columns-repeated"), 1), _MAX_REPEAT)
                if name == "covered-table-cell":
                    cells.extend([("", 1, 1)] * repeat if covered else [])
                    continue
                inner = self._inner(cell)
                nested.extend(block for block in inner if block.element.kind == "table")
                pictures = [block.picture for block in inner if block.picture is not None]
                shown.extend((number, len(cells), picture) for picture in pictures)
                text = "\n".join(
                    b.element.text for b in inner if b.element.text and b.element.kind != "table"
                )
                across = whole(cell.get(f"{TABLE}number-columns-spanned"), 1)
                down = whole(cell.get(f"{TABLE}number-rows-spanned"), 1)
                cells.extend([(text, across, down)] * repeat)
                self._cells += repeat if text else 0
                if self._cells > _MAX_CELLS:
                    raise SourceTooLarge(
                        f"{self._archive.path.name} has more than {_MAX_CELLS:,} filled cells.",
                        hint="Split it.",
                    )
                filled = len(cells) if text or pictures else filled
            yield cells[:filled]

    def _table(self, node: Any) -> None:
        shown: list[tuple[int, int, LinkedPicture]] = []
        nested: list[Block] = []
        rows = list(self.cells_of(node, shown, nested))
        columns, grid = columns_of(rows), spread(rows)
        self._groups += 1
        placed = [(row, columns[row][place], picture) for row, place, picture in shown]
        self._append(table_blocks(grid, placed, group=self._groups))
        self.blocks.extend(nested)
        self._flush()


def rows_of(table: Any) -> Iterator[Any]:
    """Yield the rows of a table, those in groups too; repeated ones repeated, if they hold something."""
    for node in table:
        name = local(node)
        if name == "table-row":
            repeat = whole(node.get(f"{TABLE}number-rows-repeated"), 1)
            filled = any(True for _ in node.iter(f"{TEXT}p", f"{DRAW}frame"))
            for _ in range(min(repeat, _MAX_REPEAT) if filled else 1):
                yield node
        elif name in ("table-header-rows", "table-rows", "table-row-group"):
            yield from rows_of(node)
