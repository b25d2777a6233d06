"""Vectors on Chroma: one collection for each space and modality, in cosine distance.

A collection a kind is searched ten times as fast as one collection with a filter (1.5 ms against
18–33 ms at 20,000 vectors), and no kind can crowd out another.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import KnowledgeBaseDamaged, StoreError, UsageError, VectorsDamaged
from .client import ChromaClient
from .folder import DATABASE
from .index_files import clear_unused_rows

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

__all__ = ["HNSW", "ChromaCollections", "cosine_similarities"]

HNSW: dict[str, Any] = {
    "space": "cosine",
    "max_neighbors": 16,
    "ef_construction": 100,
    # Chroma's own 100 finds 97.7 % of the ten nearest of 20,000 × 384, 400 finds all of them for 1 ms more.
    "ef_search": 400,
    # Chroma replays the unsynced tail of its log into the index whenever it is opened: a short tail
    # opens 15,800 × 384 in 0.03 s instead of 0.20 s and costs a tenth of the insertion's time.
    "sync_threshold": 100,
    "batch_size": 100,
}
"""Settings of a new collection's index."""

_IDS_A_READ = 5000
_MAX_LOOKED_UP = 200
"""So many vectors are sooner read and compared (0.04 ms each) than searched among (8 ms, however many they are).

Of 10,000 by ``benchmarks/scale/filters.py``, where Chroma's own ``where`` takes from 1.3 to 6 times as long as ids, and
fetching more than wanted finds fewer of the nearest.
"""

_ROWS_A_WRITE = 1000  # other processes wait for no more than one such write
_SPACE = "xmrag_space"
_MODALITY = "xmrag_modality"
_PREFIX = "xmrag_prefix"


