"""``xmrag backup`` and ``restore``: a knowledge base as one file, and back."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..ingestion.backup import back_up
from ..ingestion.backup import restore as restore_folder
from ..settings import Settings
from .add import open_index
from .console import Console

__all__ = ["backup", "restore"]


def backup(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Write the knowledge base into one archive."""
    with open_index(args, settings) as index:
        size = back_up(index.kb, Path(args.file))
    console.emit({"backup": str(Path(args.file).absolute()), "bytes": size})
    console.say(f"{args.file} holds {settings.kb}: {size / 1e6:,.1f} MB")
    return 0


def restore(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Make a knowledge base of an archive."""
    restore_folder(Path(args.file), Path(settings.kb))
    with open_index(args, settings) as index:
        nodes = index.kb.catalog.node_count
    console.emit({"kb": str(Path(settings.kb).absolute()), "nodes": nodes})
    console.say(f"{settings.kb} holds {nodes:,} nodes.")
    return 0
