"""``xmrag show``: a place in a source, its page drawn with the region marked."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..answers.source_view import SourceView, parse_box, view_source
from ..index import CrossModalIndex
from ..settings import Settings
from .console import Console

__all__ = ["run", "show_view"]

_SIDE_PX = 900


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Write the page to ``--out``, or draw it where the terminal can, or print the passage."""
    boxes = [parse_box(text) for text in args.box]
    with CrossModalIndex(settings.kb, settings, create=False) as index:
        view = view_source(index.kb, args.source, page=args.page, node_id=args.node or "", boxes=boxes)
    written = str(view.save(Path(args.out).expanduser())) if args.out else None
    console.emit(
        {
            "source": view.source,
            "page": view.page,
            "kind": view.kind,
            "text": view.text,
            "caption": view.caption,
            "media_file": view.media_file,
            "file": written,
        }
    )
    if written:
        console.say(view.title)
        console.say(written)
    else:
        show_view(view, console, "-o FILE.png")
    return 0


def show_view(view: SourceView, console: Console, to_file: str) -> None:
    """Draw a place where the terminal can, else print its words in their context.

    Args:
        view: The place.
        console: Where to.
        to_file: What the user may add to have the picture written.
    """
    console.say(view.title)
    if view.png is not None and console.draw(view.png, _SIDE_PX):
        return
    if view.before:
        console.say_wrapped(f"… {view.before[-200:]}", indent=2, lines=3)
    console.say_wrapped(view.caption or view.text, indent=0, lines=12)
    if view.after:
        console.say_wrapped(f"{view.after[:200]} …", indent=2, lines=3)
    if view.png is not None:
        console.say(f"{to_file} writes the page with the region marked.")
