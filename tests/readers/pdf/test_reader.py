from __future__ import annotations

import io
import random
from collections import Counter
from pathlib import Path

import pytest
from pdf_writing import PageSpec, lines, text, write_pdf
from PIL import Image, ImageDraw

from xmrag_plugin.errors import SourceDamaged, SourceEncrypted, SourceMissing
from xmrag_plugin.readers import ReadOptions, find_reader, read_file
from xmrag_plugin.readers.pdf.reader import PdfReader
from xmrag_plugin.types import Element

BODY = [
    "The harbour at Kettle Point was dredged twice before the break-",
    "water was finished, and the sand that was taken out was carried",
    "to the northern beaches. Each winter the storms brought it back.",
]


def noise(width: int, height: int, seed: int = 1) -> bytes:
    """A picture with something on it, as JPEG."""
    rng = random.Random(seed)
    image = Image.new("RGB", (width, height), (rng.randrange(60), 80, 160))
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = rng.randrange(width), rng.randrange(height)
        draw.ellipse((x, y, x + 40, y + 30), fill=tuple(rng.randrange(256) for _ in range(3)))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def read(path: Path, **options: object) -> tuple[list[Element], Counter[str]]:
    skipped: Counter[str] = Counter()
    elements = list(
        PdfReader().read(path, ReadOptions(skip=lambda reason: skipped.update([reason]), **options))
    )  # type: ignore[arg-type]
    return elements, skipped


def test_heading_paragraph_figure_and_caption(tmp_path: Path) -> None:
    content = (
        text(72, 720, "Dredging the harbour", size=20, font="F2")
        + lines(72, 690, BODY)
        + "q 240 0 0 160 72 440 cm /Im1 Do Q\n"
        + text(72, 425, "Figure 3: The breakwater seen from the lighthouse.", size=9)
        + lines(72, 390, ["After the works, ships of six metres could enter at any tide."])
    )
    path = write_pdf(tmp_path / "harbour.pdf", [PageSpec(content, {"Im1": noise(480, 320)})])
    elements, skipped = read(path)
    assert [element.kind for element in elements] == ["heading", "paragraph", "picture", "paragraph"]
    assert elements[0].text == "Dredging the harbour"
    assert elements[0].level in (1, 2)
    assert elements[1].text.startswith(
        "The harbour at Kettle Point was dredged twice before the breakwater was"
    )
    picture = elements[2].picture
    assert picture is not None
    assert picture.label == "Figure 3"
    assert picture.caption == "Figure 3: The breakwater seen from the lighthouse."
    assert picture.data is not None
    assert picture.data == noise(480, 320)  # the file's own bytes
    assert elements[2].bbox == pytest.approx((72, 792 - 600, 312, 792 - 440), abs=0.5)
    assert elements[2].page == 1
    assert not skipped


def test_small_blank_and_repeated_pictures_are_left_out(tmp_path: Path) -> None:
    logo = noise(120, 120, seed=2)
    pages = [
        PageSpec(
            lines(72, 700, [f"Page text number {number} about something else {'abc' * number}."])
            + "q 60 0 0 60 500 700 cm /Logo Do Q\nq 10 0 0 10 72 600 cm /Dot Do Q\nq 200 0 0 200 72 300 cm /White Do Q\n",
            {"Logo": logo, "Dot": (20, 20, bytes(1200)), "White": (200, 200, b"\xff" * 120_000)},
        )
        for number in range(1, 6)
    ]
    elements, skipped = read(write_pdf(tmp_path / "junk.pdf", pages))
    assert not [element for element in elements if element.kind == "picture"]
    assert skipped["repeated"] == 10
    assert skipped["small"] == 5


def test_running_headers_and_page_numbers_are_left_out(tmp_path: Path) -> None:
    pages = [
        PageSpec(
            text(72, 760, "Annual report of the harbour board", size=9)
            + text(300, 30, str(number), size=9)
            + lines(72, 600, [f"In chapter {'abcdefgh'[number]} the story goes on with pilots and tugs."])
        )
        for number in range(1, 7)
    ]
    elements, _ = read(write_pdf(tmp_path / "running.pdf", pages))
    assert len(elements) == 6
    assert all(element.text.startswith("In chapter") for element in elements)
    assert [element.page for element in elements] == [1, 2, 3, 4, 5, 6]


def test_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    left = [f"Left column line {number} goes on and on here" for number in range(12)]
    right = [f"Right column line {number} goes on and on too" for number in range(12)]
    interleaved = "".join(
        lines(72, 600 - 13 * number, [left[number]]) + lines(330, 600 - 13 * number, [right[number]])
        for number in range(12)
    )
    content = text(72, 720, "A title that spans the width of both of the columns", size=18) + interleaved
    elements, _ = read(write_pdf(tmp_path / "columns.pdf", [PageSpec(content)]))
    words = " ".join(element.text for element in elements)
    assert words.index("A title") < words.index("Left column line 0") < words.index("Left column line 11")
    assert words.index("Left column line 11") < words.index("Right column line 0")


def test_password(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "secret.pdf", [PageSpec(lines(72, 700, BODY))], password="lantern")
    with pytest.raises(SourceEncrypted, match="password"):
        read(path)
    with pytest.raises(SourceEncrypted, match="wrong"):
        read(path, password="candle")
    elements, _ = read(path, password="lantern")
    assert "Kettle Point" in elements[0].text


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated(tmp_path: Path, share: float) -> None:
    whole = write_pdf(tmp_path / "whole.pdf", [PageSpec(lines(72, 700, BODY * 20))]).read_bytes()
    path = tmp_path / "cut.pdf"
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(SourceDamaged, match=r"cut\.pdf"):
        read(path)


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing):
        read(tmp_path / "none.pdf")


def test_found_by_content(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "report.txt", [PageSpec(lines(72, 700, BODY))])
    assert find_reader(path).name == "pdf"
    assert "Kettle Point" in next(iter(read_file(path))).text
