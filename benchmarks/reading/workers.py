"""How fast files are read by one worker process and by two, and what the processes cost.

Usage: python benchmarks/reading/workers.py FOLDER... [--workers 1,2] [--repeat 1] [--every 1]

Only reading is measured, from a folder's files to elements in a new knowledge base's media store: no chunking, no
embedding, no OCR. Each line gives the wall time and the processor seconds, of this process and of its workers; then
come those of as many processes that share nothing and send nothing, each with its part of the files. Two of those are
what the machine allows: two cores that share a cache, or are two threads of one, make each other slower. The last line
says how many times faster more are than one. Compare within one run: the machine's other work slows all of them alike.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.errors import XmragError
from xmrag_plugin.ingestion.scan import Found, scan
from xmrag_plugin.ingestion.sources import SourceReader
from xmrag_plugin.ingestion.workers import shared_workers
from xmrag_plugin.readers import ReadContext, Reader, find_reader, read_file


def documents(folders: list[Path]) -> list[tuple[Found, Reader]]:
    """Return the files that a reader knows."""
    found = []
    for item in scan(folders, knowledge_base=Path("nowhere"), ignored=[]):
        try:
            if isinstance(item, Found):
                found.append((item, find_reader(item.path)))
        except XmragError:
            continue
    return found


def processor_s() -> tuple[float, float]:
    """Return the processor seconds of this process, and of its ended children."""
    spent = os.times()
    return spent.user + spent.system, spent.children_user + spent.children_system


def by_workers(files: list[tuple[Found, Reader]], workers: int) -> tuple[float, float, float]:
    """Return wall time and processor seconds, here and there, of reading with a number of worker processes."""
    with (
        tempfile.TemporaryDirectory() as folder,
        CrossModalIndex(Path(folder) / "kb", ocr="off", speech="none") as index,
        index.kb.writing(),
    ):
        reader = SourceReader(index.kb, None, {}, lambda *_: None, workers)
        before, started = processor_s(), time.perf_counter()
        for _ in reader.read_all((*file, None, "") for file in files):
            pass
        shared_workers.close()  # so that their processor time is counted
        wall, after = time.perf_counter() - started, processor_s()
        return wall, after[0] - before[0], after[1] - before[1]


def apart(files: list[tuple[Found, Reader]], count: int) -> tuple[float, float]:
    """Return wall time and processor seconds of processes that share nothing, each with its part of the files."""
    before, started = processor_s()[1], time.perf_counter()
    children = []
    for number in range(count):
        if not (child := os.fork()):
            _read(files[number::count])
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    return time.perf_counter() - started, processor_s()[1] - before


def _read(files: list[tuple[Found, Reader]]) -> None:
    for found, reader in files:
        try:
            for _ in read_file(
                found.path, ReadContext(root=found.root, on_skip=_quiet, on_warning=_quiet), reader=reader
            ):
                pass
        except XmragError:
            continue


def _quiet(*_: str) -> None:
    """Say nothing."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--every", type=int, default=1, help="take each so many-th file only")
    given = parser.parse_args()
    files = documents(given.folders)[:: given.every]
    counts = sorted(int(number) for number in given.workers.split(","))
    by_workers(files[:1], 1)  # what is imported once
    best: dict[tuple[str, int], tuple[float, ...]] = {}
    for _ in range(given.repeat):  # in turn, so that a busy machine is as busy for all
        for count in counts:
            for name, measure in (("workers", by_workers), ("processes apart", apart)):
                taken: tuple[float, ...] = measure(files, count)
                best[name, count] = min(taken, best.get((name, count), taken))
                used = " + ".join(f"{part:.1f}" for part in taken[1:])
                print(f"{count} {name}: {len(files)} files, {taken[0]:.1f} s, {used} processor s", flush=True)
    for name in ("workers", "processes apart"):
        gained = best[name, counts[0]][0] / best[name, counts[-1]][0]
        print(f"{counts[-1]} {name} are {gained:.2f} times as fast as {counts[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
