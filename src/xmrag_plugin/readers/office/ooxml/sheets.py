"""An Excel workbook's sheets as grids of written values, with pictures, charts and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from ....errors import SourceTooLarge
from ....types import BBox, Element
from ...archives import Archive
from ...data.grids import Grid
from ...markup.parse import Block
from .cell_values import CellValues, string_of, unescaped
from .charts import Lookup, read_chart
from .drawings import (
    DrawingSource,
    block_of_chart,
    description_of,
    description_of_blip,
    diagram_lines,
    is_hidden,
    picture_of_blip,
    text_body_lines,
)
from .names import DGM, XDR, A, R, S, local, whole
from .number_formats import NumberFormats

__all__ = ["Sheet", "Workbook"]

_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")
_MAX_CELLS, _MAX_LETTERS = 1_000_000, 100_000_000
_MAX_MERGED = 2000
_MARGINS = tuple(f"{S}{which}{part}" for which in ("odd", "even", "first") for part in ("Header", "Footer"))
_MARGIN_CODE = re.compile(r'&(?:"[^"]*"|K(?:[0-9A-Fa-f]{6}|\d\d[+-]\d{3})|\d+|[A-Za-z+-])')
_WORDED = re.compile(r"[^\W\d_]{3,}")
_COLUMN_EMU, _ROW_EMU = 609_600, 190_500  # 64 by 20 pixels, the usual size of a cell
_MAX_LOOKED_UP = 20_000


@dataclass(slots=True)
class Sheet(Grid):
    """One sheet, with what is written beside its cells.

    Attributes:
        margins: Lines of the headers and footers that it is printed with, each once.
        notes: Comments as "Comment on B3 by Ann: text", by the cell that they are on.
        part: Name of its part.
        merged: Cells that are one: ``(top, left, bottom, right)``.
        coloured: Areas that a condition may colour, likewise.
        white: Cells whose words are white, on no ground of their own.
    """

    margins: dict[str, None] = field(default_factory=dict)
    notes: list[tuple[tuple[int, int], str]] = field(default_factory=list)
    part: str = ""
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    coloured: list[tuple[int, int, int, int]] = field(default_factory=list)
    white: list[tuple[int, int]] = field(default_factory=list)

    def leave_out_white(self) -> None:
        """Empty cells of white words; a table's style or a condition may give them another ground."""
        for row, column in self.white:
            if any(
                top <= row <= low and left <= column <= right
                for top, left, low, right in (*self.areas, *self.coloured)
            ):
                continue
            one = next(
                (area for area in self.merged if area[:2] == (row, column)), (row, column, row, column)
            )
            for place in product(range(one[0], one[2] + 1), range(one[1], one[3] + 1)):
                self.cells[place] = ""  # taken all the same: the rows around it stay one table

    def close_up(self) -> str:
        """Take hidden rows and columns out with the comments on them; say what was taken."""
        self.notes = [(place, note) for place, note in self.notes if not self.hides(*place)]
        return Grid.close_up(self)


