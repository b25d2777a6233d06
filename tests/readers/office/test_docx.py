from __future__ import annotations

import io

import pytest
from docx_parts import W, relation, text, write_docx
from sample_files import docx as write_sample
from sample_files import draw

from xmrag_plugin.errors import SourceDamaged, SourceTooLarge
from xmrag_plugin.readers.context import Budget


def test_a_document_as_word_writes_it(tmp_path, read):
    reading = read(write_sample(tmp_path))
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "Harbour"),
        ("paragraph", "The crane lifts forty tonnes, as Figure 1 shows."),
        ("picture", ""),
        ("list", "- one\n- two\n1. first\n2. second"),
        ("table", "| Port | Depth |\n| --- | --- |\n| Brest | 12 m |"),
    ]
    assert reading.pictures()[0].caption == "Figure 1: The crane."
    assert reading.pictures()[0].data.startswith(b"\x89PNG")


def test_strict_documents_deleted_and_hidden_words(tmp_path, read):
    body = (
        "<w:p><w:r><w:t>Kept</w:t></w:r><w:del><w:r><w:delText>gone</w:delText><w:t>gone</w:t></w:r></w:del>"
        "<w:ins><w:r><w:t> added</w:t></w:r></w:ins><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r></w:p>"
        "<w:sdt><w:sdtContent>" + text("In a control") + "</w:sdtContent></w:sdt>"
    )
    reading = read(write_docx(tmp_path / "a.docx", body, strict=True))
    assert reading.texts("paragraph") == ["Kept added", "In a control"]


def test_numbered_headings_notes_comments_and_pages(tmp_path, read):
    styles = (
        f'<w:styles {W}><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/><w:pPr><w:numPr>'
        '<w:numId w:val="1"/></w:numPr></w:pPr></w:style></w:styles>'
    )
    numbering = (
        f'<w:numbering {W}><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="upperRoman"/>'
        '<w:lvlText w:val="%1."/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
    )
    notes = f'<w:footnotes {W}><w:footnote w:id="2"><w:p><w:r><w:t>Up to a point.</w:t></w:r></w:p></w:footnote></w:footnotes>'
    comments = f'<w:comments {W}><w:comment w:id="0" w:author="Ann"><w:p><w:r><w:t>Is it so?</w:t></w:r></w:p></w:comment></w:comments>'
    heading = '<w:p><w:pPr><w:pStyle w:val="berschrift1"/></w:pPr><w:r><w:t>{}</w:t></w:r></w:p>'
    body = (
        heading.format("Cranes")
        + '<w:p><w:r><w:t>It lifts</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:commentReference w:id="0"/></w:r></w:p>'
        + heading.format("Ropes")
        + "<w:p><w:r><w:lastRenderedPageBreak/><w:t>Next page</w:t></w:r></w:p>"
    )
    relations = "".join(
        relation(f"r{number}", kind, f"{kind}.xml")
        for number, kind in enumerate(("styles", "numbering", "footnotes", "comments"))
    )
    parts = {
        "word/styles.xml": styles,
        "word/numbering.xml": numbering,
        "word/footnotes.xml": notes,
        "word/comments.xml": comments,
    }
    reading = read(write_docx(tmp_path / "a.docx", body, parts=parts, relations=relations))
    assert [(e.kind, e.text, e.page) for e in reading.elements] == [
        ("heading", "I. Cranes", 1),
        ("paragraph", "It lifts", 1),
        ("note", "Up to a point.", 1),
        ("note", "Comment by Ann: Is it so?", 1),
        ("heading", "II. Ropes", 1),
        ("paragraph", "Next page", 2),
    ]


