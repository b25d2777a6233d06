"""Metadata conditions on node records, for every channel alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..errors import UnsupportedFilter
from ..types import NodeRecord

__all__ = ["as_predicate"]

Predicate = Callable[[NodeRecord], bool]


def as_predicate(where: Mapping[str, Any] | Predicate | None) -> Predicate | None:
    """A mapping of metadata to values (or to collections of allowed values) as a function of a record.

    Raises:
        UnsupportedFilter: If it is neither a mapping nor callable.
    """
    if where is None or callable(where):
        return where
    if not isinstance(where, Mapping):
        raise UnsupportedFilter(
            f"{type(where).__name__} is no condition.",
            hint="Give a mapping such as {'source': 'a.pdf'}, or a function of a node record.",
        )
    conditions = dict(where)

    def holds(record: NodeRecord) -> bool:
        for name, wanted in conditions.items():
            value = record.source if name == "source" else record.metadata.get(name)
            if isinstance(wanted, (list, tuple, set, frozenset)):
                if value not in wanted:
                    return False
            elif value != wanted:
                return False
        return True

    return holds
