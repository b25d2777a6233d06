"""``xmrag chat``: a conversation in the terminal, with pictures."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import mimetypes
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError, XmragError
from ..index import CrossModalIndex
from ..settings import Settings
from .ask import falls_back
from .console import Console
from .output import note_generation
from .show import show_view

if TYPE_CHECKING:
    from ..llamaindex.chat.engine import CrossModalChatEngine

__all__ = ["run"]

_HELP = """\
Ask, and ask on: "and the one to its left?"
  /image FILE…        show pictures with the next message; the path of a picture alone does too
  /source [N] [FILE]  see the source of [N], with the region marked, or write it to a file
  /history            read what was said
  /reset              begin a new conversation
  /quit               leave (so does the end of input)"""


def run(args: argparse.Namespace, settings: Settings, console: Console) -> int:
    """Answer line by line until the input ends; exit code 1 when a turn failed."""
    failures = 0
    with CrossModalIndex(settings.kb, settings, create=False) as index:
        engine = index.as_chat_engine(extractive_fallback=falls_back(settings))
        if sys.stdin.isatty():
            console.say(_HELP)
            _remember_lines(settings)
        images: list[Path] = []
        cited: list[dict[str, Any]] = []
        while (line := _read(console)) is not None:
            line = line.strip()
            if line in ("/quit", "/exit"):
                break
            try:
                if line == "/reset":
                    engine.reset()
                    cited = []
                elif line == "/history":
                    for message in engine.chat_history:
                        console.say(f"{message.role.value}: {message.content or ''}")
                elif line.startswith("/source"):
                    _show(index, cited, line.removeprefix("/source").strip(), console)
                elif pictures := _pictures_in(line):
                    images += pictures
                    console.say(f"With the next message: {', '.join(map(str, pictures))}")
                elif line.startswith("/"):
                    if line != "/help":
                        console.say(f"There is no command {line.split()[0]}.")
                    console.say(_HELP)
                elif line or images:
                    attached, images = images, []
                    cited = _turn(engine, line, attached, console)
            except XmragError as error:
                console.complain(error.message, error.hint)
                failures += 1
            except KeyboardInterrupt:
                console.say("\n(left)")
    return 1 if failures else 0


def _read(console: Console) -> str | None:
    """Return the next line: none at the end of the input, an empty one where Ctrl-C has thrown away what was typed."""
    try:
        return input("\n> ") if sys.stdin.isatty() else (sys.stdin.readline() or None)
    except EOFError:
        return None
    except KeyboardInterrupt:
        console.say("\n(Ctrl-D leaves.)" if sys.stdin.isatty() else "")
        return "" if sys.stdin.isatty() else None


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # a single quote
        return line.split(maxsplit=1)


def _pictures_in(line: str) -> list[Path]:
    """Return the pictures that ``/image`` names, or the one that a line consists of, as terminals paste it.

    Raises:
        UsageError: If ``/image`` names none, or one that is not there.
    """
    asked, *files = _words(line) or [""]
    if asked != "/image":
        path = Path(asked).expanduser()
        kind = mimetypes.guess_type(path.name)[0] or ""
        return [path] if not files and kind.startswith("image/") and path.is_file() else []
    found = [Path(file).expanduser() for file in files]
    gone = next((file for file in found if not file.is_file()), None)
    if gone is not None or not found:
        raise UsageError(f"There is no picture {str(gone or '')!r}.", hint="Name files: /image photo.jpg")
    return found


def _show(index: CrossModalIndex, cited: list[dict[str, Any]], asked: str, console: Console) -> None:
    """Show the source of a citation of the last answer, of the first one where none is named, or write it to a file.

    Raises:
        UsageError: If it has none of that number.
    """
    number, *files = _words(asked) or [""]
    place = next((row for row in cited if number in ("", str(row["n"]))), None)
    if place is None:
        known = ", ".join(str(row["n"]) for row in cited) or "none yet"
        raise UsageError(f"The last answer cites no [{number or 'n'}].", hint=f"Its numbers: {known}.")
    view = index.show(place)
    if files:
        console.say(str(view.save(Path(files[0]).expanduser())))
    else:
        show_view(view, console, f"/source {place['n']} FILE.png")


def _remember_lines(settings: Settings) -> None:
    """Let the arrow keys bring back what was typed, from one conversation to the next."""
    try:
        import readline
    except ImportError:  # Windows
        return
    file = settings.cache_path / "chat_history"
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        readline.read_history_file(file)
    readline.set_history_length(1000)
    atexit.register(_keep_lines, file)


def _keep_lines(file: Path) -> None:
    import readline

    with contextlib.suppress(OSError):
        readline.write_history_file(file)


def _turn(
    engine: CrossModalChatEngine, words: str, images: list[Path], console: Console
) -> list[dict[str, Any]]:
    """Print one message's answer as it comes, with its sources below; return its citations."""
    from ..answers.rendering import answer_text

    response = engine.stream_chat(words, images=images)
    for piece in response.response_gen:
        console.piece(piece)
    console.say()
    sources = answer_text("", response.citations).strip()
    if sources:
        console.say(f"\n{sources}")
    note_generation(response.metadata or {}, console)
    return response.citations
