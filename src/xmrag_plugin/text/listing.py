"""Names in a message: the first few, and how many more there are."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["first_of"]


def first_of(names: Sequence[str], most: int = 5) -> str:
    """Return the first names as one text.

    >>> first_of(["a", "b", "c"], 2)
    'a, b and 1 more'

    Args:
        names: All of them, in the order in which they are told.
        most: How many are told.
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
