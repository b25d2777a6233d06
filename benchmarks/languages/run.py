"""Ten languages: is a passage found by words that it shares with a question, and by other words?

    python benchmarks/languages/run.py [--text MODEL]… [--report FILE]

``passages.txt`` was written for this project: 12 passages in each of ten languages on the same 12 subjects, so that
each has nine neighbours that say the same in other languages, with two questions each. One shares words with its
passage, in other inflections; the other says it in other words. All 120 passages lie in one knowledge base. Printed
are R@1 and R@10 by language of the default list, and for each encoder of its own arm besides (it must lose nothing to
that); ``text`` alone is what fusion has to be held against.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from xmrag_plugin import CrossModalIndex

KINDS = ("shared", "paraphrase")


def passages() -> list[dict[str, str]]:
    lines = (Path(__file__).parent / "passages.txt").read_text(encoding="utf-8").splitlines()
    names = ("language", "subject", "passage", *KINDS)
    return [
        dict(zip(names, map(str.strip, line.split("|")), strict=True)) for line in lines if line[0] != "#"
    ]


def ranks(index: CrossModalIndex, kind: str, fusion: str) -> dict[str, list[int]]:
    """Return the rank of the right passage of each question, by language; 99 beyond the tenth."""
    found: dict[str, list[int]] = {}
    for row in passages():
        own = f"{row['language']}/{row['subject']}.txt"
        sources = [hit.source for hit in index.search(row[kind], k=10, fusion=fusion)]
        found.setdefault(row["language"], []).append(sources.index(own) + 1 if own in sources else 99)
    return found


def table(index: CrossModalIndex) -> dict[str, dict[str, dict[str, float]]]:
    """Return R@1 and R@10 by fusion, kind of question and language; ``all`` is the mean."""
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for fusion in ("calibrated", "text", "lexical"):
        for kind in KINDS:
            by_language = ranks(index, kind, fusion)
            by_language["all"] = [rank for listed in by_language.values() for rank in listed]
            for k in (1, 10):
                shares = {
                    name: sum(r <= k for r in listed) / len(listed) for name, listed in by_language.items()
                }
                figures.setdefault(fusion, {})[f"{kind} R@{k}"] = shares
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--text", action="append", help="encoder; may be repeated (default: the offline default)"
    )
    parser.add_argument("--report", type=Path, help="write the figures there as JSON")
    given = parser.parse_args()
    report = {}
    for model in given.text or ["minilm"]:
        with tempfile.TemporaryDirectory() as folder:
            for row in passages():
                file = Path(folder, "source", row["language"], f"{row['subject']}.txt")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(row["passage"], encoding="utf-8")
            with CrossModalIndex(Path(folder, "kb"), text=model) as index:
                index.add(Path(folder, "source"), progress=False)
                report[model] = figures = table(index)
                print(f"{model}; languages: {index.kb.catalog.languages()}")
        columns = list(figures["text"]["shared R@1"])
        print(f"{'':28s}" + "".join(f"{name:>6s}" for name in columns))
        for fusion, rows in figures.items():
            for name, shares in rows.items():
                print(f"{fusion:11s}{name:17s}" + "".join(f"{shares[column]:6.2f}" for column in columns))
    if given.report:
        given.report.write_text(json.dumps(report, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
