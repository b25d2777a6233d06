"""Format 3 stems words by their language, keeps most of them as arrays, and counts nodes as they come and go."""

from __future__ import annotations

from .files import Files

__all__ = ["migrate"]


def migrate(kb: Files) -> None:
    """Index all words anew and count the nodes; a kill leaves both as they were."""
    kb.catalog.count_anew()
    kb.catalog.renew_index()
