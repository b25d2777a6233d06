from __future__ import annotations

import zipfile

import pytest
from sample_files import draw
from sample_files import xlsx as write_sample

from xmrag_plugin.errors import SourceTooLarge
from xmrag_plugin.readers.archives import parse_xml
from xmrag_plugin.readers.data.grids import elements_of_rows, regions_of
from xmrag_plugin.readers.office.ooxml.number_formats import NumberFormats


def test_sheets_as_they_look(tmp_path, read):
    reading = read(write_sample(tmp_path))
    assert [(e.kind, e.text) for e in reading.elements if e.picture is None] == [
        ("heading", "Depths"),
        (
            "table",
            "| Port | Depth | Share | Seen |\n| --- | --- | --- | --- |\n| Brest | 12.5 | 25% | 2024-05-01 |\n"
            "| The crane lifts forty tonnes | 8 | 50% |  |",
        ),
        ("table", "| Second table | x |\n| --- | --- |\n| y | z |"),
        ("note", "Comment on A1 by Ann: Check the ports."),
    ]
    chart, photo = reading.pictures()
    assert chart.caption.endswith("(line chart)")
    assert photo.mime == "image/png"
    assert {e.page for e in reading.elements} == {1}


def test_a_formula_that_was_never_calculated_is_shown(tmp_path, read):
    from openpyxl import Workbook

    book = Workbook()
    for row in (["Port", "Depth"], ["Brest", 12], ["Sum", "=SUM(B2:B2)"]):
        book.active.append(row)
    path = tmp_path / "sum.xlsx"
    book.save(path)
    assert "| Sum | =SUM(B2:B2) |" in read(path).words()


def test_regions():
    cells = {(1, 1): "a", (1, 2): "b", (2, 1): "c", (4, 1): "d", (1, 6): "x", (1, 7): "y", (2, 6): "z"}
    assert [region.rows for region in regions_of(cells)] == [
        [["a", "b"], ["c", ""]],
        [["x", "y"], ["z", ""]],
        [["d"]],
    ]


def test_an_empty_column_may_only_space_a_table_out():
    cells = {(row, column): f"{row}{column}" for row in (1, 2, 3) for column in (1, 3, 5)}
    assert [region.rows for region in regions_of(cells)] == [
        [["11", "13", "15"], ["21", "23", "25"], ["31", "33", "35"]]
    ]


def test_long_tables_come_in_parts_with_their_head():
    rows = [["n", "square"], *([str(n), str(n * n)] for n in range(450))]
    parts = list(elements_of_rows(rows))
    assert [part.text.count("\n") + 1 for part in parts] == [202, 202, 52]
    assert all(part.text.startswith("| n | square |\n| --- | --- |\n") for part in parts)


def test_number_formats():
    from lxml import etree

    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    codes = ["General", "0.00%", "#,##0.00 [$€-407]", "dd/mm/yyyy hh:mm", "[h]:mm", '"x"0', "mmm-yy"]
    custom = "".join(
        f'<numFmt numFmtId="{200 + n}" formatCode="{c.replace(chr(34), "&quot;")}"/>'
        for n, c in enumerate(codes)
    )
    used = "".join(f'<xf numFmtId="{200 + n}"/>' for n in range(len(codes)))
    formats = NumberFormats(
        etree.fromstring(
            f'<styleSheet xmlns="{space}"><numFmts>{custom}</numFmts><cellXfs>{used}</cellXfs></styleSheet>'
        )
    )
    assert formats.write("0.1", 0) == "0.1"
    assert formats.write("3", 0) == "3"
    assert formats.write("0.30000000000000004", 0) == "0.3"
    assert formats.write("0.1234", 1) == "12.34%"
    assert formats.write("1234.5", 2) == "1234.50 €"
    assert formats.write("45413.75", 3) == "2024-05-01 18:00"
    assert formats.write("1.5", 4) == "36:00:00"
    assert formats.write("45413", 6) == "2024-05-01"
    assert formats.write("words", 1) == "words"


REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def write_workbook(path, rows: str, parts: dict[str, bytes | str]):
    """A workbook of one sheet, with further parts as given."""
    links = "http://schemas.openxmlformats.org/package/2006/relationships"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{links}"><Relationship Id="r" Type="{REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{SHEET}" xmlns:r="{REL}"><sheets><sheet name="Stock" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{links}"><Relationship Id="r1" Type="{REL}/worksheet" Target="worksheets/s.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/worksheets/s.xml", f'<worksheet xmlns="{SHEET}"><sheetData>{rows}</sheetData></worksheet>'
        )
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def words(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def test_pictures_placed_in_cells_and_rich_values(tmp_path, read):
    rich = "http://schemas.microsoft.com/office/spreadsheetml/2017/richdata"
    rows = (
        f"<row>{words('A1', 'Article')}{words('B1', 'Photo')}{words('C1', 'Maker')}</row>"
        f'<row>{words("A2", "Lantern")}<c r="B2" t="e" vm="1"><v>#VALUE!</v></c><c r="C2" t="e" vm="2"><v>#VALUE!</v></c></row>'
        f'<row>{words("A3", "Compass")}<c r="B3" t="str"><f>_xlfn.DISPIMG("ID_7",1)</f><v>=DISPIMG("ID_7",1)</v></c>'
        f"{words('C3', 'Odd')}</row>"
    )
    block = f'<bk><extLst><ext><x:rvb xmlns:x="{rich}" i="{{}}"/></ext></extLst></bk>'
    links = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="{}/image" Target="{}"/></Relationships>'
    a = "http://schemas.openxmlformats.org/drawingml/2006/main"
    parts = {
        "xl/metadata.xml": f'<metadata xmlns="{SHEET}"><metadataTypes><metadataType name="XLRICHVALUE"/></metadataTypes>'
        f'<futureMetadata name="XLRICHVALUE">{block.format(0)}{block.format(1)}</futureMetadata>'
        '<valueMetadata><bk><rc t="1" v="0"/></bk><bk><rc t="1" v="1"/></bk></valueMetadata></metadata>',
        "xl/richData/rdrichvalue.xml": f'<rvData xmlns="{rich}"><rv s="0"><v>0</v><v>5</v></rv><rv s="1"><v>Nordlys Ltd</v></rv></rvData>',
        "xl/richData/rdrichvaluestructure.xml": f'<rvStructures xmlns="{rich}"><s t="_localImage"><k n="_rvRel:LocalImageIdentifier"/>'
        '<k n="CalcOrigin"/></s><s t="_entity"><k n="_DisplayString" t="s"/></s></rvStructures>',
        "xl/richData/richValueRel.xml": f'<richValueRels xmlns="{rich}" xmlns:r="{REL}"><rel r:id="rId1"/></richValueRels>',
        "xl/richData/_rels/richValueRel.xml.rels": links.format(REL, "../media/a.png"),
        "xl/cellimages.xml": f'<e:cellImages xmlns:e="urn:wps" xmlns:a="{a}" xmlns:r="{REL}" xmlns:d="urn:d"><e:cellImage><d:pic>'
        '<d:cNvPr name="ID_7" descr="A compass"/><a:blip r:embed="rId1"/></d:pic></e:cellImage></e:cellImages>',
        "xl/_rels/cellimages.xml.rels": links.format(REL, "media/b.png"),
        "xl/media/a.png": draw(),
        "xl/media/b.png": draw(130, 90),
    }
    reading = read(write_workbook(tmp_path / "a.xlsx", rows, parts))
    assert reading.texts("table") == [
        "| Article | Photo | Maker |\n| --- | --- | --- |\n| Lantern |  | Nordlys Ltd |\n| Compass |  | Odd |"
    ]
    assert [(picture.caption, picture.alt) for picture in reading.pictures()] == [
        ("Photo: Lantern, Nordlys Ltd", ""),
        ("Photo: Compass, Odd", "A compass"),
    ]
    assert reading.warnings == []


def test_sheets_beyond_reason(tmp_path, read):
    with pytest.raises(SourceTooLarge, match="repetitions"):
        read(write_workbook(tmp_path / "a.xlsx", "<row><c><v>1</v></c></row>" * 900_000, {}))


def test_raised_text_in_cells(tmp_path, read):
    rich = "<r><t>m</t></r><r><rPr><vertAlign val='superscript'/></rPr><t>2</t></r>"
    rows = f"<row>{words('A1', 'Area')}<c r='B1' t='inlineStr'><is>{rich}</is></c></row>"
    assert read(write_workbook(tmp_path / "a.xlsx", rows, {})).texts("table") == [
        "| Area | m^2 |\n| --- | --- |"
    ]


def test_words_next_to_a_picture_are_its_caption(tmp_path, read):
    openpyxl = pytest.importorskip("openpyxl")
    from openpyxl.drawing.image import Image as SheetImage

    book = openpyxl.Workbook()
    sheet = book.active
    sheet["B1"] = "The blue winch"
    sheet.oddHeader.center.text = "Harbour office"
    sheet.oddFooter.right.text = "Page &P of &N"
    sheet["H12"] = "Figure 2: The red crane"
    for place, size in (("B2", (200, 150)), ("H3", (210, 150))):
        path = tmp_path / f"{place}.png"
        path.write_bytes(draw(*size))
        sheet.add_image(SheetImage(str(path)), place)
    book.save(tmp_path / "a.xlsx")
    reading = read(tmp_path / "a.xlsx")
    assert [picture.caption for picture in reading.pictures()] == [
        "The blue winch",
        "Figure 2: The red crane",
    ]
    assert "The blue winch" in reading.words()
    assert "The red crane" not in reading.words()
    assert reading.texts("note") == ["Harbour office"]


def test_places_and_formats_without_places(tmp_path, read):
    from openpyxl import Workbook

    book = Workbook()
    for row in (["zip", "none", "share"], [1234, 5, 7]):
        book.active.append(row)
    for place, code in (("A2", "00000"), ("B2", ";;;"), ("C2", "0.00")):
        book.active[place].number_format = code
    book.save(tmp_path / "a.xlsx")
    assert "| 01234 |  | 7.00 |" in read(tmp_path / "a.xlsx").words()


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ('[=1]"Yes";[=0]"No"', "1", "Yes"),
        ('[=1]"Yes";[=0]"No"', "0", "No"),
        ('[=1]"Yes";[=0]"No"', "2", "2"),
        ('"up";"down";"flat"', "-3", "down"),
        ('0;-0;"none"', "0", "none"),
        ('_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)', "0", "-"),
        ('0.0,,"M"', "12345678", "12.3 M"),
        ('[>=1000]0.0,"k";0', "2500", "2.5 k"),
        ("#,##0.00;(#,##0.00)", "-1234.5", "-1234.50"),
        ("[Red]-0.0", "-2", "-2.0"),
        ('"a;b"0', "4", "a;b4"),
        ('"Q"0', "3", "Q3"),
        ("0", "12.5", "13"),
        ("0.00", "0.125", "0.13"),
        ("# ?/?", "1.25", "1 1/4"),
        ("?/8", "-0.5", "-4/8"),
        ("# ??/??", "3", "3"),
        ("(###) ###-####", "5551234567", "(555) 123-4567"),
        ("000-00-0000", "12345678", "012-34-5678"),
        ("0;;", "-1", ""),
        ("0" + "[<" * 100_000, "7", "7"),
    ],
)
def test_a_number_is_shown_in_the_part_of_its_format_that_it_falls_to(code, value, shown):
    quoted = code.replace("&", "&amp;").replace(">", "&gt;").replace("<", "&lt;").replace('"', "&quot;")
    styles = (
        '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts>'
        f'<numFmt numFmtId="200" formatCode="{quoted}"/></numFmts><cellXfs><xf numFmtId="200"/></cellXfs></styleSheet>'
    )
    assert NumberFormats(parse_xml(styles.encode(), "styles")).write(value, 0) == shown


