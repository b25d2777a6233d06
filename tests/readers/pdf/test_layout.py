"""Tables, drawn figures, turned pages, scans, forms: what pages of PDFs really hold."""

from __future__ import annotations

import io
import resource
import threading
from collections import Counter
from pathlib import Path

import pytest
from pdf_parts import ACCOUNTS, PROSE, bar_chart, columns, grid
from pdf_writing import PageSpec, lines, text, write_pdf
from PIL import Image, ImageDraw

from xmrag_plugin.describers.ocr import OcrLine, OcrResult
from xmrag_plugin.readers import ReadOptions
from xmrag_plugin.readers.pdf.layout.boxes import Frame
from xmrag_plugin.readers.pdf.layout.glyphs import Type, Word
from xmrag_plugin.readers.pdf.layout.lines import join_words
from xmrag_plugin.readers.pdf.layout.scans import unreadable_words
from xmrag_plugin.readers.pdf.layout.tables.cells import is_numeric
from xmrag_plugin.readers.pdf.reader import PdfReader
from xmrag_plugin.types import Element


def read(path: Path, **options: object) -> list[Element]:
    return list(PdfReader().read(path, ReadOptions(**options)))  # type: ignore[arg-type]


def of_kind(elements: list[Element], kind: str) -> list[Element]:
    return [element for element in elements if element.kind == kind]


def test_a_drawn_chart_is_a_figure_with_its_lettering(tmp_path: Path) -> None:
    content = (
        lines(72, 720, PROSE)
        + bar_chart(120, 480)
        + text(72, 440, "Figure 2. Landings by harbour, in tonnes.", size=9)
        + lines(72, 400, PROSE)
    )
    elements = read(write_pdf(tmp_path / "chart.pdf", [PageSpec(content)]))
    assert [element.kind for element in elements] == ["paragraph", "picture", "paragraph"]
    figure = elements[1]
    assert figure.picture is not None
    assert figure.picture.label == "Figure 2"
    assert figure.picture.caption == "Figure 2. Landings by harbour, in tonnes."
    assert {"North", "East", "South", "West", "120"} <= set(figure.picture.words.split())
    assert figure.bbox is not None
    assert figure.bbox == pytest.approx((104, 182, 350, 326), abs=12)
    image = Image.open(io.BytesIO(figure.picture.data or b""))
    assert image.width > 600
    assert (51, 102, 179) in {color for _, color in image.convert("RGB").getcolors(1 << 24) or []}


def test_the_values_of_a_drawn_chart_are_told_with_their_labels(tmp_path: Path) -> None:
    values = "".join(
        "0 g " + text(150 + 50 * number, 483 + height, str(height), size=7)
        for number, height in enumerate((40, 90, 65, 110))
    )
    content = lines(72, 720, PROSE) + bar_chart(120, 480) + values + lines(72, 400, PROSE)
    (figure,) = of_kind(read(write_pdf(tmp_path / "chart.pdf", [PageSpec(content)])), "picture")
    assert figure.picture is not None
    assert figure.picture.words.splitlines()[-4:] == ["North: 40", "East: 90", "South: 65", "West: 110"]


def test_panels_under_one_caption_are_one_figure(tmp_path: Path) -> None:
    content = (
        bar_chart(80, 540)
        + bar_chart(350, 540)
        + text(72, 500, "Figure 4: Left, landings; right, catch at sea.", size=9)
        + lines(72, 460, PROSE)
    )
    figures = of_kind(read(write_pdf(tmp_path / "panels.pdf", [PageSpec(content)])), "picture")
    assert len(figures) == 1
    assert figures[0].bbox is not None
    assert figures[0].bbox[2] - figures[0].bbox[0] > 480


def test_frames_and_shades_behind_text_are_no_figures(tmp_path: Path) -> None:
    content = (
        "0.9 0.9 1 rg 60 640 480 100 re f 0 G 60 640 480 100 re S 0 g\n"
        + lines(72, 720, PROSE)
        + "1 1 0 rg 72 597 60 12 re f 0 g 72 586 m 200 586 l S\n"
        + lines(72, 600, PROSE)
    )
    elements = read(write_pdf(tmp_path / "frames.pdf", [PageSpec(content)]))
    assert {element.kind for element in elements} == {"paragraph"}


