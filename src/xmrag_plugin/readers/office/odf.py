"""LibreOffice's texts, spreadsheets and presentations (ODT, ODS, ODP), in archives or as one flat XML file."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from ...errors import SourceDamaged, SourceEncrypted
from ...types import BBox, Element
from .. import ArchiveReader, ReadContext
from ..archives import MEDIA_SUFFIXES, Archive, warn_of_unused
from ..data.grids import blocks_of_sheet
from ..markup.parse import Block, PictureLinks, attach_captions, blocks_by_place, finish_blocks
from .ooxml import local
from .opendocument import OpenBody, open_sheets
from .opendocument.lengths import in_cm
from .opendocument.names import DRAW, OFFICE, PRESENTATION, STYLE, SVG, TEXT, XLINK

__all__ = ["OpenDocumentReader"]

_CAPTION_REACH_CM = 1.2  # as far as on slides of PowerPoint, whose usual height is 19 cm


class OpenDocumentReader(ArchiveReader):
    """Read text, tables, pictures, charts with their data, notes and comments; slides and sheets are pages."""

    name: ClassVar[str] = "opendocument"
    kinds: ClassVar[tuple[str, ...]] = ("odt", "ods", "odp", "odg")
    version: ClassVar[int] = 10
    suffixes: ClassVar[tuple[str, ...]] = (
        ".odt", ".ott", ".ods", ".ots", ".odp", ".otp", ".odg", ".fodt", ".fods", ".fodp", ".fodg",
    )  # fmt: skip

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept a zip archive whose mimetype is an OpenDocument's, or XML whose root is one."""
        return _is_flat(head) or super().sniff(head, path)

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the elements in reading order.

        Raises:
            SourceEncrypted: If it is under a password.
        """
        with _archive_of(path) as archive:
            manifest = archive.read("META-INF/manifest.xml") or b""
            if b"encryption-data" in manifest:
                raise SourceEncrypted(
                    f"{path.name} is under a password.", hint="Save a copy without the password and add that."
                )
            content = archive.tree("content.xml")
            body = content.find(f"{OFFICE}body") if content is not None else None
            if content is None or body is None or len(body) == 0:
                raise SourceDamaged(
                    f"{path.name} has no body.", hint="Open it in LibreOffice and save it again."
                )
            styles = archive.tree("styles.xml")
            walker = OpenBody(archive, *([styles] if styles is not None else []), content)
            walker.on_white = local(body[0]) == "text"
            links = PictureLinks(path, context)
            margins = _marginal_words(styles) if styles is not None else []
            if margins and local(body[0]) == "text":
                yield Element(kind="note", text="\n".join(margins))
            unseen: list[str] = []
            for part in _parts(body[0], walker, None if context.hidden else unseen):
                yield from finish_blocks(attach_captions(part), links, context)
            for node in styles.iter() if styles is not None else ():
                link = (node.get(f"{XLINK}href") or "").removeprefix("./")
                if link in archive.unused(MEDIA_SUFFIXES):  # on a master page, so on every page
                    archive.pass_over(link)
                    context.on_skip("repeated")
            context.warn_of_hidden(path, unseen)
            warn_of_unused(archive, context, but=("thumbnails/", "objectreplacements/"))


def _is_flat(head: bytes) -> bool:
    return b"<office:document" in head and b"office:mimetype" in head and b"opendocument" in head


@contextmanager
def _archive_of(path: Path) -> Iterator[Archive]:
    """Yield the file's archive; a flat file becomes the content of one."""
    with path.open("rb") as stream:
        is_flat = stream.read(2) != b"PK"
    if not is_flat:
        with Archive(path) as archive:
            yield archive
        return
    with tempfile.TemporaryDirectory(prefix="xmrag-") as folder:
        wrapped = Path(folder) / path.name
        with zipfile.ZipFile(wrapped, "w", zipfile.ZIP_DEFLATED) as made:
            made.write(path, "content.xml")
        with Archive(wrapped) as archive:
            yield archive