def test_pictures_of_a_group_on_a_sheet_have_their_own_descriptions(tmp_path, read):
    a, xdr = (
        f"http://schemas.openxmlformats.org/drawingml/2006/{name}" for name in ("main", "spreadsheetDrawing")
    )
    shown = "".join(
        f'<x:pic><x:nvPicPr><x:cNvPr id="2" name="P" descr="{words}"/></x:nvPicPr><x:blipFill><a:blip r:embed="{name}"/></x:blipFill></x:pic>'
        for name, words in (("a", "bow"), ("b", "stern"))
    )
    start = "<x:from><x:col>4</x:col><x:row>3</x:row></x:from><x:to><x:col>9</x:col><x:row>12</x:row></x:to>"
    links = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
    link = f'<Relationship Id="{{}}" Type="{REL}/{{}}" Target="{{}}"/>'
    parts = {
        "xl/worksheets/_rels/s.xml.rels": links.format(link.format("d", "drawing", "../d.xml")),
        "xl/d.xml": f'<x:wsDr xmlns:x="{xdr}" xmlns:a="{a}" xmlns:r="{REL}"><x:twoCellAnchor>{start}<x:grpSp>{shown}</x:grpSp></x:twoCellAnchor></x:wsDr>',
        "xl/_rels/d.xml.rels": links.format(
            link.format("a", "image", "a.png") + link.format("b", "image", "b.png")
        ),
        "xl/a.png": draw(),
        "xl/b.png": draw(130, 90),
    }
    reading = read(
        write_workbook(tmp_path / "a.xlsx", f"<row>{words('A1', 'x')}{words('B1', 'y')}</row>", parts)
    )
    assert [picture.alt for picture in reading.pictures()] == ["bow", "stern"]


