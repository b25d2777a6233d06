"""What a knowledge base costs as it grows: time, memory and disk from a thousand nodes to a million.

    python benchmarks/scale/run.py [--nodes 1000 10000 100000] [--plot scale.png] [--served] [--stock]

Made-up Markdown with a cheap deterministic encoder, registered by an entry point, so that the store is
measured and not the model. Each size runs in a process of its own, whose peak memory is its own. Seconds are
of the clock, ``cpu`` of the processor; searches are told without the encoder's time, in milliseconds, beside
raw Chroma's search for the ten nearest in the same collection. Prints each figure as it comes, on standard error, and
a table at the end; ``--json`` the numbers.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from hashed import DIMENSION, HashedEncoder, register

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))
from made_words import SYLLABLES
from servers import both

SECTIONS = 100  # nodes a file
WORDS = 170  # a node, about 1.1 kB
QUESTIONS = 60
WARM, REST_S = 12, 2.0  # questions before it is measured, and seconds after them
SOME_FILES = 10  # which are added again, whatever else there is
TITLES = {
    "ours": "CrossModalIndex",
    "served": "CrossModalIndex on a Chroma server and Postgres",
    "stock": "VectorStoreIndex on Chroma",
}


class Corpus:
    """Files of made-up words with the frequencies of a language (Zipf), the same at every run."""

    def __init__(self, seed: int = 0) -> None:
        self.chance = random.Random(seed)
        self.words = sorted(
            {"".join(self.chance.choices(SYLLABLES, k=self.chance.randint(2, 4))) for _ in range(30_000)}
        )
        self.chance.shuffle(self.words)
        self.weights = list(accumulate(1 / (rank + 3) for rank in range(len(self.words))))

    def words_of(self, count: int) -> str:
        return " ".join(self.chance.choices(self.words, cum_weights=self.weights, k=count))

    def write(self, folder: Path, nodes: int) -> int:
        """Write the files; returns their bytes."""
        size = 0
        for number in range(max(1, nodes // SECTIONS)):
            parts = [
                f"## {self.words_of(3)}\n\n{self.words_of(WORDS).capitalize()}." for _ in range(SECTIONS)
            ]
            text = "\n\n".join(parts)
            path = folder / f"{number // 1000:03}" / f"{number:06}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            size += len(text)
        return size


class Row(dict[str, Any]):
    """The figures of one size; each is said when it is known, so that a long run that is broken off is not lost."""

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        print(f"{time.strftime('%H:%M:%S')} {name}: {value}", file=sys.stderr, flush=True)


def timed(act: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds of the clock and of the processor, and what came of it."""
    started, used = time.perf_counter(), time.process_time()
    result = act()
    return time.perf_counter() - started, time.process_time() - used, result


def quantiles(times: list[float]) -> dict[str, float]:
    cut = statistics.quantiles(times, n=100, method="inclusive")
    return {"p50": round(cut[49], 1), "p95": round(cut[94], 1), "p99": round(cut[98], 1)}


def peak_mb() -> float:
    return round(
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20)
    )


