"""How well it is refused what the sources do not hold, beside what is refused wrongly.

    python benchmarks/refusal/run.py --set KB QUERIES.jsonl OTHER.jsonl [--set …] [--limit 150] [--quoting]

Of each set are asked: QUERIES that have an answer in KB (own); the same once more with the sources that hold the
answer taken away (near: the same subject, an absent fact), and with its pages alone taken away (page), where they are
known; QUERIES whose ``relevant`` is empty (unanswerable); and OTHER, of another book (foreign). Told are, for each kind
against own: precision, recall and F1 of refusal and the share of own questions that is refused, by the default threshold
and at other levels; then the curve: recall and F1 where 2, 5, 10, 20 and 30 % of own questions are refused by
:class:`~xmrag_plugin.answers.extractive.sufficiency.Sufficiency`, and, of several sets, with weights fitted on the
others. ``ceiling`` says of near questions how often the best piece of evidence is the same as before, and how often the
words of a short answer stand in one of the ten all the same: these cannot be told, or are no near questions. At the end
stand the weights fitted on all. ``--quoting`` asks for the whole extractive answer too, which also refuses a thing that
nothing names; it embeds sentences, and takes its time.

F1 is told for as many questions of the other kind as there are own ones.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.answers.context import Evidence, evidence_from_nodes
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
from xmrag_plugin.types import NodeRecord

SHARES = (0.02, 0.05, 0.1, 0.2, 0.3)
LEVELS = (ABSTENTION_THRESHOLD, 0.2, 0.3)
RIDGE = 2.0
OWN, NEAR = 100, 50  # weight of each kind of a set: as if two in three questions could be answered
SHORT = 4  # terms of an answer


@dataclass
class Asked:
    """One question's outcome: at which levels it is refused, what its confidence is made of, the quoted answer."""

    question: str
    answer: str
    evidence: list[Evidence]
    coverage: float
    refused: dict[float, bool]
    abstained: bool | None

    @property
    def numbers(self) -> tuple[float, ...]:
        return sufficiency_numbers(self.evidence, self.coverage) or (0.0, 0.0, -7.0)

    def confidence(self, weights: Sufficiency) -> float:
        return weights.probability(self.question, self.evidence, self.coverage) if self.evidence else 0.0

    @property
    def holds_answer(self) -> bool | None:
        """Whether one piece of evidence holds the answer's words that the question lacks; None for a long answer."""
        said = {*content_terms(self.answer)} - {*content_terms(self.question)}
        if not 0 < len(said) <= SHORT:
            return None
        return any(said <= {*content_terms(item.words)} for item in self.evidence)


Kinds = dict[str, list[Asked]]


def ask(
    index: CrossModalIndex,
    row: dict[str, Any],
    k: int,
    quoting: bool,
    stays: Callable[[NodeRecord], bool] | None = None,
) -> Asked:
    """Ask one question, among the nodes that stay."""
    retriever = index.as_retriever(similarity_top_k=k, filters=stays)
    text = row["text"]
    evidence, _ = arrange(evidence_from_nodes(retriever.retrieve(text)))
    asked = read_question(text)
    terms = content_terms(without_quantity(text), asked.language)
    coverage = max(evidence_coverage(text, terms, evidence, asked).values(), default=0.0)
    abstained = None
    if quoting:
        answerer = ExtractiveAnswerer(index.encoder("text"))
        abstained = answerer.answer(text, evidence, abstention_threshold=ABSTENTION_THRESHOLD).abstained
    refused = {level: not evidence or below_threshold(text, evidence, level) for level in LEVELS}
    return Asked(text, str(row.get("answer") or ""), evidence, coverage, refused, abstained)


def figures(own_refused: float, recall: float) -> dict[str, float]:
    """Precision, recall and F1 of refusal."""
    precision = recall / (recall + own_refused) if recall + own_refused else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    rounded = {"own refused": own_refused, "precision": precision, "recall": recall, "f1": f1}
    return {name: round(float(value), 3) for name, value in rounded.items()}


