"""When the calibration is fitted anew after a change, and when new nodes are only placed in it."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import KnowledgeBaseDamaged
from ..storage.knowledge_base import KnowledgeBase
from ..types import IngestionReport
from .advice import unread_languages

__all__ = ["calibrate"]


def calibrate(
    kb: KnowledgeBase, report: IngestionReport, *, refit: bool = False, fresh: Sequence[str] | None = None
) -> None:
    """Fit anew when the collection has changed by a tenth or an earlier version fitted it, else place the new nodes.

    Args:
        kb: The knowledge base; its writer's lock must be held.
        report: What has changed; takes the time that was needed.
        refit: Whether to fit whatever has changed.
        fresh: Ids of the nodes that came; looked for when not given.
    """
    changed = len(report.added) + len(report.updated) + len(report.removed)
    fitted = int(kb.manifest.calibration.get("fitted_nodes", 0))
    now = kb.catalog.node_count
    from ..search.calibration import Calibration

    refit = refit or fitted == 0 or Calibration.must_be_fitted(kb)
    if not now or not (changed or refit):
        return
    with report.timed("calibrate"):
        from ..search.calibration_fit import fit, place_new

        much = changed > 0.1 * kb.catalog.source_count or abs(now - fitted) > 0.1 * fitted
        try:
            kept = None if refit or much else Calibration.load(kb)
        except KnowledgeBaseDamaged:
            kept = None
        if kept is None:
            fit(kb)
            if (warning := unread_languages(kb)) is not None:
                report.warnings.append(warning)
        else:
            place_new(kept, kb, fresh)
