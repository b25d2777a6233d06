"""``xmrag describe``: what the collection says of a picture."""

from __future__ import annotations

import argparse

from ..index import CrossModalIndex
from ..settings import Settings
from .console import Console
from .output import answer_as_json, check_named, print_answer

__all__ = ["run"]


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Describe a picture with what the collection knows of it."""
    with CrossModalIndex(settings.kb, settings, create=False) as index:
        response = index.describe(args.picture, question=" ".join(args.words))
    check_named(response, settings)
    console.emit(answer_as_json(response))
    print_answer(response, console)
    return 0
