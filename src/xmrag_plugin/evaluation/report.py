"""Ask a knowledge base every question of a set for its hits, and report how well they were found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .dataset import EvalQuery
from .metrics import CUTOFF, METRICS, PAGE_METRICS, interval, score, score_by_modality, score_pages

if TYPE_CHECKING:
    from ..index import CrossModalIndex

__all__ = ["EvaluationReport", "Scored", "as_lines", "evaluate"]


_HITS_FOR_PAGES = 40  # several stand on one page


@dataclass(slots=True)
class Scored:
    """One answered question.

    Attributes:
        query: What was asked.
        metrics: Its metrics over everything relevant.
        by_modality: The same over the relevant items of each modality alone.
        pages: How well its pages and boxes were found; empty where it names none.
    """

    query: EvalQuery
    metrics: dict[str, float]
    by_modality: dict[str, dict[str, float]]
    pages: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class EvaluationReport:
    """The metrics of a set, overall and by group.

    A question counts under each modality of its relevant items, measured on those items
    alone; so "image" says how well pictures were found. A question with nothing relevant
    is in no mean: it is counted as unanswerable, and that is all.
    """

    scored: list[Scored] = field(default_factory=list)
    unanswerable: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the object of the contract of ``eval --json``.

        ``by_evidence`` stands in it only where the questions say where their answers stand, ``pages`` only where they
        name pages.
        """
        return {
            "n": len(self.scored),
            "overall": _means([row.metrics for row in self.scored]),
            **{
                name: {group: {"n": len(rows), **_means(rows)} for group, rows in groups.items()}
                for name, groups in self._groups().items()
            },
            **({"pages": pages} if (pages := self._pages()) else {}),
            "unanswerable": self.unanswerable,
        }

    def as_table(self) -> str:
        """Return the same as text: a row a group, each mean with its interval."""
        header = ["", "n", *METRICS]
        rows = [header, _row("overall", [row.metrics for row in self.scored])]
        for name, groups in self._groups().items():
            rows.append([name.replace("_", " ")] + [""] * (len(header) - 1))
            rows.extend(_row(f"  {group}", metrics) for group, metrics in groups.items())
        lines = as_lines(rows)
        lines.insert(1, "-" * max(map(len, lines)))
        if pages := self._pages():
            lines.append(
                f"pages ({pages.pop('n')}): "
                + "  ".join(f"{name} {value:.3f}" for name, value in pages.items())
            )
        if self.unanswerable:
            lines.append(f"unanswerable, in no mean: {self.unanswerable}")
        return "\n".join(line.rstrip() for line in lines)

    def _pages(self) -> dict[str, float]:
        """Return how many questions name pages, and the means of the page metrics over those that have them."""
        rows = [row.pages for row in self.scored if row.pages]
        means = {
            name: [row[name] for row in rows if name in row]
            for name in PAGE_METRICS
            if any(name in row for row in rows)
        }
        return {"n": len(rows), **{n: round(sum(v) / len(v), 4) for n, v in means.items()}} if rows else {}

    def _groups(self) -> dict[str, dict[str, list[dict[str, float]]]]:
        groups: dict[str, dict[str, list[dict[str, float]]]] = {"by_kind": {}, "by_modality": {}}
        for row in self.scored:
            groups["by_kind"].setdefault(row.query.kind, []).append(row.metrics)
            for modality, metrics in row.by_modality.items():
                groups["by_modality"].setdefault(modality, []).append(metrics)
            for evidence in row.query.evidence:
                groups.setdefault("by_evidence", {}).setdefault(evidence, []).append(row.metrics)
        return {name: dict(sorted(members.items())) for name, members in groups.items()}


def evaluate(
    index: CrossModalIndex,
    queries: Sequence[EvalQuery],
    *,
    progress: Callable[[Sequence[EvalQuery]], Iterable[EvalQuery]] = iter,
) -> EvaluationReport:
    """Ask every question that has an answer for its ten best hits, and measure them.

    Args:
        index: The knowledge base.
        queries: The questions, from :func:`read_queries`.
        progress: Wraps the questions, to show how far it is.

    Raises:
        XmragError: When a search fails (a picture of a question that cannot be read).
    """
    report = EvaluationReport()
    for query in progress(queries):
        if not query.relevant:
            report.unanswerable += 1
            continue
        images = (query.image,) if query.image else ()
        hits = index.search(query.text, k=CUTOFF, images=images, where=query.within)
        pages = {}
        if any(item.page is not None for item in query.relevant):
            further = index.search(query.text, k=_HITS_FOR_PAGES, images=images, where=query.within)
            pages = score_pages(hits, further, query.relevant)
        report.scored.append(
            Scored(query, score(hits, query.relevant), score_by_modality(hits, query.relevant), pages)
        )
    return report


def as_lines(rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> list[str]:
    """Return a table's rows as lines, columns as wide as their widest cell; those of ``left`` are set to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
    return [
        "  ".join(
            cell.ljust(widths[i]) if i in left else cell.rjust(widths[i]) for i, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]


def _means(rows: Sequence[dict[str, float]]) -> dict[str, Any]:
    if not rows:
        return {**dict.fromkeys(METRICS), "interval": dict.fromkeys(METRICS)}
    means = {name: sum(row[name] for row in rows) / len(rows) for name in METRICS}
    return {
        **{name: round(value, 4) for name, value in means.items()},
        "interval": {name: [round(end, 4) for end in ends] for name, ends in interval(rows).items()},
    }


def _row(name: str, rows: Sequence[dict[str, float]]) -> list[str]:
    means = _means(rows)
    cells = [
        "–"
        if means[metric] is None
        else "{:.3f} [{:.3f}, {:.3f}]".format(means[metric], *means["interval"][metric])
        for metric in METRICS
    ]
    return [name, str(len(rows)), *cells]
