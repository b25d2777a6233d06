"""``xmrag eval``: a knowledge base measured, with questions whose answers are known or with some made of itself."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import UsageError
from ..evaluation import (
    EvalQuery,
    QualityReport,
    compare,
    evaluate,
    generate_questions,
    measure,
    quality_page,
    read_queries,
)
from ..index import CrossModalIndex
from ..ingestion.progress import progress_bar
from ..settings import Settings
from .console import Console
from .parser import did_you_mean

__all__ = ["run"]

_ANSWERED = ("generate", "foreign", "against", "html")


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Ask every question, and print how well the answers were found; with answers where more than hits is asked for."""
    if args.queries is None and args.generate is None:
        raise UsageError(
            "No questions were named.", hint="Name a file of them, or have some made with --generate N."
        )
    other = _changes(args.against)
    with CrossModalIndex(settings.kb, settings, create=False) as index:
        queries = read_queries(args.queries) if args.queries else []
        if not any(getattr(args, name) for name in _ANSWERED):
            report = evaluate(index, queries, progress=lambda rows: console.progress(rows, "questions"))
            console.say(report.as_table())
            console.emit(report.as_json())
            return 0
        with progress_bar(console.shows_progress) as progress:
            if args.generate:
                chain = index.generator()
                queries += generate_questions(
                    index,
                    args.generate,
                    seed=args.seed,
                    llm=None if chain == "none" else chain,
                    progress=lambda done, total: progress("making questions", done, total),
                )
            _save(args.save, queries, console)
            foreign = _unanswerable(args.foreign, index, args.generate or len(queries), args.seed)
            quality = QualityReport(
                measure(index, queries, foreign=foreign, progress=progress), _settings_in_words(settings, {})
            )
            comparison = None
            if other:
                second = _measure_other(settings, other, queries, foreign, progress)
                comparison = compare(quality, second)
        if args.html:
            page = quality_page(quality, index, comparison=comparison)
            Path(args.html).expanduser().write_text(page, encoding="utf-8")
            console.note(f"The report is in {args.html}")
    console.say(quality.as_table())
    if comparison is not None:
        console.say()
        console.say(comparison.as_table())
    compared = {"comparison": comparison.as_json()} if comparison is not None else {}
    console.emit({**quality.as_json(), **compared})
    return 0


def _save(path: str | None, queries: Sequence[EvalQuery], console: Console) -> None:
    """Write the questions as a file that ``xmrag eval`` reads."""
    if path:
        lines = (json.dumps(query.as_json(), ensure_ascii=False) for query in queries)
        Path(path).expanduser().write_text("\n".join(lines) + "\n", encoding="utf-8")
        console.note(f"The questions are in {path}")


def _unanswerable(named: str | None, index: CrossModalIndex, count: int, seed: int) -> list[EvalQuery]:
    """Return questions that the collection does not answer: those of a file, of another knowledge base, or of the demo."""
    if named is None:
        return _of_the_demo(index)
    if Path(named).is_dir():
        with CrossModalIndex(named, index.settings, create=False) as other:
            return generate_questions(other, count, seed=seed)
    return read_queries(named)


def _of_the_demo(index: CrossModalIndex) -> list[EvalQuery]:
    """Return the questions of the sample collection, where it is not the one that is measured."""
    from ..demo import COLLECTION, QUESTIONS

    sample = {path.name for path in COLLECTION.iterdir()}
    if any(Path(source).name in sample for source in index.sources()):
        return []
    return [EvalQuery(f"demo-{n}", each.text, None, "foreign", ()) for n, each in enumerate(QUESTIONS, 1)]


def _changes(pairs: Sequence[str]) -> dict[str, Any]:
    """Return the settings that differ in the second measurement.

    Raises:
        UsageError: If it is not ``NAME=VALUE``, or there is no such setting.
    """
    known = ["fusion", *(field.name for field in dataclasses.fields(Settings))]
    changes: dict[str, Any] = {}
    for each in pairs:
        name, equals, value = each.partition("=")
        if not equals or name not in known:
            raise UsageError(
                f"{each!r} is no setting to compare with.{did_you_mean(name, known)}",
                hint="Give --against NAME=VALUE, such as kb=OTHER, llm=none or fusion=rrf.",
            )
        changes[name] = value
    return changes


def _measure_other(
    settings: Settings,
    changes: dict[str, Any],
    queries: Sequence[EvalQuery],
    foreign: Sequence[EvalQuery],
    progress: Any,
) -> QualityReport:
    """Ask the same questions with the other setting."""
    fusion = changes.get("fusion", "calibrated")
    changed = settings.replace(**{name: value for name, value in changes.items() if name != "fusion"})
    with CrossModalIndex(changed.kb, changed, create=False) as index:
        outcomes = measure(index, queries, foreign=foreign, fusion=fusion, progress=progress)
    return QualityReport(outcomes, _settings_in_words(changed, changes))


def _settings_in_words(settings: Settings, changes: dict[str, Any]) -> str:
    names = dict.fromkeys(["kb", "text", "vision", "llm", *changes])
    return ", ".join(f"{name}={getattr(settings, name, changes.get(name))}" for name in names)
