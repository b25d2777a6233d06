"""Kill a knowledge base's writer at every kind of write, repeat the command once, and compare.

    python benchmarks/crash/run.py [--points 40] [--only add,vision,sound,update,prune,remove,migrate,adopt] [--fault kill,amid,full]

For each operation the writes of an unbroken run are counted: statements of the catalog, files opened for writing,
renamed or removed, and calls of Chroma. Then the operation is run anew from the same state and ended (SIGKILL)
before the n-th write, for n spread evenly over all of them; with ``--fault full`` the n-th write and all behind it
fail as on a full disk instead; with ``--fault amid`` the process is ended from outside at moments spread evenly over
its run, in the midst of Chroma's own writes as a rule. The same command is then given once more, and what stands on disk must equal the
unbroken run: sources, nodes, vectors of every space, media, searches in order, nothing unfinished.

The encoders are hashes of words and pixels, and files are read by the process that writes, so that writing is exercised
and nothing else. One line an operation and fault; exit 1 if a point differs.
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import sys
import tarfile
import tempfile
import threading
import time
import traceback
import wave
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

import xmrag_plugin.encoders as encoders
from xmrag_plugin import CrossModalIndex
from xmrag_plugin.errors import UsageError, XmragError
from xmrag_plugin.ingestion import adopt as adopting
from xmrag_plugin.ingestion import read
from xmrag_plugin.storage.chroma.client import ChromaClient
from xmrag_plugin.types import kinds_in

DIMENSION = 48
OLD = Path(__file__).resolve().parents[2] / "tests" / "storage" / "fixtures" / "kb_format_1.tar.xz"
QUESTIONS = ("buoy 7", "turbine blades", "bread that rises", "the red picture", "harbour rules")


class HashEncoder:
    """Vectors from hashes of words and of pixels: deterministic, and made in no time."""

    name, fingerprint, max_text_tokens, sees, hears = "hash", "hash/1", 512, True, True
    dimension = DIMENSION

    def encode_texts(self, texts: Sequence[str], *, role: str = "document") -> np.ndarray:
        return np.stack([self._of(text.lower().split()) for text in texts])

    def encode_images(self, images: Sequence[Any], *, on_error: Any = None) -> np.ndarray:
        return np.stack([self._of([str(Path(image).read_bytes()[:4000])]) for image in images])

    encode_sounds = encode_images

    def _of(self, words: Sequence[str]) -> np.ndarray:
        vector = np.full(self.dimension, 1e-3, np.float32)
        for word in words:
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
            vector += np.random.default_rng(seed).standard_normal(self.dimension).astype(np.float32)
        return vector / np.linalg.norm(vector)


def use_hash_encoders() -> None:
    encoders.load_text_encoder = lambda *_, **__: HashEncoder()  # type: ignore[assignment]
    encoders.load_vision_encoder = lambda *_, **__: HashEncoder()  # type: ignore[assignment]
    encoders.load_sound_encoder = lambda *_, **__: HashEncoder()  # type: ignore[assignment]
    encoders.identity = lambda *_: "hash/1"  # type: ignore[assignment]


def read_here() -> None:
    """Start no process that reads: each run would wait for one."""
    read.importable = lambda reader: None  # type: ignore[assignment]


# the writes ------------------------------------------------------------------------------


class Faults:
    """Counts writes below a folder, and ends the process, or fails, at one of them."""

    def __init__(self, folder: Path, at: int = 0, kind: str = "kill") -> None:
        self.folder = str(folder)
        self.at = at
        self.kind = kind
        self.count = 0

    def write(self) -> None:
        self.count += 1
        if not self.at or self.count < self.at:
            return
        if self.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def install(self) -> None:
        sys.addaudithook(self._audit)
        connect, write = sqlite3.connect, ChromaClient.write

        def traced(*given: Any, **options: Any) -> sqlite3.Connection:
            connection = connect(*given, **options)
            if "catalog.sqlite" in str(given[0]):
                connection.set_trace_callback(self._statement)
            return connection

        def counted(client: ChromaClient, *given: Any, **options: Any) -> Any:
            self.write()
            result = write(client, *given, **options)
            if self.kind == "kill":
                self.write()
            return result

        sqlite3.connect = traced  # type: ignore[assignment]
        ChromaClient.write = counted  # type: ignore[method-assign]

    def _statement(self, statement: str) -> None:
        if self.kind == "kill" and not statement.lstrip().upper().startswith(
            ("SELECT", "PRAGMA", "--", "CREATE")
        ):
            self.write()

    def _audit(self, event: str, given: tuple[Any, ...]) -> None:
        if event == "open":
            path, _mode, flags = given
            writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
            if not writes or not isinstance(path, str | os.PathLike):
                return
        elif event not in ("os.rename", "os.remove", "os.mkdir"):
            return
        path = os.fspath(given[0])
        if isinstance(path, str) and path.startswith(self.folder) and not path.endswith("lock"):
            self.write()


# the operations --------------------------------------------------------------------------


def picture(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (160, 120), (40 * seed % 255, 90, 160))
    draw = ImageDraw.Draw(image)
    for i in range(6):
        left, top = (seed * (3 + i)) % 100, (seed * (5 + i)) % 70
        draw.ellipse((left, top, left + 20 + 6 * i, top + 40), fill=(30 * i, 200 - 20 * i, 60 + seed % 190))
    image.save(path)


def make_docs(docs: Path) -> None:
    for number in range(9):
        picture(docs / "img" / f"p{number}.png", 17 * number)
    for number in range(3):
        picture(docs / "photos" / f"alone{number}.png", 200 + 31 * number)
    for number in range(4):
        (docs / f"report{number}.md").write_text(
            f"# Report {number}\n\nThe turbine of harbour {number} has short blades.\n\n"
            f"![](img/p{2 * number}.png)\n\n*Figure 1: Turbine {number}.*\n\n![](img/p{2 * number + 1}.png)\n"
        )
    for number in range(12):
        (docs / f"note{number}.txt").write_text(f"Buoy {number} lies {number * 7} metres off the pier.\n")
    (docs / "bread.txt").write_text("Sourdough bread rises slowly in a cool room.\n")
    shutil.copy(docs / "bread.txt", docs / "copy.txt")


def change_docs(docs: Path) -> None:
    (docs / "note3.txt").write_text("Buoy 3 was moved to the red rock.\n")
    (docs / "report1.md").write_text(
        "# Report 1\n\nNothing is left of the turbine but ![](img/p2.png) this.\n"
    )
    picture(docs / "img" / "p4.png", 99)


def prune_docs(docs: Path) -> None:
    for name in ("note1.txt", "note2.txt", "report0.md", "report2.md", "bread.txt", "photos/alone1.png"):
        (docs / name).unlink()


def add(kb: Path, docs: Path, **options: Any) -> None:
    settings = {"vision": "hash"} if options.pop("vision", False) else {}
    with CrossModalIndex(kb, ocr="off", jobs=1, **settings) as index:
        index.add(*([docs] if docs else []), progress=False, **options)


def make_space(kb: Path, docs: Path, space: str = "vision") -> None:
    with CrossModalIndex(kb, ocr="off", **{space: "hash"}) as index:
        try:
            index.add(progress=False)
        except UsageError:  # the space was whole before the kill
            if space not in index.kb.manifest.spaces:
                raise


def record(path: Path, seed: int) -> None:
    """Write 25 seconds of a sound: three windows."""
    chance, rate = np.random.default_rng(seed), 16_000
    wave_form = np.sin(np.arange(25 * rate) * (200 + 90 * seed) * 2 * np.pi / rate) + 0.1 * chance.normal(
        size=25 * rate
    )
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((wave_form * 8000).astype("<i2").tobytes())


def migrate(kb: Path, docs: Path) -> None:
    with CrossModalIndex(kb, ocr="off") as index, index.kb.writing():
        pass


def make_collection(folder: Path) -> None:
    """Write a collection of another program: 60 rows with the vectors that the encoder of hashes makes."""
    import chromadb

    client = chromadb.PersistentClient(str(folder))
    held = client.create_collection("docs")
    texts = [f"Buoy {n} lies {n * 7} metres off the pier." for n in range(60)]
    held.add(
        ids=[f"r{n}" for n in range(len(texts))],
        documents=texts,
        embeddings=HashEncoder().encode_texts(texts),
        metadatas=[{"file_name": f"{n // 7}.txt"} for n in range(len(texts))],
    )


def adopt(kb: Path, docs: Path) -> None:
    import chromadb

    adopting._ROWS = 25  # several reads and writes
    collection = chromadb.PersistentClient(str(docs / "collection")).get_collection("docs")
    with CrossModalIndex(kb, ocr="off") as index:
        index.adopt(collection, progress=False)


def unpack_old(kb: Path) -> None:
    """Unpack a knowledge base of format 1, as if the encoder of hashes had made its vectors."""
    with tarfile.open(OLD) as archive, tempfile.TemporaryDirectory() as work:
        archive.extractall(work, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
        shutil.copytree(Path(work, "kb"), kb)
    manifest = json.loads((kb / "manifest.json").read_text())
    space = manifest["spaces"]["text"]
    space |= {
        "fingerprint": HashEncoder.fingerprint,
        "model": HashEncoder.name,
        "weights": HashEncoder.fingerprint,
    }
    HashEncoder.dimension = space["dimension"]
    (kb / "manifest.json").write_text(json.dumps(manifest))


def remove(kb: Path, docs: Path) -> None:
    with CrossModalIndex(kb, ocr="off") as index:
        for source in ("report1.md", "note4.txt", "copy.txt", "photos/alone0.png"):
            try:
                index.remove(source)
            except UsageError as error:
                if "No source is called" not in str(error):
                    raise


Operation = tuple[Callable[[Path, Path], None], Callable[[Path], None] | None, bool]
"""What is done; how the documents change before it; whether a knowledge base of them is there before."""

OPERATIONS: dict[str, Operation] = {
    "add": (add, None, False),
    "add with vision": (lambda kb, docs: add(kb, docs, vision=True), None, False),
    "vision": (make_space, None, True),
    "update": (add, change_docs, True),
    "prune": (lambda kb, docs: add(kb, docs, prune=True), prune_docs, True),
    "remove": (remove, None, True),
    "sound": (lambda kb, docs: make_space(kb, docs, "sound"), None, True),
    "migrate": (migrate, None, True),
    "adopt": (adopt, None, False),
}


# what stands there -----------------------------------------------------------------------


def state(kb: Path) -> dict[str, Any]:
    with CrossModalIndex(kb, ocr="off", create=False) as index:
        base = index.kb
        files = sorted(
            p.name for p in base.path.rglob("*") if p.name.endswith(".tmp") or p.name.startswith(".tmp-")
        )
        return {
            "sources": [(row.source, row.state) for row in base.catalog.sources()],
            "nodes": sorted(node.node_id for node in base.catalog.iter_nodes()),
            "format": base.manifest.format,
            "spaces": sorted(base.manifest.spaces),
            "vectors": {
                f"{space}/{kind}": sorted(base.vectors.ids(space, kind))
                for space in ("text", "vision", "sound")
                for kind in kinds_in(space)
            },
            "media": sorted(base.media.hashes()),
            "unfinished": base.catalog.is_unfinished(),
            "calibrated": base.manifest.calibration.get("fitted_nodes"),
            "temporary": files,
            "searches": {q: [hit.node_id for hit in index.search(q, k=8)] for q in QUESTIONS},
        }


def in_child(work: Callable[[], Any], ends_after_s: float = 0.0) -> tuple[int, Any]:
    """Run in a forked process, ended after a time where one is given; return its exit code and what it returned."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        code = 0
        try:
            with os.fdopen(writer, "w") as out:
                json.dump(work(), out)
        except XmragError as error:
            print(f"    {type(error).__name__}: {error}"[:200], file=sys.stderr)
            code = 3
        except BaseException:
            traceback.print_exc()
            code = 4
        sys.stdout.flush()
        os._exit(code)
    os.close(writer)
    timer = threading.Timer(ends_after_s, os.kill, (child, signal.SIGKILL))
    if ends_after_s:
        timer.start()
    with os.fdopen(reader) as stream:
        text = stream.read()
    timer.cancel()  # before the child is waited for, so that its number is nobody else's
    status = os.waitpid(child, 0)[1]
    return os.waitstatus_to_exitcode(status), json.loads(text) if text else None


