"""Links as documents write them, resolved to files or bytes: the one resolver of names of all readers."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from ....errors import PictureError
from ....images.intake import decode_data_uri, fetch_picture
from ....types import Picture
from ...context import ReadContext
from .decoding import decode

__all__ = ["PictureLinks", "Resolver", "tell_of_includes"]

Resolver = Callable[[str], "bytes | Path | None"]
"""Find what a link means inside a container (a mail's ``cid:``, an archive's part); None if it is not there."""

_FETCH_TIMEOUT_S = 20
_MAX_FILES = 200_000
_MAX_NAMED = 5
_MAX_INCLUDED = 8 << 20
_SHOWN_FOLDERS = frozenset({".attachments", ".gitbook", ".vitepress", ".vuepress"})
"""Folders with a dot whose pictures pages show."""
_ADDED_SUFFIXES = ("", ".png", ".jpg", ".jpeg", ".pdf", ".svg", ".webp", ".gif")
"""What TeX adds to a name without a suffix; a name that has one is found as it is first."""


class PictureLinks:
    r"""Find the pictures that one document links to.

    A name is looked for beside the document, then from the added root, then by its last parts below the root
    where they are unique; percent-encoded or as written, in any case and Unicode form. What leads out of
    the root is named and left, by symbolic links too unless ``context.follow_links`` is set.

    Args:
        document: The document's file; links are relative to its folder. None when it is nowhere.
        context: The root; ``on_dependency`` is told each file used, ``on_skip`` and ``on_warning`` what cannot be
            had.
        resolve: Asked first, for documents inside a container.
        base: The document's ``<base href>``, if any.
        name: What warnings call the document; its file name by default.
        folders: Where the document says that its pictures lie (``imagesdir``, ``\graphicspath``).
    """

    def __init__(
        self,
        document: Path | None,
        context: ReadContext,
        *,
        resolve: Resolver | None = None,
        base: str = "",
        name: str = "",
        folders: Sequence[str] = (),
    ) -> None:
        self.document = document
        self.context = context
        self.resolve = resolve
        self.base = base
        self.name = name or (document.name if document is not None else "The document")
        self._folders = folders
        self._outside = False

    def find(self, candidates: Sequence[str]) -> Picture | None:
        """Find the first of several links to the same picture that leads to one.

        Returns:
            A picture with ``data`` or ``path`` and ``reference``, or None after the reason was told.
        """
        candidates = [link.strip() for link in candidates if link and link.strip()]
        self._outside = False
        for link in candidates:
            found = self._look_up(link)
            if isinstance(found, Path):
                self.context.on_dependency(found)
                return Picture(path=found, reference=link)
            if found is not None:
                return Picture(data=found, reference="" if link.startswith("data:") else link)
        if candidates:
            self._report(candidates[0])
        return None

    def reader_of(self, drawing: Path | None) -> Callable[[str], bytes | None]:
        """Return what reads the pictures that a drawing links to: one in the document, or a file of its own."""
        links = self if drawing is None else PictureLinks(drawing, self.context, name=self.name)

        def read(link: str) -> bytes | None:
            picture = links.find([link])
            if picture is None or picture.path is None:
                return picture.data if picture is not None else None
            return picture.path.read_bytes()

        return read

    def text_of(self, name: str) -> str | None:
        """Return the text of a file below the root, None where there is none or it is beyond reason."""
        found = self._local(name) if self.document is not None else None
        if found is None or found.stat().st_size > _MAX_INCLUDED:
            return None
        self.context.on_dependency(found)
        return decode(found.read_bytes()).text

    def has(self, name: str) -> bool:
        """Return whether a file below the root has this name, with or without the suffix of the document."""
        suffix = self.document.suffix if self.document is not None else ""
        return any(self._local(each) is not None for each in (name, name + suffix))

    def _look_up(self, link: str) -> bytes | Path | None:
        if link[:5].lower() == "data:":
            try:
                return decode_data_uri(link) or None
            except PictureError:
                return None
        if self.resolve is not None:
            found = self.resolve(link)
            if found is not None:
                return found
        if is_remote(link):
            return self._fetch(link)
        local = self._local(link) if self.document is not None else None
        if local is None and is_remote(self.base):
            return self._fetch(urljoin(self.base, link))
        return local

    def _report(self, link: str) -> None:
        shown = repr(link[:200])
        if link[:5].lower() == "data:":
            reason = "damaged"
            told = ("an embedded picture (data URI) cannot be decoded.", "Export the page again.")
        elif is_remote(link) or is_remote(self.base):
            self.context.on_skip("remote")
            return
        elif self._outside:
            reason = "outside"
            told = (
                f"the link {shown} leads out of the added folder and was not followed.",
                "Put the file below the folder that is added, or add a folder that holds both.",
            )
            if self.context.root is None:
                told = (
                    f"the link {shown} leads out of the document's folder and was not followed.",
                    "Name a folder that holds both: CrossModalReader.file_extractor(root=…).",
                )
        else:
            reason = "missing"
            told = (f"the linked picture {shown} is not there.", "Put the file where the link points.")
        self.context.on_skip(reason)
        self.context.on_warning(f"{self.name}: {told[0]}", told[1])

    def _local(self, link: str) -> Path | None:
        """Return the file below the root that a link names, None when there is none."""
        if self.document is None:
            return None
        beside = self.document.parent
        root = self.context.root if self.context.root is not None else beside
        base = "" if is_remote(self.base) else unquote(urlsplit(self.base).path).rpartition("/")[0]
        names = [form for name in _spellings(link) for form in _forms(name)]
        for name in names:
            absolute = name.startswith("/") or re.match(r"[A-Za-z]:/", name) is not None
            places = [] if absolute else [beside / base.lstrip("/"), beside]
            places += [beside / folder for folder in self._folders if not absolute]
            lexical = Path(os.path.abspath(Path(name) if absolute else beside / name))
            self._outside = self._outside or not lexical.is_relative_to(os.path.abspath(root))
            for place in dict.fromkeys([*places, root, *([Path("/")] if absolute else [])]):
                found = self._inside(
                    _file_below(place, name.lstrip("/") if place != Path("/") else name), root
                )
                if found is not None:
                    return found
        below = _names_below(root)
        for name in names:
            only = _only_file(name, below)
            if only is not None:
                return self._inside(only, root)
        return None

    def _inside(self, path: Path | None, root: Path) -> Path | None:
        """Return a file as it is known on disk, if it lies below the root."""
        if path is None:
            return None
        plain = Path(os.path.abspath(path)) if self.context.follow_links else path.resolve()
        top = Path(os.path.abspath(root)) if self.context.follow_links else root.resolve()
        if plain.is_relative_to(top):
            return path.resolve()
        self._outside = True
        return None

    def _fetch(self, url: str) -> bytes | None:
        if not self.context.allow_fetch:
            return None
        try:
            return fetch_picture(url, allow_fetch=True, timeout_s=_FETCH_TIMEOUT_S)
        except PictureError as error:
            self.context.on_warning(f"{self.name}: {error.message}", error.hint)
            return None


def tell_of_includes(names: Iterable[str], document: Path, context: ReadContext) -> None:
    """Name what a document includes and what is not below the added folder; the rest are documents of their own."""
    links = PictureLinks(document, context)
    lost = [name for name in dict.fromkeys(names) if not is_remote(name) and not links.has(name)]
    if lost:
        more = f" and {len(lost) - _MAX_NAMED} more" if len(lost) > _MAX_NAMED else ""
        context.on_warning(
            f"{document.name}: what it includes is not below the added folder: {', '.join(lost[:_MAX_NAMED])}{more}.",
            "Put the files there: each is read as a document of its own.",
        )


def is_remote(link: str) -> bool:
    """Return whether a link leads to the network."""
    return link[:8].lower().startswith(("http://", "https://", "//", "ftp://"))


def _spellings(link: str) -> list[str]:
    """Return a local link as paths: percent-decoded, without query and fragment, then as it stands."""
    if link[:7].lower() == "file://":
        return [unquote(urlsplit(link).path)]
    plain = link.replace("\\", "/")
    short = re.split(r"[?#]", plain, maxsplit=1)[0]
    decoded = [unquote(short).replace("\\", "/"), unquote(plain).replace("\\", "/")]
    spelt = [decoded[0], short, decoded[1], plain, unquote(short)]
    return [spelling for spelling in dict.fromkeys(spelt) if spelling and "\0" not in spelling]


def _forms(name: str) -> list[str]:
    """Return the names of files that a link may mean; of PostScript first what TeX or a person made of it."""
    if re.search(r"\.(?:eps|ps)$", name, re.I):
        stem = name.rpartition(".")[0]
        made = (f"{stem}{suffix}" for suffix in ("-eps-converted-to.pdf", *_ADDED_SUFFIXES[1:]))
        return [*made, name]
    if re.search(r"\.\w{2,5}$", name):
        return [name]
    return [f"{name}{suffix}" for suffix in _ADDED_SUFFIXES]


def _file_below(folder: Path, reference: str) -> Path | None:
    """Return the file, by its exact name or by one that differs in case or Unicode form alone."""
    try:
        exact = folder / reference
        if exact.is_file():
            return exact
    except (OSError, ValueError):
        return None
    here = folder
    for part in reference.split("/"):
        if part in ("", "."):
            continue
        name = part if part == ".." else _listing(here, _changed(here)).get(_folded(part))
        if name is None:
            return None
        here = here / name
    return here if here.is_file() else None


@lru_cache(maxsize=256)
def _listing(folder: Path, changed: int) -> dict[str, str]:
    try:
        return {_folded(entry.name): entry.name for entry in folder.iterdir()}
    except OSError:
        return {}


def _changed(folder: Path) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


def _only_file(name: str, below: dict[str, list[Path]]) -> Path | None:
    """Return the one file whose path ends like a name, by as many of its parts as any file has."""
    parts = tuple(_folded(part) for part in name.split("/") if part not in ("", ".", ".."))
    for length in range(len(parts), 0, -1):
        same = below.get(parts[-1], [])
        ends = [path for path in same if tuple(map(_folded, path.parts[-length:])) == parts[-length:]]
        if ends:
            return ends[0] if len(ends) == 1 else None
    return None


def _names_below(root: Path) -> dict[str, list[Path]]:
    """Return the files below a folder by name; kept as long as none of its folders changes."""
    kept = _KNOWN_ROOTS.get(root)
    if kept is not None and all(_changed(folder) == changed for folder, changed in kept[0].items()):
        return kept[1]
    folders: dict[Path, int] = {}
    names: dict[str, list[Path]] = {}
    for path in _walk(root, folders):
        names.setdefault(_folded(path.name), []).append(path)
    _KNOWN_ROOTS.clear()
    _KNOWN_ROOTS[root] = (folders, names)
    return names


_KNOWN_ROOTS: dict[Path, tuple[dict[Path, int], dict[str, list[Path]]]] = {}


def _walk(root: Path, folders: dict[Path, int]) -> Iterator[Path]:
    count = 0
    for folder, below, names in os.walk(root):
        folders[Path(folder)] = _changed(Path(folder))
        below[:] = sorted(name for name in below if not name.startswith(".") or name in _SHOWN_FOLDERS)
        for name in sorted(names):
            count += 1
            if count > _MAX_FILES:
                return
            yield Path(folder, name)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
