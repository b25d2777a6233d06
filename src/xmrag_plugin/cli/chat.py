"""``xmrag chat``: a conversation in the terminal, with pictures."""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import TYPE_CHECKING

from ..errors import XmragError
from ..index import CrossModalIndex
from ..settings import Settings
from .ask import falls_back
from .console import Console
from .output import note_generation

if TYPE_CHECKING:
    from ..llamaindex.chat.engine import CrossModalChatEngine

__all__ = ["run"]

_HELP = """\
Ask, and ask on: "and the one to its left?"
  /image FILE…   show pictures with the next message
  /reset         begin a new conversation
  /quit          leave (so does the end of input)"""


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Answer line by line until the input ends; exit code 1 when a turn failed."""
    failures = 0
    with CrossModalIndex(settings.kb, settings, create=False) as index:
        engine = index.as_chat_engine(extractive_fallback=falls_back(settings))
        if sys.stdin.isatty():
            console.say(_HELP)
        images: list[str] = []
        while (line := _read()) is not None:
            line = line.strip()
            if line in ("/quit", "/exit"):
                break
            try:
                if line == "/reset":
                    engine.reset()
                elif line.startswith("/image"):
                    images += _files(line)
                elif line.startswith("/"):
                    console.say(_HELP)
                elif line or images:
                    said, images = images, []
                    _turn(engine, line, said, console)
            except XmragError as error:
                console.complain(error.message, error.hint)
                failures += 1
            except KeyboardInterrupt:
                console.say("\n(left)")
    return 1 if failures else 0


def _read() -> str | None:
    """Return the next line; None at the end of the input, and on Ctrl-C at the prompt."""
    try:
        return input("\n> ") if sys.stdin.isatty() else (sys.stdin.readline() or None)
    except (EOFError, KeyboardInterrupt):
        return None


def _files(line: str) -> list[str]:
    try:
        return shlex.split(line.removeprefix("/image"))
    except ValueError:
        return [line.removeprefix("/image").strip()]


def _turn(engine: CrossModalChatEngine, words: str, images: list[str], console: Console) -> None:
    """One message and its answer, as it comes, with its sources below."""
    from ..answers.rendering import answer_text

    response = engine.stream_chat(words, images=images)
    for piece in response.response_gen:
        console.piece(piece)
    console.say()
    sources = answer_text("", response.citations).strip()
    if sources:
        console.say(f"\n{sources}")
    note_generation(response.metadata or {}, console)
