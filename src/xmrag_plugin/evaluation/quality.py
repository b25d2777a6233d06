"""The quality of a knowledge base in figures, and the difference between two settings with its significance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .measuring import FIGURES, Outcome
from .metrics import METRICS, chance_of, mean_interval
from .report import EvaluationReport, Scored, as_lines

__all__ = ["Comparison", "Difference", "QualityReport", "compare"]

_RESAMPLES = 10_000
_CERTAIN = 0.05
_SHOWN = tuple(name for name in FIGURES if name not in ("ndcg@10", "mrr"))


@dataclass(slots=True)
class QualityReport:
    """How a knowledge base did on a set of questions.

    Attributes:
        outcomes: One a question, those of another collection among them.
        setting: What it was asked with, in words.
    """

    outcomes: list[Outcome] = field(default_factory=list)
    setting: str = ""

    @property
    def retrieval(self) -> EvaluationReport:
        """How well the hits were found, by kind and modality."""
        own = [outcome for outcome in self.outcomes if outcome.query.relevant]
        scored = [
            Scored(outcome.query, {name: outcome.figures[name] for name in METRICS}, outcome.by_modality)
            for outcome in own
        ]
        return EvaluationReport(scored, len(self.outcomes) - len(own))

    @property
    def failures(self) -> list[Outcome]:
        """The questions that went wrong."""
        return [outcome for outcome in self.outcomes if outcome.failures]

    def figures(self) -> dict[str, dict[str, Any]]:
        """Return the mean, its 95 % bootstrap interval and the number of questions of each of :data:`FIGURES`."""
        found = {}
        for name in FIGURES:
            values = [o.figures[name] for o in self.outcomes if name in o.figures]
            if values:
                low, high = mean_interval(values)
                found[name] = {"n": len(values), "mean": sum(values) / len(values), "interval": [low, high]}
        return found

    def refusal(self) -> dict[str, Any] | None:
        """Return precision and recall of refusal; None without questions of another collection.

        Precision is told for as many questions of the other collection as there are own ones, so that it does not
        hang on how many of each were asked.
        """
        own, foreign = (
            [o.figures[name] for o in self.outcomes if name in o.figures]
            for name in ("refused", "refused_foreign")
        )
        if not own or not foreign:
            return None
        wrongly, recall = sum(own) / len(own), sum(foreign) / len(foreign)
        precision = recall / (recall + wrongly) if recall + wrongly else None
        f1 = 2 * precision * recall / (precision + recall) if precision else 0.0
        return {
            "own": len(own),
            "foreign": len(foreign),
            "precision": None if precision is None else round(precision, 4),
            "recall": round(recall, 4),
            "f1": round(f1, 4),
        }

    def latency(self) -> dict[str, dict[str, float]]:
        """Return the median and the 95th percentile of the times, in milliseconds."""
        import numpy as np

        found = {}
        for stage in ("search", "answer"):
            times = [o.figures[f"{stage}_ms"] for o in self.outcomes if f"{stage}_ms" in o.figures]
            if times:
                median, slow = np.percentile(times, [50, 95])
                found[stage] = {"median": round(float(median), 1), "p95": round(float(slow), 1)}
        return found

    def as_json(self) -> dict[str, Any]:
        """Return the object of the contract of ``eval --generate --json``: that of ``eval --json``, and more."""
        return {
            **self.retrieval.as_json(),
            "setting": self.setting,
            "figures": {
                name: {
                    "n": row["n"],
                    "mean": round(row["mean"], 4),
                    "interval": [round(end, 4) for end in row["interval"]],
                }
                for name, row in self.figures().items()
            },
            "refusal": self.refusal(),
            "latency_ms": self.latency(),
            "questions": [outcome.as_json() for outcome in self.outcomes],
        }

    def as_table(self) -> str:
        """Return the same as text."""
        rows = [
            [
                name,
                str(row["n"]),
                "{:.3f} [{:.3f}, {:.3f}]".format(row["mean"], *row["interval"]),
                FIGURES[name][0],
            ]
            for name, row in self.figures().items()
            if name in _SHOWN and not name.endswith("_ms")
        ]
        lines = [self.retrieval.as_table(), "", *as_lines(rows, left=(0, 3))]
        if refusal := self.refusal():
            lines.append(
                "refusal ({own} own, {foreign} of another collection): precision {precision}  recall {recall}  "
                "F1 {f1}".format(**refusal)
            )
        lines += [
            f"{stage}: median {row['median']:.0f} ms, p95 {row['p95']:.0f} ms"
            for stage, row in self.latency().items()
        ]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Difference:
    """How a figure differs between two settings on the same questions.

    Attributes:
        name: One of :data:`FIGURES`.
        n: Questions that both have it for.
        first: Its mean with the first setting.
        second: Its mean with the second.
        interval: 95 % interval of ``second - first``.
        p: Chance of a difference so large, either way, if there were none.
    """

    name: str
    n: int
    first: float
    second: float
    interval: tuple[float, float]
    p: float

    @property
    def verdict(self) -> str:
        """Which is better, or that these questions do not tell."""
        if self.p >= _CERTAIN or self.interval[0] <= 0 <= self.interval[1]:
            return "no difference that these questions can tell"
        return "better" if (self.second > self.first) == FIGURES[self.name][1] else "worse"


@dataclass(slots=True)
class Comparison:
    """Two settings, asked the same questions.

    Attributes:
        first: The report of the one.
        second: The report of the other.
        differences: One a figure.
    """

    first: QualityReport
    second: QualityReport
    differences: list[Difference]

    def as_json(self) -> dict[str, Any]:
        """Return ``comparison`` of the contract of ``eval --against --json``."""
        return {
            "first": self.first.setting,
            "second": self.second.setting,
            "differences": [
                {
                    "figure": d.name,
                    "n": d.n,
                    "first": round(d.first, 4),
                    "second": round(d.second, 4),
                    "interval": [round(end, 4) for end in d.interval],
                    "p": round(d.p, 4),
                    "verdict": d.verdict,
                }
                for d in self.differences
            ],
        }

    def as_table(self) -> str:
        """Return the same as text."""
        head = ["", "n", "first", "second", "second - first", "p", ""]
        rows = [
            [
                d.name,
                str(d.n),
                f"{d.first:.3f}",
                f"{d.second:.3f}",
                f"{d.second - d.first:+.3f} [{d.interval[0]:+.3f}, {d.interval[1]:+.3f}]",
                f"{d.p:.3f}",
                d.verdict,
            ]
            for d in self.differences
        ]
        return "\n".join(
            [
                f"first: {self.first.setting}",
                f"second: {self.second.setting}",
                *as_lines([head, *rows], left=(0, 6)),
            ]
        )


def compare(first: QualityReport, second: QualityReport) -> Comparison:
    """Compare two settings on the questions that both were asked.

    The interval is that of a paired bootstrap: the differences of the questions are drawn with replacement 10,000
    times, with a fixed seed (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13; for
    retrieval Sakai, "Evaluating evaluation metrics based on the bootstrap", 2006). ``p`` is of the paired
    randomisation test, which a handful of questions cannot deceive; it is not corrected for the number of figures.

    Args:
        first: With the one setting.
        second: With the other, on the same questions.
    """
    answered = {outcome.query.id: outcome for outcome in second.outcomes}
    pairs = [
        (outcome, answered[outcome.query.id]) for outcome in first.outcomes if outcome.query.id in answered
    ]
    differences = []
    for name in FIGURES:
        rows = [
            (a.figures[name], b.figures[name]) for a, b in pairs if name in a.figures and name in b.figures
        ]
        if rows:
            differences.append(_difference(name, rows))
    return Comparison(first, second, differences)


def _difference(name: str, rows: Sequence[tuple[float, float]]) -> Difference:
    first, second = (sum(row[i] for row in rows) / len(rows) for i in (0, 1))
    differences = [b - a for a, b in rows]
    interval = mean_interval(differences, _RESAMPLES)
    return Difference(name, len(rows), first, second, interval, chance_of(differences, _RESAMPLES))
