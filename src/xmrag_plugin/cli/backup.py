"""``xmrag backup``: a knowledge base as one file."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..index import CrossModalIndex
from ..ingestion.backup import back_up
from ..settings import Settings
from .console import Console

__all__ = ["run"]


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Write the knowledge base into one archive."""
    with CrossModalIndex(settings.kb, settings, create=False) as index:
        size = back_up(index.kb, Path(args.file))
    console.emit({"backup": str(Path(args.file).absolute()), "bytes": size})
    console.say(f"{args.file} holds {settings.kb}: {size / 1e6:,.1f} MB")
    return 0
