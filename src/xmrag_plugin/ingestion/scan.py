r"""Find the files that an ``add`` is about, name them, and take fingerprints of their bytes.

Names are bytes to the system and text to everything else: what is no UTF-8 in them is written ``\\xNN``, and
:func:`path_of` leads back.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..errors import ReadError, SourceMissing, SourceTooLarge, SourceUnsupported, XmragError
from ..types import FileFailure

__all__ = ["Found", "fingerprint_file", "path_of", "scan", "text_of"]

_BLOCK = 1 << 20
_SPARSE_BYTES = 1 << 30
_SPECIAL = "no regular file"
_OF_SYSTEMS = ("desktop.ini", "thumbs.db")
_TEMPORARY = ("~", ".swp", ".part", ".crdownload")
"""Ends of names of what editors and browsers keep for a while; Office's begin with ``~$``."""

_ESCAPED = re.compile(rb"\\x([89a-f][0-9a-f])")


def text_of(path: str | os.PathLike[str]) -> str:
    r"""Return a path as text that can be stored and shown; bytes that are no UTF-8 become ``\xNN``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def path_of(text: str) -> Path:
    """Return the path that :func:`text_of` made a text of."""
    path = Path(text)
    if "\\x" not in text or os.path.lexists(path):
        return path
    return Path(os.fsdecode(_ESCAPED.sub(lambda code: bytes.fromhex(code[1].decode()), text.encode())))


@dataclass
class Found:
    """A file that an ``add`` came upon.

    Attributes:
        path: Where it is, absolute.
        root: The folder that was added, absolute.
    """

    path: Path
    root: Path

    @cached_property
    def source(self) -> str:
        """Return its path relative to the folder that was added, POSIX, as text."""
        return text_of(self.path.relative_to(self.root).as_posix())

    @cached_property
    def key(self) -> str:
        """Return its absolute path as text, by which the catalog knows it."""
        return text_of(self.path)


def scan(
    paths: Sequence[Path | Found],
    *,
    knowledge_base: Path,
    ignored: dict[str, int],
    follow_links: bool = False,
) -> Iterator[Found | FileFailure]:
    """Yield the files below ``paths``, each once, folders in order of name.

    Hidden files, pipes, sockets and devices, and folders of knowledge bases, of Chroma and of installed packages
    (``node_modules``, ``__pycache__``, virtual environments) are left out and counted, unless they are named themselves.
    A path that is missing, a folder that cannot be listed, and a link that leads out of its folder come as
    failures.

    Args:
        paths: Files and folders, and files that are known by their root.
        knowledge_base: Its folder.
        ignored: Counts of what was left out, by reason; added to.
        follow_links: Whether symbolic links may lead out of the folder that is added.
    """
    walk = _Walk(knowledge_base, follow_links)
    for item in paths:
        if isinstance(item, Found):
            yield from walk.once(item)
            continue
        try:
            yield from walk.of(item)
        except (XmragError, OSError) as error:
            yield _failure(text_of(item), error)
    for reason, count in walk.ignored.items():
        ignored[reason] = ignored.get(reason, 0) + count


_OF_PROGRAMS = frozenset({"node_modules", "__pycache__"})
"""Folders that package managers and interpreters fill."""


class _Walk:
    """One walk over what was named."""

    def __init__(self, knowledge_base: Path, follow_links: bool) -> None:
        self.knowledge_base = knowledge_base
        self.follow_links = follow_links
        self.ignored: Counter[str] = Counter()
        self._seen: set[Path] = set()
        self._entered: set[Path] = set()

    def of(self, named: Path) -> Iterator[Found | FileFailure]:
        path = Path(os.path.abspath(named.expanduser()))
        try:
            state = path.stat()
        except (FileNotFoundError, NotADirectoryError) as error:
            here = "" if named.is_absolute() else f"; it is relative to {text_of(Path.cwd())}"
            pattern = (
                any(sign in named.name for sign in "*?[")
                and ", or list what a pattern meets: Path(…).glob(…)"
            )
            raise SourceMissing(
                f"There is no file or folder {text_of(named)!r}.",
                hint=f"Check the path{here}{pattern or ''}.",
            ) from error
        if stat.S_ISDIR(state.st_mode):
            yield from self._folder(path)
        elif not stat.S_ISREG(state.st_mode):
            raise SourceUnsupported(
                f"{text_of(named)} is a pipe, a socket or a device, and is not read.", hint="Name a file."
            )
        else:
            yield from self.once(Found(path, path.parent))

    def once(self, found: Found) -> Iterator[Found]:
        if found.path not in self._seen:
            self._seen.add(found.path)
            yield found

    def _folder(self, root: Path) -> Iterator[Found | FileFailure]:
        failures: list[OSError] = []
        inside = os.path.join(os.path.realpath(root), "")
        for folder, folders, names in os.walk(root, onerror=failures.append, followlinks=True):
            kept = []
            for name in sorted(folders):
                path = Path(folder, name)
                if reason := self._reason_to_skip(path):
                    self.ignored[reason] += 1
                elif self._leads_out(path, inside) and not self.follow_links:
                    yield _leads_out(path, root)
                elif self._is_entered(path, inside):
                    kept.append(name)
            folders[:] = kept
            for name in sorted(names):
                path = Path(folder, name)
                if name.startswith(".") or name.lower() in _OF_SYSTEMS:
                    self.ignored["hidden"] += 1
                elif name.startswith("~$") or name.lower().endswith(_TEMPORARY):
                    self.ignored["temporary"] += 1
                elif self._leads_out(path, inside) and not self.follow_links:
                    yield _leads_out(path, root)
                elif _is_special(path):
                    self.ignored[_SPECIAL] += 1
                else:
                    yield from self.once(Found(path, root))
        for error in failures:
            yield _failure(text_of(error.filename or root), error)

    def _reason_to_skip(self, folder: Path) -> str:
        """Say why a folder is not entered; ``""`` if it is."""
        if folder == self.knowledge_base:
            return "knowledge base"
        if (folder / "manifest.json").is_file() and (folder / "catalog.sqlite").is_file():
            return "knowledge base"
        if folder.name in _OF_PROGRAMS or (folder / "pyvenv.cfg").is_file():
            return "program files"
        if (folder / "chroma.sqlite3").is_file():
            return "database"
        return "hidden" if folder.name.startswith(".") else ""

    @staticmethod
    def _leads_out(path: Path, inside: str) -> bool:
        return path.is_symlink() and not os.path.join(os.path.realpath(path), "").startswith(inside)

    def _is_entered(self, folder: Path, inside: str) -> bool:
        """Return whether to enter a folder: a link only where it leads out, and each such place once."""
        if not folder.is_symlink():
            return True
        place = Path(os.path.realpath(folder))
        fresh = self._leads_out(folder, inside) and place not in self._entered
        self._entered.add(place)
        return fresh and place not in Path(inside).parents  # which would lead back in


def _leads_out(path: Path, root: Path) -> FileFailure:
    return FileFailure(
        text_of(path.relative_to(root).as_posix()),
        f"It is a link to {text_of(os.path.realpath(path))}, outside the folder that was added, and was not followed.",
        "Add it with --follow-links (follow_links=True), or add what it leads to.",
    )


def _is_special(path: Path) -> bool:
    """Return whether something is there that is no file: a pipe, a socket, a device."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False  # reading it says what is wrong


