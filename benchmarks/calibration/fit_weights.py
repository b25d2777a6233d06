"""The numbers of the calibrated fusion and of its fitting, each over a range, with every set left out in turn.

    python benchmarks/calibration/fit_weights.py SETS --work DIR [--vision MODEL] [--every N] [--only NAME]…

For each number: the mean of R@10 and nDCG@10 over a set's kinds of questions at each value; then, for each set, the
value that the other sets would choose, and what that costs the set against its own best value. A number whose cost is
small on every set carries over. For numbers of the fitting, every collection is calibrated anew at each value.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from sets import Asked, EvaluationSet, arguments, load

from xmrag_plugin.search import calibration, calibration_fit, rank
from xmrag_plugin.search.fusion import calibrated

RANGES = {
    "LEXICAL_WEIGHT": (0.0, 0.06, 0.12, 0.2, 0.3, 0.45),
    "_TERMS_POWER": (0, 1, 2, 4),
    "MAX_LEXICAL": (2.0, 3.5, 5.0, 7.0, 99.0),
    "PICTURE_SLOPE": (0.0, 0.25, 0.5, 1.0),
    "PICTURE_OFFSET": (0.2, 0.6, 1.2, 1.6),
    "PICTURE_STYLE": (0.0, 0.3, 0.5, 0.7, 1.0),
    "PICTURE_LIMIT": (0.5, 1.0, 1.5, 2.0, 3.0),
    "PASSAGE_SHARE": (0.0, 0.15, 0.3, 0.45, 0.6, 0.8),
    "PASSAGE_FLOOR": (2.0, 3.0, 4.0),
    "TEXT_SHARE": (0.5, 0.7, 0.9, 1.0),
    "VISION_WEIGHT": (0.0, 0.5, 1.0, 1.5),
    "VISION_EXPECTED": (0.0, 0.5, 1.0, 1.5),
    "PHRASE": (0.0, 0.25, 0.5, 0.8, 1.2),
    "ROW_NAMED": (0.0, 0.25, 0.5, 0.75, 1.0),
    "KIND_ASKED": (0.0, 0.5, 1.0, 1.5, 2.0, 3.0),
    "EXACT_MATCH": (0.0, 2.0, 4.0),
    "PAGE_ASKED": (0.0, 1.0, 2.5, 4.0),
    "_SPREAD": (0.0, 0.15, 0.3, 0.6),
    "HUBNESS_WEIGHT": (0.0, 0.35, 0.7, 1.0),  # of the vision space
    "_RELIABLE": (0.5, 3.5, 5.0, 7.0),
    "_PICTURE_FIRST": (0.15, 0.2, 0.25, 0.33, 0.4),
}
HOLDERS = (rank, calibrated, calibration_fit, calibration)
FITTED = {"LEXICAL_WEIGHT", "_TERMS_POWER", "HUBNESS_WEIGHT", "_RELIABLE", "_PICTURE_FIRST"}


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--only", action="append", help="only this number; may be repeated")
    given = parser.parse_args()
    sets = load(given)
    for number in RANGES:
        if not given.only or number in given.only:
            report(number, sets)


def report(number: str, sets: dict[str, EvaluationSet]) -> None:
    kept, values = _exchange(number), RANGES[number]
    table = np.zeros((len(values), len(sets)))
    print(f"\n{number} (now {kept:g})")
    for i, value in enumerate(values):
        _exchange(number, value)
        cells = []
        for j, found in enumerate(sets.values()):
            if number in FITTED:
                found.recalibrate(calibration_fit.fitted(found.index.kb))
            table[i, j], cell = quality(found.questions)
            cells.append(cell)
        print(
            f"  {value:5g}  " + "  ".join(f"{name} {cell}" for name, cell in zip(sets, cells, strict=True)),
            flush=True,
        )
    _exchange(number, kept)
    for j, (name, found) in enumerate(sets.items()):
        if number in FITTED:
            found.recalibrate(calibration_fit.fitted(found.index.kb))
        others = np.delete(table, j, axis=1).mean(axis=1) if len(sets) > 1 else table[:, j]
        chosen = int(others.argmax())
        print(
            f"  left out {name}: the others choose {values[chosen]:g}, a cost of {table[:, j].max() - table[chosen, j]:.4f}"
        )


def _exchange(number: str, value: float | None = None) -> float:
    """Return a number as it is, and put another in its place wherever one is given."""
    holder = next(module for module in HOLDERS if hasattr(module, number))
    kept = getattr(holder, number)
    if isinstance(kept, dict):
        weight = float(kept["vision"])
        if value is not None:
            kept["vision"] = value
        return weight
    if value is not None:
        setattr(holder, number, value)
    return float(kept)


def quality(questions: list[Asked]) -> tuple[float, str]:
    """Return the mean of R@10 and nDCG@10 over the kinds, and both with the pictures among ten for print."""
    recall, gain, pictures = [], [], []
    for kind in sorted({asked.kind for asked in questions if asked.answered}):
        ranks, seen = [], []
        for asked in questions:
            if asked.kind == kind and asked.answered:
                relevant, images = asked.listed()
                ranks.append(relevant.argmax() if relevant.any() else 99)
                seen.append(images.sum())
        place = np.array(ranks)
        recall.append((place < 10).mean())
        gain.append(np.where(place < 10, 1 / np.log2(place + 2.0), 0.0).mean())
        pictures.append(np.mean(seen))
    shown = "/".join(f"{r:.3f} ({p:.1f})" for r, p in zip(recall, pictures, strict=True))
    return float(np.mean(recall) + np.mean(gain)) / 2, shown


if __name__ == "__main__":
    main()
