from __future__ import annotations

import io
import zipfile

import pytest
from PIL import Image
from sample_files import ODF_SPACES, draw, write_odf

from xmrag_plugin.errors import SourceEncrypted


def test_text_with_lists_notes_tables_and_captions(tmp_path, read):
    body = (
        '<text:p text:style-name="Title">Harbour book</text:p><text:h text:outline-level="2">Cranes</text:h>'
        "<text:p>Lifts<text:s/>loads<text:note><text:note-body><text:p>Forty tonnes.</text:p></text:note-body></text:note>,"
        ' see <text:bookmark-ref text:ref-name="fig1">Figure 1</text:bookmark-ref>.</text:p>'
        '<text:p><draw:frame><draw:text-box><text:p text:style-name="Illustration"><draw:frame><svg:title>a crane</svg:title>'
        '<draw:image xlink:href="Pictures/c.png"/></draw:frame><text:bookmark text:name="fig1"/>Figure 1: Crane</text:p>'
        "</draw:text-box></draw:frame></text:p>"
        '<text:list text:style-name="L1"><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>in</text:p>'
        "</text:list-item></text:list></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell>"
        '<table:table-cell table:number-rows-spanned="2"><text:p>b</text:p></table:table-cell></table:table-row>'
        "<table:table-row><table:table-cell><text:p>c</text:p></table:table-cell><table:covered-table-cell/>"
        "</table:table-row></table:table>"
    )
    reading = read(write_odf(tmp_path / "a.odt", "text", body, parts={"Pictures/c.png": draw()}))
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "Harbour book"),
        ("heading", "Cranes"),
        ("paragraph", "Lifts loads, see Figure 1."),
        ("note", "Forty tonnes."),
        ("picture", ""),
        ("list", "- one\n  - in"),
        ("table", "| a | b |\n| --- | --- |\n| c | b |"),
    ]
    assert reading.pictures()[0].caption == "Figure 1: Crane"
    assert reading.pictures()[0].alt == "a crane"
    assert reading.elements[2].metadata == {"cites": "fig1"}
    assert reading.elements[4].metadata == {"anchor": "fig1"}


def test_sheets_and_charts(tmp_path, read):
    def cell(words: str) -> str:
        return f"<table:table-cell><text:p>{words}</text:p></table:table-cell>"

    rows = "".join(
        f"<table:table-row>{cell(a)}{cell(b)}</table:table-row>"
        for a, b in (("Port", "Depth"), ("Brest", "12"))
    )
    gap = '<table:table-row table:number-rows-repeated="1000"><table:table-cell table:number-columns-repeated="1024"/></table:table-row>'
    chart = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:chart="urn:oasis:names:tc:opendocument:xmlns:chart:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:chart>'
        '<chart:chart chart:class="chart:bar"><chart:title><text:p>Depth by port</text:p></chart:title>'
        f"<table:table>{rows}</table:table></chart:chart></office:chart></office:body></office:document-content>"
    )
    body = (
        f'<table:table table:name="Depths"><table:shapes><draw:frame><draw:object xlink:href="./Object 1"/></draw:frame>'
        f"</table:shapes>{rows}{gap}<table:table-row>{cell('Later')}</table:table-row></table:table>"
    )
    path = write_odf(tmp_path / "a.ods", "spreadsheet", body, parts={"Object 1/content.xml": chart.encode()})
    reading = read(path)
    assert [(e.kind, e.text) for e in reading.elements if e.picture is None] == [
        ("heading", "Depths"),
        ("table", "| Port | Depth |\n| --- | --- |\n| Brest | 12 |"),
        ("paragraph", "Later"),
    ]
    assert reading.pictures()[0].caption == "Depth by port (column chart)"


def test_slides(tmp_path, read):
    page = (
        '<draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>Harbour</text:p></draw:text-box></draw:frame>'
        "<draw:frame><draw:text-box><text:list><text:list-item><text:p>point</text:p></text:list-item></text:list>"
        "</draw:text-box></draw:frame><draw:custom-shape><text:p>In a shape</text:p></draw:custom-shape>"
        '<presentation:notes><draw:frame presentation:class="notes"><draw:text-box><text:p>Say it slowly.</text:p>'
        "</draw:text-box></draw:frame></presentation:notes></draw:page>"
    )
    reading = read(write_odf(tmp_path / "a.odp", "presentation", page * 2))
    assert [(e.kind, e.text, e.page) for e in reading.elements][:4] == [
        ("heading", "Harbour", 1),
        ("list", "- point", 1),
        ("paragraph", "In a shape", 1),
        ("note", "Say it slowly.", 1),
    ]
    assert reading.elements[-1].page == 2


