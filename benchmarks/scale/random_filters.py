"""Searches of a real collection by random conditions: are the lists full, and in the order of brute force?

    python benchmarks/scale/random_filters.py KB QUERIES.jsonl [--searches 1000] [--k 10]

A condition asks for sources, pages, kinds, modalities and their opposites, as they are stored, one or two at once.
Brute force is the same search with every allowed vector compared, in place of Chroma's query. A list is full when it has
as many hits as that one; pictures that are alike are one hit in both, so that a list may have fewer than are allowed.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.storage.chroma.collections import ChromaCollections
from xmrag_plugin.storage.filters import parse


class BruteForce:
    """``ChromaCollections.query`` over all vectors, read once."""

    def __init__(self, vectors: ChromaCollections) -> None:
        self.tables: dict[tuple[str, str], tuple[list[str], np.ndarray]] = {}
        for space, kind in vectors.kinds():
            rows = vectors.vectors(space, kind, vectors.ids(space, kind))
            table = np.stack(list(rows.values()))
            self.tables[space, kind] = (
                list(rows),
                table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9),
            )

    def query(
        self, space: str, kind: str, vector: Any, k: int, *, ids: Any = None
    ) -> list[tuple[str, float]]:
        names, table = self.tables.get((space, kind), ([], np.empty((0, len(vector)))))
        similar = table @ np.asarray(vector, np.float32)
        allowed = None if ids is None else set(ids)
        order = np.argsort(-similar, kind="stable")
        best = [i for i in order if allowed is None or names[i] in allowed][:k]
        return [(names[i], float(similar[i])) for i in best]


def drawn(chance: random.Random, stored: dict[str, list[Any]]) -> dict[str, Any]:
    """A condition of one or two parts over values that are stored."""
    parts = []
    for key in chance.sample(sorted(stored), chance.choice((1, 1, 2))):
        values = chance.sample(stored[key], min(len(stored[key]), chance.choice((1, 2, 5))))
        if key == "page" and chance.random() < 0.5:
            parts.append({key: {chance.choice(("$gte", "$lte")): values[0]}})
        else:
            parts.append({key: {chance.choice(("$in", "$in", "$nin")): values}})
    return parts[0] if len(parts) == 1 else {chance.choice(("$and", "$or")): parts}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kb")
    parser.add_argument("queries", type=Path)
    parser.add_argument("--searches", type=int, default=1000)
    parser.add_argument("--k", type=int, default=10)
    given = parser.parse_args()
    rows = (json.loads(line) for line in given.queries.open(encoding="utf-8"))
    texts = [row["text"] for row in rows if row.get("text")]
    chance, told = random.Random(0), Counter()
    with CrossModalIndex(given.kb, create=False) as index:
        records = list(index.kb.catalog.iter_nodes())
        stored = {
            "source": sorted({record.source for record in records}),
            "modality": sorted({record.modality for record in records}),
            "kind": sorted({str(record.metadata.get("kind")) for record in records}),
            "page": sorted({record.metadata["page"] for record in records if record.metadata.get("page")}),
        }
        stored = {key: values for key, values in stored.items() if len(values) > 1}
        exact, usual = BruteForce(index.kb.vectors), ChromaCollections.query
        brute: Any = lambda _self, *given, **named: exact.query(*given, **named)  # noqa: E731
        for number in range(1, given.searches + 1):
            where, text = drawn(chance, stored), chance.choice(texts)
            ChromaCollections.query = usual  # type: ignore[method-assign]
            hits = [hit.node_id for hit in index.search(text, k=given.k, where=where)]
            ChromaCollections.query = brute  # type: ignore[method-assign]
            wanted = [hit.node_id for hit in index.search(text, k=given.k, where=where)]
            condition = parse(where)
            assert condition is not None
            meant = {record.node_id for record in records if condition(record)}
            told["full"] += len(hits) == len(wanted)
            told["in order"] += hits == wanted
            told["of fewer than are allowed"] += len(hits) < min(given.k, len(meant))
            told["empty"] += not meant
            told["with a hit that is not allowed"] += not meant.issuperset(hits)
            if number % 100 == 0:
                print(f"{number}: {dict(told)}", flush=True)


if __name__ == "__main__":
    main()
