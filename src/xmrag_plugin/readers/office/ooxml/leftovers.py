"""Parts of an Office file that no page showed: embedded files are read, what repeats is counted, the rest named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ....errors import XmragError
from ....types import Element
from ... import read_bytes
from ...archives import MEDIA_SUFFIXES, Archive, warn_of_unused
from ...context import ReadContext

__all__ = ["account_for_parts", "read_embedded", "read_embedded_part"]

_REPEATING = re.compile(
    r"/(?:slidelayouts|slidemasters|notesmasters|handoutmasters|theme)/|/(?:header|footer)\d*\.xml"
)
_WITHOUT_OWN_WORDS = (
    "docprops/", "customxml/", "word/glossary/", "xl/pivot", "xl/externallinks/", "thumbnails/",
)  # fmt: skip
_TEXT = re.compile(rb"<(?:\w+:)?t(?:\s[^>]*)?>[^<]*\w")
_COMPOUND = b"\xd0\xcf\x11\xe0"
_MAX_LOOKED_THROUGH = 4 << 20


def account_for_parts(archive: Archive, context: ReadContext) -> None:
    """Hold the parts that exist against those that were read.

    Pictures of masters, layouts, headers and footers count as ``repeated``; other media and parts with words
    are named in a warning.
    """
    repeating = [name for name in archive.names if _REPEATING.search(f"/{name.lower()}")]
    unread = set(archive.unused(MEDIA_SUFFIXES, but=_WITHOUT_OWN_WORDS))
    for target in sorted(unread & _targets(archive, repeating)) if unread else ():
        archive.pass_over(target)
        context.on_skip("repeated")
    for name in archive.unused((".xml",), but=_WITHOUT_OWN_WORDS):
        if name in repeating or not _has_words(archive, name):
            archive.pass_over(name)
    warn_of_unused(archive, context, (*MEDIA_SUFFIXES, ".xml"), but=_WITHOUT_OWN_WORDS)


def _targets(archive: Archive, parts: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for part in parts:
        if not part.lower().endswith(".xml"):
            continue
        try:
            found.update(
                archive.actual(link.target) for link in archive.relations(part).values() if not link.external
            )
        except XmragError:
            continue
    return found


def _has_words(archive: Archive, name: str) -> bool:
    if archive.size(name) > _MAX_LOOKED_THROUGH:
        return True
    try:
        return _TEXT.search(archive.peek(name)) is not None
    except XmragError:
        return False


def read_embedded(
    archive: Archive, parts: Iterable[str], path: Path, context: ReadContext
) -> Iterator[Element]:
    """Read the files that lie inside an office file: a workbook in a report, a page that was pasted whole.

    What no reader takes costs a warning; objects of programs that are known by their picture only are counted in
    one.

    Args:
        archive: The office file.
        parts: Names of the parts that may refer to embedded files.
        path: Where the office file is.
        context: As for the file itself.
    """
    links = [link for part in parts for link in archive.relations(part).values() if not link.external]
    for target in dict.fromkeys(link.target for link in links if link.kind in ("package", "aFChunk")):
        yield from read_embedded_part(archive, target, path, context)
    objects = 0
    for target in dict.fromkeys(link.target for link in links if link.kind == "oleObject"):
        if (archive.peek(target) if target in archive else _COMPOUND).startswith(_COMPOUND):
            objects += 1
        else:  # the file itself, as some programs write it
            yield from read_embedded_part(archive, target, path, context)
    if objects:
        context.on_warning(
            f"{path.name}: {objects} embedded objects are kept as their pictures only.",
            "Save what is inside them as files of their own and add those.",
        )


def read_embedded_part(archive: Archive, part: str, path: Path, context: ReadContext) -> Iterator[Element]:
    """Read one file that lies inside an office file, once; what no reader takes costs a warning."""
    data = archive.read(part) if not archive.was_read(part) else None
    if not data:
        return
    called = part.rpartition("/")[2]
    try:
        for element in read_bytes(data, called, context):
            element.metadata["attachment"] = called
            element.page = None
            yield element
    except XmragError as error:
        if context.budget.spent:
            raise
        context.on_warning(f"{path.name}: the embedded {called} was not read: {error.message}", error.hint)
