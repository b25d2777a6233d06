"""Archives of documents (ZIP, TAR, compressed or not) read as the folder that they were."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from ..errors import SourceDamaged, SourceEncrypted, SourceUnsupported, XmragError
from ..images.decode import RASTER_SUFFIXES
from ..text.listing import first_of
from ..types import Element
from . import ReadContext, Reader, read_inside
from .archives import archive_kind
from .member_names import member_names

__all__ = ["BundleReader"]

_COMPRESSED: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}
_TAR_MARK = slice(257, 262)
_BLOCK = 1 << 20
_UNPACKING_ERRORS = (OSError, EOFError, ValueError, zipfile.BadZipFile, lzma.LZMAError, zlib.error)
_SUFFIXES = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz")
_PROGRAMS = frozenset((
    ".3mf", ".apk", ".docm", ".docx", ".dotx", ".epub", ".ipa", ".jar", ".key", ".kmz", ".numbers", ".nupkg", ".odp",
    ".ods", ".odt", ".ova", ".pages", ".potx", ".pptm", ".pptx", ".sketch", ".vsdx", ".whl", ".xlsm", ".xlsx", ".xltx",
    ".xpi",
))  # fmt: skip
"""Suffixes of zip files that a program reads as a whole, or that are documents when they are intact."""

Member = tuple[str, Callable[[], Any]]


class BundleReader(Reader):
    """Read every document in an archive; links between its files are followed inside it."""

    name: ClassVar[str] = "archive"
    version: ClassVar[int] = 2
    self_contained: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = _SUFFIXES

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept a zip file that is no document itself, a tar file, or a compressed one."""
        if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            packed = path.suffix.lower() in _PROGRAMS or archive_kind(path) != ""
            return not packed and zipfile.is_zipfile(path)
        if head[_TAR_MARK] == b"ustar":
            return True
        return path.suffix.lower() in _SUFFIXES and head.startswith(tuple(_COMPRESSED))

    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the elements of each file under a heading with its name, in the order of the names.

        Raises:
            SourceEncrypted: If it is under a password.
            SourceDamaged: If it cannot be unpacked.
            SourceTooLarge: If it unpacks to more than there may be.
        """
        with tempfile.TemporaryDirectory(prefix="xmrag-") as folder:
            root = Path(folder).resolve()
            try:
                names = _unpack(path, root, context)
            except (*_UNPACKING_ERRORS, RuntimeError, tarfile.TarError) as error:
                if "password" in str(error):
                    raise SourceEncrypted(
                        f"{path.name} is under a password.", hint="Unpack it and add the folder."
                    ) from error
                raise SourceDamaged(
                    f"{path.name} cannot be unpacked: {error}.", hint="Fetch or export it again."
                ) from error
            yield from _elements(names, root, path, context)


def _elements(names: list[str], root: Path, path: Path, context: ReadContext) -> Iterator[Element]:
    """Read documents before pictures: a picture that a document shows is not read again."""
    used: set[Path] = set()
    refused: list[str] = []
    for name in sorted(names, key=lambda name: (PurePosixPath(name).suffix.lower() in RASTER_SUFFIXES, name)):
        inner = root / name
        if inner in used:
            continue
        named = False
        try:
            for element in read_inside(inner, name, context, root=root, on_dependency=used.add):
                if not named:
                    yield Element(kind="heading", text=name, level=1, metadata={"attachment": name})
                named = True
                element.metadata.setdefault("attachment", name)
                yield element
        except SourceUnsupported:
            refused.append(name)
        except XmragError as error:
            if context.budget.spent:
                raise
            context.on_warning(f"{path.name}: {name} was not read: {error.message}", error.hint)
    if refused:
        context.on_warning(
            f"{path.name}: {len(refused)} files in it are of kinds that no reader knows: {first_of(refused)}.",
            "Convert what matters of them to PDF, HTML or Markdown.",
        )


def _unpack(path: Path, root: Path, context: ReadContext) -> list[str]:
    """Unpack into a folder; return the names of the files, without links, hidden files and what leads out of it.

    A file that cannot be unpacked (a name too long for this system, a wrong checksum) costs itself only.
    """
    names: list[str] = []
    outside: list[str] = []
    faults: dict[str, Exception] = {}
    for name, opened in _members(path):
        parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", ".")]
        if ".." in parts:
            outside.append(name[:60])
            continue
        if not parts or any(part.startswith(".") or part == "__MACOSX" for part in parts):
            continue
        target = root.joinpath(*parts)
        context.budget.take(path.name, 0)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with opened() as source, target.open("wb") as made:
                while block := source.read(_BLOCK):
                    context.budget.take(path.name, len(block), files=0)
                    made.write(block)
        except (*_UNPACKING_ERRORS, RuntimeError) as error:  # the latter for a file under a password
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            faults["/".join(parts)] = error
            continue
        names.append("/".join(parts))
    if outside:
        context.on_warning(
            f"{path.name}: {len(outside)} files in it would lie outside of it, and were left: {first_of(outside)}.",
            "Unpack it with another program, and add what matters of it.",
        )
    if faults and not names:
        raise next(iter(faults.values()))
    if faults:
        shown = first_of([name[:60] for name in faults])
        context.on_warning(
            f"{path.name}: {len(faults)} files in it cannot be unpacked: {shown}.",
            "Unpack it with another program, and add the folder.",
        )
    return list(dict.fromkeys(names))


def _members(path: Path) -> Iterator[Member]:
    with path.open("rb") as file:
        head = file.read(512)
    if head.startswith(b"PK"):
        with zipfile.ZipFile(path) as archive:
            meant = member_names(archive.infolist())
            for info in archive.infolist():
                if not info.is_dir() and (info.external_attr >> 28) != 0xA:  # no symbolic link
                    yield meant[info.filename], lambda info=info: archive.open(info)  # type: ignore[misc]
        return
    opener = next((opener for mark, opener in _COMPRESSED.items() if head.startswith(mark)), None)
    if head[_TAR_MARK] == b"ustar" or (opener is not None and _holds_tar(path, opener)):
        with tarfile.open(path) as tar:
            for member in tar:
                if member.isfile():
                    yield member.name, lambda member=member: tar.extractfile(member)  # type: ignore[misc]
    elif opener is not None:
        yield path.stem, lambda: opener(path)


def _holds_tar(path: Path, opener: Callable[..., Any]) -> bool:
    with opener(path) as stream:
        return bool(stream.read(512)[_TAR_MARK] == b"ustar")