def test_notes_say_all_that_stands_in_them_and_lost_ones_are_named(tmp_path, read):
    inner = (
        '<w:p><w:r><w:t>Wave length </w:t></w:r><w:r><w:sym w:font="Symbol" w:char="F06C"/></w:r><w:r><w:rPr><w:vanish/>'
        "</w:rPr><w:t>hidden</w:t></w:r></w:p><w:p><w:r><w:drawing><a:blip "
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" r:embed="p1" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"/></w:drawing></w:r></w:p>'
    )
    notes = (
        f'<w:footnotes {W}><w:footnote w:id="2">{inner}</w:footnote>'
        f'<w:footnote w:id="3">{text("Nobody refers to this.")}</w:footnote></w:footnotes>'
    )
    kind = "http://schemas.openxmlformats.org/package/2006/relationships"
    path = write_docx(
        tmp_path / "a.docx",
        '<w:p><w:r><w:t>It lifts.</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>',
        relations=relation("r1", "footnotes", "footnotes.xml"),
        parts={
            "word/footnotes.xml": notes,
            "word/_rels/footnotes.xml.rels": f'<Relationships xmlns="{kind}">{relation("p1", "image", "media/a.png")}'
            "</Relationships>",
            "word/media/a.png": draw(),
        },
    )
    reading = read(path)
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("paragraph", "It lifts."),
        ("note", "Wave length λ"),
        ("picture", ""),
    ]
    assert [message for message, _ in reading.warnings] == [
        "a.docx: notes that nothing in the text refers to were not read (1): 'Nobody refers to this.'."
    ]


def test_formulas_are_tex(tmp_path, read):
    body = (
        "<w:p><w:r><w:t>Area</w:t></w:r><m:oMath><m:f><m:num><m:r><m:t>π</m:t></m:r></m:num><m:den><m:rad><m:deg/><m:e>"
        "<m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:e></m:rad></m:den></m:f>"
        '<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub><m:r><m:t>i</m:t></m:r></m:sub><m:sup/>'
        "<m:e><m:d><m:e><m:r><m:t>i</m:t></m:r></m:e></m:d></m:e></m:nary></m:oMath></w:p>"
    )
    assert read(write_docx(tmp_path / "a.docx", body)).texts("paragraph") == [
        r"Area $\frac{\pi}{\sqrt{x^{2}}}\sum_{i} (i)$"
    ]


def test_text_boxes_merged_cells_and_boxes_of_one_cell(tmp_path, read):
    wide = "http://schemas.microsoft.com/office/word/2010/wordprocessingShape"
    mc = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    box = (
        f'<w:p><w:r><mc:AlternateContent xmlns:mc="{mc}"><mc:Choice Requires="wps"><w:drawing><wps:wsp xmlns:wps="{wide}">'
        f"<wps:txbx><w:txbxContent>{text('In the box')}</w:txbxContent></wps:txbx></wps:wsp></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><w:txbxContent>{text('In the box')}</w:txbxContent></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r><w:r><w:t>Around it</w:t></w:r></w:p>"
    )

    def cell(words: str, properties: str = "") -> str:
        return f"<w:tc><w:tcPr>{properties}</w:tcPr>{text(words)}</w:tc>"

    table = (
        "<w:tbl><w:tr>"
        + cell("Port", '<w:vMerge w:val="restart"/>')
        + cell("Depth")
        + "</w:tr><w:tr>"
        + cell("", "<w:vMerge/>")
        + cell("12 m")
        + "</w:tr></w:tbl>"
    )
    single = f"<w:tbl><w:tr>{cell('A boxed remark')}</w:tr></w:tbl>"
    reading = read(write_docx(tmp_path / "a.docx", box + table + single))
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("paragraph", "Around it"),
        ("paragraph", "In the box"),
        ("table", "| Port | Depth |\n| --- | --- |\n| Port | 12 m |"),
        ("paragraph", "A boxed remark"),
    ]


