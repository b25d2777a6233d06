"""One walk over a page's tree: headings, paragraphs, lists, tables, code and pictures in reading order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ....types import Element
from ...context import ReadContext
from .blocks import Block, LinkedPicture, Piece, Run, blocks_of
from .boilerplate import hide_marks, is_boilerplate, main_part
from .captions import attach_captions, finish_blocks
from .html_tables import read_table
from .inline import BLOCK_TAGS, footnotes_of, is_hidden, read_inline, text_of
from .links import PictureLinks, Resolver
from .numbering import marked_items
from .page_tree import parse_page
from .tooltips import say_what_is_hovered
from .visibility import blank_unseen_words

__all__ = ["elements_of_html"]

_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_MAX_DEPTH = 150


def elements_of_html(
    text: str,
    path: Path | None,
    context: ReadContext,
    *,
    resolve: Resolver | None = None,
    name: str = "",
    implicit_captions: bool = False,
    title: bool = True,
    folders: Sequence[str] = (),
) -> Iterator[Element]:
    """Yield a page's elements in reading order, without scripts, styles and navigation.

    Args:
        text: The page.
        path: Its file, which links are relative to.
        context: Limits, and whom to tell.
        resolve: Finds pictures inside a container first.
        name: What warnings call it; its file name by default.
        implicit_captions: Whether a picture's alternative text is its caption when nothing else is.
        folders: Where its pictures lie, beside its own folder.
        title: Whether the page's title becomes a heading when it has no first-level heading.
    """
    root = parse_page(text)
    if root is None:
        return
    base = root.find(".//base[@href]")
    href = base.get("href", "") if base is not None else ""
    links = PictureLinks(path, context, resolve=resolve, base=href, name=name, folders=folders)
    blank_unseen_words(root, _linked_sheets(root, resolve))
    hide_marks(root)
    say_what_is_hovered(root)
    body = root.find("body")
    body = body if body is not None else root
    walker = _Walker(root, implicit_captions)
    walker.walk(main_part(body))
    if not walker.blocks:
        walker = _Walker(root, implicit_captions, everything=True)
        walker.walk(body)
    blocks = walker.blocks
    if title:
        _put_title(root, blocks)
    yield from finish_blocks(attach_captions(blocks), links, context)


def _listing(node: Any) -> str:
    """Return preformatted text: white space as it is, a line end at each ``br`` and after each block inside."""
    for inner in node.iterdescendants("br", *BLOCK_TAGS):
        if not (inner.tail or "").startswith("\n"):
            inner.tail = f"\n{inner.tail or ''}"
    return "".join(node.itertext())


def _linked_sheets(root: Any, resolve: Resolver | None) -> list[str]:
    """Return the style sheets that a page of a container links there."""
    if resolve is None:
        return []
    links = [
        node.get("href") for node in root.iter("link") if "stylesheet" in (node.get("rel") or "").lower()
    ]
    found = (resolve(link) for link in links if link)
    return [data.decode("utf-8", "replace") for data in found if isinstance(data, bytes)]


def _put_title(root: Any, blocks: list[Block]) -> None:
    node = root.find(".//title")
    words = " ".join((node.text or "").split()) if node is not None else ""
    if words and not any(block.element.level == 1 for block in blocks):
        blocks.insert(0, Block(Element(kind="heading", text=words, level=1)))


class _Walker:
    """Collect blocks; see :func:`elements_of_html`."""

    def __init__(self, root: Any, implicit_captions: bool, *, everything: bool = False) -> None:
        self.blocks: list[Block] = []
        self._everything = everything
        self._implicit = implicit_captions
        self._groups = 0
        self._notes = footnotes_of(root)
        self._holds_blocks: set[Any] = set()
        for node in root.iter(*BLOCK_TAGS):
            for ancestor in node.iterancestors():
                if ancestor in self._holds_blocks:
                    break
                self._holds_blocks.add(ancestor)

    def walk(self, node: Any, depth: int = 0, *, captionlike: bool = False) -> None:
        """Read a container: block children one by one, the inline content between them as paragraphs."""
        captionlike = captionlike or _is_captionlike(node)
        run = Run(captionlike=captionlike)
        run.add_text(node.text)
        for child in node:
            if not isinstance(child.tag, str) or is_hidden(child) or self._is_dropped(child):
                run.add_text(child.tail)
                continue
            if depth < _MAX_DEPTH and (child.tag in BLOCK_TAGS or child in self._holds_blocks):
                self._flush(run)
                self._block(child, depth + 1, captionlike)
                run = Run(captionlike=captionlike)
            else:
                read_inline(child, run)
            run.add_text(child.tail)
        self._flush(run)

    def _is_dropped(self, node: Any) -> bool:
        return not self._everything and is_boilerplate(node)

    def _block(self, node: Any, depth: int, captionlike: bool) -> None:
        tag, before = node.tag, len(self.blocks)
        if tag in _HEADINGS:
            self._heading(node, _HEADINGS[tag])
        elif tag == "table":
            self._table(node, depth)
        elif tag in ("ul", "ol", "menu"):
            self._list(node, depth)
        elif tag == "dl" and not any(child.tag == "div" for child in node):
            self._definitions(node)
        elif tag == "pre" and node.find(".//img") is None:
            text = _listing(node).strip("\n").rstrip()
            formula = "math" in (node.get("class") or "")
            if text.strip():
                element = (
                    Element(kind="paragraph", text=f"$${text}$$")
                    if formula
                    else Element(kind="code", text=text)
                )
                self.blocks.append(Block(element))
        elif tag == "figure" or node.get("role") == "figure":
            self._figure(node, depth)
        elif tag != "hr":
            self.walk(node, depth, captionlike=captionlike)
        anchor = node.get("id")
        if anchor and len(self.blocks) == before + 1 and not self.blocks[before].anchor:
            self.blocks[before].anchor = anchor

    def _flush(self, run: Run) -> None:
        found = blocks_of(run, group=self._groups + 1, implicit_captions=self._implicit) if run.pieces else []
        if not found:
            if run.anchors and self.blocks:
                self._anchor(run.anchors[0])
            return
        self._groups += 1
        self.blocks.extend(found)
        self._add_notes(run)

    def _add_notes(self, run: Run) -> None:
        """Put the footnotes that a run refers to after it, each once, and nowhere else."""
        for name in run.notes:
            note = self._notes.pop(name, None)
            if note is not None:
                text = text_of(note)
                note.set("hidden", "hidden")
                if text:
                    self.blocks.append(Block(Element(kind="note", text=text)))
        run.notes.clear()

    def _anchor(self, anchor: str) -> None:
        last = self.blocks[-1]
        if last.picture is not None:
            last.picture.anchor = anchor
        else:
            last.anchor = anchor

    def _show(self, pictures: list[LinkedPicture]) -> None:
        self._groups += 1
        for picture in pictures:
            self.blocks.append(Block(Element(kind="picture"), picture, group=self._groups))

    def _heading(self, node: Any, level: int) -> None:
        run = Run()
        read_inline(node, run, flat=True)
        text = " ".join(run.text.rstrip("¶#").split())
        if not text and len(run.pictures) == 1:  # a title that is drawn
            text = run.pictures[0].alt
        if text:
            anchor = node.get("id") or (run.anchors[0] if run.anchors else "")
            self.blocks.append(Block(Element(kind="heading", text=text, level=level), anchor=anchor))
        self._show(run.pictures)

    def _list(self, node: Any, depth: int) -> None:
        run = Run()
        self._items(node, depth, 0, run)
        self._close_list(run)

    def _close_list(self, run: Run) -> None:
        """End a list's lines as one element; its pictures follow it."""
        text = "\n".join(piece.text for piece in run.pieces if piece.picture is None)
        if text.strip():
            self.blocks.append(Block(Element(kind="list", text=text), cites=list(run.cites)))
        self._show(run.pictures)
        self._add_notes(run)
        run.pieces.clear()
        run.cites.clear()

    def _items(self, node: Any, depth: int, indent: int, lines: Run) -> None:
        for item, mark in marked_items(node):
            if is_hidden(item):
                continue
            if not mark:
                if depth < _MAX_DEPTH:
                    self._items(item, depth + 1, indent + 1, lines)
                continue
            if depth < _MAX_DEPTH and self._is_rich(item):
                self._close_list(lines)
                self._rich_item(item, depth, "  " * indent + mark)
                continue
            nested = [child for child in item.iter("ul", "ol") if _owner(child) is item]
            run = Run()
            read_inline(item, run, flat=True, without=set(nested))
            text = run.text.replace("\n", " ")
            if text or nested or run.pictures:
                lines.pieces.append(Piece(f"{'  ' * indent}{mark} {text}".rstrip()))
            for picture in run.pictures:
                lines.add_picture(picture)
            lines.cites.extend(run.cites)
            lines.notes.extend(run.notes)
            for child in nested:
                self._items(child, depth + 1, indent + 1, lines)

    def _is_rich(self, item: Any) -> bool:
        """Return whether a list item holds more than a line of text: it is read as a part of the page then."""
        if item not in self._holds_blocks and item.find(".//img") is None:
            return False
        if any(True for _ in item.iter("table", "pre", "figure", "blockquote", "img", "svg", *_HEADINGS)):
            return True
        paragraphs = [child for child in item if child.tag == "p" and len(text_of(child)) > 200]
        return len(paragraphs) >= 2

    def _rich_item(self, item: Any, depth: int, mark: str) -> None:
        """Read an item as a part of the page: its mark leads its first words, a lone picture takes them as caption."""
        before = len(self.blocks)
        self.walk(item, depth + 1)
        inner = self.blocks[before:]
        if not inner:
            return
        pictures = [block.picture for block in inner if block.picture is not None]
        words = [block.element.text for block in inner if block.is_paragraph]
        if len(pictures) == 1 and len(inner) == 1 + len(words) and 0 < len("".join(words)) <= 400:
            pictures[0].caption = pictures[0].caption or "\n".join(words)
            pictures[0].caption_in_text = True
        first = inner[0].element
        if inner[0].is_paragraph:
            inner[0].element = Element(kind="list", text=f"{mark} {first.text}")
        elif first.kind == "heading":
            first.text = f"{mark.strip()} {first.text}" if mark.strip() != "-" else first.text
        elif mark.strip() != "-":
            self.blocks.insert(before, Block(Element(kind="list", text=mark)))

    def _definitions(self, node: Any) -> None:
        lines, pictures, cites = list[str](), list[LinkedPicture](), list[str]()
        for child in node:
            if child.tag not in ("dt", "dd"):
                continue
            run = Run()
            read_inline(child, run, flat=True)
            pictures.extend(run.pictures)
            cites.extend(run.cites)
            text = run.text.replace("\n", " ")
            if child.tag == "dd" and lines and lines[-1].endswith(":"):
                lines[-1] = f"{lines[-1]} {text}"
            elif text:
                lines.append(f"- {text.removesuffix(':')}:" if child.tag == "dt" else f"  {text}")
        if lines:
            self.blocks.append(Block(Element(kind="list", text="\n".join(lines)), cites=cites))
        self._show(pictures)

    def _figure(self, node: Any, depth: int) -> None:
        captions = [child for child in node.iter("figcaption") if _figure_of(child) is node]
        caption = "\n".join(filter(None, (text_of(child) for child in captions)))
        for child in captions:
            child.set("hidden", "hidden")
        before = len(self.blocks)
        self.walk(node, depth + 1)
        inner = self.blocks[before:]
        for block in inner:
            if block.picture is not None and caption:
                own = block.picture.caption
                block.picture.caption = f"{caption}\n{own}" if own and own != caption else caption
            elif block.element.kind == "table" and caption:
                block.caption = block.caption or caption
        shown = [block for block in inner if block.picture is not None or block.element.kind == "table"]
        anchor = node.get("id")
        if anchor and len(shown) == 1:
            shown[0].anchor = anchor
        if caption and not shown:
            self.blocks.append(Block(Element(kind="paragraph", text=caption)))

    def _table(self, node: Any, depth: int) -> None:
        table = read_table(node)
        if table.layout:
            if table.caption:
                self.blocks.append(Block(Element(kind="paragraph", text=table.caption), captionlike=True))
            for cell in table.layout:
                self.walk(cell, depth + 1)
            return
        if table.text:
            element = Element(kind="table", text=table.text)
            anchor = node.get("id") or ""
            block = Block(element, caption=table.caption, anchor=anchor, cites=table.cites)
            block.title, block.holds = table.title, table.pictures
            self.blocks.append(block)
        self._show(table.pictures)
        for nested in table.nested:
            if depth < _MAX_DEPTH:
                self._table(nested, depth + 1)


def _owner(nested: Any) -> Any:
    return next((node for node in nested.iterancestors("li", "ul", "ol")), None)


def _figure_of(caption: Any) -> Any:
    return next(caption.iterancestors("figure"), None)


def _is_captionlike(node: Any) -> bool:
    return node.tag == "figcaption" or "caption" in (node.get("class") or "").lower()