def _failure(source: str, error: XmragError | OSError) -> FileFailure:
    if isinstance(error, XmragError):
        return FileFailure(source, error.message, error.hint)
    return FileFailure(source, f"It cannot be listed: {error.strerror or error}.", "Check its permissions.")


def fingerprint_file(path: Path) -> tuple[str, os.stat_result]:
    """Return the sha256 of a file's bytes and its state when they were read.

    Raises:
        SourceMissing: If it is gone.
        SourceUnsupported: If it is no regular file.
        SourceTooLarge: If it is all but empty in spite of its length.
        ReadError: If it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        # Not to block should it have become a pipe since it was found.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as stream:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                raise SourceUnsupported(
                    f"{text_of(path)} is no regular file.", hint="Save its content as a file."
                )
            if state.st_size > _SPARSE_BYTES and getattr(state, "st_blocks", 1 << 60) * 51200 < state.st_size:
                raise SourceTooLarge(
                    f"{text_of(path)} is {state.st_size:,} bytes long and holds next to none.",
                    hint="Remove it: it is a sparse file.",
                )
            left = state.st_size
            while left > 0 and (block := stream.read(min(_BLOCK, left))):
                digest.update(block)
                left -= len(block)
    except FileNotFoundError as error:
        raise SourceMissing(
            f"There is no file {text_of(path)} any more.", hint="Add it again when it is there."
        ) from error
    except OSError as error:
        raise ReadError(
            f"{text_of(path)} cannot be read: {error.strerror or error}.",
            hint="Check the file's permissions.",
        ) from error
    return digest.hexdigest(), state
