"""Electronic books (EPUB 2 and 3): the chapters of the spine, one after the other."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

from ...errors import SourceDamaged, SourceEncrypted
from ...types import Element
from .. import ReadContext, Reader
from ..archives import Archive, archive_kind, join_part
from .parse import Resolver, decode, elements_of_html

__all__ = ["EpubReader"]

_OPF = "{http://www.idpf.org/2007/opf}"
_FONT_OBFUSCATION = (b"http://www.idpf.org/2008/embedding", b"http://ns.adobe.com/pdf/enc#RC")


class EpubReader(Reader):
    """Reads a book's text, tables and pictures in the order of its spine."""

    name: ClassVar[str] = "epub"
    suffixes: ClassVar[tuple[str, ...]] = (".epub",)

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """A zip archive with an EPUB's mimetype or container."""
        return head.startswith(b"PK") and archive_kind(path) == "epub"

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """The elements of all chapters; the table of contents is left out.

        Raises:
            SourceEncrypted: If the text is under copy protection.
        """
        with Archive(path) as archive:
            _refuse_protected(archive, path)
            package = _package_part(archive)
            tree = archive.tree(package) if package else None
            if tree is None:
                raise SourceDamaged(
                    f"{path.name} has no package document.", hint="Fetch or export the book again."
                )
            folder = posixpath.dirname(package)
            items = {node.get("id"): node for node in tree.iter(f"{_OPF}item")}
            title = next((node for node in tree.iter() if str(node.tag).endswith("}title")), None)
            if title is not None and (title.text or "").strip():
                yield Element(kind="heading", text=" ".join(title.text.split()), level=1)
            for reference in tree.iter(f"{_OPF}itemref"):
                item = items.get(reference.get("idref"))
                if item is None or "nav" in (item.get("properties") or "").split():
                    continue
                yield from _chapter(archive, join_part(folder, item.get("href") or ""), path, context)


def _chapter(archive: Archive, part: str, path: Path, context: ReadContext) -> Iterator[Element]:
    data = archive.read(part)
    if data is None:
        context.on_warning(f"{path.name}: the chapter {part} is missing.", "Fetch or export the book again.")
        return
    text = decode(data, markup=True).text
    resolve = _resolver(archive, posixpath.dirname(part))
    yield from elements_of_html(text, None, context, resolve=resolve, name=path.name, title=False)


def _resolver(archive: Archive, folder: str) -> Resolver:
    def resolve(link: str) -> bytes | None:
        return None if "://" in link else archive.read(join_part(folder, unquote(link).partition("?")[0]))

    return resolve


def _package_part(archive: Archive) -> str:
    container = archive.tree("META-INF/container.xml")
    nodes: Any = container.iter() if container is not None else ()
    for node in nodes:
        if str(node.tag).endswith("}rootfile") and node.get("full-path"):
            return str(node.get("full-path"))
    return next((name for name in archive.names if name.lower().endswith(".opf")), "")


def _refuse_protected(archive: Archive, path: Path) -> None:
    encryption = archive.read("META-INF/encryption.xml") or b""
    if not encryption:
        return
    methods = encryption.count(b"EncryptionMethod")
    fonts = sum(encryption.count(method) for method in _FONT_OBFUSCATION)
    if methods > fonts and ("META-INF/rights.xml" in archive or "META-INF/license.lcpl" in archive):
        raise SourceEncrypted(
            f"{path.name} is under copy protection (DRM).",
            hint="Export it from your reading program without it.",
        )
