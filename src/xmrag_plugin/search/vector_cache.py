"""Vectors that were looked up before: hubs come up with question after question."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..storage.forks import renew_after_fork
from ..storage.knowledge_base import KnowledgeBase
from ..types import NodeRecord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["VectorCache"]

_MAX_BYTES = 16 << 20


class VectorCache:
    """Looks vectors up in Chroma and keeps the latest, at most 16 MB of them. Safe to share between threads.

    A node's id and content key stand for its vector as long as the space's model is the same, so that what
    other processes write makes nothing kept here wrong.

    Args:
        kb: Where they are looked up.
    """

    def __init__(self, kb: KnowledgeBase) -> None:
        self._kb = kb
        self._kept: OrderedDict[tuple[str, str, str], NDArray[np.float32]] = OrderedDict()
        self._bytes = 0
        self._after_fork()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()

    def vectors(self, space: str, kind: str, records: Sequence[NodeRecord]) -> dict[str, NDArray[np.float32]]:
        """Return the stored vectors of those records that have one in this space, by node id."""
        made = self._kb.manifest.spaces.get(space)
        if made is None:  # another process has just dropped it
            return {}
        model = made.fingerprint
        keys = {r.node_id: (model, r.node_id, r.content_key or r.media_hash or "") for r in records}
        found: dict[str, NDArray[np.float32]] = {}
        with self._lock:
            for node_id, key in keys.items():
                row = self._kept.get(key)
                if row is not None:
                    self._kept.move_to_end(key)
                    found[node_id] = row
        missing = [node_id for node_id in keys if node_id not in found]
        if missing:
            fresh = self._kb.vectors.vectors(space, kind, missing)
            found |= fresh
            with self._lock:
                for node_id, fresh_row in fresh.items():
                    self._keep(keys[node_id], fresh_row.copy())
        return found

    def _keep(self, key: tuple[str, str, str], row: NDArray[np.float32]) -> None:
        if key not in self._kept:
            self._kept[key] = row
            self._bytes += row.nbytes
        while self._bytes > _MAX_BYTES:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
