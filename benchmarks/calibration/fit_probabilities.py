"""p(relevant): its three numbers, fitted on all sets but one and reported on that one.

    python benchmarks/calibration/fit_probabilities.py SETS --work DIR [--vision MODEL] [--every N]

Every set counts alike; the numbers are those of a grid with the least log loss. Prints the expected calibration
error (Naeini, Cooper and Hauskrecht, AAAI 2015; ten equal bins) of the first ten hits: with the numbers in use, with
those of the other sets, with the set's own; and how many further answers a set shows of itself.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from sets import EvaluationSet, arguments, load

from xmrag_plugin.search.fusion import calibrated, load_fusion
from xmrag_plugin.search.rank import arrange

SHARPNESS = (0.8, 1.0, 1.2, 1.4, 1.6, 2.0)
FOUND = (0.8, 0.85, 0.9, 0.95, 1.0)
ANSWERS = (2.0, 3.0, 4.0, 6.0)


def main() -> None:
    sets = {}
    for name, found in load(arguments(__doc__).parse_args()).items():
        sets[name] = features(found)
        print(f"{name}: further answers {found.questions[0].candidates.further_answers:.2f}")
    grid = list(itertools.product(SHARPNESS, FOUND, ANSWERS))
    loss = {name: np.array([log_loss(rows, *numbers) for numbers in grid]) for name, rows in sets.items()}
    in_use = (calibrated._SHARPNESS, calibrated._FOUND, calibrated._ANSWERS)
    print(f"{'':24s} in use  others'  own")
    for name, rows in sets.items():
        others = grid[int(sum(loss[other] for other in sets if other != name).argmin())]
        own = grid[int(loss[name].argmin())]
        errors = [calibration_error(rows, *numbers) for numbers in (in_use, others, own)]
        print(f"{name:24s} " + "  ".join(f"{e:6.3f}" for e in errors) + f"   others' {others}, own {own}")
    print("all sets together:", grid[int(sum(loss.values()).argmin())])


def features(found: EvaluationSet) -> list[tuple]:
    """Return for each question: scores, places of the hits, which of these answer, p(answerable), further answers, texts."""
    rows = []
    for asked in found.questions:
        if asked.answered:
            candidates = asked.candidates
            fused = load_fusion("calibrated").fuse(candidates)
            hits = arrange(asked.request, candidates, [asked.records[i] for i in candidates.ids], fused)
            further = candidates.further_answers
            texts = candidates.kinds == "text"
            rows.append((fused.scores, hits, asked.relevant[hits], asked.answerable, further, texts))
    return rows


def told(rows: list, *numbers: float) -> tuple[np.ndarray, np.ndarray]:
    """Return p(relevant) of all hits, and which answer."""
    chances = [
        answerable * calibrated.probabilities(scores, further, texts, *numbers)[hits]
        for scores, hits, _, answerable, further, texts in rows
    ]
    return np.concatenate(chances), np.concatenate([row[2] for row in rows]).astype(float)


def log_loss(rows: list, *numbers: float) -> float:
    p, relevant = told(rows, *numbers)
    p = np.clip(p, 1e-3, 1 - 1e-3)
    return float(-(relevant * np.log(p) + (1 - relevant) * np.log(1 - p)).mean())


def calibration_error(rows: list, *numbers: float) -> float:
    p, relevant = told(rows, *numbers)
    place = np.clip((p * 10).astype(int), 0, 9)
    parts = [place == b for b in np.unique(place)]
    return float(sum(abs(p[part].mean() - relevant[part].mean()) * part.mean() for part in parts))


if __name__ == "__main__":
    main()
