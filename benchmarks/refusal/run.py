"""How well it is refused what the sources do not hold, beside what is refused wrongly.

    python benchmarks/refusal/run.py KB QUERIES.jsonl [--foreign OTHER.jsonl] [--limit 150] [--fit]

Asked are: QUERIES that have an answer in KB (own); the same once more with the sources that hold the answer
taken away (near: the same subject, an absent fact); QUERIES whose ``relevant`` is empty (unanswerable); and
OTHER, of another book (foreign). Told are, for each kind against own: precision, recall and F1 of refusal and
the share of own questions that is refused, with the default settings; then the curve: recall and F1 where
2, 5, 10, 20 and 30 % of own questions are refused by ``metadata["confidence"]``. ``--fit`` prints the weights
of :class:`~xmrag_plugin.answers.extractive.sufficiency.Sufficiency` fitted on these questions.

F1 is told for as many questions of the other kind as there are own ones.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.answers.context import evidence_from_nodes
from xmrag_plugin.answers.context_order import arrange
from xmrag_plugin.answers.extractive import answerer as extractive

SHARES = (0.02, 0.05, 0.1, 0.2, 0.3)


@dataclass
class Asked:
    """One question's outcome: whether it was refused, its confidence, the three numbers behind it."""

    refused: bool
    confidence: float
    numbers: tuple[float, float, float]


def ask(index: CrossModalIndex, row: dict[str, Any], k: int, *, without: Sequence[str] = ()) -> Asked:
    """Ask one question, with some sources taken away."""
    gone = set(without)
    retriever = index.as_retriever(
        similarity_top_k=k, filters=(lambda record: record.source not in gone) if gone else None
    )
    evidence, _ = arrange(evidence_from_nodes(retriever.retrieve(row["text"])))
    answerer = extractive.ExtractiveAnswerer(index.encoder("text"))
    answer = answerer.answer(row["text"], evidence, abstention_threshold=index.abstention_threshold)
    free = answer if not answer.abstained else answerer.answer(row["text"], evidence)
    p = max((item.answerable or 0.0 for item in evidence), default=0.0)
    relevance = max((item.probability or 0.0 for item in evidence), default=0.0)
    logit = math.log(max(free.confidence, 1e-9) / max(1 - free.confidence, 1e-9))
    weights = extractive.Sufficiency()
    known = weights.answerable * log_odds(p) + weights.relevance * log_odds(relevance) + weights.intercept
    return Asked(
        answer.abstained, free.confidence, (log_odds(p), log_odds(relevance), (logit - known) / weights.score)
    )


def log_odds(p: float) -> float:
    """Log-odds, of a probability kept from 0 and 1."""
    kept = min(max(p, 0.001), 0.999)
    return math.log(kept / (1 - kept))


def against(own: Sequence[Asked], other: Sequence[Asked]) -> dict[str, Any]:
    """Precision, recall and F1 of refusal, as it is and along the curve."""

    def figures(own_refused: float, recall: float) -> dict[str, float]:
        precision = recall / (recall + own_refused) if recall + own_refused else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        rounded = {"own refused": own_refused, "precision": precision, "recall": recall, "f1": f1}
        return {name: round(value, 3) for name, value in rounded.items()}

    held = np.array([each.confidence for each in own])
    lacking = np.array([each.confidence for each in other])
    default = figures(
        float(np.mean([each.refused for each in own])), float(np.mean([each.refused for each in other]))
    )
    curve = []
    for share in SHARES:
        level = float(np.quantile(held, share))
        curve.append(
            {
                "level": round(level, 3),
                **figures(float((held < level).mean()), float((lacking < level).mean())),
            }
        )
    auc = float((held[:, None] > lacking[None]).mean())
    return {
        "n": len(other),
        "area under the curve": round(auc, 3),
        "default": default,
        "by confidence": curve,
    }


def fit(own: Sequence[Asked], others: Sequence[Asked]) -> list[float]:
    """Logistic regression by Newton's method with a ridge of 1 on standardised numbers."""
    x = np.array([each.numbers for each in [*own, *others]])
    y = np.r_[np.ones(len(own)), np.zeros(len(others))]
    mean, std = x.mean(axis=0), x.std(axis=0)
    a = np.c_[(x - mean) / std, np.ones(len(x))]
    ridge = np.diag([1.0, 1.0, 1.0, 1e-6])
    w = np.zeros(4)
    for _ in range(50):
        p = 1 / (1 + np.exp(-a @ w))
        w -= np.linalg.solve((a * (p * (1 - p))[:, None]).T @ a + ridge, a.T @ (p - y) + ridge @ w)
    scaled = w[:3] / std
    return [round(float(value), 3) for value in [*scaled, w[3] - scaled @ mean]]


def main() -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kb", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--foreign", type=Path)
    parser.add_argument("--limit", type=int, default=150)
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--fit", action="store_true")
    args = parser.parse_args()

    def rows(path: Path) -> list[dict[str, Any]]:
        held = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
        return [row for row in held if row["kind"] in ("question", "unplaced")]

    def drawn(held: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return random.Random(0).sample(held, min(args.limit, len(held)))

    index = CrossModalIndex(args.kb, llm="none", create=False)
    asked = rows(args.queries)
    placed = drawn([row for row in asked if row.get("relevant")])
    own_rows = placed or drawn(asked)  # a book's own questions whose place is not known
    own = [ask(index, row, args.k) for row in own_rows]
    others = {
        "near": [
            ask(index, row, args.k, without=[place["source"] for place in row["relevant"]]) for row in placed
        ],
        "unanswerable": [ask(index, row, args.k) for row in asked if placed and not row.get("relevant")],
        "foreign": [ask(index, row, args.k) for row in drawn(rows(args.foreign))] if args.foreign else [],
    }
    told: dict[str, Any] = {"collection": args.kb.name, "own": len(own)}
    told |= {kind: against(own, found) for kind, found in others.items() if found}
    if args.fit:
        told["fitted"] = fit(own, [*others["near"], *others["foreign"]])
    sys.stdout.write(json.dumps(told, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
