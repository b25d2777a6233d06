"""How well it is refused what the sources do not hold, beside what is refused wrongly.

    python benchmarks/refusal/run.py --set KB QUERIES.jsonl OTHER.jsonl [--set …] [--limit 150] [--quoting]

Of each set are asked: QUERIES that have an answer in KB (own); the same once more with the sources that hold the
answer taken away (near: the same subject, an absent fact); QUERIES whose ``relevant`` is empty (unanswerable); and
OTHER, of another book (foreign). Told are, for each kind against own: precision, recall and F1 of refusal and the share
of own questions that is refused, by the default threshold and at other levels of p(the collection holds it); then the
curve: recall and F1 where 2, 5, 10, 20 and 30 % of own questions are refused by the confidence, with the weights of
:class:`~xmrag_plugin.answers.extractive.sufficiency.Sufficiency`, and, of several sets, with weights fitted on the
others. At the end stand the weights fitted on all. ``--quoting`` asks for the whole extractive answer too, which also
refuses a thing that nothing names; it embeds sentences, and takes its time.

F1 is told for as many questions of the other kind as there are own ones.
"""

from __future__ import annotations

import argparse
import json
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
from xmrag_plugin.answers.extractive.answerer import ExtractiveAnswerer, below_threshold
from xmrag_plugin.answers.extractive.question_type import read_question, without_quantity
from xmrag_plugin.answers.extractive.scoring import evidence_coverage
from xmrag_plugin.answers.extractive.sufficiency import (
    ABSTENTION_THRESHOLD,
    Sufficiency,
    sufficiency_numbers,
)
from xmrag_plugin.text.terms import content_terms

SHARES = (0.02, 0.05, 0.1, 0.2, 0.3)
LEVELS = (0.1, ABSTENTION_THRESHOLD, 0.5)
RIDGE = 2.0


@dataclass
class Asked:
    """One question's outcome: at which levels it is refused, the numbers of its confidence, the quoted answer."""

    refused: dict[float, bool]
    numbers: tuple[float, float, float, float]
    abstained: bool | None


Kinds = dict[str, list[Asked]]


def ask(
    index: CrossModalIndex, row: dict[str, Any], k: int, quoting: bool, without: Sequence[str] = ()
) -> Asked:
    """Ask one question, with some sources taken away."""
    gone = set(without)
    retriever = index.as_retriever(
        similarity_top_k=k, filters=(lambda record: record.source not in gone) if gone else None
    )
    text = row["text"]
    evidence, _ = arrange(evidence_from_nodes(retriever.retrieve(text)))
    asked = read_question(text)
    terms = content_terms(without_quantity(text), asked.language)
    coverage = max(evidence_coverage(text, terms, evidence, asked).values(), default=0.0)
    abstained = None
    if quoting:
        answerer = ExtractiveAnswerer(index.encoder("text"))
        abstained = answerer.answer(text, evidence, abstention_threshold=ABSTENTION_THRESHOLD).abstained
    return Asked(
        {level: not evidence or below_threshold(text, evidence, level) for level in LEVELS},
        sufficiency_numbers(evidence, coverage) or (-7.0, -7.0, 0.0, 0.0),
        abstained,
    )


def figures(own_refused: float, recall: float) -> dict[str, float]:
    """Precision, recall and F1 of refusal."""
    precision = recall / (recall + own_refused) if recall + own_refused else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    rounded = {"own refused": own_refused, "precision": precision, "recall": recall, "f1": f1}
    return {name: round(float(value), 3) for name, value in rounded.items()}


def curve(own: Sequence[Asked], other: Sequence[Asked], weights: Sequence[float]) -> dict[str, Any]:
    """Recall and F1 at shares of own questions refused, by a weighted sum of the numbers."""
    held, lacking = (
        np.array([each.numbers for each in kind]) @ np.array(weights[:4]) for kind in (own, other)
    )
    told: dict[str, Any] = {"area": round(float((held[:, None] > lacking[None]).mean()), 3)}
    for share in SHARES:
        level = np.quantile(held, share)
        at = figures((held < level).mean(), (lacking < level).mean())
        told[f"{share:.0%}"] = f"{at['recall']:.2f} / {at['f1']:.2f}"
    return told


