"""What floats on a page of Word: grouped pictures, captions in text boxes, initials; lists told by indentation."""

from __future__ import annotations

import io

from docx import Document
from docx_parts import W, relation, text, write_docx
from sample_files import draw

SPACES = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" xmlns:wps="urn:wps" xmlns:wpg="urn:wpg"'
)


def picture(number: int, described: str = "") -> str:
    return (
        f'<pic:pic><pic:nvPicPr><pic:cNvPr id="1" name="p" descr="{described}"/></pic:nvPicPr>'
        f'<pic:blipFill><a:blip r:embed="p{number}"/></pic:blipFill></pic:pic>'
    )


def box(words: str) -> str:
    return f"<wps:wsp><wps:txbx><w:txbxContent>{text(words)}</w:txbxContent></wps:txbx></wps:wsp>"


def drawn(inner: str, described: str = "") -> str:
    return (
        f'<w:r><w:drawing {SPACES}><wp:anchor><wp:docPr id="1" name="d" descr="{described}"/>{inner}</wp:anchor>'
        "</w:drawing></w:r>"
    )


def with_pictures(path, body: str, count: int, **more):
    parts = {f"word/media/{n}.png": draw(120 + n, 90) for n in range(count)}
    links = "".join(relation(f"p{n}", "image", f"media/{n}.png") for n in range(count))
    return write_docx(path, body, parts=parts | more.get("parts", {}), relations=links)


def test_pictures_of_a_group_have_their_own_descriptions(tmp_path, read):
    group = f"<wpg:wgp>{picture(0, 'front view')}{picture(1)}{box('Figure 3: Two views')}</wpg:wgp>"
    reading = read(with_pictures(tmp_path / "a.docx", f"<w:p>{drawn(group, 'A boat')}</w:p>", 2))
    assert [(shown.caption, shown.alt) for shown in reading.pictures()] == [
        ("Figure 3: Two views", "front view"),
        ("Figure 3: Two views", "A boat"),
    ]
    assert "Two views" not in reading.words()


def test_a_caption_in_a_text_box_is_that_of_the_floating_picture(tmp_path, read):
    words = "<w:r><w:t>The crane lifts forty tonnes.</w:t></w:r>"
    inside = f"<wps:wsp><wps:txbx><w:txbxContent><w:p>{drawn(picture(1))}</w:p>{text('Figure 2: Beside')}</w:txbxContent></wps:txbx></wps:wsp>"
    body = (
        f"<w:p>{drawn(picture(0))}{drawn(box('Figure 1: At rest'))}{drawn(inside)}{drawn(box('A remark.'))}{words}</w:p>"
        f"<w:p>{drawn(box('Figure 4: Alone'))}{words}</w:p>"
    )
    reading = read(with_pictures(tmp_path / "a.docx", body, 2))
    assert [shown.caption for shown in reading.pictures()] == ["Figure 1: At rest", "Figure 2: Beside"]
    said = "The crane lifts forty tonnes."
    assert reading.texts("paragraph") == [said, "A remark.", said, "Figure 4: Alone"]


def test_a_large_initial_belongs_to_the_next_paragraph(tmp_path, read):
    frame = '<w:pPr><w:framePr w:dropCap="{}"/></w:pPr>'
    body = "".join(
        f"<w:p>{frame.format(kind)}<w:r><w:t>{first}</w:t></w:r></w:p>{text(rest)}"
        for kind, first, rest in (("drop", "T", "he port opens."), ("none", "Aside", "It closes."))
    )
    reading = read(write_docx(tmp_path / "a.docx", body))
    assert reading.texts("paragraph") == ["The port opens.", "Aside", "It closes."]


def test_lists_of_several_styles_are_nested_as_they_are_indented(tmp_path, read):
    document = Document()
    for words, style in (
        ("Outer", "List Bullet"),
        ("Inner", "List Bullet 2"),
        ("Deep", "List Bullet 3"),
        ("Next", "List Bullet"),
    ):
        document.add_paragraph(words, style=style)
    document.add_paragraph("Words between.")
    document.add_paragraph("Alone", style="List Bullet 3")
    document.save(str(tmp_path / "a.docx"))
    reading = read(tmp_path / "a.docx")
    assert reading.texts("list") == ["- Outer\n  - Inner\n    - Deep\n- Next", "- Alone"]


