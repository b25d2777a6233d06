"""What an interrupted run has left: completed or cleared away before the next change.

A run notes in the catalog that it is under way, and a space that it is being made or dropped, before anything is
written, and takes the note away when all is done. A note that is found was left by a kill.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from ..errors import KnowledgeBaseDamaged, ModelMismatch, VectorsDamaged
from ..storage.catalog import MAKING, SourceRow
from ..storage.knowledge_base import KnowledgeBase
from ..types import FileFailure, IngestionReport
from .calibrate import calibrate
from .options import UPLOADS
from .write import NodeWriter

__all__ = [
    "DROPPING",
    "FITTING",
    "FOR_OTHERS_S",
    "REMOVING",
    "clear_leftovers",
    "end_all",
    "make_anew",
    "mending",
    "purge",
    "task",
    "told_as_lost",
    "unfinished_spaces",
]

DROPPING = "drop "
"""Begins the note that a space is being dropped."""

REMOVING = "remove"
FITTING = "fit"
"""The notes that sources are being removed, and that the calibration is to be fitted anew."""

FOR_OTHERS_S = 5.0
"""How long the end of a change waits for other writers; the last of them does what it leaves."""

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")


def mending(kb: KnowledgeBase, change: Callable[[], _T]) -> _T:
    """Change a knowledge base; where its vectors turn out to be damaged, make them anew first.

    A kill amid Chroma's own write of an index can leave one that cannot be read. Its files are looked at before
    anything is changed, after an interrupted run all vectors are. What shows later only shows by an error, and the
    change is made again from its beginning: ids are functions of content, so that what was done is not done twice.

    Args:
        kb: The knowledge base; its writer's lock must be held.
        change: Makes the change. What is mended stands in the warnings of a report that it returns, else in the log.

    Raises:
        KnowledgeBaseDamaged: If nodes are gone, which only their sources can bring back.
    """
    repaired = kb.patiently(lambda: _mend(kb))
    try:
        result = change()
    except VectorsDamaged as error:
        if not kb.owns(error):
            raise  # another collection's, which is adopted
        kb.stay_alone()
        repaired = make_anew(kb)
        result = change()
    if repaired and isinstance(result, IngestionReport):
        result.warnings.insert(0, FileFailure(kb.place, repaired))
    elif repaired:
        _LOG.warning("%s: %s", kb.place, repaired)
    return result


def _mend(kb: KnowledgeBase) -> str:
    """Mend what is torn or gone before a change, and say so; ``""`` where all is well, or others are at it."""
    with kb.alone() as alone:
        return _mend_alone(kb) if alone else ""


def _mend_alone(kb: KnowledgeBase) -> str:
    if kb.index_fault() or (kb.catalog.is_unfinished() and kb.damaged_spaces()):
        return make_anew(kb)
    lost = kb.losses()
    if "nodes" in lost:
        raise KnowledgeBaseDamaged(
            f"The knowledge base {kb.place} is damaged: it has lost {kb.loss()}.",
            hint="`xmrag doctor --fix` reads their sources again, and names what is lost.",
        )
    repaired = []
    if "indexed nodes" in lost:
        kb.catalog.rebuild_text_index()
        repaired.append("Its text index was made anew.")
    if any("/" in name for name in lost):
        repaired.append(make_anew(kb))
    if "calibration" in lost:
        calibrate(kb, IngestionReport(), refit=True)
        repaired.append("Its calibration was fitted anew.")
    return " ".join(repaired)


def make_anew(kb: KnowledgeBase) -> str:
    """Write the vectors into a new folder: copied where they can be read, else embedded from what is stored.

    Returns:
        What was done, in a sentence.
    """
    kb.rewrite_vectors()
    return _finish_spaces(kb) or "The index of its vectors was damaged; they were copied into a new one."


def purge(kb: KnowledgeBase) -> int:
    """Write every file anew without what was removed; return by how many bytes the folder has shrunk."""
    shrunk = kb.purge()
    if repaired := _finish_spaces(kb):
        _LOG.warning("%s: %s", kb.place, repaired)
    return shrunk


def _finish_spaces(kb: KnowledgeBase) -> str:
    """Make the spaces that are noted as to be made, and say so; ``""`` where there are none."""
    made, count = [], 0
    for space in unfinished_spaces(kb):
        with suppress(
            ModelMismatch
        ):  # another model is asked for: who makes the space with that finds the note
            if (encoder := kb.encoder(space)) is not None:
                with task(kb, MAKING + space):
                    count += NodeWriter(kb).write_stored(space, encoder, {})
                    kb.take_stock()
                made.append(space)
    if not made:
        return ""
    return f"The index of its {' and '.join(made)} vectors was damaged; {count:,} were made anew from what is stored."


@contextmanager
def task(kb: KnowledgeBase, name: str, *, ends: bool = True) -> Iterator[None]:
    """Note that something is under way, and that it is done when the block ends without an error.

    Without ``ends`` the block takes the note away itself, or leaves it to another writer.
    """
    kb.patiently(lambda: kb.catalog.begin_task(name))
    yield
    if ends:
        kb.patiently(lambda: kb.catalog.end_task(name))


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
    if REMOVING in kb.catalog.tasks():
        kb.take_stock()  # before the note goes: what was removed is not lost
        kb.catalog.end_task(REMOVING)
    return True


def told_as_lost(row: SourceRow) -> FileFailure:
    """Return what to say of a source that is pending and whose file is gone."""
    return FileFailure(
        row.source,
        "has been begun or was a copy of another, and is not whole; its file is gone.",
        "Add the file again, or take the source out: xmrag remove.",
    )


def end_all(kb: KnowledgeBase) -> None:
    """Note that nothing is left to do, once the calibration has been fitted anew."""
    for name in kb.catalog.tasks():
        kb.catalog.end_task(name)