def test_metafiles_give_up_the_bitmap_that_they_wrap(tmp_path, read):
    import struct

    from PIL import Image

    stream = io.BytesIO()
    Image.open(io.BytesIO(draw())).convert("RGB").save(stream, "BMP")
    bitmap = stream.getvalue()
    header, bits = bitmap[14:54], bitmap[54:]
    record = bytearray(80)
    struct.pack_into("<II", record, 0, 81, 80 + len(header) + len(bits))
    struct.pack_into("<IIII", record, 48, 80, len(header), 80 + len(header), len(bits))
    first = bytearray(108)
    struct.pack_into("<II", first, 0, 1, 108)
    first[40:44] = b" EMF"
    emf = bytes(first) + bytes(record) + header + bits + struct.pack("<IIIII", 14, 20, 0, 0, 20)
    drawing = (
        '<w:p><w:r><w:pict xmlns:v="urn:schemas-microsoft-com:vml"><v:shape alt="a crane"><v:imagedata '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:id="r9"/></v:shape></w:pict></w:r></w:p>'
    )
    path = write_docx(
        tmp_path / "a.docx",
        drawing,
        parts={"word/media/a.emf": emf},
        relations=relation("r9", "image", "media/a.emf"),
    )
    picture = read(path).pictures()[0]
    assert picture.mime == "image/bmp"
    assert picture.alt == "a crane"


