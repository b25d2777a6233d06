"""The cheapest way to give each thing at most one partner."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["assign"]


def assign(costs: Mapping[tuple[int, int], float], spare: float) -> dict[int, int]:
    """Return the pairs of least cost in sum, by their first part.

    A part may stay alone at a cost of ``spare``; no pair dearer than that is made. After Kuhn, "The Hungarian method
    for the assignment problem" (1955), as shortest augmenting paths (Jonker and Volgenant, 1987).

    Args:
        costs: Cost of each pair that may be made.
        spare: Cost of a first part without a partner.
    """
    rows = sorted({row for row, _ in costs})
    columns = sorted({column for _, column in costs})
    # Each row has a column of its own besides, which stands for staying alone.
    table = [
        [
            *(min(costs.get((row, column), 2 * spare), 2 * spare) for column in columns),
            *(spare if other == row else 4 * spare for other in rows),
        ]
        for row in rows
    ]
    width = len(columns) + len(rows)
    of_row, of_column = [0.0] * (len(rows) + 1), [0.0] * (width + 1)
    taken = [0] * (width + 1)  # by the row, from 1, that has each column; column 0 is where a search starts
    for row in range(1, len(rows) + 1):
        taken[0] = row
        least, way, seen = [float("inf")] * (width + 1), [0] * (width + 1), [False] * (width + 1)
        at = 0
        while taken[at]:
            seen[at] = True
            here, step, following = taken[at], float("inf"), 0
            for column in range(1, width + 1):
                if seen[column]:
                    continue
                reduced = table[here - 1][column - 1] - of_row[here] - of_column[column]
                if reduced < least[column]:
                    least[column], way[column] = reduced, at
                if least[column] < step:
                    step, following = least[column], column
            for column in range(width + 1):
                if seen[column]:
                    of_row[taken[column]] += step
                    of_column[column] -= step
                else:
                    least[column] -= step
            at = following
        while at:
            taken[at], at = taken[way[at]], way[at]
    pairs = {
        rows[row - 1]: columns[column - 1] for column, row in enumerate(taken[1 : len(columns) + 1], 1) if row
    }
    return {row: column for row, column in pairs.items() if costs.get((row, column), spare) < spare}
