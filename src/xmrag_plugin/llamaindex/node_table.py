"""Rows of nodes in a Chroma collection: found by filter and nearness, written and removed with their media."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..storage.chroma.table import ChromaTable, FoundRow, cosines
from ..storage.filters import Condition, all_of
from ..storage.forks import renew_after_fork
from ..storage.media_store import MediaStore
from .node_rows import DOCUMENT_ID, HASH_KEYS, StoredRow, media_hashes, row_metadata

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

__all__ = ["NodeTable", "Selection"]

_ROWS_A_READ = 5000
_ROWS_A_WRITE = 1000
_ROWS_A_GENTLE_WRITE = 100  # Chroma holds Python's lock for a whole write: about 0.4 ms a row
_FEW_IDS = 500
_FIRST_LOOK = 64
_SAMPLE = 100


@dataclass(slots=True)
class Selection:
    """Which rows are meant; conditions that are None do not restrict, and all others must hold.

    Attributes:
        filters: A condition on their metadata.
        node_ids: Rows by id; an empty list means none of them.
        doc_ids: Rows of these documents.
        where: A condition in Chroma's language.
        where_document: A condition on the text in Chroma's language.
    """

    filters: Condition | None = None
    node_ids: Sequence[str] | None = None
    doc_ids: Sequence[str] | None = None
    where: dict[str, Any] | None = None
    where_document: dict[str, Any] | None = None

    @property
    def chroma(self) -> dict[str, Any]:
        """Return the arguments that narrow a Chroma call; :meth:`admits` checks the rows that come back."""
        documents = {DOCUMENT_ID: {"$in": list(self.doc_ids)}} if self.doc_ids else None
        narrowed_by = self.filters.chroma() if self.filters is not None else None
        where = all_of(narrowed_by, documents, self.where)
        narrowed = {"where": where, "where_document": self.where_document}
        return {name: value for name, value in narrowed.items() if value}

    def admits(self, node_id: str, metadata: dict[str, Any], ids: set[str] | None) -> bool:
        """Return whether a row that Chroma gave passes all filters."""
        if ids is not None and node_id not in ids:
            return False
        return self.filters is None or self.filters.matches(row_metadata(metadata))


class NodeTable:
    """The rows of one collection, and the media that they refer to."""

    def __init__(self, chroma: ChromaTable, media: MediaStore | None) -> None:
        self.chroma = chroma
        self.media = media
        self.lock = threading.RLock()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self.lock = threading.RLock()

    @property
    def image_name(self) -> str:
        """Name of the collection that holds the same documents' picture vectors."""
        return f"{self.chroma.name}-image"

    # -- writing ---------------------------------------------------------------------------------

    def upsert(self, rows: Sequence[StoredRow], *, gentle: bool = False) -> None:
        """Write rows; media that only the replaced rows referred to are removed.

        Args:
            rows: What to write.
            gentle: Whether other threads shall get their turn often, at some cost in speed.
        """
        batch = self._batch(self.chroma, gentle)
        let_go: set[str] = set()
        for start in range(0, len(rows), batch):
            let_go |= self.chroma.write(partial(_upsert, rows=rows[start : start + batch])) or set()
        self._forget(let_go)

    def delete(self, selection: Selection, *, gentle: bool = False) -> None:
        """Remove rows here and in the picture collection, and media that nothing refers to any more."""
        tables = [self.chroma]
        if self.chroma.client is not None:
            pictures = self.chroma.beside(self.image_name)
            if pictures.exists:
                tables.append(pictures)
        let_go: set[str] = set()
        for table in tables:
            found = NodeTable(table, self.media).get(selection)
            batch = self._batch(table, gentle)
            for start in range(0, len(found), batch):
                ids = [row.row_id for row in found[start : start + batch]]
                table.write(partial(_delete, ids=ids), create=False)
            for row in found:
                let_go |= media_hashes(row.metadata)
        self._forget(let_go)

    @staticmethod
    def _batch(table: ChromaTable, gentle: bool) -> int:
        return min(_ROWS_A_GENTLE_WRITE if gentle else _ROWS_A_WRITE, table.max_batch())

    def _forget(self, digests: Iterable[str]) -> None:
        """Remove those media that no row of any collection beside this one refers to."""
        if self.media is None:
            return
        unused = set(digests)
        for table in self.chroma.neighbours() if unused else ():
            unused -= table.read(partial(_referred, digests=unused), set())
            if not unused:
                return
        self.media.delete(unused)

    # -- reading ---------------------------------------------------------------------------------

    def get(self, selection: Selection, limit: int | None = None) -> list[FoundRow]:
        """Return the rows that are meant, in the order of ``node_ids`` if these are given."""
        if limit == 0 or (selection.node_ids is not None and not selection.node_ids):
            return []
        nothing: list[FoundRow] = []
        found = self.chroma.read(partial(_get, selection=selection, limit=limit), nothing)
        if selection.node_ids is not None:
            place = {node_id: n for n, node_id in enumerate(dict.fromkeys(selection.node_ids))}
            found.sort(key=lambda row: place[row.row_id])
        return found[:limit]

    def are_pictures(self, node_ids: Sequence[str]) -> bool:
        """Return whether no id of a list (of the first hundred) is that of a text."""
        some = list(dict.fromkeys(node_ids[:_SAMPLE]))
        texts = {"_node_type": {"$nin": ["ImageNode", "IndexNode"]}}

        def look(collection: Collection) -> bool:
            return not collection.get(ids=some, where=texts, limit=1, include=[])["ids"]

        return self.chroma.read(look, True)

    def nearest(
        self, vector: Sequence[float], k: int, selection: Selection, *, vectors: bool = False
    ) -> list[FoundRow]:
        """Return the ``k`` nearest of the rows that are meant, best first, with ``vectors`` if asked for."""
        if k < 1 or (selection.node_ids is not None and not selection.node_ids):
            return []
        if selection.node_ids is not None and len(selection.node_ids) <= _FEW_IDS:
            action = partial(_nearest_among, vector=vector, selection=selection)
        else:
            cosine = self.chroma.is_cosine
            action = partial(
                _nearest, vector=vector, k=k, selection=selection, is_cosine=cosine, vectors=vectors
            )
        found: list[FoundRow] = self.chroma.read(action, [])
        found.sort(key=lambda row: -(row.similarity or 0.0))
        return found[:k]

    def diverse(
        self, vector: Sequence[float], k: int, selection: Selection, threshold: float, prefetch: int
    ) -> list[FoundRow]:
        """Choose ``k`` of the ``prefetch`` nearest by maximal marginal relevance (Carbonell and Goldstein 1998).

        Args:
            vector: The query.
            k: How many rows.
            selection: Which are meant.
            threshold: Weight of relevance against similarity to what is chosen already, 0 to 1.
            prefetch: How many to choose from.
        """
        rows = self.nearest(vector, prefetch, selection, vectors=True)
        if not rows:
            return []
        table = np.stack([row.vector for row in rows if row.vector is not None])
        table = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12)
        relevance = np.array([row.similarity or 0.0 for row in rows])
        nearest = np.full(len(rows), -np.inf)
        chosen: list[int] = []
        while len(chosen) < min(k, len(rows)):
            overlap = np.where(np.isinf(nearest), 0.0, nearest)
            gain = threshold * relevance - (1 - threshold) * overlap
            gain[chosen] = -np.inf
            best = int(np.argmax(gain))
            chosen.append(best)
            nearest = np.maximum(nearest, table @ table[best])
        return [rows[n] for n in chosen]


