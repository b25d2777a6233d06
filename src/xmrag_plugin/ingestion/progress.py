"""Progress of a run: one bar with the files done, the rate, the time left, and the stage beside it."""

from __future__ import annotations

import html
import importlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from ..errors import UsageError
from ..types import IngestionReport

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["Measure", "Progress", "ProgressOption", "attributes_of_run", "progress_bar", "stage_words"]

Progress = Callable[[str, int, int], None]
"""Called with ``(stage, done, total)``."""

ProgressOption = bool | Literal["auto"] | Progress
"""What an application may say: a callable, ``True``, ``False``, or ``"auto"``: a bar where someone can see it."""

_FILES = "{percentage:3.0f}%|{bar}| {desc} [{elapsed}<{remaining}{postfix}]"
_USUAL_SIZE = 80, 24
_READ_SHARE = 0.5  # of the work on a file, until it is read; the rest is describing and embedding it
_STAGE_SHARES = {
    "ocr": (0.0, 0.5),
    "describe": (0.0, 0.7),
    "embed vision": (0.5, 0.5),
    "embed text": (0.5, 0.5),
}


@contextmanager
def progress_bar(progress: ProgressOption) -> Iterator[Progress]:
    """Give a callable ``(stage, done, total)``: the one given, one that draws a bar, or one that does nothing.

    Args:
        progress: A callable; ``"auto"`` or True for a bar in a terminal or a notebook; False for none.

    Raises:
        UsageError: If it is something else.
    """
    if callable(progress):
        yield progress
    elif progress not in (True, False, "auto"):
        raise UsageError(
            f"progress is {progress!r}.",
            hint='Give True, False, "auto" or a function of (stage, done, total).',
        )
    elif not progress or not (_in_terminal() or _in_notebook()):
        yield lambda stage, done, total: None
    else:
        bar = _Bar()
        try:
            yield bar.show
        finally:
            bar.close()


def _in_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # a program without a console has none, or a closed one
        return False


def _in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return type(shell).__name__ == "ZMQInteractiveShell"


class Measure:
    """How far a run is, from what it tells. Files count in parts, so that a single long document moves it too."""

    def __init__(self) -> None:
        self.total = 0
        self.done = 0
        self._read = 0
        self._reading: dict[str, float] = {}
        self._embedded = 0.0  # share of what is read and not done

    @property
    def at(self) -> float:
        """Return how many of ``total`` files are done, counting the finished parts of those under way."""
        under_way = min(sum(self._reading.values()), self.total - self._read)
        read = _READ_SHARE * (self._read + under_way)
        return read + (1 - _READ_SHARE) * (self.done + (self._read - self.done) * self._embedded)

    def count(self, stage: str, done: int, total: int) -> None:
        """Take in what a run tells."""
        share = done / total if total else 1.0
        if stage == "files":
            self.done, self.total, self._embedded = done, total, 0.0
            self._read = max(self._read, done)
        elif stage == "read":
            self._read, self.total = done, total
            self._reading = {name: part for name, part in self._reading.items() if part < 1}
        elif stage.startswith("read: "):
            self._reading[stage] = share
        elif stage in _STAGE_SHARES:
            start, length = _STAGE_SHARES[stage]
            self._embedded = max(self._embedded, start + length * share)


class _Bar:
    """One bar for a whole run."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._lock = threading.Lock()  # files are read in several threads
        self._measure = Measure()

    def show(self, stage: str, done: int, total: int) -> None:
        """Draw how far the run is."""
        with self._lock:
            self._measure.count(stage, done, total)
            self._draw(stage, done, total)

    def _draw(self, stage: str, done: int, total: int) -> None:
        bar = self._bar
        if bar is None:
            bar = self._bar = _new_bar()
        run = self._measure
        if run.total:
            at = run.at
            bar.total = run.total
            bar.desc = f"{run.done:,} of {run.total:,} files, {_pace(at, bar.format_dict['elapsed'])}"
            bar.set_postfix_str("" if stage == "files" else stage_words(stage, done, total), refresh=False)
        else:  # a space that is made from what is stored, say
            at, bar.desc = float(done), stage_words(stage, done, total)
            bar.total = total
        bar.update(max(at - bar.n, 0.0) if run.total else at - bar.n)

    def close(self) -> None:
        """Take the bar away and leave the cursor at the beginning of an empty line."""
        if self._bar is not None:
            self._bar.close()
            if _in_terminal():
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()


def _pace(files: float, elapsed_s: float) -> str:
    """Return how quickly it goes: ``3.2 a second``, ``12 a minute``, ``40 an hour``."""
    a_second = files / elapsed_s if elapsed_s > 0 else 0.0
    for rate, unit, decimals in ((a_second, "a second", 1), (60 * a_second, "a minute", 0)):
        if rate >= 1:
            return f"{rate:,.{decimals}f} {unit}"
    return f"{3600 * a_second:,.0f} an hour"


def stage_words(stage: str, done: int, total: int) -> str:
    """Return what a run is about in words: ``read: report.pdf 3/10``."""
    name = "".join(character if character.isprintable() else "�" for character in stage)
    name = name if len(name) <= 32 else f"{name[:31]}…"
    return f"{name} {done:,}/{total:,}" if total > 1 else name


def _size() -> dict[str, Any]:
    """Return how tqdm finds the size of a terminal; what it says that it has none of (``script``) is as usual."""
    try:
        columns, lines = os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):  # a notebook
        return {"dynamic_ncols": True}
    if columns and lines:
        return {"dynamic_ncols": True}
    return {"ncols": columns or _USUAL_SIZE[0], "nrows": lines or _USUAL_SIZE[1]}


def _new_bar() -> tqdm[Any]:
    from tqdm import tqdm

    kind: Any = tqdm
    # Steps are a page or a hundred files long: the time left is told by the pace of the whole run (smoothing 0).
    look = {"bar_format": _FILES, "file": sys.stderr, "leave": False, **_size()}
    if _in_notebook():
        kind, look = _notebook_bar(tqdm), {"bar_format": _FILES.replace("|{bar}|", ""), "gui": True}
    bar: tqdm[Any] = kind(total=1, **look, mininterval=0.1, miniters=0, smoothing=0)
    return bar


def _notebook_bar(kind: Any) -> Any:
    """Return a kind of bar that an output of the cell shows.

    It is drawn by the browser's own element: widgets need an extension where the notebook's server runs, and
    without it show their name instead. What a bar of letters leaves on stderr would stay in the cell.
    """
    display: Any = importlib.import_module("IPython.display").display

    class NotebookBar(kind):  # type: ignore[misc]
        _shown: Any = None

        def display(self, msg: str | None = None, pos: int | None = None) -> None:
            words = str(self)
            bar = f'<progress value="{self.n}" max="{self.total}"></progress> {html.escape(words)}'
            self._put({"text/plain": words, "text/html": bar})

        def _put(self, shown: dict[str, str]) -> None:
            if self._shown is None:
                self._shown = display(shown, raw=True, display_id=True)
            else:
                self._shown.update(shown, raw=True)

        def close(self) -> None:
            if not self.disable:
                super().close()
                self._put({"text/plain": "", "text/html": ""})

    return NotebookBar


def attributes_of_run(report: IngestionReport) -> dict[str, Any]:
    """Return what a span says of a run."""
    done = ("added", "updated", "unchanged", "removed", "failed")
    return {
        **{f"xmrag.sources.{name}": len(getattr(report, name)) for name in done},
        "xmrag.nodes": sum(report.nodes.values()),
        **{f"xmrag.stage.{stage}_ms": round(1000 * spent, 1) for stage, spent in report.seconds.items()},
    }
