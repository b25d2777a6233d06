"""Conditions on metadata: one language for every way in, what each condition means, what Chroma can narrow.

A condition is written as a mapping (``{"source": "a.pdf", "page": {"$gte": 3}}``), with ``$and``, ``$or`` and
``$not`` around lists of such mappings; as LlamaIndex ``MetadataFilters``, nested or not; or as a function of
a node record. What is not understood is refused, never ignored.

The meaning is that of ``llama_index.core.vector_stores.utils.build_metadata_filter_fn``: a field that is
missing or None satisfies ``$ne``, ``$nin``, ``$not_contains`` and ``$is_empty`` alone, and ``$not`` holds
where none of its conditions does. Beyond it, dates compare as dates, and values of different kinds compare
as different instead of failing.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import UnsupportedFilter
from ..types import Key, NodeRecord

__all__ = ["Condition", "all_of", "parse"]

_Where = dict[str, Any]

_LARGEST_INT = 2**63 - 1
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_COMBINING = {"$and": "and", "$or": "or", "$not": "not", "$nor": "not"}
_SYMBOLS = {"==": "eq", "!=": "ne", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
_OPERATORS = (
    "eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "any", "all", "contains", "not_contains",
    "text_match", "text_match_insensitive", "is_empty", "exists",
)  # fmt: skip
_ORDERED = ("gt", "gte", "lt", "lte")
_OF_MISSING = ("ne", "nin", "not_contains", "is_empty")
_NEGATED = {"eq": "ne", "ne": "eq", "in": "nin", "nin": "in"}


class Condition:
    """A condition on the metadata of a node.

    Calling it with a :class:`~xmrag_plugin.types.NodeRecord` tells whether the node meets it.
    """

    def __call__(self, record: NodeRecord) -> bool:
        """Return whether a node record meets the condition."""
        return self.matches({**record.metadata, Key.SOURCE: record.source, Key.MODALITY: record.modality})

    def matches(self, metadata: Mapping[str, Any]) -> bool:
        """Return whether metadata meet the condition."""
        raise NotImplementedError

    def chroma(self) -> _Where | None:
        """Return a condition for Chroma that every match fulfils, as narrow as its language allows.

        It may let through more than :meth:`matches` does (substrings cannot be asked of Chroma), so the
        caller checks what comes back. None where Chroma cannot narrow anything down.
        """
        return None

    def required(self) -> dict[str, list[Any]]:
        """Return the values that a field must have one of, for the fields that are so restricted."""
        return {}

    def fields(self) -> frozenset[str] | None:
        """Return the names of the fields that it looks at; None where they cannot be told."""
        return None


@dataclass(frozen=True)
class Given(Condition):
    """A function of a node record that the user gave."""

    holds: Callable[[NodeRecord], bool]

    def __call__(self, record: NodeRecord) -> bool:
        """Return what the function says."""
        return bool(self.holds(record))

    def matches(self, metadata: Mapping[str, Any]) -> bool:
        """Return what the function says of a record that has these metadata and nothing else."""
        values = dict(metadata)
        return self(
            NodeRecord(
                "", str(values.get(Key.SOURCE, "")), 0, str(values.get(Key.MODALITY, "")), "", "", "", values
            )
        )


@dataclass(frozen=True)
class Combined(Condition):
    """Conditions joined by ``and``, ``or`` or ``not`` (none of them holds)."""

    how: str
    parts: tuple[Condition, ...]

    def __call__(self, record: NodeRecord) -> bool:
        """Return whether the parts hold as they are joined."""
        return self._joined(part(record) for part in self.parts)

    def matches(self, metadata: Mapping[str, Any]) -> bool:
        """Return whether the parts hold as they are joined."""
        return self._joined(part.matches(metadata) for part in self.parts)

    def _joined(self, outcomes: Iterable[bool]) -> bool:
        if self.how == "and":
            return all(outcomes)
        return any(outcomes) if self.how == "or" else not any(outcomes)

    def chroma(self) -> _Where | None:
        """Return what Chroma can narrow: for ``or`` only where it can narrow every part."""
        if self.how == "not":
            return all_of(*(_opposite(part) for part in self.parts))
        wheres = [part.chroma() for part in self.parts]
        if self.how == "and":
            return all_of(*wheres)
        known = [where for where in wheres if where is not None]
        if len(known) < len(wheres) or not known:
            return None
        return known[0] if len(known) == 1 else {"$or": known}

    def required(self) -> dict[str, list[Any]]:
        """Return the values that fields must have: those of any part of an ``and``, the union of an ``or``."""
        found = [part.required() for part in self.parts]
        if self.how == "and":
            return {key: values for part in reversed(found) for key, values in part.items()}
        if self.how == "or" and found:
            shared = set(found[0]).intersection(*found[1:])
            return {key: [value for part in found for value in part[key]] for key in shared}
        return {}

    def fields(self) -> frozenset[str] | None:
        """Return the fields of all parts."""
        found = [part.fields() for part in self.parts]
        known = [names for names in found if names is not None]
        return frozenset().union(*known) if len(known) == len(found) else None


@dataclass(frozen=True)
class Test(Condition):
    """One field compared with a value."""

    __test__ = False  # no test of pytest's

    key: str
    operator: str
    value: Any = None

    def matches(self, metadata: Mapping[str, Any]) -> bool:
        """Return whether the field stands to the value as the operator says."""
        held, wanted, operator = metadata.get(self.key), self.value, self.operator
        if operator == "is_empty":
            return held is None or held == "" or held == []
        if operator == "exists":
            return (held is not None) == bool(wanted)
        if held is None:
            return operator in _OF_MISSING
        if operator in _ORDERED:
            return _ordered(operator, held, wanted)
        if operator in ("text_match", "text_match_insensitive"):
            if not isinstance(held, str):
                return False
            return wanted in held if operator == "text_match" else wanted.casefold() in held.casefold()
        return _EXACT[operator](held, wanted)

    def chroma(self) -> _Where | None:
        """Return the test in Chroma's language, where it has one that loses nothing."""
        key, value, operator = self.key, self.value, self.operator
        if not key or key.startswith(("chroma:", "$")):
            return None
        values = value if isinstance(value, list) else [value]
        if not values or not all(_askable(item) for item in values):
            return None
        if operator in _ORDERED:
            return {key: {f"${operator}": value}} if isinstance(value, int | float) else None
        if operator in ("eq", "in") and not (isinstance(value, list) and operator == "eq"):
            asked: list[_Where] = [{key: {"$eq": values[0]}} if len(values) == 1 else {key: {"$in": values}}]
            # Chroma keeps truth values apart from numbers; to Python True is 1.
            asked += [
                {key: {"$eq": bool(item)}} for item in values if not isinstance(item, str) and item in (0, 1)
            ]
            return asked[0] if len(asked) == 1 else {"$or": asked}
        if operator in ("ne", "nin") and not (isinstance(value, list) and operator == "ne"):
            # The stock store writes None as "": what is unlike "" must not be lost with it.
            return None if "" in values else {key: {"$nin": values}}
        return None

    def required(self) -> dict[str, list[Any]]:
        """Return the values of an ``eq`` or ``in``."""
        if self.operator not in ("eq", "in"):
            return {}
        return {self.key: self.value if isinstance(self.value, list) else [self.value]}

    def fields(self) -> frozenset[str]:
        """Return its one field."""
        return frozenset({self.key})