def test_a_password_is_told(tmp_path, read):
    path = write_odf(tmp_path / "a.odt", "text", "<text:p>x</text:p>")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("META-INF/manifest.xml", "<manifest:encryption-data/>")
    with pytest.raises(SourceEncrypted, match=r"a\.odt is under a password"):
        read(path)


def test_a_flat_file_is_read_like_an_archive(tmp_path, read, png):
    from base64 import b64encode

    picture = f"<draw:frame><draw:image><office:binary-data>{b64encode(png).decode()}</office:binary-data></draw:image></draw:frame>"
    path = tmp_path / "flat.fodt"
    path.write_text(
        f'<?xml version="1.0"?><office:document {ODF_SPACES} '
        'office:mimetype="application/vnd.oasis.opendocument.text"><office:body><office:text>'
        '<text:h text:outline-level="1">Quays</text:h><text:p>The words of a flat file.</text:p>'
        f"<text:p>{picture}</text:p></office:text></office:body></office:document>"
    )
    reading = read(path)
    assert reading.kinds() == ["heading", "paragraph", "picture"]
    assert reading.texts("paragraph") == ["The words of a flat file."]
    renamed = path.rename(tmp_path / "flat.xml")
    assert read(renamed).kinds() == ["heading", "paragraph", "picture"]


def test_numbers_crops_scripts_and_pictures_in_tables(tmp_path, read):
    styles = (
        '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="I" style:num-suffix="."'
        ' text:start-value="3"/><text:list-level-style-number text:level="2" style:num-format="a" style:num-suffix=")"/>'
        '</text:list-style><style:style style:name="up" style:family="text"><style:text-properties style:text-position="super 58%"/>'
        '</style:style><style:style style:name="half" style:family="graphic"><style:graphic-properties'
        ' fo:clip="rect(0cm, 0cm, 0cm, 2.646cm)"/></style:style>'
    )
    item = "<text:list-item><text:p>{}</text:p>{}</text:list-item>"
    inner = f"<text:list>{item.format('deep', '')}</text:list>"
    frame = '<draw:frame draw:style-name="half"><draw:image xlink:href="Pictures/c.png"/></draw:frame>'
    body = (
        f'<text:list text:style-name="L">{item.format("three", inner)}{item.format("four", "")}</text:list>'
        '<text:p>10<text:span text:style-name="up">6</text:span></text:p>'
        f'<text:list text:style-name="L" text:continue-numbering="true">{item.format("five", "")}</text:list>'
        "<table:table><table:table-row><table:table-cell><text:p>Part</text:p></table:table-cell><table:table-cell><text:p>Photo"
        "</text:p></table:table-cell></table:table-row><table:table-row><table:table-cell><text:p>Swivel</text:p>"
        f"</table:table-cell><table:table-cell><text:p>{frame}</text:p></table:table-cell></table:table-row></table:table>"
    )
    parts = {"Pictures/c.png": draw(200, 90), "Pictures/unused.png": draw()}
    reading = read(write_odf(tmp_path / "a.odt", "text", body, styles=styles, parts=parts))
    assert reading.texts("list") == ["III. three\n  a) deep\nIV. four", "V. five"]
    assert reading.texts("paragraph") == ["10^6"]
    assert reading.pictures()[0].caption == "Photo: Swivel"
    assert Image.open(io.BytesIO(reading.pictures()[0].data)).size == (100, 90)
    assert "Pictures/unused.png" in reading.warnings[0][0]


def test_headers_and_footers_are_said_once(tmp_path, read):
    path = write_odf(tmp_path / "a.odt", "text", "<text:p>Words.</text:p>")
    page = (
        "<style:master-page><style:header><text:p>Nordlys Harbour, No. 7</text:p></style:header>"
        "<style:footer><text:p>Page <text:page-number>1</text:page-number></text:p></style:footer></style:master-page>"
    )
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(
            "styles.xml",
            f"<office:document-styles {ODF_SPACES}><office:master-styles>{page}{page}</office:master-styles></office:document-styles>",
        )
    assert [(e.kind, e.text) for e in read(path).elements] == [
        ("note", "Nordlys Harbour, No. 7"),
        ("paragraph", "Words."),
    ]


