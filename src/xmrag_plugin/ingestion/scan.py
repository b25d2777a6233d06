"""Which files an ``add`` is about, and which of them have changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..errors import ReadError, SourceMissing
from ..types import FileFailure

__all__ = ["Found", "fingerprint_file", "scan"]

_BLOCK = 1 << 20


@dataclass
class Found:
    """A file that an ``add`` came upon."""

    path: Path
    root: Path

    @cached_property
    def source(self) -> str:
        """Path relative to the folder that was added, POSIX."""
        return self.path.relative_to(self.root).as_posix()


def scan(
    paths: Sequence[Path], *, knowledge_base: Path, ignored: dict[str, int]
) -> Iterator[Found | FileFailure]:
    """The files below ``paths``, each once, folders in order of name.

    Hidden files and the knowledge base's own folder are left out and counted in ``ignored``.
    A path that is missing, or a folder that cannot be listed, comes as a failure.
    """
    seen: set[Path] = set()
    for given in paths:
        path = Path(os.path.abspath(given.expanduser()))
        if path.is_file():
            if path not in seen:
                seen.add(path)
                yield Found(path, path.parent)
        elif path.is_dir():
            yield from _walk(path, knowledge_base, ignored, seen)
        else:
            missing = SourceMissing(
                f"There is no file or folder {str(given)!r}.",
                hint=f"Check the path; it is relative to {Path.cwd()}."
                if not given.is_absolute()
                else "Check the path.",
            )
            yield FileFailure(str(given), missing.message, missing.hint)


def _walk(
    root: Path, knowledge_base: Path, ignored: dict[str, int], seen: set[Path]
) -> Iterator[Found | FileFailure]:
    failures: list[OSError] = []
    for folder, folders, names in os.walk(root, onerror=failures.append):
        kept = []
        for name in sorted(folders):
            path = Path(folder, name)
            if path == knowledge_base or ((path / "manifest.json").is_file() and (path / "chroma").is_dir()):
                ignored["knowledge base"] = ignored.get("knowledge base", 0) + 1
            elif name.startswith("."):
                ignored["hidden"] = ignored.get("hidden", 0) + 1
            else:
                kept.append(name)
        folders[:] = kept
        for name in sorted(names):
            path = Path(folder, name)
            if name.startswith("."):
                ignored["hidden"] = ignored.get("hidden", 0) + 1
            elif path not in seen:
                seen.add(path)
                yield Found(path, root)
    for error in failures:
        yield FileFailure(
            str(error.filename), f"The folder cannot be listed: {error.strerror}.", "Check its permissions."
        )


def fingerprint_file(path: Path) -> tuple[str, os.stat_result]:
    """The sha256 of a file's bytes and its state when they were read.

    Raises:
        ReadError: If it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            state = os.fstat(stream.fileno())
            while block := stream.read(_BLOCK):
                digest.update(block)
    except FileNotFoundError as error:
        raise SourceMissing(
            f"There is no file {path} any more.", hint="Add it again when it is there."
        ) from error
    except OSError as error:
        raise ReadError(
            f"{path} cannot be read: {error.strerror or error}.", hint="Check the file's permissions."
        ) from error
    return digest.hexdigest(), state
