"""Files of a remote store, by any file system that fsspec knows: S3, Google Cloud Storage, SFTP and others.

What the library says of an outage or of wrong keys differs from store to store; it is told here as one of the
package's errors. Nothing is answered from the library's own cache of listings, since other machines write too.
"""

from __future__ import annotations

import errno
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import MissingExtra, ServerUnreachable, StoreError, require

__all__ = ["RemoteFiles"]

_LOGIN = re.compile(r"://[^/@]*@")
_WHOLE_OR_NOT = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss", "oci"})
"""Stores of objects: one is there when it has been received whole, and folders need not be made."""

_KEYS = re.compile(r"Credential|TokenRetrieval|ProfileNotFound|Unauthorized|Forbidden")
_OUTAGE = re.compile(r"Timeout|Connect|HTTPClient|ServerDisconnected|IncompleteRead|Payload|ResponseStream")
_LEAST_BYTES_S = 250_000
_FULL_OR_CLOSED = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EINVAL)


class RemoteFiles:
    """Read and write below a URL.

    Args:
        url: As fsspec takes it.
        timeout_s: How long one request may take, with what the library itself tries anew; large files have longer.
        **options: Passed to the file system.
    """

    def __init__(self, url: str, *, timeout_s: float = 60.0, **options: Any) -> None:
        self.url, self.timeout_s, self.options = url, timeout_s, options
        self.name = _LOGIN.sub("://", url)

    def sizes(self, folder: str) -> dict[str, int]:
        """Return the name and size of each file in a folder; of one that is not there, nothing."""
        with self._asked() as (fs, base, limit):
            try:
                rows = fs.ls(f"{base}/{folder}", detail=True, **limit)
            except (FileNotFoundError, NotADirectoryError):
                return {}
            return {str(row["name"]).rsplit("/", 1)[-1]: int(row.get("size") or 0) for row in rows}

    def walk(self) -> Iterator[tuple[str, int]]:
        """Yield the path, relative to the URL, and size of every file."""
        with self._asked() as (fs, base, limit):
            try:
                rows = fs.find(base, detail=True, **limit)
            except FileNotFoundError:
                return
        for path, row in rows.items():
            yield str(path)[len(base) :].lstrip("/"), int(row.get("size") or 0)

    def read(self, name: str, size: int = 0) -> bytes | None:
        """Return the bytes of a file, of about so many, or None where there is none."""
        with self._asked(size) as (fs, base, limit):
            try:
                data: bytes = fs.cat_file(f"{base}/{name}", **limit)
            except FileNotFoundError:
                return None
            return data

    def write(self, name: str, data: bytes) -> None:
        """Write a whole file or none: under a temporary name first, where a store would show half a file."""
        with self._asked(len(data)) as (fs, base, limit):
            protocols = {fs.protocol} if isinstance(fs.protocol, str) else set(fs.protocol)
            if protocols & _WHOLE_OR_NOT:
                fs.pipe_file(f"{base}/{name}", data, **limit)
                return
            folder = f"{base}/{name}".rsplit("/", 1)[0]
            fs.makedirs(folder, exist_ok=True, **limit)
            temporary = f"{folder}/.tmp-{uuid.uuid4().hex}"
            fs.pipe_file(temporary, data, **limit)
            fs.mv(temporary, f"{base}/{name}")

    def remove(self, name: str) -> None:
        """Remove a file; one that is gone already is as it should be."""
        with self._asked() as (fs, base, limit):
            try:
                fs.rm_file(f"{base}/{name}", **limit)
            except FileNotFoundError:
                return

    def remove_all(self) -> None:
        """Remove everything below the URL."""
        with self._asked() as (fs, base, _):
            if fs.exists(base):
                fs.rm(base, recursive=True)

    @contextmanager
    def _asked(self, size: int = 0) -> Iterator[tuple[Any, str, dict[str, float]]]:
        """Hand out the file system, the path below which to ask and a limit of time; translate what goes wrong.

        Raises:
            MissingExtra: If the package for this kind of URL is not installed.
            ServerUnreachable: If nobody answers in time, or the store says that it is overloaded or broken.
            StoreError: If it refuses, or has no room.
        """
        fsspec = require("fsspec", "postgres", purpose=f"A media store at {self.name}")
        try:
            fs, base = fsspec.core.url_to_fs(self.url, **self.options)
        except ImportError as error:
            raise MissingExtra(
                f"Media at {self.name} need a package that is not installed: {error}.",
                hint="Install the one that fsspec names for it: for s3:// that is `pip install 'xmrag-plugin[s3]'`.",
            ) from error
        except Exception as error:
            raise self._told(error) from error
        fs.invalidate_cache()
        limit_s = self.timeout_s + size / _LEAST_BYTES_S
        limit = {"timeout": limit_s} if getattr(fs, "async_impl", False) else {}
        try:
            yield fs, str(base).rstrip("/"), limit
        except Exception as error:
            raise self._told(error) from error

    def _told(self, error: Exception) -> StoreError:
        """Return the error that is told: what the library raises has other names for each store."""
        name, said = type(error).__name__, _LOGIN.sub("://", str(error)).rstrip(".") or type(error).__name__
        if isinstance(error, PermissionError) or _KEYS.search(name):
            return StoreError(
                f"The media store {self.name} refuses: {said}.",
                hint="Check the keys in the environment of this process, and what they may do there: list, read, write "
                "and delete.",
            )
        if isinstance(error, FileNotFoundError):
            return StoreError(
                f"The media store {self.name} is not there: {said}.",
                hint="Make the bucket, or correct the address.",
            )
        is_outage = isinstance(error, OSError) and error.errno not in _FULL_OR_CLOSED
        if is_outage or _OUTAGE.search(name):
            return ServerUnreachable(
                f"The media store {self.name} cannot be reached: {said}.",
                hint="Check that it runs and that nothing stands between, and try again.",
            )
        return StoreError(
            f"The media store {self.name} failed: {name}: {said}.",
            hint="Check its address, and the free space.",
        )
