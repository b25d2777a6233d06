"""Where a command's words go: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, TextIO, TypeVar

from ..errors import PictureError
from ..text.untrusted import escaped_controls, without_controls

__all__ = ["Console", "open_console"]

T = TypeVar("T")

_WIDTH = 100  # of what says no width


class Console:
    """The two streams of one command.

    Attributes:
        json: Whether stdout is for exactly one JSON object.
    """

    def __init__(self, out: TextIO, err: TextIO, *, json: bool) -> None:
        self._out = out
        self._err = err
        self.json = json

    @property
    def shows_progress(self) -> bool:
        """Return whether progress bars are drawn: only where stderr is a terminal."""
        return self._err.isatty()

    @property
    def width(self) -> int:
        """Return the number of columns to wrap at."""
        try:
            return min(os.get_terminal_size(self._out.fileno()).columns or _WIDTH, 110)
        except (OSError, ValueError):
            return _WIDTH

    def say(self, text: str = "") -> None:
        """Print a line for people on stdout; nothing where JSON is asked for."""
        if not self.json:
            self._out.write(without_controls(text) + "\n")

    def piece(self, text: str) -> None:
        """Print a part of a line for people, at once."""
        if not self.json:
            self._out.write(without_controls(text))
            self._out.flush()

    def draw(self, picture: bytes | Path, side_px: int) -> bool:
        """Draw a picture where the terminal can; return whether it did.

        Args:
            picture: Encoded, or its file.
            side_px: Longer side at most.
        """
        from .terminal_picture import picture_protocol, terminal_picture

        protocol = picture_protocol() if not self.json and self._out.isatty() else ""
        if not protocol:
            return False
        from ..images.decode import open_picture

        try:
            drawn = open_picture(picture)
        except (PictureError, OSError):
            return False
        drawn.thumbnail((side_px, side_px))
        self._out.write(terminal_picture(drawn, protocol) + "\n")
        self._out.flush()
        return True

    def say_wrapped(self, text: str, indent: int, lines: int) -> None:
        """Print a text as a paragraph of at most ``lines`` lines, indented."""
        margin = " " * indent
        for line in textwrap.wrap(
            " ".join(text.split()), self.width - indent, max_lines=lines, placeholder=" …"
        ):
            self.say(margin + line)

    def rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Print a table: columns as wide as their widest cell."""
        if rows:
            widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
            for row in rows:
                self.say("  ".join(cell.ljust(widths[i]) for i, cell in enumerate(row)).rstrip())

    def emit(self, data: Mapping[str, Any]) -> None:
        """Print the one JSON object, where it is asked for."""
        if self.json:
            self._out.write(escaped_controls(json.dumps(data, ensure_ascii=False, allow_nan=False)) + "\n")

    def note(self, text: str) -> None:
        """Print a line on stderr."""
        self._err.write(without_controls(text) + "\n")

    def complain(self, what: str, hint: str = "") -> None:
        """Print an error on stderr, with the way out on a line of its own."""
        self.note(f"xmrag: {what}")
        if hint:
            self.note(f"       {hint}")

    def progress(self, items: Sequence[T], what: str) -> Iterable[T]:
        """Yield the items, with a bar on stderr where that is a terminal."""
        if not self.shows_progress:
            return items
        from tqdm import tqdm

        bar: Iterable[T] = tqdm(items, desc=what, file=self._err, leave=False)
        return bar


@contextmanager
def open_console(*, json: bool) -> Iterator[Console]:
    """Open the console of one command.

    With ``json``, whatever else writes to stdout meanwhile, a library or a child process,
    writes to stderr instead.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started this (`>&-`): nobody reads it
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - open to the end
    out = sys.stdout
    if not json:
        for stream in (out, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        yield Console(out, sys.stderr, json=False)
        out.flush()
        return
    out.flush()
    try:
        own = out.fileno() == 1
    except (OSError, ValueError):
        own = False
    if not own:
        with redirect_stdout(sys.stderr):
            yield Console(out, sys.stderr, json=True)
        return
    real = os.dup(1)
    with os.fdopen(real, "w", encoding="utf-8", newline="\n") as stdout:
        os.dup2(2, 1)
        try:
            with redirect_stdout(sys.stderr):
                yield Console(stdout, sys.stderr, json=True)
            stdout.flush()
        finally:
            os.dup2(stdout.fileno(), 1)
