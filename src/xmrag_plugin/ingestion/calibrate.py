"""When the calibration is fitted anew after a change, and when new nodes are only placed in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import KnowledgeBaseDamaged
from ..storage.knowledge_base import KnowledgeBase
from ..types import FileFailure, IngestionReport

if TYPE_CHECKING:
    from ..search.calibration import Calibration

__all__ = ["calibrate"]

_MIN_TEXTS = 20  # fewer tell no language for certain
_NAMES = (
    "ar Arabic ca Catalan cs Czech da Danish de German el Greek es Spanish fi Finnish fr French hu Hungarian "
    "id Indonesian it Italian ja Japanese ko Korean nl Dutch no Norwegian pl Polish pt Portuguese ro Romanian "
    "ru Russian sv Swedish tr Turkish uk Ukrainian zh Chinese"
)
_LANGUAGES = dict(zip(_NAMES.split()[::2], _NAMES.split()[1::2], strict=True))


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
            _warn_of_unread_languages(kb, fit(kb), report)
        else:
            place_new(kept, kb, fresh)


def _warn_of_unread_languages(kb: KnowledgeBase, calibration: Calibration, report: IngestionReport) -> None:
    """Warn where most texts are in languages that the text encoder was not made for, and name one that was."""
    from ..encoders.presets import preset_of

    space = kb.manifest.spaces.get("text")
    made_for = preset_of(space.spec) or preset_of(space.model) if space is not None else None
    foreign = [language for language in calibration.languages if language != "en"]
    count = sum(calibration.languages[language] for language in foreign)
    total = sum(calibration.languages.values())
    if made_for is None or made_for.multilingual or total < _MIN_TEXTS or 2 * count < total:
        return
    named = ", ".join(_LANGUAGES.get(language, language) for language in foreign[:3])
    report.warnings.append(
        FileFailure(
            "the text space",
            f"Most texts are in {named}, which {made_for.name} was not made for: "
            "they are found by shared words more than by meaning.",
            "A multilingual encoder finds more, in a new knowledge base: xmrag models pull granite-97m, then "
            "xmrag add FOLDER --kb NEW --text granite-97m",
        )
    )
