"""What a document hides is left out and named in one warning, or read where that is asked for."""

from __future__ import annotations

from sample_files import write_odf


def workbook(path):
    from openpyxl import Workbook
    from openpyxl.comments import Comment

    book = Workbook()
    sheet = book.active
    sheet.title = "Depths"
    for row in (
        ["Port", "Secret", "Depth"],
        ["Brest", "a", 12],
        ["Hidden row", "b", 1],
        ["Cork", "c", 9],
        ["Lund", "d", 7],
    ):
        sheet.append(row)
    sheet["A3"].comment = Comment("hidden remark", "Ann")
    sheet["A4"].comment = Comment("Seen remark", "Ann")
    sheet.row_dimensions[3].hidden = True
    sheet.column_dimensions["B"].hidden = True
    sheet.row_dimensions[99].hidden = True  # empty: nothing is lost
    book.create_sheet("Lists").append(["Hidden sheet", 5])
    book["Lists"].sheet_state = "hidden"
    book.create_sheet("Keys").append(["Very hidden", 6])
    book["Keys"].sheet_state = "veryHidden"
    filtered = book.create_sheet("Filtered")
    for row in (["Ship", "Tons"], ["Ada", 1], ["Filtered out", 2], ["Bea", 3]):
        filtered.append(row)
    filtered.auto_filter.ref = "A1:B4"
    filtered.auto_filter.add_filter_column(0, ["Ada", "Bea"])
    filtered.row_dimensions[3].hidden = True
    outline = book.create_sheet("Outline")
    for row in (["Year", "Sum"], ["Grouped", 2], ["2024", 3]):
        outline.append(row)
    outline.row_dimensions.group(2, 2, hidden=True)
    book.save(path)
    return path


def test_rows_columns_and_sheets_of_a_workbook(tmp_path, read):
    path = workbook(tmp_path / "book.xlsx")
    reading = read(path)
    assert [e.text for e in reading.elements if e.page == 1] == [
        "Depths",
        "| Port | Depth |\n| --- | --- |\n| Brest | 12 |\n| Cork | 9 |\n| Lund | 7 |",
        "Comment on A4 by Ann: Seen remark",
    ]
    words = reading.words()
    assert not [gone for gone in ("Hidden", "hidden", "Secret", "Very") if gone in words]
    assert "Filtered out" in words  # the filter's button shows it,
    assert "Grouped" in words  # and so does that of the outline
    [(message, hint)] = reading.warnings
    assert message == (
        "book.xlsx: hidden parts were not read: row 3 and column B of 'Depths', the sheet 'Lists', the sheet 'Keys'."
    )
    assert "--hidden" in hint
    whole = read(path, hidden=True)
    assert whole.warnings == []
    for words in ("| Hidden row | b | 1 |", "Hidden sheet", "Very hidden", "hidden remark"):
        assert words in whole.words()


def test_slides(tmp_path, read):
    from pptx import Presentation

    deck = Presentation()
    for title in ("Harbour", "Draft", "Tides"):
        deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = title
    deck.slides[1]._element.set("show", "0")
    deck.save(tmp_path / "deck.pptx")
    reading = read(tmp_path / "deck.pptx")
    assert [(e.text, e.page) for e in reading.elements] == [("Harbour", 1), ("Tides", 3)]
    assert [message for message, _ in reading.warnings] == [
        "deck.pptx: hidden parts were not read: slide 2 (Draft)."
    ]
    assert "Draft" in read(tmp_path / "deck.pptx", hidden=True).words()


def test_sheets_rows_and_slides_of_opendocument(tmp_path, read):
    def row(*words: str, more: str = "") -> str:
        cells = "".join(f"<table:table-cell><text:p>{word}</text:p></table:table-cell>" for word in words)
        return f"<table:table-row{more}>{cells}</table:table-row>"

    hidden = ' table:visibility="collapse"'
    styles = (
        '<style:style style:name="gone" style:family="table"><style:table-properties table:display="false"/></style:style>'
        '<style:style style:name="skip" style:family="drawing-page">'
        '<style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    )
    body = (
        f'<table:table table:name="Depths"><table:table-column/><table:table-column{hidden}/><table:table-column/>'
        f"{row('Port', 'SECRET', 'Depth')}{row('Brest', 'SECRET', '12')}{row('SECRET', 'x', 'y', more=hidden)}"
        f"{row('Cork', 'SECRET', '9')}<table:table-row-group>{row('Grouped', 'SECRET', '1', more=hidden)}"
        "</table:table-row-group></table:table>"
        f'<table:table table:name="Lists" table:style-name="gone">{row("SECRET", "1")}</table:table>'
    )
    path = write_odf(tmp_path / "book.ods", "spreadsheet", body, styles=styles)
    reading = read(path)
    assert reading.elements[1].text == (
        "| Port | Depth |\n| --- | --- |\n| Brest | 12 |\n| Cork | 9 |\n| Grouped | 1 |"
    )
    assert "SECRET" not in reading.words()
    assert [message for message, _ in reading.warnings] == [
        "book.ods: hidden parts were not read: row 3 and column B of 'Depths', the sheet 'Lists'."
    ]
    assert read(path, hidden=True).words().count("SECRET") == 6
    deck = "".join(
        f'<draw:page draw:name="p" draw:style-name="{style}"><draw:frame presentation:class="title"><draw:text-box>'
        f"<text:p>{title}</text:p></draw:text-box></draw:frame></draw:page>"
        for title, style in (("Harbour", ""), ("Draft", "skip"))
    )
    reading = read(write_odf(tmp_path / "deck.odp", "presentation", deck, styles=styles))
    assert [e.text for e in reading.elements] == ["Harbour"]
    assert "slide 2" in reading.warnings[0][0]


def test_white_words_on_white_cells(tmp_path, read):
    from openpyxl import Workbook
    from openpyxl.styles import Font, PatternFill

    book = Workbook()
    sheet = book.active
    for row in (["Name", "Fee"], ["Ann", 12], ["GONE", 4711], ["Bob", 13]):
        sheet.append(row)
    white, dark = Font(color="FFFFFFFF"), PatternFill("solid", fgColor="FF203864")
    for cell in (*sheet[1], *sheet[3]):
        cell.font = white
    for cell in sheet[1]:
        cell.fill = dark
    book.save(tmp_path / "a.xlsx")
    [table] = read(tmp_path / "a.xlsx").texts("table")
    assert table == "| Name | Fee |\n| --- | --- |\n| Ann | 12 |\n| Bob | 13 |"