def test_a_ruled_table(tmp_path: Path) -> None:
    rows = [["Boat", "Built", "Length (m)"], ["Ariel", "1902", "18.4"], ["Meg | Ann", "1911", ""]]
    content = (
        text(72, 712, "Table 1: Boats of the harbour.", size=10) + grid(72, 700, rows) + lines(72, 600, PROSE)
    )
    elements = read(write_pdf(tmp_path / "grid.pdf", [PageSpec(content)]))
    assert [element.kind for element in elements] == ["table", "paragraph"]
    assert elements[0].text.splitlines() == [
        "| Boat | Built | Length (m) |",
        "| --- | --- | --- |",
        "| Ariel | 1902 | 18.4 |",
        "| Meg \\| Ann | 1911 |  |",
    ]
    picture = elements[0].picture
    assert picture is not None
    assert picture.label == "Table 1"
    assert picture.caption == "Table 1: Boats of the harbour."
    assert picture.data


EXPECTED = [
    "|  | 2019 | 2020 | 2021 |",
    "| --- | --- | --- | --- |",
    "| Harbour dues | $ 1,204 | $ 1,311 | $ 987 |",
    "| Sale of ice | 86 | 92 | 101 |",
    "| Repairs of the long pier and its lamps | (310) | (288) | (402) |",
    "| Net income | $ 980 | $ 1,115 | $ 686 |",
]


def test_a_table_without_rules(tmp_path: Path) -> None:
    content = lines(72, 720, PROSE) + columns(640, ACCOUNTS) + lines(72, 500, PROSE)
    elements = read(write_pdf(tmp_path / "plain.pdf", [PageSpec(content)]))
    assert [element.kind for element in elements] == ["paragraph", "table", "paragraph"]
    assert elements[1].text.splitlines() == EXPECTED


def test_a_table_with_shaded_rows_and_a_rule_over_its_figures(tmp_path: Path) -> None:
    shades = "".join(f"0.8 0.92 1 rg 68 {621 - 30 * n} 470 14 re f\n" for n in range(2)) + "0 g\n"
    rules = "300 634 m 330 634 l S 370 634 m 400 634 l S 440 634 m 470 634 l S\n"
    content = lines(72, 720, PROSE) + shades + rules + columns(640, ACCOUNTS)
    elements = read(write_pdf(tmp_path / "shaded.pdf", [PageSpec(content)]))
    assert [element.kind for element in elements] == ["paragraph", "table"]
    assert elements[1].text.splitlines() == EXPECTED


def test_a_table_between_rules_named_below(tmp_path: Path) -> None:
    rows = [["Method", "Wind", "Tide"], ["By eye", "0.61", "0.58"], ["By gauge", "0.83", "0.91"]]
    body = "".join(
        text(180 + 90 * column, 680 - 14 * row - (6 if row else 0), cell, size=9)
        for row, values in enumerate(rows)
        for column, cell in enumerate(values)
    )
    rules = "".join(f"175 {y} m 430 {y} l S\n" for y in (692, 674, 640))
    content = (
        rules + body + text(72, 622, "Table 3: How well the forecasts held.", size=9) + lines(72, 590, PROSE)
    )
    table = of_kind(read(write_pdf(tmp_path / "book.pdf", [PageSpec(content)])), "table")[0]
    assert table.text.splitlines()[0] == "| Method | Wind | Tide |"
    assert table.text.splitlines()[-1] == "| By gauge | 0.83 | 0.91 |"
    assert table.picture is not None
    assert table.picture.label == "Table 3"


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_boxes_are_as_shown_on_a_rotated_page(tmp_path: Path, rotate: int) -> None:
    upright = {
        0: lambda x, y: f"1 0 0 1 {x} {792 - y} Tm",
        90: lambda x, y: f"0 1 -1 0 {y} {x} Tm",
        180: lambda x, y: f"-1 0 0 -1 {612 - x} {y} Tm",
        270: lambda x, y: f"0 -1 1 0 {612 - y} {792 - x} Tm",
    }[rotate]
    content = f"BT /F1 12 Tf {upright(100, 200)} (The keeper of the light) Tj ET\n"
    element = read(write_pdf(tmp_path / "turned.pdf", [PageSpec(content, rotate=rotate)]))[0]
    assert element.text == "The keeper of the light"
    assert element.bbox == pytest.approx((100, 190.6, 219.4, 202.6), abs=1)


