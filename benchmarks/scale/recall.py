"""How many of the exact nearest an index of Chroma finds, by its settings.

    python benchmarks/scale/recall.py KB [--space text] [--kind text] [--questions 200]

Takes the vectors of a knowledge base, asks with some of them (each a little turned, as a question is no copy of its
passage), and holds what the index finds against exact search: recall@10 and @60, and milliseconds a query. With
``--build`` new indexes of the same vectors are made beside it with other settings; that takes a minute for 100,000.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.storage.chroma.collections import HNSW

SETTINGS = [
    {"max_neighbors": m, "ef_construction": c, "ef_search": s}
    for m, c in ((16, 100), (32, 200))
    for s in (100, 200, 400)
]


def measure(collection, asked: np.ndarray, ids: list[str], nearest: np.ndarray) -> tuple[float, float, float]:
    """Recall at 10 and 60, and the median milliseconds of a query."""
    found10, found60, times = [], [], []
    for row, best in zip(asked, nearest, strict=True):
        started = time.perf_counter()
        got = collection.query(query_embeddings=row[None], n_results=60, include=[])["ids"][0]
        times.append(1000 * (time.perf_counter() - started))
        wanted = [ids[place] for place in best]
        found10.append(len(set(got[:10]) & set(wanted[:10])) / 10)
        found60.append(len(set(got) & set(wanted)) / 60)
    return float(np.mean(found10)), float(np.mean(found60)), statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("kb")
    parser.add_argument("--space", default="text")
    parser.add_argument("--kind", default="text")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--turn", type=float, default=0.7, help="length of the noise added to a unit vector")
    parser.add_argument("--build", action="store_true", help="also indexes with other settings")
    given = parser.parse_args()
    index = CrossModalIndex(given.kb, create=False)
    rows = index.kb.vectors.vectors(given.space, given.kind, index.kb.vectors.ids(given.space, given.kind))
    ids, table = list(rows), np.stack(list(rows.values()))
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    dice = np.random.default_rng(0)
    asked = table[dice.choice(len(table), given.questions, replace=False)]
    noise = dice.standard_normal(asked.shape).astype(np.float32)
    asked = asked + given.turn * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    nearest = np.argsort(-(asked @ table.T), axis=1)[:, :60]
    print(f"{len(ids):,} vectors of {table.shape[1]}; asked {len(asked)}")
    client = index.kb.vectors._client.client
    own = client.get_collection(
        index.kb.vectors.collection_name(given.space, given.kind), embedding_function=None
    )
    told = ["as it is", *measure(own, asked, ids, nearest)]
    print("{}: recall@10 {:.3f}, @60 {:.3f}, {:.1f} ms".format(*told))
    if not given.build:
        return
    import chromadb

    for settings in SETTINGS:
        with tempfile.TemporaryDirectory() as folder:
            other = chromadb.PersistentClient(str(Path(folder, "c"))).create_collection(
                "c",
                embedding_function=None,
                configuration={"hnsw": {**HNSW, "sync_threshold": 1000, **settings}},
            )
            started = time.perf_counter()
            for start in range(0, len(ids), 1000):
                other.add(ids=ids[start : start + 1000], embeddings=table[start : start + 1000])
            built = time.perf_counter() - started
            print(
                settings,
                "built in {:.0f} s: recall@10 {:.3f}, @60 {:.3f}, {:.1f} ms".format(
                    built, *measure(other, asked, ids, nearest)
                ),
                flush=True,
            )


if __name__ == "__main__":
    main()
