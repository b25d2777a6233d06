"""When the calibration is fitted anew after a change, and when new nodes are only placed in it."""

from __future__ import annotations

from ..storage.knowledge_base import KnowledgeBase
from ..types import IngestionReport

__all__ = ["calibrate"]


def calibrate(kb: KnowledgeBase, report: IngestionReport, *, refit: bool = False) -> None:
    """Fit anew when the collection has changed by a tenth or an earlier version fitted it, else place the new nodes.

    Args:
        kb: The knowledge base; its writer's lock must be held.
        report: What has changed; takes the time that was needed.
        refit: Whether to fit whatever has changed.
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

        much = changed > 0.1 * len(kb.catalog.sources()) or abs(now - fitted) > 0.1 * fitted
        if refit or much:
            fit(kb)
        else:
            place_new(Calibration.load(kb), kb)