Swept = tuple[str, int, int, list[str]]
"""A fault, how many writes there are, how many points were tried, and what differed."""


def sweep(name: str, points: int, kinds: Sequence[str], work: Path) -> Iterator[Swept]:
    """Break an operation in each of the ways, from the same state."""
    operation, change, is_there = OPERATIONS[name]
    docs, before, kb = work / "docs", work / "before", work / "kb"
    for folder in (docs, before, kb):
        shutil.rmtree(folder, ignore_errors=True)
    make_docs(docs)
    if name == "sound":
        for number in range(3):
            record(docs / f"siren{number}.wav", number)
    HashEncoder.dimension = DIMENSION
    if name == "adopt":
        in_child(lambda: make_collection(docs / "collection"))
    if name == "migrate":
        unpack_old(before)
    elif is_there:
        in_child(lambda: add(before, docs))
    if change is not None:
        change(docs)

    def fresh() -> None:
        shutil.rmtree(kb, ignore_errors=True)
        if is_there:
            shutil.copytree(before, kb)

    def run(kind: str, at: int = 0) -> int:
        faults = Faults(kb, at, kind)
        faults.install()
        operation(kb, docs)
        return faults.count

    wanted: dict[str, Any] = {}
    for kind in kinds:
        fresh()
        began = time.perf_counter()
        code, writes = in_child(partial(run, kind))
        duration = time.perf_counter() - began
        assert code == 0, f"the unbroken run of {name} failed"
        wanted = wanted or in_child(lambda: state(kb))[1]
        differing: list[str] = []
        chosen = sorted({1 + round((i + 0.5) * (writes - 1) / points) for i in range(points)})
        if kind == "amid":
            chosen = list(range(1, points + 1))
        for at in chosen:
            fresh()
            if kind == "amid":
                code, _ = in_child(lambda: operation(kb, docs), duration * (at - 0.5) / points)
            else:
                code, _ = in_child(partial(run, kind, at))
            if kind == "full" and code == 4:
                differing.append(f"{name} @{at}: an untyped error")
            code, _ = in_child(lambda: operation(kb, docs))
            _, found = in_child(lambda: state(kb))
            wrong = [key for key in wanted if found is None or found[key] != wanted[key]]
            if code or wrong:
                differing.append(
                    f"{name} @{at} of {writes}: exit {code}, differs in {', '.join(wrong) or 'nothing'}"
                )
                print("   ", differing[-1], flush=True)
        yield kind, writes, len(chosen), differing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--points", type=int, default=40, help="for each operation")
    parser.add_argument("--only", default=",".join(OPERATIONS))
    parser.add_argument("--fault", default="kill", help="of kill, amid and full")
    given = parser.parse_args()
    use_hash_encoders()
    read_here()
    import chromadb  # noqa: F401 - once, before the forks
    import llama_index.core  # noqa: F401

    rows, failed, kinds = [], 0, given.fault.split(",")
    if unknown := set(kinds) - {"kill", "amid", "full"}:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    for name in given.only.split(","):
        with tempfile.TemporaryDirectory() as work:
            started = time.perf_counter()
            for fault, writes, points, differing in sweep(name, given.points, kinds, Path(work)):
                rows.append((name, fault, writes, points, points - len(differing)))
                failed += len(differing)
                spent, started = time.perf_counter() - started, time.perf_counter()
                told = "{:<18} {:<4} {:>6} writes {:>5} points {:>5} equal".format(*rows[-1])
                print(f"{told} {spent:>7.0f} s", flush=True)
    print(f"{'all':<30}        {sum(r[3] for r in rows):>5} points {sum(r[4] for r in rows):>5} equal")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
