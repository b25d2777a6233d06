"""Measure the regions that citations point at, against the annotated ones of mmlongbench-a.

    python benchmarks/checking/boxes.py KB QUERIES-BOXES.jsonl

Each question is asked within its document, without a model. The first citation's page is right when it is a gold page;
the region's area is compared with the gold boxes of that page: recall is the part of the gold area that the region
covers, precision the part of the region that is gold. The same is told of the whole page, and of the box of the whole
chunk, as baselines, over the same first citations.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.types import Key, parse_bbox

Box = tuple[float, float, float, float]


def overlap(region: Box, gold: list[Box]) -> tuple[float, float]:
    """(recall, precision) of a region's area against gold boxes that do not overlap each other much."""

    def area(box: Box) -> float:
        return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)

    common = sum(
        area((max(region[0], g[0]), max(region[1], g[1]), min(region[2], g[2]), min(region[3], g[3])))
        for g in gold
        if min(region[2], g[2]) > max(region[0], g[0]) and min(region[3], g[3]) > max(region[1], g[1])
    )
    whole = sum(area(g) for g in gold)
    return min(common / whole, 1.0) if whole else 0.0, min(common / area(region), 1.0) if area(
        region
    ) else 0.0


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kb", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--limit", type=int, default=0)
    options = parser.parse_args()
    rows = [
        json.loads(line) for line in options.queries.read_text(encoding="utf-8").split("\n") if line.strip()
    ]
    pages: list[bool] = []
    areas: dict[str, list[tuple[float, float]]] = {"cited region": [], "whole chunk": [], "whole page": []}
    smaller = 0
    with CrossModalIndex(options.kb, llm="none") as index:
        for row in rows[: options.limit or None]:
            where = {"source": row["within"]["source"]}
            response = index.as_query_engine(filters=where).query(row["text"])
            if not response.citations:
                pages.append(False)
                continue
            first: dict[str, Any] = response.citations[0]
            gold = [one for one in row["relevant"] if one["page"] == first["page"]]
            pages.append(bool(gold))
            if not gold or not first["bbox"]:
                continue
            boxes: list[Box] = [tuple(one["bbox"]) for one in gold]
            node = response.source_nodes[first["n"] - 1].node
            chunk = (
                parse_bbox(node.metadata.get(Key.BBOX))
                if node.metadata.get(Key.PAGE) == first["page"]
                else None
            )
            region: Box = tuple(first["bbox"])
            smaller += chunk is not None and region != chunk
            width, height = gold[0]["page_size"]
            areas["cited region"].append(overlap(region, boxes))
            areas["whole chunk"].append(overlap(chunk or region, boxes))
            areas["whole page"].append(overlap((0.0, 0.0, width, height), boxes))
    answered = len(areas["cited region"])
    print(f"{len(pages)} questions; page of the first citation right: {sum(pages) / len(pages):.3f}")
    print(f"{answered} first citations on a gold page; {smaller} with a region smaller than the chunk's box")
    for name, found in areas.items():
        recall = statistics.fmean(r for r, _ in found) if found else 0.0
        precision = statistics.fmean(p for _, p in found) if found else 0.0
        print(f"  {name:14} area recall {recall:.3f}  precision {precision:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
