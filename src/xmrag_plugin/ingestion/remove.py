"""Sources taken out of a knowledge base, with their nodes, vectors and pictures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial

from ..errors import UsageError
from ..storage.catalog import SourceRow
from ..storage.knowledge_base import KnowledgeBase
from .options import UPLOADS
from .recover import FOR_OTHERS_S, REMOVING, clear_leftovers, mending, task
from .scan import path_of, text_of
from .write import NodeWriter

__all__ = ["remove_sources"]


def remove_sources(kb: KnowledgeBase, sources: Sequence[str]) -> list[str]:
    """Remove sources by their name or path; the writer's lock must be held.

    Returns:
        The names of what was removed.

    Raises:
        UsageError: If one is not in the knowledge base; nothing is removed then.
    """
    if kb.catalog.is_unfinished():  # a removal that was broken off may have taken the source out already
        mending(kb, lambda: kb.patiently(lambda: _clear(kb)))
    rows: list[SourceRow] = []
    for source in sources:
        found = kb.catalog.source_named(source)
        path = kb.catalog.source_at(text_of(os.path.abspath(os.path.expanduser(source))))
        if path is not None and path not in found:
            found.append(path)
        if not found:
            raise UsageError(f"No source is called {source!r}.", hint="`xmrag status` lists the sources.")
        rows += found
    mending(kb, lambda: _remove(kb, rows))
    return [row.source for row in rows]


def _clear(kb: KnowledgeBase) -> None:
    with kb.alone() as alone:
        if alone:
            clear_leftovers(kb, NodeWriter(kb))


def _remove(kb: KnowledgeBase, rows: Sequence[SourceRow]) -> None:
    with task(kb, REMOVING, ends=False):
        for row in rows:
            kb.patiently(partial(kb.catalog.remove_source, row.source_id))
            if row.root == text_of(kb.path / UPLOADS):
                path_of(row.path).unlink(missing_ok=True)
        kb.patiently(lambda: _finish(kb))


def _finish(kb: KnowledgeBase) -> None:
    """Let nothing of what was removed be left: alone, or the last of several writers does."""
    with kb.alone(FOR_OTHERS_S) as alone:
        if alone:
            NodeWriter(kb).remove_stale(kb.catalog.unfinished())
            kb.media.collect(kb.catalog.media_hashes())
            kb.catalog.forget_removed()
            kb.take_stock()
            kb.catalog.end_task(REMOVING)
