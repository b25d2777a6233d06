"""What a small model is worth: its answers beside quoting alone, on questions whose answers are known.

    python benchmarks/weak_models/run.py KB QUESTIONS.jsonl --llm gguf:MODEL.gguf [--count 20] [--words 6] [--all]

Each line of QUESTIONS has ``text`` and ``answer``; asked are ``--count`` of those whose answer has at most ``--words``
words, drawn with a fixed seed. ``sample-collection.jsonl`` beside this file is about what ``xmrag demo`` adds. An answer
is right when it holds the value, whole, in one of the ways that ``|`` parts. Told are, for quoting and for the model: right answers; for the model also how
many sentences of its own stand in answers, which of them are in answers that are not right though marked as supported
(``to judge by hand``), why it stepped down, the reply's processor seconds (the prompt's aside where the model is in this
process), and with ``--all`` every answer.
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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "answers"))
from run import holds, lines

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.answers.citation_marks import without_marks
from xmrag_plugin.generators import load_llm
from xmrag_plugin.generators.capability import capability_of


def said(response: Any) -> str:
    """The words of an answer, without citations and quotation marks."""
    return re.sub(r"[“”]", "", without_marks(response.answer_words()))


def is_right(response: Any, answer: str) -> bool:
    """Whether an answer holds the value; ways of writing it are parted by ``|``."""
    return any(holds(said(response), way) for way in answer.split("|"))


def own_sentences(response: Any) -> list[str]:
    """The sentences of an answer that the model wrote: those outside quotation marks."""
    bare = re.sub(r"“[^”]*”\s*(?:\[\d+\??\])*", " ", response.answer_words())
    return [
        part.strip() for part in re.split(r"(?<=[.\]])\s+", bare) if re.search(r"\w{2}", without_marks(part))
    ]


class PastThePrompt:
    """Processor seconds that a model of llama.cpp in this process spends on replies, from their first token on."""

    def __init__(self, llm: Any) -> None:
        self.seconds = 0.0
        llama = llm.load().llama
        self._complete = llama.create_chat_completion
        llama.create_chat_completion = self._watched

    def _watched(self, *args: Any, **options: Any) -> Iterator[Any]:
        started = None
        try:
            for chunk in self._complete(*args, **options):
                started = started or time.process_time()
                yield chunk
        finally:  # whoever reads it may stop before its end
            self.seconds += time.process_time() - (started or time.process_time())

    def taken(self) -> float:
        """What came together since the last call."""
        seconds, self.seconds = self.seconds, 0.0
        return seconds


def told_seconds(seconds: list[float]) -> dict[str, float]:
    """Median and most."""
    return {"median": round(statistics.median(seconds), 2), "max": round(max(seconds), 2)}


def main() -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kb", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--llm", required=True)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--words", type=int, default=6)
    parser.add_argument("--seed", type=int, default=15)
    parser.add_argument("--all", action="store_true")
    args = parser.parse_args()
    rows = [row for row in lines(args.questions) if row.get("answer")]
    rows = [row for row in rows if len(str(row["answer"]).split()) <= args.words]
    rows = random.Random(args.seed).sample(rows, min(args.count, len(rows)))
    index = CrossModalIndex(args.kb, llm=args.llm, create=False)
    quoting = index.as_query_engine(llm="none")
    engine = index.as_query_engine()
    told: dict[str, Any] = {"collection": args.kb.name, "questions": len(rows)}
    right: Counter[str] = Counter()
    doubtful, reasons, table, seconds, past = [], Counter[str](), [], [], []
    own = 0
    model = load_llm(args.llm)
    told["model"] = capability_of(model).as_json()
    # One file is loaded once in a process: this is the model that the engine asks.
    watch = PastThePrompt(model) if args.llm.startswith("gguf:") else None
    for row in rows:
        quoted = quoting.query(row["text"])
        started = time.process_time()
        response = engine.query(row["text"])
        seconds.append(time.process_time() - started)
        if watch is not None:
            past.append(watch.taken())
        fine = is_right(response, row["answer"])
        right["quoting"] += is_right(quoted, row["answer"])
        right["model"] += fine
        who = response.metadata["generator"]
        sentences = own_sentences(response) if who["name"] != "extractive" else []
        own += len(sentences)
        supported = all(citation["supported"] for citation in response.citations)
        if sentences and supported and not fine:
            doubtful.append({"asked": row["text"], "answer": row["answer"], "said": response.answer_words()})
        if who["skipped"]:
            reasons[who["skipped"][-1]["reason"].rpartition("”: ")[2][:80]] += 1
        if args.all:
            table.append(
                {"asked": row["text"], "wanted": row["answer"], "quoting": quoted.answer_words(),
                 "model": response.answer_words(), "own": bool(sentences), "right": fine, "skipped": who["skipped"]}
            )  # fmt: skip
    told |= {
        "right": dict(right),
        "answers with the model's own sentences": own,
        "to judge by hand": doubtful,
        "stepped down": dict(reasons),
        "processor seconds a question, search and prompt with it": told_seconds(seconds),
    }
    if past:
        told["processor seconds past the prompt"] = told_seconds(past)
    if args.all:
        told["answers"] = table
    sys.stdout.write(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
