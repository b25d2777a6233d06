"""``xmrag eval``: a knowledge base measured with questions whose answers are known."""

from __future__ import annotations

import argparse

from ..evaluation import evaluate, read_queries
from ..index import CrossModalIndex
from ..settings import Settings
from .console import Console

__all__ = ["run"]


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Ask every question of a file, and print how well the answers were found."""
    queries = read_queries(args.queries)
    with CrossModalIndex(settings.kb, settings, create=False) as index:
        report = evaluate(index, queries, progress=lambda rows: console.progress(rows, "questions"))
    console.say(report.as_table())
    console.emit(report.as_json())
    return 0
