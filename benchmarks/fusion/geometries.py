"""The default list with encoders of other geometries, each against its own text arm and against the plain encoder.

    python benchmarks/fusion/geometries.py SETS --work DIR --set NAME… [--every N]

The vectors of a set's knowledge base, and those of its questions, are bent as tests/support/shaped_encoders.py says: all
similarities between .78 and 1 as the E5 family's, a narrow cone, a few dimensions with most of the length, 64 dimensions.
The collection is calibrated to the bent vectors, and searched exactly.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "support"))
import shaped_encoders
from sets import Asked, arguments, ask, load

from xmrag_plugin.search.calibration_fit import fitted
from xmrag_plugin.search.searcher import Searcher

SHAPES = ("plain", "shifted", "narrow_cone", "anisotropic", "low_dimensional")


class Bent:
    """A text encoder and its vectors, bent alike; stands for the knowledge base's own."""

    def __init__(self, kb: Any, shape: str) -> None:
        self._encoder = kb.encoder("text")
        self._bend = (lambda rows: rows) if shape == "plain" else getattr(shaped_encoders, shape)
        self._held: dict[str, tuple[list[str], np.ndarray]] = {}
        for kind in ("text", "image"):
            ids = kb.vectors.ids("text", kind)
            rows = kb.vectors.vectors("text", kind, ids)
            self._held[kind] = (ids, self._bend(np.stack([rows[i] for i in ids])))
        self.dimension = self._held["text"][1].shape[1]

    def encode_texts(self, texts: list[str], *, role: Any = "document") -> np.ndarray:
        return self._bend(self._encoder.encode_texts(texts, role=role))

    def ids(self, space: str, kind: str) -> list[str]:
        return list(self._held[kind][0])

    def vectors(self, space: str, kind: str, ids: list[str]) -> dict[str, np.ndarray]:
        names, rows = self._held[kind]
        wanted = set(ids)
        return {name: row for name, row in zip(names, rows, strict=True) if name in wanted}

    def query(
        self, space: str, kind: str, vector: np.ndarray, count: int, **_: Any
    ) -> list[tuple[str, float]]:
        names, rows = self._held[kind]
        near = rows @ vector
        return [(names[i], float(near[i])) for i in np.argsort(-near)[:count]]


def main() -> None:
    given = arguments(__doc__).parse_args()
    for name, found in load(given).items():
        lines = (given.sets / name / "queries.jsonl").read_text(encoding="utf-8").strip().split("\n")
        queries = [query for query in map(json.loads, lines) if query.get("text") and query["relevant"]]
        kinds = sorted({query["kind"] for query in queries})
        queries = [query for kind in kinds for query in of_kind(queries, kind)[:: given.every]]
        index, kb = found.index, found.index.kb
        bent = {shape: Bent(kb, shape) for shape in SHAPES}
        plain: dict[str, np.ndarray] = {}
        for shape in SHAPES:
            kb._vectors = kb._encoders["text"] = bent[shape]
            index.searcher = Searcher(kb)
            index.searcher._calibration = calibration = fitted(kb)
            calibration.stamp = str(kb.manifest.calibration.get("stamp", ""))
            asked = [ask(index, query) for query in queries]
            for told in asked:
                calibration.add_background(told.candidates, told.vectors, {})
            print(f"\n{name}, {shape}: reliability {calibration.statistics['text', 'text'].reliability:.2f}")
            for kind in kinds:
                row = [told for told in asked if told.kind == kind]
                own = hits(row, "calibrated")
                before = plain.setdefault(kind, own)
                arm = hits(row, "text")
                print(
                    f"  {kind:10s} default R@1 {own[0].mean():.3f} R@10 {own[1].mean():.3f}   own text arm "
                    f"{arm[0].mean():.3f} {arm[1].mean():.3f}   weighted {hits(row, 'weighted')[1].mean():.3f}   "
                    f"against plain {own[0].mean() - before[0].mean():+.3f} {own[1].mean() - before[1].mean():+.3f}",
                    flush=True,
                )


def of_kind(queries: list[dict], kind: str) -> list[dict]:
    return [query for query in queries if query["kind"] == kind]


def hits(row: list[Asked], fusion: str) -> np.ndarray:
    """Return whether the first hit, and whether one of ten, is right; shape (2, questions)."""
    lists = [asked.listed(fusion)[0] for asked in row]
    return np.array([[relevant[:k].any() for relevant in lists] for k in (1, 10)])


if __name__ == "__main__":
    main()