def test_what_an_instruction_takes_from_another_field_is_not_shown(tmp_path, read):
    def mark(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    def part(words: str, name: str = "t") -> str:
        return f'<w:r><w:{name} xml:space="preserve">{words}</w:{name}></w:r>'

    inner = (
        mark("begin")
        + part(" MERGEFIELD Sex ", "instrText")
        + mark("separate")
        + part("female")
        + mark("end")
    )
    outer = (
        mark("begin")
        + part(" IF ", "instrText")
        + inner
        + part(' = "m" "Mr" "Ms" ', "instrText")
        + mark("separate")
    )
    unended = f"<w:p>{mark('begin')}{part(' IF ', 'instrText')}</w:p>"
    body = f"<w:p>{part('Dear ')}{outer}{part('Ms')}{mark('end')}{part(' Okafor')}</w:p>{unended}{text('Shown.')}"
    assert read(write_docx(tmp_path / "a.docx", body)).texts("paragraph") == ["Dear Ms Okafor", "Shown."]


CHART = (
    '<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><c:chart><c:plotArea><c:{kind}Chart><c:ser>'
    "<c:tx><c:v>Brest</c:v></c:tx><c:{cat}><c:numRef><c:numCache><c:formatCode>{code}</c:formatCode>"
    '<c:pt idx="0"><c:v>45292</c:v></c:pt></c:numCache></c:numRef></c:{cat}><c:{val}><c:numRef><c:numCache>'
    '<c:pt idx="0"><c:v>12.5</c:v></c:pt></c:numCache></c:numRef></c:{val}></c:ser></c:{kind}Chart>{axes}'
    "</c:plotArea></c:chart></c:chartSpace>"
)


def axis(name: str, title: str, side: str) -> str:
    words = f"<c:title><c:tx><c:rich><a:p><a:r><a:t>{title}</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    return f'<c:{name}>{words}<c:axPos val="{side}"/></c:{name}>'


def test_dates_and_axes_of_charts(tmp_path, read):
    line = CHART.format(
        kind="line", cat="cat", val="val", code="d/m/yyyy", axes=axis("valAx", "Depth in m", "l")
    )
    scatter = CHART.format(
        kind="scatter",
        cat="xVal",
        val="yVal",
        code="General",
        axes=axis("valAx", "Load", "l") + axis("valAx", "Day", "b"),
    )
    place = '<c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" r:id="c{}"/>'
    body = "".join(f"<w:p>{drawn(place.format(n))}</w:p>" for n in (0, 1))
    links = "".join(relation(f"c{n}", "chart", f"c{n}.xml") for n in (0, 1))
    parts = {"word/c0.xml": line, "word/c1.xml": scatter}
    reading = read(write_docx(tmp_path / "a.docx", body, parts=parts, relations=links))
    assert [shown.words for shown in reading.pictures()] == [
        "Brest (line chart)\nAxes: Depth in m\n|  | Brest |\n| --- | --- |\n| 2024-01-01 | 12.5 |",
        "Brest (scatter chart)\nAxes: Day; Load\n| Day | Brest |\n| --- | --- |\n| 45292 | 12.5 |",
    ]


def test_pictures_of_every_format(tmp_path, read):
    from PIL import Image

    parts, links = {}, ""
    for number, kind in enumerate(("WEBP", "TIFF", "BMP", "GIF")):
        made = io.BytesIO()
        Image.open(io.BytesIO(draw(120 + number, 90))).save(made, kind)
        parts[f"word/media/{number}.{kind.lower()}"] = made.getvalue()
        links += relation(f"p{number}", "image", f"media/{number}.{kind.lower()}")
    body = "".join(f"<w:p>{drawn(picture(n))}</w:p>" for n in range(4))
    assert len(read(write_docx(tmp_path / "a.docx", body, parts=parts, relations=links)).pictures()) == 4


def test_numbers_of_empty_paragraphs_moved_words_and_captions_in_one_line(tmp_path, read):
    levels = (
        '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>'
    )
    numbering = f'<w:numbering {W}><w:abstractNum w:abstractNumId="0">{levels}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
    properties = '<w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr>'
    row = "<w:tr><w:tc><w:p>{}</w:p></w:tc><w:tc>{}</w:tc></w:tr>".format
    rows = "".join(row(properties, text(words)) for words in ("Grease", "Paint"))

    def moved(by: int, words: str) -> str:
        return f'<w:r><w:rPr><w:position w:val="{by}"/><w:sz w:val="14"/></w:rPr><w:t>{words}</w:t></w:r>'

    body = (
        f"<w:tbl>{row('', text('Task'))}{rows}</w:tbl><w:p>{properties}<w:r><w:t/></w:r></w:p>"
        f"<w:p>{properties}<w:r><w:t>Fourth</w:t></w:r></w:p>"
        f"<w:p><w:r><w:t>km</w:t></w:r>{moved(6, '2')}<w:r><w:t>, x</w:t></w:r>{moved(-4, 'i')}</w:p>"
        f"<w:p>{drawn(picture(0))}<w:r><w:tab/></w:r>{drawn(picture(1))}</w:p>"
        "<w:p><w:r><w:t>Figure 3: Bow</w:t></w:r><w:r><w:tab/></w:r><w:r><w:t>Figure 4: Stern</w:t></w:r></w:p>"
    )
    parts = {"word/numbering.xml": numbering, "word/media/a.png": draw(), "word/media/b.png": draw(130)}
    links = relation("n", "numbering", "numbering.xml")
    links += relation("p0", "image", "media/a.png") + relation("p1", "image", "media/b.png")
    reading = read(write_docx(tmp_path / "a.docx", body, parts=parts, relations=links))
    assert [(e.kind, e.text) for e in reading.elements if e.text] == [
        ("table", "|  | Task |\n| --- | --- |\n| 1. | Grease |\n| 2. | Paint |"),
        ("list", "4. Fourth"),
        ("paragraph", "km^2, x_i"),
    ]
    assert [picture.caption for picture in reading.pictures()] == ["Figure 3: Bow", "Figure 4: Stern"]
