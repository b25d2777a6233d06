"""The default text encoder with weights of 8 bits (``minilm?dtype=int8``): how much quicker, how near, what it finds.

    python benchmarks/retrieval/int8.py KB=QUERIES.jsonl … [--sample 64]

The nodes of each knowledge base, which are embedded in 32 bits, are embedded anew in 8, and its questions by both. Told are the cosine of the two vectors of a
node, recall@1 and @10 of the text space alone, with a 95 % bootstrap interval of the difference, and processor time.
Nothing is written to a knowledge base.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.encoders.minilm_onnx import MiniLMEncoder, load
from xmrag_plugin.settings import Settings
from xmrag_plugin.types import Key, NodeRecord

_TEXTS_AT_ONCE = 512
_DRAWS = 2000


def answers(record: NodeRecord, relevant: list[dict]) -> bool:
    """Return whether a node is what a question is about."""
    names = {record.source, record.metadata.get(Key.MEDIA)}
    return any(
        wanted["source"] in names and wanted.get("page") in (None, record.metadata.get(Key.PAGE))
        for wanted in relevant
    )


def measure(kb: Path, queries: Path, exact: MiniLMEncoder, small: MiniLMEncoder) -> str:
    """Embed one knowledge base and its questions; return a row of the table."""
    with CrossModalIndex(kb, create=False) as index:
        rows: dict[str, np.ndarray] = {}
        for kind in ("text", "image"):
            rows |= index.kb.vectors.vectors("text", kind, index.kb.vectors.ids("text", kind))
        records = [record for record in index.kb.catalog.iter_nodes() if record.node_id in rows]
    before = np.stack([rows[record.node_id] for record in records])
    after = np.concatenate(
        [
            small.encode_texts([record.embed_text for record in records[start : start + _TEXTS_AT_ONCE]])
            for start in range(0, len(records), _TEXTS_AT_ONCE)
        ]
    )
    cosines = np.sum(before * after, axis=1)
    asked = [json.loads(line) for line in queries.read_text(encoding="utf-8").split("\n") if line]
    asked = [query for query in asked if query["relevant"] and query.get("text")]
    texts = [query["text"] for query in asked]
    ranks = []
    for encoder, table in ((exact, before), (small, after)):
        found = np.argsort(-(encoder.encode_texts(texts, role="query") @ table.T), axis=1)[:, :10]
        ranks.append(
            np.array(
                [
                    next(
                        (n for n, place in enumerate(best) if answers(records[place], query["relevant"])), 99
                    )
                    for best, query in zip(found, asked, strict=True)
                ]
            )
        )
    cells = []
    for limit in (1, 10):
        hit = [(rank < limit).astype(float) for rank in ranks]
        dice = np.random.default_rng(0)
        draws = dice.integers(0, len(asked), (_DRAWS, len(asked)))
        low, high = np.quantile((hit[1] - hit[0])[draws].mean(axis=1), [0.025, 0.975])
        cells.append(f"{hit[0].mean():.3f} {hit[1].mean():.3f} [{low:+.3f}, {high:+.3f}]")
    return (
        f"{kb.name:26} {len(records):6} {len(asked):5}   {cosines.mean():.4f} {np.quantile(cosines, 0.01):.4f}   "
        + "   ".join(cells)
    )


def speed(exact: MiniLMEncoder, small: MiniLMEncoder, texts: list[str]) -> str:
    """Return the processor seconds of both on the same texts, in turns."""
    spent = [0.0, 0.0]
    for _ in range(3):
        for place, encoder in enumerate((exact, small)):
            started = time.process_time()
            encoder.encode_texts(texts)
            spent[place] += time.process_time() - started
    return f"processor time of {len(texts)} passages: {spent[0] / 3:.2f} s, {spent[1] / 3:.2f} s, {spent[0] / spent[1]:.2f} times"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="+", metavar="KB=QUERIES.jsonl")
    parser.add_argument("--sample", type=int, default=64)
    given = parser.parse_args()
    settings = Settings.load(jobs=1)
    exact = load(settings)
    pairs = [tuple(map(Path, named.split("=", 1))) for named in given.sets]
    small = load(settings, "int8")
    with CrossModalIndex(pairs[0][0], create=False) as index:
        texts = [record.embed_text for record in index.kb.catalog.iter_nodes() if record.embed_text]
    print(speed(exact, small, texts[:: max(1, len(texts) // given.sample)][: given.sample]), flush=True)
    print(
        f"{'knowledge base':26} {'nodes':>6} {'asked':>5}   cosine, 1 %    R@1 32, 8 bits   R@10 32, 8 bits"
    )
    for kb, queries in pairs:
        print(measure(kb, queries, exact, small), flush=True)


if __name__ == "__main__":
    main()
