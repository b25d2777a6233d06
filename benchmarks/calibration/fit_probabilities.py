"""p(relevant): the two numbers of its logistic map, fitted on all sets but one and reported on that one.

    python benchmarks/calibration/fit_probabilities.py SETS --work DIR [--vision MODEL] [--every N]

Every set counts alike. Prints the expected calibration error (Naeini, Cooper and Hauskrecht, AAAI 2015; ten equal
bins) of the first ten hits: with the numbers in use, with those of the other sets, with the set's own.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from sets import Asked, arguments, load
from sklearn.linear_model import LogisticRegression

from xmrag_plugin.search.fusion import calibrated, load_fusion
from xmrag_plugin.search.rank import rank


def main() -> None:
    sets = {name: features(asked) for name, asked in load(arguments(__doc__).parse_args()).items()}
    in_use = np.array([calibrated._SHARE_SLOPE, calibrated._SHARE_OFFSET])
    print(f"{'':24s} in use  others'  own")
    for name in sets:
        others = fit([rows for other, rows in sets.items() if other != name])
        own = fit([sets[name]])
        errors = [calibration_error(sets[name], numbers) for numbers in (in_use, others, own)]
        print(
            f"{name:24s} " + "  ".join(f"{e:6.3f}" for e in errors) + f"   others' numbers {others.round(2)}"
        )
    print("all sets together:", fit(list(sets.values())).round(3))


def features(questions: list[Asked]) -> np.ndarray:
    """Return a row for each of the first ten hits: log share, p(answerable), relevant."""
    rows = []
    for asked in questions:
        if not asked.answered:
            continue
        fused = load_fusion("calibrated").fuse(asked.candidates)
        share = calibrated.log_share(fused.scores)
        hits = rank(asked.request, asked.candidates, asked.records, fused, asked.index.kb, 1.0)
        place = {node_id: i for i, node_id in enumerate(asked.candidates.ids)}
        for hit in hits:
            if hit.node_id in place:
                i = place[hit.node_id]
                rows.append([share[i], asked.answerable, asked.relevant[i]])
    return np.array(rows, dtype=float)


def fit(parts: list[np.ndarray]) -> np.ndarray:
    rows = np.concatenate(parts)
    weights = np.concatenate([np.full(len(part), 1000 / len(part)) for part in parts])
    model = LogisticRegression(C=1e6).fit(rows[:, :1], rows[:, 2], sample_weight=weights)
    return np.array([*model.coef_[0], model.intercept_[0]])


def calibration_error(rows: np.ndarray, numbers: np.ndarray) -> float:
    p = rows[:, 1] / (1 + np.exp(-(rows[:, 0] * numbers[0] + numbers[1])))
    place = np.clip((p * 10).astype(int), 0, 9)
    parts = [place == b for b in np.unique(place)]
    return float(sum(abs(p[part].mean() - rows[part, 2].mean()) * part.mean() for part in parts))


if __name__ == "__main__":
    main()
