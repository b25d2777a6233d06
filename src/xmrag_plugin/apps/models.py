"""``xmrag models``: what can be named, and fetching one."""

from __future__ import annotations

import argparse

from ..encoders.presets import list_models, pull
from ..errors import UsageError
from ..settings import Settings
from .console import Console

__all__ = ["models"]


def models(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """List the presets, or fetch the model named."""
    if args.action == "pull":
        if not args.name:
            raise UsageError("No model is named.", hint="For example: xmrag models pull siglip2")
        console.note(f"Fetching {args.name} …")
        folder = pull(args.name)
        console.say(f"{args.name} is in {folder}.")
        console.emit({"name": args.name, "folder": str(folder)})
        return 0
    rows = list_models()
    console.emit({"models": rows})
    console.rows(
        [("name", "kind", "licence", "size", "on disk", "")]
        + [
            (
                row["name"],
                row["kind"],
                row["licence"],
                f"{row['size_mb']:,} MB",
                "yes" if row["on_disk"] else "no",
                row["note"],
            )
            for row in rows
        ]
    )
    console.say("\nA hub id (org/name) or a folder will do as well. Fetch one with: xmrag models pull NAME")
    return 0
