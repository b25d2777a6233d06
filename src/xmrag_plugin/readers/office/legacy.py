"""Word, Excel and PowerPoint files of before 2007, read through LibreOffice where it is installed, and flat ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...errors import SourceUnsupported
from ...types import Element
from .. import HEAD_BYTES, ReadContext, Reader, read_bytes
from ..office_suite import convert, find_office
from ..refused import kind_of, remedy_for
from .flat import elements_of_flat, flat_kind

__all__ = ["LegacyOfficeReader"]

_TARGETS = {"old Word file": "docx", "old Excel file": "xlsx", "old PowerPoint file": "pptx"}
_OF_SUFFIX = {".doc": "docx", ".dot": "docx", ".xls": "xlsx", ".xlt": "xlsx", ".ppt": "pptx", ".pps": "pptx"}


class LegacyOfficeReader(Reader):
    """Convert a file to its present format and read that; documents that are one XML file are read as they are."""

    name: ClassVar[str] = "legacy_office"
    suffixes: ClassVar[tuple[str, ...]] = tuple(_OF_SUFFIX)

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept a compound file with a document's stream, where LibreOffice is there to read it, and flat files."""
        return bool(flat_kind(head)) or (
            head.startswith(b"\xd0\xcf\x11\xe0") and bool(_target(head, path)) and find_office() is not None
        )

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the elements of the converted file.

        Raises:
            SourceUnsupported: If LibreOffice cannot convert it.
        """
        with path.open("rb") as stream:
            if flat_kind(stream.read(HEAD_BYTES)):
                yield from elements_of_flat(path, context)
                return
        data = path.read_bytes()
        target = _target(data[:512], path)
        made = convert(data, path.suffix or f".{target[:3]}", target) if target else None
        if made is None:
            kind = kind_of(data[:512], path)
            raise SourceUnsupported(
                f"{path.name}: LibreOffice cannot convert this {kind}.",
                hint=remedy_for(kind, path.suffix.lower()),
            )
        yield from read_bytes(made, f"{path.stem}.{target}", context)


def _target(head: bytes, path: Path) -> str:
    kind = kind_of(head, path)
    return _TARGETS.get(kind, "") or (
        _OF_SUFFIX.get(path.suffix.lower(), "") if kind == "old office file" else ""
    )