def measure(nodes: int, *, served: bool = False) -> dict[str, Any]:
    """All figures of one size, in a folder or on a Chroma server and Postgres of their own."""
    from xmrag_plugin import CrossModalIndex

    row = Row()
    row["nodes"] = nodes
    with ExitStack() as stack:
        work = stack.enter_context(tempfile.TemporaryDirectory())
        place, on_servers = str(Path(work, "kb")), {}
        if served:
            chroma, postgres = stack.enter_context(both(Path(work, "chroma")))
            place = f"{chroma.url}/scale"
            on_servers = {"postgres": postgres.url, "media": str(Path(work, "media")), "cache_dir": work}
        docs, corpus = Path(work, "docs"), Corpus()
        size = corpus.write(docs, nodes)
        options = {"text": "hashed:", "ocr": "off", "chunk_words": WORDS + 20, **on_servers}
        with CrossModalIndex(place, **options) as index:
            row["add s"], row["add cpu"], report = timed(lambda: index.add(docs, progress=False))
            row["fit s"] = round(report.seconds.get("calibrate", 0.0), 2)
            row["stored"] = index.kb.catalog.node_count
            row["add MB"] = peak_mb()
            row["again s"], row["again cpu"], _ = timed(lambda: index.add(docs, progress=False))
            some = sorted(docs.rglob("*.md"))[:SOME_FILES]
            row["some again s"], row["some again cpu"], _ = timed(lambda: index.add(some, progress=False))
            more = Path(work, "docs", "more.md")
            more.write_text(f"# {corpus.words_of(4)}\n\n{corpus.words_of(WORDS)}\n")
            row["one more s"], row["one more cpu"], _ = timed(lambda: index.add(more, progress=False))
            row["status s"], row["status cpu"], _ = timed(index.status)
            searches(index, corpus, row)
            row["remove s"], row["remove cpu"], _ = timed(lambda: index.remove("more.md"))
            row["purge s"] = timed(index.purge)[0]
            row["disk MB"] = round(index.kb.size_on_disk() / 1e6, 1)
            row["disk/held"] = round(
                index.kb.size_on_disk() / (size + index.kb.vectors.count() * DIMENSION * 4), 2
            )
    row["peak MB"] = peak_mb()
    return {name: round(value, 2) if isinstance(value, float) else value for name, value in row.items()}


