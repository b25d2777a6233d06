"""One Chroma collection as a table of nodes: where it lies, how it measures, who else lies beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from ..forks import abandon, renew_after_fork
from .client import ChromaClient
from .collections import HNSW, cosine_similarities
from .errors import Transient, translated
from .folder import Tenancy

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

__all__ = ["ChromaTable", "FoundRow", "open_client"]

_PLACE_SETTINGS = frozenset(
    {
        "chroma_api_impl",
        "is_persistent",
        "persist_directory",
        "chroma_server_host",
        "chroma_server_http_port",
        "chroma_server_ssl_enabled",
        "chroma_server_headers",
    }
)
"""Settings of Chroma that say where a client lies; the others are carried as they are."""

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,510}[a-zA-Z0-9]")
_OWN_HEADERS = ("Content-Type", "User-Agent")  # which Chroma's client puts among the given ones

_T = TypeVar("_T")


@dataclass(slots=True)
class FoundRow:
    """A row as Chroma gives it.

    Attributes:
        row_id: Its id.
        document: Its text.
        metadata: Its flat metadata.
        vector: Its vector, where it was asked for.
        similarity: Its cosine to the vector that was asked with, where one was.
    """

    row_id: str
    document: str | None
    metadata: dict[str, Any]
    vector: NDArray[np.float32] | None = None
    similarity: float | None = None


class ChromaTable:
    """A collection by its name on a client, or one that the application has made.

    Args:
        client: Where the collection lies; None for a given one.
        name: Its name.
        make: Arguments of ``get_or_create_collection``; without a distance among them it is cosine.
        collection: The given collection.

    Raises:
        UsageError: If the name is none that Chroma takes: at once, not when the first vectors are there.
    """

    def __init__(
        self,
        client: ChromaClient | None,
        name: str,
        make: Mapping[str, Any] | None = None,
        collection: Collection | None = None,
    ) -> None:
        if collection is None and not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} is no name for a collection of Chroma.",
                hint="Give 3 to 512 letters a to z, digits, '.', '_' and '-', a letter or digit first and last.",
            )
        self.client = client
        self.name = name
        self._given = collection
        self._forked = False
        if collection is not None:
            renew_after_fork(self)
        given = dict(make or {})
        given.pop("embedding_function", None)
        if "configuration" not in given and "hnsw:space" not in (given.get("metadata") or {}):
            given["configuration"] = {"hnsw": HNSW}
        self._make = given
        self._space: str | None = None

    @classmethod
    def of(cls, collection: Any) -> ChromaTable:
        """Return the table of a collection that the application has made.

        Raises:
            UsageError: If it is no Chroma collection.
        """
        if not hasattr(collection, "upsert") or not hasattr(collection, "name"):
            raise UsageError(
                f"A {type(collection).__name__} is no Chroma collection.",
                hint="Give client.get_or_create_collection(…).",
            )
        return cls(None, collection.name, collection=collection)

    def _after_fork(self) -> None:
        """Open what the application has made anew, since its client does not outlive a fork."""
        self._forked = self.client is None

    def _reconnect(self) -> None:
        place = self.location
        if not place:
            raise UsageError(
                f"The collection {self.name!r} lies in the memory of the process that was forked.",
                hint="Keep it in a folder or on a server, or make it after the fork.",
            )
        self.client = open_client(**place)
        abandon(self._given)
        self._given, self._forked = None, False

    def read(self, action: Callable[[Collection], _T], missing: _T) -> _T:
        """Run a read; ``missing`` when there is no such collection."""
        if self._forked:
            self._reconnect()
        if self._given is not None:
            return self._of_given(action)
        return self._owner.read(self.name, action, missing)

    def _of_given(self, action: Callable[[Collection], _T]) -> _T:
        assert self._given is not None
        try:
            with translated(self.name):
                return action(self._given)
        except Transient as error:
            raise error.lasting(self.name) from error

    def scan(self, rows_a_read: int = 1000) -> Iterator[FoundRow]:
        """Yield every row in the order in which they were added, without their vectors, page by page."""
        offset = 0
        while True:
            none: list[FoundRow] = []
            found = self.read(partial(_page, limit=rows_a_read, offset=offset), none)
            yield from found
            if len(found) < rows_a_read:
                return
            offset += rows_a_read

    def rows(self, row_ids: Sequence[str]) -> dict[str, FoundRow]:
        """Return rows with their vectors by id; what is not there is left out."""
        none: list[FoundRow] = []
        found = self.read(partial(_page, ids=list(row_ids), vectors=True), none) if row_ids else none
        return {row.row_id: row for row in found}

    def write(self, action: Callable[[Collection], _T], *, create: bool = True) -> _T | None:
        """Run a write, on a collection made for it where ``create`` is set."""
        if self._forked:
            self._reconnect()
        if self._given is not None:
            return self._of_given(action)
        return self._owner.write(self.name, action, self._make if create else None)

    def collection(self) -> Collection:
        """Return the Chroma collection as it stands now, made if need be."""
        if self._given is not None:
            return self._given
        return self._owner.write(self.name, lambda collection: collection, self._make)

    @property
    def identity(self) -> str:
        """What Chroma knows the collection by, whatever it is called."""
        return self.read(lambda collection: str(collection.id), "")

    @property
    def folder(self) -> Path | None:
        """The folder that the collection lies in, where it is known."""
        if self.client is not None:
            return self.client.folder
        place = self.location.get("persist_dir")
        return Path(place) if place else None

    @property
    def exists(self) -> bool:
        """Whether there is such a collection."""
        return self._given is not None or self._owner.read(self.name, lambda _: True, False)

    def beside(self, name: str) -> ChromaTable:
        """Return another collection on the same client.

        Raises:
            UsageError: For a given collection, whose client is not known.
        """
        return ChromaTable(self._owner, name, self._make)

    def neighbours(self) -> Iterator[ChromaTable]:
        """Yield every collection of the same database, this one among them."""
        if self._given is None:
            yield from (self.beside(name) for name, _metadata in self._owner.collections())
            return
        from chromadb.api.models.Collection import Collection

        server = getattr(self._given, "_client", None)
        if server is None:
            yield self
            return
        place = {"tenant": self._given.tenant, "database": self._given.database}
        for model in server.list_collections(**place):
            yield ChromaTable.of(Collection(client=server, model=model, embedding_function=None))

    @property
    def location(self) -> dict[str, Any]:
        """Where a given collection lies, as :func:`open_client` takes it; empty for one in memory."""
        server = getattr(self._given, "_client", None)
        if server is None:
            return {}
        settings = server.get_settings()
        place: dict[str, Any] = {"tenant": self._given.tenant, "database": self._given.database}  # type: ignore[union-attr]
        changed = {
            name: getattr(settings, name)
            for name, known in type(settings).model_fields.items()
            if name not in _PLACE_SETTINGS
            and getattr(settings, name) != known.get_default(call_default_factory=True)
        }
        if changed:
            place["settings"] = changed
        if settings.is_persistent:
            return {"persist_dir": str(Path(settings.persist_directory).absolute()), **place}
        if not settings.chroma_server_host:
            return {}
        headers = {
            name: value
            for name, value in (settings.chroma_server_headers or {}).items()
            if name not in _OWN_HEADERS
        }
        if headers:
            place["headers"] = headers
        return {
            "host": settings.chroma_server_host,
            "port": settings.chroma_server_http_port,
            "ssl": bool(settings.chroma_server_ssl_enabled),
            **place,
        }

    def is_cosine(self, collection: Collection) -> bool:
        """Whether the collection measures cosine distance."""
        if self._space is None:
            hnsw = (collection.configuration_json or {}).get("hnsw") or {}
            metadata = collection.metadata or {}
            self._space = str(hnsw.get("space") or metadata.get("hnsw:space") or "l2")
        return self._space == "cosine"

    @property
    def _owner(self) -> ChromaClient:
        if self.client is None:
            raise UsageError(
                f"The collection {self.name!r} was given without its client.",
                hint="Open it with from_params(persist_dir=…) or host and port.",
            )
        return self.client

    def max_batch(self) -> int:
        """Return the most rows that one write may hold."""
        if self.client is not None:
            return self.client.max_batch()
        server = getattr(self._given, "_client", None)
        return max(1, int(server.get_max_batch_size())) if server is not None else 100


def open_client(
    *,
    persist_dir: str | Path | None = None,
    host: str | None = None,
    port: int | str | None = None,
    ssl: bool = False,
    headers: Mapping[str, str] | None = None,
    tenant: str | None = None,
    database: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> ChromaClient:
    """Open a client of a folder or of a server, in the database of a tenant.

    Raises:
        UsageError: If neither a folder nor a server is named.
    """
    usual = Tenancy()
    tenancy = Tenancy(tenant or usual.tenant, database or usual.database, dict(settings or {}))
    if persist_dir:
        return ChromaClient(persist_dir, tenancy=tenancy)
    if host:
        return ChromaClient.on_server(host, int(port or 8000), ssl=ssl, headers=headers, tenancy=tenancy)
    raise UsageError(
        "A collection needs a place.", hint="Give persist_dir, or host and port, or chroma_collection."
    )


def cosines(vectors: Any, query: Any) -> NDArray[np.float32]:
    """Return the cosine similarity of each row of ``vectors`` with ``query``."""
    return cosine_similarities(np.asarray(vectors, np.float32), np.asarray(query, np.float32))


def _page(collection: Collection, *, vectors: bool = False, **which: Any) -> list[FoundRow]:
    include: list[Any] = ["documents", "metadatas", *(["embeddings"] if vectors else [])]
    page = collection.get(include=include, **which)
    ids = page["ids"]
    documents, metadatas = page["documents"] or [None] * len(ids), page["metadatas"] or [None] * len(ids)
    table = np.asarray(page["embeddings"], np.float32) if vectors and len(ids) else None
    return [
        FoundRow(row_id, documents[n], dict(metadatas[n] or {}), table[n] if table is not None else None)
        for n, row_id in enumerate(ids)
    ]
