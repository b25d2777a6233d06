"""The gate of the default list: never more than .01 below the best arm or the best other fusion, on any set.

    python benchmarks/fusion/run.py SETS --work DIR [--vision MODEL] [--set NAME]… [--every N] [--gate]

Every set × {calibrated, weighted, rrf, stock, each arm alone} × kind of question: R@10, nDCG@10 and pictures among
ten; then, for each row, what the default loses against the best of the others, with a paired bootstrap interval.
With ``--gate`` a loss of more than .01 ends it with an error. The default holds no number that was fitted on a set
that it is measured on and on no other: benchmarks/calibration shows each with the set left out.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from sets import Asked, arguments, load

from xmrag_plugin.errors import UsageError

OTHERS = ("weighted", "rrf", "stock", "text", "vision", "lexical")
ALLOWED = 0.01


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument(
        "--gate", action="store_true", help="end with an error where the default loses too much"
    )
    given = parser.parse_args()
    losses = []
    for name, asked_set in load(given).items():
        for kind in sorted({asked.kind for asked in asked_set.questions}):
            row = [asked for asked in asked_set.questions if asked.kind == kind and asked.answered]
            if row:
                losses.append((name, kind, *measure(f"{name}, {kind}", row)))
    print("\nwhat the default loses in R@10 to the best other (positive is a loss)")
    for name, kind, loss, low, high, best in sorted(losses, key=lambda entry: -entry[2]):
        print(f"  {loss:+.3f} [{low:+.3f}, {high:+.3f}]  {name}, {kind}: {best}")
    worst = max(entry[2] for entry in losses)
    print(f"worst loss {worst:+.3f}, mean {np.mean([entry[2] for entry in losses]):+.3f}")
    if given.gate and worst > ALLOWED:
        raise SystemExit(f"the default loses more than {ALLOWED}")


def measure(title: str, row: list[Asked]) -> tuple[float, float, float, str]:
    """Print a row of the table; return loss, interval and the name of the best other."""
    print(f"\n{title}: {len(row)} questions")
    found = {}
    for fusion in ("calibrated", *OTHERS):
        try:
            lists = [asked.listed(fusion) for asked in row]
        except UsageError:
            continue  # the set has no such channel
        rank = np.array([relevant.argmax() if relevant.any() else 99 for relevant, _ in lists])
        gain = np.where(rank < 10, 1 / np.log2(rank + 2.0), 0.0)
        pictures = np.mean([seen.sum() for _, seen in lists])
        found[fusion] = rank < 10
        print(
            f"  {fusion:11s} R@1 {(rank < 1).mean():.3f}  R@10 {(rank < 10).mean():.3f}  "
            f"nDCG@10 {gain.mean():.3f}  pictures {pictures:.1f}"
        )
    own = found.pop("calibrated").astype(float)
    best = max(found, key=lambda fusion: found[fusion].mean())
    difference = found[best].astype(float) - own
    draws = np.random.default_rng(0).choice(difference, (2000, len(difference))).mean(axis=1)
    return float(difference.mean()), *np.quantile(draws, [0.025, 0.975]).tolist(), best


if __name__ == "__main__":
    main()