def test_headers_and_footers_are_said_once_without_page_numbers(tmp_path, read):
    page = (
        '<w:r><w:t>Page </w:t></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> PAGE </w:instrText>'
        '</w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>7</w:t></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    head = f"<w:hdr {W}>{text('Tidewater Works Ltd, Quay 4')}</w:hdr>"
    foot = f"<w:ftr {W}>{text('Document TW-118, draft')}<w:p>{page}</w:p></w:ftr>"
    path = write_docx(
        tmp_path / "letter.docx",
        text("Dear Ann"),
        parts={"word/header1.xml": head, "word/header2.xml": head, "word/footer1.xml": foot},
        relations=relation("h1", "header", "header1.xml")
        + relation("h2", "header", "header2.xml")
        + relation("f1", "footer", "footer1.xml"),
    )
    assert [(e.kind, e.text) for e in read(path).elements] == [
        ("note", "Tidewater Works Ltd, Quay 4\nDocument TW-118, draft"),
        ("paragraph", "Dear Ann"),
    ]


def test_files_inside_a_document_are_read_or_named(tmp_path, read):
    from sample_files import xlsx as write_workbook

    path = write_docx(
        tmp_path / "report.docx",
        text("See the workbook below."),
        parts={
            "word/embeddings/Depths.xlsx": write_workbook(tmp_path).read_bytes(),
            "word/embeddings/odd.xlsx": bytes(range(256)),
            "word/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0",
            "word/pasted.html": b"<html><body><p>Pasted as a whole.</p></body></html>",
        },
        relations=relation("e1", "package", "embeddings/Depths.xlsx")
        + relation("e2", "package", "embeddings/odd.xlsx")
        + relation("e3", "oleObject", "embeddings/oleObject1.bin")
        + relation("e4", "aFChunk", "pasted.html"),
    )
    reading = read(path)
    assert "The crane lifts forty tonnes" in reading.words()
    assert "Pasted as a whole." in reading.words()
    assert {e.metadata["attachment"] for e in reading.elements[1:]} == {"Depths.xlsx", "pasted.html"}
    said = " ".join(message for message, _ in reading.warnings)
    assert "odd.xlsx was not read" in said
    assert "1 embedded objects" in said


def test_damage(tmp_path, read):
    path = write_docx(tmp_path / "a.docx", text("words"))
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(SourceDamaged, match=r"a\.docx") as caught:
        read(path)
    assert caught.value.hint


def cell(words: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{text(words) if words else '<w:p/>'}</w:tc>"


def test_cells_stand_by_the_columns_of_the_grid(tmp_path, read):
    body = (
        "<w:tbl><w:tr>" + "".join(map(cell, ("Route", "Spring", "Summer", "Autumn"))) + "</w:tr>"
        '<w:tr><w:trPr><w:gridBefore w:val="2"/></w:trPr>' + cell("19 EUR") + cell("16 EUR") + "</w:tr>"
        "<w:tr>"
        + cell("Wide", '<w:gridSpan w:val="2"/>')
        + cell("late", '<w:vMerge w:val="restart"/>')
        + cell("x")
        + "</w:tr>"
        "<w:tr>" + cell("a") + cell("b") + cell("", "<w:vMerge/>") + cell("y") + "</w:tr></w:tbl>"
    )
    assert read(write_docx(tmp_path / "a.docx", body)).texts("table") == [
        "| Route | Spring | Summer | Autumn |\n| --- | --- | --- | --- |\n|  |  | 19 EUR | 16 EUR |\n"
        "| Wide |  | late | x |\n| a | b | late | y |"
    ]


def test_tables_in_tables_come_after_the_outer_one(tmp_path, read):
    inner = (
        "<w:tbl><w:tr>"
        + cell("Berth")
        + cell("Fee")
        + "</w:tr><w:tr>"
        + cell("7")
        + cell("38")
        + "</w:tr></w:tbl>"
    )
    outer = (
        "<w:tbl><w:tr>"
        + cell("Boat")
        + cell("Terms")
        + "</w:tr><w:tr>"
        + cell("Ivar")
        + f"<w:tc>{inner}<w:p/></w:tc></w:tr></w:tbl>"
    )
    assert read(write_docx(tmp_path / "a.docx", outer)).texts("table") == [
        "| Boat | Terms |\n| --- | --- |\n| Ivar |  |",
        "| Berth | Fee |\n| --- | --- |\n| 7 | 38 |",
    ]


def test_symbols_form_fields_scripts_and_elements_of_later_versions(tmp_path, read):
    box = '<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="{}"/></w:checkBox></w:ffData></w:fldChar></w:r>'
    entries = '<w:result w:val="1"/><w:listEntry w:val="red"/><w:listEntry w:val="blue"/>'
    chosen = f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:ddList>{entries}</w:ddList></w:ffData></w:fldChar></w:r>'
    later = 'xmlns:x="urn:later"'
    raised = '<w:r><w:rPr><w:vertAlign w:val="{}"/></w:rPr><w:t>{}</w:t></w:r>'
    body = (
        '<w:p><w:r><w:sym w:font="Wingdings" w:char="F0FE"/><w:t xml:space="preserve"> tested </w:t></w:r>'
        '<w:r><w:sym w:font="Symbol" w:char="F06C"/></w:r><w:r><w:rPr><w:rFonts w:ascii="Wingdings"/></w:rPr><w:t>\uf0a8</w:t></w:r></w:p>'
        "<w:p>" + box.format(1) + "<w:r><w:t>fuel</w:t></w:r>" + box.format(0) + "<w:r><w:t>water </w:t></w:r>" + chosen + "</w:p>"
        "<w:p><w:r><w:t>10</w:t></w:r>" + raised.format("superscript", "6") + "<w:r><w:t> m, CO</w:t></w:r>"
        + raised.format("subscript", "2") + "<w:r><w:t>, the 1</w:t></w:r>" + raised.format("superscript", "st") + "</w:p>"
        f"<x:box {later}><x:inner>{text('In a box of the future')}</x:inner></x:box>"
        f"<w:p><x:new {later}><w:r><w:t>New words</w:t></w:r></x:new></w:p>"
    )  # fmt: skip
    assert read(write_docx(tmp_path / "a.docx", body)).texts("paragraph") == [
        "☑ tested λ☐",
        "☒ fuel☐ water blue",
        "10^6 m, CO2, the 1st",
        "In a box of the future",
        "New words",
    ]


def test_words_that_nobody_sees(tmp_path, read):
    run = "<w:r><w:rPr>{}</w:rPr><w:t>{}</w:t></w:r>"
    white = '<w:color w:val="FFFFFF"/>'
    body = (
        "<w:p>" + run.format("", "Seen. ") + run.format(white, "White. ") + run.format('<w:sz w:val="2"/>', "Tiny. ")
        + run.format(white + '<w:shd w:fill="000000"/>', "White on black.") + "</w:p>"
        "<w:tbl><w:tr><w:tc><w:p>" + run.format(white, "Head") + "</w:p></w:tc>" + cell("x") + "</w:tr></w:tbl>"
    )  # fmt: skip
    reading = read(write_docx(tmp_path / "a.docx", body))
    assert reading.texts("paragraph") == ["Seen. White on black."]
    assert "Head" in reading.texts("table")[0]


def test_numbers_belong_to_the_items(tmp_path, read):
    level = '<w:lvl w:ilvl="{}"><w:start w:val="1"/><w:numFmt w:val="{}"/>{}<w:lvlText w:val="{}"/></w:lvl>'
    numbering = (
        f'<w:numbering {W}><w:abstractNum w:abstractNumId="0">'
        + level.format(0, "upperRoman", "", "Article %1.") + level.format(1, "decimalZero", "<w:isLgl/>", "%1.%2")
        + level.format(2, "lowerLetter", "", "(%3)")
        + '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
    )  # fmt: skip
    item = (
        '<w:p><w:pPr><w:numPr><w:ilvl w:val="{}"/><w:numId w:val="1"/></w:numPr></w:pPr><w:r>{}</w:r></w:p>'
    )
    a, r = (
        "http://schemas.openxmlformats.org/drawingml/2006/main",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    )
    picture = f'<w:drawing><a:blip xmlns:a="{a}" xmlns:r="{r}" r:embed="p1"/></w:drawing>'
    body = "".join(
        item.format(depth, words)
        for depth, words in [
            (0, "<w:t>Scope</w:t>"), (1, "<w:t>one</w:t>"), (1, picture), (1, f"<w:t>three</w:t>{picture}"), (2, "<w:t>deep</w:t>"),
            (0, "<w:t>Terms</w:t>"), (1, "<w:t>again</w:t>"),
        ]
    )  # fmt: skip
    parts = {"word/numbering.xml": numbering, "word/media/p.png": draw()}
    relations = relation("n", "numbering", "numbering.xml") + relation("p1", "image", "media/p.png")
    reading = read(write_docx(tmp_path / "a.docx", body, parts=parts, relations=relations))
    assert "\n".join(reading.texts("list")).split("\n") == [
        "Article I. Scope", "  1.1 one", "  1.2", "  1.3 three", "    (a) deep", "Article II. Terms", "  2.1 again",
    ]  # fmt: skip
    assert len(reading.pictures()) == 2


def test_only_the_shown_half_of_a_picture_and_what_no_page_shows(tmp_path, read):
    a, r = (
        "http://schemas.openxmlformats.org/drawingml/2006/main",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    )
    body = (
        f'<w:p><w:r><w:drawing><a:blipFill xmlns:a="{a}" xmlns:r="{r}"><a:blip r:embed="p1"/><a:srcRect l="50000"/>'
        "</a:blipFill></w:drawing></w:r></w:p>"
    )
    parts = {"word/media/p.png": draw(200, 90), "word/media/left.png": draw(), "word/media/logo.png": draw()}
    parts["word/header1.xml"] = f"<w:hdr {W}/>"
    parts["word/_rels/header1.xml.rels"] = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        + relation("h1", "image", "media/logo.png") + "</Relationships>"
    )  # fmt: skip
    relations = relation("p1", "image", "media/p.png") + relation("h", "header", "header1.xml")
    reading = read(write_docx(tmp_path / "a.docx", body, parts=parts, relations=relations))
    from PIL import Image

    assert Image.open(io.BytesIO(reading.pictures()[0].data)).size == (100, 90)
    assert reading.skipped == {"repeated": 1}
    assert [message for message, _ in reading.warnings] == [
        "a.docx: 1 part was not read, as no page shows it: word/media/left.png."
    ]


def test_embedded_files_without_end_are_refused(tmp_path, read):
    inner = write_docx(tmp_path / "inner.docx", text("x")).read_bytes()
    for number in range(3):
        names = [f"word/embeddings/{n}.docx" for n in range(12)]
        links = "".join(relation(f"r{n}", "package", f"embeddings/{n}.docx") for n in range(12))
        inner = write_docx(
            tmp_path / f"{number}.docx", text("x"), parts=dict.fromkeys(names, inner), relations=links
        ).read_bytes()
    with pytest.raises(SourceTooLarge, match="files inside files"):
        read(tmp_path / "2.docx", budget=Budget(files=2_000))
