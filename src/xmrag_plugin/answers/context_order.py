"""Order context for a prompt: by p(relevant), figures beside their words, duplicates dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..text.terms import terms
from ..types import Key, split_ids
from .context import Evidence

__all__ = ["arrange", "evidence_weight"]

MIN_WEIGHT = 0.05
"""p(relevant) below this still weighs this much, so that nothing gets no room at all."""

MIN_SHARED_SHINGLES, MIN_LENGTH_RATIO = 0.9, 0.5
"""Two texts are the same when they share so many runs of four words of the shorter, and it is not much shorter."""


def arrange(evidence: Sequence[Evidence]) -> tuple[list[Evidence], list[tuple[str, str]]]:
    """Order by p(relevant), put figures next to their words, drop duplicates, number from 1.

    Returns:
        The context anew, and ``(node id, reason)`` of each duplicate.
    """
    ranked = (
        sorted(evidence, key=lambda item: -evidence_weight(item))
        if _has_probabilities(evidence)
        else list(evidence)
    )
    kept: list[Evidence] = []
    dropped: list[tuple[str, str]] = []
    pictures: set[str] = set()
    shingles: list[tuple[set[tuple[str, ...]], Evidence]] = []
    for item in ranked:
        if item.has_picture and item.media_hash:
            if item.media_hash in pictures:
                dropped.append((item.node_id, "same picture"))
                continue
            pictures.add(item.media_hash)
        parts = _shingles(item.text)
        if not item.has_picture and any(_near(parts, other) for other, _ in shingles):
            dropped.append((item.node_id, "same words"))
            continue
        shingles.append((parts, item))
        kept.append(item)
    ordered = _beside_their_words(kept)
    return [replace(item, n=number) for number, item in enumerate(ordered, 1)], dropped


def _has_probabilities(evidence: Sequence[Evidence]) -> bool:
    return bool(evidence) and all(item.probability is not None for item in evidence)


def evidence_weight(item: Evidence) -> float:
    """Weigh a piece of context for its share of the room: p(relevant), or its place in the list."""
    return max(item.probability if item.probability is not None else 1.0 / item.n, MIN_WEIGHT)


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = terms(text)
    return {tuple(words[i : i + 4]) for i in range(max(len(words) - 3, 1))} if words else set()


def _near(a: set[tuple[str, ...]], b: set[tuple[str, ...]]) -> bool:
    return (
        bool(a and b)
        and len(a & b) >= MIN_SHARED_SHINGLES * min(len(a), len(b))
        and min(len(a), len(b)) >= MIN_LENGTH_RATIO * max(len(a), len(b))
    )


def _beside_their_words(items: list[Evidence]) -> list[Evidence]:
    """Move each linked figure or passage up to right behind the better of the two."""
    ordered: list[Evidence] = []
    left = {item.node_id: item for item in items}
    for item in items:
        if left.pop(item.node_id, None) is None:
            continue
        ordered.append(item)
        linked = split_ids(item.metadata.get(Key.FIGURES)) + split_ids(item.metadata.get(Key.PASSAGES))
        # Only the nearest one: a chapter's overview may cite a dozen figures.
        for node_id in linked:
            if node_id in left and left[node_id].is_figure != item.is_figure:
                ordered.append(left.pop(node_id))
                break
    return ordered
