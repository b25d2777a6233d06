"""Files into elements: the seam that every reader fits, and the choice of a reader by content.

A reader is one module of this folder with one subclass of :class:`Reader`; it is named in
:data:`MODULES` and imported when a file is first looked at. Third parties add one through the entry
point group ``xmrag_plugin.readers`` (a :class:`Reader` subclass), and theirs are asked first.

Example:
    >>> from pathlib import Path
    >>> for element in read_file(Path("page.md"), ReadContext()):   # doctest: +SKIP
    ...     print(element.kind, element.text)
"""

from __future__ import annotations

import dataclasses
import importlib
import logging
import os
import re
import stat
import tempfile
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from ..errors import (
    ReadError,
    SourceChanged,
    SourceDamaged,
    SourceEncrypted,
    SourceMissing,
    SourceTooLarge,
    SourceUnsupported,
    XmragError,
)
from ..types import Element
from .archives import archive_kind
from .context import ReadContext, ReadOptions, accept_picture, accept_sole_picture
from .gibberish import without_gibberish

__all__ = [
    "HEAD_BYTES",
    "MODULES",
    "ArchiveReader",
    "ReadContext",
    "ReadOptions",
    "Reader",
    "TextReader",
    "accept_picture",
    "accept_sole_picture",
    "find_reader",
    "guard",
    "known_readers",
    "looks_textual",
    "read_bytes",
    "read_file",
    "read_inside",
    "reader_suffixes",
]

MODULES: tuple[str, ...] = (
    "media.image", "pdf.reader", "office.docx", "office.pptx", "office.xlsx", "office.odf", "markup.epub",
    "media.svg", "office.rtf", "mail.mailbox", "mail.email", "mail.outlook", "data.personal", "markup.notebook", "markup.canvas", "data.json",
    "markup.asciidoc", "markup.restructured_text", "data.csv", "media.audio", "media.video", "markup.html",
    "markup.feeds", "markup.xml_document", "markup.markdown", "media.subtitle", "markup.latex", "office.legacy", "bundle", "plain",
)  # fmt: skip
"""Modules of this folder that hold a reader, in the order in which they are asked."""

_MAX_DEPTH = 4
_COST_OF_EMBEDDED = 20  # files in documents, unlike those in an archive of files, come by the dozen at most
HEAD_BYTES = 8192
"""How much of a file's beginning :meth:`Reader.sniff` is given."""

_log = logging.getLogger("xmrag_plugin.readers")


class Reader(ABC):
    """Read one kind of file.

    Attributes:
        name: Short name, as in reports: ``markdown``.
        version: Raised whenever what it yields changes, so that stored sources are read again.
        suffixes: Lower-case file suffixes with their dots.
        extra: The extra of ``xmrag-plugin`` that installs what it needs, or None.
        textual: Whether its files are text. Readers of text are asked after the others, because
            most of them know their files by the suffix alone.
        self_contained: Whether it opens nothing but the file itself, so that a copy of the file alone is read
            just so on another machine.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    suffixes: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str | None] = None
    textual: ClassVar[bool] = False
    self_contained: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Return whether the content is this reader's kind, whatever the file is called.

        Args:
            head: The first :data:`HEAD_BYTES` bytes.
            path: The file, for readers that must look further (archives). Readers of text may also
                trust its suffix, when ``head`` :func:`looks_textual`.
        """

    @abstractmethod
    def read(self, path: Path, context: ReadContext) -> Iterator[Element]:
        """Yield the file's elements in reading order, one by one.

        Raises:
            ReadError: If the file cannot be read; nothing of it is kept then.
        """


class TextReader(Reader):
    """Read one kind of text, which is known by its suffix alone."""

    textual: ClassVar[bool] = True

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept any text with the suffix."""
        return path.suffix.lower() in cls.suffixes and looks_textual(head)


class ArchiveReader(Reader):
    """Read documents that are zip archives.

    Attributes:
        kinds: What :func:`~.archives.archive_kind` calls them.
    """

    kinds: ClassVar[tuple[str, ...]]

    @classmethod
    def sniff(cls, head: bytes, path: Path) -> bool:
        """Accept a zip archive that holds a document of these kinds."""
        return head.startswith(b"PK") and archive_kind(path) in cls.kinds


@cache
def known_readers() -> tuple[type[Reader], ...]:
    """Return all readers in the order in which they are asked: third parties', binary kinds, text kinds."""
    own: list[type[Reader]] = []
    for name in MODULES:
        module = importlib.import_module(f"{__name__}.{name}")
        own.extend(
            value
            for value in vars(module).values()
            if issubclass(type(value), type)  # Python 3.10 takes an alias such as list[str] for a class
            and issubclass(value, Reader)
            and value.__module__ == module.__name__
        )
    every = [*_third_party_readers(), *own]
    return tuple(sorted(every, key=lambda reader: reader.textual))


