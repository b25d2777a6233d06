from __future__ import annotations

import io

from sample_files import draw
from sample_files import pptx as write_sample

from xmrag_plugin.readers.office_suite import find_office


def test_slides_are_pages_with_notes_tables_and_charts(tmp_path, read):
    reading = read(write_sample(tmp_path))
    assert [(e.kind, e.text, e.level, e.page) for e in reading.elements if e.kind != "picture"] == [
        ("heading", "Harbour", 1, 1),
        ("list", "- The crane lifts forty tonnes.\n  - inner point", 0, 1),
        ("note", "Remember the tide.", 0, 1),
        ("heading", "Depths", 2, 2),
        ("table", "| Port | Depth |\n| --- | --- |\n| Brest | 12 m |", 0, 2),
    ]
    photo, chart = reading.pictures()
    assert photo.data.startswith(b"\x89PNG")
    assert chart.caption == "Ships (column chart)"
    assert (
        chart.words == "Ships (column chart)\n|  | Ships |\n| --- | --- |\n| North | 19.2 |\n| South | 21.4 |"
    )
    assert all(e.page == 2 for e in reading.elements if e.picture is not None)


def test_rendered_slides_want_libreoffice(tmp_path, read):
    reading = read(write_sample(tmp_path), pages=True)
    if find_office() is None:
        assert "LibreOffice" in reading.warnings[0][1]
        assert len(reading.pictures()) == 2
    else:
        assert len(reading.pictures()) == 4


def test_a_logo_on_every_slide_is_left_out(tmp_path, read):
    import io

    from pptx import Presentation
    from pptx.util import Inches
    from sample_files import draw

    deck = Presentation()
    for number in range(5):
        slide = deck.slides.add_slide(deck.slide_layouts[5])
        slide.shapes.title.text = f"Slide {number}"
        slide.shapes.add_picture(io.BytesIO(draw()), Inches(1), Inches(1))
        slide.shapes.add_picture(io.BytesIO(draw(200 + number, 90)), Inches(3), Inches(3))
    deck.save(str(tmp_path / "a.pptx"))
    reading = read(tmp_path / "a.pptx")
    assert reading.skipped == {"repeated": 5}
    assert [e.page for e in reading.elements if e.picture is not None] == [1, 2, 3, 4, 5]


def test_shapes_are_read_by_position_and_captions_found_beside_pictures(tmp_path, read):
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])

    def say(words: str, x: float, y: float, across: float = 3.0):
        box = slide.shapes.add_textbox(Inches(x), Inches(y), Inches(across), Inches(0.5))
        box.text_frame.text = words

    say("Second: repair the winch", 5, 2.2)
    say("First: order a rope", 1, 2.2)
    say("Engine crew", 5, 1.5)
    say("Deck crew", 1, 1.5)
    say("Duties", 1, 0.3, 7)
    slide.shapes.add_picture(io.BytesIO(draw()), Inches(5), Inches(4), Inches(2), Inches(2))
    slide.shapes.add_picture(io.BytesIO(draw(130, 90)), Inches(1), Inches(4), Inches(2), Inches(2))
    say("The right crane", 5, 6.05, 2)
    say("The left crane", 1, 6.05, 2)
    say("Off the slide", 20, 1)
    deck.save(str(tmp_path / "a.pptx"))
    reading = read(tmp_path / "a.pptx")
    assert [e.text for e in reading.elements if e.text] == [
        "Duties", "Deck crew", "First: order a rope", "Engine crew", "Second: repair the winch",
        "The left crane", "The right crane",
    ]  # fmt: skip
    assert [picture.caption for picture in reading.pictures()] == ["The left crane", "The right crane"]


