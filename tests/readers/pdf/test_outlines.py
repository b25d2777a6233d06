"""Words that a program has turned into curves: read off the page where OCR is there, named where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from pdf_writing import PageSpec, lines, text, write_pdf

from xmrag_plugin.readers import ReadOptions
from xmrag_plugin.readers.pdf.layout.boxes import Frame
from xmrag_plugin.readers.pdf.layout.document import open_document
from xmrag_plugin.readers.pdf.layout.outlines import outlined_regions
from xmrag_plugin.readers.pdf.layout.page_objects import read_objects
from xmrag_plugin.readers.pdf.reader import PdfReader

_FONT = FontProperties(family="DejaVu Sans")  # matplotlib brings it
_OPERATORS = {1: "m", 2: "l", 4: "c"}
PROSE = [
    "The harbour holds more than it did a year ago, and owes as much as it did before the winter.",
    "The notes that follow are a part of these statements, and were read by the auditors of the port.",
]
ROWS = [
    ("Cash", "11,258", "12,277"),
    ("Inventories", "14,215", "12,242"),
    ("Total assets", "25,473", "24,519"),
    ("Long-term debt", "6,692", "7,514"),
    ("Equity", "18,078", "18,705"),
]


def outlined(x: float, y: float, words: str, *, size: float = 9, by_word: bool = False) -> str:
    """Words as filled curves, a path for each letter or for each word."""
    content, at = "", x
    for part in words.split(" ") if by_word else words:
        if part == " ":
            at += 0.35 * size
            continue
        path = TextPath((at, y), part, size=size, prop=_FONT)
        here = (0.0, 0.0)
        for points, code in path.iter_segments(simplify=False):
            found = [(float(points[i]), float(points[i + 1])) for i in range(0, len(points), 2)]
            if code == 3:  # a quadratic curve as a cubic one
                control, end = found
                found = [
                    *((a[0] / 3 + 2 * control[0] / 3, a[1] / 3 + 2 * control[1] / 3) for a in (here, end)),
                    end,
                ]
            operator = "h" if code == 79 else _OPERATORS[len(found) + 1 if len(found) == 3 else code]
            numbers = "" if code == 79 else " ".join(f"{n:.2f}" for point in found for n in point)
            content += f"{numbers} {operator}\n"
            here = found[-1]
        content += "f\n"
        at = path.get_extents().x1 + (0.35 if by_word else 0.12) * size
    return content


def statement(*, by_word: bool = False) -> str:
    content = lines(72, 740, PROSE) + text(72, 696, "CONSOLIDATED BALANCE SHEET", font="F2")
    for number, (label, *figures) in enumerate(ROWS):
        content += text(72, 680 - 14 * number, label, size=9)
        for x, figure in zip((300, 400), figures, strict=True):
            content += outlined(x, 680 - 14 * number, figure, by_word=by_word)
    content += lines(72, 580, PROSE) + outlined(
        72, 540, "Berths of the eastern quay", size=18, by_word=by_word
    )
    content += lines(72, 510, PROSE)
    return content + outlined(72, 460, "The pilots were paid in the spring.", size=11, by_word=by_word)


@pytest.mark.parametrize("by_word", [False, True], ids=["a path a letter", "a path a word"])
def test_drawn_lettering_is_read_where_it_stands(tmp_path: Path, by_word: bool) -> None:
    ocr = pytest.importorskip("xmrag_plugin.describers.ocr", reason="the extra 'offline' is not installed")
    pytest.importorskip("rapidocr", reason="the extra 'offline' is not installed")
    path = write_pdf(tmp_path / "statement.pdf", [PageSpec(statement(by_word=by_word))])
    found = list(PdfReader().read(path, ReadOptions(ocr=ocr.OcrDescriber(first_look=False).read)))
    assert [e.kind for e in found] == [
        "paragraph",
        "heading",
        "table",
        "paragraph",
        "heading",
        "paragraph",
        "paragraph",
    ]
    rows = found[2].text.splitlines()
    assert [rows[0], *rows[2:]] == [f"| {' | '.join(row)} |" for row in ROWS]
    assert found[4].text == "Berths of the eastern quay"
    assert found[6].text == "The pilots were paid in the spring."
    assert found[6].bbox is not None
    assert found[6].bbox[1] == pytest.approx(792 - 460 - 8, abs=4)


def test_without_ocr_it_is_named_once(tmp_path: Path) -> None:
    said: list[str] = []
    path = write_pdf(tmp_path / "statement.pdf", [PageSpec(statement()), PageSpec(statement())])
    found = list(PdfReader().read(path, ReadOptions(warn=lambda message, _: said.append(message))))
    assert found
    assert set(said) == {"statement.pdf: some of its words are drawn as outlines, and were left out."}


@pytest.mark.parametrize(
    "content",
    [
        "".join(
            f"{100 + 20 * n} 400 m {104 + 20 * n} 404 {108 + 20 * n} 404 {110 + 20 * n} 400 c f\n"
            for n in range(20)
        ),
        "".join(
            f"{100 + 12 * n} {200 + 37 * n * n % 290} m {104 + 12 * n} {207 + 37 * n * n % 290} l "
            f"{110 + 12 * n} {200 + 37 * n * n % 290} l f\n"
            for n in range(30)
        ),
        "".join(f"{100 + 14 * n} 300 8 {6 + 5 * (n % 4)} re f\n" for n in range(20)),
        outlined(72, 500, "LOGO"),
    ],
    ids=["points of one form", "points of a cloud", "bars", "a word of four letters"],
)
def test_other_small_shapes_are_no_lettering(tmp_path: Path, content: str) -> None:
    document = open_document(write_pdf(tmp_path / "shapes.pdf", [PageSpec(content)]), None)
    try:
        found = read_objects(document[0], Frame(0, 0, 612, 792, 0))
        assert len(found.shapes) > 3
        assert not outlined_regions(found.shapes, [])
    finally:
        document.close()