def _upsert(collection: Collection, *, rows: Sequence[StoredRow]) -> set[str]:
    """Write a batch; returns the media that the replaced rows referred to and the new ones do not."""
    ids = [row.node_id for row in rows]
    before = collection.get(ids=ids, include=["metadatas"])
    collection.upsert(
        ids=ids,
        embeddings=np.asarray([row.vector for row in rows], np.float32),
        metadatas=_replacing(before, ids, [row.metadata for row in rows]),
        documents=[row.document for row in rows],
    )
    held: set[str] = set().union(*(media_hashes(metadata) for metadata in before["metadatas"] or []))
    return held.difference(*(media_hashes(row.metadata) for row in rows))


def _delete(collection: Collection, *, ids: list[str]) -> None:
    collection.delete(ids=ids)


def _referred(collection: Collection, *, digests: set[str]) -> set[str]:
    """Return which of the media a row of the collection refers to."""
    referred: set[str] = set()
    for key in HASH_KEYS.values():
        for digest in digests - referred:
            if collection.get(where={key: digest}, limit=1, include=[])["ids"]:
                referred.add(digest)
    return referred


def _get(collection: Collection, *, selection: Selection, limit: int | None) -> list[FoundRow]:
    ids = set(selection.node_ids) if selection.node_ids is not None else None
    names = list(ids) if ids is not None else None
    total = len(names) if names is not None else collection.count()
    found: list[FoundRow] = []
    for start in range(0, total, _ROWS_A_READ):
        page: dict[str, Any] = (
            {"ids": names[start : start + _ROWS_A_READ]}
            if names is not None
            else {"limit": _ROWS_A_READ, "offset": start}
        )
        rows = collection.get(**page, **selection.chroma, include=["metadatas", "documents"])
        for node_id, metadata, document in zip(
            rows["ids"], rows["metadatas"] or [], rows["documents"] or [], strict=True
        ):
            if selection.admits(node_id, dict(metadata or {}), ids):
                found.append(FoundRow(node_id, document, dict(metadata or {})))
        if names is None and (len(rows["ids"]) < _ROWS_A_READ or (limit and len(found) >= limit)):
            break
    return found