def parse(where: Any) -> Condition | None:
    """Return a condition from any of its forms; None where nothing is restricted.

    Args:
        where: A mapping, LlamaIndex ``MetadataFilters`` (or one ``MetadataFilter``), a function of a node
            record, a :class:`Condition`, or None.

    Raises:
        UnsupportedFilter: Naming what has no meaning, and what it would need.
    """
    if where is None or isinstance(where, Condition):
        return where
    if isinstance(where, Mapping):
        return _of_mapping(where) if where else None
    if hasattr(where, "filters") and hasattr(where, "condition"):
        return _of_llamaindex(where) if where.filters else None
    if hasattr(where, "key") and hasattr(where, "operator"):
        return _test(where.key, str(getattr(where.operator, "value", where.operator)), where.value)
    if callable(where):
        return Given(where)
    raise UnsupportedFilter(
        f"{type(where).__name__} is no condition.",
        hint="Give a mapping such as {'source': 'a.pdf', 'page': {'$gte': 3}}, LlamaIndex MetadataFilters, "
        "or a function of a node record.",
    )


def _of_mapping(where: Mapping[Any, Any]) -> Condition:
    parts: list[Condition] = []
    for key, wanted in where.items():
        if not isinstance(key, str):
            raise UnsupportedFilter(f"{key!r} names no field.", hint="Fields are named by strings.")
        if key in _COMBINING:
            parts.append(Combined(_COMBINING[key], _children(key, wanted)))
        elif key.startswith("$"):
            raise UnsupportedFilter(
                f"{key!r} joins no conditions.",
                hint=f"Known: {', '.join(_COMBINING)}; operators stand behind a field: "
                "{'page': {'$gte': 3}}.",
            )
        else:
            parts += _of_field(key, wanted)
    return parts[0] if len(parts) == 1 else Combined("and", tuple(parts))


