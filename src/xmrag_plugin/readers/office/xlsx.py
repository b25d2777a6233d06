"""Excel workbooks (XLSX): sheets as tables, with their pictures, charts and comments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...errors import SourceDamaged
from ...types import Element
from .. import ArchiveReader, ReadContext
from ..archives import Archive
from ..data.grids import blocks_of_sheet
from ..markup.parse import Block, PictureLinks, attach_captions, finish_blocks
from .ooxml.leftovers import account_for_parts, read_embedded
from .ooxml.sheets import Sheet, Workbook

__all__ = ["XlsxReader"]


class XlsxReader(ArchiveReader):
    """Read values as the sheets show them; regions parted by empty rows or columns are tables of their own."""

    name: ClassVar[str] = "xlsx"
    kinds: ClassVar[tuple[str, ...]] = ("xlsx",)
    version: ClassVar[int] = 11
    suffixes: ClassVar[tuple[str, ...]] = (".xlsx", ".xlsm", ".xltx", ".xltm")

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield sheet by sheet: its name as heading, tables, pictures and charts, comments; ``page`` is its number."""
        with Archive(path) as archive:
            part = archive.main_part("xl/workbook.xml")
            if part not in archive:
                raise SourceDamaged(
                    f"{path.name} has no workbook part.", hint="Open it in Excel and save it again."
                )
            links = PictureLinks(path, context)
            book = Workbook(archive, part)
            unseen: list[str] = []
            for sheet in book.sheets():
                if sheet.hidden and not context.hidden:
                    unseen.append(f"the sheet {sheet.name!r}")
                    continue
                unseen.append("" if context.hidden else sheet.close_up())
                blocks = _blocks_of(sheet)
                if blocks:
                    heading = Element(kind="heading", text=sheet.name, level=2, page=sheet.number)
                    yield heading
                yield from finish_blocks(attach_captions(blocks), links, context)
                for element in read_embedded(archive, [sheet.part], path, context):
                    element.page = sheet.number
                    yield element
            context.warn_of_hidden(path, unseen)
            account_for_parts(archive, context)


def _blocks_of(sheet: Sheet) -> list[Block]:
    blocks = blocks_of_sheet(sheet)
    if sheet.margins:
        blocks.append(Block(Element(kind="note", text="\n".join(sheet.margins), page=sheet.number)))
    if sheet.notes:
        notes = "\n".join(note for _, note in sheet.notes)
        blocks.append(Block(Element(kind="note", text=notes, page=sheet.number)))
    return blocks
