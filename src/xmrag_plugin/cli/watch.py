"""``xmrag watch``: add what changes in folders, as it changes."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import UsageError, XmragError, require
from ..index import CrossModalIndex
from ..settings import Settings
from .console import Console
from .output import report_failures

__all__ = ["run"]

DEBOUNCE_MS = 1600
"""How long a folder must be quiet before it is looked at: files are often written in several steps."""


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Add the folders, then what changes in them, until interrupted; files that are gone are removed.

    Raises:
        UsageError: If a folder is not there.
        MissingExtra: If the extra ``serve`` is not installed.
    """
    watchfiles = require("watchfiles", "serve", purpose="xmrag watch")
    folders = [Path(path).expanduser().absolute() for path in args.paths]
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder.", hint="Name folders to watch.")
    with CrossModalIndex(settings.kb, settings) as index:
        _add(index, folders, console)
        for _changes in watchfiles.watch(*folders, debounce=DEBOUNCE_MS, raise_interrupt=False):
            _add(index, folders, console)
    return 0


def _add(index: CrossModalIndex, folders: list[Path], console: Console) -> None:
    """Add what is new; a failure is reported, and the watch goes on."""
    try:
        report = index.add(*folders, prune=True)
    except XmragError as error:
        console.complain(error.message, error.hint)
        return
    changed = {"added": report.added, "updated": report.updated, "removed": report.removed}
    for what, sources in changed.items():
        for source in sources:
            console.say(f"{what:<8} {source}")
    report_failures(report, console)
