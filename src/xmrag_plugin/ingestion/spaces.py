"""Vector spaces made, changed and dropped from what is stored, without reading any source again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ModelMismatch
from ..storage.knowledge_base import KnowledgeBase
from ..types import FileFailure, IngestionReport, Modality
from .calibrate import calibrate

if TYPE_CHECKING:
    from .run import Ingestion

__all__ = ["asks_for_another_space", "drop_space", "embed_anew"]


def asks_for_another_space(kb: KnowledgeBase) -> bool:
    """Whether the settings name a model that the knowledge base has no space of, or another one."""
    for space in ("vision", "sound", "text"):
        asked = getattr(kb.settings, space)
        made = kb.manifest.spaces.get(space)
        if asked not in ("none", "auto") and (made is None or made.spec != asked):
            return True
    return False


def embed_anew(kb: KnowledgeBase, ingestion: Ingestion) -> None:
    """Make the spaces that the settings name and that are not there, or are another model's."""
    for space in ("text", "vision", "sound"):
        if kb.is_as_made(space):
            continue  # loaded when something is to be embedded
        try:
            encoder = kb.encoder(space)
        except ModelMismatch:
            kb.forget_space(space)
            encoder = kb.encoder(space)
        if encoder is not None and space not in kb.manifest.spaces and kb.catalog.node_count:
            ingestion.embed_stored(space, encoder)
            ingestion.report.embedded.append(space)
            if space == "sound":
                _tell_what_is_not_kept(kb, ingestion.report)


def _tell_what_is_not_kept(kb: KnowledgeBase, report: IngestionReport) -> None:
    """Recordings that were added without their sound must be read for it after all."""
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
    kb.forget_space(space)
    calibrate(kb, IngestionReport())
