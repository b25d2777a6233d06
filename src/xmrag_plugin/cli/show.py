"""``xmrag show``: a place in a source, its page drawn with the region marked."""

from __future__ import annotations

import argparse
import base64
import os
import sys
from pathlib import Path

from ..answers.source_view import SourceView, view_source
from ..errors import UsageError
from ..index import CrossModalIndex
from ..settings import Settings
from ..types import BBox
from .console import Console

__all__ = ["run", "terminal_picture"]


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Write the page to ``--out``, or draw it where the terminal can, or print the passage."""
    boxes = [_box(text) for text in args.box]
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
    console.say(view.title)
    if written:
        console.say(written)
    elif view.png is not None and (drawn := terminal_picture(view.png)):
        console.piece(drawn + "\n")
    else:
        _say_words(view, console)
    return 0


def _say_words(view: SourceView, console: Console) -> None:
    if view.before:
        console.say_wrapped(f"… {view.before[-200:]}", indent=2, lines=3)
    console.say_wrapped(view.caption or view.text, indent=0, lines=12)
    if view.after:
        console.say_wrapped(f"{view.after[:200]} …", indent=2, lines=3)
    if view.png is not None:
        console.say("Write the picture with: -o FILE.png")


def terminal_picture(png: bytes) -> str:
    """Return the escape sequence that draws a picture in this terminal; empty where it cannot.

    The protocols are those of kitty and of iTerm2, told by the variables that these terminals set.
    """
    if not sys.stdout.isatty():
        return ""
    encoded = base64.b64encode(png).decode()
    if os.environ.get("KITTY_WINDOW_ID") or os.environ.get("TERM") in ("xterm-kitty", "xterm-ghostty"):
        chunks = [encoded[i : i + 4096] for i in range(0, len(encoded), 4096)]
        return "".join(
            f"\x1b_G{'a=T,f=100,' if i == 0 else ''}m={int(i < len(chunks) - 1)};{chunk}\x1b\\"
            for i, chunk in enumerate(chunks)
        )
    if os.environ.get("TERM_PROGRAM") in ("iTerm.app", "WezTerm", "vscode"):
        return f"\x1b]1337;File=inline=1;size={len(png)};width=auto:{encoded}\x07"
    return ""


def _box(text: str) -> BBox:
    try:
        x0, y0, x1, y1 = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"{text!r} is no box.", hint="Give x0,y0,x1,y1 in points.") from error
    return (x0, y0, x1, y1)
