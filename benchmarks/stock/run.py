"""The same corpus, encoders and Chroma through LlamaIndex's own classes and through ours, as ratios.

    python benchmarks/stock/run.py CORPUS… --vision FOLDER [--text auto|FOLDER] [--repeats 3] [--json]

A corpus is a folder with ``source/`` (what is ingested), ``queries.jsonl`` (what is asked) and, where part of
its pictures lie in a sibling folder, ``photos.txt``. Each measurement is a process of its own, and the two
sides take turns; packages and models are loaded and warm before a clock starts. What a side does with a model
once for each machine is done before, in a process of its own, and told as ``prepared``. Told are, for each corpus:

- ingestion: seconds from files to a database on disk, OCR and captions off, the same length of chunks; the
  processor's time for it, which other programs disturb less; and milliseconds for each vector, since ours
  embeds texts in the vision space too;
- again: the same once more in a new process, nothing having changed (stock: by its docstore);
- start to end: that whole process, with imports and the loading of models;
- query: median milliseconds of a question on the reopened database, warm;
- nDCG@10 of one list of ten: ours as it comes, stock as its retriever gives them (ten texts before ten
  pictures, so ten texts), and stock again with five of each;
- disk: bytes added by pictures that are given in memory, and by the ingested corpus;
- memory: the greatest size of the process and of those that it starts, while ingesting and while asking; what
  processes share is counted once (Linux).

Each turn is told on stderr when it ends. A run that is broken off tells the figures of what both sides have done.

With ``--text auto`` ours runs MiniLM on onnxruntime, as it does by default, and stock the same weights through
sentence-transformers; with a folder both run that one through sentence-transformers. Needs
``pip install 'xmrag-plugin[offline]' llama-index-embeddings-huggingface llama-index-readers-file``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

Runs = dict[str, dict[str, list[Any]]]

SIDES = ("stock", "ours")
HALF = 5


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        child(**json.loads(sys.argv[2]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("corpora", nargs="+", type=Path)
    parser.add_argument("--vision", required=True, help="folder of a dual encoder")
    parser.add_argument("--text", default="auto", help="folder of a text model; auto is MiniLM")
    parser.add_argument("--queries", type=int, default=300, help="at most so many, drawn at random")
    parser.add_argument("--pictures", type=int, default=300, help="at most so many given in memory")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each side")
    parser.add_argument("--chunk-tokens", type=int, default=221, help="length of a chunk")
    parser.add_argument("--json", action="store_true", help="one object instead of tables")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    results = {}
    try:
        for corpus in given.corpora:
            runs: Runs = {side: {} for side in SIDES}
            rows = drawn(corpus, given.queries)
            try:
                with tempfile.TemporaryDirectory(prefix="xmrag-stock-") as work:
                    measure(corpus, Path(work), given, rows, runs)
            finally:
                results[corpus.name] = compared(runs, rows)
                if not given.json:
                    show(corpus.name, results[corpus.name])
    finally:
        if given.json:
            print(json.dumps(results, indent=1))


# -- one corpus ----------------------------------------------------------------------------------


def drawn(corpus: Path, most: int) -> list[Any]:
    """The questions that are asked: so many, by chance, of those that have an answer."""
    rows = [json.loads(line) for line in (corpus / "queries.jsonl").open(encoding="utf-8")]
    rows = [row for row in rows if row["relevant"] and row.get("text")]
    return random.Random(0).sample(rows, min(most, len(rows)))


def measure(corpus: Path, work: Path, given: argparse.Namespace, rows: list[Any], runs: Runs) -> None:
    """Do every task of a corpus on both sides in turn, and note in ``runs`` what each measured, as it ends."""
    source = gathered(corpus.resolve(), work)
    asked = work / "asked.json"
    asked.write_text(json.dumps([row["text"] for row in rows]), encoding="utf-8")

    def turn(task: str, nth: int, **more: Any) -> None:
        for side in SIDES if nth % 2 == 0 else SIDES[::-1]:
            folder = work / f"{side}-{task if task in ('keep', 'prepare') else nth}"
            folder.mkdir(exist_ok=True)
            run = in_process(side=side, task=task, folder=folder, source=source, given=given, **more)
            runs[side].setdefault(task, []).append(run)
            told = {name: value for name, value in run.items() if name not in ("lists", "stages", "models")}
            said = ", ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in told.items())
            print(f"{corpus.name}: {task} {nth + 1}, {side}: {said}", file=sys.stderr, flush=True)

    turn("prepare", 0)
    for nth in range(given.repeats):
        turn("ingest", nth)
        turn("again", nth)
    for nth in range(given.repeats):
        turn("ask", nth, asked=str(asked))
    if any(source.rglob("*.jpg")):
        turn("keep", 0, pictures=given.pictures)


def gathered(corpus: Path, work: Path) -> Path:
    """The corpus's source, with the photos that it borrows from a sibling."""
    photos = corpus / "photos.txt"
    if not photos.is_file():
        return corpus / "source"
    target = work / "source"
    shutil.copytree(corpus / "source", target)
    for name in photos.read_text(encoding="utf-8").split():
        owner = next(s for s in sorted(corpus.parent.iterdir()) if (s / "source" / name).is_file())
        shutil.copy(owner / "source" / name, target / name)
    return target


