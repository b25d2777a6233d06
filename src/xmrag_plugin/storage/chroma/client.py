"""A client of Chroma: of a local folder, of a server, or one that the application has made."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import KnowledgeBaseMissing, ServerUnreachable, UsageError
from ..forks import abandon, renew_after_fork
from .errors import Transient, translated
from .folder import DATABASE, Folder, Tenancy
from .index_files import remove_unnamed
from .server import ChromaServer

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

__all__ = ["ChromaClient"]

_T = TypeVar("_T")

_PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.0)
_LONGEST_PAUSE_S = 1.0


class ChromaClient:
    """A Chroma client for a folder (shared in the process, reopened when stale) or one that is given.

    Args:
        where: A local folder, or a chromadb client (``HttpClient``, ``EphemeralClient`` …), which is
            used as it is and never closed.
        must_exist: Whether a folder without a database is an error instead of being made.
        tenancy: Tenant, database and settings, for a folder.

    Raises:
        KnowledgeBaseMissing: If the folder must exist and does not hold a database.
        VectorsDamaged: If the folder cannot be read as a Chroma database.
    """

    def __init__(
        self, where: str | Path | ClientAPI, *, must_exist: bool = False, tenancy: Tenancy | None = None
    ) -> None:
        self._closed = False
        self._opened: dict[str, tuple[ClientAPI, Collection]] = {}
        self.timeout_s = 0.0
        self.tenancy = tenancy or Tenancy()
        if not isinstance(where, str | Path):
            self._source: Folder | _Given = where if isinstance(where, _Given) else _Given(where)
            return
        folder = Path(where).expanduser().resolve()
        if must_exist and not (folder / DATABASE).is_file():
            raise KnowledgeBaseMissing(
                f"{folder} holds no Chroma database.", hint="Add something first, or name another folder."
            )
        self._source = Folder.acquire(folder, self.tenancy)

    @classmethod
    def on_server(
        cls,
        host: str,
        port: int,
        *,
        ssl: bool = False,
        headers: Mapping[str, str] | None = None,
        tenancy: Tenancy | None = None,
    ) -> ChromaClient:
        """Connect to a Chroma server (``chroma run``).

        Raises:
            StoreError: If it cannot be reached.
        """
        return cls.of(
            ChromaServer(host, port, ssl=ssl, headers=dict(headers or {}), tenancy=tenancy or Tenancy())
        )

    @classmethod
    def of(cls, server: ChromaServer, *, make: bool = False) -> ChromaClient:
        """Connect to a server; ``make`` its tenant and database where they are missing.

        Raises:
            StoreError: If it cannot be reached.
        """
        client = cls(_Given(server.connect(make=make), server), tenancy=server.tenancy)
        client.timeout_s = server.timeout_s or 0.0
        return client

    @property
    def folder(self) -> Path | None:
        """The folder, when the client was opened from one."""
        return self._source.folder if isinstance(self._source, Folder) else None

    @property
    def client(self) -> ClientAPI:
        """The chromadb client as it stands now; a later operation may replace it."""
        return self._source.client(self.tenancy)

    def max_batch(self) -> int:
        """Return the most records that one write may hold."""
        return self._retried(None, lambda client: max(1, int(client.get_max_batch_size())), writes=False)

    def read(self, name: str, action: Callable[[Collection], _T], missing: _T) -> _T:
        """Run a read on a collection; ``missing`` when there is none of that name.

        Raises:
            VectorsDamaged: If it goes on failing when tried again.
        """
        from chromadb.errors import NotFoundError

        def attempt(client: ClientAPI) -> _T:
            opened = self._opened.get(name)
            if opened is not None and opened[0] is client:
                with contextlib.suppress(NotFoundError):  # dropped, and made anew perhaps: under another id
                    return action(opened[1])
            try:
                collection = client.get_collection(name, embedding_function=None)
                self._opened[name] = client, collection
                return action(collection)
            except NotFoundError:
                self._opened.pop(name, None)
                return missing

        return self._retried(name, attempt, writes=False)

    def write(
        self, name: str, action: Callable[[Collection], _T], make: Mapping[str, Any] | None = None
    ) -> _T | None:
        """Run a write on a collection.

        Args:
            name: The collection.
            action: What to do with it; by ids, so that doing it twice changes nothing.
            make: Arguments of ``get_or_create_collection`` for one that does not exist; without them
                such a write does nothing and None is returned.

        Raises:
            VectorsDamaged: If it goes on failing when tried again.
        """
        from chromadb.errors import NotFoundError

        def attempt(client: ClientAPI) -> _T | None:
            if make is not None:
                return action(client.get_or_create_collection(name, embedding_function=None, **make))
            try:
                return action(client.get_collection(name, embedding_function=None))
            except NotFoundError:
                return None

        return self._retried(name, attempt, writes=True)

    def _retried(self, name: str | None, attempt: Callable[[ClientAPI], _T], *, writes: bool) -> _T:
        """Try anew what another process's writing may have disturbed, with the folder opened anew, and what an outage has."""
        deadline, pauses, wait = time.monotonic() + self.timeout_s, iter(_PAUSES_S), _PAUSES_S[0]
        while True:
            try:
                with self._using(name, writes=writes) as client:
                    return attempt(client)
            except Transient as error:
                if not (pause := next(pauses)):
                    raise error.lasting(self._source.name) from error
            except ServerUnreachable:
                if time.monotonic() + wait >= deadline:
                    raise
                pause, wait = wait, min(2 * wait, _LONGEST_PAUSE_S)
            time.sleep(pause)
            self.refresh()

    def index_fault(self, name: str) -> str:
        """Say what is wrong with the files of a collection's index, read whole; ``""`` on a server."""
        return self._source.index_fault(name, thorough=True) if isinstance(self._source, Folder) else ""

    def collections(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the name and metadata of every collection."""

        def listed(client: ClientAPI) -> list[tuple[str, dict[str, Any]]]:
            return [(found.name, dict(found.metadata or {})) for found in client.list_collections()]

        return self._retried(None, listed, writes=False)

    def drop(self, name: str) -> None:
        """Delete a collection, if it is there."""
        from chromadb.errors import NotFoundError

        def attempt(client: ClientAPI) -> None:
            with contextlib.suppress(NotFoundError):
                client.delete_collection(name)

        self._retried(name, attempt, writes=True)

    def remove_unnamed(self) -> None:
        """Free the disk of what the indexes of deleted collections took; a server keeps its own house."""
        if isinstance(self._source, Folder):
            with self._using(None, writes=True):
                remove_unnamed(self._source.folder / DATABASE)

    def refresh(self) -> None:
        """Open the folder anew on the next operation, whatever its state seems to be."""
        self._source.expire()

    def close(self) -> None:
        """Give the client back; the last one to do so closes the folder."""
        if not self._closed:
            self._closed = True
            self._source.release()

    @contextlib.contextmanager
    def _using(self, name: str | None, *, writes: bool) -> Iterator[ClientAPI]:
        if self._closed:
            raise UsageError("This Chroma client is closed.", hint="Open the knowledge base again.")
        with translated(self._source.name), self._source.using(name, self.tenancy, writes=writes) as client:
            yield client


class _Given:
    """A client that is used as it is, and made anew in a forked process where it is known how."""

    def __init__(self, client: Any, server: ChromaServer | None = None) -> None:
        if not hasattr(client, "get_or_create_collection"):
            raise UsageError(
                f"A {type(client).__name__} is neither a folder nor a chromadb client.",
                hint="Give a path, or chromadb.HttpClient(…).",
            )
        self._client: ClientAPI | None = client
        self._server = server
        self.name = "the given Chroma client" if server is None else server.name
        if server is not None:
            renew_after_fork(self)

    def _after_fork(self) -> None:
        abandon(self._client)
        self._client = None

    def client(self, _tenancy: Tenancy) -> ClientAPI:
        if self._client is None and self._server is not None:
            self._client = self._server.connect()
        assert self._client is not None
        return self._client

    @contextlib.contextmanager
    def using(self, name: str | None, tenancy: Tenancy, *, writes: bool) -> Iterator[ClientAPI]:
        yield self.client(tenancy)

    def expire(self) -> None:
        """Do nothing: there is nothing to reopen."""

    def release(self) -> None:
        """Do nothing: it is not ours to close."""
