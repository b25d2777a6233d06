"""``xmrag doctor``: what is wrong with a knowledge base and its surroundings, and the cure."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import XmragError
from ..index import CrossModalIndex
from ..ingestion.check import Finding, check_knowledge_base
from ..ingestion.repair import Adder, repair
from ..settings import Settings
from ..storage.opening import is_address
from ..types import IngestionReport
from .console import Console

__all__ = ["Finding", "examine", "run"]


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Print every finding with its cure, and with ``--fix`` mend them; exit code 1 while there is a problem."""
    findings = list(examine(settings))
    done: list[str] = []
    if args.fix and any(finding.repair for finding in findings):
        for _round in range(3):  # a restored manifest shows further faults, and what is left is counted
            for sentence in repair(_place(settings), settings, findings, _adder(settings)):
                console.say(f"mended   {sentence}")
                done.append(sentence)
            findings = list(examine(settings))
            if not any(finding.repair for finding in findings):
                break
    problems = sum(finding.state == "problem" for finding in findings)
    rows = [
        {"check": f.check, "state": f.state, "what": f.what, "fix": f.fix, "mends_itself": bool(f.repair)}
        for f in findings
    ]
    console.emit({"healthy": not problems, "findings": rows, **({"mended": done} if args.fix else {})})
    for finding in findings:
        console.say(f"{finding.state:<8} {finding.check}: {finding.what}")
        if finding.fix:
            console.say(f"{'':<8} → {finding.fix}")
    console.say(f"\n{problems or 'no'} problem{'' if problems == 1 else 's'}")
    return 1 if problems else 0


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at the knowledge base of ``settings.kb``, its models, and the optional packages."""
    place = _place(settings)
    made = ("manifest.json", "catalog.sqlite")
    if not is_address(place) and not any(Path(place, name).exists() for name in made):
        yield Finding(
            "knowledge base", "note", f"there is none at {place}", "xmrag add FOLDER, or name one with --kb"
        )
        yield from _default_model(settings)
    else:
        yield from check_knowledge_base(place, settings)
    yield from _extras()


def _place(settings: Settings) -> str:
    return settings.kb if is_address(settings.kb) else str(Path(settings.kb).expanduser().absolute())


def _adder(settings: Settings) -> Adder:
    def add(files: Sequence[Path]) -> IngestionReport:
        with CrossModalIndex(settings.kb, settings, create=False) as index:
            if not files and not index.kb.catalog.is_unfinished():
                return IngestionReport()
            return index.add(*files, progress=False)

    return add


def _default_model(settings: Settings) -> Iterator[Finding]:
    from ..encoders import load_text_encoder

    try:
        encoder = load_text_encoder(settings.text, settings=settings)
    except XmragError as error:
        yield Finding("models", "problem", f"text: {error.message}", error.hint)
    else:
        yield Finding("models", "ok", f"text: {encoder.name}, {encoder.dimension} dimensions")


def _extras() -> Iterator[Finding]:
    """Yield the extras of this distribution, those for development aside, and what each of them lacks."""
    from importlib.metadata import PackageNotFoundError, distribution, requires

    try:
        lines = requires("xmrag-plugin") or []
    except PackageNotFoundError:
        lines = []
    wanted: dict[str, list[str]] = {}
    for line in lines:
        match = re.match(r"([\w.-]+).*;.*\bextra\s*==\s*['\"]([\w-]+)['\"]", line)
        if match and match[2] != "dev" and match[1] != "xmrag-plugin":
            wanted.setdefault(match[2], []).append(match[1])
    for extra, packages in sorted(wanted.items()):
        missing = []
        for package in packages:
            try:
                distribution(package)
            except PackageNotFoundError:
                missing.append(package)
        if missing:
            yield Finding(
                "extras",
                "note",
                f"{extra} lacks {', '.join(missing)}",
                f"pip install 'xmrag-plugin[{extra}]'",
            )
        else:
            yield Finding("extras", "ok", f"{extra} is installed")