class ChromaCollections:
    """The vectors of one knowledge base.

    Args:
        where: A local folder or a chromadb client (``chromadb.HttpClient(…)`` for several writers).
        prefix: Begins the collections' names, so that several knowledge bases can share a server.
        must_exist: Whether a folder without a database is an error instead of being made.

    Raises:
        KnowledgeBaseMissing: If the folder must exist and does not.
        VectorsDamaged: If the folder cannot be read as a Chroma database.

    Example:
        >>> collections = ChromaCollections("kb/chroma")
        >>> collections.upsert("text", "image", ["n1"], [[0.6, 0.8]])
        >>> collections.query("text", "image", [0.6, 0.8], k=1)
        [('n1', 1.0)]
    """

    def __init__(
        self, where: str | Path | ClientAPI, prefix: str = "xmrag", *, must_exist: bool = False
    ) -> None:
        self.prefix = prefix
        self._client = ChromaClient(where, must_exist=must_exist)

    @classmethod
    def on(cls, client: ChromaClient, prefix: str) -> ChromaCollections:
        """Return the vectors behind a client that was made already."""
        made = cls.__new__(cls)
        made.prefix, made._client = prefix, client
        return made

    # -- writing ---------------------------------------------------------------------------------

    def upsert(
        self,
        space: str,
        modality: str,
        ids: Sequence[str],
        vectors: ArrayLike,
    ) -> None:
        """Store vectors under their ids, replacing those that the ids held; of a doubled id the last counts.

        Args:
            space: Name of the vector space, such as ``"text"``.
            modality: ``"text"``, ``"image"``, …
            ids: One for each vector.
            vectors: Shape ``(len(ids), dimension)``; finite; their length does not matter.

        Raises:
            UsageError: If the counts differ, or a vector is zero or not finite.
            ModelMismatch: If the dimension is not that of the vectors already there.
        """
        if not len(ids):
            return
        matrix = _matrix(vectors)
        if len(ids) != len(matrix):
            raise UsageError(f"{len(ids)} ids came with {len(matrix)} vectors.", hint="Give one for each id.")
        rows = list({node_id: row for row, node_id in enumerate(ids)}.values())
        batch = min(_ROWS_A_WRITE, self._client.max_batch())
        for start in range(0, len(rows), batch):
            part = rows[start : start + batch]
            self._client.write(
                self.collection_name(space, modality),
                partial(_put, ids=[ids[row] for row in part], vectors=matrix[part]),
                make={
                    "configuration": {"hnsw": HNSW},
                    "metadata": {_PREFIX: self.prefix, _SPACE: space, _MODALITY: modality},
                },
            )

    def delete(self, ids: Iterable[str]) -> None:
        """Remove ids from every collection; what is not there is passed over."""
        names = list(dict.fromkeys(ids))
        batch = min(_ROWS_A_WRITE, self._client.max_batch()) if names else 1
        for collection, _space, _modality in self._all() if names else ():
            for start in range(0, len(names), batch):
                self._client.write(collection, partial(_remove, ids=names[start : start + batch]))

    def drop(self, space: str) -> None:
        """Remove a space with all its vectors."""
        for collection, its_space, _modality in self._all():
            if its_space == space:
                self._client.drop(collection)
        self._client.remove_unnamed()

    # -- reading ---------------------------------------------------------------------------------

    def query(
        self,
        space: str,
        modality: str,
        vector: ArrayLike,
        k: int,
        *,
        ids: Sequence[str] | None = None,
    ) -> list[tuple[str, float]]:
        """Return the ``k`` nearest ids with their cosine similarities, best first.

        Args:
            space: Name of the vector space.
            modality: Which of its collections; one that does not exist holds nothing.
            vector: Shape ``(dimension,)``.
            k: How many; more than there are gives all.
            ids: Look among these alone (exactly).

        Raises:
            ModelMismatch: If the dimension is not that of the stored vectors.
        """
        if k < 1 or (ids is not None and not len(ids)):
            return []
        row = _matrix(np.asarray(vector, np.float32)[None])
        name = self.collection_name(space, modality)
        none: list[tuple[str, float]] = []
        if ids is None:
            return self._client.read(name, partial(_nearest, row=row, k=k), none)
        if len(ids) > _MAX_LOOKED_UP:
            unique = list(dict.fromkeys(ids))
            return self._client.read(name, partial(_nearest_among, row=row, k=k, ids=unique), none)
        known = self.vectors(space, modality, ids)
        if not known:
            return none
        names, table = list(known), np.stack(list(known.values()))
        if table.shape[1] != row.shape[1]:
            self._client.read(
                name, partial(_nearest, row=row, k=1), none
            )  # lets Chroma say what does not fit
        similarities = cosine_similarities(table, row[0])
        best = np.argsort(-similarities, kind="stable")[:k]
        return [(names[index], float(similarities[index])) for index in best]

    def vectors(self, space: str, modality: str, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the stored vectors of those ids that are there, as they were given but for rounding."""
        names = list(dict.fromkeys(ids))

        def look_up(collection: Collection) -> dict[str, NDArray[np.float32]]:
            found: dict[str, NDArray[np.float32]] = {}
            for start in range(0, len(names), _IDS_A_READ):
                rows = collection.get(ids=names[start : start + _IDS_A_READ], include=["embeddings"])
                table = np.asarray(rows["embeddings"], dtype=np.float32)
                found.update(zip(rows["ids"], table, strict=True))
            return found

        return self._client.read(self.collection_name(space, modality), look_up, {})

    def ids(self, space: str, modality: str) -> list[str]:
        """All ids of a collection."""

        def look(collection: Collection) -> list[str]:
            return list(collection.get(include=[])["ids"])

        return self._client.read(self.collection_name(space, modality), look, [])

    def count(self, space: str | None = None, modality: str | None = None) -> int:
        """How many vectors are stored, in all or in one space or modality."""
        return sum(
            self._client.read(name, _count, 0)
            for name, its_space, its_modality in self._all()
            if space in (None, its_space) and modality in (None, its_modality)
        )

    def count_of(self, space: str, modality: str) -> int:
        """Return how many vectors one collection holds; 0 where there is none."""
        return self._client.read(self.collection_name(space, modality), _count, 0)

    def kinds(self) -> list[tuple[str, str]]:
        """Return the ``(space, modality)`` pairs that have a collection."""
        return sorted((space, modality) for _name, space, modality in self._all())

    def check(self) -> dict[tuple[str, str], str]:
        """What is wrong with each damaged collection; empty when all is well.

        Each index is asked for all vectors that the database lists, once its files are known to be sound.
        """
        found: dict[tuple[str, str], str] = {}
        for name, space, modality in self._all():
            fault = self._client.index_fault(name)
            if not fault:
                try:
                    lost = self._client.read(name, _lost, 0)
                    fault = f"the index has lost {lost:,} vectors" if lost else ""
                except VectorsDamaged as error:
                    fault = error.message
            if fault:
                found[space, modality] = fault
        return found

    def copy_to(self, folder: Path, without: Container[str] = ()) -> None:
        """Write all ids and vectors, but for some spaces, and nothing else, into a new folder of Chroma."""
        copied = ChromaCollections(folder, self.prefix)
        try:
            for space, modality in self.kinds():
                names = self.ids(space, modality) if space not in without else []
                for start in range(0, len(names), _IDS_A_READ):
                    rows = self.vectors(space, modality, names[start : start + _IDS_A_READ])
                    copied.upsert(space, modality, list(rows), list(rows.values()))
                if (written := copied.count(space, modality)) != len(names):
                    raise StoreError(
                        f"Only {written} of {len(names)} vectors could be copied to {folder}.",
                        hint="Run `xmrag doctor`; the old ones are kept.",
                    )
        finally:
            copied.close()
        clear_unused_rows(folder / DATABASE)

    def refresh(self) -> None:
        """Look at the folder anew on the next read (other processes' writes are noticed unasked)."""
        self._client.refresh()

    def close(self) -> None:
        """Give the client back."""
        self._client.close()

    # -- collections -----------------------------------------------------------------------------

    def collection_name(self, space: str, modality: str) -> str:
        """Return the Chroma collection of a space and modality."""
        name = re.sub(r"[^a-zA-Z0-9._-]", "_", f"{self.prefix}-{space}-{modality}")
        if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,510}[a-zA-Z0-9]", name):
            raise UsageError(
                f"{name!r} cannot name a Chroma collection.",
                hint="Give 3 to 512 characters that begin and end with a letter or digit.",
            )
        return name

    def _all(self) -> list[tuple[str, str, str]]:
        """Name, space and modality of every collection of this prefix."""
        return [
            (name, str(metadata[_SPACE]), str(metadata[_MODALITY]))
            for name, metadata in self._client.collections()
            if metadata.get(_PREFIX) == self.prefix
        ]


def cosine_similarities(table: NDArray[np.float32], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosine similarity of each row of ``table`` with ``vector``; zero vectors have similarity 0."""
    lengths = np.linalg.norm(table, axis=1) * np.linalg.norm(vector)
    return np.asarray(np.clip((table @ vector) / np.where(lengths > 0, lengths, 1.0), -1, 1), np.float32)


def _nearest(collection: Collection, *, row: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
    return _ranked(_cosine(collection).query(query_embeddings=row, n_results=k, include=["distances"]))


def _nearest_among(
    collection: Collection, *, row: NDArray[np.float32], k: int, ids: list[str]
) -> list[tuple[str, float]]:
    """Search among some ids; Chroma fails on ids that a collection lacks, so these are left out then."""
    from chromadb.errors import InternalError

    asked: dict[str, Any] = {"query_embeddings": row, "include": ["distances"]}
    try:
        return _ranked(_cosine(collection).query(**asked, ids=ids, n_results=min(k, len(ids))))
    except InternalError as error:
        if "finding id" not in str(error):
            raise
    known = [
        name
        for start in range(0, len(ids), _IDS_A_READ)
        for name in collection.get(ids=ids[start : start + _IDS_A_READ], include=[])["ids"]
    ]
    return _ranked(collection.query(**asked, ids=known, n_results=min(k, len(known)))) if known else []


def _ranked(found: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return the ids that a query of one vector found, with their cosines."""
    distances = np.array((found["distances"] or [[]])[0], dtype=np.float64)
    return list(zip(found["ids"][0], np.clip(1 - distances, -1, 1).tolist(), strict=True))


def _matrix(vectors: ArrayLike) -> NDArray[np.float32]:
    matrix = np.asarray(vectors, dtype=np.float32)
    if matrix.size == 0:
        return np.empty((0, 0), np.float32)
    if matrix.ndim != 2:
        raise UsageError(f"Vectors came in shape {matrix.shape}.", hint="Give one row for each id.")
    if not np.isfinite(matrix).all() or not matrix.any(axis=1).all():
        raise UsageError(
            "A vector is zero or not finite, and has no direction.", hint="Check the encoder that made it."
        )
    return matrix


def _put(collection: Collection, *, ids: list[str], vectors: NDArray[np.float32]) -> None:
    _cosine(collection).upsert(ids=ids, embeddings=vectors)


def _remove(collection: Collection, *, ids: list[str]) -> None:
    present = collection.get(ids=ids, include=[])["ids"]
    if present:
        collection.delete(ids=present)


def _count(collection: Collection) -> int:
    return int(collection.count())


def _lost(collection: Collection) -> int:
    """Count ids without a vector. A search for all would not tell: its walk need not come to each of them."""
    ids = collection.get(include=[])["ids"]
    held = 0
    for start in range(0, len(ids), _IDS_A_READ):
        found = collection.get(ids=ids[start : start + _IDS_A_READ], include=["embeddings"])
        held += len(found["embeddings"])
    return len(ids) - held


def _cosine(collection: Collection) -> Collection:
    hnsw = (collection.configuration_json or {}).get("hnsw") or {}
    if hnsw and hnsw.get("space") != "cosine":
        raise KnowledgeBaseDamaged(
            f"The Chroma collection {collection.name!r} measures {hnsw.get('space')!r}, not cosine.",
            hint="It was not made by xmrag: choose another prefix or folder.",
        )
    return collection
