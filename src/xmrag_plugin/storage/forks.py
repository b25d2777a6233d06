"""What a forked process must not share with its parent: locks, threads, database handles."""

from __future__ import annotations

import os
from typing import Any, Protocol
from weakref import WeakSet

__all__ = ["abandon", "renew_after_fork"]


class _Renewable(Protocol):
    def _after_fork(self) -> None: ...


_owners: WeakSet[Any] = WeakSet()
_abandoned: list[object] = []


def renew_after_fork(owner: _Renewable) -> None:
    """Call ``owner._after_fork()`` in every process that is forked while the owner lives."""
    _owners.add(owner)


def abandon(*things: object) -> None:
    """Keep things of the parent unused for good: closing them in the child could harm the parent."""
    _abandoned.extend(things)


def _renew() -> None:
    for owner in list(_owners):
        owner._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
