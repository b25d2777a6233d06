"""Office documents as one XML file: packages laid flat (Flat OPC), and the XML of Office 2003, in whatever suffix."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import SourceDamaged, SourceTooLarge
from ...types import Element
from .. import HEAD_BYTES, ReadContext, read_bytes
from ..archives import parse_xml
from ..data.grids import Grid, blocks_of_sheet
from ..markup.parse import Block, PictureLinks, attach_captions, finish_blocks
from .ooxml import local
from .ooxml.names import R, V, W, whole

__all__ = ["elements_of_flat", "flat_kind"]

_KINDS = (
    (re.compile(rb"<(?:\w+:)?package\b[^>]{0,500}schemas\.microsoft\.com/office/2006/xmlPackage"), "package"),
    (
        re.compile(rb"<(?:\w+:)?Workbook\b[^>]{0,3000}urn:schemas-microsoft-com:office:spreadsheet"),
        "workbook",
    ),
    (
        re.compile(rb"<(?:\w+:)?wordDocument\b[^>]{0,3000}schemas\.microsoft\.com/office/word/2003/wordml"),
        "word",
    ),
)
_PACKAGE = "{http://schemas.microsoft.com/office/2006/xmlPackage}"
_WORD_2003 = b"http://schemas.microsoft.com/office/word/2003/wordml"
_MAX_BYTES = 256 << 20
_MAX_CELLS = 1_000_000
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
)
_RELATION = '<Relationship Id="{}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" Target="{}"/>'


def elements_of_flat(path: Path, context: ReadContext) -> Iterator[Element]:
    """Yield the elements of an office document that is one XML file, in reading order.

    Raises:
        SourceTooLarge: If it is beyond what a document of people is.
        SourceDamaged: If it holds no document.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise SourceTooLarge(f"{path.name} is larger than {_MAX_BYTES >> 20} MB.", hint="Split it.")
    data = path.read_bytes()
    kind = flat_kind(data[:HEAD_BYTES])
    if kind == "workbook":
        yield from _workbook(parse_xml(data, path.name, resolve_entities=False), path, context)
        return
    made = _package_of(data, path) if kind == "package" else _word_of(data, path)
    yield from read_bytes(made, f"{path.stem}.docx", context)


def flat_kind(head: bytes) -> str:
    """Return ``package``, ``workbook`` or ``word`` for the first bytes of such a file, ``""`` for others."""
    return next((kind for pattern, kind in _KINDS if pattern.search(head)), "") if b"<" in head[:64] else ""


def _package_of(data: bytes, path: Path) -> bytes:
    """Return a flat package as the archive that it stands for."""
    from lxml import etree

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parse_xml(data, path.name, huge_tree=True, resolve_entities=False).iter(
            f"{_PACKAGE}part"
        ):
            name = (part.get(f"{_PACKAGE}name") or "").lstrip("/")
            for held in part:
                if local(held) == "xmlData" and len(held):
                    archive.writestr(name, etree.tostring(held[0], xml_declaration=True, encoding="utf-8"))
                elif local(held) == "binaryData":
                    archive.writestr(name, _decoded(held.text))
    return made.getvalue()


def _word_of(data: bytes, path: Path) -> bytes:
    """Return a document of Word 2003 as a package: its elements are named as today's."""
    from lxml import etree

    today = W.strip("{}").encode()
    tree = parse_xml(data.replace(_WORD_2003, today), path.name, huge_tree=True, resolve_entities=False)
    body = tree.find(f"{W}body")
    if body is None:
        raise SourceDamaged(f"{path.name} has no document body.", hint="Open it in Word and save it again.")
    parts: dict[str, bytes] = {}
    links = _RELATION.format("styles", "styles", "styles.xml")
    named = {node.get(f"{W}name"): node for node in tree.iter(f"{W}binData")}
    for number, shown in enumerate(tree.iter(f"{V}imagedata")):
        held = named.get(shown.get("src"))
        if held is not None:
            parts[f"word/media/{number}.bin"] = _decoded(held.text)
            shown.set(f"{R}id", f"p{number}")
            links += _RELATION.format(f"p{number}", "image", f"media/{number}.bin")
    for held in list(named.values()):
        held.getparent().remove(held)
    for mark in list(body.iter(f"{W}listPr")):  # the mark as Word had written it out
        _write_mark(mark)
    root = etree.Element(f"{W}document", nsmap={"w": today.decode()})
    root.append(body)
    styles = tree.find(f"{W}styles")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "_rels/.rels", _RELATIONS.format(_RELATION.format("r", "officeDocument", "word/document.xml"))
        )
        archive.writestr("word/document.xml", etree.tostring(root))
        archive.writestr("word/_rels/document.xml.rels", _RELATIONS.format(links))
        if styles is not None:
            archive.writestr("word/styles.xml", etree.tostring(styles))
        for name, held in parts.items():
            archive.writestr(name, held)
    return made.getvalue()


def _write_mark(mark: Any) -> None:
    from lxml import etree

    paragraph = next(mark.iterancestors(f"{W}p"), None)
    said = next(
        (value for node in mark if local(node) == "t" for key, value in node.items() if key.endswith("val")),
        "",
    )
    if paragraph is None or mark.getparent() is not paragraph.find(f"{W}pPr"):
        return
    run = etree.Element(f"{W}r")
    etree.SubElement(run, f"{W}t").text = f"{said if any(map(str.isalnum, said)) else '-'} "
    paragraph.insert(1, run)


def _decoded(text: str | None) -> bytes:
    try:
        return base64.b64decode(text or "")
    except ValueError:
        return b""


def _workbook(tree: Any, path: Path, context: ReadContext) -> Iterator[Element]:
    """Yield the sheets of a workbook in the XML of Excel 2003."""
    links = PictureLinks(path, context)
    sheets = [node for node in tree if local(node) == "Worksheet"]
    for number, node in enumerate(sheets, 1):
        sheet = Grid(_attribute(node, "Name") or f"Sheet {number}", number)
        for table in node:
            if local(table) == "Table":
                _read_rows(table, sheet, path)
        blocks = blocks_of_sheet(sheet)
        if blocks:
            blocks.insert(0, Block(Element(kind="heading", text=sheet.name, level=2, page=number)))
        yield from finish_blocks(attach_captions(blocks), links, context)


def _read_rows(table: Any, sheet: Grid, path: Path) -> None:
    row = 0
    below: dict[
        tuple[int, int], int
    ] = {}  # cells that a merged cell above takes, and how many columns it has
    for line in (node for node in table if local(node) == "Row"):
        row = whole(_attribute(line, "Index"), row + 1)
        column = 0
        for cell in (node for node in line if local(node) == "Cell"):
            column = whole(_attribute(cell, "Index"), column + 1)
            while (row, column) in below:
                column += below[row, column]
            words = "\n".join("".join(data.itertext()) for data in cell if local(data) == "Data").strip()
            across, down = (whole(_attribute(cell, f"Merge{way}")) for way in ("Across", "Down"))
            for other in range(row, row + min(down, 2000) + 1):
                if words:
                    sheet.cells[other, column] = words
                if other > row:
                    below[other, column] = across + 1
            column += min(across, 16_384)
        if len(sheet.cells) > _MAX_CELLS:
            raise SourceTooLarge(f"{path.name} has more than {_MAX_CELLS:,} filled cells.", hint="Split it.")


def _attribute(node: Any, name: str) -> str:
    """Return an attribute, whatever its namespace."""
    return next((value for key, value in node.items() if key.rpartition("}")[2] == name), "")
