"""How good the answers are: on a knowledge base that exists, with questions whose answers are published.

    python benchmarks/answers/run.py KB QUERIES.jsonl [--unanswerable OTHER.jsonl] [--llm SPEC]

Each line of QUERIES has ``text``, ``answer`` and ``relevant`` (``[{"source": …}]``). Told are, with a
95 % bootstrap interval over the questions:

- cited: the answer stands in what the response quotes or says, cited to a relevant source;
- said: the answer stands in the response;
- exact and f1: the response against the answer, after SQuAD's normalisation (lower case, no articles,
  no punctuation); an extractive response is whole sentences, so exact is low by its nature. ``short``
  are questions whose answer has at most six words;
- abstained: the response is that the sources do not hold it; of OTHER's questions, which they do not.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.answers.citations import without_marks


def normal(text: str) -> list[str]:
    """The words of a text after SQuAD's normalisation."""
    text = re.sub(r"[^\w\s.]|(?<!\d)\.|\.(?!\d)", " ", text.lower())
    return [word for word in text.split() if word not in {"a", "an", "the"}]


def f1(said: str, answer: str) -> float:
    """Token-level F1."""
    a, b = normal(said), normal(answer)
    shared = sum((Counter(a) & Counter(b)).values())
    return 2 * shared / (len(a) + len(b)) if shared else 0.0


def holds(text: str, answer: str) -> bool:
    """Whether the answer stands in a text: as whole words, a sum of money in any case."""
    if re.fullmatch(r"\W*(RM)?\s*\d[\d,]*\.\d\d", answer):
        return answer in text
    return f" {' '.join(normal(answer))} " in f" {' '.join(normal(text))} "


def interval(values: Sequence[float], rounds: int = 1000) -> list[float]:
    """95 % bootstrap interval of the mean."""
    dice = random.Random(0)
    means = sorted(statistics.fmean(dice.choices(values, k=len(values))) for _ in range(rounds))
    return [round(means[int(0.025 * rounds)], 4), round(means[int(0.975 * rounds)], 4)]


def judge(response: Any, row: dict[str, Any]) -> dict[str, float]:
    """One response against one question."""
    said = without_marks(response.answer_words()).replace("“", "").replace("”", "")
    relevant = {place["source"] for place in row["relevant"]}
    right = [c for c in response.citations if c["source"] in relevant or c["media"] in relevant]
    quoted = " ".join(str(citation["quote"]) for citation in right)
    numbers = {citation["n"] for citation in right}
    sentences = re.split(r"(?<=\])\s+", response.answer_words())
    claimed = " ".join(
        without_marks(sentence)
        for sentence in sentences
        if {int(n) for n in re.findall(r"\[(\d+)\]", sentence)} & numbers
    )
    return {
        "cited": float(holds(quoted, row["answer"]) or holds(claimed, row["answer"])),
        "said": float(holds(said, row["answer"])),
        "exact": float(normal(said) == normal(row["answer"])),
        "f1": f1(said, row["answer"]),
        "abstained": float(response.abstained),
        "right source": float(bool(right)),
    }


def summary(rows: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Means and intervals."""
    if not rows:
        return {"n": 0}
    told: dict[str, Any] = {"n": len(rows)}
    for name in rows[0]:
        values = [row[name] for row in rows]
        told[name] = round(statistics.fmean(values), 4)
        told[f"{name} interval"] = interval(values)
    return told


def lines(path: Path) -> list[dict[str, Any]]:
    """The questions of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def main() -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kb", type=Path)
    parser.add_argument("queries", type=Path)
    parser.add_argument("--unanswerable", type=Path, help="questions that these sources do not answer")
    parser.add_argument("--sample", type=int, default=50, help="how many of them")
    parser.add_argument("--limit", type=int, help="only so many questions, drawn at random")
    parser.add_argument("--llm", default="none")
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--show", action="store_true", help="also what was answered wrongly")
    args = parser.parse_args()
    index = CrossModalIndex(args.kb, llm=args.llm, create=False)
    engine = index.as_query_engine(similarity_top_k=args.k)
    asked = [row for row in lines(args.queries) if row.get("answer") and row["relevant"]]
    if args.limit:
        asked = random.Random(0).sample(asked, min(args.limit, len(asked)))
    judged, seconds = [], []
    for row in asked:
        started = time.perf_counter()
        response = engine.query(row["text"])
        seconds.append(time.perf_counter() - started)
        judged.append(judge(response, row))
        if args.show and not judged[-1]["cited"]:
            sys.stderr.write(
                f"{row['text']}\n  wanted {row['answer'][:120]}\n  got {response.answer_words()}\n"
            )
    short = [found for found, row in zip(judged, asked, strict=True) if len(row["answer"].split()) <= 6]
    told = {
        "llm": args.llm,
        "threshold": index.abstention_threshold,
        "all": summary(judged),
        "short": summary(short),
        "seconds a question": {"median": round(statistics.median(seconds), 4), "max": round(max(seconds), 4)},
    }
    if args.unanswerable:
        strangers = [row for row in lines(args.unanswerable) if row.get("kind") == "question"]
        drawn = random.Random(0).sample(strangers, min(args.sample, len(strangers)))
        silent = [float(engine.query(row["text"]).abstained) for row in drawn]
        told["unanswerable"] = {
            "n": len(silent),
            "abstained": round(statistics.fmean(silent), 4),
            "abstained interval": interval(silent),
        }
    sys.stdout.write(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
