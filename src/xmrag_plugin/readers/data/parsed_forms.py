"""Documents that another parser has read: docling's JSON, and the content list of MinerU and RAG-Anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...types import BBox, Element
from ..context import ReadContext
from ..markup.parse import (
    Block,
    LinkedPicture,
    PictureLinks,
    attach_captions,
    elements_of_html,
    finish_blocks,
    markdown_table,
)

__all__ = ["elements_of_content_list", "elements_of_docling", "is_content_list", "is_docling"]

_CONTENT_TYPES = frozenset({"text", "image", "table", "equation", "title", "code", "list", "chart"})
_MARGINAL = frozenset({"page_header", "page_footer"})


def is_content_list(value: Any) -> bool:
    """Return whether JSON is a content list: ``[{"type": "image", "img_path": …, "page_idx": …}, …]``."""
    if not isinstance(value, list) or not value:
        return False
    items = [item for item in value[:20] if isinstance(item, dict)]
    known = [item for item in items if item.get("type") in _CONTENT_TYPES]
    marked = [item for item in known if {"page_idx", "img_path", "text_level", "table_body"} & item.keys()]
    return len(items) == len(value[:20]) and len(known) >= 0.6 * len(items) and bool(marked)


def is_docling(value: Any) -> bool:
    """Return whether JSON is a ``DoclingDocument``."""
    return isinstance(value, dict) and (
        value.get("schema_name") == "DoclingDocument"
        or ({"body", "texts", "pictures", "tables"} <= value.keys())
    )


def elements_of_content_list(
    items: list[dict[str, Any]], path: Path, context: ReadContext
) -> Iterator[Element]:
    """Yield the elements of a content list; pictures are looked for beside the JSON file.

    ``page_idx`` counts from 0, pages here from 1. Captions and footnotes become the picture's caption.
    """
    links = PictureLinks(path, context)
    blocks: list[Block] = []
    for item in items:
        page = item.get("page_idx")
        number = page + 1 if isinstance(page, int) and not isinstance(page, bool) else None
        for block in _blocks_of_item(item, context):
            block.element.page = number
            block.element.bbox = _box_of(item.get("bbox"))
            blocks.append(block)
    yield from finish_blocks(attach_captions(blocks), links, context)


def _blocks_of_item(item: Mapping[str, Any], context: ReadContext) -> Iterator[Block]:
    kind = item.get("type")
    text = _joined(item.get("text") or item.get("content") or item.get("list_items"))
    if kind in ("image", "chart"):
        caption = _joined(item.get("image_caption") or item.get("img_caption") or item.get("chart_caption"))
        footnote = _joined(
            item.get("image_footnote") or item.get("img_footnote") or item.get("chart_footnote")
        )
        caption = "\n".join(filter(None, (caption, footnote)))
        link = str(item.get("img_path") or "")
        if link:
            yield Block(Element(kind="picture"), LinkedPicture([link], caption=caption, words=text))
        elif caption or text:
            yield Block(Element(kind="paragraph", text=caption or text))
    elif kind == "table":
        caption = _joined(item.get("table_caption"))
        footnote = _joined(item.get("table_footnote"))
        body = _joined(item.get("table_body")) or text
        yield _table(body, "\n".join(filter(None, (caption, footnote))), context)
    elif kind == "equation":
        formula = _joined(item.get("latex"))
        written = text if formula in text else f"{formula}\n{text}".strip()
        yield Block(Element(kind="paragraph", text=written))
    elif kind == "code":
        yield Block(Element(kind="code", text=_joined(item.get("code_body")) or text))
    elif kind == "list":
        yield Block(Element(kind="list", text="\n".join(f"- {line}" for line in text.split("\n"))))
    elif text.strip():
        level = item.get("text_level") or (1 if kind == "title" else 0)
        if isinstance(level, int) and level > 0:
            yield Block(Element(kind="heading", text=" ".join(text.split()), level=min(level, 6)))
        else:
            yield Block(Element(kind="paragraph", text=text.strip()))


def _table(body: str, caption: str, context: ReadContext) -> Block:
    """Return a table from HTML (as MinerU writes it) or Markdown."""
    if re.search(r"<t[rd]\b", body, re.I):
        elements = elements_of_html(body, None, context, title=False)
        body = "\n\n".join(element.text for element in elements)
    return Block(Element(kind="table", text=body.strip()), caption=caption)


def elements_of_docling(document: dict[str, Any], path: Path, context: ReadContext) -> Iterator[Element]:
    """Yield the elements of a ``DoclingDocument`` in the order of its body; page headers and footers are left out."""
    reader = _Docling(document)
    reader.walk(document.get("body") or {})
    yield from finish_blocks(attach_captions(reader.blocks), PictureLinks(path, context), context)


class _Docling:
    def __init__(self, document: dict[str, Any]) -> None:
        self.blocks: list[Block] = []
        self._document = document
        self._seen: set[str] = set()
        pages = document.get("pages") or {}
        self._heights = {
            int(number): float((page.get("size") or {}).get("height") or 0)
            for number, page in pages.items()
            if str(number).isdecimal() and isinstance(page, dict)
        }

    def walk(self, node: Mapping[str, Any]) -> None:
        for child in node.get("children") or []:
            item = self._item(child)
            if item is not None:
                self._read(item)

    def _item(self, reference: Any) -> dict[str, Any] | None:
        """Return what ``{"$ref": "#/texts/3"}`` leads to, once."""
        link = str((reference or {}).get("$ref") or (reference or {}).get("cref") or "")
        if link in self._seen:
            return None
        self._seen.add(link)
        value: Any = self._document
        for part in link.lstrip("#/").split("/"):
            if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
                value = value[int(part)]
            elif isinstance(value, dict) and part in value:
                value = value[part]
            else:
                return None
        return value if isinstance(value, dict) else None

    def _read(self, item: dict[str, Any]) -> None:
        label = str(item.get("label") or "")
        text = str(item.get("text") or "").strip()
        before = len(self.blocks)
        if item.get("content_layer") == "furniture" or label in _MARGINAL:
            return
        if label in ("list", "ordered_list") and "text" not in item:
            self._list(item)
        elif label in ("picture", "chart") or (label == "" and "image" in item):
            self._picture(item)
        elif label in ("table", "document_index") and "data" in item:
            self._table(item)
        elif text:
            self.blocks.append(self._text(label, text, item))
        self._place(item, before)
        if label not in ("list", "ordered_list"):
            self.walk(item)

    def _text(self, label: str, text: str, item: Mapping[str, Any]) -> Block:
        if label == "title":
            return Block(Element(kind="heading", text=text, level=1))
        if label == "section_header":
            return Block(Element(kind="heading", text=text, level=min(6, int(item.get("level") or 1) + 1)))
        if label == "code":
            return Block(Element(kind="code", text=text))
        if label == "formula":
            return Block(Element(kind="paragraph", text=f"$${text}$$"))
        if label == "footnote":
            return Block(Element(kind="note", text=text))
        if label == "list_item":
            return Block(Element(kind="list", text=f"{item.get('marker') or '-'} {text}"))
        return Block(Element(kind="paragraph", text=text), captionlike=label == "caption")

    def _list(self, item: Mapping[str, Any], indent: int = 0) -> None:
        lines: list[str] = []
        for child in item.get("children") or []:
            entry = self._item(child)
            if entry is None:
                continue
            if entry.get("label") in ("list_item", "text", "paragraph") and entry.get("text"):
                lines.append("  " * indent + f"{entry.get('marker') or '-'} {entry['text']}")
                inner = len(self.blocks)
                self.walk(entry)
                lines.extend(
                    f"  {line}"
                    for block in self.blocks[inner:]
                    for line in block.element.text.split("\n")
                    if line
                )
                self.blocks[inner:] = [block for block in self.blocks[inner:] if block.picture is not None]
            else:
                self._read(entry)
        if lines:
            self.blocks.append(Block(Element(kind="list", text="\n".join(lines))))

    def _captions(self, item: Mapping[str, Any]) -> str:
        found = [self._item(reference) for reference in item.get("captions") or []]
        return "\n".join(str(caption["text"]) for caption in found if caption and caption.get("text"))

    def _picture(self, item: Mapping[str, Any]) -> None:
        caption = self._captions(item)
        image = item.get("image") or {}
        uri = str(image.get("uri") or "") if isinstance(image, dict) else ""
        words = "\n".join(
            str(note.get("text") or "") for note in item.get("annotations") or [] if isinstance(note, dict)
        ).strip()
        if uri:
            self.blocks.append(
                Block(Element(kind="picture"), LinkedPicture([uri], caption=caption, words=words))
            )
        elif caption or words:
            self.blocks.append(
                Block(Element(kind="paragraph", text="\n".join(filter(None, (caption, words)))))
            )

    def _table(self, item: Mapping[str, Any]) -> None:
        grid = (item.get("data") or {}).get("grid") or []
        rows = [[str((cell or {}).get("text") or "") for cell in row] for row in grid]
        text = markdown_table(rows)
        caption = self._captions(item)
        if text:
            self.blocks.append(Block(Element(kind="table", text=text), caption=caption))

    def _place(self, item: Mapping[str, Any], first: int) -> None:
        """Set page and box of an item on the blocks that it made."""
        origins = item.get("prov") or []
        if not origins or not isinstance(origins[0], dict):
            return
        page = origins[0].get("page_no")
        box = origins[0].get("bbox") or {}
        for block in self.blocks[first:]:
            block.element.page = page if isinstance(page, int) else None
            block.element.bbox = self._box(box, page)

    def _box(self, box: Mapping[str, Any], page: Any) -> BBox | None:
        try:
            left, top, right, bottom = (float(box[side]) for side in ("l", "t", "r", "b"))
        except (KeyError, TypeError, ValueError):
            return None
        if str(box.get("coord_origin") or "").upper() == "BOTTOMLEFT":
            height = self._heights.get(page, 0.0) if isinstance(page, int) else 0.0
            if not height:
                return None
            top, bottom = height - top, height - bottom
        return (left, min(top, bottom), right, max(top, bottom))


def _joined(value: Any) -> str:
    """Return text that may come as a list of lines."""
    if isinstance(value, list):
        return "\n".join(str(line) for line in value if line)
    return str(value) if value else ""


def _box_of(value: Any) -> BBox | None:
    if (
        isinstance(value, list | tuple)
        and len(value) == 4
        and all(isinstance(side, int | float) for side in value)
    ):
        left, top, right, bottom = (float(side) for side in value)
        return (left, top, right, bottom)
    return None
