"""``xmrag remove``: sources out of a knowledge base."""

from __future__ import annotations

import argparse

from ..errors import XmragError
from ..index import CrossModalIndex
from ..settings import Settings
from .console import Console

__all__ = ["run"]


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Remove sources by the names that ``status`` shows; what is not there is named."""
    removed: list[str] = []
    failed: list[dict[str, str]] = []
    with CrossModalIndex(settings.kb, settings, create=False) as index:
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
