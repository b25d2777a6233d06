"""Office documents in one XML file."""

from __future__ import annotations

import base64
import contextlib

import pytest
from docx_parts import W, text
from sample_files import draw

from xmrag_plugin.errors import ReadError

MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"


def test_a_flat_package(tmp_path, read):
    def part(name: str, inner: str) -> str:
        return f'<pkg:part pkg:name="{name}">{inner}</pkg:part>'

    def links(*entries: tuple[str, str, str]) -> str:
        listed = "".join(f'<Relationship Id="{a}" Type="{REL}/{b}" Target="{c}"/>' for a, b, c in entries)
        return f'<pkg:xmlData><Relationships xmlns="{LINKS}">{listed}</Relationships></pkg:xmlData>'

    shown = (
        '<w:p><w:r><w:drawing><a:blip xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
        f'xmlns:r="{REL}" r:embed="p"/></w:drawing></w:r></w:p>'
    )
    (tmp_path / "a.xml").write_text(
        '<?xml version="1.0"?><?mso-application progid="Word.Document"?>'
        '<pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">'
        + part("/_rels/.rels", links(("r", "officeDocument", "word/document.xml")))
        + part("/word/_rels/document.xml.rels", links(("p", "image", "media/a.png")))
        + part(
            "/word/document.xml",
            f"<pkg:xmlData><w:document {W}><w:body>{text('Flat words.')}{shown}</w:body></w:document></pkg:xmlData>",
        )
        + part("/word/media/a.png", f"<pkg:binaryData>{base64.encodebytes(draw()).decode()}</pkg:binaryData>")
        + "</pkg:package>"
    )
    reading = read(tmp_path / "a.xml")
    assert reading.texts("paragraph") == ["Flat words."]
    assert [picture.data for picture in reading.pictures()] == [draw()]
    assert reading.warnings == []


def test_a_document_of_word_2003(tmp_path, read):
    old = "http://schemas.microsoft.com/office/word/2003/wordml"
    (tmp_path / "a.doc").write_text(
        f'<?xml version="1.0"?><w:wordDocument xmlns:w="{old}" xmlns:wx="urn:wx" xmlns:v="urn:schemas-microsoft-com:vml">'
        '<w:styles><w:style w:type="paragraph" w:styleId="B"><w:name w:val="heading 1"/></w:style></w:styles><w:body><wx:sect>'
        '<w:p><w:pPr><w:pStyle w:val="B"/></w:pPr><w:r><w:t>Winch</w:t></w:r></w:p>'
        '<w:p><w:pPr><w:listPr><wx:t wx:val="2."/></w:listPr></w:pPr><w:r><w:t>Pull.</w:t></w:r></w:p>'
        f'<w:p><w:r><w:pict><w:binData w:name="wordml://1.png">{base64.b64encode(draw()).decode()}</w:binData>'
        '<v:shape><v:imagedata src="wordml://1.png"/></v:shape></w:pict></w:r></w:p></wx:sect></w:body></w:wordDocument>'
    )
    reading = read(tmp_path / "a.doc")
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "Winch"),
        ("paragraph", "2. Pull."),
        ("picture", ""),
    ]
    assert reading.pictures()[0].data == draw()


SHEETS = '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:s="urn:schemas-microsoft-com:office:spreadsheet">{}</Workbook>'


def test_a_workbook_of_excel_2003(tmp_path, read):
    def row(*cells: tuple[str, str]) -> str:
        return f"<Row>{''.join(f'<Cell {more}><Data>{words}</Data></Cell>' for words, more in cells)}</Row>"

    rows = (
        row(("Route", 's:MergeDown="1"'), ("Fares", 's:MergeAcross="1"'))
        + row(("Spring", ""), ("Autumn", ""))
        + row(("North", ""), ("16", 's:Index="3"'))
    )
    (tmp_path / "a.xls").write_text(
        SHEETS.format(f'<Worksheet s:Name="Fees"><Table>{rows}</Table></Worksheet><Worksheet/>')
    )
    reading = read(tmp_path / "a.xls")
    assert [(e.kind, e.text, e.page) for e in reading.elements] == [
        ("heading", "Fees", 1),
        (
            "table",
            "| Route | Fares |  |\n| --- | --- | --- |\n| Route | Spring | Autumn |\n| North |  | 16 |",
            1,
        ),
    ]


@pytest.mark.parametrize(
    "inner",
    [
        '<Worksheet><Table><Row s:Index="999999999"><Cell s:Index="999999999" s:MergeDown="999999999"><Data>x</Data></Cell></Row></Table></Worksheet>',
        "<Worksheet><Table>" + "<Row><Cell>" * 3000,
        "",
    ],
)
def test_workbooks_beyond_reason(tmp_path, read, inner):
    (tmp_path / "a.xls").write_text(SHEETS.format(inner))
    with contextlib.suppress(ReadError):
        assert len(read(tmp_path / "a.xls").elements) < 10