def test_words_that_nobody_sees(tmp_path, read):
    def style(name: str, settings: str) -> str:
        return f'<style:style style:name="{name}" style:family="text"><style:text-properties {settings}/></style:style>'

    styles = (
        style("W", 'fo:color="#ffffff"')
        + style("N", 'text:display="none"')
        + style("T", 'fo:font-size="1pt"')
        + style("B", 'fo:color="#ffffff" fo:background-color="#000000"')
    )
    spans = "".join(f'<text:span text:style-name="{name}">HIDDEN</text:span>' for name in "WNT")
    body = (
        f'<text:p>Seen {spans}<text:span text:style-name="B">on black</text:span></text:p>'
        '<text:p text:style-name="W">HIDDEN</text:p><text:section text:display="none"><text:p>HIDDEN</text:p></text:section>'
        '<table:table><table:table-row><table:table-cell><text:p text:style-name="W">cell</text:p></table:table-cell>'
        "<table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table>"
    )
    words = read(write_odf(tmp_path / "a.odt", "text", body, styles=styles)).words()
    assert "HIDDEN" not in words
    assert "Seen on black" in words
    assert "| cell | b |" in words


def test_captions_on_slides_stand_next_to_their_pictures(tmp_path, read):
    def frame(x: float, y: float, inner: str) -> str:
        return f'<draw:frame svg:x="{x}cm" svg:y="{y}cm" svg:width="8cm" svg:height="{1 if "text" in inner else 6}cm">{inner}</draw:frame>'

    def words(text: str) -> str:
        return f"<draw:text-box><text:p>{text}</text:p></draw:text-box>"

    body = (
        '<draw:page draw:name="one">'
        + frame(14, 9.2, words("The red crane"))
        + frame(2, 9.2, words("Figure 1: The blue winch"))
        + frame(2, 3, '<draw:image xlink:href="Pictures/a.png"/>')
        + frame(14, 3, '<draw:image xlink:href="Pictures/b.png"/>')
        + "</draw:page>"
    )
    parts = {"Pictures/a.png": draw(200, 150), "Pictures/b.png": draw(210, 150)}
    reading = read(write_odf(tmp_path / "a.odp", "presentation", body, parts=parts))
    assert [picture.caption for picture in reading.pictures()] == [
        "Figure 1: The blue winch",
        "The red crane",
    ]
    assert reading.texts("paragraph") == ["The red crane"]


def test_hidden_fields(tmp_path, read):
    body = '<text:p>Seen<text:hidden-text text:is-hidden="true">NO</text:hidden-text> words</text:p>'
    assert read(write_odf(tmp_path / "a.odt", "text", body)).words() == "Seen words"


def test_paragraphs_and_variables_that_are_not_shown_and_fields_of_forms(tmp_path, read):
    form = 'xmlns:form="urn:oasis:names:tc:opendocument:xmlns:form:1.0"'
    body = (
        f'<office:forms><form:form {form}><form:text form:id="a" form:current-value="Kari"/>'
        '<form:checkbox form:id="b" form:label="Agreed" form:current-state="checked"/><form:listbox form:id="c">'
        '<form:option form:label="North"/><form:option form:label="South" form:current-selected="true"/></form:listbox>'
        '<form:password form:id="d" form:current-value="HIDDEN"/></form:form></office:forms>'
        '<text:p>Seen <text:variable-set text:name="x" text:display="none">HIDDEN</text:variable-set>words</text:p>'
        '<text:p><text:hidden-paragraph text:is-hidden="true"/>HIDDEN</text:p>'
        '<text:p>Name: <draw:control draw:control="a"/></text:p><text:p><draw:control draw:control="b"/></text:p>'
        '<draw:control draw:control="c"/><text:p>Key: <draw:control draw:control="d"/></text:p>'
    )
    reading = read(write_odf(tmp_path / "a.odt", "text", body))
    assert reading.texts("paragraph") == ["Seen words", "Name: Kari", "☒ Agreed", "South", "Key:"]


