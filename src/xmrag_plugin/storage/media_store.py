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
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from urllib.request import url2pathname

from ..errors import KnowledgeBaseDamaged, MissingExtra, StoreError, UsageError, require
from ..images.media_types import media_suffix

__all__ = ["MediaStore"]

_LOGIN = re.compile(r"://[^/@]*@")
_HASH = re.compile(r"[0-9a-f]{64}")
_TEMPORARY = ".tmp-"
_THUMBS = "thumbs"
_CHUNK_BYTES = 1 << 20


class MediaStore:
    """Media files by the sha256 of their bytes.

    Args:
        root: A local folder (made when first written) or an fsspec URL.
        cache_dir: Where copies of remote files lie; by default below the system's temporary folder.
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
        durable: bool = False,
        **storage_options: Any,
    ) -> None:
        text = str(root)
        if text.startswith("file://"):
            text = url2pathname(urlparse(text).path)
        self.root = text
        self.durable = durable
        self.storage_options = storage_options
        self.is_remote = "://" in text or "::" in text
        self.name = _LOGIN.sub("://", text) if self.is_remote else text  # as people are told
        if self.is_remote:
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
        if self._size(digest) == len(data):
            return digest
        name = self._names.get(digest) or _name(digest, media_suffix(data[:1024], mime))
        try:
            if self.is_remote:
                self._upload(name, data)
            else:
                self._write(self.folder / name, data)
        except OSError as error:
            raise _unwritable(self.name, error) from error
        self._names[digest] = name
        return digest

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

    def _upload(self, name: str, data: bytes) -> None:
        """Put bytes on the remote file system under a temporary name, then move them."""
        fs, base = self._remote()
        folder = f"{base}/{name.rsplit('/', 1)[0]}"
        fs.makedirs(folder, exist_ok=True)
        temporary = f"{folder}/{_TEMPORARY}{uuid.uuid4().hex}"
        fs.pipe_file(temporary, data)
        fs.mv(temporary, f"{base}/{name}")

    # -- reading ---------------------------------------------------------------------------------

    def has(self, digest: str) -> bool:
        """Whether the medium is stored."""
        return self._size(digest) is not None

    def path(self, digest: str) -> Path:
        """Return the absolute local path of a medium (of its cached copy, if the store is remote).

        Raises:
            KnowledgeBaseDamaged: If it is not stored.
        """
        name = self._find(digest)
        if name is None:
            raise _missing(digest, self.name)
        local = self.folder / name
        if self.is_remote and not local.exists():
            self._write(local, self._download(digest, name))
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
        gone = [(digest, name) for digest in set(digests) if (name := self._find(digest)) is not None]
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

    # -- the two kinds of root -------------------------------------------------------------------

    def _find(self, digest: str) -> str | None:
        """Return the relative path of a medium; the memory of it is checked, so that others may delete."""
        if not _HASH.fullmatch(digest):
            raise UsageError(f"{digest!r} is not the sha256 of a medium.", hint="Give 64 hex digits.")
        known = self._names.get(digest)
        if known is not None and (self.folder / known).exists():
            return known
        self._names.pop(digest, None)
        for name in self._list(digest[:2]):
            self._names[name.split(".", 1)[0]] = f"{digest[:2]}/{name}"
        return self._names.get(digest)

    def _list(self, folder: str) -> list[str]:
        try:
            if self.is_remote:
                fs, base = self._remote()
                names = [str(path).rsplit("/", 1)[-1] for path in fs.ls(f"{base}/{folder}", detail=False)]
            else:
                names = os.listdir(self.folder / folder)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [name for name in names if _HASH.fullmatch(name.split(".", 1)[0])]

    def _size(self, digest: str) -> int | None:
        name = self._find(digest)
        if name is None:
            return None
        try:
            if self.is_remote:
                fs, base = self._remote()
                return int(fs.size(f"{base}/{name}"))
            found = (self.folder / name).lstat()
            return found.st_size if stat.S_ISREG(found.st_mode) else None
        except FileNotFoundError:
            return None

    def _walk(self) -> Iterator[tuple[str, int]]:
        """Yield the relative path and size of every file but the thumbnails."""
        if self.is_remote:
            fs, base = self._remote()
            if not fs.exists(base):
                return
            for path, info in fs.find(base, detail=True).items():
                relative = str(path)[len(base) :].lstrip("/")
                if not relative.startswith(f"{_THUMBS}/"):
                    yield relative, int(info.get("size") or 0)
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
            fs, base = self._remote()
            fs.rm_file(f"{base}/{name}")
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

    def _download(self, digest: str, name: str) -> bytes:
        fs, base = self._remote()
        data: bytes = fs.cat_file(f"{base}/{name}")
        if hashlib.sha256(data).hexdigest() != digest:
            raise KnowledgeBaseDamaged(
                f"The medium {digest} came from {self.name} with other bytes than it was stored with.",
                hint="Add its document again; that stores it anew.",
            )
        return data

    def _remote(self) -> tuple[Any, str]:
        fsspec = require("fsspec", "postgres", purpose=f"A media store at {self.name}")
        try:
            fs, base = fsspec.core.url_to_fs(self.root, **self.storage_options)
        except ImportError as error:
            raise MissingExtra(
                f"Media at {self.name} need a package that is not installed: {error}.",
                hint="Install the one that fsspec names for it, such as s3fs for s3://.",
            ) from error
        return fs, str(base).rstrip("/")

    def drop(self) -> None:
        """Remove the whole store, thumbnails and cache with it."""
        if self.is_remote:
            fs, base = self._remote()
            if fs.exists(base):
                fs.rm(base, recursive=True)
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
