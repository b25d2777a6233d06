"""Scans that something was stamped on, and scans of little text."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from pdf_writing import PageSpec, lines, text, write_pdf
from PIL import Image, ImageDraw

from xmrag_plugin.images.lettering import OcrLine, OcrResult
from xmrag_plugin.types import Element

Read = Callable[..., list[Element]]
STAMP = text(40, 775, "Case 1:21-cv-00114 Document 33-2 Filed 05/03/21 Page 3 of 7", size=9) + text(
    430, 20, "HARB-000123", size=9
)
ON_PAGE = "q 612 0 0 792 0 0 cm /I Do Q\n"


def scan(*rows: str, paper: int = 255) -> bytes:
    image = Image.new("RGB", (1240, 1754), (paper, paper, paper))
    for number, row in enumerate(rows):
        ImageDraw.Draw(image).text((140, 300 + 60 * number), row, fill="black", font_size=34)
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


def test_a_stamped_scan_is_a_scan(tmp_path: Path, read: Read) -> None:
    page = PageSpec(ON_PAGE + STAMP, images={"I": scan("The boat Ragna", "was given berth 114")})

    def ocr(_: bytes) -> OcrResult:
        line = OcrLine("The boat Ragna was given berth 114", (190, 410, 900, 450), 0.99)
        return OcrResult(line.text, [line])

    elements = read(write_pdf(tmp_path / "stamped.pdf", [page]), ocr=ocr)
    assert [element.metadata.get("whole_page") for element in elements if element.kind == "picture"] == [True]
    found = " ".join(element.text for element in elements)
    assert "The boat Ragna was given berth 114" in found
    assert "Document 33-2" in found


@pytest.mark.parametrize("stamp", ["", STAMP], ids=["bare", "stamped"])
def test_without_ocr_a_scan_of_a_few_words_is_kept_as_a_picture(
    tmp_path: Path, read: Read, stamp: str
) -> None:
    skipped: list[str] = []
    page = PageSpec(ON_PAGE + stamp, images={"I": scan("The boat Ragna")})
    elements = read(write_pdf(tmp_path / "few.pdf", [page]), on_skip=skipped.append)
    assert [element.kind for element in elements][:1] == ["picture"]
    assert skipped == []


def test_paper_under_a_page_is_no_picture(tmp_path: Path, read: Read) -> None:
    page = PageSpec(
        ON_PAGE + lines(72, 700, ["The harbour is open all year, and boats pay by the week."] * 5)
    )
    page.images = {"I": scan(paper=244)}
    assert "picture" not in [element.kind for element in read(write_pdf(tmp_path / "paper.pdf", [page]))]
