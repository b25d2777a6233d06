"""``xmrag ask``: an answer with checked citations and figures."""

from __future__ import annotations

import argparse
import time

from ..index import CrossModalIndex
from ..settings import Settings
from .console import Console
from .output import answer_as_json, note_unfindable, note_unfinished, print_answer
from .search import find, spent

__all__ = ["falls_back", "run"]


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Print an answer with its citations."""
    started = time.perf_counter()
    with CrossModalIndex(settings.kb, settings, create=False) as index:
        opened = time.perf_counter()
        question, result = find(args, index)
        found = time.perf_counter()
        response = index.answer_from(question, result.hits, extractive_fallback=falls_back(settings))
        unfindable = index.pictures_unfindable() if response.abstained else 0
        unfinished = note_unfinished(index, console)
    took = 1000 * (time.perf_counter() - found)
    console.emit(
        {
            **answer_as_json(response),
            "hits": [hit.as_json() for hit in result.hits],
            **({"unfinished": unfinished} if unfinished else {}),
            "timings_ms": spent(started, opened, result, answer=took),
        }
    )
    print_answer(response, console)
    note_unfindable(unfindable, settings, console)
    return 0


def falls_back(settings: Settings) -> bool:
    """Return whether quotations stand in for a model that fails: not for one that was named."""
    return settings.llm in ("auto", "none")
