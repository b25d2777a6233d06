"""Vectors that were looked up before, or that are likely to be: all of a small collection's."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING

from ..storage.forks import renew_after_fork
from ..storage.knowledge_base import KnowledgeBase
from ..types import NodeRecord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = dict[str, NDArray[np.float32]]
    """By node id."""

_Key = tuple[str, str, str]
"""Fingerprint of the space's model, node id, content."""

__all__ = ["VectorCache"]

_MAX_BYTES = 32 << 20
_BEFORE_READING_AHEAD = 8  # look-ups: a process that asks once or twice ends without
_AHEAD_AT_ONCE = 250  # vectors: some 10 ms, for which a search may wait


class VectorCache:
    """Looks vectors up in Chroma and keeps the latest, at most 32 MB of them. Safe to share between threads.

    Of a collection that fits as a whole, all vectors are read in the background once a few questions were asked: a
    look-up takes as long as Chroma's own search.

    A node's id and content key stand for its vector as long as the space's model is the same, so that what
    other processes write makes nothing kept here wrong.

    Args:
        kb: Where they are looked up.
        threads: Where it is done.
    """

    def __init__(self, kb: KnowledgeBase, threads: Callable[[], Executor]) -> None:
        self._kb = kb
        self._threads = threads
        self._kept: OrderedDict[_Key, NDArray[np.float32]] = OrderedDict()
        self._bytes = 0
        self._looked_up: dict[tuple[str, str], int] = {}
        self._after_fork()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()

    def look_up(self, space: str, kind: str, records: Sequence[NodeRecord]) -> Callable[[], Vectors]:
        """Begin to look up the stored vectors of those records that have one in this space.

        Returns:
            What waits for them.
        """
        made = self._kb.manifest.spaces.get(space)
        if made is None:  # another process has just dropped it
            return dict
        keys = {
            r.node_id: (made.fingerprint, r.node_id, _content(r.content_key, r.media_hash)) for r in records
        }
        found: Vectors = {}
        with self._lock:
            for node_id, key in keys.items():
                row = self._kept.get(key)
                if row is not None:
                    self._kept.move_to_end(key)
                    found[node_id] = row
            missing = {node_id: key for node_id, key in keys.items() if node_id not in found}
            if missing:
                self._looked_up[space, kind] = times = self._looked_up.get((space, kind), 0) + 1
        if not missing:
            return lambda: found
        job = self._threads().submit(self._read, space, kind, missing)
        if times == _BEFORE_READING_AHEAD:
            self._threads().submit(self._begin_ahead, space, kind, made.fingerprint)
        return lambda: found | job.result()

    def _read(self, space: str, kind: str, keys: dict[str, _Key]) -> Vectors:
        """Return vectors from Chroma, by node id, and keep them."""
        found = self._kb.vectors.vectors(space, kind, list(keys)) if keys else {}
        with self._lock:
            for node_id, row in found.items():
                if keys[node_id] not in self._kept:
                    self._kept[keys[node_id]] = row.copy()
                    self._bytes += row.nbytes
            while self._bytes > _MAX_BYTES:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return found

    def _begin_ahead(self, space: str, kind: str, model: str) -> None:
        """Read a collection ahead where there is room for all of it."""
        dimension = self._kb.manifest.spaces[space].dimension
        if self._kb.vectors.count_of(space, kind) * dimension * 4 <= _MAX_BYTES - self._bytes:
            of = self._kb.catalog.contents(kind)
            self._go_on_ahead(space, kind, [(model, i, _content(*its)) for i, its in of.items()])

    def _go_on_ahead(self, space: str, kind: str, keys: list[_Key], start: int = 0) -> None:
        """Read the next part of what is not kept yet, and have the rest read after what is asked meanwhile."""
        end = start + _AHEAD_AT_ONCE
        self._read(space, kind, {key[1]: key for key in keys[start:end] if key not in self._kept})
        if end < len(keys):
            with contextlib.suppress(RuntimeError):  # the process ends
                self._threads().submit(self._go_on_ahead, space, kind, keys, end)


def _content(content_key: str | None, media_hash: str | None) -> str:
    return content_key or media_hash or ""
