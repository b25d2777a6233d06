"""LlamaIndex's metadata filters: what Chroma can be asked, and what each of them means exactly.

The meaning is that of ``llama_index.core.vector_stores.utils.build_metadata_filter_fn``, with nesting:
a field that is missing or None satisfies ``!=``, ``nin`` and ``is_empty`` alone, and NOT holds when none
of its filters does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
)

from ..errors import UnsupportedFilter

__all__ = ["all_of", "check_filters", "chroma_where", "matches"]

_Where = dict[str, Any]

_COMPARED = {
    FilterOperator.GT: "$gt",
    FilterOperator.GTE: "$gte",
    FilterOperator.LT: "$lt",
    FilterOperator.LTE: "$lte",
}
_NEGATED = {
    FilterOperator.EQ: FilterOperator.NE,
    FilterOperator.NE: FilterOperator.EQ,
    FilterOperator.IN: FilterOperator.NIN,
    FilterOperator.NIN: FilterOperator.IN,
}
_LARGEST_INT = 2**63 - 1


def check_filters(filters: MetadataFilters) -> None:
    """Refuse filters whose value does not fit their operator.

    Raises:
        UnsupportedFilter: Naming the filter and what it would need.
    """
    for child in filters.filters:
        if isinstance(child, MetadataFilters):
            check_filters(child)
            continue
        needed = _needed(child)
        if needed:
            raise UnsupportedFilter(
                f"The filter {child.key!r} {child.operator.value} {child.value!r} has no meaning.",
                hint=f"Give {needed}.",
            )


def _needed(filter_: MetadataFilter) -> str:
    """What kind of value the operator would need; empty when the value is of that kind."""
    value, operator = filter_.value, filter_.operator
    if operator in (FilterOperator.IN, FilterOperator.NIN, FilterOperator.ANY, FilterOperator.ALL):
        return "" if isinstance(value, list) else "a list of values"
    if operator in (FilterOperator.TEXT_MATCH, FilterOperator.TEXT_MATCH_INSENSITIVE):
        return "" if isinstance(value, str) else "a string to look for"
    if operator in _COMPARED:
        return "" if isinstance(value, str | int | float) else "a number or a string"
    if operator is FilterOperator.CONTAINS:
        return "" if isinstance(value, str | int | float) else "one value"
    return ""


def matches(filters: MetadataFilters | None, metadata: Mapping[str, Any]) -> bool:
    """Whether metadata satisfy filters."""
    if filters is None or not filters.filters:
        return True
    outcomes = (
        matches(child, metadata) if isinstance(child, MetadataFilters) else _matches(child, metadata)
        for child in filters.filters
    )
    if filters.condition is FilterCondition.OR:
        return any(outcomes)
    if filters.condition is FilterCondition.NOT:
        return not any(outcomes)
    return all(outcomes)


def _matches(filter_: MetadataFilter, metadata: Mapping[str, Any]) -> bool:
    held = metadata.get(filter_.key)
    wanted: Any = filter_.value
    operator = filter_.operator
    if operator is FilterOperator.IS_EMPTY:
        return held is None or held == "" or held == []
    if held is None:
        return operator in (FilterOperator.NE, FilterOperator.NIN)
    if operator is FilterOperator.EQ:
        return bool(held == wanted)
    if operator is FilterOperator.NE:
        return bool(held != wanted)
    if operator is FilterOperator.IN:
        return held in wanted
    if operator is FilterOperator.NIN:
        return held not in wanted
    if operator in _COMPARED:
        return _compares(operator, held, wanted)
    if operator is FilterOperator.TEXT_MATCH:
        return isinstance(held, str) and wanted in held
    if operator is FilterOperator.TEXT_MATCH_INSENSITIVE:
        return isinstance(held, str) and wanted.casefold() in held.casefold()
    if operator is FilterOperator.CONTAINS:
        return _holds_value(held, wanted)
    if operator is FilterOperator.ANY:
        return any(_holds_value(held, value) for value in wanted)
    if operator is FilterOperator.ALL:
        return all(_holds_value(held, value) for value in wanted)
    raise UnsupportedFilter(
        f"The filter operator {operator.value!r} is not known.",
        hint=f"Known: {', '.join(known.value for known in FilterOperator)}.",
    )


def _compares(operator: FilterOperator, held: Any, wanted: Any) -> bool:
    """Order among numbers and among strings; across kinds, and for truth values, nothing holds."""
    numbers = isinstance(held, int | float) and not isinstance(held, bool) and isinstance(wanted, int | float)
    if not numbers and not (isinstance(held, str) and isinstance(wanted, str)):
        return False
    if operator is FilterOperator.GT:
        return bool(held > wanted)
    if operator is FilterOperator.GTE:
        return bool(held >= wanted)
    if operator is FilterOperator.LT:
        return bool(held < wanted)
    return bool(held <= wanted)


def _holds_value(held: Any, wanted: Any) -> bool:
    """A list holds its elements; a string holds its substrings."""
    if isinstance(held, list | tuple):
        return wanted in held
    return isinstance(held, str) and isinstance(wanted, str) and wanted in held


def chroma_where(filters: MetadataFilters | None) -> _Where | None:
    """A Chroma condition that every match fulfils, as narrow as Chroma's language allows.

    It may admit more than :func:`matches` does (substrings, for instance, cannot be asked of Chroma):
    the caller checks what comes back.

    Returns:
        None when Chroma cannot narrow anything down.
    """
    if filters is None or not filters.filters:
        return None
    wheres = [
        chroma_where(child) if isinstance(child, MetadataFilters) else _where(child)
        for child in filters.filters
    ]
    if filters.condition is FilterCondition.NOT:
        return all_of(*(_negation(child) for child in filters.filters))
    if filters.condition is FilterCondition.OR:
        known = [where for where in wheres if where is not None]
        if len(known) < len(wheres):
            return None
        return known[0] if len(known) == 1 else {"$or": known}
    return all_of(*wheres)


def _negation(child: MetadataFilter | MetadataFilters) -> _Where | None:
    if isinstance(child, MetadataFilters) or child.operator not in _NEGATED:
        return None
    return _where(MetadataFilter(key=child.key, value=child.value, operator=_NEGATED[child.operator]))


def _where(filter_: MetadataFilter) -> _Where | None:
    key, value, operator = filter_.key, filter_.value, filter_.operator
    if not key or key.startswith("chroma:") or key.startswith("$"):
        return None
    values = value if isinstance(value, list) else [value]
    if not values or not all(_askable(item) for item in values):
        return None
    if operator in _COMPARED:
        return {key: {_COMPARED[operator]: value}} if isinstance(value, int | float) else None
    if operator in (FilterOperator.EQ, FilterOperator.IN) and not (
        isinstance(value, list) and operator is FilterOperator.EQ
    ):
        asked: list[_Where] = [{key: {"$eq": values[0]}} if len(values) == 1 else {key: {"$in": values}}]
        # Chroma keeps truth values apart from numbers; to Python True is 1.
        asked += [
            {key: {"$eq": bool(item)}} for item in values if not isinstance(item, str) and item in (0, 1)
        ]
        return asked[0] if len(asked) == 1 else {"$or": asked}
    if operator in (FilterOperator.NE, FilterOperator.NIN) and not (
        isinstance(value, list) and operator is FilterOperator.NE
    ):
        # The stock store writes None as "": what is unlike "" must not be lost with it.
        return None if "" in values else {key: {"$nin": values}}
    return None


def _askable(value: Any) -> bool:
    if isinstance(value, str):
        return True
    if isinstance(value, int):
        return -_LARGEST_INT <= value <= _LARGEST_INT
    return isinstance(value, float) and math.isfinite(value)


def all_of(*wheres: Mapping[str, Any] | None) -> _Where | None:
    """Conditions that must all hold, as one; those that are None are left out."""
    known = [dict(where) for where in wheres if where]
    if not known:
        return None
    return known[0] if len(known) == 1 else {"$and": known}