def test_numbers_of_paragraphs_and_one_slide_listed_often(tmp_path, read):
    from lxml import etree
    from pptx import Presentation
    from pptx.oxml.ns import qn
    from pptx.util import Inches

    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    frame = slide.shapes.add_textbox(Inches(1), Inches(1), Inches(5), Inches(3)).text_frame
    frame.text = "pull\ntighten\nplain\nagain"
    for number, kind in ((0, "arabicPeriod"), (1, "arabicPeriod"), (3, "alphaLcParenBoth")):
        mark = etree.SubElement(frame.paragraphs[number]._p.get_or_add_pPr(), qn("a:buAutoNum"))
        mark.set("type", kind)
        if number < 2:
            mark.set("startAt", "4")
    listed = deck.slides._sldIdLst
    for _ in range(500):
        listed.append(etree.fromstring(etree.tostring(listed[0])))
    deck.save(str(tmp_path / "a.pptx"))
    reading = read(tmp_path / "a.pptx")
    assert [e.text for e in reading.elements] == ["4. pull\n5. tighten", "plain", "(a) again"]


def test_words_that_nobody_sees(tmp_path, read):
    import pptx
    from pptx.dml.color import RGBColor
    from pptx.util import Inches, Pt

    deck = pptx.Presentation()

    def say(slide, top, words, colour=None, size=None, ground=None):
        box = slide.shapes.add_textbox(Inches(1), Inches(top), Inches(4), Inches(0.4))
        run = box.text_frame.paragraphs[0].add_run()
        run.text = words
        if colour is not None:
            run.font.color.rgb = RGBColor(*colour)
        if size is not None:
            run.font.size = Pt(size)
        if ground is not None:
            box.fill.solid()
            box.fill.fore_color.rgb = RGBColor(*ground)

    white = deck.slides.add_slide(deck.slide_layouts[6])
    say(white, 1, "HIDDEN", colour=(255, 255, 255))
    say(white, 2, "HIDDEN", size=1)
    say(white, 3, "shown on a box", colour=(255, 255, 255), ground=(0, 0, 0))
    say(white, 4, "shown in grey", colour=(200, 200, 200))
    picture = tmp_path / "a.png"
    picture.write_bytes(draw(400, 300))
    white.shapes.add_picture(str(picture), Inches(1), Inches(5), Inches(4), Inches(2))
    say(white, 5.5, "shown on a picture", colour=(255, 255, 255))
    navy = deck.slides.add_slide(deck.slide_layouts[6])
    navy.background.fill.solid()
    navy.background.fill.fore_color.rgb = RGBColor(0, 0, 80)
    say(navy, 1, "shown on navy", colour=(255, 255, 255))
    say(navy, 2, "HIDDEN", colour=(0, 0, 80))
    deck.save(tmp_path / "a.pptx")
    words = read(tmp_path / "a.pptx").words()
    assert "HIDDEN" not in words
    for shown in ("on a box", "in grey", "on a picture", "on navy"):
        assert f"shown {shown}" in words


def test_shapes_that_are_switched_off_and_comments_of_later_versions(tmp_path, read):
    import zipfile

    import pptx
    from pptx.util import Inches

    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    for top, words in ((1, "Shown"), (2, "HIDDEN")):
        box = slide.shapes.add_textbox(Inches(1), Inches(top), Inches(4), Inches(0.4))
        box.text_frame.text = words
        if words == "HIDDEN":
            box._element.nvSpPr.cNvPr.set("hidden", "1")
    deck.save(tmp_path / "plain.pptx")
    main = "http://schemas.openxmlformats.org/drawingml/2006/main"
    body = "<m:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></m:txBody>"
    comments = (
        f'<m:cmLst xmlns:m="http://schemas.microsoft.com/office/powerpoint/2018/8/main" xmlns:a="{main}"><m:cm><m:replyLst>'
        f"<m:reply>{body.format('Forty tonnes')}</m:reply></m:replyLst>{body.format('Check the load')}</m:cm></m:cmLst>"
    )
    link = (
        '<Relationship Id="c" Type="http://schemas.microsoft.com/office/2018/10/relationships/comments" '
        'Target="../comments/new.xml"/></Relationships>'
    )
    with (
        zipfile.ZipFile(tmp_path / "plain.pptx") as plain,
        zipfile.ZipFile(tmp_path / "a.pptx", "w") as archive,
    ):
        for name in plain.namelist():
            data = plain.read(name)
            if name.endswith("slide1.xml.rels"):
                data = data.replace(b"</Relationships>", link.encode())
            archive.writestr(name, data)
        archive.writestr("ppt/comments/new.xml", comments)
    assert read(tmp_path / "a.pptx").words() == "Shown\nComment: Check the load\nComment: Forty tonnes"


