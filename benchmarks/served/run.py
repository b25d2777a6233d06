"""Four writers and eight readers on a Chroma server and Postgres, each killed and restarted amid it.

    python benchmarks/served/run.py [--minutes 5] [--writers 4] [--readers 8] [--kills 2] [--seed 0]

Both servers are started on the loopback, with data of their own. Each writer is a process that adds, changes and removes
files of its own folder, a change after the other until the time is over; each reader is a process that searches all
the while. Each server is killed (SIGKILL) so many times, at moments spread over the run, and started again a second later. Every error that a writer
or a reader is told must be typed and retryable; a writer gives the same call again then, as a user would. In the end the
files that are there are added by one process into a folder, and nodes, vectors, sources, media and what the channels say to questions must be
equal. The encoder is hashes of words, so that the stores are exercised and no model. Prints what was done and how long
searches took; exit 1 where something is lost, differs, or was told in another way.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hash_encoder import use_hash_encoders
from made_words import SYLLABLES
from servers import both

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.types import kinds_in

WORDS = [a + b for a in SYLLABLES for b in SYLLABLES]


def text_of(dice: random.Random, name: str) -> str:
    """Return a file of some sections, whose words follow Zipf's law."""
    weights = [1 / (rank + 3) for rank in range(len(WORDS))]
    sections = [
        f"## {name} part {part}\n\n{' '.join(dice.choices(WORDS, weights, k=60)).capitalize()}."
        for part in range(dice.randint(1, 6))
    ]
    return "\n\n".join([f"# {name}", *sections])


def picture_of(dice: random.Random) -> Image.Image:
    """Return a picture of coloured squares, each time another."""
    squares = np.array([[dice.randrange(256) for _ in range(3)] for _ in range(36)], np.uint8).reshape(
        6, 6, 3
    )
    return Image.fromarray(squares).resize((96, 96), Image.Resampling.NEAREST)


class Told:
    """What happened, a line each, as JSON on standard output when the process ends."""

    def __init__(self) -> None:
        self.done = Counter[str]()
        self.errors = Counter[str]()
        self.bad: list[str] = []
        self.ms: list[float] = []

    def error(self, error: Exception) -> None:
        """Note an error that a call has raised."""
        self.errors[type(error).__name__] += 1
        if not getattr(error, "retryable", False):
            self.bad.append("".join(traceback.format_exception(error)))

    def tell(self) -> None:
        """Print it all."""
        print(json.dumps({"done": self.done, "errors": self.errors, "bad": self.bad[:5], "ms": self.ms}))


def opened(place: str, told: Told) -> CrossModalIndex:
    """Open the knowledge base, again where a server is down."""
    while True:
        try:
            return CrossModalIndex(place)
        except Exception as error:
            told.error(error)
            if told.bad:
                raise
            time.sleep(0.3)


def begun() -> float:
    """Say that this process is ready, and wait to be told until when it works."""
    print("ready", flush=True)
    return float(input())


def write(place: str, folder: Path, seed: int) -> None:
    """Add, change and remove files of a folder until the time is over."""
    dice, told, number = random.Random(seed), Told(), 0
    index = opened(place, told)
    until = begun()

    def insist(call: Any) -> None:
        while True:
            try:
                report = call()
            except Exception as error:
                told.error(error)
                if told.bad:
                    return
                time.sleep(0.3)
            else:
                told.bad += [f"{f.source}: {f.error}" for f in getattr(report, "failed", ())]
                return

    while time.time() < until and not told.bad:
        for _ in range(dice.randint(1, 4)):
            number += 1
            (folder / f"doc{number}.md").write_text(text_of(dice, f"{folder.name} {number}"))
            if dice.random() < 0.3:
                picture_of(dice).save(folder / f"picture{number}.png")
        known = sorted(folder.glob("doc*.md"))
        if dice.random() < 0.5:
            changed = dice.choice(known)
            changed.write_text(text_of(dice, f"{folder.name} {changed.stem} anew"))
        insist(lambda: index.add(folder, progress=False))
        told.done["add"] += 1
        if dice.random() < 0.3:
            dice.choice(known).unlink()
            insist(lambda: index.add(folder, prune=True, progress=False))
            told.done["prune"] += 1
    insist(lambda: index.add(folder, prune=True, progress=False))
    told.tell()


def read(place: str, seed: int) -> None:
    """Search until the time is over."""
    dice, told = random.Random(seed), Told()
    index = opened(place, told)
    until = begun()
    while time.time() < until and not told.bad:
        started = time.perf_counter()
        try:
            index.search(" ".join(dice.choices(WORDS, k=3)), where=dice.choice([None, {"page": None}]))
        except Exception as error:
            told.error(error)
        else:
            told.done["search"] += 1
            told.ms.append(1000 * (time.perf_counter() - started))
    told.tell()


def held(index: CrossModalIndex) -> dict[str, Any]:
    """All that stands in a knowledge base, but for when it was written and in which order."""
    kb = index.kb
    rows = {
        (space, kind): kb.vectors.vectors(space, kind, kb.vectors.ids(space, kind))
        for space in kb.manifest.spaces
        for kind in kinds_in(space)
    }
    questions = [" ".join(WORDS[n : n + 400 : 130]) for n in range(0, 400, 40)]
    return {
        "nodes": {n.node_id: (n.source, n.text, n.embed_text, n.metadata) for n in kb.catalog.iter_nodes()},
        "sources": sorted((row.path, row.state) for row in kb.catalog.sources()),
        "vectors": {key: {i: v.tolist() for i, v in found.items()} for key, found in rows.items()},
        "media": sorted(kb.media.hashes()),
        "words": [dict(kb.catalog.lexical_search(question, kb.catalog.node_count)) for question in questions],
        "unfinished": [kb.catalog.is_unfinished(), kb.loss()],
    }


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal, numbers within rounding."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and one and isinstance(one[0], float | dict):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return abs(one - other) < 1e-5 if isinstance(one, float) else bool(one == other)


