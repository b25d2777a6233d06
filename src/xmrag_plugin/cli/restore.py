"""``xmrag restore``: a knowledge base of the file that ``backup`` has written."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import UsageError
from ..index import CrossModalIndex
from ..ingestion.backup import restore
from ..settings import Settings
from ..storage.opening import is_address
from .console import Console

__all__ = ["run"]


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Make a knowledge base of an archive."""
    if is_address(settings.kb):
        raise UsageError(
            f"{settings.kb} is on servers; a backup is restored to a folder.",
            hint="Name a folder with --kb; pg_restore and Chroma's own folder bring back what is on servers.",
        )
    restore(Path(args.file), Path(settings.kb))
    with CrossModalIndex(settings.kb, settings, create=False) as index:
        nodes = index.kb.catalog.node_count
    console.emit({"kb": str(Path(settings.kb).absolute()), "nodes": nodes})
    console.say(f"{settings.kb} holds {nodes:,} nodes.")
    return 0