def curve(own: Sequence[Asked], other: Sequence[Asked], weights: Sufficiency) -> dict[str, Any]:
    """Recall and F1 at shares of own questions refused, by the confidence."""
    held, lacking = (np.array([each.confidence(weights) for each in kind]) for kind in (own, other))
    told: dict[str, Any] = {"area": round(float((held[:, None] > lacking[None]).mean()), 3)}
    for share in SHARES:
        level = np.quantile(held, share)
        at = figures((held < level).mean(), (lacking < level).mean())
        told[f"{share:.0%}"] = f"{at['recall']:.2f} / {at['f1']:.2f}"
    return told


def ceiling(own: Sequence[Asked], near: Sequence[Asked]) -> dict[str, float]:
    """How often nothing that is looked at has changed, and how often short answers are held all the same."""
    pairs = [(a.evidence, b.evidence) for a, b in zip(own, near, strict=True)]
    best = [
        [max(e, key=lambda item: item.probability or 0).node_id for e in both] for both in pairs if all(both)
    ]
    known = [held for each in near if (held := each.holds_answer) is not None]
    return {
        "best unchanged": round(sum(a == b for a, b in best) / len(pairs), 3),
        "short answers": len(known),
        "held all the same": round(sum(known) / max(len(known), 1), 3),
    }


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


def fit(sets: Sequence[Kinds]) -> Sufficiency:
    """Logistic regression by Newton's method with a ridge on standardised numbers, own against near questions."""
    x, y, weight = [], [], []
    for kinds in sets:
        for kind, counts in (("own", OWN), ("near", NEAR)) if kinds["near"] else ():
            rows = [each.numbers for each in kinds[kind]]
            x += rows
            y += [float(kind == "own")] * len(rows)
            weight += [counts / len(rows)] * len(rows)
    numbers, labels, counted = np.array(x), np.array(y), np.array(weight)
    mean, std = numbers.mean(axis=0), numbers.std(axis=0)
    a = np.c_[(numbers - mean) / std, np.ones(len(numbers))]
    ridge = np.diag([RIDGE] * numbers.shape[1] + [1e-6])
    w = np.zeros(a.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-a @ w))
        w -= np.linalg.solve(
            (a * (counted * p * (1 - p))[:, None]).T @ a + ridge, a.T @ (counted * (p - labels)) + ridge @ w
        )
    scaled = w[:-1] / std
    return Sufficiency(*(round(float(value), 3) for value in [*scaled, w[-1] - scaled @ mean]))


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

        def answers(
            wanted: Sequence[dict[str, Any]], gone: Callable[[NodeRecord, dict[str, Any]], bool] | None = None
        ) -> list[Asked]:
            return [
                ask(
                    index, row, args.k, args.quoting,
                    None if gone is None
                    else lambda record, row=row: not any(gone(record, place) for place in row["relevant"]),
                )
                for row in wanted
            ]  # fmt: skip

        paged = [row for row in placed if all("page" in place for place in row["relevant"])]
        return {
            "own": answers(own),
            "near": answers(placed, lambda record, place: record.source == place["source"]),
            "page": answers(
                paged, lambda record, place: (record.source, record.page) == (place["source"], place["page"])
            ),
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
    for name, kinds in gathered.items():
        others = [held for other, held in gathered.items() if other != name and held["near"]]
        left_out = fit(others) if others else None
        own = kinds["own"]
        told: dict[str, Any] = {"set": name, "own": len(own)}
        if kinds["near"]:
            told["ceiling"] = ceiling(own, kinds["near"])
        for kind, other in kinds.items():
            if kind != "own" and other:
                told[kind] = {**against(own, other), "by confidence": curve(own, other, Sufficiency())}
                if left_out:
                    told[kind]["by confidence, left out"] = curve(own, other, left_out)
                    told[kind]["levels, left out"] = {
                        f"p < {level}": figures(
                            *(
                                np.mean([each.confidence(left_out) < level for each in kind_])
                                for kind_ in (own, other)
                            )
                        )
                        for level in LEVELS
                    }
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
        sys.stdout.flush()
    if any(kinds["near"] for kinds in gathered.values()):
        sys.stdout.write(json.dumps({"fitted on all": asdict(fit(list(gathered.values())))}) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
