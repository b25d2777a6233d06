"""Titles in the first rows of tables, in every kind of document."""

from __future__ import annotations

from pathlib import Path

import pytest

from xmrag_plugin.readers.markup.parse import title_of_table
from xmrag_plugin.types import Key

ROWS = (
    ("Fees of berths 2031", "", ""),
    ("Berth", "Fee", "Note"),
    ("North", "19", "net"),
    ("South", "29", ""),
)
TABLE = "| Berth | Fee | Note |\n| --- | --- | --- |\n| North | 19 | net |\n| South | 29 |  |"


def html(folder: Path) -> Path:
    title, *rows = ROWS
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    (folder / "a.html").write_text(f"<table><tr><td colspan=3>{title[0]}</td></tr>{lines}</table>")
    return folder / "a.html"


def docx(folder: Path) -> Path:
    from docx import Document

    document = Document()
    table = document.add_table(len(ROWS), 3)
    for line, row in zip(table.rows, ROWS, strict=True):
        for cell, words in zip(line.cells, row, strict=True):
            cell.text = words
    table.rows[0].cells[0].merge(table.rows[0].cells[2])
    document.save(str(folder / "a.docx"))
    return folder / "a.docx"


def pptx(folder: Path) -> Path:
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    table = slide.shapes.add_table(len(ROWS), 3, Inches(1), Inches(1), Inches(6), Inches(2)).table
    for row, words in enumerate(ROWS):
        for column, said in enumerate(words):
            table.cell(row, column).text = said
    table.cell(0, 0).merge(table.cell(0, 2))
    deck.save(str(folder / "a.pptx"))
    return folder / "a.pptx"


def xlsx(folder: Path) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    for row in ROWS:
        book.active.append(row)
    book.active.merge_cells("A1:C1")
    book.save(folder / "a.xlsx")
    return folder / "a.xlsx"


@pytest.mark.parametrize("write", [html, docx, pptx, xlsx])
def test_a_title_row_is_the_caption_and_the_next_row_the_head(tmp_path, read, write):
    [table] = [element for element in read(write(tmp_path)).elements if element.kind == "table"]
    assert table.text == f"Fees of berths 2031\n\n{TABLE}"
    assert table.metadata[Key.CAPTION] == "Fees of berths 2031"


def test_a_title_row_of_a_csv_file_is_a_paragraph(tmp_path, read):
    (tmp_path / "a.csv").write_text("\n".join(",".join(row) for row in ROWS))
    reading = read(tmp_path / "a.csv")
    assert (reading.texts("paragraph"), reading.texts("table")) == (["Fees of berths 2031"], [TABLE])


def test_a_caption_comes_before_the_title_and_pictures_are_named_by_the_head(tmp_path, read, png):
    (tmp_path / "a.png").write_bytes(png)
    (tmp_path / "a.html").write_text(
        "<p>Table 3: Stock</p><table><tr><td colspan=3>Parts</td></tr><tr><th>Name</th><th>Photo</th><th>Price</th></tr>"
        '<tr><td>Shackle</td><td><img src="a.png"></td><td>19</td></tr></table>'
    )
    reading = read(tmp_path / "a.html")
    assert reading.texts("table") == [
        "Table 3: Stock\n\nParts\n\n| Name | Photo | Price |\n| --- | --- | --- |\n| Shackle |  | 19 |"
    ]
    assert [picture.caption for picture in reading.pictures()] == ["Photo: Shackle, 19"]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([], ("", 0)),
        ([["a"]], ("", 0)),
        ([["Name", ""], ["Ivar", "x"], ["b", "c"]], ("", 0)),
        ([["", "Fares", "Fares"], ["a", "b", "c"], ["1", "2", "3"]], ("", 0)),
        ([["Title", "", ""], ["a", "b", "c"]], ("", 0)),
        ([["Title", "", ""], ["in EUR", "", ""], ["a", "b", "c"], ["1", "2", "3"]], ("Title\nin EUR", 2)),
        ([["Title", "", ""], ["", "", ""], ["a", "b", "c"], ["1", "2", "3"]], ("Title", 2)),
        ([["t", "", ""]] * 4 + [["a", "b", "c"], ["1", "2", "3"]], ("", 0)),
    ],
)
def test_rows_that_say_one_thing_only_are_titles(rows, found):
    assert title_of_table(rows) == found


def test_pictures_laid_over_a_table_or_filling_its_cells_say_their_rows(tmp_path, read):
    import io

    from lxml import etree
    from pptx import Presentation
    from pptx.util import Inches
    from sample_files import draw

    a, r = (
        f"http://schemas.openxmlformats.org/{name}"
        for name in ("drawingml/2006/main", "officeDocument/2006/relationships")
    )
    deck = Presentation()
    for filling in (True, False):
        slide = deck.slides.add_slide(deck.slide_layouts[6])
        table = slide.shapes.add_table(3, 2, Inches(1), Inches(1), Inches(6), Inches(4)).table
        for place, height in enumerate((0.5, 2.5, 1.0)):
            table.rows[place].height = Inches(height)
        for place, words in enumerate(("Part", "Photo", "Shackle", "", "Swivel", "")):
            table.cell(place // 2, place % 2).text = words
        for row, top in ((1, 1.6), (2, 4.05)):
            data = io.BytesIO(draw(120 + row, 90 + filling))
            if filling:
                _, name = slide.part.get_or_add_image_part(data)
                fill = f'<a:blipFill xmlns:a="{a}" xmlns:r="{r}"><a:blip r:embed="{name}"/></a:blipFill>'
                table.cell(row, 1)._tc.get_or_add_tcPr().append(etree.fromstring(fill))
            else:
                slide.shapes.add_picture(data, Inches(4.5), Inches(top), Inches(1), Inches(0.8))
        slide.shapes.add_picture(io.BytesIO(draw(150, 90)), Inches(8), Inches(6), Inches(1), Inches(1))
    deck.save(str(tmp_path / "a.pptx"))
    reading = read(tmp_path / "a.pptx")
    captions = [picture.caption for picture in reading.pictures()]
    assert captions == ["Photo: Shackle", "Photo: Swivel", ""] * 2
    assert [e.metadata["cites"].count("picture") for e in reading.elements if e.kind == "table"] == [2, 2]
    assert reading.warnings == []


def test_pictures_over_a_table_of_opendocument(tmp_path, read):
    from sample_files import draw, write_odf

    def frame(y: float, height: float, inner: str, x: float = 1) -> str:
        return f'<draw:frame svg:x="{x}cm" svg:y="{y}cm" svg:width="{6 if x > 1 else 16}cm" svg:height="{height}cm">{inner}</draw:frame>'

    cells = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    rows = "".join(
        f"<table:table-row>{cells.format(one)}{cells.format(other)}</table:table-row>"
        for one, other in (("Part", "Photo"), ("Shackle", ""), ("Swivel", ""))
    )
    shown = "".join(
        frame(y, 2.6, f'<draw:image xlink:href="Pictures/{name}.png"/>', 10)
        for y, name in ((4.2, "a"), (7.2, "b"))
    )
    body = f"<draw:page>{frame(1, 9, f'<table:table>{rows}</table:table>')}{shown}</draw:page>"
    parts = {"Pictures/a.png": draw(), "Pictures/b.png": draw(130, 90)}
    reading = read(write_odf(tmp_path / "a.odp", "presentation", body, parts=parts))
    assert [picture.caption for picture in reading.pictures()] == ["Photo: Shackle", "Photo: Swivel"]