class Workbook:
    """Read the sheets of a workbook one by one.

    Args:
        archive: The file.
        part: Name of its main part.
    """

    def __init__(self, archive: Archive, part: str) -> None:
        self._archive = archive
        self._tree = archive.tree(part)
        self._relations = archive.relations(part)
        self._looked_up: dict[str, dict[tuple[int, int], str]] = {}
        related = {relation.kind: relation.target for relation in self._relations.values()}
        self._strings = self._shared(related.get("sharedStrings", ""))
        styles = archive.tree(related["styles"]) if "styles" in related else None
        properties = self._tree.find(f"{S}workbookPr") if self._tree is not None else None
        since_1904 = properties is not None and properties.get("date1904") in ("1", "true")
        self._formats = NumberFormats(styles, since_1904=since_1904)
        self._cell_values = CellValues(archive, part)

    def sheets(self) -> Iterator[Sheet]:
        """Yield sheets in order, the hidden ones too."""
        listed = list(self._tree.iter(f"{S}sheet")) if self._tree is not None else []
        for number, node in enumerate(listed, 1):
            relation = self._relations.get(node.get(f"{R}id") or "")
            if relation is None or relation.external:
                continue
            sheet = Sheet(node.get("name") or f"Sheet {number}", number, part=relation.target)
            sheet.hidden = node.get("state") in ("hidden", "veryHidden")
            if relation.kind in ("worksheet", "dialogsheet"):
                self._read_cells(relation.target, sheet)
            for link in self._archive.relations(relation.target).values():
                if link.external:
                    continue
                if link.kind == "drawing":
                    self._read_drawing(link.target, sheet)
                elif link.kind in ("comments", "threadedComment"):
                    self._read_comments(link.target, sheet)
                elif link.kind == "table" and (table := self._archive.tree(link.target)) is not None:
                    for node in table.iter(f"{S}autoFilter"):
                        _show_filtered(node, sheet)
                    if (area := area_of(table.get("ref") or "")) is not None:
                        sheet.areas.append(area)
            sheet.leave_out_white()
            yield sheet

    def _shared(self, part: str) -> list[str]:
        tree = self._archive.tree(part) if part else None
        if tree is None:
            return []
        return [string_of(node) for node in tree.iterchildren(f"{S}si")]

    def _read_cells(self, part: str, sheet: Sheet) -> None:
        import io

        from lxml import etree

        data = self._archive.read(part)
        if data is None:
            return
        if b"purl.oclc.org" in data[:4096]:
            tree: Any = self._archive.tree(part)
            data = etree.tostring(tree)
        row_number = 0
        merged: list[str] = []
        for _, node in etree.iterparse(
            io.BytesIO(data),
            tag=(
                f"{S}row",
                f"{S}mergeCell",
                f"{S}col",
                f"{S}autoFilter",
                f"{S}conditionalFormatting",
                *_MARGINS,
            ),
            recover=True,
            huge_tree=True,
            resolve_entities=False,
        ):
            if local(node) == "mergeCell":
                merged.append(node.get("ref") or "")
                continue
            if local(node) == "col":
                if _is_hidden(node, "width"):
                    sheet.hidden_columns.append((whole(node.get("min"), 0), whole(node.get("max"), 0)))
                continue
            if local(node) == "autoFilter":
                _show_filtered(node, sheet)
                continue
            if local(node) == "conditionalFormatting":
                areas = (
                    area_of(part if ":" in part else f"{part}:{part}")
                    for part in (node.get("sqref") or "").split()
                )
                sheet.coloured += [area for area in areas if area is not None]
                continue
            if node.tag in _MARGINS:
                sheet.margins.update(dict.fromkeys(_margin_lines(node.text or "")))
                continue
            row_number = whole(node.get("r"), row_number + 1)
            if _is_hidden(node, "ht"):
                sheet.hidden_rows.add(row_number)
            column = 0
            for cell in node.iterchildren(f"{S}c"):
                place = _REFERENCE.fullmatch(cell.get("r") or "")
                column = column_number(place.group(1)) if place is not None else column + 1
                picture, value = self._cell_values.of(cell)
                value = value or ("" if picture is not None else self._value(cell))
                if picture is not None:
                    sheet.placed.append((row_number, column, picture))
                if value:
                    sheet.cells[row_number, column] = value
                    if self._formats.white and whole(cell.get("s"), 0) in self._formats.white:
                        sheet.white.append((row_number, column))
            if len(sheet.cells) > _MAX_CELLS:
                raise SourceTooLarge(
                    f"{self._archive.path.name}: the sheet {sheet.name!r} has more than {_MAX_CELLS:,} filled cells.",
                    hint="Split it, or load it into a database; a list of that length cannot be read as text.",
                )
            node.clear()
            while node.getprevious() is not None:
                del node.getparent()[0]
        for reference in merged:
            self._spread(reference, sheet)
        if sum(map(len, sheet.cells.values())) > _MAX_LETTERS:  # one string may stand in a million cells
            raise SourceTooLarge(
                f"{self._archive.path.name}: the sheet {sheet.name!r} holds more than {_MAX_LETTERS:,} letters.",
                hint="Split it, or load it into a database; a list of that length cannot be read as text.",
            )
        sheet.merged = [area for reference in merged if (area := area_of(reference)) is not None]

    def _value(self, cell: Any) -> str:
        kind, value = cell.get("t") or "n", cell.findtext(f"{S}v")
        if kind == "inlineStr":
            inline = cell.find(f"{S}is")
            return string_of(inline) if inline is not None else ""
        if value is None or (not value and kind == "n"):  # never calculated
            formula = cell.findtext(f"{S}f")
            return f"={formula}" if formula else ""
        if kind == "s":
            index = int(value) if value.isdecimal() else -1
            return self._strings[index] if 0 <= index < len(self._strings) else ""
        if kind == "b":
            return "TRUE" if value == "1" else "FALSE"
        if kind in ("str", "e", "d"):
            return unescaped(value)
        return self._formats.write(value, whole(cell.get("s"), 0))

    def _spread(self, reference: str, sheet: Sheet) -> None:
        """Put a merged cell's value into all its cells, but for titles across whole rows."""
        area = area_of(reference)
        if area is None:
            return
        top, left, bottom, right = area
        value = sheet.cells.get((top, left), "")
        inside = (bottom - top + 1) * (right - left + 1)
        if not value or inside > _MAX_MERGED:
            return
        around = (*range(max(1, left - 50), left), *range(right + 1, right + 51))
        beside = any((top, column) in sheet.cells for column in around)
        is_title = left < right and not any(
            (row, column) in sheet.cells for row in range(top, bottom + 1) for column in around
        )
        for row in range(top, top + 1 if is_title else bottom + 1):
            for column in range(left, right + 1):
                if beside or column == left:
                    sheet.cells.setdefault((row, column), value)

    def _read_drawing(self, part: str, sheet: Sheet) -> None:
        tree = self._archive.tree(part)
        source = DrawingSource(self._archive, part)
        for anchor in tree if tree is not None else ():
            row = whole(anchor.findtext(f"{XDR}from/{XDR}row"), -1) + 1
            column = whole(anchor.findtext(f"{XDR}from/{XDR}col"), -1) + 1
            last = whole(anchor.findtext(f"{XDR}to/{XDR}row"), row - 1) + 1
            for block in _drawn(anchor, source, self._values):
                if block.picture is not None and row > 0 and column > 0:
                    sheet.boxes.append((_box_of(anchor, row - 1, column - 1), block.picture))
                low = next(
                    (m[2] for m in sheet.merged if m[0] <= row <= m[2] and m[1] <= column <= m[3]), row
                )
                if block.picture is not None and row > 0 and last - low <= 1 and not block.picture.words:
                    sheet.placed.append((row, column, block.picture))
                else:
                    sheet.drawn.append((row, block))

    def _values(self, reference: str) -> list[str | None]:
        """Return what a chart's reference into the workbook means: ``'Sheet 1'!$A$1:$A$9``."""
        found: list[str | None] = []
        for part in reference.strip("()").split(","):
            name, _, places = part.rpartition("!")
            cells = self._cells_named(name.strip("'").replace("''", "'"))
            area = area_of(places if ":" in places else f"{places}:{places}")
            if area is not None and (area[2] - area[0] + 1) * (area[3] - area[1] + 1) <= _MAX_LOOKED_UP:
                found.extend(
                    cells.get((row, column))
                    for row in range(area[0], area[2] + 1)
                    for column in range(area[1], area[3] + 1)
                )
        return found

    def _cells_named(self, name: str) -> dict[tuple[int, int], str]:
        if name not in self._looked_up:
            sheet = Sheet(name, 0)
            for node in self._tree.iter(f"{S}sheet") if self._tree is not None else ():
                relation = self._relations.get(node.get(f"{R}id") or "")
                if node.get("name") == name and relation is not None and not relation.external:
                    self._read_cells(relation.target, sheet)
            self._looked_up[name] = sheet.cells
        return self._looked_up[name]

    def _read_comments(self, part: str, sheet: Sheet) -> None:
        tree = self._archive.tree(part)
        if tree is None:
            return
        authors = [node.text or "" for node in tree.iter() if local(node) == "author"]
        people = self._people()
        for node in tree.iter():
            if local(node) not in ("comment", "threadedComment"):
                continue
            texts = [text.text or "" for text in node.iter() if local(text) in ("t", "text")]
            words = " ".join("".join(texts).split())
            if not words or words.startswith("[Threaded comment]"):
                continue
            index = node.get("authorId") or ""
            author = people.get(node.get("personId") or "", "")
            if index.isdecimal() and int(index) < len(authors):
                author = authors[int(index)]
            by = f" by {author}" if author and not author.startswith("tc=") else ""
            when = f" ({node.get('dT')[:19]})" if node.get("dT") else ""
            area = area_of(f"{node.get('ref')}:{node.get('ref')}") or (0, 0)
            note = f"Comment on {node.get('ref') or 'the sheet'}{by}{when}: {words}"
            sheet.notes.append(((area[0], area[1]), note))

    def _people(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for relation in self._relations.values():
            tree = self._archive.tree(relation.target) if relation.kind == "person" else None
            for node in tree.iter() if tree is not None else ():
                if local(node) == "person":
                    found[node.get("id") or ""] = node.get("displayName") or ""
        return found


def _drawn(anchor: Any, source: DrawingSource, lookup: Lookup) -> Iterator[Block]:
    if any(is_hidden(shape) for shape in anchor):
        return
    alt = description_of(anchor)
    for blip in anchor.iter(f"{A}blip"):
        picture = picture_of_blip(blip, source, alt=description_of_blip(blip, alt))
        if picture is not None:
            yield Block(Element(kind="picture"), picture)
    for reference in anchor.iter():
        if local(reference) == "chart" and reference.get(f"{R}id"):
            tree = source.tree(reference.get(f"{R}id"))
            if tree is not None:
                yield block_of_chart(read_chart(tree, lookup))
        elif reference.tag == f"{DGM}relIds":
            yield Block(Element(kind="list", text="\n".join(diagram_lines(reference, source))))
    for body in anchor.iter(f"{XDR}txBody"):
        text = "\n".join(line for _, _, line in text_body_lines(body))
        if text:
            yield Block(Element(kind="paragraph", text=text))


def _margin_lines(text: str) -> Iterator[str]:
    """Yield the parts of a header or footer, left to right, without those that hold a page's number alone."""
    for part in re.split("(?<!&)&[LCR]", text):
        line = "&".join(" ".join(_MARGIN_CODE.sub(" ", said).split()) for said in part.split("&&"))
        is_count = "&P" in part and len(line.split()) < 3
        if _WORDED.search(line) and not is_count:
            yield line


def _box_of(anchor: Any, row: int, column: int) -> BBox:
    """Return the columns and rows that something drawn covers, from its anchor or by its size."""
    below = whole(anchor.findtext(f"{XDR}to/{XDR}row"), -1)
    across = whole(anchor.findtext(f"{XDR}to/{XDR}col"), -1)
    if below < row or across < column:
        extent = anchor.find(f"{XDR}ext")
        below = row + whole(extent.get("cy") if extent is not None else "") // _ROW_EMU
        across = column + whole(extent.get("cx") if extent is not None else "") // _COLUMN_EMU
    return (float(column), float(row), across + 1.0, below + 1.0)


def column_number(letters: str) -> int:
    """Return a column's number from 1: ``A`` is 1, ``AB`` is 28."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def area_of(reference: str) -> tuple[int, int, int, int] | None:
    """Return the ``(top, left, bottom, right)`` of ``A1:B2``."""
    corners = [_REFERENCE.fullmatch(part) for part in reference.split(":")]
    if len(corners) != 2 or corners[0] is None or corners[1] is None:
        return None
    first, last = corners[0], corners[1]
    return (
        int(first.group(2)),
        column_number(first.group(1)),
        int(last.group(2)),
        column_number(last.group(1)),
    )


def _show_filtered(node: Any, sheet: Sheet) -> None:
    """Take back that rows are hidden by a filter, whose button shows them."""
    area = area_of(node.get("ref") or "") if len(node) else None
    if area is not None:
        sheet.hidden_rows.difference_update(range(area[0], area[2] + 1))


def _is_hidden(line: Any, extent: str) -> bool:
    """Return whether a row or column is hidden, and not as part of an outline, whose button shows it."""
    if line.get("outlineLevel") not in (None, "0"):
        return False
    return line.get("hidden") in ("1", "true") or line.get(extent) in ("0", "0.0")
