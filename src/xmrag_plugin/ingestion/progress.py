"""Progress bars on stderr, off when it is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["progress_bars"]


@contextmanager
def progress_bars(
    progress: bool | Callable[[str, int, int], None],
) -> Iterator[Callable[[str, int, int], None]]:
    """A callable ``(stage, done, total)``: the one given, bars, or nothing."""
    if callable(progress):
        yield progress
        return
    if not progress or not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    from tqdm import tqdm

    bars: dict[str, tqdm[Any]] = {}

    def show(stage: str, done: int, total: int) -> None:
        name = stage.partition(":")[0]  # "read: talk.mp4" takes the bar of the file before
        bar = bars.get(name)
        if bar is None or bar.total != total or bar.desc != f"{stage}: ":
            if bar is not None:
                bar.close()
            bar = bars[name] = tqdm(total=total, desc=stage, file=sys.stderr, leave=False)
        bar.update(done - bar.n)

    try:
        yield show
    finally:
        for bar in bars.values():
            bar.close()
