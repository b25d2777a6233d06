"""What is asked of a search, and what it returns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..errors import UsageError
from ..types import Hit, Modality, NodeRecord, Question

__all__ = ["Clock", "SearchRequest", "SearchResult"]


@dataclass(slots=True)
class SearchRequest:
    """What is wanted.

    Attributes:
        question: Texts, pictures and sounds, weighted.
        k: Length of the list.
        modality: Only hits of this modality ("text" includes tables); None for all.
        top_k: At most so many of a modality, such as ``{"image": 3}``.
        where: Only nodes for which this holds; what :func:`~xmrag_plugin.storage.filters.parse` takes.
        min_probability: Leave out what is less probably relevant.
        mmr: Maximal marginal relevance: 0 is all diversity, 1 all relevance; None for none.
        neighbours: Also bring this many linked nodes of each hit (the passages of a figure, the
            figures of a passage), behind it.
        fusion: Name of the fusion.
        pool: Candidates fetched from each channel.
        rerank: Model that reads the best passages together with the question and orders them anew: ``auto`` for
            one that is on this machine, a preset, a hub id or a folder; ``none``.
    """

    question: Question
    k: int = 10
    modality: str | None = None
    top_k: Mapping[str, int] | None = None
    where: Callable[[NodeRecord], bool] | None = None
    min_probability: float = 0.0
    mmr: float | None = None
    neighbours: int = 0
    fusion: str = "calibrated"
    pool: int = 60
    rerank: str = "none"

    def __post_init__(self) -> None:
        """Refuse what has no meaning, before anything is searched.

        Raises:
            UsageError: Naming the field and what would do.
        """
        if not hasattr(self.k, "__index__") or self.k < 1:
            raise UsageError(f"k is {self.k!r}.", hint="Ask for at least one hit, in a whole number.")
        for modality in [*([self.modality] if self.modality else []), *(self.top_k or ())]:
            if modality not in Modality.ALL:
                raise UsageError(
                    f"There is no modality {modality!r}.", hint=f"Known: {', '.join(Modality.ALL)}."
                )
        for name, share in (("mmr", self.mmr), ("min_probability", self.min_probability)):
            if share is not None and not 0.0 <= share <= 1.0:
                raise UsageError(f"{name} is {share}.", hint="Give a number from 0 to 1.")


@dataclass(slots=True)
class SearchResult:
    """The hits, best first, and what else is known.

    Attributes:
        hits: Best first.
        answerable: p(the collection holds the answer), whichever node holds it.
        timings_ms: Where the time went, in milliseconds.
    """

    hits: list[Hit]
    answerable: float = 1.0
    timings_ms: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Clock:
    """Time by stage, in milliseconds."""

    timings_ms: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = 1000 * (time.perf_counter() - started)
            self.timings_ms[stage] = round(self.timings_ms.get(stage, 0.0) + spent, 2)
