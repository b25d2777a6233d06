"""What ``add`` takes, checked before any file is touched: options of readers, metadata, files that are no files."""

from __future__ import annotations

import difflib
import filecmp
import math
import os
import re
import shutil
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from ..errors import UsageError
from ..storage.knowledge_base import KnowledgeBase
from ..types import Key
from .scan import Found

__all__ = [
    "UPLOADS",
    "Addable",
    "as_sources",
    "check_metadata",
    "check_options",
    "keep_upload",
    "parse_metadata",
]

UPLOADS = "uploads"
"""Folder of a knowledge base that holds what was added from memory, so that it can be read again."""

_Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
Addable = _Source | Iterable[_Source]
"""What may be added: a path, or the bytes of a file, or a stream of them; or several, such as ``Path(…).glob(…)``."""

_OPTIONS: dict[str, tuple[type, ...]] = {
    "pages": (bool,),
    "hidden": (bool,),
    "password": (str,),
    "min_picture_px": (int,),
    "max_picture_px": (int,),
    "pdf_parser": (str,),
    "allow_fetch": (bool,),
    "keep_sound": (bool,),
    "follow_links": (bool,),
}
_LINK = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_RESERVED = frozenset(value for name, value in vars(Key).items() if name.isupper() and isinstance(value, str))


def check_options(options: Mapping[str, Any], jobs: int | None, engine: str = "local") -> dict[str, Any]:
    """Return the options of readers that are set.

    Raises:
        UsageError: For a name that is no option, or a value of the wrong kind.
    """
    for name, value in options.items():
        if name not in _OPTIONS:
            close = difflib.get_close_matches(
                name, [*_OPTIONS, "metadata", "prune", "jobs", "progress", "name", "engine"], 1
            )
            meant = f"Did you mean {close[0]!r}? " if close else ""
            raise UsageError(
                f"add takes no option {name!r}.", hint=f"{meant}Known: {', '.join(sorted(_OPTIONS))}."
            )
        kinds = _OPTIONS[name]
        is_number = isinstance(value, int) and not isinstance(value, bool)
        fits = is_number and value > 0 if kinds == (int,) else isinstance(value, kinds)
        if value is not None and not fits:
            wanted = {bool: "true or false", str: "a string", int: "a whole number above 0"}[kinds[0]]
            raise UsageError(f"The option {name!r} is {value!r}.", hint=f"Give {wanted}.")
    if jobs is not None and (not isinstance(jobs, int) or isinstance(jobs, bool) or jobs < 1):
        raise UsageError(f"The option 'jobs' is {jobs!r}.", hint="Give a whole number above 0.")
    if engine not in ("local", "ray"):
        raise UsageError(f"The option 'engine' is {engine!r}.", hint="Give 'local' or 'ray'.")
    return {name: value for name, value in options.items() if value is not None}


def check_metadata(metadata: Mapping[str, Any]) -> dict[str, str | int | float | bool]:
    """Return a user's metadata as flat values; dates as ISO 8601, which compares as it is written.

    Raises:
        UsageError: For a name that this package gives a meaning of its own, or a value that is not flat.
    """
    if not isinstance(metadata, Mapping):
        raise UsageError(
            f"metadata is a {type(metadata).__name__}.", hint='Give a mapping, such as {"author": "Ada"}.'
        )
    flat: dict[str, str | int | float | bool] = {}
    for name, value in metadata.items():
        if not isinstance(name, str) or not name or name.startswith("_"):
            raise UsageError(
                f"{name!r} is no name for metadata.", hint="Give a word that begins with a letter."
            )
        if name in _RESERVED:
            raise UsageError(
                f"The metadata {name!r} have a meaning of their own here.",
                hint="Choose another name for yours.",
            )
        if isinstance(value, date):  # datetime among them
            flat[name] = value.isoformat()
        elif isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
            flat[name] = value
        elif value is not None:
            raise UsageError(
                f"The metadata {name!r} are {value!r}.",
                hint="Give a string, a number, true or false, or a date.",
            )
    return flat


