"""A LlamaIndex vector store over Chroma that holds text and pictures and loses neither."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from llama_index.core.bridge.pydantic import ConfigDict, Field, PrivateAttr
from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
    VectorStoreQueryResult,
)

from ..errors import PictureError, UsageError
from ..storage.chroma.table import ChromaTable, open_client
from ..storage.filters import parse
from ..storage.media_store import MediaStore
from .node_rows import RefusedNode, node_from_row, row_from_node
from .node_table import NodeTable, Selection

__all__ = ["CrossModalVectorStore", "RefusedNode"]

_LOG = logging.getLogger(__name__)
_PREFETCH_FACTOR = 4.0
_PLACE = ("persist_dir", "host", "port", "ssl", "headers", "tenant", "database", "settings")


class CrossModalVectorStore(BasePydanticVectorStore):
    """Chroma as a LlamaIndex vector store for text and pictures.

    Takes the place of ``ChromaVectorStore`` and reads and writes the same rows. Beyond it: adding is an
    upsert in batches that Chroma accepts; similarities are cosines; every filter operator of LlamaIndex
    works, and so do ``node_ids`` and ``doc_ids``; pictures in memory lie once in a media folder, come back
    as ``ImageNode.image_path`` and go when nothing refers to them; one corrupt picture costs itself only;
    the asynchronous methods do not block the event loop; other processes may read a folder while it is
    written.

    Args:
        chroma_collection: A collection that the application has made.
        collection_name: The collection to open or make, with ``persist_dir`` or ``host`` and ``port``.
        persist_dir: Folder of a local Chroma database.
        media_dir: Folder or fsspec URL for pictures; by default ``media`` in ``persist_dir``.
        host: Host of a Chroma server (then pictures need a ``media_dir``).
        port: Its port.
        ssl: Whether it speaks TLS.
        headers: Headers to send to it; they are left out of ``to_dict``, since they may hold a key:
            give them to ``from_dict`` again.
        tenant: Chroma's tenant.
        database: Its database.
        settings: Settings of Chroma that differ from its defaults, likewise left out of ``to_dict``.
        collection_kwargs: Further arguments of ``get_or_create_collection``.
        keep_files: Whether picture files are copied to the media folder too, so that the store does not
            depend on where they lie.

    Example:
        >>> from xmrag_plugin import CrossModalVectorStore
        >>> store = CrossModalVectorStore.from_params(persist_dir="kb", collection_name="docs")
        >>> context = StorageContext.from_defaults(vector_store=store, image_store=store.image_store)
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    stores_text: bool = True
    flat_metadata: bool = False
    collection_name: str | None = None
    persist_dir: str | None = None
    media_dir: str | None = None
    host: str | None = None
    port: int | str | None = None
    ssl: bool = False
    headers: dict[str, str] | None = Field(default=None, exclude=True, repr=False)
    tenant: str = "default_tenant"
    database: str = "default_database"
    settings: dict[str, Any] | None = Field(default=None, exclude=True, repr=False)
    left_out: list[str] = Field(default_factory=list)
    collection_kwargs: dict[str, Any] = Field(default_factory=dict)
    keep_files: bool = False

    _table: NodeTable = PrivateAttr()
    _media: MediaStore | None = PrivateAttr(default=None)
    _scratch: Any = PrivateAttr(default=None)
    _refused: list[RefusedNode] = PrivateAttr(default_factory=list)

    def __init__(self, chroma_collection: Any = None, **values: Any) -> None:
        for name in ("persist_dir", "media_dir"):
            if isinstance(values.get(name), Path):
                values[name] = str(values[name])
        if chroma_collection is not None:
            table = ChromaTable.of(chroma_collection)
            values = {**table.location, **values, "collection_name": table.name}
        super().__init__(**values)
        lacking = [name for name in self.left_out if not getattr(self, name)]
        if lacking:
            raise UsageError(
                f"The store was opened with {' and '.join(lacking)}, which its dictionary does not hold.",
                hint=f"Give them again: from_dict(data, {', '.join(f'{name}=…' for name in lacking)}).",
            )
        self.left_out = [name for name in ("headers", "settings") if getattr(self, name)]
        if chroma_collection is None:
            if not self.collection_name:
                raise UsageError("A vector store needs a collection.", hint="Give collection_name.")
            place = {name: getattr(self, name) for name in _PLACE}
            table = ChromaTable(open_client(**place), self.collection_name, self.collection_kwargs)
        self._media = self._open_media()
        self._table = NodeTable(table, self._media)

    def _open_media(self) -> MediaStore | None:
        if self.media_dir:
            return MediaStore(self.media_dir)
        if self.persist_dir:
            return MediaStore(Path(self.persist_dir) / "media")
        if self.host:
            return None
        self._scratch = tempfile.TemporaryDirectory(prefix="xmrag-media-")  # beside an ephemeral client
        return MediaStore(self._scratch.name)

    @classmethod
    def from_params(
        cls,
        collection_name: str,
        host: str | None = None,
        port: str | int | None = None,
        ssl: bool = False,
        headers: dict[str, str] | None = None,
        persist_dir: str | Path | None = None,
        collection_kwargs: dict[str, Any] | None = None,
        *,
        media_dir: str | Path | None = None,
        keep_files: bool = False,
        tenant: str = "default_tenant",
        database: str = "default_database",
        settings: dict[str, Any] | None = None,
    ) -> CrossModalVectorStore:
        """Open or make a collection in a folder or on a server."""
        return cls(
            collection_name=collection_name,
            host=host,
            port=port,
            ssl=ssl,
            headers=headers,
            persist_dir=persist_dir,
            collection_kwargs=collection_kwargs or {},
            media_dir=media_dir,
            keep_files=keep_files,
            tenant=tenant,
            database=database,
            settings=settings,
        )

    @classmethod
    def from_collection(cls, collection: Any) -> CrossModalVectorStore:
        """Return a store over a collection that the application has made."""
        return cls(chroma_collection=collection)

    @classmethod
    def class_name(cls) -> str:
        return "CrossModalVectorStore"

    def __getstate__(self) -> dict[str, Any]:
        if not (self.persist_dir or self.host):
            raise UsageError(
                f"The collection {self.collection_name!r} lies in memory alone and cannot be pickled.",
                hint="Keep it in a folder (persist_dir) or on a server (host, port).",
            )
        return {"__dict__": dict(self.__dict__)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state["__dict__"])  # type: ignore[misc]

    @property
    def client(self) -> Any:
        """Return the Chroma collection, as the stock store gives it."""
        return self._table.chroma.collection()

    @property
    def media(self) -> MediaStore | None:
        """Return the store of picture bytes."""
        return self._media

    @property
    def refused(self) -> list[RefusedNode]:
        """Return what the last ``add`` left out."""
        return list(self._refused)

    @property
    def image_store(self) -> CrossModalVectorStore:
        """Return the store of the same documents' picture vectors, in the collection beside this one.

        For ``StorageContext.from_defaults(vector_store=store, image_store=store.image_store)``. What is
        deleted here is deleted there.
        """
        if not (self.persist_dir or self.host):
            self._table.chroma.beside("")  # says why not
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**{**values, "collection_name": self._table.image_name})

    # -- writing ---------------------------------------------------------------------------------

    def add(self, nodes: Sequence[BaseNode], **add_kwargs: Any) -> list[str]:
        """Add nodes with their embeddings, replacing those that have the same ids.

        A node whose picture cannot be decoded, or whose embedding is zero, is left out, logged and listed
        in :attr:`refused`; the others are stored.

        Returns:
            The ids of the stored nodes.

        Raises:
            UsageError: If a node has no embedding, or there is no place for its picture.
            PictureError: If every node was left out.
        """
        if add_kwargs:
            raise UsageError(f"add takes no {sorted(add_kwargs)}.", hint="Leave them out.")
        return self._add(nodes, gentle=False)

    def _add(self, nodes: Sequence[BaseNode], *, gentle: bool) -> list[str]:
        rows = {}
        refused: list[RefusedNode] = []
        with self._table.lock:
            for node in nodes:
                try:
                    row = row_from_node(node, self._media, keep_files=self.keep_files)
                except PictureError as error:
                    _LOG.warning("The node %s was left out: %s", node.node_id, error)
                    refused.append(RefusedNode(node.node_id, error))
                else:
                    rows[row.node_id] = row
            self._refused = refused
            if refused and not rows:
                raise refused[0].error
            self._table.upsert(list(rows.values()), gentle=gentle)
        return [node.node_id for node in nodes if node.node_id in rows]

    def delete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """Remove the nodes of a document, here and in the picture collection, and the pictures that only they show."""
        self._delete(Selection(doc_ids=[ref_doc_id]), gentle=False)

    def delete_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **delete_kwargs: Any
    ) -> None:
        """Remove nodes by id, by filter, or by both; with neither, nothing."""
        selection = _deletion(node_ids, filters)
        if selection is not None:
            self._delete(selection, gentle=False)

    def clear(self) -> None:
        """Remove every node, here and in the picture collection, and the pictures that only they show."""
        self._delete(Selection(), gentle=False)

    def _delete(self, selection: Selection, *, gentle: bool) -> None:
        with self._table.lock:
            self._table.delete(selection, gentle=gentle)

    # -- reading ---------------------------------------------------------------------------------

    def get_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None
    ) -> list[BaseNode]:
        """Return the nodes by id (in that order), by filter, or by both; with neither, all.

        An empty list of ids beside a filter restricts nothing, as in ``ChromaVectorStore``.
        """
        selection = _selection(filters=filters)
        selection.node_ids = node_ids or None if filters is not None else node_ids
        return [
            node_from_row(row.row_id, row.metadata, row.document, self._media)
            for row in self._table.get(selection)
        ]

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """Return the nearest nodes with their cosine similarities, best first.

        Args:
            query: Modes DEFAULT and MMR. ``VectorStoreIndex`` passes with every question the ids of the
                nodes that it has recorded, which are none or, from a store that keeps text, those of
                pictures alone. So an empty ``node_ids``, and one of pictures alone that comes with a
                ``query_str``, restrict nothing; use filters for that.
            **kwargs: ``where`` and ``where_document`` as Chroma takes them; for MMR ``mmr_threshold``,
                ``mmr_prefetch_factor`` or ``mmr_prefetch_k``.

        Raises:
            UsageError: For another mode or argument.
            UnsupportedFilter: For a filter whose value does not fit its operator.
            ModelMismatch: If the query's dimension is not the collection's.
        """
        mode = VectorStoreQueryMode(query.mode)
        if mode not in (VectorStoreQueryMode.DEFAULT, VectorStoreQueryMode.MMR):
            raise UsageError(
                f"CrossModalVectorStore has no query mode {mode.value!r}: Chroma keeps no lexical index.",
                hint="Use 'default' or 'mmr'; CrossModalIndex searches words and vectors together.",
            )
        asked = bool(query.node_ids and query.query_str is not None)
        recorded = asked and self._table.are_pictures(query.node_ids or [])
        selection = _selection(
            filters=query.filters,
            node_ids=None if recorded else query.node_ids or None,
            doc_ids=query.doc_ids or None,
            where=kwargs.pop("where", None),
            where_document=kwargs.pop("where_document", None),
        )
        diversity = _diversity(query, mode, kwargs)
        k = max(0, query.similarity_top_k)
        if query.query_embedding is None or not len(query.query_embedding):
            rows = self._table.get(selection, limit=k)
        elif diversity is None:
            rows = self._table.nearest(query.query_embedding, k, selection)
        else:
            threshold, prefetch = diversity
            rows = self._table.diverse(query.query_embedding, k, selection, threshold, prefetch)
        return VectorStoreQueryResult(
            nodes=[
                node_from_row(row.row_id, row.metadata, row.document, self._media, whole=True) for row in rows
            ],
            similarities=None
            if rows and rows[0].similarity is None
            else [row.similarity or 0.0 for row in rows],
            ids=[row.row_id for row in rows],
        )

    # -- in a thread, off the event loop -----------------------------------------------------------

    async def async_add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        """Call :meth:`add` in a thread, in small batches, between which the event loop has its turn."""
        if kwargs:
            return self.add(nodes, **kwargs)
        return await asyncio.to_thread(self._add, nodes, gentle=True)

    async def adelete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """Call :meth:`delete` in a thread."""
        await asyncio.to_thread(self._delete, Selection(doc_ids=[ref_doc_id]), gentle=True)

    async def adelete_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **delete_kwargs: Any
    ) -> None:
        """Call :meth:`delete_nodes` in a thread."""
        selection = _deletion(node_ids, filters)
        if selection is not None:
            await asyncio.to_thread(self._delete, selection, gentle=True)

    async def aclear(self) -> None:
        """Call :meth:`clear` in a thread."""
        await asyncio.to_thread(self._delete, Selection(), gentle=True)

    async def aget_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None
    ) -> list[BaseNode]:
        """Call :meth:`get_nodes` in a thread."""
        return await asyncio.to_thread(self.get_nodes, node_ids, filters)

    async def aquery(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """Call :meth:`query` in a thread."""
        return await asyncio.to_thread(partial(self.query, query, **kwargs))


def _selection(*, filters: MetadataFilters | None, **values: Any) -> Selection:
    return Selection(filters=parse(filters), **values)


def _deletion(node_ids: list[str] | None, filters: MetadataFilters | None) -> Selection | None:
    """Return what a deletion by ids and filters means; None for nothing."""
    if node_ids is None and (filters is None or not filters.filters):
        return None
    selection = _selection(filters=filters)
    selection.node_ids = node_ids
    return selection


def _diversity(
    query: VectorStoreQuery, mode: VectorStoreQueryMode, kwargs: dict[str, Any]
) -> tuple[float, int] | None:
    """Return the threshold and number of candidates for MMR; None for another mode."""
    threshold = kwargs.pop("mmr_threshold", None)
    factor, prefetch = kwargs.pop("mmr_prefetch_factor", None), kwargs.pop("mmr_prefetch_k", None)
    if kwargs:
        raise UsageError(
            f"query takes no {sorted(kwargs)}.",
            hint="Known: where, where_document, mmr_threshold, mmr_prefetch_factor, mmr_prefetch_k.",
        )
    if mode is not VectorStoreQueryMode.MMR:
        return None
    if factor is not None and prefetch is not None:
        raise UsageError("Both mmr_prefetch_factor and mmr_prefetch_k are given.", hint="Give one of them.")
    weight = query.mmr_threshold if query.mmr_threshold is not None else threshold
    weight = 0.5 if weight is None else float(weight)
    if not 0.0 <= weight <= 1.0:
        raise UsageError(f"mmr_threshold is {weight}.", hint="Give 0 (all diversity) to 1 (all relevance).")
    wanted = prefetch if prefetch is not None else query.similarity_top_k * float(factor or _PREFETCH_FACTOR)
    return weight, max(int(wanted), query.similarity_top_k)
