"""How PDFs are read: pages, elements by kind, pictures kept and left out, pages per second by stage.

Usage: python benchmarks/reading/pdf_pages.py FOLDER_OR_FILE... [--ocr] [--gold FOLDER]
       python benchmarks/reading/pdf_pages.py FOLDER_OR_FILE... --sheets FOLDER [--sample 30]
       python benchmarks/reading/pdf_pages.py FOLDER_OR_FILE... --add

With ``--gold``, FOLDER holds NAME.pdf.gold.md reference readings; the share of their words that is in the
text of the elements is printed (order-free), and the median over files.

With ``--sheets``, a sample of the pages with pictures or drawings on them (told by the objects on the page
alone, not by what the reader makes of them) is drawn with a fixed seed, and contact sheets are written in
which what became a figure is framed in red and what became a table in blue: what the eye sees unframed is a
miss.

With ``--add``, the files are added to a new knowledge base by the whole pipeline, and the pages per second
of its stages (reading, OCR, describing, parsing, embedding, storing) are printed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import re
import statistics
import sys
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from xmrag_plugin.errors import ReadError
from xmrag_plugin.readers import ReadContext
from xmrag_plugin.readers.pdf.layout.document import open_document
from xmrag_plugin.readers.pdf.layout.headings import Headings, read_outline
from xmrag_plugin.readers.pdf.layout.page_elements import PageReader
from xmrag_plugin.readers.pdf.layout.pages import open_page
from xmrag_plugin.readers.pdf.reader import PdfReader
from xmrag_plugin.types import Element

if TYPE_CHECKING:
    from PIL.Image import Image

_WORD = re.compile(r"\w+")
_SEED = 20_240_601
_MANY_PATHS = 24
_CELL = (640, 760)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--ocr", action="store_true", help="read scans and pictured headings")
    parser.add_argument("--gold", type=Path, help="folder of reference readings")
    parser.add_argument("--sheets", type=Path, help="write contact sheets of a sample of pages here")
    parser.add_argument("--sample", type=int, default=30, help="how many pages are drawn (default: 30)")
    parser.add_argument("--add", action="store_true", help="measure the stages of a whole `add`")
    arguments = parser.parse_args()
    if arguments.sheets is not None:
        return write_sheets(list(files(arguments.paths)), arguments.sheets, arguments.sample)
    if arguments.add:
        return measure_stages(list(files(arguments.paths)))
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
        context = ReadContext(ocr=ocr, on_skip=tally(skipped), on_warning=lister(warnings))
        try:
            elements, seconds = read(path, context)
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


def read(path: Path, context: ReadContext) -> tuple[list[Element], dict[str, float]]:
    """All elements, and the processor seconds of each stage; ``pages`` holds their number."""
    start = time.process_time()
    elements = list(PdfReader().read(path, context))
    whole = time.process_time() - start
    document = open_document(path, context.password)
    reader = PageReader(path.name, Headings(read_outline(document)), ReadContext(on_skip=lambda _: None))
    start = time.process_time()
    views = [open_page(document, index) for index in range(len(document))]
    for view in views:
        reader.headings.learn(view.sizes)
    for view in views:
        view.read(reader.headings.body)
    load = time.process_time() - start
    start = time.process_time()
    for view in views:
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


def measure_stages(paths: list[Path]) -> int:
    """Add the files to a new knowledge base with the defaults, and print pages per second by stage."""
    from xmrag_plugin import CrossModalIndex

    pages = 0
    for path in paths:
        document = open_document(path, None)
        pages += len(document)
        document.close()
    with (
        tempfile.TemporaryDirectory(prefix="xmrag-") as folder,
        CrossModalIndex(Path(folder) / "kb") as index,
    ):
        report = index.add(*paths, progress=True)
    row = {
        "pages": pages,
        "nodes": report.nodes,
        "failed": len(report.failed),
        "seconds": {stage: round(value, 1) for stage, value in report.seconds.items()},
        "pages per second": {
            stage: round(pages / value, 1) for stage, value in report.seconds.items() if value > 0.05
        },
    }
    print(json.dumps(row, ensure_ascii=False))
    return int(bool(report.failed))


def write_sheets(paths: list[Path], folder: Path, count: int) -> int:
    """Contact sheets of sampled pages with the boxes of figures and tables on them; prints what is framed."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    drawn = {path: pages_with_drawings(path) for path in paths}
    chosen = sorted(sample_of(drawn, count))
    cells = []
    for path, group in itertools.groupby(chosen, key=lambda place: place[0]):
        numbers = [number for _, number in group]
        read_on = PdfReader().read(path, ReadContext(on_skip=lambda _: None, on_warning=lambda *_: None))
        elements = list(itertools.takewhile(ends_at(max(numbers)), read_on))
        for number in numbers:
            framed = [e for e in elements if e.page == number and e.bbox and e.kind in ("picture", "table")]
            cells.append(framed_page(path, number, framed))
            kinds = Counter(element.kind for element in framed)
            print(json.dumps({"file": path.name, "page": number, **kinds}, ensure_ascii=False))
    across, down = 3, 2
    for start in range(0, len(cells), across * down):
        sheet = Image.new("RGB", (across * _CELL[0], down * _CELL[1]), "grey")
        for place, cell in enumerate(cells[start : start + across * down]):
            sheet.paste(cell, (place % across * _CELL[0], place // across * _CELL[1]))
        sheet.save(folder / f"sheet-{start // (across * down) + 1}.png")
    pages = sum(len(numbers) for numbers in drawn.values())
    print(json.dumps({"pages with pictures or drawings": pages, "sampled": len(chosen)}))
    return 0


def ends_at(page: int) -> Callable[[Element], bool]:
    """Whether an element stands on a page or before it."""
    return lambda element: (element.page or 0) <= page


def sample_of(drawn: dict[Path, list[int]], count: int) -> list[tuple[Path, int]]:
    """Pages of all files in turn, so that long reports do not crowd out the rest."""
    chance = random.Random(_SEED)
    piles = [[(path, number) for number in chance.sample(pages, len(pages))] for path, pages in drawn.items()]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*piles))
    return list(itertools.islice((place for place in turns if place is not None), count))


def pages_with_drawings(path: Path) -> list[int]:
    """Pages from 1 that hold a picture of some size, or many drawn paths."""
    found = []
    document = open_document(path, None)
    for index in range(len(document)):
        view = open_page(document, index)
        view.read(None)
        pictures = [image for image in view.objects.images if min(image.pixels) >= 64]
        if pictures or len(view.objects.shapes) >= _MANY_PATHS:
            found.append(index + 1)
        view.close()
    document.close()
    return found


def framed_page(path: Path, number: int, elements: list[Element]) -> Image:
    """A page with the boxes of its figures in red and of its tables in blue, in one cell of a sheet."""
    from PIL import Image, ImageDraw

    document = open_document(path, None)
    page = document[number - 1]
    scale = min((_CELL[0] - 8) / page.get_width(), (_CELL[1] - 28) / page.get_height())
    shown = page.render(scale=scale).to_pil().convert("RGB")
    document.close()
    cell = Image.new("RGB", _CELL, "white")
    cell.paste(shown, (4, 24))
    pen = ImageDraw.Draw(cell)
    pen.text((4, 4), f"{path.name[:40]} p. {number}", fill="black")
    for element in elements:
        box = [value * scale for value in element.bbox or ()]
        corners = (box[0] + 4, box[1] + 24, box[2] + 4, box[3] + 24)
        pen.rectangle(corners, outline="red" if element.kind == "picture" else "blue", width=3)
    return cell


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
