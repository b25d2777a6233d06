"""Vector spaces made, changed and dropped from what is stored, without reading any source again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ModelMismatch
from ..storage.catalog import MAKING
from ..storage.knowledge_base import KnowledgeBase
from ..types import FileFailure, IngestionReport, Modality
from .calibrate import calibrate
from .recover import DROPPING, FITTING, task, unfinished_spaces

if TYPE_CHECKING:
    from .run import Ingestion

__all__ = ["asks_for_another_space", "drop_space", "embed_anew"]


def asks_for_another_space(kb: KnowledgeBase) -> bool:
    """Return whether a space is to be made, named by the settings; or whether an earlier run left something to do."""
    if kb.catalog.is_unfinished() or kb.catalog.count_pending():
        return True
    for space in ("vision", "sound", "text"):
        asked = getattr(kb.settings, space)
        made = kb.manifest.spaces.get(space)
        if asked not in ("none", "auto") and (made is None or made.spec != asked):
            return True
    return False


def embed_anew(kb: KnowledgeBase, ingestion: Ingestion) -> None:
    """Make the spaces that the settings name and that are not there, are another model's, or are unfinished."""
    unfinished = unfinished_spaces(kb)
    for space in ("text", "vision", "sound"):
        if kb.is_as_made(space) and space not in unfinished:
            continue  # loaded when something is to be embedded
        try:
            encoder = kb.encoder(space)
        except ModelMismatch:
            kb.stay_alone()
            kb.catalog.begin_task(MAKING + space)
            kb.forget_space(space)
            encoder = kb.encoder(space)
        is_missing = space not in kb.manifest.spaces or space in unfinished
        if encoder is not None and is_missing and kb.catalog.node_count:
            kb.stay_alone()
            if space in kb.manifest.spaces and space not in unfinished_spaces(kb):
                continue  # another writer has just made it
            kb.catalog.begin_task(FITTING)  # until the run that follows has done it
            with task(kb, MAKING + space):
                ingestion.embed_stored(space, encoder)
            ingestion.report.embedded.append(space)
            if space == "sound":
                _warn_of_missing_sound(kb, ingestion.report)
    for name in kb.catalog.tasks():
        if name.startswith(MAKING) and kb.is_alone:  # of a space that is not asked for any more
            kb.catalog.end_task(name)


def _warn_of_missing_sound(kb: KnowledgeBase, report: IngestionReport) -> None:
    """Warn that recordings that were added without their sound must be read for it after all."""
    if kb.vectors.count("sound") or not kb.catalog.counts().keys() & {Modality.AUDIO, Modality.VIDEO}:
        return
    report.warnings.append(
        FileFailure(
            "the sound space",
            "It is empty: the sound of the recordings was not kept when they were added.",
            "Add them again, with the setting keep_sound on.",
        )
    )


def drop_space(kb: KnowledgeBase, space: str) -> None:
    """Drop a space and fit the calibration to what is left; the writer's lock must be held."""
    with task(kb, FITTING), task(kb, DROPPING + space):
        kb.forget_space(space)
        calibrate(kb, IngestionReport())
        kb.take_stock()
