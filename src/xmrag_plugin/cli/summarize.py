"""``xmrag summarize``: one source summed up."""

from __future__ import annotations

import argparse

from ..index import CrossModalIndex
from ..settings import Settings
from .console import Console
from .output import answer_as_json, check_named, print_answer

__all__ = ["run"]


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Sum up one source."""
    with CrossModalIndex(settings.kb, settings, create=False) as index:
        response = index.summarize(args.source, focus=args.focus, length=args.length)
    check_named(response, settings)
    console.emit(answer_as_json(response))
    print_answer(response, console)
    return 0
