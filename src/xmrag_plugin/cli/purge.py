"""``xmrag purge``: the files of a knowledge base anew, without what was removed from it."""

from __future__ import annotations

import argparse

from ..index import CrossModalIndex
from ..settings import Settings
from .console import Console

__all__ = ["run"]


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Write every file anew; say by how much the knowledge base has shrunk."""
    with CrossModalIndex(settings.kb, settings, create=False) as index:
        freed = index.purge(wait=args.wait)
    held = index.kb.size_on_disk()  # closed, the log and its index are gone
    console.emit({"freed": freed, "bytes": held})
    console.say(f"{freed / 1e6:,.1f} MB freed, {held / 1e6:,.1f} MB left")
    return 0
