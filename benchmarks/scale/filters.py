"""What a condition costs, by how many nodes meet it: three ways of asking Chroma for the nearest allowed ones.

    python benchmarks/scale/filters.py KB [--space text] [--kind text] [--questions 30] [--k 60]

Takes the vectors of a knowledge base into a collection of its own, with a number a row to ask for. For shares of it
from a thousandth to all but a tenth:

- ``look up``: read the vectors of the allowed ids and compare all of them (exact);
- ``ids``: let Chroma search among the allowed ids;
- ``where``: let Chroma search by its own metadata;
- ``fetch more``: take more than wanted from the whole, keep the allowed, twice as many until there are enough.

Milliseconds of the clock and of the processor (medians; a busy machine troubles the first only), how many of the exact
nearest are found, and how many lists are full.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import chromadb
import numpy as np

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.storage.chroma.collections import HNSW

if TYPE_CHECKING:
    from chromadb import ClientAPI, Collection

SHARES = (0.001, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 0.9)
_GRAIN = 1000
_A_WRITE = 5000
Ask = Callable[[np.ndarray], list[str]]


def timed(ask: Ask, asked: np.ndarray, truth: list[list[str]], k: int) -> str:
    """Ask all questions one way; return a cell of the table."""
    clock, processor, found, full = [], [], [], 0
    for row, wanted in zip(asked, truth, strict=True):
        started, spent = time.perf_counter(), time.process_time()
        got = ask(row)
        clock.append(1000 * (time.perf_counter() - started))
        processor.append(1000 * (time.process_time() - spent))
        found.append(len(set(got[:k]) & set(wanted)) / len(wanted))
        full += len(got) >= len(wanted)
    return (
        f"{statistics.median(clock):7.1f} {statistics.median(processor):6.1f} "
        f"{np.mean(found):.3f} {full:3}/{len(asked)}"
    )


def sampled(
    kb: str, space: str, kind: str, count: int
) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Return a knowledge base's ids, its unit vectors, a number a row, and questions near some of the vectors."""
    with CrossModalIndex(kb, create=False) as index:
        vectors = index.kb.vectors
        rows = vectors.vectors(space, kind, vectors.ids(space, kind))
    table = np.stack(list(rows.values()))
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    dice = np.random.default_rng(0)
    numbers = dice.integers(0, _GRAIN, len(rows))
    asked = table[dice.choice(len(table), count, replace=False)]
    noise = dice.standard_normal(asked.shape).astype(np.float32)
    return list(rows), table, numbers, asked + 0.7 * noise / np.linalg.norm(noise, axis=1, keepdims=True)


def filled(client: ClientAPI, ids: list[str], table: np.ndarray, numbers: np.ndarray) -> Collection:
    """Return a new collection that holds the vectors, each with its number."""
    collection = client.create_collection("filters", configuration={"hnsw": HNSW})
    for start in range(0, len(ids), _A_WRITE):
        part = slice(start, start + _A_WRITE)
        metadatas = [{"number": int(number)} for number in numbers[part]]
        collection.add(ids=ids[part], embeddings=table[part], metadatas=metadatas)
    return collection


def ways(collection: Collection, allowed: list[str], bar: int, k: int) -> dict[str, Ask]:
    """Return the ways of asking for the nearest among the allowed ids, which are those of a number below ``bar``."""
    held, wanted, total = set(allowed), min(k, len(allowed)), collection.count()

    def query(row: np.ndarray, many: int, **condition: Any) -> list[str]:
        found = collection.query(query_embeddings=row[None], n_results=many, include=[], **condition)
        return list(found["ids"][0])

    def look_up(row: np.ndarray) -> list[str]:
        names: list[str] = []
        parts = []
        for start in range(0, len(allowed), _A_WRITE):
            got = collection.get(ids=allowed[start : start + _A_WRITE], include=["embeddings"])
            names += got["ids"]
            parts.append(np.asarray(got["embeddings"], dtype=np.float32))
        best = np.argsort(-(np.concatenate(parts) @ row), kind="stable")[:k]
        return [names[place] for place in best]

    def fetch_more(row: np.ndarray) -> list[str]:
        many = math.ceil(1.3 * k * _GRAIN / bar)
        while True:
            many = min(many, total)
            kept = [name for name in query(row, many) if name in held]
            if len(kept) >= wanted or many == total:
                return kept[:k]
            many *= 2

    return {
        "look up": look_up,
        "ids": lambda row: query(row, wanted, ids=allowed),
        "where": lambda row: query(row, wanted, where={"number": {"$lt": bar}}),
        "fetch more": fetch_more,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kb")
    parser.add_argument("--space", default="text")
    parser.add_argument("--kind", default="text")
    parser.add_argument("--questions", type=int, default=30)
    parser.add_argument("--k", type=int, default=60, help="how many are wanted; a search asks for 60")
    options = parser.parse_args()
    ids, table, numbers, asked = sampled(options.kb, options.space, options.kind, options.questions)
    k = options.k
    print(f"{len(ids):,} vectors of {table.shape[1]}, the nearest {k}")
    print(f"{'share':>6} {'allowed':>8}   each: ms clock, ms processor, of the exact nearest, full lists")
    with tempfile.TemporaryDirectory() as folder:
        collection = filled(chromadb.PersistentClient(folder), ids, table, numbers)
        collection.query(query_embeddings=asked[:1], n_results=k)
        for share in SHARES:
            bar = max(1, round(share * _GRAIN))
            places = np.flatnonzero(numbers < bar)
            allowed = [ids[place] for place in places]
            if not allowed:
                continue
            near = np.argsort(-(asked @ table[places].T), axis=1)[:, :k]
            truth = [[allowed[place] for place in row] for row in near]
            print(f"{share:6.3f} {len(allowed):8,}")
            for name, ask in ways(collection, allowed, bar, k).items():
                print(f"{'':10}{name:11} {timed(ask, asked, truth, k)}", flush=True)


if __name__ == "__main__":
    main()
