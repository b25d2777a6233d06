from __future__ import annotations

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