def test_text_set_sideways_is_read_and_its_figure_turned(tmp_path: Path) -> None:
    shown = "".join(text(100 + 14 * number, 80, row, turned=True) for number, row in enumerate(PROSE * 3))
    content = shown + "q 0 200 -120 0 420 100 cm /Im1 Do Q\n"
    image = Image.new("RGB", (200, 120), "white")
    ImageDraw.Draw(image).rectangle((0, 0, 60, 119), fill="red")
    ImageDraw.Draw(image).ellipse((90, 20, 180, 110), fill="blue")
    path = write_pdf(tmp_path / "sideways.pdf", [PageSpec(content, {"Im1": (200, 120, image.tobytes())})])
    elements = read(path)
    assert elements[0].text.startswith("The tide gauge at the pier")
    assert elements[0].bbox is not None
    assert elements[0].bbox[3] - elements[0].bbox[1] > 300  # tall, as the page shows it
    figure = of_kind(elements, "picture")[0]
    assert figure.bbox == pytest.approx((300, 492, 420, 692), abs=1)
    picture = Image.open(io.BytesIO(figure.picture.data or b"")) if figure.picture else None
    assert picture is not None
    assert picture.width > picture.height
    assert picture.convert("RGB").getpixel((10, picture.height // 2))[0] > 200  # type: ignore[index]


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_turning_a_box_there_and_back(turns: int) -> None:
    frame = Frame(10, 20, 310, 420, 1)
    user = (40.0, 60.0, 90.0, 200.0)
    assert frame.turn_back(frame.turned(turns).rect(*user), turns) == pytest.approx(frame.rect(*user))


def scan(*, words: bool = True) -> bytes:
    image = Image.new("RGB", (1240, 1754), "white")
    draw = ImageDraw.Draw(image)
    if words:
        for row in range(12):
            draw.rectangle((150, 200 + 60 * row, 1000, 225 + 60 * row), fill="black")
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def reading(data: bytes) -> OcrResult:
    """What an OCR gives: boxes in the pixels of the picture that it was handed."""
    with Image.open(io.BytesIO(data)) as image:
        k = image.width / 1240
    rows = ["Log of the light", "Wind from the west all night, and", "the lamp was trimmed at three."]
    lines = [
        OcrLine(row, (150 * k, (200 + 60 * n) * k, 900 * k, (230 + 60 * n) * k), 0.97)
        for n, row in enumerate(rows)
    ]
    return OcrResult("\n".join(rows), lines)


SCANNED = "q 595 0 0 842 0 0 cm /Im1 Do Q\n"


def test_a_scan_is_read_by_ocr_with_boxes(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "scan.pdf", [PageSpec(SCANNED, {"Im1": scan()}, size=(595, 842))])
    elements = read(path, ocr=reading)
    page, *rest = elements
    assert page.kind == "picture"
    assert page.picture is not None
    assert page.picture.label == "Page 1"
    assert page.picture.data == scan()
    assert page.picture.ocr.startswith("Log of the light")
    words = " ".join(element.text for element in rest)
    assert words == "Log of the light Wind from the west all night, and the lamp was trimmed at three."
    assert rest[0].bbox is not None
    assert rest[0].bbox[0] == pytest.approx(72, abs=2)
    assert rest[0].bbox[1] == pytest.approx(97, abs=4)


def test_a_scan_without_ocr_keeps_its_picture_and_a_blank_one_nothing(tmp_path: Path) -> None:
    skipped: Counter[str] = Counter()
    pages = [
        PageSpec(SCANNED, {"Im1": scan()}, size=(595, 842)),
        PageSpec(SCANNED, {"Im1": scan(words=False)}, size=(595, 842)),
    ]
    elements = read(write_pdf(tmp_path / "scans.pdf", pages), skip=lambda reason: skipped.update([reason]))
    assert [(element.kind, element.page) for element in elements] == [("picture", 1)]
    assert skipped == {"blank": 1}


def test_a_scan_that_stands_on_its_head_is_read_from_its_top(tmp_path: Path) -> None:
    def turned(data: bytes) -> OcrResult:
        with Image.open(io.BytesIO(data)) as image:
            wide, high = image.size
        upright = reading(data)
        lines = [
            OcrLine(line.text, (wide - x1, high - y1, wide - x0, high - y0), line.confidence)
            for line in upright.lines
            for x0, y0, x1, y1 in [line.bbox]
        ]
        return OcrResult(upright.text, lines)

    path = write_pdf(tmp_path / "head.pdf", [PageSpec(SCANNED, {"Im1": scan()}, size=(595, 842))])
    _, *rest = read(path, ocr=turned)
    assert " ".join(element.text for element in rest).startswith("Log of the light Wind from the west")


def test_the_rows_of_a_table_at_the_edges_of_a_page_are_no_headers_footers(tmp_path: Path) -> None:
    pages = []
    for start in range(0, 150, 50):
        cells = [("No", "Name", "Depth")]
        cells += [(str(n), f"berth{n}", str(3 * n + 5)) for n in range(start, start + 50)]
        pages.append(
            PageSpec(
                "".join(
                    text(72 + 150 * column, 750 - 14 * line, cell)
                    for line, row in enumerate(cells)
                    for column, cell in enumerate(row)
                )
            )
        )
    elements = read(write_pdf(tmp_path / "list.pdf", pages))
    words = "\n".join(element.text for element in elements)
    assert [n for n in range(150) if f"berth{n} " not in words] == []
    assert words.count("| No | Name | Depth |") == 3
    assert not [element for element in elements if "page_label" in element.metadata]


def test_a_watermark_is_no_heading(tmp_path: Path) -> None:
    mark = "BT /F2 60 Tf 0.7 0.7 -0.7 0.7 150 250 Tm (SPECIMEN) Tj ET\n"
    pages = [PageSpec(mark + lines(72, 700, [f"Part {n} of the log.", *PROSE])) for n in range(3)]
    elements = read(write_pdf(tmp_path / "marked.pdf", pages))
    assert {element.kind for element in elements} == {"paragraph"}
    assert "SPECIMEN" not in " ".join(element.text for element in elements)
    alone = read(write_pdf(tmp_path / "alone.pdf", [PageSpec(mark)]))
    assert [element.text for element in alone] == ["SPECIMEN"]


def test_pages_are_pictured_when_asked(tmp_path: Path) -> None:
    path = write_pdf(
        tmp_path / "two.pdf", [PageSpec(lines(72, 700, PROSE)), PageSpec(lines(72, 700, PROSE[::-1]))]
    )
    pictures = of_kind(read(path, pages=True), "picture")
    assert [element.picture.label for element in pictures if element.picture] == ["Page 1", "Page 2"]
    assert not of_kind(read(path), "picture")


def test_form_fields_notes_and_links(tmp_path: Path) -> None:
    page = PageSpec(
        text(72, 700, "Name of the vessel") + text(72, 640, "See the register of ships for more."),
        annots=["100 0 R", "101 0 R", "102 0 R", "103 0 R"],
    )
    more = [
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (vessel) /TU (Name of the vessel) /V (Ariel) "
        "/Rect [200 695 400 712] /DA (/F1 10 Tf) >>",
        "<< /Type /Annot /Subtype /Widget /FT /Btn /T (insured) /V /Yes /AS /Yes /Rect [200 670 212 682] "
        "/AP << /N << /Yes 104 0 R /Off 104 0 R >> >> >>",
        "<< /Type /Annot /Subtype /Text /Contents (Ask the harbour master) /T (Ines) /Rect [420 690 440 710] >>",
        "<< /Type /Annot /Subtype /Link /Rect [72 636 260 652] /A << /S /URI /URI (https://example.org/ships) >> >>",
        "<< /Type /XObject /Subtype /Form /BBox [0 0 12 12] /Length 0 >>\nstream\n\nendstream",
    ]
    catalog = "/AcroForm << /Fields [100 0 R 101 0 R] /DR << /Font << /F1 11 0 R >> >> >>"
    elements = read(write_pdf(tmp_path / "form.pdf", [page], catalog=catalog, more=more))
    form = next(element for element in elements if element.metadata.get("form"))
    assert form.text.splitlines() == ["Name of the vessel: Ariel", "insured: yes"]
    assert of_kind(elements, "note")[0].text == "Ines: Ask the harbour master"
    linked = next(element for element in elements if "register of ships" in element.text)
    assert linked.metadata["links"] == "https://example.org/ships"


def test_a_filled_in_field_of_a_document_without_a_form_is_read(tmp_path: Path) -> None:
    field = "<< /Type /Annot /Subtype /Widget /FT /Tx /T (ship) /V (Mercator) /Rect [180 695 300 712] /F 4 >>"
    page = PageSpec(text(60, 700, "Name of the ship:"), annots=[field])
    assert any("Mercator" in element.text for element in read(write_pdf(tmp_path / "orphan.pdf", [page])))


def test_a_listing_keeps_its_lines(tmp_path: Path) -> None:
    code = ["def tide(hour):", "    if hour > 12:", "        return 3.1", "    return 0.4"]
    content = lines(72, 720, PROSE) + lines(72, 640, code, font="F3", size=9, step=11)
    element = of_kind(read(write_pdf(tmp_path / "code.pdf", [PageSpec(content)])), "code")[0]
    assert element.text.splitlines() == code


def test_a_named_part_is_a_heading_in_plain_type_and_a_bullet_begins_a_list(tmp_path: Path) -> None:
    content = (
        text(72, 740, "Unit 14: Reading the Tide Gauge")
        + lines(72, 700, PROSE)
        + text(72, 640, "Tasks of the keeper:")
        + text(72, 626, "\u2022")
        + text(84, 626, "Read the gauge every hour")
        + text(72, 612, "\u2022")
        + text(84, 612, "Write the figures down")
        + text(72, 560, "Unit 14 has been changed since, and")
        + text(72, 547, "nobody has told the keeper of it yet.")
    )
    elements = read(write_pdf(tmp_path / "units.pdf", [PageSpec(content)]))
    assert [(element.kind, element.text[:20]) for element in elements] == [
        ("heading", "Unit 14: Reading the"),
        ("paragraph", "The tide gauge at th"),
        ("paragraph", "Tasks of the keeper:"),
        ("list", "\u2022 Read the gauge eve"),
        ("paragraph", "Unit 14 has been cha"),
    ]


def test_a_centred_title_of_several_lines_is_one_heading(tmp_path: Path) -> None:
    content = text(195, 700, "BALANCE OF THE HARBOUR", font="F2") + text(
        176, 682, "(in millions, but for berths and boats)", font="F2"
    )
    content += lines(
        72, 640, ["The harbour holds more than it did a year ago, and owes as much as before."] * 3
    )
    content += text(72, 560, "Berths", font="F2") + text(72, 542, "Berths of the east", font="F2")
    content += lines(72, 520, ["They were let to the boats of the pilots for the whole of the winter."] * 2)
    found = read(write_pdf(tmp_path / "b.pdf", [PageSpec(content)]))
    headings = [element.text for element in found if element.kind == "heading"]
    assert headings == [
        "BALANCE OF THE HARBOUR (in millions, but for berths and boats)",
        "Berths",
        "Berths of the east",
    ]


def test_title_lines_of_one_width_are_one_heading_in_the_middle_of_the_page_alone(tmp_path: Path) -> None:
    content = text(210, 700, "ROPES AND BOATS", font="F2") + text(210, 682, "BOATS AND ROPES", font="F2")
    content += lines(40, 640, ["The harbour holds more than it did a year ago, and owes as much."] * 3)

    def headings(wide: float) -> list[Element]:
        path = write_pdf(tmp_path / f"{wide}.pdf", [PageSpec(content, size=(wide, 792))])
        return [element for element in read(path) if element.kind == "heading"]

    first, second = headings(612)
    assert first.bbox is not None
    (whole,) = headings(first.bbox[0] + first.bbox[2])
    assert whole.text == f"{first.text} {second.text}"


def test_a_line_that_is_all_a_page_says_is_no_running_head(tmp_path: Path) -> None:
    sheets = [PageSpec(text(72, 740, f"Sheet {number} of the survey")) for number in range(1, 8)]
    found = [element.text for element in read(write_pdf(tmp_path / "sheets.pdf", sheets))]
    assert found == [f"Sheet {number} of the survey" for number in range(1, 8)]
    bare = [PageSpec(text(72, 740, f"Page {number}")) for number in range(1, 4)]
    found = [element.text for element in read(write_pdf(tmp_path / "bare.pdf", bare))]
    assert found == ["Page 1", "Page 2", "Page 3"]
    slides = [
        PageSpec(
            text(72, 740, f"Landings, part {number}") + f"q 300 0 0 {180 + number} 72 300 cm /Im1 Do Q\n",
            {"Im1": (200, 120, bytes(range(200)) * 120 * 3)},
        )
        for number in range(1, 6)
    ]
    found = [element.text for element in read(write_pdf(tmp_path / "slides.pdf", slides)) if element.text]
    assert [f"Landings, part {number}" for number in range(1, 6)] == found


def test_a_running_head_on_an_empty_page_is_left_out(tmp_path: Path) -> None:
    heads = [text(72, 760, f"The tide book, page {number}", size=9) for number in range(1, 8)]
    pages = [
        PageSpec(head + ("" if number == 4 else lines(72, 600, PROSE)) + text(300, 30, str(number), size=9))
        for number, head in enumerate(heads, start=1)
    ]
    elements = read(write_pdf(tmp_path / "empty.pdf", pages))
    assert [element.page for element in elements] == [1, 2, 3, 5, 6, 7]
    assert not [element for element in elements if "tide book" in element.text]


def test_a_long_document_stays_in_bounded_memory(tmp_path: Path) -> None:
    pages = [
        PageSpec(
            text(72, 750, "The long book of the sea", size=9)
            + lines(72, 700, [f"Entry {number} of the log, in which", *PROSE])
            + (bar_chart(120, 200) + text(72, 160, f"Figure {number}: Landings.", size=9)) * (number % 8 == 0)
            + text(300, 30, str(number), size=9)
        )
        for number in range(1, 401)
    ]
    path = write_pdf(tmp_path / "long.pdf", pages)
    seen: Counter[str] = Counter()
    peaks: dict[int, int] = {}
    for element in PdfReader().read(path, ReadOptions()):
        seen[element.kind] += 1
        assert "The long book" not in element.text
        peaks[element.page or 0] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert seen == {"picture": 50, "paragraph": 400}
    assert peaks[400] - peaks[60] < 24 * 1024  # kilobytes


def test_threads_take_turns(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "shared.pdf", [PageSpec(lines(72, 700, PROSE) + bar_chart(120, 300))] * 6)
    whole = [(element.kind, element.text) for element in read(path)]
    results: list[list[tuple[str, str]]] = []
    threads = [
        threading.Thread(target=lambda: results.append([(e.kind, e.text) for e in read(path)]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [whole] * 4


def words_of(texts: list[str], faulty: int = 0, *, unmapped: bool = False) -> list[Word]:
    return [Word(item, (0, 0, 1, 1), 0, Type(10), n, faulty, unmapped) for n, item in enumerate(texts)]


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        ([("\u0623\u064a", 90, 100), ("\u064b\u0636\u0627", 75, 90)], "\u0623\u064a\u0636\u064b\u0627"),
        ([("\u0623\u064a", 90, 100), ("\u064b\u0636\u0627", 70, 85)], "\u0623\u064a \u0636\u064b\u0627"),
        ([("cafe", 0, 20), ("\u0301t", 21, 25)], "cafe \u0301t"),
    ],
    ids=["within an Arabic word", "at the start of one", "not in Latin script"],
)
def test_a_vowel_sign_begins_no_word(parts: list[tuple[str, float, float]], joined: str) -> None:
    words = [Word(item, (x0, 0, x1, 10), 0, Type(10), n, 0) for n, (item, x0, x1) in enumerate(parts)]
    assert join_words(words) == joined


def test_garbled_text_is_told_from_text() -> None:
    text = ["the", "keeper", "of", "the", "light", "wrote", "it", "down", "at", "night"]
    shifted = ["7KH", "NHHSHU", "RI", "WKH", "OLJKW", "ZURWH", "LW", "GRZQ"]
    numbers = ["1,204", "86", "92", "101", "HMS", "kg"]
    assert not unreadable_words(words_of(text * 8))
    assert not unreadable_words(words_of(numbers * 20))
    assert not unreadable_words(words_of(text, unmapped=True))  # codes that are letters all the same
    for garbled in (words_of(shifted * 8), words_of(shifted, unmapped=True), words_of(["ab"] * 10, faulty=5)):
        assert unreadable_words(garbled) == garbled


@pytest.mark.parametrize("cell", ["1,204", "$ 3.5", "(310)", "12%", "—", "n/a", "0.83", "3x", "1998–99"])
def test_numbers_in_cells(cell: str) -> None:
    assert is_numeric(cell)


@pytest.mark.parametrize("cell", ["Ariel", "2 boats", "By 1902", ""])
def test_words_in_cells(cell: str) -> None:
    assert not is_numeric(cell)
