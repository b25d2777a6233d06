"""Electronic books (EPUB 2 and 3): the chapters of the spine, one after the other."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

from ...errors import SourceDamaged, SourceEncrypted, SourceTooLarge
from ...types import Element
from .. import ArchiveReader, ReadContext, looks_textual
from ..archives import Archive, join_part, warn_of_unused
from .parse import Block, LinkedPicture, PictureLinks, Resolver, decode, elements_of_html, finish_blocks

__all__ = ["EpubReader"]

_OPF = "{http://www.idpf.org/2007/opf}"
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document")
_MAX_ITEMS = 20_000
_FONT_OBFUSCATION = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_ENCRYPTION = "{http://www.w3.org/2001/04/xmlenc#}"
_HEADED = re.compile(r"<(?:\w+:)?h[1-6]\b", re.I)
_PAGE_NAME = re.compile(r"\.(?:x?html?|xml|opf)$", re.I)


class EpubReader(ArchiveReader):
    """Read a book's text, tables and pictures in the order of its spine."""

    name: ClassVar[str] = "epub"
    self_contained: ClassVar[bool] = True
    kinds: ClassVar[tuple[str, ...]] = ("epub",)
    version: ClassVar[int] = 7
    suffixes: ClassVar[tuple[str, ...]] = (".epub",)

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the elements of the spine's items, then pages and a cover that it leaves out.

        Items are read by their media type: pages, drawings and pictures; others by their fallback. The table of
        contents is left out; pictures that no page shows are named.

        Raises:
            SourceEncrypted: If the text is under copy protection.
        """
        with Archive(path) as archive:
            package = _package_part(archive)
            tree = archive.tree(package) if package else None
            if tree is None:
                raise SourceDamaged(
                    f"{path.name} has no package document.", hint="Fetch or export the book again."
                )
            _refuse_protected(archive, path)
            book = _Book(archive, package, tree, path, context)
            if book.title:
                yield Element(kind="heading", text=book.title, level=1)
            yield from book.read()
            warn_of_unused(archive, context)


class _Book:
    def __init__(self, archive: Archive, package: str, tree: Any, path: Path, context: ReadContext) -> None:
        self._archive, self._path, self._context = archive, path, context
        folder = posixpath.dirname(package)
        self._items = {
            node.get("id") or "": _Item(
                join_part(folder, node.get("href") or ""),
                (node.get("media-type") or "").lower(),
                node.get("fallback") or "",
                frozenset((node.get("properties") or "").split()),
            )
            for node in tree.iter(f"{_OPF}item")
        }
        self._spine = [node.get("idref") or "" for node in tree.iter(f"{_OPF}itemref")]
        named = (node for node in tree.iter() if str(node.tag).endswith("}title"))
        title = next(named, None)
        self.title = " ".join((title.text or "").split()) if title is not None else ""
        cover = next(
            (node.get("content") for node in tree.iter(f"{_OPF}meta") if node.get("name") == "cover"), ""
        )
        self._named = self._names_of_pages(tree, folder)
        self._covers = [
            item for key, item in self._items.items() if key == cover or "cover-image" in item.properties
        ]

    def _names_of_pages(self, tree: Any, folder: str) -> dict[str, str]:
        """Return what the table of contents calls each page, by its part: the first entry that leads there."""
        spine = next(tree.iter(f"{_OPF}spine"), None)
        listed = self._items.get(spine.get("toc") or "") if spine is not None else None
        contents = [item for item in self._items.values() if "nav" in item.properties]
        contents += [listed] if listed is not None else []
        named: dict[str, str] = {}
        for item in contents:
            root = self._archive.tree(item.part)
            for node in root.iter("{*}a", "{*}navPoint") if root is not None else ():
                words, link = _entry(node)
                if words and link:
                    named.setdefault(join_part(posixpath.dirname(item.part), link), words)
        return named

    def read(self) -> Iterator[Element]:
        spine = list(dict.fromkeys(key for key in self._spine if key in self._items))
        if len(spine) > _MAX_ITEMS:
            raise SourceTooLarge(f"{self._path.name} has {len(spine):,} chapters.", hint="Split the book.")
        for key in spine:
            item = self._items[key]
            if "nav" not in item.properties:
                yield from self._item(item)
        rest = [item for item in self._items.values() if item.kind in _PAGES and "nav" not in item.properties]
        for item in rest[:_MAX_ITEMS]:
            if not self._archive.was_read(item.part) and item.part in self._archive:
                yield from self._page(item.part)
        for cover in self._covers:
            if not self._archive.was_read(cover.part):
                yield from self._picture(cover.part, f"Cover of {self.title}" if self.title else "Cover")

    def _item(self, item: _Item) -> Iterator[Element]:
        """Read an item of the spine; one that is no page by the first page among its fallbacks, a picture as such."""
        chain, seen = item, {item.part}
        while chain.kind not in _PAGES and chain.fallback in self._items:
            chain = self._items[chain.fallback]
            if chain.part in seen:
                break
            seen.add(chain.part)
        if chain.kind in _PAGES:
            yield from self._page(chain.part)
        elif item.kind.startswith("image/"):
            yield from self._picture(item.part, "")
        elif item.part in self._archive and looks_like_page(self._archive.peek(item.part)[:4096]):
            yield from self._page(item.part)
        else:
            self._context.on_warning(
                f"{self._path.name}: {item.part} ({item.kind or 'of no kind'}) is no page of text and was not read.",
                "Export the book as EPUB 3, or save that part as a file of its own.",
            )

    def _page(self, part: str) -> Iterator[Element]:
        data = self._archive.read(part)
        if data is None:
            self._context.on_warning(
                f"{self._path.name}: the chapter {part} is missing.", "Fetch or export the book again."
            )
            return
        text = decode(data, markup=True).text
        resolve = _resolver(self._archive, posixpath.dirname(part))
        elements = elements_of_html(
            text, None, self._context, resolve=resolve, name=self._path.name, title=False
        )
        first = next(elements, None)
        if first is None:
            return
        called = self._named.get(part, "")
        if called and not _HEADED.search(text) and called.casefold() not in first.text.casefold():
            yield Element(kind="heading", text=called, level=2)
        yield first
        yield from elements

    def _picture(self, part: str, alt: str) -> Iterator[Element]:
        block = Block(Element(kind="picture"), LinkedPicture([posixpath.basename(part)], alt=alt))
        resolve = _resolver(self._archive, posixpath.dirname(part), decoded=True)
        links = PictureLinks(None, self._context, resolve=resolve, name=self._path.name)
        yield from finish_blocks([block], links, self._context)


def _entry(node: Any) -> tuple[str, str]:
    """Return the words and the link of an entry of a table of contents, in the form of EPUB 3 or 2."""
    if str(node.tag).endswith("}a"):
        return " ".join("".join(node.itertext()).split()), node.get("href") or ""
    label, content = node.find("{*}navLabel/{*}text"), node.find("{*}content")
    words = " ".join((label.text or "").split()) if label is not None else ""
    return words, content.get("src") or "" if content is not None else ""


@dataclass(frozen=True, slots=True)
class _Item:
    """An item of the manifest: its part, media type, the id of what stands in for it, and its properties."""

    part: str
    kind: str
    fallback: str
    properties: frozenset[str]


def _resolver(archive: Archive, folder: str, *, decoded: bool = False) -> Resolver:
    def resolve(link: str) -> bytes | None:
        if "://" in link:
            return None
        name = posixpath.join(folder, link) if decoded else join_part(folder, unquote(link).partition("?")[0])
        return archive.read(name)

    return resolve


def looks_like_page(head: bytes) -> bool:
    """Return whether bytes begin as a page does."""
    return looks_textual(head) and re.search(rb"<(?:!doctype html|html|body|div|p)\b", head, re.I) is not None


def _package_part(archive: Archive) -> str:
    container = archive.tree("META-INF/container.xml")
    nodes: Any = container.iter() if container is not None else ()
    for node in nodes:
        if str(node.tag).endswith("}rootfile") and node.get("full-path"):
            return str(node.get("full-path"))
    return next((name for name in archive.names if name.lower().endswith(".opf")), "")


def _refuse_protected(archive: Archive, path: Path) -> None:
    tree = archive.tree("META-INF/encryption.xml")
    if tree is None:
        return
    protected = [
        reference.get("URI") or ""
        for data in tree.iter(f"{_ENCRYPTION}EncryptedData")
        if not any(
            method.get("Algorithm") in _FONT_OBFUSCATION
            for method in data.iter(f"{_ENCRYPTION}EncryptionMethod")
        )
        for reference in data.iter(f"{_ENCRYPTION}CipherReference")
    ]
    licensed = "META-INF/rights.xml" in archive or "META-INF/license.lcpl" in archive
    if protected and (licensed or any(_PAGE_NAME.search(name) for name in protected)):
        raise SourceEncrypted(
            f"{path.name} is under copy protection (DRM).",
            hint="Export it from your reading program without it.",
        )
