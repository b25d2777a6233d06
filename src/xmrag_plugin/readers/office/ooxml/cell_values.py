"""What an Excel cell shows besides a plain value: pictures placed in cells, rich values, WPS pictures."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ...archives import Archive
from ...markup.parse import LinkedPicture, Run
from .drawings import DrawingSource, picture_of_blip, plain_description
from .names import A, R, S, local, whole

__all__ = ["CellValues", "string_of", "unescaped"]

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_RICH_DATA = "xl/richData/"
_WPS_PICTURE = re.compile(r"DISPIMG\(\s*\"([^\"]+)\"", re.I)
_WEB_PICTURE = re.compile(r"IMAGE\(\s*\"([^\"]+)\"(?:\s*,\s*\"([^\"]*)\")?", re.I)
_SHOWN_KEYS = ("_DisplayString", "Text", "Name", "_CanonicalPropertyNames")


class CellValues:
    """The rich values of a workbook ([MS-XLSX] 2.3.6), and the pictures that WPS Office puts into cells.

    Args:
        archive: The workbook.
        part: Name of its main part.
    """

    def __init__(self, archive: Archive, part: str) -> None:
        self._archive = archive
        self._values: list[tuple[LinkedPicture | None, str]] | None = None
        self._numbers: list[int] = []
        links = archive.relations(part).values()
        self._wps = next(
            (link.target for link in links if link.target.lower().endswith("cellimages.xml")), ""
        )
        self._named: dict[str, LinkedPicture] | None = None

    def of(self, cell: Any) -> tuple[LinkedPicture | None, str]:
        """Return the picture and the words that a cell shows; neither where it holds a plain value."""
        mark = cell.get("vm") or ""
        if mark.isdecimal():
            if self._values is None:
                self._values = self._read_values()
            number = self._numbers[int(mark) - 1] if 0 < int(mark) <= len(self._numbers) else -1
            if 0 <= number < len(self._values):
                picture, words = self._values[number]
                return (replace(picture) if picture is not None else None), words
        formula = cell.findtext(f"{S}f") or ""
        if "DISPIMG" in formula and (named := _WPS_PICTURE.search(formula)) is not None:
            shown = self._wps_pictures().get(named[1])
            return (replace(shown) if shown is not None else None), ""
        if "IMAGE(" in formula and (linked := _WEB_PICTURE.search(formula)) is not None:
            return LinkedPicture([linked[1]], alt=linked[2] or ""), linked[2] or ""
        return None, ""

    def _read_values(self) -> list[tuple[LinkedPicture | None, str]]:
        self._numbers = self._value_numbers()
        tree, shapes = (
            self._archive.tree(f"{_RICH_DATA}{name}.xml") for name in ("rdrichvalue", "rdrichvaluestructure")
        )
        keys = [[key.get("n") or "" for key in node if local(key) == "k"] for node in _children(shapes, "s")]
        source = DrawingSource(self._archive, f"{_RICH_DATA}richValueRel.xml")
        listed = self._archive.tree(source.part)
        links = [node.get(f"{R}id") for node in _children(listed, "rel")]
        found = []
        for node in _children(tree, "rv"):
            structure = node.get("s") or ""
            names = keys[int(structure)] if structure.isdecimal() and int(structure) < len(keys) else []
            values = dict(
                zip(names, [value.text or "" for value in node if local(value) == "v"], strict=False)
            )
            found.append(_shown(values, node, links, source))
        return found

    def _value_numbers(self) -> list[int]:
        """Return the rich value that each ``vm`` of a cell means (from 1), -1 for none."""
        tree = self._archive.tree("xl/metadata.xml")
        if tree is None:
            return []
        types = [node.get("name") or "" for node in tree.iter(f"{S}metadataType")]
        values: list[int] = []
        for future in tree.iter(f"{S}futureMetadata"):
            if future.get("name") == "XLRICHVALUE":
                for block in future.iter(f"{S}bk"):
                    values.append(
                        next((whole(n.get("i"), -1) for n in block.iter() if local(n) == "rvb"), -1)
                    )
        numbers: list[int] = []
        for block in tree.iterfind(f"{S}valueMetadata/{S}bk"):
            record = block.find(f"{S}rc")
            kind, value = (whole(record.get(name), -1) if record is not None else -1 for name in ("t", "v"))
            rich = 0 < kind <= len(types) and types[kind - 1] == "XLRICHVALUE" and 0 <= value < len(values)
            numbers.append(values[value] if rich else -1)
        return numbers

    def _wps_pictures(self) -> dict[str, LinkedPicture]:
        if self._named is None:
            self._named = {}
            part = self._wps or "xl/cellimages.xml"
            tree = self._archive.tree(part)
            for holder in tree.iter() if tree is not None else ():
                if local(holder) != "pic":
                    continue
                name = next((node for node in holder.iter() if local(node) == "cNvPr"), None)
                blip = next(holder.iter(f"{A}blip"), None)
                if name is None or blip is None:
                    continue
                alt = plain_description(name.get("descr"))
                picture = picture_of_blip(blip, DrawingSource(self._archive, part), alt=alt)
                if picture is not None:
                    self._named[name.get("name") or ""] = picture
        return self._named


def _shown(
    values: dict[str, str], node: Any, links: list[str | None], source: DrawingSource
) -> tuple[LinkedPicture | None, str]:
    place = whole(values.get("_rvRel:LocalImageIdentifier"), -1)
    if 0 <= place < len(links):
        data = source.data(links[place])
        alt = plain_description(values.get("Text"))
        if data:
            return LinkedPicture(data=data, alt=alt), ""
    words = next((values[key] for key in _SHOWN_KEYS if values.get(key)), "")
    fallback = next((child.text or "" for child in node if local(child) == "fb"), "")
    return None, words or fallback


def _children(tree: Any, name: str) -> list[Any]:
    return [node for node in tree if local(node) == name] if tree is not None else []


def string_of(node: Any) -> str:
    """Return a shared or inline string without its phonetic guides, raised and lowered text marked."""
    if node.find(f"{S}r/{S}rPr/{S}vertAlign") is None:
        parts = [
            text.text or ""
            for text in node.iter(f"{S}t")
            if text.getparent() is None or local(text.getparent()) != "rPh"
        ]
        return unescaped("".join(parts)).strip()
    run = Run()
    for part in node:
        text = unescaped(part.text or "" if local(part) == "t" else part.findtext(f"{S}t") or "")
        align = part.find(f"{S}rPr/{S}vertAlign")
        if local(part) == "rPh":
            continue
        if align is not None and align.get("val") in ("superscript", "subscript"):
            run.add_script(text, raised=align.get("val") == "superscript")
        else:
            run.add_text(text)
    return run.text


def unescaped(text: str) -> str:
    """Return text without Excel's escapes (``_x000D_``), its line ends as everybody has them."""
    return (
        _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), text)
        .replace("\r\n", "\n")
        .replace("\r", "\n")
    )