def parse_metadata(pairs: list[str]) -> dict[str, str | int | float | bool]:
    """Return metadata that were written as ``key=value``; what reads as a number, ``true`` or ``false`` is one.

    Raises:
        UsageError: If one is not of that form, or :func:`check_metadata` refuses it.
    """
    values: dict[str, Any] = {}
    for pair in pairs:
        name, is_pair, text = pair.partition("=")
        if not is_pair or not name.strip():
            raise UsageError(f"{pair!r} is no metadata.", hint="Write --metadata key=value.")
        values[name.strip()] = _parsed(text.strip())
    return check_metadata(values)


def _parsed(text: str) -> str | int | float | bool:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        # "007", "1_000" and "nan" are words that a number would not give back.
        if str(value) == text:
            return value
    return text


def as_sources(kb: KnowledgeBase, items: Sequence[Any], name: str | None) -> list[Path | Found]:
    """Return what was given to ``add`` as paths; what comes from memory is kept in the knowledge base.

    Raises:
        UsageError: If something is neither, or a link, or a name is given to what has one, or to several.
    """
    items = [each for item in items for each in (item if _is_several(item) else [item])]
    is_path = [isinstance(item, str | os.PathLike) for item in items]
    if name is not None and (all(is_path) or len(items) > 1):
        raise UsageError(
            "A name was given to what has one, or to several sources.",
            hint="Name bytes or a stream, one at a time.",
        )
    for item in items:
        if isinstance(item, str) and _LINK.match(item) and not os.path.lexists(item):
            raise UsageError(
                f"{item!r} is a link, and links are not followed.",
                hint="Fetch it yourself and name the file, or give its bytes: add(data, name='page.html').",
            )
    paths: list[Path | Found] = []
    for item, has_path in zip(items, is_path, strict=True):
        paths.append(Path(os.fsdecode(item)) if has_path else keep_upload(kb, item, name))
    return paths


def _is_several(item: Any) -> bool:
    """Whether it is a list or an iterator of things to add; a stream is one thing, though it has lines."""
    one = (str, os.PathLike, bytes, bytearray, memoryview, Mapping)
    return (
        isinstance(item, Iterable)
        and not isinstance(item, one)
        and not any(hasattr(item, name) for name in ("read", "file"))
    )


def keep_upload(kb: KnowledgeBase, data: Any, name: str | None) -> Found:
    """Write bytes, or a stream of them, into the knowledge base's folder of uploads, and return where.

    Args:
        kb: The knowledge base; its writer's lock must be held.
        data: Bytes, or a stream with ``read``; an upload with ``file`` and ``filename`` is one too.
        name: What the source is called; a stream's own name by default.

    Raises:
        UsageError: If there is no name, or it leads elsewhere, or it is no bytes.
    """
    filename = getattr(data, "filename", None)
    stream = data.file if filename and hasattr(data, "file") else data
    own = filename or getattr(stream, "name", None)
    name = name or (os.path.basename(own) if isinstance(own, str) else None)
    if not name:
        raise UsageError(
            "What is added from memory has no name.", hint='Give one, such as add(data, name="report.pdf").'
        )
    place = PurePosixPath(name.replace("\\", "/"))
    if place.is_absolute() or ".." in place.parts or not place.name or "\0" in name:
        raise UsageError(f"{name!r} is no name for a source.", hint='Give one such as "report.pdf".')
    root = kb.path / UPLOADS
    path = root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as target:
            shutil.copyfileobj(_stream_of(stream), target)
        if path.is_file() and filecmp.cmp(temporary, path, shallow=False):
            return Found(path, root)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return Found(path, root)


def _stream_of(data: Any) -> Any:
    if isinstance(data, bytes | bytearray | memoryview):
        return BytesIO(data)
    probe = data.read(0) if hasattr(data, "read") else None
    if not isinstance(probe, bytes):
        raise UsageError(
            f"A {type(data).__name__} cannot be added.",
            hint="Give a path, bytes, or a stream opened for reading in binary mode.",
        )
    return data