def _children(key: str, wanted: Any) -> tuple[Condition, ...]:
    listed = [wanted] if isinstance(wanted, Mapping) or not isinstance(wanted, list | tuple) else list(wanted)
    children = tuple(child for item in listed if (child := parse(item)) is not None)
    if not children:
        raise UnsupportedFilter(f"{key} has nothing to join.", hint="Give it a list of conditions.")
    return children


def _of_field(key: str, wanted: Any) -> list[Condition]:
    """Return the tests of one field of a mapping."""
    if wanted is None:
        return [Test(key, "is_empty")]
    if isinstance(wanted, list | tuple | set | frozenset | range):
        return [_test(key, "in", list(wanted))]
    if not isinstance(wanted, Mapping):
        return [_test(key, "eq", wanted)]
    if not wanted:
        raise UnsupportedFilter(f"Nothing is said of {key!r}.", hint="Give a value, or {'$gte': 3}.")
    tests: list[Condition] = []
    for operator, value in wanted.items():
        if operator == "$not":
            tests.append(Combined("not", tuple(_of_field(key, value))))
        else:
            tests.append(
                _test(key, str(operator).removeprefix("$") if operator in _NAMED else operator, value)
            )
    return tests


def _of_llamaindex(filters: Any) -> Condition:
    how = str(getattr(filters.condition, "value", filters.condition) or "and")
    if how not in ("and", "or", "not"):
        raise UnsupportedFilter(f"Filters cannot be joined by {how!r}.", hint="Use and, or, not.")
    return Combined(how, tuple(parse(child) or Combined("and", ()) for child in filters.filters))


def _test(key: str, operator: Any, value: Any) -> Test:
    """Return a test whose value fits its operator."""
    known = _SYMBOLS.get(operator, operator)
    if known not in _OPERATORS:
        names = ", ".join(f"${name}" for name in _OPERATORS)
        raise UnsupportedFilter(
            f"The operator {operator!r} of {key!r} is not known.", hint=f"Known: {names}."
        )
    needed = _needed(known, value)
    if needed:
        raise UnsupportedFilter(
            f"The filter {key!r} {operator} {value!r} has no meaning.", hint=f"Give {needed}."
        )
    if isinstance(value, set | frozenset | tuple | range):
        value = list(value)
    return Test(key, known, value)


def _needed(operator: str, value: Any) -> str:
    """Return what kind of value the operator would need; empty where the value is of that kind."""
    if operator in ("in", "nin", "any", "all"):
        return "" if isinstance(value, list | tuple | set | frozenset | range) else "a list of values"
    if operator in ("text_match", "text_match_insensitive"):
        return "" if isinstance(value, str) else "a string to look for"
    if operator in _ORDERED:
        fits = isinstance(value, str | int | float | dt.date) and not isinstance(value, bool)
        return "" if fits else "a number, a string or a date"
    if operator in ("contains", "not_contains"):
        return "" if isinstance(value, str | int | float) else "one value"
    if operator == "exists":
        return "" if isinstance(value, bool) else "True or False"
    if operator in ("eq", "ne") and isinstance(value, Mapping):
        return "a value"
    return ""


