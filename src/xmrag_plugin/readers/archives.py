"""Documents that are zip archives: which kind one is, and its parts read within limits."""

from __future__ import annotations

import os
import posixpath
import re
import unicodedata
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from .. import _xml
from ..errors import SourceDamaged, SourceEncrypted, SourceTooLarge
from ..text.listing import first_of
from .context import ReadContext
from .member_names import member_names

__all__ = [
    "MEDIA_SUFFIXES",
    "Archive",
    "Relation",
    "archive_kind",
    "join_part",
    "parse_xml",
    "warn_of_unused",
]

_MAX_PART_BYTES = 256 << 20
_MAX_SHARED = 32
_MAX_ARCHIVE_BYTES = 2 << 30
_MAX_PLAIN_BYTES, _MAX_RATIO = 16 << 20, 200  # real markup packs to a tenth or a fiftieth
_MARKUP = re.compile(r"\.(?:xml|rels|x?html?|opf|ncx|svg)$", re.I)
MEDIA_SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".avif", ".svg", ".emf", ".wmf", ".wdp",
    ".mp3", ".m4a", ".wav", ".ogg", ".mp4", ".m4v", ".mov", ".avi", ".wmv", ".webm", ".pict", ".jxr",
)  # fmt: skip
"""Suffixes of pictures and recordings that documents carry."""
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/(\w+)")
_RELATIONSHIPS = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_MAIN_PARTS = {"word/document": "docx", "ppt/presentation": "pptx", "xl/workbook": "xlsx"}
_ODF = "application/vnd.oasis.opendocument."
_ODF_KINDS = {"text": "odt", "spreadsheet": "ods", "presentation": "odp", "graphics": "odg"}


@dataclass(frozen=True, slots=True)
class Relation:
    """A part's link to another part or to the outside.

    Attributes:
        target: Name of the part in the archive, or the link as written when ``external``.
        kind: Last word of the relationship's type: ``image``, ``chart``, ``slide`` …
        external: Whether it leads out of the archive.
    """

    target: str
    kind: str
    external: bool


class Archive:
    """An open zip archive whose parts are read by name, in any case, and within limits.

    Args:
        path: The file.

    Raises:
        SourceDamaged: If it is no intact zip archive.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._left = _MAX_ARCHIVE_BYTES
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise SourceDamaged(
                f"{path.name} is a truncated or damaged archive: {error}.", hint="Fetch or export it again."
            ) from error
        self._names = {_as_named(name): name for name in self._zip.namelist()}
        for name, meant in member_names(self._zip.infolist()).items():
            self._names.setdefault(_as_named(meant), name)
        self._relations: dict[str, dict[str, Relation]] = {}
        self._shared: dict[str, Any | None] = {}
        self._used: set[str] = set()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @property
    def names(self) -> list[str]:
        """Return the names of all parts, in the archive's order."""
        return list(dict.fromkeys(self._names.values()))

    def __contains__(self, name: str) -> bool:
        return _as_named(name) in self._names

    def actual(self, name: str) -> str:
        """Return a part's name as the archive spells it, ``""`` when there is no such part."""
        return self._names.get(_as_named(name), "")

    def size(self, name: str) -> int:
        """Return how many bytes a part announces to unpack to."""
        actual = self.actual(name)
        return self._zip.getinfo(actual).file_size if actual else 0

    def was_read(self, name: str) -> bool:
        """Return whether a part was read or passed over."""
        return self.actual(name) in self._used

    def pass_over(self, name: str) -> None:
        """Count a part as used although it is not read: a picture that every page repeats."""
        self._used.add(self.actual(name))

    def read(self, name: str) -> bytes | None:
        """Return a part's bytes, or None when there is no such part.

        Raises:
            SourceTooLarge: If it unpacks to more than a quarter of a gigabyte, or all read parts to two.
            SourceEncrypted: If the archive is under a password.
            SourceDamaged: If the part cannot be unpacked.
        """
        actual = self.actual(name)
        if not actual:
            return None
        self._used.add(actual)
        return self.peek(actual)

    def peek(self, name: str) -> bytes:
        """Return a part's bytes without counting it as used; errors as of :meth:`read`."""
        import zlib

        info = self._zip.getinfo(self.actual(name))
        if info.flag_bits & 1:
            raise SourceEncrypted(
                f"{self.path.name} is under a password.",
                hint="Save a copy without the password and add that.",
            )
        self._left -= info.file_size
        if info.file_size > _MAX_PART_BYTES or self._left < 0:
            raise SourceTooLarge(
                f"{self.path.name}: the part {info.filename} unpacks to {info.file_size >> 20} MB.",
                hint="Split the document; it may also be a harmful file.",
            )
        packed = max(info.compress_size, 1)
        bloated = info.file_size > _MAX_PLAIN_BYTES and info.file_size > _MAX_RATIO * packed
        if bloated and _MARKUP.search(info.filename):
            raise SourceTooLarge(
                f"{self.path.name}: the part {info.filename} unpacks from {packed >> 10} kB to {info.file_size >> 20} MB"
                " of repetitions.",
                hint="It is most likely a harmful file; if not, save it anew in parts.",
            )
        try:
            return self._zip.read(info)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError) as error:
            raise SourceDamaged(
                f"{self.path.name}: the part {info.filename} cannot be unpacked: {error}.",
                hint="Open it in the program that made it and save it again.",
            ) from error

    def unused(self, suffixes: Sequence[str], *, but: Sequence[str] = ()) -> list[str]:
        """Return the parts with given suffixes that were not read.

        Args:
            suffixes: Lower-case suffixes with their dots.
            but: Beginnings of names that do not count, in lower case.
        """
        return [
            name
            for name in self._names.values()
            if name not in self._used
            and name.lower().endswith(tuple(suffixes))
            and not name.lower().startswith(tuple(but))
        ]

    def tree(self, name: str) -> Any | None:
        """Return a part's XML tree, or None when there is no such part; Strict Office names become the usual ones.

        Raises:
            SourceDamaged: If it is not XML.
        """
        data = self.read(name)
        return None if data is None else parse_xml(data, f"{self.path.name}: the part {name}")

    def shared_tree(self, name: str) -> Any | None:
        """Return the tree of a part that many others refer to (a layout, a theme), parsed once; it must not be changed."""
        if name not in self._shared:
            if len(self._shared) >= _MAX_SHARED:
                self._shared.clear()
            self._shared[name] = self.tree(name)
        return self._shared[name]

    def main_part(self, default: str) -> str:
        """Return the name of an Office file's main part; ``default`` where it does not say."""
        links = self.relations("").values()
        return next((link.target for link in links if link.kind == "officeDocument"), default)

    def relations(self, name: str) -> dict[str, Relation]:
        """Return the links of an Office part by their ids."""
        if name not in self._relations:
            folder, base = posixpath.split(name)
            tree = self.tree(posixpath.join(folder, "_rels", f"{base}.rels"))
            found: dict[str, Relation] = {}
            for node in tree.iter(_RELATIONSHIPS) if tree is not None else ():
                target, external = node.get("Target") or "", node.get("TargetMode") == "External"
                if not external:
                    target = join_part(folder, target)
                found[node.get("Id") or ""] = Relation(
                    target, (node.get("Type") or "").rpartition("/")[2], external
                )
            self._relations[name] = found
        return self._relations[name]


