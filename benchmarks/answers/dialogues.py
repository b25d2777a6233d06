"""Forty dialogues of two and three turns, asked of the sample collection in each way of answering.

    python benchmarks/answers/dialogues.py KB [--llm none --llm SPEC …]

KB holds the sample collection (``xmrag demo`` makes it). Told are, for each generator: of the follow-ups, how
many are understood (the question that is searched has the words that it needs and none that it must not
have), and of the turns whose answer is known, how many are answered with it. A generator rewrites the
follow-ups itself; ``none`` does so by rules.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from xmrag_plugin import CrossModalIndex
from xmrag_plugin.text.terms import normalised

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "llamaindex" / "chat"))
from dialogues import DIALOGUES


def measure(index: CrossModalIndex, llm: str) -> dict[str, object]:
    """Ask all dialogues."""
    understood, answered, wrong = [], [], []
    for _, turns in DIALOGUES:
        chat = index.as_chat_engine(llm=llm)
        for number, (said, needed, unwanted, answer) in enumerate(turns):
            response = chat.chat(said)
            asked = normalised(chat.conversation.turns[-1].question)
            if number:
                fits = all(normalised(word) in asked for word in needed.split())
                fits = fits and not any(f" {normalised(word)} " in f" {asked} " for word in unwanted.split())
                understood.append(fits)
            if answer:
                answered.append(normalised(answer) in normalised(str(response)))
                if not answered[-1]:
                    wrong.append({"asked": asked, "wanted": answer, "got": str(response)[:200]})
    return {
        "llm": llm,
        "follow-ups": len(understood),
        "understood": round(sum(understood) / len(understood), 3),
        "turns with a known answer": len(answered),
        "answered": round(sum(answered) / len(answered), 3),
        "not answered": wrong,
    }


def main() -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kb", type=Path)
    parser.add_argument("--llm", action="append", default=[])
    args = parser.parse_args()
    index = CrossModalIndex(args.kb, create=False)
    for llm in args.llm or ["none"]:
        sys.stdout.write(json.dumps(measure(index, llm), indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