def against(own: Sequence[Asked], other: Sequence[Asked]) -> dict[str, Any]:
    """What is refused by default and at other levels."""
    told: dict[str, Any] = {"n": len(other)}
    for level in LEVELS:
        told[f"p < {level}"] = figures(
            np.mean([each.refused[level] for each in own]), np.mean([each.refused[level] for each in other])
        )
    if own[0].abstained is not None:
        told["quoting"] = figures(
            np.mean([each.abstained for each in own]), np.mean([each.abstained for each in other])
        )
    return told


def fit(sets: Sequence[Kinds]) -> list[float]:
    """Logistic regression by Newton's method with a ridge on standardised numbers; sets and kinds weigh the same."""
    x, y, weight = [], [], []
    for kinds in sets:
        others = [kind for kind in ("near", "foreign") if kinds.get(kind)]
        for kind in ("own", *others):
            rows = [each.numbers for each in kinds[kind]]
            x += rows
            y += [float(kind == "own")] * len(rows)
            weight += [100 / len(rows) / (1 if kind == "own" else len(others))] * len(rows)
    numbers, labels, counts = np.array(x), np.array(y), np.array(weight)
    mean, std = numbers.mean(axis=0), numbers.std(axis=0)
    a = np.c_[(numbers - mean) / std, np.ones(len(numbers))]
    ridge = np.diag([RIDGE] * 4 + [1e-6])
    w = np.zeros(5)
    for _ in range(50):
        p = 1 / (1 + np.exp(-a @ w))
        w -= np.linalg.solve(
            (a * (counts * p * (1 - p))[:, None]).T @ a + ridge, a.T @ (counts * (p - labels)) + ridge @ w
        )
    scaled = w[:4] / std
    return [round(float(value), 3) for value in [*scaled, w[4] - scaled @ mean]]


def gather(kb: Path, queries: Path, foreign: Path, args: argparse.Namespace) -> Kinds:
    """Ask a set's questions."""

    def rows(path: Path) -> list[dict[str, Any]]:
        held = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
        return [row for row in held if row["kind"] in ("question", "unplaced")]

    def drawn(held: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return random.Random(0).sample(held, min(args.limit, len(held)))

    asked = rows(queries)
    placed = drawn([row for row in asked if row.get("relevant")])
    own = placed or drawn(asked)  # a book's own questions whose place is not known
    with CrossModalIndex(kb, llm="none", create=False) as index:

        def answers(wanted: Sequence[dict[str, Any]], *, taken_away: bool = False) -> list[Asked]:
            return [
                ask(
                    index, row, args.k, args.quoting,
                    [place["source"] for place in row["relevant"]] if taken_away else (),
                )
                for row in wanted
            ]  # fmt: skip

        return {
            "own": answers(own),
            "near": answers(placed, taken_away=True),
            "unanswerable": answers([row for row in asked if placed and not row.get("relevant")]),
            "foreign": answers(drawn(rows(foreign))),
        }


def main() -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--set", dest="sets", action="append", nargs=3, type=Path, required=True)
    parser.add_argument("--limit", type=int, default=150)
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--quoting", action="store_true")
    args = parser.parse_args()
    gathered = {
        f"{kb.name}, {other.parent.name}": gather(kb, queries, other, args)
        for kb, queries, other in args.sets
    }
    shipped = Sufficiency()
    in_use = [shipped.answerable, shipped.relevance, shipped.coverage, shipped.agreement]
    for name, kinds in gathered.items():
        left_out = (
            fit([held for other, held in gathered.items() if other != name]) if len(gathered) > 1 else None
        )
        own = kinds["own"]
        told: dict[str, Any] = {"set": name, "own": len(own)}
        for kind, other in kinds.items():
            if kind != "own" and other:
                told[kind] = {**against(own, other), "by confidence": curve(own, other, in_use)}
                if left_out:
                    told[kind]["by confidence, left out"] = curve(own, other, left_out)
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
        sys.stdout.flush()
    sys.stdout.write(json.dumps({"fitted on all": fit(list(gathered.values()))}) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
