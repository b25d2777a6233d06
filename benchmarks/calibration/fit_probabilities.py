"""p(relevant): its numbers, learnt of all sets but one and reported on that one.

    python benchmarks/calibration/fit_probabilities.py SETS --work DIR [--vision MODEL] [--every N]

Every set counts alike. How often what answers is among the candidates is counted; the other two numbers are those of a
grid with the least log loss: fitted as well, the first takes up what they leave (1.0 without one set, .9 without another,
where .87 to .99 are counted). Of a set with more than 300 questions every second or third takes part. Prints the expected calibration
error (Naeini, Cooper and Hauskrecht, AAAI 2015; ten equal bins) of the first ten hits: with the numbers in use, with
those of the other sets, with the set's own; and how many further answers a set shows of itself.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from sets import Asked, arguments, load

from xmrag_plugin.search.fusion import calibrated, load_fusion
from xmrag_plugin.search.rank import arrange

SHARPNESS = (0.8, 1.0, 1.2, 1.4, 1.6, 2.0)
ANSWERS = (2.0, 3.0, 4.0, 6.0)
MOST = 300


def main() -> None:
    sets, counted = {}, {}
    for name, found in load(arguments(__doc__).parse_args()).items():
        asked = [question for question in found.questions if question.answered]
        asked = asked[:: max(1, len(asked) // MOST)]
        sets[name], counted[name] = features(asked), np.mean([question.relevant.any() for question in asked])
        further = asked[0].candidates.further_answers
        print(f"{name}: further answers {further:.2f}, among the candidates {counted[name]:.3f}")
    print(f"{'':24s} in use  others'  own")
    for name, rows in sets.items():
        others = best([other for other in sets if other != name], sets, counted)
        own = best([name], sets, counted)
        in_use = (calibrated._SHARPNESS, calibrated._FOUND, calibrated._ANSWERS)
        errors = [calibration_error(rows, *numbers) for numbers in (in_use, others, own)]
        print(f"{name:24s} " + "  ".join(f"{e:6.3f}" for e in errors) + f"   others' {others}, own {own}")
    print("all sets together:", best(list(sets), sets, counted))


def best(
    names: list[str], sets: dict[str, list[tuple]], counted: dict[str, float]
) -> tuple[float, float, float]:
    """Return the numbers of some sets: one counted, two of the least log loss."""
    found = round(float(np.mean([counted[name] for name in names])), 3)
    grid = [(sharpness, found, answers) for sharpness in SHARPNESS for answers in ANSWERS]
    return min(grid, key=lambda numbers: sum(log_loss(sets[name], *numbers) for name in names))


def features(questions: list[Asked]) -> list[tuple]:
    """Return for each question: scores, places of the hits, which of these answer, p(answerable), further answers, texts."""
    rows = []
    for asked in questions:
        candidates = asked.candidates
        fused = load_fusion("calibrated").fuse(candidates)
        hits = arrange(asked.request, candidates, [asked.records[i] for i in candidates.ids], fused)
        texts = candidates.kinds == "text"
        further = candidates.further_answers
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
