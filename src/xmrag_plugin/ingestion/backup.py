"""A knowledge base as one archive, made while it is in use, and made a folder again."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Literal

from ..errors import SourceDamaged, StoreError, UsageError
from ..storage.knowledge_base import KnowledgeBase

__all__ = ["back_up", "restore"]

_LEFT_OUT = ("lock", ".tmp-", "thumbs", "chroma.damaged", "catalog.damaged.sqlite")
_LOGS = ("-wal", "-shm", "-journal")


def back_up(kb: KnowledgeBase, file: Path, wait_s: float = 60.0) -> int:
    """Write a knowledge base into one tar file, whole or not at all; searches go on meanwhile.

    Databases are copied by SQLite's backup API, so that what is still in their logs comes along.

    Args:
        kb: The knowledge base; writers wait until the copy is made.
        file: The archive; gzip if it ends in ``gz``.
        wait_s: How long to wait for a writer.

    Returns:
        Its size in bytes.

    Raises:
        UsageError: If the archive would lie in the knowledge base.
        KnowledgeBaseLocked: If another process is writing for longer.
        StoreError: If it cannot be written.
    """
    file = file.expanduser().absolute()
    if kb.is_shared:
        raise UsageError(
            f"{kb.place} is on servers, and no folder that one file could hold.",
            hint="Back up its schema with pg_dump, the Chroma server's folder, and the media folder or bucket.",
        )
    if kb.path in file.parents:
        raise UsageError(f"{file} lies in the knowledge base itself.", hint="Name a place outside of it.")
    partial = file.with_name(f".{file.name}.tmp")
    mode: Literal["w:gz", "w"] = "w:gz" if file.suffix.endswith("gz") else "w"
    try:
        with (
            kb.writing(wait_s),
            tempfile.TemporaryDirectory() as work,
            tarfile.open(partial, mode) as archive,
        ):
            for path in sorted(kb.path.rglob("*")):
                name = path.relative_to(kb.path)
                if any(part.startswith(_LEFT_OUT) for part in name.parts) or path.name.endswith(_LOGS):
                    continue
                if path.suffix in (".sqlite", ".sqlite3"):
                    archive.add(_copy_database(path, Path(work)), name.as_posix())
                elif path.is_file():
                    archive.add(path, name.as_posix())
        os.replace(partial, file)
    except OSError as error:
        raise StoreError(
            f"The backup {file} cannot be written: {error.strerror or error}.",
            hint="Name a place with room where you may write.",
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return file.stat().st_size


def _copy_database(path: Path, work: Path) -> Path:
    copy = work / path.name
    copy.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(copy)) as to,
    ):
        source.backup(to)
    return copy


def restore(file: Path, path: Path) -> None:
    """Make a knowledge base of an archive that :func:`back_up` has written.

    Args:
        file: The archive.
        path: The folder to be made; it may be there if it is empty.

    Raises:
        UsageError: If something is there already, or there is no archive.
        SourceDamaged: If the archive is damaged or no backup.
        StoreError: If the folder cannot be written.
    """
    file, path = file.expanduser().absolute(), path.expanduser().absolute()
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError(
            f"Something is at {path} already.", hint="Name a new folder with --kb, or move that away."
        )
    if not file.is_file():
        raise UsageError(f"There is no backup {file}.", hint="Check the path.")
    partial = path.with_name(f".{path.name}.restoring")
    shutil.rmtree(partial, ignore_errors=True)  # of a restoring that was broken off
    try:
        with tarfile.open(file) as archive:
            names = archive.getnames()
            if "manifest.json" not in names:
                raise tarfile.ReadError("it holds no manifest")
            partial.mkdir(parents=True)
            archive.extractall(partial, filter="data")
        if path.exists():
            path.rmdir()
        os.replace(partial, path)
    except (tarfile.TarError, EOFError) as error:
        raise SourceDamaged(
            f"{file} is no backup of a knowledge base: {error}.", hint="Use another copy."
        ) from error
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror or error}.", hint="Name another place."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
