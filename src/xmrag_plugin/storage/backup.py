"""A knowledge base as one archive, made while it is searched, and made into a folder again."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tarfile
import tempfile
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import KnowledgeBaseDamaged, StoreError, UsageError
from .manifest import Manifest

if TYPE_CHECKING:
    from .knowledge_base import KnowledgeBase

__all__ = ["backup", "restore"]

_NOT_KEPT = (".lock", ".tmp", "-wal", "-shm", "-journal")


def backup(kb: KnowledgeBase, file: Path, *, wait_s: float = 0.0) -> int:
    """Write a knowledge base to one archive; searches go on meanwhile, writers wait.

    Args:
        kb: What is written.
        file: A tar file; one that ends in ``.gz``, ``.xz`` or ``.bz2`` is compressed so.
        wait_s: Seconds to wait for a writer of another process.

    Returns:
        The archive's size in bytes.

    Raises:
        KnowledgeBaseLocked: If another process is writing.
        StoreError: If the archive cannot be written.
    """
    if kb.path in file.absolute().parents:
        raise UsageError(f"{file} lies in the knowledge base itself.", hint="Name another place.")
    how = file.suffix.removeprefix(".")
    mode: Any = f"w:{how if how in ('gz', 'xz', 'bz2') else ''}"
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    with nullcontext() if kb.read_only else kb.writing(wait_s):
        try:
            with (
                tempfile.TemporaryDirectory(prefix="xmrag-backup-") as work,
                tarfile.open(temporary, mode) as archive,
            ):
                copied = Path(work, "catalog.sqlite")
                kb.catalog.copy_to(copied)
                archive.add(copied, "catalog.sqlite")
                for path in _files(kb):
                    archive.add(path, path.relative_to(kb.path).as_posix(), recursive=False)
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.replace(file)
        except OSError as error:
            raise StoreError(
                f"{file} cannot be written: {error}.", hint="Check its rights and the free space."
            ) from error
        finally:
            temporary.unlink(missing_ok=True)
    return file.stat().st_size


def _files(kb: KnowledgeBase) -> list[Path]:
    """Return the files to keep: all but the catalog, locks, and vectors that the manifest does not name."""
    found = []
    for path in sorted(kb.path.rglob("*")):
        top = path.relative_to(kb.path).parts[0]
        if top.startswith("chroma") and top != kb.manifest.vectors:
            continue
        if (
            path.is_file()
            and path.name not in ("lock", "catalog.sqlite")
            and not path.name.endswith(_NOT_KEPT)
        ):
            found.append(path)
    return found


def restore(file: Path, folder: Path) -> None:
    """Make a knowledge base of an archive that :func:`backup` wrote: whole, or not at all.

    Raises:
        UsageError: If the folder is there already, with something in it.
        KnowledgeBaseDamaged: If the archive is none, or what it holds cannot be read.
        KnowledgeBaseNewer: If a newer xmrag wrote it.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already.", hint="Name a new folder, or remove it first.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as work:
        made = Path(work, "kb")
        try:
            with tarfile.open(file) as archive:
                _extract(archive, made)
            with closing(sqlite3.connect(made / "catalog.sqlite")) as catalog:
                [(said,)] = catalog.execute("PRAGMA quick_check(1)").fetchall()
        except (OSError, EOFError, tarfile.TarError, sqlite3.Error) as error:
            raise KnowledgeBaseDamaged(
                f"{file} is no whole backup of a knowledge base: {error}.", hint="Take another backup."
            ) from error
        manifest = Manifest.load(made / "manifest.json")
        if said != "ok" or (manifest.spaces and not (made / manifest.vectors).is_dir()):
            raise KnowledgeBaseDamaged(f"What {file} holds is damaged: {said}.", hint="Take another backup.")
        if folder.exists():
            folder.rmdir()
        shutil.move(made, folder)


def _extract(archive: tarfile.TarFile, folder: Path) -> None:
    """Write the archive's plain files below a folder, and nothing anywhere else."""
    folder.mkdir()
    for member in archive:
        target = (folder / member.name).resolve()
        if not member.isfile() or folder.resolve() not in target.parents:
            raise tarfile.TarError(f"it names {member.name!r}")
        source = archive.extractfile(member)
        assert source is not None
        target.parent.mkdir(parents=True, exist_ok=True)
        with source, target.open("xb") as written:
            shutil.copyfileobj(source, written)