def test_numbers_and_bullets_that_the_layout_gives(tmp_path, read):
    from lxml import etree
    from pptx import Presentation

    space = "http://schemas.openxmlformats.org/drawingml/2006/main"

    def numbered(body, kind: str) -> None:
        style = f'<a:lvl1pPr xmlns:a="{space}"><a:buAutoNum type="{kind}"/></a:lvl1pPr>'
        body.find(f"{{{space}}}lstStyle").append(etree.fromstring(style))

    deck = Presentation()
    layout = deck.slide_layouts[1]
    numbered(
        next(p for p in layout.placeholders if p.placeholder_format.idx == 1)._element.txBody, "alphaLcParenR"
    )
    for own in (False, True):
        slide = deck.slides.add_slide(layout)
        slide.placeholders[1].text_frame.text = "Loosen"
        slide.placeholders[1].text_frame.add_paragraph().text = "Pull"
        if own:
            numbered(slide.placeholders[1]._element.txBody, "arabicPeriod")
    deck.save(str(tmp_path / "a.pptx"))
    assert read(tmp_path / "a.pptx").texts("list") == ["a) Loosen\nb) Pull", "1. Loosen\n2. Pull"]


def test_what_layouts_and_footers_say_is_said_once(tmp_path, read):
    from lxml import etree
    from pptx import Presentation

    shape = (
        '<p:sp xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><p:nvSpPr><p:cNvPr id="77" name="T"/><p:cNvSpPr/>'
        "<p:nvPr>{}</p:nvPr></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/><a:p><a:r><a:t>{}</a:t></a:r></a:p></p:txBody></p:sp>"
    )
    deck = Presentation()
    layout = deck.slide_layouts[5]
    layout.shapes._spTree.append(etree.fromstring(shape.format("", "Hotline 0800 5550")))
    deck.slide_layouts[6].shapes._spTree.append(etree.fromstring(shape.format("", "NOT USED")))
    for number in (1, 2):
        slide = deck.slides.add_slide(layout)
        slide.shapes.title.text = f"Berths {number}"
        slide.shapes._spTree.append(etree.fromstring(shape.format('<p:ph type="ftr"/>', "Harbour office")))
        slide.shapes._spTree.append(etree.fromstring(shape.format('<p:ph type="sldNum"/>', f"page {number}")))
    deck.save(str(tmp_path / "a.pptx"))
    reading = read(tmp_path / "a.pptx")
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "Berths 1"),
        ("heading", "Berths 2"),
        ("note", "Harbour office\nHotline 0800 5550"),
    ]


def test_numbers_of_paragraphs_in_a_table(tmp_path, read):
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    table = slide.shapes.add_table(1, 2, Inches(1), Inches(1), Inches(5), Inches(1)).table
    table.cell(0, 0).text = "Boot"
    table.cell(0, 1).text = "Loader\nKernel"
    for paragraph in table.cell(0, 1).text_frame.paragraphs:
        properties = paragraph._p.get_or_add_pPr()
        mark = properties.makeelement(
            f"{properties.nsmap['a'].join('{}')}buAutoNum", {"type": "alphaLcParenR"}
        )
        properties.append(mark)
    deck.save(tmp_path / "a.pptx")
    assert read(tmp_path / "a.pptx").texts("table") == ["| Boot | a) Loader<br>b) Kernel |\n| --- | --- |"]


def test_a_file_kept_as_an_object_is_read(tmp_path, read):
    from openpyxl import Workbook
    from pptx import Presentation
    from pptx.util import Inches

    book = Workbook()
    book.active.append(["Catch", "77 tonnes"])
    book.save(tmp_path / "inner.xlsx")
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    slide.shapes.add_ole_object(str(tmp_path / "inner.xlsx"), "Some.Program", Inches(1), Inches(1))
    deck.save(tmp_path / "a.pptx")
    reading = read(tmp_path / "a.pptx")
    assert "| Catch | 77 tonnes |" in reading.words()
    assert not reading.warnings
