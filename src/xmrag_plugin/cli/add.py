"""``xmrag add``, ``status`` and ``remove``: what a knowledge base holds."""

from __future__ import annotations

import argparse
from typing import Any

from ..errors import XmragError
from ..index import CrossModalIndex
from ..ingestion.options import parse_metadata
from ..ingestion.spaces import asks_for_another_space
from ..settings import Settings
from ..types import IngestionReport
from .console import Console

__all__ = ["add", "describe_report", "open_index", "remove", "report_failures", "status"]

_LISTED = 40


def open_index(args: argparse.Namespace, settings: Settings) -> CrossModalIndex:
    """The knowledge base that is there; unlike ``add``, nothing else makes one.

    Raises:
        KnowledgeBaseMissing: If there is none at that place.
    """
    return CrossModalIndex(settings.kb, settings, create=False)


def add(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Add or update files and folders; without any, embed what is stored with a model newly named."""
    metadata = parse_metadata(args.metadata) if args.metadata else None
    options: dict[str, Any] = {"pages": args.pages, "password": args.password or None}
    options["follow_links"] = args.follow_links or None
    with CrossModalIndex(settings.kb, settings, create=bool(args.paths)) as index:
        dropped = [
            space
            for space in ("vision", "sound")
            if getattr(args, space) == "none" and not args.paths and space in index.kb.manifest.spaces
        ]
        for space in dropped:
            index.drop_space(space)
            console.say(f"The {space} space is dropped; what is stored stays.")
        if dropped and not asks_for_another_space(index.kb):
            console.emit({**IngestionReport().as_json(), "dropped": dropped})
            return 0
        report = index.add(*args.paths, prune=args.prune, jobs=args.jobs, metadata=metadata, **options)
    console.emit(report.as_json())
    describe_report(report, settings, console)
    return report_failures(report, console)


def describe_report(report: IngestionReport, settings: Settings, console: Console) -> None:
    """What an ``add`` or ``adopt`` did, for people."""
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
    parts += [f"the {space} space made from what is stored" for space in report.embedded]
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
                removed.extend(index.remove(source))
            except XmragError as error:
                failed.append({"source": source, "error": error.message, "hint": error.hint})
    console.emit({"removed": removed, "failed": failed})
    console.say(f"{len(removed)} removed")
    for failure in failed:
        console.note(f"failed: {failure['source']}: {failure['error']} {failure['hint']}".rstrip())
    return 1 if failed else 0


def status(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Print what the knowledge base holds, with what it was made, and what would answer."""
    from ..generators.fallback.discovery import describe_generators

    with open_index(args, settings) as index:
        data = {**index.status(), "names": index.sources()}
    data["generators"] = describe_generators(settings)
    console.emit(data)
    states = ", ".join(f"{count:,} {state}" for state, count in sorted(data["sources"].items()))
    console.say(f"{data['kb']}  {data['bytes'] / 1e6:,.1f} MB")
    console.say(f"sources     {states or 'none'}")
    console.say(f"nodes       {_counts(data['nodes']) or 'none'}")
    console.say(f"pictures    {data['pictures']:,}")
    for name, space in data["spaces"].items():
        console.say(
            f"{name + ' space':<11} {space['model']}, {space['dimension']} dimensions, "
            f"{space['vectors']:,} vectors"
        )
    for number, row in enumerate(row for row in data["generators"] if row["usable"]):
        model = f" {row['model']}" if row["model"] else ""
        console.say(f"{'answers by' if not number else '':<11} {row['name']}{model}: {row['reason']}")
    left_out = [row for row in data["generators"] if not row["usable"]]
    for number, row in enumerate(left_out):
        console.say(f"{'not by' if not number else '':<11} {row['name']}: {row['reason']}")
    console.say()
    for name in data["names"][:_LISTED]:
        console.say(f"  {name}")
    if len(data["names"]) > _LISTED:
        console.say(f"  and {len(data['names']) - _LISTED:,} more (all of them with --json)")
    for failure in data["failed"]:
        console.say(f"failed: {failure['source']}: {failure['error']} {failure['hint']}".rstrip())
    return 0
