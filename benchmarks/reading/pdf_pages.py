"""How PDFs are read: pages, elements by kind, pictures kept and left out, pages per second by stage.

Usage: python benchmarks/reading/pdf_pages.py FOLDER_OR_FILE... [--ocr] [--gold FOLDER]

With ``--gold``, FOLDER holds NAME.pdf.gold.md reference readings; the share of their words that is in the
text of the elements is printed (order-free), and the median over files.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from xmrag_plugin.errors import ReadError
from xmrag_plugin.formats.pdf_layout.document import open_document
from xmrag_plugin.formats.pdf_layout.headings import Headings, read_outline
from xmrag_plugin.formats.pdf_layout.page_elements import PageReader
from xmrag_plugin.formats.pdf_layout.pages import load_page
from xmrag_plugin.readers import ReadOptions
from xmrag_plugin.readers.pdf import PdfReader
from xmrag_plugin.schema import Element

_WORD = re.compile(r"\w+")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--ocr", action="store_true", help="read scans and pictured headings")
    parser.add_argument("--gold", type=Path, help="folder of reference readings")
    arguments = parser.parse_args()
    ocr = None
    if arguments.ocr:
        from xmrag_plugin.describers.ocr import OcrDescriber
        from xmrag_plugin.settings import Settings

        ocr = OcrDescriber(Settings()).read
    total: Counter[str] = Counter()
    stages: Counter[str] = Counter()
    shares: list[float] = []
    for path in files(arguments.paths):
        row: dict[str, object] = {"file": path.name}
        skipped: Counter[str] = Counter()
        warnings: list[str] = []
        options = ReadOptions(ocr=ocr, skip=tally(skipped), warn=lister(warnings))
        try:
            elements, seconds = read(path, options)
        except ReadError as error:
            print(json.dumps({"file": path.name, "refused": str(error)}, ensure_ascii=False))
            continue
        kinds = Counter(element.kind for element in elements)
        pictures = [element for element in elements if element.picture is not None]
        row["pages"] = seconds.pop("pages")
        row["elements"] = dict(kinds)
        row["pictures"] = {
            "found": len(pictures),
            "with a caption": sum(bool(element.picture and element.picture.caption) for element in pictures),
            "left out": dict(skipped),
        }
        row["pages per second"] = {
            stage: round(row["pages"] / max(value, 1e-9), 1) for stage, value in seconds.items()
        }  # type: ignore[operator]
        if warnings:
            row["warnings"] = warnings
        if arguments.gold is not None:
            reference = arguments.gold / f"{path.name}.gold.md"
            if reference.is_file():
                shares.append(word_share(reference.read_text(encoding="utf-8"), elements))
                row["share of the reference's words"] = round(shares[-1], 3)
        print(json.dumps(row, ensure_ascii=False), flush=True)
        total["pages"] += int(row["pages"])  # type: ignore[call-overload]
        total["pictures"] += len(pictures)
        total.update({f"{kind} elements": count for kind, count in kinds.items()})
        stages.update(seconds)
    summary: dict[str, object] = {
        **total,
        "seconds": {stage: round(value, 2) for stage, value in stages.items()},
    }
    summary["pages per second"] = {
        stage: round(total["pages"] / max(value, 1e-9), 1) for stage, value in stages.items()
    }
    if shares:
        summary["median share of the references' words"] = round(statistics.median(shares), 3)
    print(json.dumps({"all": summary}, ensure_ascii=False))
    return 0


def tally(counts: Counter[str]) -> Callable[[str], None]:
    """Counts what it is called with."""
    return lambda reason: counts.update([reason])


def lister(messages: list[str]) -> Callable[[str, str], None]:
    """Keeps the messages that it is called with."""
    return lambda message, _hint: messages.append(message)


def files(paths: list[Path]) -> Iterator[Path]:
    """The PDFs among files and in folders."""
    for path in paths:
        yield from sorted(path.rglob("*.pdf")) if path.is_dir() else [path]


def read(path: Path, options: ReadOptions) -> tuple[list[Element], dict[str, float]]:
    """All elements, and the processor seconds of each stage; ``pages`` holds their number."""
    start = time.process_time()
    elements = list(PdfReader().read(path, options))
    whole = time.process_time() - start
    document = open_document(path, options.password)
    reader = PageReader(path.name, Headings(read_outline(document)), ReadOptions(skip=lambda _: None))
    start = time.process_time()
    views = [load_page(document, index) for index in range(len(document))]
    load = time.process_time() - start
    start = time.process_time()
    for view in views:
        reader.learn(view)
        reader.layout(view, [other for other in views if 0 < abs(other.index - view.index) <= 4])
    layout = time.process_time() - start
    for view in views:
        view.close()
    document.close()
    return elements, {
        "pages": len(views),
        "parse": load,
        "layout": layout,
        "pictures and OCR": max(0.0, whole - load - layout),
        "whole": whole,
    }


def word_share(reference: str, elements: list[Element]) -> float:
    """Share of a reference reading's words that the elements hold, order-free."""
    plain = re.sub(r"<!--.*?-->|!\[.*?\]\(.*?\)", " ", reference, flags=re.DOTALL)
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        plain = plain.replace(entity, character)
    parts: list[str] = []
    for element in elements:
        parts.append(element.text)
        if element.picture is not None:
            parts += [element.picture.caption, element.picture.words]
    wanted, found = words(plain), words("\n".join(parts))
    return sum(min(count, found[word]) for word, count in wanted.items()) / max(1, sum(wanted.values()))


def words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(unicodedata.normalize("NFKC", text).lower()))


if __name__ == "__main__":
    sys.exit(main())
