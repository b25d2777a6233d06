"""Mutate real files and read each in a worker process, as ``add`` does.

    python benchmarks/fuzz/run.py FOLDER [--count 20000] [--seed 0] [--seconds 20] [--memory 1500] [--keep DIR]
                                  [--journal FILE]

Files of FOLDER of at most 2 MB are the seeds. A mutant has bytes flipped, runs of bytes cut out, doubled, overwritten
or taken from another file of its kind; a mutant of an archive is one of a part of it, packed again. What a reader may
do with it: yield elements, or raise an error of xmrag's that names the file. Counted apart are files over a limit,
files that crashed their worker, and errors whose wording shows that a library's exception was only wrapped.

With a journal, a line of JSON for each mutant, a run that was broken off goes on where it was.

One line a kind of file, then the failures; exit 1 if anything escaped the worker or took longer than its limit and a
tenth.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from xmrag_plugin.errors import ReadError, XmragError
from xmrag_plugin.ingestion.worker import Job, Limits
from xmrag_plugin.ingestion.workers import importable, shared_workers
from xmrag_plugin.readers import find_reader

SEED_BYTES = 2_000_000


class Nobody:
    """Takes what a worker sends, and keeps nothing."""

    def element(self, element: Any, difference_hash: int | None) -> None: ...
    def skip(self, reason: str) -> None: ...
    def warn(self, message: str, hint: str) -> None: ...
    def depends(self, path: str) -> None: ...
    def progress(self, done: int, total: int) -> None: ...
    def ocr(self, picture: bytes) -> Any: ...
    def transcribe(self, blocks: Iterator[Any], language: str) -> Iterator[Any]:
        return iter(())


def mutated(data: bytes, chance: random.Random, other: bytes) -> bytes:
    """Return bytes with one to eight small changes."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        if not changed:
            return b""
        at = chance.randrange(len(changed))
        length = min(chance.choice((1, 2, 4, 16, 200)), len(changed) - at)
        match chance.randrange(6):
            case 0:
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                changed[at : at + length] = bytes(chance.randrange(256) for _ in range(length))
            case 2:
                del changed[at : at + length]
            case 3:
                changed[at:at] = changed[at : at + length] * chance.choice((1, 2, 50))
            case 4:
                changed[at : at + length] = chance.choice((b"\xff", b"\0", b"9", b"<", b"(")) * length
            case _:
                start = chance.randrange(len(other) or 1)
                changed[at : at + length] = other[start : start + 4 * length]
    return bytes(changed)


def mutant(seed: Path, chance: random.Random, other: Path, target: Path) -> None:
    """Write a mutant of a file; of an archive, one with a mutated part every other time."""
    if zipfile.is_zipfile(seed) and chance.random() < 0.7:
        with contextlib.suppress(
            RuntimeError, zipfile.BadZipFile
        ):  # a part under a password, or damaged on purpose
            with zipfile.ZipFile(seed) as archive:
                parts = [(name, archive.read(name)) for name in archive.namelist()]
            chosen = chance.choice([name for name, _ in parts if not name.endswith("/")] or [""])
            with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
                for name, data in parts:
                    out.writestr(name, mutated(data, chance, data) if name == chosen else data)
            return
    target.write_bytes(mutated(seed.read_bytes(), chance, other.read_bytes()))


def outcome(path: Path, limits: Limits) -> tuple[str, float]:
    """Read a file as ``add`` does; return what became of it and how long it took."""
    started = time.perf_counter()
    try:
        reader = find_reader(path)
        place = importable(reader)
        assert place is not None
        options = {"root": path.parent, "keep_sound": True}
        shared_workers.read(Job(str(path), place, options, False, False, limits), Nobody())
        said = "read"
    except ReadError as error:
        said = "over a limit" if "longer than" in str(error) or " MB " in str(error) else "refused"
        crashed = ("crashed the library", "made the library that reads it give up")
        said = "crashed the worker" if any(sign in str(error) for sign in crashed) else said
        if ": " in error.message and "Error: " in error.message:
            said = "refused with a library's error"
    except XmragError:
        said = "refused"
    except Exception as error:
        said = f"ESCAPED: {type(error).__name__}: {error}"[:120]
    return said, time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--memory", type=int, default=1500)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--journal", type=Path, help="what was tried, for going on after a break")
    parser.add_argument("--keep", type=Path, help="where mutants that failed are kept")
    given = parser.parse_args()
    limits = Limits(given.seconds, given.memory)
    kinds: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(given.folder.rglob("*")):
        if path.is_file() and 0 < path.stat().st_size <= SEED_BYTES:
            kinds[path.suffix.lower()].append(path)
    names = sorted(kinds)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    slowest: dict[str, float] = defaultdict(float)
    bad: list[str] = []
    lock = threading.Lock()
    journal = open(given.journal or os.devnull, "a+", encoding="utf-8")  # noqa: SIM115 - until the program ends
    journal.seek(0)
    tried = [json.loads(line) for line in journal if line.endswith("\n")]

    def note(number: int, kind: str, said: str, spent: float) -> None:
        counts[kind][said] += 1
        slowest[kind] = max(slowest[kind], spent)
        if said.startswith("ESCAPED") or spent > 1.1 * given.seconds + 5:
            bad.append(f"{kind} {number}: {said} after {spent:.1f} s")

    for entry in tried:
        note(*entry)
    done = {entry[0] for entry in tried}

    def one(number: int) -> None:
        if number in done:
            return
        chance = random.Random(f"{given.seed}/{number}")
        kind = names[number % len(names)]
        seed, other = chance.choice(kinds[kind]), chance.choice(kinds[kind])
        with tempfile.TemporaryDirectory(prefix="xmrag-fuzz-") as work:
            path = Path(work, f"mutant{kind}")
            mutant(seed, chance, other, path)
            said, spent = outcome(path, limits)
            with lock:
                note(number, kind, said, spent)
                print(json.dumps([number, kind, said, round(spent, 2)]), file=journal, flush=True)
            failed = said.startswith(("ESCAPED", "crashed", "over")) or "library" in said
            if failed and given.keep is not None:
                given.keep.mkdir(parents=True, exist_ok=True)
                path.replace(given.keep / f"{said.split(':')[0].replace(' ', '-')}-{number}{kind}")

    with ThreadPoolExecutor(given.workers) as pool:
        list(pool.map(one, range(given.count)))
    for kind in names:
        print(f"{kind or 'none':<8} {sum(counts[kind].values()):>6} {slowest[kind]:>6.1f} s  ", end="")
        print(", ".join(f"{count} {said}" for said, count in counts[kind].most_common()))
    total = sum((counts[kind] for kind in names), Counter())
    print(
        f"all      {sum(total.values()):>6}           "
        + ", ".join(f"{n} {said}" for said, n in total.most_common())
    )
    for line in bad:
        print("BAD", line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