def _as_named(name: str) -> str:
    """Return a name for comparison: in any case and Unicode form, and with the separator that Windows has."""
    return unicodedata.normalize("NFC", name.lstrip("/").replace("\\", "/")).lower()


def warn_of_unused(
    archive: Archive,
    context: ReadContext,
    suffixes: Sequence[str] = MEDIA_SUFFIXES,
    *,
    but: Sequence[str] = (),
) -> None:
    """Name the parts that exist and were not read, in one warning."""
    left = archive.unused(suffixes, but=but)
    if left:
        context.on_warning(
            f"{archive.path.name}: {len(left)} part{'s were' if len(left) > 1 else ' was'} not read, as no page"
            f" shows {'them' if len(left) > 1 else 'it'}: {first_of(left)}.",
            "Save what matters of them as files of their own and add those.",
        )


def join_part(folder: str, target: str) -> str:
    """Return the name of the part that a link in ``folder`` leads to."""
    target = unquote(target).partition("#")[0].replace("\\", "/")
    joined = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
    return posixpath.normpath(joined)


def parse_xml(data: bytes, called: str, **more: Any) -> Any:
    """Return an XML tree; entities from outside are not followed.

    Args:
        data: The document.
        called: What errors call it.
        more: Further options of ``lxml.etree.XMLParser``, or other values of those that are set here and in
            :func:`xmrag_plugin._xml.parse`.

    Raises:
        SourceDamaged: If nothing of it can be parsed.
    """
    if b"purl.oclc.org" in data[:4096]:
        data = _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/\2", data)
    try:
        root = _xml.parse(data, **{"huge_tree": True, **more})
    except ValueError as error:
        raise SourceDamaged(f"{called} is not XML: {error}.", hint="Save the document again.") from error
    if root is None:
        raise SourceDamaged(f"{called} is not XML.", hint="Save the document again.")
    return root


def archive_kind(path: Path) -> str:
    """Return ``docx``, ``pptx``, ``xlsx``, ``odt``, ``ods``, ``odp``, ``odg``, ``epub``; ``""`` for other files."""
    try:
        status = os.stat(path)
    except OSError:
        return ""
    return _kind(str(path), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _kind(path: str, size: int, mtime_ns: int) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                mime = archive.read("mimetype").decode("ascii", "ignore").strip()
                if mime == "application/epub+zip":
                    return "epub"
                if mime.startswith(_ODF):
                    return _ODF_KINDS.get(re.split(r"[-.]", mime[len(_ODF) :])[0], "")
            if "META-INF/container.xml" in names and any(name.endswith(".opf") for name in names):
                return "epub"
            for name in names:
                stem = name.lower().replace("\\", "/").rpartition(".")[0].rstrip("0123456789")
                if stem in _MAIN_PARTS and name.lower().endswith(".xml"):
                    return _MAIN_PARTS[stem]
            return _kind_of_relations(archive, names)
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError):
        return ""


def _kind_of_relations(archive: zipfile.ZipFile, names: list[str]) -> str:
    """Return the kind by the content types, as some programs name the main part differently."""
    if "[Content_Types].xml" not in names or archive.getinfo("[Content_Types].xml").file_size > 1 << 20:
        return ""
    types = archive.read("[Content_Types].xml")
    main = re.search(
        rb"(?:wordprocessingml\.document|presentationml\.presentation|spreadsheetml\.sheet)\.main", types
    )
    return {b"w": "docx", b"p": "pptx", b"s": "xlsx"}[main[0][:1]] if main is not None else ""