def searches(index: Any, corpus: Corpus, row: dict[str, Any]) -> None:
    """Plain, filtered and parallel searches, and raw Chroma's."""
    encoder = HashedEncoder()
    sources = [source for source in index.sources() if source != "more.md"]  # which holds no ten nodes
    questions = [corpus.words_of(8) for _ in range(QUESTIONS)]
    kinds: dict[str, Callable[[int], Any]] = {
        "search": lambda n: None,
        "one source": lambda n: {"source": sources[n * 7919 % len(sources)]},
        "half": lambda n: {"order": {"$lt": SECTIONS // 2}},
    }
    collection = index.kb.vectors._client.client.get_collection(
        index.kb.vectors.collection_name("text", "text")
    )
    raw: list[float] = []
    cpu: dict[str, list[float]] = {"search": [], "raw chroma": []}
    for _ in range(WARM):
        index.find(corpus.words_of(8))
    time.sleep(REST_S)  # meanwhile a process that goes on asking reads ahead
    for name, where in kinds.items():
        index.find(questions[0], where=where(0))
        times, full = [], 0
        for n, question in enumerate(questions):
            if name == "search":  # in turn, so that a busy machine is as busy for both
                vector = encoder.encode_texts([question])
                seconds, used, _ = timed(
                    lambda vector=vector: collection.query(query_embeddings=vector, n_results=10)
                )
                raw.append(1000 * seconds)
                cpu["raw chroma"].append(1000 * used)
            _, used, result = timed(
                lambda question=question, n=n, where=where: index.find(question, where=where(n))
            )
            if name == "search":
                cpu["search"].append(1000 * used)
            times.append(sum(value for stage, value in result.timings_ms.items() if stage != "encode"))
            full += len(result.hits) == 10
        row[name] = quantiles(times)
        row[f"{name} full"] = f"{full}/{len(questions)}"
    row["raw chroma"] = quantiles(raw[1:])
    row["search p95 / raw"] = row["search"]["p95"] / row["raw chroma"]["p95"]
    row["search cpu / raw"] = statistics.median(cpu["search"]) / statistics.median(cpu["raw chroma"])
    with ThreadPoolExecutor(8) as threads:
        seconds = timed(lambda: list(threads.map(lambda question: index.search(question), questions * 4)))[0]
    row["8 at once, per s"] = round(len(questions) * 4 / seconds, 1)


def stock(nodes: int) -> dict[str, Any]:
    """The same documents in LlamaIndex's VectorStoreIndex on Chroma."""
    import chromadb
    from llama_index.core import Document, StorageContext, VectorStoreIndex
    from llama_index.core.embeddings import BaseEmbedding
    from llama_index.core.node_parser import MarkdownNodeParser
    from llama_index.vector_stores.chroma import ChromaVectorStore

    class Hashed(BaseEmbedding):
        def _get_text_embedding(self, text: str) -> list[float]:
            return encoder.encode_texts([text])[0].tolist()

        _get_query_embedding = _get_text_embedding

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

    encoder, corpus = HashedEncoder(), Corpus()
    with tempfile.TemporaryDirectory() as work:
        docs = Path(work, "docs")
        size = corpus.write(docs, nodes)
        client = chromadb.PersistentClient(str(Path(work, "c")))
        store = ChromaVectorStore(chroma_collection=client.get_or_create_collection("c"))

        def add() -> Any:
            documents = [
                Document(text=path.read_text(), metadata={"source": path.name})
                for path in sorted(docs.rglob("*.md"))
            ]
            return VectorStoreIndex.from_documents(
                documents,
                storage_context=StorageContext.from_defaults(vector_store=store),
                embed_model=Hashed(),
                transformations=[MarkdownNodeParser()],
            )

        row: dict[str, Any] = {"nodes": nodes}
        row["add s"], row["add cpu"], index = timed(add)
        retriever = index.as_retriever(similarity_top_k=10)
        times = [1000 * timed(lambda: retriever.retrieve(corpus.words_of(8)))[0] for _ in range(QUESTIONS)]
        row["search"] = quantiles(times[1:])
        disk = sum(path.stat().st_size for path in Path(work, "c").rglob("*") if path.is_file())
        row["disk MB"] = round(disk / 1e6, 1)
        row["disk/held"] = round(disk / (size + nodes * DIMENSION * 4), 2)
    row["peak MB"] = peak_mb()
    return {name: round(value, 2) if isinstance(value, float) else value for name, value in row.items()}


def show(rows: list[dict[str, Any]], title: str) -> None:
    print(f"\n{title}")
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in names:
        values = [row.get(name, "") for row in rows]
        told = [
            "/".join(f"{v:g}" for v in value.values()) if isinstance(value, dict) else str(value)
            for value in values
        ]
        label = f"{name} p50/p95/p99 ms" if isinstance(values[0], dict) else name
        print(f"{label:32}" + "".join(f"{text:>20}" for text in told))


def plot(rows: list[dict[str, Any]], path: str) -> None:
    """The growth of what should not grow, and of what may, on logarithmic axes."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 5))
    sizes = [row["nodes"] for row in rows]
    for name in ("add s", "again s", "some again s", "one more s", "status s", "remove s", "fit s"):
        axes.loglog(sizes, [max(row[name], 1e-3) for row in rows], marker="o", label=name)
    for name in ("search", "one source", "half", "raw chroma"):
        axes.loglog(
            sizes, [row[name]["p95"] / 1000 for row in rows], marker="x", ls="--", label=f"{name} p95"
        )
    axes.set_xlabel("nodes")
    axes.set_ylabel("seconds")
    axes.legend()
    figure.savefig(path, dpi=120)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--nodes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--stock", action="store_true", help="also LlamaIndex's VectorStoreIndex")
    parser.add_argument(
        "--served", action="store_true", help="also on a Chroma server and Postgres on the loopback"
    )
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--plot", metavar="FILE")
    parser.add_argument("--one", choices=("ours", "served", "stock"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        register(Path(work))
        if given.one:
            measures = {"ours": measure, "served": partial(measure, served=True), "stock": stock}
            print(json.dumps(measures[given.one](given.nodes[0])))
            return 0
        found: dict[str, list[dict[str, Any]]] = {}
        for which in ("ours", *(["served"] if given.served else []), *(["stock"] if given.stock else [])):
            for nodes in given.nodes:
                command = [sys.executable, __file__, "--one", which, "--nodes", str(nodes)]
                done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
                if done.returncode:
                    return 1
                found.setdefault(which, []).append(json.loads(done.stdout.splitlines()[-1]))
                print(which, nodes, "measured", file=sys.stderr)
    for which, rows in found.items():
        show(rows, TITLES[which])
    if given.json:
        Path(given.json).write_text(json.dumps(found, indent=1))
    if given.plot:
        plot(found["ours"], given.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
