"""Format 3 keeps the words of all but the latest nodes as arrays, which programs of format 2 would not look into."""

from __future__ import annotations

from .files import Files

__all__ = ["migrate"]


def migrate(kb: Files) -> None:
    """Let the words settle; a kill leaves the index as it was."""
    kb.catalog.rebuild_text_index()
