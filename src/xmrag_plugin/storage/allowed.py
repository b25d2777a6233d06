"""The nodes that a search may return, chosen by a condition before anything is ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Allowed"]


@dataclass(slots=True)
class Allowed:
    """Nodes that meet a condition, in the order of the catalog.

    Attributes:
        ids: Their node ids.
        kinds: Of each, the kind of collection that it lives in: ``text``, ``image`` or ``sound``.
        rowids: Of each, its row in the catalog, ascending.
    """

    ids: Sequence[str]
    kinds: Sequence[str]
    rowids: Sequence[int]
    _of_kind: dict[str, list[str]] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.ids)

    def of_kind(self, kind: str) -> list[str]:
        """Return the ids of one kind; chosen once, since a condition serves many questions."""
        if kind not in self._of_kind:
            pairs = zip(self.ids, self.kinds, strict=True)
            self._of_kind[kind] = [node_id for node_id, its in pairs if its == kind]
        return self._of_kind[kind]