def _nearest_among(
    collection: Collection, *, vector: Sequence[float], selection: Selection
) -> list[FoundRow]:
    """Return all rows of a few ids with their exact similarities."""
    ids = set(selection.node_ids or ())
    rows = collection.get(ids=list(ids), **selection.chroma, include=["metadatas", "documents", "embeddings"])
    if not rows["ids"]:
        return []
    table = np.asarray(rows["embeddings"], np.float32)
    if table.shape[1] != len(vector):
        collection.query(query_embeddings=[list(vector)], n_results=1)  # lets Chroma say what does not fit
    found = []
    for n, similarity in enumerate(cosines(table, vector)):
        metadata = dict((rows["metadatas"] or [])[n] or {})
        if selection.admits(rows["ids"][n], metadata, ids):
            document = (rows["documents"] or [])[n]
            found.append(FoundRow(rows["ids"][n], document, metadata, table[n], float(similarity)))
    return found


def _nearest(
    collection: Collection,
    *,
    vector: Sequence[float],
    k: int,
    selection: Selection,
    is_cosine: Any,
    vectors: bool,
) -> list[FoundRow]:
    """Return the nearest rows, looking at ever more until enough are admitted or all are seen."""
    count = collection.count()
    ids = set(selection.node_ids) if selection.node_ids is not None else None
    wanted = k if selection.filters is None and ids is None else max(_FIRST_LOOK, 2 * k)
    cosine = is_cosine(collection)
    include = ["metadatas", "documents", "distances"] + ([] if cosine and not vectors else ["embeddings"])
    while count:
        wanted = min(wanted, count)
        rows = collection.query(
            query_embeddings=[np.asarray(vector, np.float32)],
            n_results=wanted,
            include=include,
            **selection.chroma,
        )
        names = rows["ids"][0]
        admitted = [
            n
            for n, (node_id, metadata) in enumerate(zip(names, (rows["metadatas"] or [[]])[0], strict=True))
            if selection.admits(node_id, dict(metadata or {}), ids)
        ]
        if len(admitted) >= k or len(names) < wanted or wanted >= count:
            return _found(rows, admitted[:k], vector, cosine)
        wanted *= 4
    return []


def _found(rows: Any, admitted: list[int], vector: Sequence[float], cosine: bool) -> list[FoundRow]:
    held = rows["embeddings"]
    table = np.asarray(held[0], np.float32)[admitted] if held is not None and admitted else None
    if cosine or table is None:
        similarities = [1.0 - float(rows["distances"][0][n]) for n in admitted]
    else:
        similarities = [float(value) for value in cosines(table, vector)]
    return [
        FoundRow(
            rows["ids"][0][n],
            rows["documents"][0][n],
            dict(rows["metadatas"][0][n] or {}),
            None if table is None else table[place],
            max(-1.0, min(1.0, similarities[place])),
        )
        for place, n in enumerate(admitted)
    ]


def _replacing(
    before: Mapping[str, Any], ids: Sequence[str], metadatas: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any] | None]:
    """Return the metadata that replace: Chroma's upsert merges, so keys that are gone are set to None.

    Args:
        before: What ``get`` says of the ids with their metadatas.
        ids: The ids to be written.
        metadatas: What they shall have.
    """
    old = dict(zip(before["ids"], before["metadatas"] or [], strict=False))
    replaced: list[dict[str, Any] | None] = []
    for node_id, metadata in zip(ids, metadatas, strict=True):
        kept = {key: value for key, value in metadata.items() if value is not None}
        gone = {key: None for key in old.get(node_id) or {} if key not in kept}
        replaced.append({**kept, **gone} or None)
    return replaced
