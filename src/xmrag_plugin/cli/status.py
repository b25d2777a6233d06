"""``xmrag status``: what a knowledge base holds, with what it was made, and what would answer."""

from __future__ import annotations

import argparse

from ..generators.fallback.discovery import describe_generators
from ..index import CrossModalIndex
from ..settings import Settings
from .console import Console
from .output import counts, note_unfindable

__all__ = ["run"]

_MAX_LISTED = 40  # sources for people; all of them are in the JSON


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Print what the knowledge base holds."""
    with CrossModalIndex(settings.kb, settings, create=False) as index:
        data = {**index.status(), "names": index.sources()}
    data["generators"] = describe_generators(settings)
    console.emit(data)
    console.say(f"{data['kb']}  {data['bytes'] / 1e6:,.1f} MB")
    console.say(f"sources     {counts(data['sources']) or 'none'}")
    console.say(f"nodes       {counts(data['nodes']) or 'none'}")
    console.say(f"pictures    {data['pictures']:,}")
    for name, space in data["spaces"].items():
        console.say(
            f"{name + ' space':<11} {space['model']}, {space['dimension']} dimensions, "
            f"{space['vectors']:,} vectors"
        )
    for number, row in enumerate(row for row in data["generators"] if row["usable"]):
        model = f" {row['model']}" if row["model"] else ""
        console.say(f"{'' if number else 'answers by':<11} {row['name']}{model}: {row['reason']}")
    for number, row in enumerate(row for row in data["generators"] if not row["usable"]):
        console.say(f"{'' if number else 'not by':<11} {row['name']}: {row['reason']}")
    console.say()
    for name in data["names"][:_MAX_LISTED]:
        console.say(f"  {name}")
    if len(data["names"]) > _MAX_LISTED:
        console.say(f"  and {len(data['names']) - _MAX_LISTED:,} more (all of them with --json)")
    for failure in data["failed"]:
        console.say(f"failed: {failure['source']}: {failure['error']} {failure['hint']}".rstrip())
    note_unfindable(data["pictures_unfindable"], settings, console)
    return 0
