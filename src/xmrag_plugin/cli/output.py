"""What several verbs print for people: answers with their sources, reports of files, what cannot be found."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import GenerationError
from ..ingestion.advice import languages_in_words
from ..settings import Settings
from ..types import Hit, IngestionReport, Key
from .console import Console

if TYPE_CHECKING:
    from ..answers.response import CrossModalResponse
    from ..index import CrossModalIndex

__all__ = [
    "answer_as_json",
    "check_named",
    "counts",
    "duration",
    "note_generation",
    "note_unfindable",
    "note_unfinished",
    "own_path",
    "print_answer",
    "print_report",
    "report_failures",
]

_FALLBACK = "extractive"


def counts(numbers: Mapping[str, int]) -> str:
    """Return the numbers with their names, as in "3 image, 1,204 text"."""
    return ", ".join(f"{count:,} {name}" for name, count in sorted(numbers.items()))


def own_path(hit: Hit) -> str | None:
    """Return the user's own file of a picture hit, seen from the working directory; None where it is in a document."""
    document = str(hit.metadata.get(Key.FILE_PATH) or "")
    if not hit.media or not document.endswith(hit.source):
        return hit.media
    path = Path(document[: len(document) - len(hit.source)]) / hit.media
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def answer_as_json(response: CrossModalResponse) -> dict[str, Any]:
    """Return the part of the contract that every answer has."""
    return {
        "answer": response.answer_words(),
        "abstained": response.abstained,
        "citations": response.citations,
        "generator": (response.metadata or {})["generator"],
    }


def check_named(response: CrossModalResponse, settings: Settings) -> None:
    """Refuse quotations in the place of a model that was named and failed.

    Raises:
        GenerationError: With the reason.
    """
    generator = (response.metadata or {}).get("generator") or {}
    skipped = generator.get("skipped") or []
    if settings.llm not in ("auto", "none") and skipped and generator.get("name") == _FALLBACK:
        reasons = "; ".join(f"{each['name']}: {each['reason']}" for each in skipped)
        raise GenerationError(
            f"{settings.llm} gave no answer. {reasons}",
            hint="Name another with --llm, or none to have the sources quoted.",
        )


def print_answer(response: CrossModalResponse, console: Console) -> None:
    """Print an answer with its sources, and on stderr what a reader should know of how it came about."""
    from ..answers.rendering import answer_text

    console.say(answer_text(response.answer_words(), response.citations))
    note_generation(response.metadata or {}, console)


def note_generation(metadata: Mapping[str, Any], console: Console) -> None:
    """Print who answered, which models were left and why, and which pictures did not reach the model."""
    generator = metadata.get("generator") or {}
    if generator.get("name") and generator["name"] != _FALLBACK:
        model = f" ({generator['model']})" if generator.get("model") else ""
        console.say(f"\nanswered by {generator['name']}{model}")
    skipped = generator.get("skipped") or []
    if skipped:
        instead = "quoted from the sources" if generator.get("name") == _FALLBACK else "answered by the next"
        reasons = "; ".join(f"{each['name']}: {each['reason']}" for each in skipped)
        console.note(f"note: fallback, {instead}: {' '.join(reasons.split())}")
    evidence = (metadata.get("injection") or {}).get("evidence") or []
    left = [row["picture_left_out"] for row in evidence if row.get("picture_left_out")]
    if left and generator.get("name") != _FALLBACK:
        some = f"{len(left)} picture{'' if len(left) == 1 else 's'}"
        console.note(f"note: {some} did not go to the model: {'; '.join(dict.fromkeys(left))}")


def print_report(report: IngestionReport, settings: Settings, console: Console) -> None:
    """Print what an ``add`` or ``adopt`` did."""
    done = {
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "removed": report.removed,
    }
    parts = [f"{len(sources)} {name}" for name, sources in done.items() if sources]
    parts += [f"the {space} space made from what is stored" for space in report.embedded]
    if report.failed:
        parts.append(f"{len(report.failed)} failed")
    seconds = report.seconds.get("total", sum(report.seconds.values()))
    console.say(f"{', '.join(parts) or 'nothing to add'} in {duration(seconds)}")
    nodes = counts(report.nodes)
    console.say(f"{settings.kb} holds {nodes or 'no'} nodes and {report.pictures_stored:,} pictures.")
    if languages := languages_in_words(report.languages):
        console.say(f"Languages: {languages}.")
    if report.pictures_skipped:
        console.say(f"Pictures left out: {counts(report.pictures_skipped)}.")
    if report.ignored:
        console.say(f"Files passed over: {counts(report.ignored)}.")
    note_unfindable(report.pictures_unfindable, settings, console)


def duration(seconds: float) -> str:
    """Return a time as people say it: ``8.2 s``, ``4 min 10 s``, ``1 h 3 min``."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def report_failures(report: IngestionReport, console: Console) -> int:
    """Name each warning and each failed file with its reason on stderr; returns the exit code."""
    for warning in report.warnings:
        console.note(f"warning: {warning.source}: {warning.error} {warning.hint}".rstrip())
    for failure in report.failed:
        console.note(f"failed: {failure.source}: {failure.error}")
        if failure.hint:
            console.note(f"        {failure.hint}")
    return 1 if report.failed else 0


def note_unfinished(index: CrossModalIndex, console: Console) -> int:
    """Say on stderr that sources are still to be added, and return how many."""
    count = index.kb.catalog.count_pending()
    if count:
        from ..answers.response import unfinished_note

        console.note(f"note: {unfinished_note(count)} Run the same `xmrag add` again.")
    return count


def note_unfindable(count: int, settings: Settings, console: Console) -> None:
    """Say on stderr that pictures have no words and there is no vision space, with the two commands that cure it."""
    if not count:
        return
    kb = "" if settings.kb == Settings().kb else f" --kb {shlex.quote(settings.kb)}"
    some = "1 picture has no words" if count == 1 else f"{count:,} pictures have no words"
    console.note(
        f"note: {some} (no caption, no lettering, no passage about it), and there is no vision space: only "
        "file names find them. Fetch a vision model, and embed what is stored:"
    )
    console.note("        xmrag models pull siglip2")
    console.note(f"        xmrag add --vision siglip2{kb}")
