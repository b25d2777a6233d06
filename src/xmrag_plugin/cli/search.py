"""``xmrag search``: the texts and pictures that answer best."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..index import CrossModalIndex
from ..search.questions import as_question
from ..settings import Settings
from ..types import Hit, Question
from .console import Console
from .output import note_unfindable, note_unfinished, own_path

if TYPE_CHECKING:
    from ..search.request import SearchResult

__all__ = ["find", "run", "spent"]

_THUMBNAIL_PX = 240


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Print the texts and pictures that answer best, in one list."""
    started = time.perf_counter()
    with CrossModalIndex(settings.kb, settings, create=False) as index:
        opened = time.perf_counter()
        question, result = find(args, index)
        unseen = not result.hits and bool(question.images) and index.kb.vectors.count("vision") == 0
        unfindable = index.pictures_unfindable()
        unfinished = note_unfinished(index, console)
    console.emit(
        {
            "query": question.text,
            "hits": [hit.as_json() for hit in result.hits],
            **({"unfinished": unfinished} if unfinished else {}),
            "timings_ms": spent(started, opened, result),
        }
    )
    for hit in result.hits:
        _print_hit(hit, console)
    if not result.hits:
        console.say("nothing found")
        if unseen:
            console.say(
                "The knowledge base holds no pictures, and no texts that its vision encoder can hold whole. Make "
                "the vision space with the setting passages_in_vision on, and pictures find passages too."
            )
    note_unfindable(unfindable, settings, console)
    return 0


def find(args: argparse.Namespace, index: CrossModalIndex) -> tuple[Question, SearchResult]:
    """Return what a command line asks, and what answers it.

    Raises:
        UsageError: If nothing is asked.
    """
    words = " ".join(args.words).strip()
    if not words and not args.image and not args.audio:
        raise UsageError("Nothing was asked.", hint="Give a text, --image FILE, --audio FILE, or several.")
    question = as_question(
        words,
        images=args.image,
        audio=args.audio,
        without=args.negative,
        settings=index.settings,
        by_sound="sound" in index.kb.manifest.spaces,
    )
    return question, index.find(question, k=args.k, modality=args.modality)


def spent(started: float, opened: float, result: SearchResult, **further: float) -> dict[str, float]:
    """Return where the time went, in milliseconds."""
    total = 1000 * (time.perf_counter() - started)
    timings = {"open": 1000 * (opened - started), **result.timings_ms, **further, "total": total}
    return {stage: round(value, 2) for stage, value in timings.items()}


def _print_hit(hit: Hit, console: Console) -> None:
    place = hit.source
    if hit.page is not None:
        place += f", p. {hit.page}"
    if hit.start_s is not None:
        place += f", {hit.start_s:.0f} s"
    certainty = f"{hit.probability:.2f}" if hit.probability is not None else f"{hit.score:.3f}"
    console.say(f"{hit.rank:>2}. {certainty}  {hit.modality:<6} {place}")
    console.say_wrapped(hit.caption or hit.text or hit.media or "", indent=4, lines=2)
    drawn = hit.media_file is not None and console.draw(Path(hit.media_file), _THUMBNAIL_PX)
    if not drawn and (path := own_path(hit)):
        console.say(f"    {path}")
