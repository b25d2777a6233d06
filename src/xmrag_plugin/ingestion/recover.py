"""What an interrupted run has left: completed or cleared away before the next change.

A run notes in the catalog that it is under way, and a space that it is being made or dropped, before anything is
written, and takes the note away when all is done. A note that is found was left by a kill.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..storage.knowledge_base import KnowledgeBase
from .options import UPLOADS
from .write import NodeWriter

__all__ = [
    "DROPPING",
    "FITTING",
    "MAKING",
    "REMOVING",
    "clear_leftovers",
    "end_all",
    "task",
    "unfinished_spaces",
]

MAKING = "make "
"""Begins the note that a space is being made."""

DROPPING = "drop "
"""Begins the note that a space is being dropped."""

REMOVING = "remove"
FITTING = "fit"
"""The notes that sources are being removed, and that the calibration is to be fitted anew."""


@contextmanager
def task(kb: KnowledgeBase, name: str) -> Iterator[None]:
    """Note that something is under way, and that it is done when the block ends without an error."""
    kb.catalog.begin_task(name)
    yield
    kb.catalog.end_task(name)


def unfinished_spaces(kb: KnowledgeBase) -> list[str]:
    """Return the spaces whose making was broken off."""
    names = (name.removeprefix(MAKING) for name in kb.catalog.tasks() if name.startswith(MAKING))
    return [space for space in names if space in kb.manifest.spaces]


def clear_leftovers(kb: KnowledgeBase, writer: NodeWriter) -> bool:
    """Finish dropping spaces, and remove vectors and media that nothing refers to.

    Returns:
        Whether an earlier run was broken off, so that the calibration may be out of date.
    """
    if not kb.catalog.is_unfinished():
        return False
    for name in kb.catalog.tasks():
        space = name.removeprefix(DROPPING)
        if name.startswith(DROPPING):
            if space in kb.manifest.spaces:
                kb.forget_space(space)
            kb.catalog.end_task(name)
    for left in (*kb.path.glob(".manifest.json.*.tmp"), *kb.path.glob(f"{UPLOADS}/**/.*.tmp")):
        left.unlink(missing_ok=True)
    kb.media.collect(kb.catalog.media_hashes())
    writer.remove_stale(kb.catalog.unfinished())
    kb.catalog.forget_removed()
    kb.catalog.end_task(REMOVING)
    return True


def end_all(kb: KnowledgeBase) -> None:
    """Note that nothing is left to do, once the calibration has been fitted anew."""
    for name in kb.catalog.tasks():
        kb.catalog.end_task(name)
