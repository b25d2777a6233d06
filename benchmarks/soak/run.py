"""Change and search one knowledge base for hours, with kills, and watch what grows.

    python benchmarks/soak/run.py [--minutes 30] [--seed 0] [--readers 2] [--kill 0.1]

One process writes: it adds, changes, removes and prunes files of a folder, at random, in one index that it keeps
open; one in ten of its rounds is ended by SIGKILL, and the next writer goes on. Readers search meanwhile, each in an
index that it keeps open: every hit must say what its file said at some time. Each half minute all stop; what the
knowledge base holds must be the files that are there, `doctor` must find nothing, and memory, open files and bytes on
disk are printed. Exit 1 if a reader failed, a checkpoint differed, or memory or open files of a reader have grown by
more than a half between the second and the last checkpoint.

The encoders are hashes of words, so that storage is exercised and no model.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "crash"))

from run import use_hash_encoders

from xmrag_plugin import CrossModalIndex, Settings
from xmrag_plugin.cli.doctor import examine

WORDS = [
    "buoy",
    "turbine",
    "harbour",
    "bread",
    "rope",
    "tide",
    "slipway",
    "anchor",
    "lantern",
    "pier",
    "heron",
    "basalt",
]
FILES = 60
CHECK_S = 30.0


def text_of(name: str, version: int) -> str:
    """Return the words of a version of a file: they name both."""
    chance = random.Random(f"{name}/{version}")
    return f"Version {version} of {name}: {' '.join(chance.choices(WORDS, k=30))}.\n"


def write(folder: Path, seed: str, kill: float) -> None:
    """Change files and the knowledge base, a round a line of standard input."""
    chance = random.Random(seed)
    docs = folder / "docs"
    with CrossModalIndex(folder / "kb", ocr="off") as index:
        for _ in sys.stdin:
            if chance.random() < kill:
                signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.01, 0.5))
                signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
            for _ in range(chance.randrange(1, 6)):
                name = f"f{chance.randrange(FILES)}.txt"
                path = docs / name
                if path.exists() and chance.random() < 0.3:
                    path.unlink()
                else:
                    path.write_text(text_of(name, chance.randrange(10**6)))
            index.add(docs, prune=True, progress=False)
            print("done", flush=True)


def read(folder: Path, seed: str) -> None:
    """Search, a question a line of standard input; print how many hits were wrong."""
    chance = random.Random(seed)
    with CrossModalIndex(folder / "kb", ocr="off", create=False) as index:
        for _ in sys.stdin:
            wrong = 0
            for hit in index.search(" ".join(chance.choices(WORDS, k=3)), k=5):
                version = int(hit.text.split()[1])
                wrong += hit.text.strip() != text_of(hit.source, version).strip()
            print(wrong, flush=True)


def start(role: str, folder: Path, seed: str, kill: float) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        __file__,
        "--role",
        role,
        "--folder",
        str(folder),
        "--seed",
        seed,
        "--kill",
        str(kill),
    ]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def asked(process: subprocess.Popen[str]) -> str:
    """Let a process do one round; return its line, or "" when it has ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write("go\n")
        process.stdin.flush()
    except BrokenPipeError:
        return ""
    return process.stdout.readline().strip()


def grown(process: subprocess.Popen[str]) -> tuple[int, int]:
    """Return megabytes and open files of a process."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) >> 10, len(os.listdir(f"/proc/{process.pid}/fd"))


def differences(folder: Path) -> list[str]:
    """Complete what a kill may have left; return what is not as the files are."""
    with CrossModalIndex(folder / "kb", ocr="off") as index:
        index.add(folder / "docs", prune=True, progress=False)
        held = {record.source: record.text.strip() for record in index.kb.catalog.iter_nodes()}
    files = {path.name: path.read_text().strip() for path in (folder / "docs").iterdir()}
    found = [
        f"{name} is not what its file says"
        for name in files.keys() | held
        if files.get(name) != held.get(name)
    ]
    settings = Settings.load(kb=str(folder / "kb"), ocr="off")
    return found + [f"{f.check}: {f.what}" for f in examine(settings) if f.state == "problem"]


def soak(folder: Path, minutes: float, seed: str, readers: int, kill: float) -> list[str]:
    chance, ends, next_check = (
        random.Random(seed),
        time.monotonic() + 60 * minutes,
        time.monotonic() + CHECK_S,
    )
    (folder / "docs").mkdir()
    (folder / "docs" / "f0.txt").write_text(text_of("f0.txt", 0))
    faults = differences(folder)
    writer, rounds, kills, searches = start("write", folder, f"{seed}/0", kill), 0, 0, 0
    crowd = [start("read", folder, f"{seed}/r{number}", kill) for number in range(readers)]
    sizes: list[list[tuple[int, int]]] = []
    while time.monotonic() < ends and not faults:
        if asked(writer):
            rounds += 1
        else:
            writer.wait()
            kills += writer.returncode == -signal.SIGKILL
            if writer.returncode != -signal.SIGKILL:
                faults.append(f"the writer ended with {writer.returncode}")
            writer = start("write", folder, f"{seed}/{rounds}/{kills}", kill)
        for process in crowd:
            said = asked(process)
            searches += 1
            if said != "0":
                faults.append(f"a reader said {said!r}")
        if time.monotonic() > next_check or faults:
            sizes.append([grown(process) for process in (writer, *crowd)])
            faults += differences(folder)
            disk = sum(path.stat().st_size for path in (folder / "kb").rglob("*") if path.is_file()) >> 10
            print(
                f"{rounds:>6} rounds {kills:>4} kills {searches:>6} searches {disk:>7} kB  "
                + "  ".join(f"{mb} MB {files} files" for mb, files in sizes[-1]),
                flush=True,
            )
            next_check = time.monotonic() + CHECK_S
        time.sleep(chance.uniform(0, 0.05))
    for process in (writer, *crowd):
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
    for number in range(1, readers + 1) if len(sizes) > 2 else ():
        first, last = sizes[1][number], sizes[-1][number]
        if last[0] > 1.5 * first[0] or last[1] > 1.5 * first[1]:
            faults.append(f"reader {number} has grown from {first} to {last} (MB, open files)")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--readers", type=int, default=2)
    parser.add_argument("--kill", type=float, default=0.1, help="share of the writer's rounds")
    parser.add_argument("--role", choices=("soak", "write", "read"), default="soak", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    use_hash_encoders()
    if given.role == "write":
        write(given.folder, given.seed, given.kill)
    elif given.role == "read":
        read(given.folder, given.seed)
    else:
        with tempfile.TemporaryDirectory() as folder:
            faults = soak(Path(folder), given.minutes, given.seed, given.readers, given.kill)
        print(json.dumps({"faults": faults}))
        return 1 if faults else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