def _equal(held: Any, wanted: Any) -> bool:
    if isinstance(wanted, dt.date):
        return _compared_as_dates(held, wanted) == 0
    return bool(held == wanted)


def _among(held: Any, wanted: Any) -> bool:
    return any(_equal(held, value) for value in wanted)


def _holds_value(held: Any, wanted: Any) -> bool:
    """Return whether a list holds an element, or a string a substring."""
    if isinstance(held, list | tuple):
        return wanted in held
    return isinstance(held, str) and isinstance(wanted, str) and wanted in held


def _ordered(operator: str, held: Any, wanted: Any) -> bool:
    """Return how numbers, dates and other strings stand; across kinds, and for truth values, nothing holds."""
    numbers = isinstance(held, int | float) and not isinstance(held, bool) and isinstance(wanted, int | float)
    order = None if numbers else _compared_as_dates(held, wanted)
    if order is None:
        if not numbers and not (isinstance(held, str) and isinstance(wanted, str)):
            return False
        if held != held or wanted != wanted:  # not a number
            return False
        order = (held > wanted) - (held < wanted)
    return {"gt": order > 0, "gte": order >= 0, "lt": order < 0, "lte": order <= 0}[operator]


def _compared_as_dates(held: Any, wanted: Any) -> int | None:
    """Return -1, 0 or 1 for two dates; None where one is none.

    Against a day, all moments of a day are that day; a moment without a zone is in UTC.
    """
    a, b = _moment(held), _moment(wanted)
    if a is None or b is None:
        return None
    if not isinstance(b, dt.datetime):
        a = a.date() if isinstance(a, dt.datetime) else a
        return (a > b) - (a < b)
    start = a if isinstance(a, dt.datetime) else dt.datetime(a.year, a.month, a.day)
    one, other = (
        moment if moment.tzinfo else moment.replace(tzinfo=dt.timezone.utc) for moment in (start, b)
    )
    return (one > other) - (one < other)


def _moment(value: Any) -> dt.date | None:
    """Return a date or datetime as such, or read from ISO 8601."""
    if isinstance(value, dt.date):
        return value
    if not isinstance(value, str) or not _ISO_DATE.match(value):
        return None
    try:
        if len(value) == 10:
            return dt.date.fromisoformat(value)
        return dt.datetime.fromisoformat(value.removesuffix("Z") + ("+00:00" if value.endswith("Z") else ""))
    except ValueError:
        return None


def _opposite(part: Condition) -> _Where | None:
    """Return what Chroma can narrow where a part must not hold."""
    if not isinstance(part, Test) or part.operator not in _NEGATED:
        return None
    return Test(part.key, _NEGATED[part.operator], part.value).chroma()


def _askable(value: Any) -> bool:
    if isinstance(value, str):
        return True
    if isinstance(value, int):
        return -_LARGEST_INT <= value <= _LARGEST_INT
    return isinstance(value, float) and math.isfinite(value)


def all_of(*wheres: Mapping[str, Any] | None) -> _Where | None:
    """Return Chroma conditions that must all hold, as one; those that are None are left out."""
    known = [dict(where) for where in wheres if where]
    if not known:
        return None
    return known[0] if len(known) == 1 else {"$and": known}


_NAMED = {f"${name}" for name in _OPERATORS}
_EXACT: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _equal,
    "ne": lambda held, wanted: not _equal(held, wanted),
    "in": _among,
    "nin": lambda held, wanted: not _among(held, wanted),
    "contains": _holds_value,
    "not_contains": lambda held, wanted: not _holds_value(held, wanted),
    "any": lambda held, wanted: any(_holds_value(held, value) for value in wanted),
    "all": lambda held, wanted: all(_holds_value(held, value) for value in wanted),
}
