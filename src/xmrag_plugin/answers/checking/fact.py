"""The facts of a sentence that can be looked up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...text.units import Unit

__all__ = ["Fact"]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something in a sentence that the source must hold too.

    Attributes:
        kind: ``number``, ``ordinal``, ``date``, ``time``, ``name`` or ``quote``.
        text: As written.
        start: Offset in the sentence.
        end: Offset behind it.
        values: Readings: of a number in units of ``unit``; of a date ``(year, month, day)`` with 0 for
            what is not said; of a time its minutes; of an ordinal its place.
        unit: Of a number that has one.
        nouns: Stems of the words that a number counts or an ordinal orders.
        worded: Whether the number is spelled out; of a time, whether it says which half of the day it means.
    """

    kind: str
    text: str
    start: int
    end: int
    values: frozenset[Any] = frozenset()
    unit: Unit | None = None
    nouns: frozenset[str] = field(default=frozenset())
    worded: bool = False
