"""``xmrag describe`` and ``summarize``: what the collection says of a picture, and of one source."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..settings import Settings
from .add import open_index
from .console import Console
from .search import print_answer

if TYPE_CHECKING:
    from ..answers.response import CrossModalResponse

__all__ = ["describe", "summarize"]


def describe(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Describe a picture with what the collection knows of it."""
    with open_index(args, settings) as index:
        _print(index.describe(args.picture, question=" ".join(args.words)), console)
    return 0


def summarize(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Sum up one source."""
    with open_index(args, settings) as index:
        _print(index.summarize(args.source, focus=args.focus, length=args.length), console)
    return 0


def _print(response: CrossModalResponse, console: Console) -> None:
    console.emit(
        {
            "answer": response.answer_words(),
            "abstained": response.abstained,
            "citations": response.citations,
            "generator": (response.metadata or {})["generator"],
        }
    )
    print_answer(response, console)