def _marginal_words(styles: Any) -> list[str]:
    """Return the lines of headers and footers, each once, without those that hold a page's number alone."""
    lines: dict[str, None] = {}
    for margin in styles.iter(
        f"{STYLE}header", f"{STYLE}footer", f"{STYLE}header-first", f"{STYLE}footer-first"
    ):
        for paragraph in margin.iter(f"{TEXT}p", f"{TEXT}h"):
            counted = [
                local(node) for node in paragraph.iter() if local(node) in ("page-number", "page-count")
            ]
            words = paragraph.text or ""
            for node in paragraph.iterdescendants():
                words += ((node.text or "") if local(node) not in counted else "") + (node.tail or "")
            line = " ".join(words.split())
            if re.search(r"[^\W\d_]{3,}", line) and not (counted and len(line.split()) < 3):
                lines[line] = None
    return list(lines)


def _parts(content: Any, walker: OpenBody, unseen: list[str] | None) -> Iterator[list[Block]]:
    """Yield blocks of the text, or of each slide or sheet; hidden ones are named in ``unseen`` where it is given."""
    kind = local(content)
    if kind == "spreadsheet":
        for sheet in open_sheets(content, walker):
            if sheet.hidden and unseen is not None:
                unseen.append(f"the sheet {sheet.name!r}")
                continue
            if unseen is not None:
                unseen.append(sheet.close_up())
            blocks = blocks_of_sheet(sheet)
            if blocks:
                heading = Element(kind="heading", text=sheet.name, level=2, page=sheet.number)
                blocks.insert(0, Block(heading))
            yield blocks
    elif kind in ("presentation", "drawing"):
        for number, page in enumerate(content.iterchildren(f"{DRAW}page"), 1):
            blocks = _paged(_slide(page, walker, number), number)
            if unseen is not None and walker.hides(page):
                unseen.append(f"slide {number}")
                continue
            yield blocks
    else:
        walker.walk(content)
        yield walker.blocks


def _slide(page: Any, walker: OpenBody, number: int) -> list[Block]:
    """Return a slide's title as heading, its content by position, then the speaker's notes."""
    titles: list[str] = []
    notes: list[str] = []
    items: list[tuple[BBox | None, list[Block]]] = []
    for node in page:
        role = node.get(f"{PRESENTATION}class") or ""
        words = " ".join(" ".join(node.itertext()).split())
        if role == "title":
            titles.append(words)
        elif local(node) == "notes":
            notes.extend(
                " ".join(" ".join(frame.itertext()).split())
                for frame in node
                if frame.get(f"{PRESENTATION}class") == "notes"
            )
        elif role not in ("footer", "page-number", "date-time", "header"):
            walker.walk([node])
            items.append((_box_of(node), walker.blocks))
            walker.blocks = []
    blocks = blocks_by_place(items, reach=_CAPTION_REACH_CM)
    title = " ".join(filter(None, titles))
    if title:
        blocks.insert(0, Block(Element(kind="heading", text=title, level=1 if number == 1 else 2)))
    blocks.extend(Block(Element(kind="note", text=note)) for note in notes if note)
    return blocks


def _box_of(node: Any) -> BBox | None:
    """Return where a frame stands on its page, in centimetres; a group is as large as what it holds."""
    if local(node) == "g":
        boxes = [box for inner in node if (box := _box_of(inner)) is not None]
        if not boxes:
            return None
        left, top, right, bottom = zip(*boxes, strict=True)
        return min(left), min(top), max(right), max(bottom)
    x, y, across, down = (in_cm(node.get(f"{SVG}{name}")) for name in ("x", "y", "width", "height"))
    if x is None or y is None:
        return None
    return (x, y, x + (across or 0.0), y + (down or 0.0))


def _paged(blocks: list[Block], number: int) -> list[Block]:
    for block in blocks:
        block.element.page = number
    return blocks
