"""The arithmetic of a fit (:mod:`~xmrag_plugin.search.calibration_fit`), in memory that is small beside its matrices.

Those have a row for each sample question and a column for each node: what is worked out of a row is worked out block
by block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .calibration import SpaceStatistics

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LIST", "USUAL_STD", "Moments", "align", "blocks", "by_rows", "hubness_of", "leading"]

USUAL_STD = 0.1
"""Spread of similarities where a collection is too small to show its own."""

LIST = 10
NEAREST = 10
_ROWS_AT_ONCE = 32


def blocks(rows: int) -> Iterator[slice]:
    """Yield the rows of a matrix, some at a time."""
    for start in range(0, rows, _ROWS_AT_ONCE):
        yield slice(start, start + _ROWS_AT_ONCE)


def by_rows(
    work: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    matrix: NDArray[np.float32],
    chosen: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:
    """Return what a function makes of each row of a matrix, or of each that is chosen."""
    parts = (matrix[part] if chosen is None else matrix[part][chosen[part]] for part in blocks(len(matrix)))
    found = [work(part) for part in parts if len(part)]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.float32)


class Moments:
    """Running first and second moments of vectors and their hubness."""

    def __init__(self) -> None:
        self.total: NDArray[np.float64] | None = None

    def add(self, rows: NDArray[np.float32], hubness: NDArray[np.float32]) -> None:
        ones = np.ones((len(rows), 1))
        extended = np.concatenate([rows.astype(np.float64), hubness[:, None], ones], axis=1)
        product = extended.T @ extended
        self.total = product if self.total is None else self.total + product

    def statistics(self, hub_weight: float) -> SpaceStatistics:
        if self.total is None:
            raise ValueError("no vectors were added")
        total, count, d = self.total, int(self.total[-1, -1]), len(self.total) - 2
        mean = total[-1, :d] / count
        hub_mean = float(total[-1, d] / count)
        return SpaceStatistics(
            count=count,
            mean=mean.astype(np.float32),
            covariance=(total[:d, :d] / count - np.outer(mean, mean)).astype(np.float32),
            hub_mean=hub_mean,
            hub_variance=max(float(total[d, d] / count) - hub_mean**2, 0.0),
            hub_covariance=(total[:d, d] / count - mean * hub_mean).astype(np.float32)
            if hub_weight
            else None,
            usual_std=USUAL_STD,
            hub_weight=hub_weight,
        )


def leading(
    fused: NDArray[np.float64], ids: NDArray[np.str_]
) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Return ids and scores of the best nodes of each row, as many as a list holds, in no order."""
    count = min(LIST, fused.shape[1])
    best = np.argpartition(-fused, count - 1, axis=1)[:, :count]
    return ids[best], np.take_along_axis(fused, best, axis=1)


def hubness_of(near: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean similarity to the nearest questions; ``near`` has shape (questions, nodes)."""
    if len(near) <= NEAREST:  # all of them would be the nearest to every node
        return np.zeros(near.shape[1], dtype=np.float32)
    nearest: NDArray[np.float32] = np.partition(near, len(near) - NEAREST, axis=0)[-NEAREST:]
    return np.asarray(nearest.mean(axis=0), dtype=np.float32)


def align(
    names: list[str],
    scores: dict[str, NDArray[np.float32]],
    ids: Sequence[str],
    z: NDArray[np.float32],
    space: str,
) -> None:
    """Bring a space's columns to the common order of the kind's ids, NaN where it lacks a node."""
    place = {node_id: i for i, node_id in enumerate(names)}
    fresh = [node_id for node_id in ids if node_id not in place]
    for node_id in fresh:
        place[node_id] = len(names)
        names.append(node_id)
    for other, matrix in scores.items():
        if fresh:
            gap = np.full((len(matrix), len(fresh)), np.nan, dtype=np.float32)
            scores[other] = np.concatenate([matrix, gap], axis=1)
    column = np.full((len(z), len(names)), np.nan, dtype=np.float32)
    column[:, [place[node_id] for node_id in ids]] = z
    scores[space] = column
