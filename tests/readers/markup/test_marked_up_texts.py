"""RTF, AsciiDoc and reStructuredText; drawings, animations and pages of TIFF."""

from __future__ import annotations

import gzip
import io

import pytest
from PIL import Image, ImageDraw
from sample_files import asciidoc as write_asciidoc
from sample_files import draw
from sample_files import restructured_text as write_rst
from sample_files import rtf as write_rtf
from sample_files import svg as write_svg

from xmrag_plugin.errors import SourceDamaged


def test_rtf(tmp_path, read):
    reading = read(write_rtf(tmp_path))
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "Harbour"),
        ("paragraph", "The crane lifts forty tonnes in Köln"),
        ("picture", ""),
    ]
    assert reading.pictures()[0].caption == "Figure 1: The crane."


def test_rtf_characters_tables_lists_and_notes(tmp_path, read):
    path = tmp_path / "a.rtf"
    path.write_bytes(
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}{\f1\fcharset134 SimSun;}}\uc1 \u8364? \u-10179?\u-8704? "
        rb"{\f1 \'b8\'db\'bf\'da}{\footnote A note.}\par{\listtext\bullet\tab}one\par{\listtext\bullet\tab}two\par"
        rb"\trowd\pard\intbl a\cell b\cell\row\pard\intbl 1\cell 2\cell\row\pard{\v secret}end\par}"
    )
    reading = read(path)
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("paragraph", "€ 😀 港口"),
        ("note", "A note."),
        ("list", "- one\n- two"),
        ("table", "| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ("paragraph", "end"),
    ]


def test_rtf_text_boxes_and_tracked_deletions(tmp_path, read):
    path = tmp_path / "boxes.rtf"
    path.write_text(
        r"{\rtf1\ansi Before{\shp{\*\shpinst\shpleft10{\sp{\sn shapeType}{\sv 202}}{\shptxt Boxed words\par second\par}}"
        r"{\shprslt fallback}} and after, {\deleted struck out }kept.\par}"
    )
    assert [(e.kind, e.text) for e in read(path).elements] == [
        ("paragraph", "Before and after, kept."),
        ("paragraph", "Boxed words\nsecond"),
    ]


def test_asciidoc(tmp_path, read):
    reading = read(write_asciidoc(tmp_path))
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "Harbour"),
        ("paragraph", "The crane lifts forty tonnes."),
        ("picture", ""),
        ("list", "- one\n- two"),
    ]
    assert reading.pictures()[0].caption == "Figure 1. The crane"


def test_asciidoc_tables_listings_terms_and_references(tmp_path, read):
    path = tmp_path / "a.adoc"
    path.write_text(
        '= T\n:port: Brest\n\nIn {port}, see <<t1,the table>>.\n\n[[t1]]\n.Table 1. Depths\n[cols="2*"]\n|===\n|Port |Depth\n\n'
        "|Brest\n|12 m\n|===\n\n[source,python]\n----\nprint(1)\n----\n\nCrane:: lifts\n\n// comment\nNOTE: Mind it.\n"
    )
    reading = read(path)
    assert [(e.kind, e.text) for e in reading.elements][1:] == [
        ("paragraph", "In Brest, see the table."),
        ("table", "Table 1. Depths\n\n| Port | Depth |\n| --- | --- |\n| Brest | 12 m |"),
        ("code", "print(1)"),
        ("list", "- Crane: lifts"),
        ("paragraph", "Note: Mind it."),
    ]
    assert reading.elements[1].metadata == {"cites": "t1"}
    assert reading.elements[2].metadata["anchor"] == "t1"


def test_restructured_text(tmp_path, read):
    reading = read(write_rst(tmp_path))
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "Harbour"),
        ("paragraph", "The crane lifts forty tonnes."),
        ("picture", ""),
    ]
    assert reading.pictures()[0].caption == "The crane."


def test_sphinx_directives_and_roles_keep_their_words(tmp_path, read):
    path = tmp_path / "a.rst"
    path.write_text(
        "T\n=\n\nSee :class:`~pkg.Crane` and :doc:`the guide <guide>`.\n\n.. toctree::\n\n   a\n\n.. versionadded:: 2.0\n\n"
        "   New rope.\n\n.. include:: /etc/hostname\n\n.. code-block:: python\n\n   print(1)\n"
    )
    reading = read(path)
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("heading", "T"),
        ("paragraph", "See Crane and the guide."),
        ("paragraph", "2.0"),
        ("paragraph", "New rope."),
        ("code", "print(1)"),
    ]


def test_drawings(tmp_path, read):
    path = write_svg(tmp_path)
    picture = read(path).pictures()[0]
    assert picture.path == path.resolve()
    assert picture.data.startswith(b"\x89PNG")
    assert picture.words == "The crane lifts forty tonnes"
    packed = tmp_path / "plan.svgz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert read(packed).pictures()[0].words == picture.words
    path.write_text(
        "<svg xmlns='http://www.w3.org/2000/svg' width='16' height='16'><rect width='9' height='9'/></svg>"
    )
    assert read(path).skipped == {"small": 1}
    path.write_text("<svg xmlns='http://www.w3.org/2000/svg' width='0' height='0'")
    with pytest.raises(SourceDamaged):
        read(path)


def test_pages_of_a_tiff(tmp_path, read):
    first, second = (Image.open(io.BytesIO(draw(120 + n, 90))) for n in (0, 9))
    blank = Image.new("RGB", (200, 200), "white")
    path = tmp_path / "scan.tiff"
    first.save(path, save_all=True, append_images=[blank, second])
    reading = read(path)
    assert [e.page for e in reading.elements] == [1, 3]
    assert reading.skipped == {"blank": 1}
    assert all(picture.path == path.resolve() for picture in reading.pictures())


def test_shots_of_an_animation(tmp_path, read):
    frames = [
        Image.open(io.BytesIO(draw())),
        Image.open(io.BytesIO(draw())),
        Image.open(io.BytesIO(draw())).rotate(180),
    ]
    path = tmp_path / "crane.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=500)
    reading = read(path)
    assert [(e.start_s, e.end_s) for e in reading.elements] == [(0.0, 1.0), (1.0, 1.5)]
    assert all(picture.data.startswith(b"\x89PNG") for picture in reading.pictures())


def test_an_animation_of_slides_that_differ_in_a_line(tmp_path, read):
    frames = []
    for words in ("Monday: oats", "Tuesday: barley", "Wednesday: rye"):
        frame = Image.new("L", (320, 200), 255)
        ImageDraw.Draw(frame).text((30, 90), words, fill=0, font_size=28)
        frames.append(frame)
    slow, quick = tmp_path / "slow.gif", tmp_path / "quick.gif"
    frames[0].save(slow, save_all=True, append_images=frames[1:], duration=900)
    frames[0].save(quick, save_all=True, append_images=frames[1:], duration=40)
    assert [element.start_s for element in read(slow).elements] == [0.0, 0.9, 1.8]
    assert len(read(quick).elements) == 1
