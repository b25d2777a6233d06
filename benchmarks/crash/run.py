"""Ten kills at random moments of a first ``add``; then one whole run must equal one that was never broken.

    python benchmarks/crash/run.py FOLDER [--kills 10] [--seed 0] [--ocr off]

Exits 1 if nodes, vectors or searches differ.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from xmrag_plugin import CrossModalIndex

ADD = (
    "import sys; from xmrag_plugin import CrossModalIndex\n"
    "print('ready', flush=True)\n"
    "CrossModalIndex(sys.argv[1], ocr=sys.argv[3]).add(sys.argv[2])\n"
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ocr", default="off", choices=("auto", "off"))
    given = parser.parse_args()
    chance = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as work:
        started = time.perf_counter()
        whole = Path(work, "whole")
        with CrossModalIndex(whole, ocr=given.ocr) as index:
            index.add(given.folder)
        spent = time.perf_counter() - started
        broken = Path(work, "broken")
        for number in range(given.kills):
            delay = chance.uniform(0, max(spent / given.kills, 1.0))
            print(f"kill {number + 1} after {delay:.2f} s: {killed(broken, given, delay)}")
        with (
            CrossModalIndex(broken, ocr=given.ocr) as survivor,
            CrossModalIndex(whole, ocr=given.ocr) as index,
        ):
            report = survivor.add(given.folder)
            print(
                f"completed: {len(report.added)} added, {len(report.updated)} updated, {len(report.unchanged)} kept"
            )
            return compare(survivor, index)


def killed(kb: Path, given: argparse.Namespace, delay: float) -> str:
    command = [sys.executable, "-c", ADD, str(kb), str(given.folder), given.ocr]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            return f"it had ended with {process.wait(timeout=delay)}"
        except subprocess.TimeoutExpired:
            process.kill()
            return "killed"


def compare(one: CrossModalIndex, other: CrossModalIndex) -> int:
    def nodes(index: CrossModalIndex) -> set[str]:
        return {record.node_id for record in index.kb.catalog.iter_nodes()}

    def vectors(index: CrossModalIndex) -> set[str]:
        return {i for kind in ("text", "image") for i in index.kb.vectors.ids("text", kind)}

    questions = [
        r.text[:120]
        for r in list(other.kb.catalog.iter_nodes())[:: max(1, other.kb.catalog.node_count // 20)]
    ]
    questions = [question for question in questions if question.strip()]
    same = sum(
        [h.node_id for h in one.search(question, k=5)] == [h.node_id for h in other.search(question, k=5)]
        for question in questions
    )
    print(f"nodes equal: {nodes(one) == nodes(other)}, vectors equal: {vectors(one) == vectors(other)}")
    print(f"searches equal: {same} of {len(questions)}")
    return (
        0 if nodes(one) == nodes(other) and vectors(one) == vectors(other) and same == len(questions) else 1
    )


if __name__ == "__main__":
    sys.exit(main())
