"""How fast files are read by one worker process and by two, and what the processes cost.

Usage: python benchmarks/reading/workers.py FOLDER... [--workers 1,2] [--repeat 1]

Only reading is measured, from a folder's files to elements in a new knowledge base's media store: no chunking, no
embedding, no OCR. Each line gives the wall time, the processor seconds of this process and of its workers together,
and those of the same files read in this process without any worker; the last line says how many times faster two
workers are than one. Compare within one run: the machine's other work slows all of them alike.
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


def processor_s() -> float:
    """Return the processor seconds of this process and of its ended children."""
    return sum(os.times()[:4])


def by_workers(files: list[tuple[Found, Reader]], workers: int) -> tuple[float, float, int]:
    """Return wall time, processor seconds and elements of reading with a number of worker processes."""
    with (
        tempfile.TemporaryDirectory() as folder,
        CrossModalIndex(Path(folder) / "kb", ocr="off", speech="none") as index,
        index.kb.writing(),
    ):
        reader = SourceReader(index.kb, None, {}, lambda *_: None, workers)
        before, started = processor_s(), time.perf_counter()
        readings = [reading for reading, _ in reader.read_all((*file, None, "") for file in files)]
        shared_workers.close()  # so that their processor time is counted
        return (
            time.perf_counter() - started,
            processor_s() - before,
            sum(len(reading.elements) for reading in readings),
        )


def in_process(files: list[tuple[Found, Reader]]) -> float:
    """Return the processor seconds of reading without worker processes."""
    before = time.process_time()
    for found, reader in files:
        try:
            for _ in read_file(
                found.path, ReadContext(root=found.root, on_skip=_quiet, on_warning=_quiet), reader=reader
            ):
                pass
        except XmragError:
            continue
    return time.process_time() - before


def _quiet(*_: str) -> None:
    """Say nothing."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--repeat", type=int, default=1)
    given = parser.parse_args()
    files = documents(given.folders)
    by_workers(files[:1], 1)  # what is imported once
    walls: dict[int, float] = {}
    for count in [int(number) for number in given.workers.split(",")]:
        runs = [by_workers(files, count) for _ in range(given.repeat)]
        wall, used, elements = min(runs)
        walls[count] = wall
        print(
            f"{count} workers  {len(files)} files  {elements} elements  {wall:7.1f} s  {used:7.1f} processor s",
            flush=True,
        )
    print(f"in this process, {in_process(files):.1f} processor s")
    print(
        f"{max(walls)} workers are {walls[min(walls)] / walls[max(walls)]:.2f} times as fast as {min(walls)}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
