"""How much of a folder's documents the readers bring in.

    python benchmarks/reading/run.py FOLDER [--json] [--min 0.90] [--kind .docx]

``FOLDER/source`` (or FOLDER) holds the documents. Where ``FOLDER/gold/NAME.gold.md`` stands, it is a
reference reading: the share of its words (counted, order-free, case-folded, without Markdown's signs and
link targets) that the elements hold is given, and the median over the files; beside it the order: the share of
its pairs of neighbouring words that stand side by side in the elements, in their order. Every file is read or refused;
a refusal without a hint, or any other exception, counts as a failure and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path

from xmrag_plugin.errors import XmragError
from xmrag_plugin.readers import ReadContext, find_reader, read_file
from xmrag_plugin.types import Element, figure_words

_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_TARGET = re.compile(r"\]\((?:[^()\s]|\([^()]*\))*(?:\s+\"[^\"]*\")?\)")
_TAG = re.compile(r"</?[a-zA-Z][^>]*>")


@dataclass
class FileResult:
    source: str
    reader: str = ""
    seconds: float = 0.0  # of the processor
    elements: int = 0
    pictures: int = 0
    captioned: int = 0
    gold_pictures: int | None = None
    share: float | None = None
    order: float | None = None
    missing: list[str] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    warnings: int = 0
    refused: str = ""
    failure: str = ""


def words_of(text: str) -> list[str]:
    """Return the words of a Markdown text, case-folded."""
    text = _TARGET.sub("] ", _COMMENT.sub(" ", text))
    text = _TAG.sub(" ", html.unescape(text)).replace("\\", " ")
    return [word.casefold() for word in _WORD.findall(text)]


def words_in(elements: list[Element]) -> list[str]:
    """Return the words that the elements hold, those of pictures before the text beside them."""
    texts = []
    for element in elements:
        picture = element.picture
        if picture is not None:
            parts = {
                "caption": picture.caption,
                "alt": picture.alt,
                "words": picture.words,
                "ocr": picture.ocr,
            }
            texts.append(
                figure_words(**{name: part for name, part in parts.items() if part not in element.text})
            )
        texts.append(element.text)
    return words_of("\n".join(texts))


def share_of(wanted: Iterable[Hashable], found: Iterable[Hashable]) -> float:
    """Return the share of what is wanted, counted, that was found."""
    wanted_counts, found_counts = Counter(wanted), Counter(found)
    total = wanted_counts.total()
    return round((wanted_counts & found_counts).total() / total, 4) if total else 1.0


def measure(path: Path, source: str, gold: Path) -> FileResult:
    """Read one file and compare it with its reference reading, if there is one."""
    result = FileResult(source)
    skipped: Counter[str] = Counter()
    warnings: list[str] = []
    context = ReadContext(
        on_skip=lambda reason: skipped.update([reason]),
        on_warning=lambda message, hint: warnings.append(message),
    )
    elements: list[Element] = []
    started = time.process_time()
    try:
        result.reader = find_reader(path).name
        elements.extend(read_file(path, context))
    except XmragError as error:
        result.refused = str(error)
        if not error.hint:
            result.failure = "refused without a hint"
    except Exception as error:
        result.failure = f"{type(error).__name__}: {error}"
    result.seconds = round(time.process_time() - started, 3)
    result.elements = len(elements)
    result.pictures = sum(element.picture is not None for element in elements)
    result.captioned = sum(
        element.picture is not None and bool(element.picture.caption) for element in elements
    )
    result.skipped, result.warnings = dict(skipped), len(warnings)
    if gold.is_file():
        reference = gold.read_text(encoding="utf-8")
        wanted, found = words_of(reference), words_in(elements)
        result.gold_pictures = reference.count("<!-- image -->")
        result.share = share_of(wanted, found)
        result.order = share_of(pairwise(wanted), pairwise(found))
        result.missing = [word for word, _ in (Counter(wanted) - Counter(found)).most_common(12)]
    return result


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--min", type=float, default=0.0, help="exit 1 when the median share is below")
    parser.add_argument("--kind", default="", help="only files whose name ends so")
    given = parser.parse_args()
    root = given.folder / "source" if (given.folder / "source").is_dir() else given.folder
    files = sorted(path for path in root.rglob("*") if path.is_file() and path.name.endswith(given.kind))
    results = []
    for path in files:
        source = path.relative_to(root).as_posix()
        results.append(measure(path, source, given.folder / "gold" / f"{source}.gold.md"))
        if not given.json:
            show(results[-1])
    shares = [result.share for result in results if result.share is not None]
    orders = [result.order for result in results if result.order is not None]
    median = statistics.median(shares) if shares else None
    failures = [result for result in results if result.failure]
    summary = {
        "files": len(results),
        "read": sum(not result.refused and not result.failure for result in results),
        "refused": sum(bool(result.refused) for result in results),
        "failures": len(failures),
        "with_gold": len(shares),
        "median_share": median,
        "below_0.90": sum(share < 0.9 for share in shares),
        "median_order": statistics.median(orders) if orders else None,
        "order_below_0.95": sum(order < 0.95 for order in orders),
        "pictures": sum(result.pictures for result in results),
        "captioned": sum(result.captioned for result in results),
        "seconds": round(sum(result.seconds for result in results), 1),
    }
    if given.json:
        print(json.dumps({"summary": summary, "results": [asdict(result) for result in results]}, indent=1))
    else:
        print(" · ".join(f"{key} {value}" for key, value in summary.items()))
    return int(bool(failures) or (median is not None and median < given.min))


def show(result: FileResult) -> None:
    """One line a file, and what of its reference reading is missing."""
    share = "" if result.share is None else f"{result.share:.3f} {result.order:.3f}"
    pictures = (
        f"{result.pictures}" if result.gold_pictures is None else f"{result.pictures}/{result.gold_pictures}"
    )
    outcome = (result.failure and f"FAILED {result.failure}") or (
        result.refused and f"refused: {result.refused}"
    )
    print(
        f"{result.source[:48]:48} {result.reader:11} {share:11} {result.elements:5} el {pictures:>5} pic "
        f"{result.seconds:7.2f} s {result.skipped or ''} {outcome or ''}"
    )
    if result.share is not None and result.share < 0.9 and not outcome:
        print(f"    missing: {' '.join(result.missing)}")


if __name__ == "__main__":
    sys.exit(main())
