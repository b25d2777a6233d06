"""Every arm alone, every fusion and LlamaIndex's stock order, on a folder of evaluation sets.

    python benchmarks/fusion/run.py SETS --vision MODEL [--set NAME]… [--ocr off] [--work DIR]

A set is a folder with ``source/`` (what is ingested), ``queries.jsonl`` (what is asked) and, where
part of its pictures lie in a sibling set, ``photos.txt``. Prints nDCG@10 and R@10 by kind with 95 %
bootstrap intervals, and the expected calibration error of p(relevant) over the first ten hits.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.errors import UsageError

FUSIONS = ("text", "lexical", "vision", "stock", "rrf", "weighted", "calibrated")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sets", type=Path)
    parser.add_argument("--vision", default="none", help="vision encoder: a preset, a hub id or a folder")
    parser.add_argument("--set", action="append", dest="names", help="only this set; may be repeated")
    parser.add_argument("--ocr", default="auto", choices=("auto", "off"))
    parser.add_argument("--every", type=int, default=1, help="only every nth query")
    parser.add_argument("--work", type=Path, help="keep the knowledge bases here")
    given = parser.parse_args()
    work = given.work or Path(tempfile.mkdtemp(prefix="xmrag-fusion-"))
    folders = sorted(f for f in given.sets.iterdir() if (f / "queries.jsonl").is_file())
    for folder in folders:
        if not given.names or folder.name in given.names:
            measure(folder, work, given)
    if given.work is None:
        shutil.rmtree(work)


def measure(folder: Path, work: Path, given: argparse.Namespace) -> None:
    queries = [json.loads(line) for line in (folder / "queries.jsonl").open(encoding="utf-8")]
    queries = [q for q in queries if q["relevant"] and "text" in q][:: given.every]
    with CrossModalIndex(work / f"kb-{folder.name}", vision=given.vision, ocr=given.ocr) as index:
        index.add(gathered(folder, work))
        print(f"\n{folder.name}: {len(queries)} queries, nodes {index.status()['nodes']}")
        for name in FUSIONS:
            try:
                rows = [ask(index, query, name) for query in queries]
            except UsageError:
                continue  # the set has no such channel
            report(name, queries, rows)


def gathered(folder: Path, work: Path) -> Path:
    """The set's source, with the photos that it borrows from a sibling."""
    photos = folder / "photos.txt"
    if not photos.is_file():
        return folder / "source"
    target = work / f"source-{folder.name}"
    shutil.copytree(folder / "source", target, dirs_exist_ok=True)
    for name in photos.read_text(encoding="utf-8").split():
        owner = next(s for s in sorted(folder.parent.iterdir()) if (s / "source" / name).is_file())
        shutil.copy(owner / "source" / name, target / name)
    return target


def ask(index: CrossModalIndex, query: dict, fusion: str) -> tuple[int, list[tuple[float, bool]]]:
    """Rank of the first relevant hit (0 is the top, 99 is none), and (probability, relevant) of each."""
    judged = []
    for hit in index.search(query["text"], k=10, fusion=fusion):
        relevant = any(
            wanted["source"] in (hit.source, hit.media) and wanted.get("page") in (None, hit.page)
            for wanted in query["relevant"]
        )
        judged.append((hit.probability, relevant))
    rank = next((i for i, (_, relevant) in enumerate(judged) if relevant), 99)
    return rank, [(p, relevant) for p, relevant in judged if p is not None]


def report(name: str, queries: list[dict], rows: list) -> None:
    rank = np.array([row[0] for row in rows])
    gain = np.where(rank < 10, 1 / np.log2(rank + 2.0), 0.0)
    kinds = np.array([query["kind"] for query in queries])
    cells = [f"nDCG@10 {with_interval(gain)}"]
    for kind in sorted(set(kinds)):
        cells.append(
            f"{kind}: R@10 {with_interval(rank[kinds == kind] < 10)} nDCG {gain[kinds == kind].mean():.3f}"
        )
    judged = [pair for row in rows for pair in row[1]]
    if judged:
        cells.append(f"ECE {calibration_error(judged):.3f}")
    print(f"  {name:11s} " + "  ".join(cells))


def with_interval(values: np.ndarray) -> str:
    draws = np.random.default_rng(0).choice(values, (1000, len(values))).mean(axis=1)
    return f"{values.mean():.3f} [{np.quantile(draws, 0.025):.3f}, {np.quantile(draws, 0.975):.3f}]"


def calibration_error(judged: list[tuple[float, bool]]) -> float:
    """Expected calibration error over ten equal bins (Naeini, Cooper and Hauskrecht, AAAI 2015)."""
    p, y = np.array(judged, dtype=float).T
    place = np.clip((p * 10).astype(int), 0, 9)
    return float(
        sum(abs(p[place == b].mean() - y[place == b].mean()) * (place == b).mean() for b in set(place))
    )


if __name__ == "__main__":
    main()