def _third_party_readers() -> list[type[Reader]]:
    from importlib.metadata import entry_points

    readers: list[type[Reader]] = []
    for point in entry_points(group="xmrag_plugin.readers"):
        try:
            reader = point.load()
            fault: object = "" if issubclass(reader, Reader) else "it is no Reader class"
        except Exception as error:
            fault = error
        if fault:
            _log.warning("Reader %r cannot be loaded: %s. Update or remove its package.", point.value, fault)
        else:
            readers.append(reader)
    return readers


def reader_suffixes() -> dict[str, str]:
    """Return every suffix that some reader claims, with that reader's name."""
    found: dict[str, str] = {}
    for reader in known_readers():
        for suffix in reader.suffixes:
            found.setdefault(suffix, reader.name)
    return found


def find_reader(path: Path) -> Reader:
    """Return the reader for a file: by what it holds first, by its suffix where the content leaves it open.

    Raises:
        SourceMissing: If there is no such file.
        SourceEncrypted: If it is an office file under a password.
        SourceDamaged: If it does not hold what its suffix says, or is empty.
        SourceUnsupported: If no reader knows it; names what would read it.
    """
    head = _read_head(path)
    suffix = path.suffix.lower()
    namesakes = [reader for reader in known_readers() if suffix in reader.suffixes]
    if not head:
        if any(reader.textual for reader in namesakes):  # whatever it is called, it is a text without words
            return known_readers()[-1]()
        raise SourceDamaged(
            f"{path.name} is empty (0 bytes).", hint="Fetch or export it again, or remove it."
        )
    for reader in (*(reader for reader in namesakes if not reader.textual), *known_readers()):
        if _takes(reader, head, path):
            return reader()
    raise _refusal(path, head, namesakes)


def _takes(reader: type[Reader], head: bytes, path: Path) -> bool:
    """Return whether it is a reader's kind; a reader that fails to tell costs itself, not the run."""
    try:
        return reader.sniff(head, path)
    except XmragError:
        raise
    except Exception as error:
        told = "%s: reader %r of %s cannot tell its kind: %r. Update or remove its package."
        _log.warning(told, path.name, reader.name, reader.__module__, error)
        return False


def read_file(
    path: Path, context: ReadContext | None = None, *, reader: Reader | None = None
) -> Iterator[Element]:
    """Read a file: the one gate through which every file comes in.

    Args:
        path: The file.
        context: Limits, and whom to tell.
        reader: The reader that :func:`find_reader` chose before; chosen here by default.

    Yields:
        Its elements in reading order.

    Raises:
        ReadError: If the file cannot be read, in one of its kinds; whatever a library raises on a bad file
            becomes one that names the file.
        SourceChanged: If it was written to meanwhile.
        MissingExtra: If a package that reads it is not installed.
    """
    path = Path(path)
    context = context if context is not None else ReadContext()
    reader = reader if reader is not None else find_reader(path)
    before = _state(path)
    elements = guard(reader.read(path, context), reader.name, path)
    yield from without_gibberish(elements, context, path.name)
    if _state(path) != before:
        raise SourceChanged(f"{path.name} changed while it was read.", hint="Run the command again.")


def guard(elements: Iterator[Element], name: str, path: Path) -> Iterator[Element]:
    """Yield a reader's elements; what a library raises on a bad file becomes a :class:`ReadError` that names it.

    Args:
        elements: What :meth:`Reader.read` returned.
        name: The reader's name.
        path: The file.
    """
    try:
        yield from elements
    except (XmragError, GeneratorExit):
        raise
    except MemoryError as error:
        raise SourceTooLarge(
            f"{path.name} needs more memory than there is.", hint="Split the file."
        ) from error
    except RecursionError as error:
        raise SourceDamaged(
            f"{path.name} is nested too deeply to be read as {name}.",
            hint="Save it in a simpler form, or split it.",
        ) from error
    except FileNotFoundError as error:
        raise SourceMissing(f"{path} is gone.", hint="Add the folder again.") from error
    except PermissionError as error:
        raise ReadError(f"{path} may not be read.", hint="Give yourself read permission.") from error
    except Exception as error:
        raise SourceDamaged(
            f"{path.name} cannot be read as {name}: {type(error).__name__}: {error}.",
            hint="Open it in the program that made it and save it again.",
        ) from error


def read_bytes(data: bytes, name: str, context: ReadContext) -> Iterator[Element]:
    """Read a file that lies inside another one (an attachment), by its bytes and its name.

    Pictures of it come as bytes, and nothing outside of it counts as used by it.

    Raises:
        ReadError: As :func:`read_file` does, and if it lies too deep or what lies inside comes to too much.
    """
    context.budget.take(name, len(data), files=_COST_OF_EMBEDDED)
    with tempfile.TemporaryDirectory(prefix="xmrag-") as folder:
        plain = re.sub(r"[\x00-\x1f]", "", Path(name.replace("\\", "/")).name.lstrip("."))
        suffix = Path(plain).suffix[:20]
        path = Path(folder) / (plain[: 100 - len(suffix)].removesuffix(suffix) + suffix or "attachment")
        path.write_bytes(data)
        yield from read_inside(path, name, context)


