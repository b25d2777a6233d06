"""Open a knowledge base wherever it is: a folder, or servers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from .knowledge_base import KnowledgeBase

if TYPE_CHECKING:
    from ..settings import Settings

__all__ = ["is_address", "open_knowledge_base"]


def is_address(place: str | os.PathLike[str]) -> bool:
    """Return whether a place is an address, and no folder."""
    return str(place).startswith(("http:", "https:"))


def open_knowledge_base(
    place: str | os.PathLike[str], settings: Settings, *, create: bool = True
) -> KnowledgeBase:
    """Open a knowledge base.

    Args:
        place: A folder, or ``http://HOST:PORT/NAME``.
        settings: What the user set.
        create: Make it when it is missing.

    Raises:
        UsageError: If an address is wrong, or Postgres is not named for it.
        StoreError: As :class:`~xmrag_plugin.storage.knowledge_base.KnowledgeBase` does.
    """
    if not is_address(place):
        return KnowledgeBase(Path(place), settings, create=create)
    from .served.knowledge_base import ServedKnowledgeBase

    settings = settings.replace(kb=str(place))  # which keep a password in it to themselves
    return ServedKnowledgeBase(settings.kb, settings, create=create)
