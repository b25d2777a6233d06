"""Rich Text Format."""

from __future__ import annotations

from sample_files import draw
from sample_files import rtf as write_rtf


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


def test_scripts_and_pictures_in_cells(tmp_path, read):
    path = tmp_path / "a.rtf"
    picture = b"{\\pict\\pngblip " + draw().hex().encode() + b"}"
    path.write_bytes(
        rb"{\rtf1\ansi 10{\super 6} of x{\sub i}, a{\up6 2}\par\trowd\pard\intbl Part\cell Photo\cell\row\pard\intbl Swivel\cell "
        + picture + rb"\cell\row\pard end\par}"
    )  # fmt: skip
    reading = read(path)
    assert reading.texts("paragraph") == ["10^6 of x_i, a^2", "end"]
    assert reading.pictures()[0].caption == "Photo: Swivel"


def test_words_that_nobody_sees(tmp_path, read):
    path = tmp_path / "a.rtf"
    path.write_text(
        r"{\rtf1\ansi{\colortbl;\red255\green255\blue255;\red0\green0\blue128;}Seen {\cf1 HIDDEN}{\fs2 HIDDEN}{\v HIDDEN}"
        r"{\cf2 blue} {\cf1\highlight2 on blue}\par\trowd\cellx1000\cellx2000\intbl{\cf1 head}\cell b\cell\row\pard}"
    )
    words = read(path).words()
    assert "HIDDEN" not in words
    assert "Seen blue on blue" in words
    assert "| head | b |" in words


def test_of_two_forms_of_a_picture_one_is_read(tmp_path, read):
    data = draw().hex()
    (tmp_path / "a.rtf").write_text(
        r"{\rtf1\ansi{\*\shppict{\pict\pngblip " + data + r"}}{\nonshppict{\pict\wmetafile8 0100}}"
        r"{\*\listtable{\*\listpicture{\*\shppict{\pict\pngblip " + data + r"}}}} Words\par}"
    )
    reading = read(tmp_path / "a.rtf")
    assert (len(reading.pictures()), reading.texts("paragraph"), reading.warnings) == (1, ["Words"], [])


def test_a_code_page_of_a_font_stands_above_its_charset(tmp_path, read):
    (tmp_path / "a.rtf").write_text(
        r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset128\cpg65001 B;}{\f2\fcharset77 C;}{\f3\fcharset0\cpg936 D;}}"
        r"{\f1 \'e6\'97\'a5\'e6\'9c\'ac} {\f2 \'d2x\'d3} {\f3 \'b8\'db} \'e9\par}"
    )
    assert read(tmp_path / "a.rtf").texts("paragraph") == ["日本 “x” 港 é"]


def test_margins_tables_in_cells_numbers_in_cells_and_signs(tmp_path, read):
    path = tmp_path / "a.rtf"
    nested = r"{\*\nesttableprops\trowd\cellx1000\cellx2000\nestrow}"
    row = r"\trowd\cellx2000\cellx6000\pard\intbl "
    path.write_text(
        r"{\rtf1\ansi{\fonttbl{\f0 Arial;}{\f1\fcharset2 Wingdings;}}{\header Harbour office, form 12\par}{\footer Page \chpgn\par}"
        + row + r"Group\cell Detail\cell\row" + row + r"{\listtext 1.\tab}Deck\par{\listtext 2.\tab}Hull\cell See below\par"
        r"\pard\intbl\itap2 Screw\nestcell Torque\nestcell" + nested + r"\pard\intbl\itap2 M8\nestcell 25 Nm\nestcell" + nested
        + r"\pard\intbl After it\cell\row\pard {\f1 \'fe}{\f0  Insured}\par}"
    )  # fmt: skip
    reading = read(path)
    assert [(e.kind, e.text) for e in reading.elements] == [
        ("note", "Harbour office, form 12"),
        ("table", "| Group | Detail |\n| --- | --- |\n| 1. Deck<br>2. Hull | See below<br>After it |"),
        ("table", "| Screw | Torque |\n| --- | --- |\n| M8 | 25 Nm |"),
        ("paragraph", "☑ Insured"),
    ]


def test_fields_of_forms_say_what_they_show(tmp_path, read):
    path = tmp_path / "a.rtf"
    field = r"{{\field{{\*\fldinst X {{\*\formfield{{\fftype{} {}}}}}}}{{\fldrslt {}}}}} ".format
    path.write_text(
        r"{\rtf1\ansi " + field(1, r"\ffres1", "") + "Insured " + field(1, r"\ffres25\ffdefres0", "") + "Chartered "
        + field(2, r"\ffres1{\*\ffl Sail}{\*\ffl Motor}", "") + field(0, "", "Ragna") + r"\par}"
    )  # fmt: skip
    assert read(path).words() == "☒ Insured ☐ Chartered Motor Ragna"