def test_an_empty_column_after_the_first_may_only_space_a_table_out():
    cells = {(row, column): f"{row}{column}" for row in (3, 4, 5) for column in (1, 3, 4)} | {(1, 1): "Title"}
    assert [region.rows for region in regions_of(cells)] == [
        [["Title"]],
        [["31", "33", "34"], ["41", "43", "44"], ["51", "53", "54"]],
    ]


def test_a_declared_table_is_one_and_tall_pictures_stand_in_their_merged_cells(tmp_path, read):
    from io import BytesIO

    from openpyxl import Workbook
    from openpyxl.drawing.image import Image as SheetImage
    from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, TwoCellAnchor
    from openpyxl.worksheet.table import Table

    book = Workbook()
    sheet = book.active
    for row in (["Berth", "Fee"], ["North", 19], [], ["South", 29]):
        sheet.append(row)
    sheet.add_table(Table(displayName="Fees", ref="A1:B900"))
    sheet["D1"], sheet["D2"] = "Apart", "x"
    photos = book.create_sheet("Photos")
    photos.append(["Name", "Photo"])
    for number, name in enumerate(("Shackle", "Swivel")):
        top = 2 + 4 * number
        photos.cell(top, 1, name)
        for column in (1, 2):
            photos.merge_cells(start_row=top, end_row=top + 3, start_column=column, end_column=column)
        picture = SheetImage(BytesIO(draw(120 + number, 90)))
        picture.anchor = TwoCellAnchor(
            _from=AnchorMarker(col=1, row=top - 1), to=AnchorMarker(col=2, row=top + 2)
        )
        photos.add_image(picture)
    book.save(tmp_path / "a.xlsx")
    reading = read(tmp_path / "a.xlsx")
    assert reading.texts("table")[0] == "| Berth | Fee |\n| --- | --- |\n| North | 19 |\n| South | 29 |"
    assert "Apart\nx" in reading.words()
    assert [picture.caption for picture in reading.pictures()] == ["Photo: Shackle", "Photo: Swivel"]


def test_a_title_over_rows_that_are_not_kept_and_codes_of_margins(tmp_path, read):
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet["A1"], sheet["A6"], sheet["B6"], sheet["A7"], sheet["B7"] = "Title", "Port", "Fee", "Brest", 19
    sheet.merge_cells("A1:E5")
    sheet.oddHeader.center.text = "&K04+000Rope && chain&KFF0000 kept"
    book.save(tmp_path / "a.xlsx")
    reading = read(tmp_path / "a.xlsx")
    [table] = reading.texts("table")
    assert table.endswith("| Port | Fee |\n| --- | --- |\n| Brest | 19 |")
    assert reading.words().count("Title") == 1
    assert reading.texts("note") == ["Rope&chain kept"]