def first_difference(one: Any, other: Any) -> str:
    """Return the first thing in which two values differ, and where it stands in them."""
    if isinstance(one, dict) and isinstance(other, dict):
        if only := sorted(map(str, one.keys() ^ other.keys())):
            return f"{only[:3]} in one alone, of {len(one)} and {len(other)}"
        pairs = [(key, one[key], other[key]) for key in one]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(place, *pair) for place, pair in enumerate(zip(one, other, strict=True))]
    else:
        return f"{one!r:.200} against {other!r:.200}"
    return next(f"{key!r}: {first_difference(a, b)}" for key, a, b in pairs if not same(a, b))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--kills", type=int, default=2, help="of each server")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="xmrag-served-"))
    use_hash_encoders()
    with both(work / "chroma") as (chroma, postgres):
        place = f"{chroma.url}/load"
        os.environ |= {
            "XMRAG_POSTGRES": postgres.url, "XMRAG_MEDIA": str(work / "media"), "XMRAG_CACHE_DIR": str(work / "cache"),
            "XMRAG_OCR": "off", "XMRAG_JOBS": "1", "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        CrossModalIndex(place).close()
        workers = []
        for number in range(asked.writers + asked.readers):
            role = "write" if number < asked.writers else "read"
            folder = work / "files" / f"writer{number}"
            if role == "write":
                folder.mkdir(parents=True)
            own = [str(folder)] if role == "write" else []
            command = [sys.executable, __file__, role, place, *own, str(asked.seed * 100 + number)]
            pipe = subprocess.PIPE
            workers.append((role, subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)))
        for _, worker in workers:
            assert worker.stdout is not None
            worker.stdout.readline()  # it is ready
        until = time.time() + 60 * asked.minutes
        for _, worker in workers:
            assert worker.stdin is not None
            worker.stdin.write(f"{until}\n")
            worker.stdin.flush()
        killed = kill_in_turn([chroma, postgres] * asked.kills, 60 * asked.minutes)
        outputs = [(role, worker.communicate()[0], worker.returncode) for role, worker in workers]
        summary, bad = summed(outputs)
        with CrossModalIndex(place) as served, CrossModalIndex(work / "kb") as folder_base:
            served.add(work / "files" / "writer0", progress=False)  # the last of several clears up
            for folder in sorted((work / "files").iterdir()):
                folder_base.add(folder, progress=False)
            one, other = held(served), held(folder_base)
        differing = [name for name in one if not same(one[name], other[name])]
        lost = len(other["nodes"].keys() - one["nodes"].keys())
    print(
        f"{asked.minutes:g} minutes, {asked.writers} writers, {asked.readers} readers; killed: {', '.join(killed)}"
    )
    print(f"{'calls':<10}{json.dumps(summary['done'])}")
    print(f"{'told':<10}{json.dumps(summary['errors'])}")
    cut = statistics.quantiles(summary["ms"], n=100, method="inclusive")
    print(f"search    p50 {cut[49]:.0f} ms, p95 {cut[94]:.0f} ms, longest {max(summary['ms']):.0f} ms")
    print(
        f"{'at last':<10}{len(one['sources'])} sources, {len(one['nodes'])} nodes; {lost} lost; differs: {differing or 'nothing'}"
    )
    for name in differing:
        print(f"differs   {name}: {first_difference(one[name], other[name])}")
    for line in bad:
        print(f"not retryable: {line}")
    if not (differing or bad):
        shutil.rmtree(work)
    return int(bool(differing or bad))


def kill_in_turn(servers: list[Any], seconds: float) -> list[str]:
    """Kill servers at moments spread over a run, and start each again a second later."""
    started, killed = time.time(), []
    for number, server in enumerate(servers, start=1):
        time.sleep(max(0.0, started + seconds * number / (len(servers) + 1) - time.time()))
        server.kill()
        time.sleep(1.0)
        server.start()
        killed.append(f"{type(server).__name__.removesuffix('Process')} at {time.time() - started:.0f} s")
    return killed


def summed(outputs: list[tuple[str, str, int]]) -> tuple[dict[str, Any], list[str]]:
    """Return what all processes have told, and what was told in another way than it may."""
    done, errors, ms, bad = Counter[str](), Counter[str](), list[float](), list[str]()
    for role, output, code in outputs:
        try:
            told = json.loads(output.splitlines()[-1])
        except (ValueError, IndexError):
            bad.append(f"a process that should {role} ended with {code}")
            continue
        done.update(told["done"])
        errors.update(told["errors"])
        ms += told["ms"]
        bad += told["bad"]
    return {"done": done, "errors": errors, "ms": ms or [0.0, 0.0]}, bad


if __name__ == "__main__":
    if sys.argv[1:2] in (["write"], ["read"]):
        use_hash_encoders()
        role, place, *rest = sys.argv[1:]
        if role == "write":
            write(place, Path(rest[0]), int(rest[1]))
        else:
            read(place, int(rest[0]))
    else:
        sys.exit(main())
