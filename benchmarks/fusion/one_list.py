"""How well one list of captions and photographs could be ordered: ceilings with labels, on a set with photos.txt.

    python benchmarks/fusion/one_list.py SETS --work DIR --vision MODEL --set NAME

R@10 of either kind and nDCG@10 over both, of the default list; of its captions and photographs in turn; of lists by the
chance that a photograph is asked for, times how often a kind's rank holds the answer. That chance is told by a logistic
regression and by boosted trees of the scores of the best of either kind, with the set's own labels, each fold by the
others; then as if it were known with less and less error, until kinds are known for sure. The last are what no order of
the two kinds can pass, however it is found. Needs scikit-learn.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, cross_val_predict

sys.path.insert(0, str(Path(__file__).parents[1]))
from sets import Asked, arguments, load

from xmrag_plugin.search.fusion import load_fusion

KINDS, NONE = ("text", "image"), 999


def main() -> None:
    for name, found in load(arguments(__doc__).parse_args()).items():
        rows = [asked for asked in found.questions if asked.answered]
        report(name, rows)


def report(name: str, rows: list[Asked]) -> None:
    """Print the table of one set; its kinds of question are ``text`` and, for photographs, any other."""
    photo = np.array([asked.kind != "text" for asked in rows])
    scores = [load_fusion("calibrated").fuse(asked.candidates).scores for asked in rows]
    ranks = np.array([ranks_within(asked, own) for asked, own in zip(rows, scores, strict=True)])
    own = np.where(photo, ranks[:, 1], ranks[:, 0])  # within the kind that answers
    print(f"{name}: R@10 captions, photographs, nDCG@10")
    show("the default list", np.array([first(asked.listed()[0]) for asked in rows]), photo)
    show("in turn, a caption first", own * 2 + photo, photo)
    by_rank = [
        np.bincount(np.minimum(own[photo == is_photo], 200), minlength=201)[:200]
        for is_photo in (False, True)
    ]
    shares = [counts / max(counts.sum(), 1) for counts in by_rank]
    features = np.array([evidence(asked, mine) for asked, mine in zip(rows, scores, strict=True)])
    features = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-9)
    folds = KFold(10, shuffle=True, random_state=0)
    for title, model in (
        ("logistic regression, with labels", LogisticRegression(C=0.1, max_iter=2000)),
        (
            "boosted trees, with labels",
            GradientBoostingClassifier(n_estimators=60, learning_rate=0.08, random_state=0),
        ),
    ):
        chance = cross_val_predict(model, features, photo, cv=folds, method="predict_proba")[:, 1]
        show(f"{title}, AUC {roc_auc_score(photo, chance):.3f}", merged(own, photo, chance, shares), photo)
    noise = np.random.default_rng(0).normal(size=len(rows))
    for lead in (1.0, 1.25, 1.5, 2.0, 9.0):  # of a photograph's evidence, in standard deviations
        evident = lead * photo + noise
        chance = 1 / (1 + np.exp(-lead * (evident - lead / 2)))
        show(
            f"kinds told with AUC {roc_auc_score(photo, chance):.3f}",
            merged(own, photo, chance, shares),
            photo,
        )


def first(relevant: np.ndarray) -> int:
    return int(relevant.argmax()) if relevant.any() else NONE


def ranks_within(asked: Asked, scores: np.ndarray) -> list[int]:
    """Return the rank of the answer among texts, and among pictures."""
    order = np.argsort(-scores, kind="stable")
    return [first(asked.relevant[order[asked.candidates.kinds[order] == kind]]) for kind in KINDS]


def evidence(asked: Asked, scores: np.ndarray) -> list[float]:
    """Return the best scores and similarities of either kind, in each channel."""
    found = [float(len(asked.request.question.text.split()))]
    for kind in KINDS:
        of = asked.candidates.kinds == kind
        for column in (scores, *asked.candidates.similarity.values()):
            best = np.sort(np.nan_to_num(column[of], nan=-9.0))[::-1][:4]
            found += np.pad(best, (0, 4 - len(best)), constant_values=-9.0).tolist()
    return found


def merged(own: np.ndarray, photo: np.ndarray, chance: np.ndarray, shares: list[np.ndarray]) -> np.ndarray:
    """Return the answers' ranks where both kinds are merged by chance of the kind times that of the rank within it."""
    places = np.full(len(own), NONE)
    for i, (rank, is_photo, p) in enumerate(zip(own, photo, chance, strict=True)):
        if rank < len(shares[0]):
            mine, other = (
                (p * shares[1], (1 - p) * shares[0]) if is_photo else ((1 - p) * shares[0], p * shares[1])
            )
            places[i] = rank + int((other > mine[rank]).sum())
    return places


def show(title: str, ranks: np.ndarray, photo: np.ndarray) -> None:
    gain = np.where(ranks < 10, 1 / np.log2(ranks + 2.0), 0.0).mean()
    print(
        f"  {title:45s} {(ranks[~photo] < 10).mean():.3f}  {(ranks[photo] < 10).mean():.3f}  {gain:.3f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
