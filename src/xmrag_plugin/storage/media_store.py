"""Bytes by their sha256: pictures, sound and video beside Chroma, in a folder that can be moved.

A file lies at ``ab/<sha256><suffix>`` below the root; its suffix follows from its content, so that
the name is a function of the bytes alone and storing twice is harmless. Thumbnails are made on
demand below ``thumbs/``. The root is a local folder or any fsspec URL (``s3://…``, ``sftp://…``);
remote files are copied into a local cache when a path is asked for.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from urllib.request import url2pathname

from ..errors import KnowledgeBaseDamaged, ServerUnreachable, StoreError, UsageError
from ..images.media_types import media_suffix
from .remote_files import RemoteFiles

__all__ = ["MediaStore"]

_HASH = re.compile(r"[0-9a-f]{64}")
_TEMPORARY = ".tmp-"
_THUMBS = "thumbs"
_OWNER = "owner"
_CHUNK_BYTES = 1 << 20
_LONGEST_PAUSE_S = 2.0


class MediaStore:
    """Media files by the sha256 of their bytes.

    Args:
        root: A local folder (made when first written) or an fsspec URL.
        cache_dir: Where copies of remote files lie; by default below the system's temporary folder.
        timeout_s: How long one request to a remote store may take.
        patience_s: How long :meth:`put` goes on trying while a remote store is out of reach.
        durable: Whether a local file is forced to disk before it counts as stored. Without it a
            power cut may leave a short file, which the next :meth:`put` of the same bytes mends.
        **storage_options: Passed to fsspec for a remote root.

    Example:
        >>> store = MediaStore("kb/media")
        >>> digest = store.put(Path("chart.png").read_bytes())
        >>> store.path(digest)
        PosixPath('…/kb/media/3f/3f0c….png')
    """

    def __init__(
        self,
        root: str | Path,
        *,
        cache_dir: str | Path | None = None,
        timeout_s: float = 60.0,
        patience_s: float = 0.0,
        durable: bool = False,
        **storage_options: Any,
    ) -> None:
        text = str(root)
        if text.startswith("file://"):
            text = url2pathname(urlparse(text).path)
        self.root = text
        self.durable = durable
        self.is_remote = "://" in text or "::" in text
        self.name = text  # as people are told
        self.patience_s = patience_s
        if self.is_remote:
            self._files = RemoteFiles(text, timeout_s=timeout_s, **storage_options)
            self.name = self._files.name
            name = "xmrag-media-" + hashlib.sha256(text.encode()).hexdigest()[:16]
            self.folder = Path(cache_dir) if cache_dir else Path(tempfile.gettempdir()) / name
        elif storage_options:
            raise UsageError(
                f"A local media folder takes no storage options: {sorted(storage_options)}.",
                hint="Leave them out, or give an fsspec URL.",
            )
        else:
            self.folder = Path(text).expanduser().absolute()
        self._names: dict[str, str] = {}  # sha256 → relative POSIX path, as last seen

    def __repr__(self) -> str:
        return f"MediaStore({self.name!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_names": {}}

    # -- writing ---------------------------------------------------------------------------------

    def put(self, data: bytes | Path, mime: str = "") -> str:
        """Store bytes, or a file's bytes; doing it twice is harmless.

        Args:
            data: The encoded bytes, or the file that holds them (copied by blocks).
            mime: Media type, which names the suffix only where the content does not.

        Returns:
            The sha256 of the bytes, in hex.

        Raises:
            UsageError: If there are no bytes.
            StoreError: If they cannot be written.
        """
        if isinstance(data, Path):
            return self._put_file(data, mime)
        if not data:
            raise UsageError("Nothing to store: the medium is empty.", hint="Give its encoded bytes.")
        data = bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        deadline, pause = time.monotonic() + self.patience_s, 0.1
        while True:
            try:
                self._put(digest, data, mime)
            except ServerUnreachable:
                if time.monotonic() + pause >= deadline:
                    raise
            except OSError as error:
                raise _unwritable(self.name, error) from error
            else:
                return digest
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _put(self, digest: str, data: bytes, mime: str) -> None:
        if self._size(digest) == len(data):
            return
        name = self._names.get(digest) or _name(digest, media_suffix(data[:1024], mime))
        if self.is_remote:
            self._files.write(name, data)
        else:
            self._write(self.folder / name, data)
            self._names[digest] = name

    def _put_file(self, path: Path, mime: str) -> str:
        """Copy a file by blocks to a temporary name and move it to the name of its hash."""
        if self.is_remote or path.stat().st_size < 8 * _CHUNK_BYTES:
            return self.put(path.read_bytes(), mime)
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f"{_TEMPORARY}{uuid.uuid4().hex}"
        sha = hashlib.sha256()
        head = b""
        try:
            with path.open("rb") as source, temporary.open("xb") as target:
                while block := source.read(_CHUNK_BYTES):
                    head = head or block[:1024]
                    sha.update(block)
                    target.write(block)
                size = target.tell()
            digest = sha.hexdigest()
            if self._size(digest) != size:
                name = self._names.get(digest) or _name(digest, media_suffix(head, mime))
                final = self.folder / name
                final.parent.mkdir(parents=True, exist_ok=True)
                os.replace(temporary, final)
                self._names[digest] = name
        except OSError as error:
            raise _unwritable(self.name, error) from error
        finally:
            temporary.unlink(missing_ok=True)
        return digest

    def _write(self, final: Path, data: bytes) -> None:
        """Write a whole file or none: a temporary file in the same folder, then a rename."""
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = final.parent / f"{_TEMPORARY}{uuid.uuid4().hex}"
        try:
            with temporary.open("xb") as stream:
                stream.write(data)
                if self.durable:
                    stream.flush()
                    os.fsync(stream.fileno())
            try:
                os.replace(temporary, final)
            except PermissionError:  # Windows: another process has the same file open; it is the same bytes
                if not final.exists() or final.stat().st_size != len(data):
                    raise
        finally:
            temporary.unlink(missing_ok=True)

    # -- reading ---------------------------------------------------------------------------------

    def has(self, digest: str) -> bool:
        """Whether the medium can be had, be it as the copy of a remote one."""
        return self._copy(digest) is not None or self.keeps(digest)

    def keeps(self, digest: str) -> bool:
        """Whether the medium is stored; a copy does not count."""
        return self._size(digest) is not None

    def path(self, digest: str) -> Path:
        """Return the absolute local path of a medium (of its cached copy, if the store is remote).

        Raises:
            KnowledgeBaseDamaged: If it is not stored.
        """
        copy = self._copy(digest)
        if copy is not None:
            return copy
        name, size = self._entry(digest) or ("", None)
        if not name:
            raise _missing(digest, self.name)
        local = self.folder / name
        if self.is_remote:
            self._write(local, self._download(digest, name, size or 0))
        if local.is_symlink() or not local.is_file():  # a link may lead anywhere
            raise _missing(digest, self.name)
        return local

    def read(self, digest: str) -> bytes:
        """Return the bytes of a medium, checked against their hash.

        Raises:
            KnowledgeBaseDamaged: If it is not stored, or its bytes have changed.
        """
        data = self.path(digest).read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            raise KnowledgeBaseDamaged(
                f"The medium {digest} in {self.name} no longer has the bytes that it was stored with.",
                hint="Add its document again; that stores it anew.",
            )
        return data

    def thumbnail(self, digest: str, px: int = 256) -> Path:
        """Return the path of a small WebP copy of a picture, made when first asked for.

        Args:
            digest: The picture.
            px: Length of its longer side in pixels; a smaller picture is not enlarged.

        Raises:
            KnowledgeBaseDamaged: If the picture is not stored.
            PictureError: If it cannot be decoded.
        """
        if px < 1:
            raise UsageError(f"A thumbnail of {px} pixels was asked for.", hint="Give at least 1.")
        target = self.folder / _THUMBS / str(px) / digest[:2] / f"{digest}.webp"
        if _HASH.fullmatch(digest) and target.exists():
            return target
        import io

        from ..images.decode import open_picture

        picture = open_picture(self.path(digest), side=px)
        encoded = io.BytesIO()
        picture.save(encoded, "WEBP", quality=82)
        self._write(target, encoded.getvalue())
        return target

    def hashes(self) -> Iterator[str]:
        """Yield the hashes of all media, in no order."""
        for name, _size in self._walk():
            stem = name.rsplit("/", 1)[-1].split(".", 1)[0]
            if _HASH.fullmatch(stem):
                yield stem

    def size_bytes(self) -> int:
        """Return what the media take on disk, thumbnails aside."""
        return sum(size for _name, size in self._walk())

    # -- removing --------------------------------------------------------------------------------

    def delete(self, digests: Iterable[str]) -> int:
        """Remove media and their thumbnails; what is not stored is passed over.

        Returns:
            How many media were removed.
        """
        gone = [(digest, entry[0]) for digest in set(digests) if (entry := self._entry(digest))]
        for digest, name in gone:
            self._remove(name)
            self._names.pop(digest, None)
        self._drop_thumbnails({digest for digest, _name in gone})
        return len(gone)

    def collect(self, live: Iterable[str]) -> int:
        """Remove every medium that is not among ``live``, its thumbnails, and left-over temporary files.

        Only the one writer of a knowledge base may call it: a medium that is stored but not yet
        referred to counts as garbage.

        Returns:
            How many files were removed, thumbnails aside.
        """
        keep = set(live)
        removed = 0
        dead: set[str] = set()
        for name, _size in list(self._walk()):
            base = name.rsplit("/", 1)[-1]
            stem = base.split(".", 1)[0]
            if base.startswith(_TEMPORARY) or (_HASH.fullmatch(stem) and stem not in keep):
                self._remove(name)
                self._names.pop(stem, None)
                dead.add(stem)
                removed += 1
        self._drop_thumbnails(dead, temporary=True)
        return removed

    def owner(self) -> str:
        """Return what :meth:`own` noted, or ``""``."""
        if self.is_remote:
            return (self._files.read(_OWNER) or b"").decode("utf-8", "replace").strip()
        place = self.folder / _OWNER
        return place.read_text(encoding="utf-8", errors="replace").strip() if place.is_file() else ""

    def own(self, owner: str) -> None:
        """Note whose media these are: :meth:`collect` spares nothing that its caller does not know."""
        if self.is_remote:
            self._files.write(_OWNER, owner.encode())
        else:
            self._write(self.folder / _OWNER, owner.encode())

    # -- the two kinds of root -------------------------------------------------------------------

    def _copy(self, digest: str) -> Path | None:
        """Return the local copy of a remote medium, if there is one."""
        if not self.is_remote or not _HASH.fullmatch(digest):
            return None
        names = [name for name in self._listed_here(digest[:2]) if name.startswith(digest)]
        return self.folder / digest[:2] / names[0] if names else None

    def _entry(self, digest: str) -> tuple[str, int | None] | None:
        """Return the relative path and size of a medium, looked up each time; a local one is not measured here."""
        if not _HASH.fullmatch(digest):
            raise UsageError(f"{digest!r} is not the sha256 of a medium.", hint="Give 64 hex digits.")
        known = self._names.get(digest)
        if known is not None and (self.folder / known).exists():
            return known, None
        self._names.pop(digest, None)
        folder = digest[:2]
        if self.is_remote:
            sizes = self._files.sizes(folder)
            return next(
                ((f"{folder}/{name}", size) for name, size in sizes.items() if name.startswith(digest)), None
            )
        for name in self._listed_here(folder):
            if _HASH.fullmatch(stem := name.split(".", 1)[0]):
                self._names[stem] = f"{folder}/{name}"
        known = self._names.get(digest)
        return (known, None) if known else None

    def _listed_here(self, folder: str) -> list[str]:
        try:
            return os.listdir(self.folder / folder)
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _size(self, digest: str) -> int | None:
        entry = self._entry(digest)
        if not entry or self.is_remote:
            return entry[1] if entry else None
        try:
            found = (self.folder / entry[0]).lstat()
        except FileNotFoundError:
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def _walk(self) -> Iterator[tuple[str, int]]:
        """Yield the relative path and size of every file but the thumbnails."""
        if self.is_remote:
            yield from ((name, n) for name, n in self._files.walk() if not name.startswith(f"{_THUMBS}/"))
            return
        if not self.folder.is_dir():
            return
        for entry in os.scandir(self.folder):
            if entry.is_file():
                yield entry.name, entry.stat().st_size
            elif len(entry.name) == 2:
                files = (file for file in os.scandir(entry) if file.is_file(follow_symlinks=False))
                yield from ((f"{entry.name}/{file.name}", file.stat().st_size) for file in files)

    def _remove(self, name: str) -> None:
        if self.is_remote:
            self._files.remove(name)
        place = self.folder / name
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        place.unlink(missing_ok=True)

    def _drop_thumbnails(self, digests: set[str], *, temporary: bool = False) -> None:
        thumbs = self.folder / _THUMBS
        if not thumbs.is_dir():
            return
        for size in list(thumbs.iterdir()):
            for digest in digests:
                (size / digest[:2] / f"{digest}.webp").unlink(missing_ok=True)
            if temporary:
                for left in size.glob(f"*/{_TEMPORARY}*"):
                    left.unlink(missing_ok=True)

    def _download(self, digest: str, name: str, size: int) -> bytes:
        data = self._files.read(name, size)
        if data is None:
            raise _missing(digest, self.name)
        if hashlib.sha256(data).hexdigest() != digest:
            raise KnowledgeBaseDamaged(
                f"The medium {digest} came from {self.name} with other bytes than it was stored with.",
                hint="Add its document again; that stores it anew.",
            )
        return data

    def drop(self) -> None:
        """Remove the whole store, thumbnails and cache with it."""
        if self.is_remote:
            self._files.remove_all()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._names.clear()


def _name(digest: str, suffix: str) -> str:
    return f"{digest[:2]}/{digest}{suffix}"


def _missing(digest: str, root: str) -> KnowledgeBaseDamaged:
    return KnowledgeBaseDamaged(
        f"No medium {digest} lies in {root}.", hint="Add its document again; that stores it anew."
    )


def _unwritable(root: str, error: OSError) -> StoreError:
    return StoreError(
        f"The media folder {root} cannot be written: {error}.", hint="Check its rights and the free space."
    )
