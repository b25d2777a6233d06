"""Format 3 keeps the words of all but the latest nodes as arrays, and counts nodes as they come and go.

Programs of format 2 would look into neither.
"""

from __future__ import annotations

from .files import Files

__all__ = ["migrate"]


def migrate(kb: Files) -> None:
    """Let the words settle and count the nodes; a kill leaves both as they were."""
    kb.catalog.count_anew()
    kb.catalog.rebuild_text_index()
