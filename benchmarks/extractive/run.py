"""What each scoring term of the extractive answer is worth: answers with all terms, and with each left out.

    python benchmarks/extractive/run.py KB QUERIES.jsonl [KB QUERIES.jsonl …] [--limit 100]

Evidence is retrieved once for each question; then it is answered with every set of weights. Told is, for each
collection and term left out, by how much three figures change:

- cited: share of questions whose published answer stands in a quotation from a relevant source;
- f1: token-level F1 of the answer's text;
- first: share of answers whose first citation is of a relevant source.

See README.md beside this file for the table.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "answers"))
from run import f1, holds, lines

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.answers.citations import without_marks
from xmrag_plugin.answers.context import Evidence, evidence_from_nodes
from xmrag_plugin.answers.context_order import arrange
from xmrag_plugin.answers.extractive.answerer import ExtractiveAnswerer
from xmrag_plugin.answers.extractive.scoring import Weights

Case = tuple[dict[str, Any], list[Evidence]]


def measure(cases: Sequence[Case], answerer: ExtractiveAnswerer) -> dict[str, float]:
    """Answer all questions from their evidence."""
    cited, overlap, first = [], [], []
    for row, evidence in cases:
        answer = answerer.answer(row["text"], evidence)
        relevant = {place["source"] for place in row["relevant"]}
        right = [c for c in answer.citations if c.source in relevant or c.media in relevant]
        cited.append(float(any(holds(c.quote, row["answer"]) for c in right)))
        overlap.append(f1(without_marks(answer.text).replace("“", "").replace("”", ""), row["answer"]))
        first.append(float(bool(answer.citations) and answer.citations[0] in right))
    return {
        "cited": statistics.fmean(cited),
        "f1": statistics.fmean(overlap),
        "first": statistics.fmean(first),
    }


def ablation(cases: Sequence[Case], encoder: Any) -> dict[str, dict[str, float]]:
    """Figures with all terms, and the change with each left out."""
    whole = measure(cases, ExtractiveAnswerer(encoder))
    told = {"all terms": {name: round(value, 4) for name, value in whole.items()}}
    for term in fields(Weights):
        weights = replace(Weights(), **{term.name: 0.0})
        found = measure(cases, ExtractiveAnswerer(encoder, weights=weights))
        told[f"without {term.name}"] = {name: round(found[name] - whole[name], 4) for name in whole}
    return told


def main() -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pairs", nargs="+", type=Path, help="a knowledge base and its questions, in turn")
    parser.add_argument("--limit", type=int, default=100, help="questions of each, drawn at random")
    parser.add_argument("-k", type=int, default=10)
    args = parser.parse_args()
    for kb, queries in zip(args.pairs[::2], args.pairs[1::2], strict=True):
        index = CrossModalIndex(kb, llm="none", create=False)
        retriever = index.as_retriever(similarity_top_k=args.k)
        asked = [row for row in lines(queries) if row.get("answer") and row["relevant"]]
        asked = random.Random(0).sample(asked, min(args.limit, len(asked)))
        cases = [(row, arrange(evidence_from_nodes(retriever.retrieve(row["text"])))[0]) for row in asked]
        told = {"collection": kb.name, "n": len(cases), **ablation(cases, index.encoder("text"))}
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
