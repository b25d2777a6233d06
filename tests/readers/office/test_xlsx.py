from __future__ import annotations

from sample_files import xlsx as write_sample

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