def test_groups_on_slides_stand_where_what_they_hold_stands(tmp_path, read):
    def frame(top: int, words: str) -> str:
        size = 'svg:x="1cm" svg:width="5cm" svg:height="1cm"'
        return f'<draw:frame svg:y="{top}cm" {size}><draw:text-box><text:p>{words}</text:p></draw:text-box></draw:frame>'

    body = f"<draw:page>{frame(8, 'Last')}<draw:g>{frame(5, 'Middle')}</draw:g>{frame(1, 'First')}<draw:g/></draw:page>"
    assert read(write_odf(tmp_path / "a.odp", "presentation", body)).words() == "First\nMiddle\nLast"


def test_headings_have_the_numbers_of_the_outline(tmp_path, read):
    def level(number: int, form: str, more: str = "") -> str:
        return f'<text:outline-level-style text:level="{number}" style:num-format="{form}" {more}/>'

    levels = level(1, "1", 'style:num-suffix="."') + level(2, "1", 'text:display-levels="2"') + level(3, "")
    none = '<style:style style:name="Free" style:family="paragraph" style:list-style-name=""/>'
    styles = (
        f"<office:document-styles {ODF_SPACES}><office:styles>{none}<text:outline-style>{levels}</text:outline-style>"
        "</office:styles></office:document-styles>"
    )
    body = "".join(
        f'<text:h text:outline-level="{depth}" {more}>{words}</text:h>'
        for depth, words, more in (
            (1, "Cranes", ""),
            (2, "Jib", ""),
            (3, "Deep", ""),
            (1, "Foreword", 'text:style-name="Free"'),
            (1, "Aside", 'text:is-list-header="true"'),
            (1, "Ropes", ""),
            (2, "Wire", 'text:restart-numbering="true" text:start-value="4"'),
        )
    )
    path = write_odf(tmp_path / "a.odt", "text", body, parts={"styles.xml": styles.encode()})
    assert read(path).texts("heading") == [
        "1. Cranes",
        "1.1 Jib",
        "Deep",
        "Foreword",
        "Aside",
        "2. Ropes",
        "2.4 Wire",
    ]


def test_a_title_over_several_rows_and_marks_without_a_number(tmp_path, read):
    empty = "<table:table-row><table:covered-table-cell/><table:covered-table-cell/></table:table-row>"
    cells = (
        "<table:table-row><table:table-cell><text:p>{}</text:p></table:table-cell><table:table-cell><text:p>{}</text:p>"
        "</table:table-cell></table:table-row>"
    )
    title = (
        '<table:table-row><table:table-cell table:number-columns-spanned="2" table:number-rows-spanned="3"><text:p>Title</text:p>'
        "</table:table-cell><table:covered-table-cell/></table:table-row>"
    )
    body = f"<table:table>{title}{empty * 2}{cells.format('Port', 'Fee')}{cells.format('Brest', '19')}</table:table>"
    reading = read(write_odf(tmp_path / "a.ods", "spreadsheet", body))
    assert reading.words().count("Title") == 1
    assert reading.texts("table")[0].endswith("| Port | Fee |\n| --- | --- |\n| Brest | 19 |")
    style = (
        '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="" style:num-prefix="Note"/>'
        "</text:list-style>"
    )
    items = '<text:list text:style-name="L"><text:list-item><text:p>one</text:p></text:list-item></text:list>'
    assert read(write_odf(tmp_path / "a.odt", "text", items, styles=style)).texts("list") == ["Note one"]


def test_documents_inside_and_headings_in_lists(tmp_path, read):
    style = '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="а, б, в, ..."/></text:list-style>'
    cells = "".join(
        f"<table:table-cell><text:p>{words}</text:p></table:table-cell>" for words in ("Mast", "912")
    )
    inside = (
        f"<office:document-content {ODF_SPACES}><office:body><office:spreadsheet><table:table><table:table-row>{cells}"
        "</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
    )
    body = (
        '<text:list text:style-name="L"><text:list-item><text:h text:outline-level="1">Costs</text:h></text:list-item></text:list>'
        '<text:p><draw:frame><draw:object xlink:href="./Object 1"/><draw:image xlink:href="Pictures/c.png"/></draw:frame></text:p>'
    )
    parts = {"Object 1/content.xml": inside.encode(), "Pictures/c.png": draw()}
    reading = read(write_odf(tmp_path / "a.odt", "text", body, styles=style, parts=parts))
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "а Costs"),
        ("picture", ""),
        ("table", "| Mast | 912 |\n| --- | --- |"),
    ]
