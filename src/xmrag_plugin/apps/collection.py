"""``xmrag add``, ``status`` and ``remove``: what a knowledge base holds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..errors import KnowledgeBaseMissing, XmragError
from ..index import CrossModalIndex
from ..schema import IngestionReport
from ..settings import Settings
from .console import Console

__all__ = ["add", "open_index", "remove", "report_failures", "status"]


def open_index(args: argparse.Namespace, settings: Settings) -> CrossModalIndex:
    """The knowledge base that is there; unlike ``add``, nothing else makes one.

    Raises:
        KnowledgeBaseMissing: If there is none at that place.
    """
    kb = Path(settings.kb).expanduser().absolute()
    if not (kb / "manifest.json").is_file():
        raise KnowledgeBaseMissing(
            f"There is no knowledge base at {kb}.",
            hint="Make one with: xmrag add FOLDER; or name another with --kb or $XMRAG_KB.",
        )
    return CrossModalIndex(kb, settings)


def add(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Add or update files and folders."""
    with CrossModalIndex(settings.kb, settings) as index:
        report = index.add(*args.paths, prune=args.prune, jobs=args.jobs, progress=console.shows_progress)
    console.emit(report.as_json())
    _describe(report, settings, console)
    return report_failures(report, console)


def _describe(report: IngestionReport, settings: Settings, console: Console) -> None:
    parts = [
        f"{len(sources)} {name}"
        for name, sources in (
            ("added", report.added),
            ("updated", report.updated),
            ("unchanged", report.unchanged),
            ("removed", report.removed),
        )
        if sources
    ]
    if report.failed:
        parts.append(f"{len(report.failed)} failed")
    seconds = report.seconds.get("total", sum(report.seconds.values()))
    console.say(f"{', '.join(parts) or 'nothing to add'} in {seconds:.1f} s")
    nodes = ", ".join(f"{count:,} {modality}" for modality, count in sorted(report.nodes.items()))
    console.say(f"{settings.kb} holds {nodes or 'no'} nodes and {report.pictures_stored:,} pictures.")
    if report.pictures_skipped:
        console.say(f"Pictures left out: {_counts(report.pictures_skipped)}.")
    if report.ignored:
        console.say(f"Files passed over: {_counts(report.ignored)}.")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(counts.items()))


def report_failures(report: IngestionReport, console: Console) -> int:
    """Name each warning and each failed file with its reason on stderr; returns the exit code."""
    for warning in report.warnings:
        console.note(f"warning: {warning.source}: {warning.error} {warning.hint}".rstrip())
    for failure in report.failed:
        console.note(f"failed: {failure.source}: {failure.error}")
        if failure.hint:
            console.note(f"        {failure.hint}")
    return 1 if report.failed else 0


def remove(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Remove sources by the names that ``status`` shows; what is not there is named."""
    removed: list[str] = []
    failed: list[dict[str, str]] = []
    with open_index(args, settings) as index:
        for source in dict.fromkeys(args.sources):
            try:
                index.remove(source)
                removed.append(source)
            except XmragError as error:
                failed.append({"source": source, "error": error.message, "hint": error.hint})
    console.emit({"removed": removed, "failed": failed})
    console.say(f"{len(removed)} removed")
    for failure in failed:
        console.note(f"failed: {failure['source']}: {failure['error']} {failure['hint']}".rstrip())
    return 1 if failed else 0


def status(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Print what the knowledge base holds and with what it was made."""
    with open_index(args, settings) as index:
        data: dict[str, Any] = index.status()
    console.emit(data)
    console.say(str(data))
    return 0