def read_inside(path: Path, name: str, context: ReadContext, **changed: Any) -> Iterator[Element]:
    """Read an unpacked file that lies inside another one; its pictures come as bytes.

    Args:
        path: Where it was unpacked.
        name: What it is called inside the other file.
        context: Of the other file.
        changed: Fields of the context that differ for the inner one.

    Raises:
        ReadError: As :func:`read_file` does, and if it lies too deep.
    """
    if context.depth >= _MAX_DEPTH:
        raise SourceUnsupported(
            f"{name} lies in more than {_MAX_DEPTH} files, one inside the other.",
            hint="Unpack it and add it.",
        )
    changed = {"root": None, "on_dependency": _ignore, **changed}
    inner = dataclasses.replace(context, depth=context.depth + 1, **changed)
    for element in read_file(path, inner):
        picture = element.picture
        if picture is not None and picture.path is not None:
            if picture.data is None:
                picture.data = picture.path.read_bytes()
            picture.path = None
            picture.reference = picture.reference or name
        yield element


def _ignore(_path: Path) -> None:
    """Take no note of a file inside another one: it changes with it."""


def looks_textual(head: bytes) -> bool:
    """Return whether bytes are text in some encoding: hardly any control characters, no binary signature."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    if head.startswith(
        (b"%PDF-", b"%!PS", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\x7fELF", b"MZ\x90", b"{\\rtf")
    ):
        return False
    if not head or b"\0" in head:
        return not head or _looks_utf16(head)
    control = sum(1 for byte in head if byte < 32 and byte not in (9, 10, 12, 13, 27))
    return control <= len(head) * 0.002


def _looks_utf16(head: bytes) -> bool:
    """Return whether it is UTF-16 without a mark: every other byte of Latin text is zero."""
    even, odd = head[0::2], head[1::2]
    zeros_even, zeros_odd = even.count(0), odd.count(0)
    mostly, hardly = max(zeros_even, zeros_odd), min(zeros_even, zeros_odd)
    if mostly <= 0.4 * len(odd) or hardly >= 0.02 * len(odd) + 1:
        return False
    text = head.decode("utf-16-le" if zeros_odd >= zeros_even else "utf-16-be", "ignore")
    return not any(character < " " and character not in "\t\n\f\r" for character in text)


def _read_head(path: Path) -> bytes:
    try:
        if not path.is_dir() and not stat.S_ISREG(os.stat(path).st_mode):
            raise SourceUnsupported(
                f"{path} is a pipe, a socket or a device.", hint="Only files are read; name one."
            )
        with path.open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except FileNotFoundError as error:
        raise SourceMissing(f"There is no file {path}.", hint="Check the path.") from error
    except IsADirectoryError as error:
        raise SourceUnsupported(f"{path} is a folder.", hint="Name a file in it.") from error
    except PermissionError as error:
        raise ReadError(f"{path} may not be read.", hint="Give yourself read permission.") from error
    except (OSError, ValueError) as error:
        raise ReadError(f"{path} cannot be opened: {error}.", hint="Check the disk and the path.") from error


def _state(path: Path) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError as error:
        raise SourceChanged(
            f"{path.name} vanished while it was read.", hint="Run the command again."
        ) from error
    return status.st_size, status.st_mtime_ns


def _refusal(path: Path, head: bytes, namesakes: list[type[Reader]]) -> ReadError:
    from .refused import kind_of, remedy_for

    kind = kind_of(head, path)
    if kind == "encrypted office file":
        return SourceEncrypted(
            f"{path.name} is an office file under a password.",
            hint="Save a copy without the password and add that.",
        )
    remedy = remedy_for(kind, path.suffix.lower())
    if namesakes and kind == "zip archive" and not zipfile.is_zipfile(path):
        return SourceDamaged(
            f"{path.name} is a truncated {namesakes[0].name} file.", hint="Fetch or export it again."
        )
    if namesakes and not kind:
        return SourceDamaged(
            f"{path.name} is called {path.suffix} but holds no {namesakes[0].name}"
            f"{' (binary data)' if namesakes[0].textual else ''}; it is damaged or mislabelled.",
            hint="Fetch or export it again, or give it the suffix of what it is.",
        )
    what = kind or (f"a {path.suffix} file" if path.suffix else "a file without a suffix")
    called = f" although it is called {path.suffix}" if namesakes and kind else ""
    return SourceUnsupported(f"{path.name}: no reader knows this kind of file ({what}{called}).", hint=remedy)
