"""What retrieval costs past the encoders, in units of the Chroma queries that it makes.

    python benchmarks/retrieval/run.py [--nodes 20000] [--questions 60] [--vision MODEL]

Builds a knowledge base of made-up paragraphs and asks it; prints medians in milliseconds and the ratio
of everything but encoding to the time spent in Chroma (searches and look-ups), within this one run.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from xmrag_plugin import CrossModalIndex

sys.path.insert(0, str(Path(__file__).parents[1]))
from made_words import SYLLABLES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--nodes", type=int, default=20_000)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--vision", default="none")
    given = parser.parse_args()
    chance = random.Random(0)
    words = ["".join(chance.choices((*"aeiou", *SYLLABLES), k=chance.randint(2, 3))) for _ in range(6000)]
    weights = [1 / (rank + 3) for rank in range(len(words))]

    def paragraph() -> str:
        return " ".join(chance.choices(words, weights, k=14)).capitalize() + "."

    with tempfile.TemporaryDirectory() as work:
        docs = Path(work, "docs")
        docs.mkdir()
        for number in range(given.nodes // 100):
            text = "\n\n".join(f"## Section {i}\n\n{paragraph()}" for i in range(100))
            (docs / f"{number:04}.md").write_text(text, encoding="utf-8")
        with CrossModalIndex(Path(work, "kb"), vision=given.vision, ocr="off", chunk_words=14) as index:
            index.add(docs)
            print("nodes:", index.status()["nodes"])
            ask(index, [paragraph()[:60] for _ in range(given.questions)])


def ask(index: CrossModalIndex, questions: list[str]) -> None:
    spent = [0.0]

    def timed(call):
        def wrapper(*args, **kwargs):
            started = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                spent[0] += time.perf_counter() - started

        return wrapper

    vectors = index.kb.vectors
    vectors.query, vectors.vectors = timed(vectors.query), timed(vectors.vectors)
    chroma, rest, stages = [], [], {}
    for question in questions:
        spent[0] = 0.0
        result = index.find(question)
        past_encoders = sum(result.timings_ms.values()) - result.timings_ms["encode"]
        chroma.append(1000 * spent[0])
        rest.append(past_encoders)
        for stage, value in result.timings_ms.items():
            stages.setdefault(stage, []).append(value)
    print("median ms by stage:", {stage: round(statistics.median(row), 2) for stage, row in stages.items()})
    ratio = statistics.median(all_ / own for all_, own in zip(rest, chroma, strict=True))
    print(f"retrieval past the encoders costs {ratio:.2f} times its Chroma queries")


if __name__ == "__main__":
    main()