def in_process(*, given: argparse.Namespace, **what: Any) -> dict[str, Any]:
    """Run one task of one side in a process of its own; what it measured."""
    what |= {"vision": given.vision, "text": given.text, "chunk_tokens": given.chunk_tokens}
    order = json.dumps({name: str(v) if isinstance(v, Path) else v for name, v in what.items()})
    started, peak = time.perf_counter(), 0.0
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complaint:
        child = subprocess.Popen(
            [sys.executable, __file__, "--child", order],
            stdout=said,
            stderr=complaint,
            env={**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"},
        )
        try:
            while child.poll() is None:
                peak = max(peak, megabytes_of(child.pid))
                time.sleep(0.5)
        finally:
            child.kill()
        spent = time.perf_counter() - started
        said.seek(0)
        complaint.seek(0)
        if child.returncode:
            raise SystemExit(f"{what['side']}, {what['task']}:\n{complaint.read()[-4000:]}")
        measured: dict[str, Any] = json.loads(said.read().splitlines()[-1])
    return {**measured, "peak_mb": max(measured["peak_mb"], peak), "process_s": spent}


def megabytes_of(root: int) -> float:
    """What a process and those below it hold in memory, shared pages once; 0 where the system does not tell."""
    total, left = 0, [root]
    while left:
        process = Path("/proc", str(left.pop()))
        try:
            sizes = (process / "smaps_rollup").read_text(encoding="ascii").splitlines()
            total += sum(int(line.split()[1]) for line in sizes if line.startswith("Pss:"))
            for thread in (process / "task").iterdir():
                left += map(int, (thread / "children").read_text(encoding="ascii").split())
        except OSError:  # it has just ended
            continue
    return total / 1024


def compared(runs: Runs, rows: list[Any]) -> dict[str, Any]:
    """Medians over the turns, and ratios: above 1 is in our favour; of what both sides have done."""
    both = set(runs["stock"]).intersection(runs["ours"])

    def median(side: str, task: str, name: str) -> float:
        return statistics.median(run[name] for run in runs[side][task])

    figures: dict[str, Any] = {}

    def note(name: str, unit: str, task: str, key: str) -> None:
        if task not in both:
            return
        stock, ours = (median(side, task, key) for side in SIDES)
        figures[name] = {"unit": unit, "stock": stock, "ours": ours, "ratio": stock / ours if ours else None}

    note("prepared, once for each machine", "s", "prepare", "process_s")
    note("ingestion", "s", "ingest", "seconds")
    note("ingestion, processor time", "s", "ingest", "cpu_seconds")
    for side in SIDES:
        for run in runs[side].get("ingest", ()):
            run["ms_each"] = 1000 * run["seconds"] / sum(run["vectors"].values())
    note("ingestion, a vector", "ms", "ingest", "ms_each")
    note("again", "s", "again", "seconds")
    note("again, start to end", "s", "again", "process_s")
    note("query", "ms", "ask", "query_ms")
    note("disk of the corpus", "MB", "ingest", "megabytes")
    note("disk of pictures in memory", "MB", "keep", "megabytes")
    note("peak memory, pictures in memory", "MB", "keep", "peak_mb")
    note("peak memory, ingestion", "MB", "ingest", "peak_mb")
    note("peak memory, queries", "MB", "ask", "peak_mb")
    if "ask" in both:
        ours = mean_ndcg(runs["ours"]["ask"][0]["lists"][0], rows)
        for name, ranking in zip(
            ("five of each", "texts first"), runs["stock"]["ask"][0]["lists"], strict=True
        ):
            stock = mean_ndcg(ranking, rows)
            gain = {"stock": stock, "ours": ours, "gain": ours - stock}
            figures[f"nDCG@10, stock {name}"] = {**gain, "unit": ""}
    result: dict[str, Any] = {"figures": figures}
    if "ingest" in both:
        result["vectors"] = {side: runs[side]["ingest"][0]["vectors"] for side in SIDES}
        result["stages of ours"] = runs["ours"]["ingest"][-1]["stages"]
    if "again" in both:
        result["again against our first"] = figures["ingestion"]["ours"] / figures["again"]["ours"]
        result["again against stock without a docstore"] = (
            figures["ingestion"]["stock"] / figures["again"]["ours"]
        )
    return result


def mean_ndcg(ranking: list[list[list[Any]]], rows: list[Any]) -> float:
    """nDCG@10 over the questions, by the package's own measure."""
    from xmrag_plugin.evaluation.metrics import ndcg

    values = []
    for hits, row in zip(ranking, rows, strict=True):
        ranks = [
            next(
                (
                    rank
                    for rank, (source, media, page) in enumerate(hits, 1)
                    if wanted["source"] in (source, media) and wanted.get("page") in (None, page)
                ),
                None,
            )
            for wanted in row["relevant"]
        ]
        values.append(ndcg(ranks, 2 * HALF))
    return statistics.fmean(values)


def show(name: str, result: dict[str, Any]) -> None:
    print(f"\n{name}: vectors {result.get('vectors')}")
    print(f"  {'':34}{'stock':>10}{'ours':>10}   stock ÷ ours")
    for figure, row in result["figures"].items():
        last = f"{row['ratio']:12.2f} ×" if "ratio" in row else f"{row['gain']:+12.3f}"
        label = f"{figure} ({row['unit']})" if row["unit"] else figure
        print(f"  {label:34}{row['stock']:10.3f}{row['ours']:10.3f} {last}")
    if "again against our first" in result:
        print(
            f"  our second ingestion against our first: {result['again against our first']:.0f} ×;", end=" "
        )
        print(f"against stock without a docstore: {result['again against stock without a docstore']:.0f} ×")
    print(f"  seconds of ours by stage: {result.get('stages of ours')}", flush=True)


# -- one process ---------------------------------------------------------------------------------


def child(side: str, task: str, folder: str, source: str, vision: str, text: str, **more: Any) -> None:
    """Do one task and print what it took, as JSON."""
    place, files = Path(folder), Path(source)
    if side == "stock":
        import stock_side as module

        if text == "auto":
            from xmrag_plugin.encoders.minilm_onnx import find_weights

            text = str(find_weights())
    else:
        import our_side as module
    made = module.Side(place, text=text, vision=vision, chunk_tokens=more["chunk_tokens"])
    if task != "again":
        made.warm()
    before = bytes_of(place)
    measured: dict[str, Any] = {}
    started, worked = time.perf_counter(), processor_s()
    if task in ("ingest", "again"):
        measured["stages"] = made.ingest(files)
    elif task == "prepare":
        measured["models"] = [vision, text]
    elif task == "keep":
        pictures = sorted(files.rglob("*.jpg"))[: more["pictures"]]
        made.keep(pictures)
        measured["given_mb"] = sum(path.stat().st_size for path in pictures) / 1e6
    else:
        measured |= ask(made, files, json.loads(Path(more["asked"]).read_text(encoding="utf-8")))
    measured["seconds"] = time.perf_counter() - started
    measured["cpu_seconds"] = processor_s() - worked
    measured["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    measured["megabytes"] = (bytes_of(place) - before) / 1e6
    if task == "ingest":
        measured["vectors"] = made.vectors()
    print(json.dumps(measured))


def ask(made: Any, files: Path, questions: list[str]) -> dict[str, Any]:
    """Each question once after ten to warm up; further lists, where a side has them, are not timed."""
    retrieve, names = made.retriever(files, HALF, HALF)
    for question in questions[:10]:
        retrieve(question)
    spent, lists = [], []
    for question in questions:
        started = time.perf_counter()
        hits = retrieve(question)
        spent.append(1000 * (time.perf_counter() - started))
        lists.append(names(hits))
    texts_only, names = made.retriever(files, 2 * HALF, 0 if made.one_list else 2 * HALF)
    other = [] if made.one_list else [[names(texts_only(question))[: 2 * HALF] for question in questions]]
    return {"query_ms": statistics.median(spent), "lists": [lists, *other]}


def processor_s() -> float:
    """What this process and those that it has started and waited for have computed, in seconds."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, who))


def bytes_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
